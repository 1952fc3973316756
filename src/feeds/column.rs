use serde::Serialize;

/// What a column holds. Every format has a type for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text in UTF-8.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// An exact decimal with at most six digits after the point.
    Decimal,
    /// A number that need not be exact.
    Float,
    /// `true` or `false`.
    Boolean,
    /// An instant in UTC, to the microsecond.
    Instant,
    /// A day in UTC.
    Date,
}

impl Kind {
    /// The word for it in documentation.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Instant => "instant",
            Self::Date => "date",
        }
    }
}

/// One column of a table. Written as `Column::new(…).nullable().personal()`.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// In `snake_case`; the same in every format.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a value may be missing.
    pub is_nullable: bool,
    /// Whether it is part of the row's key, which names the row for good.
    pub is_key: bool,
    /// Whether it is an e-mail address or a name of a person: null for readers who may not see those.
    pub is_personal: bool,
    /// The only values that it has; empty where there is no such list.
    pub words: &'static [&'static str],
    /// What it means, in a sentence without full stop.
    pub description: &'static str,
}

impl Column {
    /// A column that always has a value.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            kind,
            is_nullable: false,
            is_key: false,
            is_personal: false,
            words: &[],
            description,
        }
    }

    /// A text, which is what most columns are.
    #[must_use]
    pub const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, description)
    }

    /// A value may be missing.
    #[must_use]
    pub const fn nullable(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    /// Part of the row's key.
    #[must_use]
    pub const fn key(self) -> Self {
        Self { is_key: true, ..self }
    }

    /// An e-mail address or a name of a person.
    #[must_use]
    pub const fn personal(self) -> Self {
        Self { is_personal: true, is_nullable: true, ..self }
    }

    /// These are the only values.
    #[must_use]
    pub const fn one_of(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }
}
