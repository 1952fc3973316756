//! Feeds: the same rows in every format, who sees what, and how they behave over HTTP.

mod deletions;
mod files;
mod gauges;
mod http;
mod licenses;
mod odata;
mod rights;
mod tables;
mod tokens;
mod trouble;

use headcount::demo::Simulator;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, EVERYTHING, TestGateway};

const TABLES: [&str; 9] = [
    "license_usage",
    "license_history",
    "product_access",
    "users",
    "groups",
    "group_members",
    "role_assignments",
    "integrations",
    "deletions",
];

/// A table's rows, by the format that is easiest to look at.
async fn rows(caller: &Caller<'_>, feed: &str) -> Vec<Value> {
    let (name, query) = feed.split_once('?').unwrap_or((feed, ""));
    let answer = caller.get(&format!("/feeds/{name}.json?{query}")).await;
    assert_eq!(answer.status, 200, "{feed}: {}", answer.text);
    answer.body.as_array().unwrap_or_else(|| panic!("no list: {}", answer.text)).clone()
}

/// The texts of one column.
fn column(rows: &[Value], name: &str) -> Vec<String> {
    let text = |row: &Value| match &row[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows.iter().map(text).collect()
}

/// A path with a query, percent-encoded as a client does.
fn with(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{path}?{}", query.finish())
}

/// The code of a problem (RFC 9457).
#[track_caller]
fn problem(answer: &Answer) -> &str {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    assert_eq!(answer.body["status"], answer.status, "{}", answer.text);
    answer.body["code"].as_str().expect("a problem has a code")
}

/// Fills the tables of what the gateway keeps itself: the figures of today, and a deletion in the first organization.
async fn fill(gateway: &TestGateway) {
    let admin = gateway.caller(EVERYTHING);
    let taken = admin.ask("mutation { takeLicenseSnapshot { snapshots { used } } }").await;
    assert!(!taken.list("/takeLicenseSnapshot/snapshots").is_empty());
    delete_somebody(gateway, "no reason").await;
}

/// Deletes somebody of the first organization who may be deleted; answers the account.
async fn delete_somebody(gateway: &TestGateway, reason: &str) -> String {
    let admin = gateway.caller(EVERYTHING);
    let query = "query($in: [ID!]) { users(first: 50, integrations: $in,
        filter: {claimStatus: MANAGED, membershipStatus: [ACTIVE]}) { nodes { id accountId } } }";
    let people = admin.ask_with(query, json!({"in": [gateway.integration(0)]})).await;
    let delete = "mutation($user: ID!, $reason: String) {
        deleteUser(input: {userId: $user, reason: $reason}) { deletion { state } userErrors { code } } }";
    for person in people.list("/users/nodes") {
        let input = json!({"user": person["id"], "reason": reason});
        let answer = admin.ask_with(delete, input).await;
        let payload = answer.at("/deleteUser");
        if payload["userErrors"] == json!([]) && payload["deletion"]["state"] == "SCHEDULED" {
            return person["accountId"].as_str().expect("an account").to_owned();
        }
    }
    panic!("nobody of the first people may be deleted");
}

/// Renames a managed person at Atlassian.
pub(crate) async fn rename(gateway: &TestGateway, name: &str) -> String {
    let atlassian: &Simulator = &gateway.atlassian;
    let people = atlassian.people(0);
    let person = people.iter().find(|person| {
        person.is_managed
            && person.status == "active"
            && person.external_owner.is_none()
            && !person.groups.is_empty()
            && !person.visits.is_empty()
    });
    let person = person.expect("somebody whom the organization may rename");
    let connection = &atlassian.connections()[0];
    let address = format!("{}/users/{}/manage/profile", atlassian.api_url(), person.account_id);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client
        .patch(address)
        .bearer_auth(&connection.organization_api_key)
        .header("content-type", "application/json")
        .body(json!({ "name": name }).to_string());
    let request = request.build().expect("a request");
    let answer = client.execute(request).await.expect("the simulator answers");
    assert!(answer.status().is_success(), "{}", answer.status());
    person.account_id.clone()
}
