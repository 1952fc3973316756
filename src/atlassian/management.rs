//! The User management API: what may be done to one managed account. It refuses keys made with scopes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{client::Client, error::Result, limiter::Family};
use crate::domain::AccountId;

/// What may be done to one account, by privilege, such as `lifecycle.delete`.
///
/// What is told member by member stands under the joined name: `profile.write.name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManagementPermissions {
    /// Every privilege that upstream told of.
    pub privileges: BTreeMap<String, Permission>,
}

/// Whether something may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Whether it may.
    pub allowed: bool,
    /// Why not, such as `externalDirectory.scim` or `administrative.notMyself`.
    pub reason: Option<String>,
}

impl ManagementPermissions {
    /// The permission for a privilege; `None` where upstream did not tell of it.
    #[must_use]
    pub fn of(&self, privilege: &str) -> Option<&Permission> {
        self.privileges.get(privilege)
    }
}

impl Client {
    /// What may be done to a managed account of the organization.
    ///
    /// # Errors
    /// As any call; `InsufficientScope` for a key made with scopes, `Forbidden` for an account that the organization does
    /// not manage.
    pub async fn management_permissions(
        &self,
        account: &AccountId,
    ) -> Result<ManagementPermissions> {
        let operation = "manage";
        // Without `privileges`: whether that list is repeated or joined by commas is not documented.
        let url = self.management_url(operation, &[account.as_str(), "manage"])?;
        let wire: BTreeMap<String, Value> =
            self.read(operation, Family::UserManagement, url).await?;
        let mut permissions = ManagementPermissions::default();
        for (privilege, value) in &wire {
            permissions.add(privilege.clone(), value);
        }
        Ok(permissions)
    }
}

impl ManagementPermissions {
    fn add(&mut self, privilege: String, value: &Value) {
        if let Some(allowed) = value["allowed"].as_bool() {
            let reason = &value["reason"];
            let reason = reason["key"].as_str().or_else(|| reason.as_str()).map(str::to_owned);
            self.privileges.insert(privilege, Permission { allowed, reason });
        } else if let Some(members) = value.as_object() {
            for (name, member) in members {
                self.add(format!("{privilege}.{name}"), member);
            }
        }
    }
}
