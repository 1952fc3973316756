//! The figures of each product, their sums, and what they cost.

use std::collections::{BTreeMap, BTreeSet};

use headcount::demo::{Fault, FaultKind, RequestCounts};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{FIGURES, figures, number};
use crate::support::{Answer, READ, SEARCH, Setup, TestGateway, listed};

const COUNT: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count";
const GROUP_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments";

#[tokio::test]
async fn the_seats_are_those_that_atlassian_counts_and_their_parts_make_the_whole() {
    let gateway = TestGateway::start(300).await;
    for organization in 0..2 {
        for days in [0, 30, 90, 3_650] {
            let answer = figures(&gateway, organization, days).await;
            for row in answer.list("/licenseUsage/rows") {
                let of = |member| number(row, member);
                assert_eq!(
                    of("active") + of("inactive") + of("neverUsed") + of("unknown"),
                    of("used")
                );
                assert_eq!(of("needed") + of("reclaimable"), of("used"), "{row}");
                if row["product"]["isSandbox"] == json!(false) {
                    let is_told = row["notes"].to_string().contains("who hold a seat");
                    let is_same = row["countedByAtlassian"] == row["used"];
                    // In the second organization somebody is suspended in one of two directories.
                    assert!(is_same != is_told && (is_same || organization == 1), "{row}");
                }
                if let Some(purchased) = row["purchased"].as_u64() {
                    assert_eq!(of("available"), purchased.saturating_sub(of("used")));
                }
            }
        }
    }
    let few = figures(&gateway, 0, 30).await;
    let many = figures(&gateway, 0, 365).await;
    let idle = |answer: &Answer| number(answer.at("/licenseUsage/totals/0"), "reclaimable");
    assert!(idle(&few) > idle(&many), "more days, fewer idle");
}

/// Of the feed of everybody's access: a seat that is paid for.
fn is_seat(row: &Value) -> bool {
    row["holds_seat"] == json!(true) && row["is_sandbox"] == json!(false)
}

#[tokio::test]
async fn sandboxes_have_rows_and_stay_out_of_the_sums() {
    let gateway = TestGateway::start(200).await;
    let answer = figures(&gateway, 0, 90).await;
    let rows = answer.list("/licenseUsage/rows");
    let (sandboxes, others): (Vec<&Value>, Vec<&Value>) =
        rows.iter().partition(|row| row["product"]["isSandbox"] == json!(true));
    assert_eq!((sandboxes.len(), others.len()), (2, 10));
    let used: u64 = others.iter().map(|row| number(row, "used")).sum();
    let total = answer.at("/licenseUsage/totals/0");
    assert_eq!(number(total, "used"), used);
    assert_eq!(total["purchased"], Value::Null, "one of them is not known");
    let people = answer.at("/licenseUsage/people");
    let everybody = gateway.atlassian.people(0);
    assert_eq!(number(people, "listed"), listed(&everybody, |_| true).len() as u64);
    for (member, status) in [
        ("suspended", "suspended"),
        ("deactivated", "deactivated"),
        ("notInvited", "not_invited"),
        ("forDeletion", "for_deletion"),
    ] {
        let expected = listed(&everybody, |person| person.status == status).len() as u64;
        assert_eq!(number(people, member), expected, "{member}");
    }
    let access = gateway.limited_to(0).get("/feeds/product_access.json").await;
    let seats: Vec<&Value> =
        access.body.as_array().expect("rows").iter().filter(|row| is_seat(row)).collect();
    let holders: BTreeSet<&str> =
        seats.iter().map(|seat| seat["account_id"].as_str().expect("an id")).collect();
    assert_eq!((used, number(total, "people")), (seats.len() as u64, holders.len() as u64));
    assert_eq!(number(people, "withSeat"), number(total, "people"));
    assert!(seats.len() > holders.len(), "people with several products hold several seats");
}

/// Calls beside those for the roles of groups.
fn beside_groups(calls: &RequestCounts) -> u64 {
    calls.total() - calls.of("GET", GROUP_ROLES)
}

