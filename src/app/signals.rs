use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

/// Comes to its end with the first SIGINT or SIGTERM.
///
/// # Errors
/// The process cannot listen for signals.
pub(super) fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        info!(signal = name, "Received {name}");
    })
}
