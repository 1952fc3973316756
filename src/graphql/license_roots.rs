use async_graphql::{Context, ID, Object};

use super::{
    error::Result,
    guard::{INTEGRATIONS, LICENSES},
    license_history::{self, LicenseSnapshot, TakeLicenseSnapshotPayload},
    license_report::{self, LicenseUsageReport},
    recorded::recorded,
    request::Request,
    scalars::Date,
};
use crate::{audit::Action, auth::Permission};

/// Licence figures, of now and of past days.
#[derive(Default)]
pub struct LicenseQuery;

#[Object]
impl LicenseQuery {
    /// Seats paid for against seats needed, over every integration that the caller may read or over those named: a row for
    /// each product on each site. What cannot be read stands in `unavailable` beside the others' rows. The first question
    /// about a large organization may be told to come back (`SCAN_RUNNING`); a reading past its time stands in, marked as
    /// stale, while a new one runs.
    #[graphql(guard = "LICENSES")]
    async fn license_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Days without activity after which somebody counts as inactive, 0 to 3,650.",
            default_with = "Some(90)"
        )]
        inactive_for_days: Option<i32>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<LicenseUsageReport> {
        let chosen = Request::of(ctx).chosen(integrations.as_deref())?;
        license_report::report(ctx, chosen, inactive_for_days).await
    }

    /// The figures of each day as they were kept, by day. From the store: costs no upstream call.
    #[graphql(guard = "LICENSES")]
    async fn license_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, in UTC.")] from: Date,
        #[graphql(desc = "The last day, itself included; at most ten years after the first.")]
        to: Date,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<Vec<LicenseSnapshot>> {
        let chosen = Request::of(ctx).chosen(integrations.as_deref())?;
        license_history::between(ctx, (from.0, to.0), &chosen).await
    }
}

/// Keeping licence figures.
#[derive(Default)]
pub struct LicenseMutation;

#[Object]
impl LicenseMutation {
    /// Keeps today's licence figures, over those that were kept earlier the same day. The gateway does this by itself once
    /// a day. Needs the permissions to manage integrations and to read licences.
    async fn take_license_snapshot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<TakeLicenseSnapshotPayload> {
        let request = Request::of(ctx);
        let asked = request.asked(Action::TakeLicenseSnapshot);
        let taken = recorded(request, asked, async {
            INTEGRATIONS.met_by(&request.caller)?;
            request.needs(Permission::ReadLicenses)?;
            let chosen = request.chosen(integrations.as_deref())?;
            license_history::take(request, &chosen).await.map(Ok)
        });
        Ok(taken.await?.unwrap_or_default())
    }
}
