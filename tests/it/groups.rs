//! Groups: pages, filters that Atlassian applies, members, and what a group grants. And lists that go backward.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value, json};

use crate::support::{READ, SEARCH, TestGateway, listed, told_by_atlassian, walk};

const GROUPS: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/search";
const COUNT: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/count";
const ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments";

/// Whether a filter is to find it.
type Wanted<'a> = Box<dyn Fn(usize, &str) -> bool + 'a>;

/// The groups of the first organization as Atlassian tells them, with their counts.
async fn groups(gateway: &TestGateway) -> Vec<Value> {
    let answer = told_by_atlassian(gateway, 0, "v2", "directories/-/groups?limit=100").await;
    assert!(answer["links"].get("next").is_none_or(Value::is_null), "one page has all");
    answer["data"].as_array().expect("a list").clone()
}

/// What a group of the first organization grants, as Atlassian tells it.
async fn grants(gateway: &TestGateway, group: &Value) -> Vec<Value> {
    let id = group["id"].as_str().expect("an id");
    let path = format!("directories/-/groups/{id}/role-assignments?limit=100");
    let answer = told_by_atlassian(gateway, 0, "v2", &path).await;
    assert!(answer["links"].get("next").is_none_or(Value::is_null), "one page has all");
    answer["data"].as_array().expect("a list").clone()
}

fn names(groups: &[Value]) -> Vec<String> {
    groups.iter().map(|group| group["name"].as_str().expect("a name").to_owned()).collect()
}

/// Whether some of the grants is on an instance of the product.
fn is_on(grants: &[Value], product: &str) -> bool {
    grants.iter().any(|grant| grant["resourceOwner"] == product)
}

/// Whether some of the grants gives the role.
fn has_role(grants: &[Value], role: &str) -> bool {
    grants.iter().flat_map(pairs).any(|(given, _)| given == role)
}

#[tokio::test]
async fn a_page_of_groups_with_the_number_of_members_is_one_upstream_request() {
    let gateway = TestGateway::start(40).await;
    let expected: BTreeMap<String, Value> = groups(&gateway)
        .await
        .iter()
        .map(|group| (group["id"].as_str().expect("an id").to_owned(), group.clone()))
        .collect();
    let query = format!(
        "{{ groups(first: 100, integrations: [\"{}\"]) {{ nodes {{
            groupId name description managedBy isExternallySynced memberCount }} }} }}",
        gateway.integration(0)
    );
    let (answer, calls) = gateway.counted(gateway.ask(READ, &query)).await;
    assert_eq!((calls.total(), calls.of("POST", GROUPS)), (1, 1));
    let rows = answer.list("/groups/nodes");
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let group = &expected[row["groupId"].as_str().expect("an id")];
        assert_eq!(row["name"], group["name"]);
        assert_eq!(row["managedBy"], group["managedBy"]);
        assert_eq!(row["isExternallySynced"], group["externalSynced"]);
        assert_eq!(row["memberCount"], group["counts"]["users"], "{row}");
        assert_eq!(row["description"], group["description"], "{row}");
    }
    assert!(rows.iter().any(|row| row["memberCount"].as_u64() > Some(0)));
    let (again, calls) = gateway.counted(gateway.ask(READ, &query)).await;
    assert_eq!(again.good("/groups"), answer.good("/groups"));
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn groups_come_by_name_and_one_organization_after_the_other() {
    let gateway = TestGateway::start(40).await;
    let query = "query($first: Int, $after: String) { groups(first: $first, after: $after) {
        edges { cursor node { id groupId name integration { id } } }
        pageInfo { hasNextPage endCursor } } }";
    let mut expected = Vec::new();
    for organization in 0..2 {
        let mut all = gateway.atlassian.groups(organization);
        all.sort_by_key(|(_, name)| name.to_lowercase());
        expected.extend(all.into_iter().map(|(_, name)| (gateway.integration(organization), name)));
    }
    for first in [1, 6, 100] {
        let pages = walk(&gateway.reader(), query, "/groups", first).await;
        let nodes: Vec<&Value> = pages.iter().flat_map(|page| &page.nodes).collect();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let shown: Vec<_> = nodes
            .iter()
            .map(|node| (text(&node["integration"]["id"]), text(&node["name"])))
            .collect();
        assert_eq!(shown, expected, "first: {first}");
        let ids: HashSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
        assert_eq!(ids.len(), nodes.len(), "first: {first}");
    }
}

