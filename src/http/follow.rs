use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::Request;
use futures_util::{
    FutureExt, StreamExt,
    future::ready,
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use tokio::time::Instant;

use super::{edge::Edge, refusal::Refusal};
use crate::{
    auth::Caller,
    graphql::{Answer, RequestContext},
};

/// As good as never, for a token without an end.
const FAR: Duration = Duration::from_hours(365 * 24);

/// The answers of a subscription. They are made while somebody reads them, one at a time, and no time-out cuts them: whoever
/// reads drops them when the token ends ([`end_of`]), the gateway stops or the reader goes.
pub(super) type Answers = BoxStream<'static, Result<Answer, Refusal>>;

/// Begins to follow: what happens after this call is told. The answer where it cannot be done.
pub(super) fn follow(
    edge: &Edge,
    request: Request,
    caller: Arc<Caller>,
    context: RequestContext,
) -> Result<Answers, Box<Answer>> {
    let answers = edge.gateway.subscribe(request, caller, context)?;
    let answers = AssertUnwindSafe(answers).catch_unwind();
    let mut answers = answers.map(|answer| answer.map_err(|_panic| Refusal::Internal)).boxed();
    // A stream does nothing before it is asked: what is changed by who has seen the answer's head would pass it by.
    match answers.next().now_or_never() {
        None => Ok(answers),
        Some(None) => Ok(stream::empty().boxed()),
        Some(Some(first)) => Ok(stream::once(ready(first)).chain(answers).boxed()),
    }
}

/// When the caller's token ends.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a token is still good for is a matter of the present"
)]
pub(super) fn end_of(caller: &Caller) -> Instant {
    let left = caller.expires_at.map_or(FAR, |end| {
        Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default().min(FAR)
    });
    Instant::now() + left
}
