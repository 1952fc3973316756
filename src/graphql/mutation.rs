use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use secrecy::SecretString;

use super::{
    enums::{IntegrationStatus, UserErrorCode},
    error::{ApiError, Result},
    guard::{CONNECTED, INTEGRATIONS},
    id::ObjectId,
    integration::{Integration, IntegrationCheck},
    request::Request,
    scalars::Date,
};
use crate::{
    domain::{self, CheckOutcome, IntegrationId},
    integrations::{
        CredentialsDraft, Error, IntegrationChanges, IntegrationDraft, Invalid, InvalidReason,
    },
};

/// Everything that can be changed.
pub struct Mutation;

/// The six fields of a connection, but for its label. The token and the key are never given back.
#[derive(InputObject)]
pub struct IntegrationCredentialsInput {
    /// The e-mail address of the admin whose API token it is.
    admin_email: String,
    /// The admin's API token, made at id.atlassian.com without scopes.
    #[graphql(secret)]
    api_token: String,
    /// The address of the site; as pasted from a browser.
    admin_url: String,
    /// The Organization ID from Atlassian Administration.
    organization_id: String,
    /// The organization API key, made without scopes where accounts are to be deleted.
    #[graphql(secret)]
    organization_api_key: String,
}

/// A new connection.
#[derive(InputObject)]
pub struct CreateIntegrationInput {
    /// What to call it, 1 to 100 characters.
    label: String,
    /// What to speak to Atlassian with.
    credentials: IntegrationCredentialsInput,
    /// The day on which the organization API key expires.
    api_key_expires_on: Option<Date>,
    /// The day on which the API token expires.
    api_token_expires_on: Option<Date>,
    /// Given back as it came.
    client_mutation_id: Option<String>,
}

/// A change of a connection; what is left out stays.
#[derive(InputObject)]
pub struct UpdateIntegrationInput {
    /// Which integration.
    id: ID,
    /// What to call it.
    label: Option<String>,
    /// What to speak to Atlassian with: all five, or left out.
    credentials: Option<IntegrationCredentialsInput>,
    /// The day on which the organization API key expires.
    api_key_expires_on: Option<Date>,
    /// The day on which the API token expires.
    api_token_expires_on: Option<Date>,
    /// Given back as it came.
    client_mutation_id: Option<String>,
}

/// Which connection to end.
#[derive(InputObject)]
pub struct DeleteIntegrationInput {
    /// Which integration.
    id: ID,
    /// Given back as it came.
    client_mutation_id: Option<String>,
}

/// An expected refusal. Authentication, validation and Atlassian's failures are top-level errors instead.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserError {
    /// Stable, for programs.
    code: UserErrorCode,
    /// For people: what is wrong and what to do.
    message: String,
    /// Which part of the input it is about.
    path: Option<Vec<String>>,
    /// Whether the same may work later.
    is_retryable: bool,
}

