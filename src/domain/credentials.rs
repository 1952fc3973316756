use secrecy::SecretString;
use url::Url;

use super::OrganizationId;

/// What one integration speaks to Atlassian with. `Debug` never shows a secret or the address.
#[derive(Clone)]
pub struct Credentials {
    /// The person whose API token it is; user name of the site's Basic authentication.
    pub admin_email: String,
    /// Password of the site's Basic authentication.
    pub api_token: SecretString,
    /// The site, normalised: scheme and authority only, such as `https://acme.atlassian.net/`.
    pub admin_url: Url,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Bearer key of the Organization and User management APIs.
    pub organization_api_key: SecretString,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("admin_url", &self.admin_url.as_str())
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}
