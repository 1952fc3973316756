//! The holders of a small product one by one, where Atlassian counts others than the scan finds: a role that was given to
//! a person and never used shows in no group and no activity, and is a seat that nobody misses.

use std::collections::{HashMap, HashSet};

use super::{
    super::{Organization, Result},
    Seats,
    gather::row_of,
};
use crate::{
    atlassian::{UserSearch, users::MAX_PAGE},
    domain::AccountId,
};

/// So many pages of a hundred people are read for one product; of larger ones the difference is told in a note.
const MOST_PAGES: u64 = 3;

impl Organization {
    /// Reads the holders of every small product whose count differs, and counts everybody once more where there are any.
    pub(super) async fn read_differing(&self, seats: &mut Seats) {
        let is_differing = |(index, instance): &(usize, &super::Instance)| {
            let counted = instance.sources.counted.map(|(counted, _)| counted);
            seats.exact[*index].is_none()
                && !instance.product.is_sandbox
                && counted.is_some_and(|counted| {
                    counted != instance.holders.len() as u64
                        && counted <= MOST_PAGES * u64::from(MAX_PAGE)
                })
        };
        let wanted = seats.instances.iter().enumerate().filter(is_differing);
        let reads = wanted.map(|(index, instance)| {
            let search = super::gather::holders_of(&instance.product);
            async move { (index, self.every_holder(search).await) }
        });
        let found = futures_util::future::join_all(reads).await;
        if found.is_empty() {
            return;
        }
        let scan = std::sync::Arc::clone(&seats.scan);
        let rows: HashMap<&str, u32> = (0..scan.people.len())
            .filter_map(|row| Some((scan.people.person(row)?.account_id(), row_of(row))))
            .collect();
        for (index, holders) in found {
            match holders {
                Ok(Some(holders)) => {
                    let known = holders.iter().filter_map(|holder| rows.get(holder.as_str()));
                    seats.learn_holders(index, known.copied().collect());
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(error = %error, "The holders of a product could not be read");
                }
            }
        }
        seats.count_everybody();
    }

    /// `None` where they are more than was counted a moment ago.
    async fn every_holder(&self, mut search: UserSearch) -> Result<Option<HashSet<AccountId>>> {
        search.limit = Some(MAX_PAGE);
        let mut holders = HashSet::new();
        for _ in 0..MOST_PAGES {
            let page = self.shared.client.search_users(&search).await?;
            holders.extend(page.items.into_iter().map(|user| user.account_id));
            match page.next {
                Some(next) => search.cursor = Some(next),
                None => return Ok(Some(holders)),
            }
        }
        Ok(None)
    }
}

impl Seats {
    /// Takes the rows of a product's holders as read. A list of nobody that the scan knows says nothing where Atlassian counts
    /// somebody: what the groups and the activity tell is more.
    pub(super) fn learn_holders(&mut self, index: usize, rows: HashSet<u32>) {
        let sources = &mut self.instances[index].sources;
        match sources.counted {
            Some((counted, _)) if rows.is_empty() && counted > 0 => sources.notes.push(format!(
                "Asked for the {counted} whom it counts, Atlassian lists nobody of the scan (users/search), so that its list \
                 does not count."
            )),
            _ => self.exact[index] = Some(rows),
        }
    }
}
