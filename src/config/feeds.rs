use std::time::Duration;

use jiff::SignedDuration;

use super::{problem::Problems, section::section};
use crate::feeds::FeedSettings;

section! {
    /// Tables for BI tools: `/feeds/` and the OData service at `/odata/v4/`.
    FeedsSection {
        /// How long a request for a feed or the report waits for an organization that is being read, before it gets 503 with
        /// `Retry-After`.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        wait: Duration = FeedSettings::default().wait;
        /// Feeds that are written at the same time; one more gets 503 with `Retry-After`.
        concurrent: usize = FeedSettings::default().concurrent;
        /// Most rows of one OData page; a reader can ask for fewer.
        page_rows: usize = FeedSettings::default().page_rows;
        /// Most rows that an OData `$orderby` puts in order; more are refused with 501.
        sorted_rows: usize = FeedSettings::default().sorted_rows;
        /// How long the next page of an OData answer can be asked for; what it was read from is kept in memory for so long.
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        paging_idle: Duration = FeedSettings::default().paging_idle;
        /// Where readers reach this gateway, for addresses in OData's answers. Without it they are told from the request.
        public_url: Option<url::Url> = None, such as "\"https://headcount.example.com\"";
        /// The longest lifetime of a feed token, in days; also that of a token for which nobody says.
        token_days: u16 = 365;
    }
}

impl FeedsSection {
    /// As the room `feeds` takes them.
    #[must_use]
    pub fn settings(&self) -> FeedSettings {
        FeedSettings {
            wait: self.wait,
            concurrent: self.concurrent,
            page_rows: self.page_rows,
            sorted_rows: self.sorted_rows,
            paging_idle: self.paging_idle,
            public_url: self.public_url.clone(),
        }
    }

    /// The longest lifetime of a feed token.
    #[must_use]
    pub fn token_lifetime(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.token_days))
    }

    pub(super) fn refuse_nonsense(&self, problems: &mut Problems) {
        problems.refuse_zero("feeds.concurrent", self.concurrent == 0);
        problems.refuse_zero("feeds.page_rows", self.page_rows == 0);
        problems.refuse_zero("feeds.sorted_rows", self.sorted_rows == 0);
        problems.refuse_zero("feeds.token_days", self.token_days == 0);
        problems.refuse_zero("feeds.wait", self.wait.is_zero());
        problems.refuse_zero("feeds.paging_idle", self.paging_idle.is_zero());
        let is_web = |url: &url::Url| matches!(url.scheme(), "http" | "https");
        if self.public_url.as_ref().is_some_and(|url| !is_web(url) || url.query().is_some()) {
            problems.add(
                "feeds.public_url",
                "is not the address of a web server",
                "write scheme and host, such as `https://headcount.example.com`",
            );
        }
    }
}
