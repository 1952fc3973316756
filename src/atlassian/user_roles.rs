//! The roles that one person holds: v2 `role-assignments`, one person a call.

use serde::Deserialize;

use super::{
    client::Client,
    error::Result,
    limiter::Family,
    paging,
    users::MAX_PAGE,
    wire::{WirePage, known_word},
};
use crate::domain::{AccountId, AssignmentMethod, ResourceId, RoleAssignment, RoleId};

impl Client {
    /// Every role that a person holds on every resource, and how each was given.
    ///
    /// # Errors
    /// As any call; `NotFound` for an account that the organization does not know.
    pub async fn user_role_assignments(&self, account: &AccountId) -> Result<Vec<RoleAssignment>> {
        let operation = "users/role-assignments";
        let rows = paging::all(operation, |cursor| async move {
            let mut url = self.users_url(operation, &[account.as_str(), "role-assignments"])?;
            url.query_pairs_mut()
                .append_pair("limit", &MAX_PAGE.to_string())
                .extend_pairs(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: WirePage<WireRoleAssignment> =
                self.read(operation, Family::Organization, url.clone()).await?;
            let next = paging::cursor(operation, &url, page.next())?;
            paging::page(operation, page.data, next, cursor.as_deref())
        });
        Ok(rows.await?.into_iter().flat_map(WireRoleAssignment::into_domain).collect())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRoleAssignment {
    resource_id: ResourceId,
    resource_owner: Option<String>,
    directory_id: Option<String>,
    role_assignments: Option<Vec<WireAssignedRole>>,
    roles: Option<Vec<RoleId>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAssignedRole {
    role: RoleId,
    role_assignment_methods: Option<Vec<String>>,
}

impl WireRoleAssignment {
    fn into_domain(self) -> Vec<RoleAssignment> {
        let owner = self.resource_owner.or_else(|| self.resource_id.owner().map(str::to_owned));
        let assignment = |role, methods| RoleAssignment {
            resource_id: self.resource_id.clone(),
            resource_owner: owner.clone().unwrap_or_default(),
            directory_id: self.directory_id.as_deref().map(Into::into),
            role,
            methods,
        };
        match self.role_assignments {
            Some(assigned) if !assigned.is_empty() => assigned
                .into_iter()
                .map(|given| assignment(given.role, methods(given.role_assignment_methods)))
                .collect(),
            _ => {
                let roles = self.roles.unwrap_or_default();
                roles.into_iter().map(|role| assignment(role, Vec::new())).collect()
            }
        }
    }
}

fn methods(words: Option<Vec<String>>) -> Vec<AssignmentMethod> {
    let method = |word: String| {
        known_word("roleAssignmentMethods", Some(&word), AssignmentMethod::from_word)
    };
    words.unwrap_or_default().into_iter().map(method).collect()
}
