//! Last activity the slow ways, for where the search's `productAccess` fails: v1 `last-active-dates`, one person a
//! call and 200 calls a minute, and v1 `users`, the managed accounts about 50 a page.

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    client::Client,
    error::{Error, ErrorKind, Result},
    limiter::Family,
    paging,
    users::display_name,
    wire::{WireLinks, WirePage, WireTime, known_word},
};
use crate::domain::{
    AccountId, AccountStatus, AccountType, ClaimStatus, MembershipStatus, Page, ProductAccess,
    ResourceId, User, UserStatus,
};

/// When one person came and what they last used, up to 24 hours late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastActive {
    /// When the person came into the organization.
    pub added_to_org_at: Option<Timestamp>,
    /// The products that were ever used; one that never was is not in it.
    pub product_access: Vec<ProductAccess>,
}

impl Client {
    /// One person's last activity a product and site; `None` where the organization does not know the account.
    ///
    /// # Errors
    /// As any call, but for 404; `InvalidResponse` for an unreadable time, which must not pass for "never".
    pub async fn last_active(&self, account: &AccountId) -> Result<Option<LastActive>> {
        let operation = "users/last-active-dates";
        let pages = paging::all(operation, |cursor| async move {
            let path = ["directory", "users", account.as_str(), "last-active-dates"];
            let mut url = self.organization_url(operation, "v1", &path)?;
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let page: WireLastActivePage =
                self.read(operation, Family::LastActive, url.clone()).await?;
            let next = page.links.as_ref().and_then(|links| links.next.as_deref());
            let next = paging::cursor(operation, &url, next)?;
            paging::page(operation, vec![page.data], next, cursor.as_deref())
        });
        let pages = match pages.await {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            pages => pages?,
        };
        let mut last_active = LastActive::default();
        for page in pages {
            let added = page.added_to_org_timestamp.or(page.added_to_org);
            last_active.added_to_org_at =
                last_active.added_to_org_at.or(WireTime::known("added_to_org", added));
            for access in page.product_access.unwrap_or_default() {
                last_active.product_access.push(access.into_domain(operation)?);
            }
        }
        Ok(Some(last_active))
    }

    /// One page of the managed accounts, with last activity and without groups and roles.
    ///
    /// A product stands under the host of its site instead of its ARI, which v1 does not tell, and v1 spells some product
    /// keys in its own way (`jira-service-desk`). The status is that of the account: v1 knows no suspension.
    ///
    /// # Errors
    /// As any call.
    pub async fn managed_users(&self, cursor: Option<&str>) -> Result<Page<User>> {
        let operation = "managed users";
        let mut url = self.organization_url(operation, "v1", &["users"])?;
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let page: WirePage<WireManagedUser> =
            self.read(operation, Family::Organization, url.clone()).await?;
        let next = paging::cursor(operation, &url, page.next())?;
        let users = page.data.into_iter().map(WireManagedUser::into_domain).collect();
        paging::page(operation, users, next, cursor)
    }
}

#[derive(Debug, Deserialize)]
struct WireLastActivePage {
    data: WireLastActive,
    links: Option<WireLinks>,
}

#[derive(Debug, Deserialize)]
struct WireLastActive {
    added_to_org: Option<WireTime>,
    added_to_org_timestamp: Option<WireTime>,
    product_access: Option<Vec<WireLastActiveProduct>>,
}

#[derive(Debug, Deserialize)]
struct WireLastActiveProduct {
    id: ResourceId,
    key: Option<String>,
    last_active: Option<WireTime>,
    last_active_timestamp: Option<WireTime>,
}

#[derive(Debug, Deserialize)]
struct WireManagedUser {
    account_id: AccountId,
    account_type: Option<String>,
    account_status: Option<String>,
    name: Option<String>,
    picture: Option<String>,
    email: Option<String>,
    product_access: Option<Vec<WireManagedProduct>>,
}

#[derive(Debug, Deserialize)]
struct WireManagedProduct {
    key: String,
    url: Option<String>,
    last_active: Option<WireTime>,
}

impl WireLastActiveProduct {
    fn into_domain(self, operation: &'static str) -> Result<ProductAccess> {
        // A date alone is midnight, so the precise form comes first.
        let readable = [self.last_active_timestamp, self.last_active]
            .into_iter()
            .flatten()
            .find_map(|time| WireTime::known("last_active", Some(time)));
        let is_told = self.last_active_timestamp.or(self.last_active).is_some();
        if is_told && readable.is_none() {
            return Err(Error::new(ErrorKind::InvalidResponse, operation).at("last_active"));
        }
        Ok(ProductAccess {
            key: self
                .key
                .or_else(|| self.id.owner().map(str::to_owned))
                .unwrap_or_else(|| "unknown".to_owned()),
            resource_id: self.id,
            last_active_at: readable,
        })
    }
}

impl WireManagedUser {
    fn into_domain(self) -> User {
        let account_status =
            known_word("account_status", self.account_status.as_deref(), AccountStatus::from_word);
        User {
            account_type: known_word(
                "account_type",
                self.account_type.as_deref(),
                AccountType::from_word,
            ),
            status: match account_status {
                AccountStatus::Active => UserStatus::Active,
                AccountStatus::Inactive => UserStatus::Deactivated,
                AccountStatus::Closed | AccountStatus::Unknown => UserStatus::Unknown,
            },
            account_status,
            membership_status: MembershipStatus::Unknown,
            claim_status: ClaimStatus::Managed,
            management_source: None,
            name: display_name(self.name, None, &self.account_id),
            account_id: self.account_id,
            nickname: None,
            email: self.email.filter(|email| !email.is_empty()),
            is_email_verified: None,
            is_mfa_enabled: None,
            added_to_org_at: None,
            deactivated_at: None,
            job_title: None,
            department: None,
            location: None,
            time_zone: None,
            avatar_url: self.picture,
            platform_roles: None,
            resource_count: None,
            product_access: self.product_access.and_then(|access| {
                access.into_iter().map(WireManagedProduct::into_domain).collect()
            }),
            groups: None,
        }
    }
}

impl WireManagedProduct {
    /// `None` for an unreadable time, which must not pass for "never".
    fn into_domain(self) -> Option<ProductAccess> {
        let last_active_at = WireTime::known("last_active", self.last_active);
        (self.last_active.is_none() || last_active_at.is_some()).then(|| ProductAccess {
            resource_id: ResourceId::from(self.url.unwrap_or_else(|| self.key.clone())),
            key: self.key,
            last_active_at,
        })
    }
}
