//! Organizations that cannot be read, or not yet: a feed is whole or says what it lacks.

use headcount::demo::{Fault, FaultKind};

use super::{column, problem, rows};
use crate::support::{Setup, TestGateway};

const COUNT: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count";

const GROUPS: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/search";

/// A gateway of two organizations, of which the second cannot be read.
async fn half_broken(kind: FaultKind) -> TestGateway {
    let gateway = Setup::of(30).impatient().start().await;
    let broken = gateway.atlassian.connections()[1].organization_id.clone();
    gateway.atlassian.add_fault(Fault::new(kind).of(&broken));
    gateway
}

#[tokio::test]
async fn an_organization_that_cannot_be_read_fails_the_feed_unless_parts_are_asked_for() {
    for (kind, code, is_retryable) in [
        (FaultKind::Html { status: 502 }, "UPSTREAM_UNAVAILABLE", true),
        (FaultKind::BearerChallenge, "UPSTREAM_UNAUTHORIZED", false),
    ] {
        let gateway = half_broken(kind).await;
        let reader = gateway.reader();
        let integrations = rows(&reader, "integrations").await;
        for table in ["users", "groups", "group_members", "product_access"] {
            let answer = reader.get(&format!("/feeds/{table}.csv")).await;
            assert_eq!((answer.status, problem(&answer)), (503, code), "{table}");
            let told = &answer.body["organizations"];
            assert_eq!(told.as_array().map(Vec::len), Some(1), "{table}: {told}");
            assert_eq!(told[0]["retryable"], is_retryable, "{table}");
            let broken = told[0]["integrationId"].as_str().expect("an id").to_owned();

            let partial = format!("/feeds/{table}.json?partial=true");
            let answer = reader.get(&partial).await;
            assert_eq!(answer.status, 200, "{table}: {}", answer.text);
            assert_eq!(answer.header("x-headcount-unavailable"), broken, "{table}");
            let ids = column(answer.body.as_array().expect("rows"), "integration_id");
            assert!(!ids.is_empty() && !ids.contains(&broken), "{table}");

            let good = column(&integrations, "integration_id").into_iter().find(|id| *id != broken);
            let good = good.expect("there are two");
            let answer = reader.get(&format!("/feeds/{table}.json?integration={good}")).await;
            assert_eq!(answer.status, 200, "{table}");
            assert_eq!(answer.header("x-headcount-unavailable"), "", "{table}");

            let answer = reader.get(&format!("/odata/v4/{table}")).await;
            assert_eq!(answer.status, 503, "{table}");
            assert_eq!(answer.body["error"]["code"], code, "{table}");
            assert_eq!(answer.body["error"]["details"][0]["target"], broken.as_str(), "{table}");
            let answer = reader.get(&format!("/odata/v4/{table}?partial=true")).await;
            assert_eq!(answer.header("x-headcount-unavailable"), broken, "{table}");
        }
    }
}

#[tokio::test]
async fn the_tag_of_a_part_is_not_that_of_the_whole() {
    let gateway = half_broken(FaultKind::Html { status: 502 }).await;
    let reader = gateway.reader().with("accept-encoding", "identity");
    let part = reader.get("/feeds/users.csv?partial=true").await;
    gateway.atlassian.clear_faults();
    let whole = reader.get("/feeds/users.csv?partial=true").await;
    assert_eq!((part.status, whole.status), (200, 200));
    assert_ne!(part.header("etag"), whole.header("etag"));
    assert_eq!(whole.header("x-headcount-unavailable"), "");
    assert!(whole.text.len() > part.text.len());
}

