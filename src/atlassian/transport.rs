use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::{
    Method, Request, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};

use super::{
    body,
    connections::Connections,
    error::{Error, ErrorKind, Result},
    limiter::{Family, Gate, Refused},
    problem,
    rate::RateHeaders,
    retry,
    settings::TransportSettings,
};
use crate::domain::OrganizationId;

/// What stands for the body of every change's answer: `()` is read from it.
const NOTHING: &[u8] = b"null";

/// Unused gates are forgotten beyond this number; a connection test can name any organization.
const MANY_GATES: usize = 256;

/// The one way to Atlassian: pooled connections, limits, time-outs, retries, counters. Clones share all of it.
#[derive(Debug, Clone)]
pub struct Transport {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connections: Connections,
    settings: TransportSettings,
    gates: Mutex<HashMap<GateKey, Arc<Gate>>>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum GateKey {
    Organization(OrganizationId),
    Site(String),
}

/// One call as it will be sent.
#[derive(Debug)]
pub(super) struct Call {
    /// What is asked, for errors, counters and logs; never with an id in it.
    pub(super) operation: &'static str,
    pub(super) family: Family,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) body: Option<Bytes>,
    /// Whether it may change something, so that sending it twice matters.
    pub(super) is_change: bool,
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) status: u16,
    pub(super) value: T,
    pub(super) headers: HeaderMap,
}

impl Transport {
    /// A transport with its own pool of connections.
    ///
    /// # Errors
    /// `Connection` where the TLS of this machine cannot be set up.
    pub fn new(settings: TransportSettings) -> Result<Self> {
        let connections = Connections::default();
        connections.client(&settings.api_url, &settings, "start")?;
        let gates = Mutex::default();
        Ok(Self { shared: Arc::new(Shared { connections, settings, gates }) })
    }

    pub(super) fn settings(&self) -> &TransportSettings {
        &self.shared.settings
    }

    /// The gate that all calls about one organization share, whichever integration makes them.
    pub(super) fn organization_gate(&self, organization: &OrganizationId) -> Arc<Gate> {
        self.gate(GateKey::Organization(organization.clone()))
    }

    /// The gate that all calls to one site share.
    pub(super) fn site_gate(&self, site: &Url) -> Arc<Gate> {
        self.gate(GateKey::Site(site.authority().to_ascii_lowercase()))
    }

