use std::collections::{HashMap, HashSet};

use super::{
    super::scan::{People, Person},
    gather::row_of,
};
use crate::{
    domain::{
        AccountType, GroupId, GroupRoles, LastActivity, Product, ResourceId, UserStatus,
        product_key,
    },
    licenses::{Named, PeopleList, ToldActivity, uses_seat},
};

/// Joins a person's groups with what the groups grant, and with what the person used.
pub(super) struct Join {
    /// The instances first, in their order; then whatever else groups grant or people used.
    resources: Vec<ResourceId>,
    /// By resource: whether the absence of activity means that there was none.
    tells_activity: Vec<bool>,
    /// By number of the scan's table of groups.
    grants: Vec<Box<[Grant]>>,
    /// By number of the scan's table of resources.
    used: Vec<u32>,
    lists: Lists,
}

#[derive(Clone, Copy)]
struct Grant {
    resource: u32,
    is_seat: bool,
}

/// Who is protected and who is a robot, with the groups looked up once.
struct Lists {
    protected: PeopleList,
    robots: PeopleList,
    /// By number of the scan's table of groups: protected, robots.
    groups: Vec<(bool, bool)>,
}

/// What one person has of one resource.
#[derive(Clone, Copy)]
pub(super) struct Held {
    /// The number of the instance, where it is below their count.
    pub(super) resource: u32,
    /// Whether they hold a seat there at this moment.
    pub(super) holds_seat: bool,
    /// Whether a group of theirs grants one, working at this moment or not.
    pub(super) is_granted_seat: bool,
    is_by_group: bool,
    /// When they used it last.
    pub(super) last_active: LastActivity,
}

/// What Headcount itself changed of somebody since the scan.
#[derive(Debug, Clone)]
pub(super) struct Correction {
    pub(super) status: UserStatus,
    /// Instances that they have no access to any more.
    pub(super) lost: Vec<ResourceId>,
    /// Not in the organization any more.
    pub(super) is_gone: bool,
}

impl Correction {
    /// Whether it leaves the person's standing as it was read: what was counted of them then still holds, but for what they
    /// lost.
    pub(super) fn leaves_standing(&self, person: Person<'_>) -> bool {
        self.status == person.status()
    }

    /// Whether they have no access to the resource any more.
    pub(super) fn takes(&self, resource: &ResourceId) -> bool {
        self.lost.iter().any(|lost| lost.is_same_product(resource))
    }
}

/// What is known of one person besides.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub(super) status: UserStatus,
    pub(super) is_robot: bool,
    pub(super) is_protected: bool,
    /// Some of what their groups grant does not work at this moment, and it is not told what.
    pub(super) is_barred_in_part: bool,
}

