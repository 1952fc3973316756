//! The schema: a file per type; query, mutation, guard, error, loaders.
//!
//! Decides what a caller may see and how many questions an answer costs; asks [`crate::organizations`] and knows
//! nothing of HTTP, of Atlassian's endpoints or of what is cached.

mod activity;
mod audit_log;
mod budget;
mod bulk_deletion;
mod changes;
mod completion;
mod connection;
mod deletion;
mod deletion_inputs;
mod deletion_preview;
mod deletion_query;
pub mod document;
mod enums;
mod error;
mod feed_token;
mod feed_token_roots;
mod filters;
mod freshness;
mod gateway;
mod group;
mod guard;
mod id;
mod integration;
mod integration_inputs;
mod license;
mod license_history;
mod license_report;
mod license_roots;
mod license_totals;
mod lists;
mod loaders;
mod mutation;
mod node;
mod peers;
mod product;
mod query;
mod rate_limit;
mod reclaim_candidate;
mod recorded;
mod request;
mod role;
mod roots;
mod scalars;
mod selection;
mod subscription;
mod user;
mod user_error;
mod viewer;

pub use self::{
    document::Limits,
    error::{code, code_of},
    gateway::{Answer, Gateway, Parts, Refusal, RequestContext, sdl},
    id::integration as integration_id,
};
