//! Licence figures that are at hand, for whoever must not wait: of what is kept in memory, else of the last day that is kept in
//! the store. Looking at them can have them read anew, in the background.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    super::{Demand, Organization, Organizations},
    LicenseReport, Seats,
    history::{day, snapshot},
    once::instance,
    report::Reading,
};
use crate::{
    domain::{Fetched, IntegrationId, LicenseSnapshot},
    integrations::Integration,
    store,
};

/// After a failure, how long nothing is read anew, where nobody says when.
const PAUSE: Duration = Duration::from_mins(10);

/// The figures of one integration, as they are at hand.
pub struct KeptFigures {
    /// The integration.
    pub integration: Arc<Integration>,
    /// A row a product, for the days of inactivity of `licenses.snapshot_inactive_for_days`. Where two integrations read the same
    /// organization, each product has one row. Empty where nothing is known yet.
    pub rows: Vec<LicenseSnapshot>,
    /// When the oldest of it was read; `None` where nothing is known yet.
    pub read_at: Option<Timestamp>,
    /// Whether the organization's people are being read at this moment.
    pub is_scan_running: bool,
}

/// The last figures of each integration that were seen in memory, and what is being done about old ones.
#[derive(Default)]
pub(in crate::organizations) struct KnownFigures(Mutex<Known>);

#[derive(Default)]
struct Known {
    last: HashMap<IntegrationId, Last>,
    is_refreshing: bool,
    /// Integrations that could not be read, and when they are tried again.
    paused: HashMap<IntegrationId, Instant>,
}

struct Last {
    /// Of the credentials that they were read with.
    version: u64,
    read_at: Timestamp,
    rows: Vec<LicenseSnapshot>,
}

impl KnownFigures {
    pub(in crate::organizations) fn forget(&self, integration: &IntegrationId) {
        let mut known = self.lock();
        known.last.remove(integration);
        known.paused.remove(integration);
    }

    fn remember(&self, all: &[Arc<Integration>], report: LicenseReport, now: Timestamp) {
        let date = day(now);
        let rows: Vec<LicenseSnapshot> =
            report.rows.into_iter().map(|row| snapshot(date, row)).collect();
        let mut known = self.lock();
        for reading in report.readings {
            let id = reading.integration;
            let Some(integration) = all.iter().find(|one| one.id == id) else { continue };
            let last = Last {
                version: integration.version,
                read_at: reading.freshness.fetched_at,
                rows: rows.iter().filter(|row| row.integration == id).cloned().collect(),
            };
            known.last.insert(id, last);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Organization {
    /// What [`Self::seats`] would give without a call; `None` where it is not at hand.
    async fn seats_at_hand(&self) -> Option<Fetched<Seats>> {
        let (scan, freshness) = self.scan_at_hand().await?;
        let key = self.key(scan.number);
        let seats = self.shared.caches.seats.at_hand(&self.demand, &key).await?;
        let read_at = freshness.fetched_at.min(seats.value.read_at);
        let freshness = crate::domain::Freshness { fetched_at: read_at, ..freshness };
        Some(Fetched { value: seats.value, freshness })
    }
}

impl Organizations {
    /// The licence figures that are at hand, of every integration. Never asks Atlassian.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn kept_license_figures(&self) -> Result<Vec<KeptFigures>, store::Error> {
        let demand = self.demand(None);
        let all = self.inner.integrations.all();
        self.see_what_is_in_memory(&all, demand).await;
        let mut rows: Vec<LicenseSnapshot> = Vec::new();
        let mut read_at: HashMap<IntegrationId, Timestamp> = HashMap::new();
        let mut without = Vec::new();
        {
            let known = self.inner.known_figures.lock();
            for integration in all.iter() {
                match known.last.get(&integration.id) {
                    Some(last) if last.version == integration.version => {
                        rows.extend_from_slice(&last.rows);
                        read_at.insert(integration.id.clone(), last.read_at);
                    }
                    _ => without.push(integration.id.clone()),
                }
            }
        }
        for row in self.inner.store.newest_license_snapshots(&without).await? {
            let oldest = read_at.entry(row.integration.clone()).or_insert(row.read_at);
            *oldest = row.read_at.min(*oldest);
            rows.push(row);
        }
        // What was kept at different times can name a product of one organization twice.
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(instance(&all, &row.integration, &row.resource_id)));
        let kept = all.iter().map(|integration| {
            let is_its = |row: &&LicenseSnapshot| row.integration == integration.id;
            KeptFigures {
                rows: rows.iter().filter(is_its).cloned().collect(),
                read_at: read_at.get(&integration.id).copied(),
                is_scan_running: self.organization(integration, demand).scan_progress().is_some(),
                integration: Arc::clone(integration),
            }
        });
        Ok(kept.collect())
    }

    /// Has figures that are older than `licenses.metrics_refresh` read anew, in a task of its own, unless one is at it already.
    pub fn renew_old_license_figures(&self, kept: &[KeptFigures]) {
        let most = self.inner.settings.licenses.metrics_refresh;
        if most.is_zero() {
            return;
        }
        let demand = self.demand(None);
        let mut known = self.inner.known_figures.lock();
        if known.is_refreshing {
            return;
        }
        let old: Vec<Arc<Integration>> = kept
            .iter()
            .filter(|one| is_old(one.read_at, most, demand.now))
            .map(|one| Arc::clone(&one.integration))
            .filter(|one| known.paused.get(&one.id).is_none_or(|until| *until <= demand.started))
            .collect();
        if old.is_empty() {
            return;
        }
        known.is_refreshing = true;
        drop(known);
        let organizations = self.clone();
        tokio::spawn(async move {
            let reading = organizations.read_anew(&old, demand.within(most));
            // Whatever happens to it, the next one may begin.
            let outcome = std::panic::AssertUnwindSafe(reading).catch_unwind().await;
            organizations.inner.known_figures.lock().is_refreshing = false;
            if outcome.is_err() {
                tracing::error!("The licence figures for gauges could not be read");
            }
        });
    }

    async fn read_anew(&self, old: &[Arc<Integration>], demand: Demand) {
        let days = self.inner.settings.licenses.snapshot_inactive_for_days;
        let mut report = self.license_report(old, days, demand).await;
        for (id, error) in std::mem::take(&mut report.unavailable) {
            tracing::warn!(
                integration.id = %id, error = %error,
                "The licence figures for gauges could not be read"
            );
            let until = Instant::now() + error.retry_after().unwrap_or(PAUSE);
            self.inner.known_figures.lock().paused.insert(id, until);
        }
        self.inner.known_figures.remember(old, report, demand.now);
    }

    /// Figures outlive the reading that they come from: the next scan may be read by somebody who wants no figures.
    async fn see_what_is_in_memory(&self, all: &[Arc<Integration>], demand: Demand) {
        let mut readings = Vec::new();
        for integration in all {
            let seats = self.organization(integration, demand).seats_at_hand().await;
            readings.extend(seats.map(|seats| (integration, Ok(Reading::of(integration, seats)))));
        }
        let settings = &self.inner.settings.licenses;
        let days = settings.snapshot_inactive_for_days;
        let report = LicenseReport::of(readings, settings, days, demand.now);
        self.inner.known_figures.remember(all, report, demand.now);
    }
}

fn is_old(read_at: Option<Timestamp>, most: Duration, now: Timestamp) -> bool {
    let most = SignedDuration::try_from(most).unwrap_or(SignedDuration::MAX);
    read_at.is_none_or(|read_at| now.duration_since(read_at) > most)
}
