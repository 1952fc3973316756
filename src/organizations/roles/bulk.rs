use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use futures_util::FutureExt;

use super::{GroupGrants, HeldRole, Organization, Result, RoleHolder, RoleOrigin};
use crate::{
    atlassian::{
        GroupSearch, UserSearch,
        users::{MAX_ACCOUNT_IDS, MAX_PAGE, MAX_RESOURCE_IDS},
    },
    domain::{AccountId, Fetched, Group, GroupId, ResourceId, RoleId},
};

/// Who administers a product is asked for exactly: what an admin may do is never left to inference.
const ADMIN: &str = "atlassian/admin";

/// The one organization-level role that many people hold and that gives no power over others.
const AI_ACCESS: &str = "atlassian/ai-access";

/// Roles that people seldom hold. One that was given to the person can hide behind a group that grants
/// another role on the same product, so that who holds one is asked for exactly.
const SELDOM: [&str; 6] = [
    ADMIN,
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
            .filter(|group| granting.value.contains_key(*group))
            .collect();
        // Groups whose roles are known already cost nothing.
        let kept = &organization.shared.caches.group_roles;
        let is_unknown = |group: &&&GroupId| !kept.is_fresh(&organization.key((**group).clone()));
        if relevant.iter().filter(is_unknown).count() > holders.len() {
            return None;
        }
        let grants = relevant.into_iter().map(|group| async move {
            let roles = organization.group_roles(group).await;
            (group.clone(), roles.map(|roles| roles.value))
        });
        let grants: HashMap<GroupId, Result<GroupGrants>> =
            futures_util::future::join_all(grants).await.into_iter().collect();
        let seldom = organization.seldom(holders, seldom_roles(&grants)).await.ok()?;
        Some(Self { grants, seldom })
    }

    /// `None` where the groups do not explain everything that the person holds.
    pub(super) fn roles_of(&self, holder: &RoleHolder) -> Option<Result<Vec<HeldRole>>> {
        let groups = holder.groups.as_ref()?;
        let platform_roles = holder.platform_roles.as_ref()?;
        let is_admin = platform_roles.iter().any(|role| role.as_str() != AI_ACCESS);
        if is_admin || self.seldom.contains(&holder.account_id) {
            return None;
        }
        // The page tells that they hold it, not how it was given: no reason to ask for many people one by one.
        let ai_access = |role: &RoleId| HeldRole {
            resource_id: None,
            role: role.clone(),
            origin: RoleOrigin::Unknown,
        };
        let mut held: BTreeSet<HeldRole> = platform_roles.iter().map(ai_access).collect();
        for grants in groups.iter().filter_map(|group| self.grants.get(group)) {
            for given in grants.as_ref().ok()?.iter() {
                held.extend(given.roles.iter().map(|role| HeldRole {
                    resource_id: Some(given.resource_id.clone()),
                    role: role.clone(),
                    origin: RoleOrigin::Group,
                }));
            }
        }
        let explained: BTreeSet<&ResourceId> =
            held.iter().filter_map(|role| role.resource_id.as_ref()).collect();
        // More explained than counted: some of it does not work at this moment, and may hide what does.
        let is_explained = holder.is_active && holder.resource_count? as usize == explained.len();
        is_explained.then(|| Ok(held.into_iter().collect()))
    }
}

/// Of the roles that people seldom hold, those that no group of theirs explains.
fn seldom_roles(grants: &HashMap<GroupId, Result<GroupGrants>>) -> Vec<RoleId> {
    let given = |role: &str| {
        let mut all = grants.values().flatten().flat_map(|grants| grants.iter());
        all.any(|given| given.roles.iter().any(|known| known.as_str() == role))
    };
    let wanted = SELDOM.into_iter().filter(|role| *role == ADMIN || !given(role));
    wanted.map(RoleId::from).collect()
}

