//! Every setting: its name, its environment name, its default and its text.
//!
//! One TOML file, the environment (`HEADCOUNT__SECTION__KEY`) over it, a few flags over that. What does not fit is
//! refused at start, all of it at once, each with its key and a remedy. A file of this room is a section of the
//! settings; `default_file.rs` writes the commented file in `docs/`, `secret.rs` reads secrets from where they are.

mod atlassian;
mod auth;
mod cache;
mod changes;
mod default_file;
mod environment;
mod feeds;
mod http;
mod integrations;
mod licenses;
mod limits;
mod log;
mod prices;
mod problem;
mod queries;
mod secret;
mod section;
mod settings;
mod store;

pub use self::{
    atlassian::AtlassianSection,
    auth::{Algorithm, AuthSection},
    cache::CacheSection,
    changes::ChangesSection,
    default_file::default_file,
    feeds::FeedsSection,
    http::HttpSection,
    integrations::IntegrationSection,
    licenses::{LicensesSection, SeatsSection},
    limits::LimitsSection,
    log::{LogFormat, LogSection},
    prices::{BillingPeriod, PriceSection, TierKind, TierSection},
    problem::{Problem, Problems},
    queries::QueriesSection,
    settings::{Settings, Sources},
    store::StoreSection,
};

#[cfg(test)]
mod tests;
