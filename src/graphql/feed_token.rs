use async_graphql::{Enum, ID, Object};

use super::{
    error::{ApiError, Result},
    id::ObjectId,
    integration::Integration,
    request::Request,
    scalars::DateTime,
};
use crate::{
    auth::{FeedTokenError, Permission},
    domain::{self, FeedTokenId},
};

/// Whether a feed token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::FeedTokenState")]
pub enum FeedTokenState {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// A static secret for tools.
#[derive(Clone)]
pub struct FeedToken {
    token: domain::FeedToken,
    state: domain::FeedTokenState,
    integrations: Option<Vec<Integration>>,
}

impl FeedToken {
    pub(super) fn new(request: &Request, token: domain::FeedToken) -> Self {
        let found = |ids: &std::collections::BTreeSet<domain::IntegrationId>| {
            ids.iter().filter_map(|id| request.find(id)).collect()
        };
        Self {
            integrations: token.integrations.as_ref().map(found),
            state: token.state(request.demand.now),
            token,
        }
    }

    pub(super) fn token_id(&self) -> &FeedTokenId {
        &self.token.id
    }
}

/// A static secret for tools that pull tables and saved queries on a schedule, without the secret itself: that is told once,
/// when it is made.
#[Object]
impl FeedToken {
    /// Opaque; not the secret.
    pub(super) async fn id(&self) -> ID {
        ObjectId::FeedToken(self.token.id.clone()).encode()
    }

    /// The name that people gave it.
    async fn name(&self) -> &str {
        &self.token.name
    }

    /// Whether it can be used.
    async fn state(&self) -> FeedTokenState {
        self.state.into()
    }

    /// The tables that can be read with it, by name.
    async fn tables(&self) -> Vec<&str> {
        self.token.tables.iter().map(String::as_str).collect()
    }

    /// The saved queries that can be run with it, by name.
    async fn queries(&self) -> Vec<&str> {
        self.token.queries.iter().map(String::as_str).collect()
    }

    /// The integrations whose rows it shows, but for those that are gone; null for all, those that come later too.
    async fn integrations(&self) -> Option<&Vec<Integration>> {
        self.integrations.as_ref()
    }

    /// Whether e-mail addresses and names of people are shown; without, they are null, and no saved query can be
    /// run that runs with more than `licenses:read`.
    async fn shows_personal_data(&self) -> bool {
        self.token.shows_personal_data
    }

    /// Whether it is accepted as `?key=` in the address of a CSV file, where logs and histories may keep it.
    async fn is_accepted_in_url(&self) -> bool {
        self.token.is_accepted_in_url
    }

    /// Who made it: the subject of their token.
    async fn created_by(&self) -> &str {
        &self.token.created_by
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.token.created_at)
    }

    /// When it ends.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.token.expires_at)
    }

    /// When it was last used, to the minute; null where it never was.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.token.last_used_at.map(DateTime)
    }

    /// When it was revoked; null where it was not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.token.revoked_at.map(DateTime)
    }
}

/// The feed token of an id; `None` for what does not exist or is hidden from the caller.
pub(super) async fn find(request: &Request, id: &FeedTokenId) -> Result<Option<FeedToken>> {
    request.needs(Permission::ManageIntegrations)?;
    let found = request.feed_tokens.find(id, &request.caller.integrations).await?;
    Ok(found.map(|token| FeedToken::new(request, token)))
}

impl From<FeedTokenError> for ApiError {
    /// Of what reads feed tokens, where nothing but the store can fail.
    fn from(error: FeedTokenError) -> Self {
        tracing::error!(%error, "The feed tokens could not be read or written");
        Self::Internal
    }
}
