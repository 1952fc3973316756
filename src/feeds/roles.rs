use std::{collections::HashMap, sync::Arc, time::Duration};

use moka::{future::Cache, policy::EvictionPolicy};
use tokio::time::timeout;

use super::{
    content::{Asked, Fingerprint, Version},
    turns::Progress,
};
use crate::{
    domain::{AssignmentMethod, IntegrationId, ResourceId, RoleId, User},
    organizations::{Error, Organization, PeopleSnapshot, Result, RoleHolder},
};

/// People whose roles are asked for together.
const AT_ONCE: usize = 500;
/// Room for all that is kept, in bytes: about four million roles.
const CAPACITY: u64 = 64 << 20;
/// The scan that they go with is gone long before.
const LONGEST_KEPT: Duration = Duration::from_hours(2);

/// The roles of everybody of a scan, kept compactly.
pub(super) struct Roles {
    resources: Vec<ResourceId>,
    names: Vec<RoleId>,
    held: Vec<Held>,
    /// Where the roles of each person end in `held`.
    ends: Vec<u32>,
    /// Of the roles themselves: the same people can be asked for theirs again.
    pub(super) version: Version,
}

#[derive(Debug)]
struct Held {
    /// `None` for the organization itself.
    resource: Option<u32>,
    role: u32,
    origin: AssignmentMethod,
}

impl Roles {
    /// The roles of the person in a row of the scan.
    pub(super) fn of(
        &self,
        index: usize,
    ) -> impl Iterator<Item = (Option<&ResourceId>, &RoleId, AssignmentMethod)> {
        let end = self.ends.get(index).map_or(0, |end| *end as usize);
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let held = self.held.get(begin..end).unwrap_or_default();
        held.iter().filter_map(|held| {
            let resource = held.resource.and_then(|number| self.resources.get(number as usize));
            Some((resource, self.names.get(held.role as usize)?, held.origin))
        })
    }

    /// Every resource that somebody holds a role on.
    pub(super) fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.resources.iter()
    }

    fn bytes(&self) -> usize {
        self.held.len() * size_of::<Held>() + self.ends.len() * 4 + self.resources.len() * 120
    }
}

/// Which integration, with which version of its credentials, and which scan.
type Key = (IntegrationId, u64, u64);

/// Roles that were read, by the scan that they go with.
pub(super) struct KeptRoles {
    kept: Cache<Key, Arc<Roles>>,
    running: Cache<Key, Arc<Progress>>,
}

impl Default for KeptRoles {
    fn default() -> Self {
        let building = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self {
            kept: kept(CAPACITY),
            running: building.max_capacity(1_000).time_to_live(LONGEST_KEPT).build(),
        }
    }
}

/// The newest roles are always taken in, and kept even where they are larger than the room: they would be read again and
/// again otherwise, and readers who wait less long than that would never see them.
fn kept(room: u64) -> Cache<Key, Arc<Roles>> {
    let weight = move |roles: &Arc<Roles>| (roles.bytes() as u64).min(room);
    Cache::builder()
        .max_capacity(room)
        .eviction_policy(EvictionPolicy::lru())
        .weigher(move |_, roles| u32::try_from(weight(roles)).unwrap_or(u32::MAX))
        .time_to_live(LONGEST_KEPT)
        .build()
}

