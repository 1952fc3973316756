//! Feeds: the same rows in every format, who sees what, and how they behave over HTTP.

mod files;
mod http;
mod memory;
mod odata;
mod rights;
mod tables;
mod tokens;
mod trouble;

use headcount::demo::Simulator;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, TestGateway};

const TABLES: [&str; 6] =
    ["product_access", "users", "groups", "group_members", "role_assignments", "integrations"];

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

/// Renames a managed person at Atlassian.
async fn rename(gateway: &TestGateway, name: &str) -> String {
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
