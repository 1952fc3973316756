use std::borrow::Cow;

use ::csv::{Terminator, Writer, WriterBuilder};

use super::{Encoder, text::plain};
use crate::feeds::{Column, Error, Result, Row, Value};

/// Comma-separated values as RFC 4180 has them: lines end with CR and LF, the header is always there.
pub(super) struct Csv {
    columns: Vec<&'static Column>,
    with_mark: bool,
}

impl Csv {
    pub(super) fn new(columns: Vec<&'static Column>, with_mark: bool) -> Self {
        Self { columns, with_mark }
    }
}

impl Encoder for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if self.with_mark {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        let mut lines = lines();
        lines.write_record(self.columns.iter().map(|column| column.name)).map_err(failed)?;
        finish(lines, out)
    }

    fn rows(&mut self, rows: &[Row], out: &mut Vec<u8>) -> Result<()> {
        let mut lines = lines();
        for row in rows {
            for value in row {
                lines.write_field(field(value).as_bytes()).map_err(failed)?;
            }
            lines.write_record(None::<&[u8]>).map_err(failed)?;
        }
        finish(lines, out)
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

/// Writes one line of values by the rules of every CSV of this program, for tables that are no feeds.
///
/// # Errors
/// None that could be told from a fault of this program.
pub fn csv_line<'a>(values: impl IntoIterator<Item = &'a Value>, out: &mut Vec<u8>) -> Result<()> {
    let mut line = lines();
    for value in values {
        line.write_field(field(value).as_bytes()).map_err(failed)?;
    }
    line.write_record(None::<&[u8]>).map_err(failed)?;
    finish(line, out)
}

fn lines() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new())
}

fn finish(lines: Writer<Vec<u8>>, out: &mut Vec<u8>) -> Result<()> {
    let written = lines.into_inner().map_err(|error| Error::Format(error.to_string()))?;
    out.extend_from_slice(&written);
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands on")]
fn failed(error: ::csv::Error) -> Error {
    Error::Format(error.to_string())
}

/// A value as it stands in a field. A text that a spreadsheet would take for a formula gets an apostrophe before it: people
/// choose their own names. Numbers are no texts and stay as they are.
fn field(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}").into()
        }
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::Kind;

    const COLUMNS: [Column; 2] =
        [Column::text("name", "A name"), Column::new("number", Kind::Integer, "A number")];

    fn written(rows: &[(&str, i64)], with_mark: bool) -> String {
        let mut csv = Csv::new(COLUMNS.iter().collect(), with_mark);
        let mut out = Vec::new();
        csv.begin(&mut out).unwrap();
        let rows: Vec<Row> =
            rows.iter().map(|(text, number)| vec![(*text).into(), (*number).into()]).collect();
        csv.rows(&rows, &mut out).unwrap();
        csv.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe_and_numbers_do_not() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("a=b", "a=b"),
            ("'quoted'", "'quoted'"),
            ("", ""),
        ] {
            assert_eq!(written(&[(text, -7)], false), format!("name,number\r\n{expected},-7\r\n"));
        }
    }

    #[test]
    fn commas_quotes_and_line_ends_are_quoted_as_rfc_4180_has_it() {
        let text = written(&[("a,b", 1), ("say \"hi\"", 2), ("two\nlines", 3)], false);
        let expected = "name,number\r\n\"a,b\",1\r\n\"say \"\"hi\"\"\",2\r\n\"two\nlines\",3\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn without_rows_there_is_still_the_header_and_the_mark_stands_before_it_once() {
        assert_eq!(written(&[], false), "name,number\r\n");
        assert_eq!(written(&[("x", 1)], true), "\u{feff}name,number\r\nx,1\r\n");
    }
}
