use std::sync::Arc;

use ::http::{StatusCode, header};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use super::{Edge, send, silence};

#[tokio::test]
async fn a_body_above_the_limit_is_413_whether_or_not_it_says_its_length() {
    let edge = Edge::start(&[("HTTP__BODY_LIMIT_BYTES", "1000")]).await;
    let long = format!(r#"{{"query":"{{ __typename }}","padding":"{}"}}"#, "x".repeat(1_000));
    let mut told = edge.post(long.clone());
    told.headers_mut().insert(header::CONTENT_LENGTH, long.len().into());
    let pieces: Vec<_> = long.as_bytes().chunks(100).map(Bytes::copy_from_slice).collect();
    let untold = Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)));
    for request in [told, edge.post(untold)] {
        let answer = edge.send(request).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.code(), "PAYLOAD_TOO_LARGE");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let edge = Edge::start(&[("HTTP__READ_TIMEOUT", "20ms")]).await;
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let answer = edge.send(edge.post(never)).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn a_batch_is_refused() {
    let edge = Edge::start(&[]).await;
    let answer = edge.send(edge.post(r#"[{"query":"{ __typename }"}]"#)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_REQUEST"));
}

#[tokio::test]
async fn documents_that_would_keep_the_gateway_busy_are_refused() {
    let edge = Edge::start(&[]).await;
    let spread = |from: usize, times: usize| format!("...f{} ", from + 1).repeat(times);
    let bomb: String = (0..30)
        .map(|index| format!(" fragment f{index} on Query {{ {} }}", spread(index, 2)))
        .chain(["{ ...f0 } fragment f30 on Query { __typename }".to_owned()])
        .collect();
    let explosion =
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    for query in [
        bomb.as_str(),
        &"{ a ".repeat(5_000),
        &format!("{{ {} }}", "a:__typename ".repeat(500)),
        &format!("{{ users(filter: {{emails: {}", "[".repeat(3_000)),
        explosion,
    ] {
        let answer = edge.ask(query).await;
        assert_eq!(answer.code(), "QUERY_TOO_COMPLEX", "{}", answer.body);
    }
}

#[tokio::test]
async fn the_standard_introspection_query_is_answered() {
    let edge = Edge::start(&[]).await;
    let of_type = format!("{}{}", "ofType { kind name ".repeat(9), "}".repeat(9));
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }} types {{ ...FullType }}
           directives {{ name locations args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description
           fields(includeDeprecated: true) {{ name args(includeDeprecated: true) {{ ...InputValue }} type {{ ...TypeRef }} }}
           inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }}
           enumValues(includeDeprecated: true) {{ name }} possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name type {{ ...TypeRef }} defaultValue }}
         fragment TypeRef on __Type {{ kind name {of_type} }}"
    );
    let answer = edge.ask(&query).await;
    assert!(answer.json().get("errors").is_none(), "{}", answer.body);
    assert_eq!(answer.json()["data"]["__schema"]["queryType"]["name"], "Query");
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_ended_with_504() {
    let upstream = silence().await;
    let short = [("HTTP__QUERY_TIMEOUT", "200ms"), ("CACHE__SCAN_WAIT", "100ms")];
    let edge = Edge::before(&upstream, &short).await;
    let answer = edge.ask("{ users { nodes { name } } }").await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{}", answer.body);
    assert_eq!(answer.code(), "REQUEST_TIMEOUT");
}

#[tokio::test]
async fn one_request_more_than_the_gateway_takes_is_told_to_come_back() {
    let upstream = silence().await;
    let edge = Arc::new(Edge::before(&upstream, &[("HTTP__CONCURRENT_REQUESTS", "1")]).await);
    let slow = edge.post(r#"{"query":"{ users { nodes { name } } }"}"#);
    let running = tokio::spawn(send(edge.router(), slow));
    // The upstream call tells that the first request has its permit.
    let _held = upstream.accept().await.unwrap();
    let answer = edge.ask("{ __typename }").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.code(), "OVERLOADED");
    // When the caller of the first goes away, its permit is free.
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(edge.ask("{ __typename }").await.status, StatusCode::OK);
}
