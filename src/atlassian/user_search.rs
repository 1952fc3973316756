use serde::Serialize;

use super::error::{Error, ErrorKind, Result};
use crate::domain::{
    AccountId, AccountStatus, ClaimStatus, DirectoryId, GroupId, MembershipStatus, OrderDirection,
    ResourceId, RoleId, UserStatus,
};

/// Which people to find (v2 `users/search`). Members are joined by "and", the values of one member by "or".
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserSearch {
    /// The directory that is searched, whose groups and product access are told; all of them (`-`) without.
    pub directory: Option<DirectoryId>,
    /// People a page, 1 to [`MAX_PAGE`](super::users::MAX_PAGE); upstream's default is 50.
    pub limit: Option<u16>,
    /// Where to go on; all other members must be those of the page before.
    pub cursor: Option<String>,
    /// What rows hold beside the person.
    pub expand: Expand,
    /// At most [`MAX_ACCOUNT_IDS`](super::users::MAX_ACCOUNT_IDS).
    pub account_ids: Vec<AccountId>,
    /// Whole addresses, at most [`MAX_EMAILS`](super::users::MAX_EMAILS); not together with `search_term`.
    pub emails: Vec<String>,
    /// Part of a name or an e-mail address.
    pub search_term: Option<String>,
    /// At most [`MAX_EMAIL_DOMAINS`](super::users::MAX_EMAIL_DOMAINS).
    pub email_domains: Vec<String>,
    /// At most [`MAX_DIRECTORY_IDS`](super::users::MAX_DIRECTORY_IDS).
    pub directory_ids: Vec<DirectoryId>,
    /// At most [`MAX_GROUP_IDS`](super::users::MAX_GROUP_IDS).
    pub group_ids: Vec<GroupId>,
    /// At most [`MAX_RESOURCE_IDS`](super::users::MAX_RESOURCE_IDS).
    pub resource_ids: Vec<ResourceId>,
    /// At most [`MAX_ROLE_IDS`](super::users::MAX_ROLE_IDS).
    pub role_ids: Vec<RoleId>,
    /// At most [`MAX_STATUS`](super::users::MAX_STATUS).
    pub status: Vec<UserStatus>,
    /// Status of the account.
    pub account_status: Vec<AccountStatus>,
    /// Status inside the organization.
    pub membership_status: Vec<MembershipStatus>,
    /// Managed or not.
    pub claim_status: Option<ClaimStatus>,
    /// Two-step verification; managed accounts only.
    pub mfa_enabled: Option<bool>,
    /// The only order that upstream has.
    pub sort_by_nickname: Option<OrderDirection>,
}

/// What rows hold beside the person; each makes the answer larger, none costs a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "a set of four independent wishes")]
pub struct Expand {
    /// Organization-level roles.
    pub platform_roles: bool,
    /// How many resources the person has access to.
    pub resource_count: bool,
    /// Last activity a product instance.
    pub product_access: bool,
    /// Group memberships.
    pub groups: bool,
}

impl Expand {
    /// Everything that there is.
    pub const ALL: Self =
        Self { platform_roles: true, resource_count: true, product_access: true, groups: true };

    /// What either wants.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            platform_roles: self.platform_roles || other.platform_roles,
            resource_count: self.resource_count || other.resource_count,
            product_access: self.product_access || other.product_access,
            groups: self.groups || other.groups,
        }
    }

    /// Whether rows with this hold everything that rows with the other hold.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.union(other) == self
    }

    pub(super) fn words(self) -> Vec<&'static str> {
        [
            (self.platform_roles, "platformRoles"),
            (self.resource_count, "counts.resources"),
            (self.product_access, "productAccess"),
            (self.groups, "groups"),
        ]
        .into_iter()
        .filter_map(|(is_wanted, word)| is_wanted.then_some(word))
        .collect()
    }
}

