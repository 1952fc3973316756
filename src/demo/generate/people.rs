//! The people of an organization, one after the other.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{
    super::{
        changes::{Change, GRACE},
        organization::{Character, Organization},
        person::{
            AccountId, AccountState, Corrections, DIRECTORIES, DirectRole, Membership, Person,
            Traits,
        },
        role::{Method, PlatformRoles, Role},
    },
    OWN_DOMAINS, Recipe, chance,
    groups::Plan,
    kinds::{Kind, kind},
    names, uuid,
};

/// Fills the organization with people.
pub(super) fn add(
    organization: &mut Organization,
    plan: &Plan,
    recipe: &Recipe,
    random: &mut ChaCha8Rng,
) {
    let mut maker = Maker {
        organization,
        plan,
        recipe,
        random,
        namesakes: HashMap::with_capacity(recipe.people),
    };
    for place in 0..recipe.people {
        let kind = kind(place, maker.random);
        maker.add(kind);
    }
}

/// Makes one person after the other.
pub(super) struct Maker<'a> {
    pub(super) organization: &'a mut Organization,
    plan: &'a Plan,
    recipe: &'a Recipe,
    pub(super) random: &'a mut ChaCha8Rng,
    namesakes: HashMap<(u16, u16, u8), u16>,
}

impl Maker<'_> {
    fn add(&mut self, kind: Kind) {
        let mut person = self.nobody(kind);
        self.traits(kind, &mut person);
        self.standing(kind, &mut person);
        self.groups(kind, &mut person);
        self.direct_roles(&mut person);
        self.visits(kind, &mut person);
        let state = person.state;
        let index = self.organization.add_person(person);
        if let AccountState::ForDeletion { since } = state
            && let Ok(end) = since.saturating_add(GRACE)
        {
            self.organization.schedule(end, Change::Close { person: index });
        }
        if kind == Kind::ServiceAccount || chance(self.random, 6) {
            let tokens = self.tokens(kind);
            self.organization.tokens.insert(index, tokens);
        }
    }

    /// A moment so many days ago.
    pub(super) fn days_ago(&mut self, least: i64, most: i64) -> Timestamp {
        let nanoseconds =
            self.random.random_range(least * 86_400_000_000_000..most * 86_400_000_000_000);
        self.recipe
            .now
            .saturating_sub(SignedDuration::from_nanos(nanoseconds))
            .unwrap_or(self.recipe.now)
    }

    /// A person with a name, an id and an address, and nothing else yet.
    fn nobody(&mut self, kind: Kind) -> Person {
        let first = kind == Kind::Integration;
        let pick = |random: &mut ChaCha8Rng, length: usize| {
            let place = if first { 0 } else { random.random_range(0..length) };
            u16::try_from(place).expect("the tables are short")
        };
        let given = pick(self.random, names::GIVEN.len());
        let family = pick(self.random, names::FAMILY.len());
        let domain = match kind {
            Kind::Integration => 0,
            Kind::Contractor => self.random.random_range(4..8),
            _ => u8::from(chance(self.random, 12)) % OWN_DOMAINS,
        };
        let namesakes = self.namesakes.entry((given, family, domain)).or_default();
        let number = *namesakes;
        *namesakes = namesakes.saturating_add(1);
        let account = match self.random.random_range(0..100) {
            0..8 => AccountId::Hex(self.random.random()),
            8..30 => AccountId::Older(uuid(self.random)),
            _ => AccountId::Newer(uuid(self.random)),
        };
        let byte = |random: &mut ChaCha8Rng, length: usize| {
            u8::try_from(random.random_range(0..length)).expect("the tables are short")
        };
        Person {
            account,
            given,
            family,
            number,
            domain,
            job: byte(self.random, names::JOBS.len()),
            town: byte(self.random, names::TOWNS.len()),
            traits: Traits::default(),
            platform: PlatformRoles::default(),
            state: AccountState::Active,
            memberships: [Membership::None; DIRECTORIES],
            added: None,
            groups: Vec::new(),
            direct: Vec::new(),
            visits: Vec::new(),
            corrections: None,
        }
    }

    fn traits(&mut self, kind: Kind, person: &mut Person) {
        let managed = kind != Kind::Contractor;
        let traits = &mut person.traits;
        traits.set(Traits::MANAGED, managed);
        traits.set(Traits::SCIM, kind == Kind::Scim);
        traits.set(Traits::GOOGLE, kind == Kind::Google);
        traits.set(Traits::BILLING_CONTACT, kind == Kind::BillingContact);
        traits.set(Traits::SPARSE, kind == Kind::Sparse);
        traits.set(Traits::SERVICE_ACCOUNT, kind == Kind::ServiceAccount);
        traits.set(Traits::INVITED, managed && kind != Kind::NotInvited && chance(self.random, 85));
        traits.set(Traits::EMAIL_VERIFIED, kind != Kind::Invited);
        traits.set(Traits::MFA, managed && chance(self.random, 65));
        traits.set(
            Traits::EMAIL_HIDDEN,
            kind == Kind::HiddenEmail || (!managed && chance(self.random, 15)),
        );
        traits.set(Traits::OWN_NICKNAME, chance(self.random, 12));
        traits.set(Traits::GUARD_BILLABLE, managed && chance(self.random, 80));
        match kind {
            Kind::Integration | Kind::OrgAdmin => person.platform.set(Role::OrgAdmin, true),
            Kind::SiteAdmin => person.platform.set(Role::SiteAdmin, true),
            Kind::UserAccessAdmin => person.platform.set(Role::UserAccessAdmin, true),
            _ => {}
        }
        if managed && chance(self.random, 20) {
            person.platform.set(Role::AiAccess, true);
        }
        if kind == Kind::ServiceAccount {
            let number = self.random.random_range(10..100);
            let job = ["Backup", "Build", "Reporting", "Provisioning"][usize::from(person.job % 4)];
            let domain = self.organization.domains[usize::from(person.domain)].name;
            person.corrections = Some(Box::new(Corrections {
                name: Some(format!("{job} service {number}")),
                nickname: Some(format!("svc-{}-{number}", job.to_lowercase())),
                email: Some(format!(
                    "svc-{}-{number}-{}@{domain}",
                    job.to_lowercase(),
                    person.family
                )),
                ..Corrections::default()
            }));
        }
    }

    /// Account state and memberships.
    fn standing(&mut self, kind: Kind, person: &mut Person) {
        person.added = Some(match kind {
            Kind::Invited => self.days_ago(0, 9),
            Kind::Integration => self.days_ago(2390, 2400),
            _ => self.days_ago(40, 2300),
        });
        person.state = match kind {
            Kind::Deactivated => AccountState::Deactivated { since: self.days_ago(0, 400) },
            Kind::ForDeletion => AccountState::ForDeletion { since: self.days_ago(1, 13) },
            Kind::Closed => AccountState::Closed,
            _ => AccountState::Active,
        };
        let both = self.recipe.character == Character::Awkward;
        person.memberships = match kind {
            Kind::NotInvited | Kind::Closed => [Membership::None, Membership::None],
            Kind::Contractor if both => [Membership::None, Membership::Active],
            Kind::SuspendedInOne if both => [Membership::Active, Membership::Suspended],
            Kind::Suspended if both && chance(self.random, 30) => {
                [Membership::Suspended, Membership::Suspended]
            }
            Kind::Suspended | Kind::SuspendedInOne => [Membership::Suspended, Membership::None],
            Kind::Integration if both => [Membership::Active, Membership::Active],
            _ if both && chance(self.random, 8) => [Membership::Active, Membership::Active],
            _ => [Membership::Active, Membership::None],
        };
        if !person.is_member() {
            person.added = None;
        }
    }

    fn groups(&mut self, kind: Kind, person: &mut Person) {
        if !person.is_member() {
            return;
        }
        if person.memberships[0] != Membership::None {
            self.main_groups(kind, person);
        }
        if person.memberships[1] != Membership::None {
            for group in &self.plan.contractors {
                if chance(self.random, 55) {
                    person.groups.push(*group);
                }
            }
        }
        person.groups.sort_unstable();
        person.groups.dedup();
    }

    fn main_groups(&mut self, kind: Kind, person: &mut Person) {
        let plan = self.plan;
        let is_synced = matches!(kind, Kind::Scim | Kind::Google);
        if is_synced {
            person.groups.push(plan.everybody);
            let office = usize::from(person.town) % plan.offices.len();
            person.groups.push(plan.offices[office]);
            if names::JOBS[usize::from(person.job)].1 == "Engineering" {
                person.groups.push(plan.engineering);
            }
        }
        for resource in 0..self.organization.resources.len() {
            let likely = self.likelihood(kind, resource);
            if chance(self.random, likely) {
                person.groups.push(plan.default_group[resource]);
            }
            let administers = match kind {
                Kind::Integration | Kind::OrgAdmin => resource < 3,
                Kind::SiteAdmin => resource == 0,
                Kind::Employee | Kind::Scim => {
                    self.organization.people.len() > 1 && self.random.random_range(0..400) == 0
                }
                _ => false,
            };
            if administers {
                person.groups.push(plan.admin_group[resource]);
            }
        }
        if matches!(kind, Kind::Integration | Kind::OrgAdmin) {
            person.groups.push(plan.org_admins);
        }
        if kind == Kind::Contractor && chance(self.random, 35) {
            person.groups.push(plan.guests);
        }
        for _ in 0..self.random.random_range(0..4) {
            let team = self.random.random_range(0..plan.teams.len());
            person.groups.push(plan.teams[team]);
        }
    }

    /// How likely such a person is in the default group of the product, in percent.
    fn likelihood(&self, kind: Kind, resource: usize) -> u32 {
        let resource = &self.organization.resources[resource];
        let ordinary = match (resource.owner, resource.site) {
            ("jira-software", Some(0)) => 84,
            ("confluence", Some(0)) => 78,
            ("jira-servicedesk", _) => 20,
            ("bitbucket", _) => 22,
            ("jira-software", Some(1)) => 18,
            ("loom", _) => 14,
            ("confluence", Some(1)) => 12,
            ("trello", _) => 10,
            ("jira-product-discovery", _) => 7,
            _ => 4,
        };
        match kind {
            Kind::Integration | Kind::Employee if self.organization.people.len() < 2 => {
                if resource.site == Some(0) { 100 } else { 0 }
            }
            Kind::Invited | Kind::NeverUsed if ordinary > 70 => 100,
            Kind::Contractor => ordinary / 2,
            Kind::ServiceAccount => ordinary / 3,
            _ => ordinary,
        }
    }

    fn direct_roles(&mut self, person: &mut Person) {
        // The second person is the one who may not administer Jira.
        if !person.is_member() || self.organization.people.len() < 2 {
            return;
        }
        if chance(self.random, 4) {
            let count = self.organization.resources.len();
            let resource = self.random.random_range(0..count);
            let role = match self.organization.resources[resource].owner {
                "confluence" if chance(self.random, 30) => Role::Guest,
                "jira-software" if chance(self.random, 15) => Role::Admin,
                _ => Role::User,
            };
            person.direct.push(DirectRole {
                resource: u16::try_from(resource).expect("resources are few"),
                role,
                method: Method::Direct,
            });
        }
        let service_desk = self
            .organization
            .resources
            .iter()
            .position(|resource| resource.owner == "jira-servicedesk");
        if let Some(resource) = service_desk
            && chance(self.random, 9)
        {
            person.direct.push(DirectRole {
                resource: u16::try_from(resource).expect("resources are few"),
                role: Role::Customer,
                method: Method::Inferred,
            });
        }
    }
}
