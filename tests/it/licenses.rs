//! Seats paid for against seats needed: right beside the simulator's own data, cheap, and honest about what is missing.

use std::collections::BTreeMap;

use headcount::{
    auth::Permission,
    demo::{Fault, FaultKind, RequestCounts},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Answer, READ, SEARCH, Setup, TestGateway, listed, now};

const COUNT: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count";
const GROUP_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments";
const USER_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/role-assignments";

const FIGURES: &str = "query($days: Int, $in: [ID!]) {
    licenseUsage(inactiveForDays: $days, integrations: $in) {
        rows { product { key resourceId isSandbox } purchased purchasedSource
            used active inactive neverUsed unknown needed reclaimable suspended
            countedByAtlassian available utilization
            unitPrice currency monthlyCost monthlyWaste savingEffectiveOn notes
            freshness { isStale } }
        totals { currency people purchased used needed reclaimable monthlyCost monthlyWaste }
        people { listed withSeat suspended deactivated notInvited forDeletion }
        unavailable { integration { id } code message retryAfterSeconds }
        freshness { isStale fetchedAt } } }";

/// What no answer may take beside the scan and the roles of groups, for the first organization.
const BESIDE: u64 = 26;

async fn figures(gateway: &TestGateway, organization: usize, days: u32) -> Answer {
    let variables = json!({"days": days, "in": [gateway.integration(organization)]});
    gateway.reader().ask_with(FIGURES, variables).await
}

fn number(row: &Value, member: &str) -> u64 {
    row[member].as_u64().unwrap_or_else(|| panic!("no number `{member}` in {row}"))
}

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
    assert!(number(total, "people") <= number(people, "listed"));
    assert!(used > number(total, "people"), "people with several products hold several seats");
}

/// Calls beside those for the roles of groups.
fn beside_groups(calls: &RequestCounts) -> u64 {
    calls.total() - calls.of("GET", GROUP_ROLES)
}

#[tokio::test]
async fn a_report_costs_one_scan_and_few_calls_beside_it_and_the_next_one_nothing() {
    for (people, most) in [(10, 14), (1_000, BESIDE)] {
        let gateway = TestGateway::start(people).await;
        let (answer, calls) = gateway.counted(figures(&gateway, 0, 90)).await;
        answer.good("/licenseUsage/rows");
        assert_eq!(
            calls.of("GET", COUNT),
            7,
            "one for the scan, and one a product that nobody counts"
        );
        assert!(calls.of("GET", GROUP_ROLES) <= 28, "{calls:?}");
        assert!(beside_groups(&calls) <= most, "{calls:?}");
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

const CANDIDATES: &str = "query($in: [ID!], $first: Int, $after: String) {
    licenseUsage(integrations: $in) { rows { reclaimable product { resourceId }
        reclaimCandidates(first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor }
            edges { cursor node { lastActiveAt reason reasonCode remedy
                user { accountId name addedToOrgAt }
                grantedBy { source role { key } product { resourceId }
                    groups { name isDefaultAccess isExternallySynced } } } } } } } }";

