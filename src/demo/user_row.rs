//! Organization API v2: one person as a row of a list.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    clock,
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
    let picture = person.picture();
    UserRow {
        account_id: person.account.to_string(),
        account_type: "atlassian",
        status: person.status(),
        account_status: person.account_status(),
        membership_status: person.membership_status(),
        added_to_org: person.added.map(|added| clock::text(added, 3)),
        name: person.name(),
        nickname: person.nickname(),
        email: Field::of(organization.shown_email(person), organization),
        email_verified: person.is(Traits::EMAIL_VERIFIED),
        claim_status: person.claim_status(),
        management_source: person.management_source(),
        mfa_enabled: person.is_managed().then(|| person.is(Traits::MFA)),
        avatar: picture.clone(),
        picture,
        job_title: field(person.job_title()),
        department: field(person.department()),
        location: field(person.location()),
        time_zone: field(person.time_zone()),
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

/// The row with what was asked for beside it.
pub(super) fn searched(
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
        let umbrella = resource.umbrella_id().filter(|_| organization.character.says_jira());
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
