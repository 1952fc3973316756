//! One account as it truly is, for tests: no endpoint tells it in one answer, nor what was done to it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    organization::Organization,
    person::{self, Membership},
};

/// The truth about one account at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// `active`, `deactivated`, `for_deletion` or `closed`.
    pub state: &'static str,
    /// Since when it is deactivated or to be deleted; `None` for the others.
    pub since: Option<Timestamp>,
    /// `active` or `suspended`, by the id of each directory that the account is in.
    pub memberships: BTreeMap<String, &'static str>,
    /// How often each change was carried out for it, refused ones left out: `lifecycle/delete`,
    /// `lifecycle/cancel-delete`, `lifecycle/disable`, `lifecycle/enable`, `users/suspend`,
    /// `users/restore`, `users/remove` (from a directory), `user/remove` (from a site).
    pub writes: BTreeMap<String, u32>,
}

impl AccountState {
    pub(super) fn of(organization: &Organization, index: u32) -> Self {
        let person = organization.person(index);
        let (state, since) = match person.state {
            person::AccountState::Active => ("active", None),
            person::AccountState::Deactivated { since } => ("deactivated", Some(since)),
            person::AccountState::ForDeletion { since } => ("for_deletion", Some(since)),
            person::AccountState::Closed => ("closed", None),
        };
        let memberships = organization.directories.iter().zip(person.memberships);
        let writes = organization.writes.get(&index).into_iter().flatten();
        Self {
            state,
            since,
            memberships: memberships
                .filter_map(|(directory, membership)| {
                    let word = match membership {
                        Membership::None => return None,
                        Membership::Active => "active",
                        Membership::Suspended => "suspended",
                    };
                    Some((directory.id.clone(), word))
                })
                .collect(),
            writes: writes.map(|(change, count)| ((*change).to_owned(), *count)).collect(),
        }
    }

    /// How often this change was carried out.
    #[must_use]
    pub fn writes(&self, change: &str) -> u32 {
        self.writes.get(change).copied().unwrap_or_default()
    }
}
