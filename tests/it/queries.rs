//! Saved queries: run with the permissions of their file, typed by their variables, whole as CSV or not at all.

use std::path::Path;

use headcount::{
    app::build,
    auth::Permission,
    demo::{Fault, FaultKind},
};
use http::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Answer, Setup, TestGateway, listed};

/// The examples of the documentation, and these.
const OWN: [(&str, &str); 6] = [
    (
        "groups",
        "# permissions: directory:read\n\
        query ($first: Int! = 10, $after: String) { groups(first: $first, after: $after) {\n\
        edges { node { name memberCount } } pageInfo { hasNextPage endCursor } } }",
    ),
    (
        "groups-cut",
        "# permissions: directory:read\nquery ($first: Int!) { groups(first: $first) { nodes { name } pageInfo { hasNextPage } } }",
    ),
    ("who", "# Who asks.\n# permissions: directory:read\n{ viewer { subject permissions } }"),
    (
        "too-little",
        "# permissions: licenses:read\n{ users(first: 5) { nodes { name } pageInfo { hasNextPage } } }",
    ),
    (
        "typed",
        "# permissions: directory:read\nquery Typed($filter: UserFilter, $statuses: [UserStatus!], $count: Int! = 3, $deep: Boolean = false) {\n\
        all: users(first: $count, filter: $filter) { totalCount nodes { status } }\n\
        some: users(first: $count, filter: {status: $statuses}) { totalCount nodes { status groups(first: 1) @include(if: $deep) { totalCount } } } }",
    ),
    (
        "lists",
        "# permissions: directory:read\n{ users(first: 50) { nodes { accountId product: productAccess { product { key } } }\n\
        pageInfo { hasNextPage } } }",
    ),
];

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/queries");
    for file in std::fs::read_dir(examples).expect("the examples") {
        let file = file.expect("a file").path();
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, folder.path().join(name)).expect("it is copied");
    }
    for (name, source) in OWN {
        write(&folder, name, source);
    }
    folder
}

fn write(folder: &TempDir, name: &str, source: &str) {
    std::fs::write(folder.path().join(format!("{name}.graphql")), source).expect("it is written");
}

async fn gateway(people: usize) -> (TestGateway, TempDir) {
    let folder = folder();
    let setup = Setup::of(people).with("QUERIES__FOLDER", folder.path().display());
    (setup.start().await, folder)
}

/// The code and the detail of a problem.
#[track_caller]
fn problem(answer: &Answer) -> (u16, &str, &str) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text);
    let text = |member: &str| answer.body[member].as_str().expect("a text");
    (answer.status, text("code"), text("detail"))
}

#[tokio::test]
async fn the_list_names_what_the_caller_may_run_with_variables_and_formats() {
    let (gateway, _folder) = gateway(10).await;
    let names = |answer: &Answer| -> Vec<String> {
        let queries = answer.body["queries"].as_array().expect("queries");
        queries.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    let all = gateway.reader().get("/queries").await;
    let every = [
        "groups",
        "groups-cut",
        "inactive-people",
        "license-history",
        "lists",
        "too-little",
        "typed",
        "who",
    ];
    assert_eq!(names(&all), every);
    let licenses = gateway.caller(&[Permission::ReadLicenses]).get("/queries").await;
    assert_eq!(names(&licenses), ["license-history", "too-little"]);
    let stranger = gateway.reader().without_token().get("/queries").await;
    assert_eq!(problem(&stranger).0, 401);

    let of = |name: &str| {
        let queries = all.body["queries"].as_array().expect("queries");
        queries.iter().find(|one| one["name"] == name).expect("it is there").clone()
    };
    assert_eq!(
        of("inactive-people"),
        json!({
            "name": "inactive-people",
            "description": "People who have not been active for some days, the longest idle first.",
            "permissions": ["directory:read"],
            "variables": [
                {"name": "days", "type": "Int!", "required": false},
                {"name": "statuses", "type": "[UserStatus!]", "required": false},
                {"name": "first", "type": "Int", "required": false},
                {"name": "after", "type": "String", "required": false},
            ],
            "formats": ["json", "csv"],
        })
    );
    assert_eq!(of("license-history")["variables"][0]["required"], true);
    assert_eq!(of("typed")["formats"], json!(["json"]));
    assert_eq!(of("typed")["whyNoCsv"], "it has more than one field at its root");
    assert_eq!(of("lists")["whyNoCsv"], "`product` is a list of objects");
    assert_eq!(of("who")["whyNoCsv"], "`viewer` is no list, and `subject` of it is not either");
}

#[tokio::test]
async fn a_query_runs_with_the_permissions_of_its_file_and_no_other() {
    let (gateway, _folder) = gateway(10).await;
    let answer = gateway.caller(Permission::ALL).get("/queries/who").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["data"]["viewer"]["permissions"], json!(["READ_DIRECTORY"]));
    assert_eq!(answer.body["data"]["viewer"]["subject"], "somebody");

    let answer = gateway.caller(Permission::ALL).get("/queries/too-little").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.codes(), ["FORBIDDEN"], "the file says nothing of the directory");
    let table = gateway.caller(Permission::ALL).get("/queries/too-little.csv").await;
    assert_eq!((problem(&table).0, problem(&table).1), (403, "FORBIDDEN"));

    for path in ["/queries/who", "/queries/who.json", "/queries/groups.csv"] {
        let caller = gateway.caller(&[Permission::ReadLicenses, Permission::ReadActivity]);
        let (answer, calls) = gateway.counted(caller.get(path)).await;
        let (status, code, detail) = problem(&answer);
        assert_eq!((status, code, calls.total()), (403, "FORBIDDEN", 0), "{path}");
        assert!(detail.ends_with("needs the permission directory:read"), "{detail}");
    }
}

