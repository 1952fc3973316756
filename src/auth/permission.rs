use std::fmt;

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Something that a caller may do. Reading covers what the role of the same name shows in Atlassian's console.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
pub enum Permission {
    /// See people, groups, roles and products.
    #[strum(to_string = "directory:read", serialize = "READ_DIRECTORY")]
    ReadDirectory,
    /// See when people were last active, and the audit events of the organization.
    #[strum(to_string = "activity:read", serialize = "READ_ACTIVITY")]
    ReadActivity,
    /// See seats and cost.
    #[strum(to_string = "licenses:read", serialize = "READ_LICENSES")]
    ReadLicenses,
    /// See the gateway's own record of changes.
    #[strum(to_string = "audit:read", serialize = "READ_AUDIT")]
    ReadAudit,
    /// Delete accounts, and cancel deletions.
    #[strum(to_string = "users:delete", serialize = "DELETE_USERS")]
    DeleteUsers,
    /// Suspend, restore, deactivate and reactivate people.
    #[strum(to_string = "users:manage", serialize = "MANAGE_USERS")]
    ManageUsers,
    /// Connect, change and disconnect organizations.
    #[strum(to_string = "integrations:manage", serialize = "MANAGE_INTEGRATIONS")]
    ManageIntegrations,
}

impl Permission {
    /// Every permission, in the schema's order.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word that a token says it with, such as `directory:read`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The permission of a token's word, which may also be the schema's name (`READ_DIRECTORY`).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// Whether GraphQL shows names or e-mail addresses of people to whoever has it: in the directory, or as those who did or
    /// asked for something. Figures of licences name nobody. The address of an integration's own key needs no permission at all, so that
    /// it does not count.
    #[must_use]
    pub fn shows_people(self) -> bool {
        self != Self::ReadLicenses
    }
}

/// A set of permissions; as small as a number, so that it can be part of a cache's key.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u8);

impl PermissionSet {
    /// Every permission.
    #[must_use]
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether the permission is in the set.
    #[must_use]
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions, in the schema's order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    fn bit(permission: Permission) -> u8 {
        1 << permission as u8
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | Self::bit(permission)))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::word)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_known_by_its_word_and_by_the_schemas_name() {
        let names = [
            ("directory:read", "READ_DIRECTORY"),
            ("activity:read", "READ_ACTIVITY"),
            ("licenses:read", "READ_LICENSES"),
            ("audit:read", "READ_AUDIT"),
            ("users:delete", "DELETE_USERS"),
            ("users:manage", "MANAGE_USERS"),
            ("integrations:manage", "MANAGE_INTEGRATIONS"),
        ];
        assert_eq!(names.len(), Permission::ALL.len());
        for ((word, name), permission) in names.into_iter().zip(Permission::ALL) {
            assert_eq!(permission.word(), word);
            assert_eq!(Permission::from_word(word), Some(*permission));
            assert_eq!(Permission::from_word(name), Some(*permission));
        }
    }

    #[test]
    fn other_words_are_no_permission() {
        for word in ["", "admin", "*", "DIRECTORY:READ", "read_directory", "directory:read "] {
            assert_eq!(Permission::from_word(word), None, "{word:?}");
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set = PermissionSet::from_iter([Permission::DeleteUsers, Permission::ReadDirectory]);
        let held: Vec<_> = set.iter().collect();
        assert_eq!(held, [Permission::ReadDirectory, Permission::DeleteUsers]);
        assert!(!set.contains(Permission::ManageUsers));
        assert_eq!(PermissionSet::all().iter().count(), Permission::ALL.len());
        assert!(PermissionSet::default().is_empty());
    }
}
