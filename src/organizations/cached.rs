use std::{hash::Hash, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use moka::{future::Cache, ops::compute::Op};
use tokio::time::Instant;

use super::{Demand, Error, Result, clock::now};
use crate::domain::{Fetched, Freshness, FreshnessSource};

/// Answers of one kind: bounded by weight, each fresh for a while, each asked for once at a time.
///
/// The key holds the organization's generation, so that an answer that was on its way when something
/// changed is stored under the old generation and never read again.
pub(super) struct Cached<K, V> {
    fresh: Cache<(u64, K), Entry<V>>,
    /// The same answers for longer, given marked as stale while Atlassian cannot be asked.
    kept: Cache<(u64, K), Entry<V>>,
    upstream_lag: Option<Duration>,
}

struct Entry<V> {
    value: Arc<V>,
    fetched_at: Timestamp,
    arrived: Instant,
    weight: u32,
}

impl<V> Clone for Entry<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), ..*self }
    }
}

impl<K, V> Cached<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(time_to_live: Duration, keep_stale: Duration, capacity_bytes: u64) -> Self {
        let build = |lifetime: Duration| {
            Cache::builder()
                .max_capacity(capacity_bytes)
                .weigher(|_, entry: &Entry<V>| entry.weight)
                .time_to_live(lifetime)
                .build()
        };
        Self {
            fresh: build(time_to_live),
            kept: build(time_to_live + keep_stale),
            upstream_lag: None,
        }
    }

    /// How late upstream itself may be with this kind of data.
    pub(super) fn with_upstream_lag(mut self, lag: Duration) -> Self {
        self.upstream_lag = Some(lag);
        self
    }

    /// Whether the answer is at hand, so that asking for it costs no call.
    pub(super) fn is_fresh(&self, key: &(u64, K)) -> bool {
        self.fresh.contains_key(key)
    }

    /// The answer at hand, within its time or not; asks nobody.
    pub(super) async fn at_hand(&self, demand: &Demand, key: &(u64, K)) -> Option<Fetched<V>> {
        let entry = self.kept.get(key).await?;
        let is_stale = !self.is_fresh(key);
        Some(self.fetched(&entry, demand, is_stale))
    }

    /// The kept answer where it is fresh enough for the demand, else the answer of `ask`, which everybody
    /// who wants the same in the meantime waits for. Questions are boxed: they go through many layers, of which
    /// each would be as large as what it wraps.
    ///
    /// # Errors
    /// What `ask` failed with, unless it may pass and an older answer can be given as stale.
    pub(super) async fn get_or_ask(
        &self,
        demand: &Demand,
        key: (u64, K),
        weigh: impl FnOnce(&V) -> usize + Send,
        ask: BoxFuture<'_, Result<V>>,
    ) -> Result<Fetched<V>> {
        if let Some(not_before) = demand.not_before {
            self.drop_older_than(&key, not_before).await;
        }
        let answer = self
            .fresh
            .try_get_with(key.clone(), async {
                let value = ask.await?;
                let entry = Entry {
                    weight: u32::try_from(weigh(&value)).unwrap_or(u32::MAX),
                    value: Arc::new(value),
                    fetched_at: now(),
                    arrived: Instant::now(),
                };
                self.kept.insert(key.clone(), entry.clone()).await;
                Ok(entry)
            })
            .await;
        match answer {
            Ok(entry) => Ok(self.fetched(&entry, demand, false)),
            Err(error) => self.stale(&key, demand, Error::clone(&error)).await,
        }
    }

    // Atomic, so that an answer that another caller has asked for in the meantime is not dropped.
    async fn drop_older_than(&self, key: &(u64, K), not_before: Instant) {
        self.fresh
            .entry_by_ref(key)
            .and_compute_with(|entry| {
                let old = entry.is_some_and(|entry| entry.value().arrived < not_before);
                std::future::ready(if old { Op::Remove } else { Op::Nop })
            })
            .await;
    }

    // A caller who insists on a fresh answer gets the error instead.
    async fn stale(&self, key: &(u64, K), demand: &Demand, error: Error) -> Result<Fetched<V>> {
        if demand.not_before.is_some() || !error.is_retryable() {
            return Err(error);
        }
        match self.kept.get(key).await {
            Some(entry) => {
                tracing::warn!(error = %error, "Gave a stale answer, because Atlassian could not be asked");
                Ok(self.fetched(&entry, demand, true))
            }
            None => Err(error),
        }
    }

    fn fetched(&self, entry: &Entry<V>, demand: &Demand, is_stale: bool) -> Fetched<V> {
        Fetched {
            value: Arc::clone(&entry.value),
            freshness: Freshness {
                fetched_at: entry.fetched_at,
                source: if entry.arrived >= demand.started {
                    FreshnessSource::Live
                } else {
                    FreshnessSource::Cache
                },
                is_stale,
                upstream_lag: self.upstream_lag,
            },
        }
    }
}
