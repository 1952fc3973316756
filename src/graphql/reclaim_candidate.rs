use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{
    error::Result,
    integration::Integration,
    license_totals::ReclaimReason,
    request::Request,
    role::{Holder, RoleAssignment},
    scalars::DateTime,
    user::User,
};
use crate::{
    domain::{self, AssignmentMethod},
    licenses::uses_seat,
    organizations::{Candidate, HeldRole, Row, Seats},
};

/// Somebody whose seat can be taken back.
#[derive(Clone)]
pub struct ReclaimCandidate {
    pub(super) integration: Integration,
    pub(super) found: Arc<Candidate>,
    pub(super) resource: domain::ResourceId,
    pub(super) seats: Arc<Seats>,
    pub(super) freshness: domain::Freshness,
}

/// Somebody whose seat of one product can be taken back, why, and what frees it.
#[Object]
impl ReclaimCandidate {
    /// The person.
    async fn user(&self) -> User {
        person(&self.integration, &self.found.user, self.freshness)
    }

    /// When they last used the product, up to 24 hours late; null: never.
    async fn last_active_at(&self) -> Option<DateTime> {
        self.found.last_active_at.map(DateTime)
    }

    /// Why the seat is idle, in a sentence.
    async fn reason(&self) -> &str {
        &self.found.sentence
    }

    /// Why, as a word.
    async fn reason_code(&self) -> ReclaimReason {
        self.found.reason.into()
    }

    /// The roles that take the seat, each with the groups that grant it: whether a group is a default or a synced one
    /// stands at the group. Known from what was read already; where no group explains the seat, one upstream call a person.
    async fn granted_by(&self, ctx: &Context<'_>) -> Result<Option<Vec<RoleAssignment>>> {
        let held: Vec<HeldRole> = if self.found.groups.is_empty() {
            let id = self.integration.integration_id();
            let roles = Request::of(ctx).load_roles(id, &self.found.user).await?;
            let is_here = |held: &&HeldRole| {
                uses_seat(&held.role)
                    && held
                        .resource_id
                        .as_ref()
                        .is_some_and(|of| of.is_same_product(&self.resource))
            };
            roles.iter().filter(is_here).cloned().collect()
        } else {
            let roles = self.seats.seat_roles(&self.resource, &self.found).into_iter();
            let held = |role| HeldRole {
                resource_id: Some(self.resource.clone()),
                role,
                origin: AssignmentMethod::Group,
            };
            roles.map(held).collect()
        };
        let assignment = |held| {
            let holder = Holder::User(Arc::clone(&self.found.user));
            RoleAssignment::new(self.integration.clone(), holder, held)
        };
        Ok(Some(held.into_iter().map(assignment).collect()))
    }

    /// The smallest change that frees the seat, in a sentence. What it does not know of: a role that was given to the
    /// person besides that of a group; `grantedBy` of few people, or `User.roles`, tells that.
    async fn remedy(&self) -> &str {
        &self.found.remedy
    }
}

/// A person of a reading.
pub(super) fn person(
    integration: &Integration,
    user: &Arc<domain::User>,
    freshness: domain::Freshness,
) -> User {
    User::new(integration, &Row { item: Arc::clone(user), freshness, next: None })
}
