use crate::{domain::IntegrationId, organizations};

/// The result of asking for a report.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No integration has this id, or the reader may not see it: the answer is the same.
    #[error("there is no such integration")]
    UnknownIntegration,
    /// Some organizations are still being read for the first time, or none can be read.
    #[error("{} of the organizations cannot be read at the moment", .0.len())]
    Unavailable(Vec<(IntegrationId, organizations::Error)>),
    /// The figures of past days cannot be read from the store.
    #[error("the figures of past days could not be read: {0}")]
    History(String),
    /// The report was not put together: a fault of this program.
    #[error("the report could not be put together")]
    Broken,
}