#[tokio::test]
async fn what_a_filter_of_groups_says_is_left_to_atlassian() {
    let gateway = TestGateway::start(40).await;
    let all = groups(&gateway).await;
    let mut granted = Vec::new();
    for group in &all {
        granted.push(grants(&gateway, group).await);
    }
    let owns = |place: usize, product: &str| is_on(&granted[place], product);
    let grants_role = |place: usize, role: &str| has_role(&granted[place], role);
    let (one, two) = (names(&all)[0].clone(), names(&all)[1].clone());
    let place = (0..all.len()).find(|place| owns(*place, "confluence")).expect("some group does");
    let word = names(&all)[place].split(['-', ' ']).next().expect("a word").to_lowercase();
    let upper = two.to_uppercase();
    let cases: Vec<(Value, u64, Wanted<'_>)> = vec![
        (json!({"search": word}), 1, Box::new(|_, name| name.to_lowercase().contains(&word))),
        (json!({"names": [one, upper]}), 1, Box::new(|_, name| name == one || name == two)),
        (json!({"names": ["no such group"]}), 1, Box::new(|_, _| false)),
        (
            json!({"roles": ["atlassian/admin"]}),
            1,
            Box::new(|place, _| grants_role(place, "atlassian/admin")),
        ),
        // The products are asked for once.
        (json!({"products": ["confluence"]}), 2, Box::new(|place, _| owns(place, "confluence"))),
        (
            json!({"products": ["confluence"], "search": word}),
            1,
            Box::new(|place, name| {
                owns(place, "confluence") && name.to_lowercase().contains(&word)
            }),
        ),
        (json!({"names": []}), 0, Box::new(|_, _| false)),
        (json!({"roles": []}), 0, Box::new(|_, _| false)),
        (json!({"products": ["no-such-product"]}), 0, Box::new(|_, _| false)),
    ];
    let query = "query($in: [ID!], $filter: GroupFilter) {
        groups(first: 100, filter: $filter, integrations: $in) { nodes { name } } }";
    let reader = gateway.reader();
    for (filter, cost, is_wanted) in cases {
        let variables = json!({"in": [gateway.integration(0)], "filter": filter});
        let (answer, calls) = gateway.counted(reader.ask_with(query, variables)).await;
        let mut expected: Vec<String> = names(&all)
            .into_iter()
            .enumerate()
            .filter(|(place, name)| is_wanted(*place, name))
            .map(|(_, name)| name)
            .collect();
        expected.sort_by_key(|name| name.to_lowercase());
        assert!(expected.len() < all.len(), "{filter} leaves groups out");
        let is_for_none = cost == 0 || filter["names"][0] == "no such group";
        assert_eq!(expected.is_empty(), is_for_none, "{filter}");
        answer.good("/groups");
        assert_eq!(answer.texts("/groups/nodes", "name"), expected, "{filter}");
        assert_eq!(calls.total(), cost, "{filter}: {calls:?}");
    }
}

#[tokio::test]
async fn the_total_of_groups_is_counted_by_atlassian() {
    let gateway = TestGateway::start(40).await;
    let query = "{ groups(first: 2) { totalCount nodes { name } } }";
    let (answer, calls) = gateway.counted(gateway.ask(READ, query)).await;
    let all = gateway.atlassian.groups(0).len() + gateway.atlassian.groups(1).len();
    assert_eq!(*answer.good("/groups/totalCount"), json!(all));
    assert_eq!((calls.total(), calls.of("GET", COUNT)), (3, 2), "one search, a count each");

    // Atlassian does not count by names; they are few.
    let rows = answer.texts("/groups/nodes", "name");
    let query = "query($names: [String!], $in: [ID!]) {
        groups(first: 1, filter: {names: $names}, integrations: $in) { totalCount } }";
    let variables = json!({"names": rows, "in": [gateway.integration(0)]});
    let named = gateway.reader().ask_with(query, variables).await;
    assert_eq!(*named.good("/groups/totalCount"), json!(rows.len()));
}

