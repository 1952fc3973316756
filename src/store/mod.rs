//! The embedded database: one `SQLite` file, created and migrated at start, with secrets sealed under the master key.
//!
//! `database` opens it, `keyring` holds the master keys, `sealing` writes and reads sealed columns and rotates
//! them, and there is a file for each table's rows; `secrets` holds those that this program makes up. No statement is
//! logged, and nobody outside sees SQL.
//! To add a table: a numbered file in `migrations/`, a line in `MIGRATIONS`, and one in `SEALED` if it holds secrets.

mod audit;
mod bulk_deletions;
mod counted_changes;
mod database;
mod declared;
mod deletions;
mod error;
mod feed_tokens;
mod idempotency;
mod integrations;
mod keyring;
mod license_snapshots;
mod sealing;
mod secrets;
#[cfg(test)]
mod tests;

pub use audit::{AuditHead, AuditQuery, AuditRecord, AuditRow, AuditSnapshot};
pub use counted_changes::CountedChanges;
pub use database::{Store, StoreSettings};
pub use declared::DeclaredState;
pub use deletions::DeletionQuery;
pub use error::Error;
pub use idempotency::{ClaimedKey, IdempotencyKey};
pub use integrations::StoredIntegration;
pub use keyring::{KeyId, Keyring};