#[tokio::test]
async fn a_feed_token_runs_the_queries_that_it_was_made_for() {
    let (gateway, _folder) = gateway(10).await;
    let maker = gateway.caller(&[Permission::ManageIntegrations, Permission::ReadDirectory]);
    let create = "mutation($input: CreateFeedTokenInput!) { createFeedToken(input: $input) {
        secret userErrors { code message } } }";
    let input = json!({
        "name": "A sheet", "queries": ["who", "groups"], "isAcceptedInUrl": true, "showsPersonalData": true,
        "integrations": [gateway.integration(0)],
    });
    let made = maker.ask_with(create, json!({ "input": input })).await;
    let secret = made.good("/createFeedToken/secret").as_str().expect("a secret");
    let tool = gateway.with_token(secret);
    let listed = tool.get("/queries").await;
    assert_eq!(crate::support::texts(&listed.body["queries"], "name"), ["groups", "who"]);

    let who = tool.get("/queries/who").await;
    let viewer = who.good("/viewer");
    assert_eq!(viewer["permissions"], json!(["READ_DIRECTORY"]), "those of the file");
    assert!(viewer["subject"].as_str().expect("a text").starts_with("feed-token:"), "{viewer}");
    let all = gateway.reader().get("/queries/groups.csv").await;
    let own = gateway.limited_to(0).get("/queries/groups.csv").await;
    assert!(own.text.len() < all.text.len());
    assert_eq!(tool.get("/queries/groups.csv").await.text, own.text, "of its integration only");
    let nobody = gateway.reader().without_token();
    let by_key = nobody.get(&format!("/queries/groups.csv?first=7&key={secret}")).await;
    assert_eq!((by_key.status, &by_key.text), (200, &own.text));
    assert_eq!(nobody.get(&format!("/queries/groups.json?key={secret}")).await.status, 401);

    let other = tool.get("/queries/typed").await;
    let told = "this feed token was not made for the query typed";
    assert_eq!(problem(&other), (403, "FORBIDDEN", told));
    assert_eq!(tool.get("/feeds/groups.csv").await.status, 403);
    let input = json!({ "name": "Too much", "queries": ["too-little"] });
    let refused = maker.ask_with(create, json!({ "input": input })).await;
    let message = refused.good("/createFeedToken/userErrors/0/message").as_str().expect("a text");
    assert!(message.ends_with("the saved query too-little needs licenses:read"), "{message}");
}

