//! The record of changes: what every mutation leaves in it, who may read it, and that nothing is done without it.

use headcount::{
    audit::{Action, Asked, Audit, Outcome},
    auth::Permission,
    demo::{Fault, FaultKind},
    store::{Keyring, Store, StoreSettings},
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::support::{Caller, EVERYTHING, READ, Setup, TestGateway, credentials, now, walk};

const LOG: &str = "query($filter: AuditFilter) { auditLog(first: 100, filter: $filter) {
    totalCount nodes { id at endedAt caller action target outcome code reason requestId isDryRun
        upstreamStatus upstreamCode integration { id } } } }";
const CREATE: &str =
    "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
    integration { id isReadOnly } userErrors { code } } }";

const AUDITOR: &[Permission] = &[Permission::ReadAudit];

/// The mutations that exist, asked about this integration.
fn mutations(id: &str) -> Vec<(&'static str, String)> {
    let credentials = r#"adminEmail: "ada@acme.example", apiToken: "t", adminUrl: "https://acme.example",
        organizationId: "o", organizationApiKey: "k""#;
    let of = |arguments: String, selection: &str| (arguments, selection.to_owned());
    let errors = "userErrors { code }";
    let all = [
        ("testIntegration", of(format!("input: {{{credentials}}}"), "status")),
        (
            "createIntegration",
            of(format!("input: {{label: \"x\", credentials: {{{credentials}}}}}"), errors),
        ),
        ("updateIntegration", of(format!("input: {{id: \"{id}\", label: \"y\"}}"), errors)),
        ("validateIntegration", of(format!("id: \"{id}\""), errors)),
        ("refresh", of(format!("integration: \"{id}\""), "__typename")),
        ("deleteIntegration", of(format!("input: {{id: \"{id}\"}}"), errors)),
        ("createFeedToken", of(r#"input: {name: "x", tables: ["users"]}"#.to_owned(), errors)),
        ("revokeFeedToken", of(format!("input: {{id: \"{id}\"}}"), errors)),
    ];
    let query = |(name, (arguments, selection)): (&'static str, (String, String))| {
        (name, format!("mutation {{ {name}({arguments}) {{ {selection} }} }}"))
    };
    all.into_iter().map(query).collect()
}

/// The entries, oldest first.
async fn entries(caller: &Caller<'_>, filter: Value) -> Vec<Value> {
    let answer = caller.ask_with(LOG, json!({ "filter": filter })).await;
    let mut nodes = answer.list("/auditLog/nodes").clone();
    assert_eq!(*answer.good("/auditLog/totalCount"), json!(nodes.len()));
    nodes.reverse();
    nodes
}

fn column<'a>(entries: &'a [Value], name: &str) -> Vec<&'a str> {
    entries.iter().map(|entry| entry[name].as_str().unwrap_or("-")).collect()
}

fn instant(value: &Value) -> jiff::Timestamp {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no instant: {value}"))
}

async fn damage(gateway: &TestGateway, statement: &'static str) {
    let path = gateway.folder().join("headcount.db");
    let mut file = SqliteConnectOptions::new().filename(path).connect().await.expect("the file");
    sqlx::raw_sql(statement).execute(&mut file).await.expect("it is done");
}

async fn store(folder: &std::path::Path, key: secrecy::SecretString) -> Store {
    let keys = Keyring::new(key, Vec::new()).expect("the key fits");
    let settings = StoreSettings { path: folder.join("headcount.db") };
    Store::open(&settings, keys).await.expect("the store opens")
}

#[tokio::test]
async fn every_mutation_leaves_an_entry_with_how_it_ended() {
    let gateway = TestGateway::start(12).await;
    let admin = gateway.caller(EVERYTHING);
    let id = gateway.integration(0);
    for (name, query) in mutations(&id) {
        admin.clone().with("x-request-id", &format!("ask-{name}")).ask(&query).await;
    }
    let log = entries(&admin, Value::Null).await;
    let names: Vec<&str> = mutations(&id).into_iter().map(|(name, _)| name).collect();
    assert_eq!(column(&log, "action"), names);
    assert_eq!(
        column(&log, "outcome"),
        [["REFUSED"; 2], ["SUCCEEDED"; 2], ["SUCCEEDED"; 2], ["SUCCEEDED", "REFUSED"]].concat()
    );
    assert_eq!(column(&log, "code")[..2], ["BAD_USER_INPUT", "HOST_NOT_ALLOWED"]);
    for (entry, name) in log.iter().zip(names) {
        assert_eq!(entry["caller"], "somebody");
        assert_eq!(entry["requestId"], format!("ask-{name}"));
        assert_eq!(entry["isDryRun"], false);
        assert!(instant(&entry["endedAt"]) >= instant(&entry["at"]), "{entry}");
        assert_eq!(entry["integration"], Value::Null, "it is gone, or there was none");
    }
    let of_it = entries(&admin, json!({"integrations": [id]})).await;
    assert_eq!(of_it.len(), 4, "what was done to it can be found when it is gone");
    let text = serde_json::to_string(&log).expect("JSON");
    assert!(!text.contains('@'), "no address: {text}");
}

