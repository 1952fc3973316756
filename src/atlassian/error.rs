use std::{fmt, sync::Arc, time::Duration};

/// What a call to Atlassian gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A call to Atlassian that did not give what was asked for.
///
/// It is `Clone`, with its cause in an `Arc`, because one error answers every caller that waited for the same call.
/// `Display` is safe for callers: it names no address, credential, e-mail or upstream text. The cause
/// (`std::error::Error::source`) is for the log only.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Error {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Upstream's code (`ADMIN-404-2`), key (`forbidden.insufficientScope`) or `RateLimit-Reason`.
    pub code: Option<String>,
    /// Which call, such as `users/search`.
    pub operation: &'static str,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
    reason: Option<Arc<str>>,
    conflicts: Arc<[Conflict]>,
    is_page: bool,
    place: Option<Arc<str>>,
    is_passing: bool,
    #[source]
    cause: Option<Cause>,
}

/// One thing that stands in the way of a change to an account (`errorCodes` of the User management API's 409).
#[derive(Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Upstream's word for it; `unknown` where that is not one word.
    pub code: String,
    /// Upstream's own sentence for an admin, without e-mail addresses. It may go to a caller, never to a log: it may
    /// name people.
    pub message: Option<String>,
    /// Where upstream explains it, always `https`.
    pub link: Option<String>,
}

// Written by hand so that no log shows a message.
impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict")
            .field("code", &self.code)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// What went wrong, in the terms of what somebody can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The key or token is wrong, expired or revoked; never tried again.
    Unauthorized,
    /// Too many bad logins: a person must log in once in a browser.
    CaptchaRequired,
    /// The credentials are good and have not the right.
    Forbidden,
    /// The organization key was made with scopes where one without is needed.
    InsufficientScope,
    /// The organization's plan has not what was asked for.
    PlanRequired,
    /// No such thing, or an organization, site or operation that does not exist.
    NotFound,
    /// The cursor is not, or no longer, known.
    InvalidCursor,
    /// The request is not acceptable as it is.
    BadRequest,
    /// The present state does not allow it.
    Conflict,
    /// Too many calls; `retry_after` tells how long.
    RateLimited,
    /// A 5xx, or a page of HTML where data should be.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Connection,
    /// An answer that is cut off, too large, or not what the documentation says.
    InvalidResponse,
    /// A next page or redirect on another host, which would have been given the credentials.
    ForeignHost,
    /// A list that does not end: a cursor came back, or there are far too many pages.
    RepeatedCursor,
}

impl Error {
    /// An error of a kind, for an operation.
    #[must_use]
    pub fn new(kind: ErrorKind, operation: &'static str) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            operation,
            retry_after: None,
            reason: None,
            conflicts: Arc::default(),
            is_page: false,
            place: None,
            is_passing: matches!(
                kind,
                ErrorKind::RateLimited
                    | ErrorKind::Unavailable
                    | ErrorKind::Timeout
                    | ErrorKind::Connection
            ),
            cause: None,
        }
    }

    /// Whether asking again, unchanged and a little later, may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.is_passing
    }

    /// Why the User management API refused, such as `externalDirectory.scim` or `administrative.notMyself`.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// What stands in the way of a change to an account: ten things at most, none where upstream named none.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Whether upstream said that the one thing asked about is not there, and not that its organization, its site or the
    /// operation itself is not.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        let is_of_something_else =
            matches!(self.code.as_deref(), Some("ADMIN-404-1" | "ADMIN-404-2"));
        let is_404 = self.kind == ErrorKind::NotFound && self.status == Some(404);
        is_404 && !is_of_something_else && !self.is_page
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) fn with_code(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }

    pub(super) fn with_reason(mut self, reason: Option<String>) -> Self {
        self.reason = reason.map(Into::into);
        self
    }

    pub(super) fn with_conflicts(mut self, conflicts: Vec<Conflict>) -> Self {
        self.conflicts = conflicts.into();
        self
    }

    /// Tells an answer that is a page, as the edge gives one for a site that it does not know.
    pub(super) fn on_page(mut self, is_page: bool) -> Self {
        self.is_page = is_page;
        self
    }

    pub(super) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    pub(super) fn with_cause(
        mut self,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Where in an [`ErrorKind::InvalidResponse`] the trouble is.
    pub(super) fn at(mut self, place: &str) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Marks an answer that was cut off on its way: the next one may be whole.
    pub(super) fn passing(mut self) -> Self {
        self.is_passing = true;
        self
    }
}

impl ErrorKind {
    fn why(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "the credentials were refused; they are wrong, expired or revoked"
            }
            Self::CaptchaRequired => {
                "the site asks for a captcha; log in once in a browser with the same account"
            }
            Self::Forbidden => "the credentials have not the right to it",
            Self::InsufficientScope => "the organization key was made with scopes",
            Self::PlanRequired => "the organization's plan does not have it",
            Self::NotFound => "it does not exist",
            Self::InvalidCursor => "the cursor is not known",
            Self::BadRequest => "the request was not accepted",
            Self::Conflict => "the present state does not allow it",
            Self::RateLimited => "too many calls were made",
            Self::Unavailable => "atlassian is not available",
            Self::Timeout => "no answer came in time",
            Self::Connection => "the connection failed",
            Self::InvalidResponse => "the answer could not be read",
            Self::ForeignHost => "the answer pointed to another host",
            Self::RepeatedCursor => "the list does not end",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not carried out: {}", self.operation, self.kind.why())?;
        if let Some(place) = &self.place {
            write!(f, ", at {place}")?;
        }
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, " ({status}, {code})"),
            (Some(status), None) => write!(f, " ({status})"),
            (None, Some(code)) => write!(f, " ({code})"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_did_not_happen_and_why() {
        let error = Error::new(ErrorKind::NotFound, "organization")
            .with_status(404)
            .with_code(Some("ADMIN-404-2".to_owned()));
        assert_eq!(
            error.to_string(),
            "organization was not carried out: it does not exist (404, ADMIN-404-2)"
        );
    }

    #[test]
    fn the_cause_stays_out_of_the_message() {
        let cause = std::io::Error::other("proxy.internal refused ada@acme.example");
        let error = Error::new(ErrorKind::Connection, "users/search").with_cause(cause);
        assert_eq!(error.to_string(), "users/search was not carried out: the connection failed");
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn only_what_passes_is_worth_asking_again() {
        for kind in [
            ErrorKind::RateLimited,
            ErrorKind::Unavailable,
            ErrorKind::Timeout,
            ErrorKind::Connection,
        ] {
            assert!(Error::new(kind, "domains").is_retryable(), "{kind:?}");
        }
        for kind in [ErrorKind::Unauthorized, ErrorKind::Forbidden, ErrorKind::InvalidResponse] {
            assert!(!Error::new(kind, "domains").is_retryable(), "{kind:?}");
        }
        assert!(Error::new(ErrorKind::InvalidResponse, "domains").passing().is_retryable());
    }
}
