//! The audit log: pushed down, paged, paced, and clear where a plan has none.

use std::time::Duration;

use headcount::demo::Limits;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Page, READ, Setup, TestGateway, fixed, walk};

const EVENTS: &str = "/admin/v1/orgs/{orgId}/events";

/// Whether an event is one of those that a filter means.
type Wanted<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

const PAGES: &str = "query($first: Int, $after: String, $filter: ActivityFilter) {
    activity(first: $first, after: $after, filter: $filter) {
        edges { cursor node { id occurredAt action actorName subjects { kind id } } }
        pageInfo { hasNextPage endCursor } } }";

/// An upstream and a gateway that let a test ask as often as it likes.
async fn generous(people: usize) -> TestGateway {
    let setup = Setup::of(people).with("ATLASSIAN__EVENTS_PER_MINUTE", 6_000);
    let gateway = setup.start().await;
    gateway.atlassian.set_limits(Limits { events: 6_000, ..Limits::default() });
    gateway
}

/// Every event of the healthy organization that a filter leaves.
async fn events(gateway: &TestGateway, filter: Value) -> Vec<Value> {
    let query = "query($first: Int, $after: String, $filter: ActivityFilter, $in: [ID!]) {
        activity(first: $first, after: $after, filter: $filter, integrations: $in) {
            edges { cursor node { id occurredAt action actor { accountId } actorName
                subjects { kind id name } } } pageInfo { hasNextPage endCursor } } }";
    let mut after = Value::Null;
    let mut found = Vec::new();
    loop {
        let variables = json!({"first": 100, "after": after, "filter": filter,
            "in": [gateway.integration(0)]});
        let page = Page::of(&gateway.reader().ask_with(query, variables).await, "/activity");
        found.extend(page.nodes);
        if !page.has_next {
            return found;
        }
        after = json!(page.end);
    }
}

fn instant(event: &Value) -> jiff::Timestamp {
    event["occurredAt"].as_str().expect("an instant").parse().expect("RFC 3339")
}

#[tokio::test]
async fn an_organization_without_the_plan_is_an_error_beside_the_others_events() {
    let gateway = TestGateway::start(30).await;
    let query = "{ activity(first: 100) { nodes { action integration { id } } } }";
    let (answer, calls) = gateway.counted(gateway.ask(READ, query)).await;
    let rows = answer.at("/activity/nodes").as_array().expect("events");
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row["integration"]["id"] == gateway.integration(0)));
    assert_eq!(answer.codes(), ["UPSTREAM_FORBIDDEN"], "{}", answer.text);
    let extensions = &answer.errors()[0]["extensions"];
    assert_eq!(extensions["integrationId"], gateway.integration(1));
    assert_eq!(extensions["retryable"], false);
    assert_eq!(calls.total(), calls.of("GET", EVENTS), "nothing else is asked: {calls:?}");
    assert_eq!(calls.total(), 2, "one call an organization");
}

#[tokio::test]
async fn events_come_newest_first_and_every_one_once_whatever_the_page_size() {
    let gateway = generous(40).await;
    let all = events(&gateway, json!({})).await;
    assert!(all.len() > 20, "only {} events", all.len());
    assert!(all.is_sorted_by(|a, b| instant(a) >= instant(b)));
    let query = PAGES.replace(
        "filter: $filter)",
        &format!("filter: $filter, integrations: [{:?}])", gateway.integration(0)),
    );
    for first in [3, 20] {
        let pages = walk(&gateway.reader(), &query, "/activity", first).await;
        let shown: Vec<&Value> = pages.iter().flat_map(|page| &page.nodes).collect();
        let ids: Vec<&Value> = shown.iter().map(|event| &event["id"]).collect();
        let expected: Vec<&Value> = all.iter().map(|event| &event["id"]).collect();
        assert_eq!(ids, expected, "first: {first}");
    }
}

