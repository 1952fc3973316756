//! What the mutations of integrations take, and what they give back.

use async_graphql::{ID, InputObject, SimpleObject};
use secrecy::SecretString;

use super::{
    enums::IntegrationStatus,
    integration::{Integration, IntegrationCheck},
    scalars::Date,
    user_error::UserError,
};
use crate::integrations::CredentialsDraft;

/// The six fields of a connection, but for its label. The token and the key are never given back.
#[derive(InputObject)]
pub struct IntegrationCredentialsInput {
    /// The e-mail address of the admin whose API token it is.
    pub(super) admin_email: String,
    /// The admin's API token, made at id.atlassian.com without scopes.
    #[graphql(secret)]
    pub(super) api_token: String,
    /// The address of the site; as pasted from a browser.
    pub(super) admin_url: String,
    /// The Organization ID from Atlassian Administration.
    pub(super) organization_id: String,
    /// The organization API key, made without scopes where accounts are to be deleted.
    #[graphql(secret)]
    pub(super) organization_api_key: String,
}

/// A new connection.
#[derive(InputObject)]
pub struct CreateIntegrationInput {
    /// What to call it, 1 to 100 characters.
    pub(super) label: String,
    /// What to speak to Atlassian with.
    pub(super) credentials: IntegrationCredentialsInput,
    /// The day on which the organization API key expires.
    pub(super) api_key_expires_on: Option<Date>,
    /// The day on which the API token expires.
    pub(super) api_token_expires_on: Option<Date>,
    /// Whether people may only be looked at through it: whoever asks, none is deleted, suspended or changed otherwise.
    #[graphql(default_with = "Some(false)")]
    pub(super) is_read_only: Option<bool>,
    /// Given back as it came.
    pub(super) client_mutation_id: Option<String>,
}

/// A change of a connection; what is left out stays.
#[derive(InputObject)]
pub struct UpdateIntegrationInput {
    /// Which integration.
    pub(super) id: ID,
    /// What to call it.
    pub(super) label: Option<String>,
    /// What to speak to Atlassian with: all five, or left out.
    pub(super) credentials: Option<IntegrationCredentialsInput>,
    /// The day on which the organization API key expires.
    pub(super) api_key_expires_on: Option<Date>,
    /// The day on which the API token expires.
    pub(super) api_token_expires_on: Option<Date>,
    /// Whether people may only be looked at through it.
    pub(super) is_read_only: Option<bool>,
    /// Given back as it came.
    pub(super) client_mutation_id: Option<String>,
}

/// Which connection to end.
#[derive(InputObject)]
pub struct DeleteIntegrationInput {
    /// Which integration.
    pub(super) id: ID,
    /// Given back as it came.
    pub(super) client_mutation_id: Option<String>,
}

/// What the credentials unlock; nothing is kept.
#[derive(SimpleObject)]
pub struct TestIntegrationPayload {
    /// What the checks amount to.
    pub(super) status: IntegrationStatus,
    /// What was found.
    pub(super) checks: Vec<IntegrationCheck>,
}

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            $($(#[$field_doc])* pub(super) $field: $kind,)+
            /// Why nothing was changed; empty where it was.
            pub(super) user_errors: Vec<UserError>,
        }
    };
}

payload! {
    /// The new integration, or why there is none.
    CreateIntegrationPayload {
        /// The new integration.
        integration: Option<Integration>,
        /// As it came.
        client_mutation_id: Option<String>,
    }
}
payload! {
    /// The integration as it is now, or why it was not changed.
    UpdateIntegrationPayload {
        /// The integration as it is now.
        integration: Option<Integration>,
        /// As it came.
        client_mutation_id: Option<String>,
    }
}
payload! {
    /// The integration with its new checks.
    ValidateIntegrationPayload {
        /// The integration with its new checks.
        integration: Option<Integration>,
    }
}
payload! {
    /// Which integration is gone.
    DeleteIntegrationPayload {
        /// The id that it had.
        deleted_integration_id: Option<ID>,
        /// As it came.
        client_mutation_id: Option<String>,
    }
}

/// The integration whose answers were forgotten.
#[derive(SimpleObject)]
pub struct RefreshPayload {
    /// The integration; its next answers are read from Atlassian.
    pub(super) integration: Option<Integration>,
}

impl From<IntegrationCredentialsInput> for CredentialsDraft {
    fn from(input: IntegrationCredentialsInput) -> Self {
        Self {
            admin_email: input.admin_email,
            api_token: SecretString::from(input.api_token),
            admin_url: input.admin_url,
            organization_id: input.organization_id,
            organization_api_key: SecretString::from(input.organization_api_key),
        }
    }
}
