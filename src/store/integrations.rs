use jiff::{Timestamp, civil::Date};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{FromRow, Sqlite, query::Query, sqlite::SqliteArguments};
use url::Url;

use super::{Error, Store, keyring::Place};
use crate::domain::{Credentials, IntegrationCheck, IntegrationId, OrganizationId};

const TABLE: &str = "integrations";

/// An integration as the store keeps it.
#[derive(Debug, Clone)]
pub struct StoredIntegration {
    /// Its id.
    pub id: IntegrationId,
    /// The name that people gave it.
    pub label: String,
    /// The five credentials; the address, the token and the key are sealed in the file.
    pub credentials: Credentials,
    /// The day on which the organization API key ends, as the admin told it.
    pub api_key_expires_on: Option<Date>,
    /// The day on which the API token ends, as the admin told it.
    pub api_token_expires_on: Option<Date>,
    /// Whether people may only be looked at through it.
    pub is_read_only: bool,
    /// Grows with every change of the credentials.
    pub credentials_version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When its credentials were last tested.
    pub last_validated_at: Option<Timestamp>,
    /// What that test found.
    pub checks: Vec<IntegrationCheck>,
}

impl Store {
    /// All stored integrations, in the order in which they were made.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn integrations(&self) -> Result<Vec<StoredIntegration>, Error> {
        let rows: Vec<IntegrationRow> =
            sqlx::query_as("SELECT * FROM integrations ORDER BY created_at, id")
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(|row| self.opened(row)).collect()
    }

    /// Adds an integration.
    ///
    /// # Errors
    /// [`Error::Duplicate`] where the id, or the organization together with the site, is there already.
    pub async fn insert_integration(&self, integration: &StoredIntegration) -> Result<(), Error> {
        let insert = sqlx::query(
            "INSERT INTO integrations (label, admin_url, organization_id, key_id, \
             sealed_admin_email, sealed_api_token, sealed_organization_api_key, \
             api_key_expires_on, api_token_expires_on, credentials_version, created_at, \
             updated_at, last_validated_at, checks, is_read_only, id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        );
        self.bind(insert, integration).execute(&self.pool).await?;
        Ok(())
    }

    /// Writes an integration anew; `false` where it is gone.
    ///
    /// # Errors
    /// [`Error::Duplicate`] where another integration has the same organization and site.
    pub async fn update_integration(&self, integration: &StoredIntegration) -> Result<bool, Error> {
        let update = sqlx::query(
            "UPDATE integrations SET label = $1, admin_url = $2, organization_id = $3, \
             key_id = $4, sealed_admin_email = $5, sealed_api_token = $6, \
             sealed_organization_api_key = $7, api_key_expires_on = $8, \
             api_token_expires_on = $9, credentials_version = $10, created_at = $11, \
             updated_at = $12, last_validated_at = $13, checks = $14, is_read_only = $15 \
             WHERE id = $16",
        );
        let done = self.bind(update, integration).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Takes an integration and its secrets out; `false` where it is gone already.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delete_integration(&self, id: &IntegrationId) -> Result<bool, Error> {
        let delete = sqlx::query("DELETE FROM integrations WHERE id = $1").bind(id.as_str());
        Ok(delete.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// The columns of both statements above, in one order.
    fn bind(&self, query: Bound, integration: &StoredIntegration) -> Bound {
        let credentials = &integration.credentials;
        let seal = |column, value: &str| {
            self.keys.seal(Place { table: TABLE, column, row: integration.id.as_str() }, value)
        };
        query
            .bind(integration.label.clone())
            .bind(credentials.admin_url.to_string())
            .bind(credentials.organization_id.to_string())
            .bind(self.keys.current_id().to_string())
            .bind(seal("sealed_admin_email", &credentials.admin_email))
            .bind(seal("sealed_api_token", credentials.api_token.expose_secret()))
            .bind(seal(
                "sealed_organization_api_key",
                credentials.organization_api_key.expose_secret(),
            ))
            .bind(integration.api_key_expires_on.map(|date| date.to_string()))
            .bind(integration.api_token_expires_on.map(|date| date.to_string()))
            .bind(version_column(integration.credentials_version))
            .bind(integration.created_at.as_microsecond())
            .bind(integration.updated_at.as_microsecond())
            .bind(integration.last_validated_at.map(Timestamp::as_microsecond))
            .bind(checks_column(&integration.checks))
            .bind(integration.is_read_only)
            .bind(integration.id.to_string())
    }

    fn opened(&self, row: IntegrationRow) -> Result<StoredIntegration, Error> {
        let place = |column| Place { table: TABLE, column, row: &row.id };
        let open = |column, sealed: &str| -> Result<SecretString, Error> {
            self.keys.open(place(column), &row.key_id, sealed)
        };
        let date = |column, text: &Option<String>| {
            let parsed = text.as_deref().map(str::parse::<Date>).transpose();
            parsed.map_err(|_| place(column).damaged())
        };
        let credentials = Credentials {
            admin_email: open("sealed_admin_email", &row.sealed_admin_email)?
                .expose_secret()
                .to_owned(),
            api_token: open("sealed_api_token", &row.sealed_api_token)?,
            admin_url: Url::parse(&row.admin_url).map_err(|_| place("admin_url").damaged())?,
            organization_id: OrganizationId::from(row.organization_id.as_str()),
            organization_api_key: open(
                "sealed_organization_api_key",
                &row.sealed_organization_api_key,
            )?,
        };
        Ok(StoredIntegration {
            credentials,
            api_key_expires_on: date("api_key_expires_on", &row.api_key_expires_on)?,
            api_token_expires_on: date("api_token_expires_on", &row.api_token_expires_on)?,
            credentials_version: version(place("credentials_version"), row.credentials_version)?,
            created_at: instant(place("created_at"), row.created_at)?,
            updated_at: instant(place("updated_at"), row.updated_at)?,
            last_validated_at: row
                .last_validated_at
                .map(|value| instant(place("last_validated_at"), value))
                .transpose()?,
            checks: checks(place("checks"), &row.checks)?,
            is_read_only: row.is_read_only,
            id: IntegrationId::from(row.id.as_str()),
            label: row.label,
        })
    }
}

type Bound = Query<'static, Sqlite, SqliteArguments>;

#[derive(FromRow)]
struct IntegrationRow {
    id: String,
    label: String,
    admin_url: String,
    organization_id: String,
    key_id: String,
    sealed_admin_email: String,
    sealed_api_token: String,
    sealed_organization_api_key: String,
    api_key_expires_on: Option<String>,
    api_token_expires_on: Option<String>,
    credentials_version: i64,
    created_at: i64,
    updated_at: i64,
    last_validated_at: Option<i64>,
    checks: String,
    is_read_only: bool,
}

pub(super) fn version_column(version: u64) -> i64 {
    i64::try_from(version).expect("a version grows by one a change and starts at one")
}

pub(super) fn version(place: Place<'_>, value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| place.damaged())
}

pub(super) fn instant(place: Place<'_>, microseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(microseconds).map_err(|_| place.damaged())
}

pub(super) fn checks_column(checks: &[IntegrationCheck]) -> String {
    serde_json::to_string(checks).expect("checks are texts and plain enums")
}

pub(super) fn checks(place: Place<'_>, json: &str) -> Result<Vec<IntegrationCheck>, Error> {
    serde_json::from_str(json).map_err(|_| place.damaged())
}
