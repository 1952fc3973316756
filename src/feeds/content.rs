use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};

use super::{Feeds, Row, Value, selection::Range};
use crate::{
    integrations::Integration,
    organizations::{
        self, Demand, Organization, PeopleSnapshot, ScanProgress, changes::ChangeError,
    },
    store,
};

/// What a table is asked for one integration.
pub(super) struct Asked {
    /// Snapshots that tables share.
    pub(super) feeds: Feeds,
    pub(super) integration: Arc<Integration>,
    pub(super) organization: Organization,
    /// All integrations of which rows are wanted.
    pub(super) among: Arc<[Arc<Integration>]>,
    pub(super) demand: Demand,
    /// On tables whose rows have a date: which rows are wanted at most.
    pub(super) range: Range,
    /// On tables that count days.
    pub(super) inactive_for_days: u32,
}

/// What comes of asking.
pub(super) type Opened = std::result::Result<Content, Failure>;

/// Why a table cannot be opened for one integration.
#[derive(Debug)]
pub(super) enum Failure {
    /// The organization cannot be read, or not yet.
    Organization(organizations::Error),
    /// What this program keeps itself cannot be read: a fault that concerns every integration.
    Internal(String),
}

impl From<organizations::Error> for Failure {
    fn from(error: organizations::Error) -> Self {
        Self::Organization(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Organization(error) => Self::Organization(error),
            ChangeError::Refused(_) | ChangeError::Internal => Self::Internal(error.to_string()),
        }
    }
}

impl Asked {
    /// The organization for which nothing that is kept is fresh enough.
    pub(super) fn fresh(&self) -> Organization {
        let organizations = &self.feeds.shared.organizations;
        organizations.organization(&self.integration, organizations.demand(Some(Duration::ZERO)))
    }

    /// All that are asked for of the same organization, in the order of the connected ones, which decides which of two has a
    /// product's row.
    pub(super) fn of_same_organization(&self) -> Vec<Arc<Integration>> {
        let all = self.feeds.shared.organizations.integrations().all();
        let own = &self.integration.credentials.organization_id;
        let is_same = |one: &&Arc<Integration>| one.credentials.organization_id == *own;
        let is_wanted = |one: &&Arc<Integration>| self.among.iter().any(|other| other.id == one.id);
        all.iter().filter(is_same).filter(is_wanted).cloned().collect()
    }

    /// What comes of asking for what is read beside these people. It goes on when the wait for it is over, so that the next
    /// try finds more.
    pub(super) async fn beside<T: Send + 'static>(
        &self,
        people: &PeopleSnapshot,
        reading: impl Future<Output = organizations::Result<T>> + Send + 'static,
    ) -> organizations::Result<T> {
        let began = Instant::now();
        match timeout(self.feeds.wait(), tokio::spawn(reading)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                Err(organizations::Error::BadRequest("the reading was broken off".to_owned()))
            }
            Err(_) => {
                let read = people.len() as u64;
                let elapsed = began.elapsed();
                let progress = ScanProgress { read, expected: read, elapsed };
                Err(organizations::Error::ScanRunning(progress))
            }
        }
    }
}

/// What the rows of a table are made from, for one integration. Does not change.
pub(super) struct Content {
    pub(super) rows: Box<dyn Rows>,
    /// Two contents with the same version have the same rows in the same order.
    pub(super) version: Version,
    /// When the oldest of it was read; `None` where it is this program's own.
    pub(super) read_at: Option<Timestamp>,
}

/// Things, each of which makes rows: a person, a group.
pub(super) trait Rows: Send + Sync + 'static {
    /// How many there are.
    fn things(&self) -> usize;

    /// What is kept in memory for these rows alone, in bytes. What others share, such as a scan, does not count.
    fn bytes(&self) -> usize;

    /// Gives the rows of one, the same ones in the same order each time.
    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>);
}

/// Takes the rows of one thing and puts the first columns before them.
pub(super) struct Sink<'a> {
    pub(super) common: &'a [Value; 3],
    pub(super) rows: &'a mut VecDeque<Row>,
}

impl Sink<'_> {
    /// One row: the values of the table's own columns.
    pub(super) fn push<const N: usize>(&mut self, own: [Value; N]) {
        let mut row = Row::with_capacity(self.common.len() + N);
        row.extend(self.common.iter().cloned());
        row.extend(own);
        self.rows.push_back(row);
    }
}

/// What tells two contents apart.
pub(super) type Version = [u8; 16];

/// Makes a [`Version`] of texts, each with its length, so that no two lists of them make the same.
#[derive(Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(super) fn with(mut self, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
        self
    }

    pub(super) fn version(self) -> Version {
        let mut version = Version::default();
        version.copy_from_slice(&self.0.finalize()[..16]);
        version
    }
}

/// Rows that are all at hand: few enough, or read from the store within a range.
pub(super) struct Listed<const N: usize>(Vec<[Value; N]>);

impl<const N: usize> Listed<N> {
    /// The version is that of the values themselves.
    pub(super) fn content(rows: Vec<[Value; N]>, read_at: Option<Timestamp>) -> Content {
        let values = rows.iter().flatten();
        let print =
            values.fold(Fingerprint::default(), |print, value| print.with(format!("{value:?}")));
        Content { version: print.version(), rows: Box::new(Self(rows)), read_at }
    }
}

impl<const N: usize> Rows for Listed<N> {
    fn things(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.iter().flatten().map(Value::bytes).sum()
    }

    fn rows_of(&self, thing: usize, sink: &mut Sink<'_>) {
        if let Some(row) = self.0.get(thing) {
            sink.push(row.clone());
        }
    }
}
