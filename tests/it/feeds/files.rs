//! The formats of one table: the same rows in each, and what a spreadsheet must not run.

use bytes::Bytes;
use csv::ReaderBuilder;
use headcount::{
    config::Settings,
    demo::{Fault, FaultKind},
};
use jiff::ToSpan;
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{TABLES, delete_somebody, fill, rename, rows};
use crate::support::{EVERYTHING, Setup, TestGateway};

const PRICES: &str = "[[prices]]\nproduct = \"confluence\"\ncurrency = \"EUR\"\nseat_price = \"5.55\"\nbilling_day = 15\n";
const FORMULA: &str = "=HYPERLINK(\"http://x\",\"y\")";

/// The records of a CSV text, the header first.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let record = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|each| record(each.expect("RFC 4180"))).collect()
}

fn parquet(bytes: Bytes) -> SerializedFileReader<Bytes> {
    SerializedFileReader::new(bytes).expect("a Parquet file")
}

fn names(reader: &SerializedFileReader<Bytes>) -> Vec<String> {
    let schema = reader.metadata().file_metadata().schema_descr().root_schema().get_fields();
    schema.iter().map(|field| field.name().to_owned()).collect()
}

/// A value as CSV writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn every_format_of_every_table_has_the_same_columns_and_rows() {
    let setup = Setup { file: Some(PRICES.to_owned()), ..Setup::of(60) };
    let gateway = setup.start().await;
    fill(&gateway).await;
    let reader = gateway.reader();
    for table in TABLES {
        let objects = rows(&reader, table).await;
        assert!(!objects.is_empty(), "{table}");
        let lines = reader.get(&format!("/feeds/{table}.ndjson")).await;
        let lines: Vec<Value> =
            lines.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines, objects, "{table}");

        let csv = records(&reader.get(&format!("/feeds/{table}.csv")).await.text);
        let (header, records) = csv.split_first().expect("a header");
        let parquet = parquet(reader.bytes(&format!("/feeds/{table}.parquet")).await);
        assert_eq!(names(&parquet), *header, "{table}");
        let parquet: Vec<_> = parquet.get_row_iter(None).expect("rows").collect();
        assert_eq!((records.len(), parquet.len()), (objects.len(), objects.len()), "{table}");
        for ((object, record), row) in objects.iter().zip(records).zip(parquet) {
            for (name, field) in header.iter().zip(record) {
                assert_eq!(*field, plain(&object[name]), "{table}.{name}");
            }
            let row = row.expect("a row");
            for (name, field) in row.get_column_iter() {
                let expected = &object[name];
                let is_same = match field {
                    Field::Null => expected.is_null(),
                    Field::Str(text) => *expected == text.as_str(),
                    Field::Long(number) => *expected == *number,
                    Field::Bool(value) => *expected == *value,
                    Field::Double(number) => expected.as_f64() == Some(*number),
                    Field::Decimal(_) => {
                        let number: Decimal = field.to_string().parse().expect("a decimal");
                        expected.to_string().parse() == Ok(number)
                    }
                    Field::Date(days) => {
                        let day = jiff::civil::date(1970, 1, 1) + i64::from(*days).days();
                        *expected == day.to_string().as_str()
                    }
                    Field::TimestampMicros(at) => {
                        let at = jiff::Timestamp::from_microsecond(*at).expect("an instant");
                        *expected == at.to_string().as_str()
                    }
                    other => *expected == other.to_string().as_str(),
                };
                assert!(is_same, "{table}.{name}: {field:?} is not {expected}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_is_a_formula_is_a_text_in_every_format() {
    let gateway = TestGateway::start(30).await;
    let account = rename(&gateway, FORMULA).await;
    let reader = gateway.reader();
    for table in ["users", "product_access", "group_members", "role_assignments"] {
        let text = reader.get(&format!("/feeds/{table}.csv")).await.text;
        let quoted = "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"";
        assert!(text.contains(quoted), "{table}");
        assert!(!text.contains(",=") && !text.contains(",\"="), "{table}");

        let is_theirs = |row: &&Value| row["account_id"] == account.as_str();
        let objects = rows(&reader, table).await;
        let theirs: Vec<&Value> = objects.iter().filter(is_theirs).collect();
        assert!(!theirs.is_empty(), "{table}");
        assert!(theirs.iter().all(|row| row["name"] == FORMULA), "{table}");
        let lines = reader.get(&format!("/feeds/{table}.ndjson")).await.text;
        assert!(lines.contains("\"=HYPERLINK(\\\"http://x\\\",\\\"y\\\")\""), "{table}");

        let file = parquet(reader.bytes(&format!("/feeds/{table}.parquet")).await);
        let is_formula = |row: parquet::record::Row| {
            row.get_column_iter().any(|(_, field)| *field == Field::Str(FORMULA.to_owned()))
        };
        let found =
            file.get_row_iter(None).expect("rows").flatten().filter(|r| is_formula(r.clone()));
        assert_eq!(found.count(), theirs.len(), "{table}");

        let page = reader.get(&format!("/odata/v4/{table}")).await;
        let values = page.body["value"].as_array().expect("rows");
        let found = values.iter().filter(|row| row["name"] == FORMULA);
        assert_eq!(found.count(), theirs.len(), "{table}");
    }
}

#[tokio::test]
async fn the_mark_is_there_for_excel_and_the_lines_end_as_rfc_4180_has_them() {
    let gateway = TestGateway::start(20).await;
    let reader = gateway.reader();
    let plain = reader.bytes("/feeds/users.csv").await;
    let marked = reader.bytes("/feeds/users.csv?bom=true").await;
    assert_eq!(marked[..3], [0xef, 0xbb, 0xbf]);
    assert_eq!(marked[3..], plain[..]);
    let text = String::from_utf8(plain.to_vec()).expect("UTF-8");
    assert!(text.starts_with("integration_id,organization_id,integration_label,account_id,"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.ends_with("\r\n"));
}

#[tokio::test]
async fn who_may_see_nothing_of_a_table_still_gets_its_columns() {
    let gateway = TestGateway::start(20).await;
    let nobody =
        gateway.with_token(&gateway.token(EVERYTHING, headcount::auth::IntegrationScope::none()));
    for table in TABLES {
        let full = records(&gateway.reader().get(&format!("/feeds/{table}.csv")).await.text);
        let empty = records(&nobody.get(&format!("/feeds/{table}.csv")).await.text);
        assert_eq!(empty, full[..1], "{table}");
        assert_eq!(nobody.get(&format!("/feeds/{table}.json")).await.body, json!([]), "{table}");
        let file = parquet(nobody.bytes(&format!("/feeds/{table}.parquet")).await);
        assert_eq!(names(&file), full[0], "{table}");
        assert_eq!(file.metadata().file_metadata().num_rows(), 0, "{table}");
    }
}

#[tokio::test]
async fn a_table_can_be_written_to_a_file_by_a_command() {
    let gateway = TestGateway::start(40).await;
    let from_feed = gateway.reader().get("/feeds/users.csv").await.text;
    let folder = tempfile::tempdir().expect("a folder");
    for (format, check) in [("csv", true), ("parquet", false), ("ndjson", false)] {
        let out = folder.path().join(format!("users.{format}"));
        let output = export(&gateway.settings, &["users", "--format", format], &out).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let written = std::fs::read(&out).expect("the file is there");
        if check {
            // All but the last column, which tells when it was read.
            let but_last = |text: &str| -> Vec<Vec<String>> {
                let mut records = records(text);
                for record in &mut records {
                    record.pop();
                }
                records.sort();
                records
            };
            let written = String::from_utf8(written).expect("UTF-8");
            assert_eq!(but_last(&written), but_last(&from_feed));
        } else if format == "parquet" {
            let rows = parquet(written.into()).metadata().file_metadata().num_rows();
            assert_eq!(usize::try_from(rows).ok(), Some(records(&from_feed).len() - 1));
        }
    }
    let out = folder.path().join("wrong.csv");
    let output = export(&gateway.settings, &["nosuch", "--format", "csv"], &out).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no table `nosuch`; there are license_usage, license_history, product_access, users"), "{said}");
    let masked = ["users", "--format", "csv", "--mask", "--parameter", "status=active"];
    let output = export(&gateway.settings, &masked, &out).await;
    assert!(output.status.success());
    let text = std::fs::read_to_string(&out).expect("the file is there");
    assert!(!text.contains('@') && text.lines().count() > 5, "{text}");
    // What was begun is not left behind.
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 4);
}

#[tokio::test]
async fn a_command_that_may_leave_out_what_fails_still_waits_for_what_is_being_read() {
    let gateway = TestGateway::start(20).await;
    let organizations = gateway.atlassian.connections();
    let broken = organizations[1].organization_id.clone();
    gateway.atlassian.add_fault(Fault::new(FaultKind::BearerChallenge).of(&broken));
    // Longer than the command waits between two looks.
    let slow = Fault::new(FaultKind::Latency { milliseconds: 900 });
    let slow = slow.on("POST", "users/search").of(&organizations[0].organization_id);
    gateway.atlassian.add_fault(slow);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("users.csv");
    let whole = ["users", "--format", "csv"];
    let output = export(&gateway.settings, &whole, &out).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("not all organizations can be read"),
        "{said}"
    );
    assert!(!out.exists());
    let part = [&whole[..], &["--parameter", "partial=true"]].concat();
    let output = export(&gateway.settings, &part, &out).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let text = std::fs::read_to_string(&out).expect("the file is there");
    let people = crate::support::listed(&gateway.atlassian.people(0), |_| true).len();
    assert_eq!(records(&text).len(), people + 1);
}

#[tokio::test]
async fn texts_of_the_licence_tables_and_of_deletions_are_texts_too() {
    let gateway = Setup::of(40).with("CHANGES__PERCENT_PER_DAY", 50).start().await;
    fill(&gateway).await;
    let account = delete_somebody(&gateway, FORMULA).await;
    let relabel = "mutation($id: ID!, $label: String!) {
        updateIntegration(input: {id: $id, label: $label}) { userErrors { code } } }";
    let input = json!({"id": gateway.integration(0), "label": FORMULA});
    let answer = gateway.caller(EVERYTHING).ask_with(relabel, input).await;
    assert_eq!(answer.good("/updateIntegration/userErrors"), &json!([]));
    let reader = gateway.reader();
    for (table, column) in [
        ("license_usage", "integration_label"),
        ("license_history", "integration_label"),
        ("deletions", "reason"),
    ] {
        let objects = rows(&reader, table).await;
        let expected = objects.iter().filter(|row| row[column] == FORMULA).count();
        assert!(expected > 0, "{table}");
        let csv = records(&reader.get(&format!("/feeds/{table}.csv")).await.text);
        let place = csv[0].iter().position(|name| name == column).expect("the column");
        let quoted = format!("'{FORMULA}");
        assert_eq!(csv.iter().filter(|row| row[place] == quoted).count(), expected, "{table}");
        assert!(csv.iter().flatten().all(|field| !field.starts_with('=')), "{table}");
        let lines = reader.get(&format!("/feeds/{table}.ndjson")).await.text;
        let text = json!(FORMULA).to_string();
        assert!(lines.matches(&text).count() >= expected, "{table}");
        let file = parquet(reader.bytes(&format!("/feeds/{table}.parquet")).await);
        let is_formula = |row: &parquet::record::Row| {
            row.get_column_iter()
                .any(|(name, field)| name == column && *field == Field::Str(FORMULA.to_owned()))
        };
        let found = file.get_row_iter(None).expect("rows").flatten().filter(is_formula);
        assert_eq!(found.count(), expected, "{table}");
        let page = reader.get(&format!("/odata/v4/{table}")).await;
        let values = page.body["value"].as_array().expect("rows");
        let found = values.iter().filter(|row| row[column] == FORMULA);
        assert_eq!(found.count(), expected, "{table}");
    }
    let theirs = rows(&reader, &format!("deletions?account_id={account}")).await;
    assert_eq!((theirs.len(), &theirs[0]["reason"]), (1, &json!(FORMULA)));
}

/// Runs the program with the settings of a gateway that is running.
async fn export(
    settings: &Settings,
    arguments: &[&str],
    out: &std::path::Path,
) -> std::process::Output {
    use secrecy::ExposeSecret;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_headcount"));
    let secret = |secret: &Option<secrecy::SecretString>| {
        secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default()
    };
    let origins = format!("{:?}", settings.atlassian.allowed_origins);
    command
        .env_clear()
        .env("HEADCOUNT__AUTH__SECRET", secret(&settings.auth.secret))
        .env("HEADCOUNT__STORE__MASTER_KEY", secret(&settings.store.master_key))
        .env("HEADCOUNT__STORE__PATH", &settings.store.path)
        .env("HEADCOUNT__ATLASSIAN__API_URL", settings.atlassian.api_url.as_str())
        .env("HEADCOUNT__ATLASSIAN__ALLOWED_ORIGINS", origins)
        .arg("export")
        .args(arguments)
        .arg("--out")
        .arg(out);
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
}
