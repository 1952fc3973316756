use std::collections::BTreeSet;

use super::{Error, Result, Table};
use crate::{
    auth::{Caller, IntegrationScope, Permission, PermissionSet},
    domain::FeedToken,
};

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
            may_see_personal: caller.may(Permission::ReadDirectory),
        }
    }

    /// The reader that a tool with a feed token is.
    #[must_use]
    pub fn of_token(token: &FeedToken) -> Self {
        Self {
            subject: format!("feed-token:{}", token.id),
            tables: TableScope::Named(token.tables.clone()),
            integrations: IntegrationScope::of(token.integrations.clone()),
            may_see_personal: token.shows_personal_data,
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
        if self.may_read(table) {
            return Ok(());
        }
        Err(match &self.tables {
            TableScope::Permitted(_) => Error::Forbidden(table.permission.word()),
            TableScope::Named(_) => Error::OutsideOfToken(table.name),
        })
    }
}
