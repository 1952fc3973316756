//! Groups: what a page costs, their members, roles and default access, and that filters are pushed down.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Page, READ, SEARCH, Setup, TestGateway, fixed, is_listed, walk};

const GROUPS: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/search";
const GROUP_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments";

const PAGES: &str = "query($first: Int, $after: String) { groups(first: $first, after: $after) {
    edges { cursor node { groupId name } } pageInfo { hasNextPage endCursor } } }";

#[tokio::test]
async fn a_page_of_groups_with_their_counts_is_one_upstream_request() {
    let gateway = TestGateway::start(60).await;
    let query = "query($in: [ID!]) { groups(first: 50, integrations: $in) { nodes {
        groupId name description managedBy isExternallySynced memberCount } } }";
    let reader = gateway.reader();
    let ask = async || reader.ask_with(query, json!({"in": [gateway.integration(0)]})).await;
    let (answer, calls) = gateway.counted(ask()).await;
    assert_eq!((calls.total(), calls.of("POST", GROUPS)), (1, 1));
    let people = gateway.atlassian.people(0);
    for group in answer.list("/groups/nodes") {
        let members =
            people.iter().filter(|one| one.groups.iter().any(|id| group["groupId"] == id.as_str()));
        assert_eq!(group["memberCount"], json!(members.count()), "{}", group["name"]);
    }
    let (_, calls) = gateway.counted(ask()).await;
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn paging_shows_every_group_of_every_organization_once_and_by_name() {
    let gateway = TestGateway::start(60).await;
    for first in [1, 6, 100] {
        let pages = walk(&gateway.reader(), PAGES, "/groups", first).await;
        let shown: Vec<&str> = pages
            .iter()
            .flat_map(|page| &page.nodes)
            .filter_map(|node| node["groupId"].as_str())
            .collect();
        let mut expected = Vec::new();
        for organization in 0..2 {
            let mut groups = gateway.atlassian.groups(organization);
            groups.sort_by_key(|(_, name)| name.to_lowercase());
            expected.extend(groups.into_iter().map(|(id, _)| id));
        }
        assert_eq!(shown, expected, "first: {first}");
    }
}

#[tokio::test]
async fn the_members_of_three_groups_are_three_calls_and_all_of_them() {
    let gateway = TestGateway::start(40).await;
    let query = "query($in: [ID!]) { groups(first: 3, integrations: $in) { nodes {
        groupId members(first: 100) { totalCount nodes { accountId } } } } }";
    let ask = gateway.reader().ask_with(query, json!({"in": [gateway.integration(0)]})).await;
    let people = gateway.atlassian.people(0);
    for group in ask.list("/groups/nodes") {
        let is_member = |one: &&headcount::demo::PersonSummary| {
            is_listed(one)
                && one.status != "for_deletion"
                && one.groups.iter().any(|id| group["groupId"] == id.as_str())
        };
        let mut expected: Vec<&str> =
            people.iter().filter(is_member).map(|one| one.account_id.as_str()).collect();
        expected.sort_unstable();
        let nodes = group["members"]["nodes"].as_array().expect("members");
        let mut found: Vec<&str> =
            nodes.iter().filter_map(|one| one["accountId"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(group["members"]["totalCount"], json!(expected.len()));
    }
    let calls = gateway.atlassian.requests();
    assert_eq!((calls.of("POST", GROUPS), calls.of("POST", SEARCH)), (1, 3), "{calls:?}");
}

#[tokio::test]
async fn members_are_paged_through() {
    let gateway = TestGateway::start(60).await;
    let largest = "{ groups(first: 100) { nodes { id memberCount } } }";
    let answer = gateway.ask(READ, largest).await;
    let groups = answer.list("/groups/nodes").iter();
    let group = groups.max_by_key(|group| group["memberCount"].as_u64()).expect("a group");
    let query = format!(
        "query($first: Int, $after: String) {{ node(id: {}) {{ ... on Group {{
            members(first: $first, after: $after) {{
                edges {{ cursor node {{ accountId }} }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}",
        group["id"]
    );
    let reader = gateway.reader();
    let all = Page::of(&reader.ask_with(&query, json!({"first": 100})).await, "/node/members");
    assert!(all.nodes.len() > 20 && !all.has_next);
    let pages = walk(&reader, &query, "/node/members", 7).await;
    let nodes: Vec<Value> = pages.into_iter().flat_map(|page| page.nodes).collect();
    assert_eq!(nodes, all.nodes);
}

#[tokio::test]
async fn roles_and_default_access_ask_only_for_groups_that_grant_something() {
    let gateway = TestGateway::start(60).await;
    let query = "query($in: [ID!]) { groups(first: 100, integrations: $in) { nodes {
        name isDefaultAccess roles { role { key scope } source product { key resourceId } groups { name } } } } }";
    let reader = gateway.reader();
    let ask = reader.ask_with(query, json!({"in": [gateway.integration(0)]}));
    let (answer, calls) = gateway.counted(ask).await;
    let rows = answer.list("/groups/nodes");
    let grants = rows.iter().filter(|row| row["roles"] != json!([])).count() as u64;
    assert!(grants > 3 && grants < rows.len() as u64, "{grants} of {} grant something", rows.len());
    assert_eq!(calls.of("GET", GROUP_ROLES), grants, "{calls:?}");
    assert_eq!(calls.total(), grants + 1, "{calls:?}");
    let default = rows.iter().filter(|row| row["isDefaultAccess"] == true).count();
    assert!(default > 0, "some groups are for everybody who gets a product");
    for row in rows {
        for role in row["roles"].as_array().expect("roles") {
            assert_eq!(role["source"], "GROUP");
            assert_eq!(role["groups"], json!([{"name": row["name"]}]));
            assert!(role["product"]["resourceId"].is_string());
        }
    }
}

