//! The User management API: the life of one managed account, and the API tokens that act for it. It refuses keys made with
//! scopes.

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;

use super::{
    client::{Accepted, Client, Credential},
    error::Result,
    limiter::Family,
    wire::WireTime,
};
use crate::domain::AccountId;

/// An API token that somebody made. Its id and label are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountToken {
    /// When it was last used; `None` where it never was.
    pub last_access: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it ends; `None` where it does not.
    pub expires_at: Option<Timestamp>,
}

impl Client {
    /// Schedules a managed account for deletion: it is inactive at once and closed for good after 14 days.
    ///
    /// # Errors
    /// As any call. `Forbidden` says why in [`super::Error::reason`], `Conflict` in [`super::Error::conflicts`]. After
    /// anything but a refusal the deletion may have begun all the same.
    pub async fn delete_account(&self, account: &AccountId) -> Result<Accepted> {
        self.lifecycle("lifecycle/delete", account, "delete").await
    }

    /// Takes back the deletion of an account within its 14 days, and activates it.
    ///
    /// # Errors
    /// As any call; `NotFound` for an account that is not to be deleted, or was.
    pub async fn cancel_account_deletion(&self, account: &AccountId) -> Result<Accepted> {
        self.lifecycle("lifecycle/cancel-delete", account, "cancel-delete").await
    }

    /// Deactivates a managed account everywhere at Atlassian.
    ///
    /// # Errors
    /// As [`Client::delete_account`]; `Conflict` for an account that is to be deleted.
    pub async fn deactivate_account(&self, account: &AccountId) -> Result<Accepted> {
        self.lifecycle("lifecycle/disable", account, "disable").await
    }

    /// Activates a deactivated account.
    ///
    /// # Errors
    /// As [`Client::deactivate_account`].
    pub async fn reactivate_account(&self, account: &AccountId) -> Result<Accepted> {
        self.lifecycle("lifecycle/enable", account, "enable").await
    }

    async fn lifecycle(
        &self,
        operation: &'static str,
        account: &AccountId,
        action: &str,
    ) -> Result<Accepted> {
        let path = [account.as_str(), "manage", "lifecycle", action];
        let url = self.management_url(operation, &path)?;
        let call = self.call(operation, Family::UserManagement, url, Credential::Bearer)?;
        self.change(Method::POST, call).await
    }

    /// The API tokens that the owner of a managed account made.
    ///
    /// # Errors
    /// As any call; `InsufficientScope` for a key made with scopes, `Forbidden` for an account that the organization does
    /// not manage.
    pub async fn api_tokens(&self, account: &AccountId) -> Result<Vec<AccountToken>> {
        let operation = "api-tokens";
        let url = self.management_url(operation, &[account.as_str(), "manage", "api-tokens"])?;
        let rows: Vec<WireToken> = self.read(operation, Family::UserManagement, url).await?;
        Ok(rows.into_iter().map(WireToken::into_answer).collect())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireToken {
    last_access: Option<WireTime>,
    created_at: Option<WireTime>,
    expiry: Option<WireTime>,
}

impl WireToken {
    fn into_answer(self) -> AccountToken {
        AccountToken {
            last_access: WireTime::known("lastAccess", self.last_access),
            created_at: WireTime::known("createdAt", self.created_at),
            expires_at: WireTime::known("expiry", self.expiry),
        }
    }
}
