use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Common, simulator::Simulated, start_log};
use crate::app::{
    demo::{Demo, DemoOptions},
    output::say,
    signals,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    simulated: Simulated,
    /// Keep store and keys in this folder; by default a temporary one goes with the demonstration.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one line of JSON instead of the text, once ready.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let stop = signals::stop()?;
    let simulated = arguments.simulated;
    let options = DemoOptions {
        listen: simulated.listen,
        people: simulated.people,
        seed: simulated.seed,
        upstream_latency: simulated.latency(),
        data: arguments.data,
        settings: common.config.map(Path::to_owned),
    };
    let people = options.people;
    let progress = spinner(format!("Making up {people} people and connecting to them"));
    let demo = tokio::select! {
        started = Demo::start(options, common.environment) => started?,
        () = stop_early()? => return Ok(ExitCode::FAILURE),
    };
    progress.finish_and_clear();
    start_log(demo.settings())?;
    let description = demo.description()?;
    if arguments.json {
        say(&description.to_string())?;
    } else {
        say(&text(&description, people))?;
    }
    demo.serve(stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// A signal while the organizations are still being made.
fn stop_early() -> std::io::Result<impl Future<Output = ()>> {
    signals::stop()
}

/// On standard error, and only where somebody looks.
fn spinner(message: String) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
    let bar = ProgressBar::new_spinner().with_message(message);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

const PEOPLE: &str = "{ users(first: 5) { nodes { name status lastActiveAt platformRoles { name } \
     groups(first: 3) { nodes { name } } } } }";
const INACTIVE: &str = "{ users(first: 5, filter: {inactiveForDays: 90}, \
     orderBy: {field: LAST_ACTIVE_AT, direction: ASC}) { totalCount nodes { name lastActiveAt } } }";
const INTEGRATIONS: &str =
    "{ integrations { nodes { label status checks { name outcome message remedy } } } }";

fn text(description: &serde_json::Value, people: usize) -> String {
    let of = |pointer: &str| {
        description.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default()
    };
    let curl = |token: &str, query: &str| {
        let body = serde_json::json!({ "query": query });
        format!(
            "curl -s {} -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' -d '{body}'",
            of("/graphql"),
        )
    };
    let labels: Vec<&str> = description["integrations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|integration| integration["label"].as_str())
        .collect();
    let (reader, admin, limited) =
        (of("/tokens/reader"), of("/tokens/admin"), of("/tokens/limited"));
    format!(
        "Headcount is running, connected to a simulated Atlassian of {people} people.

  GraphiQL        {}
  GraphQL         {}
  Simulator       {}
  Integrations    {}

Tokens (good for a week)
  reader: directory, activity and licenses of all integrations
    {reader}
  admin: everything
    {admin}
  limited: everything, of `{}` only
    {limited}

Try
  # five people with roles, groups and last activity: one call upstream
  {}

  # who has not been active for 90 days, longest first
  {}

  # what is connected, and what each credential can do
  {}

Stop with Ctrl-C.",
        of("/graphiql"),
        of("/graphql"),
        of("/upstream"),
        labels.join(", "),
        labels.first().unwrap_or(&""),
        curl(reader, PEOPLE),
        curl(reader, INACTIVE),
        curl(admin, INTEGRATIONS),
    )
}
