//! Subscriptions, followed over WebSockets and as server-sent events.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use headcount::{
    auth::{IntegrationScope, Permission},
    demo::PersonSummary,
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Caller, EVERYTHING, Setup, TestGateway, claims_with, now, signed};

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

#[tokio::test]
async fn a_deletion_is_followed_over_a_socket_until_it_is_cancelled() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let users = deletable(&gateway, 0).await;
    let mut socket = admin.socket().await;
    socket.follow("changes", CHANGES).await;
    let id = delete(&admin, &users[0]).await;
    cancel(&admin, &id).await;
    let mut states = Vec::new();
    while states.last().is_none_or(|state| state != "CANCELLED") {
        let message = socket.hear().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!("changes")));
        let (of, state) = told(&message["payload"]);
        assert_eq!(of, id);
        states.push(state);
    }
    assert!(states.contains(&"SCHEDULED".to_owned()), "{states:?}");

    // Whoever completes is told nothing more, and the id is free again.
    socket.say(&json!({"type": "complete", "id": "changes"})).await;
    delete(&admin, &users[1]).await;
    socket.ask("changes", "{ __typename }").await;
    assert_eq!(socket.hear().await["payload"]["data"]["__typename"], "Query");
    assert_eq!(socket.hear().await, json!({"type": "complete", "id": "changes"}));
}

#[tokio::test]
async fn a_deletion_is_followed_as_events_until_nothing_is_left() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let users = deletable(&gateway, 0).await;
    let mut events = admin.clone().with("accept-encoding", "gzip, zstd").follow(CHANGES).await;
    let header = |name: &str| {
        let value = events.response.headers().get(name);
        value.map(|value| value.to_str().expect("text").to_owned())
    };
    assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
    assert_eq!(header("cache-control").as_deref(), Some("no-cache"));
    assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
    assert_eq!(header("content-encoding"), None);

    let id = delete(&admin, &users[0]).await;
    let mut state = String::new();
    while state != "SCHEDULED" {
        let answer = events.answer().await;
        state = told(&answer).1;
        let deletion = &answer["data"]["deletionChanged"];
        assert_eq!(deletion["user"]["accountId"], deletion["accountId"], "{answer}");
    }
    gateway.atlassian.advance(Duration::from_hours(15 * 24));
    assert_eq!(told(&events.answer().await), (id, "PURGED".to_owned()));
}

#[tokio::test]
async fn all_who_follow_are_told_the_same() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let users = deletable(&gateway, 0).await;
    let mut socket = admin.socket().await;
    socket.follow("1", CHANGES).await;
    socket.follow("2", CHANGES).await;
    let mut events = gateway.reader().follow(CHANGES).await;
    let id = delete(&admin, &users[0]).await;
    cancel(&admin, &id).await;

    let is_over = |states: &Vec<String>| states.last().is_some_and(|state| state == "CANCELLED");
    let mut as_events = Vec::new();
    while !is_over(&as_events) {
        as_events.push(told(&events.answer().await).1);
    }
    let mut over_socket: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while over_socket.len() < 2 || !over_socket.values().all(is_over) {
        let message = socket.hear().await;
        let follower = message["id"].as_str().unwrap_or_default().to_owned();
        over_socket.entry(follower).or_default().push(told(&message["payload"]).1);
    }
    assert_eq!(over_socket["1"], as_events);
    assert_eq!(over_socket["2"], as_events);
}

#[tokio::test]
async fn nobody_is_told_of_an_integration_that_they_may_not_see() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let seen = deletable(&gateway, 0).await;
    let hidden = deletable(&gateway, 1).await;
    let limited = gateway.limited_to(0);
    let mut socket = limited.socket().await;
    socket.follow("1", CHANGES).await;
    let mut events = limited.follow(CHANGES).await;
    let mut all = admin.follow(CHANGES).await;
    let one = gateway.integration(1);
    let asked = format!("subscription {{ deletionChanged(integrations: [{one:?}]) {{ id }} }}");
    let mut refused = limited.follow(&asked).await;
    let answer = refused.answer().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
    refused.complete().await;

    // The second organization's key may not delete accounts.
    let removed = remove(&admin, &hidden[0]).await;
    assert_eq!(told(&all.answer().await).0, removed);
    let id = delete(&admin, &seen[0]).await;
    assert_eq!(told(&events.answer().await).0, id);
    assert_eq!(told(&socket.hear().await["payload"]).0, id);
}

