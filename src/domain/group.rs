use super::{DirectoryId, GroupId};

/// A group of an organization's directory (v2 `groups/search`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The bare id.
    pub id: GroupId,
    /// The name; the id where upstream hides it.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// The directory that holds it.
    pub directory_id: Option<DirectoryId>,
    /// Who owns it: `admins`, `external`, `team-members`, `open`.
    pub managed_by: Option<String>,
    /// Whether an identity provider keeps its members.
    pub is_externally_synced: Option<bool>,
    /// Whether the Organization API may change it.
    pub is_modifiable: Option<bool>,
    /// Number of members (`expand: counts.users`).
    pub user_count: Option<u64>,
    /// Number of resources it grants (`expand: counts.resources`).
    pub resource_count: Option<u64>,
}

/// A group as it stands in a person's row (`expand: groups`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserGroup {
    /// The bare id.
    pub id: GroupId,
    /// May be missing upstream.
    pub name: Option<String>,
    /// May be missing upstream.
    pub description: Option<String>,
}
