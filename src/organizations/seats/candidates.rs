use std::sync::Arc;

use jiff::Timestamp;

use super::{super::scan::Person, Holder, Seats, sources::authority};
use crate::{
    domain::{
        GrantingGroup, LastActivity, ReclaimReason, ResourceId, RoleId, User, product_key,
        product_name,
    },
    licenses::{Beside, cutoff, freed_by, idle_since, is_reclaimable, reason, sentence, uses_seat},
};

/// Somebody whose seat can be taken back.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The person, with groups and organization-level roles.
    pub user: Arc<User>,
    /// When they last used the product; `None`: never.
    pub last_active_at: Option<Timestamp>,
    /// Why, as a word.
    pub reason: ReclaimReason,
    /// Why, as a sentence.
    pub sentence: String,
    /// The groups of theirs that grant the seat; empty where it is a role of their own.
    pub groups: Vec<GrantingGroup>,
    /// The smallest change that frees the seat, in sentences; and where a role that was given to the person directly would keep
    /// it, which is not asked for here.
    pub remedy: String,
    product: String,
    is_group_unread: bool,
}

impl Candidate {
    /// The change that frees the seat, where it was asked whether a role was given to the person directly.
    #[must_use]
    pub fn remedy_with(&self, is_direct: bool) -> String {
        let beside = Beside { is_direct: Some(is_direct), is_group_unread: self.is_group_unread };
        freed_by(&self.product, &self.groups, beside)
    }
}

impl Seats {
    /// The rows of those whose seat on a product can be taken back, the longest idle first. Every seat of a product saves
    /// as much as the next one, so that this is the most valuable first too.
    #[must_use]
    pub fn reclaimable(
        &self,
        resource: &ResourceId,
        inactive_for_days: u32,
        now: Timestamp,
    ) -> Vec<u32> {
        let Some(instance) = self.instance(resource) else { return Vec::new() };
        let edge = cutoff(now, inactive_for_days);
        let holders = self.instances[instance].holders.iter();
        let mut found: Vec<(Timestamp, u32)> = holders
            .map(|holder| (self.holder(*holder), holder.person))
            .filter(|(holder, _)| is_reclaimable(holder, edge))
            .map(|(holder, person)| (idle_since(&holder), person))
            .collect();
        // Who is idle as long goes by account id, so that the order is the same each time.
        let account = |row: u32| self.scan.people.person(row as usize).map(Person::account_id);
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| account(a.1).cmp(&account(b.1))));
        found.into_iter().map(|(_, person)| person).collect()
    }

    /// A row of [`Self::reclaimable`] with its reason and what is known to grant the seat. Costs no upstream call.
    #[must_use]
    pub fn candidate(&self, resource: &ResourceId, row: u32, now: Timestamp) -> Option<Candidate> {
        let instance = self.instance(resource)?;
        let of_row = |holder: &&Holder| holder.person == row;
        let holder = self.instances[instance].holders.iter().find(of_row)?;
        let holder = self.holder(*holder);
        let groups = self.granting_groups(row, instance);
        let product = self.name_of(instance);
        let person = self.scan.people.person(row as usize)?;
        let is_group_unread = person.groups().iter().any(|group| self.unread.contains(group));
        let beside = Beside { is_direct: None, is_group_unread };
        Some(Candidate {
            user: Arc::new(self.scan.people.user(row as usize)?),
            last_active_at: match holder.last_active {
                LastActivity::At(at) => Some(at),
                LastActivity::Never | LastActivity::Unknown => None,
            },
            reason: reason(&holder),
            sentence: sentence(&holder, &product, now),
            remedy: freed_by(&product, &groups, beside),
            product,
            is_group_unread,
            groups,
        })
    }

    /// The roles that take a seat there, with the groups of the person that grant each.
    #[must_use]
    pub fn seat_roles(&self, resource: &ResourceId, candidate: &Candidate) -> Vec<RoleId> {
        let of_group = |group: &GrantingGroup| self.roles.get(&group.id);
        let given = candidate.groups.iter().filter_map(of_group).flat_map(|roles| roles.iter());
        let here = given.filter(|given| given.resource_id.is_same_product(resource));
        let mut roles: Vec<RoleId> = here
            .flat_map(|given| given.roles.iter())
            .filter(|role| uses_seat(role))
            .cloned()
            .collect();
        roles.sort();
        roles.dedup();
        roles
    }

    /// The name that people know the product by.
    pub(super) fn name_of(&self, instance: usize) -> String {
        let product = &self.instances[instance].product;
        let known = product_name(&product_key(&product.owner));
        known.map_or_else(|| product.name.clone(), str::to_owned)
    }

    fn granting_groups(&self, row: u32, instance: usize) -> Vec<GrantingGroup> {
        let Some(person) = self.scan.people.person(row as usize) else { return Vec::new() };
        let here = u32::try_from(instance).unwrap_or(u32::MAX);
        let granting =
            person.groups().iter().copied().filter(|group| self.join.grants_seat(*group, here));
        granting.filter_map(|group| self.granting_group(person, group, here)).collect()
    }

    fn granting_group(&self, person: Person<'_>, number: u32, here: u32) -> Option<GrantingGroup> {
        let row = self.scan.people.group_table().get(number as usize)?;
        let known = self.groups.get(&row.id);
        let name = row.name.clone().or_else(|| known.map(|group| group.name.clone()));
        let resource = &self.instances[here as usize].product.resource_id;
        let roles = self.roles.get(&row.id)?;
        let is_default = roles.iter().any(|given| {
            given.default_role.is_some() && given.resource_id.is_same_product(resource)
        });
        Some(GrantingGroup {
            name: name.unwrap_or_else(|| row.id.as_str().to_owned()),
            id: row.id.clone(),
            is_default,
            is_synced: known.and_then(|group| group.is_externally_synced),
            other_products: self.lost_with(person, number, here),
        })
    }

    /// What else the person loses with a group that grants a seat there: the groups that they stay in grant none there.
    fn lost_with(&self, person: Person<'_>, number: u32, here: u32) -> Vec<String> {
        let staying = person.groups().iter().filter(|group| !self.join.grants_seat(**group, here));
        let kept: Vec<(u32, bool)> =
            staying.flat_map(|group| self.join.grants_of(*group)).collect();
        let is_kept = |(resource, is_seat): (u32, bool)| {
            kept.contains(&(resource, true)) || (!is_seat && kept.contains(&(resource, false)))
        };
        let granted = self.join.grants_of(number).filter(|(resource, _)| *resource != here);
        let mut lost: Vec<String> = granted
            .filter(|granted| !is_kept(*granted))
            .filter_map(|(resource, _)| self.place_of(resource))
            .collect();
        lost.sort();
        lost.dedup();
        lost
    }

    /// The name of a product, with its site where it is not the only one of the name.
    fn place_of(&self, resource: u32) -> Option<String> {
        let number = resource as usize;
        let Some(instance) = self.instances.get(number) else {
            let owner = self.join.resource(resource)?.owner()?;
            return product_name(&product_key(owner)).map(str::to_owned);
        };
        let name = self.name_of(number);
        let same = (0..self.instances.len()).filter(|other| self.name_of(*other) == name);
        let product = &instance.product;
        let host = product.host_url.as_deref().and_then(authority);
        let site = host.or_else(|| product.instance_name.clone()).filter(|_| same.count() > 1);
        Some(site.map_or_else(|| name.clone(), |site| format!("{name} on {site}")))
    }
}
