use std::{
    borrow::Cow,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use futures_util::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;
use tokio::time::sleep;

use super::Common;
use crate::{
    app::{build::connect, output::say},
    feeds::{self, Error, Feed, FeedReader, FeedSettings, Feeds, Selection, Unavailable, format},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The table, such as `users`; `docs/feeds.md` lists them.
    table: String,
    /// What to write.
    #[arg(long, value_enum)]
    format: Format,
    /// Where to write it. What is there is replaced, when the new file is whole.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A parameter of the feed, such as `integration=acme` or `status=active`. May be given several times.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Begin CSV with a byte-order mark, which Excel needs to read UTF-8.
    #[arg(long)]
    bom: bool,
    /// Leave out e-mail addresses and names of people.
    #[arg(long)]
    mask: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
    Json,
    Parquet,
}

/// How often the progress of a reading is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// The pause between two looks where an organization cannot be read while others still are.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

pub(super) async fn run(arguments: Arguments, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let table = feeds::find(&arguments.table).ok_or_else(|| {
        let known: Vec<&str> = feeds::all().iter().map(|table| table.name).collect();
        anyhow!("there is no table `{}`; there are {}", arguments.table, known.join(", "))
    })?;
    let selection = Selection::parse(table, pairs(&arguments.parameters)?)?;
    let settings = common.settings(common.sources())?;
    let connections = connect(&settings).await?;
    let settings = FeedSettings { wait: LOOK, ..settings.feeds.settings() };
    let feeds = connections.feeds(settings);
    let reader = FeedReader { may_see_personal: !arguments.mask, ..FeedReader::operator() };
    let bar = bar();
    let feed = opened(&feeds, &reader, table, &selection, &bar).await;
    let written = match feed {
        Ok(feed) => write(&Arc::new(feed), &arguments, &bar).await,
        Err(error) => Err(error),
    };
    bar.finish_and_clear();
    connections.store.close().await;
    let bytes = written?;
    say(&format!("Wrote {} ({bytes} bytes).", arguments.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn pairs(given: &[String]) -> anyhow::Result<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').context("a parameter is written NAME=VALUE")?;
        Ok((Cow::Owned(name.to_owned()), Cow::Owned(value.to_owned())))
    };
    given.iter().map(|text| pair(text)).collect()
}

/// Waits for organizations that are still being read, however long it takes.
async fn opened(
    feeds: &Feeds,
    reader: &FeedReader,
    table: &'static feeds::Table,
    selection: &Selection,
    bar: &ProgressBar,
) -> anyhow::Result<Feed> {
    loop {
        let unavailable = match feeds.open(reader, table, selection.clone()).await {
            Err(Error::Unavailable(unavailable)) => unavailable,
            outcome => return Ok(outcome?),
        };
        let running: Vec<_> = unavailable.iter().filter_map(Unavailable::progress).collect();
        let has_failed = running.len() < unavailable.len();
        if has_failed && (running.is_empty() || !selection.is_partial) {
            bail!(reasons(&unavailable));
        }
        bar.set_message("Reading Atlassian");
        bar.set_length(running.iter().map(|progress| progress.expected).sum());
        bar.set_position(running.iter().map(|progress| progress.read).sum());
        if has_failed {
            // The next look asks those again that failed.
            sleep(AFTER_FAILURE).await;
        }
    }
}

fn reasons(unavailable: &[Unavailable]) -> String {
    let reason = |one: &Unavailable| format!("{}: {}", one.integration, one.error);
    let reasons: Vec<String> = unavailable.iter().map(reason).collect();
    format!(
        "not all organizations can be read ({}); `--parameter partial=true` leaves them out",
        reasons.join("; ")
    )
}

/// To a file beside the wanted one first, so that nobody finds half of it. Answers how many bytes it is.
async fn write(feed: &Arc<Feed>, arguments: &Arguments, bar: &ProgressBar) -> anyhow::Result<u64> {
    let out = &arguments.out;
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", out.display());
    let mut file = NamedTempFile::new_in(folder).with_context(cannot)?;
    bar.set_message(format!("Writing {}", feed.table.name));
    bar.set_length(feed.things() as u64);
    let mut bytes = 0;
    let mut chunks = std::pin::pin!(format::write(feed, arguments.format.of(arguments.bom)));
    while let Some(chunk) = chunks.try_next().await? {
        file.write_all(&chunk.bytes).with_context(cannot)?;
        bytes += chunk.bytes.len() as u64;
        bar.set_position(chunk.walked as u64);
    }
    for left_out in &feed.unavailable {
        tracing::warn!(
            integration.id = %left_out.integration,
            error = %left_out.error,
            "Left out an organization that cannot be read"
        );
    }
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(out).with_context(cannot)?;
    Ok(bytes)
}

impl Format {
    fn of(self, bom: bool) -> feeds::Format {
        match self {
            Self::Csv => feeds::Format::Csv { with_mark: bom },
            Self::Ndjson => feeds::Format::Ndjson,
            Self::Json => feeds::Format::Json,
            Self::Parquet => feeds::Format::Parquet,
        }
    }
}

/// On standard error, and only where somebody looks.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} ({elapsed})");
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
