//! What is kept of Atlassian's answers: for how long, for whom, and how a caller or an operator has it otherwise.

use std::time::Duration;

use headcount::demo::{Fault, FaultKind};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Answer, EVERYTHING, READ, SEARCH, Setup, TestGateway, credentials};

const PAGE: &str = "query($in: [ID!]) { users(first: 5, integrations: $in) {
    nodes { accountId freshness { source isStale } } } }";

/// The page of one organization, asked with this `Cache-Control`, and the calls that it cost.
async fn page_of(
    gateway: &TestGateway,
    organization: usize,
    cache_control: Option<&str>,
) -> (Answer, u64) {
    let caller = match cache_control {
        Some(value) => gateway.reader().with("cache-control", value),
        None => gateway.reader(),
    };
    let variables = json!({"in": [gateway.integration(organization)]});
    let (answer, calls) = gateway.counted(caller.ask_with(PAGE, variables)).await;
    (answer, calls.total())
}

fn freshness<'a>(answer: &'a Answer, member: &str) -> &'a serde_json::Value {
    &answer.body["extensions"]["freshness"][member]
}

fn down() -> Fault {
    Fault::new(FaultKind::Html { status: 503 }).on("POST", "users/search")
}

/// A gateway whose pages of people are past their time as soon as they are there.
async fn forgetful() -> TestGateway {
    Setup::of(20).impatient().with("CACHE__USERS", "1us").start().await
}