#[tokio::test]
async fn the_reclaim_list_names_person_reason_and_what_grants_the_seat() {
    let gateway = TestGateway::start(150).await;
    let reader = gateway.reader();
    let variables = json!({"in": [gateway.integration(0)], "first": 100});
    let (answer, calls) = gateway.counted(reader.ask_with(CANDIDATES, variables)).await;
    let mut unexplained = 0;
    for row in answer.list("/licenseUsage/rows") {
        let edges = row["reclaimCandidates"]["edges"].as_array().expect("edges");
        assert_eq!(edges.len() as u64, number(row, "reclaimable"));
        assert_eq!(row["reclaimCandidates"]["totalCount"], row["reclaimable"]);
        let mut since: Vec<&str> = Vec::new();
        for node in edges.iter().map(|edge| &edge["node"]) {
            let last = node["lastActiveAt"].as_str();
            assert_eq!(node["reasonCode"], if last.is_some() { "INACTIVE" } else { "NEVER_USED" });
            since.push(last.or(node["user"]["addedToOrgAt"].as_str()).expect("an instant"));
            let granted = node["grantedBy"].as_array().expect("what grants it");
            assert!(!granted.is_empty(), "{node}");
            for one in granted {
                assert_eq!(one["product"]["resourceId"], row["product"]["resourceId"], "{node}");
                if one["source"] == "GROUP" {
                    let groups = one["groups"].as_array().expect("groups");
                    let remedy = node["remedy"].as_str().expect("a remedy");
                    for group in groups {
                        assert!(remedy.contains(group["name"].as_str().expect("a name")), "{node}");
                    }
                }
            }
            unexplained +=
                u64::from(node["remedy"].as_str().is_some_and(|text| text.starts_with("Revoke")));
        }
        let instants =
            since.iter().map(|text| text.parse::<jiff::Timestamp>().expect("an instant"));
        assert!(instants.collect::<Vec<_>>().is_sorted(), "the longest idle first: {since:?}");
    }
    assert!(calls.of("GET", USER_ROLES) <= unexplained, "only whom no group explains: {calls:?}");
}

#[tokio::test]
async fn the_reclaim_list_is_paged_and_a_cursor_is_good_for_its_list_alone() {
    let gateway = TestGateway::start(300).await;
    let reader = gateway.reader();
    let query = "query($in: [ID!], $after: String, $days: Int) {
        licenseUsage(integrations: $in, inactiveForDays: $days) { rows { reclaimable
            reclaimCandidates(first: 7, after: $after) {
                edges { cursor node { user { accountId } } } pageInfo { hasNextPage endCursor } } } } }";
    let pointer = "/licenseUsage/rows/0/reclaimCandidates";
    let mut found = Vec::new();
    let mut variables = json!({"in": [gateway.integration(0)], "after": null});
    loop {
        let answer = reader.ask_with(query, variables.clone()).await;
        let edges = answer.at(pointer)["edges"].as_array().expect("edges").clone();
        found.extend(edges.iter().map(|edge| edge["node"]["user"]["accountId"].to_string()));
        let info = &answer.at(pointer)["pageInfo"];
        // The cursor of one product's list is none of the others'.
        let strangers = if variables["after"].is_null() { 0 } else { 11 };
        assert_eq!(answer.codes(), vec!["CURSOR_INVALID"; strangers], "{}", answer.text);
        if info["hasNextPage"] == json!(false) {
            assert_eq!(
                found.len() as u64,
                number(answer.at("/licenseUsage/rows/0"), "reclaimable")
            );
            break;
        }
        variables["after"] = info["endCursor"].clone();
    }
    let unique: std::collections::BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), found.len());
    variables["days"] = json!(30);
    let answer = reader.ask_with(query, variables).await;
    assert!(answer.at(pointer).is_null(), "other days, another list");
}

#[tokio::test]
async fn whoever_may_read_licences_alone_sees_figures_and_no_people() {
    let gateway = TestGateway::start(60).await;
    let query = "{ licenseUsage { rows { used reclaimCandidates { nodes { user { email } } } }
        paidTwiceCount paidTwice { productKey users { email } } } }";
    let answer = gateway.ask(&[Permission::ReadLicenses], query).await;
    assert!(answer.at("/licenseUsage/rows/0/used").is_u64());
    assert!(answer.codes().iter().all(|code| *code == "FORBIDDEN") && !answer.codes().is_empty());
    for person in gateway.atlassian.people(0) {
        assert!(person.email.is_none_or(|email| !answer.text.contains(&email)));
    }
    let (answer, calls) = gateway
        .counted(gateway.ask(&[Permission::ReadDirectory], "{ licenseUsage { rows { used } } }"))
        .await;
    assert_eq!((answer.codes(), calls.total()), (vec!["FORBIDDEN"], 0));
}

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
