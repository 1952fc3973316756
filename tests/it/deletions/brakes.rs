//! What an operator holds changes back with: caps, switches, compulsory reasons and confirmations, dry runs.

use std::time::Duration;

use serde_json::{Value, json};

use super::{DELETE, LIFECYCLE, PREVIEW, Scene, change_with, delete, refusal, refused, unbraked};
use crate::support::{Answer, Caller, Setup};

fn is_write(method: &str, route: &str) -> bool {
    method == "DELETE" || ["lifecycle/", "/suspend", "/restore"].iter().any(|w| route.contains(w))
}

/// What is done, which must send no change to Atlassian.
async fn unsent(scene: &Scene, asked: impl Future<Output = Answer>) -> Answer {
    let (answer, calls) = scene.gateway.counted(asked).await;
    let sent: Vec<_> = calls.iter().filter(|(method, route, _)| is_write(method, route)).collect();
    assert!(sent.is_empty(), "{sent:?}");
    answer
}

async fn with(setup: Setup) -> Scene {
    Scene::before(setup.start().await).await
}

#[tokio::test]
async fn a_caller_may_change_so_many_an_hour_and_another_one_still_may() {
    let scene = with(unbraked(60).with("CHANGES__PER_CALLER_AND_HOUR", 3)).await;
    let people = scene.ordinary();
    let id = |index: usize| scene.id(&people[index].account_id);
    let (first, second) = (scene.named("first"), scene.named("second"));
    for (index, mutation) in ["suspendUser", "deactivateUser"].into_iter().enumerate() {
        let answer = super::change(&first, mutation, id(index)).await;
        assert_eq!(refused(&answer, mutation), [""; 0]);
    }
    let answer = delete(&first, id(2), json!({})).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
    for scope in ["ACCOUNT", "ORGANIZATION", "SITE"] {
        let asked = delete(&first, id(3), json!({"scope": scope}));
        let answer = unsent(&scene, asked).await;
        let told = refusal(&answer, "deleteUser");
        assert_eq!((&told["code"], &told["isRetryable"]), (&json!("CAP_REACHED"), &json!(true)));
        assert!(answer.at("/deleteUser/deletion").is_null());
    }
    for mutation in ["suspendUser", "deactivateUser"] {
        let answer = unsent(&scene, super::change(&first, mutation, id(3))).await;
        assert_eq!(refused(&answer, mutation), ["CAP_REACHED"]);
    }
    let dry = delete(&first, id(3), json!({"dryRun": true})).await;
    assert_eq!(refused(&dry, "deleteUser"), ["CAP_REACHED"], "a dry run says what would come");
    // Giving back is not capped.
    let answer = super::change(&first, "restoreUser", id(0)).await;
    assert_eq!(refused(&answer, "restoreUser"), [""; 0]);
    let answer = super::change(&first, "reactivateUser", id(1)).await;
    assert_eq!(refused(&answer, "reactivateUser"), [""; 0]);
    let answer = delete(&second, id(3), json!({})).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
}

#[tokio::test]
async fn so_many_may_be_changed_through_one_integration_an_hour_whoever_asks() {
    let scene = with(unbraked(60).with("CHANGES__PER_INTEGRATION_AND_HOUR", 2)).await;
    let people = scene.ordinary();
    let id = |index: usize| scene.id(&people[index].account_id);
    for (index, name) in ["first", "second"].into_iter().enumerate() {
        let answer = delete(&scene.named(name), id(index), json!({})).await;
        assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
    }
    let answer = unsent(&scene, delete(&scene.named("third"), id(2), json!({}))).await;
    assert_eq!(refused(&answer, "deleteUser"), ["CAP_REACHED"]);
    let other = scene.find(1, |p| p.status == "active" && p.platform_roles.is_empty()).account_id;
    let removal = json!({"scope": "ORGANIZATION"});
    let answer = delete(&scene.named("third"), scene.id_in(1, &other), removal).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0], "the other integration has its own cap");
}