#[tokio::test]
async fn a_report_costs_one_scan_and_few_calls_beside_it_and_the_next_one_nothing() {
    for (people, total, of_groups) in [(10, 25, 14), (1_000, 51, 25)] {
        let gateway = TestGateway::start(people).await;
        let (answer, calls) = gateway.counted(figures(&gateway, 0, 90)).await;
        answer.good("/licenseUsage/rows");
        assert_eq!((calls.total(), calls.of("GET", GROUP_ROLES)), (total, of_groups), "{calls:?}");
        assert_eq!(
            calls.of("GET", COUNT),
            7,
            "one for the scan, and one a product that nobody counts"
        );
        let (answer, calls) = gateway.counted(figures(&gateway, 0, 30)).await;
        answer.good("/licenseUsage/rows");
        assert_eq!(calls.total(), 0, "another number of days is only counted again: {calls:?}");
    }
}

#[tokio::test]
#[ignore = "a hundred thousand people take minutes without optimisation"]
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
async fn a_hundred_thousand_people_cost_a_thousand_searches() {
    let gateway = Setup::of(100_000)
        .with("CACHE__SCAN_SPLIT_ABOVE", "1000000")
        .with("CACHE__SCAN_WAIT", "40m")
        .with("HTTP__QUERY_TIMEOUT", "1h")
        .start()
        .await;
    let (answer, calls) = gateway.counted(figures(&gateway, 0, 90)).await;
    answer.good("/licenseUsage/rows");
    println!("{} calls: {calls:?}", calls.total());
    let scan = (listed(&gateway.atlassian.people(0), |_| true).len() as u64).div_ceil(100);
    assert_eq!(calls.of("POST", SEARCH), scan);
    assert!(beside_groups(&calls) <= scan + 12, "{calls:?}");
}

