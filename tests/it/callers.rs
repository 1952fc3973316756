//! Who may ask for what: the token, the permissions in it, and the integrations that it is limited to.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use headcount::{auth::Permission, domain::IntegrationId, graphql};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, EVERYTHING, READ, Setup, TestGateway, now};

const ISSUER: &str = "https://login.acme.example/";
const PEOPLE: &str = "{ users(first: 1) { nodes { accountId } } }";

/// A token with this header and these claims, signed with HMAC-SHA-256 whatever the header says.
fn signed(secret: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}")
}

/// Claims that are accepted, with some of them replaced.
fn claims(changes: &Value) -> Value {
    let second = now().as_second();
    let mut claims = json!({"sub": "somebody", "iss": ISSUER, "iat": second, "nbf": second,
        "exp": second + 600, "scope": "directory:read", "integrations": "*"});
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

/// Tokens that are not accepted, each with a name.
fn bad_tokens(secret: &str) -> Vec<(&'static str, String)> {
    let second = now().as_second();
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let none = json!({"alg": "none", "typ": "JWT"});
    let with = |changes: Value| signed(secret, &header, &claims(&changes));
    let good = claims(&json!({}));
    let bare = signed(secret, &none, &good);
    let unsigned = bare.rsplit_once('.').expect("a signature").0;
    vec![
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("half a token", with(json!({})).split_at(40).0.to_owned()),
        ("expired", with(json!({"exp": second - 7_200, "iat": second - 9_000, "nbf": 0}))),
        ("not yet valid", with(json!({"nbf": second + 3_600}))),
        ("issued in the future", with(json!({"iat": second + 3_600, "exp": second + 7_200}))),
        ("another issuer", with(json!({"iss": "https://login.other.example/"}))),
        ("for another audience", with(json!({"aud": "another service"}))),
        ("without an end", with(json!({"exp": null}))),
        ("without a subject", with(json!({"sub": ""}))),
        ("another secret", signed(&secret.replace('s', "z"), &header, &good)),
        ("alg: none, no signature", format!("{unsigned}.")),
        ("alg: none, a good signature", bare.clone()),
        ("RS256 in the header", signed(secret, &json!({"alg": "RS256", "typ": "JWT"}), &good)),
        ("HS512 in the header", signed(secret, &json!({"alg": "HS512", "typ": "JWT"}), &good)),
    ]
}

/// The body but for what differs from request to request.
fn without_request_id(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    let extensions = body["errors"][0]["extensions"].as_object_mut().expect("extensions");
    let id = extensions.remove("requestId").expect("a request id");
    assert!(id.as_str().is_some_and(|id| !id.is_empty()));
    body
}

#[tokio::test]
async fn every_token_that_is_not_accepted_gets_the_very_same_answer_and_costs_no_call() {
    let gateway = Setup::of(10).with("AUTH__ISSUER", ISSUER).start().await;
    let secret = gateway.settings.auth.secret.as_ref().expect("a secret").expose_secret();
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let good = signed(secret, &header, &claims(&json!({})));
    let answer = gateway.with_token(&good).ask(PEOPLE).await;
    assert_eq!(answer.list("/users/nodes").len(), 1, "the tokens differ from one that is good");

    gateway.atlassian.reset_requests();
    let missing = gateway.reader().without_token().ask(PEOPLE).await;
    let expected = without_request_id(&missing);
    assert_eq!(missing.status, 401);
    assert_eq!(missing.codes(), ["UNAUTHENTICATED"]);
    assert!(missing.body.get("data").is_none(), "nothing was run");
    for (name, token) in bad_tokens(secret) {
        let answer = gateway.with_token(&token).ask(PEOPLE).await;
        assert_eq!(answer.status, 401, "{name}: {}", answer.text);
        assert_eq!(without_request_id(&answer), expected, "{name}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{name}");
        assert!(!answer.text.contains(&token), "{name}");
    }
    for authorization in ["Basic c29tZWJvZHk6c2VjcmV0", "Bearer", "Bearer ", &good] {
        let caller = gateway.reader().with("authorization", authorization);
        let answer = caller.ask(PEOPLE).await;
        assert_eq!(answer.status, 401, "{authorization}");
        assert_eq!(without_request_id(&answer), expected, "{authorization}");
    }
    assert_eq!(gateway.atlassian.requests().total(), 0);
}

/// Questions, each with the one permission that it takes.
fn questions(gateway: &TestGateway) -> Vec<(Permission, String)> {
    let id = gateway.integration(0);
    let one = |field: &str| format!("{{ integration(id: \"{id}\") {{ {field} }} }}");
    let draft = r#"adminEmail: "a@acme.example", apiToken: "t", adminUrl: "https://acme.example",
        organizationId: "o", organizationApiKey: "k""#;
    let person = &gateway.atlassian.people(0)[0].account_id;
    vec![
        (Permission::ReadDirectory, PEOPLE.to_owned()),
        (Permission::ReadDirectory, "{ groups(first: 1) { nodes { name } } }".to_owned()),
        (Permission::ReadDirectory, "{ products { key } }".to_owned()),
        (
            Permission::ReadDirectory,
            "{ usersByEmail(email: \"a@acme.example\") { id } }".to_owned(),
        ),
        (
            Permission::ReadDirectory,
            format!("{{ user(integration: \"{id}\", accountId: \"{person}\") {{ id }} }}"),
        ),
        (Permission::ReadDirectory, one("users(first: 1) { nodes { id } }")),
        (Permission::ReadDirectory, one("userCount")),
        (Permission::ReadDirectory, one("groups(first: 1) { nodes { id } }")),
        (Permission::ReadDirectory, one("products { key }")),
        (Permission::ReadDirectory, one("directories { id }")),
        (
            Permission::ReadActivity,
            format!("{{ activity(first: 1, integrations: [\"{id}\"]) {{ nodes {{ id }} }} }}"),
        ),
        (Permission::ReadActivity, one("activity(first: 1) { nodes { id } }")),
        (
            Permission::ManageIntegrations,
            format!("mutation {{ validateIntegration(id: \"{id}\") {{ integration {{ id }} }} }}"),
        ),
        (
            Permission::ManageIntegrations,
            format!(
                "mutation {{ updateIntegration(input: {{id: \"{id}\", label: \"New\"}}) {{
                    integration {{ label }} userErrors {{ code }} }} }}"
            ),
        ),
        (
            Permission::ManageIntegrations,
            format!(
                "mutation {{ createIntegration(input: {{label: \"x\", credentials: {{{draft}}}}}) {{
                    userErrors {{ code }} }} }}"
            ),
        ),
    ]
}

