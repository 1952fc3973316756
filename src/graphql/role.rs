use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    enums::{RoleScope, RoleSource},
    error::{ApiError, Result},
    group::Group,
    id::ObjectId,
    integration::Integration,
    loaders::{GroupKey, UserKey},
    product::Product,
    request::Request,
};
use crate::{
    domain::{self, GroupId, ResourceId, RoleId},
    organizations::{Expand, HeldRole},
};

/// A role of Atlassian's, such as `atlassian/org-admin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role(pub(super) RoleId);

/// A role of Atlassian's, such as `atlassian/org-admin`.
#[Object]
impl Role {
    /// Opaque; the same role has the same id everywhere.
    pub(super) async fn id(&self) -> ID {
        ObjectId::Role(self.0.clone()).encode()
    }

    /// Atlassian's id of the role, such as `atlassian/user`.
    async fn key(&self) -> &str {
        self.0.as_str()
    }

    /// The role in words, such as `Organization admin`.
    async fn name(&self) -> String {
        self.0.display_name()
    }

    /// What the role reaches.
    async fn scope(&self) -> RoleScope {
        self.0.scope().into()
    }
}

/// Who holds a role, or grants it.
#[derive(Clone)]
pub(super) enum Holder {
    /// A person: the groups that grant the role are among theirs.
    User(Arc<domain::User>),
    /// A group grants it itself.
    Group(Group),
}

/// A role that somebody holds or a group grants, on one resource, given in one way.
#[derive(Clone)]
pub struct RoleAssignment {
    integration: Integration,
    holder: Holder,
    held: HeldRole,
}

impl RoleAssignment {
    pub(super) fn new(integration: Integration, holder: Holder, held: HeldRole) -> Self {
        Self { integration, holder, held }
    }

    pub(super) fn resource_id(&self) -> Option<&ResourceId> {
        self.held.resource_id.as_ref()
    }
}

/// A role on one resource, given in one way. A role that was given in two ways stands twice.
#[Object]
impl RoleAssignment {
    /// The role.
    async fn role(&self) -> Role {
        Role(self.held.role.clone())
    }

    /// The product instance that the role is for; null for roles on the organization or a site.
    async fn product(&self) -> Option<Product> {
        let resource = self.held.resource_id.as_ref()?;
        if self.held.role.is_platform_role() || resource.owner() == Some("platform") {
            return None;
        }
        Some(Product::by_resource(self.integration.clone(), resource))
    }

    /// How the role was given. In a list of many people a role that comes through a group is not looked
    /// for a second time as given to the person as well, and AI access is `UNKNOWN`; the list of up to
    /// three people tells it exactly.
    async fn source(&self) -> RoleSource {
        self.held.origin.into()
    }

    /// The groups of the person that grant this role, where it came through groups. Costs one upstream
    /// call for each of the person's groups that grants anything, shared by all people in it.
    async fn groups(&self, ctx: &Context<'_>) -> Result<Option<Vec<Group>>> {
        let user = match &self.holder {
            Holder::Group(group) => return Ok(Some(vec![group.clone()])),
            Holder::User(user) => user,
        };
        let (Some(resource), domain::AssignmentMethod::Group) =
            (&self.held.resource_id, self.held.origin)
        else {
            return Ok(None);
        };
        let groups = match &user.groups {
            Some(groups) => groups.clone(),
            None => self.groups_of(ctx, user).await?,
        };
        let ids: Vec<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
        let organization = &self.integration.organization;
        let granting = organization
            .groups_granting(&ids, resource, &self.held.role)
            .await
            .map_err(ApiError::of(self.integration.integration_id()))?;
        let granting = groups.into_iter().filter(|group| granting.contains(&group.id));
        Ok(Some(granting.map(|group| Group::of_member(self.integration.clone(), group)).collect()))
    }
}

impl RoleAssignment {
    async fn groups_of(
        &self,
        ctx: &Context<'_>,
        user: &domain::User,
    ) -> Result<Vec<domain::UserGroup>> {
        let expand = Expand { groups: true, ..Expand::default() };
        let key = UserKey {
            integration: self.integration.integration_id().clone(),
            account: user.account_id.clone(),
            expand,
        };
        let row = Request::of(ctx).load(key).await?;
        Ok(row.and_then(|row| row.item.groups.clone()).unwrap_or_default())
    }
}

/// The roles that a group grants, each on its product.
pub(super) async fn granted_by(ctx: &Context<'_>, group: &Group) -> Result<Vec<RoleAssignment>> {
    let key = GroupKey {
        integration: group.integration.integration_id().clone(),
        group: group.group_id().clone(),
    };
    let grants = group
        .integration
        .organization
        .group_roles(&key.group)
        .await
        .map_err(ApiError::of(&key.integration))?;
    Request::of(ctx).note(grants.freshness);
    let held = grants.value.iter().flat_map(|given| {
        given.roles.iter().map(|role| HeldRole {
            resource_id: Some(given.resource_id.clone()),
            role: role.clone(),
            origin: domain::AssignmentMethod::Group,
        })
    });
    let assignment =
        |held| RoleAssignment::new(group.integration.clone(), Holder::Group(group.clone()), held);
    Ok(held.map(assignment).collect())
}
