//! The licence tables: the figures of GraphQL, row for row, and everybody's seat beside them.

use std::collections::BTreeMap;

use headcount::demo::{Connection, Fault, FaultKind};
use serde_json::{Value, json};

use super::{column, fill, problem, rows, with};
use crate::support::{EVERYTHING, Setup, TestGateway, credentials, now};

const PRICES: &str = "[[prices]]\nproduct = \"confluence\"\ncurrency = \"EUR\"\nseat_price = \"5.55\"\nbilling_day = 15\n\
    [[prices]]\nproduct = \"jira-software\"\ncurrency = \"USD\"\ntier_prices = \"graduated\"\n\
    tiers = [{ up_to = 10, price = \"8\" }, { price = \"7.75\" }]\n";

/// The columns, and the members of GraphQL's `LicenseUsage` that they hold.
const MEMBERS: [(&str, &str); 26] = [
    ("resource_id", "/product/resourceId"),
    ("product_key", "/product/key"),
    ("product", "/product/name"),
    ("site_url", "/product/siteUrl"),
    ("is_sandbox", "/product/isSandbox"),
    ("purchased", "/purchased"),
    ("used", "/used"),
    ("active", "/active"),
    ("inactive", "/inactive"),
    ("never_used", "/neverUsed"),
    ("unknown", "/unknown"),
    ("needed", "/needed"),
    ("reclaimable", "/reclaimable"),
    ("robots", "/robots"),
    ("protected", "/protected"),
    ("newcomers", "/newcomers"),
    ("suspended", "/suspended"),
    ("counted_by_atlassian", "/countedByAtlassian"),
    ("available", "/available"),
    ("utilization", "/utilization"),
    ("currency", "/currency"),
    ("saving_effective_on", "/savingEffectiveOn"),
    ("is_stale", "/freshness/isStale"),
    ("integration_label", "/integration/label"),
    ("organization_id", "/integration/organizationId"),
    ("as_of", "/freshness/fetchedAt"),
];

const USAGE: &str = "query($days: Int) { licenseUsage(inactiveForDays: $days) { rows {
    integration { label organizationId } product { key name resourceId siteUrl isSandbox }
    purchased purchasedSource used active inactive neverUsed unknown needed reclaimable robots protected
    newcomers suspended countedByAtlassian available utilization unitPrice currency monthlyCost
    monthlyWaste savingEffectiveOn notes freshness { isStale fetchedAt } } } }";

fn number(row: &Value, name: &str) -> Option<u64> {
    row[name].as_u64()
}

/// GraphQL tells money as text with its zeros.
fn is_same_money(text: &Value, number: &Value) -> bool {
    match (text.as_str(), number) {
        (None, Value::Null) => true,
        (Some(text), Value::Number(number)) => text.parse::<f64>().ok() == number.as_f64(),
        _ => false,
    }
}

#[tokio::test]
async fn a_row_of_license_usage_is_the_row_of_graphql_for_any_number_of_days() {
    let setup = Setup { file: Some(PRICES.to_owned()), ..Setup::of(200) };
    let gateway = setup.start().await;
    let reader = gateway.reader();
    for days in [0, 30, 90, 3_650] {
        let answer = reader.ask_with(USAGE, json!({"days": days})).await;
        let told = answer.list("/licenseUsage/rows");
        let found = rows(&reader, &format!("license_usage?inactive_for_days={days}")).await;
        assert_eq!(found.len(), told.len());
        for row in &found {
            let same = told.iter().find(|one| one["product"]["resourceId"] == row["resource_id"]);
            let same = same.expect("GraphQL has it");
            for (column, pointer) in MEMBERS {
                let expected = same.pointer(pointer).expect("it was asked for");
                let (text, is_instant) = (row[column].as_str(), column == "as_of");
                let instant = |text: Option<&str>| text?.parse::<jiff::Timestamp>().ok();
                let is_same = if is_instant {
                    let (a, b) = (instant(text), instant(expected.as_str()));
                    a.zip(b).is_some_and(|(a, b)| a.duration_since(b).as_millis().abs() < 1)
                } else if expected.is_f64() {
                    row[column].as_f64() == expected.as_f64()
                } else {
                    row[column] == *expected
                };
                assert!(is_same, "{column}: {} is not {expected}", row[column]);
            }
            for (column, member) in [
                ("unit_price", "unitPrice"),
                ("monthly_cost", "monthlyCost"),
                ("monthly_waste", "monthlyWaste"),
            ] {
                assert!(is_same_money(&same[member], &row[column]), "{column}: {row} {same}");
            }
            let source = same["purchasedSource"].as_str().expect("a source").to_lowercase();
            assert_eq!(row["purchased_source"], source);
            let notes = same["notes"].as_array().expect("notes").iter().filter_map(Value::as_str);
            let notes = notes.collect::<Vec<_>>().join(" ");
            assert_eq!(row["notes"].as_str().unwrap_or_default(), notes);
            assert_eq!(row["inactive_for_days"], days);
        }
        let priced = found.iter().filter(|row| row["monthly_cost"].is_number()).count();
        assert!(priced >= 2, "{priced}");
    }
    let usual = rows(&reader, "license_usage").await;
    assert!(usual.iter().all(|row| row["inactive_for_days"] == 90));
    for (table, value) in [
        ("license_usage", "-1"),
        ("license_usage", "3651"),
        ("product_access", "ninety"),
        ("license_history", "30"),
        ("users", "30"),
    ] {
        let path = with(&format!("/feeds/{table}.csv"), &[("inactive_for_days", value)]);
        let answer = reader.get(&path).await;
        assert_eq!((answer.status, problem(&answer)), (400, "BAD_USER_INPUT"), "{path}");
    }
}

