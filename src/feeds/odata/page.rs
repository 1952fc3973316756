use std::{cmp::Ordering, sync::Arc};

use jiff::Timestamp;

use super::{
    Query,
    evaluate::wants,
    query::Order,
    session::{Session, Token},
};
use crate::feeds::{
    Error, Feed, FeedReader, Feeds, Position, Result, Row, Table, Unavailable, Value,
    content::Fingerprint, format::json_value,
};

/// Rows of a page, with what the next page and the headers need.
pub struct Page {
    /// When the oldest of what the rows are made from was read.
    pub oldest: Option<Timestamp>,
    /// Organizations that were left out, as the reader allowed.
    pub unavailable: Vec<Unavailable>,
    /// For the next link; `None` on the last page.
    pub next: Option<String>,
    table: &'static Table,
    rows: Vec<Row>,
    columns: Vec<usize>,
    total: Option<u64>,
    selected: Option<String>,
}

/// How much besides the values an answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// The context address, the count and the next link.
    Minimal,
    /// The count and the next link.
    None,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The address of the service, with a slash at the end.
    pub service: &'a str,
    /// The address of the next page but for its token.
    pub next: &'a str,
    /// What is told besides the values.
    pub metadata: Metadata,
    /// Whether large numbers are written as texts, for readers whose numbers are 64-bit floats.
    pub numbers_as_text: bool,
}

/// Rows that are looked at in one go.
const BATCH: usize = 1_000;

impl Feeds {
    /// Answers a query with at most `most` rows, and a token where there are more. Later pages come from what the first page came
    /// from.
    ///
    /// # Errors
    /// As [`Feeds::open`]; the token is of another query or has expired; too many rows would have to be put in order.
    pub async fn page(
        &self,
        reader: &FeedReader,
        table: &'static Table,
        query: Query,
        most: usize,
    ) -> Result<Page> {
        reader.demand(table)?;
        let (session, start, given) = if let Some(token) = &query.token {
            let token = Token::decode(token).ok_or(Error::TokenInvalid)?;
            let session = self.shared.sessions.find(&token.session).await;
            let session = session.ok_or(Error::TokenExpired)?;
            if session.query != query.text || session.reader != *reader {
                return Err(Error::TokenInvalid);
            }
            (session, token.next, token.given)
        } else {
            let feed = self.open(reader, table, query.selection.clone()).await?;
            let session = self.begin(Arc::new(feed), reader.clone(), &query).await?;
            (session, Position::default(), 0)
        };
        let most = most.clamp(1, self.shared.settings.page_rows);
        let id = Fingerprint::default()
            .with(session.feed.version())
            .with(&session.query)
            .with(format!("{:?}", session.reader))
            .version();
        let taking = Arc::clone(&session);
        let asked = query.clone();
        // Millions of rows may have to be looked at.
        let taken = blocking(move || take(&taking, &asked, Place { start, given, most })).await?;
        let next = taken.next.map(|next| Token { session: id, next, given: taken.given }.encode());
        let is_first = query.token.is_none();
        if is_first && next.is_some() {
            self.shared.sessions.keep(id, &session).await;
        }
        Ok(Page {
            oldest: session.feed.oldest(),
            unavailable: session.feed.unavailable.clone(),
            next,
            table,
            rows: taken.rows,
            columns: query.columns,
            total: session.total,
            selected: query.selected,
        })
    }

    /// How many rows a query finds, whatever its `$top` and `$skip`.
    ///
    /// # Errors
    /// As [`Feeds::open`].
    pub async fn count(
        &self,
        reader: &FeedReader,
        table: &'static Table,
        query: Query,
    ) -> Result<u64> {
        let feed = Arc::new(self.open(reader, table, query.selection.clone()).await?);
        blocking(move || {
            let mut total = 0;
            each(&feed, &query, Position::default(), |_, _| {
                total += 1;
                Ok(true)
            })?;
            Ok(total)
        })
        .await
    }

