use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use jiff::{SignedDuration, Timestamp};

use super::{
    activity,
    connection::{ActivityEventConnection, GroupConnection, Slice, complexity},
    deletion::Deletion,
    enums::{
        AccountStatus, AccountType, ClaimStatus, ManagementSource, MembershipStatus, Usage,
        UserStatus,
    },
    error::{ApiError, Result},
    filters::{ActivityFilter, inactive_days},
    freshness::Freshness,
    group::Group,
    guard::{ACTIVITY, DIRECTORY},
    id::ObjectId,
    integration::Integration,
    loaders::UserKey,
    peers::Peers,
    product::Product,
    request::Request,
    role::{Holder, Role, RoleAssignment},
    scalars::DateTime,
};
use crate::{
    auth::Permission,
    domain::{self, MembershipStatus as Membership},
    organizations::{Expand, Row},
};

/// A person as one organization sees them.
#[derive(Clone)]
pub struct User {
    pub(super) integration: Integration,
    row: Arc<domain::User>,
    freshness: domain::Freshness,
    /// The page that the person came with.
    peers: Option<Arc<Peers>>,
}

impl User {
    pub(super) fn new(integration: &Integration, row: &Row<domain::User>) -> Self {
        Self {
            integration: integration.clone(),
            row: Arc::clone(&row.item),
            freshness: row.freshness,
            peers: None,
        }
    }

    /// The people of one page, who know of each other.
    pub(super) fn page(integration: &Integration, rows: &[Row<domain::User>]) -> Vec<Self> {
        let people = rows.iter().map(|row| Arc::clone(&row.item)).collect();
        let peers = Arc::new(Peers::new(integration.organization.clone(), people));
        let user = |row| Self { peers: Some(Arc::clone(&peers)), ..Self::new(integration, row) };
        rows.iter().map(user).collect()
    }

    /// The row with these members told; asked for together with all other rows that lack them.
    async fn with(&self, ctx: &Context<'_>, expand: Expand) -> Result<Arc<domain::User>> {
        let user = &self.row;
        let told = Expand {
            platform_roles: user.platform_roles.is_some(),
            resource_count: user.resource_count.is_some(),
            product_access: user.product_access.is_some(),
            groups: user.groups.is_some(),
        };
        if told.contains(expand) {
            return Ok(Arc::clone(user));
        }
        let key = UserKey {
            integration: self.integration.integration_id().clone(),
            account: user.account_id.clone(),
            expand,
        };
        let row = Request::of(ctx).load(key).await?;
        Ok(row.map_or_else(|| Arc::clone(user), |row| row.item))
    }

    async fn with_products(&self, ctx: &Context<'_>) -> Result<Arc<domain::User>> {
        self.with(ctx, Expand { product_access: true, ..Expand::default() }).await
    }

    async fn held_roles(&self, ctx: &Context<'_>) -> Result<Vec<RoleAssignment>> {
        let expand = Expand {
            platform_roles: true,
            resource_count: true,
            groups: true,
            product_access: false,
        };
        let user = self.with(ctx, expand).await?;
        // A row that had to be completed says more than the page's: its roles are asked for beside it.
        let peers = self.peers.as_ref().filter(|_| Arc::ptr_eq(&user, &self.row));
        let of_page = match peers {
            Some(peers) => peers.roles_of(&user.account_id).await,
            None => None,
        };
        let id = self.integration.integration_id();
        let roles = match of_page {
            Some(roles) => roles.map_err(ApiError::of(id))?,
            None => Request::of(ctx).load_roles(id, &user).await?,
        };
        let assignment = |held: &crate::organizations::HeldRole| {
            let holder = Holder::User(Arc::clone(&user));
            RoleAssignment::new(self.integration.clone(), holder, held.clone())
        };
        Ok(roles.iter().map(assignment).collect())
    }
}

/// A person as one organization sees them: managed accounts, and everybody else who is in a directory.
#[Object]
impl User {
    /// Opaque; stable for as long as the account lives.
    pub(super) async fn id(&self) -> ID {
        ObjectId::User(self.integration.integration_id().clone(), self.row.account_id.clone())
            .encode()
    }

    /// The integration through which it was read.
    async fn integration(&self) -> &Integration {
        &self.integration
    }

    /// Atlassian's id of the account, the same in every organization.
    async fn account_id(&self) -> &str {
        self.row.account_id.as_str()
    }

    /// The full name; the public name or the account id where Atlassian hides it.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// The public name.
    async fn nickname(&self) -> Option<&str> {
        self.row.nickname.as_deref()
    }

