//! Organization API v2: people invited into the organization.

use std::str::FromStr;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    call::{Answer, Call, Reply},
    error,
    groups_write::join,
    organization::{Organization, Subject},
    person::{
        AccountId, AccountState, Corrections, DIRECTORIES, DirectRole, Membership, Person, Traits,
    },
    role::{Method, PlatformRoles, Role},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    emails: Vec<String>,
    #[serde(default)]
    permission_rules: Vec<Rule>,
    #[serde(default)]
    additional_groups: Vec<String>,
}

#[derive(Deserialize)]
struct Rule {
    resource: String,
    role: String,
}

fn bad(detail: &str) -> Reply {
    error::list(400, "ADMIN-UAM-400-1", "Bad request", &detail)
}

/// POST /v2/orgs/{orgId}/users/invite: 206 when at least one assignment failed.
pub(super) fn invite(call: &Call<'_>) -> Answer {
    let invitation: Invitation = call.json().map_err(|_| bad("The body is not an invitation."))?;
    if !(1..=25).contains(&invitation.emails.len()) {
        return Err(bad("emails takes 1 to 25 addresses."));
    }
    if invitation.emails.iter().any(|email| !email.contains('@')) {
        return Err(bad("An address has an @."));
    }
    let mut organization = call.write();
    let mut all_well = true;
    let mut data = Vec::new();
    for email in &invitation.emails {
        let person = arrive(call, &mut organization, &email.to_lowercase());
        let roles: Vec<Value> = invitation
            .permission_rules
            .iter()
            .map(|rule| {
                let result = give(&mut organization, person, rule);
                all_well &= result.is_ok();
                outcome(json!({"resource": rule.resource, "role": rule.role}), result)
            })
            .collect();
        let groups: Vec<Value> = invitation
            .additional_groups
            .iter()
            .map(|group| {
                let result = add(&mut organization, person, group);
                all_well &= result.is_ok();
                outcome(json!({"group": group}), result)
            })
            .collect();
        let action = "user_invited_to_site";
        organization.record(action, Subject::Person(person), call.now);
        data.push(json!({
            "id": organization.person(person).account.to_string(),
            "email": email,
            "results": [{"roleAssignmentResult": roles, "groupAssignmentResult": groups}],
        }));
    }
    let status = if all_well { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    Ok(Reply::json(status, &json!({"data": data})))
}

fn outcome(mut row: Value, result: Result<(), &str>) -> Value {
    row["status"] = json!(if result.is_ok() { "INVITED" } else { "ERROR" });
    row["statusReason"] = json!(result.err());
    row
}

/// The person with this address, in the first directory; made where nobody has it.
fn arrive(call: &Call<'_>, organization: &mut Organization, email: &str) -> u32 {
    if let Some(index) = organization.find_by_email(email) {
        let person = &mut organization.people[index as usize];
        if !person.is_member() {
            person.memberships[0] = Membership::Active;
            person.added = Some(call.now);
        }
        return index;
    }
    let domain = email.split_once('@').map_or("", |(_, domain)| domain);
    let is_managed = organization.domains.iter().any(|known| {
        known.name == domain && known.claim.is_some_and(|(_, status)| status == "verified")
    });
    let mut traits = Traits::default();
    traits.set(Traits::MANAGED, is_managed);
    traits.set(Traits::INVITED, is_managed);
    traits.set(Traits::SPARSE, true);
    let mut memberships = [Membership::None; DIRECTORIES];
    memberships[0] = Membership::Active;
    let local = email.split('@').next().unwrap_or_default().to_owned();
    organization.add_person(Person {
        account: AccountId::Newer(Uuid::new_v4()),
        given: 0,
        family: 0,
        number: 0,
        domain: 0,
        job: 0,
        town: 0,
        traits,
        platform: PlatformRoles::default(),
        state: AccountState::Active,
        memberships,
        added: Some(call.now),
        groups: Vec::new(),
        direct: Vec::new(),
        visits: Vec::new(),
        corrections: Some(Box::new(Corrections {
            name: Some(local.clone()),
            nickname: Some(local),
            email: Some(email.to_owned()),
            ..Corrections::default()
        })),
    })
}

/// Roles come by their id, or in the ARI form of the older documents.
fn named_role(text: &str) -> Option<Role> {
    Role::from_str(text).ok().or(match text.rsplit('/').next()? {
        "member" => Some(Role::User),
        "admin" => Some(Role::Admin),
        _ => None,
    })
}

fn give(organization: &mut Organization, person: u32, rule: &Rule) -> Result<(), &'static str> {
    let given = named_role(&rule.role).ok_or("Unknown role")?;
    let resource = organization.resource(&rule.resource).ok_or("Unknown resource")?;
    let has_seat = organization.uses_seat(organization.person(person), resource);
    if given.uses_seat() && !has_seat && organization.is_full(resource) {
        return Err("License limit reached");
    }
    organization.people[person as usize].direct.push(DirectRole {
        resource: u16::try_from(resource).unwrap_or(u16::MAX),
        role: given,
        method: Method::Direct,
    });
    Ok(())
}

fn add(organization: &mut Organization, person: u32, group: &str) -> Result<(), &'static str> {
    let group = organization.group(group).ok_or("Unknown group")?;
    if organization.groups[group as usize].is_synced() {
        return Err("The group is managed elsewhere");
    }
    let account = organization.person(person).account.to_string();
    join(organization, group, &account).map(|_| ()).map_err(|_| "License limit reached")
}
