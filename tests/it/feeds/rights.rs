//! Who sees which table, whose rows, and whether with names.

use base64::{Engine, engine::general_purpose::STANDARD};
use headcount::auth::{IntegrationScope, Permission};
use serde_json::Value;

use super::{TABLES, column, fill, problem, rows, with};
use crate::support::{READ, Setup, TestGateway, bad_tokens};

#[tokio::test]
async fn each_table_needs_its_permission_and_costs_nothing_without_it() {
    let gateway = TestGateway::start(20).await;
    for permission in Permission::ALL {
        let caller = gateway.caller(&[*permission]);
        gateway.atlassian.reset_requests();
        let mut readable = Vec::new();
        for table in TABLES {
            let needed = match table {
                "license_usage" | "license_history" | "product_access" => Permission::ReadLicenses,
                _ => Permission::ReadDirectory,
            };
            if *permission == needed {
                readable.push(table);
                continue;
            }
            for path in [format!("/feeds/{table}.csv"), format!("/feeds/{table}.parquet")] {
                let answer = caller.get(&path).await;
                assert_eq!((answer.status, problem(&answer)), (403, "FORBIDDEN"), "{path}");
            }
            let answer = caller.get(&format!("/odata/v4/{table}")).await;
            assert_eq!(answer.status, 404, "{table}: {}", answer.text);
        }
        assert_eq!(gateway.atlassian.requests().total(), 0, "{permission:?}");
        let catalog = caller.get("/feeds").await;
        let listed = column(catalog.body["tables"].as_array().expect("tables"), "name");
        assert_eq!(listed, readable, "{permission:?}");
        let service = caller.get("/odata/v4/").await;
        let listed = column(service.body["value"].as_array().expect("sets"), "name");
        assert_eq!(listed, readable, "{permission:?}");
        let metadata = caller.get("/odata/v4/$metadata").await.text;
        assert_eq!(metadata.matches("<EntitySet ").count(), readable.len(), "{permission:?}");
    }
}

#[tokio::test]
async fn who_may_read_licenses_only_sees_no_name_and_no_address_and_cannot_find_one_out() {
    let gateway = TestGateway::start(40).await;
    let masked = gateway.caller(&[Permission::ReadLicenses]);
    let seen = rows(&gateway.reader(), "product_access").await;
    let name = column(&seen, "name")[0].clone();
    let hidden = rows(&masked, "product_access").await;
    assert_eq!(hidden.len(), seen.len());
    assert!(hidden.iter().all(|row| row["name"].is_null() && row["email"].is_null()));
    assert_eq!(column(&hidden, "account_id"), column(&seen, "account_id"));
    for format in ["csv", "ndjson", "json"] {
        let text = masked.get(&format!("/feeds/product_access.{format}")).await.text;
        assert!(!text.contains(&name) && !text.contains('@'), "{format}");
    }
    let parquet = masked.bytes("/feeds/product_access.parquet").await;
    assert!(!parquet.windows(name.len()).any(|window| window == name.as_bytes()));

    let quoted = name.replace('\'', "''");
    let filter = format!("name eq '{quoted}'");
    let count = |caller| {
        let path = with("/odata/v4/product_access/$count", &[("$filter", filter.as_str())]);
        let caller: crate::support::Caller<'_> = caller;
        async move { caller.get(&path).await.text }
    };
    assert_ne!(count(gateway.reader()).await, "0");
    assert_eq!(count(masked.clone()).await, "0");
    let ordered = with("/odata/v4/product_access", &[("$orderby", "email desc"), ("$top", "5")]);
    let page = masked.get(&ordered).await;
    let listed = page.body["value"].as_array().expect("rows");
    assert!(listed.len() == 5 && listed.iter().all(|row| row["email"].is_null()), "{}", page.text);
}

