use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::FromRow;

use super::{
    Error, Store,
    integrations::{checks, checks_column, instant, version, version_column},
    keyring::Place,
};
use crate::domain::{IntegrationCheck, IntegrationId};

const TABLE: &str = "declared_integrations";

/// What is remembered of an integration that the configuration file declares.
#[derive(Debug, Clone)]
pub struct DeclaredState {
    /// The id that the file gives it.
    pub id: IntegrationId,
    /// Tells whether the credentials changed since the last start; sealed in the file.
    pub fingerprint: SecretString,
    /// Grows with every change of the credentials.
    pub credentials_version: u64,
    /// When it was first seen in the file.
    pub created_at: Timestamp,
    /// When its credentials were last tested.
    pub last_validated_at: Option<Timestamp>,
    /// What that test found.
    pub checks: Vec<IntegrationCheck>,
}

impl Store {
    /// What is remembered of declared integrations, those that left the file included.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn declared_states(&self) -> Result<Vec<DeclaredState>, Error> {
        let rows: Vec<DeclaredRow> =
            sqlx::query_as("SELECT * FROM declared_integrations").fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| self.opened_state(&row)).collect()
    }

    /// Remembers the state of a declared integration, in place of an earlier one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn put_declared_state(&self, state: &DeclaredState) -> Result<(), Error> {
        let place = Place { table: TABLE, column: "sealed_fingerprint", row: state.id.as_str() };
        sqlx::query(
            "INSERT INTO declared_integrations (id, key_id, sealed_fingerprint, \
             credentials_version, created_at, last_validated_at, checks) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
             key_id = excluded.key_id, sealed_fingerprint = excluded.sealed_fingerprint, \
             credentials_version = excluded.credentials_version, \
             created_at = excluded.created_at, \
             last_validated_at = excluded.last_validated_at, checks = excluded.checks",
        )
        .bind(state.id.as_str())
        .bind(self.keys.current_id().as_str())
        .bind(self.keys.seal(place, state.fingerprint.expose_secret()))
        .bind(version_column(state.credentials_version))
        .bind(state.created_at.as_microsecond())
        .bind(state.last_validated_at.map(Timestamp::as_microsecond))
        .bind(checks_column(&state.checks))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    fn opened_state(&self, row: &DeclaredRow) -> Result<DeclaredState, Error> {
        let place = |column| Place { table: TABLE, column, row: &row.id };
        Ok(DeclaredState {
            id: IntegrationId::from(row.id.as_str()),
            fingerprint: self.keys.open(
                place("sealed_fingerprint"),
                &row.key_id,
                &row.sealed_fingerprint,
            )?,
            credentials_version: version(place("credentials_version"), row.credentials_version)?,
            created_at: instant(place("created_at"), row.created_at)?,
            last_validated_at: row
                .last_validated_at
                .map(|value| instant(place("last_validated_at"), value))
                .transpose()?,
            checks: checks(place("checks"), &row.checks)?,
        })
    }
}

#[derive(FromRow)]
struct DeclaredRow {
    id: String,
    key_id: String,
    sealed_fingerprint: String,
    credentials_version: i64,
    created_at: i64,
    last_validated_at: Option<i64>,
    checks: String,
}
