use std::{borrow::Cow, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;

use super::problem::Problem;
use crate::{
    auth::{Caller, FeedToken, FeedTokens, RefusalReason},
    feeds::FeedReader,
    http::{edge::Edge, endpoint::bearer, observe::Line},
};

/// What somebody proved to be where tools may come in.
pub(in crate::http) enum Presented {
    /// A caller with a JWT.
    Caller(Arc<Caller>),
    /// A tool with a static secret.
    Token(Box<FeedToken>),
}

/// Who reads: the bearer of a JWT or of a feed token, which may also be the password of HTTP Basic, of which the user name
/// does not matter. The dialogs of BI tools know no other way.
pub(in crate::http) async fn presented(
    edge: &Edge,
    headers: &HeaderMap,
    line: &Line,
) -> Result<Presented, Problem> {
    let authorization = bearer(headers).map(as_bearer);
    let token = authorization.as_deref().and_then(|header| header.split_once(' '));
    if let Some((_, secret)) = token
        && FeedTokens::is_one(secret.trim())
    {
        return Ok(Presented::Token(Box::new(feed_token(edge, secret.trim(), line).await?)));
    }
    let caller = edge.verifier.caller(authorization.as_deref()).await.map_err(|refusal| {
        line.refused_because(&refusal);
        Problem::unauthenticated()
    })?;
    line.called_by(&caller.subject);
    Ok(Presented::Caller(caller))
}

/// The same as a reader of feeds.
pub(in crate::http) async fn reader(
    edge: &Edge,
    headers: &HeaderMap,
    line: &Line,
) -> Result<FeedReader, Problem> {
    Ok(match presented(edge, headers, line).await? {
        Presented::Caller(caller) => FeedReader::of_caller(&caller),
        Presented::Token(token) => FeedReader::of_token(&token),
    })
}

/// Who reads by an address that holds a feed token.
pub(super) async fn reader_by_key(
    edge: &Edge,
    key: &str,
    line: &Line,
) -> Result<FeedReader, Problem> {
    let token = feed_token(edge, key, line).await?;
    if token.is_accepted_in_url {
        return Ok(FeedReader::of_token(&token));
    }
    line.refused_because(&RefusalReason::NotInUrl);
    Err(Problem::feed_token(RefusalReason::NotInUrl))
}

async fn feed_token(edge: &Edge, secret: &str, line: &Line) -> Result<FeedToken, Problem> {
    let presented = edge.feed_tokens.presented(secret, edge.feeds.now()).await;
    let token = presented.map_err(|reason| {
        line.refused_because(&reason);
        Problem::feed_token(reason)
    })?;
    line.called_by(&FeedReader::of_token(&token).subject);
    Ok(token)
}

/// The header with the password of Basic as a bearer token; any other header as it is.
pub(in crate::http) fn as_bearer(header: &str) -> Cow<'_, str> {
    match password(header) {
        Some(password) => Cow::Owned(format!("Bearer {password}")),
        None => Cow::Borrowed(header),
    }
}

fn password(header: &str) -> Option<String> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_basic_stands_for_a_bearer_token_whatever_the_user() {
        for user in ["", "anybody", "somebody@example.com"] {
            let encoded = STANDARD.encode(format!("{user}:a.b.c"));
            assert_eq!(as_bearer(&format!("Basic {encoded}")), "Bearer a.b.c");
            assert_eq!(as_bearer(&format!("basic {encoded}")), "Bearer a.b.c");
        }
        for other in ["Bearer a.b.c", "Basic !", "Basic", "Digest x", "Basic YWJj"] {
            assert_eq!(as_bearer(other), other);
        }
    }
}
