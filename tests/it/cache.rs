//! What is kept, for how long, for whom; and how the caller is told.

use std::time::Duration;

use headcount::demo::{Connection, Fault, FaultKind};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, Caller, EVERYTHING, READ, SEARCH, Setup, TestGateway, credentials};

const USERS: &str = "query($in: [ID!]) { users(first: 5, integrations: $in) {
    nodes { accountId freshness { source isStale fetchedAt upstreamLagSeconds } } } }";
const REFRESH: &str = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";

/// Asks for people of the first organization; the answer and the calls it cost.
async fn asked(gateway: &TestGateway, caller: &Caller<'_>) -> (Answer, u64) {
    let ask = caller.ask_with(USERS, json!({"in": [gateway.integration(0)]}));
    let (answer, calls) = gateway.counted(ask).await;
    (answer, calls.total())
}

fn freshness(answer: &Answer) -> &Value {
    &answer.body["extensions"]["freshness"]
}

#[tokio::test]
async fn an_answer_says_whether_it_was_read_or_kept_and_how_old_it_is() {
    let gateway = TestGateway::start(12).await;
    let reader = gateway.reader();
    let (live, calls) = asked(&gateway, &reader).await;
    assert_eq!((calls, &freshness(&live)["source"]), (1, &json!("LIVE")));
    assert_eq!(live.header("age"), "", "what was read for this answer has no age");
    let row = live.good("/users/nodes/0/freshness");
    assert_eq!((&row["source"], &row["isStale"]), (&json!("LIVE"), &json!(false)));
    assert_eq!(row["upstreamLagSeconds"], 86_400);

    let (kept, calls) = asked(&gateway, &reader).await;
    assert_eq!((calls, &freshness(&kept)["source"]), (0, &json!("CACHE")));
    assert_eq!(freshness(&kept)["fetchedAt"], freshness(&live)["fetchedAt"]);
    let age: u64 = kept.header("age").parse().expect("the header `Age`");
    assert_eq!(freshness(&kept)["ageSeconds"], age);
    assert!(age < 60);
    assert_eq!(kept.good("/users/nodes/0/freshness")["source"], "CACHE");
}

#[tokio::test]
async fn an_answer_is_read_again_when_its_time_to_live_is_over() {
    let gateway = Setup::of(12).with("CACHE__USERS", "400ms").start().await;
    let reader = gateway.reader();
    asked(&gateway, &reader).await;
    let began = Instant::now();
    assert_eq!(asked(&gateway, &reader).await.1, 0, "it is kept for a while");
    while asked(&gateway, &reader).await.1 == 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "it is kept for ever");
    }
    assert!(began.elapsed() >= Duration::from_millis(300), "after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_caller_may_demand_a_younger_answer() {
    let gateway = TestGateway::start(12).await;
    asked(&gateway, &gateway.reader()).await;
    for (demand, expected) in [
        ("no-cache", 1),
        ("max-age=0", 1),
        ("max-age=3600", 0),
        ("max-age=3600, no-cache", 1),
        ("only-if-cached", 0),
        ("max-age=soon", 0),
    ] {
        let caller = gateway.reader().with("cache-control", demand);
        assert_eq!(asked(&gateway, &caller).await.1, expected, "{demand}");
    }
}

#[tokio::test]
async fn nobody_gets_an_answer_younger_than_the_operators_floor() {
    let keys = [
        "CACHE__USERS",
        "CACHE__GROUPS",
        "CACHE__ROLES",
        "CACHE__PRODUCTS",
        "CACHE__ORGANIZATION",
        "CACHE__ACTIVITY",
        "CACHE__COUNTS",
        "CACHE__SCAN",
    ];
    let setup = keys.into_iter().fold(Setup::of(12), |setup, key| setup.with(key, "1h"));
    let gateway = setup.with("CACHE__FLOOR", "30m").start().await;
    asked(&gateway, &gateway.reader()).await;
    let caller = gateway.reader().with("cache-control", "no-cache");
    assert_eq!(asked(&gateway, &caller).await.1, 0);
}

