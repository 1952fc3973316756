use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AccountId, BulkDeletionId, DeletionId, DirectoryId, IntegrationId, Refusal};

/// How long a scheduled deletion can be taken back (API.md, section 6: 14 days, not to be shortened).
pub const GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// One deletion that was asked for, from its announcement to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Grows with time.
    pub id: DeletionId,
    /// Through which integration it was asked for.
    pub integration: IntegrationId,
    /// Who is deleted.
    pub account: AccountId,
    /// From where.
    pub scope: DeletionScope,
    /// How far it is.
    pub state: DeletionState,
    /// Whether it is known what became of the upstream call. A deletion is announced before the call is made; one that
    /// stays unknown was interrupted and is settled by reading the account.
    pub is_outcome_known: bool,
    /// Who asked: the token's subject.
    pub requested_by: String,
    /// The request's id.
    pub request_id: String,
    /// Why, in the words of whoever asked.
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the account is deleted for good; `None` for removals.
    pub purges_at: Option<Timestamp>,
    /// When the state last changed.
    pub changed_at: Timestamp,
    /// What became of it in each directory; empty but for removals from the organization.
    pub directories: Vec<DirectoryRemoval>,
    /// Why it failed.
    pub failures: Vec<Refusal>,
    /// The run that it belongs to.
    pub bulk: Option<BulkDeletionId>,
    /// The entry in the record of changes.
    pub audit_entry: String,
}

/// What is taken away.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum DeletionScope {
    /// The managed account, everywhere at Atlassian, after the grace.
    Account,
    /// Membership of every directory of the organization; the account lives on.
    Organization,
    /// Membership of the integration's site; the account lives on.
    Site,
}

/// How far a deletion is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum DeletionState {
    /// The account waits out its grace.
    Scheduled,
    /// Taken back within the grace.
    Cancelled,
    /// Asked for; Atlassian has not shown it yet.
    Queued,
    /// Removed from the organization or the site.
    Removed,
    /// There was nothing to remove.
    AlreadyGone,
    /// The grace is over, the account is gone.
    Purged,
    /// It did not happen, or not everywhere.
    Failed,
}

impl DeletionState {
    /// Whether it can still become another.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Queued)
    }
}

/// What became of a removal in one directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRemoval {
    /// The directory.
    pub directory: DirectoryId,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: RemovalOutcome,
    /// Why it failed.
    pub refusal: Option<Refusal>,
}

/// How one removal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RemovalOutcome {
    /// Not asked for yet.
    Pending,
    /// Atlassian accepted it; it may be queued.
    Accepted,
    /// The person was not there.
    AlreadyGone,
    /// Atlassian refused.
    Refused,
    /// The answer was lost: it may have been carried out.
    Unknown,
}

/// A run of many deletions, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDeletion {
    /// Grows with time.
    pub id: BulkDeletionId,
    /// Who asked, and with which request.
    pub requested_by: super::Actor,
    /// From where people are deleted.
    pub scope: DeletionScope,
    /// Why.
    pub reason: Option<String>,
    /// Whether nothing is changed.
    pub is_dry_run: bool,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the last person was done with.
    pub finished_at: Option<Timestamp>,
    /// One a person, in the order that was asked for.
    pub items: Vec<BulkDeletionItem>,
}

/// One person of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDeletionItem {
    /// Through which integration.
    pub integration: IntegrationId,
    /// Who.
    pub account: AccountId,
    /// What the caller confirmed about the person, where they did.
    pub confirmed: Option<String>,
    /// The deletion, once it was announced.
    pub deletion: Option<DeletionId>,
    /// Why it was refused.
    pub refusals: Vec<Refusal>,
    /// Whether the person was done with.
    pub is_done: bool,
}