#[tokio::test]
async fn everybodys_seats_add_up_to_the_figures_of_each_product() {
    let gateway = TestGateway::start(300).await;
    let reader = gateway.reader();
    for days in [30, 90] {
        let access = rows(&reader, &format!("product_access?inactive_for_days={days}")).await;
        let mut counted: BTreeMap<(String, &str), u64> = BTreeMap::new();
        for row in &access {
            let of = row["resource_id"].as_str().expect("an id");
            let mut count = |what| *counted.entry((of.to_owned(), what)).or_default() += 1;
            assert_eq!(row["usage"].is_null(), row["holds_seat"] == false, "{row}");
            if row["holds_seat"] == true {
                assert_eq!(row["status"], "active", "{row}");
                count("used");
                count(row["usage"].as_str().expect("a word"));
                if row["is_reclaimable"] == true {
                    count("reclaimable");
                }
            }
        }
        let usage = rows(&reader, &format!("license_usage?inactive_for_days={days}")).await;
        let mut compared = 0;
        for row in &usage {
            let of = row["resource_id"].as_str().expect("an id");
            for what in ["used", "active", "inactive", "never_used", "unknown", "reclaimable"] {
                let Some(expected) = number(row, what) else { continue };
                let words = if what == "unknown" { "unknown" } else { what };
                let found = counted.get(&(of.to_owned(), words)).copied().unwrap_or_default();
                assert_eq!(found, expected, "{what} of {row}");
                compared += 1;
            }
        }
        assert!(compared >= 80, "{compared}");
    }
    let reclaimable = rows(&reader, "product_access?is_reclaimable=true&usage=inactive").await;
    assert!(!reclaimable.is_empty());
    assert!(reclaimable.iter().all(|row| row["holds_seat"] == true && row["is_robot"] == false));
    let access = rows(&reader, "product_access").await;
    let granted: Vec<&str> = access.iter().filter_map(|row| row["granted_by"].as_str()).collect();
    let groups = column(&rows(&reader, "groups").await, "name");
    assert!(granted.iter().any(|names| names.contains("; ")), "somebody has it twice");
    for name in granted.iter().flat_map(|names| names.split("; ")) {
        assert!(groups.iter().any(|known| known == name), "{name}");
    }
}

