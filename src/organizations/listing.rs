use std::{future::Future, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Error, Result};
use crate::{
    atlassian::ErrorKind,
    domain::{Fetched, Freshness, Page},
};

/// Where a row of a list stands. What it points into may expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// In upstream's pages.
    #[serde(rename = "u")]
    Upstream(UpstreamPosition),
    /// In an ordered scan: the scan's number and the index of the next row.
    #[serde(rename = "s")]
    Scan(u64, u32),
    /// In several of upstream's lists that are read together: where each goes on, `None` for one that has ended.
    #[serde(rename = "m")]
    Merged(Vec<Option<UpstreamPosition>>),
    /// In a list that is all at hand: the index of the next row.
    #[serde(rename = "n")]
    Index(u32),
}

/// The next row, in upstream's own paging. Upstream wants the same limit with each cursor (API.md, section 2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamPosition {
    /// Which of the searches that the filter was split into.
    #[serde(rename = "s", default)]
    pub search: usize,
    /// Upstream's cursor of the page.
    #[serde(rename = "c", default)]
    pub cursor: Option<String>,
    /// Rows of that page that were already given.
    #[serde(rename = "o", default)]
    pub offset: u16,
    /// Page size that the paging began with.
    #[serde(rename = "l")]
    pub limit: u16,
}

/// One row and where the list goes on after it.
#[derive(Debug, Clone)]
pub struct Row<T> {
    /// The row.
    pub item: Arc<T>,
    /// When it was read.
    pub freshness: Freshness,
    /// Where the next row stands; `None` after the last.
    pub next: Option<Position>,
}

/// A page of rows.
#[derive(Debug, Clone)]
pub struct Rows<T> {
    /// The rows.
    pub rows: Vec<Row<T>>,
    /// Whether there may be more.
    pub has_more: bool,
    /// How old it is; `None` where nothing had to be read.
    pub freshness: Option<Freshness>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), has_more: false, freshness: None }
    }
}

/// Upstream pages without rows that carry a cursor are followed this far.
const MOST_PAGES: usize = 20;

/// Fills a page from the upstream pages of `searches` searches, one after the other; `ask` gets one of them.
pub(super) async fn walk<T, Answer>(
    after: Option<&Position>,
    first: u16,
    searches: usize,
    ask: impl Fn(UpstreamPosition) -> Answer + Send,
) -> Result<Rows<T>>
where
    T: Send + Sync,
    Answer: Future<Output = Result<Fetched<Page<Arc<T>>>>> + Send,
{
    let mut at = match after {
        None => UpstreamPosition { limit: first, ..UpstreamPosition::default() },
        Some(Position::Upstream(position)) if position.is_possible() => position.clone(),
        Some(_) => return Err(Error::CursorInvalid),
    };
    let wanted = usize::from(first);
    let mut page = Rows::default();
    for _ in 0..MOST_PAGES {
        if at.search >= searches {
            page.has_more = false;
            break;
        }
        let fetched = ask(at.clone()).await.map_err(|error| expired(error, &at))?;
        let is_last_search = at.search + 1 == searches;
        let next = take(&mut page, &fetched, &at, wanted, is_last_search);
        page.freshness =
            Some(page.freshness.map_or(fetched.freshness, |age| age.with(fetched.freshness)));
        page.has_more = next.is_some();
        match next {
            Some(position) if page.rows.len() < wanted => at = position,
            _ => break,
        }
    }
    Ok(page)
}

