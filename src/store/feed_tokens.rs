use jiff::Timestamp;
use sqlx::FromRow;

use super::{
    Error, Store,
    deletions::{json, parsed},
    integrations::instant,
    keyring::Place,
};
use crate::domain::{FeedToken, FeedTokenId};

const TABLE: &str = "feed_tokens";

impl Store {
    /// Adds a feed token under the hash of its secret.
    ///
    /// # Errors
    /// The database does not answer; [`Error::Duplicate`] where the id or the hash is there already.
    pub async fn insert_feed_token(
        &self,
        token: &FeedToken,
        secret_hash: &str,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO feed_tokens (id, secret_hash, name, tables, queries, integrations, \
             shows_personal_data, is_accepted_in_url, created_by, created_at, expires_at, \
             last_used_at, revoked_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(token.id.to_string())
        .bind(secret_hash.to_owned())
        .bind(token.name.clone())
        .bind(json(&token.tables))
        .bind(json(&token.queries))
        .bind(token.integrations.as_ref().map(json))
        .bind(token.shows_personal_data)
        .bind(token.is_accepted_in_url)
        .bind(token.created_by.clone())
        .bind(token.created_at.as_microsecond())
        .bind(token.expires_at.as_microsecond())
        .bind(token.last_used_at.map(Timestamp::as_microsecond))
        .bind(token.revoked_at.map(Timestamp::as_microsecond))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All feed tokens, the newest first; those that cannot be used any more too.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn feed_tokens(&self) -> Result<Vec<FeedToken>, Error> {
        let rows: Vec<FeedTokenRow> =
            sqlx::query_as("SELECT * FROM feed_tokens ORDER BY sequence DESC")
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(FeedTokenRow::opened).collect()
    }

    /// The feed token whose secret has this hash.
    ///
    /// # Errors
    /// The database does not answer, or the row is damaged.
    pub async fn feed_token_by_hash(&self, secret_hash: &str) -> Result<Option<FeedToken>, Error> {
        let row: Option<FeedTokenRow> =
            sqlx::query_as("SELECT * FROM feed_tokens WHERE secret_hash = $1")
                .bind(secret_hash)
                .fetch_optional(&self.pool)
                .await?;
        row.map(FeedTokenRow::opened).transpose()
    }

    /// Ends a feed token for good; one that was revoked before stays as it is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revoke_feed_token(&self, id: &FeedTokenId, now: Timestamp) -> Result<(), Error> {
        sqlx::query("UPDATE feed_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
            .bind(now.as_microsecond())
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes that a feed token was used.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn note_feed_token_use(&self, id: &FeedTokenId, now: Timestamp) -> Result<(), Error> {
        sqlx::query("UPDATE feed_tokens SET last_used_at = $1 WHERE id = $2")
            .bind(now.as_microsecond())
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

#[derive(FromRow)]
struct FeedTokenRow {
    id: String,
    name: String,
    tables: String,
    queries: String,
    integrations: Option<String>,
    shows_personal_data: bool,
    is_accepted_in_url: bool,
    created_by: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl FeedTokenRow {
    fn opened(self) -> Result<FeedToken, Error> {
        let place = |column| Place { table: TABLE, column, row: &self.id };
        let some_instant =
            |column, at: Option<i64>| at.map(|at| instant(place(column), at)).transpose();
        let integrations = self.integrations.as_deref();
        Ok(FeedToken {
            tables: parsed(place("tables"), &self.tables)?,
            queries: parsed(place("queries"), &self.queries)?,
            integrations: integrations.map(|ids| parsed(place("integrations"), ids)).transpose()?,
            created_at: instant(place("created_at"), self.created_at)?,
            expires_at: instant(place("expires_at"), self.expires_at)?,
            last_used_at: some_instant("last_used_at", self.last_used_at)?,
            revoked_at: some_instant("revoked_at", self.revoked_at)?,
            id: FeedTokenId::from(self.id.as_str()),
            name: self.name,
            shows_personal_data: self.shows_personal_data,
            is_accepted_in_url: self.is_accepted_in_url,
            created_by: self.created_by,
        })
    }
}
