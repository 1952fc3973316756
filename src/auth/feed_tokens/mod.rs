//! Feed tokens: static secrets for tools that pull tables on a schedule and cannot fetch a JWT.
//!
//! `draft` says what a new one may be, `secret` makes the secret and what is kept of it. What a token opens is decided
//! where the data is, as for callers.

mod draft;
mod error;
mod secret;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

pub use self::{draft::FeedTokenDraft, error::FeedTokenError};
use super::{Caller, IntegrationScope, Permission, PermissionSet, RefusalReason};
use crate::{
    domain::{FeedToken, FeedTokenId, FeedTokenState},
    store::Store,
};

/// How exactly the last use of a token is known: a write a minute at most, however often a tool asks.
const USE_IS_NOTED: SignedDuration = SignedDuration::from_mins(1);

/// All feed tokens of the gateway. Cheap to clone.
#[derive(Clone)]
pub struct FeedTokens {
    store: Store,
    settings: Arc<FeedTokenSettings>,
}

/// What feed tokens can be made for, and for how long.
#[derive(Debug, Clone)]
pub struct FeedTokenSettings {
    /// The tables there are, with what reading each needs.
    pub tables: Vec<(String, Permission)>,
    /// The saved queries there are, with what running each needs.
    pub queries: Vec<(String, PermissionSet)>,
    /// The longest lifetime, which is also the usual one.
    pub longest: SignedDuration,
}

impl FeedTokens {
    /// What every secret begins with.
    pub const PREFIX: &'static str = secret::PREFIX;

    /// The tokens in this store.
    #[must_use]
    pub fn new(store: Store, settings: FeedTokenSettings) -> Self {
        Self { store, settings: Arc::new(settings) }
    }

    /// Whether somebody presents a feed token, and not a JWT, which has another beginning.
    #[must_use]
    pub fn is_one(presented: &str) -> bool {
        presented.starts_with(secret::PREFIX)
    }

    /// Makes a token. Its secret is given back once and cannot be had again: only its hash is kept.
    ///
    /// # Errors
    /// The draft is wrong, or opens more than its maker may see; the store cannot be written.
    pub async fn create(
        &self,
        draft: FeedTokenDraft,
        maker: &Caller,
        now: Timestamp,
    ) -> Result<(FeedToken, SecretString), FeedTokenError> {
        let token = draft.checked(&self.settings, maker, now)?;
        let secret = secret::generate();
        self.store.insert_feed_token(&token, &secret::hash(&secret)).await?;
        Ok((token, secret))
    }

    /// The tokens whose integrations somebody may all see, the newest first; those that cannot be used any more too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn visible_to(
        &self,
        integrations: &IntegrationScope,
    ) -> Result<Vec<FeedToken>, FeedTokenError> {
        let mut tokens = self.store.feed_tokens().await?;
        tokens.retain(|token| match &token.integrations {
            None => integrations.is_all(),
            Some(ids) => ids.iter().all(|id| integrations.contains(id)),
        });
        Ok(tokens)
    }

    /// One token of those that somebody may see.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn find(
        &self,
        id: &FeedTokenId,
        integrations: &IntegrationScope,
    ) -> Result<Option<FeedToken>, FeedTokenError> {
        let tokens = self.visible_to(integrations).await?;
        Ok(tokens.into_iter().find(|token| token.id == *id))
    }

    /// Ends a token for good, from the next request on; `None` where there is none that somebody may see. A token that is
    /// revoked already stays as it is.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn revoke(
        &self,
        id: &FeedTokenId,
        integrations: &IntegrationScope,
        now: Timestamp,
    ) -> Result<Option<FeedToken>, FeedTokenError> {
        if self.find(id, integrations).await?.is_none() {
            return Ok(None);
        }
        self.store.revoke_feed_token(id, now).await?;
        self.find(id, integrations).await
    }

    /// The token that a presented secret belongs to, where it can be used.
    ///
    /// # Errors
    /// It is none of this gateway's, or cannot be used any more. Who holds the secret may be told which.
    pub async fn presented(
        &self,
        secret: &str,
        now: Timestamp,
    ) -> Result<FeedToken, RefusalReason> {
        let found = self.store.feed_token_by_hash(&secret::hash(&secret.into())).await;
        let token = found.map_err(|error| {
            tracing::error!(error = %error, "The feed tokens cannot be read");
            RefusalReason::TokensUnavailable
        })?;
        let token = token.ok_or(RefusalReason::UnknownFeedToken)?;
        match token.state(now) {
            FeedTokenState::Active => {}
            FeedTokenState::Expired => return Err(RefusalReason::FeedTokenExpired),
            FeedTokenState::Revoked => return Err(RefusalReason::FeedTokenRevoked),
        }
        let is_noted =
            token.last_used_at.is_some_and(|used| now.duration_since(used) < USE_IS_NOTED);
        if !is_noted && let Err(error) = self.store.note_feed_token_use(&token.id, now).await {
            tracing::warn!(
                feed_token.id = %token.id, error = %error,
                "The use of the feed token {} could not be noted", token.id
            );
        }
        Ok(token)
    }
}
