use async_graphql::{Context, Guard};

use super::{error::ApiError, request::Request};
use crate::auth::Permission;

/// Refuses a field to callers who have none of these permissions.
pub(super) struct Needs(pub(super) &'static [Permission]);

/// Reading people, groups, roles and products.
pub(super) const DIRECTORY: Needs = Needs(&[Permission::ReadDirectory]);
/// Reading audit events.
pub(super) const ACTIVITY: Needs = Needs(&[Permission::ReadActivity]);
/// Reading seats and cost.
pub(super) const LICENSES: Needs = Needs(&[Permission::ReadLicenses]);
/// Connecting and disconnecting organizations.
pub(super) const INTEGRATIONS: Needs = Needs(&[Permission::ManageIntegrations]);
/// Seeing what is connected.
pub(super) const CONNECTED: Needs = Needs(&[
    Permission::ReadDirectory,
    Permission::ReadActivity,
    Permission::ReadLicenses,
    Permission::ManageIntegrations,
]);

impl Guard for Needs {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let caller = &Request::of(ctx).caller;
        match self.0 {
            wanted if wanted.iter().any(|permission| caller.may(*permission)) => Ok(()),
            [first, ..] => Err(ApiError::Forbidden(*first).into()),
            [] => Ok(()),
        }
    }
}
