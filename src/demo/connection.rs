//! How callers reach the simulated organizations: addresses and credentials.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    organization::{ADMIN, LIMITED, Organization},
    person::{Membership, Traits},
    world::World,
};

/// What somebody types into the connection form for one organization.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// A display name.
    pub label: String,
    /// Who the API token belongs to.
    pub admin_email: String,
    /// A site token of that person.
    pub api_token: String,
    /// Base of the first site, for instance `http://127.0.0.1:41235`.
    pub admin_url: String,
    /// Path segment of the Organization API.
    pub organization_id: String,
    /// Bearer key of the Organization and the User management API.
    pub organization_api_key: String,
}

// Written by hand so that no log shows a secret.
impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("label", &self.label)
            .field("admin_url", &self.admin_url)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// A person as tests look them up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that a test asks for one by one")]
pub struct PersonSummary {
    /// The account id.
    pub account_id: String,
    /// The full name; "Former user" once closed.
    pub name: String,
    /// The address, shown by the API or not; none once closed.
    pub email: Option<String>,
    /// Whether the API hides the address.
    pub is_email_hidden: bool,
    /// The composite status, or `closed`.
    pub status: &'static str,
    /// active, inactive or closed.
    pub account_status: &'static str,
    /// active, suspended or `no_membership`.
    pub membership_status: &'static str,
    /// Whether the account is managed by the organization.
    pub is_managed: bool,
    /// `externalDirectory.scim` or `externalDirectory.google`, where somebody else owns it.
    pub external_owner: Option<&'static str>,
    /// Whether deletion is refused because of bills.
    pub is_billing_contact: bool,
    /// Whether the address was ever verified: the User management API refuses accounts without.
    pub is_email_verified: bool,
    /// Whether a program logs in with it.
    pub is_service_account: bool,
    /// When one of the person's own API tokens was last used.
    pub last_token_use: Option<Timestamp>,
    /// The ids of the directories that the person is in, suspended or not.
    pub directories: Vec<String>,
    /// Role ids such as `atlassian/org-admin`.
    pub platform_roles: Vec<&'static str>,
    /// Bare ids of the groups.
    pub groups: Vec<String>,
    /// The latest visit to any product.
    pub last_active: Option<Timestamp>,
    /// Resource ids with the latest visit to each.
    pub visits: Vec<(String, Timestamp)>,
}

pub(super) fn summary(organization: &Organization, index: u32) -> PersonSummary {
    let person = organization.person(index);
    let visits: Vec<(String, Timestamp)> = person
        .visits
        .iter()
        .map(|visit| {
            let resource = &organization.resources[usize::from(visit.resource)];
            (resource.id.clone(), visit.at)
        })
        .collect();
    let tokens = organization.tokens.get(&index).into_iter().flatten();
    PersonSummary {
        account_id: person.account.to_string(),
        name: person.name(),
        email: organization.email(person),
        is_email_hidden: organization.shown_email(person).is_none(),
        status: person.status().unwrap_or("closed"),
        account_status: person.account_status(),
        membership_status: person.membership_status(),
        is_managed: person.is_managed(),
        external_owner: person.external_owner(),
        is_billing_contact: person.is(Traits::BILLING_CONTACT),
        is_email_verified: person.is(Traits::EMAIL_VERIFIED),
        is_service_account: person.is(Traits::SERVICE_ACCOUNT),
        last_token_use: tokens.filter_map(|token| token.last_access).max(),
        directories: organization
            .directories
            .iter()
            .zip(person.memberships)
            .filter(|(_, membership)| *membership != Membership::None)
            .map(|(directory, _)| directory.id.clone())
            .collect(),
        platform_roles: super::user_row::platform_roles(person),
        groups: person
            .groups
            .iter()
            .map(|group| organization.groups[*group as usize].id.clone())
            .collect(),
        last_active: visits.iter().map(|(_, at)| *at).max(),
        visits,
    }
}

pub(super) fn connection(organization: &Organization) -> Connection {
    Connection {
        label: organization.name.to_owned(),
        admin_email: email(organization, ADMIN),
        api_token: organization.admin_token.clone(),
        admin_url: organization.sites[0].url.clone(),
        organization_id: organization.id.clone(),
        organization_api_key: organization.key.clone(),
    }
}

/// The same with the token of a person who may not administer Jira.
pub(super) fn limited_connection(organization: &Organization) -> Connection {
    Connection {
        label: format!("{} (limited token)", organization.name),
        admin_email: email(organization, LIMITED),
        api_token: organization.limited_token.clone(),
        ..connection(organization)
    }
}

fn email(organization: &Organization, index: u32) -> String {
    let person = organization.people.get(index as usize);
    person.and_then(|person| organization.email(person)).unwrap_or_default()
}

impl World {
    /// Addresses and credentials, as the command line prints them.
    pub(super) fn description(&self) -> Value {
        let now = self.clock.now();
        let organizations: Vec<Value> = (0..self.organizations.len())
            .map(|index| {
                let organization = self.read(index, now);
                let connection = connection(&organization);
                let limited = limited_connection(&organization);
                let sites: Vec<Value> = organization
                    .sites
                    .iter()
                    .map(|site| {
                        json!({
                            "name": site.name,
                            "url": site.url,
                            "cloudId": site.cloud_id,
                            "isSandbox": site.is_sandbox,
                        })
                    })
                    .collect();
                let directories: Vec<&str> = organization
                    .directories
                    .iter()
                    .map(|directory| directory.id.as_str())
                    .collect();
                let mut told = serde_json::to_value(connection).unwrap_or_default();
                told["people"] = json!(organization.people.len());
                told["isKeyScoped"] = json!(organization.character.has_scoped_key());
                told["limitedEmail"] = json!(limited.admin_email);
                told["limitedApiToken"] = json!(limited.api_token);
                told["directoryIds"] = json!(directories);
                told["sites"] = json!(sites);
                told
            })
            .collect();
        json!({
            "api": self.api_url,
            "control": format!("{}/_simulator/", self.api_url),
            "organizations": organizations,
        })
    }
}
