use std::collections::BTreeSet;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use secrecy::ExposeSecret;

use super::{
    connection::{FeedTokenConnection, Slice},
    enums::UserErrorCode,
    error::{ApiError, Result},
    feed_token::{FeedToken, FeedTokenState},
    guard::INTEGRATIONS,
    id::{self, ObjectId},
    recorded::{Outcome, recorded, recorded_as},
    request::Request,
    scalars::DateTime,
    user_error::UserError,
};
use crate::{
    audit::{self, Action, Asked, Ended},
    auth::{FeedTokenDraft, FeedTokenError},
    domain::{FeedTokenId, IntegrationId},
};

/// A new feed token.
#[derive(InputObject)]
pub struct CreateFeedTokenInput {
    /// What to call it, 1 to 100 characters.
    name: String,
    /// The tables that can be read with it, by name; `GET /feeds` lists them.
    #[graphql(default)]
    tables: Vec<String>,
    /// The saved queries that can be run with it, by name; `GET /queries` lists them. One that runs with more
    /// than `licenses:read` needs `showsPersonalData`.
    #[graphql(default)]
    queries: Vec<String>,
    /// The integrations whose rows it shows; left out for all, those that come later too.
    integrations: Option<Vec<ID>>,
    /// Whether e-mail addresses and names of people are shown.
    #[graphql(default_with = "Some(false)")]
    shows_personal_data: Option<bool>,
    /// Whether it is accepted as `?key=` in the address of a CSV file, where logs and histories may keep it. For spreadsheets
    /// that can send no header.
    #[graphql(default_with = "Some(false)")]
    is_accepted_in_url: Option<bool>,
    /// When it ends; left out for the longest lifetime that the operator allows, a year unless configured otherwise.
    expires_at: Option<DateTime>,
    /// Given back as it came.
    client_mutation_id: Option<String>,
}

/// Which feed token to end.
#[derive(InputObject)]
pub struct RevokeFeedTokenInput {
    /// Which feed token.
    id: ID,
    /// Given back as it came.
    client_mutation_id: Option<String>,
}

/// The new feed token with its secret, or why there is none.
#[derive(SimpleObject)]
pub struct CreateFeedTokenPayload {
    /// The new feed token.
    feed_token: Option<FeedToken>,
    /// What the tool sends, as `Authorization: Bearer` or as the password of HTTP Basic. Told this once; only its hash is kept.
    secret: Option<String>,
    /// Why nothing was made; empty where it was.
    user_errors: Vec<UserError>,
    /// As it came.
    client_mutation_id: Option<String>,
}

/// The feed token as it is now, or why it was not revoked.
#[derive(SimpleObject)]
pub struct RevokeFeedTokenPayload {
    /// The feed token as it is now.
    feed_token: Option<FeedToken>,
    /// Why nothing was changed; empty where it was.
    user_errors: Vec<UserError>,
    /// As it came.
    client_mutation_id: Option<String>,
}

/// What is asked about feed tokens.
#[derive(Default)]
pub struct FeedTokenQuery;

#[Object]
impl FeedTokenQuery {
    /// The feed tokens whose integrations the caller may all see, the newest first; those that cannot be used any more too.
    /// Needs `MANAGE_INTEGRATIONS`.
    #[graphql(guard = "INTEGRATIONS")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn feed_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, 0 to 100; `first` then does not count.")]
        last: Option<i32>,
        #[graphql(desc = "The cursor of the row to end before.")] before: Option<String>,
        #[graphql(desc = "Only in this state.")] state: Option<FeedTokenState>,
    ) -> Result<FeedTokenConnection> {
        let request = Request::of(ctx);
        let about = ("feedTokens", format!("{state:?}"));
        let slice = Slice::new((first, after.as_deref()), (last, before.as_deref()), about)?;
        let wanted = state.map(Into::into);
        let now = request.demand.now;
        let tokens = request.feed_tokens.visible_to(&request.caller.integrations).await?;
        let rows = tokens
            .into_iter()
            .filter(|token| wanted.is_none_or(|wanted| token.state(now) == wanted))
            .map(|token| FeedToken::new(request, token));
        Ok(slice.of(&IntegrationId::from("*"), rows.collect()).into())
    }
}

/// Making and ending feed tokens.
#[derive(Default)]
pub struct FeedTokenMutation;

