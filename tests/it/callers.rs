//! Who asks, what they may do, and what they may spend.

use headcount::auth::{IntegrationScope, Permission};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

use crate::support::{READ, Setup, TestGateway, claims_with, signed};

/// A token of this gateway with some claims changed.
fn token(changes: &Value) -> String {
    signed(&Header::new(Algorithm::HS256), &claims_with(changes), TestGateway::SECRET)
}

#[tokio::test]
async fn a_caller_without_a_token_is_told_how_to_bring_one() {
    let gateway = TestGateway::start(10).await;
    let (answer, calls) = gateway
        .counted(gateway.reader().without_token().ask("{ users { nodes { accountId } } }"))
        .await;
    assert_eq!((answer.status, answer.codes()), (401, vec!["UNAUTHENTICATED"]));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.body.get("data"), None);
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn the_viewer_is_who_the_token_says() {
    let gateway = TestGateway::start(10).await;
    let query = "{ viewer { subject permissions integrations { id } } }";
    let all = json!([{"id": gateway.integration(0)}, {"id": gateway.integration(1)}]);
    for (changes, permissions, integrations) in [
        (json!({"scope": "directory:read"}), json!(["READ_DIRECTORY"]), all.clone()),
        (
            json!({"scope": ["users:delete", "READ_AUDIT"]}),
            json!(["READ_AUDIT", "DELETE_USERS"]),
            all.clone(),
        ),
        (json!({"scope": "openid profile directory:readwrite"}), json!([]), all.clone()),
        (json!({"scope": null}), json!([]), all.clone()),
        (
            json!({"scope": "licenses:read", "integrations": null}),
            json!(["READ_LICENSES"]),
            json!([]),
        ),
        (
            json!({"scope": "licenses:read", "integrations": []}),
            json!(["READ_LICENSES"]),
            json!([]),
        ),
        (
            json!({"scope": "licenses:read", "integrations": ["acme"]}),
            json!(["READ_LICENSES"]),
            json!([]),
        ),
    ] {
        let answer = gateway.with_token(&token(&changes)).ask(query).await;
        let viewer = answer.good("/viewer");
        assert_eq!(viewer["subject"], "mallory", "{changes}");
        assert_eq!(viewer["permissions"], permissions, "{changes}");
        assert_eq!(viewer["integrations"], integrations, "{changes}");
    }
}

#[tokio::test]
async fn nested_fields_ask_for_their_permission_too() {
    let gateway = TestGateway::start(10).await;
    let only = |permission| {
        gateway.caller(match permission {
            Permission::ReadActivity => &[Permission::ReadActivity],
            Permission::ReadLicenses => &[Permission::ReadLicenses],
            _ => &[Permission::ReadDirectory],
        })
    };
    let people =
        "query($in: ID!) { integration(id: $in) { label users(first: 1) { nodes { name } } } }";
    let count = "query($in: ID!) { integration(id: $in) { label userCount } }";
    let groups = "query($in: ID!) { integration(id: $in) { label groups { nodes { name } } } }";
    let name = "query($in: ID!) { integration(id: $in) { label organization { name } } }";
    let products = "query($in: ID!) { integration(id: $in) { label products { name } } }";
    let directories = "query($in: ID!) { integration(id: $in) { label directories { name } } }";
    let events = "query($in: ID!) { integration(id: $in) { label activity { nodes { id } } } }";
    let variables = json!({"in": gateway.integration(0)});
    for (query, permission) in [
        (people, Permission::ReadActivity),
        (count, Permission::ReadLicenses),
        (groups, Permission::ReadActivity),
        (name, Permission::ReadLicenses),
        (products, Permission::ReadActivity),
        (directories, Permission::ReadLicenses),
        (events, Permission::ReadDirectory),
    ] {
        let ask = only(permission);
        let (answer, calls) = gateway.counted(ask.ask_with(query, variables.clone())).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{query}: {}", answer.text);
        assert!(answer.at("/integration/label").is_string(), "the rest is there");
        assert_eq!(calls.total(), 0, "{query}");
    }

    let query = "{ users(first: 1) { nodes { name activity { nodes { id } } } } }";
    let answer = gateway.ask(&[Permission::ReadDirectory], query).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(*answer.at("/users/nodes/0/activity"), Value::Null);

    let query = "query($in: [ID!]) { activity(first: 1, integrations: $in) { nodes { action actor { name } } } }";
    let variables = json!({"in": [gateway.integration(0)]});
    let ask = only(Permission::ReadActivity);
    let (answer, calls) = gateway.counted(ask.ask_with(query, variables)).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"], "who acted is a person of the directory");
    assert_eq!(calls.total(), 1, "the events themselves");
}

