use std::future::Future;

use async_graphql::{Context, SimpleObject};

use super::{
    activity::ActivityEvent,
    audit_log::AuditEntry,
    deletion::Deletion,
    error::{ApiError, Result, add_error},
    feed_token::FeedToken,
    group::Group,
    id::{Cursor, RowCursor},
    integration::Integration,
    reclaim_candidate::ReclaimCandidate,
    request::Request,
    user::User,
};
use crate::{
    domain::IntegrationId,
    organizations::{self, Position, Row, Rows},
};

/// Rows of a page where the caller does not say.
const PAGE: i32 = 50;
/// Rows that one page may hold at most.
const LARGEST_PAGE: i32 = 100;

/// What a list costs against the limit of complexity: its rows, each with what is selected of it.
pub(super) fn complexity(first: Option<i32>, row: usize) -> usize {
    let rows = usize::try_from(first.unwrap_or(PAGE).clamp(1, LARGEST_PAGE)).unwrap_or(1);
    rows.saturating_mul(row).saturating_add(1)
}

/// Where a page stands in its list.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// Whether more rows may follow; the last page can turn out to be empty.
    pub has_next_page: bool,
    /// Whether rows came before; lists go forward only, as Atlassian's do.
    pub has_previous_page: bool,
    /// The cursor of the first row.
    pub start_cursor: Option<String>,
    /// The cursor of the last row: give it as `after` for the next page.
    pub end_cursor: Option<String>,
}

/// A page of a list, before it gets the name of its type.
pub(super) struct Listed<N> {
    pub(super) edges: Vec<(String, N)>,
    has_next_page: bool,
    has_previous_page: bool,
    total_count: Option<u64>,
}

// The library has no generic type with another one inside, so that each list gets its two types here.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(Clone, SimpleObject)]
        pub struct $connection {
            /// The rows with their cursors.
            edges: Vec<$edge>,
            /// The rows.
            nodes: Vec<$node>,
            /// Where the page stands in its list.
            page_info: PageInfo,
            /// How many rows the whole list has. Of what Atlassian has, it is one more upstream call an organization, and
            /// null where only reading everything would tell or where an organization could not be asked.
            total_count: Option<u64>,
        }

        #[doc = concat!("One of ", $what, ", and its cursor.")]
        #[derive(Clone, SimpleObject)]
        pub struct $edge {
            /// Give it as `after` to go on behind this row.
            cursor: String,
            /// The row.
            node: $node,
        }

        impl From<Listed<$node>> for $connection {
            fn from(listed: Listed<$node>) -> Self {
                let page_info = listed.page_info();
                let edge = |(cursor, node)| $edge { cursor, node };
                Self {
                    nodes: listed.edges.iter().map(|(_, node)| node.clone()).collect(),
                    edges: listed.edges.into_iter().map(edge).collect(),
                    page_info,
                    total_count: listed.total_count,
                }
            }
        }
    };
}

connection!(IntegrationConnection, IntegrationEdge, Integration, "integrations");
connection!(UserConnection, UserEdge, User, "people");
connection!(GroupConnection, GroupEdge, Group, "groups");
connection!(
    ReclaimCandidateConnection,
    ReclaimCandidateEdge,
    ReclaimCandidate,
    "people whose seats can be taken back"
);
connection!(ActivityEventConnection, ActivityEventEdge, ActivityEvent, "audit events");
connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry, "entries of the record of changes");
connection!(DeletionConnection, DeletionEdge, Deletion, "deletions");
connection!(FeedTokenConnection, FeedTokenEdge, FeedToken, "feed tokens");

/// Which rows of which list.
pub(super) struct Paging {
    first: u16,
    after: Option<Cursor>,
    list: u64,
}

impl Paging {
    /// Checks `first` and `after` of the list that `about` describes.
    pub(super) fn new(
        first: Option<i32>,
        after: Option<&str>,
        about: impl std::hash::Hash,
    ) -> Result<Self> {
        let first = page_size("first", first.unwrap_or(PAGE))?;
        let list = super::id::list(about);
        let after = after.map(|cursor| Cursor::decode(cursor, list)).transpose()?;
        Ok(Self { first, after, list })
    }

