use super::{Error, chain::Chain};
use crate::store::{AuditHead, AuditRow, AuditSnapshot};

/// What a look at the whole record found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Rows that are as they were written, from the first one on.
    pub rows: u64,
    /// Number and hash of the last row, as sealed: to be noted elsewhere, because a whole file that is put back to an
    /// older copy looks as good as it did then.
    pub head: String,
    /// The first row that is not as it was written; `None` where all are.
    pub broken: Option<Broken>,
}

/// A row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub sequence: i64,
    /// What is wrong with it.
    pub what: String,
}

impl Broken {
    fn new(sequence: i64, what: &str) -> Self {
        Self { sequence, what: what.to_owned() }
    }
}

pub(super) async fn verify(
    mut snapshot: AuditSnapshot,
    chain: &Chain,
) -> Result<Verification, Error> {
    let mut walk = Walk { chain, head: snapshot.head.clone(), last: 0, hash: None };
    let broken = walk.through(&mut snapshot).await?;
    Ok(Verification { rows: walk.last.unsigned_abs(), head: walk.head.to_string(), broken })
}

pub(super) async fn holds(mut snapshot: AuditSnapshot, head: &str) -> Result<bool, Error> {
    let Some(noted) = AuditHead::of(head) else { return Ok(false) };
    if noted.sequence == 0 {
        return Ok(true);
    }
    let rows = snapshot.rows_after(noted.sequence.saturating_sub(1)).await?;
    let Some((_, Some(row))) = rows.first() else { return Ok(false) };
    Ok(row.sequence == noted.sequence && row.hash == noted.hash)
}

/// The way from row to row.
struct Walk<'a> {
    chain: &'a Chain,
    head: AuditHead,
    last: i64,
    hash: Option<String>,
}

impl Walk<'_> {
    async fn through(&mut self, snapshot: &mut AuditSnapshot) -> Result<Option<Broken>, Error> {
        let mut after = i64::MIN;
        loop {
            let rows = snapshot.rows_after(after).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            for (sequence, row) in &rows {
                if let Err(broken) = self.step(*sequence, row.as_ref()) {
                    return Ok(Some(broken));
                }
            }
        }
        let is_cut = self.last < self.head.sequence;
        Ok(is_cut
            .then(|| Broken::new(self.last + 1, "the row is missing, and all that came after")))
    }

    fn step(&mut self, sequence: i64, row: Option<&AuditRow>) -> Result<(), Broken> {
        let expected = self.last + 1;
        if sequence < expected || sequence > self.head.sequence {
            return Err(Broken::new(sequence, "the row was put in from outside"));
        }
        if sequence > expected {
            return Err(Broken::new(expected, "the row is missing"));
        }
        let row = row.ok_or_else(|| Broken::new(sequence, "the row cannot be read"))?;
        if !self.chain.fits(row) {
            return Err(Broken::new(sequence, "the row is not as it was written"));
        }
        // Each is good for itself: one of them was written in another copy of the file.
        let is_next = self.hash.as_ref().is_none_or(|hash| *hash == row.previous_hash);
        if !is_next || (sequence == self.head.sequence && row.hash != self.head.hash) {
            return Err(Broken::new(sequence, "the row does not fit those around it"));
        }
        self.last = sequence;
        self.hash = Some(row.hash.clone());
        Ok(())
    }
}
