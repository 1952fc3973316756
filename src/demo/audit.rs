//! Organization API v1: the audit log, as search, as stream, and its catalogue of actions.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Reply, ok},
    clock, error,
    generate::ACTIONS,
    generate::names::TOWNS,
    organization::{Event, Organization, Subject},
    page,
};

/// How long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(180 * 24);
const PRODUCTS: [&str; 5] = ["bitbucket", "confluence", "guard_detect", "jira", "loom"];

fn invalid_time() -> Reply {
    error::list(400, "ADMIN-400-3", "Invalid time", &"Times are epoch milliseconds.")
}

fn syntax(detail: &str) -> Reply {
    error::list(400, "ADMIN-400-19", "Invalid request", &detail)
}

fn needs_plan(organization: &Organization) -> Result<(), Reply> {
    if organization.character.has_audit_log() { Ok(()) } else { Err(error::may_not_manage()) }
}

fn time(call: &Call<'_>, name: &str) -> Result<Option<Timestamp>, Reply> {
    call.query(name)
        .map(|text| {
            let milliseconds: i64 = text.parse().map_err(|_| invalid_time())?;
            Timestamp::from_millisecond(milliseconds).map_err(|_| invalid_time())
        })
        .transpose()
}

fn limit(call: &Call<'_>, default: usize) -> Result<usize, Reply> {
    let Some(text) = call.query("limit") else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=500).contains(limit))
        .ok_or_else(|| syntax("limit is from 1 to 500."))
}

/// Comma lists, as the document writes actors, addresses and products.
fn commas(call: &Call<'_>, name: &str) -> Option<Vec<String>> {
    let text = call.query(name)?;
    Some(text.split(',').map(str::to_owned).collect())
}

/// What is asked of the log.
struct Wanted {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    action: Option<String>,
    actors: Option<Vec<String>>,
    addresses: Option<Vec<String>>,
    is_of_products: bool,
    term: Option<String>,
}

impl Wanted {
    fn of(call: &Call<'_>) -> Result<Self, Reply> {
        let products = commas(call, "product");
        if products.iter().flatten().any(|product| !PRODUCTS.contains(&product.as_str())) {
            return Err(syntax("There is no such product."));
        }
        Ok(Self {
            from: time(call, "from")?,
            to: time(call, "to")?,
            action: call.query("action").map(str::to_owned),
            actors: commas(call, "actor"),
            addresses: commas(call, "ip"),
            is_of_products: products.is_some(),
            term: call.query("q").map(str::to_lowercase),
        })
    }

    fn takes(&self, organization: &Organization, event: &Event, now: Timestamp) -> bool {
        let actor = organization.person(event.actor);
        let is_kept = now.duration_since(event.at) <= KEPT && event.at <= now;
        // Everything here is done in the administration, not inside a product.
        is_kept
            && !self.is_of_products
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at <= to)
            && self.action.as_ref().is_none_or(|action| action == event.action)
            && self.actors.as_ref().is_none_or(|actors| actors.contains(&actor.account.to_string()))
            && self.addresses.as_ref().is_none_or(|addresses| addresses.contains(&address(event)))
            && self
                .term
                .as_ref()
                .is_none_or(|term| text_of(organization, event).to_lowercase().contains(term))
    }
}

fn address(event: &Event) -> String {
    std::net::Ipv4Addr::from(event.ip).to_string()
}

fn text_of(organization: &Organization, event: &Event) -> String {
    let actor = organization.person(event.actor).name();
    let subject = match event.subject {
        Subject::Person(index) => organization.person(index).name(),
        Subject::Group(index) => organization.groups[index as usize].name.clone(),
    };
    let action = ACTIONS
        .iter()
        .find(|(id, _, _)| *id == event.action)
        .map_or(event.action, |(_, display, _)| display);
    format!("{action}: {subject}, by {actor} ({})", event.action)
}

fn row(call: &Call<'_>, organization: &Organization, event: &Event) -> Value {
    let api = &call.world.api_url;
    let profile = |account: &str| json!({"self": format!("{api}/users/{account}/manage/profile")});
    let actor = organization.person(event.actor);
    let account = actor.account.to_string();
    let mut actor_told = json!({
        "id": account,
        "name": actor.name(),
        "auth": {"authType": "api-token", "tokenId": "t-1", "tokenLabel": "headcount"},
        "links": profile(&account),
    });
    if let Some(email) = organization.shown_email(actor) {
        actor_told["email"] = json!(email);
    }
    let subject = match event.subject {
        Subject::Person(index) => {
            let person = organization.person(index);
            let account = person.account.to_string();
            let mut attributes = json!({"accountId": account, "name": person.name()});
            if let Some(email) = organization.shown_email(person) {
                attributes["email"] = json!(email);
            }
            json!({
                "id": account,
                "type": "users",
                "attributes": attributes,
                "links": profile(&account),
            })
        }
        Subject::Group(index) => {
            let group = &organization.groups[index as usize];
            json!({"id": group.id, "type": "groups", "attributes": {"name": group.name}})
        }
    };
    let town = &TOWNS[usize::from(event.town)];
    json!({
        "id": event.id,
        "type": "events",
        "attributes": {
            "time": clock::text(event.at, 3),
            "action": event.action,
            "actor": actor_told,
            "context": [subject],
            "container": [{
                "id": organization.id,
                "type": "organizations",
                "attributes": {"name": organization.name},
            }],
            "location": {
                "ip": address(event),
                "city": town.name,
                "regionName": town.name,
                "countryName": town.country,
            },
        },
        "message": {"content": text_of(organization, event), "format": "simple"},
        "links": {"self": format!("{api}/admin/v1/orgs/{}/events/{}", organization.id, event.id)},
    })
}

