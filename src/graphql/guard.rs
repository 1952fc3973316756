use async_graphql::{Context, Guard};

use super::{
    error::{ApiError, Result},
    request::Request,
};
use crate::auth::{Caller, Permission};

/// Refuses a field to callers who have none of these permissions.
pub(super) struct Needs(pub(super) &'static [Permission]);

/// Reading people, groups, roles and products.
pub(super) const DIRECTORY: Needs = Needs(&[Permission::ReadDirectory]);
/// Reading audit events.
pub(super) const ACTIVITY: Needs = Needs(&[Permission::ReadActivity]);
/// Reading seats and cost.
pub(super) const LICENSES: Needs = Needs(&[Permission::ReadLicenses]);
/// Reading the record of changes.
pub(super) const AUDIT: Needs = Needs(&[Permission::ReadAudit]);
/// Connecting and disconnecting organizations.
pub(super) const INTEGRATIONS: Needs = Needs(&[Permission::ManageIntegrations]);
/// Seeing what is connected.
pub(super) const CONNECTED: Needs = Needs(&[
    Permission::ReadDirectory,
    Permission::ReadActivity,
    Permission::ReadLicenses,
    Permission::ReadAudit,
    Permission::ManageIntegrations,
]);
/// Having what is connected read anew.
pub(super) const REFRESH: Needs = Needs(&[
    Permission::ReadDirectory,
    Permission::ReadActivity,
    Permission::ReadLicenses,
    Permission::ManageIntegrations,
]);

impl Needs {
    /// The same where a guard would come too early: a refused change stands in the record first.
    pub(super) fn met_by(&self, caller: &Caller) -> Result<()> {
        match self.0 {
            wanted if wanted.iter().any(|permission| caller.may(*permission)) => Ok(()),
            [first, ..] => Err(ApiError::Forbidden(*first)),
            [] => Ok(()),
        }
    }
}

impl Guard for Needs {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        Ok(self.met_by(&Request::of(ctx).caller)?)
    }
}
