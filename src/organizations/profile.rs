use futures_util::FutureExt;

use super::{Organization, Result};
use crate::domain::{Directory, Domain, Fetched, OrganizationProfile};

/// The organization itself and its domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Id and name.
    pub organization: OrganizationProfile,
    /// Its domains; only verified ones make accounts managed.
    pub domains: Vec<Domain>,
}

impl Organization {
    /// Name and domains. Two upstream calls.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn profile(&self) -> Result<Fetched<Profile>> {
        let client = &self.shared.client;
        let ask = async {
            let (organization, domains) =
                futures_util::try_join!(client.organization(), client.domains())?;
            Ok(Profile { organization, domains })
        }
        .boxed();
        let weigh = |profile: &Profile| 128 + profile.domains.len() * 48;
        let cache = &self.shared.caches.profile;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(()), weigh, ask).await?))
    }

    /// The directories. One upstream call.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked.
    pub async fn directories(&self) -> Result<Fetched<Vec<Directory>>> {
        let ask = async { Ok(self.shared.client.directories().await?) }.boxed();
        let weigh = |directories: &Vec<Directory>| 64 + directories.len() * 96;
        let cache = &self.shared.caches.directories;
        Ok(self.note(cache.get_or_ask(&self.demand, self.key(()), weigh, ask).await?))
    }
}
