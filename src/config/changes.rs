use std::time::Duration;

use super::{problem::Problems, section::section};
use crate::organizations::changes::{ChangeSettings, Protected};

section! {
    /// The brakes on changes at Atlassian: deleting, suspending and deactivating people.
    ChangesSection {
        /// Refuses every change at Atlassian. One integration alone is switched by its own `read_only`.
        read_only: bool = ChangeSettings::default().is_read_only;
        /// Whether `deleteUser` needs the confirmation token of a `deletionPreview`.
        needs_confirmation: bool = ChangeSettings::default().needs_confirmation;
        /// Whether every change needs a reason.
        needs_reason: bool = ChangeSettings::default().needs_reason;
        /// How long a confirmation token is good.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        confirmation_lifetime: Duration = ChangeSettings::default().confirmation_lifetime;
        /// Account ids of people who are never touched.
        protected_accounts: Vec<String> = Vec::new();
        /// E-mail addresses of people who are never touched.
        protected_emails: Vec<String> = Vec::new();
        /// E-mail domains whose people are never touched.
        protected_domains: Vec<String> = Vec::new();
        /// Groups, by name or id, whose members are never touched.
        protected_groups: Vec<String> = Vec::new();
        /// Most people whom one caller (a token's subject) may delete, suspend or deactivate in an hour.
        per_caller_and_hour: u32 = ChangeSettings::default().per_caller_and_hour;
        /// Most people who may be deleted, suspended or deactivated through one integration in an hour.
        per_integration_and_hour: u32 = ChangeSettings::default().per_integration_and_hour;
        /// Most people of an integration who may be deleted, suspended or deactivated in a day, in percent; one always may.
        percent_per_day: f64 = ChangeSettings::default().percent_per_day;
        /// Who was active within so many days, or whose API token was used, gets a warning in the preview.
        active_within_days: u32 = ChangeSettings::default().active_within_days;
        /// How long Atlassian may take to show a change; until then what it says of the person is corrected.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        settle: Duration = ChangeSettings::default().settle;
        /// How often a deletion that somebody follows is brought up to date.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        watch_interval: Duration = ChangeSettings::default().watch_interval;
        /// How long Atlassian may take to carry out a removal that it accepted, before it counts as failed.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        removal_deadline: Duration = ChangeSettings::default().removal_deadline;
    }
}

impl ChangesSection {
    /// As the room `organizations` takes them.
    #[must_use]
    pub fn settings(&self) -> ChangeSettings {
        ChangeSettings {
            is_read_only: self.read_only,
            needs_confirmation: self.needs_confirmation,
            needs_reason: self.needs_reason,
            confirmation_lifetime: self.confirmation_lifetime,
            protected: Protected {
                accounts: self.protected_accounts.clone(),
                emails: self.protected_emails.clone(),
                domains: self.protected_domains.clone(),
                groups: self.protected_groups.clone(),
            },
            per_caller_and_hour: self.per_caller_and_hour,
            per_integration_and_hour: self.per_integration_and_hour,
            percent_per_day: self.percent_per_day,
            active_within_days: self.active_within_days,
            settle: self.settle,
            watch_interval: self.watch_interval,
            removal_deadline: self.removal_deadline,
        }
    }

    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        problems.refuse_zero("changes.confirmation_lifetime", self.confirmation_lifetime.is_zero());
        problems.refuse_zero("changes.watch_interval", self.watch_interval.is_zero());
        if !(0.0..=100.0).contains(&self.percent_per_day) {
            problems.add(
                "changes.percent_per_day",
                "is no share in percent",
                "give a number from 0 to 100, such as 5",
            );
        }
        let lists = [
            ("changes.protected_accounts", &self.protected_accounts),
            ("changes.protected_emails", &self.protected_emails),
            ("changes.protected_domains", &self.protected_domains),
            ("changes.protected_groups", &self.protected_groups),
        ];
        for (key, list) in lists {
            if list.iter().any(|one| one.trim().is_empty()) {
                problems.add(key, "holds an empty text, which protects nobody", "remove it");
            }
        }
    }
}
