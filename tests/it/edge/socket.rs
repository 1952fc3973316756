use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Edge, silence};
use crate::support::{PROTOCOL, Socket};

struct Server {
    address: SocketAddr,
    token: String,
    stop: oneshot::Sender<()>,
}

async fn served(edge: Edge) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let token = edge.token();
    tokio::spawn(async move {
        let Edge { app, _folder: folder, .. } = edge;
        app.serve(listener, async { drop(stopped.await) }).await.unwrap();
        drop(folder);
    });
    Server { address, token, stop }
}

impl Server {
    async fn open(&self, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
        Socket::open(self.address, headers).await
    }

    async fn socket(&self) -> Socket {
        self.open(&[PROTOCOL]).await.unwrap()
    }

    /// A socket whose caller is known.
    async fn introduced(&self) -> Socket {
        Socket::introduced(self.address, &self.token).await
    }
}

#[tokio::test]
async fn queries_are_answered_side_by_side_each_under_its_id() {
    let server = served(Edge::start(&[]).await).await;
    let mut socket = server.introduced().await;
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong" }));
    socket.ask("1", "{ __typename }").await;
    assert_eq!(
        socket.hear().await,
        json!({ "type": "next", "id": "1", "payload": { "data": { "__typename": "Query" } } })
    );
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "1" }));
    socket.ask("1", "{ nobodyHasThisField }").await;
    let error = socket.hear().await;
    assert_eq!(error["type"], "error", "{error}");
    assert_eq!(error["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    assert!(error["payload"][0]["extensions"]["requestId"].is_string());
}

#[tokio::test]
async fn the_token_may_come_in_any_of_its_forms() {
    let server = served(Edge::start(&[]).await).await;
    let bearer = format!("Bearer {}", server.token);
    for payload in [json!({ "Authorization": bearer }), json!({ "authorization": bearer })] {
        let mut socket = server.socket().await;
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.hear().await["type"], "connection_ack");
    }
    let mut socket = server.open(&[PROTOCOL, ("authorization", &bearer)]).await.unwrap();
    socket.say(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
}

#[tokio::test]
async fn each_breach_of_the_protocol_has_its_close_code() {
    let hasty = served(Edge::start(&[("HTTP__SOCKET_INIT_TIMEOUT", "50ms")]).await).await;
    assert_eq!(hasty.socket().await.closed().await, 4408);

    let server = served(Edge::start(&[]).await).await;

    let mut early = server.socket().await;
    early.ask("1", "{ __typename }").await;
    assert_eq!(early.closed().await, 4401);

    let mut stranger = server.socket().await;
    stranger.say(&json!({ "type": "connection_init", "payload": { "token": "none" } })).await;
    assert_eq!(stranger.closed().await, 4403);

    let mut twice = server.introduced().await;
    twice.say(&json!({ "type": "connection_init", "payload": { "token": server.token } })).await;
    assert_eq!(twice.closed().await, 4429);

    let mut other = server.open(&[("sec-websocket-protocol", "graphql-ws")]).await;
    if let Ok(other) = &mut other {
        assert_eq!(other.closed().await, 4406);
    }

    for nonsense in [
        "{",
        "[]",
        "{\"type\":\"start\"}",
        "{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{}}",
        "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":7}}",
    ] {
        let mut socket = server.introduced().await;
        socket.send(Message::text(nonsense)).await;
        assert_eq!(socket.closed().await, 4400, "{nonsense}");
    }
    let mut binary = server.introduced().await;
    binary.send(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(binary.closed().await, 4400);
}

#[tokio::test]
async fn an_id_that_runs_cannot_be_used_again_until_it_is_completed() {
    let upstream = silence().await;
    let server = served(Edge::before(&upstream, &[]).await).await;
    let mut socket = server.introduced().await;
    socket.ask("1", "{ users { nodes { name } } }").await;
    let _held = upstream.accept().await.unwrap();
    socket.say(&json!({ "type": "complete", "id": "1" })).await;
    socket.ask("1", "{ __typename }").await;
    assert_eq!(socket.hear().await["payload"]["data"]["__typename"], "Query");
    assert_eq!(socket.hear().await["type"], "complete");
    socket.ask("2", "{ users { nodes { name } } }").await;
    socket.ask("2", "{ __typename }").await;
    assert_eq!(socket.closed().await, 4409);
}

#[tokio::test]
async fn operations_sizes_and_sockets_are_bounded() {
    let upstream = silence().await;
    let bounds = [
        ("HTTP__SOCKET_OPERATIONS", "1"),
        ("HTTP__SOCKET_MESSAGE_BYTES", "2000"),
        ("HTTP__SOCKETS", "1"),
    ];
    let server = served(Edge::before(&upstream, &bounds).await).await;
    let mut socket = server.introduced().await;
    let Err(Error::Http(refusal)) = server.open(&[PROTOCOL]).await else {
        panic!("a second socket is one too many");
    };
    assert_eq!(refusal.status(), 503);
    socket.ask("1", "{ users { nodes { name } } }").await;
    socket.ask("2", "{ __typename }").await;
    let refused = socket.hear().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("2")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "OVERLOADED");
    socket.ask("3", &"x".repeat(3_000)).await;
    assert_eq!(socket.closed().await, 1009);
}

#[tokio::test]
async fn a_page_of_another_site_may_not_open_a_socket() {
    let server = served(Edge::start(&[]).await).await;
    let Err(Error::Http(refusal)) =
        server.open(&[PROTOCOL, ("origin", "https://evil.example")]).await
    else {
        panic!("it may not");
    };
    assert_eq!(refusal.status(), 403);
    let own = format!("http://{}", server.address);
    assert!(server.open(&[PROTOCOL, ("origin", &own)]).await.is_ok());
}

#[tokio::test]
async fn a_socket_ends_with_its_token_and_with_the_gateway() {
    let edge = Edge::start(&[("AUTH__LEEWAY", "0s")]).await;
    let short = edge.token_for("tester", Duration::from_secs(3));
    let server = served(edge).await;
    let mut expiring = server.socket().await;
    expiring.say(&json!({ "type": "connection_init", "payload": { "token": short } })).await;
    assert_eq!(expiring.hear().await["type"], "connection_ack");
    assert_eq!(expiring.closed().await, 4401);
    let mut lasting = server.introduced().await;
    server.stop.send(()).unwrap();
    assert_eq!(lasting.closed().await, 1001);
}