#[tokio::test]
async fn what_a_filter_of_groups_says_is_left_to_atlassian() {
    let gateway = TestGateway::start(60).await;
    let groups = gateway.atlassian.groups(0);
    let by_product = granting(&gateway, |role| role["product"]["key"] == "confluence").await;
    let by_role = granting(&gateway, |role| role["role"]["key"] == "atlassian/admin").await;
    let names = |wanted: &dyn Fn(&str) -> bool| {
        let names = groups.iter().map(|(_, name)| name.clone());
        let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
        names.sort();
        names
    };
    let two = vec![groups[0].1.to_uppercase(), groups[1].1.clone()];
    let cases = [
        (json!({"search": "JIRA"}), names(&|name| name.to_lowercase().contains("jira"))),
        (json!({"names": two}), names(&|name| name == groups[0].1 || name == groups[1].1)),
        (json!({"products": ["confluence"]}), by_product),
        (json!({"roles": ["atlassian/admin"]}), by_role),
        (json!({"products": ["no-such-product"]}), vec![]),
        (json!({"names": []}), vec![]),
    ];
    let query = "query($filter: GroupFilter, $in: [ID!]) {
        groups(first: 100, filter: $filter, integrations: $in) { totalCount nodes { name } } }";
    for (filter, expected) in cases {
        let variables = json!({"filter": filter, "in": [gateway.integration(0)]});
        let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
        let mut found = answer.texts("/groups/nodes", "name");
        found.sort();
        assert_eq!(found, expected, "{filter}");
        assert_eq!(*answer.good("/groups/totalCount"), json!(expected.len()), "{filter}");
        assert!(calls.total() <= 3, "{filter}: a search and a count, but {calls:?}");
        let is_nobody = expected.is_empty();
        assert_eq!(is_nobody, calls.total() == 0, "{filter}: {calls:?}");
    }
}

/// The names of the groups that grant a role of this kind, by what they say themselves.
async fn granting(gateway: &TestGateway, is_wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let query = "query($in: [ID!]) { groups(first: 100, integrations: $in) { nodes {
        name roles { role { key } product { key } } } } }";
    let variables = json!({"in": [gateway.integration(0)]});
    let answer = gateway.reader().ask_with(query, variables).await;
    let has = |group: &&Value| {
        group["roles"].as_array().is_some_and(|roles| roles.iter().any(&is_wanted))
    };
    let rows = answer.list("/groups/nodes").iter().filter(has);
    let mut names: Vec<String> =
        rows.filter_map(|group| group["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

#[tokio::test]
async fn groups_look_as_they_always_did() {
    let gateway = Setup { start: fixed(), ..Setup::of(16) }.start().await;
    let query = "{ groups(first: 6) { totalCount pageInfo { hasNextPage } nodes {
        groupId name description managedBy isExternallySynced isDefaultAccess memberCount
        roles { role { key name scope } source product { key name } }
        members(first: 2) { totalCount nodes { name } pageInfo { hasNextPage } } } } }";
    assert_json_snapshot!(gateway.ask(READ, query).await.good(""));
}
