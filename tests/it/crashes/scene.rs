//! A gateway in this process, whose store can be looked at, in front of a simulator.

use serde_json::{Value, json};

use super::{DELETE, file::File, is_ordinary, token};
use crate::support::{Answer, Setup, TestGateway};

/// A gateway, and what tests here ask of it.
pub(super) struct Scene {
    pub(super) gateway: TestGateway,
    pub(super) file: File,
}

/// No brakes but those that a test asks for, and an upstream that shows changes soon.
pub(super) fn unbraked(people: usize) -> Setup {
    Setup::of(people)
        .with("CHANGES__PER_CALLER_AND_HOUR", 10_000)
        .with("CHANGES__PER_INTEGRATION_AND_HOUR", 10_000)
        .with("CHANGES__PERCENT_PER_DAY", 100)
        .with("CHANGES__SETTLE", "1s")
}

impl Scene {
    pub(super) async fn of(setup: Setup) -> Self {
        let gateway = setup.start().await;
        let file = File::of(gateway.folder());
        Self { gateway, file }
    }

    /// Accounts of the first organization that may be deleted.
    pub(super) fn ordinary(&self, number: usize) -> Vec<String> {
        let people = self.gateway.atlassian.people(0).into_iter().filter(is_ordinary);
        let found: Vec<String> = people.map(|person| person.account_id).take(number).collect();
        assert_eq!(found.len(), number, "the organization is too small");
        found
    }

    pub(super) fn writes(&self, organization: usize, account: &str, change: &str) -> u32 {
        let state = self.gateway.atlassian.account_state(organization, account);
        state.expect("the account exists").writes(change)
    }

    pub(super) fn calls(&self, (method, route): (&str, &str)) -> u64 {
        self.gateway.atlassian.requests().of(method, route)
    }

    /// What callers know people by, in the order of the accounts.
    pub(super) async fn user_ids(&self, organization: usize, accounts: &[String]) -> Vec<String> {
        let query = "query($accounts: [String!], $in: [ID!]) {
            users(first: 100, filter: {accountIds: $accounts}, integrations: $in) {
                nodes { id accountId } } }";
        let mut ids = Vec::new();
        for some in accounts.chunks(50) {
            let only = json!({"accounts": some, "in": [self.gateway.integration(organization)]});
            let answer = self.gateway.reader().ask_with(query, only).await;
            let nodes = answer.list("/users/nodes");
            ids.extend(some.iter().map(|account| {
                let node = nodes.iter().find(|node| node["accountId"] == **account);
                let id = node.and_then(|node| node["id"].as_str());
                id.unwrap_or_else(|| panic!("{account} is not known")).to_owned()
            }));
        }
        ids
    }

    pub(super) async fn user_id(&self, organization: usize, account: &str) -> String {
        self.user_ids(organization, &[account.to_owned()]).await.remove(0)
    }

    /// Asks as somebody who may do everything.
    pub(super) async fn ask_as(&self, subject: &str, query: &str, variables: Value) -> Answer {
        self.gateway.with_token(&token(subject)).ask_with(query, variables).await
    }

    pub(super) async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.ask_as("ada", query, variables).await
    }

    /// Asks for a deletion.
    pub(super) async fn delete(&self, input: Value) -> Value {
        self.delete_as("ada", input).await
    }

    pub(super) async fn delete_as(&self, subject: &str, input: Value) -> Value {
        let answer = self.ask_as(subject, DELETE, json!({"input": input})).await;
        answer.good("/deleteUser").clone()
    }

    /// How changes of people ended, oldest first; `PENDING` where they have not.
    pub(super) async fn record(&self) -> Vec<String> {
        let query = "{ auditLog(first: 100) { nodes { outcome } } }";
        let answer = self.ask(query, json!({})).await;
        assert!(answer.errors().is_empty(), "{}", answer.text);
        let mut outcomes = answer.texts("/auditLog/nodes", "outcome");
        outcomes.reverse();
        outcomes
    }
}