    /// The e-mail address; null where the profile's privacy settings hide it.
    async fn email(&self) -> Option<&str> {
        self.row.email.as_deref()
    }

    /// Whether the person proved to own the address; null where it is not told.
    async fn is_email_verified(&self) -> Option<bool> {
        self.row.is_email_verified
    }

    /// What kind of account it is.
    async fn account_type(&self) -> AccountType {
        self.row.account_type.into()
    }

    /// The composite status that Atlassian's console shows.
    async fn status(&self) -> UserStatus {
        self.row.status.into()
    }

    /// The status of the account, everywhere at Atlassian.
    async fn account_status(&self) -> AccountStatus {
        self.row.account_status.into()
    }

    /// The status inside this organization.
    async fn membership_status(&self) -> MembershipStatus {
        self.row.membership_status.into()
    }

    /// Whether the organization manages the account: only such an account can be deleted.
    async fn claim_status(&self) -> ClaimStatus {
        self.row.claim_status.into()
    }

    /// How a managed account came in; null for others.
    async fn management_source(&self) -> Option<ManagementSource> {
        self.row.management_source.map(Into::into)
    }

    /// Two-step verification; told of managed accounts only.
    async fn is_mfa_enabled(&self) -> Option<bool> {
        self.row.is_mfa_enabled
    }

    /// When the person came into the organization.
    async fn added_to_org_at(&self) -> Option<DateTime> {
        self.row.added_to_org_at.map(DateTime)
    }

    /// Profile: job title.
    async fn job_title(&self) -> Option<&str> {
        self.row.job_title.as_deref()
    }

    /// Profile: department.
    async fn department(&self) -> Option<&str> {
        self.row.department.as_deref()
    }

    /// Profile: location.
    async fn location(&self) -> Option<&str> {
        self.row.location.as_deref()
    }

    /// Profile: IANA time zone.
    async fn time_zone(&self) -> Option<&str> {
        self.row.time_zone.as_deref()
    }

    /// Address of the avatar.
    async fn avatar_url(&self) -> Option<&str> {
        self.row.avatar_url.as_deref()
    }

    /// The latest activity in any product, up to 24 hours late; null where there was none, or none is
    /// told: `usage` says which. Comes with the page.
    async fn last_active_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.with_products(ctx).await?.last_active_at().map(DateTime))
    }

    /// Whether the person used any product within so many days. Comes with the page.
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Days without activity after which somebody counts as inactive, 0 to 3,650.",
            default_with = "Some(90)"
        )]
        inactive_for_days: Option<i32>,
    ) -> Result<Option<Usage>> {
        let days = inactive_days(inactive_for_days.unwrap_or(90))?;
        let expand = Expand { product_access: true, resource_count: true, ..Expand::default() };
        let user = self.with(ctx, expand).await?;
        Ok(Some(usage_of(&user, days, self.integration.organization.now())))
    }

    /// The products that the person has used or may use, each with its last activity. Comes with the page.
    async fn product_access(&self, ctx: &Context<'_>) -> Result<Option<Vec<ProductAccess>>> {
        let user = self.with_products(ctx).await?;
        let access = user.product_access.iter().flatten();
        let access =
            access.map(|access| ProductAccess { user: self.clone(), access: access.clone() });
        Ok(user.product_access.is_some().then(|| access.collect()))
    }

    /// The groups that the person is in. They come with the page.
    #[graphql(complexity = "complexity(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field in the schema")]
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, 0 to 100; `first` then does not count.")]
        last: Option<i32>,
        #[graphql(desc = "The cursor of the row to end before.")] before: Option<String>,
    ) -> Result<Option<GroupConnection>> {
        let backward = (last, before.as_deref());
        let about = ("User.groups", &self.row.account_id);
        let slice = Slice::new((first, after.as_deref()), backward, about)?;
        let user = self.with(ctx, Expand { groups: true, ..Expand::default() }).await?;
        let Some(groups) = &user.groups else { return Ok(None) };
        let group =
            |group: &domain::UserGroup| Group::of_member(self.integration.clone(), group.clone());
        let groups = groups.iter().map(group).collect();
        Ok(Some(slice.of(self.integration.integration_id(), groups).into()))
    }

    /// The organization-level roles: organization admin, site admin, user access admin, AI access. They come
    /// with the page.
    async fn platform_roles(&self, ctx: &Context<'_>) -> Result<Option<Vec<Role>>> {
        let user = self.with(ctx, Expand { platform_roles: true, ..Expand::default() }).await?;
        let roles = user.platform_roles.as_ref();
        Ok(roles.map(|roles| roles.iter().cloned().map(Role).collect()))
    }

    /// Every role, product roles included, with what grants it. For a page of people the roles of their
    /// groups are read once and joined; only who holds more than that is asked for one by one.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Option<Vec<RoleAssignment>>> {
        self.held_roles(ctx).await.map(Some)
    }

    /// What the person did, from the audit log: one upstream call a person, ten a minute.
    #[graphql(guard = "ACTIVITY", complexity = "complexity(first, child_complexity)")]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows, 0 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "The cursor of the row to go on behind.")] after: Option<String>,
        #[graphql(desc = "Which events; `actor` is this person.")] filter: Option<ActivityFilter>,
    ) -> Result<Option<ActivityEventConnection>> {
        let mut filter = filter.unwrap_or_default().into_domain()?;
        filter.actor = Some(self.row.account_id.as_str().to_owned());
        let integrations = [self.integration.clone()];
        activity::page(ctx, &integrations, filter, (first, after))
            .await
            .map(|page| Some(page.into()))
    }

    /// The deletion that is under way, asked for through this program; null where there is none.
    async fn pending_deletion(&self, ctx: &Context<'_>) -> Result<Option<Deletion>> {
        let request = Request::of(ctx);
        let pending = request.changes.pending_deletion(&self.row.account_id).await?;
        Ok(pending.and_then(|row| Deletion::new(request, row)))
    }

    /// Whether the caller's token allows deleting people here. Whether Atlassian allows it for this person
    /// is another question.
    #[graphql(guard = "DIRECTORY")]
    async fn viewer_can_delete(&self, ctx: &Context<'_>) -> bool {
        Request::of(ctx).caller.may(Permission::DeleteUsers)
    }

    /// How old this row is.
    async fn freshness(&self) -> Freshness {
        self.freshness.into()
    }
}

