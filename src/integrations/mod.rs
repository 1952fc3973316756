//! What is connected: integrations from the configuration file and from the store, and the rules for what may become one.
//!
//! `registry` holds the list in memory, so that reading it does no I/O, and writes changes through to the store.
//! `hosts` decides which addresses may be called at all, `drafts` makes credentials of what people pasted. Nothing
//! here asks Atlassian: testing a connection is the `organizations` room's.

mod declared;
mod drafts;
mod error;
mod hosts;
mod integration;
mod registry;
#[cfg(test)]
mod tests;

pub use drafts::{CredentialsDraft, DeclaredIntegration, IntegrationChanges, IntegrationDraft};
pub use error::{Error, Field, Invalid, InvalidReason};
pub use hosts::{HostPolicy, InvalidOrigin};
pub use integration::{Integration, Origin};
pub use registry::Integrations;
