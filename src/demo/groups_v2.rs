//! Organization API v2: groups, their roles, and the directories they are in.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    arguments::{
        SortBy, at_most, known_roles, limit_of_query, one_of, page_size, sorted_by, unique,
    },
    call::{Answer, Call, Reply, ok},
    error,
    organization::{Group, Organization},
    page,
    person::Membership,
    role::Role,
    user_v2::RoleQuery,
    users_v2::links,
};

/// The body of groups/search; the same arguments come as query parameters elsewhere.
#[derive(Clone, Debug, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct GroupSearch {
    limit: Option<i64>,
    cursor: Option<String>,
    expand: Option<Vec<String>>,
    group_ids: Option<Vec<String>>,
    group_names: Option<Vec<String>>,
    search_term: Option<String>,
    account_ids: Option<Vec<String>>,
    directory_ids: Option<Vec<String>>,
    resource_ids: Option<Vec<String>>,
    resource_owners: Option<Vec<String>>,
    role_ids: Option<Vec<String>>,
    sort_by: Option<Vec<SortBy>>,
}

impl GroupSearch {
    fn of_query(call: &Call<'_>) -> Result<Self, Reply> {
        let list = |name: &str| Some(call.queries(name)).filter(|values| !values.is_empty());
        Ok(Self {
            limit: limit_of_query(call)?,
            group_ids: list("groupIds"),
            search_term: call.query("searchTerm").map(str::to_owned),
            account_ids: list("accountIds"),
            directory_ids: list("directoryIds"),
            resource_ids: list("resourceIds"),
            resource_owners: list("resourceOwners"),
            role_ids: list("roleIds"),
            ..Self::default()
        })
    }

    fn check(&self) -> Result<(), Reply> {
        at_most("groupIds", self.group_ids.as_ref(), 10)?;
        at_most("groupNames", self.group_names.as_ref(), 100)?;
        at_most("accountIds", self.account_ids.as_ref(), 10)?;
        at_most("directoryIds", self.directory_ids.as_ref(), 10)?;
        at_most("resourceIds", self.resource_ids.as_ref(), 20)?;
        at_most("resourceOwners", self.resource_owners.as_ref(), 10)?;
        at_most("roleIds", self.role_ids.as_ref(), 10)?;
        at_most("expand", self.expand.as_ref(), 2)?;
        one_of("expand", self.expand.as_ref(), &["counts.resources", "counts.users"])?;
        known_roles(self.role_ids.as_ref())?;
        let lists = [
            ("groupIds", &self.group_ids),
            ("groupNames", &self.group_names),
            ("accountIds", &self.account_ids),
            ("directoryIds", &self.directory_ids),
            ("resourceIds", &self.resource_ids),
            ("resourceOwners", &self.resource_owners),
            ("roleIds", &self.role_ids),
            ("expand", &self.expand),
        ];
        for (name, list) in lists {
            unique(name, list.as_ref())?;
        }
        if self.group_names.is_some() && (self.group_ids.is_some() || self.search_term.is_some()) {
            let detail = "groupNames cannot be combined with groupIds or searchTerm.";
            return Err(error::invalid(&detail));
        }
        sorted_by(self.sort_by.as_ref(), "name")
    }

    fn expands(&self, member: &str) -> bool {
        self.expand.as_ref().is_some_and(|expand| expand.iter().any(|known| known == member))
    }

    /// The groups that match, in order.
    fn found(&self, call: &Call<'_>, organization: &Organization) -> Result<Vec<u32>, Reply> {
        let directory = call.directory_to_read(organization)?;
        let mut found: Vec<u32> = (0_u32..)
            .zip(&organization.groups)
            .filter(|(index, group)| {
                group.is_findable(call.now)
                    && directory.is_none_or(|directory| directory == group.directory)
                    && self.is_named(group)
                    && self.grants(organization, group)
                    && self.has_members(organization, *index)
                    && self.directory_ids.as_ref().is_none_or(|ids| {
                        ids.contains(&organization.directories[group.directory].id)
                    })
            })
            .map(|(index, _)| index)
            .collect();
        if let Some([order]) = self.sort_by.as_deref() {
            found.sort_by_key(|index| organization.groups[*index as usize].name.to_lowercase());
            if order.direction == "desc" {
                found.reverse();
            }
        }
        Ok(found)
    }

