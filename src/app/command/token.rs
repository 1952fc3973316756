use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use jiff::SignedDuration;

use super::{Common, print};
use crate::{
    app::clock::now,
    auth::{IntegrationScope, MintRequest, Permission, mint},
    domain::IntegrationId,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Who it is for: stands in the record of changes.
    #[arg(long)]
    subject: String,
    /// A permission, such as `directory:read`; once for each.
    #[arg(long = "permission", value_name = "WORD", required = true)]
    permissions: Vec<String>,
    /// The id of an integration that the caller may see; once for each. `*` for all, also those to come.
    #[arg(long = "integration", value_name = "ID", required = true)]
    integrations: Vec<String>,
    /// How long it is good for.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    expires_in: SignedDuration,
}

pub(super) fn run(arguments: &Arguments, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(common.sources())?;
    let permissions = arguments
        .permissions
        .iter()
        .map(|word| {
            Permission::from_word(word).with_context(|| {
                let known: Vec<_> = Permission::ALL.iter().map(|known| known.word()).collect();
                format!("--permission: `{word}` is unknown; there are {}", known.join(", "))
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let lifetime = Duration::try_from(arguments.expires_in).unwrap_or_default();
    if lifetime.is_zero() {
        bail!("--expires-in: give a time above zero, such as `8h`");
    }
    let request = MintRequest {
        subject: arguments.subject.clone(),
        permissions,
        integrations: scope(&arguments.integrations)?,
        lifetime,
    };
    print(&mint(&settings.auth.settings(), &request, now())?)
}

fn scope(ids: &[String]) -> anyhow::Result<IntegrationScope> {
    if ids.iter().any(|id| id == "*") {
        if ids.len() > 1 {
            bail!("--integration: `*` is all of them; leave the others out");
        }
        return Ok(IntegrationScope::All);
    }
    Ok(IntegrationScope::Only(ids.iter().map(|id| IntegrationId::from(id.as_str())).collect()))
}
