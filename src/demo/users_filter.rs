//! What a search of people may ask for, checked against every limit of the document.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    arguments::{
        SortBy, at_most, known_roles, limit_of_query, one_of, page_size, sorted_by, unique,
    },
    call::{Call, Reply},
    error,
    organization::Organization,
    person::{Membership, Person, Traits},
    role::Role,
};

/// The body of users/search; the same arguments come as query parameters elsewhere.
#[derive(Clone, Debug, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct UserSearch {
    pub(super) limit: Option<i64>,
    pub(super) cursor: Option<String>,
    pub(super) expand: Option<Vec<String>>,
    pub(super) account_ids: Option<Vec<String>>,
    pub(super) emails: Option<Vec<String>>,
    pub(super) search_term: Option<String>,
    pub(super) email_domains: Option<Vec<String>>,
    pub(super) directory_ids: Option<Vec<String>>,
    pub(super) group_ids: Option<Vec<String>>,
    pub(super) resource_ids: Option<Vec<String>>,
    pub(super) role_ids: Option<Vec<String>>,
    pub(super) status: Option<Vec<String>>,
    pub(super) account_status: Option<Vec<String>>,
    pub(super) membership_status: Option<Vec<String>>,
    pub(super) claim_status: Option<String>,
    pub(super) mfa_enabled: Option<bool>,
    pub(super) sort_by: Option<Vec<SortBy>>,
}

/// What may be expanded, in users/search.
pub(super) const EXPANDS: [&str; 4] =
    ["platformRoles", "counts.resources", "productAccess", "groups"];
const STATUS: [&str; 5] = ["active", "suspended", "not_invited", "deactivated", "for_deletion"];
const ACCOUNT_STATUS: [&str; 3] = ["active", "inactive", "closed"];
const MEMBERSHIP_STATUS: [&str; 3] = ["active", "suspended", "no_membership"];

impl UserSearch {
    /// Reads the arguments of the query forms: no `emails`, no `expand`.
    pub(super) fn of_query(call: &Call<'_>) -> Result<Self, Reply> {
        let list = |name: &str| Some(call.queries(name)).filter(|values| !values.is_empty());
        let text = |name: &str| call.query(name).map(str::to_owned);
        let mfa_enabled = match call.query("mfaEnabled") {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(error::invalid(&"mfaEnabled is true or false.")),
        };
        Ok(Self {
            limit: limit_of_query(call)?,
            cursor: text("cursor"),
            account_ids: list("accountIds"),
            search_term: text("searchTerm"),
            email_domains: list("emailDomains"),
            directory_ids: list("directoryIds"),
            group_ids: list("groupIds"),
            resource_ids: list("resourceIds"),
            role_ids: list("roleIds"),
            status: list("status"),
            account_status: list("accountStatus"),
            membership_status: list("membershipStatus"),
            claim_status: text("claimStatus"),
            mfa_enabled,
            ..Self::default()
        })
    }

    /// The page size, or the refusal of one out of bounds.
    pub(super) fn page_size(&self, default: usize) -> Result<usize, Reply> {
        page_size(self.limit, default, 100)
    }

    /// Holds every argument against its limits.
    pub(super) fn check(&self) -> Result<(), Reply> {
        at_most("accountIds", self.account_ids.as_ref(), 10)?;
        at_most("emails", self.emails.as_ref(), 100)?;
        at_most("emailDomains", self.email_domains.as_ref(), 10)?;
        at_most("directoryIds", self.directory_ids.as_ref(), 10)?;
        at_most("groupIds", self.group_ids.as_ref(), 10)?;
        at_most("resourceIds", self.resource_ids.as_ref(), 20)?;
        at_most("roleIds", self.role_ids.as_ref(), 10)?;
        at_most("status", self.status.as_ref(), 4)?;
        at_most("accountStatus", self.account_status.as_ref(), 3)?;
        at_most("membershipStatus", self.membership_status.as_ref(), 3)?;
        one_of("status", self.status.as_ref(), &STATUS)?;
        one_of("accountStatus", self.account_status.as_ref(), &ACCOUNT_STATUS)?;
        one_of("membershipStatus", self.membership_status.as_ref(), &MEMBERSHIP_STATUS)?;
        one_of("expand", self.expand.as_ref(), &EXPANDS)?;
        unique("expand", self.expand.as_ref())?;
        unique("emails", self.emails.as_ref())?;
        known_roles(self.role_ids.as_ref())?;
        if self.emails.is_some() && self.search_term.is_some() {
            let detail = "emails cannot be combined with searchTerm.";
            return Err(error::invalid(&detail));
        }
        if let Some(claim) = &self.claim_status
            && !["managed", "unmanaged"].contains(&claim.as_str())
        {
            return Err(error::invalid(&"claimStatus is managed or unmanaged."));
        }
        sorted_by(self.sort_by.as_ref(), "nick_name")
    }

    /// Whether this member was asked for.
    pub(super) fn expands(&self, member: &str) -> bool {
        self.expand.as_ref().is_some_and(|expand| expand.iter().any(|known| known == member))
    }

    pub(super) fn is_descending(&self) -> bool {
        self.sort_by
            .as_ref()
            .is_some_and(|order| order.iter().any(|order| order.direction == "desc"))
    }
}