    fn is_named(&self, group: &Group) -> bool {
        let name = group.name.to_lowercase();
        self.group_ids.as_ref().is_none_or(|ids| {
            ids.iter()
                .any(|id| id.strip_prefix("ari:cloud:identity::group/").unwrap_or(id).eq(&group.id))
        }) && self
            .group_names
            .as_ref()
            .is_none_or(|names| names.iter().any(|known| known.to_lowercase() == name))
            && self.search_term.as_ref().is_none_or(|term| name.contains(&term.to_lowercase()))
    }

    fn grants(&self, organization: &Organization, group: &Group) -> bool {
        if self.resource_ids.is_none() && self.resource_owners.is_none() && self.role_ids.is_none()
        {
            return true;
        }
        group.grants.iter().any(|grant| {
            let resource = &organization.resources[usize::from(grant.resource)];
            self.resource_ids
                .as_ref()
                .is_none_or(|ids| ids.iter().any(|id| resource.answers_to(id)))
                && self
                    .resource_owners
                    .as_ref()
                    .is_none_or(|owners| owners.iter().any(|owner| owner == resource.owner))
                && self.role_ids.as_ref().is_none_or(|ids| {
                    ids.iter().filter_map(|id| Role::of(id)).any(|role| grant.roles.contains(&role))
                })
        })
    }

    fn has_members(&self, organization: &Organization, group: u32) -> bool {
        self.account_ids.as_ref().is_none_or(|ids| {
            ids.iter().filter_map(|id| organization.find(id)).any(|person| {
                let groups = &organization.person(person).groups;
                groups.binary_search(&group).is_ok()
            })
        })
    }
}

fn row(organization: &Organization, index: u32, resources: bool, users: bool) -> Value {
    let group = &organization.groups[index as usize];
    let mut row = json!({
        "id": group.id,
        "name": group.name,
        "directoryId": organization.directories[group.directory].id,
        "externalSynced": group.is_synced(),
        "managedBy": group.managed_by,
        "managementAccess": {
            "deletable": group.is_deletable && !group.is_synced(),
            "modifiable": !group.is_synced(),
            "readable": true,
        },
    });
    match &group.description {
        Some(description) => row["description"] = Value::String(description.clone()),
        None if organization.character.writes_nulls() => row["description"] = Value::Null,
        None => {}
    }
    if resources {
        row["counts"]["resources"] = json!(group.grants.len());
    }
    if users {
        row["counts"]["users"] = json!(group.members);
    }
    row
}

fn one_page(
    organization: &Organization,
    search: &GroupSearch,
    found: &[u32],
    start: usize,
    limit: usize,
) -> (Vec<Value>, Option<usize>) {
    let resources = search.expands("counts.resources");
    let users = search.expands("counts.users");
    let rows = found
        .iter()
        .skip(start)
        .take(limit)
        .map(|index| {
            let mut row = row(organization, *index, resources, users);
            row["links"] = json!({"self": page::cursor(1, *index as usize)});
            row
        })
        .collect();
    let next = start + limit;
    (rows, (found.len() > next).then_some(next))
}

/// POST …/groups/search
pub(super) fn search(call: &Call<'_>) -> Answer {
    let mut search: GroupSearch = call.json()?;
    search.check()?;
    let limit = page_size(search.limit, 20, 100)?;
    let cursor = search.cursor.take();
    let list = page::fingerprint(&("groups", call.organization, call.path, &search));
    let start = match &cursor {
        Some(cursor) => page::position(cursor, list).ok_or_else(error::cursor)?,
        None => 0,
    };
    let organization = call.read();
    let found = search.found(call, &organization)?;
    let (rows, after) = one_page(&organization, &search, &found, start, limit);
    let next = after.map(|position| page::cursor(list, position));
    let links = links(&organization, &page::cursor(list, start), next);
    ok(&json!({"data": rows, "links": links}))
}

/// GET …/groups: beside a cursor, everything else is ignored.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let list = page::fingerprint(&("list of groups", call.organization, call.path));
    let (mut search, start) = match call.query("cursor") {
        Some(cursor) => {
            let (named, position, arguments) = page::opened(cursor).ok_or_else(error::cursor)?;
            let search = serde_json::from_str(&arguments).map_err(|_| error::cursor())?;
            if named != list {
                return Err(error::cursor());
            }
            (search, position)
        }
        None => (GroupSearch::of_query(call)?, 0),
    };
    search.check()?;
    let limit = page_size(search.limit, 20, 100)?;
    let arguments = serde_json::to_string(&search).unwrap_or_default();
    let counted = ["counts.resources", "counts.users"].map(str::to_owned);
    search.expand = Some(counted.to_vec());
    let organization = call.read();
    let found = search.found(call, &organization)?;
    let (rows, after) = one_page(&organization, &search, &found, start, limit);
    let next = after.map(|position| page::carrying(list, position, &arguments));
    let links = links(&organization, &page::cursor(list, start), next);
    ok(&json!({"data": rows, "links": links}))
}

