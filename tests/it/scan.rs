//! Filters and orders that Atlassian does not have: right, shared, read once, and safe to page over.

use futures_util::future::join_all;
use headcount::demo::{Fault, FaultKind, PersonSummary};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Page, READ, SEARCH, Setup, TestGateway, listed, now, walk};

const COUNT: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count";

const LIST: &str =
    "query($first: Int, $after: String, $filter: UserFilter, $order: UserOrder, $in: [ID!]) {
    users(first: $first, after: $after, filter: $filter, orderBy: $order, integrations: $in) {
        edges { cursor node { accountId email name lastActiveAt addedToOrgAt status } }
        pageInfo { hasNextPage endCursor } } }";

/// All rows of the first organization in an order.
async fn ordered(gateway: &TestGateway, filter: Value, field: &str, direction: &str) -> Vec<Value> {
    let order = json!({"field": field, "direction": direction});
    let variables = json!({"first": 100, "filter": filter, "order": order,
        "in": [gateway.integration(0)]});
    let answer = gateway.reader().ask_with(LIST, variables).await;
    let page = Page::of(&answer, "/users");
    assert!(!page.has_next, "the organization fits on a page");
    page.nodes
}

fn accounts(rows: &[Value]) -> Vec<String> {
    rows.iter().filter_map(|row| row["accountId"].as_str().map(str::to_owned)).collect()
}

// Nothing is told of the visits of those whose account waits for its deletion.
fn last_active(person: &PersonSummary) -> Option<jiff::Timestamp> {
    person.last_active.filter(|_| person.status != "for_deletion")
}

#[tokio::test]
async fn inactive_for_days_finds_those_whose_last_visit_is_older_or_who_never_came() {
    let gateway = TestGateway::start(90).await;
    let people = gateway.atlassian.people(0);
    for days in [0, 30, 90, 365] {
        let cutoff = now() - SignedDuration::from_hours(24 * days);
        let expected = listed(&people, |person| last_active(person).is_none_or(|at| at < cutoff));
        let filter = json!({"inactiveForDays": days});
        let mut found = accounts(&ordered(&gateway, filter, "LAST_ACTIVE_AT", "ASC").await);
        found.sort();
        assert_eq!(found, expected, "{days} days");
        assert!(expected.len() > 10, "{days} days find only {}", expected.len());
    }
}

#[tokio::test]
async fn inactivity_is_joined_with_the_filters_that_atlassian_applies() {
    let gateway = TestGateway::start(90).await;
    let cutoff = now() - SignedDuration::from_hours(24 * 60);
    let expected = listed(&gateway.atlassian.people(0), |person| {
        person.is_managed
            && person.status == "active"
            && last_active(person).is_none_or(|at| at < cutoff)
    });
    let filter = json!({"inactiveForDays": 60, "claimStatus": "MANAGED", "status": ["ACTIVE"]});
    let mut found = accounts(&ordered(&gateway, filter, "EMAIL", "DESC").await);
    found.sort();
    assert_eq!(found, expected);
    assert!(!expected.is_empty());
}

#[tokio::test]
async fn each_order_is_the_one_of_the_simulators_own_data() {
    let gateway = TestGateway::start(90).await;
    let mut people = gateway.atlassian.people(0);
    people.retain(crate::support::is_listed);
    for direction in ["ASC", "DESC"] {
        let turn = |order: std::cmp::Ordering| match direction {
            "ASC" => order,
            _ => order.reverse(),
        };
        people.sort_by(|a, b| {
            let by_time = turn(last_active(a).cmp(&last_active(b)));
            by_time.then_with(|| a.account_id.cmp(&b.account_id))
        });
        let expected: Vec<_> = people.iter().map(|person| person.account_id.clone()).collect();
        let found = ordered(&gateway, json!({}), "LAST_ACTIVE_AT", direction).await;
        assert_eq!(accounts(&found), expected, "{direction}");

        // A hidden address is as good as none, and comes last either way.
        let shown =
            |person: &PersonSummary| person.email.clone().filter(|_| !person.is_email_hidden);
        people.sort_by(|a, b| match (shown(a), shown(b)) {
            (Some(one), Some(other)) => turn(one.cmp(&other)),
            (one, other) => {
                other.is_some().cmp(&one.is_some()).then_with(|| a.account_id.cmp(&b.account_id))
            }
        });
        let expected: Vec<_> = people.iter().map(|person| person.account_id.clone()).collect();
        let found = ordered(&gateway, json!({}), "EMAIL", direction).await;
        assert_eq!(accounts(&found), expected, "{direction}");

        let found = ordered(&gateway, json!({}), "ADDED_TO_ORG_AT", direction).await;
        assert_eq!(found.len(), people.len());
        let instants = found.iter().map(|row| row["addedToOrgAt"].as_str().unwrap_or_default());
        let instants: Vec<Option<jiff::Timestamp>> =
            instants.map(|text| text.parse().ok()).collect();
        assert!(instants.is_sorted_by(|a, b| turn(a.cmp(b)).is_le()), "{direction}: {instants:?}");
    }
}

