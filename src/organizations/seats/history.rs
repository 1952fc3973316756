use std::sync::Arc;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{
    super::{Demand, Error, Organizations},
    LicenseReport,
};
use crate::{
    domain::{IntegrationId, LicenseRow, LicenseSnapshot},
    integrations::Integration,
    store,
};

/// The figures of today, as they were kept.
pub struct TakenSnapshots {
    /// What was kept: a row a product.
    pub snapshots: Vec<LicenseSnapshot>,
    /// The organizations that could not be read, and why.
    pub unavailable: Vec<(IntegrationId, Error)>,
}

impl Organizations {
    /// Keeps today's figures of these integrations, over those that were kept earlier the same day. Answers past their
    /// time are not kept: a demand without an age is for answers within theirs.
    ///
    /// # Errors
    /// The store cannot be written. An organization that cannot be read is no error.
    pub async fn take_license_snapshots(
        &self,
        chosen: &[Arc<Integration>],
        demand: Demand,
    ) -> Result<TakenSnapshots, store::Error> {
        let settings = &self.inner.settings;
        let demand = demand.within(settings.cache.scan);
        let days = settings.licenses.snapshot_inactive_for_days;
        let report = self.license_report(chosen, days, demand).await;
        let LicenseReport { rows, unavailable, .. } = report;
        let date = day(demand.now);
        let snapshots: Vec<LicenseSnapshot> =
            rows.into_iter().map(|row| snapshot(date, row)).collect();
        self.inner.store.keep_license_snapshots(&snapshots).await?;
        Ok(TakenSnapshots { snapshots, unavailable })
    }

    /// The integrations whose figures of this day are not kept yet.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn without_license_snapshot(
        &self,
        now: Timestamp,
    ) -> Result<Vec<Arc<Integration>>, store::Error> {
        let kept = self.inner.store.integrations_with_snapshot(day(now)).await?;
        let all = self.inner.integrations.all();
        Ok(all.iter().filter(|integration| !kept.contains(&integration.id)).cloned().collect())
    }

    /// The kept figures of these integrations from one day to another, both included, by day.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn license_history(
        &self,
        from: Date,
        to: Date,
        integrations: &[IntegrationId],
    ) -> Result<Vec<LicenseSnapshot>, store::Error> {
        self.inner.store.license_snapshots(from, to, integrations).await
    }

    /// Forgets the figures of days that are further back than the settings keep; how many rows there were.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget_old_license_snapshots(&self, now: Timestamp) -> Result<u64, store::Error> {
        let kept = i64::from(self.inner.settings.licenses.keep_snapshots_days);
        let before = day(now).saturating_sub(kept.days());
        self.inner.store.forget_license_snapshots(before).await
    }
}

pub(super) fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

pub(super) fn snapshot(date: Date, row: LicenseRow) -> LicenseSnapshot {
    let product_key = row.product_key();
    let cost = row.cost;
    LicenseSnapshot {
        date,
        integration: row.integration,
        resource_id: row.product.resource_id.clone(),
        product_key,
        site_url: row.product.host_url.clone(),
        is_sandbox: row.product.is_sandbox,
        inactive_for_days: row.inactive_for_days,
        purchased: row.purchased,
        purchased_source: row.purchased_source,
        seats: row.seats,
        monthly_cost: cost.as_ref().and_then(|cost| cost.monthly_cost),
        monthly_waste: cost.as_ref().and_then(|cost| cost.monthly_waste),
        currency: cost.map(|cost| cost.currency),
        read_at: row.freshness.fetched_at,
    }
}
