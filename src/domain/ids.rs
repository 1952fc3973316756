use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as upstream spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// One connected organization and site with its credentials; ours, not Atlassian's.
    IntegrationId
}
id! {
    /// An Atlassian account id: opaque, 1 to 128 characters, may hold `:` (API.md, section 2).
    AccountId
}
id! {
    /// A group's bare id, without the ARI prefix that user search puts before it.
    GroupId
}
id! {
    /// A directory of an organization; centralised user management has one, the original kind one a site.
    DirectoryId
}
id! {
    /// The organization id of the admin console.
    OrganizationId
}
id! {
    /// A role id such as `atlassian/user` or `atlassian/org-admin`.
    RoleId
}
id! {
    /// One deletion that was asked for through this program; ours, not Atlassian's.
    DeletionId
}
id! {
    /// One run of many deletions; ours, not Atlassian's.
    BulkDeletionId
}
id! {
    /// One feed token; ours, not Atlassian's, and not the secret.
    FeedTokenId
}
id! {
    /// The ARI of a product instance, such as `ari:cloud:confluence::site/{cloudId}`.
    ResourceId
}

impl ResourceId {
    /// The owner in an ARI: `confluence` of `ari:cloud:confluence::site/…`; `None` where it is no ARI.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.0.strip_prefix("ari:cloud:")?.split(':').next().filter(|owner| !owner.is_empty())
    }

    /// The same instance with its product named as the list of products names it.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let Some(owner) = self.owner() else { return self.clone() };
        let key = super::product_key(owner);
        if key == owner { self.clone() } else { Self(self.0.replacen(owner, &key, 1).into()) }
    }

    /// Whether both name one product instance. Joins on the product and the instance, not on the whole ARI.
    #[must_use]
    pub fn is_same_product(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self.owner(), self.instance(), other.owner(), other.instance()) {
            (Some(mine), Some(here), Some(theirs), Some(there)) => {
                here == there && super::product_key(mine) == super::product_key(theirs)
            }
            _ => false,
        }
    }

    /// What follows the last slash: the cloud id of a site, the workspace id in Bitbucket.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(_, instance)| instance).filter(|id| !id.is_empty())
    }
}

impl GroupId {
    /// Takes the bare id out of `ari:cloud:identity::group/{id}`; a bare id stays as it is.
    #[must_use]
    pub fn from_ari(ari: &str) -> Self {
        Self::from(ari.rsplit_once('/').map_or(ari, |(_, id)| id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ari_tells_its_owner_and_instance() {
        let ari = ResourceId::from("ari:cloud:jira-software::site/0c9b-52");
        assert_eq!(ari.owner(), Some("jira-software"));
        assert_eq!(ari.instance(), Some("0c9b-52"));
        assert_eq!(ResourceId::from("nonsense").owner(), None);
    }

    #[test]
    fn the_umbrella_jira_names_the_sites_jira_software() {
        let umbrella = ResourceId::from("ari:cloud:jira::site/1");
        let software = ResourceId::from("ari:cloud:jira-software::site/1");
        assert_eq!(umbrella.canonical(), software);
        assert!(umbrella.is_same_product(&software));
        assert!(!umbrella.is_same_product(&ResourceId::from("ari:cloud:jira-software::site/2")));
        assert!(!umbrella.is_same_product(&ResourceId::from("ari:cloud:jira-servicedesk::site/1")));
    }

    #[test]
    fn a_group_ari_and_a_bare_group_id_are_the_same_group() {
        assert_eq!(GroupId::from_ari("ari:cloud:identity::group/83c6"), GroupId::from("83c6"));
        assert_eq!(GroupId::from_ari("83c6"), GroupId::from("83c6"));
    }
}
