use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    enums::UserErrorCode,
    error::{ApiError, Result},
    guard::{CONNECTED, INTEGRATIONS},
    id::ObjectId,
    integration::Integration,
    integration_inputs::{
        CreateIntegrationInput, CreateIntegrationPayload, DeleteIntegrationInput,
        DeleteIntegrationPayload, IntegrationCredentialsInput, RefreshPayload,
        TestIntegrationPayload, UpdateIntegrationInput, UpdateIntegrationPayload,
        ValidateIntegrationPayload,
    },
    license_history::{self, TakeLicenseSnapshotPayload},
    request::Request,
    user_error::UserError,
};
use crate::{
    auth::Permission,
    domain::{self, CheckOutcome, IntegrationId},
    integrations::{CredentialsDraft, Error, IntegrationChanges, IntegrationDraft},
};

/// Everything that can be changed.
pub struct Mutation;

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

    /// Keeps today's licence figures, over those that were kept earlier the same day. The gateway does this by itself once
    /// a day; needs the permission to read licences as well.
    #[graphql(guard = "INTEGRATIONS")]
    async fn take_license_snapshot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<TakeLicenseSnapshotPayload> {
        let request = Request::of(ctx);
        request.needs(Permission::ReadLicenses)?;
        license_history::take(request, &request.chosen(integrations.as_deref())?).await
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
