//! The commands, a file each, and what they have in common.

mod audit;
mod check;
mod demo;
mod export;
mod feed_token;
mod healthcheck;
mod integration;
mod recorded;
mod report;
mod serve;
mod simulator;
mod token;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use tracing::warn;

use super::output::say;
use crate::{
    config::{LogFormat, Settings, Sources, default_file},
    graphql, telemetry,
};

/// One GraphQL endpoint over all of a company's Atlassian organizations.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, arg_required_else_help = true)]
pub struct Command {
    /// The file of settings. Without it the environment alone counts.
    #[arg(long, global = true, env = "HEADCOUNT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the gateway.
    Serve(serve::Arguments),
    /// Run the gateway beside a simulated Atlassian: everything to try it with, nothing to set up.
    Demo(demo::Arguments),
    /// Run the simulated Atlassian alone.
    Simulator(simulator::Arguments),
    /// Check the settings, and what each integration's credentials can do.
    Check,
    /// Print the schema (SDL).
    Schema,
    /// Print every setting with its default, as a commented file.
    Settings,
    /// Write a table of the feeds to a file, for a job that runs by the clock.
    Export(export::Arguments),
    /// Show what licences are paid, used and needed, and whose seat can be taken back.
    Report(report::Arguments),
    /// Make a caller's token, for a set-up with a shared secret.
    Token(token::Arguments),
    /// Connect, list, test and remove integrations without a client.
    #[command(subcommand)]
    Integration(integration::Task),
    /// Make, list and revoke the static secrets of tools that pull tables.
    #[command(subcommand)]
    FeedToken(feed_token::Task),
    /// Verify and export the record of changes.
    #[command(subcommand)]
    Audit(audit::Task),
    /// Ask the gateway of these settings whether it lives; for container images.
    Healthcheck,
}

impl Command {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// What is to be said on standard error. A failed check has said it already, and ends with an exit code of 1.
    pub async fn run(self, environment: &[(String, String)]) -> anyhow::Result<ExitCode> {
        let common = Common { config: self.config.as_deref(), environment };
        match self.task {
            Task::Serve(arguments) => serve::run(&arguments, common).await,
            Task::Demo(arguments) => demo::run(arguments, common).await,
            Task::Simulator(arguments) => simulator::run(&arguments).await,
            Task::Check => check::run(common).await,
            Task::Schema => print(&graphql::sdl()),
            Task::Settings => print(&default_file()),
            Task::Export(arguments) => export::run(arguments, common).await,
            Task::Report(arguments) => report::run(arguments, common).await,
            Task::Token(arguments) => token::run(&arguments, common),
            Task::Integration(task) => integration::run(task, common).await,
            Task::FeedToken(task) => feed_token::run(task, common).await,
            Task::Audit(task) => audit::run(task, common).await,
            Task::Healthcheck => healthcheck::run(common).await,
        }
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    say(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// What commands with settings have in common.
#[derive(Clone, Copy)]
struct Common<'a> {
    config: Option<&'a Path>,
    environment: &'a [(String, String)],
}

impl<'a> Common<'a> {
    fn sources(self) -> Sources<'a> {
        Sources { file: self.config, environment: self.environment, listen: None }
    }

    /// The settings, with the log going as they say.
    fn settings(self, sources: Sources<'_>) -> anyhow::Result<Settings> {
        let settings = Settings::load(sources)?;
        start_log(&settings)?;
        for key in self.config.map(Settings::secrets_in).unwrap_or_default() {
            warn!(
                setting = key,
                "The secret {key} stands in the file of settings; better give it by file or environment"
            );
        }
        Ok(settings)
    }
}

fn start_log(settings: &Settings) -> anyhow::Result<()> {
    let format = match settings.log.format {
        LogFormat::Json => telemetry::Format::Json,
        LogFormat::Text => telemetry::Format::Text,
    };
    Ok(telemetry::log(format, &settings.log.level)?)
}
