use std::time::Duration;

use url::Url;

use super::{problem::Problems, section::section};
use crate::atlassian::TransportSettings;

section! {
    /// How Atlassian is spoken to. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are honoured.
    AtlassianSection {
        /// Base address of the organization and user management APIs; another one for Government Cloud or a recording proxy.
        api_url: Url = TransportSettings::default().api_url;
        /// Origins that an integration's site may have besides Atlassian's own hosts, such as `http://127.0.0.1:8080`.
        allowed_origins: Vec<String> = Vec::new();
        /// Longest time to connect.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        connect_timeout: Duration = TransportSettings::default().connect_timeout;
        /// Longest silence within an answer.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        read_timeout: Duration = TransportSettings::default().read_timeout;
        /// Longest time of one call.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        request_timeout: Duration = TransportSettings::default().request_timeout;
        /// Longest time of a read with its retries and waits.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        time_budget: Duration = TransportSettings::default().time_budget;
        /// Most attempts of one read.
        max_attempts: u32 = TransportSettings::default().max_attempts;
        /// Calls at the same time, per organization and per site.
        concurrency: usize = TransportSettings::default().concurrency;
        /// Longest answer that is read, in bytes, after decompression.
        largest_response_bytes: usize = TransportSettings::default().largest_response;
        /// Calls a minute to last active dates, per organization.
        last_active_per_minute: u32 = TransportSettings::default().last_active_per_minute;
        /// Calls a minute to the audit events' search, per organization.
        events_per_minute: u32 = TransportSettings::default().events_per_minute;
        /// Calls a minute to the audit events' stream, per organization.
        events_stream_per_minute: u32 = TransportSettings::default().events_stream_per_minute;
    }
}

impl AtlassianSection {
    /// As the room `atlassian` takes them.
    #[must_use]
    pub fn transport(&self) -> TransportSettings {
        TransportSettings {
            api_url: self.api_url.clone(),
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
            request_timeout: self.request_timeout,
            time_budget: self.time_budget,
            max_attempts: self.max_attempts,
            concurrency: self.concurrency,
            largest_response: self.largest_response_bytes,
            last_active_per_minute: self.last_active_per_minute,
            events_per_minute: self.events_per_minute,
            events_stream_per_minute: self.events_stream_per_minute,
        }
    }

    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        for (key, is_zero) in [
            ("atlassian.connect_timeout", self.connect_timeout.is_zero()),
            ("atlassian.read_timeout", self.read_timeout.is_zero()),
            ("atlassian.request_timeout", self.request_timeout.is_zero()),
            ("atlassian.time_budget", self.time_budget.is_zero()),
            ("atlassian.max_attempts", self.max_attempts == 0),
            ("atlassian.concurrency", self.concurrency == 0),
            ("atlassian.largest_response_bytes", self.largest_response_bytes == 0),
            ("atlassian.last_active_per_minute", self.last_active_per_minute == 0),
            ("atlassian.events_per_minute", self.events_per_minute == 0),
            ("atlassian.events_stream_per_minute", self.events_stream_per_minute == 0),
        ] {
            problems.refuse_zero(key, is_zero);
        }
        if self.time_budget < self.request_timeout {
            problems.add(
                "atlassian.time_budget",
                "is below atlassian.request_timeout, so that no call could take its time",
                "raise it, or lower atlassian.request_timeout",
            );
        }
        if !matches!(self.api_url.scheme(), "http" | "https") || self.api_url.host().is_none() {
            problems.add(
                "atlassian.api_url",
                "is not an http or https address",
                "leave it out for `https://api.atlassian.com`",
            );
        }
    }
}
