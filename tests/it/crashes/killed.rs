//! The program is killed at each point of the deletion of an account, and started again.

use headcount::demo::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{ACCOUNT, DELETE, DELETE_MANY, DELETION, FOREVER, RUN, program::Scene, until};

const WRITTEN: &str = "SELECT COUNT(*) FROM idempotency_keys WHERE answer IS NOT NULL";
const KNOWN: &str = "SELECT COUNT(*) FROM deletions WHERE is_outcome_known";
const UNKNOWN: &str = "SELECT COUNT(*) FROM deletions WHERE NOT is_outcome_known";

fn wish(user: &str) -> Value {
    json!({"input": {"userId": user, "idempotencyKey": "once"}})
}

/// Calls that arrived to delete an account.
fn calls(scene: &Scene) -> u64 {
    scene.atlassian.requests().of(ACCOUNT.0, ACCOUNT.1)
}

/// Deletes somebody, kills the program at a moment, and answers with the person and the wish.
async fn killed(
    scene: &Scene,
    fault: Option<Fault>,
    mut is_moment: impl AsyncFnMut(&str) -> bool,
) -> (String, Value) {
    let program = scene.run().await;
    let account = scene.ordinary(1).remove(0);
    let wish = wish(&program.user_id(&account).await);
    if let Some(fault) = fault {
        scene.atlassian.add_fault(fault);
    }
    let asking = program.ask_behind(DELETE, &wish);
    until("the moment", async || is_moment(&account).await.then_some(())).await;
    program.kill();
    assert!(!asking.await.expect("it was asked"), "nobody was answered");
    scene.atlassian.clear_faults();
    (account, wish)
}

/// Starts the program again and asks for the same; the deletion in the end.
async fn again(scene: &Scene, account: &str, wish: &Value) -> Value {
    let program = scene.run().await;
    let first = program.delete(wish).await;
    assert_eq!(first["userErrors"], json!([]), "{first}");
    let second = program.delete(wish).await;
    assert_eq!(first["deletion"]["id"], second["deletion"]["id"], "the answer stays");
    assert_eq!(scene.writes(0, account, "lifecycle/delete"), 1);
    let state = scene.atlassian.account_state(0, account).expect("the account exists");
    assert_eq!(state.state, "for_deletion");
    let deletion = program.ask(DELETION, json!({"id": first["deletion"]["id"]})).await;
    assert_eq!(deletion["deletion"]["state"], "SCHEDULED");
    assert!(deletion["deletion"]["purgesAt"].is_string());
    program.kill();
    first["deletion"].clone()
}

#[tokio::test]
async fn killed_before_anything_was_announced_it_did_not_happen_and_the_key_is_free() {
    let scene = Scene::of(60).await;
    let slow = FaultKind::Latency { milliseconds: FOREVER };
    let slow = Fault::new(slow).on("GET", "/users/{account_id}/manage");
    let (account, wish) = killed(&scene, Some(slow), async |_| {
        scene.atlassian.requests().of("GET", "/users/{account_id}/manage") > 0
    })
    .await;
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM idempotency_keys").await, 1);
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM deletions").await, 0);
    again(&scene, &account, &wish).await;
    assert_eq!(calls(&scene), 1);
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM deletions").await, 1);
    scene.expect_record(&["INTERRUPTED", "SUCCEEDED", "REPLAYED"]);
}

#[tokio::test]
async fn killed_before_the_call_was_carried_out_it_is_found_undone_and_made_once() {
    let scene = Scene::of(60).await;
    let stalled = FaultKind::Latency { milliseconds: FOREVER };
    let stalled = Fault::new(stalled).on(ACCOUNT.0, ACCOUNT.1);
    let (account, wish) = killed(&scene, Some(stalled), async |_| calls(&scene) == 1).await;
    assert_eq!(scene.writes(0, &account, "lifecycle/delete"), 0);
    assert_eq!(scene.file.number(UNKNOWN).await, 1);
    again(&scene, &account, &wish).await;
    assert_eq!(calls(&scene), 2, "the lost one, and another after the start");
    let failed = "SELECT COUNT(*) FROM deletions WHERE state = 'FAILED' AND is_outcome_known";
    assert_eq!(scene.file.number(failed).await, 1, "the first is told to have failed");
    scene.expect_record(&["INTERRUPTED", "SUCCEEDED", "REPLAYED"]);
}

#[tokio::test]
async fn killed_before_the_call_was_answered_it_is_found_done_and_not_made_again() {
    let scene = Scene::of(60).await;
    let late = FaultKind::LateAnswer { milliseconds: FOREVER };
    let late = Fault::new(late).on(ACCOUNT.0, ACCOUNT.1);
    let (account, wish) = killed(&scene, Some(late), async |account| {
        scene.writes(0, account, "lifecycle/delete") == 1
    })
    .await;
    assert_eq!(scene.file.number(UNKNOWN).await, 1);
    again(&scene, &account, &wish).await;
    assert_eq!(calls(&scene), 1, "none after the start");
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM deletions").await, 1);
    scene.expect_record(&["SUCCEEDED", "REPLAYED", "REPLAYED"]);
}

#[tokio::test]
async fn killed_before_the_caller_was_answered_the_answer_is_given_when_it_is_asked_for_again() {
    let scene = Scene::of(60).await;
    let program = scene.run().await;
    let account = scene.ordinary(1).remove(0);
    let wish = wish(&program.user_id(&account).await);
    let unread = program.send_only(DELETE, &wish).await;
    until("the answer in the store", async || {
        (scene.file.number(WRITTEN).await == 1).then_some(())
    })
    .await;
    program.kill();
    drop(unread);
    again(&scene, &account, &wish).await;
    assert_eq!(calls(&scene), 1, "none after the start");
    scene.expect_record(&["SUCCEEDED", "REPLAYED", "REPLAYED"]);
}

