use std::sync::Arc;

use crate::{
    atlassian::{ApplicationRole, ErrorKind},
    domain::{Product, product_key},
    licenses::PurchasedSources,
};

/// What Atlassian itself tells of the seats of one instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Seats of Jira's licence on the site.
    pub(super) jira_seats: Option<u64>,
    pub(super) jira_is_unlimited: bool,
    /// `capacity` in the list of products.
    pub(super) capacity: Option<u64>,
    /// How many people it counts, and where.
    pub(super) counted: Option<(u64, CountedBy)>,
    /// What could not be read, in sentences.
    pub(super) notes: Vec<String>,
}

/// Where Atlassian counts people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountedBy {
    /// Jira's `applicationrole`.
    Jira,
    /// `usage` in the list of products.
    Products,
    /// `users/count` of active people with a role that takes a seat.
    Roles,
}

impl CountedBy {
    fn words(self) -> &'static str {
        match self {
            Self::Jira => "Jira counts {} (applicationrole)",
            Self::Products => "the list of products tells {} (workspaces)",
            Self::Roles => "Atlassian counts {} who hold a role that takes a seat (users/count)",
        }
    }
}

impl Sources {
    pub(super) fn learn(&mut self, role: &ApplicationRole) {
        self.jira_seats = role.number_of_seats;
        self.jira_is_unlimited = role.has_unlimited_seats;
        self.counted = role.user_count.map(|count| (count, CountedBy::Jira));
    }

    pub(super) fn purchased(&self, configured: Option<u64>) -> PurchasedSources {
        PurchasedSources {
            configured,
            jira_seats: self.jira_seats,
            jira_is_unlimited: self.jira_is_unlimited,
            capacity: self.capacity,
        }
    }

    /// Says where the people whom the scan finds and those whom Atlassian counts are not as many. `found` nobody where
    /// Atlassian counts somebody means that the scan cannot see them; `is_read` says that the holders were read one by one.
    pub(super) fn compared_with(&self, found: u64, is_read: bool) -> Option<String> {
        let (counted, by) = self.counted?;
        if counted == found {
            return None;
        }
        let told = by.words().replace("{}", &people(counted));
        let found_people = people(found);
        Some(if is_unseen(found, counted) {
            format!(
                "No group that can be read grants a seat here and nobody's activity shows one, but {told}; who they are is \
                 not known."
            )
        } else if is_read {
            format!(
                "Atlassian lists {found_people} who hold a seat (users/search), {told}; the list counts, since it says who. \
                 Whoever is suspended in one of several directories can be in one of the two alone."
            )
        } else {
            format!(
                "The scan finds {found_people} who hold a seat, {told}; the scan's number counts, since it says who. It does \
                 not see a role that was given to somebody directly and never used, and the two are not read at the same \
                 moment."
            )
        })
    }

    /// How many seats are used where the scan finds so many holders; `None` where its holders are the answer.
    pub(super) fn used_unseen(&self, found: u64) -> Option<u64> {
        self.counted.map(|(counted, _)| counted).filter(|counted| is_unseen(found, *counted))
    }
}

fn is_unseen(found: u64, counted: u64) -> bool {
    found == 0 && counted > 0
}

fn people(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// Every instance once: the umbrella of Jira names one that stands there by itself as well.
pub(super) fn distinct(products: &[Arc<Product>]) -> Vec<Arc<Product>> {
    let is_alias = |product: &Arc<Product>| {
        let canonical = product.resource_id.canonical();
        canonical != product.resource_id
            && products.iter().any(|other| other.resource_id == canonical)
    };
    products.iter().filter(|product| !is_alias(product)).cloned().collect()
}

/// What Atlassian tells of each product. Jira tells of the site that the integration's token is for.
pub(super) fn sources(
    products: &[Arc<Product>],
    jira: std::result::Result<&[ApplicationRole], &crate::atlassian::Error>,
    site: Option<&str>,
) -> Vec<Sources> {
    let is_jira = |product: &Product| product_key(&product.owner).starts_with("jira-");
    let on_site = |product: &Product| {
        site.is_some() && product.host_url.as_deref().and_then(authority).as_deref() == site
    };
    // A site with a domain of its own goes by another name in the list of products.
    let family = || products.iter().filter(|product| is_jira(product) && !product.is_sandbox);
    let mut cloud_ids: Vec<&str> =
        family().filter_map(|product| product.resource_id.instance()).collect();
    cloud_ids.dedup();
    let is_only_site = cloud_ids.len() == 1 && !family().any(|product| on_site(product));
    let of_product = |product: &Arc<Product>| {
        let mut sources = Sources {
            capacity: product.capacity,
            counted: product.usage.map(|usage| (usage, CountedBy::Products)),
            ..Sources::default()
        };
        let is_alone = is_only_site && !product.is_sandbox;
        if !is_jira(product) || !(on_site(product) || is_alone) {
            return sources;
        }
        match jira {
            Ok(roles) => {
                let key = product_key(&product.owner);
                if let Some(role) = roles.iter().find(|role| product_key(&role.key) == key) {
                    sources.learn(role);
                }
            }
            Err(error) => sources.notes.push(unread_seats(error.kind)),
        }
        sources
    };
    products.iter().map(of_product).collect()
}

fn unread_seats(kind: ErrorKind) -> String {
    let why = match kind {
        ErrorKind::Forbidden => "the owner of the API token may not administer Jira",
        ErrorKind::Unauthorized | ErrorKind::CaptchaRequired => {
            "the site does not accept the API token"
        }
        _ => "the site could not be asked",
    };
    format!("Jira's own seats (applicationrole) could not be read: {why}.")
}

/// Host and port of an address.
pub(super) fn authority(address: &str) -> Option<String> {
    let url: url::Url = address.parse().ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ResourceId;

    #[test]
    fn an_address_is_known_by_host_and_port() {
        assert_eq!(
            authority("https://Acme.atlassian.net/wiki").as_deref(),
            Some("acme.atlassian.net")
        );
        assert_eq!(authority("http://127.0.0.1:4/").as_deref(), Some("127.0.0.1:4"));
        assert_eq!(authority("bitbucket"), None);
    }

    #[test]
    fn only_the_umbrellas_double_is_left_out() {
        let product = |ari: &str| {
            Arc::new(Product {
                resource_id: ResourceId::from(ari),
                key: String::new(),
                name: String::new(),
                instance_name: None,
                owner: String::new(),
                host_url: None,
                status: None,
                capacity: None,
                usage: None,
                is_sandbox: false,
                plan: None,
                created_at: None,
            })
        };
        let all = [
            product("ari:cloud:jira::site/1"),
            product("ari:cloud:jira-software::site/1"),
            product("ari:cloud:jira::site/2"),
        ];
        let left = distinct(&all);
        let ids: Vec<&str> = left.iter().map(|product| product.resource_id.as_str()).collect();
        assert_eq!(ids, ["ari:cloud:jira-software::site/1", "ari:cloud:jira::site/2"]);
    }
}
