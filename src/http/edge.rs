use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Settings;
use crate::{
    auth::{FeedTokens, Verifier},
    feeds::Feeds,
    graphql::Gateway,
    queries::Queries,
    report::Reports,
    telemetry::Metrics,
};

/// Tells whether requests can be answered: whether the store can be read.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// What the routes need.
pub struct Parts {
    /// Answers GraphQL requests.
    pub gateway: Gateway,
    /// Tables for BI tools.
    pub feeds: Feeds,
    /// The licence report.
    pub reports: Reports,
    /// Saved queries.
    pub queries: Queries,
    /// Tells who calls.
    pub verifier: Verifier,
    /// Tells which tool calls.
    pub feed_tokens: FeedTokens,
    /// Bounds.
    pub settings: Settings,
    /// Behind `/readyz`.
    pub readiness: Readiness,
    /// Behind `/metrics`.
    pub metrics: Option<Metrics>,
}

/// The parts, shared by all requests, and what counts those that run.
pub(super) struct Edge {
    pub(super) gateway: Gateway,
    pub(super) feeds: Feeds,
    pub(super) reports: Reports,
    pub(super) queries: Queries,
    pub(super) verifier: Verifier,
    pub(super) feed_tokens: FeedTokens,
    pub(super) settings: Settings,
    pub(super) readiness: Readiness,
    pub(super) metrics: Option<Metrics>,
    /// Permits for GraphQL requests over HTTP.
    pub(super) requests: Arc<Semaphore>,
    /// Permits for streams of events.
    pub(super) streams: Arc<Semaphore>,
    /// Permits for feeds, which take longer than requests.
    pub(super) feed_permits: Arc<Semaphore>,
    /// Permits for sockets.
    pub(super) sockets: Arc<Semaphore>,
    /// Mutations that run; they outlive the connection that asked for them.
    pub(super) mutations: TaskTracker,
    /// Ends sockets and streams when the gateway stops.
    pub(super) stopping: CancellationToken,
}

impl Edge {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(parts.settings.concurrent_requests)),
            streams: Arc::new(Semaphore::new(parts.settings.streams)),
            sockets: Arc::new(Semaphore::new(parts.settings.sockets.connections)),
            feed_permits: Arc::new(Semaphore::new(parts.feeds.settings().concurrent)),
            mutations: TaskTracker::new(),
            stopping: CancellationToken::new(),
            gateway: parts.gateway,
            feeds: parts.feeds,
            reports: parts.reports,
            queries: parts.queries,
            verifier: parts.verifier,
            feed_tokens: parts.feed_tokens,
            settings: parts.settings,
            readiness: parts.readiness,
            metrics: parts.metrics,
        }
    }
}
