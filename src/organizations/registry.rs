use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicU64},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Demand, Organization, Settings,
    corrections::{Corrections, Effect},
    organization::{Caches, Shared},
    seats::KnownFigures,
};
use crate::{
    atlassian::{Client, Transport},
    domain::{AccountId, Credentials, IntegrationCheck, IntegrationId, OrganizationId},
    integrations::{Integration, Integrations},
    store::Store,
};

/// Every connected organization.
#[derive(Clone)]
pub struct Organizations {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    transport: Transport,
    pub(super) integrations: Integrations,
    /// Where figures of past days are.
    pub(super) store: Store,
    pub(super) settings: Arc<Settings>,
    caches: Arc<Caches>,
    generations: Arc<AtomicU64>,
    corrections: Arc<Corrections>,
    pub(super) known_figures: KnownFigures,
    /// By integration, with the version of the credentials that it was made with.
    connected: RwLock<HashMap<IntegrationId, (u64, Arc<Shared>)>>,
}

impl Organizations {
    /// The organizations behind `integrations`, each asked for the first time when somebody wants to know.
    #[must_use]
    pub fn new(
        transport: Transport,
        integrations: Integrations,
        store: Store,
        settings: Settings,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                transport,
                integrations,
                store,
                caches: Arc::new(Caches::new(&settings)),
                // As long as anything from before a change can still be given.
                corrections: Arc::new(Corrections::new(
                    settings.changes.settle,
                    settings.cache.scan
                        + settings.cache.keep_stale.max(settings.licenses.serve_stale),
                )),
                settings: Arc::new(settings),
                generations: Arc::default(),
                known_figures: KnownFigures::default(),
                connected: RwLock::default(),
            }),
        }
    }

    /// What is connected.
    #[must_use]
    pub fn integrations(&self) -> &Integrations {
        &self.inner.integrations
    }

    /// What a request that comes now and asks for `max_age` demands.
    #[must_use]
    pub fn demand(&self, max_age: Option<Duration>) -> Demand {
        Demand::new(max_age, self.inner.settings.cache.floor)
    }

    /// The organization behind an integration. New credentials make a new one, so that nothing that was
    /// read with the old ones is ever given to callers of the new ones.
    #[must_use]
    pub fn organization(&self, integration: &Integration, demand: Demand) -> Organization {
        let known = self.inner.connected.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, shared)) = known.get(&integration.id)
            && *version == integration.version
        {
            return Organization { shared: Arc::clone(shared), demand };
        }
        drop(known);
        let mut connected = self.inner.connected.write().unwrap_or_else(PoisonError::into_inner);
        let entry = connected
            .entry(integration.id.clone())
            .and_modify(|entry| {
                if entry.0 != integration.version {
                    *entry = (integration.version, self.connect(integration));
                }
            })
            .or_insert_with(|| (integration.version, self.connect(integration)));
        Organization { shared: Arc::clone(&entry.1), demand }
    }

    /// Shows a change to everybody at once, in every organization where it can be seen. Without an effect, what was read
    /// is forgotten, because something may have changed.
    pub(super) fn show(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
        effect: Option<Effect>,
        now: Timestamp,
    ) {
        let corrections = &self.inner.corrections;
        let is_everywhere = effect.as_ref().is_none_or(Effect::is_of_account);
        if let Some(effect) = effect {
            corrections.add(organization, account, effect, now);
        }
        let connected = self.inner.connected.read().unwrap_or_else(PoisonError::into_inner);
        for (_, shared) in connected.values() {
            if is_everywhere || shared.client.organization_id() == organization {
                shared.changed(corrections.settle());
            }
        }
    }

    /// Forgets an integration that is no longer there.
    pub fn disconnect(&self, integration: &IntegrationId) {
        self.inner.connected.write().unwrap_or_else(PoisonError::into_inner).remove(integration);
        self.inner.known_figures.forget(integration);
    }

    /// Tries credentials without keeping anything: the connection test of API.md, section 1.
    pub async fn test(&self, credentials: &Credentials) -> Vec<IntegrationCheck> {
        let client = Client::new(&self.inner.transport, Arc::new(credentials.clone()));
        super::checks::run(&client, credentials).await
    }

    fn connect(&self, integration: &Integration) -> Arc<Shared> {
        Arc::new(Shared::new(
            integration.id.clone(),
            Client::new(&self.inner.transport, Arc::clone(&integration.credentials)),
            Arc::clone(&self.inner.caches),
            Arc::clone(&self.inner.settings),
            (Arc::clone(&self.inner.corrections), Arc::clone(&self.inner.generations)),
        ))
    }
}
