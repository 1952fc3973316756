use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use moka::{future::Cache, policy::EvictionPolicy};

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

impl Session {
    fn bytes(&self) -> usize {
        let order = self.order.as_ref().map_or(0, |order| size_of_val(order.as_slice()));
        LEAST + order + self.feed.bytes()
    }
}

/// The answers that are being paged through.
pub(in crate::feeds) struct Sessions(Cache<[u8; 16], Arc<Session>>);

/// Room for all of them, in bytes; the answer that was longest not asked for goes first.
const CAPACITY: u64 = 128 << 20;
/// What an answer counts at least: what it keeps alive besides is shared with others, but not for ever.
const LEAST: usize = 512 << 10;
/// After this time an answer is gone, however often its pages are asked for: nobody pages for so long, and the scan that it keeps
/// alive has long been followed by others.
const LONGEST: Duration = Duration::from_hours(1);

impl Sessions {
    pub(in crate::feeds) fn new(idle: Duration) -> Self {
        let weigh = |_: &[u8; 16], session: &Arc<Session>| {
            // One is kept even where it is larger than the room.
            u32::try_from((session.bytes() as u64).min(CAPACITY)).unwrap_or(u32::MAX)
        };
        let building = Cache::builder()
            .max_capacity(CAPACITY)
            // The newest one is always taken in: its reader is about to ask for the next page.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(weigh);
        Self(building.time_to_idle(idle).time_to_live(LONGEST.max(idle)).build())
    }

    /// Keeps an answer of which there are more pages. Once is enough: its time begins anew each time.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::tests::feed_of_text;

    /// An answer whose rows have so much text, in an order of so many.
    fn session(rows: usize, bytes: usize, ordered: Option<usize>) -> Arc<Session> {
        let feed = Arc::new(feed_of_text(rows, bytes));
        let order = ordered.map(|rows| vec![Position::default(); rows]);
        let reader = FeedReader::operator();
        Arc::new(Session { feed, order, total: None, query: String::new(), reader })
    }

    fn id(number: u8) -> [u8; 16] {
        [number; 16]
    }

    #[test]
    fn an_answer_weighs_what_its_rows_take_and_its_order() {
        let small = session(0, 0, None).bytes();
        let large = session(1_000, 2_000, None).bytes();
        assert!((2_000_000..2_500_000).contains(&(large - small)), "{small} {large}");
        let ordered = session(0, 0, Some(1_000)).bytes();
        assert_eq!(ordered - small, 12_000);
    }

    #[tokio::test]
    async fn the_newest_answer_is_kept_whatever_was_there_before_and_the_oldest_goes() {
        let sessions = Sessions::new(Duration::from_mins(10));
        // Each takes a little more than a quarter of the room.
        let quarter = Some((32 << 20) / size_of::<Position>());
        for number in 0..12 {
            sessions.keep(id(number), &session(0, 0, quarter)).await;
            sessions.0.run_pending_tasks().await;
            for _ in 0..20 {
                assert!(sessions.find(&id(number)).await.is_some(), "{number}");
            }
        }
        assert!(sessions.find(&id(8)).await.is_none(), "there is room for three");
        let large = Some((140 << 20) / size_of::<Position>());
        sessions.keep(id(50), &session(0, 0, large)).await;
        sessions.0.run_pending_tasks().await;
        assert!(sessions.find(&id(50)).await.is_some(), "it is larger than the room");
        assert!(sessions.find(&id(11)).await.is_none());
    }
}
