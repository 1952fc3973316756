use async_graphql::{Context, ID, Object, SimpleObject};

use super::{
    enums::{DeletionScope, DeletionState, RemovalOutcome},
    error::Result,
    id::ObjectId,
    integration::Integration,
    loaders::UserKey,
    request::Request,
    scalars::DateTime,
    user::User,
    user_error::UserError,
};
use crate::{auth::Permission, domain, organizations::Expand};

/// One deletion that was asked for.
#[derive(Clone)]
pub struct Deletion {
    integration: Integration,
    row: domain::Deletion,
}

impl Deletion {
    /// `None` where the integration is gone, or hidden from the caller.
    pub(super) fn new(request: &Request, row: domain::Deletion) -> Option<Self> {
        Some(Self { integration: request.find(&row.integration)?, row })
    }

    /// The same for one that is told to somebody who follows: by the present rules, not by those of the moment in which
    /// they began to.
    pub(super) fn now(request: &Request, row: domain::Deletion) -> Option<Self> {
        let integration = request.find(&row.integration)?.now(request);
        Some(Self { integration, row })
    }
}

/// One deletion that was asked for through this program: from its announcement to its end. Its state is brought up to date
/// from Atlassian when it is read.
#[Object]
impl Deletion {
    /// Opaque; stable.
    pub(super) async fn id(&self) -> ID {
        ObjectId::Deletion(self.row.id.clone()).encode()
    }

    /// Who is deleted; null where the organization does not know them any more.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let request = Request::of(ctx);
        request.needs(Permission::ReadDirectory)?;
        let key = UserKey {
            integration: self.row.integration.clone(),
            account: self.row.account.clone(),
            expand: Expand::default(),
        };
        let row = request.load(key).await?;
        Ok(row.map(|row| User::new(&self.integration, &row)))
    }

    /// Atlassian's id of the account; stays when the person is gone.
    async fn account_id(&self) -> &str {
        self.row.account.as_str()
    }

    /// The integration through which it was asked for.
    async fn integration(&self) -> &Integration {
        &self.integration
    }

    /// What is deleted.
    async fn scope(&self) -> DeletionScope {
        self.row.scope.into()
    }

    /// How far it is.
    async fn state(&self) -> DeletionState {
        self.row.state.into()
    }

    /// Who asked: the token's subject.
    async fn requested_by(&self) -> &str {
        &self.row.requested_by
    }

    /// Why, in the words of whoever asked.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// When it was asked for.
    async fn requested_at(&self) -> DateTime {
        DateTime(self.row.requested_at)
    }

    /// When the account is gone for good, 14 days after it was scheduled; until then it can be cancelled. Null for
    /// removals, which have no grace.
    async fn purges_at(&self) -> Option<DateTime> {
        self.row.purges_at.map(DateTime)
    }

    /// When the state last changed.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.row.changed_at)
    }

    /// Whether the caller's rights and the state allow `cancelUserDeletion`.
    async fn viewer_can_cancel(&self, ctx: &Context<'_>) -> bool {
        let is_scheduled = self.row.state == domain::DeletionState::Scheduled;
        let now = self.integration.organization.now();
        let is_within = self.row.purges_at.is_none_or(|end| end > now);
        is_scheduled && is_within && Request::of(ctx).caller.may(Permission::DeleteUsers)
    }

    /// What became of it in each directory; empty but for the scope ORGANIZATION.
    async fn directories(&self) -> Vec<DirectoryRemoval> {
        self.row.directories.iter().cloned().map(Into::into).collect()
    }

    /// Why it failed; empty otherwise.
    async fn failures(&self) -> Vec<UserError> {
        self.row.failures.iter().cloned().map(Into::into).collect()
    }
}

/// What became of a removal in one directory.
#[derive(Clone, SimpleObject)]
pub struct DirectoryRemoval {
    /// Atlassian's id of the directory.
    id: ID,
    /// The directory's name.
    name: String,
    /// How it ended.
    outcome: RemovalOutcome,
    /// Why it failed.
    failure: Option<UserError>,
}

impl From<domain::DirectoryRemoval> for DirectoryRemoval {
    fn from(removal: domain::DirectoryRemoval) -> Self {
        Self {
            id: ID(removal.directory.to_string()),
            name: removal.name,
            outcome: removal.outcome.into(),
            failure: removal.refusal.map(Into::into),
        }
    }
}

/// The deletion of that id; what the caller may not see does not exist.
pub(super) async fn find(request: &Request, id: &domain::DeletionId) -> Result<Option<Deletion>> {
    request.needs(Permission::ReadDirectory)?;
    let found = request.changes.deletion(id).await?;
    Ok(found.and_then(|row| Deletion::new(request, row)))
}