#[tokio::test]
async fn what_is_refused_for_want_of_a_permission_is_recorded_too() {
    let gateway = TestGateway::start(12).await;
    let id = gateway.integration(0);
    for (name, query) in mutations(&id) {
        let (answer, calls) = gateway.counted(gateway.ask(AUDITOR, &query)).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{name}");
        assert_eq!(calls.total(), 0, "{name}");
    }
    let log = entries(&gateway.caller(AUDITOR), Value::Null).await;
    assert_eq!(log.len(), 8);
    for entry in &log {
        assert_eq!((&entry["outcome"], &entry["code"]), (&json!("REFUSED"), &json!("FORBIDDEN")));
    }
    assert_eq!(log[2]["integration"]["id"], id.as_str());
    let there = gateway.caller(EVERYTHING).ask("{ integrations { totalCount } }").await;
    assert_eq!(*there.good("/integrations/totalCount"), json!(2));
}

#[tokio::test]
async fn what_was_made_belongs_to_the_integration_that_came_of_it() {
    let gateway = Setup { is_connected: false, ..Setup::of(12) }.start().await;
    let admin = gateway.caller(EVERYTHING);
    let connection = &gateway.atlassian.connections()[0];
    let input = json!({"label": "x", "credentials": credentials(connection), "isReadOnly": true});
    let created = admin.ask_with(CREATE, json!({ "input": input })).await;
    let made = created.good("/createIntegration/integration");
    assert_eq!(made["isReadOnly"], true);
    let log = entries(&admin, json!({"integrations": [made["id"]]})).await;
    assert_eq!(column(&log, "action"), ["createIntegration"]);
    assert_eq!(log[0]["integration"]["id"], made["id"]);
    let change = json!({"input": {"id": made["id"], "isReadOnly": false}});
    let answer = admin
        .ask_with(
            "mutation($input: UpdateIntegrationInput!) { updateIntegration(input: $input) {
                integration { isReadOnly label } } }",
            change,
        )
        .await;
    let changed = answer.good("/updateIntegration/integration");
    assert_eq!(*changed, json!({"isReadOnly": false, "label": "x"}));
}

#[tokio::test]
async fn who_may_not_read_the_record_does_not() {
    let gateway = TestGateway::start(12).await;
    gateway.ask(AUDITOR, &mutations(&gateway.integration(0))[0].1).await;
    let others: Vec<Permission> =
        EVERYTHING.iter().copied().filter(|one| *one != Permission::ReadAudit).collect();
    for permissions in [READ, &others] {
        let answer = gateway.ask(permissions, "{ auditLog { totalCount } }").await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
    }
    let auditor = gateway.caller(AUDITOR);
    let id = entries(&auditor, Value::Null).await[0]["id"].clone();
    let node = "query($id: ID!) { node(id: $id) { ... on AuditEntry { action } } }";
    let found = auditor.ask_with(node, json!({ "id": id })).await;
    assert_eq!(*found.good("/node/action"), json!("testIntegration"));
    let refused = gateway.reader().ask_with(node, json!({ "id": id })).await;
    assert_eq!(refused.codes(), ["FORBIDDEN"]);
}

#[tokio::test]
async fn who_is_limited_to_one_integration_sees_its_entries_only() {
    let gateway = TestGateway::start(12).await;
    let admin = gateway.caller(EVERYTHING);
    let validate = async |index: usize| {
        let query = &mutations(&gateway.integration(index))[3].1;
        admin.ask(query).await
    };
    validate(0).await;
    validate(1).await;
    admin.ask(&mutations(&gateway.integration(0))[0].1).await;
    let all = entries(&admin, Value::Null).await;
    assert_eq!(all.len(), 3);
    let limited = gateway.limited_to(0);
    let mine = entries(&limited, Value::Null).await;
    assert_eq!(mine, all[..1]);
    let hidden = json!({"integrations": [gateway.integration(1)]});
    assert_eq!(entries(&limited, hidden).await, Vec::<Value>::new());
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ids = json!({"ids": column(&all, "id")});
    let nodes = limited.ask_with(query, ids).await;
    assert_eq!(*nodes.good("/nodes"), json!([{"id": all[0]["id"]}, null, null]));
}

