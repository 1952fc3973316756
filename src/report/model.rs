use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use crate::domain::{
    GrantingGroup, LicenseCost, LicensePeople, LicenseRow, LicenseTotals, SeatSource,
};

/// Everything that the report says, ready to be written. Names of people stand in it only where the reader may see them.
#[derive(Debug, Clone)]
pub struct Report {
    /// When it was made.
    pub made_at: Timestamp,
    /// When the oldest part of it was read.
    pub read_at: Timestamp,
    /// Whether a part is past its time, while a newer one is being read.
    pub is_stale: bool,
    /// After how many days without activity somebody counts as inactive.
    pub inactive_for_days: u32,
    /// The integrations that the reader may choose from.
    pub choices: Vec<Choice>,
    /// The people, told apart.
    pub people: LicensePeople,
    /// Sums without sandboxes, one a currency and one without price.
    pub totals: Vec<LicenseTotals>,
    /// A row for each product on each site.
    pub usage: Vec<Usage>,
    /// The figures of past days, of each product of which more than one day is kept.
    pub trends: Vec<Trend>,
    /// After how many days somebody counted as inactive in the figures of past days; `None` where these differ, or there are none.
    pub trend_inactive_for_days: Option<u32>,
    /// Whose seat can be taken back, the most valuable first.
    pub candidates: Listed<Candidate>,
    /// People who are paid for twice.
    pub twice: Listed<PaidTwice>,
    /// The organizations that could not be read.
    pub unavailable: Vec<Unavailable>,
}

/// An integration that can be chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The id, as the parameter `integration` takes it.
    pub id: String,
    /// The name that people read.
    pub label: String,
    /// Whether the report covers it.
    pub is_chosen: bool,
}

/// One product on one site.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The name that people know the product by.
    pub product: String,
    /// The host of the site, or the instance's own name; `None` where it has neither.
    pub site: Option<String>,
    /// The label of the integration.
    pub integration: String,
    /// The figures.
    pub row: LicenseRow,
}

/// The figures of past days of one product on one site.
#[derive(Debug, Clone)]
pub struct Trend {
    /// The name that people know the product by.
    pub product: String,
    /// As [`Usage::site`].
    pub site: Option<String>,
    /// The label of the integration.
    pub integration: String,
    /// Two at least, the oldest first.
    pub days: Vec<Day>,
}

/// The figures of one past day. `None` is "was not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day, in UTC.
    pub date: Date,
    /// Seats paid for.
    pub paid: Option<u64>,
    /// Who told them, or that there is no limit.
    pub paid_source: SeatSource,
    /// Seats held.
    pub used: Option<u64>,
    /// Seats needed.
    pub needed: Option<u64>,
}

/// The first rows of a list, and how long the whole is.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The rows that are told.
    pub rows: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}

impl<T> Listed<T> {
    /// How many are not told.
    #[must_use]
    pub fn rest(&self) -> u64 {
        self.total.saturating_sub(self.rows.len() as u64)
    }
}

/// Somebody, as far as the reader may know who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The Atlassian account.
    pub account_id: String,
    /// The name; `None` where the reader may not see it.
    pub name: Option<String>,
    /// The address; `None` where the reader may not see it, or the person hides it.
    pub email: Option<String>,
}

impl Person {
    /// The name, else the account id.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.account_id)
    }
}

/// Somebody whose seat can be taken back.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub person: Person,
    /// The name of the product.
    pub product: String,
    /// As [`Usage::site`].
    pub site: Option<String>,
    /// The label of the integration.
    pub integration: String,
    /// When they last used the product; `None`: never.
    pub last_active_at: Option<Timestamp>,
    /// Why the seat is idle, in a sentence.
    pub reason: String,
    /// The groups that grant the seat; none where it is a role of the person's own.
    pub groups: Vec<GrantingGroup>,
    /// The smallest change that frees the seat, in a sentence.
    pub remedy: String,
    /// What the seat costs a month.
    pub price: SeatPrice,
    /// The day from which a seat that is freed today is not paid for; `None` where that is not configured.
    pub saving_effective_on: Option<Date>,
}

/// What one seat costs a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatPrice {
    /// The amount, with its currency.
    Each(Decimal, String),
    /// A price is configured that is not one a seat.
    ByTiers,
    /// No price is configured.
    Unpriced,
}

impl SeatPrice {
    pub(super) fn of(cost: Option<&LicenseCost>) -> Self {
        match cost.map(|cost| (cost.unit_price, &cost.currency)) {
            Some((Some(price), currency)) => Self::Each(price, currency.clone()),
            Some((None, _)) => Self::ByTiers,
            None => Self::Unpriced,
        }
    }

    pub(super) fn is_each(&self) -> bool {
        matches!(self, Self::Each(..))
    }
}

/// One person who holds a seat of the same product in two organizations or more.
#[derive(Debug, Clone)]
pub struct PaidTwice {
    /// The name of the product.
    pub product: String,
    /// The person as each integration sees them, with the label of the integration.
    pub people: Vec<(String, Person)>,
}

/// An organization that could not be read.
#[derive(Debug, Clone)]
pub struct Unavailable {
    /// The label of the integration.
    pub integration: String,
    /// Why.
    pub reason: String,
}
