//! What Headcount itself changed and Atlassian does not show yet.
//!
//! A removal may be queued and a role change takes up to half a minute to be seen (API.md, section 2, Freshness). Until
//! then, and in everything that was read before, the rows of the people concerned are corrected, so that whoever made a
//! change sees it at once.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    atlassian::UserSearch,
    domain::{
        AccountId, AccountStatus, ClaimStatus, MembershipStatus, OrganizationId, ResourceId, User,
        UserStatus,
    },
};

/// What a change does to the row of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The account waits out its grace.
    ScheduledForDeletion,
    /// The account is usable again: its deletion was cancelled, or it was reactivated.
    Activated,
    /// The account was deactivated.
    Deactivated,
    /// Member of no directory any more.
    Removed,
    /// Suspended in every directory.
    Suspended,
    /// Suspended no longer.
    Restored,
    /// No access to these product instances any more.
    LostProducts(Vec<ResourceId>),
}

impl Effect {
    /// Whether it shows in every organization, not only in the one that it was made through.
    pub(super) fn is_of_account(&self) -> bool {
        matches!(self, Self::ScheduledForDeletion | Self::Activated | Self::Deactivated)
    }

    fn takes_back(&self, earlier: &Self) -> bool {
        match self {
            Self::Activated => matches!(earlier, Self::ScheduledForDeletion | Self::Deactivated),
            Self::Restored => *earlier == Self::Suspended,
            _ => false,
        }
    }
}

struct Correction {
    organization: OrganizationId,
    effect: Effect,
    made_at: Timestamp,
    /// What was read from this instant on is believed.
    settles_at: Timestamp,
    forgotten_at: Timestamp,
}

/// The corrections of all organizations.
pub(super) struct Corrections {
    by_account: Mutex<HashMap<AccountId, Vec<Correction>>>,
    settle: Duration,
    kept: Duration,
}

impl Corrections {
    /// `settle` is how long Atlassian may take to show a change, `kept` how long answers from before are used.
    pub(super) fn new(settle: Duration, kept: Duration) -> Self {
        Self { by_account: Mutex::default(), settle, kept }
    }

    /// How long Atlassian may take to show a change.
    pub(super) fn settle(&self) -> Duration {
        self.settle
    }

    pub(super) fn add(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        effect: Effect,
        now: Timestamp,
    ) {
        let settles_at = now.saturating_add(self.settle).unwrap_or(Timestamp::MAX);
        let forgotten_at = settles_at.saturating_add(self.kept).unwrap_or(Timestamp::MAX);
        let organization = organization.clone();
        let correction =
            Correction { organization, effect, made_at: now, settles_at, forgotten_at };
        let mut table = self.table();
        table.retain(|_, list| {
            list.retain(|correction| correction.forgotten_at > now);
            !list.is_empty()
        });
        let list = table.entry(account.clone()).or_default();
        // What was taken back shows no more, neither in rows from before it nor in those from after.
        list.retain(|earlier| {
            !correction.effect.takes_back(&earlier.effect)
                || (!earlier.effect.is_of_account()
                    && earlier.organization != correction.organization)
        });
        list.push(correction);
    }

    /// The row as it is after every change that it was read too early to show; `None` where nothing is to be corrected.
    pub(super) fn corrected(
        &self,
        organization: &OrganizationId,
        user: &User,
        read_at: Timestamp,
    ) -> Option<Corrected> {
        let table = self.table();
        let corrections = table.get(&user.account_id)?.iter().filter(|correction| {
            read_at < correction.settles_at
                && (correction.effect.is_of_account() || correction.organization == *organization)
        });
        let mut corrected: Option<Corrected> = None;
        for correction in corrections {
            let row =
                corrected.get_or_insert_with(|| Corrected { user: user.clone(), is_gone: false });
            row.apply(&correction.effect, read_at < correction.made_at);
        }
        corrected
    }

