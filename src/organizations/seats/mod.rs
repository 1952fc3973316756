//! Who holds which seats of an organization: read in bulk once a scan, counted for any number of days afterwards.
//!
//! `gather` asks what the figures need beside the scan: products, Jira's own seats, the roles of groups, and a count a
//! product for comparison. `join` tells what one person holds, `report` makes rows and totals of one organization or
//! several, `candidates` who could give a seat back, `access` goes over everybody, `twice` finds who is paid for twice,
//! `history` keeps the figures of each day, `kept` tells those at hand without a call, `once` which of two integrations of an
//! organization has a product's row. The arithmetic is `licenses/`.

mod access;
mod candidates;
mod exact;
mod gather;
mod history;
mod join;
mod kept;
mod once;
mod report;
mod sources;
#[cfg(test)]
mod tests;
mod twice;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::AtomicU64},
};

use futures_util::FutureExt;

pub(super) use self::kept::KnownFigures;
pub use self::{
    access::{ProductAccessRow, SeatExemption},
    candidates::Candidate,
    history::TakenSnapshots,
    kept::KeptFigures,
    report::LicenseReport,
    twice::PaidTwice,
};
use self::{
    join::{Correction, Held, Join, Standing},
    sources::Sources,
};
use super::{
    Organization, PeopleSnapshot, Result,
    scan::{Person, Scan},
};
use crate::{
    domain::{
        Fetched, Freshness, Group, GroupId, GroupRoles, LastActivity, LicensePeople, Product,
        ResourceId,
    },
    licenses::SeatHolder,
};

/// Everything that licence figures of one organization are made of, as one scan found it.
pub struct Seats {
    scan: Arc<Scan>,
    join: Join,
    /// By row of the scan.
    corrections: HashMap<u32, Correction>,
    instances: Vec<Instance>,
    /// By instance: the rows of its holders, where they were read one by one.
    exact: Vec<Option<HashSet<u32>>>,
    people: LicensePeople,
    /// Groups that grant anything, with their names and who keeps their members.
    groups: Arc<HashMap<GroupId, Arc<Group>>>,
    /// What those groups grant.
    roles: HashMap<GroupId, Arc<Vec<GroupRoles>>>,
    /// Numbers of the scan's table of groups: those whose roles could not be read.
    unread: HashSet<u32>,
    /// When the oldest of what was read beside the scan was read.
    read_at: jiff::Timestamp,
    reading: u64,
    /// Whether Jira's own seats are missing for a reason that may pass.
    is_incomplete: bool,
}

/// Readings number themselves over all organizations.
static READINGS: AtomicU64 = AtomicU64::new(1);

/// One product on one site.
struct Instance {
    product: Arc<Product>,
    holders: Vec<Holder>,
    /// Suspended people who would hold a seat again through their groups when restored.
    suspended: u64,
    /// Holders of whom it is not told whether this is among what they may use at this moment.
    doubtful: u64,
    sources: Sources,
}

/// Somebody who holds a seat: a row of the scan, and what decides whether they need it.
#[derive(Clone, Copy)]
struct Holder {
    person: u32,
    last_active: LastActivity,
    is_robot: bool,
    is_protected: bool,
}

impl Organization {
    /// Who holds which seats. Upstream calls: the scan, which everybody shares; one for the products, one for Jira's
    /// seats, one for the groups that grant anything and one for each of them, one for each product that nobody else
    /// counts. Nothing while the scan is kept. A scan past its time stands in, marked as stale, while a new one runs.
    ///
    /// # Errors
    /// The scan, the products or the groups could not be read; the first scan is still running.
    pub async fn seats(&self) -> Result<Fetched<Seats>> {
        let (scan, freshness) = self.scan_or_stale().await?;
        self.seats_of_scan(scan, freshness).await
    }

    /// The same of people who were read before: their rows are those of the snapshot.
    ///
    /// # Errors
    /// The products or the groups could not be read.
    pub async fn seats_of(&self, people: &PeopleSnapshot) -> Result<Fetched<Seats>> {
        self.seats_of_scan(Arc::clone(people.scan()), people.freshness()).await
    }

    async fn seats_of_scan(&self, scan: Arc<Scan>, freshness: Freshness) -> Result<Fetched<Seats>> {
        let number = scan.number;
        let ask = async { self.gather(scan).await }.boxed();
        // What the caller demands of age was settled when the scan was chosen.
        let demand = super::Demand { not_before: None, ..self.demand };
        let cache = &self.shared.caches.seats;
        let key = self.key(number);
        let seats = cache.get_or_ask(&demand, key, Seats::bytes, ask).await?;
        let beside = Freshness { fetched_at: seats.value.read_at, ..seats.freshness };
        Ok(self.note(Fetched { value: seats.value, freshness: freshness.with(beside) }))
    }
}

impl Seats {
    fn bytes(&self) -> usize {
        let holders: usize = self.instances.iter().map(|instance| instance.holders.len()).sum();
        let roles: usize = self.roles.values().map(|roles| 64 + roles.len() * 220).sum();
        512 + holders * size_of::<Holder>() + self.instances.len() * 512 + roles
    }

    /// The instance with this resource id, in any of its spellings.
    fn instance(&self, resource: &ResourceId) -> Option<usize> {
        let is_it = |one: &Instance| one.product.resource_id == *resource;
        let is_like = |one: &Instance| one.product.resource_id.is_same_product(resource);
        self.instances.iter().position(is_it).or_else(|| self.instances.iter().position(is_like))
    }

    /// What the person in a row has of each resource, put into `held`.
    fn held_by(&self, row: usize, person: Person<'_>, held: &mut Vec<Held>) -> Standing {
        let row = gather::row_of(row);
        let correction = self.corrections.get(&row);
        let standing = self.join.of(person, correction, held);
        // What Headcount changed a moment ago it knows better.
        if correction.is_some_and(|correction| !correction.leaves_standing(person)) {
            return standing;
        }
        for (instance, holders) in self.exact.iter().enumerate() {
            let Some(holders) = holders else { continue };
            let resource = &self.instances[instance].product.resource_id;
            if correction.is_none_or(|correction| !correction.takes(resource)) {
                self.join.correct(gather::row_of(instance), holders.contains(&row), person, held);
            }
        }
        standing
    }

    fn holder(&self, holder: Holder) -> SeatHolder {
        SeatHolder {
            last_active: holder.last_active,
            added_at: self.scan.people.person(holder.person as usize).and_then(Person::added_at),
            is_robot: holder.is_robot,
            is_protected: holder.is_protected,
        }
    }

    /// The number of the scan that they come from: another one has other rows.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.scan.number
    }

    /// Tells this reading of groups and products from every other one of the process, of the same scan too.
    #[must_use]
    pub fn reading(&self) -> u64 {
        self.reading
    }

    /// How many people Atlassian lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scan.people.len()
    }

    /// Whether the organization has nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
