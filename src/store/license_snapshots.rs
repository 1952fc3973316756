use jiff::civil::Date;
use rust_decimal::Decimal;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::{Error, Store, integrations::instant, keyring::Place};
use crate::domain::{IntegrationId, LicenseSnapshot, ResourceId, SeatFigures, SeatSource};

const TABLE: &str = "license_snapshots";

impl Store {
    /// Keeps figures; those of the same day, integration and product are written anew. All of them, or none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn keep_license_snapshots(&self, snapshots: &[LicenseSnapshot]) -> Result<(), Error> {
        let mut transaction = self.begin_write().await?;
        for snapshot in snapshots {
            keep(snapshot).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The figures of these integrations from one day to another, both included, by day, integration and product.
    ///
    /// # Errors
    /// The database does not answer, or a row is damaged.
    pub async fn license_snapshots(
        &self,
        from: Date,
        to: Date,
        integrations: &[IntegrationId],
    ) -> Result<Vec<LicenseSnapshot>, Error> {
        if integrations.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql =
            QueryBuilder::<Sqlite>::new("SELECT * FROM license_snapshots WHERE date BETWEEN ");
        sql.push_bind(from.to_string()).push(" AND ").push_bind(to.to_string());
        sql.push(" AND integration_id IN (");
        let mut ids = sql.separated(", ");
        for id in integrations {
            ids.push_bind(id.to_string());
        }
        sql.push(") ORDER BY date, integration_id, product_key, resource_id");
        let rows: Vec<SnapshotRow> = sql.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(SnapshotRow::opened).collect()
    }

    /// The figures of the last day that is kept of each of these integrations.
    ///
    /// # Errors
    /// As [`Self::license_snapshots`].
    pub async fn newest_license_snapshots(
        &self,
        integrations: &[IntegrationId],
    ) -> Result<Vec<LicenseSnapshot>, Error> {
        let mut newest = Vec::new();
        for integration in integrations {
            let rows: Vec<SnapshotRow> = sqlx::query_as(
                "SELECT * FROM license_snapshots WHERE integration_id = $1 AND date = \
                 (SELECT MAX(date) FROM license_snapshots WHERE integration_id = $1) \
                 ORDER BY product_key, resource_id",
            )
            .bind(integration.as_str())
            .fetch_all(&self.pool)
            .await?;
            for row in rows {
                newest.push(row.opened()?);
            }
        }
        Ok(newest)
    }

    /// The integrations of which figures are kept for a day.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn integrations_with_snapshot(
        &self,
        date: Date,
    ) -> Result<Vec<IntegrationId>, Error> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT integration_id FROM license_snapshots WHERE date = $1",
        )
        .bind(date.to_string())
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(IntegrationId::from).collect())
    }

    /// Forgets the figures of the days before one; how many rows there were.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget_license_snapshots(&self, before: Date) -> Result<u64, Error> {
        let delete = sqlx::query("DELETE FROM license_snapshots WHERE date < $1");
        Ok(delete.bind(before.to_string()).execute(&self.pool).await?.rows_affected())
    }
}

fn keep(
    snapshot: &LicenseSnapshot,
) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    // SQLite's numbers have a sign; no organization has as many people as that costs.
    let number = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let money = |amount: Option<Decimal>| amount.map(|amount| amount.to_string());
    let seats = &snapshot.seats;
    sqlx::query(
        "INSERT OR REPLACE INTO license_snapshots (date, integration_id, resource_id, product_key, \
         site_url, is_sandbox, inactive_for_days, purchased, purchased_source, used, active, \
         inactive, never_used, unknown, needed, reclaimable, robots, protected, newcomers, \
         monthly_cost, monthly_waste, currency, read_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
         $19, $20, $21, $22, $23)",
    )
    .bind(snapshot.date.to_string())
    .bind(snapshot.integration.to_string())
    .bind(snapshot.resource_id.to_string())
    .bind(snapshot.product_key.clone())
    .bind(snapshot.site_url.clone())
    .bind(snapshot.is_sandbox)
    .bind(i64::from(snapshot.inactive_for_days))
    .bind(number(snapshot.purchased))
    .bind(snapshot.purchased_source.word())
    .bind(number(seats.used))
    .bind(number(seats.active))
    .bind(number(seats.inactive))
    .bind(number(seats.never_used))
    .bind(number(seats.unknown))
    .bind(number(seats.needed))
    .bind(number(seats.reclaimable))
    .bind(number(seats.robots))
    .bind(number(seats.protected))
    .bind(number(seats.newcomers))
    .bind(money(snapshot.monthly_cost))
    .bind(money(snapshot.monthly_waste))
    .bind(snapshot.currency.clone())
    .bind(snapshot.read_at.as_microsecond())
}

#[derive(FromRow)]
struct SnapshotRow {
    date: String,
    integration_id: String,
    resource_id: String,
    product_key: String,
    site_url: Option<String>,
    is_sandbox: bool,
    inactive_for_days: i64,
    purchased: Option<i64>,
    purchased_source: String,
    used: Option<i64>,
    active: Option<i64>,
    inactive: Option<i64>,
    never_used: Option<i64>,
    unknown: Option<i64>,
    needed: Option<i64>,
    reclaimable: Option<i64>,
    robots: Option<i64>,
    protected: Option<i64>,
    newcomers: Option<i64>,
    monthly_cost: Option<String>,
    monthly_waste: Option<String>,
    currency: Option<String>,
    read_at: i64,
}

impl SnapshotRow {
    fn opened(self) -> Result<LicenseSnapshot, Error> {
        let row = format!("{} {} {}", self.date, self.integration_id, self.resource_id);
        let place = |column| Place { table: TABLE, column, row: &row };
        let number = |column, value: Option<i64>| {
            value.map(|value| u64::try_from(value).map_err(|_| place(column).damaged())).transpose()
        };
        let money = |column, text: Option<&String>| {
            text.map(|text| text.parse::<Decimal>().map_err(|_| place(column).damaged()))
                .transpose()
        };
        let seats = SeatFigures {
            used: number("used", self.used)?,
            active: number("active", self.active)?,
            inactive: number("inactive", self.inactive)?,
            never_used: number("never_used", self.never_used)?,
            unknown: number("unknown", self.unknown)?,
            needed: number("needed", self.needed)?,
            reclaimable: number("reclaimable", self.reclaimable)?,
            robots: number("robots", self.robots)?,
            protected: number("protected", self.protected)?,
            newcomers: number("newcomers", self.newcomers)?,
        };
        let source = SeatSource::from_word(&self.purchased_source);
        Ok(LicenseSnapshot {
            date: self.date.parse().map_err(|_| place("date").damaged())?,
            inactive_for_days: u32::try_from(self.inactive_for_days)
                .map_err(|_| place("inactive_for_days").damaged())?,
            purchased: number("purchased", self.purchased)?,
            purchased_source: source.ok_or_else(|| place("purchased_source").damaged())?,
            monthly_cost: money("monthly_cost", self.monthly_cost.as_ref())?,
            monthly_waste: money("monthly_waste", self.monthly_waste.as_ref())?,
            read_at: instant(place("read_at"), self.read_at)?,
            integration: IntegrationId::from(self.integration_id.as_str()),
            resource_id: ResourceId::from(self.resource_id.as_str()),
            product_key: self.product_key,
            site_url: self.site_url,
            is_sandbox: self.is_sandbox,
            currency: self.currency,
            seats,
        })
    }
}
