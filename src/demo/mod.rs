//! A stand-in until the simulator is written.

use std::{io, net::SocketAddr, time::Duration};

use jiff::Timestamp;

pub struct Options {
    pub listen: SocketAddr,
    pub people: usize,
    pub seed: u64,
    pub upstream_latency: Duration,
    pub start: Option<Timestamp>,
}

pub struct Connection {
    pub label: String,
    pub admin_email: String,
    pub api_token: String,
    pub admin_url: String,
    pub organization_id: String,
    pub organization_api_key: String,
}

pub struct Simulator {
    api_url: String,
    connections: Vec<Connection>,
}

impl Simulator {
    pub async fn start(_options: Options) -> io::Result<Self> {
        let connection = |label: &str, port: u16| Connection {
            label: label.to_owned(),
            admin_email: "admin@example.com".to_owned(),
            api_token: "token".to_owned(),
            admin_url: format!("http://127.0.0.1:{port}"),
            organization_id: format!("org-{port}"),
            organization_api_key: "key".to_owned(),
        };
        Ok(Self {
            api_url: "http://127.0.0.1:1/".to_owned(),
            connections: vec![connection("Acme", 2), connection("Globex", 3)],
        })
    }

    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    pub fn description(&self) -> serde_json::Value {
        serde_json::json!({ "apiUrl": self.api_url })
    }

    pub async fn stop(self) {}
}
