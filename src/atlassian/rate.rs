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
        let until_reset = resets_at.map(|at| until(at, now));
        let after = |name| text(name).and_then(|value| retry_after(value.trim(), now));
        Self {
            // The edge sends a limit of its own, without the rest, that says nothing about the organization.
            budget: budget.remaining.is_some().then_some(budget),
            wait: after("retry-after")
                .or_else(|| after("beta-retry-after"))
                .or(until_reset),
            exhausted_for: until_reset
                .filter(|wait| budget.remaining == Some(0) && !wait.is_zero()),
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
