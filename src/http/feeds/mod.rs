//! Feeds over HTTP: `GET /feeds/{table}.{format}`, and the OData service below `/odata/v4/`.
//!
//! `reader.rs` tells who reads, `download.rs` makes a file of a table and `sending.rs` sends it, `odata.rs` answers queries, `address.rs` says where the
//! reader reached this gateway; `conditional.rs` has ETags and 304, `wanted.rs` has
//! the forms of OData, `problem.rs` says no. The rows are the room `feeds`'s.

mod address;
pub(super) mod conditional;
mod download;
mod odata;
pub(super) mod problem;
pub(super) mod reader;
mod sending;
mod wanted;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, Uri, header};
use jiff::Timestamp;
use serde_json::json;
use url::form_urlencoded;

use self::problem::{Form, Problem};
use super::{edge::Edge, observe::Line};
use crate::feeds::{Unavailable, describe, repeated};

/// The routes of feeds and of OData.
pub(super) fn router() -> Router<Arc<Edge>> {
    let odata = || get(odata::answer).fallback(odata::method_not_allowed);
    Router::new()
        .route("/feeds", get(catalog).fallback(method_not_allowed))
        .route("/feeds/{file}", get(download::download).fallback(method_not_allowed))
        .route("/odata/v4", odata())
        .route("/odata/v4/", odata())
        .route("/odata/v4/{*path}", odata())
}

/// `/feeds`: the tables that the reader may read, with columns, formats and parameters.
async fn catalog(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let line = Line::of(request.extensions());
    let reader = reader::reader(&edge, request.headers(), &line).await;
    match reader.and_then(|reader| no_parameters(request.uri()).map(|()| reader)) {
        Ok(reader) => {
            let mut response = Json(json!({ "tables": describe(&reader) })).into_response();
            manners(response.headers_mut());
            response
        }
        Err(problem) => problem.answer(Form::Problem, &line),
    }
}

/// Lists have no parameters.
pub(super) fn no_parameters(address: &Uri) -> Result<(), Problem> {
    match form_urlencoded::parse(address.query().unwrap_or_default().as_bytes()).next() {
        None => Ok(()),
        Some((name, _)) => {
            let message = format!("the list has no parameters; `{}` was given", repeated(&name));
            Err(Problem::bad_request(message))
        }
    }
}

async fn method_not_allowed(request: Request) -> Response {
    Problem::method_not_allowed().answer(Form::Problem, &Line::of(request.extensions()))
}

/// What every answer about data says to caches: it is this reader's, and has to be asked for again.
pub(super) fn manners(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, accept-encoding"));
}

/// How old the data are.
fn age(headers: &mut HeaderMap, oldest: Option<Timestamp>, now: Timestamp) {
    if let Some(oldest) = oldest {
        let seconds = u64::try_from(now.duration_since(oldest).as_secs()).unwrap_or(0);
        headers.insert(header::AGE, HeaderValue::from(seconds));
    }
}

/// Which organizations were left out.
fn left_out(headers: &mut HeaderMap, unavailable: &[Unavailable]) {
    let ids: Vec<&str> = unavailable.iter().map(|one| one.integration.as_str()).collect();
    if let Ok(ids) = HeaderValue::from_str(&ids.join(", "))
        && !unavailable.is_empty()
    {
        headers.insert("x-headcount-unavailable", ids);
    }
}
