//! One simulated organization: who and what there is, and how to find it.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::OnceLock,
};

use jiff::Timestamp;

use super::{
    changes::Change,
    person::{AccountId, Person},
    role::Role,
};

/// Which of the two simulated organizations it is; everything that differs hangs on this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Character {
    /// A key without scopes, one directory, seats known, answers as the documents have them.
    Healthy,
    /// A key with scopes, two directories, seats unlimited or unknown, no audit log in the plan,
    /// nulls and extra members where live clients met them.
    Awkward,
}

impl Character {
    pub(super) fn has_scoped_key(self) -> bool {
        self == Self::Awkward
    }

    pub(super) fn has_audit_log(self) -> bool {
        self == Self::Healthy
    }

    pub(super) fn writes_nulls(self) -> bool {
        self == Self::Awkward
    }

    /// Whether user search names Jira by the umbrella owner `jira` instead of `jira-software`.
    pub(super) fn says_jira(self) -> bool {
        self == Self::Healthy
    }

    /// Whether `links.next` of the workspaces is a URL, as the document says, or a cursor, as seen.
    pub(super) fn links_workspaces_by_url(self) -> bool {
        self == Self::Awkward
    }

    pub(super) fn knows_seats(self) -> bool {
        self == Self::Healthy
    }
}

pub(super) struct Directory {
    pub(super) id: String,
    pub(super) name: String,
}

/// A mail domain: one of the organization's claims, or (without a claim) somebody else's.
pub(super) struct Domain {
    pub(super) name: &'static str,
    /// `claim.type` and `claim.status`.
    pub(super) claim: Option<(&'static str, &'static str)>,
}

pub(super) struct Site {
    pub(super) cloud_id: String,
    pub(super) name: String,
    pub(super) is_sandbox: bool,
    /// The base address that stands for `https://{name}.atlassian.net`.
    pub(super) url: String,
}

impl Site {
    /// Host and port, as `product_access[].url` and tenant contexts write a site.
    pub(super) fn host(&self) -> &str {
        self.url.split_once("://").map_or(self.url.as_str(), |(_, host)| host)
    }
}

/// One instance of a product.
pub(super) struct Resource {
    /// The ARI that workspaces, filters and role assignments use.
    pub(super) id: String,
    pub(super) owner: &'static str,
    /// The key of the v1 endpoints, where they know the product.
    pub(super) v1_key: Option<&'static str>,
    /// The display name.
    pub(super) product: &'static str,
    pub(super) site: Option<usize>,
    pub(super) host_url: Option<String>,
    pub(super) plan: &'static str,
    pub(super) capacity: Option<u32>,
    pub(super) has_usage: bool,
    pub(super) created: Option<Timestamp>,
    pub(super) is_online: bool,
}

impl Resource {
    pub(super) fn is_jira_family(&self) -> bool {
        self.owner.starts_with("jira")
    }

    /// The ARI under the umbrella owner, for Jira.
    pub(super) fn umbrella_id(&self) -> Option<String> {
        (self.owner == "jira-software").then(|| self.id.replacen(":jira-software::", ":jira::", 1))
    }

    /// Whether a filter or an assignment that names this ARI means this resource.
    pub(super) fn answers_to(&self, id: &str) -> bool {
        self.id == id || self.umbrella_id().is_some_and(|umbrella| umbrella == id)
    }
}

/// What membership of a group grants on one resource.
pub(super) struct Grant {
    pub(super) resource: u16,
    pub(super) roles: Vec<Role>,
    pub(super) default_role: Option<Role>,
}

pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) directory: usize,
    /// external, admins, team-members or open.
    pub(super) managed_by: &'static str,
    pub(super) is_deletable: bool,
    pub(super) is_team: bool,
    pub(super) grants: Vec<Grant>,
    /// How many people are in it.
    pub(super) members: u32,
    /// A group just made can be fetched at once, but found only from this moment.
    pub(super) found_from: Timestamp,
    pub(super) is_deleted: bool,
}

impl Group {
    pub(super) fn is_synced(&self) -> bool {
        self.managed_by == "external"
    }

    pub(super) fn is_findable(&self, now: Timestamp) -> bool {
        !self.is_deleted && self.found_from <= now
    }
}

/// Whom or what an audit event is about.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Person(u32),
    Group(u32),
}

