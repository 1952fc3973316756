use std::{collections::BTreeSet, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::{
    Common,
    recorded::{CALLER, asked},
};
use crate::{
    app::{
        build::{Connections, connect},
        clock::now,
        output::say,
    },
    audit::{Action, Asked, Outcome},
    auth::{Caller, FeedTokenDraft, FeedTokenError, IntegrationScope, PermissionSet},
    domain::{FeedToken, FeedTokenId, FeedTokenState, IntegrationId},
};

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Make a feed token. Its secret goes to standard output, this once; only its hash is kept.
    Create(Create),
    /// List the feed tokens with what they open, the newest first.
    List,
    /// End a feed token for good.
    Revoke {
        /// The feed token's id, as `list` shows it.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What to call it, such as the tool and its owner.
    #[arg(long)]
    name: String,
    /// A table that can be read with it; once for each. `docs/feeds.md` lists them.
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
    /// A saved query that can be run with it; once for each. One that runs with more than `licenses:read` needs `--personal-data`.
    #[arg(long = "query", value_name = "QUERY")]
    queries: Vec<String>,
    /// The id of an integration whose rows it shows; once for each. Without: all, also those to come.
    #[arg(long = "integration", value_name = "ID")]
    integrations: Vec<String>,
    /// Show e-mail addresses and names of people.
    #[arg(long)]
    personal_data: bool,
    /// Accept it as `?key=` in the address of a CSV file, where logs and histories may keep it.
    #[arg(long)]
    in_url: bool,
    /// How long it is good for, such as `720h`. Without: as long as `feeds.token_days` allows.
    #[arg(long, value_name = "TIME")]
    expires_in: Option<SignedDuration>,
}

pub(super) async fn run(task: Task, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(common.sources())?;
    let connections = connect(&settings).await?;
    let outcome = match task {
        Task::Create(create) => connections.create_feed_token(create).await,
        Task::List => connections.list_feed_tokens().await,
        Task::Revoke { id } => connections.revoke_feed_token(&id).await,
    };
    connections.store.close().await;
    outcome
}

impl Connections {
    async fn create_feed_token(&self, create: Create) -> anyhow::Result<ExitCode> {
        let ids = create.integrations.iter().map(|id| IntegrationId::from(id.as_str()));
        let integrations: BTreeSet<IntegrationId> = ids.collect();
        if let Some(unknown) = integrations.iter().find(|id| self.integrations.find(id).is_none()) {
            bail!("there is no integration `{unknown}`; `headcount integration list` shows them");
        }
        let now = now();
        let end = create.expires_in.map(|time| now.checked_add(time)).transpose();
        let draft = FeedTokenDraft {
            name: create.name,
            tables: create.tables,
            queries: create.queries,
            integrations: (!integrations.is_empty()).then_some(integrations),
            shows_personal_data: create.personal_data,
            is_accepted_in_url: create.in_url,
            expires_at: end.context("--expires-in: that is beyond all calendars")?,
        };
        let operator = operator();
        let work = self.feed_tokens.create(draft, &operator, now);
        let done = |(token, _): &(FeedToken, _)| token.id.to_string();
        let made = self.recorded(asked(Action::CreateFeedToken), work, done, not_done);
        let (token, secret) = made.await?;
        tracing::info!(
            feed_token.id = %token.id,
            "Made the feed token {}, good until {}", token.id, token.expires_at
        );
        say(secret.expose_secret())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn list_feed_tokens(&self) -> anyhow::Result<ExitCode> {
        let now = now();
        for token in self.feed_tokens.visible_to(&IntegrationScope::All).await? {
            say(&line(&token, token.state(now)))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn revoke_feed_token(&self, id: &str) -> anyhow::Result<ExitCode> {
        let (id, everything) = (FeedTokenId::from(id), IntegrationScope::All);
        let known = self.feed_tokens.find(&id, &everything).await?;
        if known.is_none() {
            bail!("there is no feed token `{id}`; `headcount feed-token list` shows them");
        }
        let wish = Asked { target: Some(id.to_string()), ..asked(Action::RevokeFeedToken) };
        let work = self.feed_tokens.revoke(&id, &everything, now());
        self.recorded(wish, work, |_| id.to_string(), not_done).await?;
        say(&format!("Revoked {id}; nothing can be read with it any more."))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Whoever can read the store's master key may do everything.
fn operator() -> Caller {
    Caller {
        subject: CALLER.to_owned(),
        permissions: PermissionSet::all(),
        integrations: IntegrationScope::All,
        expires_at: None,
    }
}

fn not_done(error: &FeedTokenError) -> Outcome {
    match error {
        FeedTokenError::Store(_) => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

fn line(token: &FeedToken, state: FeedTokenState) -> String {
    let state = match state {
        FeedTokenState::Active => "active",
        FeedTokenState::Expired => "expired",
        FeedTokenState::Revoked => "revoked",
    };
    let opens: Vec<&str> = token.tables.iter().chain(&token.queries).map(String::as_str).collect();
    let integrations = token.integrations.as_ref().map_or_else(
        || "*".to_owned(),
        |ids| ids.iter().map(IntegrationId::as_str).collect::<Vec<_>>().join(","),
    );
    let mut marks = String::new();
    if token.shows_personal_data {
        marks.push_str("  personal-data");
    }
    if token.is_accepted_in_url {
        marks.push_str("  in-url");
    }
    format!(
        "{}  {state:<7}  until {}  {}  {integrations}{marks}  {}",
        token.id,
        token.expires_at.strftime("%Y-%m-%d"),
        opens.join(","),
        token.name
    )
}