    /// The accounts that Atlassian may not yet show as they are in an organization.
    pub(super) fn unsettled(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Vec<AccountId> {
        let is_unsettled = |correction: &Correction| {
            now < correction.settles_at
                && (correction.effect.is_of_account() || correction.organization == *organization)
        };
        let table = self.table();
        let accounts = table.iter().filter(|(_, list)| list.iter().any(is_unsettled));
        accounts.map(|(account, _)| account.clone()).collect()
    }

    /// Everybody of whom something may be to be corrected.
    pub(super) fn accounts(&self) -> HashSet<AccountId> {
        self.table().keys().cloned().collect()
    }

    /// The product instances that the person has lost since `read_at`.
    pub(super) fn lost_products(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        read_at: Timestamp,
    ) -> Vec<ResourceId> {
        let table = self.table();
        let corrections = table.get(account).into_iter().flatten().filter(|correction| {
            read_at < correction.settles_at && correction.organization == *organization
        });
        let lost = corrections.filter_map(|correction| match &correction.effect {
            Effect::LostProducts(lost) => Some(lost.iter().cloned()),
            _ => None,
        });
        lost.flatten().collect()
    }

    /// Whether nothing at all is to be corrected.
    pub(super) fn is_empty(&self) -> bool {
        self.table().is_empty()
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Vec<Correction>>> {
        self.by_account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A corrected row.
pub(super) struct Corrected {
    pub(super) user: User,
    /// Whether the organization does not know the person any more.
    pub(super) is_gone: bool,
}

impl Corrected {
    fn apply(&mut self, effect: &Effect, is_from_before: bool) {
        let user = &mut self.user;
        match effect {
            Effect::ScheduledForDeletion => {
                user.status = UserStatus::ForDeletion;
                user.account_status = AccountStatus::Inactive;
                lose_everything(user);
            }
            Effect::Activated => {
                user.account_status = AccountStatus::Active;
                user.status = by_membership(user.membership_status);
                if is_from_before {
                    ask_again(user);
                }
            }
            Effect::Deactivated => {
                user.account_status = AccountStatus::Inactive;
                user.status = UserStatus::Deactivated;
            }
            Effect::Removed => {
                user.membership_status = MembershipStatus::NoMembership;
                if user.account_status == AccountStatus::Active {
                    user.status = UserStatus::NotInvited;
                }
                lose_everything(user);
                self.is_gone = user.claim_status != ClaimStatus::Managed;
            }
            Effect::Suspended | Effect::Restored => {
                user.membership_status = if *effect == Effect::Suspended {
                    MembershipStatus::Suspended
                } else {
                    MembershipStatus::Active
                };
                if user.account_status == AccountStatus::Active {
                    user.status = by_membership(user.membership_status);
                }
            }
            Effect::LostProducts(lost) => {
                if let Some(access) = &mut user.product_access {
                    let is_lost = |of: &ResourceId| lost.iter().any(|one| one.is_same_product(of));
                    access.retain(|access| !is_lost(&access.resource_id));
                }
            }
        }
    }

    /// Whether the person has one of these products; taken as so where it is not told.
    fn has_one_of(&self, wanted: &[ResourceId]) -> bool {
        self.user.product_access.as_ref().is_none_or(|access| {
            access.iter().any(|has| wanted.iter().any(|one| one.is_same_product(&has.resource_id)))
        })
    }

    /// Whether a search that found the row would still find it.
    pub(super) fn is_found_by(&self, search: &UserSearch) -> bool {
        let user = &self.user;
        let holds = |wanted: bool, has: bool| !wanted || has;
        let has_groups = user.groups.as_ref().is_none_or(|groups| !groups.is_empty());
        let is_member = user.membership_status != MembershipStatus::NoMembership;
        !self.is_gone
            && (search.status.is_empty() || search.status.contains(&user.status))
            && (search.account_status.is_empty()
                || search.account_status.contains(&user.account_status))
            && (search.membership_status.is_empty()
                || search.membership_status.contains(&user.membership_status))
            && holds(!search.group_ids.is_empty(), has_groups && is_member)
            && holds(!search.role_ids.is_empty() || !search.resource_ids.is_empty(), is_member)
            && holds(!search.resource_ids.is_empty(), self.has_one_of(&search.resource_ids))
    }
}

fn by_membership(membership: MembershipStatus) -> UserStatus {
    match membership {
        MembershipStatus::Active => UserStatus::Active,
        MembershipStatus::Suspended => UserStatus::Suspended,
        MembershipStatus::NoMembership => UserStatus::NotInvited,
        MembershipStatus::Unknown => UserStatus::Unknown,
    }
}

fn lose_everything(user: &mut User) {
    user.groups = user.groups.take().map(|_| Vec::new());
    user.platform_roles = user.platform_roles.take().map(|_| Vec::new());
    user.product_access = user.product_access.take().map(|_| Vec::new());
    user.resource_count = user.resource_count.map(|_| 0);
}

/// What reads empty while an account is on its way out says nothing once it is back: it counts as not told, so that
/// it is asked for where somebody wants it.
fn ask_again(user: &mut User) {
    user.groups = user.groups.take().filter(|groups| !groups.is_empty());
    user.platform_roles = user.platform_roles.take().filter(|roles| !roles.is_empty());
    user.product_access = user.product_access.take().filter(|access| !access.is_empty());
    user.resource_count = user.resource_count.filter(|count| *count > 0);
}