/// Fills a page from several upstream lists at once, each in the order of `key`, greatest first; `ask` gets
/// a page of the list that the position's `search` names.
pub(super) async fn merge<T, Key, Answer>(
    after: Option<&Position>,
    first: u16,
    lists: usize,
    key: impl Fn(&T) -> Key + Send,
    ask: impl Fn(UpstreamPosition) -> Answer + Send + Sync,
) -> Result<Rows<T>>
where
    T: Send + Sync,
    Key: Ord,
    Answer: Future<Output = Result<Fetched<Page<Arc<T>>>>> + Send,
{
    let mut heads: Vec<Option<UpstreamPosition>> = match after {
        None => (0..lists)
            .map(|search| Some(UpstreamPosition { search, limit: first, ..Default::default() }))
            .collect(),
        Some(Position::Merged(heads)) if heads.len() == lists && are_possible(heads) => {
            heads.clone()
        }
        Some(_) => return Err(Error::CursorInvalid),
    };
    let mut page = Rows::default();
    while page.rows.len() < usize::from(first) {
        // Pages are kept, so that looking at every list's next row again costs nothing.
        let next = heads.iter().flatten().map(|at| next_row(at.clone(), &ask));
        let next = futures_util::future::try_join_all(next).await?;
        for (list, head) in heads.iter_mut().enumerate() {
            if !next.iter().flatten().any(|row| row.list == list) {
                *head = None;
            }
        }
        let Some(newest) = next.into_iter().flatten().max_by_key(|row| key(&row.item)) else {
            break;
        };
        let NextRow { list, item, freshness, after } = newest;
        heads[list] = after;
        page.freshness = Some(page.freshness.map_or(freshness, |age| age.with(freshness)));
        page.rows.push(Row {
            item,
            freshness,
            next: heads.iter().any(Option::is_some).then(|| Position::Merged(heads.clone())),
        });
    }
    page.has_more = heads.iter().any(Option::is_some);
    Ok(page)
}

struct NextRow<T> {
    list: usize,
    item: Arc<T>,
    freshness: Freshness,
    after: Option<UpstreamPosition>,
}

