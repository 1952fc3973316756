//! How streams begin, what they are refused with, and when they end.

use std::time::{Duration, Instant};

use headcount::auth::{IntegrationScope, Permission};
use http::Method;
use serde_json::{Value, json};

use super::{CHANGES, cancel, deletable, delete, setup, told};
use crate::support::{EVERYTHING, TestGateway, claims_with, now, signed};

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
        // The brakes count each of them.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
