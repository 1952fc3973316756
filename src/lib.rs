//! Headcount: one GraphQL endpoint over all of a company's Atlassian organisations.
//!
//! A request comes in through [`http`], [`auth`] says who asks, [`graphql`] plans what is needed, [`organizations`]
//! answers from its cache or asks [`atlassian`]. Imports only go down; `tests/it/house.rs` holds the house to that.

pub mod app;
pub mod atlassian;
pub mod audit;
pub mod auth;
pub mod config;
pub mod demo;
pub mod domain;
pub mod feeds;
pub mod graphql;
pub mod http;
pub mod integrations;
pub mod licenses;
pub mod organizations;
pub mod queries;
pub mod report;
pub mod store;
pub mod telemetry;
