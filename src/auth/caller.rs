use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Permission, PermissionSet};
use crate::domain::IntegrationId;

/// Who asks, as their token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's `sub`; stands in the record of changes.
    pub subject: String,
    /// What they may do.
    pub permissions: PermissionSet,
    /// Which integrations they may see.
    pub integrations: IntegrationScope,
    /// When their token ends. A subscription must end with it.
    pub expires_at: Option<Timestamp>,
}

/// Which integrations a caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IntegrationScope {
    /// All of them, those that come later too.
    All,
    /// These, by id.
    Only(BTreeSet<IntegrationId>),
}

impl Caller {
    /// Whether the caller may do it.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Whether the integration exists as far as the caller is concerned.
    #[must_use]
    pub fn may_see(&self, integration: &IntegrationId) -> bool {
        self.integrations.contains(integration)
    }
}

impl IntegrationScope {
    /// Whether every integration is in it, those that come later too.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// These integrations; all of them for `None`.
    #[must_use]
    pub fn of(ids: Option<BTreeSet<IntegrationId>>) -> Self {
        ids.map_or(Self::All, Self::Only)
    }

    /// No integration at all.
    #[must_use]
    pub fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether the integration is in it.
    #[must_use]
    pub fn contains(&self, integration: &IntegrationId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(integration),
        }
    }
}
