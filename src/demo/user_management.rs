//! The User management API: managed accounts of the key's organization, with a key without scopes.

use serde_json::{Map, Value, json};

use super::{
    call::{Answer, Call, Reply, ok},
    clock, error,
    organization::{ADMIN, Organization},
    person::{AccountState, Person, Traits},
};

const PROFILE_FIELDS: [&str; 8] = [
    "name",
    "nickname",
    "zoneinfo",
    "locale",
    "extended_profile.job_title",
    "extended_profile.department",
    "extended_profile.organization",
    "extended_profile.location",
];

const PRIVILEGES: [&str; 8] = [
    "profile",
    "profile.write",
    "profile.read",
    "email.set",
    "lifecycle.enablement",
    "lifecycle.delete",
    "apiToken.read",
    "apiToken.delete",
];

/// The managed account of the path.
pub(super) fn account(call: &Call<'_>, organization: &Organization) -> Result<u32, Reply> {
    let id = call.param("account_id");
    let index = organization.find(id).ok_or_else(|| error::key(404, "accountNotFound"))?;
    let person = organization.person(index);
    if !person.is_managed() {
        return Err(error::key(403, "forbidden"));
    }
    if person.state == AccountState::Closed {
        return Err(error::key(404, "accountNotFound"));
    }
    if !person.is(Traits::EMAIL_VERIFIED) {
        return Err(error::key(403, "forbidden.targetUnverified"));
    }
    Ok(index)
}

/// Why this privilege is not there for the account, as a reason key.
fn denial(index: u32, person: &Person, privilege: &str) -> Option<&'static str> {
    match privilege {
        "profile.read" | "apiToken.read" | "apiToken.delete" => None,
        "lifecycle.enablement" | "lifecycle.delete" if index == ADMIN => {
            Some("administrative.notMyself")
        }
        _ => person.external_owner(),
    }
}

fn told(denial: Option<&str>) -> Value {
    match denial {
        None => json!({"allowed": true}),
        Some(key) => json!({"allowed": false, "reason": {"key": key}}),
    }
}

/// GET …/manage
pub(super) fn manage(call: &Call<'_>) -> Answer {
    let asked: Vec<String> = call
        .queries("privileges")
        .iter()
        .flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    if let Some(strange) = asked.iter().find(|name| !PRIVILEGES.contains(&name.as_str())) {
        return Err(violation("privileges", strange));
    }
    let organization = call.read();
    let index = account(call, &organization)?;
    let person = organization.person(index);
    let mut answer = Map::new();
    for privilege in PRIVILEGES {
        let is_asked = if asked.is_empty() {
            privilege != "profile"
        } else {
            asked.iter().any(|name| name == privilege)
        };
        if !is_asked {
            continue;
        }
        let denial = denial(index, person, privilege);
        let value = if privilege.starts_with("profile") && privilege != "profile.read" {
            PROFILE_FIELDS
                .iter()
                .map(|field| ((*field).to_owned(), told(denial)))
                .collect::<Map<_, _>>()
                .into()
        } else {
            told(denial)
        };
        answer.insert(privilege.to_owned(), value);
    }
    ok(&answer)
}

/// The 400 for a field that does not hold.
fn violation(field: &str, key: &str) -> Reply {
    let context = json!({"fieldViolations": [{"field": field, "violations": [{"key": key}]}]});
    error::key_with(400, "fieldConstraintsViolated", &context)
}

fn profile_of(organization: &Organization, person: &Person) -> Value {
    let text = |shown: super::profile::Shown| shown.text().unwrap_or_default();
    let mut account = json!({
        "account_id": person.account.to_string(),
        "account_type": "atlassian",
        "account_status": person.account_status(),
        "name": person.name(),
        "nickname": person.nickname().chars().take(30).collect::<String>(),
        "email": organization.email(person).unwrap_or_default(),
        "picture": person.picture(),
        "locale": person.locale(),
        "characteristics": {"not_mentionable": false},
        "extended_profile": {
            "job_title": text(person.job_title()),
            "organization": text(organization.employer(person)),
            "department": text(person.department()),
            "location": text(person.location()),
        },
    });
    if let Some(zone) = person.time_zone().text() {
        account["zoneinfo"] = json!(zone);
    }
    json!({"account": account})
}

/// GET …/manage/profile
pub(super) fn profile(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let person = organization.person(account(call, &organization)?);
    ok(&profile_of(&organization, person))
}

