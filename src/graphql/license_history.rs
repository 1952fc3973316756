use async_graphql::Context;
use async_graphql::SimpleObject;
use jiff::civil;

use super::{
    error::{ApiError, Result},
    integration::Integration,
    license_report::{UnavailableIntegration, unavailable},
    license_totals::SeatSource,
    request::Request,
    scalars::{Date, DateTime, Decimal},
};
use crate::domain::{self, IntegrationId};

/// The longest time that one question goes back over, in days.
const MOST_DAYS: i32 = 3_660;

/// The figures that were kept from one day to another.
pub(super) async fn between(
    ctx: &Context<'_>,
    (from, to): (civil::Date, civil::Date),
    chosen: &[Integration],
) -> Result<Vec<LicenseSnapshot>> {
    let days = (to - from).get_days();
    if !(0..=MOST_DAYS).contains(&days) {
        return Err(ApiError::BadUserInput(format!(
            "`to` is {days} days after `from`; it is the same day or later, by at most {MOST_DAYS} days"
        )));
    }
    let ids: Vec<IntegrationId> = chosen.iter().map(|one| one.integration_id().clone()).collect();
    let organizations = &Request::of(ctx).organizations;
    let kept =
        organizations.license_history(from, to, &ids).await.map_err(|error| store(&error))?;
    Ok(snapshots(chosen, &kept))
}

/// Keeps the figures of today.
pub(super) async fn take(
    request: &Request,
    chosen: &[Integration],
) -> Result<TakeLicenseSnapshotPayload> {
    let records: Vec<_> = chosen.iter().map(|one| std::sync::Arc::clone(one.record())).collect();
    let taken = request.organizations.take_license_snapshots(&records, request.demand).await;
    let taken = taken.map_err(|error| store(&error))?;
    Ok(TakeLicenseSnapshotPayload {
        snapshots: snapshots(chosen, &taken.snapshots),
        unavailable: unavailable(chosen, &taken.unavailable),
    })
}

fn store(error: &dyn std::error::Error) -> ApiError {
    tracing::error!(error = %error, "The licence figures of past days could not be read or written");
    ApiError::Internal
}

fn snapshots(chosen: &[Integration], kept: &[domain::LicenseSnapshot]) -> Vec<LicenseSnapshot> {
    let with_integration = |kept: &domain::LicenseSnapshot| {
        let mut all = chosen.iter();
        let integration = all.find(|one| *one.integration_id() == kept.integration)?.clone();
        Some(LicenseSnapshot::new(integration, kept))
    };
    kept.iter().filter_map(with_integration).collect()
}

/// The figures of one product on one site on one day, as they were kept. Null is "was not known".
#[derive(Clone, SimpleObject)]
pub struct LicenseSnapshot {
    /// The day, in UTC.
    date: Date,
    /// The integration through which it was read.
    integration: Integration,
    /// The product's key, such as `confluence`.
    product_key: String,
    /// Atlassian's id of the product instance, an ARI.
    resource_id: String,
    /// The site it ran on.
    site_url: Option<String>,
    /// Sandboxes stay out of sums.
    is_sandbox: bool,
    /// After how many days without activity somebody counted as inactive.
    inactive_for_days: u32,
    /// Seats paid for.
    purchased: Option<u64>,
    /// Who told it.
    purchased_source: SeatSource,
    /// People who held a seat.
    used: Option<u64>,
    /// Of those, used the product within `inactiveForDays`.
    active: Option<u64>,
    /// Of those, used it once, but not within these days.
    inactive: Option<u64>,
    /// Of those, never used it.
    never_used: Option<u64>,
    /// Of those, it was not told whether they used it.
    unknown: Option<u64>,
    /// Active, or not to be reclaimed.
    needed: Option<u64>,
    /// Held and not needed.
    reclaimable: Option<u64>,
    /// Of those who held a seat: service accounts.
    robots: Option<u64>,
    /// Of those who held a seat: protected people.
    protected: Option<u64>,
    /// Of those who never used it: came into the organization within `inactiveForDays`.
    newcomers: Option<u64>,
    /// What was paid a month.
    monthly_cost: Option<Decimal>,
    /// What was paid a month above what the needed seats would have cost.
    monthly_waste: Option<Decimal>,
    /// ISO 4217; null where no price was configured.
    currency: Option<String>,
    /// When Atlassian told it.
    read_at: DateTime,
}

impl LicenseSnapshot {
    fn new(integration: Integration, kept: &domain::LicenseSnapshot) -> Self {
        Self {
            date: Date(kept.date),
            integration,
            product_key: kept.product_key.clone(),
            resource_id: kept.resource_id.as_str().to_owned(),
            site_url: kept.site_url.clone(),
            is_sandbox: kept.is_sandbox,
            inactive_for_days: kept.inactive_for_days,
            purchased: kept.purchased,
            purchased_source: kept.purchased_source.into(),
            used: kept.seats.used,
            active: kept.seats.active,
            inactive: kept.seats.inactive,
            never_used: kept.seats.never_used,
            unknown: kept.seats.unknown,
            needed: kept.seats.needed,
            reclaimable: kept.seats.reclaimable,
            robots: kept.seats.robots,
            protected: kept.seats.protected,
            newcomers: kept.seats.newcomers,
            monthly_cost: kept.monthly_cost.map(Decimal),
            monthly_waste: kept.monthly_waste.map(Decimal),
            currency: kept.currency.clone(),
            read_at: DateTime(kept.read_at),
        }
    }
}

/// The figures of today, as they were kept.
#[derive(Clone, Default, SimpleObject)]
pub struct TakeLicenseSnapshotPayload {
    /// What was kept: a row a product.
    snapshots: Vec<LicenseSnapshot>,
    /// The organizations that could not be read, of which nothing was kept.
    unavailable: Vec<UnavailableIntegration>,
}
