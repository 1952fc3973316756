use std::fmt::Write;

use serde::Serialize;

use super::{Column, FeedReader, Format, Kind, Table, selection::INACTIVE_FOR_DAYS, tables};

/// A table, as the list of feeds tells of it.
#[derive(Debug, Serialize)]
pub struct Described {
    name: &'static str,
    description: &'static str,
    permission: &'static str,
    formats: Vec<&'static str>,
    parameters: Vec<Parameter>,
    columns: Vec<DescribedColumn>,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: &'static str,
    description: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    values: &'static [&'static str],
    /// The formats that have it; all where empty.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    formats: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct DescribedColumn {
    name: &'static str,
    #[serde(rename = "type")]
    kind: Kind,
    nullable: bool,
    key: bool,
    personal: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    values: &'static [&'static str],
    description: &'static str,
}

/// The parameter of CSV that holds a feed token.
pub const KEY: &str = "key";

/// The tables that a reader may read.
#[must_use]
pub fn describe(reader: &FeedReader) -> Vec<Described> {
    let readable = tables::all().iter().filter(|table| reader.may_read(table));
    readable.map(|table| described(table)).collect()
}

fn described(table: &'static Table) -> Described {
    Described {
        name: table.name,
        description: table.description,
        permission: table.permission.word(),
        formats: Format::ALL.into_iter().map(Format::extension).collect(),
        parameters: parameters(table),
        columns: table.columns().map(described_column).collect(),
    }
}

fn described_column(column: &'static Column) -> DescribedColumn {
    DescribedColumn {
        name: column.name,
        kind: column.kind,
        nullable: column.is_nullable,
        key: column.is_key,
        personal: column.is_personal,
        values: column.words,
        description: column.description,
    }
}

fn parameters(table: &Table) -> Vec<Parameter> {
    let plain = |name, description: &str| Parameter {
        name,
        description: description.to_owned(),
        values: &[],
        formats: &[],
    };
    let mut all = vec![
        plain("integration", "Only this integration's rows; may be given several times"),
        plain("partial", "`true` leaves out organizations that cannot be read instead of failing"),
    ];
    if let Some(column) = table.dated_by {
        all.push(plain("from", &format!("Only rows whose `{column}` is not before this")));
        all.push(plain("to", &format!("Only rows whose `{column}` is before this")));
    }
    if table.counts_days {
        let description = format!(
            "After how many days without activity somebody counts as inactive; {INACTIVE_FOR_DAYS} unless given"
        );
        all.push(plain("inactive_for_days", &description));
    }
    all.extend(table.filters.iter().map(|filter| Parameter {
        name: filter.parameter,
        description: format!("Only rows with this `{}`; may be given several times", filter.column),
        values: table.column(filter.column).map_or(&[], |column| column.words),
        formats: &[],
    }));
    let of_csv = |name, description| Parameter { formats: &["csv"], ..plain(name, description) };
    let mark = "`true` begins it with the byte-order mark that Excel needs to read UTF-8";
    all.push(of_csv("bom", mark));
    all.push(of_csv(KEY, "A feed token that is accepted in an address"));
    all
}

/// All tables with their columns, as `docs/feeds.md` holds them.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::new();
    for table in tables::all() {
        // Writing to a text does not fail.
        let _ = write_table(&mut text, table);
    }
    text
}

fn write_table(text: &mut String, table: &Table) -> std::fmt::Result {
    let filters: Vec<String> =
        table.filters.iter().map(|filter| format!("`{}`", filter.parameter)).collect();
    writeln!(text, "### `{}`\n\n{}\n", table.name, table.description)?;
    writeln!(
        text,
        "Needs `{}`. Costs upstream, once an organization's people are read: {}.",
        table.permission.word(),
        table.cost
    )?;
    write!(text, "Filters: {}.", filters.join(", "))?;
    if let Some(column) = table.dated_by {
        write!(text, " `from` and `to` are held against `{column}`.")?;
    }
    if table.counts_days {
        write!(text, " `inactive_for_days` is {INACTIVE_FOR_DAYS} unless given.")?;
    }
    writeln!(text, "\n")?;
    writeln!(text, "| column | type | null | |\n|---|---|---|---|")?;
    for column in table.own_columns {
        let mut about = column.description.to_owned();
        if !column.words.is_empty() {
            write!(about, ": `{}`", column.words.join("`, `"))?;
        }
        let marks = match (column.is_key, column.is_personal) {
            (true, _) => " Key.",
            (_, true) => " Personal.",
            _ => "",
        };
        let null = if column.is_nullable { "yes" } else { "" };
        let (name, kind) = (column.name, column.kind.word());
        writeln!(text, "| `{name}` | {kind} | {null} | {about}.{marks} |")?;
    }
    writeln!(text)
}