#[tokio::test]
async fn a_feed_token_without_personal_data_runs_no_query_that_may_show_people() {
    let own = TempDir::new().expect("a folder");
    let queries = TempDir::new().expect("a folder");
    let days = "{ licenseHistory(from: \"2026-01-01\", to: \"2026-01-02\") { date } }";
    write(&queries, "changing", &format!("# permissions: licenses:read\n{days}"));
    let setup = Setup { folder: Some(own.path().to_owned()), ..Setup::of(10) };
    let setup = setup.with("QUERIES__FOLDER", queries.path().display());
    let gateway = setup.clone().start().await;
    let create = "mutation($input: CreateFeedTokenInput!) { createFeedToken(input: $input) {
        secret userErrors { code message path } } }";
    let input = json!({ "name": "A sheet", "queries": ["changing"] });
    let maker = gateway.caller(Permission::ALL);
    let made = maker.ask_with(create, json!({ "input": input })).await;
    let secret = made.good("/createFeedToken/secret").as_str().expect("a secret").to_owned();
    assert_eq!(gateway.with_token(&secret).get("/queries/changing").await.status, 200);

    let atlassian = std::sync::Arc::clone(&gateway.atlassian);
    gateway.stop().await;
    write(
        &queries,
        "changing",
        "# permissions: directory:read\n{ users(first: 1) { totalCount } }",
    );
    let gateway = setup.start_before(&atlassian).await;
    let tool = gateway.with_token(&secret);
    for path in ["/queries/changing", "/queries/changing.csv"] {
        let (answer, calls) = gateway.counted(tool.get(path)).await;
        let told = "the query changing runs with permissions that show people, and this feed token was made without personal data";
        assert_eq!((problem(&answer), calls.total()), ((403, "FORBIDDEN", told), 0));
    }
    assert_eq!(tool.get("/queries").await.body, json!({ "queries": [] }));
    let maker = gateway.caller(Permission::ALL);
    let refused = maker.ask_with(create, json!({ "input": input })).await;
    let error = refused.good("/createFeedToken/userErrors/0");
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("INVALID_INPUT"), &json!(["input", "queries"]))
    );
    assert!(refused.good("/createFeedToken/secret").is_null());
}

#[tokio::test]
async fn an_answer_is_that_of_the_schema() {
    let (gateway, folder) = gateway(60).await;
    let source = std::fs::read_to_string(folder.path().join("inactive-people.graphql"));
    let source = source.expect("the example");
    let reader = gateway.reader();
    let asked = reader.ask_with(&source, json!({"days": 30, "first": 20})).await;
    let saved = reader.get("/queries/inactive-people?days=30&first=20").await;
    assert_eq!(saved.body["data"], asked.body["data"]);
    assert_eq!(saved.header("content-type"), "application/json; charset=utf-8");
    let negotiated = reader.clone().with("accept", "application/graphql-response+json");
    let answer = negotiated.get("/queries/inactive-people.json?days=30&first=20").await;
    assert_eq!(answer.header("content-type"), "application/graphql-response+json; charset=utf-8");
    assert_eq!(answer.body["data"], asked.body["data"]);
    let none = reader.clone().with("accept", "text/html").get("/queries/who").await;
    assert_eq!((problem(&none).0, problem(&none).1), (406, "NOT_ACCEPTABLE"));
}

