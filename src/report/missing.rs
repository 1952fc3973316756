use super::{
    Report, SeatPrice,
    words::{NO_LIMIT, NO_PRICE, NOT_KNOWN, count, money, plural},
};
use crate::domain::{LicenseRow, LicenseTotals, SeatSource};

/// The seats paid for in a sum, and why there is no number where there is none.
pub(super) fn paid_in_sum(total: &LicenseTotals, report: &Report) -> (String, String) {
    if let Some(seats) = total.purchased {
        return (count(seats), String::new());
    }
    let currency = |row: &LicenseRow| row.cost.as_ref().map(|cost| cost.currency.clone());
    let rows = report.usage.iter().map(|usage| &usage.row);
    let without = rows.filter(|row| {
        !row.product.is_sandbox && row.purchased.is_none() && currency(row) == total.currency
    });
    let (unlimited, untold): (Vec<&LicenseRow>, Vec<&LicenseRow>) =
        without.partition(|row| row.purchased_source == SeatSource::Unlimited);
    let products = |rows: Vec<&LicenseRow>| plural(rows.len() as u64, "product", "products");
    if untold.is_empty() && !unlimited.is_empty() {
        return (NO_LIMIT.to_owned(), format!("of {} there is none", products(unlimited)));
    }
    (NOT_KNOWN.to_owned(), format!("of {} it is not told", products(untold)))
}

/// What a seat costs a month, or why there is no amount.
pub(super) fn price(price: &SeatPrice) -> String {
    match price {
        SeatPrice::Each(price, currency) => money(*price, currency),
        SeatPrice::ByTiers => "by tiers".to_owned(),
        SeatPrice::Unpriced => NO_PRICE.to_owned(),
    }
}
