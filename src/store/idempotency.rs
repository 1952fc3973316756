use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use super::{
    Error, Store,
    counted_changes::{CountedChanges, count_one, counted},
    deletions,
};
use crate::domain::{Deletion, DeletionId, IntegrationId, Refusal};

/// A caller's key for one change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// The token's subject: keys of different callers do not meet.
    pub caller: String,
    /// The key.
    pub key: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedKey {
    /// Stands for the input that it was used with.
    pub input: String,
    /// The deletion that it led to, once one was announced.
    pub deletion: Option<DeletionId>,
    /// What the caller was answered; `None` while the change is on its way, or was interrupted.
    pub answer: Option<String>,
}

/// How long a key is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Store {
    /// Claims a key for an input. `None`: it is the caller's now; else what it was used for.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn claim_key(
        &self,
        key: &IdempotencyKey,
        input: &str,
        now: Timestamp,
    ) -> Result<Option<ClaimedKey>, Error> {
        let mut transaction = self.begin_write().await?;
        sqlx::query("DELETE FROM idempotency_keys WHERE claimed_at <= $1")
            .bind(now.saturating_sub(KEPT).map_or(i64::MIN, Timestamp::as_microsecond))
            .execute(&mut *transaction)
            .await?;
        let known: Option<(String, Option<String>, Option<String>)> = sqlx::query_as(
            "SELECT input, deletion_id, answer FROM idempotency_keys \
             WHERE caller = $1 AND idempotency_key = $2",
        )
        .bind(&key.caller)
        .bind(&key.key)
        .fetch_optional(&mut *transaction)
        .await?;
        if known.is_none() {
            sqlx::query(
                "INSERT INTO idempotency_keys (caller, idempotency_key, input, claimed_at) \
                 VALUES ($1, $2, $3, $4)",
            )
            .bind(&key.caller)
            .bind(&key.key)
            .bind(input)
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        let claimed = |(input, deletion, answer): (String, Option<String>, Option<String>)| {
            ClaimedKey { input, deletion: deletion.map(Into::into), answer }
        };
        Ok(known.map(claimed))
    }

    /// Keeps what the caller was answered.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn answer_key(&self, key: &IdempotencyKey, answer: &str) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        self::answer(&mut connection, key, answer).await
    }

    /// Gives a key back: nothing was done with it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn release_key(&self, key: &IdempotencyKey) -> Result<(), Error> {
        sqlx::query("DELETE FROM idempotency_keys WHERE caller = $1 AND idempotency_key = $2")
            .bind(&key.caller)
            .bind(&key.key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keeps what the callers of a deletion were answered, where that is not kept yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn answer_keys_of(&self, deletion: &DeletionId, answer: &str) -> Result<(), Error> {
        sqlx::query(
            "UPDATE idempotency_keys SET answer = $1 WHERE deletion_id = $2 AND answer IS NULL",
        )
        .bind(answer)
        .bind(deletion.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives the keys of a deletion back that were not answered yet: it did not happen.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn release_keys_of(&self, deletion: &DeletionId) -> Result<(), Error> {
        sqlx::query("DELETE FROM idempotency_keys WHERE deletion_id = $1 AND answer IS NULL")
            .bind(deletion.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The keys that were claimed and never answered, each with the deletion that it led to.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unanswered_keys(&self) -> Result<Vec<(IdempotencyKey, Option<String>)>, Error> {
        let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
            "SELECT caller, idempotency_key, deletion_id FROM idempotency_keys \
             WHERE answer IS NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        let key = |(caller, key, deletion)| (IdempotencyKey { caller, key }, deletion);
        Ok(rows.into_iter().map(key).collect())
    }

    /// Announces a deletion, ties it to its idempotency key and counts it, all or nothing; unless `cap` says of what
    /// was counted so far that it may not be, and why.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn announce_deletion(
        &self,
        deletion: &Deletion,
        key: Option<&IdempotencyKey>,
        cap: impl FnOnce(CountedChanges) -> Option<Refusal> + Send,
    ) -> Result<Option<Refusal>, Error> {
        let mut transaction = self.begin_write().await?;
        let (caller, integration) = (&deletion.requested_by, &deletion.integration);
        let now = deletion.requested_at;
        if let Some(refusal) = cap(counted(&mut transaction, caller, integration, now).await?) {
            return Ok(Some(refusal));
        }
        count_one(&mut transaction, caller, integration, now).await?;
        deletions::insert(&mut transaction, deletion).await?;
        if let Some(key) = key {
            sqlx::query(
                "UPDATE idempotency_keys SET deletion_id = $1 \
                 WHERE caller = $2 AND idempotency_key = $3",
            )
            .bind(deletion.id.as_str())
            .bind(&key.caller)
            .bind(&key.key)
            .execute(&mut *transaction)
            .await?;
        }
        if let Some(bulk) = &deletion.bulk {
            sqlx::query(
                "UPDATE bulk_deletion_items SET deletion_id = $1 \
                 WHERE bulk_id = $2 AND integration_id = $3 AND account_id = $4",
            )
            .bind(deletion.id.as_str())
            .bind(bulk.as_str())
            .bind(integration.as_str())
            .bind(deletion.account.as_str())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(None)
    }

    /// Counts a change that is no deletion, unless `cap` says that it may not be, and why.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_change(
        &self,
        caller: &str,
        integration: &IntegrationId,
        now: Timestamp,
        cap: impl FnOnce(CountedChanges) -> Option<Refusal> + Send,
    ) -> Result<Option<Refusal>, Error> {
        let mut transaction = self.begin_write().await?;
        if let Some(refusal) = cap(counted(&mut transaction, caller, integration, now).await?) {
            return Ok(Some(refusal));
        }
        count_one(&mut transaction, caller, integration, now).await?;
        transaction.commit().await?;
        Ok(None)
    }
}

pub(super) async fn answer(
    connection: &mut SqliteConnection,
    key: &IdempotencyKey,
    answer: &str,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE idempotency_keys SET answer = $1 WHERE caller = $2 AND idempotency_key = $3",
    )
    .bind(answer)
    .bind(&key.caller)
    .bind(&key.key)
    .execute(connection)
    .await?;
    Ok(())
}
