use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::{
    activity,
    connection::{ActivityEventConnection, GroupConnection, UserConnection, complexity},
    enums::{CheckOutcome, CredentialKind, IntegrationStatus},
    error::{ApiError, Result},
    filters::{ActivityFilter, GroupFilter, UserFilter, UserOrder},
    freshness::Freshness,
    guard::{ACTIVITY, DIRECTORY, LICENSES},
    id::ObjectId,
    license::LicenseUsage,
    license_report, lists,
    product::Product,
    request::Request,
    role::Role,
    scalars::{Date, DateTime},
};
use crate::{
    domain::{self, IntegrationId, RoleId},
    integrations,
    organizations::{Organization, expiry_checks},
};

/// One connected organization and site.
#[derive(Clone)]
pub struct Integration {
    record: Arc<integrations::Integration>,
    pub(super) organization: Organization,
}

impl Integration {
    pub(super) fn new(request: &Request, record: Arc<integrations::Integration>) -> Self {
        let organization = request.organizations.organization(&record, request.demand);
        Self { record, organization }
    }

    /// The same, as a request that comes now sees it.
    pub(super) fn now(self, request: &Request) -> Self {
        let demand = request.organizations.demand(None);
        let organization = request.organizations.organization(&self.record, demand);
        Self { organization, ..self }
    }

    pub(super) fn record(&self) -> &Arc<integrations::Integration> {
        &self.record
    }

    /// The integration's own id; `ObjectId` makes the one that callers see.
    pub(super) fn integration_id(&self) -> &IntegrationId {
        &self.record.id
    }

    fn all_checks(&self) -> Vec<domain::IntegrationCheck> {
        let today = self.organization.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let record = &self.record;
        let expiry = expiry_checks(record.api_key_expires_on, record.api_token_expires_on, today);
        record.checks.iter().cloned().chain(expiry).collect()
    }

    fn failed(&self) -> impl Fn(crate::organizations::Error) -> ApiError + '_ {
        ApiError::of(self.integration_id())
    }
}

/// One connected organization and site with its credentials. Never shows the token or the key.
#[Object]
impl Integration {
    /// Opaque; stable for as long as the integration exists.
    pub(super) async fn id(&self) -> ID {
        ObjectId::Integration(self.integration_id().clone()).encode()
    }

    /// The name that the operator gave it.
    async fn label(&self) -> &str {
        &self.record.label
    }

    /// The person whose API token the integration uses.
    async fn admin_email(&self) -> &str {
        &self.record.credentials.admin_email
    }

    /// The Admin URL, such as `https://acme.atlassian.net`.
    async fn site_url(&self) -> &str {
        self.record.credentials.admin_url.as_str().trim_end_matches('/')
    }

    /// Atlassian's id of the organization.
    async fn organization_id(&self) -> &str {
        self.record.credentials.organization_id.as_str()
    }

    /// The organization itself. Two upstream calls, kept for minutes.
    #[graphql(guard = "DIRECTORY")]
    async fn organization(&self, ctx: &Context<'_>) -> Result<Option<OrganizationInfo>> {
        let profile = self.organization.profile().await.map_err(self.failed())?;
        Request::of(ctx).note(profile.freshness);
        Ok(Some(OrganizationInfo {
            id: profile.value.organization.id.as_str().to_owned(),
            name: profile.value.organization.name.clone(),
            domains: profile
                .value
                .domains
                .iter()
                .map(|domain| Domain { name: domain.name.clone(), is_verified: domain.is_verified })
                .collect(),
        }))
    }

    /// What the checks amount to.
    async fn status(&self) -> IntegrationStatus {
        if self.record.checks.is_empty() {
            return IntegrationStatus::Unverified;
        }
        domain::IntegrationStatus::of(&self.all_checks()).into()
    }

    /// What each credential unlocks, what is missing, and how to mend it: from the last connection test,
    /// and from the expiry dates as they stand today.
    async fn checks(&self) -> Vec<IntegrationCheck> {
        self.all_checks().into_iter().map(Into::into).collect()
    }

    /// The day on which the organization API key expires, as the admin entered it.
    async fn api_key_expires_on(&self) -> Option<Date> {
        self.record.api_key_expires_on.map(Date)
    }

    /// The day on which the API token expires, as the admin entered it.
    async fn api_token_expires_on(&self) -> Option<Date> {
        self.record.api_token_expires_on.map(Date)
    }

    /// Whether people may only be looked at through it: whoever asks, none is deleted, suspended or changed otherwise.
    async fn is_read_only(&self) -> bool {
        self.record.is_read_only
    }

    /// When it was connected.
    async fn created_at(&self) -> DateTime {
        DateTime(self.record.created_at)
    }

    /// When its credentials were last tested.
    async fn last_validated_at(&self) -> Option<DateTime> {
        self.record.last_validated_at.map(DateTime)
    }

