use super::{DirectoryId, ResourceId, RoleId};

/// One role that a person holds on one resource, and how it was given (v2 user `role-assignments`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// What the role is for; a platform role names the organization or the site.
    pub resource_id: ResourceId,
    /// The owner alias of the resource, such as `confluence` or `platform`.
    pub resource_owner: String,
    /// `None` for platform roles.
    pub directory_id: Option<DirectoryId>,
    /// The role.
    pub role: RoleId,
    /// Every way in which it was given; empty where upstream tells only the deprecated `roles`.
    pub methods: Vec<AssignmentMethod>,
}

/// How a role was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AssignmentMethod {
    /// To the person.
    Direct,
    /// To a group that the person is in.
    Group,
    /// It follows from another role.
    Inferred,
    /// A way that this program does not know yet.
    Unknown,
}

impl AssignmentMethod {
    /// The method that upstream's word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "direct" => Self::Direct,
            "group_direct" => Self::Group,
            "inferred" => Self::Inferred,
            _ => Self::Unknown,
        }
    }
}

/// The roles that one group grants on one resource (v2 group `role-assignments`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRoles {
    /// What the roles are for.
    pub resource_id: ResourceId,
    /// The owner alias of the resource.
    pub resource_owner: String,
    /// The roles that each member gets.
    pub roles: Vec<RoleId>,
    /// Set where the group is a default access group: people who get the product come into it.
    pub default_role: Option<RoleId>,
}

/// What a role reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoleScope {
    /// The whole organization.
    Organization,
    /// One site.
    Site,
    /// One product instance.
    Product,
}

impl RoleId {
    /// Whether `expand: platformRoles` is the source that tells of this role (API.md, section 3).
    #[must_use]
    pub fn is_platform_role(&self) -> bool {
        matches!(
            self.as_str(),
            "atlassian/org-admin"
                | "atlassian/site-admin"
                | "atlassian/user-access-admin"
                | "atlassian/ai-access"
        )
    }

    /// What the role reaches, by its id.
    #[must_use]
    pub fn scope(&self) -> RoleScope {
        match self.as_str() {
            "atlassian/org-admin" | "atlassian/ai-access" => RoleScope::Organization,
            "atlassian/site-admin" | "atlassian/user-access-admin" => RoleScope::Site,
            _ => RoleScope::Product,
        }
    }

    /// The name that people read: `Organization admin` for `atlassian/org-admin`; an unknown id in plain words.
    #[must_use]
    pub fn display_name(&self) -> String {
        let known = match self.as_str() {
            "atlassian/user" => "User",
            "atlassian/admin" => "Product admin",
            "atlassian/guest" => "Guest",
            "atlassian/customer" => "Customer",
            "atlassian/contributor" => "Contributor",
            "atlassian/basic" => "Basic",
            "atlassian/stakeholder" => "Stakeholder",
            "atlassian/viewer" => "Viewer",
            "atlassian/user-access-admin" => "User access admin",
            "atlassian/site-admin" => "Site admin",
            "atlassian/org-admin" => "Organization admin",
            "atlassian/ai-access" => "AI access",
            other => return other.rsplit('/').next().unwrap_or(other).replace('-', " "),
        };
        known.to_owned()
    }
}

impl RoleId {
    /// The role ids that API.md, section 3 names.
    pub const KNOWN: [&'static str; 12] = [
        "atlassian/org-admin",
        "atlassian/site-admin",
        "atlassian/user-access-admin",
        "atlassian/ai-access",
        "atlassian/admin",
        "atlassian/user",
        "atlassian/guest",
        "atlassian/contributor",
        "atlassian/customer",
        "atlassian/basic",
        "atlassian/stakeholder",
        "atlassian/viewer",
    ];
}