#[tokio::test]
async fn the_order_by_name_is_atlassians_own_and_costs_one_call() {
    let gateway = TestGateway::start(60).await;
    let ask = ordered(&gateway, json!({}), "NAME", "DESC");
    let (mut found, calls) = gateway.counted(ask).await;
    assert_eq!((calls.total(), calls.of("POST", SEARCH)), (1, 1));
    found.reverse();
    let ascending = ordered(&gateway, json!({}), "NAME", "ASC").await;
    assert_eq!(accounts(&found), accounts(&ascending));
}

#[tokio::test]
async fn the_first_page_reads_everybody_once_and_the_next_ones_nothing() {
    let gateway = TestGateway::start(230).await;
    let query = "query($first: Int, $after: String) {
        users(first: $first, after: $after, orderBy: {field: LAST_ACTIVE_AT, direction: ASC}) {
            edges { cursor node { accountId groups { nodes { name } } platformRoles { key } } }
            pageInfo { hasNextPage endCursor } } }";
    let reader = gateway.reader();
    let first = reader.ask_with(query, json!({"first": 40}));
    let (answer, calls) = gateway.counted(first).await;
    let people = listed(&gateway.atlassian.people(0), |_| true).len() as u64;
    let expected = (1, people.div_ceil(100));
    assert_eq!((calls.of("GET", COUNT), calls.of("POST", SEARCH)), expected, "{calls:?}");

    let after = Page::of(&answer, "/users").end;
    let second = reader.ask_with(query, json!({"first": 40, "after": after}));
    let (answer, calls) = gateway.counted(second).await;
    assert_eq!(Page::of(&answer, "/users").nodes.len(), 40);
    assert_eq!(calls.total(), 0, "{calls:?}");

    let (pages, _) = gateway.counted(walk(&reader, query, "/users", 33)).await;
    let mut shown: Vec<String> = pages.iter().flat_map(|page| accounts(&page.nodes)).collect();
    shown.sort();
    let everybody: Vec<_> = (0..2).flat_map(|index| gateway.atlassian.people(index)).collect();
    assert_eq!(shown, listed(&everybody, |_| true));
}

#[tokio::test]
async fn other_days_other_orders_and_the_total_share_the_scan() {
    let gateway = TestGateway::start(60).await;
    let scan = ordered(&gateway, json!({"inactiveForDays": 90}), "LAST_ACTIVE_AT", "ASC");
    let (_, calls) = gateway.counted(scan).await;
    assert_eq!(calls.total(), 2, "the count and the one page: {calls:?}");
    let ((), calls) = gateway
        .counted(async {
            ordered(&gateway, json!({"inactiveForDays": 30}), "EMAIL", "DESC").await;
            ordered(&gateway, json!({}), "ADDED_TO_ORG_AT", "ASC").await;
            let query = "query($in: [ID!]) {
                users(first: 1, filter: {inactiveForDays: 200}, integrations: $in) { totalCount } }";
            let variables = json!({"in": [gateway.integration(0)]});
            let answer = gateway.reader().ask_with(query, variables).await;
            let all = ordered(&gateway, json!({"inactiveForDays": 200}), "EMAIL", "ASC").await;
            assert_eq!(*answer.good("/users/totalCount"), json!(all.len()));
        })
        .await;
    assert_eq!(calls.total(), 0, "{calls:?}");
}

#[tokio::test]
async fn a_scan_in_parts_finds_the_same_people_as_one_in_a_row() {
    let whole = TestGateway::start(150).await;
    let parts = Setup::of(0).with("CACHE__SCAN_SPLIT_ABOVE", 20).start_before(&whole.atlassian);
    let parts = parts.await;
    let filter = json!({"inactiveForDays": 0});
    let expected = rows_of(&whole, &filter).await;
    let (found, calls) = parts.counted(rows_of(&parts, &filter)).await;
    assert_eq!(found, expected);
    assert!(found.len() > 100);
    assert!(calls.of("POST", SEARCH) >= 10, "every claim with every status: {calls:?}");
    let query = "query($in: [ID!]) { users(first: 1, integrations: $in) { totalCount } }";
    let variables = json!({"in": [parts.integration(0)]});
    let counted = parts.reader().ask_with(query, variables).await;
    assert_eq!(*counted.good("/users/totalCount"), json!(found.len()));
}

/// Everybody of the first organization, page by page, in the order of the last visit.
async fn rows_of(gateway: &TestGateway, filter: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let order = json!({"field": "LAST_ACTIVE_AT", "direction": "DESC"});
        let variables = json!({"first": 100, "filter": filter, "order": order, "after": after,
            "in": [gateway.integration(0)]});
        let page = Page::of(&gateway.reader().ask_with(LIST, variables).await, "/users");
        rows.extend(page.nodes);
        after = page.end;
        if !page.has_next {
            return rows;
        }
    }
}

