//! A server on loopback that plays a script: one step a request, each on its own connection.
//!
//! It writes its bytes itself, because a server library would refuse to break an answer off.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

use crate::{
    atlassian::{Client, Transport, TransportSettings},
    domain::Credentials,
};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A whole answer.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// An answer that promises more than comes.
    CutOff(&'static str),
    /// An answer that stops in the middle and stays open.
    Stall(&'static str),
    /// No answer at all.
    Drop,
    /// No answer, and the connection stays open.
    Silence,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) head: String,
    pub(super) body: String,
}

#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) url: Url,
    received: Arc<Mutex<Vec<Received>>>,
    server: JoinHandle<()>,
}

/// A JSON answer with this status.
pub(super) fn answer(status: u16, body: &str) -> Step {
    answer_with(status, &[], body)
}

/// A JSON answer with headers of its own.
pub(super) fn answer_with(status: u16, headers: &[(&'static str, &str)], body: &str) -> Step {
    let mut headers: Vec<_> =
        headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        headers.push(("content-type", "application/json;charset=UTF-8".to_owned()));
    }
    Step::Answer { status, headers, body: body.as_bytes().to_vec() }
}

impl Upstream {
    /// Plays the steps in order, then answers 500 without a code; `ORIGIN` in a body becomes the server's own.
    pub(super) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
        let received = Arc::new(Mutex::new(Vec::new()));
        let steps = Arc::new(Mutex::new(steps.into_iter().collect::<VecDeque<_>>()));
        let origin = url.as_str().trim_end_matches('/').to_owned();
        let seen = Arc::clone(&received);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, steps, origin) = (Arc::clone(&seen), Arc::clone(&steps), origin.clone());
                tokio::spawn(async move { serve(stream, &seen, &steps, &origin).await });
            }
        });
        Self { url, received, server }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("nobody panics with it").clone()
    }

    /// The only request there was.
    pub(super) fn one(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received[0].clone()
    }

    pub(super) fn count(&self) -> usize {
        self.received().len()
    }

    pub(super) fn settings(&self) -> TransportSettings {
        TransportSettings { api_url: self.url.clone(), ..TransportSettings::default() }
    }

    /// A client of organization `o-1` whose API and site are both this server.
    pub(super) fn client(&self) -> Client {
        self.client_with(self.settings())
    }

    pub(super) fn client_with(&self, settings: TransportSettings) -> Client {
        let transport = Transport::new(settings).expect("a transport");
        Client::new(&transport, Arc::new(self.credentials()))
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials {
            admin_email: "admin@north.example".to_owned(),
            api_token: SecretString::from("site-token-secret"),
            admin_url: self.url.clone(),
            organization_id: "o-1".into(),
            organization_api_key: SecretString::from("organization-key-secret"),
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Received>>,
    steps: &Mutex<VecDeque<Step>>,
    origin: &str,
) {
    let Some(request) = receive(&mut stream).await else {
        return;
    };
    let step = {
        seen.lock().expect("nobody panics with it").push(request);
        steps.lock().expect("nobody panics with it").pop_front()
    };
    match step.unwrap_or_else(|| answer(500, "{}")) {
        Step::Answer { status, headers, body } => {
            let body = match String::from_utf8(body) {
                Ok(text) => text.replace("ORIGIN", origin).into_bytes(),
                Err(binary) => binary.into_bytes(),
            };
            let mut head = format!("HTTP/1.1 {status} Said\r\n");
            for (name, value) in headers {
                let _ = write!(head, "{name}: {}\r\n", value.replace("ORIGIN", origin));
            }
            let length = body.len();
            let _ = write!(head, "content-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
        }
        Step::CutOff(body) => begin(&mut stream, body).await,
        Step::Stall(body) => {
            begin(&mut stream, body).await;
            until_the_client_leaves(&mut stream).await;
        }
        Step::Silence => until_the_client_leaves(&mut stream).await,
        Step::Drop => {}
    }
}

async fn until_the_client_leaves(stream: &mut TcpStream) {
    let _ = tokio::time::timeout(Duration::from_secs(30), stream.read_u8()).await;
}

async fn begin(stream: &mut TcpStream, body: &str) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() + 100
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.flush().await;
}

async fn receive(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        bytes.push(stream.read_u8().await.ok()?);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut words = head.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut received = Received { method, target, head, body: String::new() };
    let length = received.header("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    received.body = String::from_utf8(body).ok()?;
    Some(received)
}