/// What the credentials unlock; nothing is kept.
#[derive(SimpleObject)]
pub struct TestIntegrationPayload {
    /// What the checks amount to.
    status: IntegrationStatus,
    /// What was found.
    checks: Vec<IntegrationCheck>,
}

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            $($(#[$field_doc])* $field: $kind,)+
            /// Why nothing was changed; empty where it was.
            user_errors: Vec<UserError>,
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
    integration: Option<Integration>,
}

/// Everything that can be changed.
#[Object]
impl Mutation {
    /// Checks the credentials with Atlassian without keeping anything.
    #[graphql(guard = "INTEGRATIONS")]
    async fn test_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credentials to test.")] input: IntegrationCredentialsInput,
    ) -> Result<TestIntegrationPayload> {
        let organizations = &Request::of(ctx).organizations;
        let credentials = organizations
            .integrations()
            .normalize(input.into())
            .map_err(|invalid| ApiError::BadUserInput(invalid.message))?;
        let checks = organizations.test(&credentials).await;
        Ok(TestIntegrationPayload {
            status: domain::IntegrationStatus::of(&checks).into(),
            checks: checks.into_iter().map(Into::into).collect(),
        })
    }

    /// Connects an organization. The credentials are tested first; those that cannot read it are refused.
    #[graphql(guard = "INTEGRATIONS")]
    async fn create_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new connection.")] input: CreateIntegrationInput,
    ) -> Result<CreateIntegrationPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let outcome = if request.caller.integrations.is_all() {
            create(request, input).await?
        } else {
            Err(vec![UserError::new(
                UserErrorCode::Forbidden,
                "a token that is limited to some integrations cannot make another one",
            )])
        };
        let (integration, user_errors) = halves(outcome);
        Ok(CreateIntegrationPayload { integration, client_mutation_id, user_errors })
    }

    /// Changes a connection. New credentials are tested first; those that cannot read the organization are
    /// refused, and the old ones stay.
    #[graphql(guard = "INTEGRATIONS")]
    async fn update_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateIntegrationInput,
    ) -> Result<UpdateIntegrationPayload> {
        let client_mutation_id = input.client_mutation_id.clone();
        let (integration, user_errors) = halves(update(Request::of(ctx), input).await?);
        Ok(UpdateIntegrationPayload { integration, client_mutation_id, user_errors })
    }

    /// Tests the credentials of an integration again and keeps what was found.
    #[graphql(guard = "INTEGRATIONS")]
    async fn validate_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which integration.")] id: ID,
    ) -> Result<ValidateIntegrationPayload> {
        let request = Request::of(ctx);
        let outcome = match existing(request, &id)? {
            Ok(id) => validated(request, &id).await?,
            Err(error) => Err(vec![error]),
        };
        let (integration, user_errors) = halves(outcome);
        Ok(ValidateIntegrationPayload { integration, user_errors })
    }

    /// Ends a connection and forgets its credentials. Nothing changes at Atlassian: revoke the key and the
    /// token there.
    #[graphql(guard = "INTEGRATIONS")]
    async fn delete_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which connection to end.")] input: DeleteIntegrationInput,
    ) -> Result<DeleteIntegrationPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id;
        let outcome = match existing(request, &input.id)? {
            Ok(id) => match request.organizations.integrations().remove(&id).await {
                Ok(_) => {
                    request.organizations.disconnect(&id);
                    tracing::info!(integration.id = %id, "Deleted the integration {id}");
                    Ok(input.id)
                }
                Err(error) => Err(vec![refusal(error)?]),
            },
            Err(error) => Err(vec![error]),
        };
        let (deleted_integration_id, user_errors) = halves(outcome);
        Ok(DeleteIntegrationPayload { deleted_integration_id, client_mutation_id, user_errors })
    }

    /// Forgets what was read of an organization, so that the next answers come from Atlassian.
    #[graphql(guard = "CONNECTED")]
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    async fn refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which integration.")] integration: ID,
    ) -> Result<RefreshPayload> {
        let request = Request::of(ctx);
        let ObjectId::Integration(id) = ObjectId::decode(&integration)? else {
            return Err(ApiError::NotFound("integration"));
        };
        let integration = request.find(&id).ok_or(ApiError::NotFound("integration"))?;
        integration.organization.refresh();
        Ok(RefreshPayload { integration: Some(integration) })
    }
}

/// What was wanted, or the expected refusals.
type Outcome<T> = std::result::Result<T, Vec<UserError>>;

fn halves<T>(outcome: Outcome<T>) -> (Option<T>, Vec<UserError>) {
    match outcome {
        Ok(value) => (Some(value), Vec::new()),
        Err(errors) => (None, errors),
    }
}

async fn create(request: &Request, input: CreateIntegrationInput) -> Result<Outcome<Integration>> {
    let integrations = request.organizations.integrations();
    let draft = IntegrationDraft {
        label: input.label,
        credentials: input.credentials.into(),
        api_key_expires_on: input.api_key_expires_on.map(|date| date.0),
        api_token_expires_on: input.api_token_expires_on.map(|date| date.0),
    };
    let checks = match tested(request, &draft.credentials).await {
        Ok(checks) => checks,
        Err(errors) => return Ok(Err(errors)),
    };
    let now = request.demand.now;
    let created = match integrations.create(draft, now).await {
        Ok(created) => created,
        Err(error) => return Ok(Err(vec![refusal(error)?])),
    };
    let record = integrations.record_checks(&created.id, created.version, checks, now).await?;
    tracing::info!(integration.id = %record.id, "Connected the integration {}", record.id);
    Ok(Ok(Integration::new(request, record)))
}

