//! The audit log: pages, filters that Atlassian applies, and the ten calls a minute that it allows.

use std::{collections::HashSet, time::Duration};

use headcount::demo::Limits;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{READ, Setup, TestGateway, told_by_atlassian, walk};

const ROUTE: &str = "/admin/v1/orgs/{orgId}/events";

/// Longer than any answer may take with the short waits of these tests.
const TOO_LONG: Duration = Duration::from_secs(8);

/// Whether a filter is to find it.
type Wanted<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

/// A gateway and an Atlassian that allow as many calls as a test wants.
async fn unhurried(people: usize) -> TestGateway {
    let gateway = Setup::of(people).with("ATLASSIAN__EVENTS_PER_MINUTE", 100_000).start().await;
    gateway.atlassian.set_limits(Limits { events: 100_000, ..Limits::default() });
    gateway
}

/// The events of the first organization as Atlassian tells them, newest first.
async fn events(gateway: &TestGateway) -> Vec<Value> {
    let answer = told_by_atlassian(gateway, 0, "v1", "events?limit=500").await;
    let events = answer["data"].as_array().expect("a list").clone();
    assert!(answer["links"].get("next").is_none(), "all events are in one page");
    assert!(events.len() >= 60);
    events
}

/// What tells events apart for a caller.
fn told(event: &Value) -> (String, String, String) {
    let text = |value: &Value| value.as_str().unwrap_or("(none)").to_owned();
    if let Some(attributes) = event.get("attributes") {
        let actor = &attributes["actor"];
        (text(&attributes["time"]), text(&attributes["action"]), text(&actor["name"]))
    } else {
        (text(&event["occurredAt"]), text(&event["action"]), text(&event["actorName"]))
    }
}

/// The same instants in one way of writing them.
fn normal(mut told: (String, String, String)) -> (String, String, String) {
    let at: jiff::Timestamp = told.0.parse().expect("an instant");
    told.0 = at.to_string();
    told
}

/// What a filter finds in the first organization, and the calls that it cost.
async fn found_by(gateway: &TestGateway, filter: &Value) -> (Vec<(String, String, String)>, u64) {
    let query = "query($in: [ID!], $filter: ActivityFilter) {
        activity(first: 100, filter: $filter, integrations: $in) {
            nodes { occurredAt action actorName } pageInfo { hasNextPage } } }";
    let variables = json!({"in": [gateway.integration(0)], "filter": filter});
    let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
    assert_eq!(*answer.good("/activity/pageInfo/hasNextPage"), json!(false), "{filter}");
    let rows = answer.list("/activity/nodes").iter();
    (rows.map(|row| normal(told(row))).collect(), calls.total())
}

/// What Atlassian's own rows say of those that are wanted.
fn expected(events: &[Value], is_wanted: impl Fn(&Value) -> bool) -> Vec<(String, String, String)> {
    let wanted = events.iter().filter(|event| is_wanted(event));
    let wanted: Vec<_> = wanted.map(|event| normal(told(event))).collect();
    assert!(!wanted.is_empty() && wanted.len() < events.len(), "{} found", wanted.len());
    wanted
}

#[tokio::test]
async fn a_page_of_events_is_one_upstream_request_and_its_repeat_none() {
    let gateway = TestGateway::start(20).await;
    let query = format!(
        "{{ activity(first: 50, integrations: [\"{}\"]) {{ nodes {{ id occurredAt action actorName
            location ipAddress subjects {{ kind id name }} integration {{ label }} }} }} }}",
        gateway.integration(0)
    );
    let (answer, calls) = gateway.counted(gateway.ask(READ, &query)).await;
    let rows = answer.list("/activity/nodes");
    assert_eq!(rows.len(), 50);
    assert_eq!((calls.total(), calls.of("GET", ROUTE)), (1, 1));
    assert!(rows.iter().all(|row| row["subjects"].as_array().is_some_and(|all| !all.is_empty())));
    let (again, calls) = gateway.counted(gateway.ask(READ, &query)).await;
    assert_eq!(again.good("/activity"), answer.good("/activity"));
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn paging_shows_every_event_once_newest_first() {
    let gateway = unhurried(60).await;
    let all: Vec<_> = events(&gateway).await.iter().map(|one| normal(told(one))).collect();
    let query = format!(
        "query($first: Int, $after: String) {{
            activity(first: $first, after: $after, integrations: [\"{}\"]) {{
                edges {{ cursor node {{ id occurredAt action actorName }} }}
                pageInfo {{ hasNextPage endCursor }} }} }}",
        gateway.integration(0)
    );
    for first in [7, 50, 100] {
        let pages = walk(&gateway.reader(), &query, "/activity", first).await;
        let nodes: Vec<&Value> = pages.iter().flat_map(|page| &page.nodes).collect();
        let shown: Vec<_> = nodes.iter().map(|node| normal(told(node))).collect();
        assert_eq!(shown, all, "first: {first}");
        let ids: HashSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
        assert_eq!(ids.len(), all.len(), "first: {first}");
        let times: Vec<jiff::Timestamp> =
            shown.iter().map(|(at, ..)| at.parse().expect("an instant")).collect();
        assert!(times.is_sorted_by(|one, next| one >= next), "first: {first}");
    }
}

