use jiff::civil::Date;
use tempfile::TempDir;

use super::{opened, ring};
use crate::{
    domain::{LicenseSnapshot, SeatFigures, SeatSource},
    store::{Keyring, Store},
};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn snapshot(date: &str, integration: &str, used: u64) -> LicenseSnapshot {
    LicenseSnapshot {
        date: day(date),
        integration: integration.into(),
        resource_id: "ari:cloud:confluence::site/1".into(),
        product_key: "confluence".to_owned(),
        site_url: Some("https://acme.atlassian.net/wiki".to_owned()),
        is_sandbox: false,
        inactive_for_days: 90,
        purchased: None,
        purchased_source: SeatSource::Unlimited,
        seats: SeatFigures { used: Some(used), needed: Some(0), ..SeatFigures::default() },
        monthly_cost: Some("1234567890.10".parse().unwrap()),
        monthly_waste: None,
        currency: Some("EUR".to_owned()),
        read_at: "2026-11-22T10:00:00.123456Z".parse().unwrap(),
    }
}

async fn kept(store: &Store, from: &str, to: &str) -> Vec<(String, Option<u64>)> {
    let ids = ["acme".into()];
    let rows = store.license_snapshots(day(from), day(to), &ids).await.unwrap();
    rows.into_iter().map(|row| (row.date.to_string(), row.seats.used)).collect()
}

#[tokio::test]
async fn a_day_has_one_row_a_product_and_comes_back_as_it_was_kept() {
    let folder = TempDir::new().unwrap();
    let store = opened(&folder, ring(&Keyring::generate(), &[])).await;
    let first = snapshot("2026-11-22", "acme", 7);
    store
        .keep_license_snapshots(&[first.clone(), snapshot("2026-11-22", "other", 1)])
        .await
        .unwrap();
    let range = (day("2026-11-22"), day("2026-11-22"));
    let rows = store.license_snapshots(range.0, range.1, &["acme".into()]).await.unwrap();
    assert_eq!(rows, [first]);
    store.keep_license_snapshots(&[snapshot("2026-11-22", "acme", 8)]).await.unwrap();
    assert_eq!(kept(&store, "2026-01-01", "2026-12-31").await, [("2026-11-22".into(), Some(8))]);
    assert!(store.license_snapshots(range.0, range.1, &[]).await.unwrap().is_empty());
    let mut ids = store.integrations_with_snapshot(day("2026-11-22")).await.unwrap();
    ids.sort();
    assert_eq!(ids, ["acme".into(), "other".into()]);
}

#[tokio::test]
async fn months_and_years_end_where_they_do() {
    let folder = TempDir::new().unwrap();
    let store = opened(&folder, ring(&Keyring::generate(), &[])).await;
    let days = ["2027-12-31", "2028-01-01", "2028-02-28", "2028-02-29", "2028-03-01"];
    let all: Vec<_> = (1..).zip(days).map(|(used, date)| snapshot(date, "acme", used)).collect();
    store.keep_license_snapshots(&all).await.unwrap();
    let dates = async |from, to| -> Vec<String> {
        kept(&store, from, to).await.into_iter().map(|(date, _)| date).collect()
    };
    assert_eq!(dates("2028-02-01", "2028-02-29").await, ["2028-02-28", "2028-02-29"]);
    assert_eq!(dates("2027-12-31", "2028-01-01").await, ["2027-12-31", "2028-01-01"]);
    assert!(dates("2028-03-02", "2028-12-31").await.is_empty());
    assert_eq!(store.forget_license_snapshots(day("2028-02-29")).await.unwrap(), 3);
    assert_eq!(dates("2000-01-01", "2100-01-01").await, ["2028-02-29", "2028-03-01"]);
}

#[tokio::test]
async fn the_newest_figures_are_those_of_each_integrations_own_last_day() {
    let folder = TempDir::new().unwrap();
    let store = opened(&folder, ring(&Keyring::generate(), &[])).await;
    let all = [
        snapshot("2026-11-20", "acme", 1),
        snapshot("2026-11-22", "acme", 2),
        snapshot("2026-11-21", "other", 3),
        snapshot("2026-11-23", "hidden", 4),
    ];
    store.keep_license_snapshots(&all).await.unwrap();
    let ids = ["acme".into(), "other".into(), "nobody".into()];
    let newest = store.newest_license_snapshots(&ids).await.unwrap();
    assert_eq!(newest, [all[1].clone(), all[2].clone()]);
    assert!(store.newest_license_snapshots(&[]).await.unwrap().is_empty());
}
