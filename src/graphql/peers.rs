use std::{collections::HashMap, sync::Arc};

use tokio::sync::OnceCell;

use crate::{
    domain::{self, AccountId},
    organizations::{self, HeldRole, Organization, RoleHolder},
};

/// The people of one page. What is dear to ask for one of them is asked for all of them at once, when the first
/// wants it: which way is the cheapest then depends on the page alone, and not on who is resolved when.
pub(super) struct Peers {
    organization: Organization,
    people: Vec<Arc<domain::User>>,
    roles: OnceCell<HashMap<AccountId, organizations::Result<Arc<Vec<HeldRole>>>>>,
}

impl Peers {
    pub(super) fn new(organization: Organization, people: Vec<Arc<domain::User>>) -> Self {
        Self { organization, people, roles: OnceCell::new() }
    }

    /// The roles of one of them; `None` for somebody who is not of the page.
    pub(super) async fn roles_of(
        &self,
        account: &AccountId,
    ) -> Option<organizations::Result<Arc<Vec<HeldRole>>>> {
        let all = self.roles.get_or_init(|| async {
            let holders: Vec<RoleHolder> =
                self.people.iter().map(|user| RoleHolder::of(user)).collect();
            let roles = self.organization.roles_of(&holders).await;
            let accounts = holders.into_iter().map(|holder| holder.account_id);
            accounts.zip(roles.into_iter().map(|roles| roles.map(Arc::new))).collect()
        });
        all.await.get(account).cloned()
    }
}
