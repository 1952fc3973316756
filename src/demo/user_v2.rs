//! Organization API v2: one person, that person's roles, and changes of membership.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    access::home_directory,
    arguments::{at_most, known_roles, limit_of_query, page_size},
    call::{Answer, Call, Reply, ok},
    changes::{Change, REMOVAL_LAG},
    clock, error,
    organization::{ADMIN, Organization, Subject},
    page,
    person::{Membership, Person},
    role::{Method, Role},
    user_row::{self, Field},
    users_filter::deactivated_on,
    users_v2::links,
};

/// The person of the path, if the organization (or the directory of the path) still knows them.
fn found(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let directory = call.directory_to_read(organization)?;
    let index = organization.find(call.param("accountId")).ok_or_else(error::no_user)?;
    let person = organization.person(index);
    let is_known = match directory {
        Some(directory) => person.memberships[directory] != Membership::None,
        None => person.is_member() || person.is_managed(),
    };
    is_known.then_some(index).ok_or_else(error::no_user)
}

/// GET …/users/{accountId}
pub(super) fn details(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let person = organization.person(found(call, &organization)?);
    let mut row = user_row::row(&organization, person);
    row.platform_roles = Some(user_row::platform_roles(person));
    row.counts = Some(json!({"resources": organization.resources_in_reach(person)}));
    if let Some(since) = deactivated_on(person) {
        row.deactivated_on = Field::Text(clock::text(since, 3));
    }
    ok(&json!({"data": row}))
}

/// The arguments of role-assignments, of users and of groups.
#[derive(Hash, Serialize, Deserialize)]
pub(super) struct RoleQuery {
    pub(super) limit: Option<i64>,
    pub(super) directories: Option<Vec<String>>,
    pub(super) owners: Option<Vec<String>>,
    pub(super) resources: Option<Vec<String>>,
    pub(super) roles: Option<Vec<String>>,
}

impl RoleQuery {
    /// From the query, or from the cursor that carries it; with the position to go on from.
    pub(super) fn of(call: &Call<'_>, list: u64) -> Result<(Self, usize), Reply> {
        if let Some(cursor) = call.query("cursor") {
            let (named, position, arguments) = page::opened(cursor).ok_or_else(error::cursor)?;
            let query = serde_json::from_str(&arguments).map_err(|_| error::cursor())?;
            return if named == list { Ok((query, position)) } else { Err(error::cursor()) };
        }
        let given = |name: &str| Some(call.queries(name)).filter(|values| !values.is_empty());
        let query = Self {
            limit: limit_of_query(call)?,
            directories: given("directoryIds"),
            owners: given("resourceOwners"),
            resources: given("resourceIds"),
            roles: given("roleIds"),
        };
        at_most("directoryIds", query.directories.as_ref(), 10)?;
        at_most("resourceOwners", query.owners.as_ref(), 10)?;
        at_most("resourceIds", query.resources.as_ref(), 20)?;
        at_most("roleIds", query.roles.as_ref(), 10)?;
        known_roles(query.roles.as_ref())?;
        Ok((query, 0))
    }

    /// One page of the rows that were asked for.
    pub(super) fn page(
        &self,
        rows: Vec<Value>,
        start: usize,
        list: u64,
        organization: &Organization,
    ) -> Answer {
        let limit = page_size(self.limit, 20, 100)?;
        let rows: Vec<Value> = rows.into_iter().filter(|row| self.wants(row)).collect();
        let arguments = serde_json::to_string(self).unwrap_or_default();
        let next =
            (rows.len() > start + limit).then(|| page::carrying(list, start + limit, &arguments));
        let data: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
        let links = links(organization, &page::cursor(list, start), next);
        ok(&json!({"data": data, "links": links}))
    }

    fn wants(&self, row: &Value) -> bool {
        let named = |list: &Option<Vec<String>>, member: &str| {
            list.as_ref().is_none_or(|list| {
                row[member].as_str().is_some_and(|text| list.iter().any(|known| known == text))
            })
        };
        let umbrella = |id: &str| id.replacen(":jira::", ":jira-software::", 1);
        let is_resource = self.resources.as_ref().is_none_or(|list| {
            row["resourceId"]
                .as_str()
                .is_some_and(|id| list.iter().any(|known| umbrella(known) == id))
        });
        let holds = self.roles.as_ref().is_none_or(|list| {
            row["roles"].as_array().is_some_and(|roles| {
                roles.iter().any(|role| {
                    role.as_str().is_some_and(|role| list.iter().any(|known| known == role))
                })
            })
        });
        named(&self.directories, "directoryId")
            && named(&self.owners, "resourceOwner")
            && is_resource
            && holds
    }
}

