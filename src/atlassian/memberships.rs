//! Who is in which directory: v2 suspend, restore and remove, one person and one directory a call.
//!
//! A change needs the id of one directory; `-`, which stands for all of them in reads, is refused.

use reqwest::Method;

use super::{
    client::{Accepted, Client, Credential},
    error::Result,
    limiter::Family,
};
use crate::domain::{AccountId, Directory, DirectoryId};

/// How a removal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It was accepted. It may be queued: a read straight after can still show the person.
    Accepted(Accepted),
    /// There was nothing to remove.
    AlreadyGone,
}

impl Removal {
    pub(super) fn of(outcome: Result<Accepted>) -> Result<Self> {
        match outcome {
            Ok(accepted) => Ok(Self::Accepted(accepted)),
            Err(error) if error.is_absence() => Ok(Self::AlreadyGone),
            Err(error) => Err(error),
        }
    }
}

impl Client {
    /// Takes a person's access to every product of a directory; roles and groups are kept.
    ///
    /// # Errors
    /// As any call; `NotFound` for a person who is not in the directory.
    pub async fn suspend_user(
        &self,
        directory: &DirectoryId,
        account: &AccountId,
    ) -> Result<Accepted> {
        let path = [account.as_str(), "suspend"];
        self.change_membership("users/suspend", directory, Method::POST, &path).await
    }

    /// Gives back what [`Client::suspend_user`] took.
    ///
    /// # Errors
    /// As [`Client::suspend_user`].
    pub async fn restore_user(
        &self,
        directory: &DirectoryId,
        account: &AccountId,
    ) -> Result<Accepted> {
        let path = [account.as_str(), "restore"];
        self.change_membership("users/restore", directory, Method::POST, &path).await
    }

    /// Takes a person out of a directory; roles and groups are lost, the Atlassian account stays.
    ///
    /// # Errors
    /// As any call. A 404 that names the organization or the operation is an error and not "already gone".
    pub async fn remove_user(
        &self,
        directory: &DirectoryId,
        account: &AccountId,
    ) -> Result<Removal> {
        let path = [account.as_str()];
        Removal::of(self.change_membership("users/remove", directory, Method::DELETE, &path).await)
    }

    /// The directories that a person is in, suspended or not.
    ///
    /// # Errors
    /// As any call.
    pub async fn directories_of(&self, account: &AccountId) -> Result<Vec<Directory>> {
        self.directories_with(Some(account)).await
    }

    async fn change_membership(
        &self,
        operation: &'static str,
        directory: &DirectoryId,
        method: Method,
        path: &[&str],
    ) -> Result<Accepted> {
        let path = [&["directories", directory.as_str(), "users"], path].concat();
        let url = self.organization_url(operation, "v2", &path)?;
        let call = self.call(operation, Family::Organization, url, Credential::Bearer)?;
        self.change(method, call).await
    }
}
