use async_graphql::{ID, InputObject, SimpleObject};

use super::{
    bulk_deletion::BulkDeletion, deletion::Deletion, deletion_preview::DeletionPreview,
    enums::DeletionScope, user::User, user_error::UserError,
};

/// Who is to be deleted, and from where.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteUserInput {
    /// The person's id.
    pub(super) user_id: ID,
    /// What is deleted.
    #[graphql(default_with = "Some(DeletionScope::Account)")]
    pub(super) scope: Option<DeletionScope>,
    /// Why; kept in the audit log. At most 1,000 characters; the operator can make it compulsory.
    pub(super) reason: Option<String>,
    /// Does everything but the call.
    #[graphql(default_with = "Some(false)")]
    pub(super) dry_run: Option<bool>,
    /// From `deletionPreview`; the operator can make it compulsory.
    pub(super) confirmation_token: Option<String>,
    /// The same key with the same input makes the change once and gives the same answer, for 24 hours; with another input
    /// it is refused. 1 to 255 characters.
    pub(super) idempotency_key: Option<String>,
    /// Comes back in the answer.
    pub(super) client_mutation_id: Option<String>,
}

/// What came of a deletion.
#[derive(SimpleObject)]
pub struct DeleteUserPayload {
    /// The deletion, where one was made; for somebody who is scheduled already, that one.
    pub(super) deletion: Option<Deletion>,
    /// What was found before; null where the answer is repeated for an idempotency key.
    pub(super) preview: Option<DeletionPreview>,
    /// Why it was refused, or what failed.
    pub(super) user_errors: Vec<UserError>,
    /// As in the input.
    pub(super) client_mutation_id: Option<String>,
}

/// Many people who are to be deleted in one run.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteUsersInput {
    /// The people's ids, at most 50.
    pub(super) user_ids: Vec<ID>,
    /// What is deleted.
    #[graphql(default_with = "Some(DeletionScope::Account)")]
    pub(super) scope: Option<DeletionScope>,
    /// Why; kept in the audit log. At most 1,000 characters; the operator can make it compulsory.
    pub(super) reason: Option<String>,
    /// From `deletionPreview`, one a person in the order of `userIds`; the operator can make them compulsory.
    pub(super) confirmation_tokens: Option<Vec<String>>,
    /// Does everything but the calls.
    #[graphql(default_with = "Some(false)")]
    pub(super) dry_run: Option<bool>,
    /// The same key with the same input makes one run, for 24 hours; with another input it is refused. 1 to 255 characters.
    pub(super) idempotency_key: Option<String>,
    /// Comes back in the answer.
    pub(super) client_mutation_id: Option<String>,
}

/// A run of deletions that has begun.
#[derive(SimpleObject)]
pub struct DeleteUsersPayload {
    /// The run; follow it with the subscription `bulkDeletionProgress`, or ask for it again.
    pub(super) bulk_deletion: Option<BulkDeletion>,
    /// Why none was begun. What is refused of one person is told in the run's results.
    pub(super) user_errors: Vec<UserError>,
    /// As in the input.
    pub(super) client_mutation_id: Option<String>,
}

/// Which deletion to take back.
#[derive(Debug, Clone, InputObject)]
pub struct CancelUserDeletionInput {
    /// The deletion's id.
    pub(super) deletion_id: ID,
    /// Why; kept in the audit log. At most 1,000 characters; the operator can make it compulsory.
    pub(super) reason: Option<String>,
    /// The same key with the same input makes the change once and gives the same answer, for 24 hours; with another input
    /// it is refused. 1 to 255 characters.
    pub(super) idempotency_key: Option<String>,
    /// Comes back in the answer.
    pub(super) client_mutation_id: Option<String>,
}

/// What came of a cancellation.
#[derive(SimpleObject)]
pub struct CancelUserDeletionPayload {
    /// The deletion as it is now.
    pub(super) deletion: Option<Deletion>,
    /// Why it was refused.
    pub(super) user_errors: Vec<UserError>,
    /// As in the input.
    pub(super) client_mutation_id: Option<String>,
}

/// Whose life cycle is to be changed.
#[derive(Debug, Clone, InputObject)]
pub struct UserLifecycleInput {
    /// The person's id.
    pub(super) user_id: ID,
    /// Why; kept in the audit log. At most 1,000 characters; the operator can make it compulsory.
    pub(super) reason: Option<String>,
    /// Does everything but the call.
    #[graphql(default_with = "Some(false)")]
    pub(super) dry_run: Option<bool>,
    /// The same key with the same input makes the change once and gives the same answer, for 24 hours; with another input
    /// it is refused. 1 to 255 characters.
    pub(super) idempotency_key: Option<String>,
    /// Comes back in the answer.
    pub(super) client_mutation_id: Option<String>,
}

/// What came of a change of somebody's life cycle.
#[derive(SimpleObject)]
pub struct UserLifecyclePayload {
    /// The person as they are now.
    pub(super) user: Option<User>,
    /// Why it was refused.
    pub(super) user_errors: Vec<UserError>,
    /// As in the input.
    pub(super) client_mutation_id: Option<String>,
}
