//! Where Atlassian tells no activity, nobody says that there was none: not GraphQL, not a feed, not the report.

use headcount::demo::{Fault, FaultKind};
use serde_json::{Value, json};

use super::number;
use crate::support::{Caller, TestGateway};

const FIGURES: &str = "{ licenseUsage {
    rows { product { key resourceId isSandbox } used active inactive neverUsed unknown needed reclaimable newcomers notes
        reclaimCandidates { totalCount } }
    totals { used needed reclaimable productsWithoutActivity } } }";

/// What is null where activity is not known, in GraphQL and in the feed.
const UNTOLD: [(&str, &str); 6] = [
    ("active", "active"),
    ("inactive", "inactive"),
    ("neverUsed", "never_used"),
    ("needed", "needed"),
    ("reclaimable", "reclaimable"),
    ("newcomers", "newcomers"),
];

/// Has Atlassian leave out the day of each access that stands behind this text.
fn forget(gateway: &TestGateway, before: &str) {
    let kind = FaultKind::Replace {
        from: format!("{before}\"lastActiveTimestamp\":"),
        to: format!("{before}\"somethingElse\":"),
    };
    gateway.atlassian.add_fault(Fault::new(kind).on("POST", "users/search"));
}

/// The row of GraphQL and that of the feed say that nothing is known but who holds a seat.
fn is_unknown(row: &Value, feed: &[Value]) {
    let of_feed = feed.iter().find(|one| one["resource_id"] == row["product"]["resourceId"]);
    let of_feed = of_feed.expect("the feed has it");
    for (member, column) in UNTOLD {
        assert_eq!((&row[member], &of_feed[column]), (&Value::Null, &Value::Null), "{row}");
    }
    assert_eq!(row["unknown"], row["used"]);
    assert_eq!((&of_feed["used"], &of_feed["unknown"]), (&row["used"], &row["used"]));
    assert_eq!(row["reclaimCandidates"], Value::Null);
    let note = "Atlassian tells no activity of anybody in this product";
    assert!(row["notes"].to_string().contains(note), "{row}");
    assert!(of_feed["notes"].as_str().is_some_and(|notes| notes.contains(note)), "{of_feed}");
}

async fn feed(caller: &Caller<'_>) -> Vec<Value> {
    caller.get("/feeds/license_usage.json").await.body.as_array().expect("rows").clone()
}

/// The page without its tags.
async fn page(caller: &Caller<'_>) -> String {
    let answer = caller.get("/report").await;
    let body = answer.text.split("</style>").last().expect("a body");
    let texts = body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_product_whose_activity_nobody_tells_is_not_known_everywhere() {
    let gateway = TestGateway::start(200).await;
    forget(&gateway, "\"key\":\"loom\",");
    let reader = gateway.limited_to(0);
    let answer = reader.ask(FIGURES).await;
    let feed = feed(&reader).await;
    let rows = answer.list("/licenseUsage/rows");
    let (untold, others): (Vec<&Value>, Vec<&Value>) =
        rows.iter().partition(|row| row["product"]["key"] == "loom");
    assert_eq!((untold.len(), others.len()), (1, 11));
    let loom = untold[0];
    assert!(number(loom, "used") > 0, "{loom}");
    is_unknown(loom, &feed);
    let paid: Vec<&Value> =
        others.into_iter().filter(|row| row["product"]["isSandbox"] == json!(false)).collect();
    let total = answer.at("/licenseUsage/totals/0");
    for member in ["needed", "reclaimable"] {
        let sum: u64 = paid.iter().map(|row| number(row, member)).sum();
        assert_eq!(number(total, member), sum, "{member}");
    }
    assert_eq!(number(total, "productsWithoutActivity"), 1);
    let text = page(&reader).await;
    let used = number(loom, "used");
    assert!(text.contains(&format!("Used {used} Needed not known")), "{text}");
    let needed = number(total, "needed");
    let partial = "without 1 product whose activity is not known";
    assert!(text.contains(&format!("Seats needed {needed} {partial}")), "{text}");
}

#[tokio::test]
async fn where_no_activity_is_told_at_all_nobodys_seat_can_be_taken_back() {
    let gateway = TestGateway::start(120).await;
    forget(&gateway, "");
    let reader = gateway.limited_to(0);
    let answer = reader.ask(FIGURES).await;
    let feed = feed(&reader).await;
    let mut seats = 0;
    for row in answer.list("/licenseUsage/rows").iter().filter(|row| number(row, "used") > 0) {
        is_unknown(row, &feed);
        seats += number(row, "used");
    }
    assert!(seats > 120, "{seats}");
    let text = page(&reader).await;
    for words in [
        "Seats needed not known",
        "Seats to take back not known",
        "Nobody holds a seat that they do not use, as far as their activity is known.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let access = reader.get("/feeds/product_access.json?holds_seat=true").await;
    let access = access.body.as_array().expect("rows");
    assert!(access.iter().all(|row| row["usage"] == "unknown" && row["is_reclaimable"].is_null()));
}
