use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{problem::Problems, section::section};
use crate::http::{self, MetricsAccess, SocketSettings};

section! {
    /// The listener and what it puts up with.
    HttpSection {
        /// Address and port to listen on. Port 0 takes a free one. TLS is the reverse proxy's task.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 4000));
        /// Longest request body, in bytes; a longer one is answered with 413.
        body_limit_bytes: usize = http::Settings::default().body_limit;
        /// Longest time for a request's headers, and again for its body, to arrive.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        read_timeout: Duration = http::Settings::default().read_timeout;
        /// Longest time a query may take; then its answer is 504 with the code `REQUEST_TIMEOUT`.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        query_timeout: Duration = http::Settings::default().query_timeout;
        /// Longest time to wait for a mutation. It is not cancelled after that: only the answer is.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        mutation_timeout: Duration = http::Settings::default().mutation_timeout;
        /// Requests answered at the same time; one more gets 503 with `Retry-After`.
        concurrent_requests: usize = http::Settings::default().concurrent_requests;
        /// Web origins that may call from a browser, such as `https://tools.example.com`. None: no other site may.
        cors_origins: Vec<String> = http::Settings::default().cors_origins;
        /// Whether the GraphiQL page is served at `/` and `/graphiql`.
        graphiql: bool = http::Settings::default().graphiql;
        /// Who may read `/metrics`: `off`, `loopback` (the same machine, no proxy between) or `on` (everybody).
        metrics: MetricsAccess = http::Settings::default().metrics;
        /// Longest time for running requests to end after SIGINT or SIGTERM.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        shutdown_timeout: Duration = http::Settings::default().shutdown_timeout;
        /// Subscriptions followed as server-sent events at the same time, over all callers; one more gets 503.
        streams: usize = http::Settings::default().streams;
        /// WebSocket connections at the same time, over all callers.
        sockets: usize = http::Settings::default().sockets.connections;
        /// Longest time between a WebSocket's opening and its `connection_init` message.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        socket_init_timeout: Duration = http::Settings::default().sockets.init_timeout;
        /// Operations that run at the same time on one WebSocket.
        socket_operations: usize = http::Settings::default().sockets.operations;
        /// Longest WebSocket message, in bytes.
        socket_message_bytes: usize = http::Settings::default().sockets.message_bytes;
    }
}

impl HttpSection {
    /// As the room `http` takes them.
    #[must_use]
    pub fn settings(&self) -> http::Settings {
        http::Settings {
            body_limit: self.body_limit_bytes,
            read_timeout: self.read_timeout,
            query_timeout: self.query_timeout,
            mutation_timeout: self.mutation_timeout,
            concurrent_requests: self.concurrent_requests,
            cors_origins: self.cors_origins.clone(),
            graphiql: self.graphiql,
            metrics: self.metrics,
            shutdown_timeout: self.shutdown_timeout,
            streams: self.streams,
            sockets: SocketSettings {
                connections: self.sockets,
                init_timeout: self.socket_init_timeout,
                operations: self.socket_operations,
                message_bytes: self.socket_message_bytes,
            },
        }
    }

    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        let sizes = [
            ("http.body_limit_bytes", self.body_limit_bytes),
            ("http.concurrent_requests", self.concurrent_requests),
            ("http.streams", self.streams),
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