#[tokio::test]
async fn a_repeat_costs_nothing_and_tells_its_age() {
    let gateway = TestGateway::start(20).await;
    let (first, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(calls, 1);
    assert_eq!(*freshness(&first, "source"), json!("LIVE"));
    assert_eq!(first.header("age"), "", "what was just read has no age");
    assert_eq!(*first.good("/users/nodes/0/freshness/source"), json!("LIVE"));

    let (again, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(calls, 0);
    assert_eq!(again.texts("/users/nodes", "accountId"), first.texts("/users/nodes", "accountId"));
    assert_eq!(*freshness(&again, "source"), json!("CACHE"));
    assert_eq!(*freshness(&again, "isStale"), json!(false));
    assert_eq!(*freshness(&again, "fetchedAt"), *freshness(&first, "fetchedAt"));
    assert_eq!(*again.good("/users/nodes/0/freshness/source"), json!("CACHE"));
    let age: u64 = again.header("age").parse().expect("`Age` in seconds");
    assert!(age < 30, "{age}");
    assert_eq!(*freshness(&again, "ageSeconds"), json!(age));
}

#[tokio::test]
async fn who_wants_a_fresh_answer_gets_one_and_who_takes_an_old_one_does_not() {
    let gateway = TestGateway::start(20).await;
    page_of(&gateway, 0, None).await;
    for (cache_control, expected, source) in [
        ("max-age=3600", 0, "CACHE"),
        ("no-cache", 1, "LIVE"),
        ("max-age=0", 1, "LIVE"),
        ("no-store", 1, "LIVE"),
        ("max-age=3600", 0, "CACHE"),
    ] {
        let (answer, calls) = page_of(&gateway, 0, Some(cache_control)).await;
        assert_eq!(calls, expected, "{cache_control}");
        assert_eq!(*freshness(&answer, "source"), json!(source), "{cache_control}");
    }
    let (_, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(calls, 0, "what one caller had read anew serves the others");
}

#[tokio::test]
async fn an_operators_floor_holds_against_impatient_callers() {
    let gateway = Setup::of(20).with("CACHE__FLOOR", "30s").start().await;
    page_of(&gateway, 0, None).await;
    for cache_control in ["no-cache", "max-age=0", "no-store"] {
        let (answer, calls) = page_of(&gateway, 0, Some(cache_control)).await;
        assert_eq!(calls, 0, "{cache_control}");
        assert_eq!(*freshness(&answer, "source"), json!("CACHE"), "{cache_control}");
    }
}

#[tokio::test]
async fn a_refresh_forgets_one_organization_and_asks_nothing_itself() {
    let gateway = TestGateway::start(20).await;
    page_of(&gateway, 0, None).await;
    page_of(&gateway, 1, None).await;
    let caller = gateway.caller(EVERYTHING);
    let mutation = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";
    let ask = caller.ask_with(mutation, json!({"id": gateway.integration(0)}));
    let (answer, calls) = gateway.counted(ask).await;
    assert_eq!(*answer.good("/refresh/integration/id"), json!(gateway.integration(0)));
    assert_eq!(calls.total(), 0);

    let (answer, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(calls, 1, "it was forgotten");
    assert_eq!(*freshness(&answer, "source"), json!("LIVE"));
    let (_, calls) = page_of(&gateway, 1, None).await;
    assert_eq!(calls, 0, "the other organization was not");
}

#[tokio::test]
async fn an_answer_past_its_time_stands_in_while_atlassian_is_down_and_says_so() {
    let gateway = forgetful().await;
    let (first, _) = page_of(&gateway, 0, None).await;
    let (_, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(calls, 1, "it is past its time");

    gateway.atlassian.add_fault(down());
    let (stale, calls) = page_of(&gateway, 0, None).await;
    assert!(calls > 0, "Atlassian was asked first");
    assert_eq!(stale.texts("/users/nodes", "accountId"), first.texts("/users/nodes", "accountId"));
    assert_eq!(*freshness(&stale, "isStale"), json!(true));
    assert_eq!(*freshness(&stale, "source"), json!("CACHE"));
    let of_row = stale.good("/users/nodes/0/freshness");
    assert_eq!(*of_row, json!({"source": "CACHE", "isStale": true}));

    gateway.atlassian.clear_faults();
    let (fresh, _) = page_of(&gateway, 0, None).await;
    assert_eq!(*freshness(&fresh, "isStale"), json!(false));
    assert_eq!(*freshness(&fresh, "source"), json!("LIVE"));
}

#[tokio::test]
async fn who_insists_on_a_fresh_answer_is_given_the_error_instead_of_a_stale_one() {
    let gateway = forgetful().await;
    page_of(&gateway, 0, None).await;
    gateway.atlassian.add_fault(down());
    for cache_control in ["no-cache", "max-age=0"] {
        let (answer, _) = page_of(&gateway, 0, Some(cache_control)).await;
        assert_eq!(answer.codes(), ["UPSTREAM_UNAVAILABLE"], "{cache_control}: {}", answer.text);
        assert!(answer.body["data"].is_null(), "{cache_control}: {}", answer.text);
    }
    let (answer, _) = page_of(&gateway, 0, None).await;
    assert_eq!(*freshness(&answer, "isStale"), json!(true), "the others are still given it");
}

#[tokio::test]
async fn a_stale_answer_is_not_given_where_the_operator_keeps_none() {
    let setup = Setup::of(20).impatient().with("CACHE__USERS", "1us");
    let gateway = setup.with("CACHE__KEEP_STALE", "0s").start().await;
    page_of(&gateway, 0, None).await;
    gateway.atlassian.add_fault(down());
    let (answer, _) = page_of(&gateway, 0, None).await;
    assert_eq!(answer.codes(), ["UPSTREAM_UNAVAILABLE"], "{}", answer.text);
}

#[tokio::test]
async fn a_refusal_is_not_covered_up_with_a_stale_answer() {
    let gateway = forgetful().await;
    page_of(&gateway, 0, None).await;
    let refused = Fault::new(FaultKind::BearerChallenge).on("POST", "users/search");
    gateway.atlassian.add_fault(refused);
    let (answer, _) = page_of(&gateway, 0, None).await;
    assert_eq!(answer.codes(), ["UPSTREAM_UNAUTHORIZED"], "{}", answer.text);
    assert!(answer.body["data"].is_null(), "{}", answer.text);
}

#[tokio::test]
async fn nothing_is_shared_between_two_integrations() {
    let gateway = TestGateway::start(20).await;
    let (first, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(calls, 1);
    let (other, calls) = page_of(&gateway, 1, None).await;
    assert_eq!(calls, 1, "the same question to another organization is another question");
    let accounts = first.texts("/users/nodes", "accountId");
    let others = other.texts("/users/nodes", "accountId");
    assert!(others.iter().all(|account| !accounts.contains(account)));
    for organization in 0..2 {
        let (_, calls) = page_of(&gateway, organization, None).await;
        assert_eq!(calls, 0, "organization {organization}");
    }
}

#[tokio::test]
async fn an_answer_that_failed_is_not_kept() {
    let gateway = Setup::of(20).impatient().start().await;
    gateway.atlassian.add_fault(down());
    let (answer, _) = page_of(&gateway, 0, None).await;
    assert_eq!(answer.codes(), ["UPSTREAM_UNAVAILABLE"]);
    gateway.atlassian.clear_faults();
    let (answer, calls) = page_of(&gateway, 0, None).await;
    assert_eq!(answer.list("/users/nodes").len(), 5);
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn callers_share_answers_but_not_permissions() {
    let gateway = TestGateway::start(20).await;
    let query = "{ users(first: 5) { nodes { accountId } } }";
    gateway.ask(READ, query).await.good("/users");
    let (answer, calls) = gateway.counted(gateway.ask(&[], query)).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", answer.text);
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn an_answer_is_read_again_when_its_time_to_live_is_over() {
    let gateway = Setup::of(12).with("CACHE__USERS", "400ms").start().await;
    page_of(&gateway, 0, None).await;
    let began = Instant::now();
    assert_eq!(page_of(&gateway, 0, None).await.1, 0, "it is kept for a while");
    while page_of(&gateway, 0, None).await.1 == 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "it is kept for ever");
    }
    assert!(began.elapsed() >= Duration::from_millis(300), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_when_it_was_forgotten_is_not_kept() {
    let gateway = TestGateway::start(12).await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 400 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search").times(1));
    let reader = gateway.reader();
    let variables = json!({"in": [gateway.integration(0)]});
    gateway.atlassian.reset_requests();
    let late = reader.ask_with(PAGE, variables.clone());
    let refresh = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";
    let others = async {
        while gateway.atlassian.requests().total() == 0 {
            tokio::task::yield_now().await;
        }
        reader.ask_with(refresh, json!({"id": gateway.integration(0)})).await.good("/refresh");
        reader.ask_with(PAGE, variables.clone()).await
    };
    let (late, next) = futures_util::join!(late, others);
    assert_eq!(late.list("/users/nodes").len(), next.list("/users/nodes").len());
    assert_eq!(gateway.atlassian.requests().of("POST", SEARCH), 2, "the new one asks for itself");
    assert_eq!(page_of(&gateway, 0, None).await.1, 0, "and is kept");
}

#[tokio::test]
async fn nothing_that_was_read_with_the_old_credentials_is_given_with_new_ones() {
    let gateway = TestGateway::start(12).await;
    page_of(&gateway, 0, None).await;
    let update = "mutation($input: UpdateIntegrationInput!) { updateIntegration(input: $input) {
        userErrors { message } } }";
    let another = credentials(&gateway.atlassian.limited_connections()[0]);
    let wanted = json!({"input": {"id": gateway.integration(0), "credentials": another}});
    let answer = gateway.caller(EVERYTHING).ask_with(update, wanted).await;
    assert_eq!(*answer.good("/updateIntegration/userErrors"), json!([]));
    assert_eq!(page_of(&gateway, 0, None).await.1, 1);
}
