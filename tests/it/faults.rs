//! Everything that can go wrong upstream, once for a page and once for a nested field: what the caller sees. The
//! tables are snapshots; the tests themselves hold that the rest of the answer stays, and that nothing hangs.

use std::{collections::BTreeMap, fmt::Write, sync::Arc, time::Duration};

use headcount::demo::{Fault, FaultKind, RateLimitForm, Simulator};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};

use crate::support::{Answer, READ, SEARCH, Setup, TestGateway, code, is_listed, listed};

const USER_ROLES: &str = "users/{accountId}/role-assignments";
const GROUP_ROLES: &str = "groups/{groupId}/role-assignments";

/// Longer than any answer may take with the short waits of these tests.
const TOO_LONG: Duration = Duration::from_secs(8);

/// Every kind of fault that answers a read, with a name for the table.
fn faults() -> Vec<(&'static str, FaultKind)> {
    let limited = |form| FaultKind::RateLimit { retry_after_seconds: Some(60), form };
    let status = |status, body: &str| FaultKind::Status {
        status,
        headers: BTreeMap::new(),
        body: Some(body.to_owned()),
        content_type: None,
    };
    vec![
        ("429, seconds", limited(RateLimitForm::Seconds)),
        ("429, HTTP date", limited(RateLimitForm::HttpDate)),
        ("429, reset", limited(RateLimitForm::Reset)),
        ("429, reset without seconds", limited(RateLimitForm::ResetWithoutSeconds)),
        ("429, bare", limited(RateLimitForm::Bare)),
        ("502, HTML", FaultKind::Html { status: 502 }),
        ("200, HTML", FaultKind::Html { status: 200 }),
        ("503, JSON", status(503, r#"{"code":503,"message":"ada@acme.example is busy"}"#)),
        ("500, empty", status(500, "")),
        ("400, JSON", status(400, r#"{"errors":[{"code":"ADMIN-400-9","detail":"secret"}]}"#)),
        ("401, bearer challenge", FaultKind::BearerChallenge),
        ("403, JSON", status(403, r#"{"errors":[{"code":"ADMIN-403-3"}]}"#)),
        ("404, JSON", status(404, r#"{"errors":[{"code":"ADMIN-404-2"}]}"#)),
        ("truncated", FaultKind::Truncated),
        ("malformed", FaultKind::Malformed),
        ("empty body", FaultKind::EmptyBody),
        ("slow body", FaultKind::SlowBody { milliseconds: 350 }),
        ("dropped connection", FaultKind::DropConnection),
        ("late", FaultKind::Latency { milliseconds: 1_500 }),
        ("redirect", FaultKind::Redirect { location: "http://127.0.0.1:9/".to_owned() }),
    ]
}

/// One of each that differ in what follows, for fields that fail as others do.
fn some_faults() -> Vec<(&'static str, FaultKind)> {
    let some = ["429, seconds", "502, HTML", "401, bearer challenge", "malformed", "late"];
    faults().into_iter().filter(|(name, _)| some.contains(name)).collect()
}

async fn simulator() -> Arc<Simulator> {
    TestGateway::start(12).await.atlassian.clone()
}

/// A gateway for one fault: a pause that one leaves behind must not be met by the next.
async fn gateway(atlassian: &Arc<Simulator>) -> TestGateway {
    Setup::of(0).impatient().start_before(atlassian).await
}

fn line(table: &mut String, name: &str, answer: &Answer, calls: u64) {
    let is_to_the_minute = name.ends_with("without seconds");
    // At the end of a minute the wait is so short that the call is sent again.
    let calls = if is_to_the_minute { 1 } else { calls };
    let told = |error: &Value| told(error, is_to_the_minute);
    // Whom a rate limit holds back before they are asked is chance; that it is the same code is not.
    let is_first_hand = |error: &&Value| {
        let was_asked = !error["extensions"]["upstream"]["status"].is_null();
        assert!(was_asked || !name.starts_with("429") || code(error) == "UPSTREAM_RATE_LIMITED");
        was_asked || !name.starts_with("429")
    };
    let mut seen: Vec<String> = answer.errors().iter().filter(is_first_hand).map(told).collect();
    seen.dedup();
    writeln!(table, "{name:27} | {calls:2} | {}", seen.join(" + ")).expect("a text takes it");
}

/// What an error tells a program. A wait that is counted from the clock is a second more or less.
fn told(error: &Value, is_to_the_minute: bool) -> String {
    let extensions = &error["extensions"];
    let wait = match extensions["retryAfter"].as_u64() {
        None => "-".to_owned(),
        Some(55..=61) if !is_to_the_minute => "60".to_owned(),
        // To the full minute, or our own back-off, of which a part is chance.
        Some(1..=121) => "a while".to_owned(),
        Some(wait) => wait.to_string(),
    };
    let retryable = if extensions["retryable"] == true { "retryable" } else { "final" };
    let status = &extensions["upstream"]["status"];
    format!("{:27} {retryable:9} wait {wait} upstream {status}", code(error))
}

#[tokio::test]
async fn a_page_that_one_organization_cannot_give_has_the_others_rows_and_an_error() {
    let atlassian = simulator().await;
    let others = listed(&atlassian.people(1), |_| true);
    let organization = atlassian.connections()[0].organization_id.clone();
    let mut table = String::new();
    for (name, kind) in faults() {
        let gateway = gateway(&atlassian).await;
        atlassian.add_fault(Fault::new(kind).on("POST", "users/search").of(&organization));
        let began = Instant::now();
        let ask = gateway.ask(READ, "{ users(first: 100) { nodes { accountId } } }");
        let (answer, calls) = gateway.counted(ask).await;
        assert!(began.elapsed() < TOO_LONG, "{name} took {:?}", began.elapsed());
        atlassian.clear_faults();

        let mut rows = answer.texts("/users/nodes", "accountId");
        rows.sort();
        assert_eq!(rows, others, "{name}: the other organization's rows");
        assert_eq!(answer.status, 200, "{name}");
        let errors = answer.errors();
        assert_eq!(errors.len(), 1, "{name}: {}", answer.text);
        assert_eq!(errors[0]["extensions"]["integrationId"], gateway.integration(0), "{name}");
        assert_eq!(errors[0]["path"], json!(["users"]), "{name}");
        assert_clean(&answer);
        line(&mut table, name, &answer, calls.of("POST", SEARCH) - 1);
    }
    assert_snapshot!(table);
}

#[tokio::test]
async fn the_roles_of_one_account_that_cannot_be_read_are_one_null_field() {
    let atlassian = simulator().await;
    let people: Vec<_> = atlassian.people(0).into_iter().filter(is_listed).take(3).collect();
    let unlucky = people[1].account_id.rsplit(':').next().expect("an id").to_owned();
    let query = "query($ids: [String!], $in: [ID!]) {
        users(filter: {accountIds: $ids}, integrations: $in) {
            nodes { accountId roles { role { key } } } } }";
    let mut table = String::new();
    for (name, kind) in faults() {
        let gateway = gateway(&atlassian).await;
        atlassian.add_fault(Fault::new(kind).on("GET", &unlucky));
        let ids: Vec<&str> = people.iter().map(|person| person.account_id.as_str()).collect();
        let variables = json!({"ids": ids, "in": [gateway.integration(0)]});
        let began = Instant::now();
        let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
        assert!(began.elapsed() < TOO_LONG, "{name} took {:?}", began.elapsed());
        atlassian.clear_faults();

        let rows = answer.at("/users/nodes").as_array().expect("rows").clone();
        assert_eq!(rows.len(), 3, "{name}");
        // A rate limit holds back the whole organization: what was not asked yet is not asked.
        if !name.starts_with("429") {
            for row in &rows {
                let is_unlucky = row["accountId"] == people[1].account_id.as_str();
                assert_eq!(row["roles"].is_null(), is_unlucky, "{name}: {row}");
            }
            assert_eq!(answer.errors().len(), 1, "{name}: {}", answer.text);
        }
        assert_clean(&answer);
        let place = rows.iter().position(|row| row["accountId"] == people[1].account_id.as_str());
        let path = json!(["users", "nodes", place, "roles"]);
        let mut answer = answer;
        let errors = answer.body["errors"].as_array_mut().expect("errors");
        errors.retain(|error| error["path"] == path);
        let route = format!("/admin/v2/orgs/{{orgId}}/directories/{{directoryId}}/{USER_ROLES}");
        let others = if name.starts_with("429") { 0 } else { 2 };
        let calls = calls.of("GET", &route) - others;
        line(&mut table, name, &answer, if others == 0 { calls.min(1) } else { calls });
    }
    assert_snapshot!(table);
}

#[tokio::test]
async fn the_members_of_a_group_that_cannot_be_read_leave_the_group() {
    let atlassian = simulator().await;
    let name_of = atlassian.groups(0).swap_remove(0).1;
    let query = "query($names: [String!], $in: [ID!]) {
        groups(filter: {names: $names}, integrations: $in) {
            nodes { name members(first: 3) { nodes { accountId } } } } }";
    let mut table = String::new();
    for (name, kind) in some_faults() {
        let gateway = gateway(&atlassian).await;
        atlassian.add_fault(Fault::new(kind).on("POST", "users/search"));
        let variables = json!({"names": [name_of], "in": [gateway.integration(0)]});
        let began = Instant::now();
        let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
        assert!(began.elapsed() < TOO_LONG, "{name} took {:?}", began.elapsed());
        atlassian.clear_faults();

        assert_eq!(*answer.at("/groups/nodes"), json!([{"name": name_of, "members": null}]));
        assert_eq!(answer.errors()[0]["path"], json!(["groups", "nodes", 0, "members"]));
        assert_clean(&answer);
        line(&mut table, name, &answer, calls.of("POST", SEARCH));
    }
    assert_snapshot!(table);
}

#[tokio::test]
async fn the_roles_of_a_group_that_cannot_be_read_leave_the_group() {
    let atlassian = simulator().await;
    let query = "query($in: [ID!]) { groups(first: 1, filter: {products: [\"confluence\"]},
        integrations: $in) { nodes { memberCount roles { role { key } } } } }";
    let mut table = String::new();
    for (name, kind) in some_faults() {
        let gateway = gateway(&atlassian).await;
        atlassian.add_fault(Fault::new(kind).on("GET", GROUP_ROLES));
        let variables = json!({"in": [gateway.integration(0)]});
        let began = Instant::now();
        let (answer, calls) = gateway.counted(gateway.reader().ask_with(query, variables)).await;
        assert!(began.elapsed() < TOO_LONG, "{name} took {:?}", began.elapsed());
        atlassian.clear_faults();

        assert_eq!(answer.at("/groups/nodes/0/roles"), &Value::Null, "{name}");
        assert!(answer.at("/groups/nodes/0/memberCount").is_u64(), "{name}");
        assert_clean(&answer);
        let route = format!("/admin/v2/orgs/{{orgId}}/directories/{{directoryId}}/{GROUP_ROLES}");
        line(&mut table, name, &answer, calls.of("GET", &route));
    }
    assert_snapshot!(table);
}

/// No body, address or name of upstream's reaches a caller in an error.
#[track_caller]
fn assert_clean(answer: &Answer) {
    for error in answer.errors() {
        let text = error.to_string();
        for leak in ["acme.example", "secret", "http://", "127.0.0.1", "<html", "reqwest", "hyper"]
        {
            assert!(!text.contains(leak), "{leak} in {text}");
        }
        assert!(error["extensions"]["requestId"].is_string(), "{text}");
    }
}

#[tokio::test]
async fn what_passes_at_the_second_attempt_is_not_seen_by_the_caller() {
    let atlassian = simulator().await;
    let passing = [
        FaultKind::Html { status: 503 },
        FaultKind::DropConnection,
        FaultKind::Truncated,
        FaultKind::RateLimit { retry_after_seconds: Some(1), form: RateLimitForm::Seconds },
        FaultKind::Latency { milliseconds: 1_000 },
    ];
    for kind in passing {
        let gateway = gateway(&atlassian).await;
        let fault = Fault::new(kind.clone()).on("POST", "users/search").times(1);
        atlassian.add_fault(fault.of(&atlassian.connections()[0].organization_id));
        let ask = gateway.ask(READ, "{ users(first: 100) { nodes { accountId } } }");
        let (answer, calls) = gateway.counted(ask).await;
        assert!(answer.list("/users/nodes").len() > 10, "{kind:?}");
        assert_eq!(calls.total(), 3, "{kind:?}: one organization twice, the other once");
    }
}

#[tokio::test]
async fn an_organization_asked_alone_fails_its_field() {
    let gateway = Setup::of(10).impatient().start().await;
    gateway.atlassian.add_fault(Fault::new(FaultKind::Html { status: 500 }));
    let query =
        "query($in: ID!) { integration(id: $in) { label users { nodes { name } } userCount } }";
    let answer = gateway.reader().ask_with(query, json!({"in": gateway.integration(0)})).await;
    assert!(answer.at("/integration/label").is_string());
    assert_eq!(answer.at("/integration/users"), &Value::Null);
    assert_eq!(answer.codes(), ["UPSTREAM_UNAVAILABLE", "UPSTREAM_UNAVAILABLE"]);

    let query =
        "query($in: [ID!]) { users(integrations: $in) { nodes { name } } viewer { subject } }";
    let answer = gateway.reader().ask_with(query, json!({"in": [gateway.integration(0)]})).await;
    assert_eq!(answer.codes(), ["UPSTREAM_UNAVAILABLE"]);
    assert_eq!(answer.body["data"], Value::Null, "a list that cannot be given is no empty list");
}

#[tokio::test]
async fn the_credentials_never_follow_a_redirect_or_a_next_page_to_another_host() {
    let other = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}/steal", other.local_addr().expect("a bound listener"));
    let gateway = Setup::of(10).impatient().start().await;
    let redirect = FaultKind::Redirect { location: address.clone() };
    gateway.atlassian.add_fault(Fault::new(redirect).on("POST", "users/search"));
    let next = FaultKind::Next { value: address.clone() };
    gateway.atlassian.add_fault(Fault::new(next).on("POST", "groups/search"));
    let answer = gateway.ask(READ, "{ users { nodes { name } } }").await;
    assert_eq!(answer.codes(), ["UPSTREAM_INVALID_RESPONSE"; 2], "{}", answer.text);
    let answer = gateway.ask(READ, "{ groups(first: 1) { nodes { name } } }").await;
    assert_eq!(answer.codes(), ["UPSTREAM_INVALID_RESPONSE"; 2], "{}", answer.text);
    let nobody = tokio::time::timeout(Duration::from_millis(50), other.accept()).await;
    assert!(nobody.is_err(), "somebody called the other host");
}

#[tokio::test]
async fn values_that_nobody_knows_yet_become_unknown_and_the_row_stays() {
    let gateway = TestGateway::start(10).await;
    let replace = |from: &str, to: &str| FaultKind::Replace { from: from.into(), to: to.into() };
    for kind in [
        replace(r#""status":"active""#, r#""status":"dormant""#),
        replace(r#""claimStatus":"managed""#, r#""claimStatus":"shared""#),
        replace(r#""accountType":"atlassian""#, r#""accountType":"agent""#),
    ] {
        gateway.atlassian.add_fault(Fault::new(kind).on("POST", "users/search"));
    }
    let query = "{ users(first: 100) { nodes { status claimStatus accountType } } }";
    let answer = gateway.ask(READ, query).await;
    let rows = answer.list("/users/nodes");
    let has = |member: &str, value: &str| rows.iter().any(|row| row[member] == value);
    assert!(has("status", "UNKNOWN") && has("claimStatus", "UNKNOWN"));
    assert!(rows.iter().all(|row| row["accountType"] == "UNKNOWN"));
    assert!(!has("status", "ACTIVE") && !has("claimStatus", "MANAGED"));
}
