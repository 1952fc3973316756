//! The site's own APIs: seats by Jira product, the token's owner and rights, the site and its organization.
//!
//! All of it takes a classic API token. A token made with scopes answers 401 on the site's address; it would work at
//! `https://api.atlassian.com/ex/jira/{cloudId}` only, which is not tried.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::{Client, Credential},
    error::{Error, ErrorKind, Result},
    limiter::Family,
};
use crate::domain::{AccountId, GroupId, OrganizationId};

/// The seats of one Jira product on the site (v3 `applicationrole`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRole {
    /// The application key, such as `jira-software`.
    pub key: String,
    /// Its display name.
    pub name: String,
    /// The groups that grant it.
    pub groups: Vec<ApplicationGroup>,
    /// The groups that people who get it come into.
    pub default_groups: Vec<ApplicationGroup>,
    /// Seats of the licence; `None` where they are unlimited or not told.
    pub number_of_seats: Option<u64>,
    /// People counted against the licence; somebody with two products counts in both.
    pub user_count: Option<u64>,
    /// Seats left; `None` where they are unlimited or not told.
    pub remaining: Option<u64>,
    /// Whether the licence has no bound.
    pub has_unlimited_seats: bool,
}

/// A group of the site, as Jira names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationGroup {
    /// The group's id; `None` where Jira tells its name only.
    pub id: Option<GroupId>,
    /// The group's name.
    pub name: String,
}

/// Whose the API token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Myself {
    /// The account.
    pub account_id: AccountId,
    /// Whether the site said that it knew the caller; some reads answer strangers too.
    pub authenticated: bool,
}

/// What the owner of the API token may do on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MyPermissions {
    /// Administer Jira: needed for seat counts.
    pub administer: bool,
    /// Browse users and groups: needed for lists of people.
    pub browse_users: bool,
}

/// What the site says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// `Cloud`; anything else is no site of Atlassian's.
    pub deployment_type: Option<String>,
    /// The site's own idea of its address.
    pub base_url: Option<String>,
    /// The site's title.
    pub server_title: Option<String>,
}

impl Client {
    /// Seats of every Jira product of the site.
    ///
    /// # Errors
    /// As any call; `Forbidden` without Administer Jira.
    pub async fn application_roles(&self) -> Result<Vec<ApplicationRole>> {
        let url = self.site_url("applicationrole", &["rest", "api", "3", "applicationrole"])?;
        let call = self.call("applicationrole", Family::Site, url, Credential::Basic)?;
        let rows: Vec<WireApplicationRole> = self.send(&call).await?.value;
        Ok(rows.into_iter().map(WireApplicationRole::into_domain).collect())
    }

    /// Whose the API token is.
    ///
    /// # Errors
    /// As any call; `Unauthorized` for a wrong or expired token and for one made with scopes.
    pub async fn myself(&self) -> Result<Myself> {
        let url = self.site_url("myself", &["rest", "api", "3", "myself"])?;
        let call = self.call("myself", Family::Site, url, Credential::Basic)?;
        let answer = self.send::<WireMyself>(&call).await?;
        Ok(Myself {
            account_id: answer.value.account_id,
            authenticated: answer.headers.contains_key("x-aaccountid"),
        })
    }

    /// What the owner of the API token may do.
    ///
    /// # Errors
    /// As any call.
    pub async fn my_permissions(&self) -> Result<MyPermissions> {
        let mut url = self.site_url("mypermissions", &["rest", "api", "3", "mypermissions"])?;
        url.query_pairs_mut().append_pair("permissions", "ADMINISTER,USER_PICKER");
        let call = self.call("mypermissions", Family::Site, url, Credential::Basic)?;
        let permissions = self.send::<WirePermissions>(&call).await?.value.permissions;
        let has = |permission: &Value| permission["havePermission"].as_bool().unwrap_or_default();
        Ok(MyPermissions {
            administer: has(&permissions["ADMINISTER"]),
            browse_users: has(&permissions["USER_PICKER"]),
        })
    }

    /// What the site says of itself. It is asked without credentials, so it tells whether the address is right even
    /// when they are not.
    ///
    /// # Errors
    /// As any call; `NotFound` for a site that does not exist.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        let url = self.site_url("serverInfo", &["rest", "api", "3", "serverInfo"])?;
        let call = self.call("serverInfo", Family::Site, url, Credential::Nothing)?;
        let wire: WireServerInfo = self.send(&call).await?.value;
        Ok(ServerInfo {
            deployment_type: wire.deployment_type,
            base_url: wire.base_url,
            server_title: wire.server_title,
        })
    }

    /// The organization that the site belongs to; `None` where the site does not tell.
    ///
    /// # Errors
    /// As any call, but for 404.
    pub async fn site_organization(&self) -> Result<Option<OrganizationId>> {
        let operation = "tenantContexts";
        let url = self.site_url(operation, &["gateway", "api", "graphql"])?;
        let host = self
            .credentials()
            .admin_url
            .host_str()
            .ok_or_else(|| Error::new(ErrorKind::BadRequest, operation))?;
        let body = json!({
            "query": "query($hosts:[String!]!){tenantContexts(hostNames:$hosts){orgId}}",
            "variables": { "hosts": [host] },
        });
        let call = self.call(operation, Family::Site, url, Credential::Basic)?.with_body(&body);
        let answer: Value = match self.send(&call).await {
            Ok(answer) => answer.value,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let organization = answer["data"]["tenantContexts"][0]["orgId"].as_str();
        Ok(organization.filter(|id| !id.is_empty()).map(OrganizationId::from))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMyself {
    account_id: AccountId,
}

#[derive(Debug, Deserialize)]
struct WirePermissions {
    permissions: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireServerInfo {
    deployment_type: Option<String>,
    base_url: Option<String>,
    server_title: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireApplicationRole {
    key: String,
    name: Option<String>,
    groups: Option<Vec<String>>,
    group_details: Option<Vec<WireGroup>>,
    default_groups: Option<Vec<String>>,
    default_groups_details: Option<Vec<WireGroup>>,
    number_of_seats: Option<i64>,
    remaining_seats: Option<i64>,
    user_count: Option<i64>,
    has_unlimited_seats: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup {
    name: String,
    group_id: Option<GroupId>,
}

impl WireApplicationRole {
    fn into_domain(self) -> ApplicationRole {
        // Minus one stands for "no bound" in places.
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let has_unlimited_seats = self.has_unlimited_seats.unwrap_or_default();
        let bounded = |number| count(number).filter(|_| !has_unlimited_seats);
        ApplicationRole {
            name: self.name.unwrap_or_else(|| self.key.clone()),
            key: self.key,
            groups: groups(self.group_details, self.groups),
            default_groups: groups(self.default_groups_details, self.default_groups),
            number_of_seats: bounded(self.number_of_seats),
            user_count: count(self.user_count),
            remaining: bounded(self.remaining_seats),
            has_unlimited_seats,
        }
    }
}

/// The detailed form, which has ids, else the plain names.
fn groups(details: Option<Vec<WireGroup>>, names: Option<Vec<String>>) -> Vec<ApplicationGroup> {
    match details {
        Some(details) => details
            .into_iter()
            .map(|group| ApplicationGroup { id: group.group_id, name: group.name })
            .collect(),
        None => names
            .unwrap_or_default()
            .into_iter()
            .map(|name| ApplicationGroup { id: None, name })
            .collect(),
    }
}
