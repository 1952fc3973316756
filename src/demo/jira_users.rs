//! Jira: people and groups of a site.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    call::{Answer, Call, Caller, Reply, ok},
    error,
    jira::application_roles_of,
    organization::{ADMIN, Group, Organization},
    person::{AccountState, Person},
};

pub(super) const NO_USER: &str =
    "Specified user does not exist or you do not have required permissions";

/// A person as Jira tells them.
pub(super) fn user(call: &Call<'_>, organization: &Organization, person: &Person) -> Value {
    let account = person.account.to_string();
    let base = &organization.sites[call.site].url;
    let mut user = json!({
        "self": format!("{base}/rest/api/3/user?accountId={account}"),
        "accountId": account,
        "accountType": "atlassian",
        "active": organization.has_jira_access(person, call.site),
        "displayName": person.name(),
        "avatarUrls": {},
    });
    if person.state == AccountState::Closed {
        return user;
    }
    let picture = person.picture();
    for size in ["16", "24", "32", "48"] {
        let url = format!("{picture}?size={size}");
        user["avatarUrls"][format!("{size}x{size}")] = json!(url);
    }
    user["locale"] = json!(person.locale().replace('-', "_"));
    if let Some(email) = organization.shown_email(person) {
        user["emailAddress"] = json!(email);
    }
    if let Some(zone) = person.time_zone().text() {
        user["timeZone"] = json!(zone);
    }
    user
}

/// The apps and portal customers that every site lists beside its people.
fn others(call: &Call<'_>, organization: &Organization) -> Vec<Value> {
    let base = &organization.sites[call.site].url;
    let cloud = Uuid::try_parse(&organization.sites[call.site].cloud_id).unwrap_or_default();
    let apps = ["Automation for Jira", "Slack", "Statuspage for Jira"];
    let apps = (1_u128..).zip(apps).map(|(number, name)| {
        let account = format!("557058:{}", Uuid::from_u128(cloud.as_u128() ^ number));
        json!({
            "self": format!("{base}/rest/api/3/user?accountId={account}"),
            "accountId": account,
            "accountType": "app",
            "active": true,
            "displayName": name,
            "avatarUrls": {},
        })
    });
    let customers = (0..5).map(|number| {
        let account = format!("qm:{}:{number}", organization.sites[call.site].cloud_id);
        json!({
            "self": format!("{base}/rest/api/3/user?accountId={account}"),
            "accountId": account,
            "accountType": "customer",
            "active": true,
            "displayName": format!("customer{number}@shop.example"),
            "avatarUrls": {},
        })
    });
    apps.chain(customers).collect()
}

/// A number of the query.
pub(super) fn number(call: &Call<'_>, name: &str, default: usize) -> Result<usize, Reply> {
    match call.query(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| error::jira(400, "A number was expected.")),
    }
}

/// GET /users/search and GET /users: people of every standing, apps, customers; anonymous callers
/// get nothing, without being told why.
pub(super) fn search(call: &Call<'_>) -> Answer {
    if call.caller == Caller::Anonymous {
        return ok(&json!([]));
    }
    let start = number(call, "startAt", 0)?;
    let most = number(call, "maxResults", 50)?.min(1000);
    let organization = call.read();
    let people = organization
        .people
        .iter()
        .filter(|person| person.is_member() || person.state == AccountState::Closed);
    let count = people.clone().count();
    let mut rows: Vec<Value> =
        people.skip(start).take(most).map(|person| user(call, &organization, person)).collect();
    let others = others(call, &organization).into_iter();
    let left = most - rows.len();
    rows.extend(others.skip(start.saturating_sub(count)).take(left));
    ok(&rows)
}

fn found(call: &Call<'_>, organization: &Organization, account: &str) -> Result<u32, Reply> {
    if account.is_empty() {
        return Err(error::jira(400, "The accountId query parameter has to be given."));
    }
    organization
        .find(account)
        .filter(|index| {
            let person = organization.person(*index);
            person.is_member()
                || person.state == AccountState::Closed
                || call.caller == Caller::Person(*index)
        })
        .ok_or_else(|| error::jira(404, NO_USER))
}

/// What `expand=groups,applicationRoles` adds.
pub(super) fn expanded(call: &Call<'_>, organization: &Organization, person: &Person) -> Value {
    let mut told = user(call, organization, person);
    let expand = call.query("expand").unwrap_or_default();
    let groups = groups_of(call, organization, person);
    let roles = application_roles_of(call, organization, person);
    let items = |all: Vec<Value>, wanted: &str| {
        let is_shown = expand.split(',').any(|name| name == wanted);
        json!({"size": all.len(), "items": if is_shown { all } else { Vec::new() }})
    };
    told["groups"] = items(groups, "groups");
    told["applicationRoles"] = items(roles, "applicationRoles");
    told["expand"] = json!("groups,applicationRoles");
    told
}

