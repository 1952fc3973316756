use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;

use crate::{
    app::{clock::now, output::say, signals},
    demo::{Options, Simulator},
};

/// What a simulated organization is made of; the flags of `demo` and `simulator`.
#[derive(Debug, Clone, Args)]
pub(super) struct Simulated {
    /// Address and port to listen on. Port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4000")]
    pub(super) listen: SocketAddr,
    /// People of the larger organization.
    #[arg(long, value_name = "N", default_value_t = 250)]
    pub(super) people: usize,
    /// What the organizations are generated from: the same seed, the same people.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// How long the simulator takes over every answer, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(super) upstream_latency: u64,
}

impl Simulated {
    pub(super) fn latency(&self) -> Duration {
        Duration::from_millis(self.upstream_latency)
    }
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    simulated: Simulated,
    /// As always; for symmetry with `demo`.
    #[arg(long, hide = true)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let simulated = &arguments.simulated;
    let stop = signals::stop()?;
    let simulator = Simulator::start(Options {
        listen: simulated.listen,
        people: simulated.people,
        seed: simulated.seed,
        upstream_latency: simulated.latency(),
        start: now(),
    })
    .await
    .context("the simulator cannot start")?;
    say(&simulator.description().to_string())?;
    stop.await;
    simulator.stop().await;
    Ok(ExitCode::SUCCESS)
}