#[tokio::test]
async fn what_a_filter_of_events_says_is_left_to_atlassian() {
    let gateway = generous(40).await;
    let all = events(&gateway, json!({})).await;
    let middle = &all[all.len() / 2];
    let at = instant(middle);
    let action = middle["action"].clone();
    let actor = all.iter().find_map(|event| event["actor"]["accountId"].as_str());
    let actor = actor.expect("an actor whom the organization knows").to_owned();
    let other = all.iter().map(|event| &event["action"]).find(|word| **word != action);
    let other = other.expect("another action").clone();
    let cases: [(Value, Wanted<'_>); 5] = [
        (json!({"from": at.to_string()}), Box::new(|event| instant(event) >= at)),
        (json!({"to": at.to_string()}), Box::new(|event| instant(event) < at)),
        (json!({"actions": [action]}), Box::new(|event| event["action"] == action)),
        (
            json!({"actions": [action, other]}),
            Box::new(|event| event["action"] == action || event["action"] == other),
        ),
        (json!({"actor": actor}), Box::new(|event| event["actor"]["accountId"] == actor.as_str())),
    ];
    for (filter, is_wanted) in cases {
        let found = events(&gateway, filter.clone()).await;
        let mut expected: Vec<&Value> =
            all.iter().filter(|event| is_wanted(event)).map(|event| &event["id"]).collect();
        let mut ids: Vec<&Value> = found.iter().map(|event| &event["id"]).collect();
        assert!(!expected.is_empty(), "{filter} finds something");
        let key = |id: &&Value| id.as_str().map(str::to_owned);
        expected.sort_by_key(key);
        ids.sort_by_key(key);
        assert_eq!(ids, expected, "{filter}");
    }
}

#[tokio::test]
async fn what_a_person_did_is_asked_for_by_their_account() {
    let gateway = generous(40).await;
    let all = events(&gateway, json!({})).await;
    let actor = all.iter().find_map(|event| event["actor"]["accountId"].as_str());
    let actor = actor.expect("an actor").to_owned();
    let query = "query($in: ID!, $id: String!) { user(integration: $in, accountId: $id) {
        activity(first: 100) { nodes { id actorName } } } }";
    let variables = json!({"in": gateway.integration(0), "id": actor});
    let reader = gateway.reader();
    let (answer, calls) = gateway.counted(reader.ask_with(query, variables)).await;
    let mut found = answer.texts("/user/activity/nodes", "id");
    let theirs = all.iter().filter(|event| event["actor"]["accountId"] == actor.as_str());
    let mut expected: Vec<String> =
        theirs.filter_map(|event| event["id"].as_str().map(str::to_owned)).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(calls.of("GET", EVENTS) <= 1, "{calls:?}");
}

#[tokio::test]
async fn an_event_is_found_by_its_id_again() {
    let gateway = generous(30).await;
    let all = events(&gateway, json!({})).await;
    let query = "query($id: ID!) { node(id: $id) { id ... on ActivityEvent {
        occurredAt action actorName subjects { kind id name } } } }";
    let answer = gateway.reader().ask_with(query, json!({"id": all[3]["id"]})).await;
    for member in ["id", "occurredAt", "action", "actorName", "subjects"] {
        assert_eq!(answer.good("/node")[member], all[3][member], "{member}");
    }
}

#[tokio::test]
async fn more_questions_than_ten_a_minute_are_told_to_wait_and_do_not_hang() {
    let gateway = Setup::of(20).impatient().start().await;
    let reader = gateway.reader();
    let query = "query($search: String!, $in: [ID!]) {
        activity(first: 5, filter: {search: $search}, integrations: $in) { nodes { id } } }";
    let began = Instant::now();
    let questions = (0..12).map(|place| {
        let variables = json!({"search": format!("word{place}"), "in": [gateway.integration(0)]});
        reader.ask_with(query, variables)
    });
    let (answers, calls) = gateway.counted(futures_util::future::join_all(questions)).await;
    assert!(began.elapsed() < Duration::from_secs(6), "it took {:?}", began.elapsed());
    let refused: Vec<_> = answers.iter().filter(|answer| !answer.errors().is_empty()).collect();
    assert_eq!(calls.of("GET", EVENTS) + refused.len() as u64, 12);
    assert!(calls.total() <= 10, "{calls:?}");
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!(answer.codes(), ["UPSTREAM_RATE_LIMITED"], "{}", answer.text);
        let extensions = &answer.errors()[0]["extensions"];
        assert_eq!(extensions["retryable"], true);
        let wait = extensions["retryAfter"].as_u64().expect("how long to wait");
        assert!((1..=60).contains(&wait), "{wait} s");
    }
    let people = reader.ask("{ users(first: 1) { nodes { accountId } } }").await;
    assert_eq!(people.list("/users/nodes").len(), 1, "nobody else is held up");
}

#[tokio::test]
async fn events_look_as_they_always_did() {
    let gateway = Setup { start: fixed(), ..Setup::of(16) }.start().await;
    // The log is kept for 180 days of the simulator's own time.
    let query = "query($in: [ID!]) { activity(first: 4, integrations: $in) { totalCount nodes {
        occurredAt action actorName actor { accountId name } location ipAddress
        subjects { kind id name } } pageInfo { hasNextPage } } }";
    let variables = json!({"in": [gateway.integration(0)]});
    assert_json_snapshot!(gateway.reader().ask_with(query, variables).await.good(""));
}
