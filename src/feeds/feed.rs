use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;

use super::{
    Error, Result, Row, Selection, Table, Unavailable, Value,
    content::{Content, Fingerprint, Sink},
};

/// A table that is ready to be written: everything that its rows are made from is at hand.
pub struct Feed {
    /// Which table.
    pub table: &'static Table,
    /// Organizations that were left out, as the reader allowed.
    pub unavailable: Vec<Unavailable>,
    pub(super) selection: Selection,
    pub(super) is_masked: bool,
    pub(super) parts: Vec<Part>,
}

/// The content of one integration, with the first columns of its rows.
pub(super) struct Part {
    pub(super) common: [Value; 3],
    pub(super) content: Content,
}

/// Where a row stands in a feed; good as long as the feed is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub(super) part: u32,
    pub(super) thing: u32,
    pub(super) row: u32,
}

impl Feed {
    /// Names the rows of this feed: the same name, the same rows in the same order, in this version of the program.
    #[must_use]
    pub fn version(&self) -> [u8; 16] {
        let mut print = Fingerprint::default()
            .with(env!("CARGO_PKG_VERSION"))
            .with(self.table.name)
            .with(format!("{:?}{}", self.selection, self.is_masked));
        for column in self.table.columns() {
            print = print.with(column.name).with(column.kind.word());
        }
        for part in &self.parts {
            print = print.with(format!("{:?}", part.common)).with(part.content.version);
        }
        for left_out in &self.unavailable {
            print = print.with("without").with(left_out.integration.as_str());
        }
        print.version()
    }

    /// When its oldest part was read; `None` where nothing of it comes from Atlassian.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.parts.iter().filter_map(|part| part.content.read_at).min()
    }

    /// When its newest part was read.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.parts.iter().filter_map(|part| part.content.read_at).max()
    }

    /// How many people, groups or other things its rows are made from: what progress is measured by.
    #[must_use]
    pub fn things(&self) -> usize {
        self.parts.iter().map(|part| part.content.rows.things()).sum()
    }

    /// What is kept in memory for it alone, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.content.rows.bytes()).sum()
    }

    /// Its rows from a position on, each with where it stands.
    #[must_use]
    pub fn walk(self: &Arc<Self>, from: Position) -> Walk {
        Walk { feed: Arc::clone(self), at: from, skip: from.row, rows: VecDeque::new(), walked: 0 }
    }

    fn checked(&self, mut row: Row) -> Result<Option<Row>> {
        let mut columns = self.table.columns();
        let fits = row.iter().all(|value| {
            columns.next().is_some_and(|column| value.fits(column.kind, column.is_nullable))
        });
        if !fits || columns.next().is_some() {
            return Err(Error::Unfit(self.table.name));
        }
        if self.is_masked {
            for (value, column) in row.iter_mut().zip(self.table.columns()) {
                if column.is_personal {
                    *value = Value::Null;
                }
            }
        }
        // After the mask, so that a filter does not tell what the mask hides.
        Ok(self.selection.has(self.table, &row).then_some(row))
    }
}

/// The rows of a feed, one after the other.
pub struct Walk {
    feed: Arc<Feed>,
    /// Of the row that comes next.
    at: Position,
    /// Rows of the first thing that were given before.
    skip: u32,
    rows: VecDeque<Row>,
    walked: usize,
}

impl Walk {
    /// How many of [`Feed::things`] were walked over.
    #[must_use]
    pub fn walked(&self) -> usize {
        self.walked
    }

    /// Fills `rows` with the rows of the next thing that has any; `false` after the last.
    fn refill(&mut self) -> bool {
        while let Some(part) = self.feed.parts.get(self.at.part as usize) {
            let thing = self.at.thing as usize;
            if thing >= part.content.rows.things() {
                self.at = Position { part: self.at.part + 1, thing: 0, row: 0 };
                self.skip = 0;
                continue;
            }
            let mut sink = Sink { common: &part.common, rows: &mut self.rows };
            part.content.rows.rows_of(thing, &mut sink);
            self.walked += 1;
            self.rows.drain(..self.rows.len().min(self.skip as usize));
            self.at.row = self.skip;
            self.skip = 0;
            if !self.rows.is_empty() {
                return true;
            }
            self.at = Position { thing: self.at.thing + 1, row: 0, ..self.at };
        }
        false
    }
}

impl Walk {
    /// The next rows that are wanted, out of at most `most` that are looked at; `None` after the last. May be empty.
    ///
    /// # Errors
    /// The table gave a row that does not fit its columns.
    pub fn batch(&mut self, most: usize) -> Result<Option<Vec<(Position, Row)>>> {
        let mut wanted = Vec::with_capacity(most);
        for looked_at in 0..most {
            if self.rows.is_empty() && !self.refill() {
                return Ok((looked_at > 0).then_some(wanted));
            }
            let Some(row) = self.rows.pop_front() else { break };
            let at = self.at;
            self.at = if self.rows.is_empty() {
                Position { thing: at.thing + 1, row: 0, ..at }
            } else {
                Position { row: at.row + 1, ..at }
            };
            wanted.extend(self.feed.checked(row)?.map(|row| (at, row)));
        }
        Ok(Some(wanted))
    }
}
