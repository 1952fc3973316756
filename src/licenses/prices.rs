use jiff::{ToSpan, civil::Date};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::{Billing, ConfiguredSeats, LicenseCost, Price, PriceList, Rate, Tier};

const MONTHS: Decimal = Decimal::from_parts(12, 0, 0, false, 0);
/// Money of an answer has this many places.
const MONEY: u32 = 2;
/// The price of one seat has more, so that multiplying it does not go astray.
const UNIT: u32 = 4;

/// Where seats are, as prices and configured seats name it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The product's key.
    pub product: &'a str,
    /// The integration's id.
    pub integration: &'a str,
    /// The integration's label.
    pub label: &'a str,
    /// The host of the site; `None` for products without one.
    pub site: Option<&'a str>,
    /// The plan, where it is told.
    pub plan: Option<&'a str>,
}

impl Place<'_> {
    fn is_at(&self, product: &str, integration: Option<&str>, site: Option<&str>) -> bool {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        same(product, self.product)
            && integration
                .is_none_or(|named| same(named, self.integration) || same(named, self.label))
            && site.is_none_or(|named| self.site.is_some_and(|site| same(named, site)))
    }
}

/// The price that says most about the place: one for the site goes before one for the integration, that before one for
/// the plan, and all before one for the product everywhere.
#[must_use]
pub fn price_of<'a>(list: &'a PriceList, place: &Place<'_>) -> Option<&'a Price> {
    let is_for = |price: &&Price| {
        let is_plan = price
            .plan
            .as_deref()
            .is_none_or(|plan| place.plan.is_some_and(|of| of.eq_ignore_ascii_case(plan)));
        is_plan && place.is_at(&price.product, price.integration.as_deref(), price.site.as_deref())
    };
    let says =
        |price: &&Price| (price.site.is_some(), price.integration.is_some(), price.plan.is_some());
    list.0.iter().filter(is_for).max_by_key(says)
}

/// The seats that the operator bought at the place.
#[must_use]
pub fn configured_seats(list: &[ConfiguredSeats], place: &Place<'_>) -> Option<u64> {
    let is_for = |seats: &&ConfiguredSeats| {
        place.is_at(&seats.product, seats.integration.as_deref(), seats.site.as_deref())
    };
    let says = |seats: &&ConfiguredSeats| (seats.site.is_some(), seats.integration.is_some());
    list.iter().filter(is_for).max_by_key(says).map(|found| found.seats)
}

/// The seats that a bill is made of.
#[derive(Debug, Clone, Copy)]
pub struct Billed {
    /// Paid for.
    pub purchased: Option<u64>,
    /// Held.
    pub used: Option<u64>,
    /// Needed.
    pub needed: Option<u64>,
}

/// What the seats cost. By the month the seats in use are billed, by the year those that were bought, or those in use
/// where they are more or the bought ones are not known. The waste is what would be saved if only the needed ones were.
#[must_use]
pub fn cost(price: &Price, seats: Billed, today: Date) -> LicenseCost {
    let billed = match price.billing {
        Billing::Monthly { .. } => seats.used,
        Billing::Annual { .. } => seats.purchased.max(seats.used),
    };
    let monthly_cost = billed.and_then(|billed| a_month(price, billed));
    let without_waste = seats.needed.and_then(|needed| a_month(price, needed));
    let monthly_waste = monthly_cost
        .zip(without_waste)
        // With one price a tier more seats can cost less than fewer; that is no waste.
        .map(|(cost, without)| (cost - without).max(Decimal::ZERO));
    LicenseCost {
        currency: price.currency.clone(),
        unit_price: unit_price(price),
        monthly_cost,
        monthly_waste,
        saving_effective_on: saving_effective_on(price.billing, today),
    }
}

fn unit_price(price: &Price) -> Option<Decimal> {
    match &price.rate {
        Rate::PerSeat(seat) => Some(rounded(per_month(price, *seat)?, UNIT).normalize()),
        Rate::Graduated(_) | Rate::Flat(_) => None,
    }
}

fn a_month(price: &Price, seats: u64) -> Option<Decimal> {
    Some(rounded(per_month(price, a_period(&price.rate, seats)?)?, MONEY))
}

/// The discount taken off, and a year divided by its months.
fn per_month(price: &Price, period: Decimal) -> Option<Decimal> {
    let rest = Decimal::ONE_HUNDRED.checked_sub(price.discount_percent)?;
    let paid = period.checked_mul(rest)?.checked_div(Decimal::ONE_HUNDRED)?;
    match price.billing {
        Billing::Monthly { .. } => Some(paid),
        Billing::Annual { .. } => paid.checked_div(MONTHS),
    }
}

