use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    error::{ApiError, Result},
    id::ObjectId,
    integration::Integration,
    request::Request,
};
use crate::domain::{self, ResourceId};

/// One instance of a product on one site.
///
/// People's rows name a product by its resource id only; what the id does not tell is asked for when a
/// query selects it, with one call for all products of the organization.
#[derive(Clone)]
pub struct Product {
    integration: Integration,
    resource_id: ResourceId,
    known: Option<Arc<domain::Product>>,
}

impl Product {
    pub(super) fn new(integration: Integration, product: Arc<domain::Product>) -> Self {
        Self { integration, resource_id: product.resource_id.clone(), known: Some(product) }
    }

    pub(super) fn by_resource(integration: Integration, resource_id: &ResourceId) -> Self {
        Self { integration, resource_id: resource_id.canonical(), known: None }
    }

    async fn known(&self, ctx: &Context<'_>) -> Result<Option<Arc<domain::Product>>> {
        if let Some(product) = &self.known {
            return Ok(Some(Arc::clone(product)));
        }
        let organization = &self.integration.organization;
        let failed = ApiError::of(self.integration.integration_id());
        let products = organization.products().await.map_err(&failed)?;
        Request::of(ctx).note(products.freshness);
        organization.find_product(&self.resource_id).await.map_err(failed)
    }

    fn key_of(&self) -> String {
        let owner = match &self.known {
            Some(product) => product.owner.as_str(),
            None => self.resource_id.owner().unwrap_or(self.resource_id.as_str()),
        };
        domain::product_key(owner)
    }
}

/// One instance of a product on one site; the same product on two sites is two products, and two seats.
#[Object]
impl Product {
    /// Opaque; stable for as long as the product instance lives.
    pub(super) async fn id(&self) -> ID {
        ObjectId::Product(self.integration.integration_id().clone(), self.resource_id.clone())
            .encode()
    }

    /// The integration through which it was read.
    async fn integration(&self) -> &Integration {
        &self.integration
    }

    /// Which product: `jira-software`, `jira-servicedesk`, `confluence`, `bitbucket`, …
    async fn key(&self) -> String {
        self.key_of()
    }

    /// The product's name, such as `Confluence`.
    async fn name(&self) -> String {
        let key = self.key_of();
        let known = domain::product_name(&key).map(str::to_owned);
        known.or_else(|| self.known.as_ref().map(|product| product.name.clone())).unwrap_or(key)
    }

    /// The site it runs on. From the list of products: one upstream call for all, kept for minutes.
    async fn site_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.known(ctx).await?.and_then(|product| product.host_url.clone()))
    }

    /// Atlassian's id of the instance, an ARI.
    async fn resource_id(&self) -> &str {
        self.resource_id.as_str()
    }

    /// `online`, `offline` or `deprecated`. From the list of products, as `siteUrl`.
    async fn status(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.known(ctx).await?.and_then(|product| product.status.clone()))
    }

    /// Whether it is a sandbox, which costs no seats of its own. From the list of products, as `siteUrl`.
    async fn is_sandbox(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.known(ctx).await?.map(|product| product.is_sandbox))
    }
}
