use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Subcommand;
use futures_util::StreamExt;
use tracing::error;

use super::Common;
use crate::{
    app::{build::open_store, output::say},
    audit::Audit,
};

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Look whether every row is as it was written, and whether one is missing. Fails where one is not.
    Verify {
        /// What an earlier look told as the head, and was noted elsewhere: fails where the record does not hold it any
        /// more, as after the whole file was put back to an older copy.
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<String>,
    },
    /// Write every row as a line of JSON, oldest first, with its place in the chain.
    Export {
        /// The file to write, over one that is there. Standard output without it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(super) async fn run(task: Task, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(common.sources())?;
    let store = open_store(&settings).await?;
    let audit = Audit::open(store.clone()).await?;
    let outcome = match task {
        Task::Verify { head } => verify(&audit, head.as_deref()).await,
        Task::Export { out } => export(&audit, out.as_deref()).await,
    };
    store.close().await;
    outcome
}

async fn verify(audit: &Audit, noted: Option<&str>) -> anyhow::Result<ExitCode> {
    let found = audit.verify().await?;
    if let Some(broken) = found.broken {
        say(&format!("Row {} of the record of changes: {}.", broken.sequence, broken.what))?;
        say(&format!("{} rows before it are as they were written.", found.rows))?;
        return Ok(ExitCode::FAILURE);
    }
    say(&format!("{} rows, all as they were written.", found.rows))?;
    say(&format!("Head: {}", found.head))?;
    match noted {
        Some(noted) if !audit.holds(noted).await? => {
            say(&format!(
                "The record does not hold the head {noted}: it is an older copy, or another one."
            ))?;
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

async fn export(audit: &Audit, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut lines = match out {
        Some(path) => {
            Some(created(path).with_context(|| format!("cannot write {}", path.display()))?)
        }
        None => None,
    };
    let mut left_out = 0_u64;
    let mut rows = pin!(audit.export());
    while let Some(row) = rows.next().await {
        match (row, &mut lines) {
            (Ok(row), Some(file)) => writeln!(file, "{row}")?,
            (Ok(row), None) => say(&row.to_string())?,
            (Err(error), _) => {
                left_out += 1;
                error!(%error, "Left a row out of the export");
            }
        }
    }
    if let Some(file) = &mut lines {
        file.flush()?;
    }
    if left_out > 0 {
        bail!(
            "{left_out} rows are left out because they cannot be read; `headcount audit verify` tells the first"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A file for this user only: who changed what is nobody else's business.
fn created(path: &Path) -> io::Result<BufWriter<std::fs::File>> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(BufWriter::new)
}
