use std::borrow::Cow;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Column, Error, Kind, Result, Row, Table, Value, repeated};
use crate::domain::{IntegrationId, product_key};

/// Which rows of a table are wanted, as its parameters say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of these integrations; of all that the reader may see where empty.
    pub integrations: Vec<IntegrationId>,
    /// Whether an organization that cannot be read may be left out.
    pub is_partial: bool,
    /// Between these instants.
    pub(super) range: Range,
    /// After how many days without activity somebody counts as inactive; the usual number where `None`.
    pub(super) inactive_for_days: Option<u32>,
    pub(super) conditions: Vec<Condition>,
}

/// From an instant on, and before another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

/// One of these values in a column.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    place: usize,
    values: Vec<Value>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && self.values == other.values
    }
}

impl Eq for Condition {}

/// The usual days without activity after which somebody counts as inactive, as in GraphQL.
pub(super) const INACTIVE_FOR_DAYS: u32 = 90;
/// The most of them.
const MOST_DAYS: u32 = 3_650;
/// More values of one parameter than anybody types.
const MOST_VALUES: usize = 200;

impl Selection {
    /// Reads the parameters of a table, each a name and a value.
    ///
    /// # Errors
    /// A parameter that the table does not have, or a value that it cannot have.
    pub fn parse<'a>(
        table: &Table,
        parameters: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Self> {
        let mut selection = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in parameters {
            let is_list = name == "integration"
                || table.filters.iter().any(|filter| filter.parameter == name);
            if !is_list && seen.iter().any(|known| *known == name) {
                return Err(Error::BadParameter(format!("`{name}` is given twice")));
            }
            selection.take(table, &name, &value)?;
            seen.push(name.into_owned());
        }
        if let Range { from: Some(from), to: Some(to) } = selection.range
            && from > to
        {
            return Err(Error::BadParameter("`from` is after `to`".to_owned()));
        }
        selection.integrations.sort();
        selection.integrations.dedup();
        selection.conditions.sort_by_key(|condition| condition.place);
        Ok(selection)
    }

    fn take(&mut self, table: &Table, name: &str, value: &str) -> Result<()> {
        match name {
            "integration" => self.integrations.push(value.into()),
            "partial" => self.is_partial = flag(name, value)?,
            "from" if table.dated_by.is_some() => self.range.from = Some(instant(name, value)?),
            "to" if table.dated_by.is_some() => self.range.to = Some(instant(name, value)?),
            "inactive_for_days" if table.counts_days => {
                self.inactive_for_days = Some(days(name, value)?);
            }
            _ => {
                let Some(filter) = table.filters.iter().find(|filter| filter.parameter == name)
                else {
                    return Err(unknown(table, name));
                };
                self.equal(table, filter.column, name, value)?;
            }
        }
        Ok(())
    }

    fn equal(&mut self, table: &Table, column: &str, name: &str, value: &str) -> Result<()> {
        let place = table.place(column);
        let known = table.column(column);
        let (Some(place), Some(column)) = (place, known) else {
            return Err(Error::Unfit(table.name));
        };
        let value = parsed(column, name, value)?;
        let condition = match self.conditions.iter_mut().find(|known| known.place == place) {
            Some(known) => known,
            None => self.conditions.push_mut(Condition { place, values: Vec::new() }),
        };
        if condition.values.len() == MOST_VALUES {
            let message = format!("`{name}` is given more than {MOST_VALUES} times");
            return Err(Error::BadParameter(message));
        }
        condition.values.push(value);
        Ok(())
    }

    /// Whether a row is wanted.
    pub(super) fn has(&self, table: &Table, row: &Row) -> bool {
        let is_equal = |condition: &Condition| {
            let value = row.get(condition.place);
            value.is_some_and(|value| condition.values.contains(value))
        };
        self.conditions.iter().all(is_equal) && self.range.has(table, row)
    }
}

impl Range {
    fn has(&self, table: &Table, row: &Row) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let value = table.dated_by.and_then(|column| row.get(table.place(column)?));
        let at = match value {
            Some(Value::Instant(at)) => Some(*at),
            Some(Value::Date(day)) => start_of(*day),
            _ => None,
        };
        at.is_some_and(|at| self.holds(at))
    }

    /// Whether an instant is in it.
    pub(super) fn holds(&self, at: Timestamp) -> bool {
        !self.begins_after(at) && self.to.is_none_or(|to| at < to)
    }

    /// Whether it has not begun at an instant.
    pub(super) fn begins_after(&self, at: Timestamp) -> bool {
        self.from.is_some_and(|from| at < from)
    }
}

fn start_of(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|start| start.timestamp())
}

/// `true` or `false`.
///
/// # Errors
/// Anything else.
pub(super) fn flag(name: &str, value: &str) -> Result<bool> {
    value.parse().map_err(|_| Error::BadParameter(format!("`{name}` has to be `true` or `false`")))
}

fn days(name: &str, value: &str) -> Result<u32> {
    value.parse().ok().filter(|days| *days <= MOST_DAYS).ok_or_else(|| {
        Error::BadParameter(format!("`{name}` has to be a whole number from 0 to {MOST_DAYS}"))
    })
}

fn instant(name: &str, value: &str) -> Result<Timestamp> {
    let day = || value.parse::<Date>().ok().and_then(start_of);
    value.parse().ok().or_else(day).ok_or_else(|| {
        Error::BadParameter(format!(
            "`{name}` has to be a day such as 2026-01-31 or an instant such as 2026-01-31T00:00:00Z"
        ))
    })
}

fn parsed(column: &Column, name: &str, value: &str) -> Result<Value> {
    let must_be = |what: &str| Error::BadParameter(format!("`{name}` has to be {what}"));
    Ok(match column.kind {
        Kind::Boolean => flag(name, value)?.into(),
        Kind::Integer => value.parse::<i64>().map_err(|_| must_be("a whole number"))?.into(),
        Kind::Date => {
            value.parse::<Date>().map_err(|_| must_be("a day such as 2026-01-31"))?.into()
        }
        // People say `jira` and mean `jira-software`.
        _ if column.name == "product_key" => product_key(value).into(),
        _ if column.words.is_empty() || column.words.contains(&value) => value.into(),
        _ => return Err(must_be(&format!("one of {}", column.words.join(", ")))),
    })
}

fn unknown(table: &Table, name: &str) -> Error {
    let mut known: Vec<&str> = vec!["integration", "partial"];
    known.extend(table.dated_by.iter().flat_map(|_| ["from", "to"]));
    known.extend(table.counts_days.then_some("inactive_for_days"));
    known.extend(table.filters.iter().map(|filter| filter.parameter));
    Error::BadParameter(format!(
        "the table {} has no parameter `{}`; it has {}",
        table.name,
        repeated(name),
        known.join(", ")
    ))
}
