//! The edge: HTTP, sockets, limits, shutdown. Atlassian is a port of this machine that refuses or keeps silent.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without ends it")]

mod commands;
mod documentation;
mod http;
mod limits;
mod shutdown;
mod socket;

use std::time::Duration;

use ::http::{HeaderMap, Request, StatusCode, header};
use axum::{
    Router,
    body::{Body, to_bytes},
};
use headcount::{
    app::{App, build},
    auth::{IntegrationScope, MintRequest, Permission, PermissionSet, mint},
    config::{Settings, Sources},
};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;

const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";

/// A gateway without a socket, and with a store that goes with it.
struct Edge {
    app: App,
    settings: Settings,
    _folder: TempDir,
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Settings as the environment would give them, over those that every gateway needs.
fn settings(folder: &TempDir, more: &[(&str, &str)]) -> Settings {
    let path = folder.path().join("headcount.db").display().to_string();
    let needed = [
        ("AUTH__SECRET", SECRET),
        ("STORE__PATH", &path),
        ("STORE__MASTER_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        ("LOG__LEVEL", "off"),
        // They would ask the upstream that a test stands in for.
        ("LICENSES__SNAPSHOTS", "false"),
    ];
    let environment: Vec<_> = needed
        .iter()
        .chain(more)
        .map(|(key, value)| (format!("HEADCOUNT__{key}"), (*value).to_owned()))
        .collect();
    Settings::load(Sources { environment: &environment, ..Sources::default() })
        .unwrap_or_else(|problems| panic!("{problems}"))
}

impl Edge {
    async fn start(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder, more);
        let app = build(&settings).await.unwrap();
        Self { app, settings, _folder: folder }
    }

    /// A gateway with one integration, at a port of this machine that stands for all of Atlassian.
    async fn before(upstream: &TcpListener, more: &[(&str, &str)]) -> Self {
        let origin = format!("http://{}", upstream.local_addr().unwrap());
        let allowed = format!("[{origin:?}]");
        let integration = format!(
            "[{{id=\"acme\",label=\"Acme\",admin_email=\"it@acme.example\",api_token=\"t\",\
             admin_url={origin:?},organization_id=\"o\",organization_api_key=\"k\"}}]"
        );
        let mut all = vec![
            ("ATLASSIAN__API_URL", origin.as_str()),
            ("ATLASSIAN__ALLOWED_ORIGINS", &allowed),
            ("ATLASSIAN__MAX_ATTEMPTS", "1"),
            ("INTEGRATIONS", &integration),
        ];
        all.extend_from_slice(more);
        Self::start(&all).await
    }

    fn router(&self) -> Router {
        self.app.router()
    }

    fn token(&self) -> String {
        self.token_for("tester", Duration::from_mins(5))
    }

    #[expect(clippy::disallowed_methods, reason = "a token is good from the present on")]
    fn token_for(&self, subject: &str, lifetime: Duration) -> String {
        let request = MintRequest {
            subject: subject.to_owned(),
            permissions: PermissionSet::from_iter([Permission::ReadDirectory]),
            integrations: IntegrationScope::All,
            lifetime,
        };
        mint(&self.settings.auth.settings(), &request, Timestamp::now()).unwrap()
    }

    /// A POST of JSON with a good token, to be changed before it is sent.
    fn post(&self, body: impl Into<Body>) -> Request<Body> {
        Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token()))
            .body(body.into())
            .unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        send(self.router(), request).await
    }

    async fn ask(&self, query: &str) -> Answer {
        let body = serde_json::json!({ "query": query }).to_string();
        self.send(self.post(body)).await
    }
}

async fn send(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// A listener that nobody accepts from: whoever calls waits.
async fn silence() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
