//! A stand-in for the schema, so that the edge can be built and audited on its own; the real one takes its place.

pub mod document;

use std::{sync::Arc, time::Duration};

use async_graphql::{EmptySubscription, Object, Request, Response, Schema};

pub use self::document::Limits;
use crate::auth::Caller;

#[derive(Clone)]
pub struct Gateway {
    schema: Schema<Query, Mutation, EmptySubscription>,
    limits: Limits,
}

pub struct RequestContext {
    pub request_id: String,
    pub max_age: Option<Duration>,
    pub read_only: bool,
}

pub struct Answer {
    pub response: Response,
    pub age: Option<Duration>,
    pub refusal: Option<Refusal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    RequestError,
    MutationOverGet,
    TooComplex,
}

struct Query;

#[Object]
impl Query {
    async fn viewer(&self) -> &'static str {
        "stand-in"
    }
    async fn panics(&self) -> i32 {
        panic!("as asked")
    }
    async fn waits(&self) -> i32 {
        std::future::pending().await
    }
    async fn fails(&self) -> async_graphql::Result<Option<i32>> {
        Err("no".into())
    }
    async fn long(&self) -> String {
        "x".repeat(100_000)
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn change(&self) -> bool {
        true
    }
}

impl Gateway {
    pub fn new(_organizations: crate::organizations::Organizations, limits: Limits) -> Self {
        Self {
            schema: Schema::new(Query, Mutation, EmptySubscription),
            limits,
        }
    }

    pub async fn execute(
        &self,
        mut request: Request,
        _caller: Arc<Caller>,
        context: RequestContext,
    ) -> Answer {
        let refused = |errors, refusal| Answer {
            response: Response::from_errors(errors),
            age: None,
            refusal: Some(refusal),
        };
        let parsed = document::parse(&request.query, &self.limits);
        let checked = parsed.and_then(|document| {
            let kind = document::check(
                &document,
                request.operation_name.as_deref(),
                &request.variables,
                &self.limits,
            )?;
            Ok((document, kind))
        });
        match checked {
            Err(error) => {
                let refusal = if error.is_limit() {
                    Refusal::TooComplex
                } else {
                    Refusal::RequestError
                };
                refused(vec![error.into()], refusal)
            }
            Ok((_, document::OperationKind::Mutation)) if context.read_only => {
                refused(Vec::new(), Refusal::MutationOverGet)
            }
            Ok((document, _)) => {
                request.set_parsed_query(document);
                let mut response = self.schema.execute(request).await;
                let is_request_error = response.errors.iter().any(|error| error.path.is_empty());
                response.errors = document::tidied(response.errors);
                Answer {
                    response,
                    age: None,
                    refusal: is_request_error.then_some(Refusal::RequestError),
                }
            }
        }
    }
}

pub fn sdl() -> String {
    Schema::new(Query, Mutation, EmptySubscription).sdl()
}
