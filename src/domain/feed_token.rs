use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{FeedTokenId, IntegrationId};

/// A static secret for tools that pull tables on a schedule, without the secret: what may be read with it, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedToken {
    /// Its id, which is not secret.
    pub id: FeedTokenId,
    /// The name that people gave it.
    pub name: String,
    /// The tables that can be read with it, by name.
    pub tables: BTreeSet<String>,
    /// The saved queries that can be run with it, by name.
    pub queries: BTreeSet<String>,
    /// The integrations whose rows are shown; `None` for all, those that come later too.
    pub integrations: Option<BTreeSet<IntegrationId>>,
    /// Whether e-mail addresses and names of people are shown.
    pub shows_personal_data: bool,
    /// Whether it is accepted as `?key=` in the address of a CSV file.
    pub is_accepted_in_url: bool,
    /// Who made it: the subject of their token.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute; `None` where it never was.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked; `None` where it was not.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a feed token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedTokenState {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl FeedToken {
    /// Whether it can be used at an instant.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> FeedTokenState {
        if self.revoked_at.is_some() {
            FeedTokenState::Revoked
        } else if self.expires_at <= now {
            FeedTokenState::Expired
        } else {
            FeedTokenState::Active
        }
    }
}