#[tokio::test]
async fn each_permission_opens_what_it_should_and_nothing_else() {
    let gateway = Setup::of(10).start().await;
    let id = gateway.integration(0);
    for (needed, query) in questions(&gateway) {
        let others: Vec<Permission> =
            EVERYTHING.iter().copied().filter(|permission| *permission != needed).collect();
        let (answer, calls) = gateway.counted(gateway.ask(&others, &query)).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{query}: {}", answer.text);
        assert_eq!(calls.total(), 0, "{query}");
        let answer = gateway.ask(&[needed], &query).await;
        assert!(answer.errors().is_empty(), "{query}: {}", answer.text);
    }
    let query = format!(
        "mutation {{ deleteIntegration(input: {{id: \"{id}\"}}) {{ deletedIntegrationId }} }}"
    );
    let answer = gateway.ask(READ, &query).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    let answer = gateway.ask(&[Permission::ManageIntegrations], &query).await;
    assert_eq!(*answer.good("/deleteIntegration/deletedIntegrationId"), json!(id));
}

#[tokio::test]
async fn a_token_without_a_permission_sees_itself_and_nothing_more() {
    let gateway = TestGateway::start(10).await;
    let answer = gateway.ask(&[], "{ viewer { subject permissions } }").await;
    assert_eq!(*answer.good("/viewer"), json!({"subject": "somebody", "permissions": []}));
    for query in [
        PEOPLE.to_owned(),
        "{ integrations { nodes { id } } }".to_owned(),
        "{ rateLimit { cost } }".to_owned(),
        format!("{{ integration(id: \"{}\") {{ label }} }}", gateway.integration(0)),
        format!("{{ node(id: \"{}\") {{ id }} }}", gateway.integration(0)),
        format!(
            "mutation {{ refresh(integration: \"{}\") {{ __typename }} }}",
            gateway.integration(0)
        ),
    ] {
        let (answer, calls) = gateway.counted(gateway.ask(&[], &query)).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "{query}: {}", answer.text);
        assert_eq!(calls.total(), 0, "{query}");
    }
}

#[tokio::test]
async fn what_a_token_may_do_is_told_as_the_schema_says_it() {
    let gateway = TestGateway::start(10).await;
    let asked = [Permission::ManageIntegrations, Permission::ReadDirectory];
    let answer = gateway.ask(&asked, "{ viewer { permissions } }").await;
    let expected = json!(["READ_DIRECTORY", "MANAGE_INTEGRATIONS"]);
    assert_eq!(*answer.good("/viewer/permissions"), expected);
}

#[tokio::test]
async fn who_is_limited_to_one_integration_sees_that_one_only() {
    let gateway = TestGateway::start(20).await;
    let query = "{ viewer { integrations { id } }
        integrations { totalCount nodes { id } }
        users(first: 100) { nodes { integration { id } } }
        groups(first: 100) { nodes { integration { id } } }
        products { integration { id } } }";
    for mine in 0..2 {
        let limited = gateway.limited_to(mine);
        let (answer, calls) = gateway.counted(limited.ask(query)).await;
        let id = gateway.integration(mine);
        assert_eq!(answer.texts("/viewer/integrations", "id"), [id.as_str()]);
        assert_eq!(answer.texts("/integrations/nodes", "id"), [id.as_str()]);
        assert_eq!(*answer.good("/integrations/totalCount"), json!(1));
        for list in ["/users/nodes", "/groups/nodes", "/products"] {
            let rows = answer.list(list);
            assert!(!rows.is_empty(), "{list}");
            assert!(rows.iter().all(|row| row["integration"]["id"] == id.as_str()), "{list}");
        }
        let other = &gateway.atlassian.connections()[1 - mine].organization_id;
        assert!(!answer.text.contains(&gateway.integration(1 - mine)), "{other}");
        assert_eq!(calls.total(), 3, "the other organization is not asked: {calls:?}");
    }
}