#[tokio::test]
async fn the_record_is_read_page_by_page_newest_first() {
    let gateway = TestGateway::start(12).await;
    let admin = gateway.caller(EVERYTHING);
    let refresh = mutations(&gateway.integration(0))[4].1.clone();
    for _ in 0..7 {
        admin.ask(&refresh).await;
    }
    let query = "query($first: Int, $after: String) { auditLog(first: $first, after: $after) {
        edges { cursor node { id at } } pageInfo { hasNextPage endCursor } } }";
    let pages = walk(&admin, query, "/auditLog", 3).await;
    let sizes: Vec<usize> = pages.iter().map(|page| page.nodes.len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    let walked: Vec<&Value> = pages.iter().flat_map(|page| &page.nodes).collect();
    assert!(walked.windows(2).all(|pair| instant(&pair[0]["at"]) > instant(&pair[1]["at"])));

    let other =
        "query($after: String) { auditLog(after: $after, filter: {caller: \"x\"}) { totalCount } }";
    let after = json!({"after": pages[0].end});
    assert_eq!(admin.ask_with(other, after).await.codes(), ["CURSOR_INVALID"]);
    let wrong = [
        "actions: [\"deleteEverything\"]",
        "from: \"2026-01-02T00:00:00Z\", to: \"2026-01-01T00:00:00Z\"",
        "caller: \"\"",
    ];
    for filter in wrong {
        let query = format!("{{ auditLog(filter: {{{filter}}}) {{ totalCount }} }}");
        assert_eq!(admin.ask(&query).await.codes(), ["BAD_USER_INPUT"], "{filter}");
    }
    let of = async |filter: Value| entries(&admin, filter).await.len();
    assert_eq!(of(json!({"actions": ["refresh"], "caller": "somebody"})).await, 7);
    assert_eq!(of(json!({"actions": ["deleteUser"]})).await, 0);
    assert_eq!(of(json!({"from": walked[1]["at"]})).await, 2);
    assert_eq!(of(json!({"to": walked[1]["at"]})).await, 5);
}

#[tokio::test]
async fn nothing_is_done_that_the_record_cannot_take() {
    let gateway = TestGateway::start(12).await;
    let admin = gateway.caller(EVERYTHING);
    damage(&gateway, "DELETE FROM secrets WHERE id = 'audit head'").await;
    for (name, query) in mutations(&gateway.integration(0)) {
        let (answer, calls) = gateway.counted(admin.ask(&query)).await;
        assert_eq!(answer.codes(), ["INTERNAL_SERVER_ERROR"], "{name}: {}", answer.text);
        assert_eq!(calls.total(), 0, "{name}");
    }
    let list = admin.ask("{ integrations { nodes { label } } }").await;
    let labels = list.texts("/integrations/nodes", "label");
    assert_eq!(labels.len(), 2, "nothing was deleted");
    assert!(!labels.contains(&"y".to_owned()), "and nothing renamed");
}

#[tokio::test]
async fn what_the_process_before_left_in_the_middle_ends_as_interrupted() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setup = || Setup { folder: Some(folder.path().to_owned()), ..Setup::of(12) };
    let gateway = setup().start().await;
    let key = gateway.settings.store.master_key.clone().expect("a master key");
    gateway.stop().await;
    let kept = store(folder.path(), key).await;
    let audit = Audit::open(kept.clone()).await.expect("the record opens");
    let refresh = Asked::by("ada", Action::Refresh, "request-1");
    let deletion = Asked::by("ada", Action::DeleteUser, "request-2");
    for asked in [&refresh, &deletion] {
        audit.asked(asked, now()).await.expect("it is written");
    }
    kept.close().await;

    let gateway = setup().start().await;
    let filter = json!({"actions": ["refresh"]});
    let log = entries(&gateway.caller(AUDITOR), filter).await;
    assert_eq!(column(&log, "outcome"), [Outcome::Interrupted.word()]);
}

#[tokio::test]
async fn a_site_of_another_organization_is_not_connected() {
    let gateway = Setup { is_connected: false, ..Setup::of(12) }.start().await;
    let admin = gateway.caller(EVERYTHING);
    let [good, other] = gateway.atlassian.connections() else { panic!("there are two") };
    let mut mixed = credentials(good);
    mixed["adminUrl"] = json!(other.admin_url);
    mixed["adminEmail"] = json!(other.admin_email);
    mixed["apiToken"] = json!(other.api_token);
    let input = json!({"input": {"label": "x", "credentials": mixed}});
    let answer = admin.ask_with(CREATE, input).await;
    let codes = answer.texts("/createIntegration/userErrors", "code");
    assert_eq!(codes, ["INVALID_CREDENTIALS"], "{}", answer.text);
    gateway.atlassian.add_fault(Fault::new(FaultKind::Malformed));
    let log = entries(&admin, Value::Null).await;
    assert_eq!(column(&log, "code"), ["INVALID_CREDENTIALS"], "the record asks nobody");
}
