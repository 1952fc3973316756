//! Feed tokens: the static secrets that BI tools come with.

use base64::{Engine, engine::general_purpose::STANDARD};
use headcount::auth::Permission;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use super::{column, problem, rows};
use crate::support::{Answer, Caller, TestGateway};

const CREATE: &str = "mutation($input: CreateFeedTokenInput!) { createFeedToken(input: $input) {
    secret clientMutationId userErrors { code message path }
    feedToken { id name state tables queries integrations { id } showsPersonalData isAcceptedInUrl createdBy expiresAt
        lastUsedAt revokedAt } } }";
const REVOKE: &str = "mutation($input: RevokeFeedTokenInput!) { revokeFeedToken(input: $input) {
    feedToken { state revokedAt } userErrors { code path } } }";
const LIST: &str = "query($state: FeedTokenState) { feedTokens(state: $state) { totalCount nodes { name state lastUsedAt } } }";

const MAKER: &[Permission] =
    &[Permission::ManageIntegrations, Permission::ReadDirectory, Permission::ReadLicenses];

/// Makes a token for the users and the product access of everybody, but for what `changes` says.
async fn made(maker: &Caller<'_>, changes: Value) -> (String, String) {
    let mut input = json!({ "name": "A tool", "tables": ["product_access", "users"] });
    for (name, value) in changes.as_object().expect("an object") {
        input[name] = value.clone();
    }
    let answer = maker.ask_with(CREATE, json!({ "input": input })).await;
    let text = |pointer: &str| answer.good(pointer).as_str().expect("a text").to_owned();
    (text("/createFeedToken/secret"), text("/createFeedToken/feedToken/id"))
}

/// The answer of a wish that is refused: no secret is in it.
async fn refused(maker: &Caller<'_>, input: Value) -> Answer {
    let answer = maker.ask_with(CREATE, json!({ "input": input })).await;
    assert!(!answer.text.contains("headcount_feed_"), "{}", answer.text);
    answer
}

/// The tool, which sends the secret as a bearer token.
fn tool<'a>(gateway: &'a TestGateway, secret: &str) -> Caller<'a> {
    gateway.with_token(secret)
}

fn detail(answer: &Answer) -> &str {
    answer.body["detail"].as_str().expect("a problem has a detail")
}

/// Lets the lives of all tokens be over.
async fn let_expire(gateway: &TestGateway) {
    let path = &gateway.settings.store.path;
    let mut file = SqliteConnectOptions::new().filename(path).connect().await.expect("the file");
    let statement = "UPDATE feed_tokens SET expires_at = created_at";
    sqlx::raw_sql(statement).execute(&mut file).await.expect("it is done");
}

#[tokio::test]
async fn a_tool_reads_with_its_secret_in_a_header_as_a_password_and_in_an_address() {
    let gateway = TestGateway::start(20).await;
    let maker = gateway.caller(MAKER);
    let (secret, _) =
        made(&maker, json!({ "isAcceptedInUrl": true, "showsPersonalData": true })).await;
    let expected = rows(&gateway.reader(), "users").await;
    let tool = tool(&gateway, &secret);
    assert_eq!(rows(&tool, "users").await, expected);
    let basic = STANDARD.encode(format!("anybody:{secret}"));
    let nobody = gateway.reader().without_token();
    let by_password = nobody.clone().with("authorization", &format!("Basic {basic}"));
    assert_eq!(rows(&by_password, "users").await, expected);
    let page = by_password.get("/odata/v4/users?$top=1000").await;
    assert_eq!(page.body["value"].as_array().expect("rows").len(), expected.len());

    let csv = gateway.reader().get("/feeds/users.csv?status=active").await;
    let by_key = nobody.get(&format!("/feeds/users.csv?key={secret}&status=active")).await;
    assert_eq!((by_key.status, &by_key.text), (200, &csv.text));
    assert_eq!(by_key.header("etag"), csv.header("etag"));
}

