use async_graphql::{Context, Object, SimpleObject};

use super::{integration::Integration, request::Request, scalars::DateTime};

/// What a query costs, and what Atlassian says of its own limits.
pub struct RateLimit;

/// What a query costs, and what Atlassian says of its own limits.
#[Object]
impl RateLimit {
    /// The fields that this query selects, fragments expanded.
    async fn cost(&self, ctx: &Context<'_>) -> u32 {
        Request::of(ctx).budget.cost
    }

    /// What the caller may select in a minute, in the unit of `cost`.
    async fn limit(&self, ctx: &Context<'_>) -> u32 {
        Request::of(ctx).budget.limit
    }

    /// What is left of it.
    async fn remaining(&self, ctx: &Context<'_>) -> u32 {
        Request::of(ctx).budget.remaining
    }

    /// When all of it is there again; it grows back steadily.
    async fn reset_at(&self, ctx: &Context<'_>) -> DateTime {
        DateTime(Request::of(ctx).budget.resets_at)
    }

    /// What Atlassian last told of its limit for each integration that the caller may see; an integration
    /// that was not asked yet, or whose answers told nothing, is not listed.
    async fn upstream(&self, ctx: &Context<'_>) -> Vec<UpstreamBudget> {
        let integrations = Request::of(ctx).integrations();
        let budget = |integration: Integration| {
            let budget = integration.organization.budget()?;
            Some(UpstreamBudget {
                integration,
                limit: budget.limit,
                remaining: budget.remaining,
                reset_at: budget.resets_at.map(DateTime),
            })
        };
        integrations.into_iter().filter_map(budget).collect()
    }
}

/// What Atlassian told of its limit in the last answer of an organization.
#[derive(SimpleObject)]
pub struct UpstreamBudget {
    /// The integration.
    integration: Integration,
    /// Calls that are left.
    remaining: Option<u64>,
    /// Calls in all.
    limit: Option<u64>,
    /// When the count begins again.
    reset_at: Option<DateTime>,
}