#[tokio::test]
async fn a_run_is_followed_until_it_is_finished() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let users = deletable(&gateway, 0).await;
    let query = "mutation ($users: [ID!]!) { deleteUsers(input: {userIds: $users}) { bulkDeletion { id } userErrors { message } } }";
    let answer = admin.ask_with(query, json!({"users": users[..3]})).await;
    let id = answer.good("/deleteUsers/bulkDeletion/id").clone();
    let progress = format!(
        "subscription {{ bulkDeletionProgress(id: {id}) {{ finishedAt failed done total }} }}"
    );
    let mut events = admin.follow(&progress).await;
    let mut socket = admin.socket().await;
    socket.ask("run", &progress).await;

    let mut done = 0;
    loop {
        let answer = events.answer().await;
        let run = &answer["data"]["bulkDeletionProgress"];
        assert_eq!((&run["total"], &run["failed"]), (&json!(3), &json!(0)), "{answer}");
        let now_done = run["done"].as_u64().expect("a number");
        assert!(now_done >= done, "{answer}");
        done = now_done;
        if !run["finishedAt"].is_null() {
            break;
        }
    }
    assert_eq!(done, 3);
    events.complete().await;

    let mut last = socket.hear().await;
    loop {
        let next = socket.hear().await;
        if next == json!({"type": "complete", "id": "run"}) {
            break;
        }
        last = next;
    }
    assert_eq!(last["payload"]["data"]["bulkDeletionProgress"]["done"], 3);

    // Whoever may not see its people is not told of it.
    let mut hidden = gateway.limited_to(1).follow(&progress).await;
    let answer = hidden.answer().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
    hidden.complete().await;

    // One that is finished is told once.
    let mut again = admin.follow(&progress).await;
    assert_eq!(again.answer().await["data"]["bulkDeletionProgress"]["done"], 3);
    again.complete().await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_an_error_and_the_end() {
    let gateway = setup().start().await;
    let user = deletable(&gateway, 0).await.remove(0);
    let reader = gateway.reader();
    let stranger = gateway.caller(&[Permission::ReadAudit]);
    let other = format!("subscription {{ bulkDeletionProgress(id: {user:?}) {{ done }} }}");
    let nothing = "subscription { bulkDeletionProgress(id: \"none\") { done } }";
    for (caller, query, code) in [
        (&stranger, CHANGES, "FORBIDDEN"),
        (&stranger, nothing, "FORBIDDEN"),
        (&reader, nothing, "BAD_USER_INPUT"),
        (&reader, &other, "NOT_FOUND"),
    ] {
        let mut events = caller.follow(query).await;
        let answer = events.answer().await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
        assert_eq!(answer["data"], Value::Null);
        events.complete().await;
        let mut socket = caller.socket().await;
        socket.ask("1", query).await;
        let message = socket.hear().await;
        assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], code, "{message}");
        assert_eq!(socket.hear().await, json!({"type": "complete", "id": "1"}));
    }
    for wrong in [
        "subscription { nobodyHasThisField }",
        "subscription { a: deletionChanged { id } b: deletionChanged { id } }",
        "subscription { deletionChanged { id } ",
    ] {
        let mut events = reader.follow(wrong).await;
        let answer = events.answer().await;
        assert!(answer["errors"][0]["message"].is_string() && answer.get("data").is_none());
        events.complete().await;
        let mut socket = reader.socket().await;
        socket.ask("1", wrong).await;
        let message = socket.hear().await;
        assert_eq!(message["type"], "error", "{message}");
        assert!(message["payload"][0]["extensions"]["requestId"].is_string(), "{message}");
    }
}

#[tokio::test]
async fn a_field_within_a_fragment_is_followed_too() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let users = deletable(&gateway, 0).await;
    let query =
        "subscription { ...F } fragment F on Subscription { ... { deletionChanged { state id } } }";
    let mut events = admin.follow(query).await;
    let id = delete(&admin, &users[0]).await;
    assert_eq!(told(&events.answer().await).0, id);
}

#[tokio::test]
async fn queries_and_mutations_are_answered_with_one_event() {
    let gateway = setup().start().await;
    let admin = gateway.caller(EVERYTHING);
    let mut events = admin.follow("{ viewer { subject } }").await;
    assert_eq!(events.answer().await, json!({"data": {"viewer": {"subject": "somebody"}}}));
    events.complete().await;
    let refresh = format!(
        "mutation {{ refresh(integration: {:?}) {{ __typename }} }}",
        gateway.integration(0)
    );
    let mut events = admin.follow(&refresh).await;
    let answer = events.answer().await;
    assert_eq!(answer["data"]["refresh"]["__typename"], "RefreshPayload", "{answer}");
    events.complete().await;

    // Over GET as well, mutations excepted.
    let get = |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        format!("/graphql?query={query}")
    };
    let wants_events = admin.clone().with("accept", "text/event-stream");
    let answer = wants_events.send(Method::GET, &get("{ __typename }"), "").await;
    let expected =
        "event: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n\nevent: complete\ndata:\n\n";
    assert_eq!((answer.status, answer.text.as_str()), (200, expected));
    let answer = wants_events.send(Method::GET, &get(&refresh), "").await;
    assert_eq!((answer.status, answer.codes()), (405, vec!["METHOD_NOT_ALLOWED"]));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test]
