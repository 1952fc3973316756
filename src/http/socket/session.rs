use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use serde_json::{Map, Value};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tracing::{Instrument, info_span};

use super::{
    message::{Bare, Closing, FromClient, ToClient},
    operation::{Operation, Said, refused},
};
use crate::{
    auth::Caller,
    http::{
        edge::Edge, endpoint::operation_of, follow::end_of, observe::Line, parameters,
        refusal::Refusal,
    },
};

/// Time between two pings; who is silent for two of them is gone.
const PING: Duration = Duration::from_secs(30);
/// Longest time to write one message; who reads no faster is gone.
const WRITE: Duration = Duration::from_secs(30);
/// Messages of all operations on their way to the client; before there is room, no operation makes a further one.
const AHEAD: usize = 4;

type Sink = SplitSink<WebSocket, Message>;
/// Why a session ends: with a close frame, or because the other end is gone.
type End = Option<Closing>;

/// One socket, from its opening to its end.
pub(super) struct Session {
    edge: Arc<Edge>,
    authorization: Option<String>,
    caller: Option<Arc<Caller>>,
    /// When the client must have said who it is, then when its token ends.
    deadline: Instant,
    running: HashMap<String, Running>,
    /// They end with the session.
    tasks: JoinSet<()>,
    said: mpsc::Receiver<Said>,
    say: mpsc::Sender<Said>,
    started: u64,
}

/// The number tells an operation from an earlier one with the same id whose answer is still on its way.
struct Running {
    number: u64,
    task: AbortHandle,
}

/// Tells a client of other protocols that only one is spoken here.
pub(super) async fn refuse_protocol(mut socket: WebSocket) {
    // Gone already or told: the socket ends either way.
    drop(timeout(WRITE, socket.send(Closing::NotAcceptable.frame())).await);
}

impl Session {
    pub(super) fn new(edge: Arc<Edge>, authorization: Option<String>) -> Self {
        let deadline = Instant::now() + edge.settings.sockets.init_timeout;
        let (say, said) = mpsc::channel(AHEAD);
        Self {
            edge,
            authorization,
            caller: None,
            deadline,
            running: HashMap::new(),
            tasks: JoinSet::new(),
            said,
            say,
            started: 0,
        }
    }

    pub(super) async fn run(mut self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let mut pings = interval(PING);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_silent = false;
        let stopping = self.edge.stopping.clone();
        let end: End = loop {
            let step = tokio::select! {
                received = stream.next() => {
                    is_silent = false;
                    match received {
                        Some(Ok(message)) => self.received(message, &mut sink).await,
                        Some(Err(error)) => Err(is_too_big(&error).then_some(Closing::TooBig)),
                        None => Err(None),
                    }
                }
                Some(said) = self.said.recv() => self.deliver(said, &mut sink).await,
                // What it had to say it has said.
                Some(_) = self.tasks.join_next() => Ok(()),
                () = sleep_until(self.deadline) => Err(Some(
                    if self.caller.is_some() { Closing::Expired } else { Closing::InitTimeout }
                )),
                _ = pings.tick() => {
                    if std::mem::replace(&mut is_silent, true) {
                        Err(None)
                    } else {
                        send(&mut sink, Message::Ping(bytes::Bytes::new())).await
                    }
                }
                () = stopping.cancelled() => Err(Some(Closing::GoingAway)),
            };
            if let Err(end) = step {
                break end;
            }
        };
        if let Some(closing) = end {
            // Told or gone already: the socket ends either way.
            let _ = send(&mut sink, closing.frame()).await;
        }
    }

    async fn received(&mut self, message: Message, sink: &mut Sink) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Some(Closing::Malformed)),
            Message::Close(_) => return Err(None),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        match FromClient::parse(&text).ok_or(Some(Closing::Malformed))? {
            FromClient::ConnectionInit { payload } => {
                self.introduce(payload.unwrap_or_default()).await?;
                say(sink, &Bare::ConnectionAck).await
            }
            FromClient::Ping => say(sink, &Bare::Pong).await,
            FromClient::Pong => Ok(()),
            FromClient::Subscribe { id, payload } => self.subscribe(id, payload, sink).await,
            FromClient::Complete { id } => {
                if let Some(running) = self.running.remove(&id) {
                    running.task.abort();
                }
                Ok(())
            }
        }
    }

    async fn introduce(&mut self, payload: Map<String, Value>) -> Result<(), End> {
        if self.caller.is_some() {
            return Err(Some(Closing::TooManyInits));
        }
        let authorization = authorization_in(&payload).or_else(|| self.authorization.take());
        let caller = self.edge.verifier.caller(authorization.as_deref()).await;
        let caller = caller.map_err(|_| Some(Closing::Forbidden))?;
        self.deadline = end_of(&caller);
        self.caller = Some(caller);
        Ok(())
    }

    async fn subscribe(&mut self, id: String, payload: Value, sink: &mut Sink) -> Result<(), End> {
        let caller = self.caller.clone().ok_or(Some(Closing::Unauthorized))?;
        if self.running.contains_key(&id) {
            return Err(Some(Closing::Duplicate));
        }
        let line = Line::of_operation();
        line.called_by(&caller.subject);
        if self.running.len() >= self.edge.settings.sockets.operations {
            return send(sink, refused(&id, &Refusal::Overloaded, &line).into()).await;
        }
        // What `subscribe` must carry is part of the protocol.
        let Ok(request) = parameters::of_value(payload) else {
            return Err(Some(Closing::Malformed));
        };
        let asked = operation_of(&request);
        let kind = asked.as_ref().map(|asked| asked.kind);
        line.asked_for(asked);
        self.started += 1;
        let span = info_span!("request", request.id = line.id().as_str());
        let operation = Operation {
            edge: Arc::clone(&self.edge),
            id: id.clone(),
            number: self.started,
            line,
            say: self.say.clone(),
        };
        let work = span.in_scope(|| operation.begin(request, caller, kind));
        let task = self.tasks.spawn(work.instrument(span));
        self.running.insert(id, Running { number: self.started, task });
        Ok(())
    }

    async fn deliver(&mut self, said: Said, sink: &mut Sink) -> Result<(), End> {
        let is_awaited =
            self.running.get(&said.id).is_some_and(|running| running.number == said.number);
        if !is_awaited {
            return Ok(());
        }
        if said.is_last {
            self.running.remove(&said.id);
        }
        send(sink, said.text.into()).await
    }
}

async fn say<T: serde::Serialize>(sink: &mut Sink, message: &ToClient<'_, T>) -> Result<(), End> {
    send(sink, message.text().into()).await
}

async fn send(sink: &mut Sink, message: Message) -> Result<(), End> {
    match timeout(WRITE, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(None),
    }
}

/// The token as clients send it: as the header would be (`Authorization`), or bare (`token`).
fn authorization_in(payload: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let header = text("Authorization").or_else(|| text("authorization"));
    header.map(str::to_owned).or_else(|| text("token").map(|token| format!("Bearer {token}")))
}

/// The library's error is not ours to name: axum hides which version it is of.
fn is_too_big(error: &axum::Error) -> bool {
    error.to_string().to_ascii_lowercase().contains("too long")
}
