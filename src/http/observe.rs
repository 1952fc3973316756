use std::{
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use async_graphql::ServerError;
use axum::{
    extract::{ConnectInfo, MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use http::{Extensions, HeaderName, HeaderValue, Method, header};
use metrics::{counter, histogram};
use sha2::{Digest, Sha256};
use tracing::{Instrument, Level, event, info_span};

use super::{
    answer::Wire,
    negotiation::MediaType,
    refusal::Refusal,
    request_id::{RequestId, X_REQUEST_ID},
};
use crate::graphql::document::Operation;

/// What has its line in the log however well it went. Probes and static pages have none: they would drown the rest.
const WORK: [&str; 5] = ["/graphql", "/feeds", "/odata", "/report", "/queries"];
/// Longest operation name that is logged; the caller chose it.
const LONGEST_NAME: usize = 80;

/// What is found out about a request on its way, and the line of the log that it becomes. Written when dropped, so that
/// a request whose caller went away has its line too.
#[derive(Clone)]
pub(super) struct Line(Arc<Facts>);

struct Facts {
    id: RequestId,
    started: Instant,
    method: Method,
    path: String,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    status: Option<u16>,
    code: Option<String>,
    errors: usize,
    /// Of a subscription.
    answers: Option<usize>,
    operation: Option<Operation>,
    subject: Option<String>,
    reason: Option<String>,
}

impl Line {
    fn new(request: &Request) -> Self {
        // The route, not the path: a path that nobody serves may hold anything.
        let path = request.extensions().get::<MatchedPath>();
        Self(Arc::new(Facts {
            id: RequestId::of(request.headers()),
            started: Instant::now(),
            method: request.method().clone(),
            path: path.map_or("(unknown)", MatchedPath::as_str).to_owned(),
            found: Mutex::default(),
        }))
    }

    /// The line of an operation on a WebSocket.
    pub(super) fn of_operation() -> Self {
        Self(Arc::new(Facts {
            id: RequestId::new(),
            started: Instant::now(),
            method: Method::GET,
            path: "/graphql/ws".to_owned(),
            found: Mutex::default(),
        }))
    }

    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions
            .get::<Self>()
            .expect("every route is within the layer that makes the line")
            .clone()
    }

    pub(super) fn id(&self) -> &RequestId {
        &self.0.id
    }

    pub(super) fn called_by(&self, subject: &str) {
        self.note(|found| found.subject = Some(loggable(subject)));
    }

    pub(super) fn asked_for(&self, operation: Option<Operation>) {
        self.note(|found| found.operation = operation);
    }

    pub(super) fn refused(&self, refusal: &Refusal) {
        self.note(|found| found.code = Some(refusal.code().to_owned()));
    }

    /// The same for what has another form than a refusal.
    pub(super) fn failed_with(&self, code: &str) {
        self.note(|found| found.code = Some(code.to_owned()));
    }

    pub(super) fn answered_with(&self, errors: &[ServerError]) {
        let code = code_of(errors);
        self.note(|found| {
            found.errors = errors.len();
            found.code = code;
        });
    }

    /// The same for a subscription, each time that it answers.
    pub(super) fn told(&self, answer: &Wire) {
        let code = code_of(answer.errors());
        self.note(|found| {
            *found.answers.get_or_insert_default() += usize::from(answer.is_executed());
            found.errors += answer.errors().len();
            found.code = found.code.take().or(code);
        });
    }

    /// A subscription begins: it ends well whenever it ends, and its length says nothing of the gateway's pace.
    pub(super) fn follows(&self) {
        self.note(|found| {
            found.answers = Some(0);
            found.status = Some(200);
        });
    }

    pub(super) fn ended_with(&self, status: u16) {
        self.note(|found| found.status = Some(status));
    }

    /// Why no caller could be made of the token; for the log only.
    pub(super) fn refused_because(&self, reason: &impl ToString) {
        self.note(|found| found.reason = Some(reason.to_string()));
    }

    fn note(&self, note: impl FnOnce(&mut Found)) {
        note(&mut self.0.found.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Facts {
    fn drop(&mut self) {
        let found = std::mem::take(self.found.get_mut().unwrap_or_else(PoisonError::into_inner));
        let elapsed = self.started.elapsed();
        let (method, path) = (self.method.as_str(), self.path.as_str());
        // 499 is not registered, but it is what logs say where the caller did not wait.
        let status = found.status.unwrap_or(499);
        let labels = [
            ("method", method_label(&self.method).to_owned()),
            ("path", self.path.clone()),
            ("status", status.to_string()),
        ];
        counter!("headcount_http_requests_total", &labels).increment(1);
        if found.answers.is_none() {
            histogram!("headcount_http_request_duration_seconds", "path" => self.path.clone())
                .record(elapsed.as_secs_f64());
        }

        let operation = found.operation.as_ref();
        let name = operation.and_then(|operation| operation.name.as_deref()).map(shortened);
        macro_rules! line {
            ($level:expr) => {
                event!(
                    $level,
                    request.id = self.id.as_str(),
                    http.method = method,
                    http.path = path,
                    http.status = status,
                    duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                    operation.kind = operation.map(|operation| operation.kind.as_str()),
                    operation.name = name,
                    caller.subject = found.subject,
                    error.code = found.code,
                    error.reason = found.reason,
                    errors = found.errors,
                    answers = found.answers,
                    "Answered {method} {path} with {status}",
                )
            };
        }
        let is_work = WORK.iter().any(|work| path.starts_with(work));
        if is_work || status >= 400 {
            line!(Level::INFO);
        } else {
            line!(Level::DEBUG);
        }
    }
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The first error's code.
fn code_of(errors: &[ServerError]) -> Option<String> {
    match errors.first()?.extensions.as_ref()?.get("code")? {
        async_graphql::Value::String(code) => Some(code.clone()),
        _ => None,
    }
}

fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

/// A subject as it may be logged: an e-mail address only as a hash, by which its lines can still be found.
fn loggable(subject: &str) -> String {
    if !subject.contains('@') {
        return shortened(subject).to_owned();
    }
    let hash = Sha256::digest(subject.as_bytes());
    let short = URL_SAFE_NO_PAD.encode(&hash[..9]);
    format!("sha256:{short}")
}

/// The outermost layer: the request's id, its line in the log, its last defence against a panic, and the headers that
/// every answer carries.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let line = Line::new(&request);
    request.extensions_mut().insert(line.clone());
    let span = info_span!("request", request.id = line.id().as_str());
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = answering.instrument(span).await.unwrap_or_else(|_panic| {
        line.refused(&Refusal::Internal);
        Refusal::Internal.answer(MediaType::Json, line.id())
    });
    line.ended_with(response.status().as_u16());
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, line.id().header());
    for (name, value) in EVERYWHERE {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Unless a route says otherwise: nothing is stored, framed, sniffed or run.
const EVERYWHERE: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Whether a request comes from this machine, and not through a proxy on it.
pub(super) fn is_from_here(request: &Request) -> bool {
    let is_loopback = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let names = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
    is_loopback && !names.iter().any(|name| request.headers().contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_an_address_is_logged_as_its_hash() {
        assert_eq!(loggable("service-account-7"), "service-account-7");
        let hashed = loggable("ada@example.com");
        assert!(hashed.starts_with("sha256:") && !hashed.contains("ada"), "{hashed}");
        assert_eq!(hashed, loggable("ada@example.com"));
        assert!(loggable(&"x".repeat(500)).len() <= LONGEST_NAME);
    }
}
