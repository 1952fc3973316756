use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
};

use super::{
    super::{
        Organization, Result,
        changes::Protected,
        scan::{People, Scan},
    },
    Holder, Instance, READINGS, Seats,
    join::{Correction, Join, Standing},
    sources::{CountedBy, Sources, authority, distinct, sources},
};
use crate::{
    atlassian::UserSearch,
    domain::{Group, GroupId, GroupRoles, LicensePeople, Product, RoleId, UserStatus},
    licenses::PeopleList,
};

/// The roles that take a seat, as filters name them.
const SEAT_ROLES: [&str; 2] = ["atlassian/user", "atlassian/admin"];

/// The roles of groups, by group, and the groups whose roles could not be read.
type Grants = (HashMap<GroupId, Arc<Vec<GroupRoles>>>, Vec<GroupId>);

impl Organization {
    pub(super) async fn gather(&self, scan: Arc<Scan>) -> Result<Seats> {
        let jira = self.shared.client.application_roles();
        let (products, groups, jira) =
            futures_util::join!(self.products(), self.granting_groups(), jira);
        let (products, groups) = (products?, groups?);
        let (roles, unread) = self.grants_of(&scan.people, &groups.value).await?;
        let settings = &self.shared.settings;
        let products_known = distinct(&products.value);
        let site = authority(self.shared.client.site().as_str());
        let mut seats = Seats::new(Parts {
            sources: sources(&products_known, jira.as_deref(), site.as_deref()),
            products: products_known,
            protected: protected(&settings.changes.protected),
            robots: settings.licenses.robots.clone(),
            corrections: self.corrections_of(&scan),
            read_at: products.freshness.fetched_at.min(groups.freshness.fetched_at),
            groups: groups.value,
            scan,
            roles,
        });
        // What is refused stays refused; what failed may be there the next time.
        seats.is_incomplete = jira.is_err_and(|error| error.is_retryable());
        seats.tell_of_unread(&unread);
        self.count_upstream(&mut seats).await;
        self.read_differing(&mut seats).await;
        Ok(seats)
    }

    /// The roles of every granting group that somebody is in. One call a group, kept and shared with other questions.
    async fn grants_of(
        &self,
        people: &People,
        granting: &HashMap<GroupId, Arc<Group>>,
    ) -> Result<Grants> {
        let relevant = people.group_table().iter().filter(|group| granting.contains_key(&group.id));
        let each =
            relevant.map(|group| async { (group.id.clone(), self.group_roles(&group.id).await) });
        let mut grants = Grants::default();
        for (group, roles) in futures_util::future::join_all(each).await {
            match roles {
                Ok(roles) => {
                    grants.0.insert(group, roles.value);
                }
                // What may pass is waited for: figures without a group would be kept as long as the scan.
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => {
                    tracing::warn!(group.id = %group, error = %error, "The roles of a group could not be read");
                    grants.1.push(group);
                }
            }
        }
        Ok(grants)
    }

    /// What Headcount changed since the scan, by the rows of those concerned.
    fn corrections_of(&self, scan: &Scan) -> HashMap<u32, Correction> {
        let corrections = &self.shared.corrections;
        let organization = self.shared.client.organization_id();
        let mut found = HashMap::new();
        for (row, user) in self.changed_since(scan) {
            let lost = corrections.lost_products(organization, &user.account_id, scan.began_at);
            let corrected = corrections.corrected(organization, &user, scan.began_at);
            if let Some(corrected) = corrected {
                let (status, is_gone) = (corrected.user.status, corrected.is_gone);
                found.insert(row_of(row), Correction { status, lost, is_gone });
            }
        }
        found
    }

    /// Has Atlassian count the people of each product that no other source counts: one call a product.
    async fn count_upstream(&self, seats: &mut Seats) {
        let wanted = seats.instances.iter().enumerate().filter(|(_, instance)| {
            instance.sources.counted.is_none() && !instance.product.is_sandbox
        });
        let counts = wanted.map(|(index, instance)| {
            let search = holders_of(&instance.product);
            async move { (index, self.count(&search).await) }
        });
        for (index, counted) in futures_util::future::join_all(counts).await {
            let sources = &mut seats.instances[index].sources;
            match counted {
                Ok(counted) => sources.counted = Some((counted, CountedBy::Roles)),
                Err(error) => sources.notes.push(format!(
                    "Atlassian's own count of people could not be read for comparison: {error}."
                )),
            }
        }
    }
}

/// Active people with a role on the product that takes a seat.
pub(super) fn holders_of(product: &Product) -> UserSearch {
    UserSearch {
        resource_ids: vec![product.resource_id.clone()],
        role_ids: SEAT_ROLES.into_iter().map(RoleId::from).collect(),
        status: vec![UserStatus::Active],
        ..UserSearch::default()
    }
}

