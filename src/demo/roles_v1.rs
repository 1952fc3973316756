//! Organization API v1: roles given to and taken from one person.

use serde::Deserialize;

use super::{
    call::{Answer, Call, Reply},
    changes::{Change, ROLE_LAG},
    error,
    organization::{ADMIN, Organization, Subject},
    role::Role,
};

#[derive(Deserialize)]
struct Wanted {
    role: String,
    #[serde(default)]
    resource: Option<String>,
}

fn bad(code: &str, title: &str, detail: &str) -> Reply {
    error::list(400, code, title, &detail)
}

/// The person of the path, where roles can be given to them.
fn subject(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let index = organization
        .find(call.param("userId"))
        .filter(|index| {
            let person = organization.person(*index);
            person.is_member() || person.is_managed()
        })
        .ok_or_else(|| {
            let detail = "No such user.";
            error::list(404, "ADMIN-UAM-404-1", "Resource not found", &detail)
        })?;
    if !organization.person(index).is_account_active() {
        let detail = "The user is not active.";
        return Err(bad("ADMIN-UAM-400-2", "Inactive user", detail));
    }
    Ok(index)
}

/// The change that the body asks for.
fn change(call: &Call<'_>, organization: &Organization, gives: bool) -> Result<Change, Reply> {
    let wanted: Wanted = call
        .json()
        .map_err(|_| bad("ADMIN-UAM-400-1", "Bad request", "The body names no role."))?;
    let person = subject(call, organization)?;
    let role = Role::of(&wanted.role)
        .filter(|role| !matches!(role, Role::Viewer | Role::AiAccess))
        .ok_or_else(|| bad("ADMIN-UAM-400-1", "Bad request", "There is no such role."))?;
    if role == Role::OrgAdmin && person == ADMIN && !gives {
        let detail = "Nobody takes this role from themselves.";
        return Err(error::list(403, "ADMIN-UAM-403-1", "Forbidden", &detail));
    }
    if role.is_platform() {
        return Ok(if gives {
            Change::GivePlatformRole { person, role }
        } else {
            Change::TakePlatformRole { person, role }
        });
    }
    let resource =
        wanted.resource.as_deref().and_then(|id| organization.resource(id)).ok_or_else(|| {
            let detail = "No product has this resource id.";
            bad("ADMIN-UAM-400-5", "Invalid resource", detail)
        })?;
    if role == Role::Guest && organization.resources[resource].owner != "confluence" {
        let detail = "The role does not fit the resource.";
        return Err(bad("ADMIN-UAM-400-3", "Invalid role", detail));
    }
    if gives && role.uses_seat() {
        has_seat_left(organization, person, resource)?;
    }
    let resource = u16::try_from(resource).unwrap_or(u16::MAX);
    Ok(if gives {
        Change::GiveRole { person, resource, role }
    } else {
        Change::TakeRole { person, resource, role }
    })
}

fn has_seat_left(organization: &Organization, person: u32, resource: usize) -> Result<(), Reply> {
    let is_counted = organization.uses_seat(organization.person(person), resource);
    if is_counted || !organization.is_full(resource) {
        return Ok(());
    }
    let detail = "No seat is left for this app.";
    Err(error::list(409, "ADMIN-UAM-409-3", "Product License Limit Exceeded", &detail))
}

fn schedule(call: &Call<'_>, gives: bool) -> Answer {
    let mut organization = call.write();
    let change = change(call, &organization, gives)?;
    let at = call.now.saturating_add(ROLE_LAG).unwrap_or(call.now);
    organization.schedule(at, change);
    let action = if gives { "user_granted_role" } else { "user_revoked_role" };
    if let Some(person) = organization.find(call.param("userId")) {
        organization.record(action, Subject::Person(person), call.now);
    }
    Ok(Reply::no_content())
}

/// POST …/users/{userId}/roles/assign
pub(super) fn assign(call: &Call<'_>) -> Answer {
    schedule(call, true)
}

/// POST …/users/{userId}/roles/revoke
pub(super) fn revoke(call: &Call<'_>) -> Answer {
    schedule(call, false)
}

fn only_org_admin(call: &Call<'_>) -> Result<(), Reply> {
    let wanted: Wanted = call.json()?;
    if wanted.role != Role::OrgAdmin.id() {
        let detail = "Only atlassian/org-admin is assigned here.";
        return Err(bad("ADMIN-UAM-400-3", "Invalid role", detail));
    }
    Ok(())
}

/// POST …/users/{userId}/role-assignments/assign
pub(super) fn assign_org_admin(call: &Call<'_>) -> Answer {
    only_org_admin(call)?;
    schedule(call, true)
}

/// POST …/users/{userId}/role-assignments/revoke
pub(super) fn revoke_org_admin(call: &Call<'_>) -> Answer {
    only_org_admin(call)?;
    schedule(call, false)
}
