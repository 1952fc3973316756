use std::time::Duration;

use crate::domain::User;

/// The brakes on changes, and how long Atlassian may take to show one.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeSettings {
    /// Refuses every change at Atlassian. Default off.
    pub is_read_only: bool,
    /// Whether a deletion needs the confirmation token of a preview. Default off.
    pub needs_confirmation: bool,
    /// Whether every change needs a reason. Default off.
    pub needs_reason: bool,
    /// How long a confirmation token is good. Default 10 minutes.
    pub confirmation_lifetime: Duration,
    /// People who are never touched. Default nobody.
    pub protected: Protected,
    /// Changes that one caller may make in an hour. Default 20.
    pub per_caller_and_hour: u32,
    /// Changes that may be made through one integration in an hour. Default 20.
    pub per_integration_and_hour: u32,
    /// Changes that may be made through one integration in a day, in percent of its people; at least one always may.
    /// Default 5.
    pub percent_per_day: f64,
    /// Who was active within so many days gets a warning. Default 30.
    pub active_within_days: u32,
    /// How long Atlassian may take to show a change. Default 30 seconds (API.md, section 2, Freshness).
    pub settle: Duration,
    /// How often a watched deletion is brought up to date. Default 30 seconds.
    pub watch_interval: Duration,
    /// How long Atlassian may take to carry out what it accepted, before it counts as failed. Default one hour.
    pub removal_deadline: Duration,
}

impl Default for ChangeSettings {
    fn default() -> Self {
        Self {
            is_read_only: false,
            needs_confirmation: false,
            needs_reason: false,
            confirmation_lifetime: Duration::from_mins(10),
            protected: Protected::default(),
            per_caller_and_hour: 20,
            per_integration_and_hour: 20,
            percent_per_day: 5.0,
            active_within_days: 30,
            settle: Duration::from_secs(30),
            watch_interval: Duration::from_secs(30),
            removal_deadline: Duration::from_hours(1),
        }
    }
}

/// People who are never deleted, suspended or deactivated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protected {
    /// Account ids.
    pub accounts: Vec<String>,
    /// E-mail addresses, in any case.
    pub emails: Vec<String>,
    /// E-mail domains, in any case.
    pub domains: Vec<String>,
    /// Groups, by id or by name in any case.
    pub groups: Vec<String>,
}

impl Protected {
    /// Why the person is protected; `None` where they are not.
    #[must_use]
    pub fn reason(&self, user: &User) -> Option<&'static str> {
        let is_one = |list: &[String], value: &str| {
            list.iter().any(|one| one.trim_start_matches('@').eq_ignore_ascii_case(value))
        };
        if self.accounts.iter().any(|id| id == user.account_id.as_str()) {
            return Some("the account is on the list of protected people");
        }
        if let Some(email) = &user.email {
            if is_one(&self.emails, email) {
                return Some("the e-mail address is on the list of protected people");
            }
            if email.rsplit_once('@').is_some_and(|(_, domain)| is_one(&self.domains, domain)) {
                return Some("the e-mail domain is protected");
            }
        }
        let mut groups = user.groups.iter().flatten();
        let is_in_group = groups.any(|group| {
            is_one(&self.groups, group.id.as_str())
                || group.name.as_deref().is_some_and(|name| is_one(&self.groups, name))
        });
        is_in_group.then_some("a group that the person is in is protected")
    }

    /// Whether only the groups of a person can tell whether they are protected.
    #[must_use]
    pub fn names_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Whether only the address of a person can tell.
    #[must_use]
    pub fn names_addresses(&self) -> bool {
        !self.emails.is_empty() || !self.domains.is_empty()
    }
}
