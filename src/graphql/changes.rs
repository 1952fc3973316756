use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    bulk_deletion::BulkDeletion,
    deletion::Deletion,
    deletion_inputs::{
        CancelUserDeletionInput, CancelUserDeletionPayload, DeleteUserInput, DeleteUserPayload,
        DeleteUsersInput, DeleteUsersPayload, UserLifecycleInput, UserLifecyclePayload,
    },
    deletion_preview::DeletionPreview,
    enums::{DeletionScope, UserErrorCode},
    error::{ApiError, Result},
    id::ObjectId,
    integration::Integration,
    request::Request,
    user::User,
    user_error::UserError,
};
use crate::{
    audit::{Action, Asked},
    auth::Permission,
    domain::{self, AccountId, IntegrationId},
    organizations::changes::{
        self, BulkRequest, ChangeError, Changed, Confirmation, DeleteUser, DeletionAnswer,
        Lifecycle, LifecycleRequest,
    },
};

/// People that one run takes at most.
const MOST_PEOPLE: usize = 50;

/// Changes at Atlassian.
#[derive(Default)]
pub struct ChangeMutation;

/// Changes at Atlassian: every one is written to the audit log before it is made, refused ones too.
#[Object]
impl ChangeMutation {
    /// Deletes a person: the managed account after 14 days of grace, or their membership of the organization or the site.
    /// Needs `DELETE_USERS`.
    async fn delete_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and from where.")] input: DeleteUserInput,
    ) -> Result<DeleteUserPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let asked = Wish {
            action: Action::DeleteUser,
            reason: input.reason.clone(),
            is_dry_run: input.dry_run.unwrap_or(false),
        };
        let (integration, account) = match person(request, &input.user_id, asked).await? {
            Ok(person) => person,
            Err(user_errors) => {
                return Ok(DeleteUserPayload {
                    deletion: None,
                    preview: None,
                    user_errors,
                    client_mutation_id,
                });
            }
        };
        let wanted = DeleteUser {
            account,
            scope: input.scope.unwrap_or(DeletionScope::Account).into(),
            reason: input.reason,
            is_dry_run: input.dry_run.unwrap_or(false),
            confirmation: input.confirmation_token.map_or(Confirmation::None, Confirmation::Token),
            idempotency_key: input.idempotency_key,
            bulk: None,
        };
        let (place, actor) = (integration.place(), request.actor());
        let outcome = request.changes.delete_user(&place, &actor, &wanted).await;
        let (answer, user_errors) = halves(&integration, outcome)?;
        let DeletionAnswer { deletion, preview } = answer.unwrap_or_default();
        Ok(DeleteUserPayload {
            deletion: deletion.and_then(|row| Deletion::new(request, row)),
            preview: preview.map(|preview| DeletionPreview::new(&integration, preview)),
            user_errors,
            client_mutation_id,
        })
    }

    /// Deletes up to 50 people, one after the other, behind the answer. Each is under the same rules as with `deleteUser`.
    /// Needs `DELETE_USERS`.
    async fn delete_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and from where.")] input: DeleteUsersInput,
    ) -> Result<DeleteUsersPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let (bulk_deletion, user_errors) = match run(request, input).await? {
            Ok(bulk) => (Some(BulkDeletion::new(bulk)), Vec::new()),
            Err(errors) => (None, errors),
        };
        Ok(DeleteUsersPayload { bulk_deletion, user_errors, client_mutation_id })
    }

    /// Takes the scheduled deletion of an account back, within its 14 days; the account is active again. Needs `DELETE_USERS`.
    async fn cancel_user_deletion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which deletion.")] input: CancelUserDeletionInput,
    ) -> Result<CancelUserDeletionPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let (deletion, user_errors) = cancel(request, input).await?;
        Ok(CancelUserDeletionPayload { deletion, user_errors, client_mutation_id })
    }

    /// Suspends a person in every directory of the organization: no access and no seat, roles and groups are kept. Needs
    /// `MANAGE_USERS`.
    async fn suspend_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: UserLifecycleInput,
    ) -> Result<UserLifecyclePayload> {
        change(Request::of(ctx), Lifecycle::Suspend, input).await
    }

    /// Gives a suspended person back what they had. Needs `MANAGE_USERS`.
    async fn restore_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: UserLifecycleInput,
    ) -> Result<UserLifecyclePayload> {
        change(Request::of(ctx), Lifecycle::Restore, input).await
    }

    /// Deactivates a managed account, everywhere at Atlassian. Needs `MANAGE_USERS`.
    async fn deactivate_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: UserLifecycleInput,
    ) -> Result<UserLifecyclePayload> {
        change(Request::of(ctx), Lifecycle::Deactivate, input).await
    }

    /// Activates a deactivated account again. Needs `MANAGE_USERS`.
    async fn reactivate_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: UserLifecycleInput,
    ) -> Result<UserLifecyclePayload> {
        change(Request::of(ctx), Lifecycle::Reactivate, input).await
    }
}

