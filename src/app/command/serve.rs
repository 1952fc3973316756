use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tracing::info;

use super::Common;
use crate::{
    app::{build, signals},
    config::Sources,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address and port to listen on, over `http.listen`.
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(arguments: &Arguments, common: Common<'_>) -> anyhow::Result<ExitCode> {
    let settings = common.settings(Sources { listen: arguments.listen, ..common.sources() })?;
    let app = build(&settings).await?;
    let listener = TcpListener::bind(settings.http.listen)
        .await
        .with_context(|| format!("http.listen: cannot listen on {}", settings.http.listen))?;
    let address = listener.local_addr()?;
    let stop = signals::stop()?;
    info!(
        address = %address,
        integrations = app.connections.integrations.all().len(),
        version = env!("CARGO_PKG_VERSION"),
        "Listening on http://{address}"
    );
    app.serve(listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}
