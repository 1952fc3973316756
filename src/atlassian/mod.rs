//! Typed calls to Atlassian: a file per API family, one transport, one error.
//!
//! A [`Client`] speaks for one organization and its site. [`Transport`] carries the calls of all clients: it limits,
//! paces, retries and counts them. Wire structs become `domain` values before they leave their file; nothing here is
//! cached, and nobody's rights are known here.
//!
//! `client` builds calls and `transport` makes them over its `connections`; `limiter`, `rate` and `retry` decide when;
//! `body`, `wire` and `paging` read answers, `problem` reads refusals. The other files are API families.

mod activity;
mod body;
mod client;
mod connections;
mod error;
pub mod events;
pub mod groups;
mod jira;
mod lifecycle;
mod limiter;
mod management;
mod memberships;
mod organization;
mod paging;
mod problem;
mod rate;
mod retry;
mod settings;
mod site_users;
mod transport;
mod user_roles;
mod user_search;
pub mod users;
mod wire;

#[cfg(test)]
mod tests;

pub use activity::LastActive;
pub use client::{Accepted, Client};
pub use error::{Conflict, Error, ErrorKind, Result};
pub use groups::GroupSearch;
pub use jira::{ApplicationGroup, ApplicationRole, MyPermissions, Myself, ServerInfo};
pub use lifecycle::AccountToken;
pub use management::{ManagementPermissions, Permission};
pub use memberships::Removal;
pub use rate::Budget;
pub use settings::TransportSettings;
pub use site_users::SiteUser;
pub use transport::Transport;
pub use user_search::{Expand, UserSearch};
pub use users::UserStatistics;
