//! Lists of people: what they cost upstream, that they are complete, and that filters are pushed down.

use std::collections::HashSet;

use futures_util::future::join_all;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Page, READ, SEARCH, Setup, TestGateway, fixed, is_listed, listed, walk};

/// Whether a person is one of those that a filter means.
type Wanted<'a> = Box<dyn Fn(&headcount::demo::PersonSummary) -> bool + 'a>;

/// Everything that comes with a page.
const PAGE_OF_50: &str = "{ users(first: 50) { nodes {
    accountId name email status lastActiveAt usage
    groups { nodes { groupId name } }
    platformRoles { key }
    productAccess { lastActiveAt usage product { key resourceId } }
} pageInfo { hasNextPage } } }";

const PAGES: &str = "query($first: Int, $after: String) { users(first: $first, after: $after) {
    edges { cursor node { id accountId } } pageInfo { hasNextPage endCursor } } }";

#[tokio::test]
async fn a_page_of_fifty_with_groups_roles_products_and_activity_is_one_upstream_request() {
    let gateway = TestGateway::start(60).await;
    let (answer, calls) = gateway.counted(gateway.ask(READ, PAGE_OF_50)).await;
    assert_eq!(answer.list("/users/nodes").len(), 50);
    assert_eq!((calls.total(), calls.of("POST", SEARCH)), (1, 1));

    let (again, calls) = gateway.counted(gateway.ask(READ, PAGE_OF_50)).await;
    assert_eq!(again.at("/users"), answer.at("/users"));
    assert_eq!(calls.total(), 0, "the repeat comes from the cache");
}

#[tokio::test]
async fn two_hundred_identical_cold_queries_at_once_are_one_upstream_request() {
    let gateway = TestGateway::start(60).await;
    let reader = gateway.reader();
    let all = join_all((0..200).map(|_| reader.ask(PAGE_OF_50)));
    let (answers, calls) = gateway.counted(all).await;
    assert_eq!(calls.total(), 1);
    let first = answers[0].good("/users").clone();
    assert!(answers.iter().all(|answer| *answer.good("/users") == first));
}

#[tokio::test]
async fn paging_forwards_shows_every_listed_person_of_every_organization_once() {
    let gateway = TestGateway::start(60).await;
    let people: Vec<_> =
        (0..2).flat_map(|organization| gateway.atlassian.people(organization)).collect();
    let expected = listed(&people, |_| true);
    for first in [1, 7, 50, 100] {
        let pages = walk(&gateway.reader(), PAGES, "/users", first).await;
        let shown: Vec<&Value> = pages.iter().flat_map(|page| &page.nodes).collect();
        let mut accounts: Vec<&str> =
            shown.iter().filter_map(|node| node["accountId"].as_str()).collect();
        accounts.sort_unstable();
        assert_eq!(accounts, expected, "first: {first}");
        let ids: HashSet<&str> = shown.iter().filter_map(|node| node["id"].as_str()).collect();
        assert_eq!(ids.len(), shown.len(), "first: {first}");
        let is_full = |page: &Page| page.nodes.len() == first;
        let (_, all_but_last) = pages.split_last().expect("there is a page");
        assert!(all_but_last.iter().all(is_full), "first: {first}");
    }
}

#[tokio::test]
async fn the_cursor_of_each_row_leads_to_the_row_behind_it() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    let pages = walk(&reader, PAGES, "/users", 9).await;
    let cursors: Vec<&String> = pages.iter().flat_map(|page| &page.cursors).collect();
    let nodes: Vec<&Value> = pages.iter().flat_map(|page| &page.nodes).collect();
    for (place, cursor) in cursors.iter().enumerate() {
        let answer = reader.ask_with(PAGES, json!({"first": 2, "after": cursor})).await;
        let next: Vec<Value> = Page::of(&answer, "/users").nodes;
        let expected: Vec<Value> =
            nodes.iter().skip(place + 1).take(2).map(|node| (*node).clone()).collect();
        assert_eq!(next, expected, "behind row {place}");
    }
}

