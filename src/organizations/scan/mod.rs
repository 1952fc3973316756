//! A scan of a whole organization, for filters and orders that Atlassian does not have.
//!
//! Shared by everybody who asks, run once at a time, kept compactly. A scan goes on when the request that
//! began it is gone; a request waits for it for a while and is then told how far it is.

mod people;
mod read;
mod snapshot;
mod stale;
mod view;

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::Shared as SharedFuture};
use jiff::Timestamp;
use moka::{future::Cache, policy::EvictionPolicy};
use tokio::time::Instant;

use self::read::Progress;
pub use self::snapshot::PeopleSnapshot;
pub(super) use self::{
    people::{People, Person},
    view::View,
};
use super::{Demand, Error, Organization, Result, Settings, clock::now};
use crate::{
    atlassian::UserSearch,
    domain::{Freshness, FreshnessSource},
};

/// A finished scan.
pub(super) struct Scan {
    pub(super) number: u64,
    pub(super) people: People,
    pub(super) fetched_at: Timestamp,
    /// When its first page was asked for: what changed later may be missing in it.
    pub(super) began_at: Timestamp,
    arrived: Instant,
}

/// How far a running scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanProgress {
    /// People read so far.
    pub read: u64,
    /// People that upstream counted at the start.
    pub expected: u64,
    /// How long it has been running.
    pub elapsed: Duration,
}

impl ScanProgress {
    /// How long it will still take at the pace so far; between one second and ten minutes.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let left = u32::try_from(self.expected.saturating_sub(self.read)).unwrap_or(u32::MAX);
        let per_person = self.elapsed / u32::try_from(self.read.max(1)).unwrap_or(u32::MAX);
        per_person.saturating_mul(left).clamp(Duration::from_secs(1), Duration::from_mins(10))
    }
}

type Running = SharedFuture<futures_util::future::BoxFuture<'static, Result<Arc<Scan>>>>;

/// The running scans, by what was asked for.
type Table = HashMap<(u64, UserSearch), (Running, Arc<Progress>)>;

/// The scans of one organization: what is running, and what is kept.
pub(super) struct Scans {
    /// By what was asked for.
    latest: Cache<(u64, UserSearch), Arc<Scan>>,
    /// By number, so that a cursor stays good when a newer scan has taken its place.
    by_number: Cache<u64, Arc<Scan>>,
    /// As `latest`, for longer: what stands in while a newer scan runs, for those who take it.
    kept: Cache<(u64, UserSearch), Arc<Scan>>,
    running: Mutex<Table>,
}

/// Scans number themselves over all organizations, so that no cursor fits another one's.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

impl Scans {
    pub(super) fn new(settings: &Settings) -> Self {
        let (room, fresh) = (settings.cache.capacity_bytes, settings.cache.scan);
        Self {
            latest: kept_for(fresh, room),
            by_number: kept_for(fresh, room),
            kept: kept_for(fresh + settings.licenses.serve_stale, room),
            running: Mutex::default(),
        }
    }

    /// Drops what is kept; a scan on its way is stored under the old generation and never read.
    pub(super) fn forget(&self) {
        self.latest.invalidate_all();
        self.by_number.invalidate_all();
        self.kept.invalidate_all();
    }
}

fn kept_for<K>(lifetime: Duration, room: u64) -> Cache<K, Arc<Scan>>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
{
    // One scan is kept even where it is larger than the room: it would be read again and again otherwise, and readers who wait
    // less long than that would never see it. For the same reason the newest one is always taken in.
    let weight = move |scan: &Arc<Scan>| (scan.people.bytes() as u64).min(room);
    Cache::builder()
        .max_capacity(room)
        .eviction_policy(EvictionPolicy::lru())
        .weigher(move |_, scan| u32::try_from(weight(scan)).unwrap_or(u32::MAX))
        .time_to_live(lifetime)
        .build()
}

impl Organization {
    /// The scan of everybody whom `base` finds, kept or read now.
    pub(super) async fn scan(&self, base: &UserSearch) -> Result<Arc<Scan>> {
        self.scan_within(base, self.shared.settings.scan_wait).await
    }

