use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::manners;
use crate::{
    auth::RefusalReason,
    feeds::{Error, Unavailable},
    graphql,
    http::{observe::Line, refusal::code as http_code},
    report::{Notice, Progress},
};

/// Why there is no feed.
pub(in crate::http) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    retry_after: Option<Duration>,
    unavailable: Vec<Unavailable>,
}

/// The form of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Form {
    /// RFC 9457.
    Problem,
    /// OData's own.
    OData,
    /// A page, for a browser.
    Page,
}

impl Problem {
    pub(in crate::http) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self { status, code, detail, retry_after: None, unavailable: Vec::new() }
    }

    pub(in crate::http) fn unauthenticated() -> Self {
        let detail = "a valid token is needed, as `Authorization: Bearer <token>` or as the password of HTTP Basic";
        Self::new(StatusCode::UNAUTHORIZED, http_code::UNAUTHENTICATED, detail)
    }

    /// What a tool's owner can do something about: they hold the secret, so that nothing is given away.
    pub(super) fn feed_token(reason: RefusalReason) -> Self {
        let problem = Self::unauthenticated();
        let detail = match reason {
            RefusalReason::FeedTokenExpired => "this feed token has expired; have another one made",
            RefusalReason::FeedTokenRevoked => "this feed token was revoked; have another one made",
            RefusalReason::NotInUrl => {
                "this feed token is not accepted in an address; send it as `Authorization: Bearer <token>`, or have one \
                 made that is"
            }
            RefusalReason::TokensUnavailable => return Self::no_tokens(),
            _ => return problem,
        };
        Self { detail: detail.to_owned(), ..problem }
    }

    fn no_tokens() -> Self {
        let detail = "the feed tokens cannot be read at the moment";
        let code = http_code::INTERNAL_SERVER_ERROR;
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        Self { retry_after: Some(AFTER_OVERLOAD), ..problem }
    }

    pub(in crate::http) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, http_code::NOT_FOUND, detail)
    }

    pub(in crate::http) fn method_not_allowed() -> Self {
        let detail = "this path is served for GET and HEAD only";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, http_code::METHOD_NOT_ALLOWED, detail)
    }

    pub(in crate::http) fn not_acceptable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, http_code::NOT_ACCEPTABLE, detail)
    }

    pub(in crate::http) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, graphql::code::BAD_USER_INPUT, detail)
    }

    pub(super) fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, http_code::NOT_IMPLEMENTED, detail)
    }

    pub(in crate::http) fn overloaded() -> Self {
        let detail = "too many feeds are being written at the same time";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, http_code::OVERLOADED, detail);
        Self { retry_after: Some(AFTER_OVERLOAD), ..problem }
    }

    /// The same, with the time after which asking again may help.
    pub(in crate::http) fn again_after(self, wait: Option<Duration>) -> Self {
        Self { retry_after: wait, ..self }
    }

    pub(in crate::http) fn too_slow() -> Self {
        let detail = "the answer took too long and was ended";
        Self::new(StatusCode::GATEWAY_TIMEOUT, http_code::REQUEST_TIMEOUT, detail)
    }

    pub(in crate::http) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %error, "A feed or a report could not be made");
        let detail = "something went wrong in the gateway";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, http_code::INTERNAL_SERVER_ERROR, detail)
    }

    /// The answer. A feed's is never HTML: what reads it takes a page of text for data.
    pub(in crate::http) fn answer(&self, form: Form, line: &Line) -> Response {
        line.failed_with(&self.code);
        let id = line.id().as_str();
        let (body, media_type) = match form {
            Form::Problem => (self.problem(id).to_string(), "application/problem+json"),
            Form::OData => (self.odata(id).to_string(), "application/json;odata.metadata=minimal"),
            Form::Page => (self.notice(id).html(), "text/html; charset=utf-8"),
        };
        let mut response = (self.status, Body::from(body)).into_response();
        let headers = response.headers_mut();
        manners(headers);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Headcount\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }

    fn problem(&self, request_id: &str) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "requestId": request_id,
        });
        if let Some(wait) = self.retry_after {
            body["retryAfter"] = seconds(wait).into();
        }
        if !self.unavailable.is_empty() {
            body["organizations"] = self.unavailable.iter().map(organization).collect();
        }
        body
    }

    fn odata(&self, request_id: &str) -> Value {
        let mut error = json!({
            "code": self.code,
            "message": self.detail,
            "innererror": { "requestId": request_id },
        });
        let detail = |one: &Unavailable| {
            json!({
                "code": graphql::code_of(&one.error),
                "message": one.error.to_string(),
                "target": one.integration.as_str(),
            })
        };
        if !self.unavailable.is_empty() {
            error["details"] = self.unavailable.iter().map(detail).collect();
        }
        json!({ "error": error })
    }

    fn notice(&self, request_id: &str) -> Notice {
        let is_progress = self.unavailable.iter().all(|one| one.progress().is_some());
        let refresh = self.retry_after.filter(|_| is_progress);
        let (title, message) = if is_progress && !self.unavailable.is_empty() {
            let message = "Everybody is read once; after that the report is there at once.";
            ("Atlassian is being read", message.to_owned())
        } else {
            (self.status.canonical_reason().unwrap_or_default(), sentence(&self.detail))
        };
        let one = |one: &Unavailable| Progress {
            integration: one.integration.as_str().to_owned(),
            people: one.progress().map(|progress| (progress.read, progress.expected)),
            message: one.error.to_string(),
        };
        Notice {
            title: title.to_owned(),
            message,
            code: self.code.clone().into_owned(),
            request_id: request_id.to_owned(),
            organizations: self.unavailable.iter().map(one).collect(),
            refresh: refresh.map(|wait| seconds(wait).clamp(2, 30)),
        }
    }
}

