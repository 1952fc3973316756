use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;

use super::Common;
use crate::{
    app::{build::connect, output::say},
    domain::IntegrationId,
    organizations,
    report::{self, Asked, Error, Report, Reports, Terminal},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Days without activity after which somebody counts as inactive.
    #[arg(long, value_name = "DAYS", default_value_t = Asked::INACTIVE_FOR_DAYS,
        value_parser = clap::value_parser!(u32).range(0..=i64::from(Asked::MOST_DAYS)))]
    inactive_for_days: u32,
    /// Only this integration, by its id; may be given several times.
    #[arg(long = "integration", value_name = "ID")]
    integrations: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave out e-mail addresses and names of people.
    #[arg(long)]
    mask: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// A page in one file, to be opened in a browser or printed.
    Html,
}

/// How often the progress of a reading is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Letters in a line where nobody says otherwise.
const PLAIN_WIDTH: u16 = 100;

pub(super) async fn run(arguments: Arguments, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(common.sources())?;
    let connections = connect(&settings).await?;
    let reports = Reports::new(connections.organizations.clone(), LOOK);
    let asked = Asked {
        inactive_for_days: arguments.inactive_for_days,
        integrations: arguments.integrations.iter().map(|id| id.as_str().into()).collect(),
        with_names: !arguments.mask,
    };
    let report = made(&reports, &asked).await;
    connections.store.close().await;
    let report = report?;
    let text = match arguments.format {
        Format::Html => report::html(&report),
        Format::Text => report::text(&report, terminal(arguments.out.as_deref(), common)),
    };
    match &arguments.out {
        Some(path) => {
            write(&text, path)?;
            say(&format!("Wrote {} ({} bytes).", path.display(), text.len()))?;
        }
        None => say(text.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for organizations that are still being read, however long it takes.
async fn made(reports: &Reports, asked: &Asked) -> anyhow::Result<Report> {
    let bar = bar();
    let outcome = loop {
        let failed = match reports.read(asked.clone(), |_| true).await {
            Err(Error::Unavailable(failed)) => failed,
            outcome => break outcome.map_err(|error| anyhow!(error)),
        };
        let running = failed.iter().filter_map(|(_, error)| match error {
            organizations::Error::ScanRunning(progress) => Some(progress),
            _ => None,
        });
        let (read, expected) = running.fold((0, 0), |(read, expected), progress| {
            (read + progress.read, expected + progress.expected)
        });
        if failed.iter().all(|(_, error)| !matches!(error, organizations::Error::ScanRunning(_))) {
            break Err(anyhow!(reasons(&failed)));
        }
        bar.set_message("Reading Atlassian");
        bar.set_length(expected);
        bar.set_position(read);
    };
    bar.finish_and_clear();
    outcome
}

fn reasons(failed: &[(IntegrationId, organizations::Error)]) -> String {
    let reasons: Vec<String> = failed.iter().map(|(id, error)| format!("{id}: {error}")).collect();
    format!("no organization can be read ({})", reasons.join("; "))
}

/// The width and the colours of the terminal, where it is written to one.
fn terminal(out: Option<&Path>, common: Common<'_>) -> Terminal {
    let screen = Term::stdout();
    if out.is_some() || !std::io::stdout().is_terminal() {
        return Terminal { width: PLAIN_WIDTH, has_colours: false };
    }
    let set = |name: &str| common.environment.iter().find(|(known, _)| known == name);
    // no-color.org: set to anything but nothing.
    let is_unwanted = set("NO_COLOR").is_some_and(|(_, value)| !value.is_empty());
    let has_colours = !is_unwanted && set("TERM").is_none_or(|(_, value)| value != "dumb");
    let width = screen.size_checked().map_or(PLAIN_WIDTH, |(_, columns)| columns);
    Terminal { width, has_colours }
}

/// To a file beside the wanted one first, so that nobody finds half of it.
fn write(text: &str, out: &Path) -> anyhow::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let cannot = || format!("cannot write {}", out.display());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(out).with_context(cannot)?;
    Ok(())
}

/// On standard error, and only where somebody looks.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({elapsed})");
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
