#![expect(clippy::disallowed_methods, reason = "the tests mint tokens for the present")]

mod attacks;
mod claims;
mod jwks;
mod minting;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use serde_json::{Value, json};

use super::{AuthSettings, Caller, KeyAlgorithm, KeySource, RefusalReason, Verifier};

const SECRET: &str = "a shared secret of more than thirty-two bytes";
const ISSUER: &str = "https://login.acme.example";
const AUDIENCE: &str = "headcount";

/// A key pair as an issuer holds it.
struct Issuer {
    algorithm: Algorithm,
    signing: EncodingKey,
    public_pem: String,
}

impl Issuer {
    fn rsa() -> Self {
        Self::rsa_of(KeySize::Rsa2048)
    }

    fn rsa_of(size: KeySize) -> Self {
        let pair = RsaKeyPair::generate(size).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let pem = pem("PRIVATE KEY", private.as_ref());
        let signing = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        Self::new(Algorithm::RS256, signing, public.as_ref())
    }

    fn elliptic() -> Self {
        let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let private = pair.to_pkcs8v1().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self::new(Algorithm::ES256, EncodingKey::from_ec_der(private.as_ref()), public.as_ref())
    }

    fn edwards() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self::new(Algorithm::EdDSA, EncodingKey::from_ed_der(private.as_ref()), public.as_ref())
    }

    fn new(algorithm: Algorithm, signing: EncodingKey, public: &[u8]) -> Self {
        Self { algorithm, signing, public_pem: pem("PUBLIC KEY", public) }
    }

    fn jwk(&self, key_id: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.signing, self.algorithm).unwrap();
        jwk.common.key_id = Some(key_id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    fn source(&self, key_id: Option<&str>) -> KeySource {
        let algorithm = match self.algorithm {
            Algorithm::RS256 => KeyAlgorithm::Rs256,
            Algorithm::ES256 => KeyAlgorithm::Es256,
            _ => KeyAlgorithm::EdDsa,
        };
        let key_id = key_id.map(str::to_owned);
        KeySource::Pem { algorithm, pem: self.public_pem.clone(), key_id }
    }

    fn token(&self, key_id: &str, claims: &Value) -> String {
        let header = json!({ "alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": key_id });
        self.sign(&header.to_string(), &claims.to_string())
    }

    /// Signs any text at all as header and claims.
    fn sign(&self, header: &str, claims: &str) -> String {
        signed(header, claims, &self.signing, self.algorithm)
    }
}

fn signed(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn pem(tag: &str, der: &[u8]) -> String {
    let lines: Vec<_> = STANDARD
        .encode(der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    format!("-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n", lines.join("\n"))
}

fn shared() -> KeySource {
    KeySource::Hmac { secret: SECRET.into(), key_id: None }
}

fn shared_token(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string(), &key, Algorithm::HS256)
}

fn settings(keys: Vec<KeySource>) -> AuthSettings {
    AuthSettings {
        keys,
        issuer: Some(ISSUER.to_owned()),
        audience: vec![AUDIENCE.to_owned()],
        ..AuthSettings::default()
    }
}

async fn verifier(keys: Vec<KeySource>) -> Verifier {
    Verifier::new(settings(keys)).await.unwrap()
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn claims() -> Value {
    json!({
        "sub": "ada", "iss": ISSUER, "aud": AUDIENCE, "iat": now(), "exp": now() + 600,
        "scope": "directory:read users:delete", "integrations": ["acme"],
    })
}

async fn caller(verifier: &Verifier, token: &str) -> Result<Caller, RefusalReason> {
    let outcome = verifier.caller(Some(&format!("Bearer {token}"))).await;
    outcome.map(|caller| Caller::clone(&caller)).map_err(|refusal| refusal.reason)
}
