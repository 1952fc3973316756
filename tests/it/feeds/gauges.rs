//! Licence figures on `/metrics`: what is at hand, never a wait for Atlassian, nothing left of what is gone.

use std::collections::{BTreeMap, BTreeSet};

use headcount::demo::{Fault, FaultKind};
use jiff::ToSpan;
use serde_json::{Value, json};

use super::rows;
use crate::support::{EVERYTHING, Setup, TestGateway};

/// Labels and value of each series of a metric.
type Series = Vec<(BTreeMap<String, String>, f64)>;

async fn scrape(gateway: &TestGateway) -> String {
    let answer = gateway.reader().get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// No label of these holds a quote or a comma.
fn series(text: &str, name: &str) -> Series {
    let of = |line: &str| {
        let rest = line.strip_prefix(name)?.strip_prefix('{')?;
        let (labels, value) = rest.split_once("} ")?;
        let label = |pair: &str| {
            let (name, value) = pair.split_once("=\"").expect("a label");
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        };
        Some((labels.split("\",").map(label).collect(), value.parse().expect("a number")))
    };
    text.lines().filter_map(of).collect()
}

fn quiet(people: usize) -> Setup {
    Setup::of(people).with("LICENSES__METRICS_REFRESH", "0s")
}

const STATES: [&str; 9] = [
    "purchased",
    "used",
    "active",
    "inactive",
    "never_used",
    "unknown",
    "needed",
    "reclaimable",
    "available",
];

#[track_caller]
fn are_same(text: &str, usage: &[Value]) {
    let seats = series(text, "headcount_license_seats");
    let mut expected = 0;
    for row in usage {
        for state in STATES {
            let found: Vec<f64> = seats
                .iter()
                .filter(|(of, _)| {
                    row["resource_id"] == of["resource_id"].as_str()
                        && row["integration_id"] == of["integration"].as_str()
                        && of["state"] == state
                })
                .map(|(_, value)| *value)
                .collect();
            let figure: Vec<f64> = row[state].as_f64().into_iter().collect();
            assert_eq!(found, figure, "{state} of {row}");
            expected += figure.len();
        }
    }
    assert_eq!(seats.len(), expected, "no series beside them");
    assert!(expected > 100, "{expected}");
}

#[tokio::test]
async fn the_gauges_are_the_figures_in_memory_and_cost_no_call() {
    let gateway = quiet(100).start().await;
    let (text, calls) = gateway.counted(scrape(&gateway)).await;
    assert_eq!(calls.total(), 0, "{calls:?}");
    assert!(series(&text, "headcount_license_seats").is_empty(), "nothing is known yet");
    assert!(series(&text, "headcount_license_data_age_seconds").is_empty());
    assert_eq!(series(&text, "headcount_license_scan_running").len(), 2);

    let usage = rows(&gateway.reader(), "license_usage").await;
    let (text, calls) = gateway.counted(scrape(&gateway)).await;
    assert_eq!(calls.total(), 0, "{calls:?}");
    are_same(&text, &usage);
    let seats = series(&text, "headcount_license_seats");
    let sandboxes = seats.iter().filter(|(of, _)| of["sandbox"] == "true").count();
    assert!(sandboxes > 0 && sandboxes < seats.len() / 2);
    let ages = series(&text, "headcount_license_data_age_seconds");
    assert!(ages.len() == 2 && ages.iter().all(|(_, age)| (0.0..600.0).contains(age)), "{ages:?}");
    for (of, _) in &ages {
        let names: Vec<&str> = of.keys().map(String::as_str).collect();
        assert_eq!(names, ["integration", "integration_label"]);
    }
    let of_names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let unique: BTreeSet<&str> =
        of_names.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(unique.len(), of_names.len(), "each is described once: {of_names:?}");
    assert!(!text.contains('@'), "no address is among it");
}

#[tokio::test]
async fn without_figures_in_memory_those_of_the_last_day_stand_in() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setup = Setup { folder: Some(folder.path().into()), ..quiet(60) };
    let gateway = setup.clone().start().await;
    let admin = gateway.caller(EVERYTHING);
    admin.ask("mutation { takeLicenseSnapshot { snapshots { used } } }").await;
    let usage = rows(&gateway.reader(), "license_usage").await;
    let atlassian = std::sync::Arc::clone(&gateway.atlassian);
    gateway.stop().await;
    let gateway = setup.start_before(&atlassian).await;
    let (text, calls) = gateway.counted(scrape(&gateway)).await;
    assert_eq!(calls.total(), 0, "{calls:?}");
    are_same(&text, &usage);
    assert_eq!(series(&text, "headcount_license_data_age_seconds").len(), 2);
}