    /// A page over several organizations, one after the other. What one of them cannot answer is told beside
    /// the others' rows; where only one was asked, its failure is the field's.
    pub(super) async fn over<T, N, Answer>(
        self,
        ctx: &Context<'_>,
        integrations: &[Integration],
        ask: impl Fn(Integration, u16, Option<Position>) -> Answer,
        nodes: impl Fn(&Integration, &[Row<T>]) -> Vec<N>,
    ) -> Result<Listed<N>>
    where
        Answer: Future<Output = organizations::Result<Rows<T>>>,
    {
        let (begin, mut position) = self.begin(integrations)?;
        let mut edges: Vec<(String, N)> = Vec::new();
        let mut has_next_page = false;
        for integration in integrations.iter().skip(begin) {
            let room = self.first.saturating_sub(u16::try_from(edges.len()).unwrap_or(u16::MAX));
            if room == 0 {
                has_next_page = true;
                break;
            }
            let page = match ask(integration.clone(), room, position.take()).await {
                Ok(page) => page,
                Err(error) => {
                    let error = ApiError::Organization(integration.integration_id().clone(), error);
                    if integrations.len() == 1 || error.is_callers() {
                        return Err(error);
                    }
                    add_error(ctx, error);
                    continue;
                }
            };
            if let Some(freshness) = page.freshness {
                Request::of(ctx).note(freshness);
            }
            let cursors = page.rows.iter().map(|row| {
                let integration = integration.integration_id().clone();
                Cursor::new(self.list, integration, row.next.clone()).encode()
            });
            edges.extend(cursors.zip(nodes(integration, &page.rows)));
            if page.has_more {
                has_next_page = true;
                break;
            }
        }
        Ok(self.listed(edges, has_next_page))
    }

    fn listed<N>(&self, edges: Vec<(String, N)>, has_next_page: bool) -> Listed<N> {
        Listed { edges, has_next_page, has_previous_page: self.after.is_some(), total_count: None }
    }

    // The cursor of an integration's last row leads to the next integration.
    fn begin(&self, integrations: &[Integration]) -> Result<(usize, Option<Position>)> {
        let Some(cursor) = &self.after else {
            return Ok((0, None));
        };
        let index = integrations
            .iter()
            .position(|integration| *integration.integration_id() == cursor.integration)
            .ok_or(ApiError::CursorInvalid)?;
        match &cursor.position {
            Some(position) => Ok((index, Some(position.clone()))),
            None => Ok((index + 1, None)),
        }
    }
}

impl<N> Listed<N> {
    /// The same page with its rows looked up; one that is gone is left out.
    pub(super) fn filter_map<M>(self, look_up: impl Fn(N) -> Option<M>) -> Listed<M> {
        let edges = self.edges.into_iter();
        Listed {
            edges: edges.filter_map(|(cursor, row)| Some((cursor, look_up(row)?))).collect(),
            has_next_page: self.has_next_page,
            has_previous_page: self.has_previous_page,
            total_count: self.total_count,
        }
    }

    pub(super) fn with_total(self, total_count: Option<u64>) -> Self {
        Self { total_count, ..self }
    }

    fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next_page,
            has_previous_page: self.has_previous_page,
            start_cursor: self.edges.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: self.edges.last().map(|(cursor, _)| cursor.clone()),
        }
    }
}

/// The total over several organizations, where the query asks for it; null where one could not be asked.
pub(super) async fn total<Answer>(
    ctx: &Context<'_>,
    integrations: &[Integration],
    count: impl Fn(Integration) -> Answer,
) -> Option<u64>
where
    Answer: Future<Output = organizations::Result<Option<u64>>>,
{
    if !ctx.look_ahead().field("totalCount").exists() {
        return None;
    }
    let counts = integrations.iter().map(|integration| count(integration.clone()));
    let counts = futures_util::future::join_all(counts).await;
    let mut total = Some(0);
    for (integration, counted) in integrations.iter().zip(counts) {
        match counted {
            Ok(Some(one)) => total = total.map(|total| total + one),
            Ok(None) => total = None,
            Err(error) => {
                total = None;
                add_error(ctx, ApiError::Organization(integration.integration_id().clone(), error));
            }
        }
    }
    total
}

/// Which rows of a list that is all at hand: such a list goes backward as well.
pub(super) struct Slice {
    first: Option<u16>,
    last: Option<u16>,
    after: Option<usize>,
    before: Option<usize>,
    list: u64,
}

impl Slice {
    /// Checks the arguments of the list that `about` describes: `forward` is its `first` and `after`, `backward`
    /// its `last` and `before`.
    pub(super) fn new(
        forward: (Option<i32>, Option<&str>),
        backward: (Option<i32>, Option<&str>),
        about: impl std::hash::Hash,
    ) -> Result<Self> {
        let list = super::id::list(about);
        let index = |cursor: Option<&str>| match cursor {
            None => Ok(None),
            Some(cursor) => match Cursor::decode(cursor, list)?.position {
                Some(Position::Index(index)) => Ok(Some(index as usize)),
                _ => Err(ApiError::CursorInvalid),
            },
        };
        Ok(Self {
            first: forward.0.map(|first| page_size("first", first)).transpose()?,
            last: backward.0.map(|last| page_size("last", last)).transpose()?,
            after: index(forward.1)?,
            before: index(backward.1)?,
            list,
        })
    }

