use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use moka::future::Cache;

use crate::feeds::{Feed, FeedReader, Position};

/// What the next page of an answer needs, so that pages agree: the feed with its scans, the order and the total.
pub(super) struct Session {
    pub(super) feed: Arc<Feed>,
    /// Where the rows stand that are wanted, in the order that was asked for; `None` without `$orderby`.
    pub(super) order: Option<Vec<Position>>,
    pub(super) total: Option<u64>,
    /// Which query it is for, and whose.
    pub(super) query: String,
    pub(super) reader: FeedReader,
}

/// The answers that are being paged through.
pub(in crate::feeds) struct Sessions(Cache<[u8; 16], Arc<Session>>);

/// Room for orders, in bytes; the answer that was longest not asked for goes first.
const CAPACITY: u64 = 128 << 20;
/// What an answer counts at least: what it keeps alive besides its order is shared with others, but not for ever.
const LEAST: usize = 512 << 10;

impl Sessions {
    pub(in crate::feeds) fn new(idle: Duration) -> Self {
        let weigh = |_: &[u8; 16], session: &Arc<Session>| {
            let order = session.order.as_ref().map_or(0, |order| size_of_val(order.as_slice()));
            u32::try_from(LEAST + order).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weigh).time_to_idle(idle).build())
    }

    pub(super) async fn keep(&self, id: [u8; 16], session: &Arc<Session>) {
        self.0.insert(id, Arc::clone(session)).await;
    }

    pub(super) async fn find(&self, id: &[u8; 16]) -> Option<Arc<Session>> {
        self.0.get(id).await
    }
}

/// What stands in a next link: which answer, where it goes on, and how many rows were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) session: [u8; 16],
    pub(super) next: Position,
    pub(super) given: u64,
}

impl Token {
    pub(super) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(36);
        bytes.extend_from_slice(&self.session);
        for number in [self.next.part, self.next.thing, self.next.row] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.given.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        let bytes: [u8; 36] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (part, rest) = rest.split_first_chunk::<4>()?;
        let (thing, rest) = rest.split_first_chunk::<4>()?;
        let (row, rest) = rest.split_first_chunk::<4>()?;
        let next = Position {
            part: u32::from_be_bytes(*part),
            thing: u32::from_be_bytes(*thing),
            row: u32::from_be_bytes(*row),
        };
        let given = u64::from_be_bytes(rest.try_into().ok()?);
        Some(Self { session: *session, next, given })
    }
}
