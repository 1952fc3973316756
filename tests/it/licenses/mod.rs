//! Seats paid for against seats needed: right beside the simulator's own data, cheap, and honest about what is missing.

mod candidates;
mod figures;
mod history;
mod untold;

use serde_json::{Value, json};

use crate::support::{Answer, TestGateway};

const FIGURES: &str = "query($days: Int, $in: [ID!]) {
    licenseUsage(inactiveForDays: $days, integrations: $in) {
        rows { product { key resourceId isSandbox } purchased purchasedSource
            used active inactive neverUsed unknown needed reclaimable suspended
            countedByAtlassian available utilization
            unitPrice currency monthlyCost monthlyWaste savingEffectiveOn notes
            freshness { isStale } }
        totals { currency people purchased used needed reclaimable productsWithoutActivity monthlyCost monthlyWaste }
        people { listed withSeat suspended deactivated notInvited forDeletion }
        unavailable { integration { id } code message retryAfterSeconds }
        freshness { isStale fetchedAt } } }";

async fn figures(gateway: &TestGateway, organization: usize, days: u32) -> Answer {
    let variables = json!({"days": days, "in": [gateway.integration(organization)]});
    gateway.reader().ask_with(FIGURES, variables).await
}

fn number(row: &Value, member: &str) -> u64 {
    row[member].as_u64().unwrap_or_else(|| panic!("no number `{member}` in {row}"))
}
