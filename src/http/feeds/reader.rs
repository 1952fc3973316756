use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;

use super::problem::Problem;
use crate::{
    feeds::FeedReader,
    http::{edge::Edge, endpoint::bearer, observe::Line},
};

/// Who reads: a JWT, as a bearer token or as the password of HTTP Basic, of which the user name does not matter. The dialogs of
/// BI tools know no other way.
pub(super) async fn reader(
    edge: &Edge,
    headers: &HeaderMap,
    line: &Line,
) -> Result<FeedReader, Problem> {
    let presented = bearer(headers).map(as_bearer);
    let caller = edge.verifier.caller(presented.as_deref()).await.map_err(|refusal| {
        line.refused_because(&refusal);
        Problem::unauthenticated()
    })?;
    line.called_by(&caller.subject);
    Ok(FeedReader::of_caller(&caller))
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
