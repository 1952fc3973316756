use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::{Freshness, GroupId, IntegrationId, LicenseCost, Product, ResourceId, product_key};

/// Who told how many seats are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeatSource {
    /// Atlassian: Jira's own count of the site, else the list of products.
    Upstream,
    /// The operator's configuration.
    Configured,
    /// Atlassian says that there is no bound.
    Unlimited,
    /// Nobody.
    Unknown,
}

impl SeatSource {
    /// The word that the store and the feeds write.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Configured => "configured",
            Self::Unlimited => "unlimited",
            Self::Unknown => "unknown",
        }
    }

    /// The source that a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Upstream, Self::Configured, Self::Unlimited, Self::Unknown];
        all.into_iter().find(|source| source.word() == word)
    }
}

/// Whether somebody used the seat that they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeatUse {
    /// Within the asked number of days.
    Active,
    /// Once, but not within these days.
    Inactive,
    /// Never.
    NeverUsed,
    /// Atlassian does not tell.
    Unknown,
}

/// The last activity of one person in one product, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastActivity {
    /// Up to 24 hours late.
    At(Timestamp),
    /// Access without any activity.
    Never,
    /// Atlassian does not tell activity of this person, or of anybody in this product.
    Unknown,
}

/// The seats of one product on one site. `None` is "not known", never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeatFigures {
    /// People who hold a seat.
    pub used: Option<u64>,
    /// Of those, used it within the asked number of days.
    pub active: Option<u64>,
    /// Used it once, but not within these days.
    pub inactive: Option<u64>,
    /// Never used it.
    pub never_used: Option<u64>,
    /// Whether they used it is not told.
    pub unknown: Option<u64>,
    /// Active, or not to be reclaimed: robots, protected people, newcomers, and those of whom nothing is told.
    pub needed: Option<u64>,
    /// The rest: `used` without `needed`.
    pub reclaimable: Option<u64>,
    /// Of those who hold a seat: service accounts, by the configuration.
    pub robots: Option<u64>,
    /// Of those who hold a seat: protected people, by the configuration.
    pub protected: Option<u64>,
    /// Of those who hold a seat and never used it: came into the organization within the asked number of days.
    pub newcomers: Option<u64>,
}

impl SeatFigures {
    /// Whether it is known who holds the seats; else it is known at most how many do.
    #[must_use]
    pub fn has_known_holders(&self) -> bool {
        self.unknown.is_some()
    }

    /// Of so many paid for, those that nobody holds; `None` where either is not known.
    #[must_use]
    pub fn available(&self, purchased: Option<u64>) -> Option<u64> {
        Some(purchased?.saturating_sub(self.used?))
    }
}

/// The figures of one product on one site.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseRow {
    /// Through which it was read.
    pub integration: IntegrationId,
    /// The product instance.
    pub product: Arc<Product>,
    /// After how many days without activity somebody counts as inactive.
    pub inactive_for_days: u32,
    /// Seats paid for; `None` where unlimited or unknown.
    pub purchased: Option<u64>,
    /// Who told it.
    pub purchased_source: SeatSource,
    /// Who holds seats, and whether they use them.
    pub seats: SeatFigures,
    /// The people that Atlassian itself counts, for comparison; `None` where it does not, or could not be asked.
    pub counted_by_atlassian: Option<u64>,
    /// Suspended people who would hold a seat again through their groups when restored, so that there may be more. They hold
    /// none now.
    pub suspended: u64,
    /// Money; `None` where no price is configured.
    pub cost: Option<LicenseCost>,
    /// Where two sources disagree and what is missing, in sentences. Without names and addresses of people.
    pub notes: Vec<String>,
    /// How old it is.
    pub freshness: Freshness,
}

impl LicenseRow {
    /// The product's one key.
    #[must_use]
    pub fn product_key(&self) -> String {
        product_key(&self.product.owner)
    }

    /// Seats that are paid for and not used; `None` where either is not known.
    #[must_use]
    pub fn available(&self) -> Option<u64> {
        self.seats.available(self.purchased)
    }

