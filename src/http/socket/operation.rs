use std::sync::Arc;

use async_graphql::Request;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::sync::mpsc;

use super::message::{Bare, ToClient};
use crate::{
    auth::Caller,
    graphql::{Answer, RequestContext, document::OperationKind},
    http::{
        answer::Wire,
        edge::Edge,
        execute::execute,
        follow::{Answers, follow},
        observe::Line,
        refusal::Refusal,
    },
};

/// One operation of a socket. Dropped where the client completes it or the socket ends.
pub(super) struct Operation {
    pub(super) edge: Arc<Edge>,
    pub(super) id: String,
    /// Tells it from others of the same id.
    pub(super) number: u64,
    pub(super) line: Line,
    pub(super) say: mpsc::Sender<Said>,
}

/// A message of an operation, on its way to the client.
pub(super) struct Said {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) text: String,
    /// Whether the operation ends with it.
    pub(super) is_last: bool,
}

impl Operation {
    /// An answer is a `next`, and behind the last stands a `complete`; an operation that was not executed gets one `error`.
    ///
    /// A subscription has begun when this returns, so that it has for whatever the client says next.
    pub(super) fn begin(
        self,
        request: Request,
        caller: Arc<Caller>,
        kind: Option<OperationKind>,
    ) -> BoxFuture<'static, ()> {
        let context = RequestContext {
            request_id: self.line.id().as_str().to_owned(),
            max_age: None,
            read_only: false,
        };
        if kind == Some(OperationKind::Subscription) {
            let answers = follow(&self.edge, request, caller, context);
            return async move {
                match answers {
                    Ok(answers) => self.tell(answers).await,
                    Err(answer) => self.answer(*answer).await,
                }
            }
            .boxed();
        }
        async move {
            match execute(&self.edge, request, caller, context, kind).await {
                Ok(answer) => self.answer(answer).await,
                Err(refusal) => self.refuse(&refusal).await,
            }
        }
        .boxed()
    }

    /// The one answer.
    async fn answer(&self, answer: Answer) {
        let wire = Wire::of(answer, self.line.id().as_str());
        self.line.answered_with(wire.errors());
        self.line.ended_with(200);
        if self.next(wire).await {
            self.complete().await;
        }
    }

    async fn tell(&self, mut answers: Answers) {
        self.line.follows();
        while let Some(answer) = answers.next().await {
            let wire = match answer {
                Ok(answer) => Wire::of(answer, self.line.id().as_str()),
                Err(refusal) => return self.refuse(&refusal).await,
            };
            self.line.told(&wire);
            if !self.next(wire).await {
                return;
            }
        }
        self.complete().await;
    }

    /// Whether there may be more.
    async fn next(&self, wire: Wire) -> bool {
        let id = &self.id;
        if wire.is_executed() {
            self.send(ToClient::Next { id, payload: wire }.text(), false).await;
            true
        } else {
            self.send(ToClient::Error { id, payload: wire.errors() }.text(), true).await;
            false
        }
    }

    async fn complete(&self) {
        self.send(Bare::Complete { id: &self.id }.text(), true).await;
    }

    async fn refuse(&self, refusal: &Refusal) {
        self.send(refused(&self.id, refusal, &self.line), true).await;
    }

    async fn send(&self, text: String, is_last: bool) {
        let said = Said { id: self.id.clone(), number: self.number, text, is_last };
        // Without a session there is nobody to tell, and this task ends with it.
        let _ = self.say.send(said).await;
    }
}

/// The `error` for an operation that the schema never saw.
pub(super) fn refused(id: &str, refusal: &Refusal, line: &Line) -> String {
    line.refused(refusal);
    line.ended_with(refusal.status().as_u16());
    ToClient::Error { id, payload: [refusal.error(line.id())] }.text()
}