#[tokio::test]
async fn variables_are_parameters_of_their_types() {
    let (gateway, _folder) = gateway(100).await;
    let reader = gateway.reader();
    let answer = reader.get("/queries/typed?statuses=SUSPENDED&statuses=DEACTIVATED&count=100&deep=true&filter=%7B%22status%22%3A%5B%22ACTIVE%22%5D%7D").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let words = |list: &str| -> Vec<String> {
        let nodes = answer.list(&format!("/{list}/nodes"));
        nodes.iter().map(|node| node["status"].as_str().expect("a word").to_owned()).collect()
    };
    assert!(words("all").iter().all(|word| word == "ACTIVE"));
    let some = words("some");
    assert!(
        !some.is_empty() && some.iter().all(|word| word == "SUSPENDED" || word == "DEACTIVATED")
    );
    assert!(answer.list("/some/nodes")[0]["groups"]["totalCount"].is_u64());

    for (query, expected) in [
        ("typed?page=1", "the query has no variable `page`; it has filter, statuses, count, deep"),
        ("typed?count=three", "`count` has to be a whole number"),
        ("typed?count=1&count=2", "`count` is given twice"),
        ("typed?deep=yes", "`deep` has to be `true` or `false`"),
        ("typed?filter=active", "`filter` has to be an object, as JSON"),
        ("who?x=1", "the query has no variable `x`; it has none"),
        ("groups-cut", "`first` is missing; it is of the type Int!"),
        ("license-history?from=2026-01-01", "`to` is missing; it is of the type Date!"),
    ] {
        let (answer, calls) = gateway.counted(reader.get(&format!("/queries/{query}"))).await;
        assert_eq!(problem(&answer), (400, "BAD_USER_INPUT", expected), "{query}");
        assert_eq!(calls.total(), 0);
    }
    let answer = reader.get("/queries/typed?statuses=GONE").await;
    let (status, code, detail) = problem(&answer);
    assert_eq!((status, code), (400, "BAD_USER_INPUT"));
    assert!(detail.starts_with("`statuses` has to be one of ACTIVE, SUSPENDED, "), "{detail}");
    let answer = reader.get("/queries/typed?filter=%7B%22nobody%22%3A1%7D").await;
    let (status, code, detail) = problem(&answer);
    assert_eq!((status, code), (400, "GRAPHQL_VALIDATION_FAILED"), "{detail}");
    assert!(detail.contains("nobody") || detail.contains("filter"), "{detail}");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_served_is_said() {
    let (gateway, _folder) = gateway(10).await;
    let reader = gateway.reader();
    for path in ["nobody", "who.xml", "who.csv.json", "..%2Fwho", "typed.csv", "lists.csv"] {
        let answer = reader.get(&format!("/queries/{path}")).await;
        assert_eq!((problem(&answer).0, problem(&answer).1), (404, "NOT_FOUND"), "{path}");
    }
    let answer = reader.get("/queries/lists.csv").await;
    assert_eq!(problem(&answer).2, "the query lists has no CSV: `product` is a list of objects");
    let answer = reader.send(Method::POST, "/queries/who", "{}").await;
    assert_eq!((problem(&answer).0, answer.header("allow")), (405, "GET, HEAD"));
    let plain = TestGateway::start(10).await;
    let none = plain.reader().get("/queries").await;
    assert_eq!((none.status, &none.body), (200, &json!({"queries": []})));
}

fn lines(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(
        answer.header("content-type"),
        "text/csv; charset=utf-8; header=present",
        "{}",
        answer.text
    );
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(answer.text.as_bytes());
    let row = |row: csv::Result<csv::StringRecord>| {
        row.expect("a row").iter().map(str::to_owned).collect()
    };
    reader.records().map(row).collect()
}

#[tokio::test]
async fn a_connection_is_followed_to_its_end() {
    let (gateway, _folder) = gateway(300).await;
    let reader = gateway.reader();
    let answer = reader.get("/queries/inactive-people.csv?days=0&first=50").await;
    let rows = lines(&answer);
    assert_eq!(
        rows[0],
        ["accountId", "name", "email", "status", "lastActiveAt", "integration_label"]
    );
    let whole = reader.get("/queries/inactive-people.csv?days=0&first=100").await;
    let sorted = |answer: &Answer| {
        let mut rows = lines(answer);
        rows.sort();
        rows
    };
    assert_eq!(sorted(&answer), sorted(&whole), "whatever the page, the rows are the same");
    let active = |index: usize| {
        listed(&gateway.atlassian.people(index), |person| person.status == "active").len()
    };
    assert_eq!(rows.len() - 1, active(0) + active(1));
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment; filename=\"inactive-people-20")
    );

    let groups = lines(&reader.get("/queries/groups.csv").await);
    assert_eq!(groups[0], ["name", "memberCount"]);
    let cut = reader.get("/queries/groups-cut.csv?first=3").await;
    let (status, _, detail) = problem(&cut);
    assert_eq!(status, 409);
    assert!(
        detail.ends_with("ask for more rows at once, or give the query a variable for `after`")
    );
    let at_once = lines(&reader.get("/queries/groups-cut.csv?first=100").await);
    let names = |rows: &[Vec<String>]| -> Vec<String> {
        let mut names: Vec<String> = rows[1..].iter().map(|row| row[0].clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&at_once), names(&groups));
    assert!(groups.len() > 11, "more than one page of ten");
}

#[tokio::test]
async fn a_list_is_a_table_and_without_rows_there_is_still_the_header() {
    let (gateway, _folder) = gateway(30).await;
    let reader = gateway.reader();
    let header = "date,integration_label,productKey,siteUrl,isSandbox,purchased,used,needed,reclaimable,monthlyCost,monthlyWaste,currency\r\n";
    let path = "/queries/license-history.csv?from=2026-01-01&to=2030-01-01";
    let empty = reader.get(path).await;
    assert_eq!((empty.status, empty.text.as_str()), (200, header));
    let keeper = gateway.caller(Permission::ALL);
    let taken = keeper.ask("mutation { takeLicenseSnapshot { snapshots { used } } }").await;
    let kept = taken.list("/takeLicenseSnapshot/snapshots").len();
    let rows = lines(&reader.get(path).await);
    assert_eq!(rows.len(), kept + 1);
    let used: u64 = rows[1..].iter().map(|row| row[6].parse::<u64>().expect("a number")).sum();
    let told: u64 = taken
        .list("/takeLicenseSnapshot/snapshots")
        .iter()
        .map(|one| one["used"].as_u64().expect("a number"))
        .sum();
    assert_eq!(used, told);
    assert!(rows[1..].iter().any(|row| row[5].is_empty()), "what is not known is empty, not 0");
    let wrong = reader.get("/queries/license-history.csv?from=2026-01-02&to=2026-01-01").await;
    assert_eq!((problem(&wrong).0, problem(&wrong).1), (400, "BAD_USER_INPUT"));
}

