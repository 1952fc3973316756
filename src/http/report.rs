use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use tokio::time::timeout;
use url::form_urlencoded;

use super::{
    edge::Edge,
    feeds::{
        problem::{Form, Problem},
        reader::reader,
    },
    observe::Line,
    refusal::code,
};
use crate::{
    feeds::{self, FeedReader, Table, TableScope, Unavailable, find, repeated},
    report::{self, Asked, CONTENT_SECURITY_POLICY},
};

/// The licence report as a page.
pub(super) fn router() -> Router<Arc<Edge>> {
    Router::new().route("/report", get(page).fallback(method_not_allowed))
}

async fn page(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let line = Line::of(&head.extensions);
    let outcome = answered(&edge, &head, &line).await;
    let mut response = outcome.unwrap_or_else(|problem| problem.answer(Form::Page, &line));
    manners(response.headers_mut());
    response
}

async fn method_not_allowed(request: Request) -> Response {
    let line = Line::of(request.extensions());
    let mut response = Problem::method_not_allowed().answer(Form::Page, &line);
    manners(response.headers_mut());
    response
}

async fn answered(edge: &Edge, head: &Parts, line: &Line) -> Result<Response, Problem> {
    let reader = reader(edge, &head.headers, line).await?;
    permitted(&reader)?;
    let asked = asked(head.uri.query(), reader.may_see_personal)?;
    let _permit = edge.requests.try_acquire().map_err(|_| Problem::overloaded())?;
    let reading = edge.reports.read(asked, |id| reader.integrations.contains(id));
    let report = timeout(edge.settings.query_timeout, reading).await;
    let report = report.map_err(|_elapsed| Problem::too_slow())??;
    Ok(Html(report::html(&report)).into_response())
}

/// The tables that the report shows: the figures, their days, and whose seat can be taken back.
const TABLES: [&str; 3] = ["license_usage", "license_history", "product_access"];

/// Who may read all that the report shows may read it.
fn permitted(reader: &FeedReader) -> Result<(), Problem> {
    let tables = TABLES.into_iter().filter_map(find);
    let missing: Vec<&Table> = tables.filter(|table| !reader.may_read(table)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let detail = match reader.tables {
        TableScope::Permitted(_) => {
            let needed: BTreeSet<&str> =
                missing.iter().map(|table| table.permission.word()).collect();
            format!("the report needs the permission {}", listed(needed))
        }
        TableScope::Named(_) => {
            let names = listed(missing.iter().map(|table| table.name));
            format!("the report shows tables that this feed token was not made for: {names}")
        }
    };
    Err(Problem::new(StatusCode::FORBIDDEN, code::FORBIDDEN, detail))
}

fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

fn asked(query: Option<&str>, with_names: bool) -> Result<Asked, Problem> {
    let mut integrations = Vec::new();
    let mut days = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "integration" => integrations.push(value.as_ref().into()),
            "inactiveForDays" if days.is_none() => days = Some(days_of(&value)?),
            "inactiveForDays" => {
                return Err(Problem::bad_request("`inactiveForDays` is given twice"));
            }
            other => return Err(Problem::bad_request(unknown(other))),
        }
    }
    let inactive_for_days = days.unwrap_or(Asked::INACTIVE_FOR_DAYS);
    Ok(Asked { inactive_for_days, integrations, with_names })
}

fn days_of(value: &str) -> Result<u32, Problem> {
    let days = value.parse().ok().filter(|days| *days <= Asked::MOST_DAYS);
    days.ok_or_else(|| {
        let most = Asked::MOST_DAYS;
        Problem::bad_request(format!("`inactiveForDays` has to be a whole number from 0 to {most}"))
    })
}

fn unknown(name: &str) -> String {
    let shown = repeated(name);
    format!("the report has no parameter `{shown}`; it has inactiveForDays and integration")
}

impl From<report::Error> for Problem {
    fn from(error: report::Error) -> Self {
        match error {
            report::Error::UnknownIntegration => feeds::Error::UnknownIntegration.into(),
            report::Error::Unavailable(failed) => {
                let one = |(integration, error)| Unavailable { integration, error };
                feeds::Error::Unavailable(failed.into_iter().map(one).collect()).into()
            }
            report::Error::History(_) | report::Error::Broken => Self::internal(&error),
        }
    }
}

/// A page about people: not stored, not framed, and it loads nothing.
fn manners(headers: &mut HeaderMap) {
    if let Ok(policy) = HeaderValue::from_str(&CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, accept-encoding"));
}
