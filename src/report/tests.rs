//! The page and the text of a small report that is written out here, with what a stranger could put into a name.

use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::domain::{
    Freshness, FreshnessSource, GrantingGroup, LicenseCost, LicensePeople, LicenseRow,
    LicenseTotals, Product, ResourceId, SeatFigures, SeatSource,
};

const SCRIPT: &str = "<script>alert(1)</script>";
const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"Ada\")";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn row(owner: &str, purchased: Option<u64>, source: SeatSource, seats: SeatFigures) -> LicenseRow {
    let product = Product {
        resource_id: ResourceId::from(format!("ari:cloud:{owner}::site/1").as_str()),
        key: owner.into(),
        name: owner.into(),
        instance_name: None,
        owner: owner.into(),
        host_url: Some("https://acme.atlassian.net".into()),
        status: None,
        capacity: None,
        usage: None,
        is_sandbox: false,
        plan: Some("standard".into()),
        created_at: None,
    };
    LicenseRow {
        integration: "acme".into(),
        product: Arc::new(product),
        inactive_for_days: 90,
        purchased,
        purchased_source: source,
        seats,
        counted_by_atlassian: None,
        suspended: 0,
        cost: None,
        notes: Vec::new(),
        freshness: Freshness {
            fetched_at: at("2026-11-22T08:00:00Z"),
            source: FreshnessSource::Cache,
            is_stale: false,
            upstream_lag: None,
        },
    }
}

fn usage(product: &str, row: LicenseRow) -> Usage {
    Usage {
        product: product.into(),
        site: Some("acme.atlassian.net".into()),
        integration: "Acme & Sons".into(),
        row,
    }
}

fn seats(used: u64, needed: u64) -> SeatFigures {
    SeatFigures {
        used: Some(used),
        active: Some(needed),
        inactive: Some(used - needed),
        never_used: Some(0),
        unknown: Some(0),
        needed: Some(needed),
        reclaimable: Some(used - needed),
        robots: Some(0),
        protected: Some(0),
        newcomers: Some(0),
    }
}

fn priced() -> Usage {
    let confluence = row("confluence", Some(1_500), SeatSource::Upstream, seats(1_234, 900));
    let cost = LicenseCost {
        currency: "EUR".into(),
        unit_price: Some("5.50".parse().unwrap()),
        monthly_cost: Some("6787.00".parse().unwrap()),
        monthly_waste: Some("1837.00".parse().unwrap()),
        saving_effective_on: Some("2026-12-15".parse().unwrap()),
    };
    usage("Confluence", LicenseRow { cost: Some(cost), ..confluence })
}

/// Used is all that is known of it.
fn untold() -> Usage {
    let figures = SeatFigures { used: Some(40), ..SeatFigures::default() };
    let mut trello = row("trello", None, SeatSource::Unknown, figures);
    trello.notes = vec!["Atlassian tells no capacity.".into()];
    usage(SCRIPT, trello)
}

fn unlimited() -> Usage {
    usage("Jira", row("jira-software", None, SeatSource::Unlimited, seats(300, 300)))
}

fn sandbox() -> Usage {
    let mut row = row("confluence", None, SeatSource::Unknown, seats(9, 9));
    row.product = Arc::new(Product { is_sandbox: true, ..Product::clone(&row.product) });
    usage("Confluence", row)
}

fn candidate(name: Option<&str>, price: Option<&str>) -> Candidate {
    Candidate {
        person: Person {
            account_id: "5b10-1".into(),
            name: name.map(str::to_owned),
            email: name.map(|_| "ada@acme.example".into()),
        },
        product: if price.is_some() { "Confluence" } else { "Jira" }.into(),
        site: Some("acme.atlassian.net".into()),
        integration: "Acme & Sons".into(),
        last_active_at: Some(at("2026-03-02T10:00:00Z")),
        reason: "Has not used Confluence since 2026-03-02, 264 days ago.".into(),
        groups: vec![GrantingGroup {
            id: "g-1".into(),
            name: "confluence-users\u{1b}[31m".into(),
            is_default: true,
            is_synced: Some(true),
            other_products: vec!["Jira".into()],
        }],
        remedy: "Take them out of the group confluence-users.".into(),
        price: price.map_or(SeatPrice::Unpriced, |price| {
            SeatPrice::Each(price.parse().unwrap(), "EUR".into())
        }),
        saving_effective_on: price.map(|_| "2026-12-15".parse().unwrap()),
    }
}