impl KeptRoles {
    /// The roles of everybody in a snapshot, but for changes since it was read. Reading goes on when `wait` is over, as a scan does: where groups do not
    /// explain what a person holds, that person costs a call.
    pub(super) async fn of(
        &self,
        asked: &Asked,
        people: &PeopleSnapshot,
        wait: Duration,
    ) -> Result<Arc<Roles>> {
        let key: Key = (asked.integration.id.clone(), asked.integration.version, people.number());
        if let Some(roles) = self.kept.get(&key).await {
            return Ok(roles);
        }
        let progress = self.running.get_with(key.clone(), async { Arc::default() });
        let progress = progress.await;
        let (kept, running) = (self.kept.clone(), self.running.clone());
        let (organization, people) = (asked.organization.clone(), people.clone());
        let expected = people.len() as u64;
        let steps = Arc::clone(&progress);
        // Everybody's task waits for the same reading; it does not end with the request that began it.
        let task = tokio::spawn(async move {
            let outcome = kept
                .try_get_with(key.clone(), Box::pin(read(&organization, &people, &steps)))
                .await
                .map_err(|error| Error::clone(&error));
            running.invalidate(&key).await;
            outcome
        });
        match timeout(wait, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Error::BadRequest("the reading of roles was broken off".to_owned())),
            Err(_) => Err(Error::ScanRunning(progress.so_far(Some(expected)))),
        }
    }
}

async fn read(
    organization: &Organization,
    people: &PeopleSnapshot,
    progress: &Progress,
) -> Result<Arc<Roles>> {
    let mut resources = Numbers::default();
    let mut roles = Numbers::default();
    let mut held = Vec::new();
    let mut ends = Vec::with_capacity(people.len());
    let indices: Vec<usize> = (0..people.len()).collect();
    for some in indices.chunks(AT_ONCE) {
        let users: Vec<Option<User>> = some.iter().map(|index| people.user(*index)).collect();
        let holders: Vec<RoleHolder> = users.iter().flatten().map(RoleHolder::of).collect();
        let mut outcomes = organization.roles_of(&holders).await.into_iter();
        for user in users {
            let outcome = user.and_then(|_| outcomes.next()).unwrap_or_else(|| Ok(Vec::new()));
            // A table without somebody's roles would be taken for one in which they hold none.
            for role in outcome? {
                held.push(Held {
                    resource: role.resource_id.map(|resource| resources.of(resource)),
                    role: roles.of(role.role),
                    origin: role.origin,
                });
            }
            ends.push(u32::try_from(held.len()).unwrap_or(u32::MAX));
        }
        progress.add(some.len());
    }
    held.shrink_to_fit();
    let (resources, roles) = (resources.list, roles.list);
    let version = version_of(&resources, &roles, &held, &ends);
    Ok(Arc::new(Roles { resources, names: roles, held, ends, version }))
}

fn version_of(resources: &[ResourceId], roles: &[RoleId], held: &[Held], ends: &[u32]) -> Version {
    let mut print = Fingerprint::default().with(format!("{resources:?}{roles:?}"));
    for some in held.chunks(AT_ONCE) {
        print = print.with(format!("{some:?}"));
    }
    print.with(format!("{ends:?}")).version()
}

/// Gives each value a number.
struct Numbers<T> {
    list: Vec<T>,
    known: HashMap<T, u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { list: Vec::new(), known: HashMap::new() }
    }
}

impl<T: std::hash::Hash + Eq + Clone> Numbers<T> {
    fn of(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let list = &mut self.list;
        *self.known.entry(value).or_insert_with_key(|value| {
            list.push(value.clone());
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles_of(people: usize) -> Arc<Roles> {
        let ends = vec![0; people];
        let version = Version::default();
        let (resources, names, held) = (Vec::new(), Vec::new(), Vec::new());
        Arc::new(Roles { resources, names, held, ends, version })
    }

    #[tokio::test]
    async fn the_newest_roles_are_kept_however_many_were_there_before_and_however_large_they_are() {
        let kept = kept(4_000);
        let key = |number: u64| (IntegrationId::from("acme"), 1, number);
        for number in 0..50 {
            kept.insert(key(number), roles_of(250)).await;
            for _ in 0..20 {
                kept.get(&key(number)).await;
            }
            kept.run_pending_tasks().await;
            assert!(kept.get(&key(number)).await.is_some(), "{number}");
        }
        kept.insert(key(50), roles_of(10_000)).await;
        kept.run_pending_tasks().await;
        assert!(kept.get(&key(50)).await.is_some(), "it is larger than the room");
    }
}
