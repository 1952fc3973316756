//! The OData service: documents, queries, pages that agree, and errors in OData's form.

use http::Method;
use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};

use super::{TABLES, column, rows, with};
use crate::support::{Answer, Caller, Setup, TestGateway};

/// The rows of a query's answer, which has to be a good one.
#[track_caller]
fn values(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("odata-version"), "4.0");
    answer.body["value"].as_array().expect("rows").clone()
}

async fn ask(caller: &Caller<'_>, table: &str, options: &[(&str, &str)]) -> Answer {
    caller.get(&with(&format!("/odata/v4/{table}"), options)).await
}

/// Every page of an answer, by its next links.
async fn pages(caller: &Caller<'_>, first: Answer) -> Vec<Answer> {
    let mut pages = vec![first];
    while let Some(next) = pages[pages.len() - 1].body["@odata.nextLink"].as_str() {
        assert!(pages.len() < 100, "the pages do not end");
        let (_, path) = next.split_once("/odata/").expect("an address of the service");
        pages.push(caller.get(&format!("/odata/{path}")).await);
    }
    pages
}

#[tokio::test]
async fn the_documents_list_every_table_with_its_columns_types_and_key() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    for path in ["/odata/v4", "/odata/v4/", "/odata/v4/?$format=json"] {
        let service = reader.get(path).await;
        assert_eq!(column(&values(&service), "url"), TABLES);
        let context = service.body["@odata.context"].as_str().expect("a context");
        assert!(context.ends_with("/odata/v4/$metadata"), "{context}");
    }
    let metadata = reader.get("/odata/v4/%24metadata").await;
    assert_eq!(metadata.header("content-type"), "application/xml;charset=utf-8");
    let catalog = reader.get("/feeds").await;
    let tables = catalog.body["tables"].as_array().expect("tables");
    let columns: usize = tables.iter().map(|t| t["columns"].as_array().map_or(0, Vec::len)).sum();

    let mut xml = Reader::from_str(&metadata.text);
    let (mut sets, mut properties, mut keys) = (Vec::new(), 0, 0);
    loop {
        match xml.read_event().expect("well-formed XML") {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let attribute = |name| {
                    let found = element.try_get_attribute(name).expect("an attribute");
                    let value = found.map(|attribute| attribute.value.into_owned());
                    value.map(|value| String::from_utf8(value).expect("UTF-8")).unwrap_or_default()
                };
                match element.name().as_ref() {
                    b"EntitySet" => sets.push(attribute("Name")),
                    b"Property" => properties += usize::from(attribute("Type").starts_with("Edm.")),
                    b"PropertyRef" => keys += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    assert_eq!(sets, TABLES);
    assert_eq!(properties, columns);
    assert!(keys >= 12, "{keys}");
}

#[tokio::test]
async fn entity_sets_have_the_rows_of_the_feeds() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader();
    for table in TABLES {
        assert_eq!(values(&ask(&reader, table, &[]).await), rows(&reader, table).await, "{table}");
        let count = reader.get(&format!("/odata/v4/{table}/$count")).await;
        assert_eq!(count.text, rows(&reader, table).await.len().to_string(), "{table}");
        assert_eq!(count.header("content-type"), "text/plain;charset=utf-8");
    }
}

#[tokio::test]
async fn filters_orders_and_selections_do_what_they_say() {
    let gateway = TestGateway::start(60).await;
    let reader = gateway.reader();
    let all = rows(&reader, "users").await;
    let filter = "status eq 'active' and is_mfa_enabled eq true and last_active_at ne null";
    let options = [
        ("$filter", filter),
        ("$orderby", "department desc,last_active_at"),
        ("$select", "account_id,department,last_active_at"),
        ("$count", "true"),
    ];
    let answer = ask(&reader, "users", &options).await;
    let mut expected: Vec<&Value> = all
        .iter()
        .filter(|row| {
            row["status"] == "active"
                && row["is_mfa_enabled"] == true
                && !row["last_active_at"].is_null()
        })
        .collect();
    expected.sort_by_key(|row| {
        let at: jiff::Timestamp =
            row["last_active_at"].as_str().unwrap_or("").parse().unwrap_or_default();
        (std::cmp::Reverse(row["department"].as_str().map(str::to_owned)), at)
    });
    let expected: Vec<Value> = expected
        .iter()
        .map(|row| {
            json!({"account_id": row["account_id"], "department": row["department"],
                "last_active_at": row["last_active_at"]})
        })
        .collect();
    assert!(expected.len() > 10, "{}", expected.len());
    assert_eq!(values(&answer), expected);
    assert_eq!(answer.body["@odata.count"], expected.len());
    let context = answer.body["@odata.context"].as_str().expect("a context");
    assert!(
        context.ends_with("$metadata#users(account_id,last_active_at,department)"),
        "{context}"
    );

    let page = [options[0], options[1], options[2], ("$skip", "3"), ("$top", "4")];
    assert_eq!(values(&ask(&reader, "users", &page).await), expected[3..7]);
    let none = values(&ask(&reader, "users", &[("$top", "0"), ("$count", "true")]).await);
    assert!(none.is_empty());
    let own = values(&ask(&reader, "users", &[("status", "suspended")]).await);
    assert_eq!(own, rows(&reader, "users?status=suspended").await);
}

#[tokio::test]
async fn pages_hold_every_row_once_and_agree_though_the_people_change_meanwhile() {
    let gateway = TestGateway::start(60).await;
    for order in [None, Some("name"), Some("last_active_at desc,account_id")] {
        let reader = gateway.reader().with("prefer", "odata.maxpagesize=7");
        let mut options = vec![("$count", "true"), ("$filter", "status ne 'deactivated'")];
        options.extend(order.map(|order| ("$orderby", order)));
        let first = ask(&reader, "users", &options).await;
        assert_eq!(first.header("preference-applied"), "odata.maxpagesize=7");
        let whole = values(&ask(&gateway.reader(), "users", &options).await);

        // Everything is read anew for whoever begins now.
        super::rename(&gateway, &format!("Renamed {order:?}")).await;
        let refresh = "mutation($id: ID!) { refresh(integration: $id) { integration { id } } }";
        let id = json!({"id": gateway.integration(0)});
        gateway.reader().ask_with(refresh, id).await.good("/refresh");

        let pages = pages(&reader, first).await;
        let together: Vec<Value> = pages.iter().flat_map(values).collect();
        assert_eq!(together, whole, "{order:?}");
        assert!(pages.len() > 5);
        assert!(pages.iter().all(|page| page.body["@odata.count"] == whole.len()), "{order:?}");
        assert!(pages[..pages.len() - 1].iter().all(|page| values(page).len() == 7));
    }
}

#[tokio::test]
async fn top_and_skip_count_over_all_pages() {
    let gateway = TestGateway::start(40).await;
    let reader = gateway.reader().with("prefer", "maxpagesize=5");
    let all = rows(&gateway.reader(), "group_members").await;
    for order in [None, Some("account_id")] {
        let mut options = vec![("$skip", "4"), ("$top", "17")];
        options.extend(order.map(|order| ("$orderby", order)));
        let first = ask(&reader, "group_members", &options).await;
        let pages = pages(&reader, first).await;
        let sizes: Vec<usize> = pages.iter().map(|page| values(page).len()).collect();
        assert_eq!(sizes, [5, 5, 5, 2], "{order:?}");
        if order.is_none() {
            let together: Vec<Value> = pages.iter().flat_map(values).collect();
            assert_eq!(together, all[4..21]);
        }
    }
    let setup = Setup::of(40).with("FEEDS__PAGE_ROWS", 10).start().await;
    let reader = setup.reader().with("prefer", "odata.maxpagesize=100000");
    let first = ask(&reader, "group_members", &[]).await;
    assert_eq!(
        (values(&first).len(), first.header("preference-applied")),
        (10, "odata.maxpagesize=10")
    );
}

#[tokio::test]
async fn a_next_link_is_good_for_its_query_and_reader_only_and_not_for_ever() {
    let gateway = Setup::of(30).with("FEEDS__PAGE_ROWS", 5).start().await;
    let reader = gateway.reader();
    let first = ask(&reader, "users", &[("$filter", "status eq 'active'")]).await;
    let next = first.body["@odata.nextLink"].as_str().expect("more").to_owned();
    let token = next.rsplit_once('=').expect("a token").1.to_owned();
    let good = [("$filter", "status eq 'active'"), ("$skiptoken", token.as_str())];
    assert_eq!(values(&ask(&reader, "users", &good).await).len(), 5);
    let error = |answer: Answer| {
        (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let invalid = (400, "CURSOR_INVALID".to_owned());
    let other = [("$filter", "status eq 'suspended'"), ("$skiptoken", token.as_str())];
    assert_eq!(error(ask(&reader, "users", &other).await), invalid);
    assert_eq!(error(ask(&reader, "groups", &[("$skiptoken", &token)]).await), invalid);
    assert_eq!(error(ask(&gateway.limited_to(0), "users", &good).await), invalid);
    assert_eq!(error(ask(&reader, "users", &[("$skiptoken", "nonsense")]).await), invalid);

    let hasty = Setup::of(30).with("FEEDS__PAGE_ROWS", 5).with("FEEDS__PAGING_IDLE", "1ms");
    let hasty = hasty.start().await;
    let first = ask(&hasty.reader(), "users", &[]).await;
    let next = first.body["@odata.nextLink"].as_str().expect("more");
    let (_, path) = next.split_once("/odata/").expect("an address");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let late = hasty.reader().get(&format!("/odata/{path}")).await;
    assert_eq!(error(late), (410, "CURSOR_EXPIRED".to_owned()));
}

#[tokio::test]
async fn what_the_service_has_not_is_said_in_odatas_form() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    for (path, status, code) in [
        ("users?$expand=groups", 501, "NOT_IMPLEMENTED"),
        ("users?$search=ada", 501, "NOT_IMPLEMENTED"),
        ("users?$apply=aggregate($count as n)", 501, "NOT_IMPLEMENTED"),
        ("users?$filter=length(name) gt 3", 501, "NOT_IMPLEMENTED"),
        ("users?$filter=name eq @p&@p='x'", 501, "NOT_IMPLEMENTED"),
        ("users?$orderby=tolower(name)", 501, "NOT_IMPLEMENTED"),
        ("users('x')", 501, "NOT_IMPLEMENTED"),
        ("users/name", 501, "NOT_IMPLEMENTED"),
        ("$batch", 501, "NOT_IMPLEMENTED"),
        ("users?$filter=nosuch eq 1", 400, "BAD_USER_INPUT"),
        ("users?$filter=status eq 1", 400, "BAD_USER_INPUT"),
        ("users?$select=nosuch", 400, "BAD_USER_INPUT"),
        ("users?$orderby=name up", 400, "BAD_USER_INPUT"),
        ("users?$top=-1", 400, "BAD_USER_INPUT"),
        ("users?$count=maybe", 400, "BAD_USER_INPUT"),
        ("users?$top=1&$top=2", 400, "BAD_USER_INPUT"),
        ("users?$nosuch=1", 400, "BAD_USER_INPUT"),
        ("users?nosuch=1", 400, "BAD_USER_INPUT"),
        ("?$top=1", 400, "BAD_USER_INPUT"),
        ("users?$format=atom", 406, "NOT_ACCEPTABLE"),
        ("users?$format=xml", 406, "NOT_ACCEPTABLE"),
        ("nosuch", 404, "NOT_FOUND"),
    ] {
        let answer = reader.get(&format!("/odata/v4/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.body["error"]["code"], code, "{path}: {}", answer.text);
        assert!(answer.body["error"]["message"].is_string(), "{path}");
        assert_eq!(answer.header("odata-version"), "4.0", "{path}");
        assert!(answer.header("content-type").starts_with("application/json"), "{path}");
    }
    let answer = reader.send(Method::POST, "/odata/v4/users", "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    assert_eq!(answer.body["error"]["code"], "METHOD_NOT_ALLOWED");
    assert_eq!(gateway.atlassian.requests().total(), 0);
}

#[tokio::test]
async fn the_newest_of_many_answers_can_still_be_paged_through() {
    let gateway = Setup::of(20).with("FEEDS__PAGE_ROWS", 2).start().await;
    let reader = gateway.reader();
    let mut newest = Vec::new();
    for number in 0..300 {
        let filter = format!("name ne 'nobody {number}'");
        let first = ask(&reader, "users", &[("$filter", &filter)]).await;
        let next = first.body["@odata.nextLink"].as_str().expect("more than two people");
        let path = format!("/odata{}", next.split_once("/odata").expect("an address").1);
        if number >= 250 {
            newest.push(path);
            continue;
        }
        // Those before are asked for often, which must not keep the newest out.
        for _ in 0..3 {
            assert_eq!(reader.get(&path).await.status, 200, "{number}");
        }
    }
    for path in newest {
        let second = reader.get(&path).await;
        assert_eq!(second.status, 200, "{}", second.text);
    }
}

#[tokio::test]
async fn an_order_over_too_many_rows_is_refused_and_a_filter_helps() {
    let gateway = Setup::of(60).with("FEEDS__SORTED_ROWS", 20).start().await;
    let reader = gateway.reader();
    let answer = ask(&reader, "users", &[("$orderby", "name")]).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (501, &json!("NOT_IMPLEMENTED")));
    let narrowed = [("$orderby", "name"), ("$filter", "status eq 'suspended'")];
    assert!(!values(&ask(&reader, "users", &narrowed).await).is_empty());
}

#[tokio::test]
async fn metadata_and_numbers_are_written_as_the_reader_asks() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    let none = reader.get("/odata/v4/users?$format=application/json;odata.metadata=none").await;
    assert!(none.body.get("@odata.context").is_none());
    assert_eq!(none.header("content-type"), "application/json;odata.metadata=none;charset=utf-8");
    let full = reader.clone().with("accept", "application/json;odata.metadata=full");
    let full = full.get("/odata/v4/users").await;
    assert!(full.header("content-type").contains("odata.metadata=minimal"));
    let texts = reader.clone().with("accept", "application/json;IEEE754Compatible=true");
    let counted = "/odata/v4/groups?$count=true";
    let answer = texts.get(counted).await;
    let texts = values(&answer);
    assert_eq!(answer.body["@odata.count"], json!(texts.len().to_string()));
    assert!(texts.iter().all(|row| row["user_count"].is_string()));
    let answer = reader.get(counted).await;
    let numbers = values(&answer);
    assert_eq!(answer.body["@odata.count"], json!(numbers.len()));
    assert!(numbers.iter().all(|row| row["user_count"].is_u64()));
}

#[tokio::test]
async fn addresses_are_those_by_which_the_reader_came() {
    let gateway = Setup::of(20).with("FEEDS__PAGE_ROWS", 5).start().await;
    let direct = gateway.reader().get("/odata/v4/users").await;
    let own = gateway.url("/odata/v4/").to_string();
    for name in ["@odata.context", "@odata.nextLink"] {
        assert!(direct.body[name].as_str().is_some_and(|url| url.starts_with(&own)), "{name}");
    }
    let proxied = gateway.reader().with("x-forwarded-proto", "https");
    let proxied =
        proxied.with("x-forwarded-host", "tables.example.com").get("/odata/v4/users").await;
    let next = proxied.body["@odata.nextLink"].as_str().expect("more");
    assert!(next.starts_with("https://tables.example.com/odata/v4/users?$skiptoken="), "{next}");

    let setup = Setup::of(20).with("FEEDS__PUBLIC_URL", "https://bi.example.com/headcount/");
    let settled = setup.start().await;
    let settled =
        settled.reader().with("x-forwarded-host", "evil.example").get("/odata/v4/users").await;
    let context = settled.body["@odata.context"].as_str().expect("a context");
    assert_eq!(context, "https://bi.example.com/headcount/odata/v4/$metadata#users");
}
