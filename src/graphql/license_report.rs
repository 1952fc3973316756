use std::sync::{Arc, OnceLock};

use async_graphql::{Context, Object, SimpleObject};

use super::{
    error::{ApiError, Result},
    filters::inactive_days,
    freshness::Freshness,
    guard::DIRECTORY,
    integration::Integration,
    license::LicenseUsage,
    license_totals::{LicensePeople, LicenseTotals},
    reclaim_candidate::person,
    request::Request,
    user::User,
};
use crate::{
    auth::Permission,
    domain::{self, AccountId, IntegrationId, LicenseRow, ResourceId},
    organizations::{self, LicenseReport, PaidTwice as Twice},
};

/// People of a list who are told where the caller does not say.
const TWICE: i32 = 100;
/// People that one list holds at most.
const MOST_TWICE: i32 = 1_000;

/// The licence figures of some integrations.
pub(super) async fn report(
    ctx: &Context<'_>,
    chosen: Vec<Integration>,
    inactive_for_days: Option<i32>,
) -> Result<LicenseUsageReport> {
    let days = inactive_days(inactive_for_days.unwrap_or(90))?;
    let request = Request::of(ctx);
    let records: Vec<_> = chosen.iter().map(|one| Arc::clone(one.record())).collect();
    let report = request.organizations.license_report(&records, days, request.demand).await;
    request.note(report.freshness);
    Ok(LicenseUsageReport { chosen, report: Arc::new(report), twice: OnceLock::new() })
}

/// The licence figures of one integration.
pub(super) async fn of_integration(
    ctx: &Context<'_>,
    integration: &Integration,
    inactive_for_days: Option<i32>,
) -> Result<Vec<LicenseUsage>> {
    let mut found = report(ctx, vec![integration.clone()], inactive_for_days).await?;
    let report =
        Arc::get_mut(&mut found.report).map(|report| std::mem::take(&mut report.unavailable));
    match report.into_iter().flatten().next() {
        Some((id, error)) => Err(ApiError::Organization(id, error)),
        None => Ok(found.usage()),
    }
}

/// The figures of the products on which an account holds a seat, of those that are taken from it; `None` is all.
pub(super) async fn seats_of(
    ctx: &Context<'_>,
    integration: &Integration,
    account: &AccountId,
    taken: Option<&[ResourceId]>,
) -> Result<Vec<LicenseUsage>> {
    Request::of(ctx).needs(Permission::ReadLicenses)?;
    let mut usage = of_integration(ctx, integration, None).await?;
    let now = integration.organization.now();
    let is_among =
        |ids: &[ResourceId], id: &ResourceId| ids.iter().any(|one| one.is_same_product(id));
    usage.retain(|usage| {
        let product = &usage.row.product.resource_id;
        taken.is_none_or(|taken| is_among(taken, product))
            && is_among(&usage.seats.seats_of(account, now), product)
    });
    Ok(usage)
}

/// Licences paid for against licences needed, over several organizations.
pub struct LicenseUsageReport {
    chosen: Vec<Integration>,
    report: Arc<LicenseReport>,
    twice: OnceLock<Vec<Twice>>,
}

impl LicenseUsageReport {
    fn find(&self, id: &IntegrationId) -> Option<&Integration> {
        self.chosen.iter().find(|integration| integration.integration_id() == id)
    }

    fn usage(&self) -> Vec<LicenseUsage> {
        let usage = |row: &LicenseRow| {
            Some(LicenseUsage {
                integration: self.find(&row.integration)?.clone(),
                seats: Arc::clone(self.report.seats(&row.integration)?),
                row: row.clone(),
            })
        };
        self.report.rows.iter().filter_map(usage).collect()
    }

    fn twice(&self) -> &[Twice] {
        self.twice.get_or_init(|| self.report.paid_twice())
    }
}

