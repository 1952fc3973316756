use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    Settings,
    activity::EventsKey,
    cached::Cached,
    clock::now,
    corrections::Corrections,
    profile::Profile,
    scan::{Scans, View},
    seats::Seats,
    users::Telling,
};
use crate::{
    atlassian::{Budget, Client, GroupSearch, UserSearch},
    domain::{
        ActivityEvent, Directory, Fetched, Freshness, Group, GroupId, GroupRoles, IntegrationId,
        Page, Product, RoleAssignment, User,
    },
};

/// What one caller's request asks of the age of its answers, and when it came.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    /// The wall clock when the request came: every rule of the request uses this instant.
    pub now: Timestamp,
    /// The monotonic clock when the request came.
    pub(super) started: Instant,
    /// Answers that arrived earlier than this are asked for again.
    pub(super) not_before: Option<Instant>,
}

impl Demand {
    /// The demand of a request that comes now. `max_age` is what its `Cache-Control` asks for, zero for
    /// `no-cache`; it is raised to the operator's floor. Answers that arrive during the request always do.
    #[must_use]
    pub fn new(max_age: Option<Duration>, floor: Duration) -> Self {
        let started = Instant::now();
        let not_before =
            max_age.map(|max_age| started.checked_sub(max_age.max(floor)).unwrap_or(started));
        Self { now: now(), started, not_before }
    }

    /// The same demand, for answers that are no older than this.
    #[must_use]
    pub(super) fn within(self, age: Duration) -> Self {
        let earliest = self.started.checked_sub(age).unwrap_or(self.started);
        Self { not_before: Some(self.not_before.map_or(earliest, |at| at.max(earliest))), ..self }
    }
}

/// The caches, one a kind of data, shared by all organizations; keys hold a generation that no two share.
pub(super) struct Caches {
    pub(super) users: Cached<UserSearch, Page<Arc<User>>>,
    pub(super) groups: Cached<GroupSearch, Page<Arc<Group>>>,
    pub(super) user_counts: Cached<UserSearch, u64>,
    pub(super) group_counts: Cached<GroupSearch, u64>,
    pub(super) products: Cached<(), Vec<Arc<Product>>>,
    pub(super) profile: Cached<(), Profile>,
    pub(super) directories: Cached<(), Vec<Directory>>,
    pub(super) own_account: Cached<(), crate::domain::AccountId>,
    pub(super) granting_groups: Cached<(), std::collections::HashMap<GroupId, Arc<Group>>>,
    pub(super) group_roles: Cached<GroupId, Vec<GroupRoles>>,
    pub(super) user_roles: Cached<crate::domain::AccountId, Vec<RoleAssignment>>,
    pub(super) events: Cached<EventsKey, Page<Arc<ActivityEvent>>>,
    pub(super) event: Cached<String, Option<ActivityEvent>>,
    pub(super) views:
        Cached<(u64, crate::domain::UserFilter, Option<crate::domain::UserOrder>), View>,
    /// By the number of the scan that they come from.
    pub(super) seats: Cached<u64, Seats>,
}

/// Figures about people are up to a day late at the source (API.md, section 2, Freshness).
const ACTIVITY_LAG: Duration = Duration::from_hours(24);
/// Role changes show after up to half a minute (API.md, section 2, Freshness).
const ROLE_LAG: Duration = Duration::from_secs(30);

impl Caches {
    pub(super) fn new(all: &Settings) -> Self {
        let settings = &all.cache;
        let keep = settings.keep_stale;
        let half = settings.capacity_bytes / 2;
        let small = settings.capacity_bytes / 24;
        Self {
            users: Cached::new(settings.users, keep, half).with_upstream_lag(ACTIVITY_LAG),
            groups: Cached::new(settings.groups, keep, small),
            user_counts: Cached::new(settings.counts, keep, small),
            group_counts: Cached::new(settings.counts, keep, small),
            products: Cached::new(settings.products, keep, small),
            profile: Cached::new(settings.organization, keep, small),
            directories: Cached::new(settings.organization, keep, small),
            own_account: Cached::new(settings.organization, keep, small),
            granting_groups: Cached::new(settings.roles, keep, small),
            group_roles: Cached::new(settings.roles, keep, small).with_upstream_lag(ROLE_LAG),
            user_roles: Cached::new(settings.roles, keep, small).with_upstream_lag(ROLE_LAG),
            events: Cached::new(settings.activity, keep, small),
            event: Cached::new(settings.activity, keep, small),
            views: Cached::new(settings.scan, Duration::ZERO, small),
            // As long as their scan, stale or not.
            seats: Cached::new(
                settings.scan + all.licenses.serve_stale,
                Duration::ZERO,
                settings.capacity_bytes / 8,
            )
            .with_upstream_lag(ROLE_LAG),
        }
    }
}