#[tokio::test]
async fn no_more_than_a_share_of_the_people_is_changed_in_a_day() {
    // Five percent of some 58 people in the lists are two.
    let scene = with(unbraked(60).with("CHANGES__PERCENT_PER_DAY", 5)).await;
    let people = scene.ordinary();
    for person in &people[..2] {
        scene.scheduled(&person.account_id).await;
    }
    let answer = unsent(&scene, scene.delete(&people[2].account_id, json!({}))).await;
    let told = refusal(&answer, "deleteUser");
    assert_eq!(told["code"], "CAP_REACHED");
    let message = told["message"].as_str().expect("a text");
    assert!(message.contains("changes.percent_per_day"), "{message}");
    // Of a few people five percent are nobody, and one may be changed all the same.
    let few = with(unbraked(60).with("CHANGES__PERCENT_PER_DAY", 0)).await;
    let people = few.ordinary();
    few.scheduled(&people[0].account_id).await;
    let answer = few.delete(&people[1].account_id, json!({})).await;
    assert_eq!(refused(&answer, "deleteUser"), ["CAP_REACHED"]);
}

/// Every change there is, about one person.
async fn everything(caller: &Caller<'_>, id: &str, more: Value) -> Vec<(&'static str, Answer)> {
    let mut answers = vec![("deleteUser", delete(caller, id, more.clone()).await)];
    for mutation in LIFECYCLE {
        answers.push((mutation, change_with(caller, mutation, id, more.clone()).await));
    }
    answers
}

#[tokio::test]
async fn where_changes_are_switched_off_nothing_is_asked() {
    let scene = with(unbraked(30).with("CHANGES__READ_ONLY", true)).await;
    let person = scene.ordinary()[0].account_id.clone();
    let first = scene.named("first");
    let asked = everything(&first, scene.id(&person), json!({}));
    let (answers, calls) = scene.gateway.counted(asked).await;
    for (mutation, answer) in answers {
        let told = refusal(&answer, mutation);
        assert_eq!(told["code"], "READ_ONLY");
        assert!(told["message"].as_str().expect("a text").contains("changes.read_only"));
    }
    assert_eq!(calls.total(), 0);
    let preview = scene.preview(&person, "ACCOUNT").await;
    preview.good("/deletionPreview");
    let log = scene.log().await;
    assert!(log.len() >= 5, "{log:?}");
    for entry in &log[..5] {
        assert_eq!((&entry["outcome"], &entry["code"]), (&json!("REFUSED"), &json!("READ_ONLY")));
        assert_eq!(entry["target"], person.as_str());
    }
}

#[tokio::test]
async fn one_integration_can_be_kept_from_changes() {
    let scene = with(unbraked(30)).await;
    let people = scene.ordinary();
    let deletion = scene.scheduled(&people[1].account_id).await;
    let switch = async |is_on: bool| {
        let query = "mutation($input: UpdateIntegrationInput!) { updateIntegration(input: $input) {
            integration { isReadOnly } } }";
        let input = json!({"id": scene.gateway.integration(0), "isReadOnly": is_on});
        let answer = scene.admin().ask_with(query, json!({ "input": input })).await;
        assert_eq!(*answer.good("/updateIntegration/integration/isReadOnly"), json!(is_on));
    };
    switch(true).await;
    let id = scene.id(&people[0].account_id);
    let (answers, calls) = scene.gateway.counted(everything(&scene.admin(), id, json!({}))).await;
    for (mutation, answer) in answers {
        let told = refusal(&answer, mutation);
        assert_eq!(told["code"], "READ_ONLY");
        assert!(told["message"].as_str().expect("a text").contains("isReadOnly"));
    }
    assert_eq!(calls.total(), 0);
    let answer = unsent(&scene, scene.cancel(&deletion)).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), ["READ_ONLY"]);
    let other = scene.find(1, |p| p.status == "active" && p.platform_roles.is_empty()).account_id;
    let removal = json!({"scope": "ORGANIZATION"});
    let answer = delete(&scene.admin(), scene.id_in(1, &other), removal).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
    switch(false).await;
    let answer = scene.cancel(&deletion).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), [""; 0]);
}

