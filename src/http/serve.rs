use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::{body::Body, extract::ConnectInfo};
use http::Request;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tower::{ServiceExt, service_fn};
use tracing::{debug, info, warn};

use super::routes::Site;

/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Wait after an accept that failed for want of file descriptors.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(500);

impl Site {
    /// Serves until `stop` comes to its end; then takes no new connection, lets what runs come to its end, and returns.
    ///
    /// # Errors
    /// None today: an accept that fails is tried again. The signature leaves room for it.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let settings = &self.edge.settings;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(settings.read_timeout);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        warn!(error.kind = %error.kind(), "Could not accept a connection");
                        sleep(AFTER_FAILED_ACCEPT).await;
                        continue;
                    }
                },
                () = &mut stop => break,
            };
            self.connect(&builder, &graceful, stream, peer);
        }
        drop(listener);
        self.edge.stopping.cancel();
        self.edge.mutations.close();
        info!("Stopping: no new connections, waiting for running requests");
        let all = async {
            graceful.shutdown().await;
            self.edge.mutations.wait().await;
        };
        if timeout(settings.shutdown_timeout, all).await.is_err() {
            warn!("Stopped with requests still running");
        }
        Ok(())
    }

    fn connect(
        &self,
        builder: &Builder<TokioExecutor>,
        graceful: &GracefulShutdown,
        stream: TcpStream,
        peer: SocketAddr,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(error.kind = %error.kind(), "Could not turn off Nagle's algorithm");
        }
        let router = self.router.clone();
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let router = router.clone();
            async move {
                Ok::<_, Infallible>(
                    router.oneshot(request).await.unwrap_or_else(|never| match never {}),
                )
            }
        });
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(error = %error, "A connection ended early");
            }
        });
    }
}