#[tokio::test]
async fn refresh_forgets_one_organization_and_leaves_the_others() {
    let gateway = TestGateway::start(12).await;
    let everybody = "{ users(first: 100) { totalCount nodes { accountId } } products { name } }";
    gateway.ask(READ, everybody).await;
    let (_, calls) = gateway.counted(gateway.ask(READ, everybody)).await;
    assert_eq!(calls.total(), 0);

    let answer = gateway.reader().ask_with(REFRESH, json!({"id": gateway.integration(0)})).await;
    assert_eq!(answer.good("/refresh/integration")["id"], gateway.integration(0));
    let (_, calls) = gateway.counted(gateway.ask(READ, everybody)).await;
    assert_eq!(calls.total(), 3, "search, count and products of the one: {calls:?}");
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_when_it_was_forgotten_is_not_kept() {
    let gateway = TestGateway::start(12).await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 400 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search").times(1));
    let reader = gateway.reader();
    let variables = json!({"in": [gateway.integration(0)]});
    gateway.atlassian.reset_requests();
    let late = reader.ask_with(USERS, variables.clone());
    let others = async {
        while gateway.atlassian.requests().total() == 0 {
            tokio::task::yield_now().await;
        }
        reader.ask_with(REFRESH, json!({"id": gateway.integration(0)})).await.good("/refresh");
        reader.ask_with(USERS, variables.clone()).await
    };
    let (late, next) = futures_util::join!(late, others);
    assert_eq!(late.list("/users/nodes").len(), next.list("/users/nodes").len());
    assert_eq!(gateway.atlassian.requests().of("POST", SEARCH), 2, "the new one asks for itself");
    let (_, calls) = asked(&gateway, &reader).await;
    assert_eq!(calls, 0);
}

#[tokio::test]
async fn a_kept_answer_stands_in_marked_as_stale_while_atlassian_is_down() {
    let gateway = Setup::of(12).impatient().with("CACHE__USERS", "1ms").start().await;
    let reader = gateway.reader();
    let (live, _) = asked(&gateway, &reader).await;
    gateway.atlassian.add_fault(Fault::new(FaultKind::Html { status: 503 }));
    let (stale, calls) = asked(&gateway, &reader).await;
    assert_eq!(calls, 2, "it was tried");
    assert_eq!(freshness(&stale)["isStale"], true, "{}", stale.text);
    assert_eq!(freshness(&stale)["fetchedAt"], freshness(&live)["fetchedAt"]);
    for row in stale.list("/users/nodes") {
        assert_eq!(row["freshness"]["isStale"], true);
    }

    let insists = gateway.reader().with("cache-control", "no-cache");
    let (refused, _) = asked(&gateway, &insists).await;
    assert_eq!(refused.codes(), ["UPSTREAM_UNAVAILABLE"], "who wants a fresh one gets none");
}

#[tokio::test]
async fn what_will_not_pass_is_an_error_though_an_old_answer_is_kept() {
    let gateway = Setup::of(12).impatient().with("CACHE__USERS", "1ms").start().await;
    asked(&gateway, &gateway.reader()).await;
    gateway.atlassian.add_fault(Fault::new(FaultKind::BearerChallenge));
    let (refused, _) = asked(&gateway, &gateway.reader()).await;
    assert_eq!(refused.codes(), ["UPSTREAM_UNAUTHORIZED"], "a revoked key shows no more people");
}

#[tokio::test]
async fn an_operator_can_have_nothing_stale_at_all() {
    let setup = Setup::of(12).impatient().with("CACHE__USERS", "1ms");
    let gateway = setup.with("CACHE__KEEP_STALE", "0s").start().await;
    asked(&gateway, &gateway.reader()).await;
    gateway.atlassian.add_fault(Fault::new(FaultKind::Html { status: 503 }));
    let (refused, _) = asked(&gateway, &gateway.reader()).await;
    assert_eq!(refused.codes(), ["UPSTREAM_UNAVAILABLE"]);
}

#[tokio::test]
async fn integrations_with_other_credentials_share_nothing() {
    let gateway = TestGateway::start(12).await;
    let admin = gateway.caller(EVERYTHING);
    let first = gateway.atlassian.connections()[0].clone();
    let second_site = gateway.atlassian.site_urls(0).swap_remove(1);
    let other = Connection { admin_url: second_site, ..first.clone() };
    let create = "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
        integration { id } userErrors { message } } }";
    let wanted = json!({"input": {"label": "the other site", "credentials": credentials(&other)}});
    let created = admin.ask_with(create, wanted).await;
    let twin = created.good("/createIntegration/integration/id").clone();

    asked(&gateway, &gateway.reader()).await;
    let reader = gateway.reader();
    let (_, calls) = gateway.counted(reader.ask_with(USERS, json!({"in": [twin]}))).await;
    assert_eq!(calls.total(), 1, "the same organization through another integration");

    let update = "mutation($input: UpdateIntegrationInput!) { updateIntegration(input: $input) {
        userErrors { message } } }";
    let mine = credentials(&gateway.atlassian.limited_connections()[0]);
    let wanted = json!({"input": {"id": gateway.integration(0), "credentials": mine}});
    let answer = admin.ask_with(update, wanted).await;
    assert_eq!(*answer.good("/updateIntegration/userErrors"), json!([]));
    let (_, calls) = asked(&gateway, &gateway.reader()).await;
    assert_eq!(calls, 1, "nothing that was read with the old credentials is given");
}
