use std::time::Duration;

use super::changes::ChangeSettings;
use crate::{
    domain::{ConfiguredSeats, PriceList},
    licenses::PeopleList,
};

/// How long answers are kept, and how scans are run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Times to live and sizes.
    pub cache: CacheSettings,
    /// Side-by-side parts of one scan. Default 4.
    pub scan_concurrency: usize,
    /// Above this many people a scan is split into disjoint parts. Default 2,000.
    pub scan_split_above: u64,
    /// How long one query waits for a running scan before it is told to come back. Default 110 seconds.
    pub scan_wait: Duration,
    /// What the operator says about licences.
    pub licenses: LicenseSettings,
    /// The brakes on changes.
    pub changes: ChangeSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache: CacheSettings::default(),
            scan_concurrency: 4,
            scan_split_above: 2_000,
            scan_wait: Duration::from_secs(110),
            licenses: LicenseSettings::default(),
            changes: ChangeSettings::default(),
        }
    }
}

/// Times to live by kind of data, and the room that all of it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// Pages of people. Default 60 seconds.
    pub users: Duration,
    /// Groups. Default 5 minutes.
    pub groups: Duration,
    /// Role assignments of people and groups. Default 5 minutes.
    pub roles: Duration,
    /// Products. Default 10 minutes.
    pub products: Duration,
    /// The organization itself, its domains and directories. Default 10 minutes.
    pub organization: Duration,
    /// Audit events. Default 60 seconds.
    pub activity: Duration,
    /// Totals (`users/count`, `groups/count`). Default 60 seconds.
    pub counts: Duration,
    /// Scans of a whole organization. Default 15 minutes.
    pub scan: Duration,
    /// How much longer an answer is kept, to be given marked as stale while Atlassian cannot be asked. Default one hour.
    pub keep_stale: Duration,
    /// The smallest age that a caller's `Cache-Control: max-age` or `no-cache` can ask for. Default zero.
    pub floor: Duration,
    /// Room for everything that is kept, in bytes. Default 256 MiB.
    pub capacity_bytes: u64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            users: Duration::from_mins(1),
            groups: Duration::from_mins(5),
            roles: Duration::from_mins(5),
            products: Duration::from_mins(10),
            organization: Duration::from_mins(10),
            activity: Duration::from_mins(1),
            counts: Duration::from_mins(1),
            scan: Duration::from_mins(15),
            keep_stale: Duration::from_hours(1),
            floor: Duration::ZERO,
            capacity_bytes: 256 << 20,
        }
    }
}

/// What the operator says about licences, and how their figures are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenseSettings {
    /// What is paid. None: no money is shown.
    pub prices: PriceList,
    /// Seats that were bought, where Atlassian does not tell it or tells it wrongly.
    pub seats: Vec<ConfiguredSeats>,
    /// Service accounts: without activity that Atlassian tells, and not to be reclaimed.
    pub robots: PeopleList,
    /// How long past its time the last scan stands in, marked as stale, while a new one runs. Default 24 hours.
    pub serve_stale: Duration,
    /// The days of inactivity that the figures of each day are kept for. Default 90.
    pub snapshot_inactive_for_days: u32,
    /// How many days the figures of a day are kept. Default 1,095.
    pub keep_snapshots_days: u32,
    /// How old the figures of gauges may be before looking at them has them read anew; zero for never. Default one hour.
    pub metrics_refresh: Duration,
}

impl Default for LicenseSettings {
    fn default() -> Self {
        Self {
            prices: PriceList::default(),
            seats: Vec::new(),
            robots: PeopleList::default(),
            serve_stale: Duration::from_hours(24),
            snapshot_inactive_for_days: 90,
            keep_snapshots_days: 1_095,
            metrics_refresh: Duration::from_hours(1),
        }
    }
}
