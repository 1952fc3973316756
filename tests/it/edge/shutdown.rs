use std::time::Duration;

use headcount::app::App;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

use super::{Edge, silence};

const SOON: Duration = Duration::from_secs(10);

async fn served(
    app: App,
) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        app.serve(listener, async { drop(stopped.await) }).await.unwrap();
    });
    (address, stop, serving)
}

#[tokio::test]
async fn a_request_that_runs_is_answered_before_the_gateway_stops() {
    let upstream = silence().await;
    let edge = Edge::before(&upstream, &[]).await;
    let token = edge.token();
    let (address, stop, serving) = served(edge.app).await;

    let mut caller = TcpStream::connect(address).await.unwrap();
    let body = r#"{"query":"{ users { nodes { name } } }"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    caller.write_all(request.as_bytes()).await.unwrap();
    let (atlassian, _) = upstream.accept().await.unwrap();
    stop.send(()).unwrap();
    // It takes nobody new ...
    timeout(SOON, async { while TcpStream::connect(address).await.is_ok() {} }).await.unwrap();
    assert!(!serving.is_finished());
    // ... and answers who is there already.
    drop((atlassian, upstream));
    let mut answer = String::new();
    timeout(SOON, caller.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    timeout(SOON, serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_does_not_keep_the_gateway() {
    let upstream = silence().await;
    let edge = Edge::before(&upstream, &[("HTTP__SHUTDOWN_TIMEOUT", "100ms")]).await;
    let token = edge.token();
    let (address, stop, serving) = served(edge.app).await;
    let mut caller = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /graphql?query=%7Busers%7Bnodes%7Bname%7D%7D%7D HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    caller.write_all(request.as_bytes()).await.unwrap();
    let _held = upstream.accept().await.unwrap();
    stop.send(()).unwrap();
    timeout(SOON, serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_never_finishes_its_headers_is_closed() {
    let edge = Edge::start(&[("HTTP__READ_TIMEOUT", "50ms")]).await;
    let (address, _stop, _serving) = served(edge.app).await;
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let mut answer = Vec::new();
    timeout(SOON, caller.read_to_end(&mut answer)).await.expect("it is closed").unwrap();
}
