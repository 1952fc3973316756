//! Never used, no access and unknown are different answers; the days are the caller's.

use std::collections::HashMap;

use headcount::demo::{Fault, FaultKind, PersonSummary};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{READ, TestGateway, is_listed, now};

const ROWS: &str = "query($in: [ID!]) { users(first: 100, integrations: $in) { nodes {
    accountId lastActiveAt membershipStatus
    usage wide: usage(inactiveForDays: 3650) narrow: usage(inactiveForDays: 0)
    productAccess { lastActiveAt usage product { resourceId } }
    roles { product { resourceId } } } } }";

#[tokio::test]
async fn usage_follows_the_last_visit_and_tells_never_used_from_no_access() {
    let gateway = TestGateway::start(90).await;
    let answer = gateway.reader().ask_with(ROWS, json!({"in": [gateway.integration(0)]})).await;
    let rows = answer.list("/users/nodes");
    let people = gateway.atlassian.people(0);
    let of = |row: &Value| {
        let found = people.iter().find(|person| row["accountId"] == person.account_id.as_str());
        found.expect("the simulator knows everybody")
    };
    let mut met: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let (person, usage) = (of(row), row["usage"].as_str().expect("usage is told"));
        assert_eq!(usage, expected(person, row), "{} is {}", person.account_id, person.status);
        *met.entry(usage.to_owned()).or_default() += 1;
        let is_idle = matches!(usage, "NEVER_USED" | "NO_ACCESS");
        assert_eq!(row["lastActiveAt"].is_null(), is_idle, "{row}");
        if !is_idle {
            assert_eq!((&row["wide"], &row["narrow"]), (&json!("ACTIVE"), &json!("INACTIVE")));
        }
    }
    for usage in ["ACTIVE", "INACTIVE", "NEVER_USED", "NO_ACCESS"] {
        assert!(met.contains_key(usage), "nobody is {usage}: {met:?}");
    }
}

// Whose account waits for its deletion has no access left, and Atlassian tells nothing of earlier visits.
fn expected(person: &PersonSummary, row: &Value) -> &'static str {
    let has_role = row["roles"]
        .as_array()
        .is_some_and(|roles| roles.iter().any(|role| !role["product"].is_null()));
    match person.last_active.filter(|_| person.status != "for_deletion") {
        Some(at) if at >= now() - SignedDuration::from_hours(24 * 90) => "ACTIVE",
        Some(_) => "INACTIVE",
        None if person.status == "active" && has_role => "NEVER_USED",
        None => "NO_ACCESS",
    }
}

#[tokio::test]
async fn each_product_has_a_last_visit_and_a_usage_of_its_own() {
    let gateway = TestGateway::start(60).await;
    let answer = gateway.reader().ask_with(ROWS, json!({"in": [gateway.integration(0)]})).await;
    let people = gateway.atlassian.people(0);
    let mut compared = 0;
    for row in answer.list("/users/nodes") {
        let person = people.iter().find(|person| row["accountId"] == person.account_id.as_str());
        let person = person.expect("the simulator knows everybody");
        let access = row["productAccess"].as_array().expect("product access is told");
        if person.status == "for_deletion" {
            assert!(access.is_empty());
            continue;
        }
        assert_eq!(access.len(), person.visits.len(), "{}", person.account_id);
        for (one, (_, at)) in access.iter().zip(&person.visits) {
            let told: jiff::Timestamp =
                one["lastActiveAt"].as_str().expect("a visit").parse().expect("RFC 3339");
            // The simulator cuts fractions of a second, as Atlassian does.
            assert_eq!(told.as_second(), at.as_second());
            let is_recent = *at >= now() - SignedDuration::from_hours(24 * 90);
            assert_eq!(one["usage"], if is_recent { "ACTIVE" } else { "INACTIVE" });
            compared += 1;
        }
    }
    assert!(compared > 50, "only {compared} visits were compared");
}

#[tokio::test]
async fn usage_is_unknown_where_atlassian_does_not_tell_of_products() {
    let gateway = TestGateway::start(20).await;
    let kind = FaultKind::Replace {
        from: "\"productAccess\"".to_owned(),
        to: "\"somethingElse\"".to_owned(),
    };
    gateway.atlassian.add_fault(Fault::new(kind).on("POST", "users/search"));
    let query =
        "{ users(first: 3) { nodes { accountId usage lastActiveAt productAccess { usage } } } }";
    let answer = gateway.ask(READ, query).await;
    for row in answer.list("/users/nodes") {
        assert_eq!(row["usage"], "UNKNOWN");
        assert_eq!((&row["lastActiveAt"], &row["productAccess"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn usage_is_unknown_and_nobody_inactive_where_atlassian_tells_no_activity_of_anybody() {
    let gateway = TestGateway::start(20).await;
    let kind = FaultKind::Replace {
        from: "\"productAccess\":[".to_owned(),
        to: "\"productAccess\":[],\"somethingElse\":[".to_owned(),
    };
    gateway.atlassian.add_fault(Fault::new(kind).on("POST", "users/search"));
    let reader = gateway.limited_to(0);
    let answer = reader.ask("{ users(first: 50) { nodes { accountId usage } } }").await;
    let people = gateway.atlassian.people(0);
    let mut unknown = 0;
    for row in answer.list("/users/nodes") {
        let person = people.iter().find(|person| row["accountId"] == person.account_id.as_str());
        let is_outside =
            person.is_some_and(|person| person.status != "active" || person.visits.is_empty());
        assert!(row["usage"] == "UNKNOWN" || (row["usage"] == "NO_ACCESS" && is_outside), "{row}");
        unknown += u32::from(row["usage"] == "UNKNOWN");
    }
    assert!(unknown > 10, "{unknown}");
    let inactive = "{ users(first: 50, filter: {inactiveForDays: 90}) { nodes { usage } } }";
    for row in reader.ask(inactive).await.list("/users/nodes") {
        assert_eq!(row["usage"], "NO_ACCESS", "what is not known is not claimed");
    }
}

#[tokio::test]
async fn numbers_of_days_that_make_no_sense_are_refused() {
    let gateway = TestGateway::start(10).await;
    let person = gateway.atlassian.people(0).into_iter().find(is_listed).expect("somebody");
    for days in [-1, 3_651, i32::MAX] {
        let query = "query($in: ID!, $id: String!, $days: Int) {
            user(integration: $in, accountId: $id) { usage(inactiveForDays: $days) } }";
        let variables =
            json!({"in": gateway.integration(0), "id": person.account_id, "days": days});
        let answer = gateway.reader().ask_with(query, variables).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{days}");

        let query = "query($days: Int) {
            users(filter: {inactiveForDays: $days}) { nodes { accountId } } }";
        let ask = gateway.reader().ask_with(query, json!({"days": days})).await;
        assert_eq!(ask.codes(), ["BAD_USER_INPUT"], "{days}");
    }
}