fn day(date: &str, paid: Option<u64>, used: u64, needed: Option<u64>) -> Day {
    let paid_source = if paid.is_some() { SeatSource::Upstream } else { SeatSource::Unknown };
    Day { date: date.parse().unwrap(), paid, paid_source, used: Some(used), needed }
}

fn report() -> Report {
    let total = |currency: Option<&str>| LicenseTotals {
        currency: currency.map(str::to_owned),
        people: Some(1_100),
        purchased: currency.map(|_| 1_500),
        used: 1_234,
        needed: Some(900),
        reclaimable: Some(334),
        products_without_activity: u64::from(currency.is_none()),
        monthly_cost: currency.map(|_| "6787.00".parse().unwrap()),
        monthly_waste: currency.map(|_| "1837.00".parse().unwrap()),
    };
    Report {
        made_at: at("2026-11-22T09:30:00Z"),
        read_at: at("2026-11-22T08:00:00Z"),
        is_stale: true,
        inactive_for_days: 90,
        choices: vec![
            Choice { id: "acme".into(), label: "Acme & Sons".into(), is_chosen: true },
            Choice { id: "other".into(), label: "Other".into(), is_chosen: false },
        ],
        people: LicensePeople { listed: 1_300, with_seat: 1_100, ..LicensePeople::default() },
        totals: vec![total(Some("EUR")), total(None)],
        usage: vec![priced(), untold(), unlimited(), sandbox()],
        trends: vec![Trend {
            product: "Confluence".into(),
            site: Some("acme.atlassian.net".into()),
            integration: "Acme & Sons".into(),
            days: vec![
                day("2026-11-19", None, 1_190, Some(880)),
                day("2026-11-20", Some(1_500), 1_200, None),
                day("2026-11-22", Some(1_500), 1_234, Some(900)),
            ],
        }],
        trend_inactive_for_days: Some(90),
        candidates: Listed {
            rows: vec![candidate(Some(FORMULA), Some("5.50")), candidate(None, None)],
            total: 334,
        },
        twice: Listed {
            rows: vec![PaidTwice {
                product: "Jira".into(),
                people: vec![
                    ("Acme & Sons".into(), candidate(Some(SCRIPT), None).person),
                    ("Other".into(), candidate(None, None).person),
                ],
            }],
            total: 1,
        },
        unavailable: vec![Unavailable {
            integration: "Other".into(),
            reason: "Atlassian refused the key".into(),
        }],
    }
}

/// The page without its style and without the lines of the charts, which only a browser can tell right from wrong.
fn readable(page: &str) -> String {
    let style = page.find("<style>").unwrap()..page.find("</style>").unwrap();
    let mut text = page.to_owned();
    text.replace_range(style, "<style>");
    let lines = text.find("</desc>").unwrap()..text.find("</svg><figcaption>20").unwrap();
    text.replace_range(lines, "</desc>");
    text.replace("><", ">\n<")
}

#[test]
fn the_page() {
    insta::assert_snapshot!(readable(&html(&report())));
}

#[test]
fn the_text() {
    let plain = Terminal { width: 100, has_colours: false };
    insta::assert_snapshot!(text(&report(), plain));
}

#[test]
fn nothing_of_a_name_is_obeyed() {
    let page = html(&report());
    assert!(!page.contains("<script"), "it would run");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("=HYPERLINK(&quot;http://evil.example&quot;"));
    let plain = text(&report(), Terminal { width: 100, has_colours: false });
    assert!(!plain.contains('\u{1b}'), "a terminal would obey it");
    let coloured = text(&report(), Terminal { width: 100, has_colours: true });
    assert!(coloured.contains("\u{1b}[34m█") && !coloured.contains("users\u{1b}[31m"));
}

#[test]
fn no_line_of_the_text_is_wider_than_the_terminal_but_for_sentences() {
    for width in [60, 80, 140] {
        let text = text(&report(), Terminal { width, has_colours: false });
        let bars = text.lines().filter(|line| line.contains('█') || line.contains('─'));
        let widest = bars.map(|line| line.chars().count()).max().unwrap();
        assert!((usize::from(width) - 24..=usize::from(width)).contains(&widest), "{widest}");
    }
}

#[test]
fn without_a_price_no_money_is_shown() {
    let mut report = report();
    report.totals.remove(0);
    report.usage.remove(0);
    report.candidates.rows.remove(0);
    for shown in [html(&report), text(&report, Terminal { width: 100, has_colours: false })] {
        let shown = shown.split("</style>").last().unwrap();
        for word in ["EUR", "A month", "a month", "Cost a month", "0.00"] {
            let told = shown.replace("by the month", "");
            assert!(!told.contains(word), "{word}");
        }
    }
}

