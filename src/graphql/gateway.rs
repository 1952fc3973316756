use std::{sync::Arc, time::Duration};

use async_graphql::{Response, Schema, ServerError, Value, parser::types::ExecutableDocument};
use futures_util::{StreamExt, stream::BoxStream};

use super::{
    Limits,
    budget::Budgets,
    completion::Completion,
    document::{self, OperationKind},
    error::code,
    request::Request,
    roots::{Mutation, Query},
    subscription::Subscriptions,
};
use crate::{
    audit::Audit,
    auth::{Caller, FeedTokens},
    domain::FreshnessSource,
    organizations::{Organizations, changes::Changes},
};

type GatewaySchema = Schema<Query, Mutation, Subscriptions>;

/// The rooms that answers come from.
#[derive(Clone)]
pub struct Parts {
    /// What is connected, and the way to it.
    pub organizations: Organizations,
    /// The record of changes.
    pub audit: Audit,
    /// Changes at Atlassian.
    pub changes: Changes,
    /// The static secrets of tools.
    pub feed_tokens: FeedTokens,
}

/// Runs operations. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    schema: GatewaySchema,
    parts: Parts,
    limits: Arc<Limits>,
    budgets: Arc<Budgets>,
    completion: Arc<Completion>,
}

/// What the transport tells of a request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Stands in every error and in the log.
    pub request_id: String,
    /// What the caller's `Cache-Control` asks for: the greatest age of an answer, zero for `no-cache`.
    pub max_age: Option<Duration>,
    /// Whether a mutation is refused, as over GET.
    pub read_only: bool,
}

/// What came of an operation.
pub struct Answer {
    /// The response; its errors carry codes and the request's id.
    pub response: Response,
    /// The age of the oldest part that was kept from earlier; `None` where everything was read for this answer.
    pub age: Option<Duration>,
    /// Why nothing was run, where nothing was.
    pub refusal: Option<Refusal>,
}

/// Why an operation was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The document or its variables are wrong.
    RequestError,
    /// A mutation where only queries may be sent.
    MutationOverGet,
    /// The document is larger than the limits allow.
    TooComplex,
    /// The caller has spent what a minute allows; how long until there is enough again.
    OverBudget(Duration),
}

/// The schema as SDL, as `schema.graphql` holds it.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().prefer_single_line_descriptions();
    schema(&Limits::default()).sdl_with_options(options)
}

fn schema(limits: &Limits) -> GatewaySchema {
    Schema::build(Query::default(), Mutation::default(), Subscriptions)
        .limit_complexity(limits.complexity)
        .finish()
}

impl Gateway {
    /// A gateway that answers from these rooms.
    #[must_use]
    pub fn new(parts: Parts, limits: Limits) -> Self {
        let schema = schema(&limits);
        Self {
            completion: Arc::new(Completion::of(&schema.sdl())),
            budgets: Arc::new(Budgets::new(limits.cost_per_minute)),
            limits: Arc::new(limits),
            schema,
            parts,
        }
    }

    /// Parses a document whose size is within the limits, without running anything of it.
    ///
    /// # Errors
    /// As an answer would have it: what is too large, or where it is no GraphQL.
    pub fn document(&self, source: &str) -> std::result::Result<ExecutableDocument, ServerError> {
        let document = document::parse(source, &self.limits)?;
        document::measure(&document, &async_graphql::Variables::default(), &self.limits)?;
        Ok(document)
    }

    /// What does not fit the schema in a document that [`Self::document`] let pass. Nothing of it is run.
    pub async fn validate(
        &self,
        source: &str,
        document: &ExecutableDocument,
        variables: async_graphql::Variables,
    ) -> Vec<ServerError> {
        let mut request = async_graphql::Request::new(source).variables(variables);
        request.set_parsed_query(document.clone());
        // The library validates all of it, and then resolves no field of ours.
        let response = self.schema.execute(request.only_introspection()).await;
        let mut errors = document::tidied(response.errors);
        errors.retain(|error| error.path.is_empty());
        for error in &mut errors {
            if error.message == TOO_COMPLEX {
                *error = too_complex(&self.limits);
            }
        }
        errors
    }

    /// Runs one query or mutation for a caller.
    pub async fn execute(
        &self,
        mut request: async_graphql::Request,
        caller: Arc<Caller>,
        context: RequestContext,
    ) -> Answer {
        let prepared = match self.prepare(&mut request, caller, context) {
            Ok(prepared) if prepared.kind == OperationKind::Subscription => {
                return refused(vec![no_stream()], Refusal::RequestError, &prepared.context);
            }
            Ok(prepared) => prepared,
            Err(answer) => return *answer,
        };
        let response = self.schema.execute(request.data(Arc::clone(&prepared.state))).await;
        self.answer(response, &prepared)
    }

