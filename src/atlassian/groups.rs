//! Groups: v2 `groups/search`, its count, one group and the roles that it grants.

use serde::{Deserialize, Serialize};

use super::{
    client::{ALL_DIRECTORIES, Client},
    error::{Error, ErrorKind, Result},
    limiter::Family,
    paging,
    user_search::WireSort,
    wire::{WireCount, WireOne, WirePage},
};
use crate::domain::{
    AccountId, DirectoryId, Group, GroupId, GroupRoles, OrderDirection, Page, ResourceId, RoleId,
};

/// Groups a page at most.
pub const MAX_PAGE: u16 = 100;
/// Group ids a search at most.
pub const MAX_GROUP_IDS: usize = 10;
/// Whole names a search at most.
pub const MAX_NAMES: usize = 100;
/// Account ids a search at most.
pub const MAX_ACCOUNT_IDS: usize = 10;
/// Directories a search at most.
pub const MAX_DIRECTORY_IDS: usize = 10;
/// Resources a search at most.
pub const MAX_RESOURCE_IDS: usize = 20;
/// Resource owners a search at most.
pub const MAX_RESOURCE_OWNERS: usize = 10;
/// Roles a search at most.
pub const MAX_ROLE_IDS: usize = 10;

/// Which groups to find (v2 `groups/search`). Members are joined by "and", the values of one member by "or".
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GroupSearch {
    /// Groups a page, 1 to [`MAX_PAGE`]; upstream's default is 20.
    pub limit: Option<u16>,
    /// Where to go on; all other members must be those of the page before.
    pub cursor: Option<String>,
    /// At most [`MAX_GROUP_IDS`].
    pub group_ids: Vec<GroupId>,
    /// Whole names in any case, at most [`MAX_NAMES`]; not together with `search_term` or `group_ids`.
    pub names: Vec<String>,
    /// Part of a name.
    pub search_term: Option<String>,
    /// Groups of these people, at most [`MAX_ACCOUNT_IDS`].
    pub account_ids: Vec<AccountId>,
    /// At most [`MAX_DIRECTORY_IDS`].
    pub directory_ids: Vec<DirectoryId>,
    /// Groups that grant something on these, at most [`MAX_RESOURCE_IDS`].
    pub resource_ids: Vec<ResourceId>,
    /// Groups that grant something on resources of these owners, at most [`MAX_RESOURCE_OWNERS`].
    pub resource_owners: Vec<String>,
    /// Groups that grant one of these, at most [`MAX_ROLE_IDS`].
    pub role_ids: Vec<RoleId>,
    /// Rows tell how many resources the group grants.
    pub expand_resource_count: bool,
    /// Rows tell how many members the group has.
    pub expand_user_count: bool,
    /// The only order that upstream has.
    pub sort_by_name: Option<OrderDirection>,
}

impl Client {
    /// One page of groups over all directories.
    ///
    /// # Errors
    /// As any call; `InvalidCursor` for a cursor that upstream does not know.
    pub async fn search_groups(&self, search: &GroupSearch) -> Result<Page<Group>> {
        let operation = "groups/search";
        let url = self.groups_url(operation, &["search"])?;
        let page: WirePage<WireGroup> =
            self.search(operation, url.clone(), &WireGroupSearch::of(search)).await?;
        let next = paging::cursor(operation, &url, page.next())?;
        let groups = page.data.into_iter().map(WireGroup::into_domain).collect();
        paging::page(operation, groups, next, search.cursor.as_deref())
    }

    /// How many groups a search would find; only its filters count.
    ///
    /// # Errors
    /// As any call; `BadRequest` for a search by `names`, which cannot be counted.
    pub async fn count_groups(&self, search: &GroupSearch) -> Result<u64> {
        let operation = "groups/count";
        if !search.names.is_empty() {
            return Err(Error::new(ErrorKind::BadRequest, operation));
        }
        let mut url = self.groups_url(operation, &["count"])?;
        let query = query(search);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let counted: WireCount = self.read(operation, Family::Organization, url).await?;
        Ok(counted.count)
    }

