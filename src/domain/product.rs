use jiff::Timestamp;

use super::{DirectoryId, OrganizationId, ResourceId};

/// One instance of a product on one site, or a Bitbucket workspace (v2 `workspaces`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The ARI; the key of every `resourceIds` filter.
    pub resource_id: ResourceId,
    /// The product's discriminator: `typeKey`, else the ARI's owner.
    pub key: String,
    /// The display name of the product, such as `Jira`.
    pub name: String,
    /// The instance's own name, such as the site's.
    pub instance_name: Option<String>,
    /// The owner alias of the ARI.
    pub owner: String,
    /// Where people open it.
    pub host_url: Option<String>,
    /// `online`, `offline`, `deprecated`.
    pub status: Option<String>,
    /// Seats allowed; often not told, and then not zero.
    pub capacity: Option<u64>,
    /// Seats used; told for Bitbucket only.
    pub usage: Option<u64>,
    /// A sandbox: keep it out of seat sums.
    pub is_sandbox: bool,
    /// The plan, such as `standard`.
    pub plan: Option<String>,
    /// Not told for Bitbucket and Trello.
    pub created_at: Option<Timestamp>,
}

/// A directory of the organization (v2 `directories`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// What suspend, restore and remove need.
    pub id: DirectoryId,
    /// The console's name for it.
    pub name: String,
}

/// A domain of the organization (v1 `domains`); only a verified one makes accounts managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The domain name.
    pub name: String,
    /// Whether `claim.status` is `verified`.
    pub is_verified: bool,
}

/// What v1 `orgs/{orgId}` tells of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationProfile {
    /// The organization id.
    pub id: OrganizationId,
    /// The organization's name.
    pub name: String,
}

/// The one key of a product that several places name differently (API.md, section 3, Products): the owner alias of
/// its ARI, in lower case. The umbrella `jira` stands for Jira itself.
#[must_use]
pub fn product_key(key: &str) -> String {
    let key = key.trim().to_ascii_lowercase();
    match key.as_str() {
        "jira" => "jira-software".to_owned(),
        "jira-service-desk" | "jira-service-management" => "jira-servicedesk".to_owned(),
        "jira-ops" => "opsgenie".to_owned(),
        _ => key,
    }
}

/// The name that people know a product by, from its key or ARI owner (API.md, section 3, Products);
/// `None` for keys that this program does not know yet.
#[must_use]
pub fn product_name(key: &str) -> Option<&'static str> {
    Some(match key {
        "jira-software" | "jira" => "Jira",
        "jira-servicedesk" | "jira-service-desk" => "Jira Service Management",
        "jira-core" => "Jira Work Management",
        "jira-product-discovery" => "Jira Product Discovery",
        "jira-admin" => "Jira administration",
        "confluence" => "Confluence",
        "bitbucket" => "Bitbucket",
        "trello" => "Trello",
        "opsgenie" | "jira-ops" => "Opsgenie",
        "statuspage" => "Statuspage",
        "compass" => "Compass",
        "loom" => "Loom",
        "beacon" => "Guard Detect",
        "mercury" => "Focus",
        "townsquare" => "Home",
        "avp" => "Analytics",
        _ => return None,
    })
}