/// GET /user
pub(super) fn one(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let account = call.query("accountId").unwrap_or_default();
    let index = found(call, &organization, account)?;
    ok(&expanded(call, &organization, organization.person(index)))
}

/// A group as Jira names it.
pub(super) fn group_named(call: &Call<'_>, organization: &Organization, group: &Group) -> Value {
    let base = &organization.sites[call.site].url;
    json!({
        "name": group.name,
        "groupId": group.id,
        "self": format!("{base}/rest/api/3/group?groupId={}", group.id),
    })
}

fn groups_of(call: &Call<'_>, organization: &Organization, person: &Person) -> Vec<Value> {
    if !person.keeps_grants() {
        return Vec::new();
    }
    person
        .groups
        .iter()
        .map(|group| group_named(call, organization, &organization.groups[*group as usize]))
        .collect()
}

/// GET /user/groups
pub(super) fn groups(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let account = call.query("accountId").unwrap_or_default();
    let index = found(call, &organization, account)?;
    ok(&groups_of(call, &organization, organization.person(index)))
}

/// DELETE /user: out of this Jira site only; the account stays.
pub(super) fn remove(call: &Call<'_>) -> Answer {
    let mut organization = call.write();
    let account = call.query("accountId").unwrap_or_default();
    if call.caller != Caller::Person(ADMIN) {
        return Err(error::jira(403, "You do not have permission to remove users."));
    }
    let index = found(call, &organization, account)?;
    if index == ADMIN {
        return Err(error::jira(400, "The user cannot be removed."));
    }
    if !organization.has_jira_access(organization.person(index), call.site) {
        return Err(error::jira(404, NO_USER));
    }
    let is_here = |resource: u16| {
        let resource = &organization.resources[usize::from(resource)];
        resource.site == Some(call.site) && resource.is_jira_family()
    };
    let granting: Vec<u32> = organization
        .person(index)
        .groups
        .iter()
        .copied()
        .filter(|group| {
            let grants = &organization.groups[*group as usize].grants;
            grants.iter().any(|grant| is_here(grant.resource))
        })
        .collect();
    let kept: Vec<_> = organization
        .person(index)
        .direct
        .iter()
        .copied()
        .filter(|direct| !is_here(direct.resource))
        .collect();
    organization.people[index as usize].direct = kept;
    for group in granting {
        organization.leave(index, group);
    }
    organization.carried_out(index, "user/remove");
    Ok(Reply::no_content())
}

/// A page bean around these rows.
pub(super) fn bean(call: &Call<'_>, all: &[Value], start: usize, most: usize) -> Value {
    let base = call.read().sites[call.site].url.clone();
    let values: Vec<&Value> = all.iter().skip(start).take(most).collect();
    let end = start + values.len();
    let address = |start: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in call.query {
            if name != "startAt" && name != "maxResults" {
                query.append_pair(name, value);
            }
        }
        query.append_pair("startAt", &start.to_string());
        query.append_pair("maxResults", &most.to_string());
        format!("{base}{}?{}", call.path, query.finish())
    };
    let mut bean = Map::new();
    bean.insert("self".to_owned(), json!(address(start)));
    if end < all.len() {
        bean.insert("nextPage".to_owned(), json!(address(end)));
    }
    bean.insert("maxResults".to_owned(), json!(most));
    bean.insert("startAt".to_owned(), json!(start));
    bean.insert("total".to_owned(), json!(all.len()));
    bean.insert("isLast".to_owned(), json!(end >= all.len()));
    bean.insert("values".to_owned(), json!(values));
    bean.into()
}

/// GET /user/bulk
pub(super) fn bulk(call: &Call<'_>) -> Answer {
    let accounts = call.queries("accountId");
    if accounts.is_empty() {
        return Err(error::jira(400, "At least one accountId has to be given."));
    }
    let (start, most) = (number(call, "startAt", 0)?, number(call, "maxResults", 10)?.min(200));
    let rows: Vec<Value> = {
        let organization = call.read();
        accounts
            .iter()
            .filter_map(|account| found(call, &organization, account).ok())
            .map(|index| user(call, &organization, organization.person(index)))
            .collect()
    };
    ok(&bean(call, &rows, start, most))
}
