//! Organization API v2: workspaces, which are the product instances.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Reply, ok},
    clock, error,
    organization::{ADMIN, Organization, Resource},
    page,
};

fn refused(detail: &str) -> Reply {
    error::bare(400, "ADMIN-400-4", "Invalid resource", &detail)
}

/// POST /v2/orgs/{orgId}/workspaces: with a cursor nothing else may be sent.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut body = call.value().map_err(|_| refused("The body is not JSON."))?;
    let list = page::fingerprint(&("workspaces", call.organization));
    let mut start = 0;
    let members = body.as_object().ok_or_else(|| refused("The body is no object."))?;
    if let Some(cursor) = members.get("cursor").filter(|cursor| !cursor.is_null()) {
        if members.len() > 1 {
            return Err(refused("A cursor is sent alone."));
        }
        let opened = cursor.as_str().and_then(page::opened);
        let (named, position, arguments) =
            opened.ok_or_else(|| refused("The cursor could not be decoded."))?;
        if named != list {
            return Err(refused("The cursor could not be decoded."));
        }
        start = position;
        body = serde_json::from_str(&arguments)
            .map_err(|_| refused("The cursor could not be decoded."))?;
    }
    let organization = call.read();
    let limit = limit_of(&body)?;
    let rows = found(call, &organization, &body)?;
    let total = rows.len();
    let data: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
    let mut links = json!({});
    if total > start + limit {
        let cursor = page::carrying(list, start + limit, &body.to_string());
        links["next"] = if organization.character.links_workspaces_by_url() {
            json!(format!("{}{}?cursor={cursor}", call.world.api_url, call.path))
        } else {
            json!(cursor)
        };
    }
    let is_empty = data.is_empty();
    let meta = json!({
        "pageSize": data.len(),
        "startIndex": (!is_empty).then_some(start),
        "endIndex": (!is_empty).then(|| start + data.len() - 1),
        "total": total,
    });
    ok(&json!({"data": data, "links": links, "meta": meta}))
}

fn limit_of(body: &Value) -> Result<usize, Reply> {
    let known = ["limit", "query", "sort", "cursor"];
    let members = body.as_object().into_iter().flatten();
    for (name, _) in members {
        if !known.contains(&name.as_str()) {
            return Err(refused(&format!("Unknown member {name}.")));
        }
    }
    match &body["limit"] {
        Value::Null => Ok(20),
        limit => limit
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=1000).contains(limit))
            .ok_or_else(|| refused("limit is from 1 to 1000.")),
    }
}

fn found(call: &Call<'_>, organization: &Organization, body: &Value) -> Result<Vec<Value>, Reply> {
    let mut rows = Vec::new();
    for index in 0..organization.resources.len() {
        let row = row(call, organization, index);
        if matches(&body["query"], &row)? {
            rows.push(row);
        }
    }
    for order in body["sort"].as_array().into_iter().flatten() {
        let field = order["field"].as_str().unwrap_or_default().to_owned();
        rows.sort_by_key(|row| member(row, &field).to_string());
        if order["order"] == "desc" {
            rows.reverse();
        }
    }
    Ok(rows)
}

/// A member of a row by its dotted path.
fn member<'a>(row: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(row, |value, part| &value[part])
}

/// Whether a row answers one operand of the query.
fn matches(query: &Value, row: &Value) -> Result<bool, Reply> {
    if query.is_null() {
        return Ok(true);
    }
    if let Some(operands) = query["and"].as_array() {
        return operands
            .iter()
            .try_fold(true, |so_far, operand| Ok(matches(operand, row)? && so_far));
    }
    if let Some(operands) = query["nor"].as_array() {
        return operands
            .iter()
            .try_fold(true, |so_far, operand| Ok(!matches(operand, row)? && so_far));
    }
    if let Some(field) = query.get("field") {
        let (Some(name), Some(values)) = (field["name"].as_str(), field["values"].as_array())
        else {
            return Err(refused("A field has a name and values."));
        };
        if !name.starts_with("attributes.") && name != "id" && name != "type" {
            return Err(refused("Unknown field in query."));
        }
        return Ok(values.contains(member(row, name)));
    }
    if let Some(text) = query["searchWorkspaces"].as_str() {
        let name = row["attributes"]["name"].as_str().unwrap_or_default();
        return Ok(name.to_lowercase().contains(&text.to_lowercase()));
    }
    if query.get("features").is_some() || query.get("policies").is_some() {
        return Ok(true);
    }
    Err(refused("Unknown operand in query."))
}

fn row(call: &Call<'_>, organization: &Organization, index: usize) -> Value {
    let resource = &organization.resources[index];
    let site = resource.site.map(|site| &organization.sites[site]);
    let name = site.map_or(organization.slug, |site| &site.name);
    let sandbox = if site.is_some_and(|site| site.is_sandbox) { "CHILD" } else { "NONE" };
    let mut attributes = json!({
        "name": name,
        "type": resource.product,
        "typeKey": resource.owner,
        "owner": resource.owner,
        "status": if resource.is_online { "online" } else { "offline" },
        "statusDetails": [],
        "hostUrl": resource.host_url,
        "realm": "commercial",
        "regions": ["eu"],
        "labels": [],
        "icons": {},
        "avatars": {},
        "sandbox": {"type": sandbox},
        "capacity": resource.capacity,
        "usage": resource.has_usage.then(|| organization.seats_used(index)),
    });
    if let Some(created) = resource.created {
        let admin = organization.person(ADMIN).account;
        attributes["createdAt"] = json!(clock::text(created, 3));
        attributes["createdBy"] = json!(format!("ari:cloud:identity::user/{admin}"));
    }
    json!({
        "id": resource.id,
        "type": "workspaces",
        "attributes": attributes,
        "relationships": {"entitlement": [entitlement(resource)]},
        "links": {"self": format!("{}{}/{}", call.world.api_url, call.path, resource.id)},
    })
}

fn entitlement(resource: &Resource) -> Value {
    json!({
        "id": format!("e-{}", resource.owner),
        "type": "entitlement",
        "attributes": {
            "key": format!("{}.ondemand", resource.owner),
            "plan": resource.plan,
            "planKey": resource.plan,
        },
    })
}
