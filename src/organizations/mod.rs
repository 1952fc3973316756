//! A stand-in until the room is written.

use std::time::Duration;

use crate::{
    atlassian::Transport,
    domain::{Credentials, IntegrationCheck},
    integrations::Integrations,
};

pub struct CacheSettings {
    pub users: Duration,
    pub groups: Duration,
    pub roles: Duration,
    pub products: Duration,
    pub organization: Duration,
    pub activity: Duration,
    pub seats: Duration,
    pub keep_stale: Duration,
    pub floor: Duration,
    pub capacity_bytes: u64,
    pub scan: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            users: minutes(1),
            groups: minutes(5),
            roles: minutes(5),
            products: minutes(15),
            organization: minutes(60),
            activity: minutes(10),
            seats: minutes(15),
            keep_stale: minutes(60),
            floor: Duration::from_secs(5),
            capacity_bytes: 256 * 1024 * 1024,
            scan: minutes(15),
        }
    }
}

pub struct Settings {
    pub cache: CacheSettings,
    pub scan_concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache: CacheSettings::default(),
            scan_concurrency: 4,
        }
    }
}

#[derive(Clone)]
pub struct Organizations {
    _transport: Transport,
    _integrations: Integrations,
}

impl Organizations {
    pub fn new(transport: Transport, integrations: Integrations, _settings: Settings) -> Self {
        Self {
            _transport: transport,
            _integrations: integrations,
        }
    }

    pub async fn test(&self, _credentials: &Credentials) -> Vec<IntegrationCheck> {
        Vec::new()
    }
}