    /// The page: of the rows between `after` and `before` the `last`, else the `first`. A cursor holds the index of
    /// its row.
    pub(super) fn of<N>(&self, integration: &IntegrationId, all: Vec<N>) -> Listed<N> {
        let total = all.len();
        let mut begin = self.after.map_or(0, |after| (after + 1).min(total));
        let mut end = self.before.unwrap_or(total).clamp(begin, total);
        // `first` has a default, so that it cannot be told whether it was meant beside `last`.
        match (self.first, self.last) {
            (_, Some(last)) => begin = begin.max(end.saturating_sub(usize::from(last))),
            (Some(first), None) => end = end.min(begin + usize::from(first)),
            (None, None) => {}
        }
        let edge = |(index, node): (usize, N)| {
            let position = Position::Index(u32::try_from(index).unwrap_or(u32::MAX));
            (Cursor::new(self.list, integration.clone(), Some(position)).encode(), node)
        };
        let rows = all.into_iter().enumerate().take(end).skip(begin);
        Listed {
            edges: rows.map(edge).collect(),
            has_next_page: end < total,
            has_previous_page: begin > 0,
            total_count: Some(total as u64),
        }
    }
}

/// Which rows of a list of our own, whose rows have numbers.
pub(super) struct Numbered {
    first: u16,
    after: Option<i64>,
    list: u64,
}

impl Numbered {
    /// Checks `first` and `after` of the list that `about` describes.
    pub(super) fn new(
        first: Option<i32>,
        after: Option<&str>,
        about: impl std::hash::Hash,
    ) -> Result<Self> {
        let first = page_size("first", first.unwrap_or(PAGE))?;
        let list = super::id::list(about);
        let after = after.map(|cursor| RowCursor::decode(cursor, list)).transpose()?;
        Ok(Self { first, after: after.map(|cursor| cursor.row), list })
    }

    pub(super) fn first(&self) -> u16 {
        self.first
    }

    /// The number of the row to go on behind.
    pub(super) fn after(&self) -> Option<i64> {
        self.after
    }

    pub(super) fn listed<N>(
        &self,
        rows: impl Iterator<Item = (i64, N)>,
        has_next_page: bool,
    ) -> Listed<N> {
        let edge = |(row, node)| (RowCursor::new(self.list, row).encode(), node);
        Listed {
            edges: rows.map(edge).collect(),
            has_next_page,
            has_previous_page: self.after.is_some(),
            total_count: None,
        }
    }
}

fn page_size(name: &str, rows: i32) -> Result<u16> {
    let size = u16::try_from(rows).ok().filter(|size| i32::from(*size) <= LARGEST_PAGE);
    size.ok_or_else(|| {
        ApiError::BadUserInput(format!("`{name}` is {rows}; a page has 0 to {LARGEST_PAGE} rows"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a slice of the numbers 0 to 9 holds.
    fn slice(
        forward: (Option<i32>, Option<&str>),
        backward: (Option<i32>, Option<&str>),
    ) -> Listed<u32> {
        Slice::new(forward, backward, "numbers").unwrap().of(&"acme".into(), (0..10).collect())
    }

    fn nodes(listed: &Listed<u32>) -> Vec<u32> {
        listed.edges.iter().map(|(_, node)| *node).collect()
    }

    #[test]
    fn a_list_at_hand_goes_forward_and_backward() {
        let page = slice((Some(3), None), (None, None));
        assert_eq!(nodes(&page), [0, 1, 2]);
        let info = page.page_info();
        assert!(info.has_next_page && !info.has_previous_page);
        let page = slice((Some(3), info.end_cursor.as_deref()), (None, None));
        assert_eq!(nodes(&page), [3, 4, 5]);
        let before = page.page_info().start_cursor;
        assert_eq!(nodes(&slice((None, None), (Some(2), before.as_deref()))), [1, 2]);
        assert_eq!(nodes(&slice((None, None), (Some(2), None))), [8, 9]);
        assert!(nodes(&slice((Some(0), None), (None, None))).is_empty());
    }

    #[test]
    fn a_page_is_never_larger_than_the_largest_nor_negative() {
        assert!(Slice::new((Some(101), None), (None, None), "numbers").is_err());
        assert!(Slice::new((None, None), (Some(-1), None), "numbers").is_err());
    }
}
