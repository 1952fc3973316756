use std::collections::BTreeSet;

use super::{Error, Result, Table};
use crate::auth::{Caller, IntegrationScope, PermissionSet};

/// Who reads a feed, however they proved it: what they may read, and whether e-mail addresses and names are among it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedReader {
    /// Who it is, for the log.
    pub subject: String,
    /// Which tables.
    pub tables: TableScope,
    /// Which integrations.
    pub integrations: IntegrationScope,
    /// Whether e-mail addresses and names are shown.
    pub may_see_personal: bool,
}

/// Which tables a reader may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableScope {
    /// Those whose permission the reader has.
    Permitted(PermissionSet),
    /// These, by name.
    Named(BTreeSet<String>),
}

impl FeedReader {
    /// The reader that a caller with a JWT is. Who may read the directory sees names and addresses there, so here too.
    #[must_use]
    pub fn of_caller(caller: &Caller) -> Self {
        Self {
            subject: caller.subject.clone(),
            tables: TableScope::Permitted(caller.permissions),
            integrations: caller.integrations.clone(),
            may_see_personal: caller.may(crate::auth::Permission::ReadDirectory),
        }
    }

    /// Whoever runs a command on the gateway's own machine.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            subject: "operator".to_owned(),
            tables: TableScope::Permitted(PermissionSet::all()),
            integrations: IntegrationScope::All,
            may_see_personal: true,
        }
    }

    /// Whether the reader may read the table.
    #[must_use]
    pub fn may_read(&self, table: &Table) -> bool {
        match &self.tables {
            TableScope::Permitted(permissions) => permissions.contains(table.permission),
            TableScope::Named(names) => names.contains(table.name),
        }
    }

    pub(super) fn demand(&self, table: &Table) -> Result<()> {
        if self.may_read(table) { Ok(()) } else { Err(Error::Forbidden(table.permission.word())) }
    }
}
