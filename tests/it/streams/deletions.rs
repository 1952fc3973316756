//! What is told, and to whom.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use super::{CHANGES, cancel, deletable, delete, remove, setup, told};
use crate::support::EVERYTHING;

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