#[tokio::test]
async fn a_formula_in_a_name_is_text_in_the_table_and_itself_in_json() {
    let (gateway, _folder) = gateway(40).await;
    let name = "=HYPERLINK(\"http://evil.example\",\"Ada\")";
    let account = crate::feeds::rename(&gateway, name).await;
    let reader = gateway.reader();
    let table = reader.get("/queries/inactive-people.csv?days=0").await;
    let rows = lines(&table);
    let row = rows.iter().find(|row| row[0] == account).expect("the person");
    assert_eq!(row[1], format!("'{name}"));
    let json = reader.get("/queries/inactive-people?days=0").await;
    let mut nodes = json.list("/users/nodes").iter();
    let node = nodes.find(|node| node["accountId"] == account.as_str()).expect("the person");
    assert_eq!(node["name"], name);
}

#[tokio::test]
async fn a_table_is_never_half_of_one() {
    let (gateway, _folder) = gateway(40).await;
    let organization = gateway.atlassian.connections()[1].organization_id.clone();
    let refused = FaultKind::Status {
        status: 403,
        headers: std::collections::BTreeMap::new(),
        body: Some(r#"{"message":"ada@acme.example"}"#.to_owned()),
        content_type: None,
    };
    gateway.atlassian.add_fault(Fault::new(refused).on("POST", "users/search").of(&organization));
    let reader = gateway.reader();
    let answer = reader.get("/queries/inactive-people.csv?days=0").await;
    let (status, code, _) = problem(&answer);
    assert_eq!((status, code), (502, "UPSTREAM_FORBIDDEN"));
    assert!(!answer.text.contains("ada@acme.example"));
    let partial = reader.get("/queries/inactive-people?days=0").await;
    assert_eq!(partial.status, 200);
    assert_eq!(partial.codes(), ["UPSTREAM_FORBIDDEN"], "JSON says which part is missing");
}

#[tokio::test]
async fn while_an_organization_is_read_the_table_asks_to_come_back() {
    let folder = folder();
    let setup = Setup::of(250).with("QUERIES__FOLDER", folder.path().display());
    let gateway = setup.with("CACHE__SCAN_WAIT", "20ms").start().await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 300 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let answer = gateway.reader().get("/queries/inactive-people.csv?days=30").await;
    assert_eq!((problem(&answer).0, problem(&answer).1), (503, "SCAN_RUNNING"));
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1));
}

#[tokio::test]
async fn the_same_bytes_are_not_sent_again() {
    let (gateway, _folder) = gateway(30).await;
    let reader = gateway.reader().with("accept-encoding", "identity");
    for path in ["/queries/groups.csv", "/queries/who"] {
        let first = reader.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"'), "strong: {tag}");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let again = reader.clone().with("if-none-match", &tag).get(path).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        let head = reader.send(Method::HEAD, path, "").await;
        assert_eq!((head.status, head.header("etag"), head.text.as_str()), (200, tag.as_str(), ""));
    }
}

