//! The manners of a feed: conditional requests, `HEAD`, encodings, ages, names of files, and errors that are never HTML.

use http::Method;
use serde_json::Value;

use super::{TABLES, problem, rename, rows};
use crate::support::{Setup, TestGateway};

#[tokio::test]
async fn a_reader_who_has_the_feed_already_is_told_so_and_nothing_is_sent() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader().with("accept-encoding", "identity");
    for table in TABLES {
        for format in ["csv", "ndjson", "json", "parquet"] {
            let path = format!("/feeds/{table}.{format}");
            let first = reader.get(&path).await;
            let tag = first.header("etag").to_owned();
            assert!(
                tag.starts_with('"') && tag.ends_with(&format!("-{format}\"")),
                "{path}: {tag}"
            );
            let again = reader.clone().with("if-none-match", &tag).get(&path).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("etag"), tag, "{path}");
            assert_eq!(again.header("cache-control"), "private, no-cache", "{path}");
            assert_eq!(again.header("vary"), "authorization, accept-encoding", "{path}");
            let other = reader.clone().with("if-none-match", "\"other\"").get(&path).await;
            assert_eq!((other.status, other.text.len()), (200, first.text.len()), "{path}");
        }
    }
}

#[tokio::test]
async fn the_tag_alone_says_whether_it_changed_and_the_date_how_new_it_is() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    let first = reader.get("/feeds/users.csv").await;
    let modified = first.header("last-modified");
    assert!(modified.ends_with(" GMT"), "{modified}");
    assert!(first.header("age").parse::<u64>().is_ok_and(|age| age < 60));
    let since = |date: &str| reader.clone().with("if-modified-since", date);
    // Rows can change without a newer reading.
    for date in [modified, "Mon, 02 Nov 2037 09:30:00 GMT"] {
        let answer = since(date).get("/feeds/users.csv").await;
        assert_eq!((answer.status, answer.text.len()), (200, first.text.len()), "{date}");
    }
    let both = since("Mon, 02 Nov 2020 09:30:00 GMT").with("accept-encoding", "identity");
    let tag = both.get("/feeds/users.csv").await.header("etag").to_owned();
    assert_eq!(both.with("if-none-match", &tag).get("/feeds/users.csv").await.status, 304);
}

#[tokio::test]
async fn each_encoding_is_a_representation_with_a_tag_of_its_own() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader();
    let tag_of = async |encoding: &'static str, path: &'static str| {
        let answer = reader.clone().with("accept-encoding", encoding);
        answer.send(Method::HEAD, path, "").await.header("etag").to_owned()
    };
    let (plain, gzip, zstd) = (
        tag_of("identity", "/feeds/users.csv").await,
        tag_of("gzip", "/feeds/users.csv").await,
        tag_of("zstd", "/feeds/users.csv").await,
    );
    assert!(gzip.ends_with("-csv-gzip\"") && zstd.ends_with("-csv-zstd\""));
    assert_eq!(gzip.replace("-gzip", ""), plain);
    let again = reader.clone().with("accept-encoding", "gzip").with("if-none-match", &gzip);
    let again = again.get("/feeds/users.csv").await;
    assert_eq!((again.status, again.header("etag")), (304, gzip.as_str()));
    // Parquet is compressed within.
    assert!(tag_of("gzip", "/feeds/users.parquet").await.ends_with("-parquet\""));
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader().with("accept-encoding", "gzip");
    for table in TABLES {
        let path = format!("/feeds/{table}.csv");
        let get = reader.get(&path).await;
        let head = reader.send(Method::HEAD, &path, "").await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        for name in [
            "content-type",
            "content-disposition",
            "content-encoding",
            "etag",
            "vary",
            "cache-control",
            "last-modified",
        ] {
            assert_eq!(head.header(name), get.header(name), "{table}: {name}");
        }
    }
}

