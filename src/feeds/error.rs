use std::time::Duration;

use crate::{
    domain::IntegrationId,
    organizations::{self, ScanProgress},
};

/// The result of asking for a feed.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no feed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reader may not read this table.
    #[error("this table needs the permission {0}")]
    Forbidden(&'static str),
    /// The feed token was not made for this table.
    #[error(
        "this feed token was not made for the table {0}; `GET /feeds` lists those it was made for"
    )]
    OutsideOfToken(&'static str),
    /// No integration has this id, or the reader may not see it: the answer is the same.
    #[error("there is no such integration")]
    UnknownIntegration,
    /// A parameter is unknown or has a value that it cannot have.
    #[error("{0}")]
    BadParameter(String),
    /// Something that OData has and this program has not.
    #[error("{0}")]
    NotImplemented(String),
    /// These organizations cannot be read, and the feed would lack their rows.
    #[error("{} of the organizations cannot be read at the moment", .0.len())]
    Unavailable(Vec<Unavailable>),
    /// The next link is of another query or another reader.
    #[error("the next link does not belong to this query; start again without `$skiptoken`")]
    TokenInvalid,
    /// What the next link pages over is gone.
    #[error("the next link has expired; start again without `$skiptoken`")]
    TokenExpired,
    /// A table gave a row that its own columns do not allow: a fault of this program.
    #[error("the table {0} gave a row that does not fit its columns")]
    Unfit(&'static str),
    /// What this program keeps itself could not be read.
    #[error("the feed could not be read: {0}")]
    Internal(String),
    /// A format could not be written: a fault of this program.
    #[error("the format could not be written: {0}")]
    Format(String),
}

/// An organization that cannot be read, and why.
#[derive(Debug, Clone)]
pub struct Unavailable {
    /// The integration.
    pub integration: IntegrationId,
    /// What it answered.
    pub error: organizations::Error,
}

impl Unavailable {
    /// How far the reading is, where it only has to be waited for.
    #[must_use]
    pub fn progress(&self) -> Option<ScanProgress> {
        match self.error {
            organizations::Error::ScanRunning(progress) => Some(progress),
            _ => None,
        }
    }

    /// When to ask again, where that is known. Where as many were read as are expected, what is read beside them is on its way, and
    /// nobody knows for how long.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.progress() {
            Some(progress) if progress.read >= progress.expected => {
                Some(progress.remaining().max(AFTER_THE_LAST))
            }
            _ => self.error.retry_after(),
        }
    }
}

/// How long to wait at least before asking again, where nothing tells how long it takes.
const AFTER_THE_LAST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_come_back_when_a_scan_is_due_and_not_every_second_for_what_is_read_beside_it() {
        let of = |read, expected, elapsed| {
            let elapsed = Duration::from_secs(elapsed);
            let progress = ScanProgress { read, expected, elapsed };
            let error = organizations::Error::ScanRunning(progress);
            let unavailable = Unavailable { integration: "acme".into(), error };
            unavailable.retry_after().map(|wait| wait.as_secs())
        };
        assert_eq!(of(100, 300, 10), Some(20));
        assert_eq!(of(299, 300, 10), Some(1));
        assert_eq!(of(300, 300, 10), Some(5));
        assert_eq!(of(0, 0, 0), Some(5));
    }
}
