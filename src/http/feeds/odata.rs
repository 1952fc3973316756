use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::{
    address, age, left_out, manners,
    problem::{Form, Problem},
    reader::reader,
    wanted::Wanted,
};
use crate::{
    feeds::{
        FeedReader, Table, find,
        odata::{Answer, Query, metadata, service_document},
    },
    http::{edge::Edge, observe::Line},
};

const VERSION: HeaderName = HeaderName::from_static("odata-version");

/// `GET` and `HEAD /odata/v4/…`.
pub(super) async fn answer(State(edge): State<Arc<Edge>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let line = Line::of(&head.extensions);
    let outcome = answered(&edge, &head, &line).await;
    versioned(outcome.unwrap_or_else(|problem| problem.answer(Form::OData, &line)))
}

pub(super) async fn method_not_allowed(request: Request) -> Response {
    let line = Line::of(request.extensions());
    versioned(Problem::method_not_allowed().answer(Form::OData, &line))
}

fn versioned(mut response: Response) -> Response {
    response.headers_mut().insert(VERSION, HeaderValue::from_static("4.0"));
    response
}

async fn answered(edge: &Edge, head: &Parts, line: &Line) -> Result<Response, Problem> {
    let reader = reader(edge, &head.headers, line).await?;
    let parameters: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).collect();
    let wanted = Wanted::of(&head.headers, &parameters)?;
    let service = address::service(edge.feeds.settings().public_url.as_ref(), head);
    let path = head.uri.path();
    let path = path.strip_prefix("/odata/v4").unwrap_or(path).trim_matches('/');
    // Some clients send the dollar of `$metadata` as %24.
    let path = percent_decode_str(path).decode_utf8_lossy();
    let mut response = match path.as_ref() {
        "" => {
            only_format(&parameters)?;
            let document = service_document(&reader, &service);
            json(wanted, document.to_string())
        }
        "$metadata" => {
            only_format(&parameters)?;
            let headers = [(header::CONTENT_TYPE, "application/xml;charset=utf-8")];
            (headers, metadata(&reader)?).into_response()
        }
        "$batch" => return Err(Problem::not_implemented("batches are not offered")),
        path => {
            let asked = Asked { edge, head, reader: &reader, service: &service, wanted };
            asked.rows(path, parameters).await?
        }
    };
    manners(response.headers_mut());
    let vary = "authorization, accept, accept-encoding, prefer, odata-maxversion";
    response.headers_mut().insert(header::VARY, HeaderValue::from_static(vary));
    Ok(response)
}

/// What a request for rows comes with.
struct Asked<'a> {
    edge: &'a Edge,
    head: &'a Parts,
    reader: &'a FeedReader,
    service: &'a str,
    wanted: Wanted,
}

impl Asked<'_> {
    async fn rows(
        &self,
        path: &str,
        parameters: Vec<(Cow<'_, str>, Cow<'_, str>)>,
    ) -> Result<Response, Problem> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        if name.contains('(') {
            return Err(Problem::not_implemented("single rows are not offered; use `$filter`"));
        }
        let table = find(name).filter(|table| self.reader.may_read(table));
        let table = table.ok_or_else(|| {
            Problem::not_found("there is no such entity set, or you may not read it")
        })?;
        let _permit = self.edge.feed_permits.try_acquire().map_err(|_| Problem::overloaded())?;
        match rest {
            "" => self.page(table, parameters).await,
            "$count" => {
                let query = Query::parse(table, parameters)?;
                let total = self.edge.feeds.count(self.reader, table, query).await?;
                let headers = [(header::CONTENT_TYPE, "text/plain;charset=utf-8")];
                Ok((headers, total.to_string()).into_response())
            }
            _ => Err(Problem::not_implemented("paths below an entity set are not offered")),
        }
    }

    async fn page(
        &self,
        table: &'static Table,
        parameters: Vec<(Cow<'_, str>, Cow<'_, str>)>,
    ) -> Result<Response, Problem> {
        if self.wanted.is_xml {
            return Err(Problem::not_acceptable("rows are application/json"));
        }
        let feeds = &self.edge.feeds;
        let pairs = parameters.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        let next = address::next(self.service, table.name, pairs);
        let query = Query::parse(table, parameters)?;
        let preferred = preferred_rows(&self.head.headers);
        let most = preferred.unwrap_or(usize::MAX);
        let page = feeds.page(self.reader, table, query, most).await?;
        let answer = Answer {
            service: self.service,
            next: &next,
            metadata: self.wanted.metadata,
            numbers_as_text: self.wanted.numbers_as_text,
        };
        let mut response = json(self.wanted, page.json(answer)?);
        let headers = response.headers_mut();
        age(headers, page.oldest, feeds.now());
        left_out(headers, &page.unavailable);
        if let Some(rows) = preferred {
            let rows = rows.clamp(1, feeds.settings().page_rows);
            if let Ok(applied) = HeaderValue::from_str(&format!("odata.maxpagesize={rows}")) {
                headers.insert("preference-applied", applied);
            }
        }
        Ok(response)
    }
}

fn json(wanted: Wanted, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let media_type = HeaderValue::from_static(wanted.media_type());
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// The page size that a reader prefers.
fn preferred_rows(headers: &HeaderMap) -> Option<usize> {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let is_size = matches!(name.as_str(), "odata.maxpagesize" | "maxpagesize");
        is_size.then(|| value.trim().trim_matches('"').parse().ok()).flatten()
    })
}

/// Documents take no other query option.
fn only_format(parameters: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<(), Problem> {
    if parameters.iter().all(|(name, _)| name == "$format") {
        return Ok(());
    }
    Err(Problem::bad_request("this document takes no query option but `$format`"))
}
