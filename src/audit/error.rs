use crate::store;

/// Why the record of changes could not be written or read. `Clone`, as the store's own is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The entry has ended before; it ends once.
    #[error("this change has ended already")]
    AlreadyEnded,
    /// There is no such entry.
    #[error("there is no such change in the record")]
    NotFound,
    /// [`super::Outcome::Pending`] is no end.
    #[error("a change does not end as pending")]
    NotAnEnd,
    /// A row says what no row of this program says.
    #[error(
        "row {sequence} of the record of changes cannot be read; `headcount audit verify` tells more"
    )]
    Unreadable {
        /// The row's number.
        sequence: i64,
    },
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Two that end the same entry at once: the second finds the first one's row.
    pub(super) fn of_end(error: store::Error) -> Self {
        match error {
            store::Error::Duplicate => Self::AlreadyEnded,
            other => Self::Store(other),
        }
    }
}
