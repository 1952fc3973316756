use std::{path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{problem::Problems, section::section};
use crate::auth::{AuthSettings, KeyAlgorithm, KeySource};

/// How tokens are signed. A token's own `alg` never chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// A secret that issuer and gateway share.
    HS256,
    /// RSA with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

section! {
    /// Who may call: the JWT in `Authorization: Bearer`, and what it permits.
    AuthSection {
        /// The one algorithm that is accepted: `HS256` (shared secret), `RS256`, `ES256` or `EdDSA` (public key).
        algorithm: Algorithm = Algorithm::HS256;
        /// HS256: the shared secret, at least 32 bytes. Better in `secret_file` or in the environment than here.
        #[serde(skip_serializing)]
        secret: Option<SecretString> = None, such as "\"...\"";
        /// HS256: a file that holds the shared secret; a newline at its end is left out.
        secret_file: Option<PathBuf> = None, such as "\"/run/secrets/headcount-jwt\"";
        /// HS256: the secret before the last change; its tokens are still accepted. Leave out when they have expired.
        #[serde(skip_serializing)]
        previous_secret: Option<SecretString> = None, such as "\"...\"";
        /// HS256: a file that holds the secret before the last change.
        previous_secret_file: Option<PathBuf> = None, such as "\"/run/secrets/headcount-jwt-previous\"";
        /// `RS256`, `ES256`, `EdDSA`: the issuer's public key, PEM text.
        public_key: Option<String> = None, such as "\"-----BEGIN PUBLIC KEY-----...\"";
        /// `RS256`, `ES256`, `EdDSA`: a file that holds the issuer's public key as PEM.
        public_key_file: Option<PathBuf> = None, such as "\"/etc/headcount/issuer.pem\"";
        /// `RS256`, `ES256`, `EdDSA`: where the issuer publishes its keys (JWKS); read at start and again on an unknown `kid`.
        jwks_url: Option<Url> = None, such as "\"https://login.example.com/.well-known/jwks.json\"";
        /// What `iss` must be. Left out: `iss` is not looked at; set it whenever the issuer signs for others too.
        issuer: Option<String> = None, such as "\"https://login.example.com/\"";
        /// What `aud` must be or contain, one of these. None: only tokens without an `aud` are accepted. `jwks_url` needs one.
        audience: Vec<String> = Vec::new(), such as "[\"headcount\"]";
        /// How far the issuer's clock may differ when `exp`, `nbf` and `iat` are looked at.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        leeway: Duration = AuthSettings::default().leeway;
        /// The longest time between a token's `iat` and `exp`; a token without `iat` is then refused. Left out: any time.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
        max_token_lifetime: Option<Duration> = None, such as "\"12h\"";
        /// The claim that holds the permissions: words parted by spaces, or a list of words. Dots lead into objects.
        permissions_claim: String = AuthSettings::default().permissions_claim;
        /// The claim that holds the ids of the integrations that the caller may see: a list, one id, or `*` for all.
        integrations_claim: String = AuthSettings::default().integrations_claim;
        /// Whether a token without that claim sees all integrations; otherwise it sees none.
        integrations_default_all: bool = false;
        /// How old keys from `jwks_url` may become before they are asked for again.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        jwks_refresh_interval: Duration = AuthSettings::default().jwks_refresh_interval;
        /// The shortest time between two questions to `jwks_url`, whatever key ids tokens name.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        jwks_minimum_interval: Duration = AuthSettings::default().jwks_minimum_interval;
    }
}

impl AuthSection {
    /// As the room `auth` takes them.
    #[must_use]
    pub fn settings(&self) -> AuthSettings {
        AuthSettings {
            keys: self.keys(),
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            leeway: self.leeway,
            permissions_claim: self.permissions_claim.clone(),
            integrations_claim: self.integrations_claim.clone(),
            integrations_default_all: self.integrations_default_all,
            max_token_lifetime: self.max_token_lifetime,
            jwks_refresh_interval: self.jwks_refresh_interval,
            jwks_minimum_interval: self.jwks_minimum_interval,
        }
    }

    fn keys(&self) -> Vec<KeySource> {
        let algorithm = match self.algorithm {
            Algorithm::HS256 => {
                let secrets = self.secret.iter().chain(&self.previous_secret);
                return secrets
                    .map(|secret| KeySource::Hmac { secret: secret.clone(), key_id: None })
                    .collect();
            }
            Algorithm::RS256 => KeyAlgorithm::Rs256,
            Algorithm::ES256 => KeyAlgorithm::Es256,
            Algorithm::EdDSA => KeyAlgorithm::EdDsa,
        };
        let pem = self.public_key.iter().map(|pem| KeySource::Pem {
            algorithm,
            pem: pem.clone(),
            key_id: None,
        });
        let address = self
            .jwks_url
            .iter()
            .map(|url| KeySource::Jwks { url: url.clone(), algorithms: vec![algorithm] });
        pem.chain(address).collect()
    }

    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        match self.algorithm {
            Algorithm::HS256 => self.refuse_shared_secret_nonsense(problems),
            Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA => {
                self.refuse_public_key_nonsense(problems);
            }
        }
        for (key, claim) in [
            ("auth.permissions_claim", &self.permissions_claim),
            ("auth.integrations_claim", &self.integrations_claim),
        ] {
            if claim.is_empty() {
                problems.add(
                    key,
                    "is empty",
                    "name a claim of the token, or leave it out for the default",
                );
            }
        }
        if self.leeway > Duration::from_mins(5) {
            problems.add("auth.leeway", "is above 5m", "mend the clocks; 30s is plenty");
        }
    }

    fn refuse_shared_secret_nonsense(&self, problems: &mut Problems) {
        const REMEDY: &str = "give at least 32 random bytes (`openssl rand -base64 48`) in auth.secret_file or HEADCOUNT__AUTH__SECRET";
        if self.public_key.is_some() || self.jwks_url.is_some() {
            problems.add(
                "auth.algorithm",
                "is HS256, which uses a shared secret, but a public key or jwks_url is given",
                "set auth.algorithm to RS256, ES256 or EdDSA, or leave out public_key, public_key_file and jwks_url",
            );
        }
        match &self.secret {
            None => problems.add("auth.secret", "is missing, and auth.algorithm is HS256", REMEDY),
            Some(secret) if secret.expose_secret().len() < 32 => {
                problems.add("auth.secret", "is shorter than 32 bytes", REMEDY);
            }
            Some(_) => {}
        }
        if self.previous_secret.as_ref().is_some_and(|secret| secret.expose_secret().len() < 32) {
            problems.add("auth.previous_secret", "is shorter than 32 bytes", REMEDY);
        }
    }

    fn refuse_public_key_nonsense(&self, problems: &mut Problems) {
        if self.secret.is_some() || self.previous_secret.is_some() {
            problems.add(
                "auth.secret",
                format!(
                    "is given, but auth.algorithm is {:?}, which uses a public key",
                    self.algorithm
                ),
                "leave the secrets out, or set auth.algorithm to HS256",
            );
        }
        match (&self.public_key, &self.jwks_url) {
            (None, None) => problems.add(
                "auth.public_key",
                format!("is missing, and auth.algorithm is {:?}", self.algorithm),
                "give the issuer's key in auth.public_key_file, or its address in auth.jwks_url",
            ),
            (Some(_), Some(_)) => problems.add(
                "auth.jwks_url",
                "is given together with a public key",
                "keep one of auth.public_key, auth.public_key_file and auth.jwks_url",
            ),
            _ => {}
        }
        if self.jwks_url.is_some() && self.audience.is_empty() {
            problems.add(
                "auth.audience",
                "is missing, and auth.jwks_url is given",
                "name what the issuer puts into `aud` for the gateway: it signs tokens for other services too",
            );
        }
        if let Some(url) = &self.jwks_url
            && !(url.scheme() == "https" || is_loopback(url))
        {
            problems.add(
                "auth.jwks_url",
                "is not https",
                "use https: whoever can change this answer can make tokens (plain http is for loopback only)",
            );
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