/// The lines and the words of the page and of the text, without marks of either.
fn both(report: &Report) -> [String; 2] {
    let page = html(report).replace("</dt><dd>", "  ").replace("</dd><dd class=\"note\">", ", ");
    let text = text(report, Terminal { width: 200, has_colours: false });
    let spaces = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    [spaces(page), spaces(text)]
}

#[test]
fn a_sum_of_nothing_known_is_no_zero() {
    let mut report = report();
    let total = &mut report.totals[1];
    (total.people, total.needed, total.reclaimable) = (None, None, None);
    for shown in both(&report) {
        for words in ["Seats needed not known", "Seats to take back not known"] {
            assert!(shown.contains(words), "{words} in {shown}");
        }
        assert_eq!(shown.matches("1,100 people").count(), 1, "the sum in euros alone has people");
        assert!(!shown.contains("whose activity is not known"), "there is no sum to be partial");
    }
}

#[test]
fn what_has_no_limit_is_not_called_unknown_and_what_has_no_price_has_none() {
    let with = |usage: Vec<Usage>| Report { usage, ..report() };
    for (report, words) in [
        (with(vec![priced(), unlimited()]), "Seats paid for no limit, of 1 product there is none"),
        (
            with(vec![untold(), unlimited()]),
            "Seats paid for not known, of 1 product it is not told",
        ),
        (with(vec![untold(), untold()]), "Seats paid for not known, of 2 products it is not told"),
    ] {
        for shown in both(&report) {
            assert!(shown.contains(words), "{words} in {shown}");
        }
    }
    let mut tiers = priced();
    tiers.row.cost.as_mut().unwrap().unit_price = None;
    let mut report = with(vec![tiers, unlimited()]);
    let by_tiers = Candidate { price: SeatPrice::ByTiers, ..candidate(None, None) };
    report.candidates.rows = vec![candidate(None, Some("5.50")), by_tiers, candidate(None, None)];
    for shown in both(&report) {
        let list = shown.split("Seats to take back").last().unwrap();
        let at = ["5.50 EUR", "by tiers", "no price"].map(|words| list.find(words));
        assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?} in {list}");
        assert!(!list.split("Paid for twice").next().unwrap().contains("not known"), "{list}");
    }
}

#[test]
fn a_page_of_nothing_says_so() {
    let empty = Report {
        totals: Vec::new(),
        usage: Vec::new(),
        trends: Vec::new(),
        candidates: Listed { rows: Vec::new(), total: 0 },
        twice: Listed { rows: Vec::new(), total: 0 },
        unavailable: Vec::new(),
        choices: Vec::new(),
        ..report()
    };
    let page = html(&empty);
    for told in ["No organization", "There is no product.", "Nobody holds a seat"] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("Paid for twice") && !page.contains("Not in this report"));
}

#[test]
fn a_line_ends_where_a_figure_was_not_known() {
    let page = html(&report());
    // Paid: one line of two days. Used: one of three. Needed: two days that stand alone.
    assert_eq!(page.matches("<polyline").count() - axes(), 2);
    assert_eq!(page.matches("<circle").count(), 2);
}

/// Polylines that are the axes and their marks.
fn axes() -> usize {
    let mut none = report();
    for day in &mut none.trends[0].days {
        (day.paid, day.used, day.needed) = (None, None, None);
    }
    // Their number follows from the greatest figure.
    none.trends[0].days[0].used = Some(1_500);
    html(&none).matches("<polyline").count()
}

#[test]
fn a_notice_tells_how_far_the_reading_is_and_looks_again() {
    let notice = Notice {
        title: "Atlassian is being read".into(),
        message: "Everybody is read once.".into(),
        code: "SCAN_RUNNING".into(),
        request_id: "r-1".into(),
        organizations: vec![Progress {
            integration: "<b>".into(),
            people: Some((12_000, 100_000)),
            message: String::new(),
        }],
        refresh: Some(5),
    };
    let page = notice.html();
    assert!(page.contains("12,000 of about 100,000 people read"));
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"5\">"));
    assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"));
    let still = Notice { refresh: None, ..notice }.html();
    assert!(!still.contains("http-equiv"));
}

#[test]
fn the_policy_names_the_style_by_its_hash() {
    let policy = CONTENT_SECURITY_POLICY.as_str();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"));
    assert!(html(&report()).contains(&format!("<style>{}</style>", style::STYLE)));
    assert!(!html(&report()).contains(" style="), "an attribute would be refused");
}
