use crate::{auth::Permission, domain::IntegrationId, store};

/// Why there is no new feed token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FeedTokenError {
    /// A value of the draft is wrong.
    #[error("{message}")]
    Invalid {
        /// The member of [`super::FeedTokenDraft`].
        field: &'static str,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The token would open what its maker may not see.
    #[error("a feed token opens at most what its maker may see, and {what} needs {}", .permission.word())]
    Forbidden {
        /// The member of [`super::FeedTokenDraft`].
        field: &'static str,
        /// What was asked for.
        what: String,
        /// What the maker lacks.
        permission: Permission,
    },
    /// The maker does not see such an integration.
    #[error("there is no integration {0}")]
    UnknownIntegration(IntegrationId),
    /// The maker is limited to some integrations, and asks for all.
    #[error("a token that is limited to some integrations has to name those of a feed token")]
    TooWide,
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] store::Error),
}
