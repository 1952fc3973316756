use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::{LicenseRow, LicenseTotals};

/// Adds the rows up by currency; those without price come last. `people` counts the people who hold a seat of at least
/// one of the rows that it is given.
#[must_use]
pub fn totals(rows: &[LicenseRow], people: impl Fn(&[&LicenseRow]) -> u64) -> Vec<LicenseTotals> {
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<&LicenseRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.product.is_sandbox) {
        let currency = row.cost.as_ref().map(|cost| cost.currency.as_str());
        groups.entry((currency.is_none(), currency)).or_default().push(row);
    }
    groups.into_iter().map(|((_, currency), rows)| total(currency, &rows, people(&rows))).collect()
}

fn total(currency: Option<&str>, rows: &[&LicenseRow], people: u64) -> LicenseTotals {
    let known = |of: fn(&LicenseRow) -> Option<u64>| {
        rows.iter().filter_map(|row| of(row)).reduce(|sum, of| sum + of)
    };
    let money = |of: fn(&LicenseRow) -> Option<Decimal>| {
        currency?;
        rows.iter().map(|row| of(row)).sum::<Option<Decimal>>()
    };
    LicenseTotals {
        currency: currency.map(str::to_owned),
        people: rows.iter().all(|row| row.seats.has_known_holders()).then_some(people),
        purchased: rows.iter().map(|row| row.purchased).sum(),
        used: known(|row| row.seats.used).unwrap_or_default(),
        needed: known(|row| row.seats.needed),
        reclaimable: known(|row| row.seats.reclaimable),
        products_without_activity: rows.iter().filter(|row| row.seats.needed.is_none()).count()
            as u64,
        monthly_cost: money(|row| row.cost.as_ref()?.monthly_cost),
        monthly_waste: money(|row| row.cost.as_ref()?.monthly_waste),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        Freshness, FreshnessSource, LicenseCost, Product, ResourceId, SeatFigures, SeatSource,
    };

    fn row(used: u64, reclaimable: Option<u64>, purchased: Option<u64>) -> LicenseRow {
        let product = Product {
            resource_id: ResourceId::from("ari:cloud:loom::site/1"),
            key: "loom".into(),
            name: "Loom".into(),
            instance_name: None,
            owner: "loom".into(),
            host_url: None,
            status: None,
            capacity: None,
            usage: None,
            is_sandbox: false,
            plan: None,
            created_at: None,
        };
        LicenseRow {
            integration: "acme".into(),
            product: Arc::new(product),
            inactive_for_days: 90,
            purchased,
            purchased_source: SeatSource::Unknown,
            seats: SeatFigures {
                used: Some(used),
                needed: reclaimable.map(|part| used - part),
                reclaimable,
                unknown: Some(reclaimable.map_or(used, |_| 0)),
                ..SeatFigures::default()
            },
            counted_by_atlassian: None,
            suspended: 0,
            cost: None,
            notes: Vec::new(),
            freshness: Freshness {
                fetched_at: "2026-11-22T09:00:00Z".parse().unwrap(),
                source: FreshnessSource::Live,
                is_stale: false,
                upstream_lag: None,
            },
        }
    }

    fn priced(currency: &str, cost: &str, row: LicenseRow) -> LicenseRow {
        let cost = LicenseCost {
            currency: currency.into(),
            unit_price: None,
            monthly_cost: Some(cost.parse().unwrap()),
            monthly_waste: None,
            saving_effective_on: None,
        };
        LicenseRow { cost: Some(cost), ..row }
    }

    #[test]
    fn currencies_are_never_added_to_each_other_and_sandboxes_to_nothing() {
        let mut sandbox = row(1_000, Some(1_000), Some(1_000));
        Arc::make_mut(&mut sandbox.product).is_sandbox = true;
        let rows = [
            row(7, Some(2), Some(10)),
            priced("USD", "10.50", row(3, Some(1), Some(5))),
            sandbox,
            priced("EUR", "4.00", row(2, None, None)),
            priced("USD", "0.25", row(1, Some(0), Some(5))),
        ];
        let totals = totals(&rows, |rows| rows.len() as u64);
        let currencies: Vec<_> = totals.iter().map(|total| total.currency.as_deref()).collect();
        assert_eq!(currencies, [Some("EUR"), Some("USD"), None]);
        let dollars = &totals[1];
        assert_eq!((dollars.used, dollars.reclaimable, dollars.people), (4, Some(1), Some(2)));
        assert_eq!(dollars.purchased, Some(10));
        assert_eq!(dollars.monthly_cost, Some("10.75".parse().unwrap()));
        assert_eq!(dollars.monthly_waste, None, "one of them is not known");
        let euros = &totals[0];
        assert_eq!((euros.purchased, euros.needed, euros.reclaimable), (None, None, None));
        assert_eq!(euros.products_without_activity, 1);
        assert_eq!((totals[2].used, totals[2].monthly_cost), (7, None));
    }

    #[test]
    fn what_is_known_of_some_products_is_added_up_and_of_none_is_no_number() {
        let unseen = LicenseRow {
            seats: SeatFigures { used: Some(5), ..SeatFigures::default() },
            ..row(0, None, None)
        };
        let sum = |rows: &[LicenseRow]| totals(rows, |rows| rows.len() as u64).remove(0);
        let some = sum(&[row(7, Some(2), None), row(4, None, None)]);
        assert_eq!((some.used, some.needed, some.reclaimable), (11, Some(5), Some(2)));
        assert_eq!((some.products_without_activity, some.people), (1, Some(2)));
        let none = sum(&[row(4, None, None), unseen]);
        assert_eq!((none.used, none.needed, none.reclaimable), (9, None, None));
        assert_eq!(none.people, None, "of five of them it is not known who they are");
        assert_eq!(sum(&[row(0, Some(0), None)]).needed, Some(0), "that is a zero");
    }
}