fn rounded(amount: Decimal, places: u32) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    if places == MONEY {
        // `12.50`, not `12.5`: the same number of places in every row of a table.
        rounded.rescale(places);
    }
    rounded
}

/// What seats cost for a period; `None` beyond the last tier.
fn a_period(rate: &Rate, seats: u64) -> Option<Decimal> {
    if seats == 0 {
        return Some(Decimal::ZERO);
    }
    match rate {
        Rate::PerSeat(seat) => seat.checked_mul(seats.into()),
        Rate::Flat(tiers) => tiers.iter().find(|tier| reaches(tier, seats)).map(|tier| tier.price),
        Rate::Graduated(tiers) => {
            let mut total = Decimal::ZERO;
            let mut below = 0;
            for tier in tiers {
                let within = tier.up_to.map_or(seats, |edge| edge.min(seats)).saturating_sub(below);
                total = total.checked_add(tier.price.checked_mul(within.into())?)?;
                if reaches(tier, seats) {
                    return Some(total);
                }
                below = tier.up_to?;
            }
            None
        }
    }
}

fn reaches(tier: &Tier, seats: u64) -> bool {
    tier.up_to.is_none_or(|edge| seats <= edge)
}

/// The day from which a seat that is freed today is not on the invoice. A month is billed for the greatest number of
/// seats within it, so that nothing is saved before the next one begins (PEERS.md, section 3, item 4).
fn saving_effective_on(billing: Billing, today: Date) -> Option<Date> {
    match billing {
        Billing::Monthly { day } => {
            let in_month = |of: Date| {
                let day = day?.clamp(1, of.days_in_month());
                of.with().day(day).build().ok()
            };
            let this = in_month(today)?;
            if this > today { Some(this) } else { in_month(today.first_of_month() + 1.month()) }
        }
        Billing::Annual { renews_on } => {
            let renews_on = renews_on?;
            if renews_on > today {
                return Some(renews_on);
            }
            let years = i64::from(today.year()) - i64::from(renews_on.year());
            let this_year = renews_on.checked_add(years.years()).ok()?;
            if this_year > today {
                return Some(this_year);
            }
            renews_on.checked_add((years + 1).years()).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn price(rate: Rate, billing: Billing) -> Price {
        Price {
            product: "confluence".into(),
            integration: None,
            site: None,
            plan: None,
            currency: "USD".into(),
            rate,
            billing,
            discount_percent: Decimal::ZERO,
        }
    }

    const MONTHLY: Billing = Billing::Monthly { day: Some(15) };
    const ANNUAL: Billing = Billing::Annual { renews_on: None };

    fn tiers(list: &[(Option<u64>, &str)]) -> Vec<Tier> {
        list.iter().map(|(up_to, price)| Tier { up_to: *up_to, price: money(price) }).collect()
    }

    fn seats(purchased: u64, used: u64, needed: u64) -> Billed {
        Billed { purchased: Some(purchased), used: Some(used), needed: Some(needed) }
    }

    fn month(rate: Rate, count: u64) -> Option<String> {
        let of = cost(&price(rate, MONTHLY), seats(0, count, count), day("2026-01-01"));
        of.monthly_cost.map(|cost| cost.to_string())
    }

    #[test]
    fn graduated_tiers_at_their_edges() {
        let of = |count| {
            let list = [(Some(100), "6.05"), (Some(250), "5.16"), (None, "4.10")];
            month(Rate::Graduated(tiers(&list)), count).unwrap()
        };
        assert_eq!(of(0), "0.00");
        assert_eq!(of(1), "6.05");
        assert_eq!(of(100), "605.00");
        assert_eq!(of(101), "610.16");
        assert_eq!(of(250), "1379.00");
        assert_eq!(of(251), "1383.10");
        assert_eq!(of(100_000), "410354.00");
    }

    #[test]
    fn flat_tiers_at_their_edges() {
        let list = [(Some(10), "10"), (Some(25), "175"), (Some(50), "350")];
        let of = |count| month(Rate::Flat(tiers(&list)), count);
        assert_eq!(of(0).as_deref(), Some("0.00"));
        assert_eq!(of(10).as_deref(), Some("10.00"));
        assert_eq!(of(11).as_deref(), Some("175.00"));
        assert_eq!(of(50).as_deref(), Some("350.00"));
        assert_eq!(of(51), None, "beyond the last tier nothing is known");
        let closed = Rate::Graduated(tiers(&[(Some(10), "1"), (Some(20), "2")]));
        assert_eq!(month(closed, 21), None);
    }

    #[test]
    fn waste_is_the_difference_of_two_bills_and_not_seats_times_a_price() {
        let rate = Rate::Graduated(tiers(&[(Some(100), "6"), (None, "4")]));
        let found = cost(&price(rate, MONTHLY), seats(500, 150, 90), day("2026-01-01"));
        assert_eq!(found.monthly_cost, Some(money("800.00")));
        assert_eq!(found.monthly_waste, Some(money("260.00")));
        assert_eq!(found.unit_price, None);
    }

    #[test]
    fn a_year_is_billed_for_what_was_bought_and_told_by_the_month() {
        let yearly =
            Price { discount_percent: money("15"), ..price(Rate::PerSeat(money("70")), ANNUAL) };
        let found = cost(&yearly, seats(500, 412, 300), day("2026-01-01"));
        assert_eq!(found.unit_price, Some(money("4.9583")));
        assert_eq!(found.monthly_cost, Some(money("2479.17")));
        assert_eq!(found.monthly_waste, Some(money("991.67")));
        assert_eq!(found.saving_effective_on, None);
        let unknown = Billed { purchased: None, used: Some(412), needed: None };
        let found = cost(&yearly, unknown, day("2026-01-01"));
        assert_eq!(found.monthly_cost, Some(money("2042.83")));
        assert_eq!(found.monthly_waste, None);
    }

    #[test]
    fn a_saving_is_real_from_the_next_period_on() {
        let on = |of: i8, today: &str| {
            saving_effective_on(Billing::Monthly { day: Some(of) }, day(today)).unwrap().to_string()
        };
        assert_eq!(on(15, "2026-11-14"), "2026-11-15");
        assert_eq!(on(15, "2026-11-15"), "2026-12-15", "today's period has counted today's seats");
        assert_eq!(on(31, "2026-01-31"), "2026-02-28");
        assert_eq!(on(31, "2028-02-01"), "2028-02-29");
        assert_eq!(on(1, "2026-12-31"), "2027-01-01");
        assert_eq!(on(30, "2026-02-28"), "2026-03-30");
        let yearly = |renews: &str, today: &str| {
            let billing = Billing::Annual { renews_on: Some(day(renews)) };
            saving_effective_on(billing, day(today)).unwrap().to_string()
        };
        assert_eq!(yearly("2025-03-01", "2026-02-28"), "2026-03-01");
        assert_eq!(yearly("2025-03-01", "2026-03-01"), "2027-03-01");
        assert_eq!(yearly("2024-02-29", "2026-01-01"), "2026-02-28");
        assert_eq!(yearly("2024-02-29", "2027-03-05"), "2028-02-29");
        assert_eq!(yearly("2029-01-01", "2026-03-05"), "2029-01-01");
        assert_eq!(saving_effective_on(Billing::Monthly { day: None }, day("2026-01-01")), None);
    }

    #[test]
    fn the_price_that_says_most_counts() {
        let base = price(Rate::PerSeat(money("1")), MONTHLY);
        let with = |seat: &str, change: fn(&mut Price)| {
            let mut narrowed = Price { rate: Rate::PerSeat(money(seat)), ..base.clone() };
            change(&mut narrowed);
            narrowed
        };
        let list = PriceList(vec![
            with("4", |p| p.site = Some("acme.atlassian.net".into())),
            base.clone(),
            with("2", |p| p.plan = Some("premium".into())),
            with("3", |p| p.integration = Some("Acme Corporation".into())),
        ]);
        let place = Place {
            product: "confluence",
            integration: "acme",
            label: "Acme Corporation",
            site: Some("ACME.atlassian.net"),
            plan: Some("Premium"),
        };
        let of = |place: &Place<'_>| price_of(&list, place).map(|price| price.rate.clone());
        let seat = |text: &str| Some(Rate::PerSeat(money(text)));
        assert_eq!(of(&place), seat("4"));
        let elsewhere = Place { site: None, ..place };
        assert_eq!(of(&elsewhere), seat("3"));
        let foreign = Place { label: "", integration: "other", ..elsewhere };
        assert_eq!(of(&foreign), seat("2"));
        assert_eq!(of(&Place { plan: None, ..foreign }), seat("1"));
        assert_eq!(of(&Place { product: "loom", ..place }), None);
    }
}
