use std::process::ExitCode;

use super::Common;
use crate::{
    app::{
        build::{connect, gateway},
        output::say,
    },
    auth::Verifier,
    domain::{CheckOutcome, IntegrationCheck, IntegrationStatus},
    integrations::Integration,
    queries::Queries,
};

pub(super) async fn run(common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(common.sources())?;
    Verifier::new(settings.auth.settings()).await?;
    let connections = connect(&settings).await?;
    let gateway = gateway(&connections, &settings);
    Queries::open(settings.queries.folder.as_deref(), &gateway).await?;
    say("The settings are in order.")?;
    let integrations = connections.integrations.all();
    if integrations.is_empty() {
        say("No integration is connected yet: use `headcount integration add`, or the API.")?;
    }
    let mut is_well = true;
    for integration in integrations.iter() {
        let checks = connections.organizations.test(&integration.credentials).await;
        is_well &= report(integration, &checks)?;
    }
    connections.store.close().await;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what a test found. Answers whether the organization can be read.
pub(super) fn report(
    integration: &Integration,
    checks: &[IntegrationCheck],
) -> anyhow::Result<bool> {
    let status = IntegrationStatus::of(checks);
    say(&format!(
        "\n{}  {}  {}  {}",
        integration.id,
        integration.label,
        integration.credentials.admin_url.as_str().trim_end_matches('/'),
        word(status),
    ))?;
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    for check in checks {
        let outcome = match check.outcome {
            CheckOutcome::Passed => "passed",
            CheckOutcome::Warning => "warning",
            CheckOutcome::Failed => "FAILED",
            CheckOutcome::Skipped => "skipped",
        };
        say(&format!("  {outcome:<8}{:<width$}  {}", check.name, check.message))?;
        if let Some(remedy) = &check.remedy {
            say(&format!("  {:<8}{:<width$}  remedy: {remedy}", "", ""))?;
        }
    }
    Ok(status != IntegrationStatus::Failed)
}

pub(super) fn word(status: IntegrationStatus) -> &'static str {
    match status {
        IntegrationStatus::Connected => "CONNECTED",
        IntegrationStatus::Degraded => "DEGRADED",
        IntegrationStatus::Failed => "FAILED",
        IntegrationStatus::Unverified => "UNVERIFIED",
    }
}
