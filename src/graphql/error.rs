use std::time::Duration;

use async_graphql::{ErrorExtensions, ServerError, Value};

use crate::{
    audit,
    auth::Permission,
    domain::IntegrationId,
    integrations,
    organizations::{self, ErrorKind, changes::ChangeError},
};

/// The codes of `extensions.code`; `docs/errors.md` says what a client does about each.
pub mod code {
    /// No valid token.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The token lacks a permission.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// An argument is wrong.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// The document is not valid GraphQL for this schema.
    pub const GRAPHQL_VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
    /// There is no such thing, or the caller may not see it.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// The cursor belongs to another list, or is none.
    pub const CURSOR_INVALID: &str = "CURSOR_INVALID";
    /// What the cursor pages over is gone.
    pub const CURSOR_EXPIRED: &str = "CURSOR_EXPIRED";
    /// A whole organization is being read; ask again later.
    pub const SCAN_RUNNING: &str = "SCAN_RUNNING";
    /// Atlassian asks for fewer calls.
    pub const UPSTREAM_RATE_LIMITED: &str = "UPSTREAM_RATE_LIMITED";
    /// Atlassian does not accept the integration's credentials.
    pub const UPSTREAM_UNAUTHORIZED: &str = "UPSTREAM_UNAUTHORIZED";
    /// The integration's credentials may not do this, or the plan does not have it.
    pub const UPSTREAM_FORBIDDEN: &str = "UPSTREAM_FORBIDDEN";
    /// Atlassian does not know what was asked for.
    pub const UPSTREAM_NOT_FOUND: &str = "UPSTREAM_NOT_FOUND";
    /// Atlassian refused the question itself.
    pub const UPSTREAM_REFUSED: &str = "UPSTREAM_REFUSED";
    /// Atlassian's answer cannot be used.
    pub const UPSTREAM_INVALID_RESPONSE: &str = "UPSTREAM_INVALID_RESPONSE";
    /// Atlassian cannot be reached or answers with a server error.
    pub const UPSTREAM_UNAVAILABLE: &str = "UPSTREAM_UNAVAILABLE";
    /// The caller has spent what a minute allows.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// A fault of this program.
    pub const INTERNAL_SERVER_ERROR: &str = "INTERNAL_SERVER_ERROR";
}

/// The operations that Atlassian refuses to an organization without the plan for them, and says no more.
const AUDIT_LOG: [&str; 2] = ["events", "event"];

/// The result of a resolver.
pub(super) type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Why a field has no value.
///
/// Has no `Display`, so that `?` cannot pass it, or anything else, to the caller without a code.
#[derive(Debug, Clone)]
pub(super) enum ApiError {
    /// The caller lacks a permission.
    Forbidden(Permission),
    /// There is no such thing, or the caller may not see it: the answer is the same.
    NotFound(&'static str),
    /// An argument is wrong; says which and what to do.
    BadUserInput(String),
    /// The cursor is none of ours, or of another list.
    CursorInvalid,
    /// An organization could not answer.
    Organization(IntegrationId, organizations::Error),
    /// The store failed; the log knows why.
    Internal,
}

impl ApiError {
    pub(super) fn of(integration: &IntegrationId) -> impl Fn(organizations::Error) -> Self + '_ {
        move |error| Self::Organization(integration.clone(), error)
    }

    /// Whether the fault lies in the question, so that asking other organizations is no use.
    pub(super) fn is_callers(&self) -> bool {
        match self {
            Self::Organization(_, error) => matches!(
                error,
                organizations::Error::CursorInvalid
                    | organizations::Error::CursorExpired
                    | organizations::Error::BadRequest(_)
            ),
            _ => true,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => code::FORBIDDEN,
            Self::NotFound(_) => code::NOT_FOUND,
            Self::BadUserInput(_) => code::BAD_USER_INPUT,
            Self::CursorInvalid => code::CURSOR_INVALID,
            Self::Internal => code::INTERNAL_SERVER_ERROR,
            Self::Organization(_, error) => code_of(error),
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::Forbidden(permission) => {
                format!("this needs the permission {}", permission.word())
            }
            Self::NotFound(what) => format!("there is no such {what}"),
            Self::BadUserInput(message) => message.clone(),
            Self::CursorInvalid => organizations::Error::CursorInvalid.to_string(),
            Self::Internal => "the answer could not be given; the log knows why".to_owned(),
            Self::Organization(_, organizations::Error::Upstream(error))
                if error.kind == ErrorKind::Forbidden && AUDIT_LOG.contains(&error.operation) =>
            {
                format!("{error}; the audit log needs Atlassian Guard or an Enterprise plan")
            }
            Self::Organization(_, error) => error.to_string(),
        }
    }

