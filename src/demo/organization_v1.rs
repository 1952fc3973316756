//! Organization API v1: the organization, its managed accounts, its domains, last-active dates.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, ok},
    clock, error,
    organization::{Domain, Organization},
    page,
    person::{Person, Traits, Visit},
};

/// Managed accounts come in pages of this size, whatever `limit` says.
const USERS_PAGE: usize = 50;
/// Products of one person come in pages of this size.
const ACTIVITY_PAGE: usize = 5;

fn base(call: &Call<'_>) -> String {
    format!("{}/admin/v1/orgs", call.world.api_url)
}

fn told(call: &Call<'_>, organization: &Organization) -> Value {
    let own = format!("{}/{}", base(call), organization.id);
    json!({
        "id": organization.id,
        "type": "orgs",
        "attributes": {"name": organization.name},
        "relationships": {
            "domains": {"links": {"related": format!("{own}/domains")}},
            "users": {"links": {"related": format!("{own}/users")}},
        },
        "links": {"self": own},
    })
}

/// GET /v1/orgs: a scoped key was seen to get an empty list.
pub(super) fn organizations(call: &Call<'_>) -> Answer {
    if call.query("cursor").is_some() {
        return Err(error::cursor());
    }
    let organization = call.read();
    let data = if organization.character.has_scoped_key() {
        Vec::new()
    } else {
        vec![told(call, &organization)]
    };
    ok(&json!({"data": data, "links": {"self": base(call)}}))
}

/// GET /v1/orgs/{orgId}
pub(super) fn organization(call: &Call<'_>) -> Answer {
    ok(&json!({"data": told(call, &call.read())}))
}

/// GET /v1/orgs/{orgId}/users: managed accounts only, closed ones too.
pub(super) fn users(call: &Call<'_>) -> Answer {
    let list = page::fingerprint(&("managed accounts", call.organization));
    let start = match call.query("cursor") {
        Some(cursor) => page::position(cursor, list).ok_or_else(error::cursor)?,
        None => 0,
    };
    let organization = call.read();
    let managed =
        || organization.people.iter().enumerate().filter(|(_, person)| person.is_managed());
    let mut rows = Vec::with_capacity(USERS_PAGE);
    let mut after = None;
    for (position, person) in managed().skip_while(|(position, _)| *position < start) {
        if rows.len() == USERS_PAGE {
            after = Some(position);
            break;
        }
        rows.push(managed_account(call, &organization, person));
    }
    let own = format!("{}/{}/users", base(call), organization.id);
    let mut links = json!({"self": own});
    if let Some(position) = after {
        links["next"] = json!(format!("{own}?cursor={}", page::cursor(list, position)));
    }
    ok(&json!({"data": rows, "links": links, "meta": {"total": managed().count()}}))
}

fn managed_account(call: &Call<'_>, organization: &Organization, person: &Person) -> Value {
    let mut access: Vec<Value> = Vec::new();
    for visit in person.visits.iter().filter(|_| person.keeps_grants()) {
        let resource = &organization.resources[usize::from(visit.resource)];
        let Some(key) = resource.v1_key else { continue };
        let url = match resource.site {
            Some(site) => organization.sites[site].host().to_owned(),
            None => format!("{}.org", resource.owner),
        };
        access.push(json!({
            "key": key,
            "name": resource.product,
            "url": url,
            "last_active": clock::text(visit.at, 3),
        }));
    }
    let mut row = json!({
        "account_id": person.account.to_string(),
        "account_type": "atlassian",
        "account_status": person.account_status(),
        "name": person.name(),
        "picture": person.picture(),
        "access_billable": person.is(Traits::GUARD_BILLABLE),
        "product_access": access,
        "links": {
            "self": format!("{}/users/{}/manage/profile", call.world.api_url, person.account),
        },
    });
    if let Some(email) = organization.shown_email(person) {
        row["email"] = json!(email);
    }
    if let Some(last) = person.visits.iter().map(|visit| visit.at).max() {
        row["last_active"] = json!(clock::text(last, 3));
    }
    row
}

/// GET …/directory/users/{accountId}/last-active-dates
pub(super) fn last_active_dates(call: &Call<'_>) -> Answer {
    let account = call.param("accountId");
    let organization = call.read();
    if organization.character.has_scoped_key() {
        return Err(error::may_not_manage());
    }
    let person = organization
        .find(account)
        .map(|index| organization.person(index))
        .filter(|person| person.is_member() || person.is_managed())
        .ok_or_else(error::no_user)?;
    let list = page::fingerprint(&("last active", call.organization, account));
    let start = match call.query("cursor") {
        Some(cursor) => page::position(cursor, list).ok_or_else(error::cursor)?,
        None => 0,
    };
    let known: Vec<(&Visit, &str)> = person
        .visits
        .iter()
        .filter_map(|visit| {
            let key = organization.resources[usize::from(visit.resource)].v1_key?;
            Some((visit, key))
        })
        .collect();
    let access: Vec<Value> = known
        .iter()
        .skip(start)
        .take(ACTIVITY_PAGE)
        .map(|(visit, key)| {
            json!({
                "id": organization.resources[usize::from(visit.resource)].id,
                "key": key,
                "last_active": clock::day(visit.at),
                "last_active_timestamp": clock::text(visit.at, 0),
            })
        })
        .collect();
    let mut links = json!({});
    if known.len() > start + ACTIVITY_PAGE {
        links["next"] = json!(page::cursor(list, start + ACTIVITY_PAGE));
    }
    ok(&json!({
        "data": {
            "added_to_org": person.added.map(clock::day),
            "added_to_org_timestamp": person.added.map(|added| clock::text(added, 0)),
            "product_access": access,
        },
        "links": links,
    }))
}

fn domain_row(call: &Call<'_>, organization: &Organization, domain: &Domain) -> Option<Value> {
    let (kind, status) = domain.claim?;
    let id = URL_SAFE_NO_PAD.encode(domain.name);
    Some(json!({
        "id": id,
        "type": "domains",
        "attributes": {"name": domain.name, "claim": {"type": kind, "status": status}},
        "links": {"self": format!("{}/{}/domains/{id}", base(call), organization.id)},
    }))
}

/// GET …/domains
pub(super) fn domains(call: &Call<'_>) -> Answer {
    if call.query("cursor").is_some() {
        return Err(error::cursor());
    }
    let organization = call.read();
    let rows: Vec<Value> = organization
        .domains
        .iter()
        .filter_map(|domain| domain_row(call, &organization, domain))
        .collect();
    let own = format!("{}/{}/domains", base(call), organization.id);
    ok(&json!({"data": rows, "links": {"self": own}}))
}

/// GET …/domains/{domainId}
pub(super) fn domain(call: &Call<'_>) -> Answer {
    let id = call.param("domainId");
    let name = URL_SAFE_NO_PAD
        .decode(id)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            error::list(400, "ADMIN-400-2", "Invalid domain id", &"The id could not be read.")
        })?;
    let organization = call.read();
    organization
        .domains
        .iter()
        .filter(|domain| domain.name == name)
        .find_map(|domain| domain_row(call, &organization, domain))
        .map_or_else(
            || Err(error::list(404, "ADMIN-404-3", "Domain not found", &"No domain has this id.")),
            |row| ok(&json!({"data": row})),
        )
}