#[tokio::test]
async fn while_the_first_scan_runs_the_answer_tells_how_far_it_is_and_when_to_come_back() {
    let gateway = Setup::of(250).with("FEEDS__WAIT", "50ms").start().await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 300 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let reader = gateway.reader();
    for path in
        ["/feeds/users.csv", "/feeds/users.csv?partial=true", "/feeds/product_access.parquet"]
    {
        let answer = reader.get(path).await;
        assert_eq!((answer.status, problem(&answer)), (503, "SCAN_RUNNING"), "{path}");
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1), "{path}");
        let progress = &answer.body["organizations"][0]["progress"];
        assert!(progress["read"].is_u64() && progress["remainingSeconds"].is_u64(), "{progress}");
    }
    let answer = reader.get("/odata/v4/users").await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (503, &"SCAN_RUNNING".into()));
    assert!(!answer.header("retry-after").is_empty());

    let mut tries = 0;
    let answer = loop {
        let answer = reader.get("/feeds/users.json").await;
        tries += 1;
        if answer.status == 200 || tries > 200 {
            break answer;
        }
    };
    assert_eq!(answer.status, 200, "{}", answer.text);
    let calls = gateway.atlassian.requests();
    assert_eq!(calls.of("GET", COUNT), 2, "one scan an organization: {calls:?}");
}

#[tokio::test]
async fn groups_that_take_longer_than_the_wait_are_read_once_and_there_at_last() {
    let gateway = Setup::of(30).with("FEEDS__WAIT", "30ms").start().await;
    let slow = |milliseconds| Fault::new(FaultKind::Latency { milliseconds });
    gateway.atlassian.add_fault(slow(300).on("POST", "groups/search"));
    // The count is for the progress only.
    gateway.atlassian.add_fault(slow(600_000).on("GET", "groups/count"));
    let reader = gateway.reader();
    let first = reader.get("/feeds/groups.json").await;
    assert_eq!((first.status, problem(&first)), (503, "SCAN_RUNNING"), "{}", first.text);
    assert_eq!(first.header("retry-after"), "5", "nobody knows how long it takes");
    let mut tries = 0;
    let answer = loop {
        let answer = reader.get("/feeds/groups.json").await;
        tries += 1;
        if answer.status == 200 || tries > 200 {
            break answer;
        }
    };
    assert_eq!(answer.status, 200, "{}", answer.text);
    let known: usize = (0..2).map(|index| gateway.atlassian.groups(index).len()).sum();
    assert_eq!(answer.body.as_array().map(Vec::len), Some(known));
    let calls = gateway.atlassian.requests();
    assert_eq!(calls.of("POST", GROUPS), 2, "one page an organization, asked for once: {calls:?}");
}

#[tokio::test]
async fn one_persons_roles_that_cannot_be_read_fail_the_table_of_roles_alone() {
    let gateway = Setup::of(30).impatient().start().await;
    let refused = FaultKind::Status {
        status: 403,
        headers: std::collections::BTreeMap::new(),
        body: None,
        content_type: None,
    };
    let fault = Fault::new(refused).on("GET", "users/{accountId}/role-assignments").times(1);
    gateway.atlassian.add_fault(fault);
    let reader = gateway.reader();
    let answer = reader.get("/feeds/role_assignments.csv").await;
    assert_eq!((answer.status, problem(&answer)), (503, "UPSTREAM_FORBIDDEN"));
    assert!(!rows(&reader, "users").await.is_empty());
    assert!(!rows(&reader, "role_assignments").await.is_empty(), "the fault is over");
}

#[tokio::test]
async fn what_atlassian_says_in_an_error_reaches_no_reader() {
    let secret = r#"{"message":"ada@acme.example with ATATT-secret is busy"}"#;
    let kind = FaultKind::Status {
        status: 503,
        headers: std::collections::BTreeMap::new(),
        body: Some(secret.to_owned()),
        content_type: None,
    };
    let gateway = half_broken(kind).await;
    for path in ["/feeds/users.csv", "/odata/v4/users"] {
        let answer = gateway.reader().get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(!answer.text.contains("ada@") && !answer.text.contains("ATATT"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_scan_past_its_time_is_served_with_its_age_while_the_next_one_runs() {
    let setup = Setup::of(40).with("CACHE__SCAN", "1ms").with("FEEDS__WAIT", "30s");
    let gateway = setup.start().await;
    let reader = gateway.reader();
    let first = rows(&reader, "users").await;
    // No scan ends any more, so that whoever waited for one would wait in vain.
    let slow = Fault::new(FaultKind::Latency { milliseconds: 600_000 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let began = std::time::Instant::now();
    let answer = reader.get("/feeds/users.json").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body.as_array(), Some(&first));
    assert!(!answer.header("age").is_empty());
    assert!(began.elapsed().as_secs() < 20, "it waited");
}