/// PATCH …/manage/profile
pub(super) fn change_profile(call: &Call<'_>) -> Answer {
    let body: Map<String, Value> = call.json().map_err(|_| error::key(400, "bodyParseFailure"))?;
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in &body {
        match (name.as_str(), value) {
            ("extended_profile", Value::Object(extended)) => {
                for (name, value) in extended {
                    let text = value.as_str().unwrap_or_default();
                    fields.push((format!("extended_profile.{name}"), text.to_owned()));
                }
            }
            (_, Value::String(text)) => fields.push((name.clone(), text.clone())),
            _ => return Err(violation(name, "invalidType")),
        }
    }
    for (name, text) in &fields {
        let longest = match name.as_str() {
            "name" => 100,
            "nickname" => 30,
            known if PROFILE_FIELDS.contains(&known) => 200,
            _ => return Err(violation(name, "unknownField")),
        };
        if text.chars().count() > longest {
            return Err(violation(name, "maxLength"));
        }
    }
    let mut organization = call.write();
    let index = account(call, &organization)?;
    if let Some(reason) = organization.person(index).external_owner() {
        let context: Map<String, Value> =
            fields.iter().map(|(name, _)| (name.clone(), told(Some(reason)))).collect();
        return Err(error::key_with(403, "forbidden.fieldMutation", &context.into()));
    }
    let corrections = organization.people[index as usize].corrections_mut();
    for (name, text) in fields {
        let field = match name.as_str() {
            "name" => &mut corrections.name,
            "nickname" => &mut corrections.nickname,
            "zoneinfo" => &mut corrections.time_zone,
            "locale" => &mut corrections.locale,
            "extended_profile.job_title" => &mut corrections.job_title,
            "extended_profile.department" => &mut corrections.department,
            "extended_profile.organization" => &mut corrections.organization,
            _ => &mut corrections.location,
        };
        *field = Some(text);
    }
    organization.by_nickname = std::sync::OnceLock::new();
    ok(&profile_of(&organization, organization.person(index)))
}

/// PUT …/manage/email
pub(super) fn set_email(call: &Call<'_>) -> Answer {
    let body = call.value().map_err(|_| error::key(400, "bodyParseFailure"))?;
    let email = body["email"].as_str().unwrap_or_default().to_lowercase();
    let Some((local, domain)) = email.split_once('@').filter(|(local, _)| !local.is_empty()) else {
        return Err(violation("email", "invalidEmail"));
    };
    if local.len() > 64 {
        return Err(violation("email", "partMaxLength"));
    }
    let mut organization = call.write();
    let index = permitted(call, &organization, "email.set")?;
    let is_verified = organization.domains.iter().any(|known| {
        known.name == domain && known.claim.is_some_and(|(_, status)| status == "verified")
    });
    if !is_verified || organization.find_by_email(&email).is_some() {
        return Err(violation("email", "domainNotVerifiedOrTaken"));
    }
    organization.people[index as usize].corrections_mut().email = Some(email.clone());
    organization.learn_email(index, &email);
    Ok(Reply::no_content())
}

/// GET …/manage/api-tokens
pub(super) fn api_tokens(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let index = account(call, &organization)?;
    let rows: Vec<Value> = organization
        .tokens
        .get(&index)
        .into_iter()
        .flatten()
        .map(|token| {
            let mut row = json!({
                "id": token.id,
                "label": token.label,
                "createdAt": clock::text(token.created, 3),
            });
            if let Some(last) = token.last_access {
                row["lastAccess"] = json!(clock::text(last, 3));
            }
            if let Some(expiry) = token.expiry {
                row["expiry"] = json!(clock::text(expiry, 3));
            }
            row
        })
        .collect();
    ok(&rows)
}

/// DELETE …/manage/api-tokens/{tokenId}
pub(super) fn delete_api_token(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let index = account(call, &organization)?;
    let id = call.param("tokenId");
    let tokens = organization.tokens.entry(index).or_default();
    let count = tokens.len();
    tokens.retain(|token| token.id != id);
    if tokens.len() == count {
        return Err(error::key(404, "notFound"));
    }
    Ok(Reply::no_content())
}

/// The account of the path, where the privilege is there.
pub(super) fn permitted(
    call: &Call<'_>,
    organization: &Organization,
    privilege: &str,
) -> Result<u32, Reply> {
    let index = account(call, organization)?;
    match denial(index, organization.person(index), privilege) {
        None => Ok(index),
        reason => Err(error::key_with(403, "forbidden.action", &told(reason))),
    }
}
