//! The licence report in a browser: who may read it, that it says what the schema says, and that it loads nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use headcount::{
    auth::{IntegrationScope, Permission},
    demo::{Fault, FaultKind},
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, READ, Setup, TestGateway};

const FIGURES: &str = "query($days: Int, $in: [ID!]) { licenseUsage(inactiveForDays: $days, integrations: $in) {
    rows { product { key name siteUrl isSandbox } integration { label } purchased purchasedSource used needed reclaimable monthlyCost currency
        reclaimCandidates(first: 100) { totalCount nodes { user { name accountId } remedy } } }
    totals { currency used needed reclaimable monthlyCost monthlyWaste }
    people { listed withSeat suspended } paidTwiceCount } }";

async fn page(caller: &Caller<'_>, query: &str) -> Answer {
    caller.get(&format!("/report{query}")).await
}

/// The text of a page without its tags and its style.
fn told(page: &str) -> String {
    let body = page.split("</style>").last().unwrap_or_default();
    let mut text = String::new();
    let mut is_tag = false;
    for letter in body.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            letter if !is_tag => text.push(letter),
            _ => {}
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parted(number: &Value) -> String {
    let digits = number.as_u64().unwrap_or_else(|| panic!("no number: {number}")).to_string();
    let (thousands, rest) = digits.split_at(digits.len().saturating_sub(3));
    if thousands.is_empty() { rest.to_owned() } else { format!("{thousands},{rest}") }
}

/// How often the bars of a product stand there: its name, its site, and right behind them its three numbers.
fn bars(text: &str, row: &Value) -> usize {
    let product = &row["product"];
    let host = product["siteUrl"].as_str().map(|url| url.split('/').nth(2).expect("a host"));
    let paid = match row["purchasedSource"].as_str() {
        Some("UNLIMITED") => "no limit".to_owned(),
        Some("UNKNOWN") => "not known".to_owned(),
        _ => parted(&row["purchased"]),
    };
    let (used, needed) = (parted(&row["used"]), parted(&row["needed"]));
    let numbers = format!("{paid} Used {used} Needed {needed} ");
    let name = product["name"].as_str().expect("a name");
    let behind = text.match_indices(name).map(|(at, _)| &text[at + name.len()..]);
    let is_it = |behind: &str| {
        let Some((site, rest)) = behind.split_once(" Paid ") else { return false };
        // What runs on no site is known by the name of its workspace.
        let is_site =
            host.map_or_else(|| site.split_whitespace().count() <= 1, |host| site.trim() == host);
        is_site && rest.starts_with(&numbers)
    };
    behind.filter(|behind| is_it(behind)).count()
}

#[tokio::test]
async fn the_page_says_what_the_schema_says() {
    let file = "[[prices]]\nproduct = \"confluence\"\ncurrency = \"EUR\"\nseat_price = \"5.50\"\nbilling_day = 15\n";
    let gateway = Setup { file: Some(file.to_owned()), ..Setup::of(300) }.start().await;
    let reader = gateway.reader();
    for days in [90, 30] {
        let figures = reader.ask_with(FIGURES, json!({ "days": days })).await;
        let answer = page(&reader, &format!("?inactiveForDays={days}")).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        let text = told(&answer.text);
        for total in figures.list("/licenseUsage/totals") {
            for (words, member) in [
                ("Seats used", "used"),
                ("Seats needed", "needed"),
                ("Seats to take back", "reclaimable"),
            ] {
                let expected = format!("{words} {}", parted(&total[member]));
                assert!(text.contains(&expected), "{expected}");
            }
        }
        let money = figures.at("/licenseUsage/totals/0");
        let cost = money["monthlyCost"].as_str().expect("money");
        let (whole, cents) = cost.split_once('.').expect("two places");
        let whole = parted(&json!(whole.parse::<u64>().expect("a number")));
        assert!(text.contains(&format!("Paid a month {whole}.{cents} EUR")), "{cost}: {text}");
        let people = figures.at("/licenseUsage/people");
        assert!(text.contains(&format!("Listed by Atlassian {}", parted(&people["listed"]))));
        assert!(text.contains(&format!("Suspended {}", parted(&people["suspended"]))));
        let rows = figures.list("/licenseUsage/rows");
        for row in rows.iter().filter(|row| row["product"]["isSandbox"] == json!(false)) {
            assert_eq!(bars(&text, row), 1, "{row}: {text}");
        }
    }
}

#[tokio::test]
async fn the_reclaim_list_has_the_dearest_seats_first_and_says_how_many_it_leaves_out() {
    let file = "[[prices]]\nproduct = \"confluence\"\ncurrency = \"EUR\"\nseat_price = \"5.50\"\n\
        [[prices]]\nproduct = \"loom\"\ncurrency = \"EUR\"\nseat_price = \"12.00\"\n";
    let gateway = Setup { file: Some(file.to_owned()), ..Setup::of(600) }.start().await;
    let reader = gateway.reader();
    let figures = reader.ask_with(FIGURES, json!({ "days": 0 })).await;
    let rows = figures.list("/licenseUsage/rows");
    let paid = rows.iter().filter(|row| row["product"]["isSandbox"] == json!(false));
    let all: u64 = paid.map(|row| row["reclaimable"].as_u64().expect("a number")).sum();
    assert!(all > 200, "{all}");
    let answer = page(&reader, "?inactiveForDays=0").await;
    let text = told(&answer.text);
    assert!(text.contains(&format!("The first 200 of {} seats", parted(&json!(all)))), "{all}");
    assert!(text.contains(&format!("And {} more.", parted(&json!(all - 200)))));
    let list = answer.text.split("id=\"reclaim\"").nth(1).expect("the list");
    let prices: Vec<&str> = list
        .match_indices(" EUR")
        .map(|(at, _)| list[..at].rsplit('>').next().expect("an amount"))
        .collect();
    let idle = |key: &str| {
        let of = rows.iter().filter(|row| {
            row["product"]["isSandbox"] == json!(false) && row["product"]["key"] == key
        });
        let seats = of.map(|row| row["reclaimable"].as_u64().expect("a number")).sum::<u64>();
        usize::try_from(seats).expect("it fits")
    };
    let (looms, confluences) = (idle("loom"), idle("confluence"));
    assert!(looms > 0 && looms < 200 && confluences > 0, "{looms} {confluences}");
    let mut expected = vec!["12"; looms];
    expected.extend(vec!["5.5"; confluences]);
    expected.truncate(200);
    assert_eq!(prices, expected);
}

#[tokio::test]
async fn a_browser_is_asked_for_a_token_and_gets_in_with_it_as_a_password() {
    let gateway = TestGateway::start(20).await;
    let stranger = gateway.reader().without_token();
    let refused = page(&stranger, "").await;
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, "Basic realm=\"Headcount\"")
    );
    assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
    assert!(refused.text.contains("<h1>Unauthorized</h1>"), "{}", refused.text);

    let token = gateway.token(READ, IntegrationScope::All);
    let basic = format!("Basic {}", STANDARD.encode(format!("anybody:{token}")));
    let answer = page(&stranger.clone().with("authorization", &basic), "").await;
    assert_eq!(answer.status, 200);
    let wrong = format!("Basic {}", STANDARD.encode("anybody:password"));
    assert_eq!(page(&stranger.with("authorization", &wrong), "").await.status, 401);
}