#[tokio::test]
async fn a_scan_past_its_time_stands_in_as_stale_while_a_new_one_runs() {
    let gateway = Setup::of(60).with("CACHE__SCAN", "400ms").start().await;
    let first = figures(&gateway, 0, 90).await;
    let fetched_at = first.good("/licenseUsage/freshness/fetchedAt").clone();
    let slow = Fault::new(FaultKind::Latency { milliseconds: 300 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let (mut was_stale, mut is_new) = (false, false);
    for _ in 0..2_000 {
        let answer = figures(&gateway, 0, 90).await;
        let freshness = answer.good("/licenseUsage/freshness");
        let is_stale = freshness["isStale"] == json!(true);
        was_stale |= is_stale && freshness["fetchedAt"] == fetched_at;
        if was_stale && freshness["fetchedAt"] != fetched_at {
            is_new = true;
            break;
        }
    }
    assert!(was_stale && is_new, "stale: {was_stale}, new: {is_new}");
    // Whoever insists on a fresh answer waits for it.
    let variables = json!({"in": [gateway.integration(0)]});
    let insisting = gateway.reader().with("cache-control", "no-cache");
    let answer = insisting.ask_with(FIGURES, variables).await;
    assert_eq!(answer.good("/licenseUsage/freshness/isStale"), &json!(false));
}

#[tokio::test]
async fn the_first_question_is_told_when_to_come_back() {
    let gateway = Setup::of(120).with("CACHE__SCAN_WAIT", "20ms").start().await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 400 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let answer = gateway
        .ask(READ, "{ licenseUsage { rows { used } unavailable { code retryAfterSeconds } } }")
        .await;
    let unavailable = answer.list("/licenseUsage/unavailable");
    assert_eq!(unavailable.len(), 2);
    for one in unavailable {
        assert_eq!(one["code"], "SCAN_RUNNING");
        assert!(number(one, "retryAfterSeconds") >= 1, "{one}");
    }
    let answer = gateway.ask(READ, "{ integrations { nodes { licenseUsage { used } } } }").await;
    assert_eq!(answer.codes(), ["SCAN_RUNNING", "SCAN_RUNNING"]);
}

#[tokio::test]
async fn one_organizations_trouble_stays_with_that_organization() {
    let gateway = TestGateway::start(60).await;
    let organization = &gateway.atlassian.connections()[1].organization_id;
    let refused = FaultKind::Status {
        status: 403,
        headers: BTreeMap::new(),
        body: Some(r#"{"errors":[{"code":"ADMIN-403-3"}]}"#.to_owned()),
        content_type: None,
    };
    gateway
        .atlassian
        .add_fault(Fault::new(refused.clone()).on("POST", "workspaces").of(organization));
    let answer = gateway.reader().ask(FIGURES).await;
    assert_eq!(answer.list("/licenseUsage/rows").len(), 12);
    let unavailable = answer.list("/licenseUsage/unavailable");
    assert_eq!(unavailable.len(), 1);
    assert_eq!(unavailable[0]["integration"]["id"], json!(gateway.integration(1)));
    assert_eq!(unavailable[0]["code"], "UPSTREAM_FORBIDDEN");
}

#[tokio::test]
async fn without_jiras_own_count_the_list_of_products_stands_in_and_a_note_says_so() {
    let gateway = TestGateway::start(60).await;
    let refused = FaultKind::Status {
        status: 403,
        headers: BTreeMap::new(),
        body: Some(r#"{"errorMessages":["no"]}"#.to_owned()),
        content_type: None,
    };
    gateway.atlassian.add_fault(Fault::new(refused).on("GET", "applicationrole"));
    let answer = figures(&gateway, 0, 90).await;
    let jira = &answer.list("/licenseUsage/rows")[0];
    assert_eq!(jira["purchasedSource"], "UPSTREAM");
    assert!(jira["notes"].to_string().contains("may not administer Jira"), "{jira}");
    assert_eq!(jira["countedByAtlassian"], jira["used"]);
}

#[tokio::test]
async fn prices_make_money_and_without_one_there_is_none() {
    let file = "[[prices]]\nproduct = \"confluence\"\ncurrency = \"EUR\"\nseat_price = \"5.50\"\nbilling_day = 15\n\
        [[prices]]\nproduct = \"jira-software\"\ncurrency = \"USD\"\ntier_prices = \"graduated\"\n\
        tiers = [{ up_to = 10, price = \"8\" }, { price = \"7.75\" }]\n\
        [licenses]\nseats = [{ product = \"trello\", seats = 500 }]\n";
    let setup = Setup { file: Some(file.to_owned()), ..Setup::of(100) };
    let gateway = setup.start().await;
    let answer = figures(&gateway, 0, 90).await;
    let decimal = |text: &str| text.parse::<Decimal>().expect("a decimal");
    let mut euros = (Decimal::ZERO, Decimal::ZERO);
    for row in answer.list("/licenseUsage/rows") {
        let key = row["product"]["key"].as_str().expect("a key");
        if row["product"]["isSandbox"] == json!(true)
            || !["confluence", "jira-software"].contains(&key)
        {
            assert_eq!((&row["currency"], &row["monthlyCost"]), (&Value::Null, &Value::Null));
            continue;
        }
        let (used, needed) = (number(row, "used"), number(row, "needed"));
        let bill = |seats: u64| {
            if key == "confluence" {
                return Decimal::from(seats) * decimal("5.50");
            }
            let (first, beyond) = (seats.min(10), seats.saturating_sub(10));
            Decimal::from(first) * decimal("8.00") + Decimal::from(beyond) * decimal("7.75")
        };
        let waste = bill(used) - bill(needed);
        assert_eq!(row["monthlyCost"], json!(format!("{:.2}", bill(used))), "{row}");
        assert_eq!(row["monthlyWaste"], json!(format!("{waste:.2}")), "{row}");
        assert_eq!(row["unitPrice"].is_null(), key != "confluence", "{row}");
        if key == "confluence" {
            assert_eq!(row["unitPrice"], "5.5");
            let day = row["savingEffectiveOn"].as_str().expect("a day");
            assert!(day.ends_with("-15"), "{row}");
            euros = (euros.0 + bill(used), euros.1 + waste);
        } else {
            assert_eq!(row["savingEffectiveOn"], Value::Null, "nobody said when it is billed");
        }
    }
    let totals = answer.list("/licenseUsage/totals");
    let currencies: Vec<&Value> = totals.iter().map(|total| &total["currency"]).collect();
    assert_eq!(currencies, [&json!("EUR"), &json!("USD"), &Value::Null]);
    assert_eq!(totals[0]["monthlyCost"], json!(format!("{:.2}", euros.0)));
    assert_eq!(totals[0]["monthlyWaste"], json!(format!("{:.2}", euros.1)));
    let trello =
        answer.list("/licenseUsage/rows").iter().find(|row| row["product"]["key"] == "trello");
    let trello = trello.expect("there is Trello");
    assert_eq!(
        (&trello["purchased"], &trello["purchasedSource"]),
        (&json!(500), &json!("CONFIGURED"))
    );
}
