use std::{collections::HashMap, hash::Hash, sync::Arc};

use super::sources::authority;
use crate::{domain::IntegrationId, integrations::Integration};

/// Two integrations for two sites of one organization both list all its products: of rows with the same key the one through
/// the integration of the row's own site stays, whose token sees Jira's seats, else the first. The order stays too.
pub(super) fn each_once<T, K: Eq + Hash>(
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

/// Whether an address is of the site that the integration is connected to.
pub(super) fn is_own_site(
    all: &[Arc<Integration>],
    integration: &IntegrationId,
    address: Option<&str>,
) -> bool {
    let of = all.iter().find(|one| one.id == *integration);
    let site = of.and_then(|of| authority(of.credentials.admin_url.as_str()));
    site.is_some() && site == address.and_then(authority)
}
