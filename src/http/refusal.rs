use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{negotiation::MediaType, request_id::RequestId};

/// Stable words for what went wrong before a document was looked at (`extensions.code`).
pub mod code {
    /// The request is not a well-formed GraphQL request over HTTP.
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    /// No token, or not one that is accepted.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// Nothing is served at this path.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// A page of another site wants to open a WebSocket, or a feed needs a permission that the token lacks.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// The path is not served with this method.
    pub const METHOD_NOT_ALLOWED: &str = "METHOD_NOT_ALLOWED";
    /// `Accept`, or `$format`, names no media type that is offered.
    pub const NOT_ACCEPTABLE: &str = "NOT_ACCEPTABLE";
    /// The body took too long to arrive, or the answer to be made.
    pub const REQUEST_TIMEOUT: &str = "REQUEST_TIMEOUT";
    /// The body is longer than allowed.
    pub const PAYLOAD_TOO_LARGE: &str = "PAYLOAD_TOO_LARGE";
    /// The body is not `application/json` in UTF-8.
    pub const UNSUPPORTED_MEDIA_TYPE: &str = "UNSUPPORTED_MEDIA_TYPE";
    /// More requests at the same time than the gateway takes.
    pub const OVERLOADED: &str = "OVERLOADED";
    /// OData has it, and this program has not.
    pub const NOT_IMPLEMENTED: &str = "NOT_IMPLEMENTED";
    /// A fault of the gateway's own.
    pub const INTERNAL_SERVER_ERROR: &str = "INTERNAL_SERVER_ERROR";
}

/// Why a request gets no answer from the schema. Each has the form of a GraphQL answer without data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// What is wrong with it.
    BadRequest(String),
    Unauthenticated,
    NotFound,
    /// And the methods that are.
    MethodNotAllowed(&'static str),
    MutationOverGet,
    NotAcceptable,
    SlowBody,
    /// And the limit in bytes.
    TooLarge(usize),
    UnsupportedMediaType,
    Overloaded,
    /// A WebSocket that a page of another site wants to open.
    ForeignOrigin,
    /// Not a WebSocket where one is needed.
    NoWebSocket,
    TimedOut {
        is_mutation: bool,
    },
    Internal,
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NoWebSocket => StatusCode::UPGRADE_REQUIRED,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) | Self::MutationOverGet => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) | Self::NoWebSocket => code::BAD_REQUEST,
            Self::ForeignOrigin => code::FORBIDDEN,
            Self::Unauthenticated => code::UNAUTHENTICATED,
            Self::NotFound => code::NOT_FOUND,
            Self::MethodNotAllowed(_) | Self::MutationOverGet => code::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => code::NOT_ACCEPTABLE,
            Self::SlowBody | Self::TimedOut { .. } => code::REQUEST_TIMEOUT,
            Self::TooLarge(_) => code::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => code::UNSUPPORTED_MEDIA_TYPE,
            Self::Overloaded => code::OVERLOADED,
            Self::Internal => code::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::BadRequest(message) => message.clone(),
            Self::ForeignOrigin => "pages of this origin may not open a WebSocket here".to_owned(),
            Self::NoWebSocket => "this path speaks WebSocket, version 13".to_owned(),
            Self::Unauthenticated => {
                "a valid token is needed: `Authorization: Bearer <token>`".to_owned()
            }
            Self::NotFound => "nothing is served at this path".to_owned(),
            Self::MethodNotAllowed(allowed) => format!("this path is served for {allowed} only"),
            Self::MutationOverGet => "mutations are accepted by POST only".to_owned(),
            Self::NotAcceptable => {
                "answers are application/graphql-response+json, application/json or text/event-stream, and `Accept` has none"
                    .to_owned()
            }
            Self::SlowBody => "the body did not arrive in time".to_owned(),
            Self::TooLarge(limit) => format!("the body is longer than {limit} bytes"),
            Self::UnsupportedMediaType => {
                "a body has to be `Content-Type: application/json`, in UTF-8 and uncompressed"
                    .to_owned()
            }
            Self::Overloaded => "too many requests at the same time".to_owned(),
            Self::TimedOut { is_mutation: false } => "the query took too long and was ended".to_owned(),
            Self::TimedOut { is_mutation: true } => {
                "the mutation takes longer than this answer waits; it goes on, so look before repeating it"
                    .to_owned()
            }
            Self::Internal => "something went wrong in the gateway".to_owned(),
        }
    }

    /// As the one error of an answer.
    pub(super) fn error(&self, id: &RequestId) -> Value {
        let mut extensions = json!({ "code": self.code(), "requestId": id.as_str() });
        if matches!(self, Self::Overloaded) {
            extensions["retryable"] = true.into();
            extensions["retryAfter"] = RETRY_AFTER_SECONDS.into();
        }
        json!({ "message": self.message(), "extensions": extensions })
    }

    /// The answer, in plain JSON unless the caller asked for GraphQL's own type.
    pub(super) fn answer(&self, kind: MediaType, id: &RequestId) -> Response {
        let body = json!({ "errors": [self.error(id)] });
        let mut response = (self.status(), Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind.header());
        match self {
            Self::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::MethodNotAllowed(allowed) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::NoWebSocket => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            Self::MutationOverGet => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            Self::Overloaded => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            // The rest of the body is not read, so the connection cannot be used again.
            Self::TooLarge(_) | Self::SlowBody => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

const RETRY_AFTER_SECONDS: u16 = 1;
