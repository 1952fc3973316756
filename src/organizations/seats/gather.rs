use std::{collections::HashMap, sync::Arc};

use super::{
    super::{
        Organization, Result,
        changes::Protected,
        scan::{People, Scan},
    },
    Holder, Instance, Seats,
    join::{Correction, Join, Standing},
    sources::{CountedBy, Sources},
};
use crate::{
    atlassian::{ApplicationRole, ErrorKind, UserSearch},
    domain::{GroupId, GroupRoles, LicensePeople, Product, RoleId, UserStatus, product_key},
    licenses::PeopleList,
};

/// The roles that take a seat, as filters name them.
const SEAT_ROLES: [&str; 2] = ["atlassian/user", "atlassian/admin"];

/// The roles of groups, by group, and the groups whose roles could not be read.
type Grants = (HashMap<GroupId, Arc<Vec<GroupRoles>>>, Vec<GroupId>);

impl Organization {
    pub(super) async fn gather(&self, scan: Arc<Scan>) -> Result<Seats> {
        let jira = self.shared.client.application_roles();
        let (products, groups, jira) =
            futures_util::join!(self.products(), self.granting_groups(), jira);
        let (products, groups) = (products?, groups?);
        let (roles, unread) = self.grants_of(&scan.people, &groups.value).await?;
        let settings = &self.shared.settings.licenses;
        let known = distinct(&products.value);
        let protected = protected(&self.shared.settings.changes.protected);
        let lists = (&protected, &settings.robots);
        let join = Join::new(&known, &scan.people, &roles, lists);
        let site = authority(self.shared.client.site().as_str());
        let sources = sources(&known, jira.as_deref(), site.as_deref());
        let instances: Vec<Instance> = known
            .into_iter()
            .zip(sources)
            .map(|(product, sources)| Instance::new(product, sources))
            .collect();
        let mut seats = Seats {
            people: LicensePeople::default(),
            read_at: products.freshness.fetched_at.min(groups.freshness.fetched_at),
            groups: Arc::clone(&groups.value),
            corrections: self.corrections_of(&scan),
            scan,
            join,
            instances,
            roles,
        };
        seats.count_everybody();
        seats.tell_of_unread(&unread);
        self.count_upstream(&mut seats).await;
        Ok(seats)
    }

    /// The roles of every granting group that somebody is in. One call a group, kept and shared with other questions.
    async fn grants_of(
        &self,
        people: &People,
        granting: &HashMap<GroupId, Arc<crate::domain::Group>>,
    ) -> Result<Grants> {
        let relevant = people.group_table().iter().filter(|group| granting.contains_key(&group.id));
        let each =
            relevant.map(|group| async { (group.id.clone(), self.group_roles(&group.id).await) });
        let mut grants = Grants::default();
        for (group, roles) in futures_util::future::join_all(each).await {
            match roles {
                Ok(roles) => {
                    grants.0.insert(group, roles.value);
                }
                // What may pass is waited for: figures without a group would be kept as long as the scan.
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => {
                    tracing::warn!(group.id = %group, error = %error, "The roles of a group could not be read");
                    grants.1.push(group);
                }
            }
        }
        Ok(grants)
    }

    /// What Headcount changed since the scan, by the rows of those concerned.
    fn corrections_of(&self, scan: &Scan) -> HashMap<u32, Correction> {
        let corrections = &self.shared.corrections;
        let organization = self.shared.client.organization_id();
        let accounts = corrections.accounts();
        let mut found = HashMap::new();
        if accounts.is_empty() {
            return found;
        }
        for row in 0..scan.people.len() {
            let person = scan.people.person(row);
            if !person.is_some_and(|person| accounts.contains(person.account_id())) {
                continue;
            }
            let Some(user) = scan.people.user(row) else { continue };
            let lost = corrections.lost_products(organization, &user.account_id, scan.began_at);
            let corrected = corrections.corrected(organization, &user, scan.began_at);
            if let Some(corrected) = corrected {
                let status = corrected.user.status;
                found.insert(row_of(row), Correction { status, lost });
            }
        }
        found
    }

