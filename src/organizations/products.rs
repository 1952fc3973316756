use std::sync::Arc;

use futures_util::FutureExt;

use super::{Error, Organization, Result};
use crate::{
    atlassian::users::MAX_RESOURCE_IDS,
    domain::{Fetched, Product, ResourceId, product_key},
};

impl Organization {
    /// Every product instance. One upstream call for up to a thousand.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn products(&self) -> Result<Fetched<Vec<Arc<Product>>>> {
        let ask =
            async { Ok(self.shared.client.products().await?.into_iter().map(Arc::new).collect()) }
                .boxed();
        let weigh = |products: &Vec<Arc<Product>>| 64 + products.len() * 400;
        let cache = &self.shared.caches.products;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(()), weigh, ask).await?))
    }

    /// The product instance behind an ARI as another endpoint spells it.
    ///
    /// # Errors
    /// The products could not be read.
    pub async fn find_product(&self, resource: &ResourceId) -> Result<Option<Arc<Product>>> {
        Ok(joined(&self.products().await?.value, resource).cloned())
    }

    /// The resource ids of the products with these keys, for a filter that Atlassian applies.
    ///
    /// # Errors
    /// The products could not be read, or they are more than one call can name.
    pub(super) async fn resources_of(&self, keys: &[String]) -> Result<Vec<ResourceId>> {
        let products = self.products().await?;
        let resources: Vec<ResourceId> = products
            .value
            .iter()
            .filter(|product| keys.iter().any(|key| is_key_of(key, product)))
            .map(|product| product.resource_id.clone())
            .collect();
        if resources.len() > MAX_RESOURCE_IDS {
            return Err(Error::BadRequest(format!(
                "the filter `products` names {} product instances, and Atlassian filters by at most \
                 {MAX_RESOURCE_IDS} at a time; name fewer products",
                resources.len()
            )));
        }
        Ok(resources)
    }
}

/// Whether people may mean this product by `key`.
fn is_key_of(key: &str, product: &Product) -> bool {
    let key = product_key(key);
    key == product_key(&product.key) || key == product_key(&product.owner)
}

fn joined<'a>(products: &'a [Arc<Product>], resource: &ResourceId) -> Option<&'a Arc<Product>> {
    let exact = products.iter().find(|product| product.resource_id == *resource);
    exact.or_else(|| products.iter().find(|product| product.resource_id.is_same_product(resource)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(ari: &str) -> Arc<Product> {
        let resource_id = ResourceId::from(ari);
        let owner = resource_id.owner().unwrap().to_owned();
        Arc::new(Product {
            key: owner.clone(),
            name: owner.clone(),
            instance_name: None,
            owner,
            host_url: None,
            status: None,
            capacity: None,
            usage: None,
            is_sandbox: false,
            plan: None,
            created_at: None,
            resource_id,
        })
    }

    #[test]
    fn the_umbrella_jira_resource_joins_the_sites_jira_software() {
        let products = [
            product("ari:cloud:jira-software::site/1"),
            product("ari:cloud:jira-software::site/2"),
            product("ari:cloud:confluence::site/1"),
        ];
        let found = joined(&products, &ResourceId::from("ari:cloud:jira::site/2"));
        assert_eq!(found.unwrap().resource_id.as_str(), "ari:cloud:jira-software::site/2");
        assert!(joined(&products, &ResourceId::from("ari:cloud:jira::site/3")).is_none());
    }

    #[test]
    fn service_management_is_found_under_each_of_its_names() {
        let desk = product("ari:cloud:jira-servicedesk::site/1");
        for key in ["jira-servicedesk", "jira-service-desk", "Jira-Service-Management"] {
            assert!(is_key_of(key, &desk), "{key}");
        }
        assert!(!is_key_of("jira", &desk));
    }
}
