//! The groups of an organization: those that let people into products, and all the others.

use jiff::SignedDuration;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{
    super::{
        organization::{Character, Grant, Group, Organization},
        role::Role,
    },
    Recipe, names, uuid,
};

/// Which groups generated people are put into, by what they are for.
#[derive(Default)]
pub(super) struct Plan {
    /// Per resource the group that lets new people in.
    pub(super) default_group: Vec<u32>,
    /// Per resource the group of its admins.
    pub(super) admin_group: Vec<u32>,
    pub(super) org_admins: u32,
    /// Synced, and granting several products.
    pub(super) everybody: u32,
    /// Synced, and granting several products.
    pub(super) engineering: u32,
    /// Synced, and granting nothing.
    pub(super) offices: Vec<u32>,
    /// Granting nothing.
    pub(super) teams: Vec<u32>,
    pub(super) guests: u32,
    /// In the second directory, where there is one: what contractors come in by.
    pub(super) contractors: Vec<u32>,
}

/// Makes the groups and says what they are for.
pub(super) fn add(
    organization: &mut Organization,
    recipe: &Recipe,
    random: &mut ChaCha8Rng,
) -> Plan {
    let mut maker = Maker { organization, recipe, random };
    let mut plan = Plan {
        org_admins: maker.fixed("org-admins", "Organization administrators"),
        ..Plan::default()
    };
    for resource in 0..maker.organization.resources.len() {
        maker.product(resource, &mut plan);
    }
    maker.several_products(&mut plan);
    maker.without_grants(&mut plan);
    if recipe.character == Character::Awkward {
        maker.second_directory(&mut plan);
    }
    plan
}

struct Maker<'a> {
    organization: &'a mut Organization,
    recipe: &'a Recipe,
    random: &'a mut ChaCha8Rng,
}

impl Maker<'_> {
    fn make(&mut self, name: String, description: Option<String>, managed_by: &'static str) -> u32 {
        let age = SignedDuration::from_hours(24 * self.random.random_range(30..2400));
        let group = Group {
            id: uuid(self.random).to_string(),
            name,
            description,
            directory: 0,
            managed_by,
            is_deletable: managed_by != "external",
            is_team: managed_by == "team-members" || managed_by == "open",
            grants: Vec::new(),
            members: 0,
            found_from: self.recipe.now.saturating_sub(age).unwrap_or(self.recipe.now),
            is_deleted: false,
        };
        self.organization.groups.push(group);
        u32::try_from(self.organization.groups.len() - 1).expect("groups are few")
    }

    fn fixed(&mut self, name: &str, description: &str) -> u32 {
        let group = self.make(name.to_owned(), Some(description.to_owned()), "admins");
        self.organization.groups[group as usize].is_deletable = false;
        group
    }

    fn grant(&mut self, group: u32, resource: usize, roles: &[Role], default_role: Option<Role>) {
        let grant = Grant {
            resource: u16::try_from(resource).expect("resources are few"),
            roles: roles.to_vec(),
            default_role,
        };
        self.organization.groups[group as usize].grants.push(grant);
    }

    /// The default group of a product, and the group of its admins.
    fn product(&mut self, resource: usize, plan: &mut Plan) {
        let product = &self.organization.resources[resource];
        let (owner, product_name) = (product.owner, product.product);
        let place = match product.site {
            Some(site) => self.organization.sites[site].name.clone(),
            None => self.organization.slug.to_owned(),
        };
        let short = match owner {
            "jira-software" => "jira",
            "jira-servicedesk" => "jira-servicemanagement",
            other => other,
        };
        let users = self.make(
            format!("{short}-users-{place}"),
            Some(format!("Grants access to {product_name} on {place}")),
            "admins",
        );
        self.grant(users, resource, &[Role::User], Some(Role::User));
        let admins = self.make(
            format!("{short}-admins-{place}"),
            Some(format!("Administers {product_name} on {place}")),
            "admins",
        );
        self.grant(admins, resource, &[Role::Admin], None);
        self.organization.groups[admins as usize].is_deletable = false;
        plan.default_group.push(users);
        plan.admin_group.push(admins);
    }

    /// Synced groups that grant more than one product, and the guests of Confluence.
    fn several_products(&mut self, plan: &mut Plan) {
        let find = |organization: &Organization, owner: &str| {
            organization.resources.iter().position(|resource| resource.owner == owner)
        };
        plan.everybody = self.make("all-employees".to_owned(), Some(String::new()), "external");
        plan.engineering = self.make("engineering".to_owned(), None, "external");
        plan.guests = self.make(
            format!("confluence-guests-{}", self.organization.slug),
            Some("Guests, one space each".to_owned()),
            "admins",
        );
        if let Some(jira) = find(self.organization, "jira-software") {
            self.grant(plan.everybody, jira, &[Role::User], None);
            self.grant(plan.engineering, jira, &[Role::User], None);
            if let Some(users) = plan.default_group.get(jira).copied()
                && let Some(discovery) = find(self.organization, "jira-product-discovery")
            {
                self.grant(users, discovery, &[Role::Contributor], None);
            }
        }
        if let Some(confluence) = find(self.organization, "confluence") {
            self.grant(plan.everybody, confluence, &[Role::User], None);
            self.grant(plan.guests, confluence, &[Role::Guest], Some(Role::Guest));
        }
        if let Some(bitbucket) = find(self.organization, "bitbucket") {
            self.grant(plan.engineering, bitbucket, &[Role::User], None);
        }
    }

    /// Offices (synced) and teams, which are only names for people.
    fn without_grants(&mut self, plan: &mut Plan) {
        for town in names::TOWNS.iter().take(6) {
            let office = format!("office-{}", names::address_part(town.name));
            let group = self.make(office, Some(String::new()), "external");
            plan.offices.push(group);
        }
        let teams = (self.recipe.people / 15).clamp(3, 2500);
        for number in 0..teams {
            let word = names::TEAMS[number % names::TEAMS.len()];
            let round = number / names::TEAMS.len();
            let name = if round == 0 {
                format!("Team {word}")
            } else {
                format!("Team {word} {}", round + 1)
            };
            let managed_by = if number % 3 == 0 { "open" } else { "team-members" };
            let description = (number % 2 == 0).then(|| format!("Everybody of {name}"));
            let group = self.make(name, description, managed_by);
            plan.teams.push(group);
        }
    }

    fn second_directory(&mut self, plan: &mut Plan) {
        for resource in 0..self.organization.resources.len() {
            let owner = self.organization.resources[resource].owner;
            if owner == "bitbucket" {
                continue;
            }
            let group = self.make(
                format!("contractors-{owner}"),
                Some("What contractors come in by".to_owned()),
                "admins",
            );
            self.organization.groups[group as usize].directory = 1;
            self.grant(group, resource, &[Role::User], None);
            plan.contractors.push(group);
        }
    }
}
