use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

/// How old a value is and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When upstream answered.
    pub fetched_at: Timestamp,
    /// Asked for this answer, or kept from before.
    pub source: FreshnessSource,
    /// Past its time to live: upstream could not be asked again.
    pub is_stale: bool,
    /// How late upstream's own figure may be (API.md, section 2, Freshness).
    pub upstream_lag: Option<Duration>,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FreshnessSource {
    /// Asked of Atlassian for this very answer.
    Live,
    /// Kept from an earlier answer.
    Cache,
}

/// A value and its age. The value is shared with the cache.
#[derive(Debug)]
pub struct Fetched<T> {
    /// What was read.
    pub value: Arc<T>,
    /// When, and from where.
    pub freshness: Freshness,
}

impl<T> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), freshness: self.freshness }
    }
}

impl Freshness {
    /// The freshness of an answer that was put together from two: the older instant, and the worse of each mark.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let either = |source| self.source == source || other.source == source;
        Self {
            fetched_at: self.fetched_at.min(other.fetched_at),
            source: if either(FreshnessSource::Cache) {
                FreshnessSource::Cache
            } else {
                FreshnessSource::Live
            },
            is_stale: self.is_stale || other.is_stale,
            upstream_lag: self.upstream_lag.max(other.upstream_lag),
        }
    }
}
