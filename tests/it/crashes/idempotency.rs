//! One idempotency key, one change: whoever asks with it again is told the same.

use futures_util::future::join_all;
use headcount::demo::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{
    ACCOUNT, DELETE, DELETE_MANY, RUN,
    scene::{Scene, unbraked},
    until,
};

const SUSPEND: &str = "mutation($input: UserLifecycleInput!) { suspendUser(input: $input) {
    user { membershipStatus } userErrors { code message } } }";
const DEACTIVATE: &str = "mutation($input: UserLifecycleInput!) { deactivateUser(input: $input) {
    user { accountStatus } userErrors { code message } } }";

#[tokio::test]
async fn a_hundred_who_ask_at_once_with_one_key_make_one_call_and_are_told_the_same() {
    let scene = Scene::of(unbraked(60)).await;
    let account = scene.ordinary(1).remove(0);
    let user = scene.user_id(0, &account).await;
    let input = json!({"userId": user, "idempotencyKey": "once"});
    scene.gateway.atlassian.reset_requests();
    let answers = join_all((0..100).map(|_| scene.delete(input.clone()))).await;
    assert_eq!(answers[0]["deletion"]["state"], "SCHEDULED", "{}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(scene.calls(ACCOUNT), 1);
    assert_eq!(scene.writes(0, &account, "lifecycle/delete"), 1);
    let replayed = scene.record().await.iter().filter(|outcome| *outcome == "REPLAYED").count();
    assert_eq!(replayed, 99);
}

#[tokio::test]
async fn without_a_key_the_second_of_two_is_told_of_the_first() {
    let scene = Scene::of(unbraked(60)).await;
    let account = scene.ordinary(1).remove(0);
    let input = json!({"userId": scene.user_id(0, &account).await});
    let slow = FaultKind::Latency { milliseconds: 200 };
    scene.gateway.atlassian.add_fault(Fault::new(slow).on(ACCOUNT.0, ACCOUNT.1));
    let (one, other) = tokio::join!(scene.delete(input.clone()), scene.delete(input.clone()));
    let code = |answer: &Value| answer["userErrors"][0]["code"].clone();
    let codes = [code(&one), code(&other)];
    assert!(codes.contains(&Value::Null) && codes.contains(&json!("ALREADY_SCHEDULED")));
    assert_eq!(one["deletion"]["id"], other["deletion"]["id"]);
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (1, 1));
}

#[tokio::test]
async fn a_removal_that_is_on_its_way_is_not_asked_for_again() {
    let scene = Scene::of(unbraked(60)).await;
    let account = scene.ordinary(1).remove(0);
    let input = json!({"userId": scene.user_id(0, &account).await, "scope": "ORGANIZATION"});
    let first = scene.delete(input.clone()).await;
    assert_eq!(first["deletion"]["state"], "QUEUED", "{first}");
    let second = scene.delete(input.clone()).await;
    assert_eq!(second["userErrors"][0]["code"], "ALREADY_SCHEDULED", "{second}");
    assert_eq!(second["deletion"]["id"], first["deletion"]["id"]);
    assert_eq!(scene.writes(0, &account, "users/remove"), 1);
    // It is no obstacle for the account's own deletion, which is another thing.
    let account_too = scene.delete(json!({"userId": input["userId"]})).await;
    assert_eq!(account_too["deletion"]["state"], "SCHEDULED", "{account_too}");
}

#[tokio::test]
async fn a_caller_who_hangs_up_finds_the_change_made_and_the_key_answered() {
    let scene = Scene::of(unbraked(60)).await;
    let account = scene.ordinary(1).remove(0);
    let input = json!({"userId": scene.user_id(0, &account).await, "idempotencyKey": "once"});
    let late = FaultKind::LateAnswer { milliseconds: 300 };
    scene.gateway.atlassian.add_fault(Fault::new(late).on(ACCOUNT.0, ACCOUNT.1));
    let carried_out = until("the call", async || {
        (scene.writes(0, &account, "lifecycle/delete") == 1).then_some(())
    });
    let asking = scene.ask(DELETE, json!({"input": input}));
    // The request is dropped, and with it the connection, while the mutation runs.
    tokio::select! {
        answer = asking => panic!("it was answered: {}", answer.text),
        () = carried_out => {}
    }
    let again = scene.delete(input).await;
    assert_eq!(again["deletion"]["state"], "SCHEDULED", "{again}");
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (1, 1));
    assert_eq!(scene.record().await, ["SUCCEEDED", "REPLAYED"]);
}

#[tokio::test]
async fn a_person_is_suspended_and_deactivated_once_for_one_key() {
    let scene = Scene::of(unbraked(60)).await;
    let account = scene.ordinary(1).remove(0);
    let user = scene.user_id(0, &account).await;
    for (query, field, change) in [
        (SUSPEND, "suspendUser", "users/suspend"),
        (DEACTIVATE, "deactivateUser", "lifecycle/disable"),
    ] {
        let input = json!({"input": {"userId": user, "idempotencyKey": field}});
        let asked = (0..20).map(|_| scene.ask(query, input.clone()));
        for answer in join_all(asked).await {
            let told = answer.good(&format!("/{field}"));
            assert_eq!(told["userErrors"], json!([]), "{told}");
        }
        assert_eq!(scene.writes(0, &account, change), 1, "{change}");
    }
}

#[tokio::test]
async fn one_key_begins_one_run() {
    let scene = Scene::of(unbraked(60)).await;
    let accounts = scene.ordinary(3);
    let users = scene.user_ids(0, &accounts).await;
    let input = json!({"input": {"userIds": users, "idempotencyKey": "once"}});
    let answers = join_all((0..20).map(|_| scene.ask(DELETE_MANY, input.clone()))).await;
    let id = |index: usize| answers[index].good("/deleteUsers/bulkDeletion/id");
    assert!((0..20).all(|index| id(index) == id(0)));
    until("the end of the run", async || {
        let run = scene.ask(RUN, json!({"id": id(0)})).await;
        run.good("/node/finishedAt").is_string().then_some(())
    })
    .await;
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM bulk_deletions").await, 1);
    assert_eq!(scene.calls(ACCOUNT), 3);
    let other = json!({"input": {"userIds": users[..2], "idempotencyKey": "once"}});
    let refused = scene.ask(DELETE_MANY, other).await;
    assert_eq!(refused.good("/deleteUsers/userErrors/0/code"), "IDEMPOTENCY_CONFLICT");
}

/// What cannot be written of a deletion that was made is found out from the account.
#[tokio::test]
async fn an_outcome_that_the_store_does_not_take_is_told_as_soon_as_it_does() {
    let scene = Scene::of(unbraked(60)).await;
    let account = scene.ordinary(1).remove(0);
    let input = json!({"userId": scene.user_id(0, &account).await, "idempotencyKey": "once"});
    let refuse = "CREATE TRIGGER full BEFORE UPDATE ON deletions
        BEGIN SELECT RAISE(ABORT, 'refused by a test'); END;";
    scene.file.change(refuse).await;
    let told = scene.delete(input.clone()).await;
    assert_eq!(told["deletion"]["state"], "QUEUED", "it is not known yet: {told}");
    assert_eq!(scene.record().await, ["PENDING"]);
    scene.file.change("DROP TRIGGER full;").await;
    until("the end", async || (scene.record().await == ["SUCCEEDED"]).then_some(())).await;
    let again = scene.delete(input).await;
    assert_eq!(again["deletion"]["state"], "SCHEDULED", "{again}");
    assert_eq!(again["deletion"]["id"], told["deletion"]["id"]);
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (1, 1));
}
