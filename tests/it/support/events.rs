use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// An answer that comes as server-sent events.
pub(crate) struct Events {
    pub(crate) response: Response,
    rest: String,
}

impl Events {
    pub(super) fn of(response: Response) -> Self {
        Self { response, rest: String::new() }
    }

    /// The next event, by its name; `None` where there is none any more. Comments are passed over.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some(end) = self.rest.find("\n\n") {
                let event: String = self.rest.drain(..end + 2).collect();
                let field = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().map(|value| value.trim_start().to_owned())
                };
                let (name, data) = (field("event:"), field("data:"));
                if let Some(name) = name {
                    let data = data.expect("browsers pass over an event without data");
                    return Some((name, serde_json::from_str(&data).unwrap_or_default()));
                }
            }
            let chunk = timeout(SOON, self.response.chunk()).await.expect("something in time");
            let chunk = chunk.expect("the stream ends as it should")?;
            self.rest.push_str(std::str::from_utf8(&chunk).expect("an event is written at once"));
        }
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Value {
        let (name, answer) = self.next().await.expect("an event");
        assert_eq!(name, "next", "{answer}");
        answer
    }

    /// What is left are `complete` and the end.
    pub(crate) async fn complete(mut self) {
        assert_eq!(self.next().await, Some(("complete".to_owned(), Value::Null)));
        assert_eq!(self.next().await, None);
    }
}
