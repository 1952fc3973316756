//! What nested fields ask for, gathered over all rows and asked for together.
//!
//! A loader never fails as a whole: one account's trouble is one null field.

use std::{collections::HashMap, convert::Infallible, hash::Hash, sync::Arc};

use async_graphql::dataloader::Loader;

use super::{
    error::{ApiError, Result},
    request::Request,
};
use crate::{
    domain::{self, AccountId, Group, GroupId, IntegrationId, User},
    organizations::{self, Demand, Expand, HeldRole, Organization, Organizations, RoleHolder, Row},
};

/// Asks the organizations on behalf of one request.
pub(super) struct Loaders {
    organizations: Organizations,
    demand: Demand,
}

/// One person, with some members expanded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct UserKey {
    pub(super) integration: IntegrationId,
    pub(super) account: AccountId,
    pub(super) expand: Expand,
}

/// The people with one e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EmailKey {
    pub(super) integration: IntegrationId,
    /// In lower case.
    pub(super) email: String,
    pub(super) expand: Expand,
}

/// One group with its counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    pub(super) integration: IntegrationId,
    pub(super) group: GroupId,
}

/// The roles of one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RolesKey {
    pub(super) integration: IntegrationId,
    pub(super) holder: RoleHolder,
}

impl Loaders {
    pub(super) fn new(organizations: Organizations, demand: Demand) -> Self {
        Self { organizations, demand }
    }

    /// `None` where the integration was disconnected during the request.
    fn organization(&self, integration: &IntegrationId) -> Option<Organization> {
        let record = self.organizations.integrations().find(integration)?;
        Some(self.organizations.organization(&record, self.demand))
    }
}

type Loaded<K, V> = HashMap<K, organizations::Result<V>>;

/// Puts the keys that go into one question together.
fn gather<'a, K, G: Hash + Eq>(
    keys: &'a [K],
    group: impl Fn(&'a K) -> G,
) -> HashMap<G, Vec<&'a K>> {
    let mut groups: HashMap<G, Vec<&K>> = HashMap::new();
    for key in keys {
        groups.entry(group(key)).or_default().push(key);
    }
    groups
}

impl Loader<UserKey> for Loaders {
    type Value = organizations::Result<Option<Row<User>>>;
    type Error = Infallible;

    async fn load(
        &self,
        keys: &[UserKey],
    ) -> Result<Loaded<UserKey, Option<Row<User>>>, Infallible> {
        let batches = gather(keys, |key| &key.integration).into_iter().map(async |(id, keys)| {
            let Some(organization) = self.organization(id) else {
                return Vec::new();
            };
            // One question for all: what one field wants expanded comes for the others as well.
            let expand = keys.iter().fold(Expand::default(), |all, key| all.union(key.expand));
            let accounts: Vec<AccountId> = keys.iter().map(|key| key.account.clone()).collect();
            spread(&keys, organization.users_by_id(&accounts, expand).await)
        });
        Ok(futures_util::future::join_all(batches).await.into_iter().flatten().collect())
    }
}

impl Loader<EmailKey> for Loaders {
    type Value = organizations::Result<Vec<Row<User>>>;
    type Error = Infallible;

    async fn load(
        &self,
        keys: &[EmailKey],
    ) -> Result<Loaded<EmailKey, Vec<Row<User>>>, Infallible> {
        let batches = gather(keys, |key| &key.integration).into_iter().map(async |(id, keys)| {
            let Some(organization) = self.organization(id) else {
                return Vec::new();
            };
            let expand = keys.iter().fold(Expand::default(), |all, key| all.union(key.expand));
            let emails: Vec<String> = keys.iter().map(|key| key.email.clone()).collect();
            spread(&keys, organization.users_by_email(&emails, expand).await)
        });
        Ok(futures_util::future::join_all(batches).await.into_iter().flatten().collect())
    }
}

impl Loader<GroupKey> for Loaders {
    type Value = organizations::Result<Option<Arc<Group>>>;
    type Error = Infallible;

    async fn load(
        &self,
        keys: &[GroupKey],
    ) -> Result<Loaded<GroupKey, Option<Arc<Group>>>, Infallible> {
        let batches = gather(keys, |key| &key.integration).into_iter().map(async |(id, keys)| {
            let Some(organization) = self.organization(id) else {
                return Vec::new();
            };
            let groups: Vec<GroupId> = keys.iter().map(|key| key.group.clone()).collect();
            spread(&keys, organization.groups_by_id(&groups).await)
        });
        Ok(futures_util::future::join_all(batches).await.into_iter().flatten().collect())
    }
}

impl Loader<RolesKey> for Loaders {
    type Value = organizations::Result<Arc<Vec<HeldRole>>>;
    type Error = Infallible;

    async fn load(
        &self,
        keys: &[RolesKey],
    ) -> Result<Loaded<RolesKey, Arc<Vec<HeldRole>>>, Infallible> {
        let batches = gather(keys, |key| &key.integration).into_iter().map(async |(id, keys)| {
            let Some(organization) = self.organization(id) else {
                return Vec::new();
            };
            let holders: Vec<RoleHolder> = keys.iter().map(|key| key.holder.clone()).collect();
            let roles = organization.roles_of(&holders).await;
            let answers = roles.into_iter().map(|roles| roles.map(Arc::new));
            keys.into_iter().cloned().zip(answers).collect()
        });
        Ok(futures_util::future::join_all(batches).await.into_iter().flatten().collect())
    }
}

/// The answer of one question to each key that went into it, in their order; a failure to all of them.
fn spread<K: Clone, V>(
    keys: &[&K],
    answer: organizations::Result<Vec<V>>,
) -> Vec<(K, organizations::Result<V>)> {
    let keys = keys.iter().map(|key| (*key).clone());
    match answer {
        Ok(values) => keys.zip(values.into_iter().map(Ok)).collect(),
        Err(error) => keys.map(|key| (key, Err(error.clone()))).collect(),
    }
}

impl Request {
    /// One person by account id; `None` where the organization does not know the account.
    pub(super) async fn load(&self, key: UserKey) -> Result<Option<Row<User>>> {
        let integration = key.integration.clone();
        let row = loaded(self.loaders.load_one(key).await).transpose();
        let row = row.map_err(ApiError::of(&integration))?.flatten();
        if let Some(row) = &row {
            self.note(row.freshness);
        }
        Ok(row)
    }

    /// The people with an e-mail address.
    pub(super) async fn load_by_email(&self, key: EmailKey) -> Result<Vec<Row<User>>> {
        let integration = key.integration.clone();
        let rows = loaded(self.loaders.load_one(key).await).transpose();
        let rows = rows.map_err(ApiError::of(&integration))?.unwrap_or_default();
        for row in &rows {
            self.note(row.freshness);
        }
        Ok(rows)
    }

    /// One group with its counts.
    pub(super) async fn load_group(&self, key: GroupKey) -> Result<Option<Arc<Group>>> {
        let integration = key.integration.clone();
        let group = loaded(self.loaders.load_one(key).await).transpose();
        Ok(group.map_err(ApiError::of(&integration))?.flatten())
    }

    /// The roles of one person.
    pub(super) async fn load_roles(
        &self,
        integration: &IntegrationId,
        user: &domain::User,
    ) -> Result<Arc<Vec<HeldRole>>> {
        let key = RolesKey { integration: integration.clone(), holder: RoleHolder::of(user) };
        let roles = loaded(self.loaders.load_one(key).await).transpose();
        Ok(roles.map_err(ApiError::of(integration))?.unwrap_or_default())
    }
}

fn loaded<T>(answer: Result<Option<T>, Infallible>) -> Option<T> {
    match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
