use serde_json::json;

use super::upstream::{Upstream, answer};
use crate::atlassian::{Conflict, Error, ErrorKind};

/// What deleting an account fails with when this is the answer.
async fn refused(status: u16, body: &str) -> Error {
    let upstream = Upstream::start([answer(status, body)]).await;
    let error = upstream.client().delete_account(&"712020:a".into()).await.expect_err("a refusal");
    assert_eq!((error.operation, error.status), ("lifecycle/delete", Some(status)));
    assert_eq!(upstream.count(), 1, "a refusal is final");
    error
}

/// The conflicts that are made of these `errorCodes`.
async fn conflicts(error_codes: serde_json::Value) -> Vec<Conflict> {
    let context = json!({"accountId": "712020:a", "message": "m", "errorCodes": error_codes});
    let body = json!({"key": "conflict.lifecycleErrors", "context": context}).to_string();
    refused(409, &body).await.conflicts().to_vec()
}

/// Status, body, and what is made of them: every form of the User management API (API.md, section 6).
const FORMS: &[(u16, &str, ErrorKind, &str, Option<&str>)] = &[
    (400, r#"{"key":"bodyParseFailure"}"#, ErrorKind::BadRequest, "bodyParseFailure", None),
    (
        400,
        r#"{"key":"fieldConstraintsViolated","context":{"fieldViolations":[{"field":"f","violations":[{"key":"k"}]}]}}"#,
        ErrorKind::BadRequest,
        "fieldConstraintsViolated",
        None,
    ),
    (401, r#"{"key":"unauthorized"}"#, ErrorKind::Unauthorized, "unauthorized", None),
    (403, r#"{"key":"forbidden"}"#, ErrorKind::Forbidden, "forbidden", None),
    (
        403,
        r#"{"key":"forbidden.insufficientScope","context":{"message":"m"}}"#,
        ErrorKind::InsufficientScope,
        "forbidden.insufficientScope",
        None,
    ),
    (
        403,
        r#"{"key":"forbidden.targetUnverified"}"#,
        ErrorKind::Forbidden,
        "forbidden.targetUnverified",
        None,
    ),
    (404, r#"{"key":"accountNotFound"}"#, ErrorKind::NotFound, "accountNotFound", None),
    (404, r#"{"key":"notFound"}"#, ErrorKind::NotFound, "notFound", None),
    (
        409,
        r#"{"key":"conflict.lifecycleErrors","context":{"accountId":"a","message":"m","errorCodes":[{"code":"c-1"},{"code":"c-2"}]}}"#,
        ErrorKind::Conflict,
        "conflict.lifecycleErrors",
        Some("c-1"),
    ),
];

const REASONS: [&str; 8] = [
    "administrative",
    "administrative.notMyself",
    "authPolicy.saml",
    "blocked.exportControl",
    "externalDirectory.scim",
    "externalDirectory.google",
    "myselfOnly",
    "managedAccount",
];

#[tokio::test]
async fn every_documented_refusal_of_a_lifecycle_change_is_understood() {
    for &(status, body, kind, code, reason) in FORMS {
        let error = refused(status, body).await;
        assert_eq!(error.kind, kind, "{body}");
        assert_eq!(error.code.as_deref(), Some(code), "{body}");
        assert_eq!(error.reason(), reason, "{body}");
        let count = if status == 409 { 2 } else { 0 };
        assert_eq!(error.conflicts().len(), count, "{body}");
    }
}

#[tokio::test]
async fn a_forbidden_action_says_why() {
    for reason in REASONS {
        let context = json!({"allowed": false, "reason": {"key": reason}});
        let body = json!({"key": "forbidden.action", "context": context}).to_string();
        let error = refused(403, &body).await;
        assert_eq!(error.kind, ErrorKind::Forbidden);
        assert_eq!(error.code.as_deref(), Some("forbidden.action"));
        assert_eq!(error.reason(), Some(reason));
        assert_eq!(error.conflicts(), []);
    }
}

#[tokio::test]
async fn every_conflict_is_kept_with_its_sentence_and_link() {
    let told = conflicts(json!([
        {"code": "last-billing-contact", "message": "The only billing contact.",
         "link": "https://support.example.com/billing-contact"},
        {"code": "site-owner"},
        {"message": "Something new.", "link": 7},
        "nonsense",
    ]))
    .await;
    let conflict = |code: &str, message: Option<&str>, link: Option<&str>| Conflict {
        code: code.to_owned(),
        message: message.map(str::to_owned),
        link: link.map(str::to_owned),
    };
    let link = "https://support.example.com/billing-contact";
    assert_eq!(
        told,
        [
            conflict("last-billing-contact", Some("The only billing contact."), Some(link)),
            conflict("site-owner", None, None),
            conflict("unknown", Some("Something new."), None),
            conflict("unknown", None, None),
        ]
    );
}

#[tokio::test]
async fn addresses_are_hidden_in_the_sentence() {
    let message = "Ask\u{0} Ada\n<ada@acme.example>, or mara@north.example.\u{7} Then\ttry again.";
    let told = conflicts(json!([{"code": "c", "message": message}])).await;
    let expected = "Ask Ada [hidden] or [hidden] Then try again.";
    assert_eq!(told[0].message.as_deref(), Some(expected));
}

#[tokio::test]
async fn only_an_https_address_without_anybodys_name_is_a_link() {
    for (link, expected) in [
        ("https://support.example.com/a b", Some("https://support.example.com/a%20b")),
        ("HTTPS://support.example.com", Some("https://support.example.com/")),
        ("http://support.example.com/", None),
        ("javascript:alert(1)", None),
        ("//support.example.com/", None),
        ("https://admin.example@evil.example/", None),
        ("https://support.example.com/?who=ada@acme.example", None),
        ("https://support.example.com/?who=ada%40acme.example", None),
        ("", None),
    ] {
        let told = conflicts(json!([{"code": "c", "link": link}])).await;
        assert_eq!(told[0].link.as_deref(), expected, "{link}");
    }
}

#[tokio::test]
async fn conflicts_are_bounded() {
    let long = "é".repeat(3_000);
    let link = format!("https://support.example.com/{}", "x".repeat(3_000));
    let entry = json!({"code": "x".repeat(3_000), "message": long, "link": link});
    let told = conflicts(vec![entry; 50].into()).await;
    assert_eq!(told.len(), 10);
    assert_eq!(told[9].message.as_ref().expect("a message").chars().count(), 500);
    assert_eq!((told[9].code.as_str(), told[9].link.as_deref()), ("unknown", None));
}

#[tokio::test]
async fn a_conflicts_sentence_reaches_no_log() {
    let entries = json!([{"code": "c-1", "message": "Mara Lind is the only billing contact."}]);
    let body = json!({"key": "conflict.lifecycleErrors", "context": {"errorCodes": entries}});
    let error = refused(409, &body.to_string()).await;
    assert!(error.conflicts()[0].message.as_ref().expect("a message").contains("Mara"));
    let shown = format!("{error} {error:?} {:?}", error.conflicts());
    assert!(!shown.contains("Mara"), "{shown}");
    assert!(shown.contains("c-1"), "{shown}");
}
