//! Which roles people hold, product roles included, with far fewer calls than one a person.
//!
//! Roles through groups come in bulk: the groups that grant anything, the roles of those groups, and the
//! memberships that came with the page (API.md, section 15, c2). Who holds more than their groups explain is
//! asked for one by one (c4), and only they.

mod bulk;

use std::sync::Arc;

use futures_util::FutureExt;

use self::bulk::Bulk;
use super::{Organization, Result};
use crate::domain::{
    AccountId, AssignmentMethod, Fetched, GroupId, ResourceId, RoleAssignment, RoleId, User,
    UserStatus,
};

/// A person whose roles are wanted, with what the page already told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleHolder {
    /// The person.
    pub account_id: AccountId,
    /// Their groups; `None` where they were not asked for.
    pub groups: Option<Vec<GroupId>>,
    /// Their organization-level roles; `None` where they were not asked for.
    pub platform_roles: Option<Vec<RoleId>>,
    /// How many resources they can use at this moment; `None` where that was not asked for.
    pub resource_count: Option<u32>,
    /// Whether they are active. The others keep their roles, and have no access that could be counted.
    pub is_active: bool,
}

impl RoleHolder {
    /// What a row tells that matters for roles.
    #[must_use]
    pub fn of(user: &User) -> Self {
        let ids = |groups: &Vec<crate::domain::UserGroup>| {
            groups.iter().map(|group| group.id.clone()).collect()
        };
        Self {
            account_id: user.account_id.clone(),
            groups: user.groups.as_ref().map(ids),
            platform_roles: user.platform_roles.clone(),
            resource_count: user.resource_count,
            is_active: user.status == UserStatus::Active,
        }
    }
}

/// A role that somebody holds, given in one way; a role that was given in two ways is held twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldRole {
    /// What it is for; `None` for an organization-level role that came with a page of people.
    pub resource_id: Option<ResourceId>,
    /// The role.
    pub role: RoleId,
    /// How it was given.
    pub origin: RoleOrigin,
}

/// How a role was given.
pub type RoleOrigin = AssignmentMethod;

/// So few people are asked for one by one: the roles of groups would cost more calls.
pub const FEW: usize = 3;

impl Organization {
    /// The roles of many people at once, in the order of the people. One person's failure is theirs alone.
    pub async fn roles_of(&self, holders: &[RoleHolder]) -> Vec<Result<Vec<HeldRole>>> {
        let bulk = if holders.len() <= FEW { None } else { Bulk::gather(self, holders).await };
        let each = holders.iter().map(|holder| async {
            match bulk.as_ref().and_then(|bulk| bulk.roles_of(holder)) {
                Some(roles) => roles,
                None => self.exact_roles(&holder.account_id).await,
            }
        });
        futures_util::future::join_all(each).await
    }

    /// The groups of a person that grant a role on a resource.
    ///
    /// # Errors
    /// The groups or their roles could not be read.
    pub async fn groups_granting(
        &self,
        groups: &[GroupId],
        resource: &ResourceId,
        role: &RoleId,
    ) -> Result<Vec<GroupId>> {
        let granting = self.granting_groups().await?;
        let candidates = groups.iter().filter(|group| granting.value.contains_key(*group));
        let grants = candidates.map(|group| async move {
            let roles = self.group_roles(group).await?;
            let grants = roles.value.iter().any(|given| {
                given.resource_id.is_same_product(resource) && given.roles.contains(role)
            });
            Result::<_, super::Error>::Ok(grants.then(|| group.clone()))
        });
        Ok(futures_util::future::try_join_all(grants).await?.into_iter().flatten().collect())
    }

    /// Everything upstream tells of one person's roles: one call a person.
    async fn exact_roles(&self, account: &AccountId) -> Result<Vec<HeldRole>> {
        let assignments = self.role_assignments(account).await?;
        let mut held: Vec<HeldRole> = assignments.value.iter().flat_map(held_roles).collect();
        held.sort();
        held.dedup();
        Ok(held)
    }

    async fn role_assignments(&self, account: &AccountId) -> Result<Fetched<Vec<RoleAssignment>>> {
        let ask = async { Ok(self.shared.client.user_role_assignments(account).await?) }.boxed();
        let weigh = |roles: &Vec<RoleAssignment>| 64 + roles.len() * 260;
        let cache = &self.shared.caches.user_roles;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(account.clone()), weigh, ask).await?))
    }
}

fn held_roles(assignment: &RoleAssignment) -> Vec<HeldRole> {
    let held = |origin: RoleOrigin| HeldRole {
        resource_id: Some(assignment.resource_id.clone()),
        role: assignment.role.clone(),
        origin,
    };
    if assignment.methods.is_empty() {
        return vec![held(RoleOrigin::Unknown)];
    }
    assignment.methods.iter().map(|method| held(*method)).collect()
}

/// The roles of one group, shared by everybody in it.
type GroupGrants = Arc<Vec<crate::domain::GroupRoles>>;
