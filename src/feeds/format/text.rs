use std::{borrow::Cow, io::Write};

use crate::feeds::{Error, Result, Value};

/// A value as text, without quotes; empty for null.
pub(super) fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Text(text) => Cow::Borrowed(text),
        Value::Integer(number) => number.to_string().into(),
        Value::Decimal(number) => number.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        Value::Boolean(true) => Cow::Borrowed("true"),
        Value::Boolean(false) => Cow::Borrowed("false"),
        Value::Instant(instant) => instant.to_string().into(),
        Value::Date(day) => day.to_string().into(),
    }
}

/// A value as JSON. Decimals are numbers with all their digits.
///
/// # Errors
/// None that could be told from a fault of this program.
pub(in crate::feeds) fn json_value(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    let written = match value {
        Value::Null => out.write_all(b"null"),
        Value::Text(text) => return json_text(text, out),
        Value::Instant(_) | Value::Date(_) => return json_text(&plain(value), out),
        number_or_boolean => out.write_all(plain(number_or_boolean).as_bytes()),
    };
    written.map_err(|error| Error::Format(error.to_string()))
}

pub(super) fn json_text(text: &str, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, text).map_err(|error| Error::Format(error.to_string()))
}
