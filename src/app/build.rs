use std::{io, sync::Arc};

use anyhow::Context;
use futures_util::FutureExt;

use tokio::net::TcpListener;

use super::{clock::now, limits::limits};
use crate::{
    atlassian::Transport,
    auth::Verifier,
    config::{IntegrationSection, Settings},
    feeds::Feeds,
    graphql::Gateway,
    http::{self, Readiness, Site},
    integrations::{HostPolicy, Integration, Integrations},
    organizations::Organizations,
    store::{Keyring, Store, StoreSettings},
    telemetry,
};

/// What is connected, and the way to it: all that the commands need that serve nobody.
pub struct Connections {
    /// The database file.
    pub store: Store,
    /// What is connected.
    pub integrations: Integrations,
    /// Reads it.
    pub organizations: Organizations,
}

/// The gateway, put together.
pub struct App {
    /// What is connected.
    pub connections: Connections,
    site: Site,
}

/// Opens the store and reads what is connected.
///
/// # Errors
/// The master key does not fit, the file cannot be opened, an allowed origin is none, or a declared integration does not fit.
pub async fn connect(settings: &Settings) -> anyhow::Result<Connections> {
    let keyring = Keyring::new(
        settings.store.master_key.clone().context("store.master_key is missing")?,
        settings.store.previous_master_keys.clone(),
    )?;
    let store = Store::open(&StoreSettings { path: settings.store.path.clone() }, keyring).await?;
    let hosts = HostPolicy::new(&settings.atlassian.allowed_origins)
        .context("atlassian.allowed_origins")?;
    let declared = settings.integrations.iter().map(IntegrationSection::declared).collect();
    let integrations = Integrations::open(store.clone(), declared, hosts).await?;
    let transport = Transport::new(settings.atlassian.transport())?;
    let organizations =
        Organizations::new(transport, integrations.clone(), settings.cache.settings());
    Ok(Connections { store, integrations, organizations })
}

/// Puts the gateway together.
///
/// # Errors
/// As [`connect`], and where no token could be verified.
pub async fn build(settings: &Settings) -> anyhow::Result<App> {
    let connections = connect(settings).await?;
    let verifier = Verifier::new(settings.auth.settings()).await?;
    let gateway = Gateway::new(connections.organizations.clone(), limits(&settings.limits));
    let site = Site::new(http::Parts {
        gateway,
        feeds: Feeds::new(connections.organizations.clone(), settings.feeds.settings()),
        verifier,
        settings: settings.http.settings(),
        readiness: readiness(connections.store.clone()),
        metrics: telemetry::metrics(),
    });
    Ok(App { connections, site })
}

impl Connections {
    /// Tests an integration's credentials and keeps what was found.
    ///
    /// # Errors
    /// The integration was removed meanwhile, or the store cannot be written. What the test finds is no error.
    pub async fn test(&self, integration: &Integration) -> anyhow::Result<Arc<Integration>> {
        let checks = self.organizations.test(&integration.credentials).await;
        let (id, version) = (&integration.id, integration.version);
        Ok(self.integrations.record_checks(id, version, checks, now()).await?)
    }
}

fn readiness(store: Store) -> Readiness {
    Arc::new(move || {
        let store = store.clone();
        async move { store.ping().await.is_ok() }.boxed()
    })
}

impl App {
    /// The routes with their layers, for a test that needs no socket.
    pub fn router(&self) -> axum::Router {
        self.site.router()
    }

    /// Serves until `stop` comes to its end, then finishes what runs and closes the store.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let outcome = self.site.serve(listener, stop).await;
        self.connections.store.close().await;
        outcome
    }
}
