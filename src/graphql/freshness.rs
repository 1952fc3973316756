use async_graphql::SimpleObject;

use super::{enums::FreshnessSource, scalars::DateTime};
use crate::domain;

/// How old an answer is: when it was read, from where, and how late Atlassian itself may be.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct Freshness {
    /// When Atlassian answered.
    fetched_at: DateTime,
    /// Asked for this very answer, or kept from an earlier one.
    source: FreshnessSource,
    /// Past its time to live, given because Atlassian could not be asked again.
    is_stale: bool,
    /// How late Atlassian's own figures may be, in seconds; null where it is not stated. Last activity: up to a day.
    upstream_lag_seconds: Option<u64>,
}

impl From<domain::Freshness> for Freshness {
    fn from(freshness: domain::Freshness) -> Self {
        Self {
            fetched_at: DateTime(freshness.fetched_at),
            source: freshness.source.into(),
            is_stale: freshness.is_stale,
            upstream_lag_seconds: freshness.upstream_lag.map(|lag| lag.as_secs()),
        }
    }
}
