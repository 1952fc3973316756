//! The program is killed, and the world is another one when it is started again; or it is killed between two calls.

use std::{collections::BTreeMap, time::Duration};

use headcount::demo::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{
    ACCOUNT, DELETE, DELETION, DIRECTORY, FOREVER,
    program::{Program, Scene},
    until,
};
use crate::support::SEARCH;

const STATES: &str =
    "SELECT COUNT(*) FROM deletions WHERE state = 'SCHEDULED' AND is_outcome_known";

/// Kills the program when Atlassian has carried out the deletion of an account and did not answer yet.
async fn killed_after_the_call(scene: &Scene) -> (String, Value) {
    let program = scene.run().await;
    let account = scene.ordinary(1).remove(0);
    let user = program.user_id(&account).await;
    let wish = json!({"input": {"userId": user, "idempotencyKey": "once"}});
    let late = FaultKind::LateAnswer { milliseconds: FOREVER };
    scene.atlassian.add_fault(Fault::new(late).on(ACCOUNT.0, ACCOUNT.1));
    program.ask_behind(DELETE, &wish);
    until("the call", async || (scene.writes(0, &account, "lifecycle/delete") == 1).then_some(()))
        .await;
    program.kill();
    scene.atlassian.clear_faults();
    (account, wish)
}

#[tokio::test]
async fn while_atlassian_cannot_be_reached_it_is_asked_again_until_it_is_back() {
    let scene = Scene::of(60).await;
    let (account, wish) = killed_after_the_call(&scene).await;
    let down = FaultKind::Html { status: 503 };
    scene.atlassian.add_fault(Fault::new(down));
    scene.atlassian.reset_requests();
    let program = scene.run().await;
    until("looks in vain", async || {
        (scene.atlassian.requests().of("POST", SEARCH) >= 3).then_some(())
    })
    .await;
    assert_eq!(scene.file.number(STATES).await, 0);
    scene.atlassian.clear_faults();
    until("the state", async || (scene.file.number(STATES).await == 1).then_some(())).await;
    let repeated = program.delete(&wish).await;
    assert_eq!(repeated["deletion"]["state"], "SCHEDULED");
    assert_eq!(scene.writes(0, &account, "lifecycle/delete"), 1);
    program.kill();
    scene.expect_record(&["SUCCEEDED", "REPLAYED"]);
}

#[tokio::test]
async fn of_a_deletion_whose_integration_is_gone_nothing_is_said_until_it_is_back() {
    let scene = Scene::of(60).await;
    let (account, wish) = killed_after_the_call(&scene).await;
    scene.declare(&[1]);
    let program = scene.run().await;
    let ended = "SELECT COUNT(*) FROM audit WHERE outcome = 'INTERRUPTED'";
    until("the end", async || (scene.file.number(ended).await == 1).then_some(())).await;
    let open = "SELECT COUNT(*) FROM deletions WHERE state = 'QUEUED' AND NOT is_outcome_known";
    assert_eq!(scene.file.number(open).await, 1, "neither done nor failed");
    program.kill();

    scene.declare(&[0, 1]);
    let program = scene.run().await;
    until("the state", async || (scene.file.number(STATES).await == 1).then_some(())).await;
    let repeated = program.delete(&wish).await;
    assert_eq!(repeated["userErrors"][0]["code"], "ALREADY_SCHEDULED", "{repeated}");
    assert_eq!(repeated["deletion"]["state"], "SCHEDULED");
    assert_eq!(scene.writes(0, &account, "lifecycle/delete"), 1);
    program.kill();
    scene.expect_record(&["INTERRUPTED", "REFUSED"]);
}

/// Removes somebody from two directories, and kills the program in the second call.
async fn killed_in_the_second_directory(scene: &Scene, fault: FaultKind) -> (String, Value) {
    let person = scene.atlassian.people(1).into_iter().find(|person| {
        person.directories.len() == 2
            && person.status == "active"
            && person.platform_roles.is_empty()
    });
    let account = person.expect("somebody is in two directories").account_id;
    let program = scene.run().await;
    let user = program.user_id(&account).await;
    let wish =
        json!({"input": {"userId": user, "scope": "ORGANIZATION", "idempotencyKey": "once"}});
    scene.atlassian.add_fault(Fault::new(fault).on(DIRECTORY.0, DIRECTORY.1).after(1));
    program.ask_behind(DELETE, &wish);
    until("the second call", async || (removals(scene) == 2).then_some(())).await;
    program.kill();
    scene.atlassian.clear_faults();
    // A removal is queued: Atlassian shows it some seconds later.
    scene.atlassian.advance(Duration::from_secs(6));
    (account, wish)
}

fn removals(scene: &Scene) -> u64 {
    scene.atlassian.requests().of(DIRECTORY.0, DIRECTORY.1)
}

async fn outcomes(program: &Program, deletion: &Value) -> (String, BTreeMap<String, usize>) {
    let told = program.ask(DELETION, json!({"id": deletion["id"]})).await["deletion"].clone();
    let mut outcomes = BTreeMap::new();
    for directory in told["directories"].as_array().expect("directories") {
        let outcome = directory["outcome"].as_str().expect("an outcome").to_owned();
        *outcomes.entry(outcome).or_default() += 1;
    }
    (told["state"].as_str().expect("a state").to_owned(), outcomes)
}

#[tokio::test]
async fn killed_between_two_directories_only_the_other_one_is_left_to_do() {
    let scene = Scene::of(2_000).await;
    let stalled = FaultKind::Latency { milliseconds: FOREVER };
    let (account, wish) = killed_in_the_second_directory(&scene, stalled).await;
    assert_eq!(scene.writes(1, &account, "users/remove"), 1);
    let program = scene.run().await;
    let failed = "SELECT COUNT(*) FROM deletions WHERE state = 'FAILED' AND is_outcome_known \
                  AND directories LIKE '%ccepted%' AND directories LIKE '%efused%' \
                  AND failures LIKE '%directory %'";
    until("the state", async || (scene.file.number(failed).await == 1).then_some(())).await;
    let repeated = program.delete(&wish).await;
    assert_eq!(repeated["userErrors"], json!([]), "{repeated}");
    assert_eq!(removals(&scene), 3, "the lost one, and another after the start");
    assert_eq!(scene.writes(1, &account, "users/remove"), 2, "one a directory");
    scene.atlassian.advance(Duration::from_secs(6));
    let state = scene.atlassian.account_state(1, &account).expect("the account exists");
    assert!(state.memberships.is_empty(), "{state:?}");
    until("the removal", async || {
        (outcomes(&program, &repeated["deletion"]).await.0 == "REMOVED").then_some(())
    })
    .await;
    program.kill();
    scene.expect_record(&["INTERRUPTED", "SUCCEEDED"]);
}

#[tokio::test]
async fn killed_after_the_last_directory_everything_is_found_done() {
    let scene = Scene::of(2_000).await;
    let late = FaultKind::LateAnswer { milliseconds: FOREVER };
    let (account, wish) = killed_in_the_second_directory(&scene, late).await;
    let program = scene.run().await;
    let repeated = program.delete(&wish).await;
    assert_eq!(repeated["userErrors"], json!([]), "{repeated}");
    let (state, told) = outcomes(&program, &repeated["deletion"]).await;
    assert_eq!((state.as_str(), told.get("ACCEPTED")), ("REMOVED", Some(&2)), "{told:?}");
    assert_eq!(removals(&scene), 2, "none after the start");
    assert_eq!(scene.writes(1, &account, "users/remove"), 2, "one a directory");
    program.kill();
    scene.expect_record(&["SUCCEEDED", "REPLAYED"]);
}
