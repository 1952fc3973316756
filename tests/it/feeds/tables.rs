//! What stands in the tables, held against what the simulator knows.

use std::collections::{BTreeMap, BTreeSet};

use headcount::demo::PersonSummary;
use serde_json::{Value, json};

use super::{TABLES, column, fill, rows};
use crate::support::{EVERYTHING, SEARCH, Setup, TestGateway, is_listed, listed};

const GROUP_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments";
/// What both organizations cost beside the scan and the roles of groups.
const BESIDE: u64 = 26;

#[tokio::test]
async fn users_are_those_of_both_organizations_with_what_is_told_of_each() {
    let gateway = TestGateway::start(60).await;
    let users = rows(&gateway.reader(), "users").await;
    let everybody: Vec<_> = (0..2).flat_map(|index| gateway.atlassian.people(index)).collect();
    let mut accounts = column(&users, "account_id");
    accounts.sort();
    assert_eq!(accounts, listed(&everybody, |_| true));

    for person in everybody.iter().filter(|person| is_listed(person)) {
        let row = users.iter().find(|row| row["account_id"] == person.account_id.as_str());
        let row = row.expect("everybody has a row");
        assert_eq!(row["name"], person.name.as_str());
        assert_eq!(row["status"], person.status);
        let email = person.email.clone().filter(|_| !person.is_email_hidden);
        assert_eq!(row["email"], json!(email), "{}", person.account_id);
        assert_eq!(row["claim_status"] == "managed", person.is_managed);
    }
}

#[tokio::test]
async fn one_scan_of_each_organization_serves_every_table_that_is_about_people() {
    let gateway = TestGateway::start(230).await;
    let reader = gateway.reader();
    let everybody: Vec<_> = (0..2).flat_map(|index| gateway.atlassian.people(index)).collect();
    let pages: usize = (0..2)
        .map(|index| listed(&gateway.atlassian.people(index), |_| true).len().div_ceil(100))
        .sum();
    let (_, calls) = gateway.counted(rows(&reader, "users")).await;
    assert_eq!(calls.of("POST", SEARCH), pages as u64, "{calls:?}");
    assert_eq!(calls.total(), pages as u64 + 2, "a count and its pages each: {calls:?}");

    let (access, calls) = gateway.counted(rows(&reader, "product_access")).await;
    let of_groups = calls.of("GET", GROUP_ROLES);
    assert!(calls.total() - of_groups <= BESIDE, "{calls:?}");
    assert_eq!(calls.of("POST", "/admin/v2/orgs/{orgId}/workspaces"), 2, "{calls:?}");
    let (_, calls) = gateway.counted(rows(&reader, "license_usage?inactive_for_days=30")).await;
    assert_eq!(calls.total(), 0, "the same seats: {calls:?}");
    let (members, calls) = gateway.counted(rows(&reader, "group_members")).await;
    assert_eq!(calls.total(), 0, "{calls:?}");

    // Of those who are not active not every group is told.
    let first = gateway.atlassian.people(0);
    let active = first.iter().filter(|person| person.status == "active");
    let expected: usize = active.clone().map(|person| person.groups.len()).sum();
    let is_theirs =
        |row: &&Value| active.clone().any(|p| row["account_id"] == p.account_id.as_str());
    assert_eq!(members.iter().filter(is_theirs).count(), expected);
    assert!(access.len() > everybody.len());
    assert!(column(&access, "product_key").iter().all(|key| key != "null" && key != "jira"));
}

#[tokio::test]
async fn keys_name_every_row_once_and_never_change() {
    let gateway = TestGateway::start(80).await;
    fill(&gateway).await;
    let reader = gateway.reader();
    let catalog = reader.get("/feeds").await;
    for table in TABLES {
        let described = catalog.body["tables"].as_array().expect("tables");
        let described = described.iter().find(|one| one["name"] == table).expect("it is listed");
        let columns = described["columns"].as_array().expect("columns");
        let key: Vec<&str> = columns
            .iter()
            .filter(|column| column["key"] == true)
            .filter_map(|column| column["name"].as_str())
            .collect();
        let rows = rows(&reader, table).await;
        let keys: BTreeSet<Vec<String>> = rows
            .iter()
            .map(|row| key.iter().map(|name| row[*name].to_string()).collect())
            .collect();
        assert_eq!(keys.len(), rows.len(), "{table} by {key:?}");
        assert!(!rows.is_empty(), "{table}");
        for row in &rows {
            let names: Vec<&String> = row.as_object().expect("an object").keys().collect();
            assert_eq!(names.len(), columns.len(), "{table}");
        }
    }
}

#[tokio::test]
async fn role_assignments_are_those_that_graphql_tells_of_each_person() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader();
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows(&reader, "role_assignments").await {
        let account = row["account_id"].as_str().expect("an account").to_owned();
        let role = row["role_id"].as_str().expect("a role");
        held.entry(account).or_default().insert(role.to_owned());
    }
    let query = "{ users(first: 100) { nodes { accountId roles { role { key } } } } }";
    let answer = reader.ask(query).await;
    let mut compared = 0;
    for person in answer.list("/users/nodes") {
        let account = person["accountId"].as_str().expect("an account");
        let roles = person["roles"].as_array().expect("roles").iter();
        let roles: BTreeSet<String> =
            roles.filter_map(|role| role["role"]["key"].as_str().map(str::to_owned)).collect();
        assert_eq!(held.get(account).cloned().unwrap_or_default(), roles, "{account}");
        compared += roles.len();
    }
    assert!(compared > 50, "{compared}");
}