/// What the audit log says of a change that is refused before it begins.
struct Wish {
    action: Action,
    reason: Option<String>,
    is_dry_run: bool,
}

type Person = (Integration, AccountId);

/// The person behind an id, where the caller may change them; else the refusals, which are recorded.
async fn person(
    request: &Request,
    id: &ID,
    wish: Wish,
) -> Result<std::result::Result<Person, Vec<UserError>>> {
    let permission = permission(wish.action);
    let found = match ObjectId::decode(id) {
        Ok(ObjectId::User(integration, account)) => Some((integration, account)),
        _ => None,
    };
    let integration = found.as_ref().and_then(|(integration, _)| request.find(integration));
    let error = match (request.caller.may(permission), integration, found.clone()) {
        (true, Some(integration), Some((_, account))) => return Ok(Ok((integration, account))),
        (false, _, _) => forbidden(permission),
        (true, _, _) => UserError::new(UserErrorCode::NotFound, "there is no such person")
            .at(&["input", "userId"]),
    };
    refused(request, found, wish, &error).await?;
    Ok(Err(vec![error]))
}

fn permission(action: Action) -> Permission {
    match action {
        Action::DeleteUser | Action::DeleteUsers | Action::CancelUserDeletion => {
            Permission::DeleteUsers
        }
        _ => Permission::ManageUsers,
    }
}

fn forbidden(permission: Permission) -> UserError {
    let message = format!("this needs the permission {}", permission.word());
    UserError::new(UserErrorCode::Forbidden, message)
}

async fn refused(
    request: &Request,
    of: Option<(IntegrationId, AccountId)>,
    wish: Wish,
    error: &UserError,
) -> Result<()> {
    // What the caller may not see is not named in a record that others read, and may not exist at all.
    let of = of.filter(|(integration, _)| request.find(integration).is_some());
    let (integration, target) = of.unzip();
    let asked = Asked {
        integration,
        target: target.map(|account| account.to_string()),
        reason: wish.reason,
        is_dry_run: wish.is_dry_run,
        ..request.asked(wish.action)
    };
    let now = request.demand.now;
    changes::refused(&request.audit, &asked, error.word(), now).await?;
    Ok(())
}

/// What was changed and what was refused; what is neither is the field's error.
fn halves<T>(
    integration: &Integration,
    outcome: changes::Result<Changed<T>>,
) -> Result<(Option<T>, Vec<UserError>)> {
    match outcome {
        Ok(changed) => Ok((Some(changed.value), told(changed.refusals))),
        Err(ChangeError::Refused(refusals)) => Ok((None, told(refusals))),
        Err(ChangeError::Organization(error)) => {
            Err(ApiError::Organization(integration.integration_id().clone(), error))
        }
        Err(ChangeError::Internal) => Err(ApiError::Internal),
    }
}

fn told(refusals: Vec<domain::Refusal>) -> Vec<UserError> {
    refusals.into_iter().map(Into::into).collect()
}

async fn change(
    request: &Request,
    lifecycle: Lifecycle,
    input: UserLifecycleInput,
) -> Result<UserLifecyclePayload> {
    let client_mutation_id = input.client_mutation_id;
    let is_dry_run = input.dry_run.unwrap_or(false);
    let wish = Wish { action: lifecycle.action(), reason: input.reason.clone(), is_dry_run };
    let (integration, account) = match person(request, &input.user_id, wish).await? {
        Ok(person) => person,
        Err(user_errors) => {
            return Ok(UserLifecyclePayload { user: None, user_errors, client_mutation_id });
        }
    };
    let wanted = LifecycleRequest {
        account,
        reason: input.reason,
        is_dry_run,
        idempotency_key: input.idempotency_key,
    };
    let (place, actor) = (integration.place(), request.actor());
    let outcome = request.changes.change_lifecycle(&place, &actor, lifecycle, &wanted).await;
    let (user, user_errors) = halves(&integration, outcome)?;
    let user = user.flatten().map(|row| User::new(&integration, &row));
    Ok(UserLifecyclePayload { user, user_errors, client_mutation_id })
}

