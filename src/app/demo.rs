use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{
    build::{App, Connections, build},
    clock::now,
};
use crate::{
    auth::{IntegrationScope, MintRequest, Permission, PermissionSet, mint},
    config::{Settings, Sources},
    demo::{Connection, Options, Simulator},
    domain::IntegrationId,
    graphql,
    integrations::{CredentialsDraft, Integration, IntegrationChanges, IntegrationDraft},
    store::Keyring,
};

/// How long the demonstration's tokens are good for.
const TOKEN_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// What a demonstration is started with.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// People of the larger organization.
    pub people: usize,
    /// What the organizations are generated from.
    pub seed: u64,
    /// How long the simulator takes over every answer.
    pub upstream_latency: Duration,
    /// Where the store and the keys are kept; a temporary folder where `None`.
    pub data: Option<PathBuf>,
    /// The file of settings; one with made-up prices where `None`.
    pub settings: Option<PathBuf>,
}

/// A gateway beside a simulated Atlassian, connected to it. The gateway's settings are like anybody's.
pub struct Demo {
    app: App,
    listener: TcpListener,
    simulator: Simulator,
    settings: Settings,
    tokens: Tokens,
    connected: Vec<std::sync::Arc<Integration>>,
    /// Removed with its content when the demonstration ends.
    _temporary: Option<TempDir>,
}

struct Tokens {
    reader: String,
    admin: String,
    limited: String,
}

impl Demo {
    /// Starts simulator and gateway, connects the simulated organizations and makes the tokens.
    ///
    /// # Errors
    /// An address is taken, the folder cannot be written, or the settings in the environment do not fit.
    pub async fn start(
        options: DemoOptions,
        environment: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let simulator = Simulator::start(Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            people: options.people,
            seed: options.seed,
            upstream_latency: options.upstream_latency,
            start: now(),
        })
        .await
        .context("the simulator cannot start")?;
        let (folder, temporary) = folder(options.data)?;
        let file = match options.settings {
            Some(given) => given,
            None => prices(&folder)?,
        };
        let settings = settings(&folder, &simulator, environment, options.listen, &file)?;
        let app = build(&settings).await?;
        let connected = connect(&app.connections, simulator.connections()).await?;
        let tokens = tokens(&settings, &connected)?;
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        Ok(Self { app, listener, simulator, settings, tokens, connected, _temporary: temporary })
    }

    /// Where the gateway listens.
    ///
    /// # Errors
    /// The listener is broken.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The settings that the gateway runs with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Addresses, tokens and integrations, for scripts.
    ///
    /// # Errors
    /// The listener is broken.
    pub fn description(&self) -> io::Result<serde_json::Value> {
        let address = self.address()?;
        let integrations: Vec<_> = self
            .connected
            .iter()
            .map(|integration| {
                json!({
                    "id": graphql::integration_id(&integration.id),
                    "label": integration.label,
                    "organizationId": integration.credentials.organization_id.as_str(),
                    "siteUrl": integration.credentials.admin_url.as_str().trim_end_matches('/'),
                })
            })
            .collect();
        Ok(json!({
            "graphql": format!("http://{address}/graphql"),
            "graphiql": format!("http://{address}/graphiql"),
            "subscriptions": format!("ws://{address}/graphql/ws"),
            "upstream": self.simulator.api_url(),
            "tokens": {
                "reader": self.tokens.reader,
                "admin": self.tokens.admin,
                "limited": self.tokens.limited,
            },
            "integrations": integrations,
        }))
    }

    /// Serves until `stop` comes to its end.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let outcome = self.app.serve(self.listener, stop).await;
        self.simulator.stop().await;
        outcome
    }
}

fn folder(given: Option<PathBuf>) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    if let Some(folder) = given {
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        return Ok((folder, None));
    }
    let temporary = tempfile::Builder::new().prefix("headcount-demo-").tempdir()?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// Settings as an operator would give them in the environment: the gateway cannot tell whom it speaks to.
