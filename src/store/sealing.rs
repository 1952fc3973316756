use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::{Error, KeyId, Store, keyring::Place};

/// Every table with sealed columns. Each has `id` and `key_id`, the key that all of a row's columns are sealed with.
const SEALED: &[(&str, &[&str])] = &[
    ("integrations", &["sealed_admin_email", "sealed_api_token", "sealed_organization_api_key"]),
    ("declared_integrations", &["sealed_fingerprint"]),
    ("secrets", &["sealed_value"]),
];

const CHECK: Place<'static> =
    Place { table: "master_key", column: "sealed_check", row: "master_key" };
const CHECK_VALUE: &str = "headcount";

impl Store {
    /// Compares the given master key with the one that the store is written with, and rotates where a previous
    /// key was given. A store that was never written takes the current key.
    pub(super) async fn check_master_key(&self) -> Result<(), Error> {
        let mut transaction = self.begin_write().await?;
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT key_id, sealed_check FROM master_key WHERE id = $1")
                .bind(CHECK.row)
                .fetch_optional(&mut *transaction)
                .await?;
        let given = self.keys.current_id();
        match row {
            None => {}
            Some((written_with, _)) if !self.keys.holds(&written_with) => {
                return Err(Error::WrongKey {
                    written_with: KeyId::named(&written_with),
                    given: given.clone(),
                });
            }
            Some((written_with, sealed)) => {
                self.keys.open(CHECK, &written_with, &sealed)?;
                if written_with == given.as_str() {
                    return Ok(());
                }
                self.seal_anew(&mut transaction).await?;
                tracing::info!(
                    key.previous = %written_with, key.current = %given,
                    "Sealed the store's secrets anew under master key {given}"
                );
            }
        }
        self.write_check(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn write_check(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        sqlx::query("DELETE FROM master_key").execute(&mut *connection).await?;
        sqlx::query("INSERT INTO master_key (id, key_id, sealed_check) VALUES ($1, $2, $3)")
            .bind(CHECK.row)
            .bind(self.keys.current_id().as_str())
            .bind(self.keys.seal(CHECK, CHECK_VALUE))
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn seal_anew(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        for &(table, columns) in SEALED {
            for &column in columns {
                self.seal_column_anew(connection, table, column).await?;
            }
            let statement = AssertSqlSafe(format!("UPDATE {table} SET key_id = $1"));
            sqlx::query(statement)
                .bind(self.keys.current_id().as_str())
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    async fn seal_column_anew(
        &self,
        connection: &mut SqliteConnection,
        table: &'static str,
        column: &'static str,
    ) -> Result<(), Error> {
        let read = AssertSqlSafe(format!("SELECT id, key_id, {column} FROM {table}"));
        let write = format!("UPDATE {table} SET {column} = $1 WHERE id = $2");
        for row in sqlx::query(read).fetch_all(&mut *connection).await? {
            let id: String = row.try_get(0)?;
            let place = Place { table, column, row: &id };
            let value = self.keys.open(place, row.try_get(1)?, row.try_get(2)?)?;
            sqlx::query(AssertSqlSafe(write.clone()))
                .bind(self.keys.seal(place, value.expose_secret()))
                .bind(&id)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