#[Object]
impl FeedTokenMutation {
    /// Makes a static secret for a tool that pulls tables or saved queries on a schedule. It opens at most what the caller may
    /// see. Needs `MANAGE_INTEGRATIONS`, and the permissions that the tables and queries need.
    async fn create_feed_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new feed token.")] input: CreateFeedTokenInput,
    ) -> Result<CreateFeedTokenPayload> {
        let request = Request::of(ctx);
        let client_mutation_id = input.client_mutation_id.clone();
        let asked = request.asked(Action::CreateFeedToken);
        let work = async {
            INTEGRATIONS.met_by(&request.caller)?;
            create(request, input).await
        };
        let made = recorded_as(request, asked, work, |(token, _)| Ended {
            target: Some(token.token_id().to_string()),
            ..Ended::as_outcome(audit::Outcome::Succeeded)
        });
        let (feed_token, secret, user_errors) = match made.await? {
            Ok((token, secret)) => (Some(token), Some(secret), Vec::new()),
            Err(errors) => (None, None, errors),
        };
        Ok(CreateFeedTokenPayload { feed_token, secret, user_errors, client_mutation_id })
    }

    /// Ends a feed token for good, from the next request on. Needs `MANAGE_INTEGRATIONS`.
    async fn revoke_feed_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which feed token to end.")] input: RevokeFeedTokenInput,
    ) -> Result<RevokeFeedTokenPayload> {
        let request = Request::of(ctx);
        let named = match ObjectId::decode(&input.id) {
            Ok(ObjectId::FeedToken(id)) => Some(id),
            _ => None,
        };
        // Only an id that exists stands in a record that others read: whoever asks chooses the text of any other.
        let known = match &named {
            Some(id) => request.feed_tokens.find(id, &request.caller.integrations).await?,
            None => None,
        };
        let target = known.map(|token| token.id.to_string());
        let asked = Asked { target, ..request.asked(Action::RevokeFeedToken) };
        let revoked = recorded(request, asked, async {
            INTEGRATIONS.met_by(&request.caller)?;
            revoke(request, named).await
        });
        let (feed_token, user_errors) = match revoked.await? {
            Ok(token) => (Some(token), Vec::new()),
            Err(errors) => (None, errors),
        };
        let client_mutation_id = input.client_mutation_id;
        Ok(RevokeFeedTokenPayload { feed_token, user_errors, client_mutation_id })
    }
}

async fn create(
    request: &Request,
    input: CreateFeedTokenInput,
) -> Result<Outcome<(FeedToken, String)>> {
    let integrations = match input.integrations.as_deref().map(|ids| chosen(request, ids)) {
        Some(Err(error)) => return Ok(Err(vec![error])),
        Some(Ok(ids)) => Some(ids),
        None => None,
    };
    let draft = FeedTokenDraft {
        name: input.name,
        tables: input.tables,
        queries: input.queries,
        integrations,
        shows_personal_data: input.shows_personal_data.unwrap_or_default(),
        is_accepted_in_url: input.is_accepted_in_url.unwrap_or_default(),
        expires_at: input.expires_at.map(|at| at.0),
    };
    let made = request.feed_tokens.create(draft, &request.caller, request.demand.now).await;
    match made {
        Ok((token, secret)) => {
            tracing::info!(feed_token.id = %token.id, "Made the feed token {}", token.id);
            let secret = secret.expose_secret().to_owned();
            Ok(Ok((FeedToken::new(request, token), secret)))
        }
        Err(error) => Ok(Err(vec![refusal(error)?])),
    }
}

fn chosen(
    request: &Request,
    ids: &[ID],
) -> std::result::Result<BTreeSet<IntegrationId>, UserError> {
    let missing = || {
        UserError::new(UserErrorCode::NotFound, "there is no such integration")
            .at(&["input", "integrations"])
    };
    let ids = id::integrations(ids).map_err(|_| missing())?;
    let is_known = |id: &IntegrationId| request.find(id).is_some();
    if ids.iter().all(is_known) { Ok(ids.into_iter().collect()) } else { Err(missing()) }
}

async fn revoke(request: &Request, named: Option<FeedTokenId>) -> Result<Outcome<FeedToken>> {
    let (tokens, scope) = (&request.feed_tokens, &request.caller.integrations);
    let revoked = match named {
        Some(id) => tokens.revoke(&id, scope, request.demand.now).await?,
        None => None,
    };
    Ok(match revoked {
        Some(token) => {
            tracing::info!(feed_token.id = %token.id, "Revoked the feed token {}", token.id);
            Ok(FeedToken::new(request, token))
        }
        None => Err(vec![
            UserError::new(UserErrorCode::NotFound, "there is no such feed token")
                .at(&["input", "id"]),
        ]),
    })
}

/// What the caller can do something about is told in the payload; the rest is an error.
fn refusal(error: FeedTokenError) -> Result<UserError> {
    let message = error.to_string();
    let (code, field) = match error {
        FeedTokenError::Invalid { field, .. } => (UserErrorCode::InvalidInput, field),
        FeedTokenError::Forbidden { field, .. } => (UserErrorCode::Forbidden, field),
        FeedTokenError::TooWide => (UserErrorCode::Forbidden, "integrations"),
        FeedTokenError::UnknownIntegration(_) => (UserErrorCode::NotFound, "integrations"),
        FeedTokenError::Store(_) => return Err(ApiError::from(error)),
    };
    Ok(UserError::new(code, message).at(&["input", member(field)]))
}

/// The name in the schema of a member of the draft.
fn member(field: &'static str) -> &'static str {
    match field {
        "shows_personal_data" => "showsPersonalData",
        "expires_at" => "expiresAt",
        other => other,
    }
}
