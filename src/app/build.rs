use std::{io, sync::Arc};

use anyhow::Context;
use futures_util::FutureExt;

use tokio::net::TcpListener;

use super::{clock::now, limits::limits, snapshots::DailySnapshots};
use crate::{
    atlassian::Transport,
    audit::Audit,
    auth::{FeedTokenSettings, FeedTokens, Verifier},
    config::{IntegrationSection, Settings},
    feeds::{self, FeedSettings, Feeds},
    graphql::{self, Gateway},
    http::{self, Readiness, Site},
    integrations::{HostPolicy, Integration, Integrations},
    organizations::{Organizations, changes::Changes},
    queries::Queries,
    report::Reports,
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
    /// What was changed, and by whom.
    pub audit: Audit,
    /// Changes it.
    pub changes: Changes,
    /// The static secrets of tools.
    pub feed_tokens: FeedTokens,
}

/// The gateway, put together.
pub struct App {
    /// What is connected.
    pub connections: Connections,
    site: Site,
    snapshots: DailySnapshots,
}

/// Opens the store and reads what is connected.
///
/// # Errors
/// The master key does not fit, the file cannot be opened, an allowed origin is none, or a declared integration does not fit.
pub async fn connect(settings: &Settings) -> anyhow::Result<Connections> {
    let store = open_store(settings).await?;
    let hosts = HostPolicy::new(&settings.atlassian.allowed_origins)
        .context("atlassian.allowed_origins")?;
    let declared = settings.integrations.iter().map(IntegrationSection::declared).collect();
    let integrations = Integrations::open(store.clone(), declared, hosts).await?;
    let transport = Transport::new(settings.atlassian.transport())?;
    let organizations = Organizations::new(
        transport,
        integrations.clone(),
        store.clone(),
        settings.organizations(),
    );
    let audit = Audit::open(store.clone()).await?;
    let changes = Changes::open(
        organizations.clone(),
        store.clone(),
        audit.clone(),
        settings.changes.settings(),
    )
    .await?;
    let feed_tokens = FeedTokens::new(store.clone(), feed_tokens(settings)?);
    Ok(Connections { store, integrations, organizations, audit, changes, feed_tokens })
}

/// What feed tokens can be made for.
fn feed_tokens(settings: &Settings) -> anyhow::Result<FeedTokenSettings> {
    let tables = feeds::all().iter().map(|table| (table.name.to_owned(), table.permission));
    Ok(FeedTokenSettings {
        tables: tables.collect(),
        queries: Queries::named(settings.queries.folder.as_deref())?,
        longest: settings.feeds.token_lifetime(),
    })
}

/// Opens the store alone.
///
/// # Errors
/// The master key does not fit, or the file cannot be opened.
pub(super) async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let keyring = Keyring::new(
        settings.store.master_key.clone().context("store.master_key is missing")?,
        settings.store.previous_master_keys.clone(),
    )?;
    Ok(Store::open(&StoreSettings { path: settings.store.path.clone() }, keyring).await?)
}

/// Puts the gateway together.
///
/// # Errors
/// As [`connect`], and where no token could be verified or a saved query does not fit.
pub async fn build(settings: &Settings) -> anyhow::Result<App> {
    let connections = connect(settings).await?;
    connections.changes.reconcile().await?;
    let verifier = Verifier::new(settings.auth.settings()).await?;
    let gateway = gateway(&connections, settings);
    let queries = Queries::open(settings.queries.folder.as_deref(), &gateway).await?;
    let site = Site::new(http::Parts {
        gateway,
        feeds: connections.feeds(settings.feeds.settings()),
        reports: Reports::new(connections.organizations.clone(), settings.feeds.wait),
        queries,
        verifier,
        feed_tokens: connections.feed_tokens.clone(),
        settings: settings.http.settings(),
        readiness: readiness(connections.store.clone()),
        metrics: telemetry::metrics(),
    });
    let licenses = &settings.licenses;
    let organizations = connections.organizations.clone();
    let snapshots = DailySnapshots::new(organizations, licenses.snapshot_at, licenses.snapshots);
    Ok(App { connections, site, snapshots })
}

/// What runs GraphQL over what is connected.
pub(super) fn gateway(connections: &Connections, settings: &Settings) -> Gateway {
    let parts = graphql::Parts {
        organizations: connections.organizations.clone(),
        audit: connections.audit.clone(),
        changes: connections.changes.clone(),
        feed_tokens: connections.feed_tokens.clone(),
    };
    Gateway::new(parts, limits(&settings.limits))
}

impl Connections {
    /// Tables of what is connected.
    #[must_use]
    pub fn feeds(&self, settings: FeedSettings) -> Feeds {
        let (organizations, changes) = (self.organizations.clone(), self.changes.clone());
        Feeds::new(organizations, changes, self.store.clone(), settings)
    }

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
        let snapshots = tokio::spawn(self.snapshots.keep_taking());
        let outcome = self.site.serve(listener, stop).await;
        snapshots.abort();
        self.connections.store.close().await;
        outcome
    }
}
