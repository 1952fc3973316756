use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AUDIENCE, ISSUER, settings};
use crate::auth::{
    AuthSettings, Caller, IntegrationScope, Permission, PermissionSet, RefusalReason,
    RefusalReason::*, claims, unique_json::UniqueJson,
};

const NOW: i64 = 1_800_000_000;

fn decide(claims: Value, settings: &AuthSettings) -> Result<Caller, RefusalReason> {
    claims::caller(&UniqueJson(claims), settings, Timestamp::from_second(NOW).unwrap())
}

/// Good claims, with one of them replaced, or taken out by null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = json!({ "sub": "ada", "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 60 });
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name)
    } else {
        members.insert(name.to_owned(), value)
    };
    claims
}

#[test]
fn each_claim_is_demanded_and_held_to_its_rule() {
    let settings = settings(Vec::new());
    let cases = [
        ("exp", json!(null), Some(MissingClaim("exp"))),
        ("exp", json!("1900000000"), Some(MalformedClaim("exp"))),
        ("exp", json!([NOW + 60]), Some(MalformedClaim("exp"))),
        ("exp", json!(1e300), Some(MalformedClaim("exp"))),
        ("exp", json!(u64::MAX), Some(MalformedClaim("exp"))),
        ("exp", json!(i64::MAX), Some(MalformedClaim("exp"))),
        ("exp", json!(i64::MIN), Some(Expired)),
        ("exp", json!(0), Some(Expired)),
        ("exp", json!(-1), Some(Expired)),
        ("exp", json!(NOW - 60), Some(Expired)),
        ("exp", json!(NOW - 59), None),
        ("exp", json!(1_800_000_000.5), None),
        ("nbf", json!(NOW + 61), Some(NotYetValid)),
        ("nbf", json!(NOW + 60), None),
        ("nbf", json!("soon"), Some(MalformedClaim("nbf"))),
        ("nbf", json!(true), Some(MalformedClaim("nbf"))),
        ("iat", json!(NOW + 61), Some(IssuedInFuture)),
        ("iat", json!(NOW), None),
        ("iat", json!({}), Some(MalformedClaim("iat"))),
        ("iss", json!(null), Some(MissingClaim("iss"))),
        ("iss", json!("https://login.acme.example/"), Some(WrongIssuer)),
        ("iss", json!("https://LOGIN.acme.example"), Some(WrongIssuer)),
        ("iss", json!([ISSUER]), Some(WrongIssuer)),
        ("aud", json!(null), Some(MissingClaim("aud"))),
        ("aud", json!("headcount2"), Some(WrongAudience)),
        ("aud", json!([]), Some(WrongAudience)),
        ("aud", json!({ "headcount": true }), Some(WrongAudience)),
        ("aud", json!(["other", AUDIENCE]), None),
        ("sub", json!(null), Some(MissingClaim("sub"))),
        ("sub", json!(""), Some(MalformedClaim("sub"))),
        ("sub", json!("  "), Some(MalformedClaim("sub"))),
        ("sub", json!(7), Some(MalformedClaim("sub"))),
        ("sub", json!("ada\nERROR forged line"), Some(MalformedClaim("sub"))),
        ("sub", json!("ada\u{0}"), Some(MalformedClaim("sub"))),
        ("sub", json!("a".repeat(256)), Some(MalformedClaim("sub"))),
        ("sub", json!("a".repeat(255)), None),
    ];
    for (name, value, reason) in cases {
        let outcome = decide(with(name, value.clone()), &settings);
        assert_eq!(outcome.err(), reason, "{name}: {value}");
    }
}

#[test]
fn without_a_set_audience_a_token_must_not_be_for_another_one() {
    let settings = AuthSettings { audience: Vec::new(), issuer: None, ..settings(Vec::new()) };
    assert!(decide(with("aud", json!(null)), &settings).is_ok());
    assert_eq!(decide(with("aud", json!("other")), &settings), Err(WrongAudience));
    assert!(decide(json!({ "sub": "ada", "exp": NOW + 1 }), &settings).is_ok());
}

