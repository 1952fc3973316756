use std::sync::Arc;

use futures_util::future::join_all;
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::{
    super::{Demand, Error, Organizations},
    once::each_product_once_a_day,
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
    /// Integrations of whose rows something is missing that may be there later the same day.
    pub incomplete: Vec<IntegrationId>,
    /// The organizations that could not be read, and why.
    pub unavailable: Vec<(IntegrationId, Error)>,
}

impl Organizations {
    /// Keeps today's figures of these integrations, over those that were kept earlier the same day; of each all that it sees,
    /// so that no day depends on which others could be read. Answers past their time are not kept: a demand without an age
    /// is for answers within theirs. What was kept has each product once.
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
        let each = chosen.iter().map(|integration| {
            self.license_report(std::slice::from_ref(integration), days, demand)
        });
        let date = day(demand.now);
        let (mut snapshots, mut incomplete, mut unavailable) = (Vec::new(), Vec::new(), Vec::new());
        for report in join_all(each).await {
            let readings = report.readings.iter().filter(|reading| reading.seats.is_incomplete);
            incomplete.extend(readings.map(|reading| reading.integration.clone()));
            snapshots.extend(report.rows.into_iter().map(|row| snapshot(date, row)));
            unavailable.extend(report.unavailable);
        }
        self.inner.store.keep_license_snapshots(&snapshots).await?;
        let snapshots = each_product_once_a_day(snapshots, &self.inner.integrations.all());
        Ok(TakenSnapshots { snapshots, incomplete, unavailable })
    }

    /// The integrations whose figures of this day are not kept yet, and those that are `incomplete`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn without_license_snapshot(
        &self,
        now: Timestamp,
        incomplete: &[IntegrationId],
    ) -> Result<Vec<Arc<Integration>>, store::Error> {
        let kept = self.inner.store.integrations_with_snapshot(day(now)).await?;
        let all = self.inner.integrations.all();
        let is_missing = |id: &IntegrationId| !kept.contains(id) || incomplete.contains(id);
        Ok(all.iter().filter(|integration| is_missing(&integration.id)).cloned().collect())
    }

    /// The kept figures of these integrations from one day to another, both included, by day. Where two of them read the same
    /// organization, each product has one row a day.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn license_history(
        &self,
        from: Date,
        to: Date,
        integrations: &[IntegrationId],
    ) -> Result<Vec<LicenseSnapshot>, store::Error> {
        let kept = self.inner.store.license_snapshots(from, to, integrations).await?;
        Ok(each_product_once_a_day(kept, &self.inner.integrations.all()))
    }

    /// Forgets the figures of days that are further back than the settings keep; how many rows there were.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget_old_license_snapshots(&self, now: Timestamp) -> Result<u64, store::Error> {
        let kept = i64::from(self.inner.settings.licenses.keep_snapshots_days);
        // More days than there are dates: nothing is forgotten.
        let Ok(days) = Span::new().try_days(kept) else { return Ok(0) };
        self.inner.store.forget_license_snapshots(day(now).saturating_sub(days)).await
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
