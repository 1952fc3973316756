//! Saved queries over HTTP: `GET /queries/{name}`, as JSON or, where the answer is one flat list, as CSV.
//!
//! `caller.rs` tells whether who asks may, `csv.rs` follows the pages of a list and writes them. What is run goes the way of
//! `/graphql`, through `execute.rs`.

mod caller;
mod csv;

use std::{sync::Arc, time::Duration};

use async_graphql::{Request as GraphqlRequest, Variables};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::{
    answer,
    edge::Edge,
    execute::execute,
    feeds::{
        conditional::known_tag,
        manners, no_parameters,
        problem::{Form, Problem},
        reader::{presented, presented_for_file},
    },
    negotiation::{self, MediaType},
    observe::Line,
    refusal::Refusal,
};
use crate::{
    auth::Caller,
    feeds,
    graphql::{
        Answer, Refusal as GraphqlRefusal, RequestContext,
        document::{Operation, OperationKind},
    },
    queries::{ParameterError, SavedQuery},
};

const CSV: feeds::Format = feeds::Format::Csv { with_mark: false };

/// The routes of saved queries.
pub(super) fn router() -> Router<Arc<Edge>> {
    Router::new()
        .route("/queries", get(list).fallback(method_not_allowed))
        .route("/queries/{file}", get(run).fallback(method_not_allowed))
}

async fn method_not_allowed(request: Request) -> Response {
    Problem::method_not_allowed().answer(Form::Problem, &Line::of(request.extensions()))
}

/// `/queries`: the queries that the caller may run.
async fn list(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let line = Line::of(request.extensions());
    let presented = presented(&edge, request.headers(), &line).await;
    match presented.and_then(|presented| no_parameters(request.uri()).map(|()| presented)) {
        Ok(presented) => {
            let runnable = edge.queries.all().filter(|query| caller::may_run(&presented, query));
            let queries: Vec<_> = runnable.map(SavedQuery::describe).collect();
            let mut response = Json(json!({ "queries": queries })).into_response();
            manners(response.headers_mut());
            response
        }
        Err(problem) => problem.answer(Form::Problem, &line),
    }
}

