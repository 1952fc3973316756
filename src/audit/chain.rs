use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::store::{AuditRecord, AuditRow};

/// Hashes rows. Whoever has only the file cannot make a row that fits.
#[derive(Clone)]
pub(super) struct Chain {
    key: SecretString,
}

impl Chain {
    pub(super) fn new(key: SecretString) -> Self {
        Self { key }
    }

    /// HMAC-SHA-256 over the number, the previous hash and what the row says, in hexadecimal.
    pub(super) fn hash(&self, sequence: i64, previous: &str, record: &AuditRecord) -> String {
        let mut text = String::new();
        for byte in self.mac(sequence, previous, record).finalize().into_bytes() {
            write!(text, "{byte:02x}").expect("a text takes every byte");
        }
        text
    }

    /// Whether the row is as it was written, at its place.
    pub(super) fn fits(&self, row: &AuditRow) -> bool {
        self.hash(row.sequence, &row.previous_hash, &row.record) == row.hash
    }

    fn mac(&self, sequence: i64, previous: &str, record: &AuditRecord) -> Hmac<Sha256> {
        // An instant outside the calendar cannot be written down; its row fits nothing.
        let content = serde_json::to_string(record).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(format!("{sequence}\n{previous}\n{content}").as_bytes());
        mac
    }
}
