//! The sites of an organization and the product instances on and beside them.

use jiff::SignedDuration;
use rand_chacha::ChaCha8Rng;

use super::{
    super::organization::{Character, Organization, Resource, Site},
    Recipe, uuid,
};

/// Name and whether it is a sandbox.
pub(super) fn sites_of(character: Character) -> &'static [(&'static str, bool)] {
    match character {
        Character::Healthy => {
            &[("meridian", false), ("meridian-labs", false), ("meridian-sandbox-412", true)]
        }
        Character::Awkward => &[("fjordline", false)],
    }
}

pub(super) fn sites(recipe: &Recipe, random: &mut ChaCha8Rng) -> Vec<Site> {
    sites_of(recipe.character)
        .iter()
        .zip(&recipe.site_urls)
        .map(|((name, is_sandbox), url)| Site {
            cloud_id: uuid(random).to_string(),
            name: (*name).to_owned(),
            is_sandbox: *is_sandbox,
            url: url.clone(),
        })
        .collect()
}

/// Owner, v1 key, display name.
type Product = (&'static str, Option<&'static str>, &'static str);

const JIRA: Product = ("jira-software", Some("jira-software"), "Jira");
const SERVICE_MANAGEMENT: Product =
    ("jira-servicedesk", Some("jira-service-desk"), "Jira Service Management");
const DISCOVERY: Product = ("jira-product-discovery", None, "Jira Product Discovery");
const CONFLUENCE: Product = ("confluence", Some("confluence"), "Confluence");
const STATUSPAGE: Product = ("statuspage", Some("statuspage"), "Statuspage");
const LOOM: Product = ("loom", None, "Loom");
const BITBUCKET: Product = ("bitbucket", Some("bitbucket"), "Bitbucket");
const TRELLO: Product = ("trello", Some("trello"), "Trello");

/// Product, site, plan.
fn instances(character: Character) -> &'static [(Product, Option<usize>, &'static str)] {
    match character {
        Character::Healthy => &[
            (JIRA, Some(0), "premium"),
            (SERVICE_MANAGEMENT, Some(0), "premium"),
            (CONFLUENCE, Some(0), "premium"),
            (DISCOVERY, Some(0), "free"),
            (STATUSPAGE, Some(0), "business"),
            (LOOM, Some(0), "business"),
            (JIRA, Some(1), "standard"),
            (CONFLUENCE, Some(1), "standard"),
            (JIRA, Some(2), "premium"),
            (CONFLUENCE, Some(2), "premium"),
            (BITBUCKET, None, "standard"),
            (TRELLO, None, "free"),
        ],
        Character::Awkward => &[
            (JIRA, Some(0), "enterprise"),
            (SERVICE_MANAGEMENT, Some(0), "enterprise"),
            (CONFLUENCE, Some(0), "enterprise"),
            (BITBUCKET, None, "free"),
        ],
    }
}

pub(super) fn resources(
    recipe: &Recipe,
    organization: &Organization,
    random: &mut ChaCha8Rng,
) -> Vec<Resource> {
    (1_i64..)
        .zip(instances(recipe.character))
        .map(|(number, (product, site, plan))| {
            let (owner, v1_key, name) = *product;
            let place = site.map(|site| &organization.sites[site]);
            let id = match place {
                Some(place) => format!("ari:cloud:{owner}::site/{}", place.cloud_id),
                None => format!("ari:cloud:{owner}::workspace/{}", uuid(random)),
            };
            let host_url = match (place, owner) {
                (Some(place), "jira-software" | "jira-servicedesk" | "jira-product-discovery") => {
                    Some(place.url.clone())
                }
                (Some(place), "confluence") => Some(format!("{}/wiki", place.url)),
                (Some(place), _) => Some(format!("https://{}.{owner}.example", place.name)),
                (None, "bitbucket") => Some(format!("https://bitbucket.org/{}", organization.slug)),
                (None, _) => None,
            };
            let age = SignedDuration::from_hours(24 * (2600 - 150 * number));
            let created = recipe.now.saturating_sub(age).ok();
            Resource {
                id,
                owner,
                v1_key,
                product: name,
                site: *site,
                host_url,
                plan,
                capacity: None,
                has_usage: owner == "bitbucket",
                created: created.filter(|_| place.is_some()),
                is_online: !place.is_some_and(|place| place.is_sandbox),
            }
        })
        .collect()
}

/// Gives every product as many seats as fit its people: most have room, one is full, for some the
/// number is not known (as it is not where no license data is available).
pub(super) fn fit_capacity(organization: &mut Organization) {
    for index in 0..organization.resources.len() {
        let used = organization.seats_used(index);
        let resource = &organization.resources[index];
        let is_sandbox = resource.site.is_some_and(|site| organization.sites[site].is_sandbox);
        let capacity = match resource.owner {
            "bitbucket" => Some(rounded(used)),
            _ if !organization.character.knows_seats() || is_sandbox => None,
            "jira-servicedesk" => Some(used.max(1)),
            "trello" | "statuspage" | "jira-product-discovery" => None,
            "confluence" if resource.site == Some(1) => None,
            _ => Some(rounded(used)),
        };
        organization.resources[index].capacity = capacity;
    }
}

/// A fifth more than is used, in the steps in which seats are sold.
fn rounded(used: u32) -> u32 {
    let step = match used {
        0..=90 => 10,
        91..=900 => 50,
        901..=9000 => 500,
        _ => 1000,
    };
    (used + used / 5 + 1).div_ceil(step) * step
}
