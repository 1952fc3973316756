//! Who may do what: a reader nothing, and nobody anything to people of an integration that they may not see.

use std::time::Duration;

use headcount::auth::Permission;
use serde_json::{Value, json};

use super::{CANCEL, DELETION, LIFECYCLE, PREVIEW, Scene, change, delete, refused};
use crate::support::{Answer, Caller, EVERYTHING, READ};

const RUN: &str = "mutation($input: DeleteUsersInput!) { deleteUsers(input: $input) {
    bulkDeletion { id total } userErrors { code } } }";
const SEEN: &str = "query($user: ID!, $deletion: ID!) {
    user: node(id: $user) { ... on User { viewerCanDelete pendingDeletion { viewerCanCancel } } }
    deletion(id: $deletion) { viewerCanCancel } }";

async fn run(caller: &Caller<'_>, users: &[&str]) -> Answer {
    caller.ask_with(RUN, json!({"input": {"userIds": users}})).await
}

/// Every change there is, with the payload's field; the deletion is one that could be cancelled.
async fn everything(
    caller: &Caller<'_>,
    user: &str,
    deletion: &str,
) -> Vec<(&'static str, Answer)> {
    let cancel = json!({"input": {"deletionId": deletion}});
    let mut answers = vec![
        ("deleteUser", delete(caller, user, json!({})).await),
        ("deleteUser", delete(caller, user, json!({"scope": "SITE", "dryRun": true})).await),
        ("deleteUsers", run(caller, &[user]).await),
        ("cancelUserDeletion", caller.ask_with(CANCEL, cancel).await),
    ];
    for mutation in LIFECYCLE {
        answers.push((mutation, change(caller, mutation, user).await));
    }
    answers
}

#[tokio::test]
async fn a_readers_token_can_do_none_of_it() {
    let scene = Scene::of(30).await;
    let people = scene.ordinary();
    let [one, other] = [0, 1].map(|index: usize| people[index].account_id.as_str());
    let deletion = scene.scheduled(other).await;
    let permissions: Vec<Permission> = EVERYTHING
        .iter()
        .copied()
        .filter(|one| !matches!(one, Permission::DeleteUsers | Permission::ManageUsers))
        .collect();
    for permissions in [READ, &permissions, &[]] {
        let before = scene.log().await.len();
        let reader = scene.gateway.caller(permissions);
        // What became of the deletion was asked a moment ago, or would be by anybody's question about it.
        let asked = everything(&reader, scene.id(one), &deletion);
        let (answers, calls) = scene.gateway.counted(asked).await;
        assert_eq!(calls.total(), 0, "{calls:?}");
        assert_eq!(answers.len(), 8);
        for (mutation, answer) in answers {
            assert_eq!(refused(&answer, mutation), ["FORBIDDEN"], "{}", answer.text);
        }
        let log = scene.log().await;
        assert_eq!(log.len(), before + 8, "each is in the record");
        for entry in &log[..8] {
            assert_eq!(
                (&entry["outcome"], &entry["code"]),
                (&json!("REFUSED"), &json!("FORBIDDEN"))
            );
            assert_eq!(entry["caller"], "somebody");
        }
    }
    assert_eq!((scene.writes(one), scene.writes(other)), (0, 1));
    let seen = json!({"user": scene.id(other), "deletion": deletion});
    let can = json!([
        {"viewerCanDelete": false, "pendingDeletion": {"viewerCanCancel": false}},
        {"viewerCanCancel": false},
    ]);
    let answer = scene.gateway.reader().ask_with(SEEN, seen.clone()).await;
    assert_eq!(json!([answer.good("/user"), answer.good("/deletion")]), can);
    let answer = scene.admin().ask_with(SEEN, seen).await;
    assert_eq!(*answer.good("/user/viewerCanDelete"), json!(true));
    assert_eq!(*answer.good("/user/pendingDeletion/viewerCanCancel"), json!(true));
    assert_eq!(*answer.good("/deletion/viewerCanCancel"), json!(true));
}