/// As people read it, who do not look for it in a log.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

const AFTER_OVERLOAD: Duration = Duration::from_secs(5);

/// One organization that cannot be read, or how far its reading is.
fn organization(one: &Unavailable) -> Value {
    let mut told = json!({
        "integrationId": one.integration.as_str(),
        "code": graphql::code_of(&one.error),
        "message": one.error.to_string(),
        "retryable": one.error.is_retryable(),
    });
    if let Some(progress) = one.progress() {
        told["progress"] = json!({
            "read": progress.read,
            "expected": progress.expected,
            "elapsedSeconds": progress.elapsed.as_secs(),
            "remainingSeconds": one.retry_after().map(seconds),
        });
    }
    told
}

/// Rounded up: a client that comes back a moment too early is refused again.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Forbidden(_) | Error::OutsideOfToken(_) => {
                Self::new(StatusCode::FORBIDDEN, http_code::FORBIDDEN, detail)
            }
            Error::UnknownIntegration => Self::not_found(detail),
            Error::BadParameter(_) => Self::bad_request(detail),
            Error::NotImplemented(_) => Self::not_implemented(detail),
            Error::TokenInvalid => {
                Self::new(StatusCode::BAD_REQUEST, graphql::code::CURSOR_INVALID, detail)
            }
            Error::TokenExpired => {
                Self::new(StatusCode::GONE, graphql::code::CURSOR_EXPIRED, detail)
            }
            Error::Unavailable(unavailable) => {
                // What fails for good is named before what only takes its time.
                let worst = unavailable.iter().min_by_key(|one| one.progress().is_some());
                let code = worst
                    .map_or(http_code::INTERNAL_SERVER_ERROR, |one| graphql::code_of(&one.error));
                let waits = unavailable.iter().filter_map(Unavailable::retry_after);
                let retry_after = waits.max();
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
                Self { retry_after, unavailable, ..problem }
            }
            Error::Unfit(_) | Error::Internal(_) | Error::Format(_) => Self::internal(&error),
        }
    }
}
