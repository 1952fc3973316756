//! A site beside its Jira: which cloud id it has, and which organization it belongs to.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, ok},
    error,
    organization::Site,
};

/// GET `/_edge/tenant_info`, without credentials.
pub(super) fn tenant_info(call: &Call<'_>) -> Answer {
    ok(&json!({"cloudId": call.read().sites[call.site].cloud_id}))
}

/// POST /gateway/api/graphql, for the one question `tenantContexts`.
pub(super) fn graphql(call: &Call<'_>) -> Answer {
    let body = call.value().map_err(|_| error::jira(400, "The body is not JSON."))?;
    let query = body["query"].as_str().unwrap_or_default();
    if !query.contains("tenantContexts") {
        let message = "Cannot query this field";
        return ok(&json!({"errors": [{"message": message}], "data": null}));
    }
    let contexts: Vec<Value> = host_names(query, &body["variables"])
        .iter()
        .map(|host| context(call, host, query))
        .collect();
    ok(&json!({"data": {"tenantContexts": contexts}}))
}

/// The host names, from the variables or written into the query.
fn host_names(query: &str, variables: &Value) -> Vec<String> {
    let given = variables
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, value)| value.as_array().into_iter().flatten())
        .filter_map(Value::as_str);
    let given: Vec<String> = given.map(str::to_owned).collect();
    if !given.is_empty() {
        return given;
    }
    let list = query
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn context(call: &Call<'_>, host: &str, query: &str) -> Value {
    let own = call.organization;
    let is_named = |site: &Site| site.host().eq_ignore_ascii_case(host);
    let without_port = |site: &Site| {
        site.host().rsplit_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(host))
    };
    let others = (0..call.world.organizations.len()).filter(|index| *index != own);
    for index in std::iter::once(own).chain(others) {
        let organization = call.world.read(index, call.now);
        let found = organization.sites.iter().enumerate().find(|(place, site)| {
            is_named(site) || (index == own && *place == call.site && without_port(site))
        });
        if let Some((_, site)) = found {
            let mut context = json!({
                "cloudId": site.cloud_id,
                "orgId": organization.id,
                "hostName": host,
            });
            let selected = query.rsplit_once('{').map_or(query, |(_, selected)| selected);
            if let Some(members) = context.as_object_mut() {
                members.retain(|name, _| selected.contains(name.as_str()));
            }
            return context;
        }
    }
    Value::Null
}