    /// The directories of the organization. One upstream call, kept for minutes.
    #[graphql(guard = "DIRECTORY")]
    async fn directories(&self, ctx: &Context<'_>) -> Result<Option<Vec<Directory>>> {
        let directories = self.organization.directories().await.map_err(self.failed())?;
        Request::of(ctx).note(directories.freshness);
        let directory = |directory: &domain::Directory| Directory {
            id: directory.id.as_str().to_owned(),
            name: directory.name.clone(),
        };
        Ok(Some(directories.value.iter().map(directory).collect()))
    }

    /// The product instances of the organization. One upstream call, kept for minutes.
    #[graphql(guard = "DIRECTORY")]
    async fn products(&self, ctx: &Context<'_>) -> Result<Option<Vec<Product>>> {
        lists::products(ctx, self).await.map(Some)
    }

    /// The people of the organization. One upstream call a page, unless the filter or the order needs all
    /// of them.
    #[graphql(guard = "DIRECTORY", complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which people.")] filter: Option<UserFilter>,
        #[graphql(desc = "In what order; Atlassian's own without.")] order_by: Option<UserOrder>,
    ) -> Result<Option<UserConnection>> {
        let integrations = std::slice::from_ref(self);
        lists::users(ctx, integrations, (filter, order_by), (first, after))
            .await
            .map(|page| Some(page.into()))
    }

    /// How many people the filter describes. One upstream call.
    #[graphql(guard = "DIRECTORY")]
    async fn user_count(
        &self,
        #[graphql(desc = "Which people.")] filter: Option<UserFilter>,
    ) -> Result<Option<u64>> {
        let filter = filter.unwrap_or_default();
        filter.check()?;
        let filter = filter.for_integration(self.integration_id())?;
        self.organization.count_users(&filter).await.map_err(self.failed())
    }

    /// The groups of the organization, by name. One upstream call a page.
    #[graphql(guard = "DIRECTORY", complexity = "complexity(first, child_complexity)")]
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which groups.")] filter: Option<GroupFilter>,
    ) -> Result<Option<GroupConnection>> {
        let integrations = std::slice::from_ref(self);
        lists::groups(ctx, integrations, filter, (first, after)).await.map(|page| Some(page.into()))
    }

    /// The roles that Atlassian has, most powerful first.
    async fn roles(&self) -> Vec<Role> {
        RoleId::KNOWN.iter().map(|id| Role(RoleId::from(*id))).collect()
    }

    /// The audit log, newest first: one upstream call a page, ten a minute. Needs Atlassian Guard or an
    /// Enterprise plan.
    #[graphql(guard = "ACTIVITY", complexity = "complexity(first, child_complexity)")]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which events.")] filter: Option<ActivityFilter>,
    ) -> Result<Option<ActivityEventConnection>> {
        let filter = filter.unwrap_or_default().into_domain()?;
        let integrations = std::slice::from_ref(self);
        activity::page(ctx, integrations, filter, (first, after))
            .await
            .map(|page| Some(page.into()))
    }

    /// Seats paid for, held, used and needed, a row a product; null where the organization cannot be read. Costs one
    /// reading of everybody, which all questions share, and few calls beside it; nothing while that is kept.
    #[graphql(guard = "LICENSES")]
    async fn license_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Days without activity after which somebody counts as inactive, 0 to 3,650.",
            default_with = "Some(90)"
        )]
        inactive_for_days: Option<i32>,
    ) -> Result<Option<Vec<LicenseUsage>>> {
        license_report::of_integration(ctx, self, inactive_for_days).await.map(Some)
    }

    /// When this organization was last read; null where it has not been since the start.
    async fn freshness(&self) -> Option<Freshness> {
        self.organization.freshness().map(Into::into)
    }
}

/// An Atlassian organization.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "Organization")]
pub struct OrganizationInfo {
    /// Atlassian's id of it.
    id: String,
    /// Its name.
    name: String,
    /// Its domains; only verified ones make accounts managed.
    domains: Vec<Domain>,
}

/// A domain of an organization.
#[derive(Debug, Clone, SimpleObject)]
pub struct Domain {
    /// The domain name.
    name: String,
    /// Whether the organization proved to own it.
    is_verified: bool,
}

/// A directory of an organization; centralised user management has one, the original kind one a site.
#[derive(Debug, Clone, SimpleObject)]
pub struct Directory {
    /// Atlassian's id of it.
    id: String,
    /// Its name.
    name: String,
}

/// One finding of the connection test.
#[derive(Debug, Clone, SimpleObject)]
pub struct IntegrationCheck {
    /// A stable name, such as `organization-api-key`.
    name: String,
    /// The credential that the finding is about.
    credential: CredentialKind,
    /// How it ended.
    outcome: CheckOutcome,
    /// What was found.
    message: String,
    /// What to do about it, in the words of Atlassian's console.
    remedy: Option<String>,
    /// What works once this passes.
    unlocks: Vec<String>,
}

impl From<domain::IntegrationCheck> for IntegrationCheck {
    fn from(check: domain::IntegrationCheck) -> Self {
        Self {
            name: check.name,
            credential: check.credential.into(),
            outcome: check.outcome.into(),
            message: check.message,
            remedy: check.remedy,
            unlocks: check.unlocks,
        }
    }
}
