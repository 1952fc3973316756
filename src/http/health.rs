use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use super::{
    edge::Edge,
    negotiation::MediaType,
    observe::{Line, is_from_here},
    refusal::Refusal,
    settings::MetricsAccess,
};

/// `/healthz`: the process answers.
pub(super) async fn live() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// `/readyz`: requests can be answered, that is, the store can be read and the gateway is not stopping. What Atlassian
/// does is no part of it: a restart would not mend that.
pub(super) async fn ready(State(edge): State<Arc<Edge>>) -> Response {
    if !edge.stopping.is_cancelled() && (edge.readiness)().await {
        Json(json!({ "status": "ready" })).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready" }))).into_response()
    }
}

/// `/metrics`, in Prometheus' text form: what was counted, and the licence figures at hand. Who may not read it is told that it does not exist.
pub(super) async fn metrics(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let may_read = match edge.settings.metrics {
        MetricsAccess::Off => false,
        MetricsAccess::Loopback => is_from_here(&request),
        MetricsAccess::On => true,
    };
    match edge.metrics.as_ref().filter(|_| may_read) {
        Some(metrics) => {
            let text = metrics.render() + &edge.feeds.license_gauges().await;
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
        }
        None => not_found(request).await,
    }
}

/// What nobody serves.
pub(super) async fn not_found(request: Request) -> Response {
    Refusal::NotFound.answer(MediaType::Json, Line::of(request.extensions()).id())
}

/// What is served by other methods.
pub(super) async fn method_not_allowed(request: Request) -> Response {
    Refusal::MethodNotAllowed("GET, HEAD")
        .answer(MediaType::Json, Line::of(request.extensions()).id())
}