/// GET …/groups/count
pub(super) fn count(call: &Call<'_>) -> Answer {
    let search = GroupSearch::of_query(call)?;
    search.check()?;
    let organization = call.read();
    ok(&json!({"count": search.found(call, &organization)?.len()}))
}

/// GET …/groups/stats
pub(super) fn stats(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let found = GroupSearch::default().found(call, &organization)?;
    let groups = || found.iter().map(|index| &organization.groups[*index as usize]);
    let synced = groups().filter(|group| group.is_synced()).count();
    let teams = groups().filter(|group| group.is_team).count();
    ok(&json!({
        "totals": {"all": found.len(), "managed": found.len() - synced, "synced": synced},
        "types": [
            {"type": "GROUP", "count": found.len() - teams},
            {"type": "TEAM", "count": teams},
            {"type": "USERBASE_GROUP", "count": 0},
        ],
    }))
}

fn found(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let directory = call.directory_to_read(organization)?;
    organization
        .group(call.param("groupId"))
        .filter(|index| {
            let place = organization.groups[*index as usize].directory;
            directory.is_none_or(|directory| directory == place)
        })
        .ok_or_else(|| {
            error::list(404, "ADMIN-404-10", "Group not found", &"No group has this id.")
        })
}

/// GET …/groups/{groupId}
pub(super) fn details(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let index = found(call, &organization)?;
    ok(&json!({"data": row(&organization, index, true, true)}))
}

/// GET …/groups/{groupId}/role-assignments
pub(super) fn role_assignments(call: &Call<'_>) -> Answer {
    let list = page::fingerprint(&("roles of group", call.organization, call.path));
    let (query, start) = RoleQuery::of(call, list)?;
    let organization = call.read();
    let group = &organization.groups[found(call, &organization)? as usize];
    let rows = group
        .grants
        .iter()
        .map(|grant| {
            let resource = &organization.resources[usize::from(grant.resource)];
            json!({
                "resourceId": resource.id,
                "resourceOwner": resource.owner,
                "roles": grant.roles.iter().map(|role| role.id()).collect::<Vec<_>>(),
                "defaultRole": grant.default_role.map(Role::id),
            })
        })
        .collect();
    query.page(rows, start, list, &organization)
}

/// GET /v2/orgs/{orgId}/directories
pub(super) fn directories(call: &Call<'_>) -> Answer {
    let list = page::fingerprint(&("directories", call.organization));
    let start = match call.query("cursor") {
        Some(cursor) => page::position(cursor, list).ok_or_else(error::cursor)?,
        None => 0,
    };
    let limit = page_size(limit_of_query(call)?, 20, 100)?;
    let ids = Some(call.queries("directoryIds")).filter(|ids| !ids.is_empty());
    at_most("directoryIds", ids.as_ref(), 10)?;
    let term = call.query("searchTerm").map(str::to_lowercase);
    let organization = call.read();
    let member = call.query("accountId").map(|id| organization.find(id));
    let rows: Vec<Value> = organization
        .directories
        .iter()
        .enumerate()
        .filter(|(place, directory)| {
            ids.as_ref().is_none_or(|ids| ids.contains(&directory.id))
                && term.as_ref().is_none_or(|term| directory.name.to_lowercase().contains(term))
                && member.is_none_or(|member| {
                    member.is_some_and(|index| {
                        organization.person(index).memberships[*place] != Membership::None
                    })
                })
        })
        .map(|(place, directory)| {
            json!({
                "directoryId": directory.id,
                "name": directory.name,
                "icon": format!("https://avatars.example.net/directory/{place}.svg"),
            })
        })
        .collect();
    let next = (rows.len() > start + limit).then(|| page::cursor(list, start + limit));
    let data: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
    let links = links(&organization, &page::cursor(list, start), next);
    ok(&json!({"data": data, "links": links}))
}