    /// Has Atlassian count the people of each product that no other source counts: one call a product.
    async fn count_upstream(&self, seats: &mut Seats) {
        let wanted = seats.instances.iter().enumerate().filter(|(_, instance)| {
            instance.sources.counted.is_none() && !instance.product.is_sandbox
        });
        let counts = wanted.map(|(index, instance)| {
            let search = UserSearch {
                resource_ids: vec![instance.product.resource_id.clone()],
                role_ids: SEAT_ROLES.into_iter().map(RoleId::from).collect(),
                status: vec![UserStatus::Active],
                ..UserSearch::default()
            };
            async move { (index, self.count(&search).await) }
        });
        for (index, counted) in futures_util::future::join_all(counts).await {
            let sources = &mut seats.instances[index].sources;
            match counted {
                Ok(counted) => sources.counted = Some((counted, CountedBy::Roles)),
                Err(error) => sources.notes.push(format!(
                    "Atlassian's own count of people could not be read for comparison: {error}."
                )),
            }
        }
    }
}

impl Instance {
    fn new(product: Arc<Product>, mut sources: Sources) -> Self {
        if product.is_sandbox {
            sources.notes.push(
                "A sandbox: on most plans its seats are not paid for, so that it stays out of the totals.".to_owned(),
            );
        }
        Self { product, holders: Vec::new(), suspended: 0, doubtful: 0, sources }
    }
}

impl Seats {
    /// Goes over everybody once.
    fn count_everybody(&mut self) {
        let scan = Arc::clone(&self.scan);
        let mut held = Vec::new();
        for index in 0..scan.people.len() {
            let Some(person) = scan.people.person(index) else { continue };
            let standing = self.join.of(person, self.corrections.get(&row_of(index)), &mut held);
            let mut has_seat = false;
            for one in &held {
                let Some(instance) = self.instances.get_mut(one.resource as usize) else {
                    continue;
                };
                if one.holds_seat {
                    has_seat |= !instance.product.is_sandbox;
                    instance.doubtful += u64::from(standing.is_barred_in_part);
                    instance.holders.push(Holder {
                        person: row_of(index),
                        last_active: one.last_active,
                        is_robot: standing.is_robot,
                        is_protected: standing.is_protected,
                    });
                } else if one.is_granted_seat && standing.status == UserStatus::Suspended {
                    instance.suspended += 1;
                }
            }
            count(&mut self.people, standing, has_seat);
        }
        for instance in &mut self.instances {
            instance.holders.shrink_to_fit();
            let found = instance.holders.len() as u64;
            if instance.doubtful > 0 {
                instance.sources.notes.push(format!(
                    "Of {found} people who hold a seat by their groups, {} can use less at this moment than their groups grant, \
                     as when they are suspended in one of several directories; Atlassian does not tell in bulk what, so that \
                     they are counted here.",
                    instance.doubtful
                ));
            }
        }
    }

    fn tell_of_unread(&mut self, unread: &[GroupId]) {
        if unread.is_empty() {
            return;
        }
        let granting = self.roles.len() + unread.len();
        for instance in &mut self.instances {
            instance.sources.notes.push(format!(
                "The roles of {} of {granting} granting groups could not be read; people who have a seat through them alone \
                 are missing, unless they used it.",
                unread.len()
            ));
        }
    }
}

fn count(people: &mut LicensePeople, standing: Standing, has_seat: bool) {
    people.listed += 1;
    people.with_seat += u64::from(has_seat);
    people.robots += u64::from(standing.is_robot);
    people.protected += u64::from(standing.is_protected);
    match standing.status {
        UserStatus::Suspended => people.suspended += 1,
        UserStatus::Deactivated => people.deactivated += 1,
        UserStatus::NotInvited => people.not_invited += 1,
        UserStatus::ForDeletion => people.for_deletion += 1,
        UserStatus::Active | UserStatus::Unknown => {}
    }
}

/// Every instance once: the umbrella of Jira names one that stands there by itself as well.
fn distinct(products: &[Arc<Product>]) -> Vec<Arc<Product>> {
    let is_alias = |product: &Arc<Product>| {
        let canonical = product.resource_id.canonical();
        canonical != product.resource_id
            && products.iter().any(|other| other.resource_id == canonical)
    };
    products.iter().filter(|product| !is_alias(product)).cloned().collect()
}

/// What Atlassian tells of each product. Jira tells of the site that the integration's token is for.
fn sources(
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

fn protected(named: &Protected) -> PeopleList {
    PeopleList {
        accounts: named.accounts.clone(),
        emails: named.emails.clone(),
        domains: named.domains.clone(),
        groups: named.groups.clone(),
    }
}

pub(super) fn row_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
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
