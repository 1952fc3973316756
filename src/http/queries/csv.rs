use std::time::Duration;

use async_graphql::{ServerError, Value, Variables};
use http::StatusCode;

use super::Run;
use crate::{
    graphql::{self, Answer, Refusal as GraphqlRefusal},
    http::{
        feeds::problem::Problem,
        observe::Line,
        refusal::{Refusal, code},
    },
    queries::{NotATable, Page, Table},
};

/// Pages of one list that are followed.
const MOST_PAGES: usize = 1_000;

/// The whole list, page after page, with the age of its oldest part; nothing where a page fails.
pub(super) async fn written(
    run: &Run<'_>,
    mut variables: Variables,
) -> Result<(Vec<u8>, Option<Duration>), Problem> {
    let shape = run.query.shape.as_ref().map_err(|why| {
        Problem::not_found(format!("the query {} has no CSV: {why}", run.query.name))
    })?;
    let mut table = Table::new(shape).map_err(|why| unknown(&why))?;
    let mut seen = Vec::new();
    let mut age = None;
    for _ in 0..MOST_PAGES {
        let answer = run.executed(variables.clone()).await.map_err(|refusal| refused(&refusal))?;
        if answer.refusal.is_some() || !answer.response.errors.is_empty() {
            return Err(problem_of(&answer, run.line));
        }
        age = age.max(answer.age);
        match table.add(&answer.response.data).map_err(|why| unknown(&why))? {
            Page::Last => return Ok((table.finish(), age)),
            Page::Cut => {
                return Err(cut(
                    "ask for more rows at once, or give the query a variable for `after`",
                ));
            }
            Page::Next { cursor, .. } if seen.contains(&cursor) => {
                return Err(cut("its pages do not end"));
            }
            Page::Next { variable, cursor } => {
                seen.push(cursor.clone());
                variables.insert(async_graphql::Name::new(variable), Value::String(cursor));
            }
        }
    }
    Err(cut(&format!("it has more than {MOST_PAGES} pages; ask for more rows a page")))
}

fn cut(remedy: &str) -> Problem {
    let detail =
        format!("the list has more rows than were read, and half of it is not given: {remedy}");
    Problem::new(StatusCode::CONFLICT, graphql::code::BAD_USER_INPUT, detail)
}

fn unknown(why: &NotATable) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, code::INTERNAL_SERVER_ERROR, why.to_string())
}

fn refused(refusal: &Refusal) -> Problem {
    Problem::new(refusal.status(), refusal.code(), refusal.message())
}

/// What the errors of an answer amount to where half of an answer is none.
pub(super) fn problem_of(answer: &Answer, line: &Line) -> Problem {
    let errors = &answer.response.errors;
    line.answered_with(errors);
    let wait = match answer.refusal {
        Some(GraphqlRefusal::OverBudget(wait)) => Some(wait),
        _ => errors.iter().filter_map(retry_after).max(),
    };
    // What fails for good is named before what only takes its time.
    let worst = errors.iter().find(|error| !is_retryable(error)).or_else(|| errors.first());
    let code = worst.and_then(word).unwrap_or(graphql::code::BAD_USER_INPUT).to_owned();
    let status = match (code.as_str(), answer.refusal) {
        (_, Some(GraphqlRefusal::OverBudget(_))) => StatusCode::TOO_MANY_REQUESTS,
        (_, Some(_)) | (graphql::code::BAD_USER_INPUT, None) => StatusCode::BAD_REQUEST,
        (graphql::code::FORBIDDEN, None) => StatusCode::FORBIDDEN,
        (graphql::code::NOT_FOUND, None) => StatusCode::NOT_FOUND,
        _ if errors.iter().all(is_retryable) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    };
    let message = worst.map_or("nothing was told", |error| error.message.as_str());
    let detail = match errors.len() {
        0 | 1 => format!("the query was not answered in full: {message}"),
        many => format!("the query was not answered in full: {many} errors, the first: {message}"),
    };
    Problem::new(status, code, detail).again_after(wait)
}

fn extension<'a>(error: &'a ServerError, name: &str) -> Option<&'a Value> {
    error.extensions.as_ref()?.get(name)
}

fn word(error: &ServerError) -> Option<&str> {
    match extension(error, "code")? {
        Value::String(word) => Some(word),
        _ => None,
    }
}

fn is_retryable(error: &ServerError) -> bool {
    extension(error, "retryable") == Some(&Value::Boolean(true))
}

fn retry_after(error: &ServerError) -> Option<Duration> {
    match extension(error, "retryAfter")? {
        Value::Number(seconds) => Some(Duration::from_secs(seconds.as_u64()?)),
        _ => None,
    }
}
