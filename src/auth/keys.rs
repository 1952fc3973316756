use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    errors::ErrorKind,
    jwk::{
        AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm as JwkAlgorithm, KeyOperations,
        PublicKeyUse,
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::{Error, KeyAlgorithm, RefusalReason, unique_json::UniqueJson};

const SHORTEST_SECRET: usize = 32;
/// 2048 bits. Shorter RSA keys verify nothing; better to say so at start.
const SHORTEST_MODULUS: usize = 256;
/// The same as an uncompressed point on P-256: a mark and two coordinates.
const P256_POINT: usize = 65;

/// A key that can verify, with the one algorithm that it may be used with.
pub(super) struct Key {
    pub id: Option<String>,
    pub algorithm: Algorithm,
    decoding: DecodingKey,
}

impl Key {
    pub fn shared(secret: &SecretString, id: Option<String>) -> Result<Self, Error> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SHORTEST_SECRET {
            return Err(Error::WeakSecret { bytes: secret.len() });
        }
        Ok(Self { id, algorithm: Algorithm::HS256, decoding: DecodingKey::from_secret(secret) })
    }

    pub fn from_pem(algorithm: KeyAlgorithm, pem: &str, id: Option<String>) -> Result<Self, Error> {
        let unfit = |rule| Error::UnfitKey { algorithm, rule };
        if pem.contains("PRIVATE KEY") {
            return Err(unfit(
                "this is a private key; give the public one, and keep this one away",
            ));
        }
        let parsed = match algorithm {
            KeyAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem.as_bytes()),
            KeyAlgorithm::Es256 => DecodingKey::from_ec_pem(pem.as_bytes()),
            KeyAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        let decoding = parsed.map_err(|_| unfit("it cannot be read as one"))?;
        let bytes = decoding.try_get_as_bytes().map_or(0, <[u8]>::len);
        match algorithm {
            KeyAlgorithm::Rs256 if bytes < SHORTEST_MODULUS => {
                Err(unfit("an RSA key needs at least 2048 bits"))
            }
            KeyAlgorithm::Es256 if bytes != P256_POINT => {
                Err(unfit("the curve must be P-256, also called prime256v1"))
            }
            _ => Ok(Self { id, algorithm: algorithm.into(), decoding }),
        }
    }

    /// A key of a JSON Web Key Set; `None` where it must not verify tokens here. A shared secret never may:
    /// whoever reads the set could sign with it.
    pub fn from_jwk(jwk: &Jwk, allowed: &[Algorithm]) -> Option<Self> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa)
                if URL_SAFE_NO_PAD.decode(&rsa.n).ok()?.len() >= SHORTEST_MODULUS =>
            {
                Algorithm::RS256
            }
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                Algorithm::EdDSA
            }
            _ => return None,
        };
        let common = &jwk.common;
        let is_named = |named: JwkAlgorithm| named == JwkAlgorithm::from(algorithm);
        let is_for_signing = common
            .public_key_use
            .as_ref()
            .is_none_or(|u| *u == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|o| o.contains(&KeyOperations::Verify));
        if !allowed.contains(&algorithm)
            || !common.key_algorithm.is_none_or(is_named)
            || !is_for_signing
        {
            return None;
        }
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self { id: common.key_id.clone(), algorithm, decoding })
    }

    /// The claims of a token that this key signed. Time, issuer and audience are not looked at yet.
    pub fn verify(&self, token: &str) -> Result<UniqueJson, RefusalReason> {
        let mut rules = Validation::new(self.algorithm);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        let verified = jsonwebtoken::decode::<UniqueJson>(token, &self.decoding, &rules);
        verified.map(|token| token.claims).map_err(|error| match error.kind() {
            ErrorKind::InvalidToken
            | ErrorKind::Base64(_)
            | ErrorKind::Json(_)
            | ErrorKind::Utf8(_) => RefusalReason::Malformed,
            _ => RefusalReason::BadSignature,
        })
    }
}

impl From<KeyAlgorithm> for Algorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Rs256 => Self::RS256,
            KeyAlgorithm::Es256 => Self::ES256,
            KeyAlgorithm::EdDsa => Self::EdDSA,
        }
    }
}
