use std::time::Duration;

use super::{problem::Problems, section::section};
use crate::organizations::{self, CacheSettings};

section! {
    /// How long an answer of Atlassian may be used again. A caller's `Cache-Control` can only ask for younger ones.
    CacheSection {
        /// Users, and what comes with them: platform roles, product access, last activity.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        users: Duration = CacheSettings::default().users;
        /// Groups and their members.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        groups: Duration = CacheSettings::default().groups;
        /// Role assignments.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        roles: Duration = CacheSettings::default().roles;
        /// Products, sites and directories.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        products: Duration = CacheSettings::default().products;
        /// The organization's name and domains.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        organization: Duration = CacheSettings::default().organization;
        /// Audit events, and last active dates asked for a person.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        activity: Duration = CacheSettings::default().activity;
        /// Totals.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        counts: Duration = CacheSettings::default().counts;
        /// Scans of a whole organization, which filters and orders need that Atlassian does not have.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        scan: Duration = CacheSettings::default().scan;
        /// How long past its time an answer may stand in, marked as stale, while Atlassian cannot be asked.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        keep_stale: Duration = CacheSettings::default().keep_stale;
        /// The youngest that a caller can ask for: `no-cache` and smaller `max-age` count as this.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        floor: Duration = CacheSettings::default().floor;
        /// What all caches together may hold, in bytes; the least used go first.
        capacity_bytes: u64 = CacheSettings::default().capacity_bytes;
        /// Parts of a scan that are asked side by side, per organization.
        scan_concurrency: usize = organizations::Settings::default().scan_concurrency;
        /// Above this many people a scan is split into parts that are asked side by side.
        scan_split_above: u64 = organizations::Settings::default().scan_split_above;
        /// How long one query waits for a running scan before it is told to come back; keep it below `http.query_timeout`.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        scan_wait: Duration = organizations::Settings::default().scan_wait;
    }
}

impl CacheSection {
    /// As the room `organizations` takes them.
    #[must_use]
    pub fn settings(&self) -> organizations::Settings {
        organizations::Settings {
            cache: CacheSettings {
                users: self.users,
                groups: self.groups,
                roles: self.roles,
                products: self.products,
                organization: self.organization,
                activity: self.activity,
                counts: self.counts,
                keep_stale: self.keep_stale,
                floor: self.floor,
                capacity_bytes: self.capacity_bytes,
                scan: self.scan,
            },
            scan_concurrency: self.scan_concurrency,
            scan_split_above: self.scan_split_above,
            scan_wait: self.scan_wait,
            ..organizations::Settings::default()
        }
    }

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
            ("cache.counts", self.counts),
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