#[tokio::test]
async fn a_page_that_ends_one_organization_goes_on_with_the_next_one() {
    let gateway = TestGateway::start(20).await;
    let own = listed(&gateway.atlassian.people(0), |_| true).len();
    let query = "query($first: Int) { users(first: $first) {
        nodes { integration { id } } pageInfo { hasNextPage } } }";
    let ask = async || gateway.reader().ask_with(query, json!({"first": own + 3})).await;
    let (answer, calls) = gateway.counted(ask()).await;
    let of = |row: &Value| row["integration"]["id"].as_str().map(str::to_owned);
    let owners: Vec<_> = answer.list("/users/nodes").iter().filter_map(of).collect();
    let first = owners.iter().take_while(|owner| **owner == gateway.integration(0)).count();
    assert_eq!(first, own, "first the one organization, then the other");
    assert_eq!(owners.len(), own + 3);
    assert_eq!(calls.total(), 2, "one search an organization");
}

#[tokio::test]
async fn the_pages_look_as_they_always_did() {
    let gateway = Setup { start: fixed(), ..Setup::of(24) }.start().await;
    let query = "{ users(first: 8) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes {
        accountId name nickname email isEmailVerified accountType status accountStatus
        membershipStatus claimStatus managementSource isMfaEnabled addedToOrgAt jobTitle
        department location timeZone lastActiveAt integration { label organizationId }
        groups { totalCount nodes { groupId name description } }
        platformRoles { key name scope }
        productAccess { lastActiveAt product { key name resourceId } } } } }";
    let answer = gateway.ask(READ, query).await;
    assert_json_snapshot!(answer.good(""));
}

#[tokio::test]
async fn what_a_filter_says_is_left_to_atlassian() {
    let gateway = TestGateway::start(80).await;
    let people = gateway.atlassian.people(0);
    let (group, name) = gateway.atlassian.groups(0).swap_remove(0);
    let group_id = node_id_of_group(&gateway, &name).await;
    let keeps_groups = |status: &str| !matches!(status, "for_deletion" | "closed");
    let word = people[1].name.split(' ').next_back().expect("a family name").to_lowercase();
    let cases: Vec<(String, Wanted<'_>)> = vec![
        ("status: [SUSPENDED]".into(), Box::new(|one| one.status == "suspended")),
        (
            "status: [ACTIVE, DEACTIVATED]".into(),
            Box::new(|one| matches!(one.status, "active" | "deactivated")),
        ),
        (
            "status: [ACTIVE, SUSPENDED, NOT_INVITED, DEACTIVATED, FOR_DELETION]".into(),
            Box::new(|_| true),
        ),
        ("accountStatus: [INACTIVE]".into(), Box::new(|one| one.account_status == "inactive")),
        (
            "membershipStatus: [NO_MEMBERSHIP]".into(),
            Box::new(|one| one.membership_status == "no_membership"),
        ),
        ("claimStatus: UNMANAGED".into(), Box::new(|one| !one.is_managed)),
        (
            "claimStatus: MANAGED, status: [ACTIVE]".into(),
            Box::new(|one| one.is_managed && one.status == "active"),
        ),
        (
            format!("groups: [\"{group_id}\"]"),
            Box::new(|one| one.groups.contains(&group) && keeps_groups(one.status)),
        ),
        (
            "roles: [\"atlassian/org-admin\"]".into(),
            Box::new(|one| one.platform_roles.contains(&"atlassian/org-admin")),
        ),
        (
            format!("search: \"{word}\""),
            Box::new(|one| {
                one.name.to_lowercase().contains(&word)
                    || one.email.as_ref().is_some_and(|email| email.contains(&word))
            }),
        ),
    ];
    for (filter, is_wanted) in cases {
        let expected = listed(&people, is_wanted);
        let (found, calls) = found_by(&gateway, &filter).await;
        assert_eq!(found, expected, "{filter}");
        assert!(!expected.is_empty(), "{filter} finds somebody");
        assert_eq!(calls, 2, "{filter}: one search and one count");
    }
}

