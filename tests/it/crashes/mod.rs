//! A deletion is made exactly once and truly recorded, whatever happens: the program is killed, an answer is lost, the store
//! cannot be written, many ask at once.

mod ambiguous;
mod bulk;
mod callers_keys;
mod file;
mod idempotency;
mod killed;
mod killed_between;
mod lost_removals;
mod program;
mod scene;

use std::time::{Duration, Instant};

use headcount::{auth::Permission, demo::PersonSummary};
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use crate::support::{claims_with, signed};

const DELETE: &str = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) {
    deletion { id state failures { code message isRetryable }
        directories { outcome failure { code } } }
    userErrors { code message isRetryable upstreamCode } } }";
const DELETE_MANY: &str = "mutation($input: DeleteUsersInput!) { deleteUsers(input: $input) {
    bulkDeletion { id total done finishedAt } userErrors { code message path } } }";
const RUN: &str = "query($id: ID!) { node(id: $id) { ... on BulkDeletion {
    total done failed finishedAt
    results { userId isDone deletion { id state accountId } userErrors { code message } } } } }";
const DELETION: &str = "query($id: ID!) { deletion(id: $id) {
    state purgesAt failures { code } directories { outcome } } }";

/// The routes of the three kinds of deletion, as the simulator counts them.
const ACCOUNT: (&str, &str) = ("POST", "/users/{account_id}/manage/lifecycle/delete");
const DIRECTORY: (&str, &str) =
    ("DELETE", "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/{accountId}");
const SITE: (&str, &str) = ("DELETE", "/rest/api/3/user");

/// Longer than any test waits.
const FOREVER: u64 = 600_000;

/// Waits for something; a test that waits in vain says for what.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Somebody whose account may be deleted.
fn is_ordinary(person: &PersonSummary) -> bool {
    person.status == "active"
        && person.is_managed
        && person.is_email_verified
        && person.external_owner.is_none()
        && person.platform_roles.is_empty()
        && !person.is_billing_contact
}

/// A token of somebody who may do everything.
fn token(subject: &str) -> String {
    let scope: Vec<&str> = Permission::ALL.iter().map(|one| one.word()).collect();
    let claims = claims_with(&json!({"sub": subject, "scope": scope.join(" ")}));
    signed(&Header::new(Algorithm::HS256), &claims, crate::support::TestGateway::SECRET)
}