/// Between the outcome and what follows from it lies less than a millisecond: the store refuses what follows.
#[tokio::test]
async fn killed_after_the_outcome_was_written_and_nothing_else_the_rest_is_written_at_the_start() {
    let scene = Scene::of(60).await;
    let program = scene.run().await;
    let account = scene.ordinary(1).remove(0);
    let wish = wish(&program.user_id(&account).await);
    let refuse = "CREATE TRIGGER no_answer BEFORE UPDATE OF answer ON idempotency_keys
        BEGIN SELECT RAISE(ABORT, 'refused by a test'); END;
        CREATE TRIGGER no_end BEFORE INSERT ON audit WHEN NEW.kind = 'ended'
        BEGIN SELECT RAISE(ABORT, 'refused by a test'); END;";
    scene.file.change(refuse).await;
    let told = program.delete(&wish).await;
    assert_eq!(told["deletion"]["state"], "SCHEDULED", "it was done: {told}");
    program.kill();
    scene.file.change("DROP TRIGGER no_answer; DROP TRIGGER no_end;").await;
    assert_eq!(scene.file.number(WRITTEN).await, 0);
    assert_eq!(scene.file.number(KNOWN).await, 1);
    let deletion = again(&scene, &account, &wish).await;
    assert_eq!(deletion["id"], told["deletion"]["id"]);
    scene.expect_record(&["SUCCEEDED", "REPLAYED", "REPLAYED"]);
}

/// Runs six deletions, kills the program at the third call, and looks at what comes of it.
async fn run_killed_at_the_third(fault: FaultKind, writes: usize) {
    let scene = Scene::of(60).await;
    let program = scene.run().await;
    let accounts = scene.ordinary(6);
    let mut ids = Vec::new();
    for account in &accounts {
        ids.push(program.user_id(account).await);
    }
    let done = || {
        let done = |account: &&String| scene.writes(0, account, "lifecycle/delete") > 0;
        accounts.iter().filter(done).count()
    };
    scene.atlassian.add_fault(Fault::new(fault).on(ACCOUNT.0, ACCOUNT.1).after(2));
    let wish = json!({"input": {"userIds": ids, "idempotencyKey": "once"}});
    let begun = program.ask(DELETE_MANY, wish.clone()).await["deleteUsers"].clone();
    until("the third call", async || (calls(&scene) == 3 && done() == writes).then_some(())).await;
    program.kill();
    scene.atlassian.clear_faults();

    let program = scene.run().await;
    let id = begun["bulkDeletion"]["id"].clone();
    let run = until("the end of the run", async || {
        let run = program.ask(RUN, json!({"id": id})).await["node"].clone();
        run["finishedAt"].is_string().then_some(run)
    })
    .await;
    assert_eq!((&run["done"], &run["failed"]), (&json!(6), &json!(0)), "{run}");
    for (result, account) in run["results"].as_array().expect("results").iter().zip(&accounts) {
        assert_eq!(result["deletion"]["state"], "SCHEDULED", "{result}");
        assert_eq!(result["deletion"]["accountId"], **account);
        assert_eq!(scene.writes(0, account, "lifecycle/delete"), 1);
    }
    let lost = u64::from(writes == 2);
    assert_eq!(calls(&scene), 6 + lost);
    let repeated = program.ask(DELETE_MANY, wish).await["deleteUsers"].clone();
    assert_eq!(repeated["bulkDeletion"]["id"], id);
    program.kill();
    let interrupted = usize::from(writes == 2);
    let record = scene.record();
    let count = |end: &str| record.iter().filter(|(_, outcome)| outcome == end).count();
    assert_eq!(record[0], ("deleteUsers".to_owned(), "SUCCEEDED".to_owned()));
    assert_eq!((count("SUCCEEDED"), count("INTERRUPTED")), (7, interrupted), "{record:?}");
    assert_eq!((count("REPLAYED"), count("PENDING")), (1, 0), "{record:?}");
}

#[tokio::test]
async fn a_run_that_was_killed_in_a_call_that_was_not_carried_out_makes_it_and_goes_on() {
    run_killed_at_the_third(FaultKind::Latency { milliseconds: FOREVER }, 2).await;
}

#[tokio::test]
async fn a_run_that_was_killed_in_a_call_that_was_carried_out_goes_on_behind_it() {
    run_killed_at_the_third(FaultKind::LateAnswer { milliseconds: FOREVER }, 3).await;
}

#[tokio::test]
async fn a_run_that_was_begun_is_recorded_so_though_the_program_was_killed_before() {
    let scene = Scene::of(60).await;
    let program = scene.run().await;
    let user = program.user_id(&scene.ordinary(1)[0]).await;
    let refuse = "CREATE TRIGGER no_end BEFORE INSERT ON audit WHEN NEW.kind = 'ended'
        BEGIN SELECT RAISE(ABORT, 'refused by a test'); END;";
    scene.file.change(refuse).await;
    let wish = json!({"input": {"userIds": [user], "dryRun": true}});
    let begun = program.ask(DELETE_MANY, wish).await["deleteUsers"]["bulkDeletion"].clone();
    until("the end of the run", async || {
        let run = program.ask(RUN, json!({"id": begun["id"]})).await;
        run["node"]["finishedAt"].is_string().then_some(())
    })
    .await;
    program.kill();
    scene.file.change("DROP TRIGGER no_end;").await;
    scene.run().await.kill();
    let ended = |action: &str, end: &str| (action.to_owned(), end.to_owned());
    let record = [ended("deleteUsers", "SUCCEEDED"), ended("deleteUser", "INTERRUPTED")];
    assert_eq!(scene.record(), record);
}