#[tokio::test]
async fn twenty_scans_at_once_are_one() {
    let gateway = TestGateway::start(60).await;
    let order = |place: usize| if place.is_multiple_of(2) { "EMAIL" } else { "LAST_ACTIVE_AT" };
    let all = join_all((0..20).map(|place| ordered(&gateway, json!({}), order(place), "ASC")));
    let (rows, calls) = gateway.counted(all).await;
    assert_eq!(calls.total(), 2, "the count and the one page: {calls:?}");
    assert!(rows.iter().all(|some| some.len() == rows[0].len()));
}

#[tokio::test]
async fn no_cache_reads_everybody_again() {
    let gateway = TestGateway::start(30).await;
    ordered(&gateway, json!({}), "EMAIL", "ASC").await;
    let caller = gateway.reader().with("cache-control", "no-cache");
    let order = json!({"field": "EMAIL", "direction": "ASC"});
    let variables = json!({"order": order, "in": [gateway.integration(0)]});
    let (answer, calls) = gateway.counted(caller.ask_with(LIST, variables)).await;
    answer.good("/users");
    assert_eq!((calls.of("GET", COUNT), calls.of("POST", SEARCH)), (1, 1), "{calls:?}");
}

#[tokio::test]
async fn a_cursor_into_a_scan_that_was_dropped_has_expired() {
    let gateway = TestGateway::start(30).await;
    let order = json!({"field": "EMAIL", "direction": "ASC"});
    let one = json!({"first": 5, "order": order, "in": [gateway.integration(0)]});
    let page = Page::of(&gateway.reader().ask_with(LIST, one.clone()).await, "/users");
    let mut next = one;
    next["after"] = json!(page.end);
    Page::of(&gateway.reader().ask_with(LIST, next.clone()).await, "/users");

    let refresh = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";
    let id = json!({"id": gateway.integration(0)});
    gateway.reader().ask_with(refresh, id).await.good("/refresh");
    let answer = gateway.reader().ask_with(LIST, next).await;
    assert_eq!(answer.codes(), ["CURSOR_EXPIRED"], "{}", answer.text);
    assert_eq!(answer.errors()[0]["extensions"]["retryable"], false);
}

#[tokio::test]
async fn a_cursor_of_another_list_filter_or_order_is_invalid() {
    let gateway = TestGateway::start(30).await;
    let reader = gateway.reader();
    let by_email = json!({"field": "EMAIL", "direction": "ASC"});
    let page =
        Page::of(&reader.ask_with(LIST, json!({"first": 5, "order": by_email})).await, "/users");
    let others = [
        json!({"order": {"field": "EMAIL", "direction": "DESC"}}),
        json!({"order": {"field": "LAST_ACTIVE_AT", "direction": "ASC"}}),
        json!({"order": by_email, "filter": {"inactiveForDays": 30}}),
        json!({}),
    ];
    for mut variables in others {
        variables["after"] = json!(page.end);
        let answer = reader.ask_with(LIST, variables.clone()).await;
        assert_eq!(answer.codes(), ["CURSOR_INVALID"], "{variables}");
    }
    let groups = "query($after: String) { groups(after: $after) { nodes { name } } }";
    let answer = reader.ask_with(groups, json!({"after": page.end})).await;
    assert_eq!(answer.codes(), ["CURSOR_INVALID"]);
}

#[tokio::test]
async fn a_query_that_cannot_wait_for_the_scan_is_told_when_to_come_back() {
    let gateway = Setup::of(120).with("CACHE__SCAN_WAIT", "50ms").start().await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 400 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let query = "{ users(first: 5, orderBy: {field: EMAIL, direction: ASC}) { nodes { name } } }";
    gateway.atlassian.reset_requests();
    let answer = gateway.ask(READ, query).await;
    // Each organization is asked for its own scan, and both are still running.
    assert_eq!(answer.codes(), ["SCAN_RUNNING", "SCAN_RUNNING"], "{}", answer.text);
    for error in answer.errors() {
        assert_eq!(error["extensions"]["retryable"], true);
        assert!(
            error["extensions"]["retryAfter"].as_u64().is_some_and(|wait| wait >= 1),
            "{error}"
        );
    }
    let mut tries = 0;
    let answer = loop {
        let answer = gateway.ask(READ, query).await;
        tries += 1;
        if answer.errors().is_empty() || tries > 100 {
            break answer;
        }
    };
    assert_eq!(answer.list("/users/nodes").len(), 5);
    let calls = gateway.atlassian.requests();
    assert_eq!(calls.of("GET", COUNT), 2, "one scan an organization: {calls:?}");
}
