//! The roles of Atlassian's access management, by the ids that its documents list.

use strum::{EnumIter, EnumString, IntoStaticStr};

/// A role as role assignments and filters name it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, EnumString, IntoStaticStr,
)]
pub(super) enum Role {
    #[strum(serialize = "atlassian/user")]
    User,
    #[strum(serialize = "atlassian/admin")]
    Admin,
    #[strum(serialize = "atlassian/guest")]
    Guest,
    #[strum(serialize = "atlassian/customer")]
    Customer,
    #[strum(serialize = "atlassian/contributor")]
    Contributor,
    #[strum(serialize = "atlassian/basic")]
    Basic,
    #[strum(serialize = "atlassian/stakeholder")]
    Stakeholder,
    #[strum(serialize = "atlassian/user-access-admin")]
    UserAccessAdmin,
    #[strum(serialize = "atlassian/site-admin")]
    SiteAdmin,
    #[strum(serialize = "atlassian/org-admin")]
    OrgAdmin,
    #[strum(serialize = "atlassian/ai-access")]
    AiAccess,
    /// Only in the assign calls, never in a filter.
    #[strum(serialize = "atlassian/viewer")]
    Viewer,
}

impl Role {
    /// The id that the API uses.
    pub(super) fn id(self) -> &'static str {
        self.into()
    }

    /// The role of this id, if there is one.
    pub(super) fn of(id: &str) -> Option<Self> {
        id.parse().ok()
    }

    /// Whether a person who holds it on a product is counted against that product's seats.
    pub(super) fn uses_seat(self) -> bool {
        matches!(self, Self::User | Self::Admin)
    }

    /// Whether it belongs to the organization or a site, not to a product.
    pub(super) fn is_platform(self) -> bool {
        matches!(self, Self::OrgAdmin | Self::SiteAdmin | Self::UserAccessAdmin | Self::AiAccess)
    }
}

/// How a person came by a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
pub(super) enum Method {
    #[strum(serialize = "direct")]
    Direct,
    #[strum(serialize = "group_direct")]
    Group,
    #[strum(serialize = "inferred")]
    Inferred,
}

/// The platform roles of one person, one bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct PlatformRoles(u8);

impl PlatformRoles {
    /// In the order in which answers list them.
    const ALL: [Role; 4] = [Role::OrgAdmin, Role::SiteAdmin, Role::UserAccessAdmin, Role::AiAccess];

    fn bit(role: Role) -> u8 {
        Self::ALL.iter().position(|known| *known == role).map_or(0, |place| 1 << place)
    }

    pub(super) fn holds(self, role: Role) -> bool {
        self.0 & Self::bit(role) != 0
    }

    /// Gives or takes the role; one that is not a platform role changes nothing.
    pub(super) fn set(&mut self, role: Role, held: bool) {
        if held {
            self.0 |= Self::bit(role);
        } else {
            self.0 &= !Self::bit(role);
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Role> {
        Self::ALL.into_iter().filter(move |role| self.holds(*role))
    }
}
