use jiff::Timestamp;

use super::{AccountId, ResourceId, RoleId, UserGroup};

/// A person as an organization sees them (v2 `users/search`).
///
/// Everything but the account id may be missing upstream. `None` in an expandable member
/// (`platform_roles`, `resource_count`, `product_access`, `groups`) means that it was not asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The Atlassian account.
    pub account_id: AccountId,
    /// What kind of account; v2 lists people only.
    pub account_type: AccountType,
    /// The composite that the admin console shows.
    pub status: UserStatus,
    /// The account, everywhere at Atlassian.
    pub account_status: AccountStatus,
    /// The person inside this organization.
    pub membership_status: MembershipStatus,
    /// Whether the e-mail's domain is verified by the organization.
    pub claim_status: ClaimStatus,
    /// How a managed account came in.
    pub management_source: Option<ManagementSource>,
    /// The full name; falls back to the nickname, then to the account id, where upstream hides it.
    pub name: String,
    /// The public name.
    pub nickname: Option<String>,
    /// Hidden by the profile's privacy settings in many organizations.
    pub email: Option<String>,
    /// Whether the person proved to own the address.
    pub is_email_verified: Option<bool>,
    /// Two-step verification; told of managed accounts only.
    pub is_mfa_enabled: Option<bool>,
    /// When the person came into the organization.
    pub added_to_org_at: Option<Timestamp>,
    /// When the account was deactivated; told by the details call only.
    pub deactivated_at: Option<Timestamp>,
    /// Profile: job title.
    pub job_title: Option<String>,
    /// Profile: department.
    pub department: Option<String>,
    /// Profile: location.
    pub location: Option<String>,
    /// IANA time zone name.
    pub time_zone: Option<String>,
    /// Address of the avatar.
    pub avatar_url: Option<String>,
    /// Organization-level roles (`expand: platformRoles`).
    pub platform_roles: Option<Vec<RoleId>>,
    /// How many resources the person has access to (`expand: counts.resources`).
    pub resource_count: Option<u32>,
    /// Last activity a product instance (`expand: productAccess`), up to 24 hours late.
    pub product_access: Option<Vec<ProductAccess>>,
    /// Group memberships (`expand: groups`).
    pub groups: Option<Vec<UserGroup>>,
}

impl User {
    /// The latest activity over all products; `None` where there is none or none was asked for.
    #[must_use]
    pub fn last_active_at(&self) -> Option<Timestamp> {
        self.product_access.iter().flatten().filter_map(|access| access.last_active_at).max()
    }
}

/// One person's access to one product instance, and when it was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductAccess {
    /// The product instance.
    pub resource_id: ResourceId,
    /// The product key as this endpoint spells it (`jira-software`, `confluence`, …).
    pub key: String,
    /// `None`: may use it, never did.
    pub last_active_at: Option<Timestamp>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A value that this program does not know yet.
            Unknown,
        }

        impl $name {
            /// The value that upstream's word stands for; an unknown word is [`Self::Unknown`].
            #[must_use]
            pub fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    _ => Self::Unknown,
                }
            }

            /// Upstream's word, as its filters take it; `None` for [`Self::Unknown`].
            #[must_use]
            pub fn word(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($word),)+
                    Self::Unknown => None,
                }
            }
        }
    };
}

words! {
    /// What kind of account it is (API.md, section 3).
    AccountType {
        /// A person, or a service account.
        Person = "atlassian",
        /// A bot or an add-on.
        App = "app",
        /// A Jira Service Management portal customer.
        Customer = "customer",
    }
}
words! {
    /// The composite status of the admin console.
    UserStatus {
        /// Active account and member of a directory.
        Active = "active",
        /// Suspended in every directory that the key may see.
        Suspended = "suspended",
        /// A managed account in no directory.
        NotInvited = "not_invited",
        /// Deactivated by the organization that manages the account.
        Deactivated = "deactivated",
        /// In the 14 days of grace before deletion.
        ForDeletion = "for_deletion",
    }
}
words! {
    /// The Atlassian account, everywhere.
    AccountStatus {
        /// Usable.
        Active = "active",
        /// Deactivated, or waiting for its deletion.
        Inactive = "inactive",
        /// Deleted for good.
        Closed = "closed",
    }
}
words! {
    /// The person inside this organization.
    MembershipStatus {
        /// Member of at least one directory.
        Active = "active",
        /// Suspended in all directories that the key may see.
        Suspended = "suspended",
        /// In no directory.
        NoMembership = "no_membership",
    }
}
words! {
    /// Who may manage the account.
    ClaimStatus {
        /// The e-mail's domain is verified by the organization: it may delete the account.
        Managed = "managed",
        /// Somebody else's account: it can only be removed from here.
        Unmanaged = "unmanaged",
    }
}
words! {
    /// How a managed account came in.
    ManagementSource {
        /// Invited or signed up.
        Invited = "invited",
        /// From an identity provider.
        Synced = "synced",
    }
}
