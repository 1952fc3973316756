//! Deletions as they are listed: by state, page by page, each brought up to date when it is read.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Scene, unbraked};
use crate::support::walk;

const LIST: &str = "query($first: Int, $after: String, $state: DeletionState, $in: [ID!]) {
    deletions(first: $first, after: $after, state: $state, integrations: $in) {
        totalCount nodes { id state } edges { cursor node { id state accountId } }
        pageInfo { hasNextPage endCursor } } }";

async fn listed(scene: &Scene, state: &str) -> Vec<String> {
    let answer = scene.admin().ask_with(LIST, json!({"state": state})).await;
    let ids = answer.texts("/deletions/nodes", "id");
    assert_eq!(*answer.good("/deletions/totalCount"), json!(ids.len()), "{state}");
    assert!(answer.texts("/deletions/nodes", "state").iter().all(|one| one == state));
    ids
}

#[tokio::test]
async fn deletions_are_listed_by_state_and_each_state_is_as_it_is_now() {
    let setup = unbraked(60).with("CHANGES__SETTLE", "100ms");
    let scene = Scene::before(setup.start().await).await;
    let people = scene.ordinary();
    let mut people = people.iter().filter(|p| !p.visits.is_empty()).map(|p| p.account_id.as_str());
    let mut next = || people.next().expect("one more");
    let id = |answer: &crate::support::Answer| {
        let id = answer.good("/deleteUser/deletion/id").as_str();
        id.unwrap_or_else(|| panic!("no deletion: {}", answer.text)).to_owned()
    };
    let (purged, cancelled) = (scene.scheduled(next()).await, scene.scheduled(next()).await);
    let leaver = next();
    let queued = id(&scene.delete(leaver, json!({"scope": "ORGANIZATION"})).await);
    let removed = id(&scene.delete(next(), json!({"scope": "SITE"})).await);
    assert_eq!(scene.cancel(&cancelled).await.codes(), [""; 0]);
    assert_eq!(listed(&scene, "SCHEDULED").await, std::slice::from_ref(&purged));
    assert_eq!(listed(&scene, "QUEUED").await, std::slice::from_ref(&queued));
    assert_eq!(listed(&scene, "CANCELLED").await, std::slice::from_ref(&cancelled));
    assert_eq!(listed(&scene, "REMOVED").await, std::slice::from_ref(&removed));
    for state in ["ALREADY_GONE", "FAILED", "PURGED"] {
        assert_eq!(listed(&scene, state).await, [""; 0], "{state}");
    }

    // Nobody looks at the single deletions: the lists alone must find out.
    scene.gateway.atlassian.advance(Duration::from_secs(6));
    let is_past = async |state: &str, expected: &[String]| {
        for _ in 0..60 {
            if listed(&scene, state).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{state} has {:?}, not {expected:?}", listed(&scene, state).await);
    };
    is_past("REMOVED", &[removed.clone(), queued.clone()]).await;
    assert_eq!(listed(&scene, "QUEUED").await, [""; 0]);
    let gone = id(&scene.delete(leaver, json!({"scope": "ORGANIZATION"})).await);
    assert_eq!(listed(&scene, "ALREADY_GONE").await, std::slice::from_ref(&gone));
    scene.advance(14 * 24 + 1);
    is_past("PURGED", std::slice::from_ref(&purged)).await;
    assert_eq!(listed(&scene, "SCHEDULED").await, [""; 0]);

    let all = [gone, removed, queued, cancelled, purged];
    let pages = walk(&scene.admin(), LIST, "/deletions", 2).await;
    let ids: Vec<Value> =
        pages.iter().flat_map(|page| &page.nodes).map(|n| n["id"].clone()).collect();
    assert_eq!(json!(ids), json!(all), "newest first");
    assert_eq!(pages.iter().map(|page| page.nodes.len()).collect::<Vec<_>>(), [2, 2, 1]);
    let cursor = pages[0].end.clone();
    let other = json!({"state": "PURGED", "after": cursor});
    assert_eq!(scene.admin().ask_with(LIST, other).await.codes(), ["CURSOR_INVALID"]);
    let only = json!({"in": [scene.gateway.integration(1)]});
    let answer = scene.admin().ask_with(LIST, only).await;
    assert_eq!(*answer.good("/deletions/totalCount"), json!(0));
    let (_, calls) = scene.gateway.counted(scene.admin().ask_with(LIST, json!({}))).await;
    assert_eq!(calls.total(), 0, "what is at its end is not asked about: {calls:?}");
}

#[tokio::test]
async fn many_open_deletions_are_brought_up_to_date_ten_a_call() {
    let scene = Scene::of(60).await;
    let people = scene.ordinary();
    let accounts = people.iter().take(12).map(|p| p.account_id.as_str());
    for account in accounts {
        scene.scheduled(account).await;
    }
    scene.advance(24);
    let mut asked = 0;
    for _ in 0..60 {
        let (answer, calls) = scene.gateway.counted(scene.admin().ask_with(LIST, json!({}))).await;
        assert_eq!(answer.list("/deletions/nodes").len(), 12);
        assert!(calls.total() <= 2, "{calls:?}");
        asked = asked.max(calls.total());
        if asked == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("Atlassian was asked {asked} times");
}