#[tokio::test]
async fn names_and_search_together_are_refused_without_a_call() {
    let gateway = TestGateway::start(20).await;
    let query = r#"{ groups(filter: {search: "a", names: ["b"]}) { nodes { name } } }"#;
    let (answer, calls) = gateway.counted(gateway.ask(READ, query)).await;
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.text);
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn members_pages_through_everybody_in_the_group() {
    let gateway = TestGateway::start(60).await;
    let people = gateway.atlassian.people(0);
    let query = format!(
        "{{ groups(first: 100, integrations: [\"{}\"]) {{ nodes {{ id groupId }} }} }}",
        gateway.integration(0)
    );
    let answer = gateway.ask(READ, &query).await;
    let mut largest = 0;
    for row in answer.list("/groups/nodes") {
        let group = row["groupId"].as_str().expect("an id").to_owned();
        let expected = listed(&people, |one| {
            one.groups.contains(&group) && !matches!(one.status, "for_deletion" | "closed")
        });
        let id = row["id"].as_str().expect("an id");
        let query = format!(
            "query($first: Int, $after: String) {{ node(id: \"{id}\") {{ ... on Group {{
                members(first: $first, after: $after) {{ edges {{ cursor node {{ accountId }} }}
                    pageInfo {{ hasNextPage endCursor }} }} }} }} }}"
        );
        let reader = gateway.reader();
        let all = walk(&reader, &query, "/node/members", 7);
        let (pages, calls) = gateway.counted(all).await;
        let nodes = pages.iter().flat_map(|page| &page.nodes);
        let mut shown: Vec<&str> = nodes.filter_map(|node| node["accountId"].as_str()).collect();
        shown.sort_unstable();
        assert_eq!(shown, expected, "{group}");
        assert!(calls.of("POST", SEARCH) <= pages.len() as u64, "one call a page");
        largest = largest.max(expected.len());
    }
    assert!(largest > 7, "some group has more than a page");
}

#[tokio::test]
async fn roles_and_default_access_are_what_the_role_assignments_say_and_cost_nothing_where_there_are_none()
 {
    let gateway = TestGateway::start(40).await;
    let mut expected = BTreeMap::new();
    let mut granting = 0;
    for group in groups(&gateway).await {
        let grants = grants(&gateway, &group).await;
        assert_eq!(group["counts"]["resources"], json!(grants.len()));
        granting += u64::from(!grants.is_empty());
        let is_default = grants.iter().any(|grant| !grant["defaultRole"].is_null());
        let roles: BTreeSet<(String, String)> = grants.iter().flat_map(pairs).collect();
        let name = group["name"].as_str().expect("a name").to_owned();
        expected.insert(name, (is_default, roles));
    }
    let all = expected.len() as u64;
    assert!(granting > 0 && granting < all, "{granting} of {all} groups grant something");
    assert!(expected.values().any(|(is_default, _)| *is_default));

    let query = format!(
        "{{ groups(first: 100, integrations: [\"{}\"]) {{ nodes {{ name memberCount isDefaultAccess
            roles {{ source role {{ key }} product {{ resourceId }} groups {{ name }} }} }} }} }}",
        gateway.integration(0)
    );
    let (answer, calls) = gateway.counted(gateway.ask(READ, &query)).await;
    for row in answer.list("/groups/nodes") {
        let name = row["name"].as_str().expect("a name");
        let (is_default, roles) = &expected[name];
        assert_eq!(row["isDefaultAccess"], json!(is_default), "{name}");
        let held = row["roles"].as_array().expect("roles");
        let keys: BTreeSet<&str> =
            held.iter().filter_map(|one| one["role"]["key"].as_str()).collect();
        let wanted: BTreeSet<&str> = roles.iter().map(|(role, _)| role.as_str()).collect();
        assert_eq!(keys, wanted, "{name}");
        assert_eq!(held.len(), roles.len(), "{name}");
        for one in held {
            assert_eq!(one["source"], "GROUP", "{name}");
            assert_eq!(one["groups"], json!([{"name": name}]));
            if let Some(resource) = one["product"]["resourceId"].as_str() {
                let key = one["role"]["key"].as_str().expect("a key").to_owned();
                assert!(roles.contains(&(key, resource.to_owned())), "{name}: {one}");
            }
        }
    }
    assert_eq!(calls.of("POST", GROUPS), 1);
    assert_eq!(calls.of("GET", ROLES), granting, "none for a group that grants nothing");
    assert_eq!(calls.total(), 1 + granting, "{calls:?}");
}