async fn cancel(
    request: &Request,
    input: CancelUserDeletionInput,
) -> Result<(Option<Deletion>, Vec<UserError>)> {
    let found = match ObjectId::decode(&input.deletion_id) {
        Ok(ObjectId::Deletion(id)) => request.changes.known_deletion(&id).await?,
        _ => None,
    };
    let integration = found.as_ref().and_then(|deletion| request.find(&deletion.integration));
    let may = request.caller.may(Permission::DeleteUsers);
    let error = match (may, found.clone(), integration) {
        (true, Some(deletion), Some(integration)) => {
            let (place, actor) = (integration.place(), request.actor());
            let why = (input.reason.as_deref(), input.idempotency_key.as_deref());
            let outcome = request.changes.cancel_deletion(&place, &actor, &deletion, why).await;
            let (deletion, errors) = halves(&integration, outcome)?;
            return Ok((deletion.and_then(|row| Deletion::new(request, row)), errors));
        }
        (false, _, _) => forbidden(Permission::DeleteUsers),
        (true, _, _) => UserError::new(UserErrorCode::NotFound, "there is no such deletion")
            .at(&["input", "deletionId"]),
    };
    let of = found.map(|deletion| (deletion.integration, deletion.account));
    let wish = Wish { action: Action::CancelUserDeletion, reason: input.reason, is_dry_run: false };
    refused(request, of, wish, &error).await?;
    Ok((None, vec![error]))
}

async fn run(
    request: &Request,
    input: DeleteUsersInput,
) -> Result<std::result::Result<domain::BulkDeletion, Vec<UserError>>> {
    let is_dry_run = input.dry_run.unwrap_or(false);
    let people = match everybody(request, &input.user_ids) {
        Ok(people) => people,
        Err(error) => {
            let wish = Wish { action: Action::DeleteUsers, reason: input.reason, is_dry_run };
            refused(request, None, wish, &error).await?;
            return Ok(Err(vec![error]));
        }
    };
    let wanted = BulkRequest {
        people,
        scope: input.scope.unwrap_or(DeletionScope::Account).into(),
        reason: input.reason,
        confirmation_tokens: input.confirmation_tokens.unwrap_or_default(),
        is_dry_run,
        idempotency_key: input.idempotency_key,
    };
    match request.changes.delete_users(&request.actor(), &wanted).await {
        Ok(changed) => Ok(Ok(changed.value)),
        Err(ChangeError::Refused(refusals)) => Ok(Err(told(refusals))),
        Err(error) => Err(error.into()),
    }
}

fn everybody(
    request: &Request,
    ids: &[ID],
) -> std::result::Result<Vec<(IntegrationId, AccountId)>, UserError> {
    if !request.caller.may(Permission::DeleteUsers) {
        return Err(forbidden(Permission::DeleteUsers));
    }
    let invalid = |message: String| {
        Err(UserError::new(UserErrorCode::InvalidInput, message).at(&["input", "userIds"]))
    };
    if ids.is_empty() || ids.len() > MOST_PEOPLE {
        return invalid(format!("`userIds` has {} values; it takes 1 to {MOST_PEOPLE}", ids.len()));
    }
    let mut people = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let person = match ObjectId::decode(id) {
            Ok(ObjectId::User(integration, account)) if request.find(&integration).is_some() => {
                (integration, account)
            }
            _ => {
                let index = index.to_string();
                let error = UserError::new(UserErrorCode::NotFound, "there is no such person");
                return Err(error.at(&["input", "userIds", &index]));
            }
        };
        if people.contains(&person) {
            return invalid("`userIds` names somebody twice".to_owned());
        }
        people.push(person);
    }
    Ok(people)
}

impl Integration {
    pub(super) fn place(&self) -> changes::Place {
        changes::Place {
            integration: Arc::clone(self.record()),
            organization: self.organization.clone(),
        }
    }
}

impl Request {
    pub(super) fn actor(&self) -> domain::Actor {
        domain::Actor { subject: self.caller.subject.clone(), request_id: self.id.clone() }
    }
}
