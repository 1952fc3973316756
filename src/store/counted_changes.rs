use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use super::{Error, Store};
use crate::domain::IntegrationId;

/// How many changes of a kind were counted already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedChanges {
    /// By this caller, in the last hour.
    pub by_caller: u64,
    /// Through this integration, in the last hour.
    pub by_integration: u64,
    /// Through this integration, in the last day.
    pub by_integration_today: u64,
}

impl Store {
    /// What the caps count.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn counted_changes(
        &self,
        caller: &str,
        integration: &IntegrationId,
        now: Timestamp,
    ) -> Result<CountedChanges, Error> {
        let mut connection = self.pool.acquire().await?;
        counted(&mut connection, caller, integration, now).await
    }
}

pub(super) async fn counted(
    connection: &mut SqliteConnection,
    caller: &str,
    integration: &IntegrationId,
    now: Timestamp,
) -> Result<CountedChanges, Error> {
    let (by_caller, by_integration, by_integration_today): (i64, i64, i64) = sqlx::query_as(
        "SELECT COUNT(CASE WHEN caller = $1 AND at > $3 THEN 1 END), \
         COUNT(CASE WHEN integration_id = $2 AND at > $3 THEN 1 END), \
         COUNT(CASE WHEN integration_id = $2 THEN 1 END) \
         FROM counted_changes WHERE at > $4",
    )
    .bind(caller)
    .bind(integration.as_str())
    .bind(before(now, 1))
    .bind(before(now, 24))
    .fetch_one(connection)
    .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(CountedChanges {
        by_caller: count(by_caller),
        by_integration: count(by_integration),
        by_integration_today: count(by_integration_today),
    })
}

/// Counts one more change, and forgets those that no cap counts any more.
pub(super) async fn count_one(
    connection: &mut SqliteConnection,
    caller: &str,
    integration: &IntegrationId,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query("DELETE FROM counted_changes WHERE at <= $1")
        .bind(before(now, 24))
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO counted_changes (id, caller, integration_id, at) VALUES ($1, $2, $3, $4)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(caller)
    .bind(integration.as_str())
    .bind(now.as_microsecond())
    .execute(connection)
    .await?;
    Ok(())
}

fn before(now: Timestamp, hours: i64) -> i64 {
    now.saturating_sub(SignedDuration::from_hours(hours))
        .map_or(i64::MIN, Timestamp::as_microsecond)
}