impl Organization {
    /// The groups that grant a role on any product: a page of 100 a call, 20 products a call.
    pub(in crate::organizations) async fn granting_groups(
        &self,
    ) -> Result<Fetched<HashMap<GroupId, Arc<Group>>>> {
        let ask = async {
            let products = self.products().await?;
            let mut granting = HashMap::new();
            for chunk in products.value.chunks(MAX_RESOURCE_IDS) {
                let mut search = GroupSearch {
                    limit: Some(MAX_PAGE),
                    resource_ids: chunk.iter().map(|p| p.resource_id.clone()).collect(),
                    ..GroupSearch::default()
                };
                loop {
                    let page = self.search_groups(&search).await?.value;
                    granting.extend(
                        page.items.iter().map(|group| (group.id.clone(), Arc::clone(group))),
                    );
                    match &page.next {
                        Some(next) => search.cursor = Some(next.clone()),
                        None => break,
                    }
                }
            }
            Ok(granting)
        }
        .boxed();
        let weigh = |groups: &HashMap<GroupId, Arc<Group>>| 64 + groups.len() * 480;
        let cache = &self.shared.caches.granting_groups;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(()), weigh, ask).await?))
    }

    /// Who of these people holds one of the roles. Where few people of the organization do, one call for
    /// twenty products tells of everybody and serves every page; else one call for ten people.
    async fn seldom(
        &self,
        holders: &[RoleHolder],
        roles: Vec<RoleId>,
    ) -> Result<HashSet<AccountId>> {
        let products = self.products().await?;
        let mut accounts: Vec<AccountId> =
            holders.iter().map(|holder| holder.account_id.clone()).collect();
        accounts.sort();
        accounts.dedup();
        let mut seldom = HashSet::new();
        for products in products.value.chunks(MAX_RESOURCE_IDS) {
            let of_everybody = UserSearch {
                limit: Some(MAX_PAGE),
                resource_ids: products.iter().map(|p| p.resource_id.clone()).collect(),
                role_ids: roles.clone(),
                ..UserSearch::default()
            };
            let everybody = self.search(&of_everybody).await?;
            if everybody.value.next.is_none() {
                seldom.extend(everybody.value.items.iter().map(|user| user.account_id.clone()));
                continue;
            }
            let searches = accounts.chunks(MAX_ACCOUNT_IDS).map(|accounts| {
                let search = UserSearch { account_ids: accounts.to_vec(), ..of_everybody.clone() };
                async move { self.search(&search).await }
            });
            for page in futures_util::future::try_join_all(searches).await? {
                seldom.extend(page.value.items.iter().map(|user| user.account_id.clone()));
            }
        }
        Ok(seldom)
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
            platform_roles: Some(Vec::new()),
            resource_count: Some(resources),
            is_active: true,
        }
    }

    #[test]
    fn what_the_groups_explain_needs_no_call() {
        let roles = bulk().roles_of(&holder("a", &["users", "team"], 1)).unwrap().unwrap();
        assert_eq!(roles.len(), 1);
        assert_eq!(roles[0].origin, RoleOrigin::Group);
    }

    #[test]
    fn access_to_ai_features_comes_with_the_page() {
        let platform_roles = Some(vec![RoleId::from(AI_ACCESS)]);
        let holder = RoleHolder { platform_roles, ..holder("a", &["users"], 1) };
        let roles = bulk().roles_of(&holder).unwrap().unwrap();
        assert_eq!(roles.len(), 2);
        assert_eq!(roles[0].resource_id, None);
    }

    #[test]
    fn who_holds_more_than_the_groups_explain_is_asked_for() {
        let bulk = bulk();
        assert!(bulk.roles_of(&holder("a", &["users"], 2)).is_none(), "one resource too many");
        assert!(bulk.roles_of(&holder("admin", &["users"], 1)).is_none(), "a role few people hold");
        assert!(bulk.roles_of(&holder("a", &["users", "broken"], 1)).is_none(), "a group unread");
        let platform_roles = Some(vec![RoleId::from("atlassian/org-admin")]);
        let admin = RoleHolder { platform_roles, ..holder("a", &["users"], 1) };
        assert!(bulk.roles_of(&admin).is_none(), "an organization-level role");
        assert!(bulk.roles_of(&holder("a", &["users"], 0)).is_none(), "access that does not work");
        let suspended = RoleHolder { is_active: false, ..holder("a", &[], 0) };
        assert!(bulk.roles_of(&suspended).is_none(), "roles that are kept without access");
        let untold = RoleHolder { resource_count: None, ..holder("a", &["users"], 1) };
        assert!(bulk.roles_of(&untold).is_none(), "the count was not told");
    }
}
