//! Subscriptions, followed over sockets and as server-sent events.

mod deletions;
mod transport;

use std::collections::BTreeMap;

use headcount::demo::PersonSummary;
use serde_json::{Value, json};

use crate::support::{Caller, EVERYTHING, Setup, TestGateway};

const CHANGES: &str = "subscription { deletionChanged { id state accountId user { accountId } } }";

fn setup() -> Setup {
    Setup::of(60)
        .with("CHANGES__WATCH_INTERVAL", "50ms")
        .with("CHANGES__PERCENT_PER_DAY", "100")
        .with("CHANGES__PER_CALLER_AND_HOUR", "1000")
        .with("CHANGES__PER_INTEGRATION_AND_HOUR", "1000")
        .with("AUTH__LEEWAY", "0s")
}

fn is_deletable(person: &PersonSummary) -> bool {
    person.status == "active"
        && person.is_managed
        && person.is_email_verified
        && !person.is_billing_contact
        && !person.is_service_account
        && person.external_owner.is_none()
        && person.platform_roles.is_empty()
}

/// The ids of people of one integration who can be deleted.
async fn deletable(gateway: &TestGateway, index: usize) -> Vec<String> {
    let query =
        "query ($in: [ID!]) { users(first: 100, integrations: $in) { nodes { id accountId } } }";
    let variables = json!({"in": [gateway.integration(index)]});
    let answer = gateway.caller(EVERYTHING).ask_with(query, variables).await;
    let ids: BTreeMap<&str, &str> = answer
        .list("/users/nodes")
        .iter()
        .map(|row| (row["accountId"].as_str().unwrap_or(""), row["id"].as_str().unwrap_or("")))
        .collect();
    let people = gateway.atlassian.people(index);
    let some = people.iter().filter(|person| is_deletable(person));
    some.filter_map(|person| ids.get(person.account_id.as_str()).map(ToString::to_string)).collect()
}

async fn delete(caller: &Caller<'_>, user: &str) -> String {
    deleted(caller, user, "ACCOUNT").await
}

async fn remove(caller: &Caller<'_>, user: &str) -> String {
    deleted(caller, user, "ORGANIZATION").await
}

async fn deleted(caller: &Caller<'_>, user: &str, scope: &str) -> String {
    let query = "mutation ($user: ID!, $scope: DeletionScope) {
        deleteUser(input: {userId: $user, scope: $scope}) { deletion { id } userErrors { message } }
    }";
    let answer = caller.ask_with(query, json!({"user": user, "scope": scope})).await;
    let id = answer.good("/deleteUser/deletion/id").as_str();
    id.unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

async fn cancel(caller: &Caller<'_>, deletion: &str) {
    let query = "mutation ($id: ID!) { cancelUserDeletion(input: {deletionId: $id}) { deletion { state } } }";
    let answer = caller.ask_with(query, json!({"id": deletion})).await;
    assert_eq!(answer.good("/cancelUserDeletion/deletion/state"), "CANCELLED");
}

/// The deletion that an answer tells of.
#[track_caller]
fn told(answer: &Value) -> (String, String) {
    let deletion = &answer["data"]["deletionChanged"];
    let text =
        |name: &str| deletion[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (text("id"), text("state"))
}