#[tokio::test]
async fn the_secret_is_told_once_and_opens_what_it_was_made_for_only() {
    let gateway = TestGateway::start(20).await;
    let maker = gateway.caller(MAKER);
    let own = gateway.integration(0);
    let input = json!({
        "name": "Finance", "tables": ["product_access"], "integrations": [own], "clientMutationId": "m",
    });
    let answer = maker.ask_with(CREATE, json!({ "input": input })).await;
    let payload = answer.good("/createFeedToken");
    assert_eq!((&payload["userErrors"], &payload["clientMutationId"]), (&json!([]), &json!("m")));
    let token = &payload["feedToken"];
    assert_eq!(token["integrations"], json!([{ "id": own }]));
    assert_eq!((&token["state"], &token["lastUsedAt"]), (&json!("ACTIVE"), &Value::Null));
    let secret = payload["secret"].as_str().expect("a secret").to_owned();

    let tool = tool(&gateway, &secret);
    let found = rows(&tool, "product_access").await;
    let raw = rows(&gateway.limited_to(0), "integrations").await[0]["integration_id"].clone();
    assert!(!found.is_empty() && found.iter().all(|row| row["integration_id"] == raw));
    assert!(found.iter().all(|row| row["name"].is_null() && row["email"].is_null()), "masked");

    let other = tool.get("/feeds/users.csv").await;
    assert_eq!((other.status, problem(&other)), (403, "FORBIDDEN"));
    assert!(detail(&other).contains("was not made for the table users"), "{}", other.text);
    assert_eq!(tool.get("/odata/v4/users").await.status, 404);
    let catalog = tool.get("/feeds").await;
    let listed = column(catalog.body["tables"].as_array().expect("tables"), "name");
    assert_eq!(listed, ["product_access"]);
    let ids = column(&rows(&gateway.reader(), "integrations").await, "integration_id");
    let foreign = ids.into_iter().find(|id| *id != raw.as_str().expect("an id")).expect("two");
    let elsewhere = tool.get(&format!("/feeds/product_access.csv?integration={foreign}")).await;
    assert_eq!((elsewhere.status, problem(&elsewhere)), (404, "NOT_FOUND"));

    let graphql = tool.ask("{ viewer { subject } }").await;
    assert_eq!(graphql.status, 401, "tables and saved queries only");
    let list = maker.ask(LIST).await;
    assert_eq!(list.texts("/feedTokens/nodes", "name"), ["Finance"]);
    assert!(list.good("/feedTokens/nodes/0/lastUsedAt").is_string());
    assert!(!list.text.contains(&secret));
}

#[tokio::test]
async fn an_expired_a_revoked_and_a_foreign_token_are_answered_without_asking_atlassian() {
    let gateway = TestGateway::start(20).await;
    let maker = gateway.caller(MAKER);
    let (expired, _) = made(&maker, json!({ "name": "expired", "isAcceptedInUrl": true })).await;
    let_expire(&gateway).await;
    let (revoked, id) = made(&maker, json!({ "name": "revoked", "isAcceptedInUrl": true })).await;
    let answer = maker.ask_with(REVOKE, json!({ "input": { "id": id } })).await;
    assert_eq!(*answer.good("/revokeFeedToken/feedToken/state"), json!("REVOKED"));
    let other = TestGateway::start(5).await;
    let (foreign, _) = made(&other.caller(MAKER), json!({ "isAcceptedInUrl": true })).await;
    gateway.atlassian.reset_requests();

    let a_valid_token = "a valid token is needed, as `Authorization: Bearer <token>` or as the password of HTTP Basic";
    for (secret, expected) in [
        (expired.as_str(), "this feed token has expired; have another one made"),
        (revoked.as_str(), "this feed token was revoked; have another one made"),
        (foreign.as_str(), a_valid_token),
        ("headcount_feed_", a_valid_token),
    ] {
        let by_header = tool(&gateway, secret).get("/feeds/users.csv").await;
        let nobody = gateway.reader().without_token();
        let by_key = nobody.get(&format!("/feeds/users.csv?key={secret}")).await;
        for answer in [by_header, by_key] {
            assert_eq!((answer.status, problem(&answer)), (401, "UNAUTHENTICATED"), "{expected}");
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Headcount\"");
            assert_eq!(detail(&answer), expected);
            assert!(
                !answer.text.contains(secret.trim_start_matches("headcount_feed_"))
                    || secret.len() < 20
            );
        }
        let odata = tool(&gateway, secret).get("/odata/v4/users").await;
        assert_eq!((odata.status, &odata.body["error"]["message"]), (401, &json!(expected)));
    }
    assert_eq!(gateway.atlassian.requests().total(), 0);
    let states = |state: &str| maker.ask_with(LIST, json!({ "state": state }));
    assert_eq!(states("EXPIRED").await.texts("/feedTokens/nodes", "name"), ["expired"]);
    assert_eq!(states("REVOKED").await.texts("/feedTokens/nodes", "name"), ["revoked"]);
    assert_eq!(*states("ACTIVE").await.good("/feedTokens/totalCount"), json!(0));
}

