//! Lists over one organization or several: the same for the root fields and for an integration's own.

use std::sync::Arc;

use async_graphql::Context;

use super::{
    connection::{Listed, Paging, total},
    error::{ApiError, Result},
    filters::{GroupFilter, UserFilter, UserOrder},
    group::Group,
    integration::Integration,
    product::Product,
    request::Request,
    selection,
    user::User,
};
use crate::{
    domain,
    organizations::{GroupsRequest, Row, UsersRequest},
};

/// A page of people; `page` is its `first` and `after`.
pub(super) async fn users(
    ctx: &Context<'_>,
    integrations: &[Integration],
    which: (Option<UserFilter>, Option<UserOrder>),
    page: (Option<i32>, Option<String>),
) -> Result<Listed<User>> {
    let filter = which.0.unwrap_or_default();
    filter.check()?;
    let order: Option<domain::UserOrder> = which.1.map(Into::into);
    // The whole filter, of which each organization sees its part.
    let paging = Paging::new(page.0, page.1.as_deref(), ("users", format!("{filter:?}"), order))?;
    for integration in integrations {
        filter.for_integration(integration.integration_id())?;
    }
    let expand = selection::connection_of_users(ctx);
    let filter_of = |integration: &Integration| {
        filter.for_integration(integration.integration_id()).unwrap_or_default()
    };
    let ask = async |integration: Integration, first, after| {
        let filter = filter_of(&integration);
        let request = UsersRequest { filter, order, expand, first, after };
        integration.organization.users(&request).await
    };
    let rows = paging.over(ctx, integrations, ask, User::page);
    let total = total(ctx, integrations, async |integration: Integration| {
        integration.organization.count_users(&filter_of(&integration)).await
    });
    let (rows, total) = futures_util::join!(rows, total);
    Ok(rows?.with_total(total))
}

/// A page of groups; `page` is its `first` and `after`.
pub(super) async fn groups(
    ctx: &Context<'_>,
    integrations: &[Integration],
    filter: Option<GroupFilter>,
    page: (Option<i32>, Option<String>),
) -> Result<Listed<Group>> {
    let filter = filter.unwrap_or_default().into_domain()?;
    let paging = Paging::new(page.0, page.1.as_deref(), ("groups", &filter))?;
    let (with_user_count, with_resource_count) = selection::group_counts(ctx);
    let ask = async |integration: Integration, first, after| {
        let filter = filter.clone();
        let request = GroupsRequest { filter, with_user_count, with_resource_count, first, after };
        integration.organization.groups(&request).await
    };
    let nodes = |integration: &Integration, rows: &[Row<domain::Group>]| {
        let group = |row: &Row<_>| Group::new(integration.clone(), Arc::clone(&row.item));
        rows.iter().map(group).collect()
    };
    let rows = paging.over(ctx, integrations, ask, nodes);
    let total = total(ctx, integrations, async |integration: Integration| {
        integration.organization.count_groups(&filter).await.map(Some)
    });
    let (rows, total) = futures_util::join!(rows, total);
    Ok(rows?.with_total(total))
}

/// The products of one organization.
pub(super) async fn products(ctx: &Context<'_>, integration: &Integration) -> Result<Vec<Product>> {
    let products = integration.organization.products().await;
    let products = products.map_err(ApiError::of(integration.integration_id()))?;
    Request::of(ctx).note(products.freshness);
    let product = |product: &Arc<_>| Product::new(integration.clone(), Arc::clone(product));
    Ok(products.value.iter().map(product).collect())
}
