//! The record of changes: who asked for what, written before anything is done, and how it ended.
//!
//! `entry` has the words, `record` turns them into rows and back, `chain` hashes each row together with the one before,
//! and `verify` looks whether anybody changed one since. Nothing here decides whether a change may happen, and nothing takes
//! a row away. Rows hold ids and never an e-mail address, but for a caller whose token names them so.

mod chain;
mod entry;
mod error;
mod filter;
mod record;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::HashMap;

use futures_util::{Stream, StreamExt, stream};
use jiff::Timestamp;
use serde_json::Value;
use tracing::info;

use self::{chain::Chain, record::Pair};
pub use self::{
    entry::{Action, Asked, Ended, Entry, EntryId, Outcome},
    error::Error,
    filter::AuditFilter,
    verify::{Broken, Verification},
};
use crate::store::{AuditRow, AuditSnapshot, Store};

/// Writes and reads the record of changes. Clones share one store.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    chain: Chain,
}

impl Audit {
    /// The record in this store; the key of its chain is made the first time.
    ///
    /// # Errors
    /// The store cannot be read or written, or the key or the head of the chain is damaged.
    pub async fn open(store: Store) -> Result<Self, Error> {
        let chain = Chain::new(store.audit_key().await?);
        Ok(Self { store, chain })
    }

    /// Writes down who wants what. Once this answers, it is on the disk; without an answer the change must not happen.
    ///
    /// # Errors
    /// The store cannot be written, or the head of the chain is damaged.
    pub async fn asked(&self, asked: &Asked, now: Timestamp) -> Result<EntryId, Error> {
        let id = EntryId::new(now);
        let record = record::of_asked(&id, asked, now);
        self.store
            .append_audit(&record, |sequence, previous| {
                self.chain.hash(sequence, previous, &record)
            })
            .await?;
        Ok(id)
    }

    /// Writes down how it ended.
    ///
    /// # Errors
    /// [`Error::AlreadyEnded`] and [`Error::NotFound`] for an entry that cannot end, [`Error::NotAnEnd`] for
    /// [`Outcome::Pending`]; or the store cannot be written.
    pub async fn ended(&self, entry: &EntryId, ended: &Ended, now: Timestamp) -> Result<(), Error> {
        if ended.outcome == Outcome::Pending {
            return Err(Error::NotAnEnd);
        }
        let known = self.find(entry).await?.ok_or(Error::NotFound)?;
        if known.ended.is_some() {
            return Err(Error::AlreadyEnded);
        }
        let record = record::of_ended(&known, ended, now);
        self.store
            .append_audit(&record, |sequence, previous| {
                self.chain.hash(sequence, previous, &record)
            })
            .await
            .map_err(Error::of_end)?;
        let (action, outcome) = (known.asked.action.word(), ended.outcome.word());
        info!(
            audit.entry = %entry, action, outcome,
            request.id = known.asked.request_id,
            "The change {action} ended: {outcome}"
        );
        Ok(())
    }

    /// One entry; `None` where there is none.
    ///
    /// # Errors
    /// The store cannot be read, or a row is damaged.
    pub async fn find(&self, entry: &EntryId) -> Result<Option<Entry>, Error> {
        let rows = self.store.audit_entry(&entry.to_string()).await?;
        Pair::of(&rows).map(Pair::entry).transpose()
    }

    /// What was asked and never ended, oldest first: at a start, what the process before left behind.
    ///
    /// # Errors
    /// The store cannot be read, or a row is damaged.
    pub async fn unfinished(&self) -> Result<Vec<Entry>, Error> {
        let rows = self.store.unfinished_audit().await?;
        rows.iter().map(|asked| Pair { asked, ended: None }.entry()).collect()
    }

    /// The first entries that fit, newest first, from behind the position `after`; and whether more follow. The number
    /// beside an entry is its position.
    ///
    /// # Errors
    /// The store cannot be read, or a row is damaged.
    pub async fn page(
        &self,
        filter: &AuditFilter,
        first: u16,
        after: Option<i64>,
    ) -> Result<(Vec<(i64, Entry)>, bool), Error> {
        let limit = first.saturating_add(1);
        let (mut asked, ended) = self.store.audit_page(&filter.query(), limit, after).await?;
        let has_more = asked.len() > usize::from(first);
        asked.truncate(usize::from(first));
        let ends: HashMap<&str, &AuditRow> =
            ended.iter().map(|row| (row.record.entry.as_str(), row)).collect();
        let entry = |asked: &AuditRow| {
            let ended = ends.get(asked.record.entry.as_str()).copied();
            Ok((asked.sequence, Pair { asked, ended }.entry()?))
        };
        Ok((asked.iter().map(entry).collect::<Result<_, Error>>()?, has_more))
    }

    /// How many entries fit.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn count(&self, filter: &AuditFilter) -> Result<u64, Error> {
        Ok(self.store.count_audit(&filter.query()).await?)
    }

    /// Looks at every row, and whether anything was changed, taken away or put in since it was written. What is written
    /// meanwhile is left for the next time.
    ///
    /// # Errors
    /// The store cannot be read, or the head of the chain is damaged. What it finds in the rows is no error.
    pub async fn verify(&self) -> Result<Verification, Error> {
        verify::verify(self.store.audit_snapshot().await?, &self.chain).await
    }

    /// Whether the record holds what an earlier [`Verification`] told as its head.
    ///
    /// # Errors
    /// The store cannot be read, or the head of the chain is damaged.
    pub async fn holds(&self, head: &str) -> Result<bool, Error> {
        verify::holds(self.store.audit_snapshot().await?, head).await
    }

    /// Every row as it is now, oldest first, with its place in the chain: what the row says, `sequence`,
    /// `previousHash` and `hash`. A row that cannot be read is an error in its place, and the others follow.
    pub fn export(&self) -> impl Stream<Item = Result<Value, Error>> + Send + use<> {
        let store = self.store.clone();
        stream::unfold(Reading::NotBegun(store), Reading::next).map(stream::iter).flatten()
    }
}

/// How far an export has come.
enum Reading {
    NotBegun(Store),
    After(i64, AuditSnapshot),
    Ended,
}

impl Reading {
    /// The next rows, and what is left; `None` at the end.
    async fn next(self) -> Option<(Vec<Result<Value, Error>>, Self)> {
        let (after, mut snapshot) = match self {
            Self::NotBegun(store) => match store.audit_snapshot().await {
                Ok(snapshot) => (i64::MIN, snapshot),
                Err(error) => return Some((vec![Err(error.into())], Self::Ended)),
            },
            Self::After(after, snapshot) => (after, snapshot),
            Self::Ended => return None,
        };
        let rows = match snapshot.rows_after(after).await {
            Ok(rows) => rows,
            Err(error) => return Some((vec![Err(error.into())], Self::Ended)),
        };
        let (last, _) = rows.last()?;
        let last = *last;
        let values = rows.iter().map(|(sequence, row)| {
            let exported = row.as_ref().and_then(record::exported);
            exported.ok_or(Error::Unreadable { sequence: *sequence })
        });
        Some((values.collect(), Self::After(last, snapshot)))
    }
}
