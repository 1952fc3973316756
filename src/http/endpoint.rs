use std::{error::Error, sync::Arc, time::Duration};

use async_graphql::Request as GraphqlRequest;
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, Method, header, request};
use http_body_util::{BodyExt, LengthLimitError};
use tokio::time::timeout;

use super::{
    answer, cache_control,
    edge::Edge,
    events,
    execute::execute,
    negotiation,
    negotiation::{Accepted, MediaType},
    observe::Line,
    parameters,
    refusal::Refusal,
};
use crate::graphql::{RequestContext, document, document::OperationKind};

/// How much of a body that is too long is taken before the answer, and for how long.
const DRAINED_BYTES: usize = 32 << 20;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// `GET` and `POST /graphql`, after the GraphQL over HTTP draft, and after GraphQL over SSE for who asks for events.
pub(super) async fn graphql(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let line = Line::of(&head.extensions);
    let accepted = negotiation::accepted(&head.headers);
    let kind = accepted.map_or(MediaType::Json, Accepted::whole);
    let outcome = match accepted {
        Some(accepted) => answered(&edge, &head, body, accepted, &line).await,
        None => Err(Refusal::NotAcceptable),
    };
    outcome.unwrap_or_else(|refusal| {
        line.refused(&refusal);
        refusal.answer(kind, line.id())
    })
}

async fn answered(
    edge: &Arc<Edge>,
    head: &request::Parts,
    body: Body,
    accepted: Accepted,
    line: &Line,
) -> Result<Response, Refusal> {
    let is_get = match head.method {
        Method::GET => true,
        Method::POST => false,
        _ => return Err(Refusal::MethodNotAllowed("GET, POST")),
    };
    let permit = edge.requests.try_acquire().map_err(|_| Refusal::Overloaded)?;
    let bearer = bearer(&head.headers);
    let caller = edge.verifier.caller(bearer).await.map_err(|refusal| {
        line.refused_because(&refusal);
        Refusal::Unauthenticated
    })?;
    line.called_by(&caller.subject);

    let request = if is_get {
        parameters::of_url(head.uri.query())?
    } else {
        if !negotiation::is_json(&head.headers) {
            return Err(Refusal::UnsupportedMediaType);
        }
        parameters::of_body(&whole(edge, &head.headers, body).await?)?
    };
    let operation = operation_of(&request);
    let operation_kind = operation.as_ref().map(|operation| operation.kind);
    line.asked_for(operation);

    let context = RequestContext {
        request_id: line.id().as_str().to_owned(),
        max_age: cache_control::max_age(&head.headers),
        read_only: is_get,
    };
    let is_subscription = operation_kind == Some(OperationKind::Subscription);
    let is_stream = accepted.is_stream(is_subscription);
    if is_stream && is_subscription {
        // It may last for days: it has a bound of its own.
        drop(permit);
        return events::followed(edge, request, caller, context, line);
    }
    let answer = execute(edge, request, caller, context, operation_kind).await?;
    if is_stream {
        events::once(answer, line)
    } else {
        answer::response(answer, accepted.whole(), line)
    }
}

/// One `Authorization` header; several are as good as none, since nobody can say which one a proxy looked at.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

pub(super) fn operation_of(request: &GraphqlRequest) -> Option<document::Operation> {
    document::operation(&request.query, request.operation_name.as_deref())
}

async fn whole(edge: &Edge, headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let limit = edge.settings.body_limit;
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > limit as u64) {
        let _ = timeout(DRAINED_FOR, drain(body)).await;
        return Err(Refusal::TooLarge(limit));
    }
    match timeout(edge.settings.read_timeout, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(Refusal::TooLarge(limit)),
        Ok(Err(_)) => Err(Refusal::BadRequest("the body did not arrive whole".to_owned())),
        Err(_elapsed) => Err(Refusal::SlowBody),
    }
}

/// Takes what a client sends that does not listen before it has sent everything: it would see a broken connection and
/// never the answer.
async fn drain(mut body: Body) {
    let mut left = DRAINED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            break;
        }
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    error.source().is_some_and(<dyn Error>::is::<LengthLimitError>)
}
