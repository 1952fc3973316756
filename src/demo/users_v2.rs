//! Organization API v2: lists of people.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Reply, ok},
    error,
    organization::Organization,
    page,
    role::Role,
    user_row::{UserRow, searched},
    users_filter::{UserFilter, UserSearch},
};

/// POST …/users/search
pub(super) fn search(call: &Call<'_>) -> Answer {
    let mut search: UserSearch = call.json()?;
    search.check()?;
    let limit = search.page_size(50)?;
    let cursor = search.cursor.take();
    let list = page::fingerprint(&(call.organization, call.param("directoryId"), &search));
    let start = match &cursor {
        Some(cursor) => page::position(cursor, list).ok_or_else(error::cursor)?,
        None => 0,
    };
    let next = |position| page::cursor(list, position);
    let organization = call.read();
    let filter = UserFilter::new(&search, call.directory_to_read(&organization)?, &organization);
    let (rows, after) = one_page(&organization, &search, &filter, start, limit);
    ok(&listed(&organization, &rows, after.map(next), start, list))
}

/// GET …/users: beside a cursor, everything else is ignored.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let list = page::fingerprint(&("users", call.organization, call.param("directoryId")));
    let (search, start) = match call.query("cursor") {
        Some(cursor) => resumed(cursor, list)?,
        None => (UserSearch::of_query(call)?, 0),
    };
    search.check()?;
    let limit = search.page_size(20)?;
    let organization = call.read();
    let filter = UserFilter::new(&search, call.directory_to_read(&organization)?, &organization);
    let (rows, after) = one_page(&organization, &search, &filter, start, limit);
    let arguments = serde_json::to_string(&search).unwrap_or_default();
    let next = after.map(|position| page::carrying(list, position, &arguments));
    ok(&listed(&organization, &rows, next, start, list))
}

fn resumed(cursor: &str, list: u64) -> Result<(UserSearch, usize), Reply> {
    let (named, position, arguments) = page::opened(cursor).ok_or_else(error::cursor)?;
    let search = serde_json::from_str(&arguments).map_err(|_| error::cursor())?;
    if named != list {
        return Err(error::cursor());
    }
    Ok((search, position))
}

/// The rows of one page and where the next begins.
fn one_page(
    organization: &Organization,
    search: &UserSearch,
    filter: &UserFilter,
    start: usize,
    limit: usize,
) -> (Vec<UserRow>, Option<usize>) {
    let named = filter.named();
    let count = u32::try_from(organization.people.len()).unwrap_or(u32::MAX);
    let order: Box<dyn Iterator<Item = u32>> = match (&named, &search.sort_by) {
        (Some(named), None) => Box::new(named.iter().copied()),
        (_, Some(_)) => {
            let order = organization.in_nickname_order().iter().copied();
            let is_named =
                move |index: &u32| named.as_ref().is_none_or(|named| named.contains(index));
            if search.is_descending() {
                Box::new(order.rev().filter(is_named))
            } else {
                Box::new(order.filter(is_named))
            }
        }
        (None, None) => {
            let start = u32::try_from(start).unwrap_or(u32::MAX);
            return collect(
                organization,
                (start..count).map(|index| (index as usize, index)),
                limit,
                |index| searched(organization, index, search, filter),
                filter,
            );
        }
    };
    collect(
        organization,
        order.enumerate().skip(start),
        limit,
        |index| searched(organization, index, search, filter),
        filter,
    )
}

fn collect(
    organization: &Organization,
    candidates: impl Iterator<Item = (usize, u32)>,
    limit: usize,
    tell: impl Fn(u32) -> UserRow,
    filter: &UserFilter,
) -> (Vec<UserRow>, Option<usize>) {
    let mut rows = Vec::with_capacity(limit);
    for (position, index) in candidates {
        if !filter.matches(organization, organization.person(index)) {
            continue;
        }
        if rows.len() == limit {
            return (rows, Some(position));
        }
        rows.push(tell(index));
    }
    (rows, None)
}

#[derive(Serialize)]
struct Listed<'a> {
    data: &'a [UserRow],
    links: Value,
}

fn listed<'a>(
    organization: &Organization,
    rows: &'a [UserRow],
    next: Option<String>,
    start: usize,
    list: u64,
) -> Listed<'a> {
    let own = page::cursor(list, start);
    Listed { data: rows, links: links(organization, &own, next) }
}

/// `links` of a v2 list: at the end `next` is left out, or null where nulls are written.
pub(super) fn links(organization: &Organization, own: &str, next: Option<String>) -> Value {
    let mut links = json!({"self": own});
    match next {
        Some(next) => links["next"] = Value::String(next),
        None if organization.character.writes_nulls() => {
            links["next"] = Value::Null;
            links["prev"] = Value::Null;
        }
        None => {}
    }
    links
}

/// GET …/users/count
pub(super) fn count(call: &Call<'_>) -> Answer {
    let search = UserSearch::of_query(call)?;
    search.check()?;
    let organization = call.read();
    let filter = UserFilter::new(&search, call.directory_to_read(&organization)?, &organization);
    let count = match filter.named() {
        Some(named) => named
            .iter()
            .filter(|index| filter.matches(&organization, organization.person(**index)))
            .count(),
        None => organization
            .people
            .iter()
            .filter(|person| filter.matches(&organization, person))
            .count(),
    };
    ok(&json!({"count": count}))
}

/// GET …/users/stats
pub(super) fn stats(call: &Call<'_>) -> Answer {
    let organization = call.read();
    let directory = call.directory_to_read(&organization)?;
    let search = UserSearch::default();
    let filter = UserFilter::new(&search, directory, &organization);
    let mut by_status = [("active", 0), ("inactive", 0), ("closed", 0)];
    let mut by_role = std::collections::BTreeMap::<Role, u32>::new();
    for person in &organization.people {
        let is_closed = directory.is_none() && person.account_status() == "closed";
        if !is_closed && !filter.matches(&organization, person) {
            continue;
        }
        for (status, count) in &mut by_status {
            *count += u32::from(*status == person.account_status());
        }
        let mut roles: Vec<Role> = organization.held(person).iter().map(|held| held.role).collect();
        if person.keeps_grants() {
            roles.extend(person.platform.iter());
        }
        roles.sort_unstable();
        roles.dedup();
        for role in roles {
            *by_role.entry(role).or_default() += 1;
        }
    }
    let statuses: Vec<Value> =
        by_status.iter().map(|(status, count)| json!({"status": status, "count": count})).collect();
    let roles: Vec<Value> =
        by_role.iter().map(|(role, count)| json!({"roleId": role.id(), "count": count})).collect();
    ok(&json!({"accountStatus": statuses, "roles": roles}))
}
