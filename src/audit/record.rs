use jiff::Timestamp;
use serde_json::Value;

use super::{Action, Asked, Ended, Entry, EntryId, Error, Outcome};
use crate::{
    domain::IntegrationId,
    store::{AuditRecord, AuditRow},
};

const ASKED: &str = "asked";
const ENDED: &str = "ended";

/// What the row says that comes before a change.
pub(super) fn of_asked(id: &EntryId, asked: &Asked, now: Timestamp) -> AuditRecord {
    AuditRecord {
        entry: id.to_string(),
        kind: ASKED.to_owned(),
        at: now.as_microsecond(),
        caller: Some(asked.caller.clone()),
        action: Some(asked.action.word().to_owned()),
        integration_id: asked.integration.as_ref().map(IntegrationId::to_string),
        target: asked.target.clone(),
        reason: asked.reason.clone(),
        request_id: Some(asked.request_id.clone()),
        is_dry_run: Some(i64::from(asked.is_dry_run)),
        bulk: asked.bulk.clone(),
        ..AuditRecord::default()
    }
}

/// What the row says that comes after it.
pub(super) fn of_ended(entry: &Entry, ended: &Ended, now: Timestamp) -> AuditRecord {
    let made = entry.asked.action.made(ended);
    AuditRecord {
        entry: entry.id.to_string(),
        kind: ENDED.to_owned(),
        at: now.as_microsecond(),
        integration_id: made.map(|made| made.to_string()),
        target: ended.target.clone(),
        outcome: Some(ended.outcome.word().to_owned()),
        code: ended.code.clone(),
        upstream_status: ended.upstream_status.map(i64::from),
        upstream_code: ended.upstream_code.clone(),
        ..AuditRecord::default()
    }
}

/// The rows of one change.
pub(super) struct Pair<'a> {
    pub(super) asked: &'a AuditRow,
    pub(super) ended: Option<&'a AuditRow>,
}

impl<'a> Pair<'a> {
    /// `None` where nothing was asked.
    pub(super) fn of(rows: &'a [AuditRow]) -> Option<Self> {
        let row = |kind| rows.iter().find(move |row| row.record.kind == kind);
        Some(Self { asked: row(ASKED)?, ended: row(ENDED) })
    }

    pub(super) fn entry(self) -> Result<Entry, Error> {
        let unreadable = |row: &AuditRow| Error::Unreadable { sequence: row.sequence };
        let (id, asked, at) = asked_of(&self.asked.record).ok_or_else(|| unreadable(self.asked))?;
        let end = self
            .ended
            .map(|row| ended_of(&row.record).ok_or_else(|| unreadable(row)))
            .transpose()?;
        let (ended, ended_at) = end.unzip();
        Ok(Entry { id, asked, at, ended, ended_at })
    }
}

fn asked_of(record: &AuditRecord) -> Option<(EntryId, Asked, Timestamp)> {
    let asked = Asked {
        caller: record.caller.clone()?,
        action: Action::from_word(record.action.as_deref()?)?,
        integration: record.integration_id.as_deref().map(IntegrationId::from),
        target: record.target.clone(),
        reason: record.reason.clone(),
        request_id: record.request_id.clone()?,
        is_dry_run: record.is_dry_run? != 0,
        bulk: record.bulk.clone(),
    };
    Some((record.entry.parse().ok()?, asked, Timestamp::from_microsecond(record.at).ok()?))
}

fn ended_of(record: &AuditRecord) -> Option<(Ended, Timestamp)> {
    let upstream_status = match record.upstream_status {
        Some(status) => Some(u16::try_from(status).ok()?),
        None => None,
    };
    let ended = Ended {
        outcome: Outcome::from_word(record.outcome.as_deref()?)?,
        code: record.code.clone(),
        upstream_status,
        upstream_code: record.upstream_code.clone(),
        target: record.target.clone(),
    };
    Some((ended, Timestamp::from_microsecond(record.at).ok()?))
}

/// The row as people outside see it; `None` where it holds no instant.
pub(super) fn exported(row: &AuditRow) -> Option<Value> {
    let mut value = serde_json::to_value(&row.record).ok()?;
    value["sequence"] = row.sequence.into();
    value["previousHash"] = row.previous_hash.as_str().into();
    value["hash"] = row.hash.as_str().into();
    Some(value)
}