#[tokio::test]
async fn a_filter_is_left_to_atlassian_and_costs_one_call() {
    let gateway = unhurried(40).await;
    let all = events(&gateway).await;
    let time = |place: usize| all[place]["attributes"]["time"].as_str().expect("a time");
    let instant = |event: &Value| -> jiff::Timestamp {
        event["attributes"]["time"].as_str().expect("a time").parse().expect("an instant")
    };
    let (to, from) = (time(10), time(30));
    // Between two events: whether the end itself belongs to it is Atlassian's affair.
    let a_moment = jiff::SignedDuration::from_millis(1);
    let later = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant") + a_moment;
    let (from, to) = (later(from), later(to));
    let actor = all[0]["attributes"]["actor"]["id"].as_str().expect("an actor");
    let is_removal = |event: &Value| {
        event["message"]["content"].as_str().is_some_and(|text| text.contains("emoved"))
    };
    let removal = all.iter().find(|event| is_removal(event)).expect("something was removed");
    let remover = &removal["attributes"]["actor"]["id"];
    let action = all[0]["attributes"]["action"].as_str().expect("an action");
    let cases: Vec<(Value, Wanted<'_>)> = vec![
        (json!({"from": from.to_string()}), Box::new(|event| instant(event) >= from)),
        (json!({"to": to.to_string()}), Box::new(|event| instant(event) < to)),
        (
            json!({"from": from.to_string(), "to": to.to_string()}),
            Box::new(|event| (from..to).contains(&instant(event))),
        ),
        (json!({"actor": actor}), Box::new(|event| event["attributes"]["actor"]["id"] == actor)),
        (json!({"actions": [action]}), Box::new(|event| event["attributes"]["action"] == action)),
        (json!({"search": "Removed"}), Box::new(is_removal)),
        (
            json!({"search": "Removed", "actor": remover}),
            Box::new(|event| is_removal(event) && event["attributes"]["actor"]["id"] == *remover),
        ),
    ];
    for (filter, is_wanted) in cases {
        let (found, calls) = found_by(&gateway, &filter).await;
        assert_eq!(found, expected(&all, is_wanted), "{filter}");
        assert_eq!(calls, 1, "{filter}");
    }
}

#[tokio::test]
async fn several_actions_cost_a_call_each_and_come_in_one_order() {
    let gateway = unhurried(60).await;
    let all = events(&gateway).await;
    let actions = ["user_added_to_group", "managed_account_deleted", "group_created"];
    let is_wanted =
        |event: &Value| actions.iter().any(|action| event["attributes"]["action"] == *action);
    let expected = expected(&all, is_wanted);
    let (found, calls) = found_by(&gateway, &json!({"actions": actions})).await;
    assert_eq!(found, expected);
    assert_eq!(calls, 3);

    let query = format!(
        "query($first: Int, $after: String) {{ activity(first: $first, after: $after,
            filter: {{actions: {actions:?}}}, integrations: [\"{}\"]) {{
                edges {{ cursor node {{ occurredAt action actorName }} }}
                pageInfo {{ hasNextPage endCursor }} }} }}",
        gateway.integration(0)
    );
    for first in [1, 4, 9] {
        let pages = walk(&gateway.reader(), &query, "/activity", first).await;
        let nodes = pages.iter().flat_map(|page| &page.nodes);
        let shown: Vec<_> = nodes.map(|node| normal(told(node))).collect();
        assert_eq!(shown, expected, "first: {first}");
    }
}

#[tokio::test]
async fn too_many_actions_and_times_in_the_wrong_order_are_refused_without_a_call() {
    let gateway = TestGateway::start(20).await;
    let query = "query($filter: ActivityFilter) {
        activity(filter: $filter) { nodes { action } } }";
    for filter in [
        json!({"actions": ["a", "b", "c", "d", "e", "f"]}),
        json!({"from": "2026-05-02T00:00:00Z", "to": "2026-05-01T00:00:00Z"}),
        json!({"actions": [""]}),
    ] {
        let reader = gateway.reader();
        let ask = reader.ask_with(query, json!({"filter": filter}));
        let (answer, calls) = gateway.counted(ask).await;
        assert!(!answer.codes().is_empty(), "{filter}: {}", answer.text);
        assert!(answer.codes().iter().all(|code| *code == "BAD_USER_INPUT"), "{}", answer.text);
        assert_eq!(calls.total(), 0, "{filter}");
    }
}