    fn gate(&self, key: GateKey) -> Arc<Gate> {
        let mut gates = self.shared.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= MANY_GATES {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1 || gate.is_paused());
        }
        let gate = gates.entry(key).or_insert_with(|| Arc::new(Gate::new(&self.shared.settings)));
        Arc::clone(gate)
    }

    /// Makes the call, again where that may help, within the time budget.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        gate: &Gate,
        call: &Call,
    ) -> Result<Answer<T>> {
        let settings = &self.shared.settings;
        let deadline = Instant::now() + settings.time_budget;
        let mut attempt = 1;
        loop {
            let permit = gate
                .enter(call.family, deadline)
                .await
                .map_err(|refused| kept_back(call.operation, refused))?;
            if Instant::now() >= deadline {
                return Err(Error::new(ErrorKind::Timeout, call.operation));
            }
            let outcome = self.attempt(gate, call, deadline, attempt).await;
            drop(permit);
            let mut error = match outcome {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = error.retry_after.unwrap_or_else(|| retry::back_off(error.kind, attempt));
            if error.kind == ErrorKind::RateLimited {
                // Also where this call gives up: the others of its family need not be told one by one.
                gate.close(call.family, wait);
                error.retry_after = Some(wait);
            }
            let may_retry =
                retry::may_retry(call.is_change, &error, attempt, settings.max_attempts);
            if !may_retry || Instant::now() + wait > deadline {
                return Err(error);
            }
            if error.kind != ErrorKind::RateLimited {
                sleep(wait).await;
            }
            attempt += 1;
        }
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        gate: &Gate,
        call: &Call,
        deadline: Instant,
        attempt: u32,
    ) -> Result<Answer<T>> {
        let started = Instant::now();
        let longest = self.shared.settings.request_timeout.min(deadline - started);
        let mut status = None;
        let outcome = timeout(longest, self.exchange(gate, call, &mut status))
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, call.operation)))
            .and_then(|(headers, bytes)| {
                let status = status.unwrap_or_default();
                Ok(Answer { status, value: body::read(call.operation, &bytes)?, headers })
            })
            .map_err(|mut error| {
                error.status = error.status.or(status);
                error
            });
        report(call.operation, status, started.elapsed(), attempt);
        outcome
    }

    async fn exchange(
        &self,
        gate: &Gate,
        call: &Call,
        status: &mut Option<u16>,
    ) -> Result<(HeaderMap, Bytes)> {
        let operation = call.operation;
        let http = self.shared.connections.client(&call.url, &self.shared.settings, operation)?;
        let response =
            http.execute(request(call)).await.map_err(|error| broken(operation, error))?;
        let code = response.status();
        *status = Some(code.as_u16());
        if call.is_change && *response.url() != call.url {
            // A redirect makes a GET of most calls, and what answers that has changed nothing.
            return Err(Error::new(ErrorKind::InvalidResponse, operation).at("a redirect"));
        }
        let headers = response.headers().clone();
        #[expect(clippy::disallowed_methods, reason = "reset times are told in wall clock time")]
        let now = Timestamp::now();
        let rate = RateHeaders::read(&headers, now);
        gate.learn(call.family, &rate);
        let bytes = if call.is_change && code.is_success() {
            // Its status says that it is done; a body that breaks off must not make a failure of it.
            Ok(Bytes::from_static(NOTHING))
        } else {
            self.bounded(operation, response).await
        };
        if !code.is_success() {
            // The status says enough, even if the body that explains it did not arrive.
            let bytes = bytes.unwrap_or_default();
            return Err(problem::refusal(operation, code, &headers, &bytes, &rate));
        }
        let bytes = bytes?;
        if problem::is_html(&headers) {
            return Err(Error::new(ErrorKind::Unavailable, operation));
        }
        Ok((headers, bytes))
    }

    /// The body, as long as it stays within the bound.
    async fn bounded(
        &self,
        operation: &'static str,
        mut response: reqwest::Response,
    ) -> Result<Bytes> {
        let largest = self.shared.settings.largest_response;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(operation, error))? {
            if bytes.len() + chunk.len() > largest {
                let place = format!("byte {largest}, the largest answer that is read");
                return Err(Error::new(ErrorKind::InvalidResponse, operation).at(&place));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

fn request(call: &Call) -> Request {
    let mut request = Request::new(call.method.clone(), call.url.clone());
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(authorization) = &call.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    if let Some(body) = &call.body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.clone().into());
    } else if call.method == Method::POST {
        // Some proxies refuse a POST that does not say that it has nothing.
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    request
}

fn kept_back(operation: &'static str, refused: Refused) -> Error {
    match refused {
        Refused::Paused(wait) => {
            Error::new(ErrorKind::RateLimited, operation).with_retry_after(Some(wait))
        }
        Refused::Crowded => Error::new(ErrorKind::Timeout, operation),
    }
}

fn broken(operation: &'static str, error: reqwest::Error) -> Error {
    let kind = if error.is_timeout() {
        ErrorKind::Timeout
    } else if error.is_redirect() {
        ErrorKind::ForeignHost
    } else if error.is_builder() {
        ErrorKind::BadRequest
    } else {
        ErrorKind::Connection
    };
    // The address may hold an e-mail address or a search term.
    Error::new(kind, operation).with_cause(error.without_url())
}

fn report(operation: &'static str, status: Option<u16>, took: Duration, attempt: u32) {
    let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    let seconds = took.as_secs_f64();
    metrics::histogram!("headcount_upstream_request_duration_seconds", "operation" => operation)
        .record(seconds);
    tracing::debug!(
        operation,
        status,
        duration_ms = seconds * 1_000.0,
        attempt,
        "Asked Atlassian for {operation}: {status}"
    );
    metrics::counter!(
        "headcount_upstream_requests_total", "operation" => operation, "status" => status
    )
    .increment(1);
}