/// One connected organization, as one request sees it. Cheap to clone.
#[derive(Clone)]
pub struct Organization {
    pub(super) shared: Arc<Shared>,
    pub(super) demand: Demand,
}

/// What all requests to one organization share.
pub(super) struct Shared {
    pub(super) integration: IntegrationId,
    pub(super) client: Client,
    pub(super) caches: Arc<Caches>,
    pub(super) settings: Arc<Settings>,
    pub(super) scans: Scans,
    pub(super) telling: Telling,
    pub(super) corrections: Arc<Corrections>,
    /// Of everything but scans, which are corrected and not read anew after a change.
    generation: AtomicU64,
    scan_generation: AtomicU64,
    /// When what was read shortly after a change is forgotten, in microseconds since 1970; zero for never.
    settles_at: AtomicI64,
    generations: Arc<AtomicU64>,
    last_read: std::sync::Mutex<Option<Freshness>>,
}

impl Shared {
    pub(super) fn new(
        integration: IntegrationId,
        client: Client,
        caches: Arc<Caches>,
        settings: Arc<Settings>,
        shared: (Arc<Corrections>, Arc<AtomicU64>),
    ) -> Self {
        let (corrections, generations) = shared;
        let next = || AtomicU64::new(generations.fetch_add(1, Ordering::Relaxed));
        Self {
            integration,
            client,
            caches,
            scans: Scans::new(&settings),
            telling: Telling::default(),
            corrections,
            settings,
            generation: next(),
            scan_generation: next(),
            settles_at: AtomicI64::new(0),
            generations,
            last_read: std::sync::Mutex::default(),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        let settles_at = self.settles_at.load(Ordering::Acquire);
        if settles_at != 0 && now().as_microsecond() >= settles_at {
            let forgets = self.settles_at.compare_exchange(
                settles_at,
                0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            if forgets.is_ok() {
                self.advance(&self.generation);
            }
        }
        self.generation.load(Ordering::Acquire)
    }

    /// Forgets what was read, but for scans, whose rows are corrected; and once more when Atlassian is sure to show the
    /// change, because what is read until then may be from before it.
    pub(super) fn changed(&self, settle: Duration) {
        self.advance(&self.generation);
        let settles_at = now().saturating_add(settle).map_or(i64::MAX, Timestamp::as_microsecond);
        self.settles_at.store(settles_at, Ordering::Release);
    }

    fn advance(&self, generation: &AtomicU64) {
        let next = self.generations.fetch_add(1, Ordering::Relaxed);
        generation.store(next, Ordering::Release);
    }
}

impl Organization {
    /// The integration that this organization is read through.
    #[must_use]
    pub fn integration_id(&self) -> &IntegrationId {
        &self.shared.integration
    }

    /// The instant of the request.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.demand.now
    }

    /// Forgets everything that was read, and what is on its way.
    pub fn refresh(&self) {
        self.shared.advance(&self.shared.generation);
        self.shared.advance(&self.shared.scan_generation);
        self.shared.scans.forget();
    }

    /// The last that Atlassian told of its rate limit for this organization.
    #[must_use]
    pub fn budget(&self) -> Option<Budget> {
        self.shared.client.budget()
    }

    /// When this organization was last read, `None` where it has not been.
    #[must_use]
    pub fn freshness(&self) -> Option<Freshness> {
        *self.shared.last_read.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn key<K>(&self, key: K) -> (u64, K) {
        (self.shared.generation(), key)
    }

    /// A key of a scan, which outlives changes.
    pub(super) fn scan_key<K>(&self, key: K) -> (u64, K) {
        (self.shared.scan_generation.load(Ordering::Acquire), key)
    }

    /// Rows as they are after the changes that they were read too early to show, without those whom the search would
    /// not find any more.
    pub(super) fn corrected(
        &self,
        search: &UserSearch,
        rows: Vec<Arc<User>>,
        read_at: Timestamp,
    ) -> Vec<Arc<User>> {
        rows.into_iter().filter_map(|user| self.corrected_row(search, user, read_at)).collect()
    }

    pub(super) fn corrected_row(
        &self,
        search: &UserSearch,
        user: Arc<User>,
        read_at: Timestamp,
    ) -> Option<Arc<User>> {
        let organization = self.shared.client.organization_id();
        match self.shared.corrections.corrected(organization, &user, read_at) {
            None => Some(user),
            Some(corrected) => corrected.is_found_by(search).then(|| Arc::new(corrected.user)),
        }
    }

    pub(super) fn note<T>(&self, fetched: Fetched<T>) -> Fetched<T> {
        let mut last =
            self.shared.last_read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_none_or(|last| last.fetched_at < fetched.freshness.fetched_at) {
            *last = Some(fetched.freshness);
        }
        drop(last);
        fetched
    }
}
