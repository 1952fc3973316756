use std::future::ready;

use futures_util::FutureExt;

use crate::{
    auth::Permission,
    domain::{CheckOutcome, IntegrationStatus},
    feeds::{
        Column, Kind, Table,
        content::{Content, Listed},
        table::Filter,
    },
    integrations::{Integration, Origin},
};

pub(super) static TABLE: Table = Table {
    name: "integrations",
    description: "One row an organization and site that this gateway is connected to.",
    permission: Permission::ReadDirectory,
    cost: "no request at all",
    own_columns: &COLUMNS,
    filters: &[Filter::by("status")],
    dated_by: None,
    counts_days: false,
    open: |asked| ready(Ok(content(&asked.integration))).boxed(),
};

const COLUMNS: [Column; 9] = [
    Column::text("site_url", "The site"),
    Column::text("origin", "Where the integration is kept: in the settings or in the store")
        .one_of(&["settings", "store"]),
    Column::text("status", "What the last test of its credentials amounts to").one_of(&[
        "connected",
        "degraded",
        "failed",
        "unverified",
    ]),
    Column::new("failed_checks", Kind::Integer, "Checks of that test that failed"),
    Column::new("warned_checks", Kind::Integer, "Checks of that test that ended in a warning"),
    Column::new(
        "api_key_expires_on",
        Kind::Date,
        "The last day of the organization API key, as the admin told it",
    )
    .nullable(),
    Column::new(
        "api_token_expires_on",
        Kind::Date,
        "The last day of the API token, as the admin told it",
    )
    .nullable(),
    Column::new("created_at", Kind::Instant, "When it was connected"),
    Column::new("last_validated_at", Kind::Instant, "When its credentials were last tested")
        .nullable(),
];

fn content(integration: &Integration) -> Content {
    let count = |outcome: CheckOutcome| {
        integration.checks.iter().filter(|check| check.outcome == outcome).count()
    };
    let status = match integration.status() {
        IntegrationStatus::Connected => "connected",
        IntegrationStatus::Degraded => "degraded",
        IntegrationStatus::Failed => "failed",
        IntegrationStatus::Unverified => "unverified",
    };
    let origin = match integration.origin {
        Origin::Declared => "settings",
        Origin::Stored => "store",
    };
    let row = [
        integration.credentials.admin_url.as_str().trim_end_matches('/').into(),
        origin.into(),
        status.into(),
        count(CheckOutcome::Failed).into(),
        count(CheckOutcome::Warning).into(),
        integration.api_key_expires_on.into(),
        integration.api_token_expires_on.into(),
        integration.created_at.into(),
        integration.last_validated_at.into(),
    ];
    Listed::content(vec![row], None)
}