    pub(super) fn retry(&self) -> (bool, Option<Duration>) {
        match self {
            Self::Organization(_, error) => (error.is_retryable(), error.retry_after()),
            Self::Internal => (true, None),
            _ => (false, None),
        }
    }
}

/// The code for an organization that could not answer; the same outside the schema.
#[must_use]
pub fn code_of(error: &organizations::Error) -> &'static str {
    match error {
        organizations::Error::CursorInvalid => code::CURSOR_INVALID,
        organizations::Error::CursorExpired => code::CURSOR_EXPIRED,
        organizations::Error::BadRequest(_) => code::BAD_USER_INPUT,
        organizations::Error::ScanRunning(_) => code::SCAN_RUNNING,
        organizations::Error::Internal => code::INTERNAL_SERVER_ERROR,
        organizations::Error::Upstream(error) => upstream_code(error.kind),
    }
}

fn upstream_code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthorized | ErrorKind::CaptchaRequired => code::UPSTREAM_UNAUTHORIZED,
        ErrorKind::Forbidden | ErrorKind::InsufficientScope | ErrorKind::PlanRequired => {
            code::UPSTREAM_FORBIDDEN
        }
        ErrorKind::NotFound => code::UPSTREAM_NOT_FOUND,
        ErrorKind::RateLimited => code::UPSTREAM_RATE_LIMITED,
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Connection => {
            code::UPSTREAM_UNAVAILABLE
        }
        ErrorKind::InvalidResponse | ErrorKind::RepeatedCursor | ErrorKind::ForeignHost => {
            code::UPSTREAM_INVALID_RESPONSE
        }
        ErrorKind::BadRequest | ErrorKind::InvalidCursor | ErrorKind::Conflict => {
            code::UPSTREAM_REFUSED
        }
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        let (retryable, retry_after) = error.retry();
        Self::new(error.message()).extend_with(|_, extensions| {
            extensions.set("code", error.code());
            extensions.set("retryable", retryable);
            if let Some(wait) = retry_after {
                // Rounded up: a client that comes back a moment too early is refused again.
                extensions.set("retryAfter", wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
            }
            let ApiError::Organization(integration, cause) = &error else { return };
            extensions.set("integrationId", super::id::integration(integration));
            if let organizations::Error::Upstream(upstream) = cause {
                let mut detail = async_graphql::indexmap::IndexMap::new();
                let mut put = |name: &str, value: Option<Value>| {
                    if let Some(value) = value {
                        detail.insert(async_graphql::Name::new(name), value);
                    }
                };
                put("operation", Some(upstream.operation.into()));
                put("status", upstream.status.map(|status| u64::from(status).into()));
                put("code", upstream.code.clone().map(Value::from));
                extensions.set("upstream", Value::Object(detail));
            }
        })
    }
}

/// Puts an error beside the rows of the field that is being resolved.
pub(super) fn add_error(ctx: &async_graphql::Context<'_>, error: ApiError) {
    let error: ServerError = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
    ctx.add_error(ctx.set_error_path(error));
}

impl From<ChangeError> for ApiError {
    /// Of what reads the record of deletions: nobody is refused it, and where Atlassian cannot be asked, it tells what was
    /// last known.
    fn from(_: ChangeError) -> Self {
        Self::Internal
    }
}

impl From<integrations::Error> for ApiError {
    fn from(error: integrations::Error) -> Self {
        match error {
            integrations::Error::NotFound => Self::NotFound("integration"),
            other => {
                tracing::error!(error = %other, "The integrations could not be read or written");
                Self::Internal
            }
        }
    }
}

impl From<audit::Error> for ApiError {
    fn from(error: audit::Error) -> Self {
        tracing::error!(%error, "The record of changes could not be read or written");
        Self::Internal
    }
}
