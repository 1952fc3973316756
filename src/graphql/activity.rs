use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::{
    connection::{Listed, Paging},
    error::Result,
    id::ObjectId,
    integration::Integration,
    loaders::UserKey,
    request::Request,
    scalars::DateTime,
    selection,
    user::User,
};
use crate::{
    domain::{self, ActivityFilter},
    organizations::{EventsRequest, Row},
};

/// One event of an organization's audit log.
#[derive(Clone)]
pub struct ActivityEvent {
    integration: Integration,
    event: Arc<domain::ActivityEvent>,
}

impl ActivityEvent {
    pub(super) fn new(integration: Integration, event: Arc<domain::ActivityEvent>) -> Self {
        Self { integration, event }
    }
}

/// One event of an organization's audit log.
#[Object]
impl ActivityEvent {
    /// Opaque; stable for as long as Atlassian keeps the event, 180 days.
    pub(super) async fn id(&self) -> ID {
        let event = self.event.id.clone();
        ObjectId::ActivityEvent(self.integration.integration_id().clone(), event).encode()
    }

    /// The integration through which it was read.
    async fn integration(&self) -> &Integration {
        &self.integration
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.event.occurred_at)
    }

    /// What happened, in Atlassian's word, such as `managed_account_deleted`.
    async fn action(&self) -> &str {
        &self.event.action
    }

    /// The name of the one who did it, at that time.
    async fn actor_name(&self) -> Option<&str> {
        self.event.actor_name.as_deref()
    }

    /// The person who did it, as the organization knows them now; null for those whom it does not know. One
    /// upstream call for ten people.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(account) = &self.event.actor_id else { return Ok(None) };
        let key = UserKey {
            integration: self.integration.integration_id().clone(),
            account: account.clone(),
            expand: selection::user(&ctx.look_ahead()),
        };
        let request = Request::of(ctx);
        request.needs(crate::auth::Permission::ReadDirectory)?;
        Ok(request.load(key).await?.map(|row| User::new(&self.integration, &row)))
    }

    /// What it was done to, and inside what.
    async fn subjects(&self) -> Vec<ActivitySubject> {
        self.event.subjects.iter().map(ActivitySubject::from).collect()
    }

    /// City and country that it came from.
    async fn location(&self) -> Option<&str> {
        self.event.location.as_deref()
    }

    /// The address that it came from.
    async fn ip_address(&self) -> Option<&str> {
        self.event.ip_address.as_deref()
    }
}

/// Something that an event speaks of.
#[derive(Debug, Clone, SimpleObject)]
pub struct ActivitySubject {
    /// Atlassian's word for what it is: `users`, `groups`, `organizations`, …
    kind: String,
    /// Its id at Atlassian.
    id: Option<String>,
    /// Its name, where the event carries one.
    name: Option<String>,
}

impl From<&domain::ActivitySubject> for ActivitySubject {
    fn from(subject: &domain::ActivitySubject) -> Self {
        Self { kind: subject.kind.clone(), id: subject.id.clone(), name: subject.name.clone() }
    }
}

/// A page of the audit logs of some organizations; `page` is its `first` and `after`.
pub(super) async fn page(
    ctx: &Context<'_>,
    integrations: &[Integration],
    filter: ActivityFilter,
    page: (Option<i32>, Option<String>),
) -> Result<Listed<ActivityEvent>> {
    let paging = Paging::new(page.0, page.1.as_deref(), ("activity", &filter))?;
    let ask = async |integration: Integration, first, after| {
        let request = EventsRequest { filter: filter.clone(), first, after };
        integration.organization.events(&request).await
    };
    let nodes = |integration: &Integration, rows: &[Row<domain::ActivityEvent>]| {
        let event = |row: &Row<_>| ActivityEvent::new(integration.clone(), Arc::clone(&row.item));
        rows.iter().map(event).collect()
    };
    paging.over(ctx, integrations, ask, nodes).await
}
