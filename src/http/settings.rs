use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the listener puts up with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Longest request body, in bytes.
    pub body_limit: usize,
    /// Longest time for a request's headers, and again for its body, to arrive.
    pub read_timeout: Duration,
    /// Longest time a query may take.
    pub query_timeout: Duration,
    /// Longest time to wait for a mutation, which goes on after that.
    pub mutation_timeout: Duration,
    /// GraphQL requests answered at the same time.
    pub concurrent_requests: usize,
    /// Web origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// Whether the GraphiQL page is served.
    pub graphiql: bool,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// Longest time for running requests to end after a signal.
    pub shutdown_timeout: Duration,
    /// Subscriptions followed as server-sent events at the same time.
    pub streams: usize,
    /// Bounds on sockets.
    pub sockets: SocketSettings,
}

/// Bounds on sockets.
#[derive(Debug, Clone, Copy)]
pub struct SocketSettings {
    /// Connections at the same time, over all callers.
    pub connections: usize,
    /// Longest time between opening and `connection_init`.
    pub init_timeout: Duration,
    /// Operations at the same time on one connection.
    pub operations: usize,
    /// Longest message, in bytes.
    pub message_bytes: usize,
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsAccess {
    /// Nobody: the path does not exist.
    Off,
    /// Callers on the same machine that no proxy speaks for.
    Loopback,
    /// Everybody who reaches the listener.
    On,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            read_timeout: Duration::from_secs(30),
            query_timeout: Duration::from_mins(2),
            mutation_timeout: Duration::from_mins(2),
            concurrent_requests: 512,
            cors_origins: Vec::new(),
            graphiql: true,
            metrics: MetricsAccess::Loopback,
            shutdown_timeout: Duration::from_secs(30),
            streams: 256,
            sockets: SocketSettings {
                connections: 256,
                init_timeout: Duration::from_secs(10),
                operations: 20,
                message_bytes: 256 * 1024,
            },
        }
    }
}