#[tokio::test]
async fn files_have_a_dated_name_and_their_media_type() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    let day = crate::support::now().strftime("%Y-%m-%d").to_string();
    for (format, media_type) in [
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("ndjson", "application/x-ndjson"),
        ("json", "application/json"),
        ("parquet", "application/vnd.apache.parquet"),
    ] {
        let answer = reader.send(Method::HEAD, &format!("/feeds/groups.{format}"), "").await;
        assert_eq!(answer.header("content-type"), media_type);
        let expected = format!("attachment; filename=\"groups-{day}.{format}\"");
        assert_eq!(answer.header("content-disposition"), expected);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn the_tag_changes_with_the_rows_the_parameters_and_the_mask_and_not_without() {
    let gateway = TestGateway::start(30).await;
    let tag = async |caller: &crate::support::Caller<'_>, path: &str| {
        caller.clone().with("accept-encoding", "identity").get(path).await.header("etag").to_owned()
    };
    let reader = gateway.reader();
    let path = "/feeds/product_access.csv";
    let first = tag(&reader, path).await;
    assert_eq!(tag(&reader, path).await, first);
    assert_ne!(tag(&reader, "/feeds/product_access.csv?bom=true").await, first);
    assert_ne!(tag(&reader, "/feeds/product_access.csv?status=active").await, first);
    let masked = gateway.caller(&[headcount::auth::Permission::ReadLicenses]);
    assert_ne!(tag(&masked, path).await, first);
    assert_ne!(tag(&gateway.limited_to(0), path).await, first);

    rename(&gateway, "Somebody Else").await;
    assert_eq!(tag(&reader, path).await, first, "the scan is still kept");
    let refresh = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";
    let id = serde_json::json!({"id": gateway.integration(0)});
    reader.ask_with(refresh, id).await.good("/refresh");
    assert_ne!(tag(&reader, path).await, first);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_as_a_problem_with_a_code() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    for (path, status, code) in [
        ("/feeds/users.csv?statuss=active", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?status=actve", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?from=2026-01-01", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?partial=maybe", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?partial=true&partial=false", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?bom=1", 400, "BAD_USER_INPUT"),
        ("/feeds/users.json?bom=true", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?key=abc", 400, "BAD_USER_INPUT"),
        ("/feeds?table=users", 400, "BAD_USER_INPUT"),
        ("/feeds/users.csv?integration=nosuch", 404, "NOT_FOUND"),
        ("/feeds/nosuch.csv", 404, "NOT_FOUND"),
        ("/feeds/users.xlsx", 404, "NOT_FOUND"),
        ("/feeds/users", 404, "NOT_FOUND"),
    ] {
        gateway.atlassian.reset_requests();
        let answer = reader.get(path).await;
        assert_eq!((answer.status, problem(&answer)), (status, code), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(gateway.atlassian.requests().total(), 0, "{path}");
    }
    let answer = reader.send(Method::POST, "/feeds/users.csv", "").await;
    assert_eq!((answer.status, problem(&answer)), (405, "METHOD_NOT_ALLOWED"));
    assert_eq!(answer.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn the_catalogue_describes_every_table_with_columns_and_parameters() {
    let gateway = TestGateway::start(20).await;
    let answer = gateway.reader().get("/feeds").await;
    let tables = answer.body["tables"].as_array().expect("tables");
    let names: Vec<&str> = tables.iter().filter_map(|table| table["name"].as_str()).collect();
    assert_eq!(names, TABLES);
    for table in tables {
        let columns = table["columns"].as_array().expect("columns");
        let first: Vec<&Value> = columns[..3].iter().map(|column| &column["name"]).collect();
        assert_eq!(first, ["integration_id", "organization_id", "integration_label"]);
        assert!(columns.iter().all(|column| column["description"].is_string()));
        assert_eq!(table["formats"], serde_json::json!(["csv", "ndjson", "json", "parquet"]));
        let parameters = table["parameters"].as_array().expect("parameters");
        let of_csv = parameters.iter().filter(|one| one["formats"] == serde_json::json!(["csv"]));
        let names: Vec<&Value> = of_csv.map(|one| &one["name"]).collect();
        assert_eq!(names, ["bom", "key"]);
        assert_eq!(parameters[0]["name"], "integration");
        assert!(parameters[0].get("formats").is_none(), "every format has it");
    }
}

#[tokio::test]
async fn more_feeds_than_are_written_at_the_same_time_are_told_to_come_back() {
    let gateway = Setup::of(20).with("FEEDS__CONCURRENT", 1).start().await;
    let reader = gateway.reader();
    assert!(!rows(&reader, "users").await.is_empty());
    let both = futures_util::future::join_all((0..6).map(|_| reader.get("/feeds/users.csv"))).await;
    let refused: Vec<_> = both.iter().filter(|answer| answer.status != 200).collect();
    for answer in refused {
        assert_eq!((answer.status, problem(answer)), (503, "OVERLOADED"));
        assert_eq!(answer.header("retry-after"), "5");
    }
    // The permit of each came back.
    assert!(!rows(&reader, "users").await.is_empty());
}
