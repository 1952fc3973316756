use jiff::Timestamp;
use sqlx::FromRow;

use super::{
    Error, IdempotencyKey, Store,
    deletions::{json, parsed},
    idempotency,
    integrations::instant,
    keyring::Place,
};
use crate::domain::{Actor, BulkDeletion, BulkDeletionId, BulkDeletionItem};

const TABLE: &str = "bulk_deletions";
const ITEMS: &str = "bulk_deletion_items";

impl Store {
    /// Keeps a new run with its people, together with the answer for its idempotency key.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn insert_bulk_deletion(
        &self,
        bulk: &BulkDeletion,
        key: Option<&IdempotencyKey>,
        answer: &str,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_write().await?;
        if let Some(key) = key {
            idempotency::answer(&mut transaction, key, answer).await?;
        }
        sqlx::query(
            "INSERT INTO bulk_deletions (id, requested_by, request_id, scope, reason, is_dry_run, \
             requested_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(bulk.id.as_str())
        .bind(&bulk.requested_by.subject)
        .bind(&bulk.requested_by.request_id)
        .bind(<&str>::from(bulk.scope))
        .bind(&bulk.reason)
        .bind(bulk.is_dry_run)
        .bind(bulk.requested_at.as_microsecond())
        .bind(bulk.finished_at.map(Timestamp::as_microsecond))
        .execute(&mut *transaction)
        .await?;
        for (position, item) in (0_i64..).zip(&bulk.items) {
            sqlx::query(
                "INSERT INTO bulk_deletion_items (bulk_id, position, integration_id, account_id, \
                 confirmed, deletion_id, refusals, is_done) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(bulk.id.as_str())
            .bind(position)
            .bind(item.integration.as_str())
            .bind(item.account.as_str())
            .bind(&item.confirmed)
            .bind(item.deletion.as_ref().map(ToString::to_string))
            .bind(json(&item.refusals))
            .bind(item.is_done)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// A run by its id.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn bulk_deletion(&self, id: &BulkDeletionId) -> Result<Option<BulkDeletion>, Error> {
        let row: Option<BulkRow> = sqlx::query_as("SELECT * FROM bulk_deletions WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let items: Vec<ItemRow> = sqlx::query_as(
            "SELECT * FROM bulk_deletion_items WHERE bulk_id = $1 ORDER BY position",
        )
        .bind(id.as_str())
        .fetch_all(&self.pool)
        .await?;
        row.opened(items).map(Some)
    }

    /// The runs that are not finished, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unfinished_bulk_deletions(&self) -> Result<Vec<BulkDeletionId>, Error> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM bulk_deletions WHERE finished_at IS NULL ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(Into::into).collect())
    }

    /// Writes what became of one person of a run. A deletion that was announced stays with the person.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn update_bulk_item(
        &self,
        bulk: &BulkDeletionId,
        position: usize,
        item: &BulkDeletionItem,
    ) -> Result<(), Error> {
        sqlx::query(
            "UPDATE bulk_deletion_items SET deletion_id = COALESCE($1, deletion_id), refusals = $2, \
             is_done = $3 WHERE bulk_id = $4 AND position = $5",
        )
        .bind(item.deletion.as_ref().map(ToString::to_string))
        .bind(json(&item.refusals))
        .bind(item.is_done)
        .bind(bulk.as_str())
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Writes that the last person of a run was done with.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn finish_bulk_deletion(
        &self,
        bulk: &BulkDeletionId,
        at: Timestamp,
    ) -> Result<(), Error> {
        sqlx::query("UPDATE bulk_deletions SET finished_at = $1 WHERE id = $2")
            .bind(at.as_microsecond())
            .bind(bulk.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

#[derive(FromRow)]
struct BulkRow {
    id: String,
    requested_by: String,
    request_id: String,
    scope: String,
    reason: Option<String>,
    is_dry_run: bool,
    requested_at: i64,
    finished_at: Option<i64>,
}

#[derive(FromRow)]
struct ItemRow {
    integration_id: String,
    account_id: String,
    confirmed: Option<String>,
    deletion_id: Option<String>,
    refusals: String,
    is_done: bool,
}

impl BulkRow {
    fn opened(self, items: Vec<ItemRow>) -> Result<BulkDeletion, Error> {
        let place = |column| Place { table: TABLE, column, row: &self.id };
        let item = |row: ItemRow| {
            Ok(BulkDeletionItem {
                integration: row.integration_id.into(),
                account: row.account_id.into(),
                confirmed: row.confirmed,
                deletion: row.deletion_id.map(Into::into),
                refusals: parsed(
                    Place { table: ITEMS, column: "refusals", row: &self.id },
                    &row.refusals,
                )?,
                is_done: row.is_done,
            })
        };
        Ok(BulkDeletion {
            id: self.id.as_str().into(),
            scope: self.scope.parse().map_err(|_| place("scope").damaged())?,
            requested_at: instant(place("requested_at"), self.requested_at)?,
            finished_at: self
                .finished_at
                .map(|at| instant(place("finished_at"), at))
                .transpose()?,
            items: items.into_iter().map(item).collect::<Result<_, Error>>()?,
            requested_by: Actor { subject: self.requested_by, request_id: self.request_id },
            reason: self.reason,
            is_dry_run: self.is_dry_run,
        })
    }
}
