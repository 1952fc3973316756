//! What a table cannot show by itself: every kind of column in every format, dates, and a table that breaks its own rules.

use std::{borrow::Cow, future::ready, sync::Arc};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use rust_decimal::Decimal;

use super::{
    Column, Error, Feed, Format, Kind, Position, Result, Row, Selection, Table, Value,
    content::{Content, Listed, Rows, Sink},
    feed::Part,
    format::write,
    table::Filter,
};
use crate::{auth::Permission, organizations};

/// A table with a column of each kind.
pub(super) static EVERYTHING: Table = Table {
    name: "everything",
    description: "One row a test.",
    permission: Permission::ReadDirectory,
    cost: "nothing",
    own_columns: &[
        Column::text("text", "A text").personal(),
        Column::new("integer", Kind::Integer, "A whole number").nullable(),
        Column::new("decimal", Kind::Decimal, "Money"),
        Column::new("float", Kind::Float, "A share"),
        Column::new("boolean", Kind::Boolean, "Yes or no"),
        Column::new("instant", Kind::Instant, "An instant"),
        Column::new("date", Kind::Date, "A day"),
        Column::text("missing", "Never there").nullable(),
    ],
    filters: &[Filter::by("integer"), Filter::by("boolean")],
    dated_by: Some("date"),
    counts_days: true,
    open: |_| ready(Err(organizations::Error::CursorInvalid.into())).boxed(),
};

pub(super) fn row_of_everything(text: &str, integer: Option<i64>) -> Row {
    let mut row: Row = common().to_vec();
    row.extend(own(text, integer, 31));
    row
}

fn common() -> [Value; 3] {
    ["acme".into(), "org".into(), "Acme, Inc.".into()]
}

fn own(text: &str, integer: Option<i64>, day: i8) -> [Value; 8] {
    [
        text.into(),
        integer.into(),
        Decimal::new(125, 1).into(),
        0.25.into(),
        true.into(),
        "2026-01-31T10:00:00Z".parse::<jiff::Timestamp>().unwrap().into(),
        jiff::civil::date(2026, 1, day).into(),
        Value::Null,
    ]
}

/// Each thing makes as many rows as its number says.
struct Several(Vec<usize>);

impl Rows for Several {
    fn things(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        0
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        for number in 0..self.0[thing] {
            let day = i8::try_from(thing % 28).unwrap() + 1;
            sink.push(own(&format!("={thing}.{number}"), i64::try_from(thing).ok(), day));
        }
    }
}

/// Gives a text where a number belongs, after some rows that are right.
struct Broken;

impl Rows for Broken {
    fn things(&self) -> usize {
        3_000
    }

    fn bytes(&self) -> usize {
        0
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        let mut row = own("right", None, 1);
        if thing == 2_500 {
            row[1] = "wrong".into();
        }
        sink.push(row);
    }
}

/// A feed of rows that are all at hand, with so many bytes of text.
pub(super) fn feed_of_text(rows: usize, bytes: usize) -> Feed {
    let text = "x".repeat(bytes);
    let rows = (0..rows).map(|_| own(&text, None, 1)).collect();
    let part = Part { common: common(), content: Listed::content(rows, None) };
    Feed { parts: vec![part], ..feed(Several(Vec::new()), &[]).unwrap() }
}

fn feed(rows: impl Rows, parameters: &[(&'static str, &'static str)]) -> Result<Feed> {
    let pairs = parameters.iter().map(|(name, value)| (Cow::from(*name), Cow::from(*value)));
    let selection = Selection::parse(&EVERYTHING, pairs)?;
    let content = Content { rows: Box::new(rows), version: [0; 16], read_at: None };
    let part = Part { common: common(), content };
    let table = &EVERYTHING;
    Ok(Feed { table, unavailable: Vec::new(), selection, is_masked: false, parts: vec![part] })
}

async fn bytes(feed: Feed, format: Format) -> Vec<u8> {
    let feed = Arc::new(feed);
    let chunks: Vec<_> = write(&feed, format).collect().await;
    chunks.into_iter().flat_map(|chunk| chunk.unwrap().bytes).collect()
}

async fn text(feed: Feed, format: Format) -> String {
    String::from_utf8(bytes(feed, format).await).unwrap()
}

const CSV: Format = Format::Csv { with_mark: false };
const HEADER: &str = "integration_id,organization_id,integration_label,text,integer,decimal,float,boolean,instant,date,missing\r\n";

