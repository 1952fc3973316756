use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

use crate::domain::IntegrationId;

/// The id of an entry: a UUID that sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(Uuid);

impl EntryId {
    pub(super) fn new(now: Timestamp) -> Self {
        let second = u64::try_from(now.as_second()).unwrap_or_default();
        let nanosecond = now.subsec_nanosecond().unsigned_abs();
        let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, second, nanosecond);
        Self(Uuid::new_v7(timestamp))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EntryId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Who wants to change what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The token's subject.
    pub caller: String,
    /// What they want.
    pub action: Action,
    /// On which integration; `None` where there is none, or none yet.
    pub integration: Option<IntegrationId>,
    /// On what: an account id or another id, never an e-mail address.
    pub target: Option<String>,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// The request that asks.
    pub request_id: String,
    /// Whether everything is to be done but the change.
    pub is_dry_run: bool,
    /// The run of many changes that it belongs to.
    pub bulk: Option<String>,
}

impl Asked {
    /// Who wants what, and nothing more: what it is about is to be filled in.
    #[must_use]
    pub fn by(caller: &str, action: Action, request_id: &str) -> Self {
        Self {
            caller: caller.to_owned(),
            action,
            integration: None,
            target: None,
            reason: None,
            request_id: request_id.to_owned(),
            is_dry_run: false,
            bulk: None,
        }
    }
}

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "camelCase")]
pub enum Action {
    /// Delete a person.
    DeleteUser,
    /// Delete many.
    DeleteUsers,
    /// Take a deletion back.
    CancelUserDeletion,
    /// Suspend a person in a directory.
    SuspendUser,
    /// End a suspension.
    RestoreUser,
    /// Deactivate a managed account.
    DeactivateUser,
    /// Reactivate a managed account.
    ReactivateUser,
    /// Test credentials and keep nothing.
    TestIntegration,
    /// Connect an organization.
    CreateIntegration,
    /// Change a connection.
    UpdateIntegration,
    /// Test a connection again.
    ValidateIntegration,
    /// End a connection.
    DeleteIntegration,
    /// Forget what was read.
    Refresh,
    /// Keep the licence figures of today.
    TakeLicenseSnapshot,
    /// Make an address for a feed.
    CreateFeedToken,
    /// Close an address of a feed.
    RevokeFeedToken,
}

impl Action {
    /// Every action.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name of the mutation, such as `deleteUser`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The action of that name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Not yet, or nobody knows.
    Pending,
    /// As wanted.
    Succeeded,
    /// Not begun: by a rule of this program, or for lack of a permission.
    Refused,
    /// Tried in vain: Atlassian or this program could not.
    Failed,
    /// Done before, for the same idempotency key.
    Replayed,
    /// Everything but the change, as asked.
    DryRun,
    /// The process ended in the middle; what came of it could not be found out.
    Interrupted,
}

impl Outcome {
    /// The word for it, such as `SUCCEEDED`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The outcome of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// How a change ended, and what is known of it only then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// Our code of the refusal or failure, such as `FORBIDDEN`.
    pub code: Option<String>,
    /// The status that Atlassian answered with.
    pub upstream_status: Option<u16>,
    /// Atlassian's own code.
    pub upstream_code: Option<String>,
    /// What was changed, where only the change told: the id of an integration that was made.
    pub target: Option<String>,
}

impl Ended {
    /// An end of which there is no more to tell.
    #[must_use]
    pub fn as_outcome(outcome: Outcome) -> Self {
        Self { outcome, code: None, upstream_status: None, upstream_code: None, target: None }
    }
}

/// A change in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// What was asked.
    pub asked: Asked,
    /// When.
    pub at: Timestamp,
    /// How it ended; `None` where it has not.
    pub ended: Option<Ended>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Entry {
    /// How it ended; [`Outcome::Pending`] where it has not.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.ended.as_ref().map_or(Outcome::Pending, |ended| ended.outcome)
    }

    /// What it was done to.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        let told = self.ended.as_ref().and_then(|ended| ended.target.as_deref());
        told.or(self.asked.target.as_deref())
    }

    /// The integration that it belongs to: the one it was asked for, or the one that it made.
    #[must_use]
    pub fn integration(&self) -> Option<IntegrationId> {
        let made = self.ended.as_ref().and_then(|ended| self.asked.action.made(ended));
        self.asked.integration.clone().or(made)
    }
}

impl Action {
    /// The integration that an action made.
    pub(super) fn made(self, ended: &Ended) -> Option<IntegrationId> {
        let target = ended.target.as_deref().filter(|_| self == Self::CreateIntegration);
        target.map(IntegrationId::from)
    }
}
