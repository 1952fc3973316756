//! What people may use and why: groups, direct roles and platform roles worked out into roles held.

use super::{
    organization::Organization,
    person::{Membership, Person},
    role::{Method, Role},
};

/// One role that a person holds on one resource, and how.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) resource: u16,
    pub(super) directory: u8,
    pub(super) role: Role,
    pub(super) method: Method,
}

impl Held {
    /// Whether the role works at this moment: account active and not suspended where it comes from.
    pub(super) fn is_effective(self, person: &Person) -> bool {
        person.is_account_active()
            && person.memberships[usize::from(self.directory)] == Membership::Active
    }
}

impl Organization {
    /// Calls `tell` with every product role of the person until it answers true; whether it did.
    /// Suspended and deactivated people keep their roles; those on the way out have none.
    pub(super) fn any_held(&self, person: &Person, mut tell: impl FnMut(Held) -> bool) -> bool {
        if !person.keeps_grants() {
            return false;
        }
        for group in &person.groups {
            let group = &self.groups[*group as usize];
            if person.memberships[group.directory] == Membership::None {
                continue;
            }
            for grant in &group.grants {
                for role in &grant.roles {
                    let held = Held {
                        resource: grant.resource,
                        directory: directory_byte(group.directory),
                        role: *role,
                        method: Method::Group,
                    };
                    if tell(held) {
                        return true;
                    }
                }
            }
        }
        let Some(home) = home_directory(person) else {
            return false;
        };
        person.direct.iter().any(|direct| {
            tell(Held {
                resource: direct.resource,
                directory: directory_byte(home),
                role: direct.role,
                method: direct.method,
            })
        })
    }

    /// Every product role of the person, in order, each way of holding it once.
    pub(super) fn held(&self, person: &Person) -> Vec<Held> {
        let mut all = Vec::new();
        self.any_held(person, |held| {
            all.push(held);
            false
        });
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether the person is counted against the seats of this resource.
    pub(super) fn uses_seat(&self, person: &Person, resource: usize) -> bool {
        self.any_held(person, |held| {
            usize::from(held.resource) == resource
                && held.role.uses_seat()
                && held.is_effective(person)
        })
    }

    /// How many people are counted against the seats of this resource.
    pub(super) fn seats_used(&self, resource: usize) -> u32 {
        let used = self.people.iter().filter(|person| self.uses_seat(person, resource)).count();
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    /// Whether one more person would exceed the seats of this resource.
    pub(super) fn is_full(&self, resource: usize) -> bool {
        self.resources[resource]
            .capacity
            .is_some_and(|capacity| self.seats_used(resource) >= capacity)
    }

    /// How many resources the person can use at this moment.
    pub(super) fn resources_in_reach(&self, person: &Person) -> usize {
        let mut reached: Vec<u16> = Vec::new();
        self.any_held(person, |held| {
            if held.is_effective(person) && !reached.contains(&held.resource) {
                reached.push(held.resource);
            }
            false
        });
        reached.len()
    }

    /// Whether the person may log in to one of the site's Jira products.
    pub(super) fn has_jira_access(&self, person: &Person, site: usize) -> bool {
        self.any_held(person, |held| {
            let resource = &self.resources[usize::from(held.resource)];
            resource.site == Some(site)
                && resource.is_jira_family()
                && held.role != Role::Customer
                && held.is_effective(person)
        })
    }

    /// Whether the person administers Jira on the site.
    pub(super) fn administers_jira(&self, person: &Person, site: usize) -> bool {
        if !person.is_account_active() {
            return false;
        }
        let platform = person.platform;
        platform.holds(Role::OrgAdmin)
            || platform.holds(Role::SiteAdmin)
            || self.any_held(person, |held| {
                let resource = &self.resources[usize::from(held.resource)];
                resource.site == Some(site)
                    && resource.is_jira_family()
                    && held.role == Role::Admin
                    && held.is_effective(person)
            })
    }
}

/// The directory that direct roles are told under.
pub(super) fn home_directory(person: &Person) -> Option<usize> {
    person.memberships.iter().position(|membership| *membership != Membership::None)
}

fn directory_byte(directory: usize) -> u8 {
    u8::try_from(directory).expect("an organization has at most two directories")
}
