use std::{borrow::Cow, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header, request::Parts};
use url::form_urlencoded;

use super::problem::Problem;
use crate::{
    auth::{Caller, FeedToken, FeedTokens, RefusalReason},
    feeds::{FeedReader, KEY},
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

/// The same of a file, which may have a feed token in its address where it is CSV: spreadsheets can send no header.
pub(in crate::http) async fn presented_for_file(
    edge: &Edge,
    file: &str,
    head: &Parts,
    line: &Line,
) -> Result<Presented, Problem> {
    let Some(key) = key(file, head)? else { return presented(edge, &head.headers, line).await };
    let token = feed_token(edge, &key, line).await?;
    if token.is_accepted_in_url {
        return Ok(Presented::Token(Box::new(token)));
    }
    line.refused_because(&RefusalReason::NotInUrl);
    Err(Problem::feed_token(RefusalReason::NotInUrl))
}

fn key(file: &str, head: &Parts) -> Result<Option<String>, Problem> {
    if file.rsplit_once('.').is_none_or(|(_, extension)| extension != "csv") {
        return Ok(None);
    }
    let query = head.uri.query().unwrap_or_default();
    let mut keys = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == KEY);
    let key = keys.next().map(|(_, value)| value.into_owned());
    if key.is_some() && (keys.next().is_some() || head.headers.contains_key(header::AUTHORIZATION))
    {
        return Err(Problem::bad_request("send one token: in the address or in a header"));
    }
    Ok(key)
}

/// The same as a reader of feeds.
pub(in crate::http) async fn reader(
    edge: &Edge,
    headers: &HeaderMap,
    line: &Line,
) -> Result<FeedReader, Problem> {
    Ok(presented(edge, headers, line).await?.reader())
}

impl Presented {
    /// What they are to the feeds.
    pub(in crate::http) fn reader(&self) -> FeedReader {
        match self {
            Self::Caller(caller) => FeedReader::of_caller(caller),
            Self::Token(token) => FeedReader::of_token(token),
        }
    }
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
fn as_bearer(header: &str) -> Cow<'_, str> {
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
