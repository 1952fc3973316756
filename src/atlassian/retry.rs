use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use super::error::{Error, ErrorKind};

/// Whether a call that ended in `error` at its `attempt` (counted from one) is sent again.
///
/// A read is, whenever asking again may help. A change is after 429 only: everything else may hide one that went through.
/// A 401 never is: many bad logins in a row lock the account behind a captcha.
pub(super) fn may_retry(is_change: bool, error: &Error, attempt: u32, max_attempts: u32) -> bool {
    let is_worth_it =
        if is_change { error.kind == ErrorKind::RateLimited } else { error.is_retryable() };
    attempt < max_attempts && is_worth_it
}

/// Our own wait after the given attempt, with jitter, where upstream names none.
///
/// After 429 it begins at two seconds and ends at thirty, as Atlassian advises (API.md, section 2, Rate limits).
pub(super) fn back_off(kind: ErrorKind, attempt: u32) -> Duration {
    let (first, longest) = match kind {
        ErrorKind::RateLimited => (Duration::from_secs(2), Duration::from_secs(30)),
        _ => (Duration::from_millis(300), Duration::from_secs(5)),
    };
    ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
        .nth(attempt.saturating_sub(1) as usize)
        .unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "users/search")
    }

    #[test]
    fn a_read_is_sent_again_after_what_passes() {
        for kind in [
            ErrorKind::RateLimited,
            ErrorKind::Unavailable,
            ErrorKind::Timeout,
            ErrorKind::Connection,
        ] {
            assert!(may_retry(false, &error(kind), 1, 4), "{kind:?}");
        }
        assert!(may_retry(false, &error(ErrorKind::InvalidResponse).passing(), 1, 4));
    }

    #[test]
    fn a_change_is_sent_again_after_429_only() {
        assert!(may_retry(true, &error(ErrorKind::RateLimited), 1, 4));
        for kind in [ErrorKind::Unavailable, ErrorKind::Timeout, ErrorKind::Connection] {
            assert!(!may_retry(true, &error(kind), 1, 4), "{kind:?}");
        }
    }

    #[test]
    fn what_stays_wrong_is_never_sent_again() {
        for kind in [
            ErrorKind::Unauthorized,
            ErrorKind::CaptchaRequired,
            ErrorKind::Forbidden,
            ErrorKind::NotFound,
            ErrorKind::BadRequest,
            ErrorKind::InvalidResponse,
            ErrorKind::ForeignHost,
        ] {
            assert!(!may_retry(false, &error(kind), 1, 4), "{kind:?}");
        }
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        assert!(may_retry(false, &error(ErrorKind::Unavailable), 3, 4));
        assert!(!may_retry(false, &error(ErrorKind::Unavailable), 4, 4));
        assert!(!may_retry(true, &error(ErrorKind::RateLimited), 4, 4));
    }

    #[test]
    fn the_own_wait_grows_to_its_longest() {
        let seconds = |kind, attempt| back_off(kind, attempt).as_secs_f64();
        assert!((2.0..4.0).contains(&seconds(ErrorKind::RateLimited, 1)));
        assert!((8.0..16.0).contains(&seconds(ErrorKind::RateLimited, 3)));
        assert!((30.0..60.0).contains(&seconds(ErrorKind::RateLimited, 9)));
        assert!((0.3..0.6).contains(&seconds(ErrorKind::Connection, 1)));
    }
}
