use std::{
    collections::{BTreeSet, HashMap, HashSet},
};

use super::{GroupGrants, HeldRole, Organization, Result, RoleHolder, RoleOrigin};
use crate::{
    atlassian::{
        GroupSearch, UserSearch,
        users::{MAX_ACCOUNT_IDS, MAX_PAGE, MAX_RESOURCE_IDS},
    },
    domain::{AccountId, Fetched, GroupId, ResourceId, RoleId},
};

/// Roles that people seldom hold: who holds one is asked for exactly, because a role that was given to
/// the person can hide behind a group that grants another role on the same product.
const SELDOM: [&str; 6] = [
    "atlassian/admin",
    "atlassian/guest",
    "atlassian/contributor",
    "atlassian/customer",
    "atlassian/basic",
    "atlassian/stakeholder",
];

/// What was gathered for a batch of people.
pub(super) struct Bulk {
    /// The groups of these people that grant roles; a group that could not be read is an error of its members.
    grants: HashMap<GroupId, Result<GroupGrants>>,
    /// Who holds a role that few people hold.
    seldom: HashSet<AccountId>,
}

impl Bulk {
    /// `None` where asking for each person is cheaper, or the bulk calls are refused.
    pub(super) async fn gather(
        organization: &Organization,
        holders: &[RoleHolder],
    ) -> Option<Self> {
        let granting = organization.granting_groups().await.ok()?;
        let relevant: BTreeSet<&GroupId> = holders
            .iter()
            .flat_map(|holder| holder.groups.iter().flatten())
            .filter(|group| granting.value.contains(*group))
            .collect();
        if relevant.len() > holders.len() {
            return None;
        }
        let grants = relevant.into_iter().map(|group| async move {
            let roles = organization.group_roles(group).await;
            (group.clone(), roles.map(|roles| roles.value))
        });
        let grants = futures_util::future::join_all(grants);
        let (grants, seldom) = futures_util::join!(grants, organization.seldom(holders));
        Some(Self { grants: grants.into_iter().collect(), seldom: seldom.ok()? })
    }

    /// `None` where the groups do not explain everything that the person holds.
    pub(super) fn roles_of(&self, holder: &RoleHolder) -> Option<Result<Vec<HeldRole>>> {
        let groups = holder.groups.as_ref()?;
        if self.seldom.contains(&holder.account_id) || holder.has_platform_roles != Some(false) {
            return None;
        }
        let mut held: BTreeSet<HeldRole> = BTreeSet::new();
        for grants in groups.iter().filter_map(|group| self.grants.get(group)) {
            for given in grants.as_ref().ok()?.iter() {
                held.extend(given.roles.iter().map(|role| HeldRole {
                    resource_id: given.resource_id.clone(),
                    role: role.clone(),
                    origin: RoleOrigin::Group,
                }));
            }
        }
        let explained: BTreeSet<&ResourceId> = held.iter().map(|role| &role.resource_id).collect();
        let is_explained = holder.resource_count? as usize <= explained.len();
        is_explained.then(|| Ok(held.into_iter().collect()))
    }
}

impl Organization {
    /// The groups that grant a role on any product: a page of 100 a call, 20 products a call.
    pub(super) async fn granting_groups(&self) -> Result<Fetched<HashSet<GroupId>>> {
        let ask = async {
            let products = self.products().await?;
            let mut granting = HashSet::new();
            for chunk in products.value.chunks(MAX_RESOURCE_IDS) {
                let mut search = GroupSearch {
                    limit: Some(MAX_PAGE),
                    resource_ids: chunk.iter().map(|p| p.resource_id.clone()).collect(),
                    ..GroupSearch::default()
                };
                loop {
                    let page = self.search_groups(&search).await?.value;
                    granting.extend(page.items.iter().map(|group| group.id.clone()));
                    match &page.next {
                        Some(next) if search.cursor.as_ref() != Some(next) => {
                            search.cursor = Some(next.clone());
                        }
                        _ => break,
                    }
                }
            }
            Ok(granting)
        };
        let weigh = |groups: &HashSet<GroupId>| 64 + groups.len() * 80;
        let cache = &self.shared.caches.granting_groups;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(()), weigh, ask).await?))
    }

    /// Who of these people holds a role that few people hold: one call for ten people and twenty products.
    async fn seldom(&self, holders: &[RoleHolder]) -> Result<HashSet<AccountId>> {
        let products = self.products().await?;
        let mut accounts: Vec<&AccountId> = holders.iter().map(|h| &h.account_id).collect();
        accounts.sort();
        accounts.dedup();
        let searches = accounts.chunks(MAX_ACCOUNT_IDS).flat_map(|accounts| {
            products.value.chunks(MAX_RESOURCE_IDS).map(|products| UserSearch {
                limit: Some(MAX_PAGE),
                account_ids: accounts.iter().copied().cloned().collect(),
                resource_ids: products.iter().map(|p| p.resource_id.clone()).collect(),
                role_ids: SELDOM.map(RoleId::from).to_vec(),
                ..UserSearch::default()
            })
        });
        let searches: Vec<UserSearch> = searches.collect();
        let pages = searches.iter().map(|search| self.search(search));
        let pages = futures_util::future::try_join_all(pages).await?;
        let ids = pages.iter().flat_map(|page| page.value.items.iter());
        Ok(ids.map(|user| user.account_id.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::GroupRoles;

    fn bulk() -> Bulk {
        let grants = GroupRoles {
            resource_id: ResourceId::from("ari:cloud:confluence::site/1"),
            resource_owner: "confluence".into(),
            roles: vec![RoleId::from("atlassian/user")],
            default_role: None,
        };
        Bulk {
            grants: HashMap::from([
                (GroupId::from("users"), Ok(Arc::new(vec![grants]))),
                (GroupId::from("broken"), Err(crate::organizations::Error::CursorInvalid)),
            ]),
            seldom: HashSet::from([AccountId::from("admin")]),
        }
    }

    fn holder(account: &str, groups: &[&str], resources: u32) -> RoleHolder {
        RoleHolder {
            account_id: AccountId::from(account),
            groups: Some(groups.iter().map(|id| GroupId::from(*id)).collect()),
            has_platform_roles: Some(false),
            resource_count: Some(resources),
        }
    }

    #[test]
    fn what_the_groups_explain_needs_no_call() {
        let roles = bulk().roles_of(&holder("a", &["users", "team"], 1)).unwrap().unwrap();
        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0].origin, RoleOrigin::Group);
    }

    #[test]
    fn who_holds_more_than_the_groups_explain_is_asked_for() {
        let bulk = bulk();
        assert!(bulk.roles_of(&holder("a", &["users"], 2)).is_none(), "one resource too many");
        assert!(bulk.roles_of(&holder("admin", &["users"], 1)).is_none(), "a role few people hold");
        assert!(bulk.roles_of(&holder("a", &["users", "broken"], 1)).is_none(), "a group unread");
        let admin = RoleHolder { has_platform_roles: Some(true), ..holder("a", &["users"], 1) };
        assert!(bulk.roles_of(&admin).is_none(), "an organization-level role");
        let untold = RoleHolder { resource_count: None, ..holder("a", &["users"], 1) };
        assert!(bulk.roles_of(&untold).is_none(), "the count was not told");
    }
}
