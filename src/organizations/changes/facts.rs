use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::OwnedMutexGuard;

use super::{Changes, Place, Result};
use crate::{
    atlassian::{self, AccountToken, Expand, ManagementPermissions, UserSearch, users::MAX_PAGE},
    domain::{
        AccountId, AccountStatus, ClaimStatus, DeletionScope, Directory, RoleId, User, UserStatus,
    },
    organizations::{Demand, Error, Organization, Row},
};

/// The role of an organization admin (API.md, section 3).
const ORGANIZATION_ADMIN: &str = "atlassian/org-admin";

/// A part that may be missing: what could not be read is told apart from what is not there.
pub(super) type Part<T> = std::result::Result<T, atlassian::Error>;

/// What is read of a person before a change.
pub(super) struct Facts {
    /// The person, with groups, roles and product access.
    pub(super) user: Arc<User>,
    /// The same, with its age.
    pub(super) row: Row<User>,
    /// What the key may do to the account; `None` where it is not asked.
    pub(super) management: Option<Part<ManagementPermissions>>,
    /// The account's API tokens; `None` where they are not asked for.
    pub(super) tokens: Option<Part<Vec<AccountToken>>>,
    /// How many organization admins are active; `None` where the person is none.
    pub(super) admins: Option<Part<usize>>,
    /// The account whose API token the integration uses.
    pub(super) own_account: Part<AccountId>,
    /// The directories that the person is in; `None` where they do not matter.
    pub(super) directories: Option<Part<Vec<Directory>>>,
    /// Whether the site belongs to the organization, `None` where it does not tell; `None` where the site does not matter.
    pub(super) is_own_site: Option<Part<Option<bool>>>,
}

/// What a change is about to touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The managed account, to delete it.
    Deletion(DeletionScope),
    /// The managed account, to deactivate or reactivate it.
    Enablement,
    /// Memberships of directories, to suspend or restore them.
    Membership,
}

impl Reach {
    pub(super) fn is_of_account(self) -> bool {
        matches!(self, Self::Deletion(DeletionScope::Account) | Self::Enablement)
    }

    fn is_of_directories(self) -> bool {
        matches!(self, Self::Deletion(DeletionScope::Organization) | Self::Membership)
    }
}

impl Facts {
    /// Reads everything side by side; `None` where the organization does not know the account. Only the person is
    /// indispensable.
    pub(super) async fn gather(
        place: &Place,
        account: &AccountId,
        reach: Reach,
    ) -> Result<Option<Self>> {
        let organization = place.organization.fresh();
        let client = &organization.shared.client;
        let person = person(&organization, account);
        let management = async {
            if !reach.is_of_account() {
                return None;
            }
            Some(client.management_permissions(account).await)
        };
        let tokens = async {
            if reach != Reach::Deletion(DeletionScope::Account) {
                return None;
            }
            Some(client.api_tokens(account).await)
        };
        let directories = async {
            if !reach.is_of_directories() {
                return None;
            }
            Some(client.directories_of(account).await)
        };
        let is_own_site = async {
            if reach != Reach::Deletion(DeletionScope::Site) {
                return None;
            }
            let owner = client.site_organization().await;
            Some(owner.map(|owner| owner.map(|owner| owner == *client.organization_id())))
        };
        let own_account = organization.own_account();
        let (person, management, tokens, directories, is_own_site, own_account) =
            futures_util::join!(person, management, tokens, directories, is_own_site, own_account);
        let Some(row) = person? else { return Ok(None) };
        let admins = admins(&organization, &row.item).await;
        Ok(Some(Self {
            user: Arc::clone(&row.item),
            row,
            management,
            tokens,
            admins,
            own_account,
            directories,
            is_own_site,
        }))
    }

    /// Whether the account can be managed at all.
    pub(super) fn is_managed(&self) -> bool {
        self.user.claim_status == ClaimStatus::Managed
    }

    /// Whether the account is gone for good.
    pub(super) fn is_closed(&self) -> bool {
        self.user.account_status == AccountStatus::Closed
    }
}

impl Changes {
    /// Reads what a change needs. Where the person is an admin, other changes of the organization's admins wait until the
    /// turn is dropped.
    pub(super) async fn facts(
        &self,
        place: &Place,
        account: &AccountId,
        reach: Reach,
    ) -> Result<Option<(Facts, Option<OwnedMutexGuard<()>>)>> {
        let facts = Facts::gather(place, account, reach).await?;
        if facts.as_ref().is_none_or(|facts| facts.admins.is_none()) {
            return Ok(facts.map(|facts| (facts, None)));
        }
        let organization = place.organization.shared.client.organization_id();
        let turn = self.inner.admins.lock(organization).await;
        // What was read before the turn came may be over.
        let facts = Facts::gather(place, account, reach).await?;
        Ok(facts.map(|facts| (facts, Some(turn))))
    }
}

async fn person(organization: &Organization, account: &AccountId) -> Result<Option<Row<User>>> {
    let rows = organization.users_by_id(std::slice::from_ref(account), Expand::ALL).await?;
    Ok(rows.into_iter().flatten().next())
}

// Listed and not counted: a list is corrected by what Atlassian does not show yet, so that of two admins who are taken out
// shortly after each other one stays.
async fn admins(organization: &Organization, user: &User) -> Option<Part<usize>> {
    let is_admin =
        user.platform_roles.iter().flatten().any(|role| role.as_str() == ORGANIZATION_ADMIN);
    if !is_admin {
        return None;
    }
    let search = UserSearch {
        limit: Some(MAX_PAGE),
        role_ids: vec![RoleId::from(ORGANIZATION_ADMIN)],
        status: vec![UserStatus::Active],
        ..UserSearch::default()
    };
    let page = organization.search(&search).await.map_err(|error| upstream(error, "users/search"));
    Some(page.map(|page| page.value.items.len()))
}

fn upstream(error: Error, operation: &'static str) -> atlassian::Error {
    match error {
        Error::Upstream(error) => error,
        _ => atlassian::Error::new(atlassian::ErrorKind::InvalidResponse, operation),
    }
}

impl Organization {
    /// The same, as one who accepts nothing that was read earlier.
    pub(in crate::organizations) fn fresh(&self) -> Self {
        let demand = Demand { not_before: Some(tokio::time::Instant::now()), ..self.demand };
        Self { demand, ..self.clone() }
    }

    /// The account whose API token the integration uses; asked for once.
    async fn own_account(&self) -> Part<AccountId> {
        let ask = async { Ok(self.shared.client.myself().await?.account_id) }.boxed();
        let cache = &self.shared.caches.own_account;
        // Whose a token is never changes; new credentials make a new organization.
        let demand = Demand { not_before: None, ..self.demand };
        let account = cache.get_or_ask(&demand, self.scan_key(()), |_| 64, ask).await;
        account
            .map(|account| AccountId::clone(&account.value))
            .map_err(|error| upstream(error, "myself"))
    }
}