/// What a person has of one product.
#[derive(Clone)]
pub struct ProductAccess {
    user: User,
    access: domain::ProductAccess,
}

/// What a person has of one product on one site, and when they last used it.
#[Object]
impl ProductAccess {
    /// The product instance.
    async fn product(&self) -> Product {
        Product::by_resource(self.user.integration.clone(), &self.access.resource_id)
    }

    /// The last activity, up to 24 hours late; null where the person never used it.
    async fn last_active_at(&self) -> Option<DateTime> {
        self.access.last_active_at.map(DateTime)
    }

    /// Whether the person used this product within so many days.
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    async fn usage(
        &self,
        #[graphql(
            desc = "Days without activity after which somebody counts as inactive, 0 to 3,650.",
            default_with = "Some(90)"
        )]
        inactive_for_days: Option<i32>,
    ) -> Result<Usage> {
        let days = inactive_days(inactive_for_days.unwrap_or(90))?;
        let now = self.user.integration.organization.now();
        Ok(match self.access.last_active_at {
            Some(at) => by_activity(at, days, now),
            None => Usage::NeverUsed,
        })
    }

    /// The person's roles on this product, with what grants each. As `User.roles`.
    async fn roles(&self, ctx: &Context<'_>) -> Result<Option<Vec<RoleAssignment>>> {
        let mut roles = self.user.held_roles(ctx).await?;
        let resource = &self.access.resource_id;
        roles.retain(|role| role.resource_id().is_some_and(|of| of.is_same_product(resource)));
        Ok(Some(roles))
    }
}

/// "Never used", "not licensed" and "unknown" are different answers.
fn usage_of(user: &domain::User, inactive_for_days: u32, now: Timestamp) -> Usage {
    match (user.last_active_at(), &user.product_access) {
        (Some(at), _) => by_activity(at, inactive_for_days, now),
        (None, _) if has_no_access(user) => Usage::NoAccess,
        (None, None) => Usage::Unknown,
        (None, Some(_)) => Usage::NeverUsed,
    }
}

fn has_no_access(user: &domain::User) -> bool {
    user.membership_status == Membership::NoMembership || user.resource_count == Some(0)
}

fn by_activity(at: Timestamp, inactive_for_days: u32, now: Timestamp) -> Usage {
    let age = SignedDuration::from_hours(24 * i64::from(inactive_for_days));
    let is_recent = now.checked_sub(age).is_ok_and(|cutoff| at >= cutoff);
    if is_recent { Usage::Active } else { Usage::Inactive }
}
