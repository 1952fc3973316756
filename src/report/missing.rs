use super::{
    Candidate, Report,
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
pub(super) fn price(one: &Candidate, report: &Report) -> String {
    if let Some((price, currency)) = &one.price {
        return money(*price, currency);
    }
    let of = report.usage.iter().find(|usage| {
        !usage.row.product.is_sandbox
            && (&usage.product, &usage.site, &usage.integration)
                == (&one.product, &one.site, &one.integration)
    });
    let told = match of.map(|usage| &usage.row.cost) {
        Some(None) => NO_PRICE,
        Some(Some(_)) => "by tiers",
        None => NOT_KNOWN,
    };
    told.to_owned()
}