#[tokio::test]
async fn people_are_found_by_the_products_that_they_hold_a_role_on() {
    let gateway = TestGateway::start(60).await;
    let query = "query($in: [ID!]) { users(first: 100, integrations: $in) {
        nodes { accountId roles { product { key } } } } }";
    let variables = json!({"in": [gateway.integration(0)]});
    let answer = gateway.reader().ask_with(query, variables).await;
    let holds = |user: &&Value| {
        let mut roles = user["roles"].as_array().into_iter().flatten();
        roles.any(|role| role["product"]["key"] == "confluence")
    };
    let holders = answer.list("/users/nodes").iter().filter(holds);
    let mut expected: Vec<&str> = holders.filter_map(|user| user["accountId"].as_str()).collect();
    expected.sort_unstable();
    let (found, calls) = found_by(&gateway, "products: [\"confluence\"]").await;
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    assert_eq!(calls, 2, "one search and one count; the products are known");

    let (nobody, calls) = found_by(&gateway, "products: [\"no-such-product\"]").await;
    assert!(nobody.is_empty());
    assert_eq!(calls, 0, "nobody has a product that there is not");
}

#[tokio::test]
async fn a_hundred_and_thirty_addresses_and_twenty_five_account_ids_are_split_into_few_calls() {
    let gateway = TestGateway::start(150).await;
    let people = gateway.atlassian.people(0);
    let (emails, expected): (Vec<_>, Vec<_>) = people
        .iter()
        .filter(|person| is_listed(person))
        .filter_map(|person| Some((person.email.clone()?, person.account_id.clone())))
        .take(130)
        .unzip();
    assert_eq!(emails.len(), 130);
    let (found, calls) = searched(&gateway, json!({"emails": emails})).await;
    assert_eq!(HashSet::<String>::from_iter(found), expected.iter().cloned().collect());
    assert_eq!(calls, 2, "a hundred addresses a call");

    let query = "query($emails: [String!], $in: [ID!]) {
        users(first: 1, filter: {emails: $emails}, integrations: $in) { totalCount } }";
    let variables = json!({"emails": emails, "in": [gateway.integration(0)]});
    let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
    assert_eq!(*answer.good("/users/totalCount"), json!(130));
    assert!(calls.total() <= 3, "Atlassian does not count by address: {calls:?}");

    let ids = &expected[..25];
    let (found, calls) = searched(&gateway, json!({"accountIds": ids})).await;
    assert_eq!(HashSet::<String>::from_iter(found), ids.iter().cloned().collect());
    assert_eq!(calls, 3, "ten account ids a call");
}

#[tokio::test]
async fn an_empty_list_in_a_filter_finds_nobody_and_costs_nothing() {
    let gateway = TestGateway::start(20).await;
    for member in ["emails", "emailDomains", "accountIds", "status", "groups", "roles", "products"]
    {
        let (found, calls) = searched(&gateway, json!({ member: [] })).await;
        assert!(found.is_empty(), "{member}");
        assert!(calls <= 1, "{member}: at most the products, but {calls}");
    }
}

#[tokio::test]
async fn the_total_is_counted_by_atlassian_with_the_same_filter() {
    let gateway = TestGateway::start(60).await;
    let query = "{ users(first: 3, filter: {claimStatus: MANAGED}) { totalCount nodes { name } } }";
    let (answer, calls) = gateway.counted(gateway.ask(READ, query)).await;
    let managed = |organization| {
        listed(&gateway.atlassian.people(organization), |person| person.is_managed).len()
    };
    assert_eq!(*answer.good("/users/totalCount"), json!(managed(0) + managed(1)));
    let route = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count";
    assert_eq!((calls.total(), calls.of("GET", route)), (3, 2), "one search, a count each");
}

#[tokio::test]
async fn thirty_addresses_in_one_query_are_one_call_an_organization() {
    let gateway = TestGateway::start(60).await;
    let people = gateway.atlassian.people(0);
    let known: Vec<_> = people
        .iter()
        .filter(|person| is_listed(person) && !person.is_email_hidden)
        .filter_map(|person| Some((person.email.clone()?, person.account_id.clone())))
        .take(30)
        .collect();
    let field = |(place, (email, _)): (usize, &(String, String))| {
        format!("p{place}: usersByEmail(email: \"{}\") {{ accountId }}", email.to_uppercase())
    };
    // Twenty fields at the root are the limit of one query.
    for (part, known) in known.chunks(15).enumerate() {
        let fields: Vec<String> = known.iter().enumerate().map(field).collect();
        let query = format!("{{ {} }}", fields.join(" "));
        let (answer, calls) = gateway.counted(gateway.ask(READ, &query)).await;
        for (place, (_, account)) in known.iter().enumerate() {
            let found = answer.texts(&format!("/p{place}"), "accountId");
            assert_eq!(found, std::slice::from_ref(account), "part {part}");
        }
        assert_eq!(calls.total(), 2, "part {part}: one call an organization");
    }
}

