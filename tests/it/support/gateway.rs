use std::{
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use headcount::{
    app::{App, build},
    auth::{IntegrationScope, MintRequest, Permission, mint},
    config::{Settings, Sources},
    demo::{Connection, Options, RequestCounts, Simulator},
    domain::IntegrationId,
    graphql,
    integrations::{CredentialsDraft, IntegrationDraft},
};
use jiff::Timestamp;
use reqwest::Url;
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::JoinHandle,
};

use super::{Answer, Caller, caller::only, clock};

/// A deep selection needs more stack than the usual 2 MiB where the compiler does not optimise; `main` does the same.
const STACK: usize = 16 << 20;
/// Shared by all tests of one process. Fixed, so that a gateway that is started again finds its store.
const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const JWT_SECRET: &str = "a secret of the tests that is long enough for HS256";

/// The servers run beside the tests, on threads of their own.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.enable_all().worker_threads(2).thread_stack_size(STACK);
        builder.build().expect("the threads of the servers start")
    })
}

/// What a gateway is started with.
#[derive(Clone)]
pub(crate) struct Setup {
    /// People of the first organization; the second has a fifth.
    pub(crate) people: usize,
    pub(crate) seed: u64,
    /// When the simulator's time begins.
    pub(crate) start: Timestamp,
    /// Settings besides the usual, without their prefix: `("CACHE__USERS", "1s")`.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Whether the simulator's organizations are connected at the start.
    pub(crate) is_connected: bool,
    /// Whether their credentials are tested then, as a mutation would.
    pub(crate) is_tested: bool,
    /// The configuration file's text.
    pub(crate) file: Option<String>,
    /// A folder that outlives the gateway.
    pub(crate) folder: Option<PathBuf>,
}

impl Setup {
    pub(crate) fn of(people: usize) -> Self {
        Self {
            people,
            seed: 1,
            start: clock::now(),
            settings: Vec::new(),
            is_connected: true,
            is_tested: false,
            file: None,
            folder: None,
        }
    }

    /// The same with another setting.
    pub(crate) fn with(mut self, key: &'static str, value: impl Display) -> Self {
        self.settings.push((key, value.to_string()));
        self
    }

    /// Waits that are short enough for a test: an upstream that does not answer is given up at once.
    pub(crate) fn impatient(self) -> Self {
        self.with("ATLASSIAN__CONNECT_TIMEOUT", "300ms")
            .with("ATLASSIAN__READ_TIMEOUT", "300ms")
            .with("ATLASSIAN__REQUEST_TIMEOUT", "400ms")
            .with("ATLASSIAN__TIME_BUDGET", "2s")
            .with("ATLASSIAN__MAX_ATTEMPTS", "2")
    }

    pub(crate) async fn start(self) -> TestGateway {
        let started = runtime().spawn(async move {
            let simulator = Simulator::start(Options {
                people: self.people,
                seed: self.seed,
                ..Options::starting_at(self.start)
            });
            let atlassian = simulator.await.expect("the simulator starts");
            TestGateway::before(Arc::new(atlassian), self).await
        });
        started.await.expect("the gateway starts")
    }

    /// A gateway in front of a simulator that is there already.
    pub(crate) async fn start_before(self, atlassian: &Arc<Simulator>) -> TestGateway {
        let atlassian = Arc::clone(atlassian);
        let started = runtime().spawn(TestGateway::before(atlassian, self));
        started.await.expect("the gateway starts")
    }
}

/// The real program but for its command line, in front of a simulated Atlassian.
pub(crate) struct TestGateway {
    /// The simulator; ask it for what is true, order faults, count calls.
    pub(crate) atlassian: Arc<Simulator>,
    pub(crate) settings: Settings,
    pub(super) client: reqwest::Client,
    pub(super) address: SocketAddr,
    integrations: Vec<IntegrationId>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
    // Removed with its store when the test ends.
    _folder: Option<TempDir>,
}

impl TestGateway {
    /// Both organizations of the simulator connected, from this moment on.
    pub(crate) async fn start(people: usize) -> Self {
        Setup::of(people).start().await
    }

