//! The deletions that were made through this gateway, as a table.

use headcount::{
    auth::{IntegrationScope, MintRequest, mint},
    demo::{Fault, FaultKind},
};
use serde_json::{Value, json};

use super::{delete_somebody, rows, with};
use crate::support::{EVERYTHING, Setup, TestGateway, now};

const DELETIONS: &str = "{ deletions(first: 100) { nodes {
    id accountId scope state requestedBy reason requestedAt purgesAt changedAt } } }";

#[tokio::test]
async fn deletions_are_those_of_graphql_and_are_brought_up_to_date() {
    let gateway = Setup::of(40).with("CHANGES__PERCENT_PER_DAY", 50).start().await;
    let reader = gateway.reader();
    let first = delete_somebody(&gateway, "left the company").await;
    let second = delete_somebody(&gateway, "left too").await;
    let answer = reader.ask(DELETIONS).await;
    let told = answer.list("/deletions/nodes");
    let found = rows(&reader, "deletions").await;
    assert_eq!((found.len(), told.len()), (2, 2));
    for row in &found {
        let same = told.iter().find(|one| one["accountId"] == row["account_id"]);
        let same = same.expect("GraphQL has it");
        assert_eq!((&row["scope"], &row["state"]), (&json!("account"), &json!("scheduled")));
        assert_eq!((&same["scope"], &same["state"]), (&json!("ACCOUNT"), &json!("SCHEDULED")));
        assert_eq!(row["requested_by"], same["requestedBy"]);
        assert_eq!(row["reason"], same["reason"]);
        let instant = |value: &Value| value.as_str().map(|text| text[..19].to_owned());
        for (column, member) in [
            ("requested_at", "requestedAt"),
            ("purges_at", "purgesAt"),
            ("changed_at", "changedAt"),
        ] {
            assert_eq!(instant(&row[column]), instant(&same[member]), "{column}");
        }
        assert_eq!((&row["completed_at"], &row["failure_codes"]), (&Value::Null, &Value::Null));
        assert_eq!((&row["directories"], &row["is_outcome_known"]), (&Value::Null, &json!(true)));
    }
    assert_eq!(found.iter().filter(|row| row["account_id"] == first.as_str()).count(), 1);

    let cancel = "mutation($id: ID!) { cancelUserDeletion(input: {deletionId: $id}) { userErrors { code } } }";
    let id = told.iter().find(|one| one["accountId"] == second.as_str()).expect("it is told");
    let answer = gateway.caller(EVERYTHING).ask_with(cancel, json!({"id": id["id"]})).await;
    assert_eq!(answer.good("/cancelUserDeletion/userErrors"), &json!([]));
    let cancelled = rows(&reader, "deletions?state=cancelled").await;
    assert_eq!(cancelled.len(), 1);
    assert_eq!(cancelled[0]["account_id"], second.as_str());
    assert_eq!(cancelled[0]["completed_at"], cancelled[0]["changed_at"]);
    assert!(cancelled[0]["completed_at"].is_string());

    let at = cancelled[0]["requested_at"].as_str().expect("an instant");
    let path = "/feeds/deletions.json";
    let count = async |parameters: &[(&str, &str)]| {
        let answer = reader.get(&with(path, parameters)).await;
        answer.body.as_array().expect("rows").len()
    };
    assert_eq!(count(&[("from", at)]).await, 1, "the other one is older");
    assert_eq!(count(&[("to", at)]).await, 1);
    assert_eq!(count(&[("from", "2030-01-01"), ("to", "2031-01-01")]).await, 0);
}

#[tokio::test]
async fn nothing_is_asked_of_deletions_outside_of_the_range() {
    let gateway = Setup::of(40).with("CHANGES__PERCENT_PER_DAY", 50).start().await;
    let reader = gateway.reader();
    let account = delete_somebody(&gateway, "left the company").await;
    for range in ["from=2037-01-01", "to=2020-01-01"] {
        let (none, calls) = gateway.counted(rows(&reader, &format!("deletions?{range}"))).await;
        assert_eq!((none.len(), calls.total()), (0, 0), "{range}: {calls:?}");
    }
    let path = "deletions?from=2020-01-01&to=2037-01-01";
    let (found, calls) = gateway.counted(rows(&reader, path)).await;
    assert_eq!((found.len(), calls.total()), (1, 1), "{calls:?}");
    assert_eq!(found[0]["account_id"], account.as_str());
}

#[tokio::test]
async fn where_atlassian_takes_its_time_deletions_stand_as_they_were_last_known() {
    let setup = Setup::of(40).with("CHANGES__PERCENT_PER_DAY", 50).with("FEEDS__WAIT", "50ms");
    let setup = setup.with("ATLASSIAN__READ_TIMEOUT", "10m").with("ATLASSIAN__TIME_BUDGET", "10m");
    let gateway = setup.with("ATLASSIAN__REQUEST_TIMEOUT", "10m").start().await;
    delete_somebody(&gateway, "left the company").await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 600_000 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let reader = gateway.reader();
    gateway.atlassian.reset_requests();
    for _ in 0..3 {
        let patience = std::time::Duration::from_mins(1);
        let found = tokio::time::timeout(patience, rows(&reader, "deletions")).await;
        let found = found.expect("it does not wait");
        assert_eq!((found.len(), &found[0]["state"]), (1, &json!("scheduled")));
    }
    let calls = gateway.atlassian.requests();
    assert_eq!(calls.total(), 1, "one asks for all: {calls:?}");
}

#[tokio::test]
async fn whoever_asked_for_a_deletion_is_hidden_where_names_are() {
    let gateway = TestGateway::start(40).await;
    let request = MintRequest {
        subject: "ada.admin@acme.example".to_owned(),
        permissions: EVERYTHING.iter().copied().collect(),
        integrations: IntegrationScope::All,
        lifetime: std::time::Duration::from_hours(1),
    };
    let token = mint(&gateway.settings.auth.settings(), &request, now()).expect("a token");
    let admin = gateway.with_token(&token);
    let query = "query($in: [ID!]) { users(first: 50, integrations: $in,
        filter: {claimStatus: MANAGED, membershipStatus: [ACTIVE]}) { nodes { id } } }";
    let people = admin.ask_with(query, json!({"in": [gateway.integration(0)]})).await;
    let delete = "mutation($user: ID!) { deleteUser(input: {userId: $user,
        reason: \"asked by bob@acme.example\"}) { deletion { state } } }";
    for person in people.list("/users/nodes") {
        let answer = admin.ask_with(delete, json!({"user": person["id"]})).await;
        if answer.at("/deleteUser")["deletion"]["state"] == "SCHEDULED" {
            break;
        }
    }
    let seen = rows(&gateway.reader(), "deletions").await;
    assert_eq!(seen[0]["requested_by"], "ada.admin@acme.example");
    let catalog = gateway.reader().get("/feeds").await;
    let tables = catalog.body["tables"].as_array().expect("tables");
    let described = tables.iter().find(|table| table["name"] == "deletions").expect("it is there");
    let personal: Vec<&str> = described["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .filter(|column| column["personal"] == true)
        .filter_map(|column| column["name"].as_str())
        .collect();
    assert_eq!(personal, ["requested_by", "reason"]);
}
