use jiff::civil::Date;
use rust_decimal::Decimal;

/// What the operator pays, as the configuration tells it; Atlassian tells no price.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceList(pub Vec<Price>);

/// The price of one product, for everything that it is not narrowed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The product's key, such as `confluence`.
    pub product: String,
    /// Only for this integration, by id or label.
    pub integration: Option<String>,
    /// Only for this site, by host, such as `acme.atlassian.net`.
    pub site: Option<String>,
    /// Only for this plan, such as `premium`.
    pub plan: Option<String>,
    /// ISO 4217, such as `USD`.
    pub currency: String,
    /// What so many seats cost for one period of billing, before the discount.
    pub rate: Rate,
    /// How often it is billed, and when.
    pub billing: Billing,
    /// What is taken off, in percent, 0 to 100.
    pub discount_percent: Decimal,
}

/// What seats cost for one period of billing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rate {
    /// Every seat costs the same.
    PerSeat(Decimal),
    /// The first seats cost the first tier's price each, the seats beyond its edge the next tier's, and so on.
    Graduated(Vec<Tier>),
    /// One price for the whole tier that the number of seats falls into.
    Flat(Vec<Tier>),
}

/// A tier of a price, in the order of the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// The last seat that is within the tier; `None` for a last tier without end.
    pub up_to: Option<u64>,
    /// The price, for one period of billing: a seat's or the whole tier's.
    pub price: Decimal,
}

/// How often seats are billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// Every month, for the greatest number of seats used within it.
    Monthly {
        /// The day of the month on which a period begins, 1 to 31; a shorter month begins on its last day.
        day: Option<i8>,
    },
    /// Every year, for the seats that were bought.
    Annual {
        /// A day on which it is renewed, in any year.
        renews_on: Option<Date>,
    },
}

/// What one product on one site costs. Money is rounded to two places, prices of a seat to four.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseCost {
    /// ISO 4217.
    pub currency: String,
    /// What a seat costs a month after the discount; `None` where seats cost differently, as with tiers.
    pub unit_price: Option<Decimal>,
    /// What is paid a month; `None` where the seats go beyond the last tier.
    pub monthly_cost: Option<Decimal>,
    /// What is paid a month above what the needed seats alone would cost; `None` where that is not known.
    pub monthly_waste: Option<Decimal>,
    /// The day on which a seat that is freed today leaves the invoice; `None` where the day is not configured.
    pub saving_effective_on: Option<Date>,
}

/// A number of seats that the operator bought, told where Atlassian does not tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredSeats {
    /// The product's key.
    pub product: String,
    /// Only for this integration, by id or label.
    pub integration: Option<String>,
    /// Only for this site, by host.
    pub site: Option<String>,
    /// How many.
    pub seats: u64,
}
