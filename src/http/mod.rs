//! Routes, limits, request id, bearer token, health.
//!
//! A request passes `observe.rs` (its id, its line in the log), then `endpoint.rs`, which holds it against the GraphQL over HTTP
//! draft with the help of `negotiation.rs`, `parameters.rs` and `cache_control.rs`, has it run by `execute.rs` and
//! writes what comes back with `answer.rs`, or says no with `refusal.rs`. What a document may hold is `graphql`'s.
//! Subscriptions are run by `follow.rs` and go out as server-sent events (`events.rs`) or over a socket (`socket/`, which
//! also takes queries and mutations). `feeds/` serves tables to BI tools,
//! `report.rs` the licence report to browsers, `queries/` runs saved queries.

mod answer;
mod cache_control;
mod edge;
mod endpoint;
mod events;
mod execute;
mod feeds;
mod follow;
pub mod graphiql;
mod health;
mod negotiation;
mod observe;
mod parameters;
mod queries;
mod refusal;
mod report;
mod request_id;
mod routes;
mod serve;
mod settings;
mod socket;

pub use self::{
    edge::{Parts, Readiness},
    refusal::code,
    routes::Site,
    settings::{MetricsAccess, Settings, SocketSettings},
};