#[tokio::test]
async fn a_token_for_one_integration_sees_its_rows_and_does_not_learn_of_others() {
    let gateway = TestGateway::start(40).await;
    fill(&gateway).await;
    let integrations = rows(&gateway.reader(), "integrations").await;
    let limited = gateway.limited_to(0);
    let own = column(&rows(&limited, "integrations").await, "integration_id");
    assert_eq!(own.len(), 1);
    for table in TABLES {
        let found = rows(&limited, table).await;
        assert!(found.iter().all(|row| row["integration_id"] == own[0].as_str()), "{table}");
        assert!(!found.is_empty(), "{table}");
    }
    let other = column(&integrations, "integration_id").into_iter().find(|id| *id != own[0]);
    let other = other.expect("there are two");
    let foreign = limited.get(&format!("/feeds/users.csv?integration={other}")).await;
    let unknown = limited.get("/feeds/users.csv?integration=nosuch").await;
    let without_id = |body: &Value| {
        let mut body = body.clone();
        body["requestId"] = Value::Null;
        body
    };
    assert_eq!((foreign.status, problem(&foreign)), (404, "NOT_FOUND"));
    assert_eq!(without_id(&foreign.body), without_id(&unknown.body));
}

#[tokio::test]
async fn a_token_is_accepted_as_bearer_and_as_the_password_of_basic() {
    let gateway = TestGateway::start(20).await;
    let token = gateway.token(READ, IntegrationScope::All);
    let expected = rows(&gateway.reader(), "users").await;
    for user in ["", "anybody", "somebody@example.com"] {
        let basic = STANDARD.encode(format!("{user}:{token}"));
        let caller = gateway.reader().with("authorization", &format!("Basic {basic}"));
        assert_eq!(rows(&caller, "users").await, expected, "{user}");
        assert_eq!(caller.get("/odata/v4/users").await.status, 200, "{user}");
    }
}

#[tokio::test]
async fn no_error_repeats_what_may_be_a_secret_or_an_address() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let query = "# permissions: directory:read\n{ viewer { subject } }";
    std::fs::write(folder.path().join("who.graphql"), query).expect("it is written");
    let setup = Setup::of(5).with("QUERIES__FOLDER", folder.path().display());
    let gateway = setup.start().await;
    let reader = gateway.reader();
    let jwt = gateway.token(READ, IntegrationScope::All);
    for secret in ["ada@acme.example", "headcount_feed_abc", "eyJhbGciOi.eyJz", jwt.as_str()] {
        let filter = format!("{secret} eq 'x'");
        for (path, parameters) in [
            ("/feeds/users.csv", vec![(secret, "x")]),
            ("/feeds", vec![(secret, "x")]),
            ("/queries", vec![(secret, "x")]),
            ("/queries/who", vec![(secret, "x")]),
            ("/report", vec![(secret, "x")]),
            ("/odata/v4/users", vec![(secret, "x")]),
            ("/odata/v4/users", vec![("$select", secret)]),
            ("/odata/v4/users", vec![("$orderby", secret)]),
            ("/odata/v4/users", vec![("$filter", filter.as_str())]),
        ] {
            let answer = reader.get(&with(path, &parameters)).await;
            assert_eq!(answer.status, 400, "{path} {parameters:?}: {}", answer.text);
            assert!(!answer.text.contains(secret), "{path}: {}", answer.text);
            assert!(answer.text.contains("`…`"), "{path}: {}", answer.text);
        }
    }
    let named = reader.get("/queries?nosuch=1").await;
    assert_eq!(named.body["detail"], "the list has no parameters; `nosuch` was given");
}

#[tokio::test]
async fn without_a_good_token_the_answer_asks_for_a_password() {
    let gateway = TestGateway::start(20).await;
    let paths = [
        "/feeds",
        "/feeds/users.csv",
        "/feeds/nosuch.csv",
        "/odata/v4/",
        "/odata/v4/$metadata",
        "/odata/v4/users",
        "/odata/v4/nosuch",
    ];
    for path in paths {
        let answer = gateway.reader().without_token().get(path).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Headcount\"", "{path}");
        let code = if path.starts_with("/odata") {
            answer.body["error"]["code"].as_str()
        } else {
            Some(problem(&answer))
        };
        assert_eq!(code, Some("UNAUTHENTICATED"), "{path}");
    }
    for (what, token) in bad_tokens() {
        let basic = STANDARD.encode(format!("user:{token}"));
        let caller = gateway.reader().with("authorization", &format!("Basic {basic}"));
        assert_eq!(caller.get("/feeds/users.csv").await.status, 401, "{what}");
    }
    for header in ["Basic", "Basic !!!", "Basic YWJj", "Digest x", "Bearer"] {
        let answer = gateway.reader().with("authorization", header).get("/odata/v4/").await;
        assert_eq!(answer.status, 401, "{header}");
    }
    assert_eq!(gateway.atlassian.requests().total(), 0);
}
