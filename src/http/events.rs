//! Answers as server-sent events, after GraphQL over SSE ("distinct connections mode"): a `next` for each answer, `complete`
//! behind the last. What ends for another reason ends without `complete`, so that a client knows to ask again.

use std::{convert::Infallible, sync::Arc, time::Duration};

use async_graphql::Request;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, interval_at, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    answer::{self, Wire},
    edge::Edge,
    follow::{Answers, end_of, follow},
    negotiation::{EVENT_STREAM, MediaType},
    observe::Line,
    refusal::Refusal,
};
use crate::{
    auth::Caller,
    graphql::{Answer, Refusal as GraphqlRefusal, RequestContext},
};

/// Time between two signs of life, for proxies that end what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Longest time until a reader takes one event; who reads no faster is gone.
const WRITE: Duration = Duration::from_secs(30);
/// Events on their way to a reader; no further answer is made before there is room.
const AHEAD: usize = 4;

/// A field without a value: browsers pass over an event that has no data at all.
const COMPLETE: Bytes = Bytes::from_static(b"event: complete\ndata:\n\n");
const SIGN_OF_LIFE: Bytes = Bytes::from_static(b":\n\n");

/// The answer to a query or a mutation: one `next`, one `complete`.
pub(super) fn once(answer: Answer, line: &Line) -> Result<Response, Refusal> {
    if matches!(
        answer.refusal,
        Some(GraphqlRefusal::MutationOverGet | GraphqlRefusal::OverBudget(_))
    ) {
        return answer::response(answer, MediaType::Json, line);
    }
    let wire = Wire::of(answer, line.id().as_str());
    line.answered_with(wire.errors());
    Ok(response(Body::from([next(&wire), COMPLETE].concat())))
}

/// The answers to a subscription, for as long as somebody reads them.
pub(super) fn followed(
    edge: &Arc<Edge>,
    request: Request,
    caller: Arc<Caller>,
    context: RequestContext,
    line: &Line,
) -> Result<Response, Refusal> {
    let permit = Arc::clone(&edge.streams).try_acquire_owned().map_err(|_| Refusal::Overloaded)?;
    let deadline = end_of(&caller);
    let answers = match follow(edge, request, caller, context) {
        Ok(answers) => answers,
        Err(answer) => return once(*answer, line),
    };
    line.follows();
    let (events, taken) = mpsc::channel(AHEAD);
    let telling = Telling { answers, events, line: line.clone(), _permit: permit };
    // A task, and not the body itself: a reader that takes nothing does not ask the body either, and would keep all this.
    tokio::spawn(telling.run(deadline, edge.stopping.clone()).in_current_span());
    let body = stream::unfold(taken, |mut taken| async {
        let event = taken.recv().await?;
        Some((Ok::<Bytes, Infallible>(event), taken))
    });
    Ok(response(Body::from_stream(body)))
}

/// What is told to one reader.
struct Telling {
    answers: Answers,
    events: mpsc::Sender<Bytes>,
    line: Line,
    _permit: OwnedSemaphorePermit,
}

impl Telling {
    async fn run(mut self, deadline: Instant, stopping: CancellationToken) {
        let reader = self.events.clone();
        tokio::select! {
            () = self.tell() => {}
            () = reader.closed() => {}
            () = sleep_until(deadline) => {}
            () = stopping.cancelled() => {}
        }
    }

    async fn tell(&mut self) {
        let mut alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        loop {
            let (event, is_last) = tokio::select! {
                answer = self.answers.next() => match answer {
                    Some(Ok(answer)) => {
                        let wire = Wire::of(answer, self.line.id().as_str());
                        self.line.told(&wire);
                        (next(&wire), false)
                    }
                    Some(Err(refusal)) => {
                        self.line.refused(&refusal);
                        let answer = json!({ "errors": [refusal.error(self.line.id())] });
                        ([next(&answer), COMPLETE].concat().into(), true)
                    }
                    None => (COMPLETE, true),
                },
                _ = alive.tick() => (SIGN_OF_LIFE, false),
            };
            let is_taken = timeout(WRITE, self.events.send(event)).await.is_ok_and(|it| it.is_ok());
            if is_last || !is_taken {
                break;
            }
        }
    }
}

/// JSON has no line breaks outside of its strings, and within them they are escaped: it is one line.
fn next(answer: &impl Serialize) -> Bytes {
    let answer = serde_json::to_string(answer).expect("answers are plain JSON values");
    Bytes::from(format!("event: next\ndata: {answer}\n\n"))
}

fn response(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // nginx gathers answers before it passes them on, unless it is told not to.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    headers.insert(unbuffered, HeaderValue::from_static("no"));
    response
}