#[tokio::test]
async fn an_address_holds_a_token_for_csv_only_and_only_one_that_allows_it() {
    let gateway = TestGateway::start(20).await;
    let maker = gateway.caller(MAKER);
    let (secret, _) = made(&maker, json!({})).await;
    let (open, _) = made(&maker, json!({ "isAcceptedInUrl": true })).await;
    let nobody = gateway.reader().without_token();

    let refused = nobody.get(&format!("/feeds/users.csv?key={secret}")).await;
    assert_eq!((refused.status, problem(&refused)), (401, "UNAUTHENTICATED"));
    assert!(detail(&refused).starts_with("this feed token is not accepted in an address"));
    for format in ["json", "ndjson", "parquet"] {
        let answer = nobody.get(&format!("/feeds/users.{format}?key={open}")).await;
        assert_eq!(answer.status, 401, "{format}");
    }
    assert_eq!(nobody.get(&format!("/odata/v4/users?key={open}")).await.status, 401);
    let twice = tool(&gateway, &open).get(&format!("/feeds/users.csv?key={open}")).await;
    assert_eq!(
        (twice.status, detail(&twice)),
        (400, "send one token: in the address or in a header")
    );
    let with_jwt = nobody.get("/feeds/users.csv?key=a.b.c").await;
    assert_eq!(with_jwt.status, 401);
    let masked = nobody.get(&format!("/feeds/users.csv?key={open}")).await;
    assert!(masked.status == 200 && !masked.text.contains('@'), "{}", masked.text);
}

#[tokio::test]
async fn nobody_makes_a_token_that_opens_more_than_they_may_see() {
    let gateway = TestGateway::start(12).await;
    let input = json!({ "name": "x", "tables": ["users"] });
    let without = gateway.caller(&[Permission::ReadDirectory]);
    assert_eq!(refused(&without, input.clone()).await.codes(), ["FORBIDDEN"]);
    assert_eq!(without.ask(LIST).await.codes(), ["FORBIDDEN"]);

    let error = |answer: Answer| {
        let error = &answer.good("/createFeedToken/userErrors/0");
        (error["code"].clone(), error["path"].clone())
    };
    let admin = gateway.caller(&[Permission::ManageIntegrations]);
    let told = error(refused(&admin, input).await);
    assert_eq!(told, (json!("FORBIDDEN"), json!(["input", "tables"])));
    let maker = gateway.caller(MAKER);
    for (changes, code, member) in [
        (json!({ "name": "" }), "INVALID_INPUT", "name"),
        (json!({ "tables": [] }), "INVALID_INPUT", "tables"),
        (json!({ "tables": ["nosuch"] }), "INVALID_INPUT", "tables"),
        (json!({ "queries": ["nosuch"] }), "INVALID_INPUT", "queries"),
        (json!({ "integrations": [] }), "INVALID_INPUT", "integrations"),
        (json!({ "integrations": ["v1_x"] }), "NOT_FOUND", "integrations"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "INVALID_INPUT", "expiresAt"),
        (json!({ "expiresAt": "2999-01-01T00:00:00Z" }), "INVALID_INPUT", "expiresAt"),
    ] {
        let mut input = json!({ "name": "x", "tables": ["users"] });
        for (name, value) in changes.as_object().expect("an object") {
            input[name] = value.clone();
        }
        let told = error(refused(&maker, input).await);
        assert_eq!(told, (json!(code), json!(["input", member])), "{changes}");
    }
    assert_eq!(*maker.ask(LIST).await.good("/feedTokens/totalCount"), json!(0));
}
