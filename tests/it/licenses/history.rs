//! The figures of each day.

use std::collections::BTreeSet;

use headcount::{auth::Permission, demo::Connection};
use serde_json::{Value, json};

use super::figures;
use crate::support::{EVERYTHING, READ, Setup, TestGateway, credentials, now};

const HISTORY: &str = "query($from: Date!, $to: Date!) { licenseHistory(from: $from, to: $to) {
    date productKey resourceId isSandbox used active needed reclaimable purchased monthlyCost currency
    integration { id } } }";

fn today() -> Value {
    json!(now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

#[tokio::test]
async fn the_figures_of_a_day_are_kept_once_and_survive_a_restart() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setup = Setup { folder: Some(folder.path().into()), ..Setup::of(60) };
    let gateway = setup.clone().start().await;
    let admin = gateway.caller(Permission::ALL);
    let take = "mutation($in: [ID!]) { takeLicenseSnapshot(integrations: $in) {
        snapshots { date used productKey } unavailable { code } } }";
    let one = json!({"in": [gateway.integration(0)]});
    let taken = admin.ask_with(take, one.clone()).await;
    assert_eq!(taken.list("/takeLicenseSnapshot/snapshots").len(), 12);
    admin.ask_with(take, json!({})).await.good("/takeLicenseSnapshot");
    let days = json!({"from": today(), "to": today()});
    let (kept, calls) = gateway.counted(gateway.reader().ask_with(HISTORY, days.clone())).await;
    assert_eq!(calls.total(), 0);
    let rows = kept.list("/licenseHistory").clone();
    assert_eq!(rows.len(), 16, "twelve products and four, each once");
    let usage = figures(&gateway, 0, 90).await;
    for row in usage.list("/licenseUsage/rows") {
        let same = rows.iter().find(|kept| kept["resourceId"] == row["product"]["resourceId"]);
        let same = same.expect("every product is kept");
        for member in ["used", "active", "needed", "reclaimable", "purchased"] {
            assert_eq!(same[member], row[member], "{member}");
        }
    }
    for (from, to) in
        [("2026-02-30", "2026-03-01"), ("2026-03-02", "2026-03-01"), ("1990-01-01", "2026-01-01")]
    {
        let answer = gateway.reader().ask_with(HISTORY, json!({"from": from, "to": to})).await;
        assert_eq!(answer.errors().len(), 1, "{from} to {to}: {}", answer.text);
    }
    let reader = gateway.ask(READ, "mutation { takeLicenseSnapshot { snapshots { used } } }").await;
    assert_eq!(reader.codes(), ["FORBIDDEN"]);

    let atlassian = std::sync::Arc::clone(&gateway.atlassian);
    gateway.stop().await;
    let gateway = setup.start_before(&atlassian).await;
    let again = gateway.reader().ask_with(HISTORY, days).await;
    assert_eq!(again.list("/licenseHistory"), &rows);
}

#[tokio::test]
async fn two_integrations_of_one_organization_keep_each_product_once_a_day_for_whoever_asks() {
    let gateway = TestGateway::start(40).await;
    let admin = gateway.caller(EVERYTHING);
    let first = gateway.integration(0).clone();
    let admin_url = gateway.atlassian.site_urls(0)[1].clone();
    let second = Connection { admin_url, ..gateway.atlassian.connections()[0].clone() };
    let create = "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
        integration { id } userErrors { code } } }";
    let input = json!({"input": {"label": "the same", "credentials": credentials(&second)}});
    let created = admin.ask_with(create, input).await;
    let second = created.good("/createIntegration/integration/id").clone();
    let take = "mutation($in: [ID!]) { takeLicenseSnapshot(integrations: $in) {
        snapshots { resourceId } } }";
    // One after the other, as when the first could not be read in the morning.
    for one in [&second, &json!(first)] {
        let taken = admin.ask_with(take, json!({"in": [one]})).await;
        assert_eq!(taken.list("/takeLicenseSnapshot/snapshots").len(), 12);
    }
    let history = "query($day: Date!, $in: [ID!]) {
        licenseHistory(from: $day, to: $day, integrations: $in) {
            resourceId siteUrl integration { id } } }";
    let rows = async |chosen: Value| {
        let answer =
            gateway.reader().ask_with(history, json!({"day": today(), "in": chosen})).await;
        let rows = answer.list("/licenseHistory").clone();
        let ids: BTreeSet<String> =
            rows.iter().map(|row| row["resourceId"].as_str().expect("an id").to_owned()).collect();
        assert_eq!(ids.len(), rows.len(), "each once: {rows:?}");
        rows
    };
    assert_eq!(rows(json!([first])).await.len(), 12);
    assert_eq!(rows(json!([second])).await.len(), 12, "also alone it has the whole organization");
    let both = rows(json!([first, second])).await;
    assert_eq!(both.len(), 12);
    let sites = gateway.atlassian.site_urls(0);
    for (site, of) in [(&sites[0], &json!(first)), (&sites[1], &second)] {
        let own = both.iter().filter(|row| row["siteUrl"] == site.trim_end_matches('/'));
        let labels: Vec<&Value> = own.map(|row| &row["integration"]["id"]).collect();
        assert!(!labels.is_empty() && labels.iter().all(|id| *id == of), "{labels:?}");
    }
    let feed = gateway.reader().get("/feeds/license_history.json").await;
    let feed: Vec<Value> = serde_json::from_str(&feed.text).expect("JSON");
    assert_eq!(feed.len(), 12);
}

#[tokio::test]
async fn the_gateway_keeps_the_figures_of_each_day_by_itself() {
    let gateway = Setup::of(40)
        .with("LICENSES__SNAPSHOTS", "true")
        .with("LICENSES__SNAPSHOT_AT", "00:00:00")
        .start()
        .await;
    let days = json!({"from": today(), "to": today()});
    for _ in 0..600 {
        let kept = gateway.reader().ask_with(HISTORY, days.clone()).await;
        if kept.list("/licenseHistory").len() == 16 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing was kept");
}
