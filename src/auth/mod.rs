//! Who asks, and what they may: a bearer JWT becomes a `Caller` with permissions, or a `Refusal`.
//!
//! `verifier` is the way in; `keys` and `jwks` hold what signatures are verified with, `claims` decides by the
//! claims and the instant alone. `feed_tokens/` are the static secrets of tools that cannot fetch a JWT. What a permission opens
//! is decided where the data is, not here.

mod caller;
mod claims;
mod error;
mod feed_tokens;
mod jwks;
mod keys;
mod mint;
mod permission;
mod settings;
#[cfg(test)]
mod tests;
mod unique_json;
mod verifier;

pub use caller::{Caller, IntegrationScope};
pub use error::{Error, Refusal, RefusalReason};
pub use feed_tokens::{FeedTokenDraft, FeedTokenError, FeedTokenSettings, FeedTokens};
pub use mint::{MintRequest, mint};
pub use permission::{Permission, PermissionSet};
pub use settings::{AuthSettings, KeyAlgorithm, KeySource};
pub use verifier::Verifier;

pub use crate::domain::FeedToken;