#[tokio::test]
async fn a_reason_can_be_compulsory_and_is_never_too_long() {
    let scene = with(unbraked(30).with("CHANGES__NEEDS_REASON", true)).await;
    let people = scene.ordinary();
    let person = people[0].account_id.as_str();
    let long = "x".repeat(1_001);
    let reasons =
        [json!({}), json!({"reason": ""}), json!({"reason": " "}), json!({"reason": long})];
    for reason in reasons {
        let first = scene.named("first");
        let asked = everything(&first, scene.id(person), reason.clone());
        let (answers, calls) = scene.gateway.counted(asked).await;
        for (mutation, answer) in answers {
            let told = refusal(&answer, mutation);
            assert_eq!(told["code"], "INVALID_INPUT", "{reason}");
            assert_eq!(told["path"], json!(["input", "reason"]));
        }
        assert_eq!(calls.total(), 0);
    }
    let reason = "ä".repeat(1_000);
    let answer = scene.delete(person, json!({"reason": reason})).await;
    let deletion = answer.good("/deleteUser/deletion");
    assert_eq!(deletion["reason"], reason.as_str());
    assert_eq!(scene.log().await[0]["reason"], reason.as_str());
    let id = deletion["id"].as_str().expect("an id");
    let answer = scene.cancel(id).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), ["INVALID_INPUT"]);
    let input = json!({"deletionId": id, "reason": "a mistake"});
    let answer = scene.admin().ask_with(super::CANCEL, json!({ "input": input })).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), [""; 0]);
}

async fn confirmation(scene: &Scene, caller: &Caller<'_>, account: &str, scope: &str) -> Value {
    let variables = json!({"id": scene.id(account), "scope": scope});
    let answer = caller.ask_with(PREVIEW, variables).await;
    let token = answer.good("/deletionPreview/confirmationToken").clone();
    assert!(token.is_string(), "{}", answer.text);
    token
}

#[tokio::test]
async fn a_compulsory_confirmation_is_for_one_caller_person_scope_and_state_of_things() {
    let scene = with(unbraked(60).with("CHANGES__NEEDS_CONFIRMATION", true)).await;
    let people = scene.ordinary();
    let [one, other] = [0, 1].map(|index: usize| people[index].account_id.as_str());
    let (me, somebody) = (scene.named("me"), scene.named("somebody-else"));
    let with_token =
        |token: Value, scope: &str| json!({"confirmationToken": token, "scope": scope});

    let answer = unsent(&scene, delete(&me, scene.id(one), json!({}))).await;
    let told = refusal(&answer, "deleteUser");
    assert_eq!(told["code"], "CONFIRMATION_REQUIRED");
    assert_eq!(told["path"], json!(["input", "confirmationToken"]));

    let stale = async |caller: &Caller<'_>, account: &str, input: Value| {
        let answer = unsent(&scene, delete(caller, scene.id(account), input)).await;
        let told = refusal(&answer, "deleteUser");
        assert_eq!(told["code"], "STALE_CONFIRMATION", "{}", answer.text);
        assert_eq!(told["path"], json!(["input", "confirmationToken"]));
        assert!(answer.at("/deleteUser/deletion").is_null());
    };
    let token = confirmation(&scene, &me, one, "ACCOUNT").await;
    stale(&somebody, one, with_token(token.clone(), "ACCOUNT")).await;
    stale(&me, other, with_token(token.clone(), "ACCOUNT")).await;
    stale(&me, one, with_token(token.clone(), "SITE")).await;
    stale(&me, one, with_token(json!("nonsense"), "ACCOUNT")).await;
    stale(&me, one, with_token(json!(""), "ACCOUNT")).await;
    // The person is another meanwhile.
    super::change(&somebody, "suspendUser", scene.id(one)).await;
    stale(&me, one, with_token(token.clone(), "ACCOUNT")).await;
    super::change(&somebody, "restoreUser", scene.id(one)).await;
    let answer = delete(&me, scene.id(one), with_token(token.clone(), "ACCOUNT")).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0], "{}", answer.text);
    // It is good for one state of things, and that is over.
    let answer = unsent(&scene, delete(&me, scene.id(one), with_token(token, "ACCOUNT"))).await;
    assert_eq!(refused(&answer, "deleteUser"), ["ALREADY_SCHEDULED"]);
    let token = confirmation(&scene, &me, other, "ORGANIZATION").await;
    let dry = json!({"confirmationToken": token, "scope": "ORGANIZATION", "dryRun": true});
    let answer = unsent(&scene, delete(&me, scene.id(other), dry)).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
    let answer = delete(&me, scene.id(other), with_token(token, "ORGANIZATION")).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
}

