//! One Atlassian account as an organization knows it, kept small: names, towns and domains are
//! places in tables, so that a hundred thousand people fit in a few dozen megabytes.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::role::{Method, PlatformRoles, Role};

/// The three shapes in which account ids are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AccountId {
    /// 24 hexadecimal characters: accounts from before 2017 or so.
    Hex([u8; 12]),
    /// `557058:{uuid}`
    Older(Uuid),
    /// `712020:{uuid}`
    Newer(Uuid),
}

impl AccountId {
    /// Reads an id as a path or a body holds it; `None` for anything that no account could have.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some((prefix, rest)) = text.split_once(':') {
            let uuid = Uuid::try_parse(rest).ok()?;
            return match prefix {
                "557058" => Some(Self::Older(uuid)),
                "712020" => Some(Self::Newer(uuid)),
                _ => None,
            };
        }
        let bytes = text.as_bytes();
        if bytes.len() != 24 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut id = [0; 12];
        for (place, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
        }
        Some(Self::Hex(id))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hex(bytes) => bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}")),
            Self::Older(uuid) => write!(formatter, "557058:{uuid}"),
            Self::Newer(uuid) => write!(formatter, "712020:{uuid}"),
        }
    }
}

/// Where the account stands at Atlassian, in every organization alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountState {
    Active,
    Deactivated {
        since: Timestamp,
    },
    /// Waits out its fourteen days.
    ForDeletion {
        since: Timestamp,
    },
    Closed,
}

/// Where the person stands in one directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    None,
    Active,
    Suspended,
}

/// Facts of a person that are either so or not.
#[derive(Clone, Copy, Default)]
pub(super) struct Traits(u16);

impl Traits {
    pub(super) const MANAGED: u16 = 1;
    pub(super) const EMAIL_VERIFIED: u16 = 1 << 1;
    pub(super) const MFA: u16 = 1 << 2;
    pub(super) const EMAIL_HIDDEN: u16 = 1 << 3;
    /// The identity provider owns the account over SCIM.
    pub(super) const SCIM: u16 = 1 << 4;
    /// Google Workspace owns the account.
    pub(super) const GOOGLE: u16 = 1 << 5;
    pub(super) const BILLING_CONTACT: u16 = 1 << 6;
    pub(super) const OWN_NICKNAME: u16 = 1 << 7;
    /// Profile fields were never filled in.
    pub(super) const SPARSE: u16 = 1 << 8;
    pub(super) const SERVICE_ACCOUNT: u16 = 1 << 9;
    /// Came in by invitation, where neither SCIM nor Google did it.
    pub(super) const INVITED: u16 = 1 << 10;
    /// Guard counts the account.
    pub(super) const GUARD_BILLABLE: u16 = 1 << 11;

    pub(super) fn has(self, fact: u16) -> bool {
        self.0 & fact != 0
    }

    pub(super) fn set(&mut self, fact: u16, so: bool) {
        if so {
            self.0 |= fact;
        } else {
            self.0 &= !fact;
        }
    }
}

/// A role given to the person, not to one of the person's groups.
#[derive(Clone, Copy)]
pub(super) struct DirectRole {
    pub(super) resource: u16,
    pub(super) role: Role,
    pub(super) method: Method,
}

/// When the person was last seen in one product.
#[derive(Clone, Copy)]
pub(super) struct Visit {
    pub(super) resource: u16,
    pub(super) at: Timestamp,
}

/// What was written over the generated profile.
#[derive(Clone, Default)]
pub(super) struct Corrections {
    pub(super) name: Option<String>,
    pub(super) nickname: Option<String>,
    pub(super) email: Option<String>,
    pub(super) job_title: Option<String>,
    pub(super) department: Option<String>,
    pub(super) organization: Option<String>,
    pub(super) location: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) locale: Option<String>,
}

/// The most directories that a simulated organization has.
pub(super) const DIRECTORIES: usize = 2;

/// One account. Everything that reads like text is looked up by the organization that holds it.
pub(super) struct Person {
    pub(super) account: AccountId,
    pub(super) given: u16,
    pub(super) family: u16,
    /// Tells namesakes of one domain apart in the address; 0 for the first of them.
    pub(super) number: u16,
    pub(super) domain: u8,
    pub(super) job: u8,
    pub(super) town: u8,
    pub(super) traits: Traits,
    pub(super) platform: PlatformRoles,
    pub(super) state: AccountState,
    pub(super) memberships: [Membership; DIRECTORIES],
    pub(super) added: Option<Timestamp>,
    pub(super) groups: Vec<u32>,
    pub(super) direct: Vec<DirectRole>,
    pub(super) visits: Vec<Visit>,
    pub(super) corrections: Option<Box<Corrections>>,
}

impl Person {
    pub(super) fn is(&self, fact: u16) -> bool {
        self.traits.has(fact)
    }

    pub(super) fn is_managed(&self) -> bool {
        self.is(Traits::MANAGED)
    }

    /// Whether access is granted at all: neither deactivated nor on the way out.
    pub(super) fn is_account_active(&self) -> bool {
        self.state == AccountState::Active
    }

    /// Whether roles and groups are still told: not once deletion has begun.
    pub(super) fn keeps_grants(&self) -> bool {
        matches!(self.state, AccountState::Active | AccountState::Deactivated { .. })
    }

    pub(super) fn is_member(&self) -> bool {
        self.memberships.iter().any(|membership| *membership != Membership::None)
    }

    pub(super) fn account_status(&self) -> &'static str {
        match self.state {
            AccountState::Active => "active",
            AccountState::Deactivated { .. } | AccountState::ForDeletion { .. } => "inactive",
            AccountState::Closed => "closed",
        }
    }

    /// Over all directories: suspended only where every membership is.
    pub(super) fn membership_status(&self) -> &'static str {
        let any = |wanted| self.memberships.contains(&wanted);
        if any(Membership::Active) {
            "active"
        } else if any(Membership::Suspended) {
            "suspended"
        } else {
            "no_membership"
        }
    }

    /// The composite that the console shows; a closed account has none.
    pub(super) fn status(&self) -> Option<&'static str> {
        match self.state {
            AccountState::Closed => None,
            AccountState::ForDeletion { .. } => Some("for_deletion"),
            AccountState::Deactivated { .. } => Some("deactivated"),
            AccountState::Active => Some(match self.membership_status() {
                "active" => "active",
                "suspended" => "suspended",
                _ => "not_invited",
            }),
        }
    }

    pub(super) fn claim_status(&self) -> &'static str {
        if self.is_managed() { "managed" } else { "unmanaged" }
    }

    pub(super) fn management_source(&self) -> Option<&'static str> {
        if self.is(Traits::SCIM) || self.is(Traits::GOOGLE) {
            Some("synced")
        } else if self.is(Traits::INVITED) {
            Some("invited")
        } else {
            None
        }
    }

    /// Who outside Atlassian owns the account, as a reason key of the User management API.
    pub(super) fn external_owner(&self) -> Option<&'static str> {
        if self.is(Traits::SCIM) {
            Some("externalDirectory.scim")
        } else if self.is(Traits::GOOGLE) {
            Some("externalDirectory.google")
        } else {
            None
        }
    }

    /// The profile's corrections, made when first written.
    pub(super) fn corrections_mut(&mut self) -> &mut Corrections {
        self.corrections.get_or_insert_default()
    }
}
