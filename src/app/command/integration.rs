use std::{
    io::{self, BufRead},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use secrecy::SecretString;

use super::{
    Common,
    check::{report, word},
    recorded::asked,
};
use crate::{
    app::{
        build::{Connections, connect},
        clock::now,
        output::say,
    },
    audit::{Action, Asked, Outcome},
    domain::IntegrationId,
    integrations::{self, CredentialsDraft, Integration, IntegrationDraft, Origin},
};

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Connect an organization and site. The secrets come from files or from standard input, never from arguments.
    Add(Box<Add>),
    /// List what is connected, with the last test's result.
    List,
    /// Test the credentials of one integration, or of all, and keep the result.
    Test {
        /// The integration's id.
        id: Option<String>,
    },
    /// Disconnect an integration, with its secrets.
    Remove {
        /// The integration's id.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What callers see.
    #[arg(long)]
    label: String,
    /// The e-mail address of the admin whose API token it is.
    #[arg(long)]
    admin_email: String,
    /// The site's address, such as `https://acme.atlassian.net`.
    #[arg(long)]
    admin_url: String,
    /// The organization's id, from the address of the admin console.
    #[arg(long)]
    organization_id: String,
    /// A file that holds the API token. Without it: a line of standard input.
    #[arg(long, value_name = "FILE")]
    api_token_file: Option<PathBuf>,
    /// A file that holds the organization API key. Without it: a line of standard input, after the token's.
    #[arg(long, value_name = "FILE")]
    organization_api_key_file: Option<PathBuf>,
    /// The last day of the organization API key.
    #[arg(long, value_name = "DATE")]
    api_key_expires_on: Option<Date>,
    /// The last day of the API token.
    #[arg(long, value_name = "DATE")]
    api_token_expires_on: Option<Date>,
    /// People may only be looked at through it: whoever asks, none is deleted, suspended or changed otherwise.
    #[arg(long)]
    read_only: bool,
}

pub(super) async fn run(task: Task, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(common.sources())?;
    let connections = connect(&settings).await?;
    let outcome = match task {
        Task::Add(add) => connections.add(*add).await,
        Task::List => connections.list(),
        Task::Test { id } => connections.test_some(id).await,
        Task::Remove { id } => connections.remove(id).await,
    };
    connections.store.close().await;
    outcome
}

impl Connections {
    async fn add(&self, add: Add) -> anyhow::Result<ExitCode> {
        let mut lines = io::stdin().lock();
        let api_token = secret(add.api_token_file.as_deref(), "the API token", &mut lines)?;
        let organization_api_key = secret(
            add.organization_api_key_file.as_deref(),
            "the organization API key",
            &mut lines,
        )?;
        let draft = IntegrationDraft {
            label: add.label,
            credentials: CredentialsDraft {
                admin_email: add.admin_email,
                api_token,
                admin_url: add.admin_url,
                organization_id: add.organization_id,
                organization_api_key,
            },
            api_key_expires_on: add.api_key_expires_on,
            api_token_expires_on: add.api_token_expires_on,
            is_read_only: add.read_only,
        };
        let created = self.integrations.create(draft, now());
        let done = |made: &Arc<Integration>| made.id.to_string();
        let asked = asked(Action::CreateIntegration);
        let integration = self.recorded(asked, created, done, not_done).await?;
        say(&format!("Connected {} as {}.", integration.label, integration.id))?;
        self.test_each(&[integration]).await
    }

    fn list(&self) -> anyhow::Result<ExitCode> {
        let integrations = self.integrations.all();
        let width = integrations.iter().map(|one| one.id.as_str().len()).max().unwrap_or_default();
        for one in integrations.iter() {
            let origin = match one.origin {
                Origin::Declared => "settings",
                Origin::Stored => "store",
            };
            let site = one.credentials.admin_url.as_str().trim_end_matches('/');
            let status = word(one.status());
            say(&format!(
                "{:<width$}  {status:<10}  {origin:<8}  {}  {site}",
                one.id.as_str(),
                one.label
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn test_some(&self, id: Option<String>) -> anyhow::Result<ExitCode> {
        let Some(id) = id else {
            return self.test_each(&self.integrations.all()).await;
        };
        match self.integrations.find(&IntegrationId::from(id.as_str())) {
            Some(integration) => self.test_each(&[integration]).await,
            None => {
                bail!("there is no integration `{id}`; `headcount integration list` shows them")
            }
        }
    }

    async fn test_each(&self, integrations: &[Arc<Integration>]) -> anyhow::Result<ExitCode> {
        let mut is_well = true;
        for integration in integrations {
            let tested = self.test(integration).await?;
            is_well &= report(&tested, &tested.checks)?;
        }
        Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn remove(&self, id: String) -> anyhow::Result<ExitCode> {
        let named = IntegrationId::from(id.as_str());
        let integration = self.integrations.find(&named).map(|found| found.id.clone());
        let asked = Asked { integration, ..asked(Action::DeleteIntegration) };
        let done = |removed: &Arc<Integration>| removed.id.to_string();
        let removed = self
            .recorded(asked, self.integrations.remove(&named), done, not_done)
            .await
            .with_context(|| format!("cannot remove `{id}`"))?;
        say(&format!(
            "Disconnected {} ({id}); its secrets are gone from the store.",
            removed.label
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What the store fails at is a failure; the rest is refused.
fn not_done(error: &integrations::Error) -> Outcome {
    match error {
        integrations::Error::Store(_) => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

fn secret(
    file: Option<&Path>,
    what: &str,
    lines: &mut impl BufRead,
) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    if let Some(path) = file {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {} for {what}", path.display()))?;
    } else {
        lines
            .read_line(&mut text)
            .with_context(|| format!("cannot read {what} from standard input"))?;
    }
    if text.trim().is_empty() {
        bail!("{what} is missing: name its file, or write it as a line to standard input");
    }
    Ok(text.trim().into())
}
