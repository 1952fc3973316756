use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use tokio::sync::OwnedSemaphorePermit;
use url::form_urlencoded;

use super::{
    age,
    conditional::{http_date, known_tag},
    left_out, manners,
    problem::{Form, Problem},
    reader::presented_for_file,
    sending::sent,
};
use crate::{
    feeds::{Feed, Format, KEY, Selection, Table, find, format},
    http::{edge::Edge, observe::Line},
};

/// `GET` and `HEAD /feeds/{table}.{format}`: a whole table, streamed.
pub(super) async fn download(
    State(edge): State<Arc<Edge>>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let line = Line::of(&head.extensions);
    let outcome = answered(&edge, &file, &head, &line).await;
    outcome.unwrap_or_else(|problem| problem.answer(Form::Problem, &line))
}

async fn answered(edge: &Edge, file: &str, head: &Parts, line: &Line) -> Result<Response, Problem> {
    let reader = presented_for_file(edge, file, head, line).await?.reader();
    let (table, format) = wanted(file)?;
    let (format, selection) = options(table, format, head.uri.query())?;
    let permit = Arc::clone(&edge.feed_permits).try_acquire_owned();
    let permit = permit.map_err(|_| Problem::overloaded())?;
    let feed = Arc::new(edge.feeds.open(&reader, table, selection).await?);

    let tag = tag(&feed, format);
    let mut response = match known_tag(&head.headers, &tag) {
        Some(known) => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            response.headers_mut().insert(header::ETAG, known);
            response
        }
        None => whole(edge, &feed, format, &tag, permit),
    };
    let headers = response.headers_mut();
    manners(headers);
    age(headers, feed.oldest(), edge.feeds.now());
    left_out(headers, &feed.unavailable);
    if let Some(date) = feed.newest().and_then(http_date) {
        headers.insert(header::LAST_MODIFIED, date);
    }
    Ok(response)
}

fn wanted(file: &str) -> Result<(&'static Table, Format), Problem> {
    let missing = || Problem::not_found("there is no such feed; `GET /feeds` lists them");
    let (name, extension) = file.rsplit_once('.').ok_or_else(missing)?;
    let format = Format::of_extension(extension).ok_or_else(missing)?;
    Ok((find(name).ok_or_else(missing)?, format))
}

/// The parameters of the format, and those of the table.
fn options(
    table: &Table,
    format: Format,
    query: Option<&str>,
) -> Result<(Format, Selection), Problem> {
    let mut format = format;
    let mut rest: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (name.as_ref(), &mut format) {
            ("bom", Format::Csv { with_mark }) => {
                *with_mark = value
                    .parse()
                    .map_err(|_| Problem::bad_request("`bom` has to be `true` or `false`"))?;
            }
            (KEY, Format::Csv { .. }) => {}
            _ => rest.push((name, value)),
        }
    }
    Ok((format, Selection::parse(table, rest)?))
}

/// Names the bytes of a file without looking at them.
fn tag(feed: &Feed, format: Format) -> String {
    let version = URL_SAFE_NO_PAD.encode(feed.version());
    let mark = if format == (Format::Csv { with_mark: true }) { "-bom" } else { "" };
    format!("{version}-{}{mark}", format.extension())
}

fn whole(
    edge: &Edge,
    feed: &Arc<Feed>,
    format: Format,
    tag: &str,
    permit: OwnedSemaphorePermit,
) -> Response {
    let chunks = format::write(feed, format);
    let mut response = Response::new(Body::from_stream(sent(feed.table, chunks, permit)));
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let day = feed.newest().unwrap_or_else(|| edge.feeds.now()).strftime("%Y-%m-%d");
    let disposition =
        format!("attachment; filename=\"{}-{day}.{}\"", feed.table.name, format.extension());
    for (name, value) in
        [(header::CONTENT_DISPOSITION, disposition), (header::ETAG, format!("\"{tag}\""))]
    {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
