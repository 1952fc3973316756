use headcount::{
    auth::{IntegrationScope, Permission},
    domain::IntegrationId,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use reqwest::Body;
use serde_json::{Value, json};

use super::{Answer, Events, Socket, TestGateway};

/// Who may read.
pub(crate) const READ: &[Permission] =
    &[Permission::ReadDirectory, Permission::ReadActivity, Permission::ReadLicenses];
/// Who may do everything.
pub(crate) const EVERYTHING: &[Permission] = Permission::ALL;

/// Somebody with a token, ready to ask.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    gateway: &'a TestGateway,
    headers: HeaderMap,
}

impl<'a> Caller<'a> {
    pub(super) fn new(gateway: &'a TestGateway, token: &str) -> Self {
        Self { gateway, headers: HeaderMap::new() }
            .with("authorization", &format!("Bearer {token}"))
    }

    /// The same with one more header, or another value of it.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// The same without a token.
    pub(crate) fn without_token(mut self) -> Self {
        self.headers.remove(header::AUTHORIZATION);
        self
    }

    /// Posts a query.
    pub(crate) async fn ask(&self, query: &str) -> Answer {
        self.ask_with(query, json!({})).await
    }

    /// Posts a query with variables.
    pub(crate) async fn ask_with(&self, query: &str, variables: Value) -> Answer {
        let body = json!({"query": query, "variables": variables});
        self.clone().with("content-type", "application/json").post(body.to_string()).await
    }

    /// Posts a body as it is, with the headers as they are.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> Answer {
        self.send(Method::POST, "/graphql", body).await
    }

    /// Sends whatever it is.
    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let response = self.response(method, path, body).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the answer arrives whole");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, body }
    }

    /// Asks for events.
    pub(crate) async fn follow(&self, query: &str) -> Events {
        let caller = self.clone().with("accept", "text/event-stream");
        let body = json!({"query": query}).to_string();
        let caller = caller.with("content-type", "application/json");
        Events::of(caller.response(Method::POST, "/graphql", body).await)
    }

    /// A WebSocket of this caller's.
    pub(crate) async fn socket(&self) -> Socket {
        let header = self.headers[header::AUTHORIZATION].to_str().expect("a token is text");
        let token = header.strip_prefix("Bearer ").expect("as it was made");
        Socket::introduced(self.gateway.address, token).await
    }

    async fn response(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Body>,
    ) -> reqwest::Response {
        let mut request = reqwest::Request::new(method, self.gateway.url(path));
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(body.into());
        self.gateway.client.execute(request).await.expect("the gateway answers")
    }
}

impl Caller<'_> {
    /// Asks for a path, its query percent-encoded already.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// The bytes of a path's answer, which has to be a good one.
    pub(crate) async fn bytes(&self, path: &str) -> bytes::Bytes {
        let mut request = reqwest::Request::new(Method::GET, self.gateway.url(path));
        *request.headers_mut() = self.headers.clone();
        let response = self.gateway.client.execute(request).await.expect("the gateway answers");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.bytes().await.expect("the answer arrives whole")
    }
}

/// The scope of a token that is limited to these.
pub(super) fn only(ids: &[IntegrationId]) -> IntegrationScope {
    IntegrationScope::Only(ids.iter().cloned().collect())
}
