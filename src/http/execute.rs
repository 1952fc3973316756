use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::Request;
use futures_util::FutureExt;
use tokio::time::timeout;
use tracing::Instrument;

use super::{edge::Edge, refusal::Refusal};
use crate::{
    auth::Caller,
    graphql::{Answer, RequestContext, document::OperationKind},
};

/// Runs a request within its time.
///
/// A query ends with its time or with its caller's patience. A mutation runs in a task of its own: what it asked of
/// Atlassian cannot be called back, so it must come to its end and into the audit log whether anybody waits or not.
pub(super) async fn execute(
    edge: &Arc<Edge>,
    request: Request,
    caller: Arc<Caller>,
    context: RequestContext,
    kind: Option<OperationKind>,
) -> Result<Answer, Refusal> {
    let settings = &edge.settings;
    if kind == Some(OperationKind::Mutation) {
        let edge = Arc::clone(edge);
        let mutations = edge.mutations.clone();
        let limit = settings.mutation_timeout;
        let work = async move { edge.gateway.execute(request, caller, context).await };
        let task = mutations.spawn(work.in_current_span());
        return match timeout(limit, task).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_panicked)) => Err(Refusal::Internal),
            Err(_elapsed) => Err(Refusal::TimedOut { is_mutation: true }),
        };
    }
    let work = AssertUnwindSafe(edge.gateway.execute(request, caller, context)).catch_unwind();
    match timeout(settings.query_timeout, work).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_panic)) => Err(Refusal::Internal),
        Err(_elapsed) => Err(Refusal::TimedOut { is_mutation: false }),
    }
}