/// The body of `users/search`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUserSearch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expand: Vec<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    account_ids: &'a [AccountId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    emails: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    search_term: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    email_domains: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    directory_ids: &'a [DirectoryId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    group_ids: &'a [GroupId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    resource_ids: &'a [ResourceId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    role_ids: &'a [RoleId],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    account_status: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    membership_status: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mfa_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_by: Option<[WireSort; 1]>,
}

/// One order of a search.
#[derive(Debug, Serialize)]
pub(super) struct WireSort {
    field: &'static str,
    direction: &'static str,
}

impl WireSort {
    pub(super) fn by(field: &'static str, direction: OrderDirection) -> [Self; 1] {
        let direction = match direction {
            OrderDirection::Asc => "asc",
            OrderDirection::Desc => "desc",
        };
        [Self { field, direction }]
    }
}

impl UserSearch {
    /// The search as a body.
    ///
    /// # Errors
    /// `BadRequest` where it filters by a value that only stands for unknown ones: upstream could not be asked, and to
    /// leave the filter out would find everybody.
    pub(super) fn body(&self, operation: &'static str) -> Result<WireUserSearch<'_>> {
        Ok(WireUserSearch {
            limit: self.limit,
            cursor: self.cursor.as_deref(),
            expand: self.expand.words(),
            account_ids: &self.account_ids,
            emails: &self.emails,
            search_term: self.search_term.as_deref(),
            email_domains: &self.email_domains,
            directory_ids: &self.directory_ids,
            group_ids: &self.group_ids,
            resource_ids: &self.resource_ids,
            role_ids: &self.role_ids,
            status: words(operation, self.status.iter().map(|value| value.word()))?,
            account_status: words(operation, self.account_status.iter().map(|value| value.word()))?,
            membership_status: words(
                operation,
                self.membership_status.iter().map(|value| value.word()),
            )?,
            claim_status: words(operation, self.claim_status.iter().map(|value| value.word()))?
                .pop(),
            mfa_enabled: self.mfa_enabled,
            sort_by: self.sort_by_nickname.map(|direction| WireSort::by("nick_name", direction)),
        })
    }

    /// The filters as members of a query, without limit, cursor, order and expand.
    ///
    /// # Errors
    /// `BadRequest` as in [`Self::body`], and for `emails`, which no query takes.
    pub(super) fn query(&self, operation: &'static str) -> Result<Vec<(&'static str, String)>> {
        if !self.emails.is_empty() {
            return Err(Error::new(ErrorKind::BadRequest, operation));
        }
        let body = self.body(operation)?;
        let mut query = Vec::new();
        let mut add = |name, values: &mut dyn Iterator<Item = &str>| {
            query.extend(values.map(|value| (name, value.to_owned())));
        };
        add("accountIds", &mut body.account_ids.iter().map(AccountId::as_str));
        add("searchTerm", &mut body.search_term.into_iter());
        add("emailDomains", &mut body.email_domains.iter().map(String::as_str));
        add("directoryIds", &mut body.directory_ids.iter().map(DirectoryId::as_str));
        add("groupIds", &mut body.group_ids.iter().map(GroupId::as_str));
        add("resourceIds", &mut body.resource_ids.iter().map(ResourceId::as_str));
        add("roleIds", &mut body.role_ids.iter().map(RoleId::as_str));
        add("status", &mut body.status.iter().copied());
        add("accountStatus", &mut body.account_status.iter().copied());
        add("membershipStatus", &mut body.membership_status.iter().copied());
        add("claimStatus", &mut body.claim_status.into_iter());
        let mfa = body.mfa_enabled.map(|is_enabled| is_enabled.to_string());
        add("mfaEnabled", &mut mfa.iter().map(String::as_str));
        Ok(query)
    }
}

fn words(
    operation: &'static str,
    words: impl Iterator<Item = Option<&'static str>>,
) -> Result<Vec<&'static str>> {
    words.collect::<Option<_>>().ok_or_else(|| Error::new(ErrorKind::BadRequest, operation))
}