pub(super) struct Event {
    pub(super) id: uuid::Uuid,
    pub(super) at: Timestamp,
    pub(super) action: &'static str,
    pub(super) actor: u32,
    pub(super) subject: Subject,
    pub(super) town: u8,
    pub(super) ip: [u8; 4],
}

/// An API token that a person made.
pub(super) struct Token {
    pub(super) id: String,
    pub(super) label: &'static str,
    pub(super) created: Timestamp,
    pub(super) last_access: Option<Timestamp>,
    pub(super) expiry: Option<Timestamp>,
}

pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) slug: &'static str,
    pub(super) character: Character,
    pub(super) key: String,
    pub(super) admin_token: String,
    pub(super) limited_token: String,
    pub(super) directories: Vec<Directory>,
    pub(super) domains: Vec<Domain>,
    pub(super) sites: Vec<Site>,
    pub(super) resources: Vec<Resource>,
    pub(super) groups: Vec<Group>,
    pub(super) people: Vec<Person>,
    /// Oldest first.
    pub(super) events: Vec<Event>,
    pub(super) tokens: HashMap<u32, Vec<Token>>,
    /// How often each change was carried out, by person and name of the change.
    pub(super) writes: HashMap<u32, BTreeMap<&'static str, u32>>,
    pub(super) pending: BTreeMap<(Timestamp, u64), Change>,
    pub(super) by_account: HashMap<AccountId, u32>,
    /// By a hash of the address: the addresses themselves are put together when needed.
    pub(super) by_email: HashMap<u64, u32>,
    pub(super) by_nickname: OnceLock<Vec<u32>>,
}

/// The person behind [`Organization::admin_token`], who made the organization key too.
pub(super) const ADMIN: u32 = 0;
/// The person behind [`Organization::limited_token`], who may not administer Jira.
pub(super) const LIMITED: u32 = 1;

impl Organization {
    pub(super) fn person(&self, index: u32) -> &Person {
        &self.people[index as usize]
    }

    /// The person with this account id.
    pub(super) fn find(&self, account_id: &str) -> Option<u32> {
        let account = AccountId::parse(account_id)?;
        self.by_account.get(&account).copied()
    }

    /// The person with this address, whether it is shown or not.
    pub(super) fn find_by_email(&self, email: &str) -> Option<u32> {
        let email = email.to_lowercase();
        let index = self.by_email.get(&hash_of(&email)).copied()?;
        (self.email(self.person(index))? == email).then_some(index)
    }

    /// Puts a person in place and makes them findable.
    pub(super) fn add_person(&mut self, person: Person) -> u32 {
        let index = u32::try_from(self.people.len()).expect("there are not four billion people");
        self.by_account.insert(person.account, index);
        for group in &person.groups {
            self.groups[*group as usize].members += 1;
        }
        let email = self.email(&person);
        self.people.push(person);
        if let Some(email) = email {
            self.by_email.entry(hash_of(&email)).or_insert(index);
        }
        self.by_nickname = OnceLock::new();
        index
    }

    /// Tells [`Self::find_by_email`] of an address that was changed.
    pub(super) fn learn_email(&mut self, index: u32, email: &str) {
        self.by_email.insert(hash_of(&email.to_lowercase()), index);
    }

    pub(super) fn directory(&self, id: &str) -> Option<usize> {
        self.directories.iter().position(|directory| directory.id == id)
    }

    pub(super) fn resource(&self, id: &str) -> Option<usize> {
        self.resources.iter().position(|resource| resource.answers_to(id))
    }

    /// The group with this id, bare or as an ARI.
    pub(super) fn group(&self, id: &str) -> Option<u32> {
        let id = id.strip_prefix("ari:cloud:identity::group/").unwrap_or(id);
        let place = self.groups.iter().position(|group| group.id == id && !group.is_deleted)?;
        u32::try_from(place).ok()
    }

    /// Everybody by nickname; put in order once, and again after names have changed.
    pub(super) fn in_nickname_order(&self) -> &[u32] {
        self.by_nickname.get_or_init(|| {
            let mut keyed: Vec<(String, u32)> = (0..)
                .zip(&self.people)
                .map(|(index, person)| (person.nickname().to_lowercase(), index))
                .collect();
            keyed.sort_unstable();
            keyed.into_iter().map(|(_, index)| index).collect()
        })
    }
}

fn hash_of(email: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    email.hash(&mut hasher);
    hasher.finish()
}