/// An answer with one id taken out, so that those to two ids can be compared.
async fn answered(caller: &Caller<'_>, query: &str, id: &str) -> (u16, Value) {
    let mut answer = caller.ask_with(query, json!({"id": id})).await;
    for error in answer.body["errors"].as_array_mut().into_iter().flatten() {
        error["extensions"].as_object_mut().expect("extensions").remove("requestId");
    }
    let text = answer.body.to_string().replace(id, "(the id)");
    (answer.status, serde_json::from_str(&text).expect("it was JSON"))
}

#[tokio::test]
async fn another_ones_integration_is_answered_exactly_as_one_that_does_not_exist() {
    let gateway = TestGateway::start(20).await;
    let hidden = gateway.integration(1);
    let made_up = IntegrationId::from("01890a5d-ac96-774b-bcce-b302099a8057");
    let made_up = graphql::integration_id(&made_up);
    let person = gateway.atlassian.people(1)[0].account_id.clone();
    let limited = gateway.limited_to(0);
    let user =
        format!("query($id: ID!) {{ user(integration: $id, accountId: \"{person}\") {{ name }} }}");
    let nothing = "{ id label } userErrors { code message path isRetryable }";
    let validate = format!(
        "mutation($id: ID!) {{ validateIntegration(id: $id) {{ integration {nothing} }} }}"
    );
    let update = format!(
        "mutation($id: ID!) {{ updateIntegration(input: {{id: $id, label: \"Mine\"}}) {{
            integration {nothing} }} }}"
    );
    let delete = "mutation($id: ID!) { deleteIntegration(input: {id: $id}) {
        deletedIntegrationId userErrors { code message path isRetryable } } }";
    for query in [
        "query($id: ID!) { integration(id: $id) { label } }",
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { nodes(ids: [$id]) { id } }",
        "query($id: ID!) { users(integrations: [$id]) { nodes { name } } }",
        "query($id: ID!) { groups(integrations: [$id]) { nodes { name } } }",
        "query($id: ID!) { products(integrations: [$id]) { name } }",
        "query($id: ID!) { activity(integrations: [$id]) { nodes { action } } }",
        "query($id: ID!) { usersByEmail(email: \"a@b.example\", integrations: [$id]) { name } }",
        &user,
        "mutation($id: ID!) { refresh(integration: $id) { integration { label } } }",
        &validate,
        &update,
        delete,
    ] {
        let all = async {
            (answered(&limited, query, &hidden).await, answered(&limited, query, &made_up).await)
        };
        let ((of_hidden, of_made_up), calls) = gateway.counted(all).await;
        assert_eq!(of_hidden, of_made_up, "{query}");
        assert_eq!(calls.total(), 0, "{query}");
        let seen = gateway.caller(EVERYTHING);
        let is_visible = answered(&seen, query, &hidden).await != of_hidden;
        assert!(is_visible, "{query}: who may see it gets another answer");
    }
}

#[tokio::test]
async fn what_is_inside_anothers_integration_does_not_exist_either() {
    let gateway = TestGateway::start(20).await;
    let everybody = gateway.caller(EVERYTHING);
    let query = "query($in: [ID!]) { users(first: 1, integrations: $in) { nodes { id } }
        groups(first: 1, integrations: $in) { nodes { id } } products(integrations: $in) { id } }";
    let answer = everybody.ask_with(query, json!({"in": [gateway.integration(1)]})).await;
    let mut ids = answer.texts("/users/nodes", "id");
    ids.extend(answer.texts("/groups/nodes", "id"));
    ids.extend(answer.texts("/products", "id").into_iter().take(1));
    assert_eq!(ids.len(), 3);
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let limited = gateway.limited_to(0);
    let (answer, calls) = gateway.counted(limited.ask_with(query, json!({"ids": ids}))).await;
    assert_eq!(*answer.good("/nodes"), json!([null, null, null]));
    assert_eq!(calls.total(), 0);
    let answer = everybody.ask_with(query, json!({"ids": ids})).await;
    assert_eq!(answer.texts("/nodes", "id"), ids, "who may see them finds them");
}

#[tokio::test]
async fn who_is_limited_cannot_connect_another_organization() {
    let gateway = TestGateway::start(10).await;
    let mutation = r#"mutation { createIntegration(input: {label: "x", credentials: {
        adminEmail: "a@acme.example", apiToken: "t", adminUrl: "https://acme.atlassian.net",
        organizationId: "o", organizationApiKey: "k"}}) { integration { id } userErrors { code } } }"#;
    let limited = gateway.limited_to(0);
    let (answer, calls) = gateway.counted(limited.ask(mutation)).await;
    let expected = json!({"integration": null, "userErrors": [{"code": "FORBIDDEN"}]});
    assert_eq!(*answer.good("/createIntegration"), expected);
    assert_eq!(calls.total(), 0);
}
