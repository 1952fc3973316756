use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

use crate::domain::{LicenseRow, SeatSource};

/// Stands for every figure that nobody knows. Never a zero.
pub(super) const NOT_KNOWN: &str = "not known";

/// Stands for the seats paid for where there is no bound.
pub(super) const NO_LIMIT: &str = "no limit";

/// Stands for money where no price is configured.
pub(super) const NO_PRICE: &str = "no price";

/// A number with its thousands parted.
pub(super) fn count(number: u64) -> String {
    parted(&number.to_string())
}

/// A number that may not be known.
pub(super) fn known(number: Option<u64>) -> String {
    number.map_or_else(|| NOT_KNOWN.to_owned(), count)
}

/// An exact amount with its currency.
pub(super) fn money(amount: Decimal, currency: &str) -> String {
    let text = amount.to_string();
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    format!("{}{rest} {currency}", parted(whole))
}

/// An amount that may not be known.
pub(super) fn known_money(amount: Option<Decimal>, currency: &str) -> String {
    amount.map_or_else(|| NOT_KNOWN.to_owned(), |amount| money(amount, currency))
}

fn parted(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut parted = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    parted
}

/// The seats paid for, or why there is no number.
pub(super) fn paid(seats: Option<u64>, source: SeatSource) -> String {
    match (seats, source) {
        (Some(seats), _) => count(seats),
        (None, SeatSource::Unlimited) => NO_LIMIT.to_owned(),
        (None, _) => NOT_KNOWN.to_owned(),
    }
}

/// Seats as a number, where there is one, and as a text.
pub(super) type Seats = (Option<u64>, String);

/// Seats paid for, used and needed.
pub(super) fn seats(
    (purchased, source): (Option<u64>, SeatSource),
    used: Option<u64>,
    needed: Option<u64>,
) -> [Seats; 3] {
    [(purchased, paid(purchased, source)), (used, known(used)), (needed, known(needed))]
}

/// Who told the seats paid for.
pub(super) fn source(source: SeatSource) -> &'static str {
    match source {
        SeatSource::Upstream | SeatSource::Unlimited => "Atlassian",
        SeatSource::Configured => "configured",
        SeatSource::Unknown => "",
    }
}

/// The part of the seats paid for that is held.
pub(super) fn utilization(row: &LicenseRow) -> String {
    match row.utilization() {
        Some(part) => format!("{:.0}%", part * 100.0),
        None if row.purchased_source == SeatSource::Unlimited => NO_LIMIT.to_owned(),
        None => NOT_KNOWN.to_owned(),
    }
}

/// A day in UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

/// An instant in UTC, to the minute.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How long ago, as people say it.
pub(super) fn age(read_at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(read_at).as_mins().max(0);
    let told = |number: i64, unit: &str| {
        format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
    };
    match minutes {
        0 => "less than a minute ago".to_owned(),
        1..60 => told(minutes, "minute"),
        60..2880 => told(minutes / 60, "hour"),
        _ => told(minutes / 1440, "day"),
    }
}

/// A product with its site.
pub(super) fn place(product: &str, site: Option<&str>) -> String {
    site.map_or_else(|| product.to_owned(), |site| format!("{product} on {site}"))
}

/// One thing, or so many.
pub(super) fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_parted_by_thousands_and_money_stays_exact() {
        let counts = [0, 7, 999, 1_000, 12_345, 123_456, 1_234_567].map(count);
        assert_eq!(counts, ["0", "7", "999", "1,000", "12,345", "123,456", "1,234,567"]);
        let money = |text: &str| money(text.parse().unwrap(), "EUR");
        assert_eq!(money("0.00"), "0.00 EUR");
        assert_eq!(money("1234567.80"), "1,234,567.80 EUR");
        assert_eq!(money("-1234.5"), "-1,234.5 EUR");
        assert_eq!(money("4.9583"), "4.9583 EUR");
    }

    #[test]
    fn an_age_is_told_in_the_unit_that_people_would_use() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let of = |at: &str| age(at.parse().unwrap(), now);
        assert_eq!(of("2026-11-22T11:59:30Z"), "less than a minute ago");
        assert_eq!(of("2026-11-22T11:58:30Z"), "1 minute ago");
        assert_eq!(of("2026-11-22T11:00:00Z"), "1 hour ago");
        assert_eq!(of("2026-11-20T12:00:01Z"), "47 hours ago");
        assert_eq!(of("2026-11-20T12:00:00Z"), "2 days ago");
        assert_eq!(of("2026-11-22T12:00:05Z"), "less than a minute ago");
    }
}
