//! Jira: licenses, permissions, the server and the caller.

use serde_json::{Map, Value, json};

use super::{
    call::{Answer, Call, Caller, Reply, ok},
    clock, error,
    jira_users::expanded,
    organization::{Group, Organization},
    person::Person,
    role::Role,
};

/// The person who asks, where somebody does.
fn caller<'a>(call: &Call<'_>, organization: &'a Organization) -> Option<&'a Person> {
    match call.caller {
        Caller::Person(index) => Some(organization.person(index)),
        Caller::Anonymous | Caller::Key => None,
    }
}

fn is_admin(call: &Call<'_>, organization: &Organization) -> bool {
    caller(call, organization)
        .is_some_and(|person| organization.administers_jira(person, call.site))
}

fn must_administer(
    call: &Call<'_>,
    organization: &Organization,
    refusal: &str,
) -> Result<(), Reply> {
    if is_admin(call, organization) { Ok(()) } else { Err(error::jira(403, refusal)) }
}

const NOT_ADMIN: &str = "Only Jira administrators can perform this operation.";

fn products(call: &Call<'_>, organization: &Organization) -> Vec<usize> {
    (0..organization.resources.len())
        .filter(|index| {
            let resource = &organization.resources[*index];
            resource.site == Some(call.site) && resource.is_jira_family()
        })
        .collect()
}

fn application_role(call: &Call<'_>, organization: &Organization, index: usize) -> Value {
    let resource = &organization.resources[index];
    let base = &organization.sites[call.site].url;
    let grants = |group: &&Group, default_only: bool| {
        !group.is_deleted
            && group.grants.iter().any(|grant| {
                usize::from(grant.resource) == index
                    && grant.roles.iter().any(|role| role.uses_seat())
                    && (!default_only || grant.default_role.is_some())
            })
    };
    let named = |default_only: bool| -> (Vec<&str>, Vec<Value>) {
        let groups = organization.groups.iter();
        groups
            .filter(|group| grants(group, default_only))
            .map(|group| {
                let details = json!({
                    "name": group.name,
                    "groupId": group.id,
                    "self": format!("{base}/rest/api/3/group?groupId={}", group.id),
                });
                (group.name.as_str(), details)
            })
            .unzip()
    };
    let (groups, group_details) = named(false);
    let (defaults, default_details) = named(true);
    let used = organization.seats_used(index);
    let noun = match resource.owner {
        "jira-servicedesk" => "agents",
        "jira-product-discovery" => "creators",
        _ => "users",
    };
    let (seats, remaining) = match resource.capacity {
        Some(capacity) => (i64::from(capacity), i64::from(capacity) - i64::from(used)),
        None => (-1, -1),
    };
    json!({
        "key": resource.owner,
        "name": resource.product,
        "groups": groups,
        "groupDetails": group_details,
        "defaultGroups": defaults,
        "defaultGroupsDetails": default_details,
        "selectedByDefault": false,
        "defined": false,
        "numberOfSeats": seats,
        "remainingSeats": remaining,
        "userCount": used,
        "userCountDescription": format!("{used} {noun}"),
        "hasUnlimitedSeats": resource.capacity.is_none(),
        "platform": false,
    })
}

/// The application roles that let this person in.
pub(super) fn application_roles_of(
    call: &Call<'_>,
    organization: &Organization,
    person: &Person,
) -> Vec<Value> {
    products(call, organization)
        .into_iter()
        .filter(|index| organization.uses_seat(person, *index))
        .map(|index| application_role(call, organization, index))
        .collect()
}

/// GET /applicationrole
pub(super) fn application_roles(call: &Call<'_>) -> Answer {
    let organization = call.read();
    must_administer(call, &organization, NOT_ADMIN)?;
    let rows: Vec<Value> = products(call, &organization)
        .into_iter()
        .map(|index| application_role(call, &organization, index))
        .collect();
    ok(&rows)
}

/// GET /applicationrole/{key}
pub(super) fn one_application_role(call: &Call<'_>) -> Answer {
    let organization = call.read();
    must_administer(call, &organization, NOT_ADMIN)?;
    let key = call.param("key");
    let index = products(call, &organization)
        .into_iter()
        .find(|index| organization.resources[*index].owner == key)
        .ok_or_else(|| error::jira(404, "The application role was not found."))?;
    ok(&application_role(call, &organization, index))
}

/// GET /instance/license
pub(super) fn license(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let known = ["jira-software", "jira-servicedesk", "jira-product-discovery", "jira-core"];
    let here = products(call, &organization);
    let rows: Vec<Value> = known
        .iter()
        .map(|key| {
            let resource = here
                .iter()
                .map(|index| &organization.resources[*index])
                .find(|resource| resource.owner == *key);
            let plan = match resource {
                None => "UNLICENSED",
                Some(resource) if resource.plan == "free" => "FREE",
                Some(_) => "PAID",
            };
            json!({"id": key, "plan": plan})
        })
        .collect();
    ok(&json!({"applications": rows}))
}

const NO_LICENSE: &str = "Only Jira administrators can access license details.";

/// GET /license/approximateLicenseCount
pub(super) fn license_count(call: &Call<'_>) -> Answer {
    let organization = call.read();
    must_administer(call, &organization, NO_LICENSE)?;
    let here = products(call, &organization);
    let people = organization.people.iter();
    let count = people
        .filter(|person| here.iter().any(|index| organization.uses_seat(person, *index)))
        .count();
    let key = "license.totalApproximateUserCount";
    ok(&json!({"key": key, "value": count.to_string()}))
}

