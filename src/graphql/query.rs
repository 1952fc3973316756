use async_graphql::{Context, ID, Object};

use super::{
    activity, audit_log,
    connection::{
        ActivityEventConnection, AuditEntryConnection, GroupConnection, IntegrationConnection,
        Slice, UserConnection, complexity,
    },
    error::{ApiError, Result, add_error},
    filters::{ActivityFilter, AuditFilter, GroupFilter, UserFilter, UserOrder},
    guard::{ACTIVITY, AUDIT, CONNECTED, DIRECTORY},
    id::ObjectId,
    integration::Integration,
    lists,
    loaders::{EmailKey, UserKey},
    node::{self, Node},
    product::Product,
    rate_limit::RateLimit,
    request::Request,
    selection,
    user::User,
    viewer::Viewer,
};

use crate::domain::IntegrationId;

/// Ids that `nodes` takes at most.
const MOST_NODES: usize = 100;

/// What is asked about organizations and their people.
#[derive(Default)]
pub struct DirectoryQuery;

/// What is asked about organizations and their people.
#[Object]
impl DirectoryQuery {
    /// Who asks, and what they may do.
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    /// The object behind an id; null for what does not exist or is hidden from the caller.
    #[graphql(guard = "CONNECTED")]
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id from an earlier answer.")] id: ID,
    ) -> Result<Option<Node>> {
        node::find(ctx, &id).await
    }

    /// The objects behind ids, in their order; null for each that does not exist or is hidden. People and
    /// groups cost one upstream call for ten.
    #[graphql(guard = "CONNECTED", complexity = "ids.len().saturating_mul(child_complexity)")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ids from earlier answers, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST_NODES {
            return Err(ApiError::BadUserInput(format!(
                "`ids` has {} values; it takes at most {MOST_NODES}",
                ids.len()
            )));
        }
        let found = futures_util::future::join_all(ids.iter().map(|id| node::find(ctx, id))).await;
        let node = |found: Result<Option<Node>>| {
            found.unwrap_or_else(|error| {
                add_error(ctx, error);
                None
            })
        };
        Ok(found.into_iter().map(node).collect())
    }

    /// What is connected, in a stable order.
    #[graphql(guard = "CONNECTED", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn integrations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, 0 to 100; `first` then does not count.")]
        last: Option<i32>,
        #[graphql(desc = "The cursor of the row to end before.")] before: Option<String>,
    ) -> Result<IntegrationConnection> {
        let backward = (last, before.as_deref());
        let slice = Slice::new((first, after.as_deref()), backward, "integrations")?;
        let every = IntegrationId::from("*");
        Ok(slice.of(&every, Request::of(ctx).integrations()).into())
    }

    /// One integration; null for what does not exist or is hidden from the caller.
    #[graphql(guard = "CONNECTED")]
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    async fn integration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The integration's id.")] id: ID,
    ) -> Result<Option<Integration>> {
        match ObjectId::decode(&id)? {
            ObjectId::Integration(id) => Ok(Request::of(ctx).find(&id)),
            _ => Ok(None),
        }
    }

    /// People, over every integration that the caller may read or over those named, one organization after
    /// the other. An organization that cannot be read is an error beside the others' rows.
    #[graphql(guard = "DIRECTORY", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which people.")] filter: Option<UserFilter>,
        #[graphql(desc = "In what order inside each organization; Atlassian's own without.")]
        order_by: Option<UserOrder>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<UserConnection> {
        let chosen = Request::of(ctx).chosen(integrations.as_deref())?;
        lists::users(ctx, &chosen, (filter, order_by), (first, after)).await.map(Into::into)
    }

    /// One person by account id; null where the organization does not know the account.
    #[graphql(guard = "DIRECTORY")]
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The integration's id.")] integration: ID,
        #[graphql(desc = "Atlassian's id of the account.")] account_id: String,
    ) -> Result<Option<User>> {
        let request = Request::of(ctx);
        let ObjectId::Integration(id) = ObjectId::decode(&integration)? else { return Ok(None) };
        let Some(integration) = request.find(&id) else { return Ok(None) };
        let is_possible = (1..=128).contains(&account_id.len())
            && account_id.chars().all(|c| c.is_ascii_alphanumeric() || "_:-|".contains(c));
        if !is_possible {
            return Err(ApiError::BadUserInput(
                "`accountId` is no account id: 1 to 128 letters, digits and _ : - |".into(),
            ));
        }
        let expand = selection::user(&ctx.look_ahead());
        let key = UserKey { integration: id, account: account_id.into(), expand };
        let row = request.load(key).await?;
        Ok(row.map(|row| User::new(&integration, &row)))
    }

    /// The people with an e-mail address, in each organization. Several addresses in one query cost one
    /// upstream call an organization for 100.
    #[graphql(guard = "DIRECTORY")]
    async fn users_by_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The whole address, in any case.")] email: String,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<Vec<User>> {
        let request = Request::of(ctx);
        let email = email.trim().to_lowercase();
        let is_possible =
            email.len() <= 320 && email.contains('@') && !email.chars().any(char::is_control);
        if !is_possible {
            return Err(ApiError::BadUserInput("`email` is no e-mail address".into()));
        }
        let chosen = request.chosen(integrations.as_deref())?;
        let expand = selection::user(&ctx.look_ahead());
        let each = chosen.iter().map(async |integration| {
            let key = EmailKey {
                integration: integration.integration_id().clone(),
                email: email.clone(),
                expand,
            };
            (integration, request.load_by_email(key).await)
        });
        let mut users = Vec::new();
        for (integration, rows) in futures_util::future::join_all(each).await {
            match rows {
                Ok(rows) => users.extend(rows.iter().map(|row| User::new(integration, row))),
                Err(error) => add_error(ctx, error),
            }
        }
        Ok(users)
    }

    /// Groups by name, one organization after the other.
    #[graphql(guard = "DIRECTORY", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which groups.")] filter: Option<GroupFilter>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<GroupConnection> {
        let chosen = Request::of(ctx).chosen(integrations.as_deref())?;
        lists::groups(ctx, &chosen, filter, (first, after)).await.map(Into::into)
    }

    /// The product instances of every organization.
    #[graphql(guard = "DIRECTORY")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<Vec<Product>> {
        let chosen = Request::of(ctx).chosen(integrations.as_deref())?;
        let each = chosen.iter().map(|integration| lists::products(ctx, integration));
        let mut products = Vec::new();
        for found in futures_util::future::join_all(each).await {
            match found {
                Ok(found) => products.extend(found),
                Err(error) => add_error(ctx, error),
            }
        }
        Ok(products)
    }

    /// The audit logs, newest first in each organization, one organization after the other. Ten upstream
    /// calls a minute and organization; needs Atlassian Guard or an Enterprise plan.
    #[graphql(guard = "ACTIVITY", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which events.")] filter: Option<ActivityFilter>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<ActivityEventConnection> {
        let chosen = Request::of(ctx).chosen(integrations.as_deref())?;
        let filter = filter.unwrap_or_default().into_domain()?;
        activity::page(ctx, &chosen, filter, (first, after)).await.map(Into::into)
    }

    /// The record of changes that this program was asked for, newest first; refused ones too. A caller sees those of the
    /// integrations that they may see; those of no integration only if they may see every one. No upstream call.
    #[graphql(guard = "AUDIT", complexity = "complexity(first, child_complexity)")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which entries.")] filter: Option<AuditFilter>,
    ) -> Result<AuditEntryConnection> {
        audit_log::page(ctx, filter, (first, after)).await.map(Into::into)
    }

    /// What this query costs, and what Atlassian says of its own limits.
    #[graphql(guard = "CONNECTED")]
    async fn rate_limit(&self) -> RateLimit {
        RateLimit
    }
}
