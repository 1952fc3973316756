//! The seats that a deletion frees: also those that nobody ever used.

use std::collections::BTreeSet;

use serde_json::json;

use super::{DELETE, Scene};
use crate::support::{Answer, EVERYTHING, READ};

const NEVER: &str = "query($in: [ID!]) { licenseUsage(integrations: $in) { rows { used
    product { key resourceId siteUrl isSandbox }
    reclaimCandidates(first: 100) { nodes { reasonCode user { accountId } } } } } }";
const FREED: &str =
    "query($id: ID!, $scope: DeletionScope) { deletionPreview(userId: $id, scope: $scope) {
    allowed productsLost { resourceId } seatsFreed { product { resourceId } } } }";

fn resources(answer: &Answer, pointer: &str, product: &str) -> BTreeSet<String> {
    let id =
        |row: &serde_json::Value| row.pointer(product).and_then(|id| id.as_str().map(Into::into));
    answer.list(pointer).iter().filter_map(id).collect()
}

#[tokio::test]
async fn a_seat_of_a_product_that_was_never_opened_gets_free_and_is_counted_no_more() {
    let scene = Scene::of(60).await;
    let reader = scene.gateway.caller(READ);
    let only = json!({"in": [scene.gateway.integration(0)]});
    let answer = reader.ask_with(NEVER, only.clone()).await;
    let site = scene.gateway.atlassian.site_urls(0)[0].clone();
    let site = site.trim_end_matches('/');
    let rows = answer.list("/licenseUsage/rows");
    let jira = rows.iter().find(|row| {
        row["product"]["key"] == "jira-software" && row["product"]["siteUrl"].as_str() == Some(site)
    });
    let jira = jira.expect("Jira on the integration's own site");
    let resource = jira["product"]["resourceId"].as_str().expect("an id");
    let is_ordinary = |account: &str| scene.ordinary().iter().any(|one| one.account_id == account);
    let mut candidates = jira["reclaimCandidates"]["nodes"].as_array().expect("a list").iter();
    let never = candidates.find(|node| {
        node["reasonCode"] == "NEVER_USED"
            && node["user"]["accountId"].as_str().is_some_and(is_ordinary)
    });
    let account = never.expect("somebody never opened it")["user"]["accountId"].as_str();
    let account = account.expect("an id").to_owned();

    let preview = async |scope: &str| {
        let variables = json!({"id": scene.id(&account), "scope": scope});
        let answer = reader.ask_with(FREED, variables).await;
        assert_eq!(answer.at("/deletionPreview/allowed"), true, "{}", answer.text);
        let opened = resources(&answer, "/deletionPreview/productsLost", "/resourceId");
        assert!(!opened.contains(resource), "{}", answer.text);
        resources(&answer, "/deletionPreview/seatsFreed", "/product/resourceId")
    };
    let everywhere = preview("ACCOUNT").await;
    assert!(everywhere.contains(resource), "{everywhere:?}");
    assert_eq!(preview("ORGANIZATION").await, everywhere);
    let at_the_site = preview("SITE").await;
    assert!(at_the_site.contains(resource), "{at_the_site:?}");
    let is_of_site = |id: &String| {
        let of = rows.iter().find(|row| row["product"]["resourceId"] == **id).expect("a row");
        of["product"]["siteUrl"] == site
            && of["product"]["key"].as_str().is_some_and(|key| key.starts_with("jira"))
    };
    assert!(at_the_site.iter().all(is_of_site), "{at_the_site:?}");

    let input = json!({"input": {"userId": scene.id(&account), "scope": "SITE"}});
    let removed = scene.gateway.caller(EVERYTHING).ask_with(DELETE, input).await;
    assert_eq!(removed.at("/deleteUser/deletion/state"), "REMOVED", "{}", removed.text);
    let after = reader.ask_with(NEVER, only).await;
    for (before, after) in rows.iter().zip(after.list("/licenseUsage/rows")) {
        let id = before["product"]["resourceId"].as_str().expect("an id");
        let freed = u64::from(at_the_site.contains(id));
        assert_eq!(
            after["used"].as_u64(),
            before["used"].as_u64().map(|used| used - freed),
            "{id}"
        );
    }
}
