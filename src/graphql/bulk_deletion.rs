use async_graphql::{Context, ID, Object};

use super::{
    deletion::{self, Deletion},
    enums::DeletionScope,
    error::Result,
    id::ObjectId,
    request::Request,
    scalars::DateTime,
    user_error::UserError,
};
use crate::{auth::Permission, domain};

/// A run of many deletions.
#[derive(Clone)]
pub struct BulkDeletion {
    row: domain::BulkDeletion,
}

impl BulkDeletion {
    pub(super) fn new(row: domain::BulkDeletion) -> Self {
        Self { row }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.row.finished_at.is_some()
    }
}

/// A run of many deletions, one person after the other, paced so that Atlassian is not asked too fast. It goes on behind the
/// answer and after a restart.
#[Object]
impl BulkDeletion {
    /// Opaque; stable.
    pub(super) async fn id(&self) -> ID {
        ObjectId::BulkDeletion(self.row.id.clone()).encode()
    }

    /// What is deleted.
    async fn scope(&self) -> DeletionScope {
        self.row.scope.into()
    }

    /// How many people it is about.
    async fn total(&self) -> usize {
        self.row.items.len()
    }

    /// How many of them were done with, refused ones too.
    async fn done(&self) -> usize {
        self.row.items.iter().filter(|item| item.is_done).count()
    }

    /// How many of those were refused or failed.
    async fn failed(&self) -> usize {
        self.row.items.iter().filter(|item| item.is_done && !item.refusals.is_empty()).count()
    }

    /// One a person, in the order that was asked for.
    async fn results(&self) -> Vec<BulkDeletionResult> {
        self.row.items.iter().cloned().map(|item| BulkDeletionResult { item }).collect()
    }

    /// Who asked: the token's subject.
    async fn requested_by(&self) -> &str {
        &self.row.requested_by.subject
    }

    /// When it was asked for.
    async fn requested_at(&self) -> DateTime {
        DateTime(self.row.requested_at)
    }

    /// When the last person was done with; null while it runs.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row.finished_at.map(DateTime)
    }
}

/// What became of one person of a run.
#[derive(Clone)]
pub struct BulkDeletionResult {
    item: domain::BulkDeletionItem,
}

/// What became of one person of a run.
#[Object]
impl BulkDeletionResult {
    /// The person's id.
    async fn user_id(&self) -> ID {
        let item = &self.item;
        ObjectId::User(item.integration.clone(), item.account.clone()).encode()
    }

    /// Whether the person was done with.
    async fn is_done(&self) -> bool {
        self.item.is_done
    }

    /// The deletion, once there is one.
    async fn deletion(&self, ctx: &Context<'_>) -> Result<Option<Deletion>> {
        match &self.item.deletion {
            Some(id) => deletion::find(Request::of(ctx), id).await,
            None => Ok(None),
        }
    }

    /// Why it was refused, or what failed.
    async fn user_errors(&self) -> Vec<UserError> {
        self.item.refusals.iter().cloned().map(Into::into).collect()
    }
}

/// The run of that id. A run with a person whom the caller may not see does not exist.
pub(super) async fn find(
    request: &Request,
    id: &domain::BulkDeletionId,
) -> Result<Option<BulkDeletion>> {
    request.needs(Permission::ReadDirectory)?;
    let found = request.changes.bulk_deletion(id).await?;
    let is_seen = |bulk: &domain::BulkDeletion| {
        bulk.items.iter().all(|item| request.caller.may_see(&item.integration))
    };
    Ok(found.filter(is_seen).map(BulkDeletion::new))
}
