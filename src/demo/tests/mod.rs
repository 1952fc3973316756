//! The simulator asked over HTTP, as a client would.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests are such a client, with a clock of their own"
)]

mod changes;
mod faults;
mod lifecycle;
mod lists;
mod sites;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::{Connection, Options, Simulator};

/// A simulator with a client for one of its organizations.
struct Asking {
    simulator: Simulator,
    client: reqwest::Client,
    organization: usize,
}

/// Status, headers and body of an answer; a body that is not JSON is text.
struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Asking {
    async fn healthy(people: usize) -> Self {
        Self::of(people, 0).await
    }

    async fn awkward(people: usize) -> Self {
        Self::of(people, 1).await
    }

    async fn of(people: usize, organization: usize) -> Self {
        let start: Timestamp = "2026-11-22T09:14:03Z".parse().unwrap();
        let options = Options { people, ..Options::starting_at(start) };
        Self {
            simulator: Simulator::start(options).await.unwrap(),
            client: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(20))
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            organization,
        }
    }

    fn connection(&self) -> &Connection {
        &self.simulator.connections()[self.organization]
    }

    /// Asks the API listener; `{org}` stands for the organization's id.
    async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Told {
        let key = self.connection().organization_api_key.clone();
        self.api_with(&key, method, path, body).await
    }

    async fn api_with(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Told {
        let path = path.replace("{org}", &self.connection().organization_id);
        let url = format!("{}{path}", self.simulator.api_url());
        let mut request = self
            .client
            .request(Method::from_bytes(method.as_bytes()).unwrap(), url)
            .bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        told(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Told {
        self.api("GET", path, None).await
    }

    async fn search(&self, body: Value) -> Told {
        let path = "/admin/v2/orgs/{org}/directories/-/users/search";
        self.api("POST", path, Some(body)).await
    }

    /// Asks the first site as the person of these credentials.
    async fn site_as(&self, connection: &Connection, method: &str, path: &str) -> Told {
        let url = format!("{}{path}", connection.admin_url);
        let request = self
            .client
            .request(Method::from_bytes(method.as_bytes()).unwrap(), url)
            .basic_auth(&connection.admin_email, Some(&connection.api_token));
        told(request.send().await.unwrap()).await
    }

    async fn site(&self, method: &str, path: &str) -> Told {
        self.site_as(self.connection(), method, path).await
    }

    /// Everybody whom a search with this body finds, page by page.
    async fn everybody(&self, mut body: Value) -> Vec<Value> {
        let mut rows = Vec::new();
        loop {
            let page = self.search(body.clone()).await;
            assert_eq!(page.status, 200, "{}", page.body);
            rows.extend(page.body["data"].as_array().unwrap().iter().cloned());
            match page.body["links"]["next"].as_str() {
                Some(next) => body["cursor"] = json!(next),
                None => return rows,
            }
        }
    }

    /// The person whom the test is about.
    fn person(&self, is: impl Fn(&super::PersonSummary) -> bool) -> super::PersonSummary {
        let people = self.simulator.people(self.organization);
        people.into_iter().find(is).unwrap()
    }
}

async fn told(response: Response) -> Told {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Told { status, headers, body }
}
