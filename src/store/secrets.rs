use secrecy::{ExposeSecret, SecretString};
use sqlx::SqliteConnection;

use super::{Error, Keyring, Store, keyring::Place};

fn place(name: &'static str) -> Place<'static> {
    Place { table: "secrets", column: "sealed_value", row: name }
}

impl Store {
    /// The secret of that name: 32 bytes in base64 from the operating system's random source, made the first time
    /// that somebody asks, and the same ever after, whatever becomes of the master key.
    ///
    /// # Errors
    /// The database does not answer, or the secret is damaged.
    pub async fn secret(&self, name: &'static str) -> Result<SecretString, Error> {
        let mut transaction = self.begin_write().await?;
        let (secret, _) = self.secret_in(&mut transaction, name).await?;
        transaction.commit().await?;
        Ok(secret)
    }

    /// The same inside a transaction that writes; also tells whether it was made just then.
    pub(super) async fn secret_in(
        &self,
        connection: &mut SqliteConnection,
        name: &'static str,
    ) -> Result<(SecretString, bool), Error> {
        if let Some(secret) = self.find_secret(connection, name).await? {
            return Ok((secret, false));
        }
        let secret = Keyring::generate();
        self.put_secret(connection, name, secret.expose_secret()).await?;
        Ok((secret, true))
    }

    pub(super) async fn find_secret(
        &self,
        connection: &mut SqliteConnection,
        name: &'static str,
    ) -> Result<Option<SecretString>, Error> {
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT key_id, sealed_value FROM secrets WHERE id = $1")
                .bind(name)
                .fetch_optional(connection)
                .await?;
        row.map(|(key_id, sealed)| self.keys.open(place(name), &key_id, &sealed)).transpose()
    }

    /// Like [`Self::find_secret`], of one without which the rest means nothing.
    pub(super) async fn known_secret(
        &self,
        connection: &mut SqliteConnection,
        name: &'static str,
    ) -> Result<SecretString, Error> {
        self.find_secret(connection, name).await?.ok_or_else(|| place(name).damaged())
    }

    pub(super) async fn put_secret(
        &self,
        connection: &mut SqliteConnection,
        name: &'static str,
        value: &str,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO secrets (id, key_id, sealed_value) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET \
             key_id = excluded.key_id, sealed_value = excluded.sealed_value",
        )
        .bind(name)
        .bind(self.keys.current_id().as_str())
        .bind(self.keys.seal(place(name), value))
        .execute(connection)
        .await?;
        Ok(())
    }
}
