use futures_util::FutureExt;
use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};

use crate::{
    auth::Permission,
    domain::{IntegrationId, LicenseSnapshot, product_name},
    feeds::{
        Column, Kind, Table, Value,
        content::{Asked, Listed, Opened},
        license_columns::{COST, INACTIVE_FOR_DAYS, LEFT, PURCHASED, SEATS, seats, source},
        table::{AS_OF, Filter},
    },
};

pub(super) static TABLE: Table = Table {
    name: "license_history",
    description: "One row a day and product instance: the figures of `license_usage` as this gateway kept them that day. All days \
                  that are kept, unless `from` and `to` say otherwise.",
    permission: Permission::ReadLicenses,
    cost: "no request at all, and no reading of people",
    own_columns: &COLUMNS,
    filters: &[
        Filter::named("product", "product_key"),
        Filter::by("resource_id"),
        Filter::by("is_sandbox"),
    ],
    dated_by: Some("date"),
    counts_days: false,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 24] = [
    Column::new("date", Kind::Date, "The day, in UTC").key(),
    Column::text("resource_id", "The product instance").key(),
    Column::text("product_key", "The product, by the one key that it has in this gateway"),
    Column::text("product", "The product's name"),
    Column::text("site_url", "Where people open it").nullable(),
    Column::new(
        "is_sandbox",
        Kind::Boolean,
        "Whether it is a sandbox, whose seats are not paid for",
    ),
    INACTIVE_FOR_DAYS,
    PURCHASED[0],
    PURCHASED[1],
    SEATS[0],
    SEATS[1],
    SEATS[2],
    SEATS[3],
    SEATS[4],
    SEATS[5],
    SEATS[6],
    LEFT[0],
    SEATS[7],
    SEATS[8],
    SEATS[9],
    COST[0],
    COST[1],
    COST[2],
    AS_OF,
];

/// Before and after every day that is kept.
const EVER: (Date, Date) = (date(1970, 1, 1), date(9999, 12, 31));

async fn open(asked: Asked) -> Opened {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let (from, to) = (asked.range.from.map_or(EVER.0, day), asked.range.to.map_or(EVER.1, day));
    let organizations = &asked.feeds.shared.organizations;
    // Two integrations of one organization keep the same products: of all that are asked for, each has its own site's.
    let same: Vec<IntegrationId> =
        asked.of_same_organization().iter().map(|one| one.id.clone()).collect();
    let kept = organizations.license_history(from, to, &same).await?;
    let own: Vec<&LicenseSnapshot> =
        kept.iter().filter(|row| row.integration == asked.integration.id).collect();
    Ok(Listed::content(
        own.iter().map(|row| values(row)).collect(),
        own.iter().map(|row| row.read_at).max(),
    ))
}

fn values(row: &LicenseSnapshot) -> [Value; COLUMNS.len()] {
    let [used, active, inactive, never_used, unknown, needed, reclaimable, rest @ ..] =
        seats(&row.seats);
    let [robots, protected, newcomers] = rest;
    [
        row.date.into(),
        row.resource_id.as_str().into(),
        row.product_key.as_str().into(),
        product_name(&row.product_key).unwrap_or(&row.product_key).into(),
        row.site_url.clone().into(),
        row.is_sandbox.into(),
        row.inactive_for_days.into(),
        row.purchased.into(),
        source(row.purchased_source),
        used,
        active,
        inactive,
        never_used,
        unknown,
        needed,
        reclaimable,
        row.available().into(),
        robots,
        protected,
        newcomers,
        row.monthly_cost.into(),
        row.monthly_waste.into(),
        row.currency.clone().into(),
        row.read_at.into(),
    ]
}
