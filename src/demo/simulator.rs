//! Starting, asking and stopping the simulator from Rust.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{
    account::AccountState,
    clock::{Clock, real_now},
    connection::{Connection, PersonSummary, connection, limited_connection, summary},
    faults::{Fault, Faults},
    generate::{self, Recipe},
    limits::{Counters, Limits},
    listener::{CuttableListener, Peer},
    organization::{Character, Organization},
    requests::{RequestCounts, Requests},
    role::PlatformRoles,
    server::{Door, Place, router},
    world::World,
};

/// What to simulate and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address of the API listener. Port 0 picks free ports for it and for the sites; with any
    /// other port the sites take the ports after it.
    pub listen: SocketAddr,
    /// How many people the first organization has, at least 10; the second has a fifth of that.
    pub people: usize,
    /// The same seed, number of people and start make the same organizations.
    pub seed: u64,
    /// How long every answer takes beside the work.
    pub upstream_latency: Duration,
    /// Simulated time at the start, which is also what the organizations' dates are told from.
    pub start: Timestamp,
}

impl Options {
    /// 250 people on free loopback ports, without latency, from this moment.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            people: 250,
            seed: 1,
            upstream_latency: Duration::ZERO,
            start,
        }
    }
}

impl Default for Options {
    /// As [`Options::starting_at`], from now.
    fn default() -> Self {
        Self::starting_at(real_now())
    }
}

const CHARACTERS: [Character; 2] = [Character::Healthy, Character::Awkward];

