//! One person on the site, as Jira knows them: v3 `user`.

use reqwest::{Method, Url};
use serde::Deserialize;

use super::{
    client::{Client, Credential},
    error::Result,
    limiter::Family,
    memberships::Removal,
};
use crate::domain::AccountId;

/// A person on the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteUser {
    /// Whether they have access to this Jira site; upstream does not tell why not.
    pub is_active: bool,
}

impl Client {
    /// Takes a person out of this Jira site only; the Atlassian account and every other product stay.
    ///
    /// # Errors
    /// As any call; `Forbidden` where the token's owner is no site admin, `BadRequest` for a person who cannot be removed.
    /// A 404 that is a page comes from an unknown site: it is an error and not "already gone".
    pub async fn remove_site_user(&self, account: &AccountId) -> Result<Removal> {
        let operation = "user/remove";
        let url = self.site_user_url(operation, account)?;
        let call = self.call(operation, Family::Site, url, Credential::Basic)?;
        Removal::of(self.change(Method::DELETE, call).await)
    }

    /// A person on the site. `None` where there is none that the token's owner may see.
    ///
    /// # Errors
    /// As any call, but for 404.
    pub async fn find_site_user(&self, account: &AccountId) -> Result<Option<SiteUser>> {
        let operation = "user/site";
        let url = self.site_user_url(operation, account)?;
        let call = self.call(operation, Family::Site, url, Credential::Basic)?;
        match self.send::<WireSiteUser>(&call).await {
            Ok(answer) => Ok(Some(SiteUser { is_active: answer.value.active })),
            Err(error) if error.is_absence() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn site_user_url(&self, operation: &'static str, account: &AccountId) -> Result<Url> {
        let mut url = self.site_url(operation, &["rest", "api", "3", "user"])?;
        url.query_pairs_mut().append_pair("accountId", account.as_str());
        Ok(url)
    }
}

#[derive(Debug, Deserialize)]
struct WireSiteUser {
    active: bool,
}
