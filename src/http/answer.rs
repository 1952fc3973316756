use std::collections::BTreeMap;

use async_graphql::{ServerError, Value};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{negotiation::MediaType, observe::Line, refusal::Refusal};
use crate::graphql::{Answer, Refusal as GraphqlRefusal};

/// A GraphQL answer as it goes out. `data` is left out, not null, where nothing was executed.
#[derive(Serialize)]
pub(super) struct Wire {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, Value>,
}

impl Wire {
    /// The answer, with the request's id in every error.
    pub(super) fn of(answer: Answer, request_id: &str) -> Self {
        let is_executed = answer.refusal.is_none();
        let mut errors = answer.response.errors;
        for error in &mut errors {
            error.extensions.get_or_insert_default().set("requestId", request_id);
        }
        Self {
            errors,
            data: is_executed.then_some(answer.response.data),
            extensions: answer.response.extensions,
        }
    }

    pub(super) fn is_executed(&self) -> bool {
        self.data.is_some()
    }

    pub(super) fn errors(&self) -> &[ServerError] {
        &self.errors
    }

    /// The draft's status codes. Under `application/json` whatever was a well-formed request gets 200.
    fn status(&self, kind: MediaType) -> StatusCode {
        match (kind, &self.data) {
            (MediaType::Json, _) => StatusCode::OK,
            (MediaType::GraphqlResponse, None) => StatusCode::BAD_REQUEST,
            (MediaType::GraphqlResponse, Some(_)) if self.errors.is_empty() => StatusCode::OK,
            // "Partial success", for want of a status of its own.
            (MediaType::GraphqlResponse, Some(_)) => StatusCode::NON_AUTHORITATIVE_INFORMATION,
        }
    }
}

/// The response to a request that reached the schema.
pub(super) fn response(answer: Answer, kind: MediaType, line: &Line) -> Result<Response, Refusal> {
    if answer.refusal == Some(GraphqlRefusal::MutationOverGet) {
        return Err(Refusal::MutationOverGet);
    }
    let age = answer.age;
    let wait = match answer.refusal {
        Some(GraphqlRefusal::OverBudget(wait)) => Some(wait),
        _ => None,
    };
    let wire = Wire::of(answer, line.id().as_str());
    line.answered_with(wire.errors());
    let body = serde_json::to_vec(&wire).map_err(|_| Refusal::Internal)?;
    let mut response = (wire.status(kind), Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.header());
    if let Some(wait) = wait {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    }
    let headers = response.headers_mut();
    if let Some(age) = age {
        headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
    }
    Ok(response)
}
