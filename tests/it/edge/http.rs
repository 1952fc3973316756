use ::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::body::Body;

use super::{Edge, SECRET, silence};

const GRAPHQL: &str = "application/graphql-response+json";

fn accepting(mut request: Request<Body>, accept: &'static str) -> Request<Body> {
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
    request
}

#[tokio::test]
async fn a_request_error_is_400_under_graphqls_own_type_and_200_under_json() {
    let edge = Edge::start(&[]).await;
    for (body, code) in [
        (r#"{"query":"{"}"#, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query":"{ nobodyHasThisField }"}"#, "GRAPHQL_VALIDATION_FAILED"),
        (
            r#"{"query":"query A { __typename } query B { __typename }"}"#,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (r#"{"query":"{ __typename }","operationName":"Other"}"#, "GRAPHQL_VALIDATION_FAILED"),
        (
            r#"{"query":"query Q($id: ID!) { __typename }","variables":{"id":null}}"#,
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        let plain = edge.send(accepting(edge.post(body), "application/json")).await;
        assert_eq!((plain.status, plain.code().as_str()), (StatusCode::OK, code), "{body}");
        assert_eq!(plain.header("content-type"), "application/json; charset=utf-8");
        let own = edge.send(accepting(edge.post(body), GRAPHQL)).await;
        assert_eq!((own.status, own.code().as_str()), (StatusCode::BAD_REQUEST, code), "{body}");
        assert_eq!(own.header("content-type"), "application/graphql-response+json; charset=utf-8");
        assert!(own.json().get("data").is_none(), "{}", own.body);
    }
}

#[tokio::test]
async fn an_answer_that_is_only_partly_there_is_203_under_graphqls_own_type() {
    let upstream = silence().await;
    let edge = Edge::before(&upstream, &[]).await;
    // Nobody listens there any more: calls are refused at once.
    drop(upstream);
    let body = r#"{"query":"{ __typename users { nodes { name } } }"}"#;
    let own = edge.send(accepting(edge.post(body), GRAPHQL)).await;
    assert_eq!(own.status, StatusCode::NON_AUTHORITATIVE_INFORMATION, "{}", own.body);
    assert_eq!(own.code(), "UPSTREAM_UNAVAILABLE");
    assert!(own.json().get("data").is_some(), "{}", own.body);
    let plain = edge.send(accepting(edge.post(body), "*/*")).await;
    assert_eq!(plain.status, StatusCode::OK);
}

#[tokio::test]
async fn a_type_that_is_not_offered_is_406() {
    let edge = Edge::start(&[]).await;
    let answer =
        edge.send(accepting(edge.post(r#"{"query":"{ __typename }"}"#), "text/html")).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE")
    );
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    let edge = Edge::start(&[]).await;
    let good = edge.token();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let mut bodies = Vec::new();
    for authorization in [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some(format!("Basic {SECRET}")),
        Some("Bearer not.a.token".to_owned()),
        Some(format!("Bearer {signed}.{}", signature.chars().rev().collect::<String>())),
        Some(format!("Bearer {}", "x".repeat(20_000))),
    ] {
        let mut request = edge.post(r#"{"query":"{ __typename }"}"#);
        request.headers_mut().remove(header::AUTHORIZATION);
        request.headers_mut().insert("x-request-id", HeaderValue::from_static("the-same-id"));
        if let Some(authorization) = authorization {
            let value = HeaderValue::from_str(&authorization).unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let answer = edge.send(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.code(), "UNAUTHENTICATED");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn two_authorization_headers_are_none() {
    let edge = Edge::start(&[]).await;
    let mut request = edge.post(r#"{"query":"{ __typename }"}"#);
    request.headers_mut().append(header::AUTHORIZATION, HeaderValue::from_static("Bearer other"));
    assert_eq!(edge.send(request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_a_page_of_another_site_can_send_unasked_is_not_executed() {
    let edge = Edge::start(&[]).await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin1",
    ] {
        let mut request = edge.post(r#"{"query":"{ __typename }"}"#);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        let answer = edge.send(request).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(answer.code(), "UNSUPPORTED_MEDIA_TYPE");
    }
    let mut request = edge.post(r#"{"query":"{ __typename }"}"#);
    request.headers_mut().remove(header::CONTENT_TYPE);
    assert_eq!(edge.send(request).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_get_reads_and_never_changes() {
    let edge = Edge::start(&[]).await;
    let get = |query: &str| {
        Request::get(format!("/graphql?{query}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", edge.token()))
            .body(Body::empty())
            .unwrap()
    };
    let read = edge.send(get("query=%7B__typename%7D")).await;
    assert_eq!(read.body, r#"{"data":{"__typename":"Query"}}"#);
    for query in [
        "query=mutation%7B__typename%7D",
        "query=query%20A%7B__typename%7D%20mutation%20B%7B__typename%7D&operationName=B",
    ] {
        let changed = edge.send(get(query)).await;
        assert_eq!(changed.status, StatusCode::METHOD_NOT_ALLOWED, "{}", changed.body);
        assert_eq!(changed.header("allow"), "POST");
    }
    assert_eq!(edge.send(get("")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_methods_and_paths_get_errors_of_the_same_form() {
    let edge = Edge::start(&[]).await;
    let ask = |method: Method, path: &'static str| {
        edge.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
    };
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let answer = ask(method, "/graphql").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "GET, POST");
    }
    assert_eq!(ask(Method::POST, "/healthz").await.status, StatusCode::METHOD_NOT_ALLOWED);
    let nothing = ask(Method::GET, "/people/ada@example.com").await;
    assert_eq!((nothing.status, nothing.code().as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    assert!(!nothing.body.contains("ada"), "{}", nothing.body);
}

#[tokio::test]
async fn a_request_id_is_echoed_and_stands_in_every_error() {
    let edge = Edge::start(&[]).await;
    let mut request = edge.post(r#"{"query":"{ a b }"}"#);
    request.headers_mut().insert("x-request-id", HeaderValue::from_static("caller-chose-this"));
    let answer = edge.send(request).await;
    assert_eq!(answer.header("x-request-id"), "caller-chose-this");
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| error["extensions"]["requestId"] == "caller-chose-this"));
    let made = edge.ask("{ __typename }").await;
    assert_eq!(made.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn nothing_is_stored_framed_or_sniffed_and_the_answer_says_what_it_depends_on() {
    let edge = Edge::start(&[]).await;
    let answer = edge.ask("{ __typename }").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    let varies: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert!(varies.iter().any(|name| *name == "Accept"), "{varies:?}");
    assert!(varies.iter().any(|name| *name == "Authorization"), "{varies:?}");
}

#[tokio::test]
async fn other_sites_are_kept_out_unless_configured() {
    let preflight = || {
        Request::builder()
            .method(Method::OPTIONS)
            .uri("/graphql")
            .header(header::ORIGIN, "https://tools.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type")
            .body(Body::empty())
            .unwrap()
    };
    let allowed = "access-control-allow-origin";
    let closed = Edge::start(&[]).await;
    assert_eq!(closed.send(preflight()).await.header(allowed), "");
    let open = Edge::start(&[("HTTP__CORS_ORIGINS", "[\"https://tools.example\"]")]).await;
    assert_eq!(open.send(preflight()).await.header(allowed), "https://tools.example");
    let mut foreign = preflight();
    foreign.headers_mut().insert(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
    assert_eq!(open.send(foreign).await.header(allowed), "");
}

#[tokio::test]
async fn probes_need_no_token_and_counters_are_for_this_machine() {
    let edge = Edge::start(&[]).await;
    let get = |path: &'static str| edge.send(Request::get(path).body(Body::empty()).unwrap());
    assert_eq!(get("/healthz").await.body, r#"{"status":"ok"}"#);
    assert_eq!(get("/readyz").await.body, r#"{"status":"ready"}"#);
    // A request without a peer is from nowhere, so not from here.
    assert_eq!(get("/metrics").await.status, StatusCode::NOT_FOUND);
    let open = Edge::start(&[("HTTP__METRICS", "on")]).await;
    assert_eq!(open.ask("{ __typename }").await.status, StatusCode::OK);
    let counters = open.send(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert!(counters.body.contains("headcount_http_requests_total"), "{}", counters.body);
}

#[tokio::test]
async fn a_gateway_whose_store_is_gone_lives_and_is_not_ready() {
    let edge = Edge::start(&[]).await;
    edge.app.connections.store.close().await;
    let get = |path: &'static str| edge.send(Request::get(path).body(Body::empty()).unwrap());
    assert_eq!(get("/healthz").await.status, StatusCode::OK);
    assert_eq!(get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_long_answer_is_compressed_as_the_caller_asks() {
    let edge = Edge::start(&[]).await;
    for encoding in ["gzip", "zstd"] {
        let mut request = edge.post(r#"{"query":"{ __schema { types { name description } } }"}"#);
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
        assert_eq!(edge.send(request).await.header("content-encoding"), encoding);
    }
}
