use std::sync::Arc;

use axum::{
    extract::{
        FromRequestParts, Request, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use http::{HeaderMap, Uri, header};

use super::session::{self, Session};
use crate::http::{
    edge::Edge, endpoint::bearer, negotiation::MediaType, observe::Line, refusal::Refusal,
};

/// The one subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";

/// `GET /graphql/ws`.
pub(in crate::http) async fn upgrade(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let line = Line::of(request.extensions());
    match upgraded(edge, request).await {
        Ok(response) => response,
        Err(refusal) => {
            line.refused(&refusal);
            refusal.answer(MediaType::Json, line.id())
        }
    }
}

async fn upgraded(edge: Arc<Edge>, request: Request) -> Result<Response, Refusal> {
    let (mut head, _) = request.into_parts();
    if !is_from_allowed_origin(&head.headers, &head.uri, &edge.settings.cors_origins) {
        return Err(Refusal::ForeignOrigin);
    }
    let permit = Arc::clone(&edge.sockets).try_acquire_owned().map_err(|_| Refusal::Overloaded)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut head, &())
        .await
        .map_err(|_: WebSocketUpgradeRejection| Refusal::NoWebSocket)?;
    let limit = edge.settings.sockets.message_bytes;
    let upgrade = upgrade.max_message_size(limit).max_frame_size(limit).protocols([PROTOCOL]);
    let speaks_protocol = upgrade.selected_protocol().is_some();
    let authorization = bearer(&head.headers).map(str::to_owned);
    Ok(upgrade.on_upgrade(move |socket| async move {
        if speaks_protocol {
            Session::new(edge, authorization).run(socket).await;
        } else {
            session::refuse_protocol(socket).await;
        }
        drop(permit);
    }))
}

/// Browsers let any page open a socket to anywhere, and tell only by `Origin` whose page it is. Who sends none is no
/// browser. The gateway's own pages are those of the host that was asked for.
fn is_from_allowed_origin(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if allowed.iter().any(|allowed| allowed == origin) {
        return true;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let theirs = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    theirs.zip(host).is_some_and(|((_, theirs), ours)| theirs.eq_ignore_ascii_case(ours))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_gateways_own_pages_and_configured_ones_may_open_a_socket() {
        let may = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("gateway.example:4000"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            let allowed = ["https://tools.example".to_owned()];
            is_from_allowed_origin(&headers, &Uri::from_static("/graphql/ws"), &allowed)
        };
        assert!(may(None));
        assert!(may(Some("http://gateway.example:4000")));
        assert!(may(Some("https://tools.example")));
        for origin in [
            "null",
            "https://evil.example",
            "http://gateway.example",
            "http://gateway.example:4000.evil.example",
            "https://tools.example.evil.example",
            "file://gateway.example:4000",
        ] {
            assert!(!may(Some(origin)), "{origin}");
        }
    }
}
