//! What one request carries to its resolvers: who asks, what they demand, loaders, and the age of the answer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_graphql::{Context, dataloader::DataLoader};

use super::{
    budget::Budget,
    error::{ApiError, Result},
    gateway::Parts,
    integration::Integration,
    loaders::Loaders,
};
use crate::{
    audit::{Action, Asked, Audit},
    auth::{Caller, FeedTokens, Permission},
    domain::{Freshness, IntegrationId},
    organizations::{Demand, Organizations, changes::Changes},
};

/// How long the keys of one page are waited for: its rows are resolved one after the other, and a key that comes
/// too late is asked for on its own.
const GATHERING: Duration = Duration::from_millis(3);

/// One request on its way through the schema.
pub(super) struct Request {
    pub(super) caller: Arc<Caller>,
    pub(super) organizations: Organizations,
    pub(super) audit: Audit,
    pub(super) changes: Changes,
    pub(super) feed_tokens: FeedTokens,
    pub(super) demand: Demand,
    pub(super) loaders: DataLoader<Loaders>,
    pub(super) budget: Budget,
    /// The request's id, as the transport knows it.
    pub(super) id: String,
    age: Mutex<Option<Freshness>>,
}

impl Request {
    pub(super) fn new(
        caller: Arc<Caller>,
        parts: &Parts,
        demand: Demand,
        budget: Budget,
        request_id: &str,
    ) -> Self {
        let loaders = Loaders::new(parts.organizations.clone(), demand);
        Self {
            caller,
            demand,
            loaders: DataLoader::new(loaders, tokio::spawn).delay(GATHERING),
            organizations: parts.organizations.clone(),
            audit: parts.audit.clone(),
            changes: parts.changes.clone(),
            feed_tokens: parts.feed_tokens.clone(),
            budget,
            id: request_id.to_owned(),
            age: Mutex::default(),
        }
    }

    pub(super) fn of<'a>(ctx: &Context<'a>) -> &'a Arc<Self> {
        ctx.data_unchecked::<Arc<Self>>()
    }

    pub(super) fn needs(&self, permission: Permission) -> Result<()> {
        if self.caller.may(permission) { Ok(()) } else { Err(ApiError::Forbidden(permission)) }
    }

    /// The caller's wish as the record of changes takes it: nothing but who wants what.
    pub(super) fn asked(&self, action: Action) -> Asked {
        Asked::by(&self.caller.subject, action, &self.id)
    }

    /// Remembers the age of what went into the answer.
    pub(super) fn note(&self, freshness: Freshness) {
        let mut age = self.age.lock().unwrap_or_else(PoisonError::into_inner);
        *age = Some(age.map_or(freshness, |age| age.with(freshness)));
    }

    /// The oldest of what went into the answer; the next one begins anew.
    pub(super) fn take_age(&self) -> Option<Freshness> {
        self.age.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The integrations that the caller may see, in their stable order.
    pub(super) fn integrations(&self) -> Vec<Integration> {
        let all = self.organizations.integrations().all();
        all.iter()
            .filter(|record| self.caller.may_see(&record.id))
            .map(|record| Integration::new(self, Arc::clone(record)))
            .collect()
    }

    /// One integration; what the caller may not see does not exist.
    pub(super) fn find(&self, id: &IntegrationId) -> Option<Integration> {
        let record = self.organizations.integrations().find(id)?;
        self.caller.may_see(id).then(|| Integration::new(self, record))
    }

    /// The integrations that the caller named, or all that they may see.
    pub(super) fn chosen(&self, ids: Option<&[async_graphql::ID]>) -> Result<Vec<Integration>> {
        let Some(ids) = ids else {
            return Ok(self.integrations());
        };
        let wanted = super::id::integrations(ids)?;
        if wanted.iter().any(|id| self.find(id).is_none()) {
            return Err(ApiError::NotFound("integration"));
        }
        Ok(self
            .integrations()
            .into_iter()
            .filter(|integration| wanted.contains(integration.integration_id()))
            .collect())
    }
}
