use std::time::Duration;

use super::ScanProgress;
use crate::atlassian;

/// The result of asking an organization.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an organization could not answer. `Clone`, because one answer serves everybody who waits for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Atlassian refused or could not be asked.
    #[error(transparent)]
    Upstream(#[from] atlassian::Error),
    /// The cursor is none of ours, or belongs to another list.
    #[error("the cursor does not belong to this list; start again without `after`")]
    CursorInvalid,
    /// What the cursor pages over is gone.
    #[error("the cursor has expired; start again without `after`")]
    CursorExpired,
    /// The question cannot be put to Atlassian.
    #[error("{0}")]
    BadRequest(String),
    /// The whole organization is being read; the answer will be there later.
    #[error("the organization is still being read: {} of about {} people so far", .0.read, .0.expected)]
    ScanRunning(ScanProgress),
    /// A fault of this program while the organization was read; the log knows which.
    #[error("the organization could not be read, by a fault of the gateway")]
    Internal,
}

impl Error {
    /// Whether the same question may be answered later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Upstream(error) => error.is_retryable(),
            Self::ScanRunning(_) | Self::Internal => true,
            Self::CursorInvalid | Self::CursorExpired | Self::BadRequest(_) => false,
        }
    }

    /// How long to wait before asking again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Upstream(error) => error.retry_after,
            Self::ScanRunning(progress) => Some(progress.remaining()),
            Self::CursorInvalid | Self::CursorExpired | Self::BadRequest(_) | Self::Internal => {
                None
            }
        }
    }
}