    /// Runs one operation of any kind for a caller: a subscription answers each time that something happens, others once.
    ///
    /// # Errors
    /// The answer where the operation is not run. Where only the library finds out why, that is the one answer of the stream.
    pub fn subscribe(
        &self,
        mut request: async_graphql::Request,
        caller: Arc<Caller>,
        context: RequestContext,
    ) -> std::result::Result<BoxStream<'static, Answer>, Box<Answer>> {
        let prepared = self.prepare(&mut request, caller, context)?;
        if prepared.kind == OperationKind::Subscription {
            let bare = document::with_bare_root(&prepared.document).map_err(|error| {
                refused(vec![error.into()], Refusal::RequestError, &prepared.context)
            })?;
            request.set_parsed_query(bare);
        }
        let gateway = self.clone();
        let responses = self.schema.execute_stream(request.data(Arc::clone(&prepared.state)));
        Ok(responses.map(move |response| gateway.answer(response, &prepared)).boxed())
    }

    /// Checks the document and the caller's budget, before anything is run.
    fn prepare(
        &self,
        request: &mut async_graphql::Request,
        caller: Arc<Caller>,
        context: RequestContext,
    ) -> std::result::Result<Prepared, Box<Answer>> {
        let demand = self.parts.organizations.demand(context.max_age);
        let parsed = document::parse(&request.query, &self.limits).and_then(|document| {
            let name = request.operation_name.as_deref();
            let kind = document::check(&document, name, &request.variables, &self.limits)?;
            Ok((document, kind))
        });
        let (document, kind) = match parsed {
            Err(error) => {
                let refusal =
                    if error.is_limit() { Refusal::TooComplex } else { Refusal::RequestError };
                return Err(Box::new(refused(vec![error.into()], refusal, &context)));
            }
            Ok((_, OperationKind::Mutation)) if context.read_only => {
                return Err(Box::new(refused(Vec::new(), Refusal::MutationOverGet, &context)));
            }
            Ok(parsed) => parsed,
        };
        let cost = document::cost(&document, request.operation_name.as_deref());
        let budget = match self.budgets.spend(&caller.subject, cost, demand.now) {
            Ok(budget) => budget,
            Err(wait) => {
                let error = over_budget(wait, &self.limits);
                return Err(Box::new(refused(vec![error], Refusal::OverBudget(wait), &context)));
            }
        };
        request.set_parsed_query(document.clone());
        let operation_name = request.operation_name.clone();
        let state = Request::new(caller, &self.parts, demand, budget, &context.request_id);
        Ok(Prepared { document, kind, operation_name, state: Arc::new(state), context })
    }

    /// Puts right what the library leaves out of a response.
    fn answer(&self, mut response: Response, prepared: &Prepared) -> Answer {
        // Only what goes wrong before anything is run has no place in the answer.
        let is_request_error = response.errors.iter().any(|error| error.path.is_empty());
        if !is_request_error {
            let name = prepared.operation_name.as_deref();
            self.completion.complete(&mut response, &prepared.document, name);
        }
        for error in &mut response.errors {
            if error.path.is_empty() && error.message == TOO_COMPLEX {
                *error = too_complex(&self.limits);
            }
        }
        response.errors = signed(document::tidied(response.errors), &prepared.context);
        let now = match prepared.kind {
            // Its answers come long after its request.
            OperationKind::Subscription => self.parts.organizations.demand(None).now,
            _ => prepared.state.demand.now,
        };
        let age = finish(&mut response, &prepared.state, now);
        Answer { response, age, refusal: is_request_error.then_some(Refusal::RequestError) }
    }
}

/// An operation that may be run.
struct Prepared {
    document: ExecutableDocument,
    kind: OperationKind,
    operation_name: Option<String>,
    state: Arc<Request>,
    context: RequestContext,
}

fn no_stream() -> ServerError {
    let message = "subscriptions are served over a WebSocket (/graphql/ws, graphql-transport-ws) and as server-sent \
                   events (`Accept: text/event-stream`)";
    ServerError::new(message, None)
}

/// The library's words for a query above the limit of complexity; it gives no code.
const TOO_COMPLEX: &str = "Query is too complex.";

fn too_complex(limits: &Limits) -> ServerError {
    let message = format!(
        "the query may cost more than {}: each field counts one, times the page sizes around it",
        limits.complexity
    );
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", document::code::QUERY_TOO_COMPLEX);
    error
}

fn over_budget(wait: Duration, limits: &Limits) -> ServerError {
    let message = format!(
        "the token has spent its {} a minute; ask for less, or later",
        limits.cost_per_minute
    );
    let mut error = ServerError::new(message, None);
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code::RATE_LIMITED);
    extensions.set("retryable", true);
    extensions.set("retryAfter", wait.as_secs().saturating_add(1));
    error
}

fn refused(errors: Vec<ServerError>, refusal: Refusal, context: &RequestContext) -> Answer {
    let response = Response::from_errors(signed(errors, context));
    Answer { response, age: None, refusal: Some(refusal) }
}

/// Gives every error the request's id, and a code where it has none.
fn signed(mut errors: Vec<ServerError>, context: &RequestContext) -> Vec<ServerError> {
    for error in &mut errors {
        let default = if error.path.is_empty() {
            code::GRAPHQL_VALIDATION_FAILED
        } else {
            code::BAD_USER_INPUT
        };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", default);
        }
        extensions.set("requestId", context.request_id.as_str());
    }
    errors
}

/// Tells how old the answer is: in `extensions.freshness`, and as the age for the transport's header.
fn finish(response: &mut Response, state: &Request, now: jiff::Timestamp) -> Option<Duration> {
    let oldest = state.take_age()?;
    let age = now.duration_since(oldest.fetched_at).try_into().unwrap_or(Duration::ZERO);
    let source = match oldest.source {
        FreshnessSource::Live => "LIVE",
        FreshnessSource::Cache => "CACHE",
    };
    let freshness = [
        ("fetchedAt", Value::from(oldest.fetched_at.to_string())),
        ("source", Value::from(source)),
        ("isStale", Value::from(oldest.is_stale)),
        ("ageSeconds", Value::from(age.as_secs())),
    ];
    let freshness =
        freshness.into_iter().map(|(name, value)| (async_graphql::Name::new(name), value));
    response.extensions.insert("freshness".to_owned(), Value::Object(freshness.collect()));
    (oldest.source == FreshnessSource::Cache).then_some(age)
}
