//! Seats paid for against seats needed: right beside the simulator's own data, cheap, and honest about what is missing.

use headcount::{
    auth::Permission,
    demo::{Fault, FaultKind},
};
use serde_json::{Value, json};

use crate::support::{READ, SEARCH, Setup, TestGateway, now};

const COUNT: &str = "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/count";
const GROUP_ROLES: &str =
    "/admin/v2/orgs/{orgId}/directories/{directoryId}/groups/{groupId}/role-assignments";
const APPLICATION_ROLES: &str = "/rest/api/3/applicationrole";

const FIGURES: &str = "query($days: Int, $in: [ID!]) { licenseUsage(inactiveForDays: $days, integrations: $in) {
    rows { product { key resourceId siteUrl isSandbox } purchased purchasedSource used active inactive neverUsed unknown
        needed reclaimable robots protected newcomers suspended countedByAtlassian available utilization
        unitPrice currency monthlyCost monthlyWaste savingEffectiveOn notes
        freshness { isStale source fetchedAt } }
    totals { currency people purchased used needed reclaimable productsWithoutActivity monthlyCost monthlyWaste }
    people { listed withSeat suspended deactivated notInvited forDeletion robots protected }
    unavailable { integration { label } code message retryAfterSeconds }
    freshness { isStale source } } }";

#[tokio::test]
async fn x_print() {
    for people in [10, 1_000] {
        let gateway = TestGateway::start(people).await;
        let variables = json!({"in": [gateway.integration(0)]});
        let (answer, calls) = gateway.counted(gateway.reader().ask_with(FIGURES, variables)).await;
        println!("{people}: {} {calls:?}", calls.total());
        if people == 1000 {
            println!("{}", serde_json::to_string_pretty(&answer.body).unwrap());
        }
        let variables = json!({"in": [gateway.integration(1)]});
        let (answer, calls) = gateway.counted(gateway.reader().ask_with(FIGURES, variables)).await;
        println!("{people}: {} {calls:?}", calls.total());
        if people == 1000 {
            println!("{}", serde_json::to_string_pretty(&answer.body).unwrap());
        }
    }
}