#[tokio::test]
async fn every_kind_of_column_is_written_in_every_text_format() {
    let one = || feed(Several(vec![1]), &[]).unwrap();
    let csv = text(one(), CSV).await;
    let row = "acme,org,\"Acme, Inc.\",'=0.0,0,12.5,0.25,true,2026-01-31T10:00:00Z,2026-01-01,\r\n";
    assert_eq!(csv, format!("{HEADER}{row}"));

    let object = serde_json::json!({
        "integration_id": "acme", "organization_id": "org", "integration_label": "Acme, Inc.",
        "text": "=0.0", "integer": 0, "decimal": 12.5, "float": 0.25, "boolean": true,
        "instant": "2026-01-31T10:00:00Z", "date": "2026-01-01", "missing": null,
    });
    let line = text(one(), Format::Ndjson).await;
    assert!(line.ends_with("}\n"), "{line}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), object);
    let array = text(feed(Several(vec![1, 0, 1]), &[]).unwrap(), Format::Json).await;
    let array: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
    assert_eq!(array.len(), 2);
    assert_eq!(array[0], object);
}

#[tokio::test]
async fn parquet_has_a_type_for_every_kind_and_the_same_columns_without_rows() {
    let full = bytes(feed(Several(vec![1]), &[]).unwrap(), Format::Parquet).await;
    let full = SerializedFileReader::new(Bytes::from(full)).unwrap();
    let row = full.get_row_iter(None).unwrap().next().unwrap().unwrap();
    let fields: Vec<Field> = row.get_column_iter().map(|(_, field)| field.clone()).collect();
    assert_eq!(fields[3], Field::Str("=0.0".to_owned()));
    assert_eq!(fields[4], Field::Long(0));
    assert_eq!(fields[5].to_string(), "12.500000");
    assert_eq!(fields[6], Field::Double(0.25));
    assert_eq!(fields[7], Field::Bool(true));
    assert_eq!(fields[8], Field::TimestampMicros(1_769_853_600_000_000));
    assert_eq!(fields[9].to_string(), "2026-01-01");
    assert_eq!(fields[10], Field::Null);

    let empty = bytes(feed(Several(vec![]), &[]).unwrap(), Format::Parquet).await;
    let empty = SerializedFileReader::new(Bytes::from(empty)).unwrap();
    assert_eq!(empty.metadata().file_metadata().num_rows(), 0);
    let schema = |reader: &SerializedFileReader<Bytes>| {
        reader.metadata().file_metadata().schema_descr().root_schema().clone()
    };
    assert_eq!(schema(&empty), schema(&full));
}

#[tokio::test]
async fn row_groups_fill_one_after_the_other_and_lose_nothing() {
    let many = vec![7; 10_000];
    let file = bytes(feed(Several(many), &[]).unwrap(), Format::Parquet).await;
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 70_000);
    assert_eq!(reader.num_row_groups(), 3);
    let last = reader.get_row_iter(None).unwrap().last().unwrap().unwrap();
    assert!(last.to_string().contains("=9999.6"), "{last}");
}

#[tokio::test]
async fn an_empty_range_still_has_its_header() {
    let range = [("from", "2026-01-03"), ("to", "2026-01-03")];
    assert_eq!(text(feed(Several(vec![1; 9]), &range).unwrap(), CSV).await, HEADER);
    let json = text(feed(Several(vec![1; 9]), &range).unwrap(), Format::Json).await;
    assert_eq!(json.replace('\n', ""), "[]");
    assert_eq!(text(feed(Several(vec![1; 9]), &range).unwrap(), Format::Ndjson).await, "");
}

#[tokio::test]
async fn from_is_within_a_range_and_to_is_not() {
    let lines = async |parameters: &[(&'static str, &'static str)]| {
        let csv = text(feed(Several(vec![1; 9]), parameters).unwrap(), CSV).await;
        csv.lines().count() - 1
    };
    assert_eq!(lines(&[("from", "2026-01-03"), ("to", "2026-01-05")]).await, 2);
    assert_eq!(lines(&[("from", "2026-01-03T00:00:00.000001Z")]).await, 6);
    assert_eq!(lines(&[("to", "2026-01-03T00:00:00Z")]).await, 2);
    assert_eq!(lines(&[("integer", "3"), ("integer", "5"), ("boolean", "true")]).await, 2);
    assert_eq!(lines(&[("integer", "3"), ("boolean", "false")]).await, 0);
}

