use std::{path::PathBuf, sync::Arc};

use super::KeyId;

/// Why the store could not be opened, read or written.
///
/// `Clone`, with causes in an `Arc`, because waiting requests share one outcome. No message holds a value of a row.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A master key is not 32 bytes.
    #[error(
        "the {which} is not 32 bytes in base64 or hexadecimal; `openssl rand -base64 32` makes one"
    )]
    MalformedKey {
        /// `master key`, or `previous master key 1` and so on.
        which: String,
    },
    /// The store was written with another master key.
    #[error(
        "the store was written with master key {written_with}, and the given master key is {given}; \
         set key {written_with} as the master key, or list it among the previous master keys and \
         the store is written anew with {given}"
    )]
    WrongKey {
        /// The key of the sealed columns.
        written_with: KeyId,
        /// The key that was given.
        given: KeyId,
    },
    /// A sealed value does not open: it was changed, or moved from another row.
    #[error("the store is damaged: {column} of row {row} in {table} cannot be read")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: String,
    },
    /// The file cannot be created or reached.
    #[error("the store file {path} cannot be opened: {cause}")]
    File {
        /// Where the file should be.
        path: PathBuf,
        /// What the operating system said.
        cause: Arc<std::io::Error>,
    },
    /// A row with the same key exists already.
    #[error("a row with the same key exists already")]
    Duplicate,
    /// The file belongs to a later version of this program, or its tables were changed by hand.
    #[error("the store's tables do not fit this version of the program: {0}")]
    Migration(Arc<sqlx::migrate::MigrateError>),
    /// The database refused or could not be reached.
    #[error("the store could not be read or written: {0}")]
    Database(Arc<sqlx::Error>),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Duplicate,
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Arc::new(error))
    }
}