#[tokio::test]
async fn who_hides_the_address_is_found_by_it_all_the_same() {
    let gateway = TestGateway::start(60).await;
    let people = gateway.atlassian.people(0);
    let hidden = people.iter().find(|person| is_listed(person) && person.is_email_hidden);
    let hidden = hidden.expect("somebody hides the address");
    let open = people.iter().find(|person| is_listed(person) && !person.is_email_hidden);
    let address = |person: Option<&headcount::demo::PersonSummary>| {
        person.and_then(|person| person.email.clone()).expect("an address")
    };
    let query = format!(
        "{{ a: usersByEmail(email: \"{}\") {{ accountId email }} b: usersByEmail(email: \"{}\") {{ accountId }} }}",
        address(Some(hidden)),
        address(open)
    );
    let answer = gateway.ask(READ, &query).await;
    assert_eq!(*answer.good("/a"), json!([{"accountId": hidden.account_id, "email": null}]));
    assert_eq!(answer.texts("/b", "accountId"), [open.expect("somebody").account_id.clone()]);
}

#[tokio::test]
async fn a_hundred_nodes_are_at_most_ten_calls_and_come_in_order() {
    let gateway = TestGateway::start(110).await;
    let query = "{ users(first: 100) { nodes { id accountId } } }";
    let answer = gateway.ask(READ, query).await;
    let mut rows = answer.list("/users/nodes").clone();
    rows.reverse();
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { accountId } } }";
    let reader = gateway.reader();
    let ask = reader.ask_with(nodes, json!({"ids": ids}));
    let (answer, calls) = gateway.counted(ask).await;
    assert_eq!(*answer.list("/nodes"), rows);
    assert!(calls.total() <= 10, "{} calls", calls.total());

    let ask = reader.ask_with(nodes, json!({"ids": ids}));
    let (_, calls) = gateway.counted(ask).await;
    assert_eq!(calls.total(), 0);
}

/// The accounts that a filter of the first organization finds, sorted, and the calls it cost.
async fn found_by(gateway: &TestGateway, filter: &str) -> (Vec<String>, u64) {
    let query = format!(
        "query($in: [ID!]) {{ users(first: 100, filter: {{{filter}}}, integrations: $in) {{
            totalCount nodes {{ accountId }} }} }}"
    );
    let reader = gateway.reader();
    let ask = reader.ask_with(&query, json!({"in": [gateway.integration(0)]}));
    let (answer, calls) = gateway.counted(ask).await;
    let mut found = answer.texts("/users/nodes", "accountId");
    assert_eq!(*answer.good("/users/totalCount"), json!(found.len()), "{filter}");
    found.sort();
    (found, calls.total())
}

/// All pages of what a filter of the first organization finds, and the calls they cost.
async fn searched(gateway: &TestGateway, filter: Value) -> (Vec<String>, u64) {
    let query = "query($first: Int, $after: String, $filter: UserFilter, $in: [ID!]) {
        users(first: $first, after: $after, filter: $filter, integrations: $in) {
            edges { cursor node { accountId } } pageInfo { hasNextPage endCursor } } }";
    let reader = gateway.reader();
    let all = async {
        let mut found = Vec::new();
        let mut after = Value::Null;
        loop {
            let variables = json!({"first": 100, "after": after, "filter": filter,
                "in": [gateway.integration(0)]});
            let page = Page::of(&reader.ask_with(query, variables).await, "/users");
            found.extend(
                page.nodes.iter().filter_map(|node| node["accountId"].as_str().map(str::to_owned)),
            );
            if !page.has_next {
                return found;
            }
            after = json!(page.end);
        }
    };
    let (found, calls) = gateway.counted(all).await;
    (found, calls.total())
}

async fn node_id_of_group(gateway: &TestGateway, name: &str) -> String {
    let query = "query($name: String!, $in: [ID!]) {
        groups(filter: {names: [$name]}, integrations: $in) { nodes { id } } }";
    let variables = json!({"name": name, "in": [gateway.integration(0)]});
    let answer = gateway.reader().ask_with(query, variables).await;
    answer.texts("/groups/nodes", "id").swap_remove(0)
}
