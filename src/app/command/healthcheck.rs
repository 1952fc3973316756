use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Common;
use crate::config::Settings;

const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn run(common: Common<'_>) -> anyhow::Result<ExitCode> {
    let address = reachable(Settings::load(common.sources())?.http.listen);
    timeout(PATIENCE, ask(address)).await.context("no answer in time")??;
    Ok(ExitCode::SUCCESS)
}

/// Asks `/healthz`. By hand: an HTTP client with TLS and proxies would be the wrong size for this.
async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).await.context("the gateway does not listen")?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        bail!("the gateway does not answer /healthz with 200");
    }
    Ok(())
}

/// An address to listen on everywhere is none to connect to.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
