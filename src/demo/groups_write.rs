//! Organization API v2: changes of groups, of their members and of their roles.

use axum::http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    call::{Answer, Call, Reply},
    changes::{Change, GROUP_LAG, ROLE_LAG},
    organization::{Group, Organization, Subject},
    person::Membership,
    role::Role,
};

fn refused(status: StatusCode) -> Reply {
    Reply::empty(status)
}

/// The group of the path within the directory of the path.
fn found(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let directory = call.directory_to_write(organization)?;
    organization
        .group(call.param("groupId"))
        .filter(|index| organization.groups[*index as usize].directory == directory)
        .ok_or_else(|| refused(StatusCode::NOT_FOUND))
}

/// The group of the path where it may be changed here.
fn modifiable(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let index = found(call, organization)?;
    if organization.groups[index as usize].is_synced() {
        return Err(refused(StatusCode::FORBIDDEN));
    }
    Ok(index)
}

#[derive(Deserialize)]
struct NewGroup {
    name: String,
    #[serde(default)]
    description: Option<String>,
}

/// POST …/groups: the id is not given back.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let wanted: NewGroup = call.json()?;
    let mut organization = call.write();
    let directory = call.directory_to_write(&organization)?;
    let name = wanted.name.trim();
    if name.is_empty() {
        return Err(refused(StatusCode::BAD_REQUEST));
    }
    let exists = organization.groups.iter().any(|group| {
        !group.is_deleted && group.directory == directory && group.name.eq_ignore_ascii_case(name)
    });
    if exists {
        return Err(refused(StatusCode::CONFLICT));
    }
    let found_from = call.now.saturating_add(GROUP_LAG).unwrap_or(call.now);
    organization.groups.push(Group {
        id: Uuid::new_v4().to_string(),
        name: name.to_owned(),
        description: wanted.description,
        directory,
        managed_by: "admins",
        is_deletable: true,
        is_team: false,
        grants: Vec::new(),
        members: 0,
        found_from,
        is_deleted: false,
    });
    let index = u32::try_from(organization.groups.len() - 1).unwrap_or_default();
    organization.record("group_created", Subject::Group(index), call.now);
    Ok(Reply::empty(StatusCode::CREATED))
}

/// DELETE …/groups/{groupId}
pub(super) fn delete(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let index = found(call, &organization)?;
    let group = &organization.groups[index as usize];
    let is_default = group.grants.iter().any(|grant| grant.default_role.is_some());
    if !group.is_deletable || group.is_synced() {
        return Err(refused(StatusCode::FORBIDDEN));
    }
    if is_default {
        return Err(refused(StatusCode::BAD_REQUEST));
    }
    for person in 0..organization.people.len() {
        organization.leave(u32::try_from(person).unwrap_or(u32::MAX), index);
    }
    organization.groups[index as usize].is_deleted = true;
    organization.record("group_deleted", Subject::Group(index), call.now);
    Ok(Reply::no_content())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewMember {
    account_id: String,
}

/// Puts a person into a group, or says with which status that is refused.
pub(super) fn join(
    organization: &mut Organization,
    group: u32,
    account_id: &str,
) -> Result<u32, StatusCode> {
    let place = organization.groups[group as usize].directory;
    let person = organization
        .find(account_id)
        .filter(|person| organization.person(*person).memberships[place] != Membership::None)
        .ok_or(StatusCode::NOT_FOUND)?;
    let takes_seat = organization.groups[group as usize].grants.iter().any(|grant| {
        let resource = usize::from(grant.resource);
        grant.roles.iter().any(|role| role.uses_seat())
            && !organization.uses_seat(organization.person(person), resource)
            && organization.is_full(resource)
    });
    if takes_seat || !organization.join(person, group) {
        return Err(StatusCode::CONFLICT);
    }
    Ok(person)
}

/// POST …/groups/{groupId}/memberships
pub(super) fn add_member(call: &Call<'_>) -> Answer {
    let member: NewMember = call.json()?;
    let mut organization = call.write();
    let group = modifiable(call, &organization)?;
    let person = join(&mut organization, group, &member.account_id).map_err(refused)?;
    organization.record("user_added_to_group", Subject::Person(person), call.now);
    Ok(Reply::no_content())
}

/// DELETE …/groups/{groupId}/memberships/{accountId}
pub(super) fn remove_member(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let group = modifiable(call, &organization)?;
    let person =
        organization.find(call.param("accountId")).ok_or_else(|| refused(StatusCode::NOT_FOUND))?;
    if !organization.leave(person, group) {
        return Err(refused(StatusCode::NOT_FOUND));
    }
    organization.record("user_removed_from_group", Subject::Person(person), call.now);
    Ok(Reply::no_content())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleOfGroup {
    resource_id: String,
    role_id: String,
}

fn role_of_group(call: &Call<'_>, organization: &Organization) -> Result<(u32, u16, Role), Reply> {
    let wanted: RoleOfGroup = call.json()?;
    let group = found(call, organization)?;
    let role = Role::of(&wanted.role_id).ok_or_else(|| refused(StatusCode::BAD_REQUEST))?;
    let resource = organization
        .resource(&wanted.resource_id)
        .and_then(|resource| u16::try_from(resource).ok())
        .ok_or_else(|| refused(StatusCode::NOT_FOUND))?;
    if role.is_platform() && role != Role::UserAccessAdmin {
        return Err(refused(StatusCode::BAD_REQUEST));
    }
    Ok((group, resource, role))
}

/// POST …/groups/{groupId}/role-assignments/assign: visible after a while.
pub(super) fn assign(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let (group, resource, role) = role_of_group(call, &organization)?;
    if role.uses_seat()
        && organization.groups[group as usize].members > 0
        && organization.is_full(usize::from(resource))
    {
        return Err(refused(StatusCode::CONFLICT));
    }
    let at = call.now.saturating_add(ROLE_LAG).unwrap_or(call.now);
    let change = Change::GiveGroupRole { group, resource, role };
    organization.schedule(at, change);
    Ok(Reply::empty(StatusCode::OK))
}

/// POST …/groups/{groupId}/role-assignments/revoke: visible after a while.
pub(super) fn revoke(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let (group, resource, role) = role_of_group(call, &organization)?;
    let at = call.now.saturating_add(ROLE_LAG).unwrap_or(call.now);
    let change = Change::TakeGroupRole { group, resource, role };
    organization.schedule(at, change);
    Ok(Reply::no_content())
}