#[tokio::test]
async fn groups_have_as_many_members_as_their_rows() {
    let gateway = TestGateway::start(60).await;
    let reader = gateway.reader();
    let groups = rows(&reader, "groups").await;
    let names: usize = (0..2).map(|index| gateway.atlassian.groups(index).len()).sum();
    assert_eq!(groups.len(), names);
    let members = rows(&reader, "group_members").await;
    let group = groups.iter().max_by_key(|group| group["user_count"].as_u64());
    let group = group.expect("a group");
    let id = group["group_id"].as_str().expect("an id");
    let of_group = rows(&reader, &format!("group_members?group={id}")).await;
    assert_eq!(of_group.len(), members.iter().filter(|row| row["group_id"] == id).count());
    assert!(!of_group.is_empty());
}

#[tokio::test]
async fn filters_leave_only_what_they_name() {
    let gateway = TestGateway::start(80).await;
    let reader = gateway.reader();
    let all = rows(&reader, "users").await;
    let is = |row: &&Value, words: &[&str]| words.iter().any(|word| row["status"] == *word);
    let some = rows(&reader, "users?status=suspended&status=deactivated").await;
    let expected = all.iter().filter(|row| is(row, &["suspended", "deactivated"]));
    assert_eq!(some, expected.cloned().collect::<Vec<_>>());
    assert!(!some.is_empty() && some.len() < all.len());

    let access = rows(&reader, "product_access").await;
    let jira = rows(&reader, "product_access?product=jira&is_sandbox=false").await;
    let expected = access
        .iter()
        .filter(|row| row["product_key"] == "jira-software" && row["is_sandbox"] == false);
    assert_eq!(jira, expected.cloned().collect::<Vec<_>>());
    assert!(!jira.is_empty());

    let first = column(&rows(&reader, "integrations").await, "integration_id")[0].clone();
    let of_one = rows(&reader, &format!("users?integration={first}")).await;
    assert!(column(&of_one, "integration_id").iter().all(|id| *id == first));
    assert!(!of_one.is_empty() && of_one.len() < all.len());
}

#[tokio::test]
async fn integrations_tell_how_their_test_went_without_asking_atlassian() {
    let setup = Setup { is_tested: true, ..Setup::of(20) };
    let gateway = setup.start().await;
    let reader = gateway.reader();
    let (rows, calls) = gateway.counted(rows(&reader, "integrations")).await;
    assert_eq!(calls.total(), 0, "{calls:?}");
    assert_eq!(rows.len(), 2);
    assert!(column(&rows, "origin").iter().all(|origin| origin == "store"));
    assert!(column(&rows, "status").contains(&"connected".to_owned()));
    assert!(rows.iter().all(|row| row["last_validated_at"].is_string()));
}

#[tokio::test]
async fn a_change_that_was_made_here_shows_in_every_table_without_another_scan() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader().with("accept-encoding", "identity");
    let people = gateway.atlassian.people(0);
    let is_ordinary = |person: &&PersonSummary| {
        person.status == "active"
            && person.is_managed
            && person.external_owner.is_none()
            && person.platform_roles.is_empty()
            && !person.groups.is_empty()
            && !person.visits.is_empty()
    };
    let account = &people.iter().find(is_ordinary).expect("somebody").account_id;
    let theirs = async |table: &str| {
        let mut rows = rows(&reader, table).await;
        rows.retain(|row| row["account_id"] == account.as_str());
        rows
    };
    let tables = ["users", "group_members", "role_assignments", "product_access"];
    let mut tags = Vec::new();
    for table in tables {
        assert!(column(&theirs(table).await, "status").iter().all(|status| status == "active"));
        tags.push(reader.get(&format!("/feeds/{table}.csv")).await.header("etag").to_owned());
    }

    let find = "query($ids: [String!], $in: [ID!]) {
        users(filter: {accountIds: $ids}, integrations: $in) { nodes { id } } }";
    let named = json!({"ids": [account], "in": [gateway.integration(0)]});
    let id = reader.ask_with(find, named).await.at("/users/nodes/0/id").clone();
    let suspend = "mutation($user: ID!) {
        suspendUser(input: {userId: $user}) { user { status } userErrors { code message } } }";
    let admin = gateway.caller(EVERYTHING);
    let answer = admin.ask_with(suspend, json!({"user": id})).await;
    assert_eq!(answer.good("/suspendUser/userErrors"), &json!([]));

    gateway.atlassian.reset_requests();
    for (table, tag) in tables.iter().zip(tags) {
        if *table == "product_access" {
            // It reads who holds a seat of a small product whose count differs, and no page of people.
            assert_eq!(gateway.atlassian.requests().of("POST", SEARCH), 0, "nobody was read again");
        }
        let rows = theirs(table).await;
        assert!(column(&rows, "status").iter().all(|status| status == "suspended"), "{table}");
        let now = reader.get(&format!("/feeds/{table}.csv")).await;
        assert_ne!(now.header("etag"), tag, "{table}");
    }
}
