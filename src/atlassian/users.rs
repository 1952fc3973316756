//! People: v2 `users/search`, its counts and the details of one.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    client::{ALL_DIRECTORIES, Client},
    error::{ErrorKind, Result},
    limiter::Family,
    paging,
    user_search::{Expand, UserSearch},
    wire::{WireCount, WireOne, WirePage, WireTime, known_word},
};
use crate::domain::{
    AccountId, AccountStatus, AccountType, ClaimStatus, DirectoryId, GroupId, ManagementSource,
    MembershipStatus, Page, ProductAccess, ResourceId, RoleId, User, UserGroup, UserStatus,
};

/// People a page at most.
pub const MAX_PAGE: u16 = 100;
/// Account ids a search at most.
pub const MAX_ACCOUNT_IDS: usize = 10;
/// Whole e-mail addresses a search at most.
pub const MAX_EMAILS: usize = 100;
/// E-mail domains a search at most.
pub const MAX_EMAIL_DOMAINS: usize = 10;
/// Directories a search at most.
pub const MAX_DIRECTORY_IDS: usize = 10;
/// Groups a search at most.
pub const MAX_GROUP_IDS: usize = 10;
/// Resources a search at most.
pub const MAX_RESOURCE_IDS: usize = 20;
/// Roles a search at most.
pub const MAX_ROLE_IDS: usize = 10;
/// Values of the composite status a search at most; there are five.
pub const MAX_STATUS: usize = 4;

/// How many people there are of each kind (v2 `users/stats`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserStatistics {
    /// People by the status of their account.
    pub account_status: BTreeMap<AccountStatus, u64>,
    /// People by role, over all resources, so not a count of seats.
    pub roles: BTreeMap<RoleId, u64>,
}

impl Client {
    /// One page of people over all directories.
    ///
    /// What was asked for with `expand` and is still `None` was not told, which is not the same as empty.
    ///
    /// Where the organization has not the search yet, the deprecated list (until 30 June 2027) answers a search that it
    /// can: without `expand`, `emails` and order.
    ///
    /// # Errors
    /// As any call; `InvalidCursor` for a cursor that upstream does not know.
    pub async fn search_users(&self, search: &UserSearch) -> Result<Page<User>> {
        let operation = "users/search";
        let directory = search.directory.as_ref().map_or(ALL_DIRECTORIES, DirectoryId::as_str);
        let path = ["directories", directory, "users", "search"];
        let url = self.organization_url(operation, "v2", &path)?;
        let body = search.body(operation)?;
        let found: Result<WirePage<WireUser>> = self.search(operation, url.clone(), &body).await;
        let (page, url) = match found {
            Ok(page) => (page, url),
            Err(error)
                if is_missing_operation(error.status, error.code.as_deref())
                    && search.emails.is_empty()
                    && search.expand == Expand::default()
                    && search.sort_by_nickname.is_none()
                    && search.directory.is_none() =>
            {
                self.listed_users(search).await?
            }
            Err(error) => return Err(error),
        };
        let next = paging::cursor(operation, &url, page.next())?;
        let users = page.data.into_iter().map(WireUser::into_domain).collect();
        paging::page(operation, users, next, search.cursor.as_deref())
    }

