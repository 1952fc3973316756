//! Every role of many people with few calls, and the same as the exact answer for each of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Page, SEARCH, Setup, TestGateway, listed, walk};

const USER_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}/role-assignments";

const PAGE: &str = "query($first: Int, $after: String, $in: [ID!]) {
    users(first: $first, after: $after, integrations: $in) {
        edges { cursor node { accountId roles { role { key } product { resourceId } } } }
        pageInfo { hasNextPage endCursor } } }";

/// Role and product of each assignment.
fn pairs(roles: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("(none)").to_owned();
    let roles = roles.as_array().unwrap_or_else(|| panic!("no roles but {roles}"));
    let pair = |role: &Value| (text(&role["role"]["key"]), text(&role["product"]["resourceId"]));
    roles.iter().map(pair).collect()
}

#[tokio::test]
async fn the_roles_of_a_page_cost_far_fewer_calls_than_it_has_people() {
    let gateway = TestGateway::start(400).await;
    let reader = gateway.reader();
    let (mut after, mut people, mut costs) = (Value::Null, 0, Vec::new());
    loop {
        let variables = json!({"first": 50, "after": after, "in": [gateway.integration(0)]});
        let (answer, calls) = gateway.counted(reader.ask_with(PAGE, variables)).await;
        let page = Page::of(&answer, "/users");
        people += page.nodes.len() as u64;
        costs.push(calls.total());
        if !page.has_next {
            break;
        }
        after = json!(page.end);
    }
    // The first page asks for the groups' roles as well, and has everybody who is out of the ordinary.
    let (first, later) = costs.split_first().expect("there is a page");
    assert!(*first < 50, "{costs:?}");
    assert!(later.iter().all(|cost| *cost <= 25), "{costs:?}");
    assert!(costs.iter().sum::<u64>() * 2 < people, "{costs:?} for {people} people");
}

#[tokio::test]
async fn the_repeat_of_a_page_with_roles_asks_about_nobody_again() {
    let gateway = TestGateway::start(60).await;
    let ask = async || gateway.reader().ask_with(PAGE, json!({"first": 50})).await;
    let first = ask().await;
    let (again, calls) = gateway.counted(ask()).await;
    assert_eq!(again.good("/users"), first.good("/users"));
    assert_eq!(calls.of("GET", USER_ROLES), 0, "{calls:?}");
    // Rows that are gathered in other parts than before may need another search for roles that few people hold.
    assert!(calls.total() <= 2 && calls.total() == calls.of("POST", SEARCH), "{calls:?}");
}

#[tokio::test]
async fn roles_put_together_from_groups_are_those_that_the_exact_answer_names() {
    let gateway = TestGateway::start(70).await;
    let exact = Setup::of(0).start_before(&gateway.atlassian).await;
    let query = "query($in: ID!, $id: String!) { user(integration: $in, accountId: $id) {
        roles { role { key } product { resourceId } } } }";
    for organization in 0..2 {
        let variables = json!({"first": 100, "in": [gateway.integration(organization)]});
        let answer = gateway.reader().ask_with(PAGE, variables).await;
        let rows = Page::of(&answer, "/users").nodes;
        let people = listed(&gateway.atlassian.people(organization), |_| true);
        assert_eq!(rows.len(), people.len());
        for row in rows {
            let variables = json!({"in": exact.integration(organization), "id": row["accountId"]});
            let one = exact.reader().ask_with(query, variables).await;
            let expected = pairs(one.good("/user/roles"));
            assert_eq!(pairs(&row["roles"]), expected, "{}", row["accountId"]);
        }
    }
}

#[tokio::test]
async fn one_person_costs_one_exact_call_that_tells_what_was_given_directly() {
    let gateway = TestGateway::start(30).await;
    let person = gateway.atlassian.people(0).swap_remove(0);
    let query = "query($in: ID!, $id: String!) { user(integration: $in, accountId: $id) { roles {
        source role { key scope } product { key } groups { groupId } } } }";
    let variables = json!({"in": gateway.integration(0), "id": person.account_id});
    let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
    let roles = answer.list("/user/roles");
    let is_admin = |role: &&Value| role["role"]["key"] == "atlassian/org-admin";
    let admin = roles.iter().find(is_admin).expect("the integration's admin is one");
    assert_eq!(admin["product"], Value::Null, "a role on the organization is for no product");
    assert_eq!(admin["role"]["scope"], "ORGANIZATION");
    assert_eq!(calls.of("GET", USER_ROLES), 1);
    for role in roles {
        let groups: Option<Vec<&str>> = role["groups"]
            .as_array()
            .map(|groups| groups.iter().filter_map(|group| group["groupId"].as_str()).collect());
        let is_by_group = role["source"] == "GROUP";
        assert_eq!(groups.is_some(), is_by_group, "{role}");
        for group in groups.unwrap_or_default() {
            assert!(person.groups.iter().any(|own| own == group), "{group} is a group of theirs");
        }
    }
}

#[tokio::test]
async fn the_groups_that_grant_a_role_grant_it_themselves() {
    let gateway = TestGateway::start(40).await;
    let query = "query($first: Int, $after: String) { users(first: $first, after: $after) {
        edges { cursor node { accountId roles {
            role { key } product { resourceId } source
            groups { groupId roles { role { key } product { resourceId } } } } } }
        pageInfo { hasNextPage endCursor } } }";
    let (pages, calls) = gateway.counted(walk(&gateway.reader(), query, "/users", 25)).await;
    let mut checked = 0;
    for user in pages.iter().flat_map(|page| &page.nodes) {
        for held in user["roles"].as_array().into_iter().flatten() {
            for group in held["groups"].as_array().into_iter().flatten() {
                let pair = pairs(&json!([held])).pop_first().expect("one pair");
                assert!(pairs(&group["roles"]).contains(&pair), "{group} grants {pair:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "only {checked} grants were looked at");
    assert!(calls.total() < 80, "shared by all people in a group: {calls:?}");
}
