//! What a caller may spend in a minute, and what Atlassian says of its own limits.

use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use crate::support::{READ, Setup, TestGateway, claims_with, signed};

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

    let claims = claims_with(&json!({"sub": "somebody-else"}));
    let somebody_else = signed(&Header::new(Algorithm::HS256), &claims, TestGateway::SECRET);
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