impl Join {
    pub(super) fn new(
        products: &[std::sync::Arc<Product>],
        people: &People,
        roles: &HashMap<GroupId, std::sync::Arc<Vec<GroupRoles>>>,
        lists: (&PeopleList, &PeopleList),
    ) -> Self {
        let mut numbers: HashMap<ResourceId, u32> = HashMap::new();
        let mut number = |resource: &ResourceId| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(resource.canonical()).or_insert(next)
        };
        for product in products {
            number(&product.resource_id);
        }
        let used: Vec<u32> = people.resource_table().map(&mut number).collect();
        let mut granted_by = |group: &crate::domain::UserGroup| {
            let roles = roles.get(&group.id).into_iter().flat_map(|roles| roles.iter());
            roles
                .map(|given| Grant {
                    resource: number(&given.resource_id),
                    is_seat: given.roles.iter().any(uses_seat),
                })
                .collect()
        };
        let grants = people.group_table().iter().map(&mut granted_by).collect();
        let resources = in_order(numbers);
        let key = |resource: &ResourceId| product_key(resource.owner().unwrap_or_default());
        let told = told_activity(people);
        Self {
            tells_activity: resources.iter().map(|one| told.is_told(&key(one))).collect(),
            lists: Lists::new(lists, people),
            resources,
            grants,
            used,
        }
    }

    pub(super) fn resource(&self, number: u32) -> Option<&ResourceId> {
        self.resources.get(number as usize)
    }

    /// Whether the group with this number grants a seat there.
    pub(super) fn grants_seat(&self, group: u32, resource: u32) -> bool {
        self.grants_of(group).any(|granted| granted == (resource, true))
    }

    /// The resources on which the group with this number grants anything, and whether that is a seat.
    pub(super) fn grants_of(&self, group: u32) -> impl Iterator<Item = (u32, bool)> {
        let grants = self.grants.get(group as usize).into_iter().flatten();
        grants.map(|grant| (grant.resource, grant.is_seat))
    }

    /// What a person has of each resource, put into `held`.
    pub(super) fn of(
        &self,
        person: Person<'_>,
        correction: Option<&Correction>,
        held: &mut Vec<Held>,
    ) -> Standing {
        held.clear();
        self.add_grants(person, held);
        let explained = held.len();
        self.add_activity(person, held);
        let (is_robot, is_protected) = self.lists.of(person);
        let status = correction.map_or(person.status(), |correction| correction.status);
        // What they could use in another standing says nothing about this one. What they lost since is among what was counted.
        let is_as_read = correction.is_none_or(|correction| correction.leaves_standing(person));
        let count = person.resource_count().filter(|_| is_as_read);
        let has_access = may_hold(person.account_type(), status) && count != Some(0);
        let count = count.map(|count| count as usize);
        if has_access {
            for one in &mut *held {
                one.holds_seat = one.is_granted_seat;
            }
            // What they used and no group explains: a role of their own, or access that they had once. Atlassian
            // counts what they can use now; what is not explained of that is what they used last.
            let unexplained = &mut held[explained..];
            unexplained.sort_by_key(|one| std::cmp::Reverse(used_at(one)));
            let own = count.map_or(usize::MAX, |count| count.saturating_sub(explained));
            for one in unexplained.iter_mut().take(own) {
                one.holds_seat = true;
            }
        }
        if let Some(correction) = correction {
            let is_lost = |held: &&mut Held| {
                self.resource(held.resource).is_some_and(|resource| correction.takes(resource))
            };
            for lost in held.iter_mut().filter(is_lost) {
                (lost.holds_seat, lost.is_granted_seat) = (false, false);
            }
        }
        let is_barred_in_part = has_access && count.is_some_and(|count| count < explained);
        Standing { status, is_robot, is_protected, is_barred_in_part }
    }

    /// Puts right whether somebody holds a seat there, where that was read for certain.
    pub(super) fn correct(
        &self,
        resource: u32,
        holds_seat: bool,
        person: Person<'_>,
        held: &mut Vec<Held>,
    ) {
        if let Some(known) = held.iter_mut().find(|known| known.resource == resource) {
            known.holds_seat = holds_seat;
        } else if holds_seat {
            held.push(Held {
                resource,
                holds_seat,
                is_granted_seat: false,
                is_by_group: false,
                last_active: self.without_activity(person, resource),
            });
        }
    }

    /// What it means that nothing is told of somebody's activity there.
    fn without_activity(&self, person: Person<'_>, resource: u32) -> LastActivity {
        let tells = self.tells_activity.get(resource as usize) == Some(&true);
        if tells && person.products().is_some() {
            LastActivity::Never
        } else {
            LastActivity::Unknown
        }
    }

    fn add_grants(&self, person: Person<'_>, held: &mut Vec<Held>) {
        let grants = |group: &u32| self.grants.get(*group as usize).into_iter().flatten();
        for grant in person.groups().iter().flat_map(grants) {
            if let Some(known) = held.iter_mut().find(|known| known.resource == grant.resource) {
                known.is_granted_seat |= grant.is_seat;
                continue;
            }
            held.push(Held {
                resource: grant.resource,
                holds_seat: false,
                is_granted_seat: grant.is_seat,
                is_by_group: true,
                last_active: self.without_activity(person, grant.resource),
            });
        }
    }

    fn add_activity(&self, person: Person<'_>, held: &mut Vec<Held>) {
        for (used, at) in person.products().into_iter().flatten() {
            let Some(resource) = self.used.get(*used as usize).copied() else { continue };
            let last_active =
                at.map_or_else(|| self.without_activity(person, resource), LastActivity::At);
            match held.iter_mut().find(|known| known.resource == resource) {
                // The same instance can stand there under two spellings.
                Some(known) => {
                    if used_at(known) < *at || known.last_active == LastActivity::Unknown {
                        known.last_active = last_active;
                    }
                }
                None => held.push(Held {
                    resource,
                    holds_seat: false,
                    is_granted_seat: false,
                    is_by_group: false,
                    last_active,
                }),
            }
        }
    }
}

