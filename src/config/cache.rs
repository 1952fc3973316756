use std::time::Duration;

use super::{problem::Problems, section::section};

section! {
    /// How long an answer of Atlassian may be used again. A caller's `Cache-Control` can only ask for younger ones.
    CacheSection {
        /// Users, and what comes with them: platform roles, product access, last activity.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        users: Duration = Duration::from_secs(60);
        /// Groups and their members.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        groups: Duration = Duration::from_secs(5 * 60);
        /// Role assignments.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        roles: Duration = Duration::from_secs(5 * 60);
        /// Products, sites and directories.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        products: Duration = Duration::from_secs(15 * 60);
        /// The organization's name and domains.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        organization: Duration = Duration::from_secs(60 * 60);
        /// Audit events, and last active dates asked for a person.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        activity: Duration = Duration::from_secs(10 * 60);
        /// Seats.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        seats: Duration = Duration::from_secs(15 * 60);
        /// Scans of a whole organization, which filters and orders need that Atlassian does not have.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        scan: Duration = Duration::from_secs(15 * 60);
        /// How long past its time an answer may stand in, marked as stale, while Atlassian cannot be asked.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        keep_stale: Duration = Duration::from_secs(60 * 60);
        /// The youngest that a caller can ask for: `no-cache` and smaller `max-age` count as this.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        floor: Duration = Duration::from_secs(5);
        /// What all caches together may hold, in bytes; the least used go first.
        capacity_bytes: u64 = 256 * 1024 * 1024;
        /// Parts of a scan that are asked side by side, per organization.
        scan_concurrency: usize = 4;
    }
}

impl CacheSection {
    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        problems.refuse_zero("cache.capacity_bytes", self.capacity_bytes == 0);
        problems.refuse_zero("cache.scan_concurrency", self.scan_concurrency == 0);
        for (key, time) in [
            ("cache.users", self.users),
            ("cache.groups", self.groups),
            ("cache.roles", self.roles),
            ("cache.products", self.products),
            ("cache.organization", self.organization),
            ("cache.activity", self.activity),
            ("cache.seats", self.seats),
            ("cache.scan", self.scan),
        ] {
            if time < self.floor {
                problems.add(
                    key,
                    "is below cache.floor, the youngest answer that a caller can ask for",
                    "raise it, or lower cache.floor",
                );
            }
        }
    }
}
