use std::{cmp::Ordering, sync::Arc};

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::Kind;

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not there, not told, or not to be seen by this reader.
    Null,
    /// A text.
    Text(Arc<str>),
    /// A whole number.
    Integer(i64),
    /// An exact decimal of at most [`Value::SCALE`] digits after the point: money.
    Decimal(Decimal),
    /// A finite number that need not be exact, such as a share.
    Float(f64),
    /// Yes or no.
    Boolean(bool),
    /// An instant, to the microsecond: what every format can hold.
    Instant(Timestamp),
    /// A day in UTC.
    Date(Date),
}

/// What stands before the letters of a shared text: how often it is shared.
const COUNTS_OF_A_TEXT: usize = 16;

/// One value a column of the table.
pub type Row = Vec<Value>;

impl Value {
    /// Digits after the point of a [`Value::Decimal`].
    pub const SCALE: u32 = 6;

    /// Whether the value may stand in a column of this kind.
    #[must_use]
    pub fn fits(&self, kind: Kind, is_nullable: bool) -> bool {
        match self {
            Self::Null => is_nullable,
            other => other.kind() == Some(kind),
        }
    }

    /// `None` for null.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => return None,
            Self::Text(_) => Kind::Text,
            Self::Integer(_) => Kind::Integer,
            Self::Decimal(_) => Kind::Decimal,
            Self::Float(_) => Kind::Float,
            Self::Boolean(_) => Kind::Boolean,
            Self::Instant(_) => Kind::Instant,
            Self::Date(_) => Kind::Date,
        })
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let text = match self {
            Self::Text(text) => text.len() + COUNTS_OF_A_TEXT,
            _ => 0,
        };
        size_of::<Self>() + text
    }

    /// How two values of comparable kinds stand to each other; `None` where one is null or they cannot be compared.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Instant(a), Self::Instant(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            _ => match (self.exact(), other.exact()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => self.inexact()?.partial_cmp(&other.inexact()?),
            },
        }
    }

    fn exact(&self) -> Option<Decimal> {
        match self {
            Self::Integer(number) => Some(Decimal::from(*number)),
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    fn inexact(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            _ => self.exact()?.try_into().ok(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        // JSON has no word for the others.
        if number.is_finite() { Self::Float(number) } else { Self::Null }
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number.round_dp(Self::SCALE).normalize())
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::Instant(Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant))
    }
}

impl From<Date> for Value {
    fn from(day: Date) -> Self {
        Self::Date(day)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