async fn what_is_refused_beforehand_is_refused_as_for_anybody() {
    let gateway = setup().with("LIMITS__COST_PER_MINUTE", "10").start().await;
    let reader = gateway.reader().with("accept", "text/event-stream");
    let body = json!({"query": CHANGES}).to_string();
    let plain = reader.clone().with("content-type", "text/plain").post(body.clone()).await;
    assert_eq!((plain.status, plain.codes()), (415, vec!["UNSUPPORTED_MEDIA_TYPE"]));
    let reader = reader.with("content-type", "application/json");
    let unknown = reader.clone().without_token().post(body.clone()).await;
    assert_eq!((unknown.status, unknown.codes()), (401, vec!["UNAUTHENTICATED"]));
    assert_eq!(reader.post("{").await.codes(), ["BAD_REQUEST"]);
    // Without events a subscription cannot be answered, and is told where it can.
    let whole = reader.clone().with("accept", "application/json").post(body.clone()).await;
    let message = whole.errors()[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("text/event-stream") && message.contains("/graphql/ws"), "{message}");

    let costly = json!({"query": format!("{{ {} }}", "viewer { subject } ".repeat(6))}).to_string();
    let spent = reader.post(costly).await;
    assert_eq!((spent.status, spent.codes()), (429, vec!["RATE_LIMITED"]), "{}", spent.text);
    assert!(!spent.header("retry-after").is_empty());
}

#[tokio::test]
async fn streams_are_bounded_and_take_no_room_from_requests() {
    let bounds = setup().with("HTTP__STREAMS", "1").with("HTTP__CONCURRENT_REQUESTS", "1");
    let gateway = bounds.start().await;
    let reader = gateway.reader();
    let first = reader.follow(CHANGES).await;
    assert_eq!(reader.ask("{ __typename }").await.status, 200);
    let second = reader.follow(CHANGES).await.response;
    assert_eq!(second.status(), 503);
    assert!(second.headers().contains_key("retry-after"));
    let refused: Value = second.json().await.expect("plain JSON");
    assert_eq!(refused["errors"][0]["extensions"]["code"], "OVERLOADED");
    // Who goes makes room.
    drop(first);
    let since = Instant::now();
    while reader.follow(CHANGES).await.response.status() != 200 {
        assert!(since.elapsed() < Duration::from_secs(30), "there is no room");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let gateway = setup().start().await;
    let claims = claims_with(&json!({"exp": now().as_second() + 3}));
    let token = signed(&jsonwebtoken::Header::default(), &claims, TestGateway::SECRET);
    let caller = gateway.with_token(&token);
    let mut socket = caller.socket().await;
    socket.follow("1", CHANGES).await;
    let mut events = caller.follow(CHANGES).await;
    assert_eq!(events.response.status(), 200);
    // Without `complete`: there might have been more.
    assert_eq!(events.next().await, None);
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn streams_do_not_keep_the_gateway() {
    let gateway = setup().start().await;
    let token = gateway.token(EVERYTHING, IntegrationScope::All);
    let caller = gateway.with_token(&token);
    let mut socket = caller.socket().await;
    socket.follow("1", CHANGES).await;
    let mut events = caller.follow(CHANGES).await;
    let since = Instant::now();
    gateway.stop().await;
    assert!(since.elapsed() < Duration::from_secs(10), "it waited for those who follow");
    assert_eq!(events.next().await, None);
    assert_eq!(socket.closed().await, 1001);
}

#[tokio::test]
async fn the_time_of_a_query_is_not_that_of_a_stream() {
    let gateway =
        setup().with("HTTP__QUERY_TIMEOUT", "3s").with("CACHE__SCAN_WAIT", "1s").start().await;
    let admin = gateway.caller(EVERYTHING);
    let users = deletable(&gateway, 0).await;
    let mut events = admin.follow(CHANGES).await;
    let since = Instant::now();
    // Something to hear each time, until a query would have been ended.
    for user in users[..2].iter().cycle() {
        let id = delete(&admin, user).await;
        while told(&events.answer().await) != (id.clone(), "SCHEDULED".to_owned()) {}
        cancel(&admin, &id).await;
        while told(&events.answer().await) != (id.clone(), "CANCELLED".to_owned()) {}
        if since.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
}
