use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    connection::{Paging, UserConnection, complexity, total},
    error::Result,
    filters::UserFilter,
    id::ObjectId,
    integration::Integration,
    loaders::GroupKey,
    request::Request,
    role::{RoleAssignment, granted_by},
    selection,
    user::User,
};
use crate::{
    domain::{self, GroupId, UserGroup},
    organizations::UsersRequest,
};

/// A group of an organization's directory.
#[derive(Clone)]
pub struct Group {
    pub(super) integration: Integration,
    known: Known,
}

/// A person's row tells only id, name and description of a group.
#[derive(Clone)]
enum Known {
    Whole(Arc<domain::Group>),
    Member(UserGroup),
}

impl Group {
    pub(super) fn new(integration: Integration, group: Arc<domain::Group>) -> Self {
        Self { integration, known: Known::Whole(group) }
    }

    pub(super) fn of_member(integration: Integration, group: UserGroup) -> Self {
        Self { integration, known: Known::Member(group) }
    }

    pub(super) fn group_id(&self) -> &GroupId {
        match &self.known {
            Known::Whole(group) => &group.id,
            Known::Member(group) => &group.id,
        }
    }

    /// The group with all that upstream tells; asked for together with the other groups of the answer.
    async fn whole(&self, ctx: &Context<'_>) -> Result<Option<Arc<domain::Group>>> {
        if let Known::Whole(group) = &self.known {
            return Ok(Some(Arc::clone(group)));
        }
        Request::of(ctx).load_group(self.key()).await
    }

    fn key(&self) -> GroupKey {
        GroupKey {
            integration: self.integration.integration_id().clone(),
            group: self.group_id().clone(),
        }
    }
}

/// A group of an organization's directory.
#[Object]
impl Group {
    /// Opaque; stable for as long as the group lives.
    pub(super) async fn id(&self) -> ID {
        ObjectId::Group(self.integration.integration_id().clone(), self.group_id().clone()).encode()
    }

    /// The integration through which it was read.
    async fn integration(&self) -> &Integration {
        &self.integration
    }

    /// Atlassian's id of the group.
    #[graphql(name = "groupId")]
    async fn upstream_id(&self) -> &str {
        self.group_id().as_str()
    }

    /// The name; the id where Atlassian hides it.
    async fn name(&self) -> &str {
        match &self.known {
            Known::Whole(group) => &group.name,
            Known::Member(group) => group.name.as_deref().unwrap_or(group.id.as_str()),
        }
    }

    /// Free text.
    async fn description(&self) -> Option<&str> {
        match &self.known {
            Known::Whole(group) => group.description.as_deref(),
            Known::Member(group) => group.description.as_deref(),
        }
    }

    /// Who owns it: `admins`, `external` (an identity provider), `team-members`, `open`. For groups inside
    /// a person one upstream call for ten groups.
    async fn managed_by(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.whole(ctx).await?.and_then(|group| group.managed_by.clone()))
    }

    /// Whether an identity provider keeps its members: change them there. As `managedBy`.
    async fn is_externally_synced(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.whole(ctx).await?.and_then(|group| group.is_externally_synced))
    }

    /// Whether people who are given a product come into this group. One upstream call for each group that
    /// grants anything.
    async fn is_default_access(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        // What grants nothing cannot be a default access group: no call for most groups.
        let whole = self.whole(ctx).await?;
        if whole.is_some_and(|group| group.resource_count == Some(0)) {
            return Ok(Some(false));
        }
        let organization = &self.integration.organization;
        let grants = organization.group_roles(self.group_id()).await;
        let grants =
            grants.map_err(super::error::ApiError::of(self.integration.integration_id()))?;
        Ok(Some(grants.value.iter().any(|given| given.default_role.is_some())))
    }

    /// How many members it has. Comes with a page of groups.
    async fn member_count(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        let counted = match &self.known {
            Known::Whole(group) if group.user_count.is_some() => group.user_count,
            _ => Request::of(ctx).load_group(self.key()).await?.and_then(|group| group.user_count),
        };
        Ok(counted)
    }

    /// The people in the group. One upstream call a page.
    #[graphql(complexity = "complexity(first, child_complexity)")]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
    ) -> Result<Option<UserConnection>> {
        let paging = Paging::new(first, after.as_deref(), ("Group.members", self.group_id()))?;
        let filter = UserFilter::default().for_integration(self.integration.integration_id())?;
        let filter = domain::UserFilter { groups: Some(vec![self.group_id().clone()]), ..filter };
        let expand = selection::connection_of_users(ctx);
        let integrations = [self.integration.clone()];
        let ask = async |integration: Integration, first, after| {
            let request =
                UsersRequest { filter: filter.clone(), order: None, expand, first, after };
            integration.organization.users(&request).await
        };
        let page = paging.over(ctx, &integrations, ask, User::page);
        let total = total(ctx, &integrations, async |integration: Integration| {
            integration.organization.count_users(&filter).await
        });
        let (page, total) = futures_util::join!(page, total);
        Ok(Some(page?.with_total(total).into()))
    }

    /// The roles that the group grants, each on its product. One upstream call a group; none for a group
    /// that is known to grant nothing.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Option<Vec<RoleAssignment>>> {
        if let Known::Whole(group) = &self.known
            && group.resource_count == Some(0)
        {
            return Ok(Some(Vec::new()));
        }
        granted_by(ctx, self).await.map(Some)
    }
}
