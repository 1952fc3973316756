use async_graphql::{Context, ID, Object};

use super::{
    connection::{DeletionConnection, Numbered, complexity},
    deletion::{self, Deletion},
    deletion_preview::DeletionPreview,
    enums::{DeletionScope, DeletionState},
    error::{ApiError, Result},
    guard::DIRECTORY,
    id::ObjectId,
    request::Request,
};
use crate::organizations::changes::{self, ChangeError};

/// What is asked about deletions.
#[derive(Default)]
pub struct DeletionQuery;

/// What is asked about deletions.
#[Object]
impl DeletionQuery {
    /// What a deletion would do, whether Atlassian and the operator's rules allow it, and a token that confirms what was
    /// found; null where the organization does not know the person. Two to five upstream calls, side by side.
    #[graphql(guard = "DIRECTORY")]
    async fn deletion_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] user_id: ID,
        #[graphql(desc = "What would be deleted.", default_with = "Some(DeletionScope::Account)")]
        scope: Option<DeletionScope>,
    ) -> Result<Option<DeletionPreview>> {
        let request = Request::of(ctx);
        let ObjectId::User(id, account) = ObjectId::decode(&user_id)? else { return Ok(None) };
        let Some(integration) = request.find(&id) else { return Ok(None) };
        let scope = scope.unwrap_or(DeletionScope::Account).into();
        let (place, actor) = (integration.place(), request.actor());
        let preview = request.changes.preview(&place, &actor, &account, scope).await;
        let preview = preview.map_err(|error| match error {
            ChangeError::Organization(error) => ApiError::Organization(id, error),
            error => error.into(),
        })?;
        Ok(preview.map(|preview| DeletionPreview::new(&integration, preview)))
    }

    /// A deletion; null for what does not exist or is hidden from the caller.
    #[graphql(guard = "DIRECTORY")]
    async fn deletion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The deletion's id.")] id: ID,
    ) -> Result<Option<Deletion>> {
        match ObjectId::decode(&id)? {
            ObjectId::Deletion(id) => deletion::find(Request::of(ctx), &id).await,
            _ => Ok(None),
        }
    }

    /// The deletions that were asked for, newest first, brought up to date: one upstream call for ten open ones.
    #[graphql(guard = "DIRECTORY", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn deletions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Only in this state.")] state: Option<DeletionState>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<DeletionConnection> {
        let request = Request::of(ctx);
        let chosen = request.chosen(integrations.as_deref())?;
        let about = ("deletions", format!("{state:?} {integrations:?}"));
        let page = Numbered::new(first, after.as_deref(), about)?;
        let integrations = chosen.iter().map(|one| one.integration_id().clone()).collect();
        let query = changes::DeletionQuery {
            state: state.map(Into::into),
            integrations,
            before: page.after(),
            limit: page.first(),
        };
        let found = request.changes.deletions(&query).await?;
        let row = |(number, row)| Some((number, Deletion::new(request, row)?));
        let rows = found.deletions.into_iter().filter_map(row);
        let listed = page.listed(rows, found.has_more);
        if !ctx.look_ahead().field("totalCount").exists() {
            return Ok(listed.into());
        }
        let total = request.changes.count_deletions(&query).await?;
        Ok(listed.with_total(Some(total)).into())
    }
}