#[tokio::test]
async fn the_report_needs_the_permission_to_read_licenses_and_costs_nothing_without_it() {
    let gateway = TestGateway::start(20).await;
    for permission in Permission::ALL.iter().filter(|one| **one != Permission::ReadLicenses) {
        let caller = gateway.caller(&[*permission]);
        let (answer, calls) = gateway.counted(page(&caller, "")).await;
        assert_eq!(answer.status, 403, "{permission:?}");
        assert!(told(&answer.text).contains("The report needs the permission licenses:read."));
        assert_eq!(calls.total(), 0);
    }
}

#[tokio::test]
async fn a_feed_token_opens_the_report_where_it_was_made_for_all_that_it_shows() {
    let gateway = TestGateway::start(40).await;
    let maker = gateway.caller(crate::support::EVERYTHING);
    let create = "mutation($input: CreateFeedTokenInput!) { createFeedToken(input: $input) {
        secret userErrors { code message } } }";
    for (tables, missing) in [
        (vec!["license_usage"], "license_history, product_access."),
        (vec!["license_usage", "license_history"], "product_access."),
        (vec!["product_access", "users"], "license_usage, license_history."),
        (vec!["license_usage", "license_history", "product_access"], ""),
    ] {
        let input = json!({ "name": "A tool", "tables": tables });
        let made = maker.ask_with(create, json!({ "input": input })).await;
        let secret = made.good("/createFeedToken/secret").as_str().expect("a secret");
        let tool = gateway.with_token(secret);
        let (answer, calls) = gateway.counted(page(&tool, "")).await;
        if missing.is_empty() {
            assert_eq!(answer.status, 200);
            assert!(!answer.text.split("</style>").last().expect("a body").contains('@'));
        } else {
            assert_eq!((answer.status, calls.total()), (403, 0), "{tables:?}");
            let why = "The report shows tables that this feed token was not made for: ";
            let expected = format!("{why}{missing}");
            assert!(told(&answer.text).contains(&expected), "{}", told(&answer.text));
        }
    }
}

