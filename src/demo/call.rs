//! One request as a handler sees it, and the answer that it gives.

use std::{str::FromStr, sync::RwLockReadGuard, sync::RwLockWriteGuard};

use axum::{
    body::Bytes,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{error, organization::Organization, world::World};

/// An answer before it goes out. Both a success and a refusal are one.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Vec<u8>,
}

/// What handlers return: `?` passes a refusal on.
pub(super) type Answer = Result<Reply, Reply>;

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

impl Reply {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// 204, as most writes answer.
    pub(super) fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.push((header::CONTENT_TYPE, JSON));
        reply.body = serde_json::to_vec(body).expect("answers have text keys only");
        reply
    }

    pub(super) fn text(status: StatusCode, content_type: &'static str, body: &str) -> Self {
        let mut reply = Self::empty(status);
        let content_type = HeaderValue::from_static(content_type);
        reply.headers.push((header::CONTENT_TYPE, content_type));
        body.as_bytes().clone_into(&mut reply.body);
        reply
    }

    /// Adds a header; one that cannot be written is left out.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::from_str(name), HeaderValue::from_str(value)) {
            self.headers.push((name, value));
        }
        self
    }
}

/// 200 with this JSON.
pub(super) fn ok(body: &impl Serialize) -> Answer {
    let failed = |_| Reply::empty(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply::empty(StatusCode::OK);
    reply.headers.push((header::CONTENT_TYPE, JSON));
    reply.body = serde_json::to_vec(body).map_err(failed)?;
    Ok(reply)
}

/// Who asks, once the credentials were looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Caller {
    Anonymous,
    /// A bearer of an organization's key.
    Key,
    /// Basic credentials of this person.
    Person(u32),
}

/// One request.
pub(super) struct Call<'a> {
    pub(super) world: &'a World,
    /// The organization that is asked: the key's, or the site's.
    pub(super) organization: usize,
    /// The site that is asked, on site listeners.
    pub(super) site: usize,
    pub(super) caller: Caller,
    pub(super) path: &'a str,
    pub(super) params: &'a [(String, String)],
    pub(super) query: &'a [(String, String)],
    pub(super) body: &'a Bytes,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    /// The organization to read, with everything that is due by now.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Organization> {
        self.world.read(self.organization, self.now)
    }

    /// The organization to change, with everything that is due by now.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Organization> {
        self.world.write(self.organization, self.now)
    }

    /// A segment of the path, decoded; empty where the route has none of this name.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a repeated query parameter.
    pub(super) fn queries(&self, name: &str) -> Vec<String> {
        self.query
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// The body as JSON of this shape; nothing sent reads as an empty object.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Reply> {
        let bytes: &[u8] = if self.body.is_empty() { b"{}" } else { self.body };
        serde_json::from_slice(bytes)
            .map_err(|reason| error::list(400, "ADMIN-400-24", "Invalid request body", &reason))
    }

    /// The body as any JSON.
    pub(super) fn value(&self) -> Result<Value, Reply> {
        self.json()
    }

    /// The directory of the path for a read: `None` for `-`, all of them.
    pub(super) fn directory_to_read(
        &self,
        organization: &Organization,
    ) -> Result<Option<usize>, Reply> {
        match self.param("directoryId") {
            "-" => Ok(None),
            id => organization.directory(id).map(Some).ok_or_else(|| {
                error::list(404, "ADMIN-404-1", "Unknown resource", &"No directory has this id.")
            }),
        }
    }

    /// The directory of the path for a write: a real one only.
    pub(super) fn directory_to_write(&self, organization: &Organization) -> Result<usize, Reply> {
        match self.param("directoryId") {
            "-" => Err(error::list(
                400,
                "ADMIN-400-4",
                "Invalid resource",
                &"A change needs the id of one directory.",
            )),
            id => organization.directory(id).ok_or_else(|| Reply::empty(StatusCode::NOT_FOUND)),
        }
    }
}