/// `/queries/{name}`, `.json` and `.csv`.
async fn run(
    State(edge): State<Arc<Edge>>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let line = Line::of(&head.extensions);
    match answered(&edge, &file, &head, &line).await {
        Ok(mut response) => {
            let headers = response.headers_mut();
            manners(headers);
            let vary = HeaderValue::from_static("authorization, accept, accept-encoding");
            headers.insert(header::VARY, vary);
            response
        }
        Err(problem) => problem.answer(Form::Problem, &line),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

async fn answered(
    edge: &Arc<Edge>,
    file: &str,
    head: &Parts,
    line: &Line,
) -> Result<Response, Problem> {
    let presented = presented_for_file(edge, file, head, line).await?;
    let (query, format) = wanted(edge, file)?;
    let caller = caller::permitted(&presented, query)?;
    let parameters = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let is_key = |name: &str| format == Format::Csv && name == feeds::KEY;
    let parameters: Vec<_> = parameters.into_owned().filter(|(name, _)| !is_key(name)).collect();
    let variables = query.variables(&parameters)?;
    line.asked_for(Some(Operation {
        kind: OperationKind::Query,
        name: Some(query.operation_name.clone().unwrap_or_else(|| query.name.clone())),
    }));
    let _permit = edge.requests.try_acquire().map_err(|_| Problem::overloaded())?;
    let run = Run { edge, query, caller: Arc::new(caller), head, line };
    match format {
        Format::Json => run.json(variables).await,
        Format::Csv => run.csv(variables).await,
    }
}

fn wanted<'a>(edge: &'a Edge, file: &str) -> Result<(&'a SavedQuery, Format), Problem> {
    let (name, format) = match file.rsplit_once('.') {
        None => (file, Some(Format::Json)),
        Some((name, "json")) => (name, Some(Format::Json)),
        Some((name, "csv")) => (name, Some(Format::Csv)),
        Some((name, _)) => (name, None),
    };
    let found = edge.queries.find(name).zip(format);
    found.ok_or_else(|| Problem::not_found("there is no such query; `GET /queries` lists them"))
}

impl From<ParameterError> for Problem {
    fn from(error: ParameterError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// One query on its way.
struct Run<'a> {
    edge: &'a Arc<Edge>,
    query: &'a SavedQuery,
    caller: Arc<Caller>,
    head: &'a Parts,
    line: &'a Line,
}

impl Run<'_> {
    /// Runs the query as `/graphql` would.
    async fn executed(&self, variables: Variables) -> Result<Answer, Refusal> {
        let mut request = GraphqlRequest::new(&self.query.source).variables(variables);
        request.operation_name.clone_from(&self.query.operation_name);
        let context = RequestContext {
            request_id: self.line.id().as_str().to_owned(),
            // A browser that loads a page again asks for no kept answer, and would have everybody read anew.
            max_age: None,
            read_only: true,
        };
        let kind = Some(OperationKind::Query);
        execute(self.edge, request, Arc::clone(&self.caller), context, kind).await
    }

    async fn json(&self, variables: Variables) -> Result<Response, Problem> {
        let accepted = negotiation::accepted(&self.head.headers);
        let kind = accepted.map(negotiation::Accepted::whole).ok_or_else(|| {
            Problem::not_acceptable(
                "answers are application/graphql-response+json or application/json",
            )
        })?;
        let mut answer = match self.executed(variables).await {
            Ok(answer) => answer,
            Err(refusal) => return Ok(self.refused(&refusal, kind)),
        };
        if answer.refusal == Some(GraphqlRefusal::RequestError) {
            return Err(csv::problem_of(&answer, self.line));
        }
        // It changes with every second, and the tag with it; the header `Age` tells it too.
        answer.response.extensions.remove("freshness");
        let age = answer.age;
        let response = match answer::response(answer, kind, self.line) {
            Ok(response) => response,
            Err(refusal) => return Ok(self.refused(&refusal, kind)),
        };
        if response.status() != StatusCode::OK {
            return Ok(response);
        }
        let (mut parts, body) = response.into_parts();
        // It is in memory already.
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let tag = tag(&bytes);
        if let Some(known) = known_tag(&self.head.headers, &tag) {
            return Ok(not_modified(known, age));
        }
        parts.headers.extend(quoted(&tag).map(|tag| (header::ETAG, tag)));
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    fn refused(&self, refusal: &Refusal, kind: MediaType) -> Response {
        self.line.refused(refusal);
        refusal.answer(kind, self.line.id())
    }

    async fn csv(&self, variables: Variables) -> Result<Response, Problem> {
        let (bytes, age) = csv::written(self, variables).await?;
        let bytes = Bytes::from(bytes);
        let tag = tag(&bytes);
        if let Some(known) = known_tag(&self.head.headers, &tag) {
            return Ok(not_modified(known, age));
        }
        let day = self.edge.feeds.now().strftime("%Y-%m-%d");
        let disposition = format!("attachment; filename=\"{}-{day}.csv\"", self.query.name);
        let mut response = Body::from(bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CSV.media_type()));
        headers.extend(quoted(&tag).map(|tag| (header::ETAG, tag)));
        headers.extend(age_header(age));
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        Ok(response)
    }
}

/// Names the bytes of an answer.
fn tag(bytes: &Bytes) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..16])
}

fn quoted(tag: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{tag}\"")).ok()
}

fn age_header(age: Option<Duration>) -> Option<(HeaderName, HeaderValue)> {
    age.map(|age| (header::AGE, HeaderValue::from(age.as_secs())))
}

fn not_modified(known: HeaderValue, age: Option<Duration>) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ETAG, known);
    headers.extend(age_header(age));
    response
}
