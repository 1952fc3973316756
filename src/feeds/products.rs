use std::collections::HashMap;

use jiff::Timestamp;

use super::{Column, Kind, Value, content::Fingerprint};
use crate::{
    domain::{Product, ResourceId, product_key, product_name},
    organizations::{Organization, Result},
};

/// What tables say of a product instance, by the id under which a person's row names it.
pub(super) struct Products {
    known: HashMap<ResourceId, [Value; PRODUCT.len()]>,
    pub(super) read_at: Timestamp,
}

/// The columns that [`Products::values`] fills.
pub(super) const PRODUCT: [Column; 5] = [
    Column::text("product_key", "The product, by the one key that it has in this gateway")
        .nullable(),
    Column::text("product", "The product's name").nullable(),
    Column::text("site", "The name of the instance, such as that of its site").nullable(),
    Column::text("site_url", "Where people open it").nullable(),
    Column::new(
        "is_sandbox",
        Kind::Boolean,
        "Whether it is a sandbox, whose seats are not paid for",
    )
    .nullable(),
];

impl Products {
    /// Looks up every resource once, so that making rows needs no call.
    pub(super) async fn of<'a>(
        organization: &Organization,
        resources: impl Iterator<Item = &'a ResourceId>,
    ) -> Result<Self> {
        let read_at = organization.products().await?.freshness.fetched_at;
        let mut known = HashMap::new();
        for resource in resources {
            let values = match organization.find_product(resource).await? {
                Some(product) => of_product(&product),
                None => of_key(resource.owner()),
            };
            known.insert(resource.clone(), values);
        }
        Ok(Self { known, read_at })
    }

    /// The values of the product's columns. `None` stands for what is no product.
    pub(super) fn values(&self, resource: Option<&ResourceId>) -> [Value; PRODUCT.len()] {
        let known = resource.and_then(|resource| self.known.get(resource));
        known.cloned().unwrap_or_else(|| of_key(None))
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let values = self.known.values().flatten().map(Value::bytes);
        let ids = self.known.keys().map(|resource| resource.as_str().len());
        values.sum::<usize>() + ids.sum::<usize>()
    }

    pub(super) fn print(&self, print: Fingerprint) -> Fingerprint {
        let mut all: Vec<_> = self.known.iter().collect();
        all.sort_by_key(|(resource, _)| *resource);
        print.with(format!("{all:?}"))
    }
}

/// The values of a product that the list of products has: as GraphQL tells them.
pub(super) fn of_product(product: &Product) -> [Value; PRODUCT.len()] {
    let key = product_key(&product.owner);
    let name = product_name(&key).map_or_else(|| product.name.clone(), str::to_owned);
    [
        key.into(),
        name.into(),
        product.instance_name.clone().into(),
        product.host_url.clone().into(),
        product.is_sandbox.into(),
    ]
}

/// A product that the list of products does not have is known by its key alone.
fn of_key(key: Option<&str>) -> [Value; PRODUCT.len()] {
    let key = key.filter(|key| *key != "platform").map(product_key);
    let name = key.as_deref().and_then(product_name).map(str::to_owned).or_else(|| key.clone());
    [key.into(), name.into(), Value::Null, Value::Null, Value::Null]
}