    async fn listed_users(
        &self,
        search: &UserSearch,
    ) -> Result<(WirePage<WireUser>, reqwest::Url)> {
        let operation = "users";
        let mut url = self.users_url(operation, &[])?;
        url.query_pairs_mut()
            .extend_pairs(search.query(operation)?)
            .extend_pairs(search.limit.map(|limit| ("limit", limit.to_string())))
            .extend_pairs(search.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        Ok((self.read(operation, Family::Organization, url.clone()).await?, url))
    }

    /// How many people a search would find; only its filters count.
    ///
    /// # Errors
    /// As any call; `BadRequest` for a search by `emails`, which cannot be counted.
    pub async fn count_users(&self, search: &UserSearch) -> Result<u64> {
        let operation = "users/count";
        let mut url = self.users_url(operation, &["count"])?;
        let query = search.query(operation)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let counted: WireCount = self.read(operation, Family::Organization, url).await?;
        Ok(counted.count)
    }

    /// How many people there are by account status and by role.
    ///
    /// # Errors
    /// As any call.
    pub async fn user_statistics(&self) -> Result<UserStatistics> {
        let operation = "users/stats";
        let url = self.users_url(operation, &["stats"])?;
        let wire: WireStatistics = self.read(operation, Family::Organization, url).await?;
        let mut statistics = UserStatistics::default();
        for row in wire.account_status {
            let status = known_word("accountStatus", Some(&row.status), AccountStatus::from_word);
            *statistics.account_status.entry(status).or_default() += row.count;
        }
        for row in wire.roles.unwrap_or_default() {
            *statistics.roles.entry(RoleId::from(row.role_id)).or_default() += row.count;
        }
        Ok(statistics)
    }

    /// One person's details: with the time of deactivation, without anything expandable. `None` where there is none.
    ///
    /// # Errors
    /// As any call, but for 404.
    pub async fn user(&self, account: &AccountId) -> Result<Option<User>> {
        let operation = "user";
        let found = async {
            let url = self.users_url(operation, &[account.as_str()])?;
            self.read::<WireOne<WireUser>>(operation, Family::Organization, url).await
        };
        match found.await {
            Ok(user) => Ok(Some(user.data.into_domain())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn users_url(&self, operation: &'static str, path: &[&str]) -> Result<reqwest::Url> {
        let path = [&["directories", ALL_DIRECTORIES, "users"], path].concat();
        self.organization_url(operation, "v2", &path)
    }
}

/// Whether an answer says that the operation is not there, and not that the organization is not.
fn is_missing_operation(status: Option<u16>, code: Option<&str>) -> bool {
    status == Some(405) || (status == Some(404) && code != Some("ADMIN-404-2"))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    account_id: AccountId,
    account_type: Option<String>,
    status: Option<String>,
    account_status: Option<String>,
    membership_status: Option<String>,
    added_to_org: Option<WireTime>,
    deactivated_on: Option<WireTime>,
    for_deletion: Option<bool>,
    name: Option<String>,
    nickname: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
    claim_status: Option<String>,
    management_source: Option<String>,
    mfa_enabled: Option<bool>,
    job_title: Option<String>,
    department: Option<String>,
    location: Option<String>,
    time_zone: Option<String>,
    picture: Option<String>,
    avatar: Option<String>,
    platform_roles: Option<Vec<RoleId>>,
    counts: Option<WireCounts>,
    product_access: Option<Vec<WireProductAccess>>,
    groups: Option<Vec<WireUserGroup>>,
}

#[derive(Debug, Deserialize)]
struct WireCounts {
    resources: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProductAccess {
    id: ResourceId,
    key: Option<String>,
    last_active_timestamp: Option<WireTime>,
}

#[derive(Debug, Deserialize)]
struct WireUserGroup {
    id: String,
    name: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatistics {
    account_status: Vec<WireStatusCount>,
    roles: Option<Vec<WireRoleCount>>,
}

#[derive(Debug, Deserialize)]
struct WireStatusCount {
    status: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRoleCount {
    role_id: String,
    count: u64,
}

impl WireUser {
    fn into_domain(self) -> User {
        let word = self.account_type.as_deref();
        let account_type = known_word("accountType", word, AccountType::from_word);
        let word = self.account_status.as_deref();
        let account_status = known_word("accountStatus", word, AccountStatus::from_word);
        let word = self.membership_status.as_deref();
        let membership_status = known_word("membershipStatus", word, MembershipStatus::from_word);
        let word = self.claim_status.as_deref();
        let claim_status = known_word("claimStatus", word, ClaimStatus::from_word);
        let management_source = self
            .management_source
            .as_deref()
            .map(|word| known_word("managementSource", Some(word), ManagementSource::from_word));
        let status = match self.status.as_deref() {
            None if self.for_deletion == Some(true) => UserStatus::ForDeletion,
            None => composite(account_status, membership_status),
            word => known_word("status", word, UserStatus::from_word),
        };
        User {
            account_type,
            status,
            account_status,
            membership_status,
            claim_status,
            management_source,
            name: display_name(self.name, self.nickname.as_deref(), &self.account_id),
            account_id: self.account_id,
            nickname: self.nickname,
            email: self.email.filter(|email| !email.is_empty()),
            is_email_verified: self.email_verified,
            is_mfa_enabled: self.mfa_enabled,
            added_to_org_at: WireTime::known("addedToOrg", self.added_to_org),
            deactivated_at: WireTime::known("deactivatedOn", self.deactivated_on),
            job_title: self.job_title,
            department: self.department,
            location: self.location,
            time_zone: self.time_zone,
            avatar_url: self.avatar.or(self.picture),
            platform_roles: self.platform_roles,
            resource_count: self.counts.and_then(|counts| counts.resources),
            product_access: self.product_access.and_then(product_access),
            groups: self
                .groups
                .map(|groups| groups.into_iter().map(WireUserGroup::into_domain).collect()),
        }
    }
}

/// The composite status by its table (API.md, section 3), for a row that does not tell it.
fn composite(account: AccountStatus, membership: MembershipStatus) -> UserStatus {
    match (account, membership) {
        (AccountStatus::Active, MembershipStatus::Active) => UserStatus::Active,
        (AccountStatus::Active, MembershipStatus::Suspended) => UserStatus::Suspended,
        (AccountStatus::Active, MembershipStatus::NoMembership) => UserStatus::NotInvited,
        (AccountStatus::Inactive, _) => UserStatus::Deactivated,
        _ => UserStatus::Unknown,
    }
}

/// The full name, else the nickname, else the account id.
pub(super) fn display_name(
    name: Option<String>,
    nickname: Option<&str>,
    account: &AccountId,
) -> String {
    name.filter(|name| !name.trim().is_empty())
        .or_else(|| nickname.map(str::to_owned))
        .unwrap_or_else(|| account.to_string())
}

/// One unreadable time makes all of it unknown: what is left would pass for "not used since", or "never used".
fn product_access(access: Vec<WireProductAccess>) -> Option<Vec<ProductAccess>> {
    access
        .into_iter()
        .map(|access| {
            let at = access.last_active_timestamp;
            let last_active_at = WireTime::known("lastActiveTimestamp", at);
            (at.is_none() || last_active_at.is_some()).then(|| ProductAccess {
                key: access
                    .key
                    .or_else(|| access.id.owner().map(str::to_owned))
                    .unwrap_or_else(|| "unknown".to_owned()),
                resource_id: access.id,
                last_active_at,
            })
        })
        .collect()
}

impl WireUserGroup {
    fn into_domain(self) -> UserGroup {
        UserGroup {
            id: GroupId::from_ari(&self.id),
            name: self.name,
            description: self.description,
        }
    }
}
