use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use super::{Error, Store, integrations::instant, keyring::Place};
use crate::domain::{AccountId, Deletion, DeletionId, DeletionState, IntegrationId};

const TABLE: &str = "deletions";

/// Which deletions are wanted, newest first.
#[derive(Debug, Clone, Default)]
pub struct DeletionQuery {
    /// Only in this state.
    pub state: Option<DeletionState>,
    /// Only of these integrations.
    pub integrations: Vec<IntegrationId>,
    /// Only older than the one of this number.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u16,
}

impl Store {
    /// A deletion by its id.
    ///
    /// # Errors
    /// The database does not answer, or the row is damaged.
    pub async fn deletion(&self, id: &DeletionId) -> Result<Option<Deletion>, Error> {
        let row: Option<DeletionRow> = sqlx::query_as("SELECT * FROM deletions WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(DeletionRow::opened).transpose()
    }

    /// Deletions with their numbers, newest first.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn deletions(&self, query: &DeletionQuery) -> Result<Vec<(i64, Deletion)>, Error> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT * FROM deletions WHERE 1 = 1");
        narrow(&mut sql, query);
        if let Some(before) = query.before {
            sql.push(" AND sequence < ").push_bind(before);
        }
        sql.push(" ORDER BY sequence DESC LIMIT ").push_bind(i64::from(query.limit));
        let rows: Vec<DeletionRow> = sql.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| Ok((row.sequence, row.opened()?))).collect()
    }

    /// How many deletions there are of that kind, whatever `before` and `limit` say.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_deletions(&self, query: &DeletionQuery) -> Result<u64, Error> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT COUNT(*) FROM deletions WHERE 1 = 1");
        narrow(&mut sql, query);
        let count: i64 = sql.build_query_scalar().fetch_one(&self.pool).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The deletions of an account that can still become something else, newest first.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn open_deletions_of(&self, account: &AccountId) -> Result<Vec<Deletion>, Error> {
        let rows: Vec<DeletionRow> = sqlx::query_as(
            "SELECT * FROM deletions WHERE account_id = $1 AND state IN ($2, $3) ORDER BY sequence DESC",
        )
        .bind(account.as_str())
        .bind(state_word(DeletionState::Scheduled))
        .bind(state_word(DeletionState::Queued))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(DeletionRow::opened).collect()
    }

    /// The deletions that were announced and of which nobody wrote how the call ended, oldest first.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn interrupted_deletions(&self) -> Result<Vec<Deletion>, Error> {
        let rows: Vec<DeletionRow> = sqlx::query_as(
            "SELECT * FROM deletions WHERE is_outcome_known = FALSE ORDER BY sequence",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(DeletionRow::opened).collect()
    }

    /// The deletions that were announced with one of these entries of the audit log.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn deletions_of_entries(&self, entries: &[String]) -> Result<Vec<Deletion>, Error> {
        let rows: Vec<DeletionRow> = sqlx::query_as(
            "SELECT * FROM deletions WHERE audit_entry IN (SELECT value FROM json_each($1))",
        )
        .bind(json(&entries))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(DeletionRow::opened).collect()
    }

    /// Writes what became of a deletion.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn update_deletion(&self, deletion: &Deletion) -> Result<(), Error> {
        sqlx::query(
            "UPDATE deletions SET state = $1, is_outcome_known = $2, purges_at = $3, \
             changed_at = $4, directories = $5, failures = $6 WHERE id = $7",
        )
        .bind(state_word(deletion.state))
        .bind(deletion.is_outcome_known)
        .bind(deletion.purges_at.map(Timestamp::as_microsecond))
        .bind(deletion.changed_at.as_microsecond())
        .bind(json(&deletion.directories))
        .bind(json(&deletion.failures))
        .bind(deletion.id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    deletion: &Deletion,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO deletions (id, integration_id, account_id, scope, state, is_outcome_known, \
         requested_by, request_id, reason, requested_at, purges_at, changed_at, directories, \
         failures, bulk_id, audit_entry) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(deletion.id.as_str())
    .bind(deletion.integration.as_str())
    .bind(deletion.account.as_str())
    .bind(<&str>::from(deletion.scope))
    .bind(state_word(deletion.state))
    .bind(deletion.is_outcome_known)
    .bind(&deletion.requested_by)
    .bind(&deletion.request_id)
    .bind(&deletion.reason)
    .bind(deletion.requested_at.as_microsecond())
    .bind(deletion.purges_at.map(Timestamp::as_microsecond))
    .bind(deletion.changed_at.as_microsecond())
    .bind(json(&deletion.directories))
    .bind(json(&deletion.failures))
    .bind(deletion.bulk.as_ref().map(ToString::to_string))
    .bind(&deletion.audit_entry)
    .execute(connection)
    .await?;
    Ok(())
}

fn narrow(sql: &mut QueryBuilder<Sqlite>, query: &DeletionQuery) {
    if let Some(state) = query.state {
        sql.push(" AND state = ").push_bind(state_word(state));
    }
    sql.push(" AND integration_id IN (");
    let mut list = sql.separated(", ");
    for integration in &query.integrations {
        list.push_bind(integration.to_string());
    }
    sql.push(")");
}

#[derive(FromRow)]
struct DeletionRow {
    sequence: i64,
    id: String,
    integration_id: String,
    account_id: String,
    scope: String,
    state: String,
    is_outcome_known: bool,
    requested_by: String,
    request_id: String,
    reason: Option<String>,
    requested_at: i64,
    purges_at: Option<i64>,
    changed_at: i64,
    directories: String,
    failures: String,
    bulk_id: Option<String>,
    audit_entry: String,
}

impl DeletionRow {
    fn opened(self) -> Result<Deletion, Error> {
        let id = self.id.clone();
        let place = |column| Place { table: TABLE, column, row: &id };
        Ok(Deletion {
            id: self.id.as_str().into(),
            integration: self.integration_id.into(),
            account: self.account_id.into(),
            scope: self.scope.parse().map_err(|_| place("scope").damaged())?,
            state: self.state.parse().map_err(|_| place("state").damaged())?,
            is_outcome_known: self.is_outcome_known,
            requested_by: self.requested_by,
            request_id: self.request_id,
            reason: self.reason,
            requested_at: instant(place("requested_at"), self.requested_at)?,
            purges_at: self.purges_at.map(|at| instant(place("purges_at"), at)).transpose()?,
            changed_at: instant(place("changed_at"), self.changed_at)?,
            directories: parsed(place("directories"), &self.directories)?,
            failures: parsed(place("failures"), &self.failures)?,
            bulk: self.bulk_id.map(Into::into),
            audit_entry: self.audit_entry,
        })
    }
}

fn state_word(state: DeletionState) -> &'static str {
    state.into()
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("lists of texts and plain enums")
}

pub(super) fn parsed<T: DeserializeOwned>(place: Place<'_>, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| place.damaged())
}
