//! What somebody may send who wants the gateway to break, hang or tell more than it should: the clear error that each
//! gets, as a table. None of it costs an upstream call.

use std::{fmt::Write, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use headcount::auth::IntegrationScope;
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::support::{Answer, Caller, EVERYTHING, READ, TestGateway, bad_tokens, code};

const USERS: &str = "query($first: Int, $after: String, $filter: UserFilter) {
    users(first: $first, after: $after, filter: $filter) { nodes { accountId } } }";

/// What is sent.
enum Input {
    Query(String, Value),
    Body(&'static str, Vec<u8>),
    Get(String),
}

fn query(query: impl Into<String>) -> Input {
    Input::Query(query.into(), json!({}))
}

fn users(variables: Value) -> Input {
    Input::Query(USERS.to_owned(), variables)
}

fn body(text: impl Into<Vec<u8>>) -> Input {
    Input::Body("application/json", text.into())
}

async fn send(caller: &Caller<'_>, input: Input) -> Answer {
    match input {
        Input::Query(query, variables) => caller.ask_with(&query, variables).await,
        Input::Body(kind, body) => caller.clone().with("content-type", kind).post(body).await,
        Input::Get(query) => {
            let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
            caller.send(Method::GET, &format!("/graphql?query={query}"), "").await
        }
    }
}

/// Sends everything and writes down what each gets.
async fn table(gateway: &TestGateway, inputs: Vec<(&'static str, Input)>) -> String {
    let caller = gateway.caller(EVERYTHING);
    let mut table = String::new();
    gateway.atlassian.reset_requests();
    for (name, input) in inputs {
        let began = Instant::now();
        let answer = send(&caller, input).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{name} took {:?}", began.elapsed());
        let errors = answer.errors();
        assert!(!errors.is_empty(), "{name}: {}", answer.text);
        assert!(answer.text.len() < 20_000, "{name}: {} bytes of answer", answer.text.len());
        let message = errors[0]["message"].as_str().unwrap_or_default();
        let (status, code) = (answer.status, code(&errors[0]));
        writeln!(table, "{name}\n    {status} {code}: {message}").expect("a text takes it");
    }
    assert_eq!(gateway.atlassian.requests().total(), 0, "nothing of it reaches Atlassian");
    let answer = gateway.ask(READ, "{ users(first: 1) { nodes { accountId } } }").await;
    assert_eq!(answer.list("/users/nodes").len(), 1, "and the gateway still answers");
    table
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_refused_with_the_rule_that_they_break() {
    let gateway = TestGateway::start(12).await;
    let ids = |count: usize| json!({"ids": vec![gateway.integration(0); count]});
    let values =
        |count: usize| (0..count).map(|place| format!("p{place}@acme.example")).collect::<Vec<_>>();
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let user = |account: &str| {
        let integration = gateway.integration(0);
        let query =
            "query($in: ID!, $id: String!) { user(integration: $in, accountId: $id) { id } }";
        Input::Query(query.to_owned(), json!({"in": integration, "id": account}))
    };
    let of = |integration: &str| {
        let query = "query($in: [ID!]) { users(integrations: $in) { nodes { id } } }";
        Input::Query(query.to_owned(), json!({"in": [integration]}))
    };
    let by_email = |email: &str| {
        let query = "query($email: String!) { usersByEmail(email: $email) { id } }";
        Input::Query(query.to_owned(), json!({"email": email}))
    };
    let inputs = vec![
        ("first: -1", users(json!({"first": -1}))),
        ("first: 101", users(json!({"first": 101}))),
        ("first: 99999999999", query("{ users(first: 99999999999) { nodes { id } } }")),
        ("first: \"10\"", query("{ users(first: \"10\") { nodes { id } } }")),
        ("a search with NUL", users(json!({"filter": {"search": "ada\u{0}"}}))),
        ("a search with a line break", users(json!({"filter": {"search": "ada\r\nHost: x"}}))),
        ("a search of spaces", users(json!({"filter": {"search": "  "}}))),
        ("a search of 100 KB", users(json!({"filter": {"search": "a".repeat(100_000)}}))),
        ("2,000 addresses", users(json!({"filter": {"emails": values(2_000)}}))),
        ("11 e-mail domains", users(json!({"filter": {"emailDomains": values(11)}}))),
        ("status UNKNOWN", users(json!({"filter": {"status": ["UNKNOWN"]}}))),
        ("status of another word", users(json!({"filter": {"status": ["GONE"]}}))),
        ("a filter that there is not", users(json!({"filter": {"password": "x"}}))),
        ("search and emails", users(json!({"filter": {"search": "a", "emails": values(1)}}))),
        ("inactive for -1 days", users(json!({"filter": {"inactiveForDays": -1}}))),
        ("101 nodes", Input::Query(nodes.to_owned(), ids(101))),
        ("an id of nobody's", query("{ node(id: \"1\") { id } }")),
        ("an id of another version", query("{ node(id: \"v2_eyJyIjoiYSJ9\") { id } }")),
        (
            "an id of 100 KB",
            Input::Query(nodes.to_owned(), json!({"ids": ["v1_A".repeat(25_000)]})),
        ),
        ("an account id that climbs", user("../../users")),
        ("an account id with NUL", user("557058:\u{0}")),
        ("an empty account id", user("")),
        ("an integration of nobody's", of("v1_eyJpIjoiYWNtZSJ9")),
        ("a role's id for an integration", of("v1_eyJyIjoiYSJ9")),
        ("an address that is none", by_email("ada")),
        ("an address with a header in it", by_email("ada@acme.example\r\nBcc: x")),
        (
            "from after to",
            query(
                "{ activity(filter: {from: \"2026-02-01T00:00:00Z\",
            to: \"2026-01-01T00:00:00Z\"}) { nodes { id } } }",
            ),
        ),
        ("a date that is none", query("{ activity(filter: {from: \"soon\"}) { nodes { id } } }")),
    ];
    assert_snapshot!(table(&gateway, inputs).await);
}

#[tokio::test]
async fn cursors_that_were_not_given_for_this_list_are_refused() {
    let gateway = TestGateway::start(12).await;
    let list =
        "query($after: String) { users(first: 5, after: $after) { pageInfo { endCursor } } }";
    let groups = "{ groups(first: 1) { pageInfo { endCursor } } }";
    let reader = gateway.reader();
    let own = reader.ask_with(list, json!({})).await;
    let own = own.good("/users/pageInfo/endCursor").as_str().expect("a cursor").to_owned();
    let foreign = reader.ask(groups).await.good("/groups/pageInfo/endCursor").clone();
    let after = |cursor: Value| Input::Query(list.to_owned(), json!({"after": cursor}));
    let forged = |change: fn(&mut Value)| {
        let encoded = own.strip_prefix("c1_").expect("a version");
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(encoded).expect("base64");
        let mut cursor: Value = serde_json::from_slice(&decoded).expect("JSON");
        change(&mut cursor);
        let forged = BASE64_URL_SAFE_NO_PAD.encode(cursor.to_string());
        after(json!(format!("c1_{forged}")))
    };
    let inputs = vec![
        ("an empty cursor", after(json!(""))),
        ("garbage", after(json!("garbage"))),
        ("no base64", after(json!("c1_%%%"))),
        ("no JSON", after(json!("c1_AAAA"))),
        ("a cursor of 100 KB", after(json!(format!("c1_{}", "A".repeat(100_000))))),
        ("a cursor cut short", after(json!(own[..own.len() - 5]))),
        ("a cursor of the groups", after(foreign)),
        ("a cursor of a scan", forged(|cursor| cursor["p"] = json!({"s": [1, 0]}))),
        ("a cursor into a list of ours", forged(|cursor| cursor["p"] = json!({"n": 3}))),
        ("a cursor with a page of 0", forged(|cursor| cursor["p"]["u"]["l"] = json!(0))),
        ("a cursor with a page of 60,000", forged(|cursor| cursor["p"]["u"]["l"] = json!(60_000))),
        ("a cursor of nobody's integration", forged(|cursor| cursor["i"] = json!("acme"))),
    ];
    assert_snapshot!(table(&gateway, inputs).await);
}

#[tokio::test]
async fn documents_that_would_cost_too_much_are_refused_before_they_run() {
    let gateway = TestGateway::start(12).await;
    let fields = |count: usize, field: fn(usize) -> String| {
        (0..count).map(field).collect::<Vec<_>>().join(" ")
    };
    let deep = |levels: usize| {
        let open = "integration { users { nodes { ".repeat(levels);
        format!("{{ users {{ nodes {{ {open} id {} }} }} }}", "} } }".repeat(levels))
    };
    let bomb = (0..22).fold(String::from("{ users { ...F0 } }"), |text, place| {
        let next = place + 1;
        format!("{text} fragment F{place} on UserConnection {{ ...F{next} ...F{next} }}")
    }) + " fragment F22 on UserConnection { totalCount }";
    let cycle = "{ users { ...A } } fragment A on UserConnection { ...B }
        fragment B on UserConnection { ...A }";
    let wide = "{ users(first: 100) { nodes { groups(first: 100) { nodes {
        members(first: 100) { nodes { id } } } } } } }";
    let introspection = "{ __schema { types { fields { type { fields { type { fields { type {
        fields { name } } } } } } } } } }";
    let alias = |place| format!("a{place}: accountId");
    let directive = |_| "@include(if: true)".to_owned();
    let inputs = vec![
        ("deep nesting", query(deep(10))),
        ("10,000 open braces", query("{".repeat(10_000))),
        ("1,000 aliases", query(format!("{{ users {{ nodes {{ {} }} }} }}", fields(1_000, alias)))),
        ("22 fragments, each spread twice", query(bomb)),
        ("a cyclic fragment", query(cycle)),
        (
            "1,000 root fields",
            query(format!(
                "{{ {} }}",
                fields(1_000, |place| { format!("v{place}: viewer {{ subject }}") })
            )),
        ),
        ("100 x 100 x 100 rows", query(wide)),
        (
            "1,000 directives",
            query(format!("{{ viewer {{ subject {} }} }}", fields(1_000, directive))),
        ),
        ("introspection within introspection", query(introspection)),
        (
            "5,000 unknown fields",
            query(format!("{{ {} }}", fields(5_000, |place| format!("f{place}")))),
        ),
        (
            "900 unknown fields",
            query(format!("{{ viewer {{ {} }} }}", fields(900, |place| format!("f{place}")))),
        ),
        (
            "50 operations",
            query(fields(50, |place| format!("query Q{place} {{ viewer {{ subject }} }}"))),
        ),
        ("100 KB of commas", query(format!("{{ viewer {{ subject {} }} }}", ",".repeat(100_000)))),
        ("20,000 values in variables", users(json!({"x": vec![0; 20_000]}))),
        ("a subscription", query("subscription { deletionChanged { id } }")),
        ("no GraphQL", query("SELECT * FROM users")),
        ("an empty document", query("")),
        ("a fragment only", query("fragment A on User { id }")),
    ];
    assert_snapshot!(table(&gateway, inputs).await);
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused() {
    let gateway = TestGateway::start(12).await;
    let good = json!({"query": "{ viewer { subject } }"}).to_string();
    let operation = json!({"query": "query A { viewer { subject } }", "operationName": "B"});
    let mutation = "mutation { refresh(integration: \"x\") { integration { id } } }";
    let inputs = vec![
        ("a batch", body(format!("[{good},{good}]"))),
        ("an empty body", body("")),
        ("an empty object", body("{}")),
        ("a number", body("7")),
        ("text/plain", Input::Body("text/plain", good.clone().into_bytes())),
        (
            "a form",
            Input::Body("application/x-www-form-urlencoded", b"query={viewer{subject}}".to_vec()),
        ),
        (
            "another character set",
            Input::Body("application/json; charset=utf-16", good.clone().into()),
        ),
        ("invalid UTF-8", body(b"{\"query\":\"{ viewer { subject \xff } }\"}".to_vec())),
        ("half a surrogate pair", body(r#"{"query":"{ viewer { subject \ud800 } }"}"#)),
        ("a member twice", body(r#"{"query":"{ viewer { subject } }","query":"{ x }"}"#)),
        ("variables in a list", body(r#"{"query":"{ viewer { subject } }","variables":[1]}"#)),
        ("500 levels of JSON", body(format!(r#"{{"query":"x","variables":{}"#, "[".repeat(500)))),
        ("an operation that there is not", body(operation.to_string())),
        ("a mutation over GET", Input::Get(mutation.to_owned())),
    ];
    assert_snapshot!(table(&gateway, inputs).await);
}

#[tokio::test]
async fn a_label_of_five_megabytes_is_refused_before_it_has_arrived() {
    let gateway = TestGateway::start(12).await;
    let url = gateway.url("/graphql");
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
    let mut stream = TcpStream::connect(address).await.expect("the gateway listens");
    let token = gateway.token(EVERYTHING, IntegrationScope::All);
    let begin = r#"{"query":"mutation($l: String!) { __typename }","variables":{"l":""#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{begin}",
        5 << 20
    );
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    stream.write_all(&[b'x'; 10_000]).await.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer, then the end");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");
}

#[tokio::test]
async fn addresses_of_sites_that_are_none_are_never_called() {
    let gateway = TestGateway::start(12).await;
    let test = |address: &str| {
        let query = "mutation($input: IntegrationCredentialsInput!) {
            testIntegration(input: $input) { status } }";
        let input = json!({"adminEmail": "ada@acme.example", "apiToken": "t", "adminUrl": address,
            "organizationId": "o", "organizationApiKey": "k"});
        Input::Query(query.to_owned(), json!({ "input": input }))
    };
    let inputs = vec![
        ("cloud metadata", test("http://169.254.169.254/latest/meta-data/")),
        ("cloud metadata, https", test("https://169.254.169.254")),
        ("cloud metadata, a number", test("https://2852039166")),
        ("IPv6 loopback", test("https://[::1]")),
        ("localhost", test("https://localhost")),
        ("a port of this machine", test("http://127.0.0.1:1")),
        ("plain http", test("http://acme.atlassian.net")),
        ("another host", test("https://evil.example")),
        ("another host with the name in it", test("https://acme.atlassian.net.evil.example")),
        ("another host behind a user name", test("https://acme.atlassian.net@evil.example")),
        ("a suffix that looks alike", test("https://evilatlassian.net")),
        ("a homoglyph", test("https://acme.\u{430}tlassian.net")),
        ("an encoded international name", test("https://xn--tlassian-2fg.atlassian.net")),
        ("a port", test("https://acme.atlassian.net:8443")),
        ("a backslash", test("https://evil.example\\.atlassian.net")),
        ("a percent sign", test("https://acme%2eatlassian.net")),
        ("a file", test("file:///etc/passwd")),
        ("a script", test("javascript:alert(1)//.atlassian.net")),
        ("NUL", test("https://acme\u{0}.atlassian.net")),
        ("nothing", test("")),
    ];
    assert_snapshot!(table(&gateway, inputs).await);
}

#[tokio::test]
async fn another_organizations_ids_are_as_good_as_none() {
    let gateway = TestGateway::start(12).await;
    let all = "query($in: [ID!]) { users(first: 1, integrations: $in) { nodes { id accountId } }
        groups(first: 1, integrations: $in) { nodes { id } } }";
    let others = gateway.reader().ask_with(all, json!({"in": [gateway.integration(1)]})).await;
    let limited = gateway.limited_to(0);
    let ids = [
        others.good("/users/nodes/0/id").clone(),
        others.good("/groups/nodes/0/id").clone(),
        json!(gateway.integration(1)),
    ];
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ask = limited.ask_with(nodes, json!({"ids": ids}));
    let (answer, calls) = gateway.counted(ask).await;
    assert_eq!(*answer.good("/nodes"), json!([null, null, null]));
    assert_eq!(calls.total(), 0);

    // The same person asked for through the integration that the caller may see: not one of its people.
    let query = "query($in: ID!, $id: String!) { user(integration: $in, accountId: $id) { id } }";
    let account = others.good("/users/nodes/0/accountId");
    for integration in [gateway.integration(0), gateway.integration(1)] {
        let answer = limited.ask_with(query, json!({"in": integration, "id": account})).await;
        assert_eq!(*answer.good("/user"), Value::Null);
    }
    let filter =
        "query($in: [ID!], $group: ID!) { users(integrations: $in, filter: {groups: [$group]}) {
        nodes { id } } }";
    let variables = json!({"in": [gateway.integration(0)], "group": ids[1]});
    let (answer, calls) = gateway.counted(limited.ask_with(filter, variables)).await;
    assert_eq!(*answer.good("/users/nodes"), json!([]), "nobody here is in a group of theirs");
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn every_kind_of_bad_token_gets_the_same_answer() {
    let gateway = TestGateway::start(12).await;
    gateway.atlassian.reset_requests();
    let mut first: Option<Value> = None;
    for (name, token) in bad_tokens() {
        let answer = gateway.with_token(&token).ask("{ viewer { subject } }").await;
        assert_eq!(answer.status, 401, "{name}: {}", answer.text);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{name}");
        let mut body = answer.body.clone();
        body["errors"][0]["extensions"]["requestId"] = Value::Null;
        assert_eq!(first.get_or_insert_with(|| body.clone()), &body, "{name}");
    }
    assert_eq!(gateway.atlassian.requests().total(), 0);
}

#[tokio::test]
async fn a_body_of_five_megabytes_is_refused_to_a_client_that_sends_all_of_it_first() {
    let gateway = TestGateway::start(10).await;
    let label = "x".repeat(5_000_000);
    let body =
        serde_json::json!({"query": "{ viewer { subject } }", "variables": {"label": label}});
    let caller = gateway.reader().with("content-type", "application/json");
    let answer = caller.post(body.to_string()).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    assert_eq!(answer.codes(), ["PAYLOAD_TOO_LARGE"]);
}
