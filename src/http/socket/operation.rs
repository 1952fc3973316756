use std::sync::Arc;

use async_graphql::Request;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::message::{Bare, ToClient};
use crate::{
    auth::Caller,
    graphql::{Answer, RequestContext, document::OperationKind},
    http::{
        answer::Wire, edge::Edge, execute::execute, follow::follow, observe::Line, refusal::Refusal,
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
    pub(super) async fn run(
        self,
        request: Request,
        caller: Arc<Caller>,
        kind: Option<OperationKind>,
    ) {
        let context = RequestContext {
            request_id: self.line.id().as_str().to_owned(),
            max_age: None,
            read_only: false,
        };
        if kind == Some(OperationKind::Subscription) {
            return self.follow(request, caller, context).await;
        }
        match execute(&self.edge, request, caller, context, kind).await {
            Ok(answer) => self.answer(answer).await,
            Err(refusal) => self.refuse(&refusal).await,
        }
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

    async fn follow(&self, request: Request, caller: Arc<Caller>, context: RequestContext) {
        let mut answers = match follow(&self.edge, request, caller, context) {
            Ok(answers) => answers,
            Err(answer) => return self.answer(*answer).await,
        };
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
