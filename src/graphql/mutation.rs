use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    enums::UserErrorCode,
    error::{ApiError, Result},
    guard::{INTEGRATIONS, REFRESH},
    id::ObjectId,
    integration::Integration,
    integration_inputs::{
        CreateIntegrationInput, CreateIntegrationPayload, DeleteIntegrationInput,
        DeleteIntegrationPayload, IntegrationCredentialsInput, RefreshPayload,
        TestIntegrationPayload, UpdateIntegrationInput, UpdateIntegrationPayload,
        ValidateIntegrationPayload,
    },
    recorded::{Outcome, named, recorded, recorded_as},
    request::Request,
    user_error::UserError,
};
use crate::{
    audit::{self, Action, Asked, Ended},
    domain::{self, CheckOutcome, IntegrationId},
    integrations::{CredentialsDraft, Error, IntegrationChanges, IntegrationDraft},
};

/// Changes of what is connected.
#[derive(Default)]
pub struct IntegrationMutation;

/// Changes of what is connected.
#[Object]
impl IntegrationMutation {
    /// Checks the credentials with Atlassian without keeping anything.
    async fn test_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credentials to test.")] input: IntegrationCredentialsInput,
    ) -> Result<TestIntegrationPayload> {
        let request = Request::of(ctx);
        let asked = request.asked(Action::TestIntegration);
        let checks = recorded(request, asked, async {
            INTEGRATIONS.met_by(&request.caller)?;
            let organizations = &request.organizations;
            let credentials = organizations
                .integrations()
                .normalize(input.into())
                .map_err(|invalid| ApiError::BadUserInput(invalid.message))?;
            Ok(Ok(organizations.test(&credentials).await))
        });
        let checks = checks.await?.unwrap_or_default();
        Ok(TestIntegrationPayload {
            status: domain::IntegrationStatus::of(&checks).into(),
            checks: checks.into_iter().map(Into::into).collect(),
        })
    }

    /// Connects an organization. The credentials are tested first; those that cannot read it are refused.
    async fn create_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new connection.")] input: CreateIntegrationInput,
    ) -> Result<CreateIntegrationPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let asked = request.asked(Action::CreateIntegration);
        let work = async {
            INTEGRATIONS.met_by(&request.caller)?;
            create(request, input).await
        };
        let outcome = recorded_as(request, asked, work, |created| Ended {
            target: Some(created.integration_id().to_string()),
            ..Ended::as_outcome(audit::Outcome::Succeeded)
        });
        let (integration, user_errors) = halves(outcome.await?);
        Ok(CreateIntegrationPayload { integration, client_mutation_id, user_errors })
    }

    /// Changes a connection. New credentials are tested first; those that cannot read the organization are
    /// refused, and the old ones stay.
    async fn update_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateIntegrationInput,
    ) -> Result<UpdateIntegrationPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let asked = on(request, Action::UpdateIntegration, &input.id);
        let outcome = recorded(request, asked, async {
            INTEGRATIONS.met_by(&request.caller)?;
            update(request, input).await
        });
        let (integration, user_errors) = halves(outcome.await?);
        Ok(UpdateIntegrationPayload { integration, client_mutation_id, user_errors })
    }

    /// Tests the credentials of an integration again and keeps what was found.
    async fn validate_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which integration.")] id: ID,
    ) -> Result<ValidateIntegrationPayload> {
        let request = Request::of(ctx);
        let asked = on(request, Action::ValidateIntegration, &id);
        let outcome = recorded(request, asked, async {
            INTEGRATIONS.met_by(&request.caller)?;
            match existing(request, &id)? {
                Ok(id) => validated(request, &id).await,
                Err(error) => Ok(Err(vec![error])),
            }
        });
        let (integration, user_errors) = halves(outcome.await?);
        Ok(ValidateIntegrationPayload { integration, user_errors })
    }

    /// Ends a connection and forgets its credentials. Nothing changes at Atlassian: revoke the key and the
    /// token there.
    async fn delete_integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which connection to end.")] input: DeleteIntegrationInput,
    ) -> Result<DeleteIntegrationPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id;
        let asked = on(request, Action::DeleteIntegration, &input.id);
        let outcome = recorded(request, asked, async {
            INTEGRATIONS.met_by(&request.caller)?;
            delete(request, input.id).await
        });
        let (deleted_integration_id, user_errors) = halves(outcome.await?);
        Ok(DeleteIntegrationPayload { deleted_integration_id, client_mutation_id, user_errors })
    }

    /// Forgets what was read of an organization, so that the next answers come from Atlassian.
    async fn refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which integration.")] integration: ID,
    ) -> Result<RefreshPayload> {
        let request = Request::of(ctx);
        let asked = on(request, Action::Refresh, &integration);
        let refreshed = recorded(request, asked, async {
            REFRESH.met_by(&request.caller)?;
            let ObjectId::Integration(id) = ObjectId::decode(&integration)? else {
                return Err(ApiError::NotFound("integration"));
            };
            let found = request.find(&id).ok_or(ApiError::NotFound("integration"))?;
            found.organization.refresh();
            Ok(Ok(found))
        });
        Ok(RefreshPayload { integration: refreshed.await?.ok() })
    }
}

/// The wish to do something to the integration of that id.
fn on(request: &Request, action: Action, id: &ID) -> Asked {
    Asked { integration: named(id), ..request.asked(action) }
}

fn halves<T>(outcome: Outcome<T>) -> (Option<T>, Vec<UserError>) {
    match outcome {
        Ok(value) => (Some(value), Vec::new()),
        Err(errors) => (None, errors),
    }
}

async fn create(request: &Request, input: CreateIntegrationInput) -> Result<Outcome<Integration>> {
    if !request.caller.integrations.is_all() {
        return Ok(Err(vec![UserError::new(
            UserErrorCode::Forbidden,
            "a token that is limited to some integrations cannot make another one",
        )]));
    }
    let integrations = request.organizations.integrations();
    let draft = IntegrationDraft {
        label: input.label,
        credentials: input.credentials.into(),
        api_key_expires_on: input.api_key_expires_on.map(|date| date.0),
        api_token_expires_on: input.api_token_expires_on.map(|date| date.0),
        is_read_only: input.is_read_only.unwrap_or_default(),
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
        is_read_only: input.is_read_only,
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

async fn delete(request: &Request, named: ID) -> Result<Outcome<ID>> {
    let id = match existing(request, &named)? {
        Ok(id) => id,
        Err(error) => return Ok(Err(vec![error])),
    };
    if let Err(error) = request.organizations.integrations().remove(&id).await {
        return Ok(Err(vec![refusal(error)?]));
    }
    request.organizations.disconnect(&id);
    tracing::info!(integration.id = %id, "Deleted the integration {id}");
    Ok(Ok(named))
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
