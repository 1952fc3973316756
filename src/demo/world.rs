//! Everything that the listeners share.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    clock::Clock, faults::Faults, limits::Counters, organization::Organization, requests::Requests,
};

/// After so many refused logins in a row Jira asks for a CAPTCHA.
const PATIENCE: u32 = 10;
/// How long it goes on asking, in simulated time.
const CAPTCHA: SignedDuration = SignedDuration::from_mins(10);

pub(super) struct World {
    pub(super) organizations: Vec<RwLock<Organization>>,
    /// Organization ids, which never change: to be had without a lock.
    pub(super) ids: Vec<String>,
    /// Organizations by their keys.
    pub(super) keys: HashMap<String, usize>,
    pub(super) clock: Clock,
    pub(super) requests: Requests,
    pub(super) faults: Faults,
    pub(super) counters: Counters,
    pub(super) api_url: String,
    pub(super) latency: Duration,
    /// Refused logins in a row by name, and when the last was.
    pub(super) refused: Mutex<HashMap<String, (u32, Timestamp)>>,
}

impl World {
    /// The organization as it is at this moment.
    pub(super) fn read(&self, index: usize, now: Timestamp) -> RwLockReadGuard<'_, Organization> {
        let lock = &self.organizations[index];
        let guard = lock.read().unwrap_or_else(PoisonError::into_inner);
        if !guard.is_due(now) {
            return guard;
        }
        drop(guard);
        drop(self.write(index, now));
        lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The organization to change, as it is at this moment.
    pub(super) fn write(&self, index: usize, now: Timestamp) -> RwLockWriteGuard<'_, Organization> {
        let mut guard = self.organizations[index].write().unwrap_or_else(PoisonError::into_inner);
        guard.settle(now);
        guard
    }

    /// Whether this name has to solve a CAPTCHA first.
    pub(super) fn is_locked_out(&self, name: &str, now: Timestamp) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused
            .get(name)
            .is_some_and(|(times, last)| *times >= PATIENCE && now.duration_since(*last) < CAPTCHA)
    }

    /// Remembers how a login ended.
    pub(super) fn logged_in(&self, name: &str, well: bool, now: Timestamp) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            refused.remove(name);
        } else {
            let (times, last) = refused.entry(name.to_owned()).or_insert((0, now));
            *times += 1;
            *last = now;
        }
    }
}
