use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{problem::Problems, section::section};

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

section! {
    /// The listener and what it puts up with.
    HttpSection {
        /// Address and port to listen on. Port 0 takes a free one. TLS is the reverse proxy's task.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 4000));
        /// Longest request body, in bytes; a longer one is answered with 413.
        body_limit_bytes: usize = 1024 * 1024;
        /// Longest time for a request's headers, and again for its body, to arrive.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        read_timeout: Duration = Duration::from_secs(30);
        /// Longest time a query may take; then its answer is 504 with the code `REQUEST_TIMEOUT`.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        query_timeout: Duration = Duration::from_secs(60);
        /// Longest time to wait for a mutation. It is not cancelled after that: only the answer is.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        mutation_timeout: Duration = Duration::from_secs(120);
        /// Requests answered at the same time; one more gets 503 with `Retry-After`.
        concurrent_requests: usize = 512;
        /// Web origins that may call from a browser, such as `https://tools.example.com`. None: no other site may.
        cors_origins: Vec<String> = Vec::new();
        /// Whether the GraphiQL page is served at `/` and `/graphiql`.
        graphiql: bool = true;
        /// Who may read `/metrics`: `off`, `loopback` (the same machine, no proxy between) or `on` (everybody).
        metrics: MetricsAccess = MetricsAccess::Loopback;
        /// Longest time for running requests to end after SIGINT or SIGTERM.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        shutdown_timeout: Duration = Duration::from_secs(30);
        /// WebSocket connections at the same time, over all callers.
        sockets: usize = 256;
        /// Longest time between a WebSocket's opening and its `connection_init` message.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        socket_init_timeout: Duration = Duration::from_secs(10);
        /// Operations that run at the same time on one WebSocket.
        socket_operations: usize = 20;
        /// Longest WebSocket message, in bytes.
        socket_message_bytes: usize = 256 * 1024;
    }
}

impl HttpSection {
    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        let sizes = [
            ("http.body_limit_bytes", self.body_limit_bytes),
            ("http.concurrent_requests", self.concurrent_requests),
            ("http.sockets", self.sockets),
            ("http.socket_operations", self.socket_operations),
            ("http.socket_message_bytes", self.socket_message_bytes),
        ];
        for (key, size) in sizes {
            problems.refuse_zero(key, size == 0);
        }
        let times = [
            ("http.read_timeout", self.read_timeout),
            ("http.query_timeout", self.query_timeout),
            ("http.mutation_timeout", self.mutation_timeout),
            ("http.shutdown_timeout", self.shutdown_timeout),
            ("http.socket_init_timeout", self.socket_init_timeout),
        ];
        for (key, time) in times {
            problems.refuse_zero(key, time.is_zero());
        }
        for origin in &self.cors_origins {
            if !is_origin(origin) {
                problems.add(
                    "http.cors_origins",
                    format!("`{origin}` is not a web origin"),
                    "write scheme, host and port only, such as `https://tools.example.com`; `*` is not offered",
                );
            }
        }
    }
}

fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}
