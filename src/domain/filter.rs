use super::{AccountStatus, ClaimStatus, GroupId, MembershipStatus, RoleId, UserStatus};

/// Which people are wanted. Members are joined by "and", the values of one member by "or".
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserFilter {
    /// Part of a name or an e-mail address.
    pub search: Option<String>,
    /// Whole e-mail addresses.
    pub emails: Option<Vec<String>>,
    /// E-mail domains.
    pub email_domains: Option<Vec<String>>,
    /// Account ids.
    pub account_ids: Option<Vec<String>>,
    /// Composite status.
    pub status: Option<Vec<UserStatus>>,
    /// Status of the account.
    pub account_status: Option<Vec<AccountStatus>>,
    /// Status inside the organization.
    pub membership_status: Option<Vec<MembershipStatus>>,
    /// Managed or not.
    pub claim_status: Option<ClaimStatus>,
    /// Two-step verification, managed accounts only.
    pub is_mfa_enabled: Option<bool>,
    /// Member of one of these groups.
    pub groups: Option<Vec<GroupId>>,
    /// Holds one of these roles.
    pub roles: Option<Vec<RoleId>>,
    /// Has a role on an instance of one of these products, by product key.
    pub products: Option<Vec<String>>,
    /// No activity in any product for this many days, or never. Upstream has no such filter.
    pub inactive_for_days: Option<u32>,
}

/// The order of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserOrder {
    /// What to order by.
    pub field: UserOrderField,
    /// Which way.
    pub direction: OrderDirection,
}

/// What people can be ordered by. Upstream itself orders by nickname only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserOrderField {
    /// The public name; upstream's `nick_name`.
    Name,
    /// The e-mail address; people whose address is hidden come last.
    Email,
    /// The latest activity; people who never used anything count as earliest.
    LastActiveAt,
    /// When they came into the organization.
    AddedToOrgAt,
}

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderDirection {
    /// Smallest or earliest first.
    Asc,
    /// Greatest or latest first.
    Desc,
}

/// Which groups are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GroupFilter {
    /// Part of a name.
    pub search: Option<String>,
    /// Whole names, in any case.
    pub names: Option<Vec<String>>,
    /// Group ids.
    pub ids: Option<Vec<GroupId>>,
    /// Grants a role on an instance of one of these products, by product key.
    pub products: Option<Vec<String>>,
    /// Grants one of these roles.
    pub roles: Option<Vec<RoleId>>,
}