/// Everything that was read.
pub(super) struct Parts {
    pub(super) scan: Arc<Scan>,
    /// Each once.
    pub(super) products: Vec<Arc<Product>>,
    /// By product.
    pub(super) sources: Vec<Sources>,
    pub(super) groups: Arc<HashMap<GroupId, Arc<Group>>>,
    pub(super) roles: HashMap<GroupId, Arc<Vec<GroupRoles>>>,
    pub(super) protected: PeopleList,
    pub(super) robots: PeopleList,
    pub(super) corrections: HashMap<u32, Correction>,
    pub(super) read_at: jiff::Timestamp,
}

impl Instance {
    fn new(product: Arc<Product>, mut sources: Sources) -> Self {
        if product.is_sandbox {
            sources.notes.push(
                "A sandbox: on most plans its seats are not paid for, so that it stays out of the totals.".to_owned(),
            );
        }
        Self { product, holders: Vec::new(), suspended: 0, doubtful: 0, sources }
    }
}

impl Seats {
    /// Joins what was read.
    pub(super) fn new(parts: Parts) -> Self {
        let lists = (&parts.protected, &parts.robots);
        let join = Join::new(&parts.products, &parts.scan.people, &parts.roles, lists);
        let exact = vec![None; parts.products.len()];
        let instances = parts.products.into_iter().zip(parts.sources);
        let mut seats = Self {
            people: LicensePeople::default(),
            read_at: parts.read_at,
            groups: parts.groups,
            corrections: parts.corrections,
            scan: parts.scan,
            join,
            instances: instances
                .map(|(product, sources)| Instance::new(product, sources))
                .collect(),
            roles: parts.roles,
            is_incomplete: false,
            unread: HashSet::new(),
            reading: READINGS.fetch_add(1, Ordering::Relaxed),
            exact,
        };
        seats.count_everybody();
        seats
    }

    /// Goes over everybody.
    pub(super) fn count_everybody(&mut self) {
        self.people = LicensePeople::default();
        for instance in &mut self.instances {
            instance.holders.clear();
            (instance.suspended, instance.doubtful) = (0, 0);
        }
        let scan = Arc::clone(&self.scan);
        let mut held = Vec::new();
        for index in 0..scan.people.len() {
            let Some(person) = scan.people.person(index) else { continue };
            let correction = self.corrections.get(&row_of(index));
            if correction.is_some_and(|correction| correction.is_gone) {
                continue;
            }
            let standing = self.held_by(index, person, &mut held);
            let mut has_seat = false;
            for one in &held {
                let Some(instance) = self.instances.get_mut(one.resource as usize) else {
                    continue;
                };
                if one.holds_seat {
                    has_seat |= !instance.product.is_sandbox;
                    let is_read =
                        self.exact.get(one.resource as usize).is_some_and(Option::is_some);
                    instance.doubtful += u64::from(standing.is_barred_in_part && !is_read);
                    instance.holders.push(Holder {
                        person: row_of(index),
                        last_active: one.last_active,
                        is_robot: standing.is_robot,
                        is_protected: standing.is_protected,
                    });
                } else if one.is_granted_seat && standing.status == UserStatus::Suspended {
                    instance.suspended += 1;
                }
            }
            count(&mut self.people, standing, has_seat);
        }
        for instance in &mut self.instances {
            instance.holders.shrink_to_fit();
        }
    }

    pub(super) fn tell_of_unread(&mut self, unread: &[GroupId]) {
        if unread.is_empty() {
            return;
        }
        let table = self.scan.people.group_table().iter().enumerate();
        let of_group = table.filter(|(_, group)| unread.contains(&group.id));
        self.unread = of_group.map(|(number, _)| row_of(number)).collect();
        let granting = self.roles.len() + unread.len();
        for instance in &mut self.instances {
            instance.sources.notes.push(format!(
                "The roles of {} of {granting} granting groups could not be read; people who have a seat through them alone \
                 are missing, unless they used it, and so are suspended people who would have one.",
                unread.len()
            ));
        }
    }
}

fn count(people: &mut LicensePeople, standing: Standing, has_seat: bool) {
    people.listed += 1;
    people.with_seat += u64::from(has_seat);
    people.robots += u64::from(standing.is_robot);
    people.protected += u64::from(standing.is_protected);
    match standing.status {
        UserStatus::Suspended => people.suspended += 1,
        UserStatus::Deactivated => people.deactivated += 1,
        UserStatus::NotInvited => people.not_invited += 1,
        UserStatus::ForDeletion => people.for_deletion += 1,
        UserStatus::Active | UserStatus::Unknown => {}
    }
}

fn protected(named: &Protected) -> PeopleList {
    PeopleList {
        accounts: named.accounts.clone(),
        emails: named.emails.clone(),
        domains: named.domains.clone(),
        groups: named.groups.clone(),
    }
}

pub(super) fn row_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