    async fn before(atlassian: Arc<Simulator>, setup: Setup) -> Self {
        let temporary = setup.folder.is_none().then(|| TempDir::new().expect("a folder"));
        let folder =
            setup.folder.clone().or_else(|| temporary.as_ref().map(|own| own.path().into()));
        let folder = folder.expect("one of the two is there");
        let settings = settings(&folder, &atlassian, &setup);
        let app = build(&settings).await.expect("the gateway is put together");
        if setup.is_connected {
            connect(&app, atlassian.connections(), setup.is_tested).await;
        }
        let integrations = in_order_of(atlassian.connections(), &app);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            // A dropped sender stops it as well.
            let stopped = async { drop(stopped.await) };
            app.serve(listener, stopped).await.expect("the listener holds");
        });
        atlassian.reset_requests();
        Self {
            atlassian,
            settings,
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            address,
            integrations,
            stop: Some(stop),
            served: Some(served),
            _folder: temporary,
        }
    }

    /// The folder of the store.
    pub(crate) fn folder(&self) -> &Path {
        self.settings.store.path.parent().expect("the store is in a folder")
    }

    /// Stops as after a signal, and waits for the end.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            served.await.expect("the gateway stops");
        }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        let url = format!("http://{}{path}", self.address);
        url.parse().expect("an address and a path are a URL")
    }

    /// The id of an integration as callers know it.
    pub(crate) fn integration(&self, index: usize) -> String {
        graphql::integration_id(&self.integrations[index])
    }

    /// A token for all integrations that is good for an hour.
    pub(crate) fn token(&self, permissions: &[Permission], scope: IntegrationScope) -> String {
        let request = MintRequest {
            subject: "somebody".to_owned(),
            permissions: permissions.iter().copied().collect(),
            integrations: scope,
            lifetime: Duration::from_hours(1),
        };
        mint(&self.settings.auth.settings(), &request, clock::now()).expect("a token")
    }

    /// What tokens are signed with.
    pub(crate) const SECRET: &'static str = JWT_SECRET;

    /// Somebody with these permissions on all integrations.
    pub(crate) fn caller(&self, permissions: &[Permission]) -> Caller<'_> {
        Caller::new(self, &self.token(permissions, IntegrationScope::All))
    }

    /// Somebody who may read everything.
    pub(crate) fn reader(&self) -> Caller<'_> {
        self.caller(super::READ)
    }

    /// Somebody with every permission, on this integration only.
    pub(crate) fn limited_to(&self, index: usize) -> Caller<'_> {
        let scope = only(&self.integrations[index..=index]);
        Caller::new(self, &self.token(super::EVERYTHING, scope))
    }

    /// Somebody with this token.
    pub(crate) fn with_token(&self, token: &str) -> Caller<'_> {
        Caller::new(self, token)
    }

    /// Asks as somebody who has these permissions.
    pub(crate) async fn ask(&self, permissions: &[Permission], query: &str) -> Answer {
        self.caller(permissions).ask(query).await
    }

    /// What is done, with the calls that it cost upstream.
    pub(crate) async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, RequestCounts) {
        self.atlassian.reset_requests();
        let done = work.await;
        (done, self.atlassian.requests())
    }
}

/// The integrations of these organizations, the healthy one first.
fn in_order_of(offered: &[Connection], app: &App) -> Vec<IntegrationId> {
    let all = app.connections.integrations.all();
    let of = |connection: &Connection| {
        let id = connection.organization_id.as_str();
        let found = all.iter().find(|one| one.credentials.organization_id.as_str() == id);
        found.map(|one| one.id.clone())
    };
    offered.iter().filter_map(of).collect()
}

/// Settings as an operator gives them in the environment: the gateway cannot tell whom it speaks to.
fn settings(folder: &Path, atlassian: &Simulator, setup: &Setup) -> Settings {
    let file = setup.file.as_ref().map(|text| {
        let path = folder.join("headcount.toml");
        std::fs::write(&path, text).expect("the folder can be written");
        path
    });
    let origins: Vec<String> = (0..2).flat_map(|index| atlassian.site_urls(index)).collect();
    let usual = [
        ("AUTH__ALGORITHM", "HS256".to_owned()),
        ("AUTH__SECRET", JWT_SECRET.to_owned()),
        ("STORE__MASTER_KEY", MASTER_KEY.to_owned()),
        ("STORE__PATH", folder.join("headcount.db").display().to_string()),
        ("ATLASSIAN__API_URL", atlassian.api_url().to_owned()),
        ("ATLASSIAN__ALLOWED_ORIGINS", format!("{origins:?}")),
        // They are taken behind the back of a test that counts calls; those that want them say so.
        ("LICENSES__SNAPSHOTS", "false".to_owned()),
    ];
    let all = usual.into_iter().chain(setup.settings.iter().cloned());
    let environment: Vec<(String, String)> =
        all.map(|(key, value)| (format!("HEADCOUNT__{key}"), value)).collect();
    let sources = Sources { environment: &environment, listen: None, file: file.as_deref() };
    Settings::load(sources).unwrap_or_else(|problems| panic!("the settings do not fit: {problems}"))
}

/// Connects as a mutation would; what is in the store already is left as it is.
async fn connect(app: &App, offered: &[Connection], is_tested: bool) {
    let integrations = &app.connections.integrations;
    for connection in offered {
        if integrations.all().iter().any(|known| known.label == connection.label) {
            continue;
        }
        let draft = IntegrationDraft {
            label: connection.label.clone(),
            credentials: CredentialsDraft {
                admin_email: connection.admin_email.clone(),
                api_token: connection.api_token.as_str().into(),
                admin_url: connection.admin_url.clone(),
                organization_id: connection.organization_id.clone(),
                organization_api_key: connection.organization_api_key.as_str().into(),
            },
            api_key_expires_on: None,
            api_token_expires_on: None,
            is_read_only: false,
        };
        let created = integrations.create(draft, clock::now()).await.expect("it is connected");
        if is_tested {
            app.connections.test(&created).await.expect("it is tested");
        }
    }
}
