//! Opaque ids of objects and cursors of lists. Both carry a version, so that their form can change.

use std::hash::{DefaultHasher, Hash, Hasher};

use async_graphql::ID;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::{ApiError, Result};
use crate::{
    audit::EntryId,
    domain::{
        AccountId, BulkDeletionId, DeletionId, FeedTokenId, GroupId, IntegrationId, ResourceId,
        RoleId,
    },
    organizations::Position,
};

const ID_PREFIX: &str = "v1_";
const CURSOR_PREFIX: &str = "c1_";
/// Longer than any id or cursor of ours; longer ones are not even decoded.
const LONGEST: usize = 8_192;

/// What an id stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum ObjectId {
    #[serde(rename = "i")]
    Integration(IntegrationId),
    #[serde(rename = "u")]
    User(IntegrationId, AccountId),
    #[serde(rename = "g")]
    Group(IntegrationId, GroupId),
    #[serde(rename = "p")]
    Product(IntegrationId, ResourceId),
    #[serde(rename = "r")]
    Role(RoleId),
    #[serde(rename = "e")]
    ActivityEvent(IntegrationId, String),
    #[serde(rename = "a")]
    AuditEntry(EntryId),
    #[serde(rename = "d")]
    Deletion(DeletionId),
    #[serde(rename = "b")]
    BulkDeletion(BulkDeletionId),
    #[serde(rename = "t")]
    FeedToken(FeedTokenId),
}

impl ObjectId {
    pub(super) fn encode(&self) -> ID {
        ID(encode(ID_PREFIX, self))
    }

    pub(super) fn decode(id: &ID) -> Result<Self> {
        decode(ID_PREFIX, id).ok_or_else(|| {
            ApiError::BadUserInput(
                "the id is none of this service; ids are opaque, use them as given".into(),
            )
        })
    }
}

/// The id of an integration, as callers know it.
#[must_use]
pub fn integration(id: &IntegrationId) -> String {
    ObjectId::Integration(id.clone()).encode().0
}

/// The integrations that the caller named.
pub(super) fn integrations(ids: &[ID]) -> Result<Vec<IntegrationId>> {
    ids.iter()
        .map(|id| match ObjectId::decode(id)? {
            ObjectId::Integration(id) => Ok(id),
            _ => Err(ApiError::NotFound("integration")),
        })
        .collect()
}

/// Where a list over several integrations goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// What the list is about: a cursor of another list, filter or order is refused.
    #[serde(rename = "f")]
    list: u64,
    /// The integration of the row.
    #[serde(rename = "i")]
    pub(super) integration: IntegrationId,
    /// Where the next row stands; `None` after the integration's last row.
    #[serde(rename = "p")]
    pub(super) position: Option<Position>,
}

impl Cursor {
    pub(super) fn new(list: u64, integration: IntegrationId, position: Option<Position>) -> Self {
        Self { list, integration, position }
    }

    pub(super) fn encode(&self) -> String {
        encode(CURSOR_PREFIX, self)
    }

    pub(super) fn decode(cursor: &str, list: u64) -> Result<Self> {
        decode::<Self>(CURSOR_PREFIX, cursor)
            .filter(|cursor| cursor.list == list)
            .ok_or(ApiError::CursorInvalid)
    }
}

/// Where a list goes on whose rows have numbers: behind the one of this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RowCursor {
    #[serde(rename = "f")]
    list: u64,
    #[serde(rename = "n")]
    pub(super) row: i64,
}

impl RowCursor {
    pub(super) fn new(list: u64, row: i64) -> Self {
        Self { list, row }
    }

    pub(super) fn encode(self) -> String {
        encode(CURSOR_PREFIX, &self)
    }

    pub(super) fn decode(cursor: &str, list: u64) -> Result<Self> {
        decode::<Self>(CURSOR_PREFIX, cursor)
            .filter(|cursor| cursor.list == list)
            .ok_or(ApiError::CursorInvalid)
    }
}

/// A number for a list: the same field with the same filter and order has the same.
pub(super) fn list(about: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    about.hash(&mut hasher);
    hasher.finish()
}

fn encode(prefix: &str, value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("ids and cursors are plain data");
    let mut text = prefix.to_owned();
    BASE64_URL_SAFE_NO_PAD.encode_string(json, &mut text);
    text
}

fn decode<T: DeserializeOwned>(prefix: &str, text: &str) -> Option<T> {
    let encoded = text.strip_prefix(prefix).filter(|encoded| encoded.len() <= LONGEST)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_what_it_stands_for() {
        let id = ObjectId::User("acme".into(), "557058:2b7e".into());
        assert_eq!(ObjectId::decode(&id.encode()).unwrap(), id);
    }

    #[test]
    fn what_is_no_id_of_ours_is_refused() {
        for text in ["", "1", "v1_", "v1_!!!", "v2_eyJyIjoiYSJ9", "VXNlcjox", &"v1_A".repeat(9_000)]
        {
            assert!(ObjectId::decode(&ID(text.to_owned())).is_err(), "{text:.20}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = Cursor::new(list("users"), "acme".into(), None).encode();
        assert!(Cursor::decode(&cursor, list("users")).is_ok());
        assert!(Cursor::decode(&cursor, list("groups")).is_err());
    }
}