    /// The same, waited for at most this long.
    async fn scan_within(&self, base: &UserSearch, wait: Duration) -> Result<Arc<Scan>> {
        let key = self.scan_key(base.clone());
        if let Some(scan) = self.shared.scans.latest.get(&key).await
            && self.demand.not_before.is_none_or(|instant| scan.arrived >= instant)
        {
            return Ok(scan);
        }
        let (running, progress) = self.start_or_join(key);
        match tokio::time::timeout(wait, running).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::ScanRunning(progress.so_far())),
        }
    }

    /// The scan that a cursor points into.
    pub(super) async fn scan_by_number(&self, number: u64) -> Result<Arc<Scan>> {
        self.shared.scans.by_number.get(&number).await.ok_or(Error::CursorExpired)
    }

    pub(super) fn scan_freshness(&self, scan: &Scan) -> Freshness {
        Freshness {
            fetched_at: scan.fetched_at,
            source: if scan.arrived >= self.demand.started {
                FreshnessSource::Live
            } else {
                FreshnessSource::Cache
            },
            is_stale: false,
            upstream_lag: Some(Duration::from_hours(24)),
        }
    }

    fn start_or_join(&self, key: (u64, UserSearch)) -> (Running, Arc<Progress>) {
        let mut table = self.shared.scans.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((running, progress)) = table.get(&key) {
            return (running.clone(), Arc::clone(progress));
        }
        let progress = Arc::new(Progress::begin());
        let task = tokio::spawn(run(self.for_everybody(), key.clone(), Arc::clone(&progress)));
        let running = async move { task.await.unwrap_or(Err(Error::Internal)) }.boxed().shared();
        table.insert(key, (running.clone(), Arc::clone(&progress)));
        (running, progress)
    }

    // The scan outlives the request that began it, and so its demand.
    fn for_everybody(&self) -> Self {
        let demand = Demand { not_before: Some(self.demand.started), ..self.demand };
        Self { shared: Arc::clone(&self.shared), demand }
    }
}

async fn run(
    organization: Organization,
    key: (u64, UserSearch),
    progress: Arc<Progress>,
) -> Result<Arc<Scan>> {
    let began_at = now();
    let reading = AssertUnwindSafe(organization.read_everybody(&key.1, &progress)).catch_unwind();
    // A panic is logged where it happens; here it must not keep the next scan from beginning.
    let outcome = reading.await.unwrap_or(Err(Error::Internal));
    let scans = &organization.shared.scans;
    let outcome = match outcome {
        Ok(people) => {
            let scan = Arc::new(Scan {
                number: NUMBERS.fetch_add(1, Ordering::Relaxed),
                fetched_at: now(),
                began_at,
                arrived: Instant::now(),
                people,
            });
            tracing::info!(
                integration.id = %organization.shared.integration,
                people = scan.people.len(),
                bytes = scan.people.bytes(),
                duration_ms = progress.so_far().elapsed.as_millis(),
                "Read the whole organization"
            );
            scans.by_number.insert(scan.number, Arc::clone(&scan)).await;
            scans.kept.insert(key.clone(), Arc::clone(&scan)).await;
            scans.latest.insert(key.clone(), Arc::clone(&scan)).await;
            Ok(scan)
        }
        Err(error) => Err(error),
    };
    scans.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    outcome
}

#[cfg(test)]
impl Scan {
    /// A scan that found these people.
    pub(super) fn of(people: &[crate::domain::User]) -> Self {
        let mut builder = self::people::PeopleBuilder::default();
        for user in people {
            builder.push(user);
        }
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            people: builder.finish(),
            fetched_at: now(),
            began_at: now(),
            arrived: Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{people::tests::person, *};

    #[tokio::test]
    async fn the_newest_scan_is_kept_also_where_it_is_larger_than_the_room_for_scans() {
        let scans: Cache<u64, Arc<Scan>> = kept_for(Duration::from_mins(1), 100);
        for number in 1..=3 {
            let scan = Scan::of(&[person()]);
            assert!(scan.people.bytes() > 100);
            scans.insert(number, Arc::new(scan)).await;
            scans.run_pending_tasks().await;
            assert!(scans.contains_key(&number), "{number}");
            assert_eq!(scans.entry_count(), 1);
        }
    }
}
