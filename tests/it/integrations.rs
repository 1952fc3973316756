//! Connecting organizations: what the connection test finds, what is kept of it, and that no secret comes out again.

use std::{collections::BTreeMap, fmt::Write};

use headcount::demo::{Connection, Fault, FaultKind};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    Answer, Caller, EVERYTHING, Setup, TestGateway, credentials, fixed, now, toml,
};

const TEST: &str =
    "mutation($input: IntegrationCredentialsInput!) { testIntegration(input: $input) {
    status checks { name credential outcome message remedy unlocks } } }";
const CREATE: &str = "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
    integration { id label adminEmail siteUrl organizationId status apiKeyExpiresOn apiTokenExpiresOn
        createdAt lastValidatedAt checks { name outcome } }
    userErrors { code message path isRetryable } clientMutationId } }";
const UPDATE: &str =
    "mutation($input: UpdateIntegrationInput!) { updateIntegration(input: $input) {
    integration { id label status apiKeyExpiresOn checks { name outcome message } }
    userErrors { code message path } clientMutationId } }";
const VALIDATE: &str = "mutation($id: ID!) { validateIntegration(id: $id) {
    integration { status checks { name outcome } } userErrors { code message path } } }";
const DELETE: &str =
    "mutation($input: DeleteIntegrationInput!) { deleteIntegration(input: $input) {
    deletedIntegrationId userErrors { code message path } clientMutationId } }";
const REFRESH: &str = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";
const LIST: &str = "{ integrations { totalCount nodes { id label status } } }";

/// The variables of a query that speaks of the integration with this id.
type Variables<'a> = &'a dyn Fn(&str) -> Value;

async fn empty(people: usize) -> TestGateway {
    Setup { is_connected: false, ..Setup::of(people) }.start().await
}

async fn tested(admin: &Caller<'_>, connection: &Connection) -> Answer {
    admin.ask_with(TEST, json!({"input": credentials(connection)})).await
}

fn input(connection: &Connection) -> Value {
    json!({"input": {"label": connection.label, "credentials": credentials(connection)}})
}

/// The checks as people would read them.
fn read_out(payload: &Value) -> String {
    let mut text = format!("{}\n", payload["status"].as_str().expect("a status"));
    for check in payload["checks"].as_array().expect("checks") {
        let part = |name: &str| check[name].as_str().unwrap_or("-").to_owned();
        let line = [part("outcome"), part("name"), part("credential")].join(" ");
        writeln!(text, "{line}\n    {}\n    remedy: {}", part("message"), part("remedy"))
            .expect("a text takes it");
        writeln!(text, "    unlocks: {}", check["unlocks"]).expect("a text takes it");
    }
    text
}

#[tokio::test]
async fn the_connection_test_says_what_each_credential_unlocks_and_keeps_nothing() {
    let gateway = Setup { is_connected: false, start: fixed(), ..Setup::of(20) }.start().await;
    let admin = gateway.caller(EVERYTHING);
    let atlassian = &gateway.atlassian;
    let (healthy, awkward) = (&atlassian.connections()[0], &atlassian.connections()[1]);
    let mut told = String::new();
    for (name, connection) in [
        ("healthy", healthy),
        ("a key with scopes, no audit log", awkward),
        ("a token without Administer Jira", &atlassian.limited_connections()[0]),
    ] {
        let answer = tested(&admin, connection).await;
        write!(told, "== {name}: {}", read_out(answer.good("/testIntegration")))
            .expect("a text takes it");
    }
    assert_snapshot!(told);
    let list = admin.ask(LIST).await;
    assert_eq!(*list.good("/integrations/totalCount"), json!(0));
}

#[tokio::test]
async fn credentials_that_cannot_read_the_organization_are_refused_with_the_remedy() {
    let gateway = Setup { is_connected: false, start: fixed(), ..Setup::of(20) }.start().await;
    let admin = gateway.caller(EVERYTHING);
    let good = gateway.atlassian.connections()[0].clone();
    let other = gateway.atlassian.connections()[1].organization_id.clone();
    let wrong = [
        ("another key", Connection { organization_api_key: "wrong".into(), ..good.clone() }),
        ("no such organization", Connection { organization_id: "0-0-0".into(), ..good.clone() }),
        ("another organization's id", Connection { organization_id: other, ..good.clone() }),
    ];
    let mut told = String::new();
    for (name, connection) in wrong {
        let answer = admin.ask_with(CREATE, input(&connection)).await;
        assert_eq!(*answer.good("/createIntegration/integration"), Value::Null, "{name}");
        writeln!(told, "== {name}").expect("a text takes it");
        for error in answer.list("/createIntegration/userErrors") {
            assert_eq!(error["isRetryable"], false, "{name}");
            let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            writeln!(told, "{} {}\n    {}", part("code"), error["path"], part("message"))
                .expect("a text takes it");
        }
    }
    assert_snapshot!(told);
    assert_eq!(*admin.ask(LIST).await.good("/integrations/nodes"), json!([]), "nothing is kept");
}