#[test]
fn a_lifetime_that_is_too_long_is_refused_where_one_is_set() {
    let longest = Some(Duration::from_mins(1));
    let settings = AuthSettings { max_token_lifetime: longest, ..settings(Vec::new()) };
    assert_eq!(decide(with("iat", json!(null)), &settings), Err(MissingClaim("iat")));
    assert_eq!(decide(with("iat", json!(NOW - 1)), &settings), Err(LifetimeTooLong));
    assert_eq!(decide(with("iat", json!(i64::MIN)), &settings), Err(LifetimeTooLong));
    assert!(decide(with("iat", json!(NOW)), &settings).is_ok());
}

#[test]
fn permissions_are_read_from_words_or_a_list_wherever_the_setting_points() {
    let both = PermissionSet::from_iter([Permission::ReadDirectory, Permission::DeleteUsers]);
    let none = PermissionSet::default();
    let cases = [
        ("scope", json!({ "scope": "openid directory:read\tusers:delete  profile" }), both),
        ("scope", json!({ "scope": ["directory:read", 7, null, "DELETE_USERS", "x"] }), both),
        ("scope", json!({ "scope": "directory:read,users:delete" }), none),
        ("scope", json!({ "scope": ["directory:read users:delete"] }), none),
        ("scope", json!({ "scope": { "directory:read": true } }), none),
        ("scope", json!({ "scope": "" }), none),
        ("scope", json!({}), none),
        ("a.b", json!({ "a": { "b": "directory:read users:delete" } }), both),
        ("a.b", json!({ "a.b": "directory:read users:delete", "a": { "b": "x" } }), both),
        ("a.b", json!({ "a": "directory:read" }), none),
        ("a.b.c", json!({ "a": { "b": ["directory:read"] } }), none),
        (
            "https://acme.example/permissions",
            json!({ "https://acme.example/permissions": ["directory:read", "users:delete"] }),
            both,
        ),
    ];
    for (name, extra, permissions) in cases {
        let settings = AuthSettings { permissions_claim: name.to_owned(), ..settings(Vec::new()) };
        let mut claims = with("scope", json!(null));
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(decide(claims, &settings).unwrap().permissions, permissions, "{name} {extra}");
    }
}

#[test]
fn integrations_are_named_one_by_one_or_all_and_by_default_there_are_none() {
    let only = |ids: &[&str]| IntegrationScope::Only(ids.iter().map(|id| (*id).into()).collect());
    let closed = settings(Vec::new());
    let open = AuthSettings { integrations_default_all: true, ..settings(Vec::new()) };
    let cases = [
        (json!(["a", "b"]), only(&["a", "b"])),
        (json!("a"), only(&["a"])),
        (json!("a b"), only(&["a", "b"])),
        (json!("*"), IntegrationScope::All),
        (json!(["a", "*"]), IntegrationScope::All),
        (json!("a*"), only(&["a*"])),
        (json!([]), only(&[])),
        (json!(""), only(&[])),
        (json!([1, true, ["a"]]), only(&[])),
        (json!(true), only(&[])),
        (json!({ "a": true }), only(&[])),
    ];
    for (claim, scope) in cases {
        for settings in [&closed, &open] {
            let caller = decide(with("integrations", claim.clone()), settings).unwrap();
            assert_eq!(caller.integrations, scope, "{claim}");
        }
    }
    let absent = with("integrations", json!(null));
    assert_eq!(decide(absent.clone(), &closed).unwrap().integrations, IntegrationScope::none());
    assert_eq!(decide(absent.clone(), &open).unwrap().integrations, IntegrationScope::All);
    let mut null = absent;
    null["integrations"] = Value::Null;
    assert_eq!(decide(null, &open).unwrap().integrations, IntegrationScope::none());
}
