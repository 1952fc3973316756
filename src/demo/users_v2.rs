//! Organization API v2: lists of people.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Reply, ok},
    clock, error,
    organization::Organization,
    page,
    person::{Membership, Person, Traits, Visit},
    profile::Shown,
    role::Role,
    users_filter::{UserFilter, UserSearch, deactivated_on},
};

/// A member that may be left out, be null, or hold text.
#[derive(Default)]
pub(super) enum Field {
    #[default]
    Absent,
    Null,
    Text(String),
}

impl Field {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Nothing to tell is null or left out, as the organization has it.
    fn of(text: Option<String>, organization: &Organization) -> Self {
        match text {
            Some(text) => Self::Text(text),
            None if organization.character.writes_nulls() => Self::Null,
            None => Self::Absent,
        }
    }

    fn shown(shown: Shown, organization: &Organization) -> Self {
        Self::of(shown.text(), organization)
    }
}

impl Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

/// One row of a list.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserRow {
    account_id: String,
    account_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    account_status: &'static str,
    membership_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    added_to_org: Option<String>,
    name: String,
    nickname: String,
    #[serde(skip_serializing_if = "Field::is_absent")]
    email: Field,
    email_verified: bool,
    claim_status: &'static str,
    management_source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa_enabled: Option<bool>,
    picture: String,
    avatar: String,
    #[serde(skip_serializing_if = "Field::is_absent")]
    job_title: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    department: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    location: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    time_zone: Field,
    #[serde(skip_serializing_if = "Field::is_absent")]
    organization: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform_roles: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_access: Option<Vec<ProductAccess>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupOfUser>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) deactivated_on: Field,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_deletion: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) links: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductAccess {
    id: String,
    key: &'static str,
    last_active_timestamp: String,
}

#[derive(Serialize)]
struct GroupOfUser {
    id: String,
    name: Option<String>,
    description: Option<String>,
}

/// The members that every row has.
pub(super) fn row(organization: &Organization, person: &Person) -> UserRow {
    let field = |shown| Field::shown(shown, organization);
    let picture = organization.picture(person);
    UserRow {
        account_id: person.account.to_string(),
        account_type: "atlassian",
        status: person.status(),
        account_status: person.account_status(),
        membership_status: person.membership_status(),
        added_to_org: person.added.map(|added| clock::text(added, 3)),
        name: organization.name(person),
        nickname: organization.nickname(person),
        email: Field::of(organization.shown_email(person), organization),
        email_verified: person.is(Traits::EMAIL_VERIFIED),
        claim_status: person.claim_status(),
        management_source: person.management_source(),
        mfa_enabled: person.is_managed().then(|| person.is(Traits::MFA)),
        avatar: picture.clone(),
        picture,
        job_title: field(organization.job_title(person)),
        department: field(organization.department(person)),
        location: field(organization.location(person)),
        time_zone: field(organization.time_zone(person)),
        organization: field(organization.employer(person)),
        ..UserRow::default()
    }
}

pub(super) fn platform_roles(person: &Person) -> Vec<&'static str> {
    if !person.keeps_grants() {
        return Vec::new();
    }
    person.platform.iter().map(Role::id).collect()
}

fn searched(
    organization: &Organization,
    index: u32,
    search: &UserSearch,
    filter: &UserFilter,
) -> UserRow {
    let person = organization.person(index);
    let mut row = row(organization, person);
    if search.expands("platformRoles") {
        row.platform_roles = Some(platform_roles(person));
    }
    if search.expands("counts.resources") {
        row.counts = Some(json!({"resources": organization.resources_in_reach(person)}));
    }
    if search.expands("productAccess") {
        row.product_access = Some(product_access(organization, person));
    }
    if search.expands("groups") {
        row.groups = Some(groups_of(organization, person, filter.directory));
    }
    if organization.character.writes_nulls() {
        // Not in the document; met by a live client.
        let since = deactivated_on(person).map(|since| clock::text(since, 3));
        row.deactivated_on = Field::of(since, organization);
        row.for_deletion = Some(person.status() == Some("for_deletion"));
    }
    row.links = Some(json!({"self": page::cursor(0, index as usize)}));
    row
}

fn product_access(organization: &Organization, person: &Person) -> Vec<ProductAccess> {
    if !person.keeps_grants() {
        return Vec::new();
    }
    let tell = |visit: &Visit| {
        let resource = &organization.resources[usize::from(visit.resource)];
        let umbrella = resource
            .umbrella_id()
            .filter(|_| organization.character.says_jira());
        let key = if umbrella.is_some() { "jira" } else { resource.owner };
        // Nanoseconds in places: anything from none to nine digits has to be read.
        let digits = u8::try_from(visit.at.subsec_nanosecond().unsigned_abs() % 10).unwrap_or(9);
        ProductAccess {
            id: umbrella.unwrap_or_else(|| resource.id.clone()),
            key,
            last_active_timestamp: clock::text(visit.at, digits),
        }
    };
    person.visits.iter().map(tell).collect()
}

/// The groups within the directory, or within all.
fn groups_of(
    organization: &Organization,
    person: &Person,
    directory: Option<usize>,
) -> Vec<GroupOfUser> {
    if !person.keeps_grants() {
        return Vec::new();
    }
    person
        .groups
        .iter()
        .map(|group| &organization.groups[*group as usize])
        .filter(|group| {
            directory.is_none_or(|directory| directory == group.directory)
                && person.memberships[group.directory] != Membership::None
        })
        .map(|group| GroupOfUser {
            id: format!("ari:cloud:identity::group/{}", group.id),
            name: Some(group.name.clone())
                .filter(|_| !organization.character.writes_nulls() || group.description.is_some()),
            description: group.description.clone(),
        })
        .collect()
}

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
            return collect(organization, (start..count).map(|index| (index as usize, index)), limit, |index| {
                searched(organization, index, search, filter)
            }, filter);
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
    Listed {
        data: rows,
        links: links(organization, &own, next),
    }
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
    let statuses: Vec<Value> = by_status
        .iter()
        .map(|(status, count)| json!({"status": status, "count": count}))
        .collect();
    let roles: Vec<Value> = by_role
        .iter()
        .map(|(role, count)| json!({"roleId": role.id(), "count": count}))
        .collect();
    ok(&json!({"accountStatus": statuses, "roles": roles}))
}