/// Licences paid for against licences needed, over several organizations.
#[Object]
impl LicenseUsageReport {
    /// A row for each product on each site. Where two integrations read the same organization, each product has one row.
    async fn rows(&self) -> Vec<LicenseUsage> {
        self.usage()
    }

    /// Sums without sandboxes, one a currency, and one of the products without price.
    async fn totals(&self) -> Vec<LicenseTotals> {
        self.report.totals.iter().map(Into::into).collect()
    }

    /// The people of these organizations, told apart.
    async fn people(&self) -> LicensePeople {
        self.report.people.into()
    }

    /// People who hold a seat of the same product in two of these organizations or more: each seat is paid for. Found by
    /// Atlassian account and by verified e-mail address; by product and account.
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    async fn paid_twice(
        &self,
        #[graphql(desc = "How many, 0 to 1,000.", default_with = "Some(TWICE)")] first: Option<i32>,
    ) -> Result<Vec<PaidTwice>> {
        let first = first.unwrap_or(TWICE);
        let most =
            usize::try_from(first).ok().filter(|_| first <= MOST_TWICE).ok_or_else(|| {
                ApiError::BadUserInput(format!(
                    "`first` is {first}; it goes from 0 to {MOST_TWICE}"
                ))
            })?;
        let one = |twice: &Twice| PaidTwice {
            product_key: twice.product_key.clone(),
            seats: twice
                .users
                .iter()
                .filter_map(|(id, user)| Some((self.find(id)?.clone(), Arc::clone(user))))
                .collect(),
            freshness: self.report.freshness,
        };
        Ok(self.twice().iter().take(most).map(one).collect())
    }

    /// How many they are in all.
    async fn paid_twice_count(&self) -> u64 {
        self.twice().len() as u64
    }

    /// The organizations that could not be read, and when to ask again.
    async fn unavailable(&self) -> Vec<UnavailableIntegration> {
        unavailable(&self.chosen, &self.report.unavailable)
    }

    /// How old the oldest part is.
    async fn freshness(&self) -> Freshness {
        self.report.freshness.into()
    }
}

/// The organizations of these that could not be read.
pub(super) fn unavailable(
    chosen: &[Integration],
    failed: &[(IntegrationId, organizations::Error)],
) -> Vec<UnavailableIntegration> {
    let each = failed.iter().filter_map(|(id, error)| {
        let integration = chosen.iter().find(|one| one.integration_id() == id)?.clone();
        let error = ApiError::Organization(id.clone(), error.clone());
        let (_, retry_after) = error.retry();
        Some(UnavailableIntegration {
            integration,
            code: error.code().to_owned(),
            message: error.message(),
            retry_after_seconds: retry_after
                .map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
        })
    });
    each.collect()
}

/// An organization that could not be read.
#[derive(Clone, SimpleObject)]
pub struct UnavailableIntegration {
    /// Which one.
    integration: Integration,
    /// As `extensions.code` of an error.
    code: String,
    /// What happened.
    message: String,
    /// When asking again may help, in seconds; null where that is not known.
    retry_after_seconds: Option<u64>,
}

/// Somebody who is paid for twice.
#[derive(Clone)]
pub struct PaidTwice {
    product_key: String,
    seats: Vec<(Integration, Arc<domain::User>)>,
    freshness: domain::Freshness,
}

/// One person who holds a seat of the same product in several organizations.
#[Object]
impl PaidTwice {
    /// The product's key.
    async fn product_key(&self) -> &str {
        &self.product_key
    }

    /// The integrations of these organizations.
    async fn integrations(&self) -> Vec<&Integration> {
        self.seats.iter().map(|(integration, _)| integration).collect()
    }

    /// The person as each of them sees them, in the order of `integrations`. Needs the permission to read the directory.
    #[graphql(guard = "DIRECTORY")]
    async fn users(&self) -> Option<Vec<User>> {
        let user = |(integration, user): &(Integration, Arc<domain::User>)| {
            person(integration, user, self.freshness)
        };
        Some(self.seats.iter().map(user).collect())
    }
}
