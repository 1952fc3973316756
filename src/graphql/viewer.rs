use async_graphql::{Context, Object};

use super::{enums::Permission, integration::Integration, request::Request};
use crate::auth;

/// Who asks, as the token says.
pub struct Viewer;

/// Who asks, as the token says.
#[Object]
impl Viewer {
    /// The token's subject.
    async fn subject<'a>(&self, ctx: &Context<'a>) -> &'a str {
        &Request::of(ctx).caller.subject
    }

    /// What the caller may do.
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<Permission> {
        let caller = &Request::of(ctx).caller;
        let mine = auth::Permission::ALL.iter().filter(|permission| caller.may(**permission));
        mine.copied().map(Into::into).collect()
    }

    /// The integrations that the caller may see.
    async fn integrations(&self, ctx: &Context<'_>) -> Vec<Integration> {
        Request::of(ctx).integrations()
    }
}
