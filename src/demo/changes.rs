//! Changes that take effect later than they are asked for, and the small changes behind writes.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    organization::{ADMIN, Event, Grant, Organization, Subject},
    person::{AccountState, DirectRole, Membership, Traits},
    role::{Method, Role},
};

/// Role changes at organization level are visible after up to 30 s (Organization API, roles).
pub(super) const ROLE_LAG: SignedDuration = SignedDuration::from_secs(20);
/// Removal from a directory is queued: a read straight after still shows the user.
pub(super) const REMOVAL_LAG: SignedDuration = SignedDuration::from_secs(5);
/// A new group can be found after one or two seconds.
pub(super) const GROUP_LAG: SignedDuration = SignedDuration::from_secs(2);
/// Between asking for deletion and the end of the account.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What waits for its moment.
#[derive(Clone, Copy)]
pub(super) enum Change {
    GivePlatformRole { person: u32, role: Role },
    TakePlatformRole { person: u32, role: Role },
    GiveRole { person: u32, resource: u16, role: Role },
    TakeRole { person: u32, resource: u16, role: Role },
    GiveGroupRole { group: u32, resource: u16, role: Role },
    TakeGroupRole { group: u32, resource: u16, role: Role },
    Remove { person: u32, directory: usize },
    Close { person: u32 },
}

impl Organization {
    /// Lets a change take effect at this moment.
    pub(super) fn schedule(&mut self, at: Timestamp, change: Change) {
        let number = self
            .pending
            .range((at, 0)..=(at, u64::MAX))
            .next_back()
            .map_or(0, |((_, number), _)| number + 1);
        self.pending.insert((at, number), change);
    }

    /// Whether a change waits whose moment has come.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.pending.first_key_value().is_some_and(|((at, _), _)| *at <= now)
    }

    /// Lets everything take effect whose moment has come.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while self.is_due(now) {
            if let Some(((at, _), change)) = self.pending.pop_first() {
                self.apply(change, at);
            }
        }
    }

    fn apply(&mut self, change: Change, at: Timestamp) {
        match change {
            Change::GivePlatformRole { person, role } => {
                self.people[person as usize].platform.set(role, true);
            }
            Change::TakePlatformRole { person, role } => {
                self.people[person as usize].platform.set(role, false);
            }
            Change::GiveRole { person, resource, role } => self.give_role(person, resource, role),
            Change::TakeRole { person, resource, role } => {
                self.people[person as usize].direct.retain(|direct| {
                    direct.resource != resource
                        || direct.role != role
                        || direct.method != Method::Direct
                });
            }
            Change::GiveGroupRole { group, resource, role } => {
                self.give_group_role(group, resource, role);
            }
            Change::TakeGroupRole { group, resource, role } => {
                self.take_group_role(group, resource, role);
            }
            Change::Remove { person, directory } => self.remove(person, directory),
            Change::Close { person } => self.close(person, at),
        }
    }

    fn give_role(&mut self, person: u32, resource: u16, role: Role) {
        let direct = &mut self.people[person as usize].direct;
        let known = direct.iter().any(|known| {
            known.resource == resource && known.role == role && known.method == Method::Direct
        });
        if !known {
            direct.push(DirectRole { resource, role, method: Method::Direct });
        }
    }

    fn give_group_role(&mut self, group: u32, resource: u16, role: Role) {
        let grants = &mut self.groups[group as usize].grants;
        match grants.iter_mut().find(|grant| grant.resource == resource) {
            Some(grant) if grant.roles.contains(&role) => {}
            Some(grant) => grant.roles.push(role),
            None => grants.push(Grant { resource, roles: vec![role], default_role: None }),
        }
    }

    fn take_group_role(&mut self, group: u32, resource: u16, role: Role) {
        let grants = &mut self.groups[group as usize].grants;
        for grant in grants.iter_mut().filter(|grant| grant.resource == resource) {
            grant.roles.retain(|held| *held != role);
            if grant.default_role == Some(role) {
                grant.default_role = None;
            }
        }
        grants.retain(|grant| !grant.roles.is_empty());
    }

    /// Out of the directory: its groups and the direct roles are lost.
    fn remove(&mut self, person: u32, directory: usize) {
        let leaver = &mut self.people[person as usize];
        leaver.memberships[directory] = Membership::None;
        let (left, kept): (Vec<u32>, Vec<u32>) = leaver
            .groups
            .iter()
            .partition(|group| self.groups[**group as usize].directory == directory);
        leaver.groups = kept;
        if !leaver.is_member() {
            leaver.direct.clear();
        }
        for group in left {
            self.groups[group as usize].members -= 1;
        }
    }

    /// The end of the grace period, unless the deletion was cancelled and perhaps asked for again.
    fn close(&mut self, person: u32, at: Timestamp) {
        let AccountState::ForDeletion { since } = self.people[person as usize].state else {
            return;
        };
        if since.saturating_add(GRACE).is_ok_and(|end| end > at) {
            return;
        }
        for directory in 0..self.directories.len() {
            self.remove(person, directory);
        }
        let closed = &mut self.people[person as usize];
        closed.state = AccountState::Closed;
        closed.visits.clear();
        closed.corrections = None;
        closed.traits.set(Traits::MFA, false);
        closed.traits.set(Traits::GUARD_BILLABLE, false);
        self.by_nickname = std::sync::OnceLock::new();
    }

    /// Puts a person into a group at once; false where they were in it already.
    pub(super) fn join(&mut self, person: u32, group: u32) -> bool {
        let groups = &mut self.people[person as usize].groups;
        let Err(place) = groups.binary_search(&group) else {
            return false;
        };
        groups.insert(place, group);
        self.groups[group as usize].members += 1;
        true
    }

    /// Takes a person out of a group at once; false where they were not in it.
    pub(super) fn leave(&mut self, person: u32, group: u32) -> bool {
        let groups = &mut self.people[person as usize].groups;
        let Ok(place) = groups.binary_search(&group) else {
            return false;
        };
        groups.remove(place);
        self.groups[group as usize].members -= 1;
        true
    }

    /// Counts a change to a person that was accepted, whether it found anything left to change or not.
    pub(super) fn carried_out(&mut self, person: u32, change: &'static str) {
        *self.writes.entry(person).or_default().entry(change).or_default() += 1;
    }

    /// Writes an event by the integration's own admin into the audit log.
    pub(super) fn record(&mut self, action: &'static str, subject: Subject, now: Timestamp) {
        let actor = self.person(ADMIN);
        self.events.push(Event {
            id: Uuid::new_v4(),
            at: now,
            action,
            actor: ADMIN,
            subject,
            town: actor.town,
            ip: [203, 0, 113, 27],
        });
    }
}
