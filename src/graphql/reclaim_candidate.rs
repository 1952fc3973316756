use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{
    error::{ApiError, Result},
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
    organizations::{Candidate, HeldRole, RoleHolder, Row, Seats},
};

/// Somebody whose seat can be taken back.
#[derive(Clone)]
pub struct ReclaimCandidate {
    pub(super) integration: Integration,
    pub(super) found: Arc<Candidate>,
    pub(super) resource: domain::ResourceId,
    pub(super) seats: Arc<Seats>,
    pub(super) freshness: domain::Freshness,
    /// Whether its page is so small that each person's roles are asked for.
    pub(super) is_among_few: bool,
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
    /// stands at the group. In a page of up to three people, and where no group explains the seat, everything that Atlassian
    /// tells, at one upstream call a person; a role that was given in two ways stands twice. In longer pages those of the
    /// groups alone, which cost no call: a role that was given to the person as well is not looked for.
    async fn granted_by(&self, ctx: &Context<'_>) -> Result<Option<Vec<RoleAssignment>>> {
        let held = if self.is_among_few {
            self.exact_roles().await?
        } else if self.found.groups.is_empty() {
            let id = self.integration.integration_id();
            self.seat_roles(&Request::of(ctx).load_roles(id, &self.found.user).await?)
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

    /// The smallest change that frees the seat, in a sentence or two. In a page of up to three people it names a role that was
    /// given to the person besides that of a group, for the call of `grantedBy`; in longer pages it says that there may be one.
    async fn remedy(&self) -> String {
        let roles = if self.is_among_few { self.exact_roles().await.ok() } else { None };
        let is_certain = |roles: &Vec<HeldRole>| {
            let is_told = |held: &HeldRole| {
                matches!(held.origin, AssignmentMethod::Direct | AssignmentMethod::Group)
            };
            !roles.is_empty() && roles.iter().all(is_told)
        };
        match roles.filter(is_certain) {
            Some(roles) => {
                let is_direct = roles.iter().any(|held| held.origin == AssignmentMethod::Direct);
                self.found.remedy_with(is_direct)
            }
            None => self.found.remedy.clone(),
        }
    }
}

impl ReclaimCandidate {
    /// One upstream call, kept and shared.
    async fn exact_roles(&self) -> Result<Vec<HeldRole>> {
        let holder = [RoleHolder::of(&self.found.user)];
        let mut roles = self.integration.organization.roles_of(&holder).await;
        let roles = roles.pop().unwrap_or_else(|| Ok(Vec::new()));
        let id = self.integration.integration_id();
        Ok(self.seat_roles(&roles.map_err(ApiError::of(id))?))
    }

    /// Of somebody's roles those that take this seat, each once however its product is spelled.
    fn seat_roles(&self, roles: &[HeldRole]) -> Vec<HeldRole> {
        let is_here = |held: &&HeldRole| {
            let of = held.resource_id.as_ref();
            uses_seat(&held.role) && of.is_some_and(|of| of.is_same_product(&self.resource))
        };
        let spelled =
            |held: &HeldRole| HeldRole { resource_id: Some(self.resource.clone()), ..held.clone() };
        let mut here: Vec<HeldRole> = roles.iter().filter(is_here).map(spelled).collect();
        here.sort();
        here.dedup();
        here
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
