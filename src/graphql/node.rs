use std::sync::Arc;

use async_graphql::{Context, ID, Interface};

use super::{
    activity::ActivityEvent,
    audit_log::{self, AuditEntry},
    bulk_deletion::{self, BulkDeletion},
    deletion::{self, Deletion},
    error::{ApiError, Result},
    feed_token::{self, FeedToken},
    group::Group,
    id::ObjectId,
    integration::Integration,
    loaders::{GroupKey, UserKey},
    product::Product,
    request::Request,
    role::Role,
    user::User,
};
use crate::{
    auth::Permission,
    domain::{AccountId, GroupId, IntegrationId, ResourceId},
    organizations::Expand,
};

/// Anything that has an id of its own.
#[derive(Clone, Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Opaque; the same object has the same id in every answer."
))]
pub enum Node {
    /// A connected organization.
    Integration(Integration),
    /// A person.
    User(User),
    /// A group.
    Group(Group),
    /// A product instance.
    Product(Product),
    /// A role.
    Role(Role),
    /// An audit event.
    ActivityEvent(ActivityEvent),
    /// An entry of the record of changes.
    AuditEntry(AuditEntry),
    /// A deletion that was asked for.
    Deletion(Deletion),
    /// A run of deletions.
    BulkDeletion(BulkDeletion),
    /// A static secret for tools.
    FeedToken(FeedToken),
}

/// The object behind an id; `None` for what does not exist, or is hidden from the caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let request = Request::of(ctx);
    match ObjectId::decode(id)? {
        ObjectId::Integration(id) => Ok(request.find(&id).map(Node::Integration)),
        ObjectId::Role(role) => Ok(Some(Node::Role(Role(role)))),
        ObjectId::User(integration, account) => user(request, integration, account).await,
        ObjectId::Group(integration, group) => group_node(request, integration, group).await,
        ObjectId::Product(integration, resource) => product(request, integration, resource).await,
        ObjectId::Deletion(id) => Ok(deletion::find(request, &id).await?.map(Node::Deletion)),
        ObjectId::BulkDeletion(id) => {
            Ok(bulk_deletion::find(request, &id).await?.map(Node::BulkDeletion))
        }
        ObjectId::FeedToken(id) => Ok(feed_token::find(request, &id).await?.map(Node::FeedToken)),
        ObjectId::AuditEntry(entry) => {
            request.needs(Permission::ReadAudit)?;
            Ok(audit_log::find(request, &entry).await?.map(Node::AuditEntry))
        }
        ObjectId::ActivityEvent(integration, event) => {
            request.needs(Permission::ReadActivity)?;
            let Some(integration) = request.find(&integration) else { return Ok(None) };
            let found = integration.organization.event(&event).await;
            let found = found.map_err(ApiError::of(integration.integration_id()))?;
            request.note(found.freshness);
            let event = Option::as_ref(&found.value).cloned().map(Arc::new);
            Ok(event.map(|event| Node::ActivityEvent(ActivityEvent::new(integration, event))))
        }
    }
}

async fn user(
    request: &Request,
    integration: IntegrationId,
    account: AccountId,
) -> Result<Option<Node>> {
    request.needs(Permission::ReadDirectory)?;
    let Some(of) = request.find(&integration) else { return Ok(None) };
    // Which members are selected stands in fragments on `User`; they are asked for when they are resolved.
    let key = UserKey { integration, account, expand: Expand::default() };
    let row = request.load(key).await?;
    Ok(row.map(|row| Node::User(User::new(&of, &row))))
}

async fn group_node(
    request: &Request,
    integration: IntegrationId,
    group: GroupId,
) -> Result<Option<Node>> {
    request.needs(Permission::ReadDirectory)?;
    let Some(of) = request.find(&integration) else { return Ok(None) };
    let found = request.load_group(GroupKey { integration, group }).await?;
    Ok(found.map(|group| Node::Group(Group::new(of, group))))
}

async fn product(
    request: &Request,
    integration: IntegrationId,
    resource: ResourceId,
) -> Result<Option<Node>> {
    request.needs(Permission::ReadDirectory)?;
    let Some(of) = request.find(&integration) else { return Ok(None) };
    let found = of.organization.find_product(&resource).await;
    let found = found.map_err(ApiError::of(&integration))?;
    Ok(found.map(|product| Node::Product(Product::new(of, product))))
}
