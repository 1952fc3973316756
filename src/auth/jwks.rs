use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use http::{StatusCode, header::ACCEPT};
use jsonwebtoken::{Algorithm, jwk::Jwk};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Host, Url};

use super::{AuthSettings, Error, KeyAlgorithm, keys::Key};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(5);
/// Sets have a few kilobytes; an RSA key with its certificates about four.
const LARGEST_SET: usize = 256 * 1024;
const MOST_KEYS: usize = 64;

/// The keys of an issuer, kept from the last time that it answered.
pub(super) struct RemoteKeys {
    url: Url,
    pub algorithms: Vec<Algorithm>,
    client: reqwest::Client,
    refresh_interval: Duration,
    minimum_interval: Duration,
    keys: RwLock<Arc<KeySet>>,
    /// When the issuer was last asked. Held while it is asked: whoever comes meanwhile waits for that answer.
    last_attempt: Mutex<Option<Instant>>,
    since: Instant,
    /// Milliseconds after `since` at which the keys are too old. A number, because every request looks at it.
    due_at: AtomicU64,
}

/// What an issuer answered once.
#[derive(Default)]
pub(super) struct KeySet {
    keys: Vec<Key>,
    source: Vec<Jwk>,
    /// Counts the changes; 0 before the first answer.
    pub generation: u64,
}

impl RemoteKeys {
    /// # Errors
    /// The address or the algorithms are unfit. Whether the issuer answers is not looked at.
    pub fn new(
        url: Url,
        algorithms: &[KeyAlgorithm],
        settings: &AuthSettings,
    ) -> Result<Self, Error> {
        let is_loopback = is_loopback(&url);
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if has_credentials || !(url.scheme() == "https" || url.scheme() == "http" && is_loopback) {
            return Err(Error::UnfitUrl);
        }
        if algorithms.is_empty() {
            return Err(Error::NoAlgorithm);
        }
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")));
        if is_loopback {
            client = client.no_proxy();
        }
        Ok(Self {
            url,
            algorithms: algorithms.iter().copied().map(Algorithm::from).collect(),
            client: client.build().map_err(|error| Error::Client(error.into()))?,
            refresh_interval: settings.jwks_refresh_interval,
            minimum_interval: settings.jwks_minimum_interval,
            keys: RwLock::default(),
            last_attempt: Mutex::default(),
            since: Instant::now(),
            due_at: AtomicU64::new(0),
        })
    }

    /// The keys as they were last told.
    pub fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the issuer in the background once the keys are too old; nobody waits for it.
    pub fn refresh_when_due(self: &Arc<Self>) {
        let now = milliseconds(self.since.elapsed());
        let due_at = self.due_at.load(Ordering::Relaxed);
        let next = now.saturating_add(milliseconds(self.minimum_interval));
        let is_mine = || {
            self.due_at.compare_exchange(due_at, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if now >= due_at && is_mine() {
            let this = Arc::clone(self);
            tokio::spawn(async move { this.ask_unless_just_asked().await });
        }
    }

    /// Asks the issuer unless that was done a moment ago, and waits for the outcome. The question outlives whoever
    /// asks: a caller who goes away in the middle must not use up the one question that is allowed.
    pub async fn refresh(self: &Arc<Self>) {
        let this = Arc::clone(self);
        let asked = tokio::spawn(async move { this.ask_unless_just_asked().await });
        if let Err(stopped) = asked.await
            && let Ok(panic) = stopped.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }

    async fn ask_unless_just_asked(&self) {
        let mut last_attempt = self.last_attempt.lock().await;
        if last_attempt.is_some_and(|instant| instant.elapsed() < self.minimum_interval) {
            return;
        }
        *last_attempt = Some(Instant::now());
        let wait = match self.ask().await {
            Ok(source) => {
                self.take(source);
                self.refresh_interval
            }
            Err(error) => {
                tracing::warn!(
                    jwks.url = %self.url,
                    "Could not fetch the issuer's keys, keeping those of before: {error}"
                );
                self.minimum_interval
            }
        };
        let due_at = milliseconds(self.since.elapsed().saturating_add(wait));
        self.due_at.store(due_at, Ordering::Relaxed);
    }

    fn take(&self, source: Vec<Jwk>) {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if current.source == source {
            return;
        }
        let keys = source.iter().filter_map(|jwk| Key::from_jwk(jwk, &self.algorithms)).collect();
        let generation = current.generation + 1;
        *current = Arc::new(KeySet { keys, source, generation });
    }

    async fn ask(&self) -> Result<Vec<Jwk>, FetchError> {
        let request = self.client.get(self.url.clone()).header(ACCEPT, "application/json");
        #[expect(clippy::disallowed_methods, reason = "the issuer is asked here, not Atlassian")]
        let mut response = request.send().await.map_err(FetchError::of)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(FetchError::of)? {
            if body.len() + chunk.len() > LARGEST_SET {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let set: WireKeySet = serde_json::from_slice(&body).map_err(|_| FetchError::Malformed)?;
        // Key by key: one of a kind that is not known here must not cost the others.
        let keys: Vec<Jwk> = set
            .keys
            .into_iter()
            .take(MOST_KEYS)
            .filter_map(|key| serde_json::from_value(key).ok())
            .filter(|jwk| Key::from_jwk(jwk, &self.algorithms).is_some())
            .collect();
        if keys.is_empty() { Err(FetchError::NoUsableKey) } else { Ok(keys) }
    }
}

impl KeySet {
    /// The keys that a header names. Without a `kid` there is an answer only where it can be but one key.
    pub fn fitting(&self, algorithm: Algorithm, key_id: Option<&str>) -> Vec<&Key> {
        let of_algorithm = self.keys.iter().filter(|key| key.algorithm == algorithm);
        let keys: Vec<_> =
            of_algorithm.filter(|key| key_id.is_none() || key.id.as_deref() == key_id).collect();
        if key_id.is_none() && keys.len() > 1 {
            return Vec::new();
        }
        keys
    }
}

#[derive(Deserialize)]
struct WireKeySet {
    keys: Vec<Value>,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}")]
    Http(reqwest::Error),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("its answer has more than {LARGEST_SET} bytes")]
    TooLarge,
    #[error("its answer is not a JSON Web Key Set")]
    Malformed,
    #[error("its answer has no key that may be used with the algorithms that are set")]
    NoUsableKey,
}

impl FetchError {
    fn of(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
