use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tracing::{Instrument, info_span};

use super::message::{Bare, Closing, FromClient, ToClient};
use crate::{
    auth::Caller,
    graphql::{RequestContext, document},
    http::{
        answer::Wire, edge::Edge, endpoint::operation_of, execute::execute, observe::Line,
        parameters, refusal::Refusal,
    },
};

/// Time between two pings; who is silent for two of them is gone.
const PING: Duration = Duration::from_secs(30);
/// Longest time to write one message; who reads no faster is gone.
const WRITE: Duration = Duration::from_secs(30);
/// As good as never, for a token without an end.
const FAR: Duration = Duration::from_hours(365 * 24);

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
    tasks: JoinSet<Finished>,
    started: u64,
}

/// The number tells an operation from an earlier one with the same id whose answer is still on its way.
struct Running {
    number: u64,
    task: AbortHandle,
}

struct Finished {
    id: String,
    number: u64,
    messages: Vec<String>,
}

/// Tells a client of other protocols that only one is spoken here.
pub(super) async fn refuse_protocol(mut socket: WebSocket) {
    // Gone already or told: the socket ends either way.
    drop(timeout(WRITE, socket.send(Closing::NotAcceptable.frame())).await);
}

impl Session {
    pub(super) fn new(edge: Arc<Edge>, authorization: Option<String>) -> Self {
        let deadline = Instant::now() + edge.settings.sockets.init_timeout;
        Self {
            edge,
            authorization,
            caller: None,
            deadline,
            running: HashMap::new(),
            tasks: JoinSet::new(),
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
                Some(finished) = self.tasks.join_next() => match finished {
                    Ok(finished) => self.deliver(finished, &mut sink).await,
                    // Cancelled by the client; a panic has become an answer before.
                    Err(_) => Ok(()),
                },
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
        self.deadline = Instant::now() + time_left(&caller);
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
        let operation = operation_of(&request);
        let kind = operation.as_ref().map(|operation: &document::Operation| operation.kind);
        line.asked_for(operation);
        let context = RequestContext {
            request_id: line.id().as_str().to_owned(),
            max_age: None,
            read_only: false,
        };
        self.started += 1;
        let (number, edge, name) = (self.started, Arc::clone(&self.edge), id.clone());
        let span = info_span!("request", request.id = line.id().as_str());
        let work = async move {
            let outcome = execute(&edge, request, caller, context, kind).await;
            let messages = match outcome {
                Ok(answer) => answered(&name, Wire::of(answer, line.id().as_str()), &line),
                Err(refusal) => vec![refused(&name, &refusal, &line)],
            };
            Finished { id: name, number, messages }
        };
        let task = self.tasks.spawn(work.instrument(span));
        self.running.insert(id, Running { number, task });
        Ok(())
    }

    async fn deliver(&mut self, finished: Finished, sink: &mut Sink) -> Result<(), End> {
        let is_awaited =
            self.running.get(&finished.id).is_some_and(|running| running.number == finished.number);
        if !is_awaited {
            return Ok(());
        }
        self.running.remove(&finished.id);
        for message in finished.messages {
            send(sink, message.into()).await?;
        }
        Ok(())
    }
}

/// An answer is one `next` and a `complete`; an operation that was not executed gets one `error`.
fn answered(id: &str, wire: Wire, line: &Line) -> Vec<String> {
    line.answered_with(wire.errors());
    line.ended_with(200);
    if wire.is_executed() {
        vec![ToClient::Next { id, payload: wire }.text(), Bare::Complete { id }.text()]
    } else {
        vec![ToClient::Error { id, payload: wire.errors() }.text()]
    }
}

fn refused(id: &str, refusal: &Refusal, line: &Line) -> String {
    line.refused(refusal);
    line.ended_with(refusal.status().as_u16());
    let error = json!({
        "message": refusal.message(),
        "extensions": { "code": refusal.code(), "requestId": line.id().as_str() },
    });
    ToClient::Error { id, payload: [error] }.text()
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

#[expect(
    clippy::disallowed_methods,
    reason = "how long a token is still good for is a matter of the present"
)]
fn time_left(caller: &Caller) -> Duration {
    let Some(end) = caller.expires_at else {
        return FAR;
    };
    Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default().min(FAR)
}

/// The library's error is not ours to name: axum hides which version it is of.
fn is_too_big(error: &axum::Error) -> bool {
    error.to_string().to_ascii_lowercase().contains("too long")
}
