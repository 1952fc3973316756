use futures_util::FutureExt;

use crate::{
    auth::Permission,
    domain::LicenseRow,
    feeds::{
        Column, Kind, Table, Value,
        content::{Asked, Listed, Opened},
        license_columns::{
            COST, INACTIVE_FOR_DAYS, LEFT, PURCHASED, SEATS, UNIT_PRICE, seats, source,
        },
        products::{PRODUCT, of_product},
        table::{AS_OF, Filter},
    },
    organizations::Error,
};

pub(super) static TABLE: Table = Table {
    name: "license_usage",
    description: "One row a product instance: seats paid for, held, used and needed. Where two integrations read the same \
                  organization, each product has one row. `active`, `inactive`, `never_used` and `unknown` make `used`, and so do \
                  `needed` and `reclaimable`; null is \"not known\", and `notes` say why. Leave sandboxes out of sums.",
    permission: Permission::ReadLicenses,
    cost: super::OF_THE_SEATS,
    own_columns: &COLUMNS,
    filters: &[
        Filter::named("product", "product_key"),
        Filter::by("resource_id"),
        Filter::by("is_sandbox"),
    ],
    dated_by: None,
    counts_days: true,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 32] = [
    Column::text("resource_id", "The product instance").key(),
    PRODUCT[0],
    PRODUCT[1],
    PRODUCT[2],
    PRODUCT[3],
    PRODUCT[4],
    Column::text("plan", "The plan, such as `standard`").nullable(),
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
    LEFT[1],
    SEATS[7],
    SEATS[8],
    SEATS[9],
    Column::new(
        "suspended",
        Kind::Integer,
        "Suspended people who would hold a seat again when restored, through their groups; not in `used`",
    ),
    Column::new(
        "counted_by_atlassian",
        Kind::Integer,
        "The people that Atlassian itself counts; where it differs from `used`, `notes` say why",
    )
    .nullable(),
    UNIT_PRICE,
    COST[0],
    COST[1],
    COST[2],
    Column::new(
        "saving_effective_on",
        Kind::Date,
        "The day on which a seat that is freed today leaves the invoice; null where the price does not tell",
    )
    .nullable(),
    Column::text("notes", "Where two sources disagree, and what is missing: sentences").nullable(),
    AS_OF,
    Column::new(
        "is_stale",
        Kind::Boolean,
        "Whether it is past its time, because the organization is being read anew",
    ),
];

async fn open(asked: Asked) -> Opened {
    let people = asked.organization.people(asked.feeds.wait()).await?;
    let (organizations, demand) = (asked.feeds.shared.organizations.clone(), asked.demand);
    let (own, same) = (&asked.integration, asked.of_same_organization());
    let (id, days) = (own.id.clone(), asked.inactive_for_days);
    let reading = async move {
        let mut report = organizations.license_report(&same, days, demand).await;
        let failed = report.unavailable.iter().position(|(failed, _)| *failed == id);
        match failed {
            Some(index) => Err::<_, Error>(report.unavailable.swap_remove(index).1),
            None => Ok(report),
        }
    };
    let report = asked.beside(&people, reading).await?;
    let rows = report.rows.iter().filter(|row| row.integration == own.id).map(values);
    Ok(Listed::content(rows.collect(), Some(report.freshness.fetched_at)))
}

fn values(row: &LicenseRow) -> [Value; COLUMNS.len()] {
    let product = &row.product;
    let [key, name, site, site_url, is_sandbox] = of_product(product);
    let [used, active, inactive, never_used, unknown, needed, reclaimable, rest @ ..] =
        seats(&row.seats);
    let [robots, protected, newcomers] = rest;
    let cost = row.cost.as_ref();
    [
        product.resource_id.as_str().into(),
        key,
        name,
        site,
        site_url,
        is_sandbox,
        product.plan.clone().into(),
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
        row.utilization().into(),
        robots,
        protected,
        newcomers,
        row.suspended.into(),
        row.counted_by_atlassian.into(),
        cost.and_then(|cost| cost.unit_price).into(),
        cost.and_then(|cost| cost.monthly_cost).into(),
        cost.and_then(|cost| cost.monthly_waste).into(),
        cost.map(|cost| cost.currency.clone()).into(),
        cost.and_then(|cost| cost.saving_effective_on).into(),
        Some(row.notes.join(" ")).filter(|notes| !notes.is_empty()).into(),
        row.freshness.fetched_at.into(),
        row.freshness.is_stale.into(),
    ]
}