/// GET …/events: newest first.
pub(super) fn events(call: &Call<'_>) -> Answer {
    let organization = call.read();
    needs_plan(&organization)?;
    let wanted = Wanted::of(call)?;
    let limit = limit(call, 30)?;
    let asked: Vec<&(String, String)> =
        call.query.iter().filter(|(name, _)| name != "cursor").collect();
    let list = page::fingerprint(&("events", call.organization, &asked));
    // Positions count from the oldest event: those written meanwhile do not shift the pages.
    let start = match call.query("cursor") {
        Some(cursor) => page::position(cursor, list).ok_or_else(error::cursor)?,
        None => organization.events.len(),
    };
    let mut rows = Vec::new();
    let mut after = None;
    for place in (0..start.min(organization.events.len())).rev() {
        let event = &organization.events[place];
        if !wanted.takes(&organization, event, call.now) {
            continue;
        }
        if rows.len() == limit {
            after = Some(page::cursor(list, place + 1));
            break;
        }
        rows.push(row(call, &organization, event));
    }
    ok(&listed(call, &rows, &asked, after))
}

fn listed(
    call: &Call<'_>,
    rows: &[Value],
    asked: &[&(String, String)],
    next: Option<String>,
) -> Value {
    let address = |cursor: Option<&str>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in asked {
            query.append_pair(name, value);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{}{mark}{query}", call.world.api_url, call.path)
    };
    let mut links = json!({"self": address(None)});
    let mut meta = json!({"page_size": rows.len()});
    if let Some(next) = next {
        links["next"] = json!(address(Some(&next)));
        meta["next"] = json!(next);
    }
    json!({"data": rows, "links": links, "meta": meta})
}

/// GET …/events-stream: oldest first unless told otherwise; the last cursor stays good.
pub(super) fn stream(call: &Call<'_>) -> Answer {
    let organization = call.read();
    needs_plan(&organization)?;
    let limit = limit(call, 200)?;
    let list = page::fingerprint(&("events-stream", call.organization));
    let (start, arguments) = match call.query("cursor") {
        Some(cursor) => {
            let (named, position, arguments) = page::opened(cursor).ok_or_else(error::cursor)?;
            if named != list {
                return Err(error::cursor());
            }
            (Some(position), arguments)
        }
        None => (None, call.query("sortOrder").unwrap_or("asc").to_owned()),
    };
    let wanted = Wanted::of(call)?;
    let count = organization.events.len();
    let is_descending = match arguments.as_str() {
        "asc" => false,
        "desc" => true,
        _ => return Err(syntax("sortOrder is asc or desc.")),
    };
    let places: Box<dyn Iterator<Item = usize>> = if is_descending {
        Box::new((0..start.unwrap_or(count).min(count)).rev())
    } else {
        Box::new(start.unwrap_or(0)..count)
    };
    let mut rows = Vec::new();
    let mut end = start.unwrap_or(if is_descending { count } else { 0 });
    for place in places {
        let event = &organization.events[place];
        if rows.len() == limit {
            break;
        }
        end = if is_descending { place } else { place + 1 };
        if wanted.takes(&organization, event, call.now) {
            let mut row = row(call, &organization, event);
            let processed = event.at.saturating_add(SignedDuration::from_millis(704));
            let processed = processed.unwrap_or(event.at);
            row["attributes"]["processedAt"] = json!(clock::text(processed, 3));
            rows.push(row);
        }
    }
    let next = page::carrying(list, end, &arguments);
    ok(&listed(call, &rows, &[], Some(next)))
}

/// GET …/events/{eventId}
pub(super) fn event(call: &Call<'_>) -> Answer {
    let organization = call.read();
    needs_plan(&organization)?;
    let id = call.param("eventId");
    organization.events.iter().find(|event| event.id.to_string() == id).map_or_else(
        || Err(error::list(404, "ADMIN-404-4", "Event not found", &"No event has this id.")),
        |event| ok(&json!({"data": row(call, &organization, event)})),
    )
}

/// GET …/event-actions
pub(super) fn actions(call: &Call<'_>) -> Answer {
    needs_plan(&call.read())?;
    let rows: Vec<Value> = ACTIONS
        .iter()
        .map(|(id, display, group)| {
            json!({
                "id": id,
                "type": "event-actions",
                "attributes": {"displayName": display, "groupDisplayName": group},
            })
        })
        .collect();
    ok(&json!({"data": rows}))
}
