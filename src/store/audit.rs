use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer, ser::Error as _};
use sqlx::{
    AssertSqlSafe, FromRow, Row, Sqlite, SqliteConnection, SqliteTransaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{Error, Store, keyring::Place};

/// The secret that the rows are hashed with.
const KEY: &str = "audit";
/// Number and hash of the last row, sealed, so that rows cannot be cut off the end unseen.
const HEAD: &str = "audit head";
/// The hash before the first row.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Rows that are read at once where all are read.
const BATCH: i64 = 500;

/// What one row of the record of changes says. Serialized it is the text that is hashed: the members in this order,
/// those that are null left out. A later version adds members at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// The change: a UUID.
    pub entry: String,
    /// `asked` or `ended`.
    pub kind: String,
    /// When, in microseconds since 1970; serialized as RFC 3339.
    #[serde(serialize_with = "instant")]
    pub at: i64,
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// What they ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// On which integration; of an end, the integration that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// On what: an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Why, in the caller's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The request that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// 1 where nothing is to happen. A number, because a truth value would hide a 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_dry_run: Option<i64>,
    /// The run of many changes that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Our code of a refusal or failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The status that Atlassian answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_status: Option<i64>,
    /// Atlassian's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_code: Option<String>,
}

/// A row of the record of changes with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditRow {
    /// 1, 2, 3, … without gaps.
    pub sequence: i64,
    /// What it says.
    #[sqlx(flatten)]
    pub record: AuditRecord,
    /// The hash of the row before; zeros for the first.
    pub previous_hash: String,
    /// Over the sequence, the previous hash and the record.
    pub hash: String,
}

/// Which changes to read; `None` leaves nothing out.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Asked for at this instant or later, in microseconds.
    pub from: Option<i64>,
    /// Asked for before this instant, in microseconds.
    pub to: Option<i64>,
    /// By this caller.
    pub caller: Option<String>,
    /// One of these actions.
    pub actions: Option<Vec<String>>,
    /// On one of these integrations, or the making of one of them.
    pub integrations: Option<Vec<String>>,
}

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The last row's number; 0 where there is none.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
}

/// All rows as they were at one moment, whatever is written meanwhile.
pub struct AuditSnapshot {
    transaction: SqliteTransaction<'static>,
    /// What was sealed as the end of the chain.
    pub head: AuditHead,
}

/// What of the columns a filter looks at.
const WHICH: &str = "kind = 'asked' AND ($1 IS NULL OR at >= $1) AND ($2 IS NULL OR at < $2) \
     AND ($3 IS NULL OR caller = $3) \
     AND ($4 IS NULL OR action IN (SELECT value FROM json_each($4))) \
     AND ($5 IS NULL OR COALESCE(integration_id, (SELECT integration_id FROM audit e \
     WHERE e.entry = audit.entry AND e.kind = 'ended')) IN (SELECT value FROM json_each($5)))";

impl Store {
    /// The key that the rows are hashed with. The first time it is made together with the head of the empty chain,
    /// so that a chain that has lost its head is told from one that begins.
    ///
    /// # Errors
    /// The database does not answer, or key or head are damaged.
    pub async fn audit_key(&self) -> Result<SecretString, Error> {
        let mut transaction = self.begin_write().await?;
        let (key, is_new) = self.secret_in(&mut transaction, KEY).await?;
        if is_new {
            let head = AuditHead { sequence: 0, hash: NO_HASH.to_owned() };
            self.put_secret(&mut transaction, HEAD, &head.text()).await?;
        } else {
            self.audit_head(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(key)
    }

    /// Adds a row at the end of the chain, in one transaction with the new head; `hash` makes its hash of its number
    /// and the previous hash. Goes on from the sealed head and not from the last row there is: rows that were cut
    /// off leave a gap for good.
    ///
    /// # Errors
    /// [`Error::Duplicate`] where the entry has a row of this kind. The database does not answer, or the head is damaged.
    pub async fn append_audit(
        &self,
        record: &AuditRecord,
        hash: impl FnOnce(i64, &str) -> String,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_write().await?;
        let known: Option<i64> =
            sqlx::query_scalar("SELECT sequence FROM audit WHERE entry = $1 AND kind = $2")
                .bind(&record.entry)
                .bind(&record.kind)
                .fetch_optional(&mut *transaction)
                .await?;
        if known.is_some() {
            return Err(Error::Duplicate);
        }
        let last = self.audit_head(&mut transaction).await?;
        let sequence = last.sequence + 1;
        let head = AuditHead { sequence, hash: hash(sequence, &last.hash) };
        insert(record, &head, &last.hash).execute(&mut *transaction).await?;
        self.put_secret(&mut transaction, HEAD, &head.text()).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The rows of one change: what was asked, and how it ended if it has. Empty where there is no such change.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn audit_entry(&self, entry: &str) -> Result<Vec<AuditRow>, Error> {
        let rows = sqlx::query_as("SELECT * FROM audit WHERE entry = $1 ORDER BY sequence");
        Ok(rows.bind(entry).fetch_all(&self.pool).await?)
    }

    /// What was asked and never ended, oldest first.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn unfinished_audit(&self) -> Result<Vec<AuditRow>, Error> {
        let rows = sqlx::query_as(
            "SELECT * FROM audit WHERE kind = 'asked' AND NOT EXISTS (SELECT 1 FROM audit e \
             WHERE e.entry = audit.entry AND e.kind = 'ended') ORDER BY sequence",
        );
        Ok(rows.fetch_all(&self.pool).await?)
    }

    /// The latest `limit` changes before the row numbered `before`: what was asked, newest first, and how those of
    /// them ended that have.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn audit_page(
        &self,
        query: &AuditQuery,
        limit: u16,
        before: Option<i64>,
    ) -> Result<(Vec<AuditRow>, Vec<AuditRow>), Error> {
        let statement = format!(
            "SELECT * FROM audit WHERE {WHICH} AND ($6 IS NULL OR sequence < $6) \
             ORDER BY sequence DESC LIMIT $7"
        );
        let asked: Vec<AuditRow> = query
            .bound(sqlx::query(AssertSqlSafe(statement)))
            .bind(before)
            .bind(i64::from(limit))
            .try_map(|row: SqliteRow| AuditRow::from_row(&row))
            .fetch_all(&self.pool)
            .await?;
        let entries: Vec<&str> = asked.iter().map(|row| row.record.entry.as_str()).collect();
        let ended = sqlx::query_as(
            "SELECT * FROM audit WHERE kind = 'ended' \
             AND entry IN (SELECT value FROM json_each($1))",
        );
        let ended = ended.bind(json(&entries)).fetch_all(&self.pool).await?;
        Ok((asked, ended))
    }

    /// How many changes there are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_audit(&self, query: &AuditQuery) -> Result<u64, Error> {
        let statement = format!("SELECT COUNT(*) FROM audit WHERE {WHICH}");
        let counted = query.bound(sqlx::query(AssertSqlSafe(statement)));
        let count: i64 = counted.fetch_one(&self.pool).await?.try_get(0)?;
        Ok(count.unsigned_abs())
    }

