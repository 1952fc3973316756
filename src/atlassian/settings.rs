use std::time::Duration;

use url::Url;

/// How Atlassian is called. Every value has a documented default.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// Base of the Organization and User management APIs; another one stands in for Government Cloud or a recording proxy.
    pub api_url: Url,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence between two pieces of an answer.
    pub read_timeout: Duration,
    /// Longest duration of one attempt.
    pub request_timeout: Duration,
    /// Longest duration of one call with all its attempts and waits.
    pub time_budget: Duration,
    /// How often one call is sent at most.
    pub max_attempts: u32,
    /// Calls in flight per organization, and per site.
    pub concurrency: usize,
    /// Bytes of the largest answer that is read, after decompression.
    pub largest_response: usize,
    /// Calls a minute of last-active-dates, per organization (API.md, section 2, Rate limits).
    pub last_active_per_minute: u32,
    /// Calls a minute of events, per organization.
    pub events_per_minute: u32,
    /// Calls a minute of events-stream, per organization.
    pub events_stream_per_minute: u32,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            api_url: Url::parse("https://api.atlassian.com").expect("a constant that is a URL"),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(30),
            time_budget: Duration::from_secs(45),
            max_attempts: 4,
            concurrency: 4,
            largest_response: 32 * 1024 * 1024,
            last_active_per_minute: 200,
            events_per_minute: 10,
            events_stream_per_minute: 50,
        }
    }
}
