use async_graphql::{Enum, SimpleObject};

use super::scalars::Decimal;
use crate::domain;

/// Who told how many seats are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::SeatSource")]
pub enum SeatSource {
    /// Atlassian: Jira's own count of the site (`applicationrole`), else the list of products (`workspaces`).
    Upstream,
    /// The operator's configuration, which goes before Atlassian's word.
    Configured,
    /// Atlassian says that there is no bound.
    Unlimited,
    /// Nobody.
    Unknown,
}

/// Why a seat can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ReclaimReason")]
pub enum ReclaimReason {
    /// Used once, but not within the asked number of days.
    Inactive,
    /// Never used, by somebody who has been in the organization for longer than the asked number of days.
    NeverUsed,
}

/// Sums over products of one currency. Sandboxes are left out.
#[derive(Debug, Clone, SimpleObject)]
pub struct LicenseTotals {
    /// ISO 4217; null in the sum of the products without price.
    currency: Option<String>,
    /// People who hold at least one of these seats, each once an organization; null where of a product it is not known who holds
    /// its seats.
    people: Option<u64>,
    /// Seats paid for; null where one of the products is unlimited or unknown.
    purchased: Option<u64>,
    /// Seats held; somebody with two products holds two.
    used: u64,
    /// Seats needed, over the products of which it is known. Where `productsWithoutActivity` counts every product, the 0 stands
    /// for no product and not for no seat.
    needed: u64,
    /// Seats that can be taken back, over the products of which it is known; else as `needed`.
    reclaimable: u64,
    /// Products of which `needed` and `reclaimable` are not known; they are not in these two sums, which are partial where
    /// this is not 0.
    products_without_activity: u64,
    /// What is paid a month; null without price, and where one of the products' is not known.
    monthly_cost: Option<Decimal>,
    /// What is paid a month above what the needed seats would cost; null as `monthlyCost`.
    monthly_waste: Option<Decimal>,
}

impl From<&domain::LicenseTotals> for LicenseTotals {
    fn from(totals: &domain::LicenseTotals) -> Self {
        Self {
            currency: totals.currency.clone(),
            people: totals.people,
            purchased: totals.purchased,
            used: totals.used,
            needed: totals.needed.unwrap_or_default(),
            reclaimable: totals.reclaimable.unwrap_or_default(),
            products_without_activity: totals.products_without_activity,
            monthly_cost: totals.monthly_cost.map(Decimal),
            monthly_waste: totals.monthly_waste.map(Decimal),
        }
    }
}

/// The people of the organizations of a report, told apart. Each counts once an organization.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub struct LicensePeople {
    /// Everybody whom Atlassian lists.
    listed: u64,
    /// Hold at least one seat outside of sandboxes.
    with_seat: u64,
    /// Suspended: hold no seat, and would again when restored.
    suspended: u64,
    /// Deactivated: hold no seat.
    deactivated: u64,
    /// Managed accounts that were never invited or were removed: hold no seat.
    not_invited: u64,
    /// In the 14 days of grace before deletion: hold no seat.
    for_deletion: u64,
    /// Bots, add-ons, and service accounts as the configuration names them, whatever they hold.
    robots: u64,
    /// Protected people as the configuration names them, whatever they hold.
    protected: u64,
}

impl From<domain::LicensePeople> for LicensePeople {
    fn from(people: domain::LicensePeople) -> Self {
        Self {
            listed: people.listed,
            with_seat: people.with_seat,
            suspended: people.suspended,
            deactivated: people.deactivated,
            not_invited: people.not_invited,
            for_deletion: people.for_deletion,
            robots: people.robots,
            protected: people.protected,
        }
    }
}
