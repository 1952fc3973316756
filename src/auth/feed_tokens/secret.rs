use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::Generate;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What every secret begins with, so that people and scanners of leaked secrets know it when they see it.
pub(super) const PREFIX: &str = "headcount_feed_";

/// A new secret: 32 random bytes behind the prefix, good for headers and addresses as it is.
pub(super) fn generate() -> SecretString {
    let bytes = Zeroizing::new(<[u8; 32]>::generate());
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice())).into()
}

/// What is kept of a secret. A plain SHA-256 is enough: 32 random bytes cannot be guessed, whatever a guess costs.
pub(super) fn hash(secret: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.expose_secret()))
}
