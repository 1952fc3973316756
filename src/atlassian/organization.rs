//! The organization itself: its profile, domains, directories and product instances.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    client::Client,
    error::Result,
    limiter::Family,
    paging,
    wire::{WireOne, WirePage, WireTime},
};
use crate::domain::{AccountId, Directory, Domain, OrganizationProfile, Page, Product, ResourceId};

/// Product instances a page at most.
const MAX_PRODUCTS: u16 = 1_000;
/// Directories a page at most.
const MAX_DIRECTORIES: u16 = 100;

impl Client {
    /// The organization's profile; the best test of a key (v1 `orgs/{orgId}`).
    ///
    /// # Errors
    /// As any call; 401 a wrong key, 403 one without the right, 404 a wrong organization id.
    pub async fn organization(&self) -> Result<OrganizationProfile> {
        let operation = "organization";
        let url = self.organization_url(operation, "v1", &[])?;
        let wire: WireOne<WireOrganization> =
            self.read(operation, Family::Organization, url).await?;
        let id = wire.data.id;
        let name = wire.data.attributes.and_then(|attributes| attributes.name);
        Ok(OrganizationProfile { name: name.unwrap_or_else(|| id.clone()), id: id.into() })
    }

    /// Every domain of the organization, verified or not (v1 `domains`).
    ///
    /// # Errors
    /// As any call.
    pub async fn domains(&self) -> Result<Vec<Domain>> {
        let operation = "domains";
        let rows = paging::all(operation, |cursor| async move {
            let mut url = self.organization_url(operation, "v1", &["domains"])?;
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let page: WirePage<WireDomain> =
                self.read(operation, Family::Organization, url.clone()).await?;
            let next = paging::cursor(operation, &url, page.next())?;
            paging::page(operation, page.data, next, cursor.as_deref())
        });
        Ok(rows.await?.into_iter().map(WireDomain::into_domain).collect())
    }

    /// Every directory of the organization (v2 `directories`).
    ///
    /// # Errors
    /// As any call.
    pub async fn directories(&self) -> Result<Vec<Directory>> {
        self.directories_with(None).await
    }

    /// Every directory, or only those that an account is a member of.
    pub(super) async fn directories_with(
        &self,
        account: Option<&AccountId>,
    ) -> Result<Vec<Directory>> {
        let operation = "directories";
        let rows = paging::all(operation, |cursor| async move {
            let mut url = self.organization_url(operation, "v2", &["directories"])?;
            url.query_pairs_mut()
                .append_pair("limit", &MAX_DIRECTORIES.to_string())
                .extend_pairs(account.map(|account| ("accountId", account.as_str())))
                .extend_pairs(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: WirePage<WireDirectory> =
                self.read(operation, Family::Organization, url.clone()).await?;
            let next = paging::cursor(operation, &url, page.next())?;
            paging::page(operation, page.data, next, cursor.as_deref())
        });
        Ok(rows.await?.into_iter().map(WireDirectory::into_domain).collect())
    }

    /// Every product instance on every site, and every linked Bitbucket workspace (v2 `workspaces`).
    ///
    /// # Errors
    /// As any call.
    pub async fn products(&self) -> Result<Vec<Product>> {
        let operation = "workspaces";
        paging::all(operation, |cursor| self.products_page(operation, cursor)).await
    }

    async fn products_page(
        &self,
        operation: &'static str,
        cursor: Option<String>,
    ) -> Result<Page<Product>> {
        let url = self.organization_url(operation, "v2", &["workspaces"])?;
        // With a cursor nothing else may be sent.
        let body = match &cursor {
            Some(cursor) => WireWorkspaceSearch::Next { cursor },
            None => WireWorkspaceSearch::First { limit: MAX_PRODUCTS },
        };
        let page: WirePage<WireWorkspace> = self.search(operation, url.clone(), &body).await?;
        let next = paging::cursor(operation, &url, page.next())?;
        let products = page.data.into_iter().map(WireWorkspace::into_domain).collect();
        paging::page(operation, products, next, cursor.as_deref())
    }
}

#[derive(Debug, Deserialize)]
struct WireOrganization {
    id: String,
    attributes: Option<WireName>,
}

#[derive(Debug, Deserialize)]
struct WireName {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireDomain {
    attributes: WireDomainAttributes,
}

#[derive(Debug, Deserialize)]
struct WireDomainAttributes {
    name: String,
    claim: Option<WireClaim>,
}

#[derive(Debug, Deserialize)]
struct WireClaim {
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDirectory {
    directory_id: String,
    name: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum WireWorkspaceSearch<'a> {
    First { limit: u16 },
    Next { cursor: &'a str },
}

#[derive(Debug, Deserialize)]
struct WireWorkspace {
    id: ResourceId,
    attributes: Option<WireWorkspaceAttributes>,
    relationships: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireWorkspaceAttributes {
    name: Option<String>,
    r#type: Option<String>,
    type_key: Option<String>,
    owner: Option<String>,
    status: Option<String>,
    host_url: Option<String>,
    sandbox: Option<WireSandbox>,
    capacity: Option<u64>,
    usage: Option<u64>,
    created_at: Option<WireTime>,
}

#[derive(Debug, Deserialize)]
struct WireSandbox {
    r#type: Option<String>,
}

impl WireDomain {
    fn into_domain(self) -> Domain {
        let status = self.attributes.claim.and_then(|claim| claim.status);
        Domain { name: self.attributes.name, is_verified: status.as_deref() == Some("verified") }
    }
}

impl WireDirectory {
    fn into_domain(self) -> Directory {
        Directory {
            name: self.name.unwrap_or_else(|| self.directory_id.clone()),
            id: self.directory_id.into(),
        }
    }
}

impl WireWorkspace {
    fn into_domain(self) -> Product {
        let attributes = self.attributes.unwrap_or_default();
        let owner = attributes
            .owner
            .or_else(|| self.id.owner().map(str::to_owned))
            .unwrap_or_else(|| "unknown".to_owned());
        let key = attributes.type_key.unwrap_or_else(|| owner.clone());
        Product {
            resource_id: self.id,
            name: attributes.r#type.unwrap_or_else(|| key.clone()),
            key,
            instance_name: attributes.name,
            owner,
            host_url: attributes.host_url,
            status: attributes.status,
            capacity: attributes.capacity,
            usage: attributes.usage,
            is_sandbox: attributes.sandbox.and_then(|sandbox| sandbox.r#type).as_deref()
                == Some("CHILD"),
            plan: self.relationships.as_ref().and_then(plan),
            created_at: WireTime::known("createdAt", attributes.created_at),
        }
    }
}

/// The plan of the first relationship that has one: the schema fixes neither the relationship's name nor whether it is
/// one thing or a list.
fn plan(relationships: &Value) -> Option<String> {
    let of_one = |one: &Value| one["attributes"]["plan"].as_str().map(str::to_owned);
    relationships.as_object()?.values().find_map(|related| match related {
        Value::Array(many) => many.iter().find_map(of_one),
        one => of_one(one).or_else(|| of_one(&one["data"])),
    })
}