fn settings(
    folder: &Path,
    simulator: &Simulator,
    environment: &[(String, String)],
    listen: SocketAddr,
    file: &Path,
) -> anyhow::Result<Settings> {
    let origins: Vec<&str> = simulator
        .connections()
        .iter()
        .map(|connection| connection.admin_url.trim_end_matches('/'))
        .collect();
    let set = |key: &str, value: &str| (format!("HEADCOUNT__{key}"), value.to_owned());
    let jwt_secret = kept(&folder.join("jwt-secret"))?;
    let master_key = kept(&folder.join("master-key"))?;
    let mut ours = vec![set("LOG__FORMAT", "text")];
    ours.extend_from_slice(environment);
    ours.extend([
        set("AUTH__ALGORITHM", "HS256"),
        set("AUTH__SECRET", jwt_secret.expose_secret()),
        set("STORE__MASTER_KEY", master_key.expose_secret()),
        set("STORE__PATH", &folder.join("headcount.db").display().to_string()),
        set("ATLASSIAN__API_URL", simulator.api_url()),
        set("ATLASSIAN__ALLOWED_ORIGINS", &format!("{origins:?}")),
    ]);
    let sources = Sources { environment: &ours, listen: Some(listen), file: Some(file) };
    Ok(Settings::load(sources)?)
}

/// The file of made-up prices in the folder: written anew by each start, since it is not the user's.
fn prices(folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("demo.toml");
    std::fs::write(&path, include_str!("demo.toml"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The secret in a file, made where there is none: a folder that is used again keeps its tokens and its store.
fn kept(path: &Path) -> anyhow::Result<SecretString> {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().into()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
        _ => {}
    }
    let secret = Keyring::generate();
    let mut open = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut file = open
        .create(true)
        .write(true)
        .truncate(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    io::Write::write_all(&mut file, secret.expose_secret().as_bytes())?;
    Ok(secret)
}

/// Connects what the simulator offers as a mutation would, and tests it. What a folder used before has under the same
/// label gets the new address.
async fn connect(
    connections: &Connections,
    offered: &[Connection],
) -> anyhow::Result<Vec<std::sync::Arc<Integration>>> {
    let mut connected = Vec::new();
    for connection in offered {
        let known = connections.integrations.all();
        let same = known.iter().find(|known| known.label == connection.label);
        let integration = if let Some(same) = same {
            let changes = IntegrationChanges {
                credentials: Some(draft(connection)),
                ..IntegrationChanges::default()
            };
            connections.integrations.update(&same.id, changes, now()).await?
        } else {
            let draft = IntegrationDraft {
                label: connection.label.clone(),
                credentials: draft(connection),
                api_key_expires_on: None,
                api_token_expires_on: None,
                is_read_only: false,
            };
            connections.integrations.create(draft, now()).await?
        };
        connected.push(integration);
    }
    let tests = connected.iter().map(|integration| connections.test(integration));
    futures_util::future::try_join_all(tests).await
}

fn draft(connection: &Connection) -> CredentialsDraft {
    CredentialsDraft {
        admin_email: connection.admin_email.clone(),
        api_token: connection.api_token.as_str().into(),
        admin_url: connection.admin_url.clone(),
        organization_id: connection.organization_id.clone(),
        organization_api_key: connection.organization_api_key.as_str().into(),
    }
}

fn tokens(
    settings: &Settings,
    connected: &[std::sync::Arc<Integration>],
) -> anyhow::Result<Tokens> {
    let auth = settings.auth.settings();
    let token = |subject: &str, permissions: PermissionSet, integrations: IntegrationScope| {
        let request = MintRequest {
            subject: subject.to_owned(),
            permissions,
            integrations,
            lifetime: TOKEN_LIFETIME,
        };
        mint(&auth, &request, now())
    };
    let reading = [Permission::ReadDirectory, Permission::ReadActivity, Permission::ReadLicenses];
    let first: Option<IntegrationId> = connected.first().map(|first| first.id.clone());
    Ok(Tokens {
        reader: token("demo-reader", reading.into_iter().collect(), IntegrationScope::All)?,
        admin: token("demo-admin", PermissionSet::all(), IntegrationScope::All)?,
        limited: token(
            "demo-limited",
            PermissionSet::all(),
            IntegrationScope::Only(first.into_iter().collect()),
        )?,
    })
}
