use std::sync::Arc;

use async_graphql::Object;

use super::{
    connection::{ReclaimCandidateConnection, Slice, complexity},
    error::Result,
    freshness::Freshness,
    guard::DIRECTORY,
    integration::Integration,
    license_totals::SeatSource,
    product::Product,
    reclaim_candidate::ReclaimCandidate,
    scalars::{Date, Decimal},
};
use crate::{
    domain::LicenseRow,
    organizations::{FEW, Seats},
};

/// Licences paid for against licences needed, for one product on one site.
pub struct LicenseUsage {
    pub(super) integration: Integration,
    pub(super) row: LicenseRow,
    pub(super) seats: Arc<Seats>,
}

/// Licences paid for against licences needed, for one product on one site. Null is "not known", never 0 for it; `notes`
/// say why. `active`, `inactive`, `neverUsed` and `unknown` make `used`, and so do `needed` and `reclaimable`.
#[Object]
impl LicenseUsage {
    /// The integration through which it was read.
    async fn integration(&self) -> &Integration {
        &self.integration
    }

    /// The product on its site.
    async fn product(&self) -> Product {
        Product::new(self.integration.clone(), Arc::clone(&self.row.product))
    }

    /// Seats paid for; null where unlimited or unknown: `purchasedSource` says which.
    async fn purchased(&self) -> Option<u64> {
        self.row.purchased
    }

    /// Who told it.
    async fn purchased_source(&self) -> SeatSource {
        self.row.purchased_source.into()
    }

    /// People who hold a seat: active members with a role that takes one. Suspended and deactivated people, guests and
    /// portal customers hold none.
    async fn used(&self) -> Option<u64> {
        self.row.seats.used
    }

    /// Of those, used the product within the asked number of days.
    async fn active(&self) -> Option<u64> {
        self.row.seats.active
    }

    /// Of those, used it once, but not within these days.
    async fn inactive(&self) -> Option<u64> {
        self.row.seats.inactive
    }

    /// Of those, never used it.
    async fn never_used(&self) -> Option<u64> {
        self.row.seats.never_used
    }

    /// Of those, Atlassian does not tell whether they used it.
    async fn unknown(&self) -> Option<u64> {
        self.row.seats.unknown
    }

    /// Active, or not to be reclaimed: robots, protected people, newcomers, and those of whom nothing is told.
    async fn needed(&self) -> Option<u64> {
        self.row.seats.needed
    }

    /// Held and not needed.
    async fn reclaimable(&self) -> Option<u64> {
        self.row.seats.reclaimable
    }

    /// Of those who hold a seat: service accounts, as the configuration names them.
    async fn robots(&self) -> Option<u64> {
        self.row.seats.robots
    }

    /// Of those who hold a seat: protected people, as the configuration names them.
    async fn protected(&self) -> Option<u64> {
        self.row.seats.protected
    }

    /// Of those who never used it: came into the organization within the asked number of days.
    async fn newcomers(&self) -> Option<u64> {
        self.row.seats.newcomers
    }

    /// Suspended people who would hold a seat again when restored, as far as their groups tell: whose role was given to them
    /// directly is not among them. They hold none now, and are not in `used`.
    async fn suspended(&self) -> u64 {
        self.row.suspended
    }

    /// The people that Atlassian itself counts, for comparison: Jira's `applicationrole`, the list of products, or
    /// `users/count`. Where it differs from `used`, `notes` say why.
    async fn counted_by_atlassian(&self) -> Option<u64> {
        self.row.counted_by_atlassian
    }

    /// Paid for and not held.
    async fn available(&self) -> Option<u64> {
        self.row.available()
    }

    /// Which part of the seats paid for is held: 1 for all of them, more where more are held than paid for.
    async fn utilization(&self) -> Option<f64> {
        self.row.utilization()
    }

    /// What one seat costs a month after the discount; null without a price, and where seats cost differently, as with
    /// tiers.
    async fn unit_price(&self) -> Option<Decimal> {
        self.row.cost.as_ref()?.unit_price.map(Decimal)
    }

    /// The currency of the configured price, ISO 4217; null without one.
    async fn currency(&self) -> Option<&str> {
        self.row.cost.as_ref().map(|cost| cost.currency.as_str())
    }

    /// What is paid a month: for the seats held where billed by the month, for those bought where billed by the year.
    /// Null without a price, and where the seats go beyond its last tier.
    async fn monthly_cost(&self) -> Option<Decimal> {
        self.row.cost.as_ref()?.monthly_cost.map(Decimal)
    }

    /// What is paid a month above what the needed seats alone would cost.
    async fn monthly_waste(&self) -> Option<Decimal> {
        self.row.cost.as_ref()?.monthly_waste.map(Decimal)
    }

    /// The day on which a seat that is freed today leaves the invoice: a month is billed for the greatest number of seats
    /// within it. Null where the price does not tell when it is billed.
    async fn saving_effective_on(&self) -> Option<Date> {
        self.row.cost.as_ref()?.saving_effective_on.map(Date)
    }

    /// Where two sources disagree, with both numbers, and what is missing.
    async fn notes(&self) -> &[String] {
        &self.row.notes
    }

    /// The people whose seats can be taken back, the longest idle first. Needs the permission to read the directory;
    /// null where activity is not known. Costs no upstream call.
    #[graphql(guard = "DIRECTORY", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn reclaim_candidates(
        &self,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, 0 to 100; `first` then does not count.")]
        last: Option<i32>,
        #[graphql(desc = "The cursor of the row to end before.")] before: Option<String>,
    ) -> Result<Option<ReclaimCandidateConnection>> {
        let (resource, days) = (&self.row.product.resource_id, self.row.inactive_for_days);
        let about = ("LicenseUsage.reclaimCandidates", resource, days, self.seats.number());
        let slice = Slice::new((first, after.as_deref()), (last, before.as_deref()), about)?;
        if self.row.seats.reclaimable.is_none() {
            return Ok(None);
        }
        let now = self.integration.organization.now();
        let rows = self.seats.reclaimable(resource, days, now);
        let page = slice.of(self.integration.integration_id(), rows);
        let is_among_few = page.edges.len() <= FEW;
        let page = page.filter_map(|row| {
            Some(ReclaimCandidate {
                integration: self.integration.clone(),
                found: Arc::new(self.seats.candidate(resource, row, now)?),
                resource: resource.clone(),
                seats: Arc::clone(&self.seats),
                freshness: self.row.freshness,
                is_among_few,
            })
        });
        Ok(Some(page.into()))
    }

    /// How old the figures are.
    async fn freshness(&self) -> Freshness {
        self.row.freshness.into()
    }
}