async fn update(request: &Request, input: UpdateIntegrationInput) -> Result<Outcome<Integration>> {
    let id = match existing(request, &input.id)? {
        Ok(id) => id,
        Err(error) => return Ok(Err(vec![error])),
    };
    let integrations = request.organizations.integrations();
    let credentials: Option<CredentialsDraft> = input.credentials.map(Into::into);
    let checks = match &credentials {
        Some(draft) => match tested(request, draft).await {
            Ok(checks) => Some(checks),
            Err(errors) => return Ok(Err(errors)),
        },
        None => None,
    };
    let changes = IntegrationChanges {
        label: input.label,
        credentials,
        api_key_expires_on: input.api_key_expires_on.map(|date| Some(date.0)),
        api_token_expires_on: input.api_token_expires_on.map(|date| Some(date.0)),
    };
    let now = request.demand.now;
    let mut record = match integrations.update(&id, changes, now).await {
        Ok(record) => record,
        Err(error) => return Ok(Err(vec![refusal(error)?])),
    };
    if let Some(checks) = checks {
        record = integrations.record_checks(&id, record.version, checks, now).await?;
    }
    Ok(Ok(Integration::new(request, record)))
}

/// Tests what an admin entered; credentials that cannot read the organization come back as refusals.
async fn tested(
    request: &Request,
    draft: &CredentialsDraft,
) -> Outcome<Vec<domain::IntegrationCheck>> {
    let integrations = request.organizations.integrations();
    let credentials = integrations
        .normalize(draft.clone())
        .map_err(|invalid| vec![UserError::invalid(&invalid)])?;
    let checks = request.organizations.test(&credentials).await;
    if domain::IntegrationStatus::of(&checks) != domain::IntegrationStatus::Failed {
        return Ok(checks);
    }
    let failed = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
    Err(failed.map(UserError::failed).collect())
}

async fn validated(request: &Request, id: &IntegrationId) -> Result<Outcome<Integration>> {
    let integrations = request.organizations.integrations();
    let record = integrations.find(id).ok_or(ApiError::NotFound("integration"))?;
    let checks = request.organizations.test(&record.credentials).await;
    let now = jiff::Timestamp::max(request.demand.now, record.created_at);
    let record = integrations.record_checks(id, record.version, checks, now).await?;
    Ok(Ok(Integration::new(request, Arc::clone(&record))))
}

/// The integration that the caller means; what they may not see does not exist.
fn existing(request: &Request, id: &ID) -> Result<std::result::Result<IntegrationId, UserError>> {
    let missing =
        || UserError::new(UserErrorCode::NotFound, "there is no such integration").at(&["id"]);
    let ObjectId::Integration(id) = ObjectId::decode(id)? else {
        return Ok(Err(missing()));
    };
    Ok(if request.find(&id).is_some() { Ok(id) } else { Err(missing()) })
}

/// What an admin can do something about is told in the payload; the rest is an error.
fn refusal(error: Error) -> Result<UserError> {
    let message = error.to_string();
    match error {
        Error::Invalid(invalid) => Ok(UserError::invalid(&invalid)),
        Error::NotFound => Ok(UserError::new(UserErrorCode::NotFound, message)),
        Error::Declared => Ok(UserError::new(UserErrorCode::ReadOnly, message)),
        Error::Duplicate { .. } => Ok(UserError::new(UserErrorCode::InvalidInput, message)),
        Error::Store(_) => Err(error.into()),
    }
}

impl UserError {
    fn new(code: UserErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, is_retryable: false }
    }

    fn at(mut self, path: &[&str]) -> Self {
        self.path = Some(path.iter().map(|part| (*part).to_owned()).collect());
        self
    }

    fn invalid(invalid: &Invalid) -> Self {
        let code = match invalid.reason {
            InvalidReason::HostNotAllowed => UserErrorCode::HostNotAllowed,
            _ => UserErrorCode::InvalidInput,
        };
        Self::new(code, invalid.message.clone()).at(invalid.field.path())
    }

    fn failed(check: &domain::IntegrationCheck) -> Self {
        let remedy = check.remedy.as_deref().map(|remedy| format!(". {remedy}"));
        let message = format!("{}{}", check.message, remedy.unwrap_or_default());
        let field = match check.credential {
            domain::CredentialKind::OrganizationApiKey => "organizationApiKey",
            domain::CredentialKind::ApiToken => "apiToken",
            domain::CredentialKind::AdminUrl => "adminUrl",
            domain::CredentialKind::OrganizationId => "organizationId",
        };
        Self::new(UserErrorCode::InvalidCredentials, message).at(&["input", "credentials", field])
    }
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