#[tokio::test]
async fn old_figures_are_read_anew_behind_a_scrape_and_once_at_a_time() {
    let gateway = TestGateway::start(60).await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 200 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let first = scrape(&gateway).await;
    assert!(series(&first, "headcount_license_seats").is_empty(), "a scrape does not wait");
    let mut scrapes = 0;
    let text = loop {
        let text = scrape(&gateway).await;
        scrapes += 1;
        if series(&text, "headcount_license_data_age_seconds").len() == 2 {
            break text;
        }
        assert!(scrapes < 4_000, "nothing was read");
    };
    gateway.atlassian.clear_faults();
    let (usage, calls) = gateway.counted(rows(&gateway.reader(), "license_usage")).await;
    assert_eq!(calls.total(), 0, "the reading is everybody's: {calls:?}");
    are_same(&text, &usage);
}

#[tokio::test]
async fn an_integration_that_cannot_be_read_is_not_asked_by_every_scrape() {
    let gateway = Setup::of(30).impatient().start().await;
    let kind = FaultKind::BearerChallenge;
    gateway.atlassian.add_fault(Fault::new(kind));
    let fifty = async {
        for _ in 0..50 {
            scrape(&gateway).await;
        }
    };
    let ((), calls) = gateway.counted(fifty).await;
    assert!(calls.total() < 40, "{calls:?}");
}

#[tokio::test]
async fn an_integration_that_is_gone_has_no_series_and_a_key_has_its_last_day() {
    let gateway = quiet(40).start().await;
    let admin = gateway.caller(EVERYTHING);
    let update =
        "mutation($id: ID!, $key: Date!, $token: Date!) { updateIntegration(input: {id: $id,
        apiKeyExpiresOn: $key, apiTokenExpiresOn: $token}) { userErrors { code message } } }";
    let today = crate::support::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (key, token) = (today + 20.days(), today + 30.days());
    let input = json!({
        "id": gateway.integration(0), "key": key.to_string(), "token": token.to_string(),
    });
    let answer = admin.ask_with(update, input).await;
    assert_eq!(answer.good("/updateIntegration/userErrors"), &json!([]));
    rows(&gateway.reader(), "license_usage").await;
    let text = scrape(&gateway).await;
    let expiries = series(&text, "headcount_api_key_expiry_seconds");
    assert_eq!(expiries.len(), 2);
    let now = crate::support::now();
    for (of, left) in &expiries {
        let last = match of["kind"].as_str() {
            "organization_api_key" => key,
            "api_token" => token,
            other => panic!("{other}"),
        };
        let end = (last + 1.day()).to_zoned(jiff::tz::TimeZone::UTC).expect("a day").timestamp();
        assert!((end.duration_since(now).as_secs_f64() - left).abs() < 120.0, "{of:?} {left}");
    }
    let delete =
        "mutation($id: ID!) { deleteIntegration(input: {id: $id}) { userErrors { code } } }";
    let answer = admin.ask_with(delete, json!({"id": gateway.integration(0)})).await;
    assert_eq!(answer.good("/deleteIntegration/userErrors"), &json!([]));
    let text = scrape(&gateway).await;
    let left = rows(&gateway.reader(), "integrations").await;
    assert_eq!(left.len(), 1);
    for name in ["headcount_license_seats", "headcount_license_data_age_seconds"] {
        let series = series(&text, name);
        assert!(!series.is_empty(), "{name}");
        let is_its =
            |of: &BTreeMap<String, String>| left[0]["integration_id"] == of["integration"].as_str();
        assert!(series.iter().all(|(of, _)| is_its(of)), "{name}");
    }
    assert!(series(&text, "headcount_api_key_expiry_seconds").is_empty());
}