#[tokio::test]
async fn an_organization_whose_plan_has_no_audit_log_is_an_error_beside_the_others_rows() {
    let gateway = unhurried(20).await;
    let count = events(&gateway).await.len();
    let answer =
        gateway.ask(READ, "{ activity(first: 100) { nodes { integration { id } } } }").await;
    let rows = answer.at("/activity/nodes").as_array().expect("rows");
    assert_eq!(rows.len(), count);
    assert!(rows.iter().all(|row| row["integration"]["id"] == gateway.integration(0).as_str()));
    assert_eq!(answer.codes(), ["UPSTREAM_FORBIDDEN"], "{}", answer.text);
    let error = &answer.errors()[0];
    assert_eq!(error["path"], json!(["activity"]));
    assert_eq!(error["extensions"]["integrationId"], gateway.integration(1).as_str());
    assert_eq!(error["extensions"]["retryable"], json!(false));
    assert_eq!(error["extensions"]["upstream"]["operation"], "events");
    let message = error["message"].as_str().expect("a message").to_lowercase();
    assert!(message.contains("plan") && message.contains("guard"), "{message}");
}

#[tokio::test]
async fn the_activity_of_a_person_is_what_that_person_did() {
    let gateway = unhurried(30).await;
    let all = events(&gateway).await;
    let actor = all[0]["attributes"]["actor"]["id"].as_str().expect("an actor");
    let query = "query($in: ID!, $id: String!, $filter: ActivityFilter) {
        user(integration: $in, accountId: $id) {
            activity(first: 100, filter: $filter) {
                nodes { occurredAt action actorName actor { accountId } } } } }";
    // A filter cannot make it somebody else's.
    for filter in [json!(null), json!({"actor": "712020:somebody-else"})] {
        let variables = json!({"in": gateway.integration(0), "id": actor, "filter": filter});
        let answer = gateway.reader().ask_with(query, variables).await;
        let rows = answer.list("/user/activity/nodes");
        let shown: Vec<_> = rows.iter().map(|row| normal(told(row))).collect();
        let is_theirs = |event: &Value| event["attributes"]["actor"]["id"] == actor;
        assert_eq!(shown, expected(&all, is_theirs), "{filter}");
        assert!(rows.iter().all(|row| row["actor"]["accountId"] == actor), "{filter}");
    }
}

#[tokio::test]
async fn an_event_is_found_again_by_its_id() {
    let gateway = unhurried(20).await;
    let fields = "id occurredAt action actorName location ipAddress subjects { kind id name }";
    let query = format!(
        "{{ activity(first: 3, integrations: [\"{}\"]) {{ nodes {{ {fields} }} }} }}",
        gateway.integration(0)
    );
    let answer = gateway.ask(READ, &query).await;
    let query =
        format!("query($id: ID!) {{ node(id: $id) {{ ... on ActivityEvent {{ {fields} }} }} }}");
    for row in answer.list("/activity/nodes") {
        let reader = gateway.reader();
        let ask = reader.ask_with(&query, json!({"id": row["id"]}));
        let (found, calls) = gateway.counted(ask).await;
        assert_eq!(found.good("/node"), row);
        assert_eq!(calls.total(), 1);
    }
}

#[tokio::test]
async fn more_cold_calls_than_a_minute_allows_are_told_when_to_come_back_and_never_hang() {
    let gateway = Setup::of(20).impatient().start().await;
    let query = "query($in: [ID!], $term: String) {
        activity(first: 1, filter: {search: $term}, integrations: $in) { nodes { id } } }";
    let reader = gateway.reader();
    let ask = async |term: usize| {
        let variables = json!({"in": [gateway.integration(0)], "term": format!("term {term}")});
        let began = Instant::now();
        let answer = reader.ask_with(query, variables).await;
        assert!(began.elapsed() < TOO_LONG, "call {term} took {:?}", began.elapsed());
        answer
    };
    let all = async {
        let mut limited = 0;
        for term in 0..14 {
            let answer = ask(term).await;
            for error in answer.errors() {
                assert_eq!(error["extensions"]["code"], "UPSTREAM_RATE_LIMITED", "{}", answer.text);
                let wait = error["extensions"]["retryAfter"].as_u64();
                assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{}", answer.text);
                assert_eq!(error["extensions"]["retryable"], json!(true));
                limited += 1;
            }
        }
        limited
    };
    let (limited, calls) = gateway.counted(all).await;
    assert!(limited > 0, "fourteen calls at once are more than a minute allows");
    assert_eq!(calls.total() + limited, 14, "who is told to come back has cost no call");
    assert!(calls.total() <= 10);
    // People are counted apart: the rest of the gateway is as quick as ever.
    let answer = gateway.ask(READ, "{ users(first: 1) { nodes { id } } }").await;
    assert_eq!(answer.list("/users/nodes").len(), 1);
}