#[tokio::test]
async fn deleting_and_managing_are_two_rights() {
    let scene = Scene::of(30).await;
    let people = scene.ordinary();
    let id = scene.id(&people[0].account_id);
    let managing = [READ, &[Permission::ManageUsers]].concat();
    let manager = scene.gateway.caller(&managing);
    let answer = delete(&manager, id, json!({})).await;
    assert_eq!(refused(&answer, "deleteUser"), ["FORBIDDEN"]);
    assert_eq!(refused(&run(&manager, &[id]).await, "deleteUsers"), ["FORBIDDEN"]);
    for mutation in ["suspendUser", "restoreUser", "deactivateUser", "reactivateUser"] {
        assert_eq!(refused(&change(&manager, mutation, id).await, mutation), [""; 0]);
    }
    let deleting = [READ, &[Permission::DeleteUsers]].concat();
    let deleter = scene.gateway.caller(&deleting);
    for mutation in LIFECYCLE {
        assert_eq!(refused(&change(&deleter, mutation, id).await, mutation), ["FORBIDDEN"]);
    }
    let answer = delete(&deleter, id, json!({})).await;
    let deletion = answer.good("/deleteUser/deletion/id").clone();
    let cancel = json!({"input": {"deletionId": deletion}});
    let answer = manager.ask_with(CANCEL, cancel.clone()).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), ["FORBIDDEN"]);
    let answer = deleter.ask_with(CANCEL, cancel).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), [""; 0]);
    for permissions in [&managing, &deleting] {
        let answer = scene.gateway.ask(permissions, super::LOG).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "the record needs a right of its own");
    }
    // Who may change and not read changes, and sees nothing of it.
    let blind = scene.gateway.caller(&[Permission::DeleteUsers]);
    let person = &people[1].account_id;
    let query = "mutation($input: DeleteUserInput!) { deleteUser(input: $input) {
        deletion { id state } userErrors { code } } }";
    let answer = blind.ask_with(query, json!({"input": {"userId": scene.id(person)}})).await;
    assert_eq!(*answer.good("/deleteUser/deletion/state"), json!("SCHEDULED"));
    let id = answer.at("/deleteUser/deletion/id");
    assert_eq!(blind.ask_with(DELETION, json!({"id": id})).await.codes(), ["FORBIDDEN"]);
}

#[tokio::test]
async fn who_is_limited_to_one_integration_touches_and_sees_nobody_of_the_other() {
    let scene = Scene::of(60).await;
    let people = scene.ordinary();
    let [one, other] = [0, 1].map(|index: usize| people[index].account_id.as_str());
    let deletion = scene.scheduled(other).await;
    let answer = run(&scene.admin(), &[scene.id(one)]).await;
    let bulk = answer.good("/deleteUsers/bulkDeletion/id").clone();
    let progress = "query($id: ID!) { node(id: $id) { ... on BulkDeletion {
        done results { deletion { state } userErrors { code } } } } }";
    let mut told = Value::Null;
    for _ in 0..100 {
        let answer = scene.admin().ask_with(progress, json!({"id": bulk})).await;
        told = answer.good("/node").clone();
        if told["done"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(told["results"][0]["deletion"]["state"], "SCHEDULED", "{told}");

    let limited = scene.gateway.limited_to(1);
    let third = people[2].account_id.as_str();
    let before = scene.log().await.len();
    let asked = everything(&limited, scene.id(third), &deletion);
    let (answers, calls) = scene.gateway.counted(asked).await;
    assert_eq!(calls.total(), 0, "{calls:?}");
    for (mutation, answer) in answers {
        assert_eq!(refused(&answer, mutation), ["NOT_FOUND"], "{}", answer.text);
    }
    assert_eq!(scene.writes(third), 0);
    let log = scene.log().await;
    assert_eq!(log.len(), before + 8);
    for entry in &log[..8] {
        assert!(entry["target"].is_null(), "what they may not see is not named: {entry}");
    }
    let answer = limited.ask_with(PREVIEW, json!({"id": scene.id(third)})).await;
    assert!(answer.good("/deletionPreview").is_null());
    let answer = limited.ask_with(DELETION, json!({"id": deletion})).await;
    assert!(answer.good("/deletion").is_null());
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ids = json!({"ids": [deletion, bulk]});
    let answer = limited.ask_with(nodes, ids).await;
    assert_eq!(*answer.good("/nodes"), json!([null, null]));
    let list = limited.ask("{ deletions { totalCount nodes { id } } }").await;
    assert_eq!(*list.good("/deletions"), json!({"totalCount": 0, "nodes": []}));
    let mine = limited.ask("{ auditLog { nodes { action } } }").await;
    assert_eq!(mine.list("/auditLog/nodes").len(), 0, "the record of the other is not told");
}