    /// Everything as it is now, to be read bit by bit.
    ///
    /// # Errors
    /// The database does not answer, or the head is damaged.
    pub async fn audit_snapshot(&self) -> Result<AuditSnapshot, Error> {
        let mut transaction = self.pool.begin().await?;
        let head = self.audit_head(&mut transaction).await?;
        Ok(AuditSnapshot { transaction, head })
    }

    async fn audit_head(&self, connection: &mut SqliteConnection) -> Result<AuditHead, Error> {
        let sealed = self.known_secret(connection, HEAD).await?;
        AuditHead::of(sealed.expose_secret())
            .ok_or_else(|| Place { table: "secrets", column: "sealed_value", row: HEAD }.damaged())
    }
}

impl AuditSnapshot {
    /// Some rows after that number, in order, each with its number; `None` stands for a row that cannot be read. No
    /// rows are the end.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rows_after(
        &mut self,
        sequence: i64,
    ) -> Result<Vec<(i64, Option<AuditRow>)>, Error> {
        let rows =
            sqlx::query("SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2")
                .bind(sequence)
                .bind(BATCH)
                .fetch_all(&mut *self.transaction)
                .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("sequence")?, AuditRow::from_row(row).ok())))
            .collect()
    }
}

impl AuditHead {
    fn text(&self) -> String {
        format!("{}:{}", self.sequence, self.hash)
    }

    /// The head that somebody noted, in the form that it is told in.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let (sequence, hash) = text.split_once(':')?;
        Some(Self { sequence: sequence.parse().ok()?, hash: hash.to_owned() })
    }
}

impl std::fmt::Display for AuditHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

type Bound<'a> = Query<'a, Sqlite, SqliteArguments>;

impl AuditQuery {
    fn bound<'a>(&self, query: Bound<'a>) -> Bound<'a> {
        query
            .bind(self.from)
            .bind(self.to)
            .bind(self.caller.clone())
            .bind(self.actions.as_ref().map(json))
            .bind(self.integrations.as_ref().map(json))
    }
}

fn insert<'a>(record: &'a AuditRecord, head: &'a AuditHead, previous_hash: &'a str) -> Bound<'a> {
    sqlx::query(
        "INSERT INTO audit (sequence, entry, kind, at, caller, action, integration_id, target, \
         reason, request_id, is_dry_run, bulk, outcome, code, upstream_status, upstream_code, \
         previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         $14, $15, $16, $17, $18)",
    )
    .bind(head.sequence)
    .bind(&record.entry)
    .bind(&record.kind)
    .bind(record.at)
    .bind(&record.caller)
    .bind(&record.action)
    .bind(&record.integration_id)
    .bind(&record.target)
    .bind(&record.reason)
    .bind(&record.request_id)
    .bind(record.is_dry_run)
    .bind(&record.bulk)
    .bind(&record.outcome)
    .bind(&record.code)
    .bind(record.upstream_status)
    .bind(&record.upstream_code)
    .bind(previous_hash)
    .bind(&head.hash)
}

/// A list as one value, so that a statement's text does not depend on its length.
fn json(list: &impl Serialize) -> String {
    serde_json::to_string(list).expect("a list of texts is JSON")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes every member so")]
fn instant<S: Serializer>(microseconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let instant = Timestamp::from_microsecond(*microseconds).map_err(S::Error::custom)?;
    serializer.collect_str(&instant)
}
