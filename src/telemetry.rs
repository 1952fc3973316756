//! Logs and counters: how they are written and where they go.

use std::{io::IsTerminal, panic, sync::OnceLock};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// What a line of the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Why logs cannot be written as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The level is neither a level nor directives.
    #[error(
        "`{0}` is no log level: use error, warn, info, debug, trace or directives such as `info,headcount::http=debug`"
    )]
    Level(String),
}

/// Writes logs to standard error from now on, panics included. The first call in a process counts.
///
/// # Errors
/// A level that is none.
pub fn log(format: Format, level: &str) -> Result<(), Error> {
    let filter = EnvFilter::try_new(level).map_err(|_| Error::Level(level.to_owned()))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let outcome = match format {
        Format::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(true).with_span_list(false))
            .try_init(),
        Format::Text => registry
            .with(lines.with_ansi(std::io::stderr().is_terminal()).with_target(false))
            .try_init(),
    };
    // Tests and commands of one process share the first one.
    if outcome.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// A panic's own text may hold what was on its way, so it is told only where the source wrote it.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let message =
        info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text left out)");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(panic.location = place, "The gateway panicked: {message}");
}

/// Reads out what was counted.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The counters in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// The process' counters; counting begins with the first call. `None` where another recorder is in place.
#[must_use]
pub fn metrics() -> Option<Metrics> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    const BUCKETS: [f64; 11] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
    HANDLE
        .get_or_init(|| {
            PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
                .ok()?
                .install_recorder()
                .ok()
        })
        .clone()
        .map(Metrics)
}