/// A search made ready to be held against people.
pub(super) struct UserFilter {
    /// The directory of the path; all where `None`.
    pub(super) directory: Option<usize>,
    directories: Option<Vec<usize>>,
    /// Accounts and addresses that were named: nobody else can match.
    named: Option<Vec<u32>>,
    term: Option<String>,
    domains: Option<Vec<String>>,
    groups: Option<Vec<u32>>,
    resources: Option<Vec<usize>>,
    roles: Option<Vec<Role>>,
    status: Option<Vec<String>>,
    account_status: Option<Vec<String>>,
    membership_status: Option<Vec<String>>,
    is_managed: Option<bool>,
    has_mfa: Option<bool>,
}

impl UserFilter {
    pub(super) fn new(
        search: &UserSearch,
        directory: Option<usize>,
        organization: &Organization,
    ) -> Self {
        let accounts = search
            .account_ids
            .as_ref()
            .map(|ids| ids.iter().filter_map(|id| organization.find(id)).collect::<Vec<u32>>());
        let emails = search.emails.as_ref().map(|emails| {
            emails
                .iter()
                .filter_map(|email| organization.find_by_email(email))
                .collect::<Vec<u32>>()
        });
        let named = match (accounts, emails) {
            (Some(accounts), Some(emails)) => {
                let both = accounts.into_iter().filter(|index| emails.contains(index));
                Some(both.collect())
            }
            (accounts, emails) => accounts.or(emails),
        };
        let lower = |list: &Vec<String>| list.iter().map(|text| text.to_lowercase()).collect();
        Self {
            directory,
            directories: found(search.directory_ids.as_ref(), |id| organization.directory(id)),
            named,
            term: search.search_term.as_ref().map(|term| term.to_lowercase()),
            domains: search.email_domains.as_ref().map(lower),
            groups: found(search.group_ids.as_ref(), |id| organization.group(id)),
            resources: found(search.resource_ids.as_ref(), |id| organization.resource(id)),
            roles: found(search.role_ids.as_ref(), Role::of),
            status: search.status.clone(),
            account_status: search.account_status.clone(),
            membership_status: search.membership_status.clone(),
            is_managed: search.claim_status.as_ref().map(|claim| claim == "managed"),
            has_mfa: search.mfa_enabled,
        }
    }

    /// The only people who can match, where the search names them.
    pub(super) fn named(&self) -> Option<Vec<u32>> {
        let mut named = self.named.clone()?;
        named.sort_unstable();
        named.dedup();
        Some(named)
    }

    pub(super) fn matches(&self, organization: &Organization, person: &Person) -> bool {
        self.is_in_scope(person)
            && self.has_standing(person)
            && self.is_managed.is_none_or(|managed| person.is_managed() == managed)
            && self.has_mfa.is_none_or(|mfa| person.is_managed() && person.is(Traits::MFA) == mfa)
            && self
                .groups
                .as_ref()
                .is_none_or(|groups| groups.iter().any(|group| is_in_group(person, *group)))
            && self.holds_roles(organization, person)
            && self
                .domains
                .as_ref()
                .is_none_or(|domains| domains.contains(&organization.email_domain(person)))
            && self.has_term(organization, person)
    }

    /// Members of the directory; of all directories also managed accounts in none of them. Closed
    /// accounts have left the lists, and are told only to those who ask for them.
    fn is_in_scope(&self, person: &Person) -> bool {
        let is_in = |directory: usize| person.memberships[directory] != Membership::None;
        let asks_for_closed = self
            .account_status
            .as_ref()
            .is_some_and(|status| status.iter().any(|status| status == "closed"));
        if person.account_status() == "closed" && !asks_for_closed {
            return false;
        }
        let in_path = match self.directory {
            Some(directory) => is_in(directory),
            None => person.is_member() || person.is_managed(),
        };
        in_path
            && self
                .directories
                .as_ref()
                .is_none_or(|directories| directories.iter().any(|directory| is_in(*directory)))
    }

    fn has_standing(&self, person: &Person) -> bool {
        let named = |list: &Option<Vec<String>>, status: Option<&str>| {
            list.as_ref().is_none_or(|list| {
                status.is_some_and(|status| list.iter().any(|known| known == status))
            })
        };
        named(&self.status, person.status())
            && named(&self.account_status, Some(person.account_status()))
            && named(&self.membership_status, Some(person.membership_status()))
    }

    fn holds_roles(&self, organization: &Organization, person: &Person) -> bool {
        if self.resources.is_none() && self.roles.is_none() {
            return true;
        }
        if self.resources.is_none()
            && let Some(roles) = &self.roles
            && person.keeps_grants()
            && roles.iter().any(|role| person.platform.holds(*role))
        {
            return true;
        }
        organization.any_held(person, |held| {
            self.resources
                .as_ref()
                .is_none_or(|resources| resources.contains(&usize::from(held.resource)))
                && self.roles.as_ref().is_none_or(|roles| roles.contains(&held.role))
        })
    }

    fn has_term(&self, organization: &Organization, person: &Person) -> bool {
        let Some(term) = &self.term else { return true };
        person.name().to_lowercase().contains(term)
            || person.nickname().to_lowercase().contains(term)
            || organization.email(person).is_some_and(|email| email.contains(term))
    }
}

fn is_in_group(person: &Person, group: u32) -> bool {
    person.keeps_grants() && person.groups.binary_search(&group).is_ok()
}

fn found<T>(ids: Option<&Vec<String>>, find: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    ids.map(|ids| ids.iter().filter_map(|id| find(id)).collect())
}

/// What is told of a person's deletion, beside the row.
pub(super) fn deactivated_on(person: &Person) -> Option<Timestamp> {
    match person.state {
        super::person::AccountState::Deactivated { since }
        | super::person::AccountState::ForDeletion { since } => Some(since),
        _ => None,
    }
}
