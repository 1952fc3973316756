use async_graphql::MergedObject;

use super::{
    changes::ChangeMutation,
    deletion_query::DeletionQuery,
    feed_token_roots::{FeedTokenMutation, FeedTokenQuery},
    license_roots::{LicenseMutation, LicenseQuery},
    mutation::IntegrationMutation,
    query::DirectoryQuery,
};

/// Everything that can be read.
#[derive(MergedObject, Default)]
pub struct Query(DirectoryQuery, LicenseQuery, DeletionQuery, FeedTokenQuery);

/// Everything that can be changed. Every change is written to the audit log before it is made, refused ones too.
#[derive(MergedObject, Default)]
pub struct Mutation(IntegrationMutation, ChangeMutation, LicenseMutation, FeedTokenMutation);