#[tokio::test]
async fn two_integrations_of_one_organization_give_each_product_once() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader();
    let before = rows(&reader, "license_usage").await;
    let sites = gateway.atlassian.site_urls(0);
    let admin_url = sites[1].clone();
    let second = Connection { admin_url, ..gateway.atlassian.connections()[0].clone() };
    let create = "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
        integration { id } userErrors { code } } }";
    let input = json!({"input": {"label": "the same", "credentials": credentials(&second)}});
    let created = gateway.caller(EVERYTHING).ask_with(create, input).await;
    assert!(created.good("/createIntegration/integration/id").is_string(), "{}", created.text);

    let usage = rows(&reader, "license_usage").await;
    let sorted = |rows: &[Value]| {
        let mut ids = column(rows, "resource_id");
        ids.sort();
        ids
    };
    assert_eq!(sorted(&usage), sorted(&before));
    let answer = reader.ask(USAGE).await;
    for row in answer.list("/licenseUsage/rows") {
        let same = usage.iter().find(|one| one["resource_id"] == row["product"]["resourceId"]);
        let same = same.expect("the feed has it");
        assert_eq!(same["integration_label"], row["integration"]["label"]);
        assert_eq!(same["used"], row["used"]);
    }
    let labels = column(&usage, "integration_label");
    assert!(labels.iter().any(|label| label == "the same"), "its own site's products are its rows");
    let page = reader.get("/odata/v4/license_usage/$count").await;
    assert_eq!(page.text, usage.len().to_string());
}

#[tokio::test]
async fn history_is_what_was_kept_and_costs_nothing() {
    let gateway = TestGateway::start(60).await;
    let reader = gateway.reader();
    let path = "/feeds/license_history.csv";
    let empty = reader.get(path).await;
    assert_eq!(empty.text.lines().count(), 1, "{}", empty.text);
    fill(&gateway).await;
    let usage = rows(&reader, "license_usage").await;
    let (history, calls) = gateway.counted(rows(&reader, "license_history")).await;
    assert_eq!(calls.total(), 0, "{calls:?}");
    assert_eq!(history.len(), usage.len());
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for row in &history {
        assert_eq!(row["date"], today.to_string());
        let same = usage.iter().find(|one| one["resource_id"] == row["resource_id"]);
        let same = same.expect("every product is kept");
        // A deletion was made since; it takes a seat away at most.
        let (was, is) = (number(row, "used"), number(same, "used"));
        assert!(was >= is && was.zip(is).is_none_or(|(was, is)| was - is <= 2), "{row} {same}");
        for name in
            ["product_key", "product", "site_url", "is_sandbox", "purchased", "inactive_for_days"]
        {
            assert_eq!(row[name], same[name], "{name}");
        }
    }
    let (day, next) = (today.to_string(), today.tomorrow().expect("a day").to_string());
    for (from, to, expected) in [
        (day.as_str(), next.as_str(), history.len()),
        (day.as_str(), day.as_str(), 0),
        (next.as_str(), "9999-01-01", 0),
        ("2020-01-01", day.as_str(), 0),
    ] {
        let text = reader.get(&with(path, &[("from", from), ("to", to)])).await.text;
        assert_eq!(text.lines().count(), 1 + expected, "{from} to {to}");
        assert_eq!(text.lines().next(), empty.text.lines().next());
    }
    let answer = reader.get(&with(path, &[("from", next.as_str()), ("to", day.as_str())])).await;
    assert_eq!((answer.status, problem(&answer)), (400, "BAD_USER_INPUT"));
}

#[tokio::test]
async fn while_an_organization_is_read_for_the_first_time_seats_say_how_far_it_is() {
    let gateway = Setup::of(250).with("FEEDS__WAIT", "50ms").start().await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 300 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    for path in ["/feeds/license_usage.csv", "/feeds/product_access.ndjson"] {
        let answer = gateway.reader().get(path).await;
        assert_eq!((answer.status, problem(&answer)), (503, "SCAN_RUNNING"), "{path}");
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1), "{path}");
        let progress = &answer.body["organizations"][0]["progress"];
        assert!(progress["read"].is_u64() && progress["expected"].is_u64(), "{progress}");
    }
    // What is read beside the people takes its time too, and goes on while nobody waits.
    gateway.atlassian.clear_faults();
    let slow = Fault::new(FaultKind::Latency { milliseconds: 100 });
    gateway.atlassian.add_fault(slow.on("GET", "groups/{groupId}/role-assignments"));
    let (mut tries, mut waited) = (0, false);
    loop {
        let answer = gateway.reader().get("/feeds/license_usage.csv").await;
        if answer.status == 200 {
            break;
        }
        waited |= problem(&answer) == "SCAN_RUNNING";
        tries += 1;
        assert!(tries < 400, "{}", answer.text);
    }
    assert!(waited);
    let calls = gateway.atlassian.requests();
    let workspaces = calls.of("POST", "/admin/v2/orgs/{orgId}/workspaces");
    assert_eq!(workspaces, 2, "one reading an organization: {calls:?}");
}