#[tokio::test]
async fn a_confirmation_ends() {
    let scene = with(unbraked(12).with("CHANGES__CONFIRMATION_LIFETIME", "1s")).await;
    let person = scene.ordinary()[0].account_id.clone();
    let me = scene.named("me");
    let token = confirmation(&scene, &me, &person, "ACCOUNT").await;
    let dry = json!({"confirmationToken": token, "dryRun": true});
    let mut codes = Vec::new();
    for _ in 0..100 {
        codes = refused(&delete(&me, scene.id(&person), dry.clone()).await, "deleteUser");
        if !codes.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(codes, ["STALE_CONFIRMATION"], "also where it is not compulsory");
}

#[tokio::test]
async fn a_dry_run_does_everything_but_the_change() {
    let scene = with(unbraked(30).with("CHANGES__PER_CALLER_AND_HOUR", 1)).await;
    let people = scene.ordinary();
    let person = people[0].account_id.as_str();
    let admin = scene.admin();
    for scope in ["ACCOUNT", "ORGANIZATION", "SITE"] {
        let asked = scene.delete(person, json!({"dryRun": true, "scope": scope}));
        let answer = unsent(&scene, asked).await;
        assert_eq!(refused(&answer, "deleteUser"), [""; 0], "{scope}");
        assert!(answer.at("/deleteUser/deletion").is_null());
        assert_eq!(*answer.at("/deleteUser/preview/allowed"), json!(true));
    }
    for mutation in LIFECYCLE {
        let asked = change_with(&admin, mutation, scene.id(person), json!({"dryRun": true}));
        let answer = unsent(&scene, asked).await;
        assert_eq!(refused(&answer, mutation), [""; 0]);
        assert_eq!(*answer.at(&format!("/{mutation}/user/status")), json!("ACTIVE"));
    }
    let unmanaged = scene.find(0, |p| !p.is_managed).account_id;
    let answer = scene.delete(&unmanaged, json!({"dryRun": true})).await;
    assert_eq!(refused(&answer, "deleteUser"), ["NOT_MANAGED"]);
    let deletions = admin.ask("{ deletions { totalCount } }").await;
    assert_eq!(*deletions.good("/deletions/totalCount"), json!(0));
    for entry in scene.log().await {
        let outcome = if entry["target"] == person { "DRY_RUN" } else { "REFUSED" };
        assert_eq!((&entry["outcome"], &entry["isDryRun"]), (&json!(outcome), &json!(true)));
    }
    // Nothing was counted: the one change that the cap allows is still there.
    scene.scheduled(person).await;
}

#[tokio::test]
async fn what_is_refused_before_the_call_counts_for_no_cap() {
    let scene = with(unbraked(30).with("CHANGES__PER_CALLER_AND_HOUR", 1)).await;
    let unmanaged = scene.find(0, |p| !p.is_managed).account_id;
    for _ in 0..3 {
        let answer = scene.delete(&unmanaged, json!({})).await;
        assert_eq!(refused(&answer, "deleteUser"), ["NOT_MANAGED"]);
    }
    scene.scheduled(&scene.ordinary()[0].account_id).await;
}

#[tokio::test]
async fn ids_of_other_things_are_no_people() {
    let scene = Scene::of(12).await;
    let person = scene.ordinary()[0].account_id.clone();
    let deletion = scene.scheduled(&person).await;
    let role = scene.admin().ask("{ groups(first: 1) { nodes { id } } }").await;
    let group = role.texts("/groups/nodes", "id").remove(0);
    let long = format!("v1_{}", "A".repeat(9_000));
    let ids = ["", "x", "v1_", &long, &group, &deletion, &scene.gateway.integration(0)];
    for id in ids {
        let first = scene.named("first");
        let asked = everything(&first, id, json!({}));
        let (answers, calls) = scene.gateway.counted(asked).await;
        for (mutation, answer) in answers {
            let told = refusal(&answer, mutation);
            assert_eq!(told["code"], "NOT_FOUND");
            assert_eq!(told["path"], json!(["input", "userId"]));
        }
        assert_eq!(calls.total(), 0);
    }
    for id in ["", "x", scene.id(&person), &group, &scene.gateway.integration(0)] {
        let answer = unsent(&scene, scene.cancel(id)).await;
        assert_eq!(refused(&answer, "cancelUserDeletion"), ["NOT_FOUND"]);
    }
    let unknown = json!({"input": {"userId": scene.id(&person), "scope": "GALAXY"}});
    let answer = scene.admin().ask_with(DELETE, unknown).await;
    assert_eq!(answer.codes(), ["GRAPHQL_VALIDATION_FAILED"]);
}