#[tokio::test]
async fn a_limited_caller_reads_over_their_integrations_only() {
    let gateway = TestGateway::start(12).await;
    let query = "{ users(first: 100) { totalCount nodes { integration { id } } }
        groups(first: 100) { nodes { integration { id } } }
        products { integration { id } } }";
    let limited = gateway.limited_to(1);
    let (answer, calls) = gateway.counted(limited.ask(query)).await;
    for list in ["/users/nodes", "/groups/nodes", "/products"] {
        let rows = answer.list(list);
        assert!(!rows.is_empty(), "{list}");
        assert!(
            rows.iter().all(|row| row["integration"]["id"] == gateway.integration(1)),
            "{list}"
        );
    }
    assert_eq!(calls.total(), 4, "the other organization is not asked: {calls:?}");

    // What one caller read is kept for another, who may see more.
    let own = "query($in: [ID!]) { users(first: 100, integrations: $in) { nodes { integration { id } } } }";
    let everybody = gateway.reader();
    let ask = everybody.ask_with(own, json!({"in": [gateway.integration(1)]}));
    let (_, calls) = gateway.counted(ask).await;
    assert_eq!(calls.total(), 0, "rights are applied after the cache: {calls:?}");
    let nobody = gateway.with_token(&gateway.token(READ, IntegrationScope::none()));
    let (answer, calls) = gateway.counted(nobody.ask(query)).await;
    assert_eq!(*answer.good("/users"), json!({"totalCount": 0, "nodes": []}));
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn a_caller_who_spends_too_much_is_told_when_to_come_back_and_others_are_not() {
    let gateway = Setup::of(10).with("LIMITS__COST_PER_MINUTE", 20).start().await;
    let query = "{ rateLimit { cost limit remaining resetAt } }";
    let first = gateway.ask(READ, query).await;
    let rate = first.good("/rateLimit");
    assert_eq!(
        (&rate["cost"], &rate["limit"], &rate["remaining"]),
        (&json!(5), &json!(20), &json!(15))
    );
    for _ in 0..3 {
        gateway.ask(READ, query).await.good("/rateLimit");
    }
    let refused = gateway.ask(READ, query).await;
    assert_eq!((refused.status, refused.codes()), (429, vec!["RATE_LIMITED"]), "{}", refused.text);
    let wait: u64 = refused.header("retry-after").parse().expect("the header `Retry-After`");
    assert!((1..=61).contains(&wait), "{wait} s");
    assert_eq!(refused.errors()[0]["extensions"]["retryable"], true);

    let somebody_else = token(&json!({"sub": "somebody-else"}));
    gateway.with_token(&somebody_else).ask(query).await.good("/rateLimit");
}

#[tokio::test]
async fn what_atlassian_says_of_its_limits_is_passed_on() {
    let gateway = TestGateway::start(10).await;
    let query = "{ rateLimit { upstream { integration { id } limit remaining resetAt } } }";
    assert_eq!(*gateway.ask(READ, query).await.good("/rateLimit/upstream"), json!([]));
    gateway.ask(READ, "{ users { nodes { accountId } } }").await;
    let answer = gateway.ask(READ, query).await;
    let told = answer.list("/rateLimit/upstream");
    assert_eq!(told.len(), 2);
    for one in told {
        assert_eq!((&one["limit"], &one["remaining"]), (&json!(3_000), &json!(2_999)));
        assert!(one["resetAt"].is_string());
    }
    let limited = gateway.limited_to(1).ask(query).await;
    assert_eq!(limited.list("/rateLimit/upstream").len(), 1, "only of what the caller may see");
}
