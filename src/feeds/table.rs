use futures_util::future::BoxFuture;

use super::{
    Column, Kind,
    content::{Asked, Opened},
};
use crate::auth::Permission;

/// Reads what a table's rows of one integration are made from. It may say that the organization is still being read.
pub(super) type Open = fn(Asked) -> BoxFuture<'static, Opened>;

/// One table, for all formats.
pub struct Table {
    /// In `snake_case`; part of every address.
    pub name: &'static str,
    /// What a row is, in a sentence.
    pub description: &'static str,
    /// What a caller with a JWT needs to read it.
    pub permission: Permission,
    /// What it costs upstream to read it for an organization whose people have been read.
    pub cost: &'static str,
    /// The columns after [`COMMON`].
    pub own_columns: &'static [Column],
    /// What rows can be asked for by.
    pub filters: &'static [Filter],
    /// The column that `from` and `to` are held against; `None` where rows have no date.
    pub dated_by: Option<&'static str>,
    /// Whether `inactive_for_days` is a parameter: after how many days without activity somebody counts as inactive.
    pub counts_days: bool,
    /// Where the rows come from.
    pub(super) open: Open,
}

/// A parameter that leaves only rows with one of the given values in a column.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// The parameter's name.
    pub parameter: &'static str,
    /// The column.
    pub column: &'static str,
}

/// The first columns of every table.
pub(super) const COMMON: [Column; 3] = [
    Column::text("integration_id", "The integration that the row was read through").key(),
    Column::text("organization_id", "Atlassian's id of the organization"),
    Column::text("integration_label", "The integration's name in this gateway"),
];

/// The column in which tables that are read from Atlassian say how old a row is.
pub(super) const AS_OF: Column =
    Column::new("as_of", Kind::Instant, "When it was read from Atlassian");

impl Table {
    /// All columns, in the order of every format.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> + Clone {
        COMMON.iter().chain(self.own_columns)
    }

    /// Where a column stands.
    #[must_use]
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns().position(|known| known.name == column)
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns().find(|known| known.name == name)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Filter {
    /// A parameter named like its column.
    pub(super) const fn by(column: &'static str) -> Self {
        Self { parameter: column, column }
    }

    /// A parameter with a shorter name than its column.
    pub(super) const fn named(parameter: &'static str, column: &'static str) -> Self {
        Self { parameter, column }
    }
}