#[tokio::test]
async fn an_answer_of_kept_data_has_the_same_tag_and_tells_its_age_in_a_header() {
    let (gateway, _folder) = gateway(30).await;
    let reader = gateway.reader().with("accept-encoding", "identity");
    for path in ["/queries/groups", "/queries/inactive-people", "/queries/groups.csv"] {
        let first = reader.get(path).await;
        assert_eq!(first.status, 200, "{}", first.text);
        assert!(!first.text.contains("freshness"), "{}", first.text);
        assert_eq!(first.header("vary"), "authorization, accept, accept-encoding");
        let again = reader.get(path).await;
        assert_eq!(again.text, first.text, "read before and kept since");
        assert_eq!(again.header("etag"), first.header("etag"));
        assert!(again.header("age").parse::<u64>().is_ok_and(|age| age < 60), "{path}");
        let known = reader.clone().with("if-none-match", first.header("etag")).get(path).await;
        assert_eq!((known.status, known.text.as_str()), (304, ""), "{path}");
        assert!(!known.header("age").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn loading_a_page_again_has_nobody_read_anew() {
    let (gateway, _folder) = gateway(30).await;
    let reader = gateway.reader();
    for path in ["/queries/inactive-people?days=30", "/queries/groups.csv"] {
        assert_eq!(reader.get(path).await.status, 200);
        for header in ["no-cache", "max-age=0"] {
            let again = reader.clone().with("cache-control", header);
            let (answer, calls) = gateway.counted(again.get(path)).await;
            assert_eq!((answer.status, calls.total()), (200, 0), "{path} {header}: {calls:?}");
        }
    }
}

/// What the start says of a folder with this file.
async fn refused(name: &str, source: &str) -> String {
    let gateway = Setup { is_connected: false, ..Setup::of(1) }.start().await;
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join(name), source).expect("it is written");
    let mut settings = gateway.settings.clone();
    settings.queries.folder = Some(folder.path().to_owned());
    settings.store.path = folder.path().join("headcount.db");
    let error = build(&settings).await.err().unwrap_or_else(|| panic!("{name} is taken"));
    let text = format!("{error:#}");
    let place = format!("{}/", folder.path().display());
    assert!(text.contains(&place), "{text}");
    text.replace(&place, "")
}

#[tokio::test]
async fn a_file_that_does_not_fit_stops_the_start_with_its_place() {
    let permissions = "# permissions: directory:read\n";
    for (name, source, expected) in [
        ("a.graphql", "{ viewer { subject } }", "a.graphql:1:1: no permissions: write "),
        (
            "a.graphql",
            "# permissions:\n{ viewer { subject } }",
            "a.graphql:1:1: names no permission",
        ),
        (
            "a.graphql",
            "# x\n# permissions: directory:read, all\n{ viewer { subject } }",
            "a.graphql:2:1: `all` is no permission; there are directory:read, ",
        ),
        (
            "a.graphql",
            "# permissions: directory:read\n# permissions: audit:read\n{ viewer { subject } }",
            "a.graphql:2:1: the permissions stand here twice",
        ),
        (
            "a.graphql",
            "{ viewer { nothing } }",
            "a.graphql:2:12: Unknown field \"nothing\" on type",
        ),
        ("a.graphql", "{ viewer { subject }", "a.graphql:2:21: the document is not GraphQL: "),
        ("a.graphql", "query($x: Nothing) { viewer { subject } }", "a.graphql:2:"),
        (
            "a.graphql",
            "mutation { takeLicenseSnapshot { snapshots { used } } }",
            "a.graphql:2:1: holds a mutation; only queries can be saved",
        ),
        (
            "a.graphql",
            "subscription { deletionChanged { state } }",
            "a.graphql:2:1: holds a subscription; only queries can be saved",
        ),
        (
            "a.graphql",
            "query A { viewer { subject } }\nquery B { viewer { subject } }",
            "holds more than one operation",
        ),
        (
            "a.graphql",
            "query($key: String) { groups(after: $key) { nodes { name } pageInfo { hasNextPage } } }",
            "a.graphql:2:7: `$key` cannot be asked for: in an address `key` is a feed token; give the variable another name",
        ),
        ("Big.graphql", "{ viewer { subject } }", "Big.graphql: is no name of a query: "),
        (
            "a.graphql",
            "{ users(first: 100) { nodes { groups(first: 100) { nodes { members(first: 100) { nodes { name } } } } } } }",
            "the query may cost more than 50000",
        ),
    ] {
        let has_own = source.starts_with('#') || expected.contains("no permissions: write");
        let source = if has_own { source.to_owned() } else { format!("{permissions}{source}") };
        let told = refused(name, &source).await;
        assert!(told.contains(expected), "{source}\n{told}");
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once_and_other_files_are_left_alone() {
    let gateway = Setup { is_connected: false, ..Setup::of(1) }.start().await;
    let folder = folder();
    write(&folder, "broken", "# permissions: directory:read\n{ nothing }");
    write(&folder, "worse", "# permissions: directory:read\n{");
    std::fs::write(folder.path().join("README.md"), "{").expect("it is written");
    let mut settings = gateway.settings.clone();
    settings.queries.folder = Some(folder.path().to_owned());
    settings.store.path = folder.path().join("headcount.db");
    let error = format!("{:#}", build(&settings).await.err().expect("it is refused"));
    let named: Vec<bool> = ["broken.graphql:2:3", "worse.graphql:2:2", "README.md"]
        .map(|file| error.contains(file))
        .into();
    assert_eq!(named, [true, true, false], "{error}");
}
