use jiff::Timestamp;

use super::AccountId;

/// One event of the audit log (v1 `events`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityEvent {
    /// The event id.
    pub id: String,
    /// When it happened; events-stream orders by processing time instead.
    pub occurred_at: Timestamp,
    /// What happened, such as `managed_account_deleted`.
    pub action: String,
    /// Who did it.
    pub actor_id: Option<AccountId>,
    /// Their name at that time.
    pub actor_name: Option<String>,
    /// What it was done to, and inside what.
    pub subjects: Vec<ActivitySubject>,
    /// City and country in one text.
    pub location: Option<String>,
    /// The address it came from.
    pub ip_address: Option<String>,
}

/// Something that an event speaks of (`context` and `container`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivitySubject {
    /// Upstream's `type`: `users`, `groups`, `organizations`, …
    pub kind: String,
    /// Its id.
    pub id: Option<String>,
    /// Its name, where the event carries one.
    pub name: Option<String>,
}

/// Which events are wanted; all of it is pushed down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ActivityFilter {
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// One of these actions.
    pub actions: Vec<String>,
    /// Done by this account.
    pub actor: Option<String>,
    /// One search term.
    pub search: Option<String>,
}