    /// One group, without counts; `None` where there is none.
    ///
    /// # Errors
    /// As any call, but for 404.
    pub async fn group(&self, group: &GroupId) -> Result<Option<Group>> {
        let operation = "group";
        let found = async {
            let url = self.groups_url(operation, &[group.as_str()])?;
            self.read::<WireOne<WireGroup>>(operation, Family::Organization, url).await
        };
        match found.await {
            Ok(group) => Ok(Some(group.data.into_domain())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every role that a group grants, by resource.
    ///
    /// # Errors
    /// As any call; `NotFound` for a group that the organization does not know.
    pub async fn group_roles(&self, group: &GroupId) -> Result<Vec<GroupRoles>> {
        let operation = "groups/role-assignments";
        let rows = paging::all(operation, |cursor| async move {
            let mut url = self.groups_url(operation, &[group.as_str(), "role-assignments"])?;
            url.query_pairs_mut()
                .append_pair("limit", &MAX_PAGE.to_string())
                .extend_pairs(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: WirePage<WireGroupRoles> =
                self.read(operation, Family::Organization, url.clone()).await?;
            let next = paging::cursor(operation, &url, page.next())?;
            paging::page(operation, page.data, next, cursor.as_deref())
        });
        Ok(rows.await?.into_iter().map(WireGroupRoles::into_domain).collect())
    }

    fn groups_url(&self, operation: &'static str, path: &[&str]) -> Result<reqwest::Url> {
        let path = [&["directories", ALL_DIRECTORIES, "groups"], path].concat();
        self.organization_url(operation, "v2", &path)
    }
}

fn query(search: &GroupSearch) -> Vec<(&'static str, &str)> {
    let mut query = Vec::new();
    query.extend(search.group_ids.iter().map(|id| ("groupIds", id.as_str())));
    query.extend(search.search_term.iter().map(|term| ("searchTerm", term.as_str())));
    query.extend(search.account_ids.iter().map(|id| ("accountIds", id.as_str())));
    query.extend(search.directory_ids.iter().map(|id| ("directoryIds", id.as_str())));
    query.extend(search.resource_ids.iter().map(|id| ("resourceIds", id.as_str())));
    query.extend(search.resource_owners.iter().map(|owner| ("resourceOwners", owner.as_str())));
    query.extend(search.role_ids.iter().map(|id| ("roleIds", id.as_str())));
    query
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireGroupSearch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    group_ids: &'a [GroupId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    group_names: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    search_term: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    account_ids: &'a [AccountId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    directory_ids: &'a [DirectoryId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resource_ids: &'a [ResourceId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resource_owners: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    role_ids: &'a [RoleId],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expand: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_by: Option<[WireSort; 1]>,
}

impl<'a> WireGroupSearch<'a> {
    fn of(search: &'a GroupSearch) -> Self {
        let expand = [
            (search.expand_resource_count, "counts.resources"),
            (search.expand_user_count, "counts.users"),
        ];
        Self {
            limit: search.limit,
            cursor: search.cursor.as_deref(),
            group_ids: &search.group_ids,
            group_names: &search.names,
            search_term: search.search_term.as_deref(),
            account_ids: &search.account_ids,
            directory_ids: &search.directory_ids,
            resource_ids: &search.resource_ids,
            resource_owners: &search.resource_owners,
            role_ids: &search.role_ids,
            expand: expand
                .into_iter()
                .filter_map(|(is_wanted, word)| is_wanted.then_some(word))
                .collect(),
            sort_by: search.sort_by_name.map(|direction| WireSort::by("name", direction)),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup {
    id: String,
    name: Option<String>,
    description: Option<String>,
    directory_id: Option<String>,
    managed_by: Option<String>,
    external_synced: Option<bool>,
    management_access: Option<WireManagementAccess>,
    counts: Option<WireGroupCounts>,
}

#[derive(Debug, Deserialize)]
struct WireManagementAccess {
    modifiable: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct WireGroupCounts {
    users: Option<u64>,
    resources: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGroupRoles {
    resource_id: ResourceId,
    resource_owner: Option<String>,
    roles: Option<Vec<RoleId>>,
    default_role: Option<RoleId>,
}

impl WireGroup {
    fn into_domain(self) -> Group {
        let id = GroupId::from_ari(&self.id);
        Group {
            name: self
                .name
                .filter(|name| !name.trim().is_empty())
                .unwrap_or_else(|| id.as_str().to_owned()),
            id,
            description: self.description,
            directory_id: self.directory_id.map(DirectoryId::from),
            managed_by: self.managed_by,
            is_externally_synced: self.external_synced,
            is_modifiable: self.management_access.and_then(|access| access.modifiable),
            user_count: self.counts.as_ref().and_then(|counts| counts.users),
            resource_count: self.counts.and_then(|counts| counts.resources),
        }
    }
}

impl WireGroupRoles {
    fn into_domain(self) -> GroupRoles {
        GroupRoles {
            resource_owner: self
                .resource_owner
                .or_else(|| self.resource_id.owner().map(str::to_owned))
                .unwrap_or_default(),
            resource_id: self.resource_id,
            roles: self.roles.unwrap_or_default(),
            default_role: self.default_role,
        }
    }
}