/// Role and resource of each role that a grant gives.
fn pairs(grant: &Value) -> Vec<(String, String)> {
    let resource = grant["resourceId"].as_str().expect("a resource");
    let roles = grant["roles"].as_array().expect("roles").iter();
    let pair = |role: &Value| (role.as_str().expect("a role").to_owned(), resource.to_owned());
    roles.map(pair).collect()
}

/// A list that goes backward: the texts of its rows, whether there is more before and behind, and its first cursor.
fn backward(connection: &Value, member: &str) -> (Vec<String>, bool, bool, Option<String>) {
    let nodes = connection["nodes"].as_array().expect("rows").iter();
    let info = &connection["pageInfo"];
    (
        nodes.map(|node| node[member].as_str().expect("a text").to_owned()).collect(),
        info["hasPreviousPage"].as_bool().expect("whether there is more before"),
        info["hasNextPage"].as_bool().expect("whether there is more behind"),
        info["startCursor"].as_str().map(str::to_owned),
    )
}

#[tokio::test]
async fn the_groups_of_a_person_go_backward_as_well() {
    let gateway = TestGateway::start(60).await;
    let people = gateway.atlassian.people(0);
    let is_fit = |one: &&headcount::demo::PersonSummary| one.status == "active";
    let person = people.iter().filter(is_fit).max_by_key(|one| one.groups.len());
    let person = person.expect("somebody is active");
    assert!(person.groups.len() >= 3, "somebody is in three groups");
    let ask = async |arguments: String| {
        let query = format!(
            "{{ user(integration: \"{}\", accountId: \"{}\") {{ groups({arguments}) {{ totalCount
                nodes {{ groupId }}
                pageInfo {{ hasPreviousPage hasNextPage startCursor endCursor }} }} }} }}",
            gateway.integration(0),
            person.account_id
        );
        gateway.ask(READ, &query).await.good("/user/groups").clone()
    };
    let (all, before, behind, _) = backward(&ask("first: 100".to_owned()).await, "groupId");
    assert_eq!((before, behind), (false, false));
    let expected: HashSet<&String> = person.groups.iter().collect();
    assert_eq!(all.iter().collect::<HashSet<_>>(), expected);
    assert_eq!(all.len(), person.groups.len());

    let mut shown = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let arguments = match &cursor {
            Some(cursor) => format!("last: 2, before: \"{cursor}\""),
            None => "last: 2".to_owned(),
        };
        let is_first = cursor.is_none();
        let (rows, has_previous, has_next, start) = backward(&ask(arguments).await, "groupId");
        assert_eq!(has_next, !is_first, "behind the last page there is nothing");
        shown.splice(0..0, rows);
        assert_eq!(has_previous, shown.len() < all.len());
        if !has_previous {
            break;
        }
        cursor = start;
    }
    assert_eq!(shown, all);
}

#[tokio::test]
async fn integrations_go_backward_as_well() {
    let gateway = TestGateway::start(10).await;
    let ask = async |arguments: String| {
        let query = format!(
            "{{ integrations({arguments}) {{ totalCount nodes {{ id }}
                pageInfo {{ hasPreviousPage hasNextPage startCursor endCursor }} }} }}"
        );
        let (answer, calls) = gateway.counted(gateway.ask(READ, &query)).await;
        assert_eq!(calls.total(), 0);
        assert_eq!(*answer.good("/integrations/totalCount"), json!(2));
        backward(answer.good("/integrations"), "id")
    };
    let (all, ..) = ask("first: 10".to_owned()).await;
    assert_eq!(all.len(), 2);
    let (last, has_previous, has_next, cursor) = ask("last: 1".to_owned()).await;
    assert_eq!((last, has_previous, has_next), (vec![all[1].clone()], true, false));
    let cursor = cursor.expect("a cursor");
    let (first, has_previous, has_next, cursor) =
        ask(format!("last: 1, before: \"{cursor}\"")).await;
    assert_eq!((first, has_previous, has_next), (vec![all[0].clone()], false, true));
    let cursor = cursor.expect("a cursor");
    let (none, ..) = ask(format!("last: 1, before: \"{cursor}\"")).await;
    assert!(none.is_empty());
}