/// GET …/users/{accountId}/role-assignments
pub(super) fn role_assignments(call: &Call<'_>) -> Answer {
    let account = call.param("accountId");
    let list = page::fingerprint(&("roles of user", call.organization, account, call.path));
    let (query, start) = RoleQuery::of(call, list)?;
    let organization = call.read();
    let person = organization.person(found(call, &organization)?);
    let directory = call.directory_to_read(&organization)?;
    let rows = assignments(&organization, person, directory);
    query.page(rows, start, list, &organization)
}

fn assignments(
    organization: &Organization,
    person: &Person,
    directory: Option<usize>,
) -> Vec<Value> {
    let mut by_place: BTreeMap<(u16, u8), BTreeMap<Role, Vec<Method>>> = BTreeMap::new();
    for held in organization.held(person) {
        if directory.is_some_and(|directory| directory != usize::from(held.directory)) {
            continue;
        }
        let roles = by_place.entry((held.resource, held.directory)).or_default();
        let methods = roles.entry(held.role).or_default();
        if !methods.contains(&held.method) {
            methods.push(held.method);
        }
    }
    let product = by_place.into_iter().map(|((resource, directory), roles)| {
        let resource = &organization.resources[usize::from(resource)];
        let directory = usize::from(directory);
        let roles: Vec<(Role, Vec<Method>)> = roles.into_iter().collect();
        json!({
            "resourceId": resource.id,
            "resourceOwner": resource.owner,
            "directoryId": organization.directories[directory].id,
            "roleAssignments": told(&roles),
            "roles": roles.iter().map(|(role, _)| role.id()).collect::<Vec<_>>(),
            "userDirectoryStatus": directory_status(person, Some(directory)),
        })
    });
    let mut rows: Vec<Value> = product.collect();
    if person.keeps_grants() {
        rows.extend(person.platform.iter().map(|role| {
            json!({
                "resourceId": platform_resource(organization, role),
                "resourceOwner": "platform",
                "directoryId": null,
                "roleAssignments": told(&[(role, vec![Method::Direct])]),
                "roles": [role.id()],
                "userDirectoryStatus": directory_status(person, home_directory(person)),
            })
        }));
    }
    rows
}

fn told(roles: &[(Role, Vec<Method>)]) -> Vec<Value> {
    roles
        .iter()
        .map(|(role, methods)| {
            let methods: Vec<&'static str> =
                methods.iter().map(|method| (*method).into()).collect();
            json!({"role": role.id(), "roleAssignmentMethods": methods})
        })
        .collect()
}

fn directory_status(person: &Person, directory: Option<usize>) -> &'static str {
    match directory.map(|directory| person.memberships[directory]) {
        Some(Membership::Active) => "active",
        Some(Membership::Suspended) => "suspended",
        Some(Membership::None) | None => "no_membership",
    }
}

fn platform_resource(organization: &Organization, role: Role) -> String {
    match role {
        Role::SiteAdmin | Role::UserAccessAdmin => {
            format!("ari:cloud:platform::site/{}", organization.sites[0].cloud_id)
        }
        _ => format!("ari:cloud:platform::org/{}", organization.id),
    }
}

// Writes document no bodies, neither of success nor of refusal.
fn member(call: &Call<'_>, organization: &Organization) -> Result<(u32, usize), Reply> {
    let directory = call.directory_to_write(organization)?;
    let missing = || Reply::empty(StatusCode::NOT_FOUND);
    let index = organization.find(call.param("accountId")).ok_or_else(missing)?;
    if organization.person(index).memberships[directory] == Membership::None {
        return Err(missing());
    }
    if index == ADMIN {
        return Err(Reply::empty(StatusCode::FORBIDDEN));
    }
    Ok((index, directory))
}

/// POST …/users/{accountId}/suspend
pub(super) fn suspend(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let (index, directory) = member(call, &organization)?;
    organization.people[index as usize].memberships[directory] = Membership::Suspended;
    organization.record("user_disabled_org_access", Subject::Person(index), call.now);
    organization.carried_out(index, "users/suspend");
    Ok(Reply::no_content())
}

/// POST …/users/{accountId}/restore
pub(super) fn restore(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let (index, directory) = member(call, &organization)?;
    organization.people[index as usize].memberships[directory] = Membership::Active;
    organization.record("user_enabled_org_access", Subject::Person(index), call.now);
    organization.carried_out(index, "users/restore");
    Ok(Reply::no_content())
}

/// DELETE …/users/{accountId}: queued, so that a read straight after still shows the person.
pub(super) fn remove(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let (person, directory) = member(call, &organization)?;
    let at = call.now.saturating_add(REMOVAL_LAG).unwrap_or(call.now);
    organization.schedule(at, Change::Remove { person, directory });
    organization.record("user_removed_from_org", Subject::Person(person), call.now);
    organization.carried_out(person, "users/remove");
    Ok(Reply::no_content())
}
