use crate::{domain::IntegrationId, store};

/// Why an integration could not be made, changed or taken out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A field does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such integration.
    #[error("there is no such integration")]
    NotFound,
    /// The configuration file declares it, so only the file can change it.
    #[error("this integration is declared in the configuration file; change it there")]
    Declared,
    /// The same organization and site are connected already; connecting them twice would count everybody twice.
    #[error("this organization and site are connected already")]
    Duplicate {
        /// The integration that has them.
        existing: IntegrationId,
    },
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// One field that does not fit. The message says the rule and the remedy, and never what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The field at fault.
    pub field: Field,
    /// What is wrong with it.
    pub reason: InvalidReason,
    /// The rule that it breaks, and what to give instead.
    pub message: String,
}

impl Invalid {
    pub(super) fn new(field: Field, reason: InvalidReason, message: impl Into<String>) -> Self {
        Self { field, reason, message: message.into() }
    }
}

/// A field of an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The id that the configuration file gives a declared integration.
    Id,
    /// The name that people read.
    Label,
    /// The admin's e-mail address.
    AdminEmail,
    /// The site's API token.
    ApiToken,
    /// The site's address.
    AdminUrl,
    /// The organization id.
    OrganizationId,
    /// The organization API key.
    OrganizationApiKey,
    /// The day on which the key ends.
    ApiKeyExpiresOn,
    /// The day on which the token ends.
    ApiTokenExpiresOn,
}

impl Field {
    /// Where the field stands in the arguments of the mutations.
    #[must_use]
    pub fn path(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["input", "id"],
            Self::Label => &["input", "label"],
            Self::AdminEmail => &["input", "credentials", "adminEmail"],
            Self::ApiToken => &["input", "credentials", "apiToken"],
            Self::AdminUrl => &["input", "credentials", "adminUrl"],
            Self::OrganizationId => &["input", "credentials", "organizationId"],
            Self::OrganizationApiKey => &["input", "credentials", "organizationApiKey"],
            Self::ApiKeyExpiresOn => &["input", "apiKeyExpiresOn"],
            Self::ApiTokenExpiresOn => &["input", "apiTokenExpiresOn"],
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvalidReason {
    /// The address is well formed, and must not be called.
    HostNotAllowed,
    /// Not of the form that the field needs.
    Malformed,
    /// Longer than anything that could be meant.
    TooLong,
    /// Nothing was given.
    Empty,
    /// The day is past.
    Expired,
}
