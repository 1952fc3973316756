use std::time::Duration;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::{prices::site_of, problem::Problems, section::section};
use crate::{
    domain::{ConfiguredSeats, product_key},
    organizations::{LicenseSettings, PeopleList},
};

/// Seats that were bought of one product.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatsSection {
    /// The product's key.
    pub product: String,
    /// Only for this integration, by id or label.
    pub integration: Option<String>,
    /// Only for this site.
    pub site: Option<String>,
    /// How many.
    pub seats: u64,
}

section! {
    /// Seats: what Atlassian does not tell about them, and how the figures of each day are kept. Prices stand in `[[prices]]`.
    LicensesSection {
        /// Seats that were bought, where Atlassian does not tell it, by product; name the site where there are several, each has so many.
        seats: Vec<SeatsSection> = Vec::new(), such as "[{ product = \"confluence\", site = \"acme.atlassian.net\", seats = 500 }]";
        /// Service accounts, by account id: without activity that Atlassian tells, and never to be reclaimed.
        robot_accounts: Vec<String> = Vec::new(), such as "[\"712020:00000000-0000-4000-8000-000000000000\"]";
        /// Service accounts, by e-mail address; one `*` in it stands for any part.
        robot_emails: Vec<String> = vec!["*@serviceaccount.atlassian.com".to_owned()];
        /// Service accounts, by group, id or name.
        robot_groups: Vec<String> = Vec::new(), such as "[\"service-accounts\"]";
        /// How long past its time the last reading of an organization stands in, marked as stale, while a new one runs.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        serve_stale: Duration = LicenseSettings::default().serve_stale;
        /// Whether the figures of each day are kept, for trends.
        snapshots: bool = true;
        /// When they are taken, in UTC; after a start later in the day, at the start.
        snapshot_at: Time = Time::constant(5, 0, 0, 0);
        /// After how many days without activity somebody counts as inactive in them.
        snapshot_inactive_for_days: u32 = LicenseSettings::default().snapshot_inactive_for_days;
        /// How many days they are kept.
        keep_snapshots_days: u32 = LicenseSettings::default().keep_snapshots_days;
        /// How old the licence figures on `/metrics` may be before a scrape has them read anew in the background; 0 for never.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        metrics_refresh: Duration = LicenseSettings::default().metrics_refresh;
    }
}

impl LicensesSection {
    /// As the room `organizations` takes them, but for the prices.
    #[must_use]
    pub fn settings(&self) -> LicenseSettings {
        let seats = self.seats.iter().map(|section| ConfiguredSeats {
            product: product_key(&section.product),
            integration: section.integration.clone(),
            site: section.site.as_deref().map(site_of),
            seats: section.seats,
        });
        LicenseSettings {
            seats: seats.collect(),
            robots: PeopleList {
                accounts: self.robot_accounts.clone(),
                emails: self.robot_emails.clone(),
                domains: Vec::new(),
                groups: self.robot_groups.clone(),
            },
            serve_stale: self.serve_stale,
            snapshot_inactive_for_days: self.snapshot_inactive_for_days,
            keep_snapshots_days: self.keep_snapshots_days,
            metrics_refresh: self.metrics_refresh,
            ..LicenseSettings::default()
        }
    }

    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        for (index, section) in self.seats.iter().enumerate() {
            if section.product.trim().is_empty() {
                problems.add(
                    format!("licenses.seats[{index}].product"),
                    "is empty",
                    "name a product by its key, such as `confluence`",
                );
            }
        }
        for email in &self.robot_emails {
            if email.matches('*').count() > 1 {
                problems.add(
                    "licenses.robot_emails",
                    "holds an address with more than one `*`",
                    "keep one `*` in each, such as `svc-*@acme.example`",
                );
            }
        }
        if self.snapshot_inactive_for_days > 3_650 {
            problems.add(
                "licenses.snapshot_inactive_for_days",
                "is above 3650",
                "give 0 to 3650 days, or leave it out for the default",
            );
        }
        problems.refuse_zero("licenses.keep_snapshots_days", self.keep_snapshots_days == 0);
    }
}