#[tokio::test]
async fn who_may_read_licenses_alone_sees_account_ids_and_no_name_or_address() {
    let gateway = TestGateway::start(100).await;
    let figures = gateway.reader().ask_with(FIGURES, json!({})).await;
    let rows = figures.list("/licenseUsage/rows");
    let node = rows[0]["reclaimCandidates"]["nodes"][0]["user"].clone();
    let (name, account) =
        (node["name"].as_str().expect("a name"), node["accountId"].as_str().expect("an id"));
    let seen = page(&gateway.reader(), "").await.text;
    let masked = page(&gateway.caller(&[Permission::ReadLicenses]), "").await.text;
    assert!(seen.contains(name) && seen.contains('@'));
    let body = masked.split("</style>").last().expect("a body");
    assert!(!body.contains(name) && !body.contains('@'));
    assert!(body.contains(account));
}

#[tokio::test]
async fn another_callers_integration_is_not_there_and_one_that_is_not_there_is_not_found() {
    let gateway = TestGateway::start(60).await;
    let all = gateway.reader().get("/feeds/integrations.json").await;
    let id = |index: usize| all.body[index]["integration_id"].as_str().expect("an id").to_owned();
    let label = |index: usize| all.body[index]["integration_label"].as_str().expect("a label");
    let own = gateway.limited_to(0).get("/feeds/integrations.json").await;
    let (own, other) = if own.body[0]["integration_id"] == all.body[0]["integration_id"] {
        (0, 1)
    } else {
        (1, 0)
    };
    let limited = gateway.limited_to(0);
    let answer = page(&limited, "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains(label(own)) && !answer.text.contains(label(other)));
    let foreign = page(&limited, &format!("?integration={}", id(other))).await;
    let nowhere = page(&limited, "?integration=nowhere").await;
    assert_eq!((foreign.status, nowhere.status), (404, 404));
    let plain = |answer: &Answer| told(&answer.text).split("request").next().map(str::to_owned);
    assert_eq!(plain(&foreign), plain(&nowhere));
    let chosen = page(&gateway.reader(), &format!("?integration={}", id(other))).await;
    let figures = told(&chosen.text);
    let figures = figures.split("At a glance").nth(1).expect("figures");
    assert!(figures.contains(label(other)) && !figures.contains(label(own)));
}

#[tokio::test]
async fn parameters_that_it_does_not_have_are_refused_by_name() {
    let gateway = TestGateway::start(10).await;
    let reader = gateway.reader();
    for (query, expected) in [
        ("?days=30", "The report has no parameter `days`; it has inactiveForDays and integration."),
        ("?inactiveForDays=many", "`inactiveForDays` has to be a whole number from 0 to 3650."),
        ("?inactiveForDays=3651", "`inactiveForDays` has to be a whole number from 0 to 3650."),
        ("?inactiveForDays=1&inactiveForDays=2", "`inactiveForDays` is given twice."),
        (
            "?%3Cb%3E=1",
            "The report has no parameter `<b>`; it has inactiveForDays and integration.",
        ),
    ] {
        let (answer, calls) = gateway.counted(page(&reader, query)).await;
        assert_eq!((answer.status, calls.total()), (400, 0), "{query}");
        assert!(told(&answer.text).contains(expected), "{query}: {}", told(&answer.text));
        assert!(!answer.text.contains("<b>"));
    }
    let posted = reader.send(Method::POST, "/report", "").await;
    assert_eq!((posted.status, posted.header("allow")), (405, "GET, HEAD"));
    let head = reader.send(Method::HEAD, "/report", "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn the_page_loads_nothing_and_is_not_kept() {
    let gateway = TestGateway::start(60).await;
    let answer = page(&gateway.reader(), "").await;
    for (name, value) in [
        ("cache-control", "private, no-store"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(
        policy.ends_with("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
        "{policy}"
    );
    for word in ["<script", "<link", "<img", "<iframe", "@import", "url(", " style=", "src="] {
        assert!(!answer.text.contains(word), "{word}");
    }
    let links = answer.text.match_indices("href=\"").map(|(at, _)| &answer.text[at + 6..]);
    assert!(links.into_iter().all(|link| link.starts_with("/feeds/")), "a link leads away");
    let refused = page(&gateway.reader().without_token(), "").await;
    assert_eq!(refused.header("content-security-policy"), policy);
    assert_eq!(refused.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn while_the_first_reading_runs_a_page_tells_how_far_it_is_and_looks_again() {
    let gateway = Setup::of(250).with("FEEDS__WAIT", "20ms").start().await;
    let slow = Fault::new(FaultKind::Latency { milliseconds: 300 });
    gateway.atlassian.add_fault(slow.on("POST", "users/search"));
    let reader = gateway.reader();
    let answer = page(&reader, "").await;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1));
    assert!(answer.text.contains("<meta http-equiv=\"refresh\" content=\""), "{}", answer.text);
    let text = told(&answer.text);
    assert!(text.contains("Atlassian is being read") && text.contains(" of about "), "{text}");
    assert!(text.contains("SCAN_RUNNING"), "{text}");
    let mut tries = 0;
    let answer = loop {
        let answer = page(&reader, "").await;
        tries += 1;
        if answer.status == 200 || tries > 500 {
            break answer;
        }
    };
    assert_eq!(answer.status, 200);
}

fn refused() -> FaultKind {
    FaultKind::Status {
        status: 403,
        headers: std::collections::BTreeMap::new(),
        body: Some(r#"{"message":"ada@acme.example is <b>busy</b>"}"#.to_owned()),
        content_type: None,
    }
}

#[tokio::test]
async fn an_organization_that_fails_is_named_beside_the_others_figures() {
    let gateway = TestGateway::start(60).await;
    let organization = gateway.atlassian.connections()[1].organization_id.clone();
    let fault = Fault::new(refused()).on("POST", "workspaces").of(&organization);
    gateway.atlassian.add_fault(fault);
    let answer = page(&gateway.reader(), "").await;
    assert_eq!(answer.status, 200);
    let text = told(&answer.text);
    let label = &gateway.atlassian.connections()[1].label;
    assert!(text.contains("Not in this report"), "{text}");
    assert!(text.contains(&format!("{label} : ")), "{text}");
    assert!(!answer.text.contains("ada@acme.example"), "what Atlassian says reaches no reader");
    let figures = gateway.reader().ask_with(FIGURES, json!({})).await;
    let used = parted(&figures.at("/licenseUsage/totals/0")["used"]);
    assert!(text.contains(&format!("Seats used {used}")), "{text}");
}

#[tokio::test]
async fn where_no_organization_can_be_read_there_is_no_report() {
    let gateway = TestGateway::start(30).await;
    gateway.atlassian.add_fault(Fault::new(refused()).on("POST", "workspaces"));
    let answer = page(&gateway.reader(), "").await;
    assert_eq!(answer.status, 503);
    assert!(!answer.text.contains("http-equiv"), "it will not be better in a moment");
    assert!(!answer.text.contains("ada@acme.example"));
    assert!(told(&answer.text).contains("UPSTREAM_FORBIDDEN"), "{}", told(&answer.text));
}

#[tokio::test]
async fn the_lines_are_drawn_of_the_days_that_were_kept() {
    let gateway = TestGateway::start(60).await;
    let reader = gateway.reader();
    let none = told(&page(&reader, "").await.text);
    assert!(none.contains("A line needs two days of a product"), "{none}");
    let keeper = gateway.caller(crate::support::EVERYTHING);
    let taken = keeper.ask("mutation { takeLicenseSnapshot { snapshots { used } } }").await;
    let rows = taken.list("/takeLicenseSnapshot/snapshots").len();
    let day = day_before(&gateway).await;
    let answer = page(&reader, "").await;
    let sandboxes = 2;
    assert_eq!(answer.text.matches("<figure class=\"trend\">").count(), rows - sandboxes);
    assert!(told(&answer.text).contains(&format!("{day} to ")), "{day}");
    assert_eq!(answer.text.matches("role=\"img\" aria-labelledby=").count(), rows - sandboxes);
}

/// Copies the kept figures to the day before, and says which that is.
async fn day_before(gateway: &TestGateway) -> String {
    use sqlx::{ConnectOptions, Connection, Row};

    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(gateway.folder().join("headcount.db"));
    let mut file = options.connect().await.expect("the store");
    sqlx::raw_sql(
        "CREATE TEMP TABLE kept AS SELECT * FROM license_snapshots;
        UPDATE kept SET date = date(date, '-1 day'), used = used - 1;
        INSERT INTO license_snapshots SELECT * FROM kept;",
    )
    .execute(&mut file)
    .await
    .expect("the figures are copied");
    let row = sqlx::query("SELECT min(date) FROM license_snapshots").fetch_one(&mut file).await;
    let day = row.expect("a row").get(0);
    file.close().await.expect("it is closed");
    day
}