    async fn begin(
        &self,
        feed: Arc<Feed>,
        reader: FeedReader,
        query: &Query,
    ) -> Result<Arc<Session>> {
        let most = self.shared.settings.sorted_rows;
        let query = query.clone();
        blocking(move || {
            let order = match query.order.as_slice() {
                [] => None,
                orders => Some(ordered(&feed, &query, orders, most)?),
            };
            let total = match (&order, query.with_count) {
                (_, false) => None,
                (Some(order), true) => Some(order.len() as u64),
                (None, true) => {
                    let mut total = 0;
                    each(&feed, &query, Position::default(), |_, _| {
                        total += 1;
                        Ok(true)
                    })?;
                    Some(total)
                }
            };
            Ok(Arc::new(Session { feed, order, total, query: query.text, reader }))
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::Format("the answer was broken off".to_owned()))?
}

/// Hands on the rows that a query wants, from a position on, until `take` says that it has enough.
fn each(
    feed: &Arc<Feed>,
    query: &Query,
    from: Position,
    mut take: impl FnMut(Position, Row) -> Result<bool>,
) -> Result<()> {
    let mut walk = feed.walk(from);
    while let Some(rows) = walk.batch(BATCH)? {
        for (at, row) in rows {
            let is_wanted = query.filter.as_ref().is_none_or(|filter| wants(filter, &row));
            if is_wanted && !take(at, row)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The positions of the rows that a query wants, in its order. Rows that are equal in it stay as they stand.
fn ordered(
    feed: &Arc<Feed>,
    query: &Query,
    orders: &[Order],
    most: usize,
) -> Result<Vec<Position>> {
    let mut keys: Vec<(Vec<Value>, Position)> = Vec::new();
    each(feed, query, Position::default(), |at, mut row| {
        if keys.len() == most {
            return Err(Error::NotImplemented(format!(
                "`$orderby` puts at most {most} rows in order; narrow the rows with `$filter`, or leave the order to the reader"
            )));
        }
        let key = orders
            .iter()
            .map(|order| row.get_mut(order.place).map_or(Value::Null, |value| value.clone()));
        keys.push((key.collect(), at));
        Ok(true)
    })?;
    keys.sort_by(|(a, _), (b, _)| {
        let by_column = orders.iter().zip(a.iter().zip(b)).map(|(order, (a, b))| {
            let ascending = null_first(a, b);
            if order.is_descending { ascending.reverse() } else { ascending }
        });
        by_column.fold(Ordering::Equal, Ordering::then)
    });
    Ok(keys.into_iter().map(|(_, at)| at).collect())
}

/// Null comes before every value (OData 4.01, Protocol, 11.2.6.2).
fn null_first(a: &Value, b: &Value) -> Ordering {
    a.compare(b).unwrap_or_else(|| (*a != Value::Null).cmp(&(*b != Value::Null)))
}

/// Where a page begins, how many rows were given before it, and how many it may have.
#[derive(Clone, Copy)]
struct Place {
    start: Position,
    given: u64,
    most: usize,
}

struct Taken {
    rows: Vec<Row>,
    given: u64,
    next: Option<Position>,
}

fn take(session: &Session, query: &Query, place: Place) -> Result<Taken> {
    let left = query.top.map_or(u64::MAX, |top| top.saturating_sub(place.given));
    let wanted = place.most.min(usize::try_from(left).unwrap_or(usize::MAX));
    let mut skip = if query.token.is_some() { 0 } else { query.skip };
    let mut rows = Vec::new();
    let mut next = None;
    match &session.order {
        Some(order) => {
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            let start = (place.start.thing as usize).saturating_add(skip).min(order.len());
            let end = order.len().min(start.saturating_add(wanted));
            for at in &order[start..end] {
                rows.extend(row_at(&session.feed, *at)?);
            }
            let thing = u32::try_from(end).unwrap_or(u32::MAX);
            next = (end < order.len()).then(|| Position { thing, ..Position::default() });
        }
        None if wanted == 0 => {}
        None => each(&session.feed, query, place.start, |at, row| {
            if skip > 0 {
                skip -= 1;
                return Ok(true);
            }
            if rows.len() == wanted {
                next = Some(at);
                return Ok(false);
            }
            rows.push(row);
            Ok(true)
        })?,
    }
    let given = place.given.saturating_add(rows.len() as u64);
    let is_enough = query.top.is_some_and(|top| given >= top);
    Ok(Taken { rows, given, next: next.filter(|_| !is_enough) })
}

fn row_at(feed: &Arc<Feed>, at: Position) -> Result<Option<Row>> {
    let rows = feed.walk(at).batch(1)?;
    Ok(rows.and_then(|rows| rows.into_iter().next()).map(|(_, row)| row))
}

impl Page {
    /// The answer in OData's JSON.
    ///
    /// # Errors
    /// None that could be told from a fault of this program.
    pub fn json(&self, answer: Answer<'_>) -> Result<Vec<u8>> {
        let mut out = vec![b'{'];
        if answer.metadata == Metadata::Minimal {
            let selected =
                self.selected.as_ref().map(|names| format!("({names})")).unwrap_or_default();
            let context = format!("{}$metadata#{}{selected}", answer.service, self.table.name);
            member("@odata.context", &context.into(), &mut out)?;
        }
        if let Some(total) = self.total {
            let total =
                if answer.numbers_as_text { total.to_string().into() } else { total.into() };
            member("@odata.count", &total, &mut out)?;
        }
        out.extend_from_slice(b"\"value\":[");
        for (number, row) in self.rows.iter().enumerate() {
            out.extend_from_slice(if number == 0 { b"\n{" } else { b",\n{" });
            self.write_row(row, answer.numbers_as_text, &mut out)?;
            out.push(b'}');
        }
        out.push(b']');
        if let Some(token) = &self.next {
            out.push(b',');
            member("@odata.nextLink", &format!("{}{token}", answer.next).into(), &mut out)?;
            out.pop();
        }
        out.extend_from_slice(b"}\n");
        Ok(out)
    }

    fn write_row(&self, row: &Row, numbers_as_text: bool, out: &mut Vec<u8>) -> Result<()> {
        let columns = self.table.columns().zip(row).enumerate();
        let wanted = columns.filter(|(place, _)| self.columns.contains(place));
        for (number, (_, (column, value))) in wanted.enumerate() {
            if number > 0 {
                out.push(b',');
            }
            json_value(&column.name.into(), out)?;
            out.push(b':');
            let is_large = matches!(value, Value::Integer(_) | Value::Decimal(_));
            if numbers_as_text && is_large {
                out.push(b'"');
                json_value(value, out)?;
                out.push(b'"');
            } else {
                json_value(value, out)?;
            }
        }
        Ok(())
    }
}

/// A member with a comma after it.
fn member(name: &str, value: &Value, out: &mut Vec<u8>) -> Result<()> {
    json_value(&name.into(), out)?;
    out.push(b':');
    json_value(value, out)?;
    out.push(b',');
    Ok(())
}