async fn next_row<T, Answer>(
    mut at: UpstreamPosition,
    ask: &(impl Fn(UpstreamPosition) -> Answer + Sync),
) -> Result<Option<NextRow<T>>>
where
    Answer: Future<Output = Result<Fetched<Page<Arc<T>>>>>,
{
    for _ in 0..MOST_PAGES {
        let fetched = ask(at.clone()).await.map_err(|error| expired(error, &at))?;
        let items = &fetched.value.items;
        let next_page = fetched.value.next.as_ref().map(|cursor| UpstreamPosition {
            cursor: Some(cursor.clone()),
            offset: 0,
            ..at.clone()
        });
        if let Some(item) = items.get(usize::from(at.offset)) {
            let is_last = usize::from(at.offset) + 1 == items.len();
            let within = UpstreamPosition { offset: at.offset + 1, ..at.clone() };
            let after = if is_last { next_page } else { Some(within) };
            let (list, freshness) = (at.search, fetched.freshness);
            return Ok(Some(NextRow { list, item: Arc::clone(item), freshness, after }));
        }
        match next_page {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(None)
}

fn are_possible(heads: &[Option<UpstreamPosition>]) -> bool {
    let is_own = |(list, head): (usize, &Option<UpstreamPosition>)| {
        head.as_ref().is_none_or(|at| at.search == list && at.is_possible())
    };
    heads.iter().enumerate().all(is_own)
}

impl UpstreamPosition {
    // A cursor comes back from outside: what it says is checked before it reaches Atlassian.
    fn is_possible(&self) -> bool {
        (1..=100).contains(&self.limit) && self.offset <= 1_000
    }
}

/// Takes rows of one upstream page and tells where the list goes on.
fn take<T>(
    page: &mut Rows<T>,
    fetched: &Fetched<Page<Arc<T>>>,
    at: &UpstreamPosition,
    wanted: usize,
    is_last_search: bool,
) -> Option<UpstreamPosition> {
    let items = &fetched.value.items;
    let after_page = match &fetched.value.next {
        Some(cursor) => {
            Some(UpstreamPosition { cursor: Some(cursor.clone()), offset: 0, ..at.clone() })
        }
        None if is_last_search => None,
        None => {
            Some(UpstreamPosition { search: at.search + 1, limit: at.limit, ..Default::default() })
        }
    };
    let begin = usize::from(at.offset).min(items.len());
    let end = items.len().min(begin + wanted - page.rows.len());
    let after = |index: usize| {
        if index == items.len() {
            return after_page.clone();
        }
        let offset = u16::try_from(index).unwrap_or(u16::MAX);
        Some(UpstreamPosition { offset, ..at.clone() })
    };
    for (index, item) in items.iter().enumerate().take(end).skip(begin) {
        page.rows.push(Row {
            item: Arc::clone(item),
            freshness: fetched.freshness,
            next: after(index + 1).map(Position::Upstream),
        });
    }
    after(end)
}

// A cursor that upstream refuses was ours once: what it paged over is gone.
fn expired(error: Error, at: &UpstreamPosition) -> Error {
    match error {
        Error::Upstream(upstream)
            if at.cursor.is_some()
                && matches!(upstream.kind, ErrorKind::InvalidCursor | ErrorKind::BadRequest) =>
        {
            Error::CursorExpired
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::FreshnessSource;

    fn upstream(numbers: std::ops::Range<u32>, next: Option<&str>) -> Fetched<Page<Arc<u32>>> {
        Fetched {
            value: Arc::new(Page {
                items: numbers.map(Arc::new).collect(),
                next: next.map(str::to_owned),
            }),
            freshness: Freshness {
                fetched_at: Timestamp::UNIX_EPOCH,
                source: FreshnessSource::Live,
                is_stale: false,
                upstream_lag: None,
            },
        }
    }

    /// Two searches: ten rows in pages of four, then three rows, with an empty page on the way.
    async fn list(after: Option<&Position>, first: u16) -> Rows<u32> {
        let ask = |at: UpstreamPosition| async move {
            Ok(match (at.search, at.cursor.as_deref()) {
                (0, None) => upstream(0..4, Some("b")),
                (0, Some("b")) => upstream(0..0, Some("c")),
                (0, Some("c")) => upstream(4..8, Some("d")),
                (0, _) => upstream(8..10, None),
                _ => upstream(10..13, None),
            })
        };
        walk(after, first, 2, ask).await.unwrap()
    }

    #[tokio::test]
    async fn every_row_comes_once_whatever_the_page_size() {
        for first in 1..=14 {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = list(after.as_ref(), first).await;
                seen.extend(page.rows.iter().map(|row| *row.item));
                after = page.rows.last().and_then(|row| row.next.clone());
                assert_eq!(page.has_more, after.is_some(), "first: {first}");
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, (0..13).collect::<Vec<_>>(), "first: {first}");
        }
    }

    #[tokio::test]
    async fn the_position_of_each_row_leads_to_the_row_after_it() {
        let page = list(None, 13).await;
        for row in &page.rows[..12] {
            let next = list(row.next.as_ref(), 1).await;
            assert_eq!(*next.rows[0].item, *row.item + 1);
        }
    }

    #[tokio::test]
    async fn lists_that_are_read_together_come_in_order_whatever_the_page_size() {
        // Two lists, greatest first: the even and the odd numbers below ten, in pages of two.
        let ask = |at: UpstreamPosition| async move {
            let begin: u32 = at.cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let list = u32::try_from(at.search).unwrap();
            let all: Vec<u32> = (0..5).map(|n| 8 - 2 * n + list).collect();
            let end = (begin + 2).min(5);
            let items = all[begin as usize..end as usize].iter().copied().map(Arc::new).collect();
            let mut fetched = upstream(0..0, None);
            fetched.value = Arc::new(Page { items, next: (end < 5).then(|| end.to_string()) });
            Ok(fetched)
        };
        for first in 1..=11 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = merge(after.as_ref(), first, 2, |n| *n, ask).await.unwrap();
                seen.extend(page.rows.iter().map(|row| *row.item));
                after = page.rows.last().and_then(|row| row.next.clone());
                assert_eq!(page.has_more, after.is_some());
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, (0..10).rev().collect::<Vec<_>>(), "first: {first}");
        }
    }

    #[tokio::test]
    async fn a_position_that_upstream_could_not_have_given_is_refused() {
        let position = Position::Upstream(UpstreamPosition { limit: 0, ..Default::default() });
        let ask = |_| async { Ok(upstream(0..1, None)) };
        let refused = walk(Some(&position), 5, 1, ask).await;
        assert!(matches!(refused, Err(Error::CursorInvalid)));
    }
}
