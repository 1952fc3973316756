use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Organization, Result, Scan};
use crate::{
    atlassian::UserSearch,
    domain::{Freshness, ResourceId, User},
};

/// Everybody of one organization, as they were read at one instant, with what was changed through this program since. Cheap to
/// clone; what it holds does not change, however long it is held.
#[derive(Clone)]
pub struct PeopleSnapshot {
    scan: Arc<Scan>,
    freshness: Freshness,
    /// The rows that show a change that was made after they were read; `None` for people who are gone.
    corrected: Arc<BTreeMap<usize, Option<User>>>,
}

impl PeopleSnapshot {
    /// How many people were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scan.people.len()
    }

    /// Whether nobody was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One person with everything that a scan reads: groups, organization-level roles, product access. Made anew each time;
    /// `None` for a person who was removed since.
    #[must_use]
    pub fn user(&self, index: usize) -> Option<User> {
        match self.corrected.get(&index) {
            Some(corrected) => corrected.clone(),
            None => self.scan.people.user(index),
        }
    }

    /// The people who were changed since they were read, by their index; `None` for those who are gone.
    pub fn corrected(&self) -> impl Iterator<Item = (usize, Option<&User>)> {
        self.corrected.iter().map(|(index, user)| (*index, user.as_ref()))
    }

    /// The product instances that anybody has access to.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.scan.people.resources()
    }

    /// Tells the reading from every other one of this process, whatever was changed since.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.scan.number
    }

    /// When it was read.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The reading itself.
    pub(in crate::organizations) fn scan(&self) -> &Arc<Scan> {
        &self.scan
    }
}

impl Organization {
    /// Everybody, from the scan that is kept or from one that is read now. Waits for at most `wait`; the scan goes on after
    /// that. One that is past its time is given, marked as stale, while the next one runs.
    ///
    /// # Errors
    /// The scan is still running; Atlassian refused or could not be asked.
    pub async fn people(&self, wait: Duration) -> Result<PeopleSnapshot> {
        let (scan, freshness) = self.scan_or_stale_within(wait).await?;
        let corrected = Arc::new(self.corrected_rows(&scan));
        Ok(PeopleSnapshot { scan, freshness, corrected })
    }

    /// The people of a scan who were changed through this program since, by their rows.
    pub(in crate::organizations) fn changed_since(&self, scan: &Scan) -> Vec<(usize, User)> {
        let accounts = self.shared.corrections.accounts();
        if accounts.is_empty() {
            return Vec::new();
        }
        let is_concerned = |row: &usize| accounts.contains(scan.people.account_id(*row));
        let concerned = (0..scan.people.len()).filter(is_concerned);
        concerned.filter_map(|row| Some((row, scan.people.user(row)?))).collect()
    }

    fn corrected_rows(&self, scan: &Scan) -> BTreeMap<usize, Option<User>> {
        let corrections = &self.shared.corrections;
        let organization = self.shared.client.organization_id();
        let changed = self.changed_since(scan).into_iter();
        let corrected = changed.filter_map(|(index, user)| {
            let corrected = corrections.corrected(organization, &user, scan.began_at)?;
            let is_found = corrected.is_found_by(&UserSearch::default());
            Some((index, is_found.then_some(corrected.user)))
        });
        corrected.collect()
    }
}