#[test]
fn parameters_that_make_no_sense_are_refused_with_the_reason() {
    for (name, value, reason) in [
        (
            "nosuch",
            "1",
            "has no parameter `nosuch`; it has integration, partial, from, to, inactive_for_days, integer, boolean",
        ),
        ("from", "yesterday", "`from` has to be a day such as"),
        ("partial", "yes", "`partial` has to be `true` or `false`"),
        ("inactive_for_days", "-1", "`inactive_for_days` has to be"),
        ("integer", "x", "`integer` has to be a whole number"),
    ] {
        match feed(Several(vec![]), &[(name, value)]) {
            Err(Error::BadParameter(message)) => assert!(message.contains(reason), "{message}"),
            other => panic!("{name}={value}: {:?}", other.map(|feed| feed.selection)),
        }
    }
    for twice in [
        &[("from", "2026-01-02"), ("from", "2026-01-02")],
        &[("from", "2026-01-02"), ("to", "2026-01-01")],
    ] {
        assert!(matches!(feed(Several(vec![]), twice), Err(Error::BadParameter(_))), "{twice:?}");
    }
}

#[tokio::test]
async fn a_row_that_does_not_fit_ends_the_feed_with_an_error_in_every_format() {
    for format in Format::ALL {
        let feed = Arc::new(feed(Broken, &[]).unwrap());
        let chunks: Vec<_> = write(&feed, format).collect().await;
        let (last, before) = chunks.split_last().unwrap();
        assert!(matches!(last, Err(Error::Unfit("everything"))), "{format:?}");
        assert!(before.iter().all(Result::is_ok), "{format:?}");
        let whole: Vec<u8> =
            before.iter().flatten().flat_map(|chunk| chunk.bytes.clone()).collect();
        assert!(
            !whole.ends_with(b"]\n") && !whole.ends_with(b"PAR1") || whole == b"PAR1",
            "{format:?}"
        );
    }
}

#[test]
fn a_walk_that_begins_anywhere_goes_on_as_the_whole_one() {
    let feed = Arc::new(feed(Several(vec![2, 0, 3, 1, 0, 4]), &[]).unwrap());
    let walked = |from| {
        let (mut walk, mut all) = (feed.walk(from), Vec::new());
        while let Some(rows) = walk.batch(3).unwrap() {
            all.extend(rows);
        }
        all
    };
    let whole = walked(Position::default());
    assert_eq!(whole.len(), 10);
    for (place, (at, _)) in whole.iter().enumerate() {
        assert_eq!(walked(*at), whole[place..], "{at:?}");
    }
    assert!(walked(Position { part: 9, thing: 1, row: 4 }).is_empty());
    assert!(walked(Position { part: 0, thing: 99, row: 0 }).is_empty());
}

#[test]
fn the_version_tells_everything_that_changes_the_rows() {
    let of = |parameters: &[(&'static str, &'static str)], is_masked| {
        Feed { is_masked, ..feed(Several(vec![1]), parameters).unwrap() }.version()
    };
    let versions = [
        of(&[], false),
        of(&[], true),
        of(&[("from", "2026-01-01")], false),
        of(&[("integer", "1")], false),
    ];
    assert_eq!(of(&[], false), versions[0]);
    for (place, version) in versions.iter().enumerate() {
        assert!(!versions[..place].contains(version), "{place}");
    }
}

#[tokio::test]
async fn the_mask_hides_names_and_nothing_else() {
    let masked = Feed { is_masked: true, ..feed(Several(vec![1]), &[]).unwrap() };
    let line = text(masked, Format::Ndjson).await;
    let row: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(row["text"], serde_json::Value::Null);
    assert_eq!(row["integration_label"], "Acme, Inc.");
    assert_eq!(row["integer"], 0);
}

#[test]
fn every_table_keeps_the_rules_of_tables() {
    for table in super::all() {
        let columns: Vec<&Column> = table.columns().collect();
        assert!(columns.iter().filter(|column| column.is_key).count() > 0, "{}", table.name);
        for (place, column) in columns.iter().enumerate() {
            let name = column.name;
            assert!(columns[..place].iter().all(|other| other.name != name), "{name} twice");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert!(!(column.is_key && column.is_nullable), "{name} is a key and may be null");
            assert!(!column.description.is_empty() && !column.description.ends_with('.'), "{name}");
        }
        for filter in table.filters {
            assert!(table.place(filter.column).is_some(), "{}: {}", table.name, filter.column);
        }
        assert!(table.dated_by.is_none_or(|column| table.place(column).is_some()));
    }
}
