//! The answer to a deletion of an account is lost: the account tells what is true, and nothing is asked for twice.

use headcount::demo::{Fault, FaultKind, RateLimitForm};
use serde_json::{Value, json};

use super::{
    ACCOUNT, DELETION,
    scene::{Scene, unbraked},
    until,
};

/// Deletes somebody with a key while a fault falls on the call; the answer and the person.
async fn deleted(scene: &Scene, fault: FaultKind) -> (Value, Value, String) {
    let account = scene.ordinary(1).remove(0);
    let input = json!({"userId": scene.user_id(0, &account).await, "idempotencyKey": "once"});
    let fault = Fault::new(fault).on(ACCOUNT.0, ACCOUNT.1).times(1);
    scene.gateway.atlassian.add_fault(fault);
    scene.gateway.atlassian.reset_requests();
    (scene.delete(input.clone()).await, input, account)
}

/// What was carried out is scheduled, whatever came back.
async fn found_done(fault: FaultKind) {
    let scene = Scene::of(unbraked(60).with("ATLASSIAN__REQUEST_TIMEOUT", "400ms")).await;
    let (told, input, account) = deleted(&scene, fault).await;
    assert_eq!(told["deletion"]["state"], "SCHEDULED", "{told}");
    assert_eq!(told["userErrors"], json!([]));
    let again = scene.delete(input).await;
    assert_eq!(again["deletion"]["id"], told["deletion"]["id"]);
    assert_eq!(scene.record().await, ["SUCCEEDED", "REPLAYED"]);
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (1, 1));
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_call_hides_nothing() {
    found_done(FaultKind::DropConnection).await;
}

#[tokio::test]
async fn a_page_of_the_edge_after_the_call_hides_nothing() {
    found_done(FaultKind::HtmlAfterwards { status: 502 }).await;
}

#[tokio::test]
async fn an_answer_that_comes_too_late_hides_nothing() {
    found_done(FaultKind::LateAnswer { milliseconds: 5_000 }).await;
}

/// What was not carried out is told as open, fails when Atlassian is sure to show it, and can be asked for again.
async fn found_undone(fault: FaultKind) {
    let scene = Scene::of(unbraked(60)).await;
    let (told, input, account) = deleted(&scene, fault).await;
    assert_eq!(told["deletion"]["state"], "QUEUED", "{told}");
    let id = json!({"id": told["deletion"]["id"]});
    until("the end", async || {
        let deletion = scene.ask(DELETION, id.clone()).await;
        (deletion.good("/deletion/state") == "FAILED").then_some(())
    })
    .await;
    until("the record", async || (scene.record().await == ["FAILED"]).then_some(())).await;
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (1, 0));
    let again = scene.delete(input).await;
    assert_eq!(again["deletion"]["state"], "SCHEDULED", "the key is free: {again}");
    assert_ne!(again["deletion"]["id"], told["deletion"]["id"]);
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (2, 1));
    assert_eq!(scene.record().await, ["FAILED", "SUCCEEDED"]);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_call_is_no_deletion() {
    found_undone(FaultKind::DropRequest).await;
}

#[tokio::test]
async fn a_page_of_the_edge_instead_of_the_call_is_no_deletion() {
    found_undone(FaultKind::Html { status: 502 }).await;
}

/// Who asks with the key while it is not known what became of it waits until it is.
#[tokio::test]
async fn whoever_asks_again_while_nobody_knows_waits_for_the_truth() {
    let scene = Scene::of(unbraked(60)).await;
    let (told, input, account) = deleted(&scene, FaultKind::DropRequest).await;
    assert_eq!(told["deletion"]["state"], "QUEUED", "{told}");
    let (one, other) = tokio::join!(scene.delete(input.clone()), scene.delete(input.clone()));
    assert_eq!(one["deletion"]["state"], "SCHEDULED", "{one}");
    assert_eq!(one["deletion"]["id"], other["deletion"]["id"]);
    assert_ne!(one["deletion"]["id"], told["deletion"]["id"]);
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (2, 1));
    let mut record = scene.record().await;
    record.sort();
    assert_eq!(record, ["FAILED", "REPLAYED", "SUCCEEDED"]);
}

#[tokio::test]
async fn a_limited_call_is_made_again_by_the_client_and_counts_as_one_change() {
    let scene = Scene::of(unbraked(60)).await;
    let limited =
        FaultKind::RateLimit { retry_after_seconds: Some(1), form: RateLimitForm::Seconds };
    let (told, _, account) = deleted(&scene, limited).await;
    assert_eq!(told["deletion"]["state"], "SCHEDULED", "{told}");
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &account, "lifecycle/delete")), (2, 1));
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM counted_changes").await, 1);
    assert_eq!(scene.record().await, ["SUCCEEDED"]);
}

/// A limit that does not pass is no ambiguity: nothing was done, and the key is free.
#[tokio::test]
async fn a_call_that_stays_limited_failed_and_may_be_asked_for_again() {
    let scene = Scene::of(unbraked(60).impatient()).await;
    let account = scene.ordinary(1).remove(0);
    let user = scene.user_id(0, &account).await;
    let limited =
        FaultKind::RateLimit { retry_after_seconds: Some(60), form: RateLimitForm::Seconds };
    scene.gateway.atlassian.add_fault(Fault::new(limited).on(ACCOUNT.0, ACCOUNT.1).times(1));
    let input = json!({"input": {"userId": user, "idempotencyKey": "once"}});
    let refused = scene.ask(super::DELETE, input.clone()).await;
    assert_eq!(refused.codes(), ["UPSTREAM_RATE_LIMITED"], "{}", refused.text);
    let failed = "SELECT COUNT(*) FROM deletions WHERE state = 'FAILED' AND is_outcome_known";
    assert_eq!(scene.file.number(failed).await, 1);
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM idempotency_keys").await, 0);
    assert_eq!(scene.record().await, ["FAILED"]);
    assert_eq!(scene.writes(0, &account, "lifecycle/delete"), 0);
}
