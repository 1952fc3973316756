use std::{sync::Arc, time::Duration};

use super::{Organization, Result, Scan};
use crate::{
    atlassian::UserSearch,
    domain::{Freshness, ResourceId, User},
};

/// Everybody of one organization, as they were read at one instant. Cheap to clone; what it holds does not change,
/// however long it is held.
#[derive(Clone)]
pub struct PeopleSnapshot {
    scan: Arc<Scan>,
    freshness: Freshness,
}

impl PeopleSnapshot {
    /// How many people there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scan.people.len()
    }

    /// Whether nobody was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One person with everything that a scan reads: groups, organization-level roles, product access. Made anew each time.
    #[must_use]
    pub fn user(&self, index: usize) -> Option<User> {
        self.scan.people.user(index)
    }

    /// The product instances that anybody has access to.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.scan.people.resources()
    }

    /// Tells this snapshot from every other of this process.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.scan.number
    }

    /// When it was read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }
}

impl Organization {
    /// Everybody, from the scan that is kept or from one that is read now. Waits for at most `wait`; the scan goes on after
    /// that.
    ///
    /// # Errors
    /// The scan is still running; Atlassian refused or could not be asked.
    pub async fn people(&self, wait: Duration) -> Result<PeopleSnapshot> {
        let scan = self.scan_within(&UserSearch::default(), wait).await?;
        Ok(PeopleSnapshot { freshness: self.scan_freshness(&scan), scan })
    }
}