impl Held {
    /// Whether a group of theirs explains it.
    pub(super) fn is_by_group(&self) -> bool {
        self.is_by_group
    }
}

/// Of which products an instant is told, of anybody: access without one can mean that none is told.
fn told_activity(people: &People) -> ToldActivity {
    let everybody = (0..people.len()).filter_map(|row| people.person(row));
    let used: HashSet<u32> = everybody
        .flat_map(|person| person.products().unwrap_or_default())
        .filter_map(|(product, at)| at.map(|_| *product))
        .collect();
    let mut told = ToldActivity::default();
    for (number, (resource, key)) in people.product_table().iter().enumerate() {
        let Some(owner) = resource.owner().filter(|_| used.contains(&row_of(number))) else {
            continue;
        };
        told.learn(owner);
        // The key can be the umbrella where the resource is spelled out.
        if product_key(key) == product_key(owner) {
            told.learn(key);
        }
    }
    told
}

fn used_at(held: &Held) -> Option<jiff::Timestamp> {
    match held.last_active {
        LastActivity::At(at) => Some(at),
        LastActivity::Never | LastActivity::Unknown => None,
    }
}

/// Whether they can use anything at this moment. Bots, add-ons and portal customers take no seat, and neither do those
/// who are suspended, deactivated, waiting for deletion or in no directory.
fn may_hold(kind: AccountType, status: UserStatus) -> bool {
    status == UserStatus::Active && !matches!(kind, AccountType::App | AccountType::Customer)
}

impl Lists {
    fn new((protected, robots): (&PeopleList, &PeopleList), people: &People) -> Self {
        let groups = people.group_table().iter().map(|group| {
            let (id, name) = (group.id.as_str(), group.name.as_deref());
            (protected.names_group(id, name), robots.names_group(id, name))
        });
        Self { groups: groups.collect(), protected: protected.clone(), robots: robots.clone() }
    }

    /// Whether somebody is a robot, and whether they are protected.
    fn of(&self, person: Person<'_>) -> (bool, bool) {
        let mut in_group = (false, false);
        for (protected, robot) in
            person.groups().iter().filter_map(|group| self.groups.get(*group as usize))
        {
            in_group = (in_group.0 | protected, in_group.1 | robot);
        }
        let named = |is_in_group| Named {
            account_id: person.account_id(),
            email: person.email(),
            is_in_group,
        };
        let is_bot = person.account_type() == AccountType::App;
        (is_bot || self.robots.names(named(in_group.1)), self.protected.names(named(in_group.0)))
    }
}

fn in_order(numbers: HashMap<ResourceId, u32>) -> Vec<ResourceId> {
    let mut pairs: Vec<(ResourceId, u32)> = numbers.into_iter().collect();
    pairs.sort_unstable_by_key(|(_, number)| *number);
    pairs.into_iter().map(|(resource, _)| resource).collect()
}
