//! Rate limits, counted in windows of simulated time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What an endpoint is counted against.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Budget {
    /// The Organization API in general; the number is not published.
    General,
    LastActiveDates,
    /// Events, event by id, event-actions: each on its own.
    Events,
    EventsStream,
    UserManagement,
    /// Per site, endpoint and method, by the second.
    Jira,
    None,
}

/// How many requests each budget allows, per minute; Jira's per second.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Limits {
    /// Organization API, per organization and minute. Atlassian does not publish its number; this
    /// one lets a scan of 100,000 people through.
    pub general: u32,
    /// Last-active dates, per organization and minute.
    pub last_active_dates: u32,
    /// Audit log search, per organization, endpoint and minute.
    pub events: u32,
    /// Audit log stream, per organization and minute.
    pub events_stream: u32,
    /// User management, per organization and minute. Not documented by Atlassian.
    pub user_management: u32,
    /// Reads and POSTs of a Jira site, per endpoint and second; PUT and DELETE get half of it.
    pub jira_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            general: 3000,
            last_active_dates: 200,
            events: 10,
            events_stream: 50,
            user_management: 600,
            jira_per_second: 100,
        }
    }
}

/// Where a caller stands after being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) resets_in: SignedDuration,
    pub(super) is_over: bool,
}

/// Organization (and site) with the route that is counted.
#[derive(PartialEq, Eq, Hash, Clone, Debug)]
pub(super) struct Subject {
    pub(super) organization: usize,
    pub(super) site: Option<usize>,
    pub(super) budget: Budget,
    /// Empty where all routes share the budget.
    pub(super) route: String,
}

struct Window {
    began: Timestamp,
    used: u32,
}

#[derive(Default)]
pub(super) struct Counters {
    limits: RwLock<Limits>,
    windows: Mutex<HashMap<Subject, Window>>,
}

impl Counters {
    pub(super) fn limits(&self) -> Limits {
        *self.limits.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the limits and forgets what was used.
    pub(super) fn set_limits(&self, limits: Limits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Counts one request, halving the limit for Jira's `is_write`.
    pub(super) fn count(&self, subject: Subject, is_write: bool, now: Timestamp) -> Standing {
        let limits = self.limits();
        let minute = SignedDuration::from_mins(1);
        let (limit, length) = match subject.budget {
            Budget::General => (limits.general, minute),
            Budget::LastActiveDates => (limits.last_active_dates, minute),
            Budget::Events => (limits.events, minute),
            Budget::EventsStream => (limits.events_stream, minute),
            Budget::UserManagement => (limits.user_management, minute),
            Budget::Jira if is_write => {
                (limits.jira_per_second.div_ceil(2), SignedDuration::from_secs(1))
            }
            Budget::Jira => (limits.jira_per_second, SignedDuration::from_secs(1)),
            Budget::None => (u32::MAX, minute),
        };
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(subject).or_insert(Window { began: now, used: 0 });
        let passed = now.duration_since(window.began);
        if passed >= length || passed < SignedDuration::ZERO {
            *window = Window { began: now, used: 0 };
        }
        let is_over = window.used >= limit;
        if !is_over {
            window.used += 1;
        }
        Standing {
            limit,
            remaining: limit - window.used.min(limit),
            resets_in: length - now.duration_since(window.began),
            is_over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_refused_when_used_up_and_full_again_in_the_next_minute() {
        let counters = Counters::default();
        let now = Timestamp::UNIX_EPOCH;
        let subject = || Subject {
            organization: 0,
            site: None,
            budget: Budget::Events,
            route: String::new(),
        };
        for left in (0..10).rev() {
            let standing = counters.count(subject(), false, now);
            assert_eq!((standing.remaining, standing.is_over), (left, false));
        }
        assert!(counters.count(subject(), false, now).is_over);
        let later = now + SignedDuration::from_secs(60);
        assert_eq!(counters.count(subject(), false, later).remaining, 9);
    }
}
