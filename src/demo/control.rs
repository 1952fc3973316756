//! The control endpoints under `/_simulator/`, documented in the room's own head.

use axum::{
    Json, Router,
    extract::{ConnectInfo, Query, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{clock, faults::Fault, limits::Limits, listener::Peer, server::Door};

pub(super) fn router() -> Router<Door> {
    Router::new()
        .route("/_simulator/organizations", get(organizations))
        .route("/_simulator/requests", get(requests).delete(reset))
        .route("/_simulator/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/_simulator/clock", get(now).post(move_clock))
        .route("/_simulator/limits", get(limits).post(set_limits))
        .layer(middleware::from_fn(from_this_machine))
}

/// There is no credential: only callers on the same machine are let in.
async fn from_this_machine(
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    if peer.address.ip().is_loopback() {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn organizations(State(door): State<Door>) -> Json<Value> {
    Json(door.world.description())
}

#[derive(Deserialize)]
struct Detail {
    bodies: Option<String>,
    detail: Option<bool>,
}

async fn requests(State(door): State<Door>, Query(wanted): Query<Detail>) -> Json<Value> {
    let bodies = wanted.bodies.as_deref() == Some("hash");
    Json(door.world.requests.report(bodies, wanted.detail == Some(true)))
}

async fn reset(State(door): State<Door>) -> StatusCode {
    door.world.requests.reset();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFaults {
    faults: Vec<Fault>,
}

async fn faults(State(door): State<Door>) -> Json<Value> {
    Json(json!({"faults": door.world.faults.all()}))
}

async fn add_faults(State(door): State<Door>, Json(new): Json<NewFaults>) -> Json<Value> {
    for fault in new.faults {
        door.world.faults.add(fault);
    }
    Json(json!({"faults": door.world.faults.all()}))
}

async fn clear_faults(State(door): State<Door>) -> StatusCode {
    door.world.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Moved {
    advance_seconds: Option<u64>,
    now: Option<Timestamp>,
}

async fn now(State(door): State<Door>) -> Json<Value> {
    Json(json!({"now": clock::text(door.world.clock.now(), 3)}))
}

async fn move_clock(state: State<Door>, Json(moved): Json<Moved>) -> Json<Value> {
    if let Some(moment) = moved.now {
        state.world.clock.move_to(moment);
    }
    if let Some(seconds) = moved.advance_seconds {
        let by = std::time::Duration::from_secs(seconds);
        state.world.clock.advance(by);
    }
    now(state).await
}

async fn limits(State(door): State<Door>) -> Json<Limits> {
    Json(door.world.counters.limits())
}

async fn set_limits(State(door): State<Door>, Json(limits): Json<Limits>) -> Json<Limits> {
    door.world.counters.set_limits(limits);
    Json(limits)
}
