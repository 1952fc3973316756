use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use super::wire::timestamp;

/// What an organization's rate limit was when it was last told (`X-RateLimit-*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Calls allowed in the present window.
    pub limit: Option<u64>,
    /// Calls left in it.
    pub remaining: Option<u64>,
    /// When the next window begins.
    pub resets_at: Option<Timestamp>,
}

/// The rate limit headers of one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateHeaders {
    /// The budget, where the answer tells of one.
    pub(super) budget: Option<Budget>,
    /// How long the answer asks to wait: `Retry-After`, else `Beta-Retry-After`, else the time to the reset.
    pub(super) wait: Option<Duration>,
    /// How long until the reset, where nothing is left.
    pub(super) exhausted_for: Option<Duration>,
}

impl RateHeaders {
    /// Reads the headers. Reset times count from the answer's own `Date`, so that a clock of ours that is wrong does no
    /// harm, and from `now` where there is none.
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let now = text("date").and_then(http_date).unwrap_or(now);
        let number = |name: &str| text(name).and_then(|value| value.trim().parse::<u64>().ok());
        let resets_at = text("x-ratelimit-reset").and_then(|value| timestamp(value.trim()));
        let budget = Budget {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            resets_at,
        };
        let until_reset = resets_at.map(|at| until(at, now)).filter(|wait| !wait.is_zero());
        let after = |name| text(name).and_then(|value| retry_after(value.trim(), now));
        Self {
            // The edge sends a limit of its own, without the rest, that says nothing about the organization.
            budget: budget.remaining.is_some().then_some(budget),
            // A reset that has passed says nothing: the caller's own back-off is safer than none.
            wait: after("retry-after").or_else(|| after("beta-retry-after")).or(until_reset),
            exhausted_for: until_reset.filter(|_| budget.remaining == Some(0)),
        }
    }
}

/// `Retry-After`: seconds, or an HTTP date.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    Some(until(http_date(value)?, now))
}

fn http_date(value: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()
}

/// The time from `now` to `at`; zero where that has passed.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> RateHeaders {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        RateHeaders::read(&headers, "2026-11-22T09:14:00Z".parse().expect("a time"))
    }

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        read(headers).wait.map(|wait| wait.as_secs())
    }

    #[test]
    fn waits_are_believed_in_their_order_of_trust() {
        let reset = ("x-ratelimit-reset", "2026-11-22T09:15:00Z");
        let beta = ("beta-retry-after", "7");
        assert_eq!(wait(&[reset, beta, ("retry-after", "2")]), Some(2));
        assert_eq!(wait(&[reset, beta]), Some(7));
        assert_eq!(wait(&[reset, beta, ("retry-after", "soon")]), Some(7));
        assert_eq!(wait(&[reset]), Some(60));
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_wait_comes_in_every_form() {
        assert_eq!(wait(&[("retry-after", "Sun, 22 Nov 2026 09:14:30 GMT")]), Some(30));
        assert_eq!(wait(&[("retry-after", "Sun, 22 Nov 2026 09:00:00 GMT")]), Some(0));
        assert_eq!(wait(&[("x-ratelimit-reset", "2026-11-22T09:15Z")]), Some(60));
        assert_eq!(wait(&[("x-ratelimit-reset", "2026-11-22T09:15:00.000Z")]), Some(60));
        assert_eq!(wait(&[("x-ratelimit-reset", "2026-11-22T09:14Z")]), None);
        assert_eq!(wait(&[("retry-after", "-5")]), Some(0));
        assert_eq!(wait(&[("retry-after", "NaN")]), Some(0));
        assert_eq!(wait(&[("retry-after", "1e300")]), None);
    }

    #[test]
    fn a_reset_counts_from_the_answers_own_clock() {
        let date = ("date", "Mon, 23 Nov 2026 09:14:50 GMT");
        assert_eq!(wait(&[date, ("x-ratelimit-reset", "2026-11-23T09:15:00Z")]), Some(10));
    }

    #[test]
    fn a_budget_needs_more_than_a_limit() {
        assert_eq!(read(&[("x-ratelimit-limit", "360000")]).budget, None);
        let headers = read(&[("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "3")]);
        let budget = headers.budget.expect("a budget");
        assert_eq!((budget.limit, budget.remaining), (Some(200), Some(3)));
        assert_eq!(headers.exhausted_for, None);
    }

    #[test]
    fn nothing_left_means_waiting_for_the_reset() {
        let none = ("x-ratelimit-remaining", "0");
        let ahead = read(&[none, ("x-ratelimit-reset", "2026-11-22T09:14:05Z")]);
        assert_eq!(ahead.exhausted_for, Some(Duration::from_secs(5)));
        let passed = read(&[none, ("x-ratelimit-reset", "2026-11-22T09:13:00Z")]);
        assert_eq!(passed.exhausted_for, None);
        assert_eq!(read(&[none]).exhausted_for, None);
    }
}
