//! Jira: groups of a site and who is in them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Reply, ok},
    error, groups_write,
    jira_users::{NO_USER, bean, group_named, number, user},
    organization::{Group, Organization},
    person::Membership,
    role::Role,
};

/// GET /group/bulk
pub(super) fn bulk(call: &Call<'_>) -> Answer {
    let (ids, names) = (call.queries("groupId"), call.queries("groupName"));
    let key = call.query("applicationKey");
    let level = call.query("accessType");
    let (start, most) = (number(call, "startAt", 0)?, number(call, "maxResults", 50)?.min(1000));
    let rows: Vec<Value> = {
        let organization = call.read();
        let grants = |group: &Group| {
            group.grants.iter().any(|grant| {
                let resource = &organization.resources[usize::from(grant.resource)];
                resource.site == Some(call.site)
                    && key.is_none_or(|key| key == resource.owner)
                    && match level {
                        Some("admin" | "site-admin") => grant.roles.contains(&Role::Admin),
                        Some("user") => grant.roles.contains(&Role::User),
                        _ => true,
                    }
            })
        };
        organization
            .groups
            .iter()
            .filter(|group| {
                group.is_findable(call.now)
                    && (ids.is_empty() || ids.contains(&group.id))
                    && (names.is_empty() || names.contains(&group.name))
                    && ((key.is_none() && level.is_none()) || grants(group))
            })
            .map(|group| json!({"name": group.name, "groupId": group.id}))
            .collect()
    };
    ok(&bean(call, &rows, start, most))
}

fn group_of_query(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let by_name = |name: &str| {
        let place = organization
            .groups
            .iter()
            .position(|group| group.name.eq_ignore_ascii_case(name) && !group.is_deleted)?;
        u32::try_from(place).ok()
    };
    match (call.query("groupId"), call.query("groupname")) {
        (Some(id), _) => organization.group(id),
        (None, Some(name)) => by_name(name),
        (None, None) => return Err(error::jira(400, "A group has to be named.")),
    }
    .ok_or_else(|| error::jira(404, "The group was not found."))
}

/// GET /group/member
pub(super) fn members(call: &Call<'_>) -> Answer {
    let (start, most) = (number(call, "startAt", 0)?, number(call, "maxResults", 50)?.min(50));
    let with_inactive = call.query("includeInactiveUsers") == Some("true");
    let rows: Vec<Value> = {
        let organization = call.read();
        let group = group_of_query(call, &organization)?;
        organization
            .people
            .iter()
            .filter(|person| {
                person.keeps_grants()
                    && person.groups.binary_search(&group).is_ok()
                    && (with_inactive
                        || (person.is_account_active()
                            && person.memberships.contains(&Membership::Active)))
            })
            .map(|person| {
                let mut told = user(call, &organization, person);
                if let Some(members) = told.as_object_mut() {
                    members.remove("locale");
                }
                told
            })
            .collect()
    };
    ok(&bean(call, &rows, start, most))
}

/// POST /group/user
pub(super) fn add_to_group(call: &Call<'_>) -> Answer {
    let body = call.value().map_err(|_| error::jira(400, "The body is not JSON."))?;
    let mut organization = call.write();
    let group = group_of_query(call, &organization)?;
    if organization.groups[group as usize].is_synced() {
        return Err(error::jira(403, "The group is managed elsewhere."));
    }
    let account = body["accountId"].as_str().unwrap_or_default();
    match groups_write::join(&mut organization, group, account) {
        Ok(_) => {
            let told = group_named(call, &organization, &organization.groups[group as usize]);
            Ok(Reply::json(StatusCode::CREATED, &told))
        }
        Err(StatusCode::NOT_FOUND) => Err(error::jira(404, NO_USER)),
        // Jira says 400 where others say 409 (AX-17).
        Err(_) => Err(error::jira(400, "The user cannot be added to the group.")),
    }
}

/// DELETE /group/user
pub(super) fn remove_from_group(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let group = group_of_query(call, &organization)?;
    if organization.groups[group as usize].is_synced() {
        return Err(error::jira(403, "The group is managed elsewhere."));
    }
    let account = call.query("accountId").unwrap_or_default();
    let person = organization.find(account).ok_or_else(|| error::jira(404, NO_USER))?;
    if !organization.leave(person, group) {
        return Err(error::jira(400, "The user is not a member of the group."));
    }
    Ok(Reply::empty(StatusCode::OK))
}