    /// Which part of the seats paid for is used, 1 for all; `None` where either is not known or none is paid for.
    #[must_use]
    pub fn utilization(&self) -> Option<f64> {
        let purchased = self.purchased.filter(|purchased| *purchased > 0)?;
        let exact = |seats: u64| u32::try_from(seats).ok().map(f64::from);
        Some(exact(self.seats.used?)? / exact(purchased)?)
    }
}

/// Sums over the products of one currency, or over those without price. Sandboxes are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseTotals {
    /// ISO 4217; `None` for products without price.
    pub currency: Option<String>,
    /// People who hold at least one of these seats, each once an organization; `None` where of a product it is not known who
    /// holds its seats.
    pub people: Option<u64>,
    /// `None` where one of them is unlimited or unknown.
    pub purchased: Option<u64>,
    /// Seats; somebody with two products holds two.
    pub used: u64,
    /// Over the products of which it is known; `None` where it is known of none.
    pub needed: Option<u64>,
    /// Over the products of which it is known; `None` where it is known of none.
    pub reclaimable: Option<u64>,
    /// Products of which `needed` and `reclaimable` are not known, and which are not in these two sums.
    pub products_without_activity: u64,
    /// `None` where one of them is not known.
    pub monthly_cost: Option<Decimal>,
    /// `None` where one of them is not known.
    pub monthly_waste: Option<Decimal>,
}

/// The people of the organizations of a report, told apart. Each counts once an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LicensePeople {
    /// Everybody whom Atlassian lists.
    pub listed: u64,
    /// Hold at least one seat outside of sandboxes.
    pub with_seat: u64,
    /// Suspended: hold no seat, and would again when restored.
    pub suspended: u64,
    /// Deactivated: hold no seat.
    pub deactivated: u64,
    /// Managed accounts that were never invited or were removed: hold no seat.
    pub not_invited: u64,
    /// In the days of grace before deletion: hold no seat.
    pub for_deletion: u64,
    /// Bots, add-ons, and service accounts by the configuration, whatever they hold.
    pub robots: u64,
    /// Protected by the configuration, whatever they hold.
    pub protected: u64,
}

/// Why a seat can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReclaimReason {
    /// Used once, but not for the asked number of days.
    Inactive,
    /// Never used.
    NeverUsed,
}

/// A group that grants somebody a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantingGroup {
    /// The group.
    pub id: GroupId,
    /// Its name; the id where upstream hides it.
    pub name: String,
    /// Whether new people of the product come into it by themselves.
    pub is_default: bool,
    /// Whether an identity provider keeps its members; `None` where that is not told.
    pub is_synced: Option<bool>,
    /// Names of the other products to which somebody loses a seat or other access with the group, because no group that they
    /// stay in grants as much; with the site where a name stands for several.
    pub other_products: Vec<String>,
}

/// The figures of one product on one site on one day, as they were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseSnapshot {
    /// The day, in UTC.
    pub date: Date,
    /// Through which it was read.
    pub integration: IntegrationId,
    /// The product instance.
    pub resource_id: ResourceId,
    /// The product's key.
    pub product_key: String,
    /// Where people open it.
    pub site_url: Option<String>,
    /// A sandbox stays out of sums.
    pub is_sandbox: bool,
    /// After how many days without activity somebody counted as inactive.
    pub inactive_for_days: u32,
    /// Seats paid for.
    pub purchased: Option<u64>,
    /// Who told it.
    pub purchased_source: SeatSource,
    /// Who held seats, and whether they used them.
    pub seats: SeatFigures,
    /// What was paid a month.
    pub monthly_cost: Option<Decimal>,
    /// What was paid a month above what the needed seats would have cost.
    pub monthly_waste: Option<Decimal>,
    /// ISO 4217; `None` where no price was configured.
    pub currency: Option<String>,
    /// When Atlassian told it.
    pub read_at: Timestamp,
}

impl LicenseSnapshot {
    /// Seats that were paid for and not used; `None` where either was not known.
    #[must_use]
    pub fn available(&self) -> Option<u64> {
        self.seats.available(self.purchased)
    }
}
