//! Groups and product access directory by directory, for organizations where a search over all directories does not tell
//! them: Atlassian documents them as those "within the requested directory" (API.md, section 14, doubt 1).

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Organization, Result};
use crate::{
    atlassian::{Expand, UserSearch, users::MAX_ACCOUNT_IDS},
    domain::{AccountId, MembershipStatus, User},
};

/// What a search over all directories has been seen to tell.
#[derive(Debug, Default)]
pub(in crate::organizations) struct Telling {
    groups: AtomicBool,
    product_access: AtomicBool,
}

impl Telling {
    /// Which of the wanted members a page lacks for everybody, and no page ever told.
    fn missing(&self, people: &[User], wanted: Expand) -> Expand {
        let is_missing = |told: &AtomicBool, tells: fn(&User) -> bool| {
            if people.iter().any(tells) {
                told.store(true, Ordering::Relaxed);
            }
            !told.load(Ordering::Relaxed) && people.iter().any(is_member)
        };
        Expand {
            groups: wanted.groups && is_missing(&self.groups, has_groups),
            product_access: wanted.product_access && is_missing(&self.product_access, has_products),
            ..Expand::default()
        }
    }
}

fn is_member(user: &User) -> bool {
    user.membership_status == MembershipStatus::Active
}

fn has_groups(user: &User) -> bool {
    user.groups.as_ref().is_some_and(|groups| !groups.is_empty())
}

fn has_products(user: &User) -> bool {
    user.product_access.as_ref().is_some_and(|products| !products.is_empty())
}

impl Organization {
    /// Fills in what a page over all directories withholds from everybody: one call for ten people and directory. Costs
    /// nothing once a page has told it. Activity that nobody tells in any of them is not known, which is not "never".
    pub(in crate::organizations) async fn complete(
        &self,
        people: &mut [User],
        wanted: Expand,
    ) -> Result<()> {
        let missing = self.shared.telling.missing(people, wanted);
        if missing == Expand::default() {
            return Ok(());
        }
        let members: Vec<AccountId> = people
            .iter()
            .filter(|user| is_member(user))
            .map(|user| user.account_id.clone())
            .collect();
        let directories = self.directories().await?;
        let searches: Vec<UserSearch> = directories
            .value
            .iter()
            .flat_map(|directory| {
                members.chunks(MAX_ACCOUNT_IDS).map(|accounts| UserSearch {
                    directory: Some(directory.id.clone()),
                    limit: MAX_ACCOUNT_IDS.try_into().ok(),
                    account_ids: accounts.to_vec(),
                    expand: missing,
                    ..UserSearch::default()
                })
            })
            .collect();
        let pages = searches.iter().map(|search| self.shared.client.search_users(search));
        for page in futures_util::future::try_join_all(pages).await? {
            for found in page.items {
                if let Some(user) = people.iter_mut().find(|u| u.account_id == found.account_id) {
                    merge(user, found);
                }
            }
        }
        if missing.product_access && !people.iter().any(has_products) {
            for user in people {
                user.product_access = None;
            }
        }
        Ok(())
    }
}

fn merge(user: &mut User, found: User) {
    if let Some(found) = found.groups {
        let groups = user.groups.get_or_insert_default();
        let is_new = |group: &crate::domain::UserGroup| !groups.iter().any(|g| g.id == group.id);
        let new: Vec<_> = found.into_iter().filter(is_new).collect();
        groups.extend(new);
    }
    if let Some(found) = found.product_access {
        let products = user.product_access.get_or_insert_default();
        for access in found {
            match products.iter_mut().find(|known| known.resource_id == access.resource_id) {
                Some(known) => {
                    known.last_active_at = known.last_active_at.max(access.last_active_at);
                }
                None => products.push(access),
            }
        }
    }
}
