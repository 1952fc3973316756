//! What requests get on which a fault falls.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    call::Reply,
    clock, error,
    faults::{FaultKind, RateLimitForm},
};

/// How many pieces a slow body comes in.
const PIECES: usize = 8;

/// The answer that a fault gives in place of the real one; `None` where it only changes that.
pub(super) fn instead(kind: &FaultKind, is_site: bool) -> Option<Reply> {
    let reply = match kind {
        FaultKind::Status { status, headers, body, content_type } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let mut reply = Reply::empty(status);
            if let Some(body) = body {
                body.as_bytes().clone_into(&mut reply.body);
                let content_type = content_type.as_deref().unwrap_or("application/json");
                reply = reply.with_header("content-type", content_type);
            }
            headers.iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
        }
        FaultKind::RateLimit { retry_after_seconds, form } => {
            rate_limited(retry_after_seconds.unwrap_or(2), *form, is_site)
        }
        FaultKind::Html { status } => page(*status),
        // Nobody gets to see it.
        FaultKind::DropRequest => Reply::empty(StatusCode::OK),
        FaultKind::Malformed => Reply::text(
            StatusCode::OK,
            "application/json;charset=UTF-8",
            r#"{"data":[{"accountId":"712020:8f3c1a52-6d0b-4e77-9a21-5bc4f0e6d911","na"#,
        ),
        FaultKind::EmptyBody => Reply::text(StatusCode::OK, "application/json;charset=UTF-8", ""),
        FaultKind::BearerChallenge => error::proxy(401, "Unauthorized")
            .with_header("www-authenticate", r#"Bearer realm="api.atlassian.com""#),
        FaultKind::Captcha => captcha(),
        FaultKind::Redirect { location } => {
            Reply::empty(StatusCode::FOUND).with_header("location", location)
        }
        FaultKind::Latency { .. }
        | FaultKind::LateAnswer { .. }
        | FaultKind::HtmlAfterwards { .. }
        | FaultKind::Truncated
        | FaultKind::SlowBody { .. }
        | FaultKind::DropConnection
        | FaultKind::Replace { .. }
        | FaultKind::Next { .. } => return None,
    };
    Some(reply)
}

/// Basic credentials refused until a person has solved a CAPTCHA in the browser.
pub(super) fn captcha() -> Reply {
    Reply::text(
        StatusCode::FORBIDDEN,
        "text/html",
        "<html><body>Basic authentication denied</body></html>",
    )
    .with_header("x-seraph-loginreason", "AUTHENTICATION_DENIED")
    .with_header("x-authentication-denied-reason", "CAPTCHA_CHALLENGE")
}

fn page(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let title = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let body = format!(
        "<html>\n<head><title>{code} {title}</title></head>\n\
         <body><center><h1>{code} {title}</h1></center></body>\n</html>\n"
    );
    Reply::text(status, "text/html", &body).with_header("server", "AtlassianEdge")
}

// The wait is told in real time: it is the caller's clock that measures it.
fn rate_limited(seconds: u64, form: RateLimitForm, is_site: bool) -> Reply {
    let status = StatusCode::TOO_MANY_REQUESTS;
    if form == RateLimitForm::Bare {
        return Reply::text(status, "text/plain", "")
            .with_header("x-failure-category", "FAILURE_CLIENT_RATE_LIMITED")
            .with_header("x-ratelimit-limit", "360000");
    }
    let reply = if is_site {
        error::jira(429, "Rate limit exceeded.").with_header("ratelimit-reason", "jira-burst-based")
    } else {
        error::proxy(429, "Too Many Requests")
    };
    let reply =
        reply.with_header("x-ratelimit-limit", "200").with_header("x-ratelimit-remaining", "0");
    let wait = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let end = clock::real_now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    match form {
        RateLimitForm::HttpDate => {
            reply.with_header("retry-after", &httpdate::fmt_http_date(end.into()))
        }
        RateLimitForm::Reset => reply.with_header("x-ratelimit-reset", &clock::text(end, 0)),
        RateLimitForm::ResetWithoutSeconds => {
            let minute = clock::text(end, 0)[..16].to_owned();
            reply.with_header("x-ratelimit-reset", &format!("{minute}Z"))
        }
        _ => reply.with_header("retry-after", &seconds.to_string()),
    }
}

/// Changes the real answer.
pub(super) fn change(kind: &FaultKind, reply: &mut Reply) {
    match kind {
        FaultKind::HtmlAfterwards { status } => *reply = page(*status),
        FaultKind::Replace { from, to } => {
            if let Ok(text) = std::str::from_utf8(&reply.body) {
                reply.body = text.replace(from, to).into_bytes();
            }
        }
        FaultKind::Next { value } => {
            if let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) {
                for place in ["links", "meta"] {
                    if let Some(next) = body.get_mut(place).and_then(|place| place.get_mut("next"))
                    {
                        *next = Value::String(value.clone());
                    }
                }
                reply.body = body.to_string().into_bytes();
            }
        }
        _ => {}
    }
}

/// Half of the body under a length that promises all of it.
pub(super) fn truncated(reply: Reply) -> Response {
    let length = reply.body.len();
    let half = Bytes::copy_from_slice(&reply.body[..length / 2]);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let pieces = stream::iter([Ok(half), Err(broken)]).then(|piece| async {
        // The first half has to be on its way before the connection breaks.
        tokio::time::sleep(Duration::from_millis(5)).await;
        piece
    });
    let mut response = response_with(reply, Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The body in pieces, with a pause before each.
pub(super) fn slow(reply: Reply, pause: Duration) -> Response {
    let size = reply.body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = reply.body.chunks(size).map(Bytes::copy_from_slice).collect();
    let pieces = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(piece)
    });
    response_with(reply, Body::from_stream(pieces))
}

/// The answer as it is.
pub(super) fn whole(mut reply: Reply) -> Response {
    let body = Body::from(std::mem::take(&mut reply.body));
    response_with(reply, body)
}

fn response_with(reply: Reply, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    response.headers_mut().extend(reply.headers);
    response
}
