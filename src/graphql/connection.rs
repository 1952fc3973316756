use std::future::Future;

use async_graphql::{Context, SimpleObject};

use super::{
    activity::ActivityEvent,
    error::{ApiError, Result, add_error},
    group::Group,
    id::Cursor,
    integration::Integration,
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
    edges: Vec<(String, N)>,
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
            /// How many rows the whole list has: one more upstream call an organization. Null where only reading
            /// everything would tell, or where an organization could not be asked.
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
connection!(ActivityEventConnection, ActivityEventEdge, ActivityEvent, "audit events");

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
        let first = first.unwrap_or(PAGE);
        if !(0..=LARGEST_PAGE).contains(&first) {
            return Err(ApiError::BadUserInput(format!(
                "`first` is {first}; a page has 0 to {LARGEST_PAGE} rows"
            )));
        }
        let list = super::id::list(about);
        let after = after.map(|cursor| Cursor::decode(cursor, list)).transpose()?;
        Ok(Self { first: u16::try_from(first).unwrap_or(0), after, list })
    }

    /// A page over several organizations, one after the other. What one of them cannot answer is told beside
    /// the others' rows; where only one was asked, its failure is the field's.
    pub(super) async fn over<T, N, Answer>(
        self,
        ctx: &Context<'_>,
        integrations: &[Integration],
        ask: impl Fn(Integration, u16, Option<Position>) -> Answer,
        node: impl Fn(&Integration, &Row<T>) -> N,
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
            edges.extend(page.rows.iter().map(|row| {
                let cursor = Cursor::new(self.list, integration.integration_id().clone(), row.next.clone());
                (cursor.encode(), node(integration, row))
            }));
            if page.has_more {
                has_next_page = true;
                break;
            }
        }
        Ok(self.listed(edges, has_next_page))
    }

    /// A page of rows that are all at hand, each with the key that its cursor holds.
    pub(super) fn of_integrations(self, all: Vec<Integration>) -> Result<Listed<Integration>> {
        let (begin, _) = self.begin(&all)?;
        let total = all.len();
        let rows: Vec<Integration> =
            all.into_iter().skip(begin).take(usize::from(self.first)).collect();
        let has_next_page = begin + rows.len() < total;
        let edge = |node: Integration| {
            (Cursor::new(self.list, node.integration_id().clone(), None).encode(), node)
        };
        let edges = rows.into_iter().map(edge).collect();
        Ok(self.listed(edges, has_next_page).with_total(Some(total as u64)))
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

/// Which rows of a list that is all at hand.
pub(super) struct Edges(Paging);

impl Edges {
    /// Checks `first` and `after` of the list that `about` describes.
    pub(super) fn new(
        first: Option<i32>,
        after: Option<&str>,
        about: impl std::hash::Hash,
    ) -> Result<Self> {
        Paging::new(first, after, about).map(Self)
    }

    /// The page; a cursor holds the index of the next row.
    pub(super) fn of<N>(
        self,
        integration: &IntegrationId,
        all: Vec<N>,
    ) -> Result<Listed<N>> {
        let begin = match self.0.after.as_ref().map(|cursor| &cursor.position) {
            None => 0,
            Some(Some(Position::Index(index))) => *index as usize,
            Some(_) => return Err(ApiError::CursorInvalid),
        };
        let total = all.len();
        let edge = |(index, node): (usize, N)| {
            let next = Position::Index(u32::try_from(index + 1).unwrap_or(u32::MAX));
            let cursor = Cursor::new(self.0.list, integration.clone(), Some(next)).encode();
            (cursor, node)
        };
        let rows = all.into_iter().enumerate().skip(begin).take(usize::from(self.0.first));
        let edges: Vec<(String, N)> = rows.map(edge).collect();
        let has_next_page = begin + edges.len() < total;
        Ok(self.0.listed(edges, has_next_page).with_total(Some(total as u64)))
    }
}
