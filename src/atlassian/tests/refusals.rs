use super::upstream::{Upstream, answer, answer_with};
use crate::atlassian::{Error, ErrorKind};

/// What asking for the organization fails with when this is the answer.
async fn refused(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
    let upstream = Upstream::start([answer_with(status, headers, body)]).await;
    let settings = crate::atlassian::TransportSettings { max_attempts: 1, ..upstream.settings() };
    let error = upstream.client_with(settings).organization().await.expect_err("a refusal");
    assert_eq!(error.status, Some(status));
    assert_eq!(error.operation, "organization");
    error
}

/// Form, status, body, and what is made of them.
const FORMS: &[(&str, u16, &str, ErrorKind, Option<&str>)] = &[
    (
        "A list",
        404,
        r#"{"errors":[{"id":"i","status":"404","code":"ADMIN-404-2","title":"t","detail":null}]}"#,
        ErrorKind::NotFound,
        Some("ADMIN-404-2"),
    ),
    (
        "A, cursor",
        400,
        r#"{"errors":[{"status":"400","code":"ADMIN-400-1"}]}"#,
        ErrorKind::InvalidCursor,
        Some("ADMIN-400-1"),
    ),
    (
        "A, other 400",
        400,
        r#"{"errors":[{"status":"400","code":"ADMIN-400-24"}]}"#,
        ErrorKind::BadRequest,
        Some("ADMIN-400-24"),
    ),
    (
        "A, unknown code",
        403,
        r#"{"errors":[{"code":"NEW-1"}]}"#,
        ErrorKind::Forbidden,
        Some("NEW-1"),
    ),
    (
        "A, payment",
        402,
        r#"{"errors":[{"code":"ADMIN-UAM-402-1"}]}"#,
        ErrorKind::PlanRequired,
        Some("ADMIN-UAM-402-1"),
    ),
    ("B proxy", 401, r#"{"code":401,"message":"Unauthorized"}"#, ErrorKind::Unauthorized, None),
    (
        "C no-perms",
        403,
        r#"{"timestamp":"t","path":"/p","status":403,"error":"Forbidden","message":"m","requestId":"r"}"#,
        ErrorKind::Forbidden,
        None,
    ),
    (
        "D bare",
        400,
        r#"{"id":"i","status":"400","code":"ADMIN-400-4","title":"t"}"#,
        ErrorKind::BadRequest,
        Some("ADMIN-400-4"),
    ),
    (
        "E key",
        403,
        r#"{"key":"forbidden.insufficientScope","context":{"message":"m"}}"#,
        ErrorKind::InsufficientScope,
        Some("forbidden.insufficientScope"),
    ),
    (
        "F Jira",
        400,
        r#"{"errorMessages":["m"],"errors":{"field":"m"},"status":400}"#,
        ErrorKind::BadRequest,
        None,
    ),
    (
        "G SCIM",
        409,
        r#"{"schemas":["s"],"status":"409","scimType":"uniqueness","detail":"d"}"#,
        ErrorKind::Conflict,
        Some("uniqueness"),
    ),
    (
        "H Confluence",
        403,
        r#"{"statusCode":403,"data":{},"message":"m"}"#,
        ErrorKind::Forbidden,
        None,
    ),
    ("I Bitbucket", 404, r#"{"type":"error","error":{"message":"m"}}"#, ErrorKind::NotFound, None),
    ("empty", 404, "", ErrorKind::NotFound, None),
    ("gone", 410, "{}", ErrorKind::NotFound, None),
    ("too slow", 408, "{}", ErrorKind::Timeout, None),
    ("an array", 400, "[1]", ErrorKind::BadRequest, None),
];

#[tokio::test]
async fn every_documented_form_of_error_is_understood() {
    for &(form, status, body, kind, code) in FORMS {
        let error = refused(status, &[], body).await;
        assert_eq!(error.kind, kind, "{form}");
        assert_eq!(error.code.as_deref(), code, "{form}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_user_management_api_says_why() {
    let body = r#"{"key":"forbidden.action","context":{"allowed":false,"reason":{"key":"externalDirectory.scim"}}}"#;
    let error = refused(403, &[], body).await;
    assert_eq!(error.code.as_deref(), Some("forbidden.action"));
    assert_eq!(error.reason(), Some("externalDirectory.scim"));
    let body = r#"{"key":"conflict.lifecycleErrors","context":{"errorCodes":[{"code":"last-billing-contact"}]}}"#;
    let error = refused(409, &[], body).await;
    assert_eq!(error.reason(), Some("last-billing-contact"));
}

#[tokio::test]
async fn text_and_html_keep_their_status_and_nothing_else() {
    let error = refused(401, &[("content-type", "text/plain")], r#"{"key":"forged"}"#).await;
    assert_eq!((error.kind, error.code), (ErrorKind::Unauthorized, None));
    let html = [("content-type", "text/html")];
    let error = refused(404, &html, "<html>unknown site</html>").await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    let error = refused(502, &html, "<html>Bad Gateway</html>").await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let error = refused(200, &html, "<html>Log in</html>").await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_captcha_is_told_from_a_wrong_password() {
    let wrong = [("x-seraph-loginreason", "AUTHENTICATED_FAILED")];
    assert_eq!(refused(401, &wrong, "").await.kind, ErrorKind::Unauthorized);
    let locked = [("x-seraph-loginreason", "AUTHENTICATION_DENIED")];
    assert_eq!(refused(403, &locked, "").await.kind, ErrorKind::CaptchaRequired);
    assert_eq!(refused(401, &locked, "").await.kind, ErrorKind::CaptchaRequired);
    let challenge = [("x-authentication-denied-reason", "CAPTCHA_CHALLENGE; login-url=https://x")];
    assert_eq!(refused(403, &challenge, "").await.kind, ErrorKind::CaptchaRequired);
}

#[tokio::test]
async fn a_rate_limit_says_which_and_how_long() {
    let headers = [("retry-after", "1847"), ("ratelimit-reason", "jira-quota-tenant-based")];
    let error = refused(429, &headers, "").await;
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.code.as_deref(), Some("jira-quota-tenant-based"));
    assert_eq!(error.retry_after.expect("a wait").as_secs(), 1847);
}

#[tokio::test]
async fn what_upstream_says_in_words_reaches_nobody() {
    let body =
        r#"{"errors":[{"code":"mara@north.example is locked","title":"mara@north.example"}]}"#;
    let error = refused(403, &[], body).await;
    assert_eq!(error.code, None);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("mara"), "{shown}");
}

#[tokio::test]
async fn no_secret_is_shown_by_anything() {
    let upstream = Upstream::start([answer(401, r#"{"code":401,"message":"m"}"#)]).await;
    let client = upstream.client();
    let error = client.organization().await.expect_err("a refusal");
    let shown = format!("{client:?} {error} {error:?}");
    for secret in ["organization-key-secret", "site-token-secret", "admin@north.example"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
