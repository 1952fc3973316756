use std::time::Duration;

/// How feeds are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSettings {
    /// How long a request waits for an organization that is being read, before it is told to come back. Default 5 seconds.
    pub wait: Duration,
    /// Feeds that are written at the same time. Default 8.
    pub concurrent: usize,
    /// Most rows of one OData page. Default 10,000.
    pub page_rows: usize,
    /// Most rows that an OData `$orderby` puts in order. Default 200,000.
    pub sorted_rows: usize,
    /// How long the next page of an OData answer can be asked for; an answer is paged through for an hour at most, or for this
    /// long where it is longer. Default 10 minutes.
    pub paging_idle: Duration,
    /// Where readers reach this gateway, such as `https://headcount.example.com`; told from the request where `None`.
    pub public_url: Option<url::Url>,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(5),
            concurrent: 8,
            page_rows: 10_000,
            sorted_rows: 200_000,
            paging_idle: Duration::from_mins(10),
            public_url: None,
        }
    }
}
