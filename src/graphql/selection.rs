//! What a query selects decides what Atlassian is asked to expand.

use async_graphql::{Context, Lookahead};

use crate::organizations::Expand;

/// What the rows of a connection of people need.
pub(super) fn connection_of_users(ctx: &Context<'_>) -> Expand {
    let look = ctx.look_ahead();
    user(&look.field("nodes")).union(user(&look.field("edges").field("node")))
}

/// What a single person needs.
pub(super) fn user(look: &Lookahead<'_>) -> Expand {
    let wants = |name: &str| look.field(name).exists();
    let roles = wants("roles") || look.field("productAccess").field("roles").exists();
    Expand {
        platform_roles: wants("platformRoles") || roles,
        resource_count: wants("usage") || roles,
        product_access: wants("productAccess") || wants("lastActiveAt") || wants("usage"),
        groups: wants("groups") || roles,
    }
}

/// Which counts the rows of a connection of groups need.
pub(super) fn group_counts(ctx: &Context<'_>) -> (bool, bool) {
    let look = ctx.look_ahead();
    let wants = |name: &str| {
        look.field("nodes").field(name).exists()
            || look.field("edges").field("node").field(name).exists()
    };
    (wants("memberCount"), wants("isDefaultAccess") || wants("roles"))
}