/// GET /license/approximateLicenseCount/product/{applicationKey}
pub(super) fn product_license_count(call: &Call<'_>) -> Answer {
    let organization = call.read();
    must_administer(call, &organization, NO_LICENSE)?;
    let key = call.param("applicationKey");
    let used = products(call, &organization)
        .into_iter()
        .find(|index| organization.resources[*index].owner == key)
        .map_or(0, |index| organization.seats_used(index));
    ok(&json!({
        "key": format!("license.{key}.approximateUserCount"),
        "value": used.to_string(),
    }))
}

/// GET /serverInfo, without login.
pub(super) fn server_info(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let base = &organization.sites[call.site].url;
    let jira_time = |text: String| text.replace('Z', "+0000");
    ok(&json!({
        "baseUrl": base,
        "displayUrl": base,
        "displayUrlServicedeskHelpCenter": base,
        "displayUrlConfluence": base,
        "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud",
        "buildNumber": 100_291,
        "buildDate": "2026-11-20T02:11:48.000+0000",
        "serverTime": jira_time(clock::text(call.now, 3)),
        "scmInfo": "5b0e7d4a9c21f836e0d5b7a4c3912f68de70a1b5",
        "serverTitle": "Jira",
        "defaultLocale": {"locale": "en_GB"},
        "serverTimeZone": "Etc/UTC",
    }))
}

/// GET /myself
pub(super) fn myself(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let person = caller(call, &organization).ok_or_else(|| error::jira(401, "Log in first."))?;
    ok(&expanded(call, &organization, person))
}

/// Id, key, name, description and whether every user has it.
const PERMISSIONS: [(&str, &str, &str, &str, bool); 4] = [
    ("0", "ADMINISTER", "Administer Jira", "Create and administer projects.", false),
    ("27", "USER_PICKER", "Browse users and groups", "View and select users or groups.", true),
    ("33", "BULK_CHANGE", "Make bulk changes", "Change many issues at once.", true),
    ("44", "SYSTEM_ADMIN", "Jira system administrators", "Not granted in the cloud.", false),
];

fn has_permission(call: &Call<'_>, organization: &Organization, key: &str) -> bool {
    let is_open = PERMISSIONS.iter().any(|(_, known, _, _, open)| *known == key && *open);
    match key {
        "ADMINISTER" => is_admin(call, organization),
        _ => is_open && caller(call, organization).is_some(),
    }
}

/// GET /mypermissions
pub(super) fn my_permissions(call: &Call<'_>) -> Answer {
    let asked = call
        .query("permissions")
        .filter(|asked| !asked.is_empty())
        .ok_or_else(|| error::jira(400, "The permissions query parameter has to be given."))?;
    let organization = call.read();
    let mut told = Map::new();
    for key in asked.split(',') {
        let Some((id, _, name, description, _)) =
            PERMISSIONS.iter().find(|(_, known, _, _, _)| *known == key)
        else {
            return Err(error::jira(400, &format!("Unrecognized permission: {key}")));
        };
        let permission = json!({
            "id": id,
            "key": key,
            "name": name,
            "type": "GLOBAL",
            "description": description,
            "havePermission": has_permission(call, &organization, key),
        });
        told.insert(key.to_owned(), permission);
    }
    ok(&json!({"permissions": told}))
}

/// POST /permissions/check
pub(super) fn check_permissions(call: &Call<'_>) -> Answer {
    let body = call.value().map_err(|_| error::jira(400, "The body is not JSON."))?;
    let organization = call.read();
    let own = caller(call, &organization).map(|person| person.account.to_string());
    let about = match body["accountId"].as_str() {
        Some(account) if Some(account) != own.as_deref() => {
            must_administer(call, &organization, NOT_ADMIN)?;
            organization.find(account)
        }
        _ => own.as_deref().and_then(|own| organization.find(own)),
    };
    let person = about.map(|index| organization.person(index));
    let mut granted = Vec::new();
    for key in body["globalPermissions"].as_array().into_iter().flatten() {
        let known = key
            .as_str()
            .and_then(|key| PERMISSIONS.iter().find(|(_, known, _, _, _)| *known == key));
        let Some((_, key, _, _, is_open)) = known else {
            return Err(error::jira(400, "Unrecognized permission"));
        };
        let holds = match *key {
            "ADMINISTER" => {
                person.is_some_and(|person| organization.administers_jira(person, call.site))
            }
            _ => *is_open,
        };
        if holds {
            granted.push(*key);
        }
    }
    ok(&json!({"globalPermissions": granted, "projectPermissions": []}))
}

/// GET /role: project roles, which are not product roles.
pub(super) fn project_roles(call: &Call<'_>) -> Answer {
    let organization = call.read();
    must_administer(call, &organization, NOT_ADMIN)?;
    let base = &organization.sites[call.site].url;
    let actors: Vec<Value> = organization
        .groups
        .iter()
        .filter(|group| group.grants.iter().any(|grant| grant.roles.contains(&Role::Admin)))
        .take(1)
        .map(|group| {
            json!({
                "id": 10012,
                "displayName": group.name,
                "type": "atlassian-group-role-actor",
                "name": group.name,
                "actorGroup": {
                    "name": group.name,
                    "displayName": group.name,
                    "groupId": group.id,
                },
            })
        })
        .collect();
    ok(&json!([{
        "self": format!("{base}/rest/api/3/role/10002"),
        "id": 10002,
        "name": "Administrators",
        "description": "Project administrators.",
        "actors": actors,
    }]))
}