#[tokio::test]
async fn a_site_that_does_not_fit_takes_features_away_and_leaves_the_organization_readable() {
    let gateway = Setup { is_connected: false, start: fixed(), ..Setup::of(20) }.start().await;
    let admin = gateway.caller(EVERYTHING);
    let good = gateway.atlassian.connections()[0].clone();
    let other = gateway.atlassian.connections()[1].clone();
    let wrong = [
        (
            "another organization's site",
            Connection {
                admin_url: other.admin_url.clone(),
                admin_email: other.admin_email.clone(),
                api_token: other.api_token.clone(),
                ..good.clone()
            },
        ),
        ("another token", Connection { api_token: "wrong".into(), ..good.clone() }),
        ("another e-mail address", Connection { admin_email: other.admin_email, ..good.clone() }),
    ];
    let mut told = String::new();
    for (name, connection) in wrong {
        let answer = tested(&admin, &connection).await;
        let mut payload = answer.good("/testIntegration").clone();
        let checks = payload["checks"].as_array_mut().expect("checks");
        checks.retain(|check| check["outcome"] != "PASSED");
        write!(told, "== {name}: {}", read_out(&payload)).expect("a text takes it");
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn an_integration_is_created_read_changed_validated_and_deleted() {
    let gateway = empty(20).await;
    let admin = gateway.caller(EVERYTHING);
    let connection = gateway.atlassian.connections()[0].clone();
    let mut wanted = input(&connection);
    wanted["input"]["clientMutationId"] = json!("m-1");
    wanted["input"]["credentials"]["adminUrl"] =
        json!(format!("{}/jira/projects?page=1#top", connection.admin_url));
    let answer = admin.ask_with(CREATE, wanted.clone()).await;
    let created = answer.good("/createIntegration/integration");
    assert_eq!(*answer.good("/createIntegration/userErrors"), json!([]));
    assert_eq!(*answer.good("/createIntegration/clientMutationId"), json!("m-1"));
    assert_eq!(created["status"], "CONNECTED");
    assert_eq!(created["siteUrl"], connection.admin_url, "what came after the host is gone");
    assert_eq!(created["organizationId"], connection.organization_id);
    let id = created["id"].clone();

    let people = admin.ask("{ users(first: 5) { nodes { accountId } } }").await;
    assert_eq!(people.list("/users/nodes").len(), 5, "it can be read at once");

    let twice = admin.ask_with(CREATE, wanted).await;
    let codes = twice.texts("/createIntegration/userErrors", "code");
    assert_eq!(codes, ["INVALID_INPUT"], "the same organization and site twice: {}", twice.text);

    let rename = json!({"input": {"id": id, "label": "Renamed", "clientMutationId": "m-2"}});
    let answer = admin.ask_with(UPDATE, rename).await;
    assert_eq!(answer.good("/updateIntegration/integration")["label"], "Renamed");
    assert_eq!(*answer.good("/updateIntegration/clientMutationId"), json!("m-2"));

    let mut bad = credentials(&connection);
    bad["organizationApiKey"] = json!("wrong");
    let answer = admin.ask_with(UPDATE, json!({"input": {"id": id, "credentials": bad}})).await;
    let codes = answer.texts("/updateIntegration/userErrors", "code");
    assert_eq!(codes, ["INVALID_CREDENTIALS"], "{}", answer.text);
    let people = admin.ask("{ users(first: 3) { nodes { accountId } } }").await;
    assert_eq!(people.list("/users/nodes").len(), 3, "the old credentials stay");

    let kind = FaultKind::Status {
        status: 403,
        headers: BTreeMap::default(),
        body: None,
        content_type: None,
    };
    gateway.atlassian.add_fault(Fault::new(kind).on("GET", "/domains"));
    let answer = admin.ask_with(VALIDATE, json!({"id": id})).await;
    assert_eq!(answer.good("/validateIntegration/integration")["status"], "DEGRADED");
    gateway.atlassian.clear_faults();
    let answer = admin.ask_with(VALIDATE, json!({"id": id})).await;
    assert_eq!(answer.good("/validateIntegration/integration")["status"], "CONNECTED");

    let gone = json!({"input": {"id": id, "clientMutationId": "m-3"}});
    let answer = admin.ask_with(DELETE, gone.clone()).await;
    assert_eq!(*answer.good("/deleteIntegration/deletedIntegrationId"), id);
    assert_eq!(*answer.good("/deleteIntegration/clientMutationId"), json!("m-3"));
    let again = admin.ask_with(DELETE, gone).await;
    assert_eq!(again.texts("/deleteIntegration/userErrors", "code"), ["NOT_FOUND"]);
    let node = admin.ask_with("query($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await;
    assert_eq!(*node.good("/node"), Value::Null);
    let (people, calls) = gateway.counted(admin.ask("{ users { nodes { accountId } } }")).await;
    assert_eq!((people.list("/users/nodes").len(), calls.total()), (0, 0));
}

#[tokio::test]
async fn a_credential_that_soon_expires_is_warned_of_and_a_past_day_is_refused() {
    let gateway = empty(20).await;
    let admin = gateway.caller(EVERYTHING);
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| json!(today.saturating_add(jiff::Span::new().days(days)).to_string());
    let mut wanted = input(&gateway.atlassian.connections()[0]);
    wanted["input"]["apiKeyExpiresOn"] = day(-3);
    let answer = admin.ask_with(CREATE, wanted.clone()).await;
    let errors = answer.list("/createIntegration/userErrors");
    assert_eq!(errors[0]["path"], json!(["input", "apiKeyExpiresOn"]), "{}", answer.text);

    wanted["input"]["apiKeyExpiresOn"] = day(10);
    wanted["input"]["apiTokenExpiresOn"] = day(300);
    let answer = admin.ask_with(CREATE, wanted).await;
    let created = answer.good("/createIntegration/integration");
    assert_eq!((&created["status"], &created["apiKeyExpiresOn"]), (&json!("DEGRADED"), &day(10)));
    let checks = created["checks"].as_array().expect("checks");
    for (name, outcome) in
        [("organization-api-key-expiry", "WARNING"), ("api-token-expiry", "PASSED")]
    {
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.expect(name)["outcome"], outcome, "{name}");
    }
}

#[tokio::test]
async fn what_a_caller_may_not_see_is_answered_like_what_does_not_exist() {
    let gateway = TestGateway::start(12).await;
    let limited = gateway.limited_to(0);
    let hidden = gateway.integration(1);
    let missing = {
        let id = headcount::domain::IntegrationId::from("00000000-0000-4000-8000-000000000000");
        headcount::graphql::integration_id(&id)
    };
    let update = |id: &str| json!({"input": {"id": id, "label": "x"}});
    let delete = |id: &str| json!({"input": {"id": id}});
    let one = |id: &str| json!({ "id": id });
    let asked: [(&str, Variables<'_>); 8] = [
        ("query($id: ID!) { integration(id: $id) { label } }", &one),
        ("query($id: ID!) { node(id: $id) { id } }", &one),
        ("query($id: ID!) { users(integrations: [$id]) { nodes { id } } }", &one),
        ("query($id: ID!) { products(integrations: [$id]) { id } }", &one),
        (UPDATE, &update),
        (VALIDATE, &one),
        (DELETE, &delete),
        (REFRESH, &one),
    ];
    for (query, variables) in asked {
        let of = async |id: &str| {
            let mut body = limited.ask_with(query, variables(id)).await.body;
            if let Some(errors) = body["errors"].as_array_mut() {
                for error in errors {
                    error["extensions"]["requestId"] = Value::Null;
                }
            }
            body
        };
        let (of_hidden, calls) = gateway.counted(of(&hidden)).await;
        assert_eq!(of_hidden, of(&missing).await, "{query}");
        assert_eq!(calls.total(), 0, "{query}");
    }
    let list = limited.ask(LIST).await;
    assert_eq!(list.texts("/integrations/nodes", "id"), [gateway.integration(0)]);
    let viewer = limited.ask("{ viewer { integrations { id } } }").await;
    assert_eq!(viewer.texts("/viewer/integrations", "id"), [gateway.integration(0)]);
    let everything = gateway.caller(EVERYTHING).ask(LIST).await;
    assert_eq!(*everything.good("/integrations/totalCount"), json!(2), "and nothing was deleted");
}

#[tokio::test]
async fn who_is_limited_to_some_integrations_cannot_make_another() {
    let gateway = TestGateway::start(12).await;
    let limited = gateway.limited_to(0);
    let wanted = input(&gateway.atlassian.limited_connections()[1]);
    let (answer, calls) = gateway.counted(limited.ask_with(CREATE, wanted)).await;
    assert_eq!(answer.texts("/createIntegration/userErrors", "code"), ["FORBIDDEN"]);
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn an_integration_of_the_configuration_file_can_be_read_and_not_changed() {
    let first = empty(12).await;
    let connection = &first.atlassian.connections()[0];
    let file = Some(toml("meridian", connection));
    let gateway = Setup { is_connected: false, file, ..Setup::of(0) };
    let gateway = gateway.start_before(&first.atlassian).await;
    let admin = gateway.caller(EVERYTHING);
    let people = admin.ask("{ users(first: 4) { nodes { accountId } } }").await;
    assert_eq!(people.list("/users/nodes").len(), 4);
    let id = gateway.integration(0);
    let answer = admin.ask_with(UPDATE, json!({"input": {"id": id, "label": "x"}})).await;
    assert_eq!(answer.texts("/updateIntegration/userErrors", "code"), ["READ_ONLY"]);
    let answer = admin.ask_with(DELETE, json!({"input": {"id": id}})).await;
    assert_eq!(answer.texts("/deleteIntegration/userErrors", "code"), ["READ_ONLY"]);
    let answer = admin.ask_with(VALIDATE, json!({"id": id})).await;
    assert_eq!(answer.good("/validateIntegration/integration")["status"], "CONNECTED");
}
