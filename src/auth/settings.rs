use std::{fmt, time::Duration};

use secrecy::SecretString;
use url::Url;

/// How callers' tokens are verified.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// What signatures are verified with; at least one. Several serve rotation, or several issuers.
    pub keys: Vec<KeySource>,
    /// The `iss` that a token must have; `None` does not look at it.
    pub issuer: Option<String>,
    /// The `aud` values of which a token must have one. Where there are none, a token must have no `aud` either
    /// (RFC 7519, section 4.1.3). Keys from an address need at least one, since that issuer signs for others too.
    pub audience: Vec<String>,
    /// By how much clocks may differ; for `exp`, `nbf` and `iat`. Default: 60 s.
    pub leeway: Duration,
    /// The claim with the permissions: words with spaces between them, or a list of words. A name with dots is
    /// looked up as it is, then as a path (`realm_access.roles`). Default: `scope`.
    pub permissions_claim: String,
    /// The claim with the integrations: a list of ids, one id, or `*` for all. Default: `integrations`.
    pub integrations_claim: String,
    /// Whether a token without the integrations claim may see all integrations. Default: it sees none.
    pub integrations_default_all: bool,
    /// The longest time between `iat` and `exp`. Where set, a token must have `iat`. Default: not limited.
    pub max_token_lifetime: Option<Duration>,
    /// How old keys from an address may become before they are asked for again. Default: 15 minutes.
    pub jwks_refresh_interval: Duration,
    /// The shortest time between two questions to one address, whatever key ids tokens name. Default: 30 s.
    pub jwks_minimum_interval: Duration,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            issuer: None,
            audience: Vec::new(),
            leeway: Duration::from_mins(1),
            permissions_claim: "scope".to_owned(),
            integrations_claim: "integrations".to_owned(),
            integrations_default_all: false,
            max_token_lifetime: None,
            jwks_refresh_interval: Duration::from_mins(15),
            jwks_minimum_interval: Duration::from_secs(30),
        }
    }
}

/// Where a key comes from. The algorithm stands here, and is never taken from a token.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A secret shared with whoever mints the tokens; HS256 only.
    Hmac {
        /// At least 32 bytes, as they are.
        secret: SecretString,
        /// The `kid` that it goes by; `None` fits every `kid`.
        key_id: Option<String>,
    },
    /// A public key in PEM.
    Pem {
        /// What it signs with.
        algorithm: KeyAlgorithm,
        /// `-----BEGIN PUBLIC KEY-----` and so on.
        pem: String,
        /// The `kid` that it goes by; `None` fits every `kid`.
        key_id: Option<String>,
    },
    /// The issuer's JSON Web Key Set.
    Jwks {
        /// `https`, or `http` on loopback.
        url: Url,
        /// The algorithms that its keys may be used with.
        algorithms: Vec<KeyAlgorithm>,
    },
}

/// An algorithm of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256; 2048 bits at least.
    Rs256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        })
    }
}
