use std::{collections::HashMap, hash::Hash, sync::Arc};

use super::sources::authority;
use crate::{
    domain::{IntegrationId, LicenseRow, LicenseSnapshot, OrganizationId, ResourceId},
    integrations::Integration,
};

/// A product instance of an organization.
type Instance = (Option<OrganizationId>, ResourceId);

/// Two integrations for two sites of one organization both list all its products: a product's row is the one through the
/// integration of its own site, whose token sees Jira's seats, else the first.
pub(super) fn each_product_once(
    rows: Vec<LicenseRow>,
    all: &[Arc<Integration>],
) -> Vec<LicenseRow> {
    each_once(
        rows,
        |row| instance(all, &row.integration, &row.product.resource_id),
        |row| is_own_site(all, &row.integration, row.product.host_url.as_deref()),
    )
}

/// The same of each day.
pub(super) fn each_product_once_a_day(
    rows: Vec<LicenseSnapshot>,
    all: &[Arc<Integration>],
) -> Vec<LicenseSnapshot> {
    each_once(
        rows,
        |row| (row.date, instance(all, &row.integration, &row.resource_id)),
        |row| is_own_site(all, &row.integration, row.site_url.as_deref()),
    )
}

/// What an integration's row of a product is about.
pub(super) fn instance(
    all: &[Arc<Integration>],
    integration: &IntegrationId,
    product: &ResourceId,
) -> Instance {
    let of = all.iter().find(|one| one.id == *integration);
    (of.map(|of| of.credentials.organization_id.clone()), product.canonical())
}

/// Of rows with the same key the first that is its own site's, else the first. The order stays.
fn each_once<T, K: Eq + Hash>(
    rows: Vec<T>,
    key: impl Fn(&T) -> K,
    is_own: impl Fn(&T) -> bool,
) -> Vec<T> {
    let mut best: HashMap<K, usize> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let known = best.entry(key(row)).or_insert(index);
        if *known != index && is_own(row) && !is_own(&rows[*known]) {
            *known = index;
        }
    }
    let mut kept: Vec<usize> = best.into_values().collect();
    kept.sort_unstable();
    let rows = rows.into_iter().enumerate();
    rows.filter(|(index, _)| kept.binary_search(index).is_ok()).map(|(_, row)| row).collect()
}

fn is_own_site(
    all: &[Arc<Integration>],
    integration: &IntegrationId,
    address: Option<&str>,
) -> bool {
    let of = all.iter().find(|one| one.id == *integration);
    let site = of.and_then(|of| authority(of.credentials.admin_url.as_str()));
    site.is_some() && site == address.and_then(authority)
}