/// A running simulator; it stops with [`Simulator::stop`], or when dropped.
pub struct Simulator {
    world: Arc<World>,
    connections: Vec<Connection>,
    limited: Vec<Connection>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Binds the listeners, makes the organizations and answers from then on.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let api = TcpListener::bind(options.listen).await?;
        let api_url = url(&api)?;
        let (recipes, sites) = sites(&options).await?;
        let made: Vec<_> = tokio::task::spawn_blocking(move || {
            recipes.iter().map(generate::organization).collect()
        })
        .await
        .map_err(io::Error::other)?;
        let connections = made.iter().map(connection).collect();
        let limited = made.iter().map(limited_connection).collect();
        let world = Arc::new(world(made, &options, api_url));
        let (stop, stopped) = watch::channel(false);
        let servers = std::iter::once((Place::Api, api))
            .chain(sites)
            .map(|(place, listener)| {
                let world = Arc::clone(&world);
                serve(Door { world, place }, listener, stopped.clone())
            })
            .collect();
        Ok(Self { world, connections, limited, stop, servers })
    }

    /// What stands for `https://api.atlassian.com`, for instance `http://127.0.0.1:41234`.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.world.api_url
    }

    /// Ready-made credentials of each organization, the healthy one first.
    #[must_use]
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The same organizations with site tokens of people who may not administer Jira.
    #[must_use]
    pub fn limited_connections(&self) -> &[Connection] {
        &self.limited
    }

    /// Addresses, credentials and sizes as JSON: `{"api", "control", "organizations":[{label,
    /// adminEmail, apiToken, adminUrl, organizationId, organizationApiKey, people, isKeyScoped,
    /// limitedEmail, limitedApiToken, directoryIds, sites:[{name,url,cloudId,isSandbox}]}]}`.
    #[must_use]
    pub fn description(&self) -> Value {
        self.world.description()
    }

    /// How often each route was asked since the start or the last reset.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.world.requests.snapshot()
    }

    /// Counts from nothing again.
    pub fn reset_requests(&self) {
        self.world.requests.reset();
    }

    /// Adds a fault to those in force.
    pub fn add_fault(&self, fault: Fault) {
        self.world.faults.add(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.world.faults.clear();
    }

    /// Changes the rate limits and forgets what was used of them.
    pub fn set_limits(&self, limits: Limits) {
        self.world.counters.set_limits(limits);
    }

    /// Simulated time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Moves simulated time on.
    pub fn advance(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// Everybody the organization of this connection has or had, in the order of the lists.
    #[must_use]
    pub fn people(&self, organization: usize) -> Vec<PersonSummary> {
        let organization = self.world.read(organization, self.now());
        (0_u32..)
            .zip(&organization.people)
            .map(|(index, _)| summary(&organization, index))
            .collect()
    }

    /// Takes every organization-level role from somebody at once, as another admin does in Atlassian Administration; the
    /// integration's own admin cannot be reached by its key.
    pub fn take_platform_roles(&self, organization: usize, account_id: &str) {
        let mut organization = self.world.write(organization, self.now());
        if let Some(index) = organization.find(account_id) {
            organization.people[index as usize].platform = PlatformRoles::default();
        }
    }

    /// One account as it truly is; `None` where the organization never had it.
    #[must_use]
    pub fn account_state(&self, organization: usize, account_id: &str) -> Option<AccountState> {
        let organization = self.world.read(organization, self.now());
        let index = organization.find(account_id)?;
        Some(AccountState::of(&organization, index))
    }

    /// The ids of the organization's directories.
    #[must_use]
    pub fn directory_ids(&self, organization: usize) -> Vec<String> {
        let organization = self.world.read(organization, self.now());
        let directories = organization.directories.iter();
        directories.map(|directory| directory.id.clone()).collect()
    }

    /// The ARIs of the organization's product instances, in the order of the workspaces.
    #[must_use]
    pub fn resource_ids(&self, organization: usize) -> Vec<String> {
        let organization = self.world.read(organization, self.now());
        let resources = organization.resources.iter();
        resources.map(|resource| resource.id.clone()).collect()
    }

    /// Ids and names of the organization's groups.
    #[must_use]
    pub fn groups(&self, organization: usize) -> Vec<(String, String)> {
        let organization = self.world.read(organization, self.now());
        let groups = organization.groups.iter().filter(|group| !group.is_deleted);
        groups.map(|group| (group.id.clone(), group.name.clone())).collect()
    }

    /// Base addresses of the organization's sites.
    #[must_use]
    pub fn site_urls(&self, organization: usize) -> Vec<String> {
        let organization = self.world.read(organization, self.now());
        let sites = organization.sites.iter();
        sites.map(|site| site.url.clone()).collect()
    }

    /// Stops listening and waits for the answers that are under way.
    pub async fn stop(mut self) {
        // Without receivers every server is gone already.
        let _ = self.stop.send(true);
        for server in self.servers.drain(..) {
            // A server that panicked has stopped too.
            let _ = server.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

/// A listener for every site, and what the organizations are made from.
async fn sites(options: &Options) -> io::Result<(Vec<Recipe>, Vec<(Place, TcpListener)>)> {
    let mut recipes = Vec::new();
    let mut sites = Vec::new();
    for (organization, character) in CHARACTERS.into_iter().enumerate() {
        let mut site_urls = Vec::new();
        for site in 0..generate::site_count(character) {
            let listener = TcpListener::bind(next_address(options.listen, sites.len())).await?;
            site_urls.push(url(&listener)?);
            sites.push((Place::Site { organization, site }, listener));
        }
        recipes.push(Recipe {
            character,
            people: people(character, options.people),
            seed: options.seed,
            now: options.start,
            site_urls,
        });
    }
    Ok((recipes, sites))
}

fn world(made: Vec<Organization>, options: &Options, api_url: String) -> World {
    let keys: HashMap<String, usize> = made
        .iter()
        .enumerate()
        .map(|(index, organization)| (organization.key.clone(), index))
        .collect();
    World {
        ids: made.iter().map(|organization| organization.id.clone()).collect(),
        organizations: made.into_iter().map(RwLock::new).collect(),
        keys,
        clock: Clock::starting_at(options.start),
        requests: Requests::default(),
        faults: Faults::seeded(options.seed),
        counters: Counters::default(),
        api_url,
        latency: options.upstream_latency,
        refused: Mutex::default(),
    }
}

fn people(character: Character, asked: usize) -> usize {
    match character {
        Character::Healthy => asked.max(10),
        Character::Awkward => (asked / 5).max(8),
    }
}

fn url(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn next_address(api: SocketAddr, taken: usize) -> SocketAddr {
    let mut address = api;
    if api.port() != 0 {
        let offset = u16::try_from(taken + 1).unwrap_or(1);
        address.set_port(api.port().saturating_add(offset));
    }
    address
}

fn serve(door: Door, listener: TcpListener, mut stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    let service = router(door).into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        let server =
            axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async move {
                // An error means that the simulator is gone, which is a reason to stop as well.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            });
        // It ends without an error: those of single connections are not reported here.
        let _ = server.await;
    })
}
