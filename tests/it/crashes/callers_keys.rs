//! What a key is bound to, when it is free again, and which keys are none.

use headcount::demo::PersonSummary;
use serde_json::{Value, json};

use super::{
    ACCOUNT,
    scene::{Scene, unbraked},
};

fn code(answer: &Value) -> &str {
    answer["userErrors"][0]["code"].as_str().unwrap_or("(none)")
}

fn find(scene: &Scene, is_wanted: impl Fn(&PersonSummary) -> bool) -> String {
    let found = scene.gateway.atlassian.people(0).into_iter().find(is_wanted);
    found.expect("there is such a person").account_id
}

#[tokio::test]
async fn a_key_stands_for_one_input_of_one_caller() {
    let scene = Scene::of(unbraked(60)).await;
    let users = scene.user_ids(0, &scene.ordinary(2)).await;
    let input = |user: &str| json!({"userId": user, "idempotencyKey": "once"});
    let first = scene.delete(input(&users[0])).await;
    for other in [
        input(&users[1]),
        json!({"userId": users[0], "idempotencyKey": "once", "scope": "SITE"}),
        json!({"userId": users[0], "idempotencyKey": "once", "reason": "left"}),
        json!({"userId": users[0], "idempotencyKey": "once", "dryRun": true}),
    ] {
        let refused = scene.delete(other.clone()).await;
        assert_eq!(code(&refused), "IDEMPOTENCY_CONFLICT", "{other}");
        assert!(refused["deletion"].is_null(), "{refused}");
    }
    assert_eq!(scene.calls(ACCOUNT), 1);
    let of_another = scene.delete_as("grace", input(&users[1])).await;
    assert_eq!(of_another["userErrors"], json!([]), "{of_another}");
    assert_ne!(of_another["deletion"]["id"], first["deletion"]["id"]);
    assert_eq!(scene.calls(ACCOUNT), 2);
    assert_eq!(scene.delete(input(&users[0])).await["deletion"], first["deletion"]);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_refusal_that_passes_and_after_a_dry_run() {
    let scene = Scene::of(unbraked(60).with("CHANGES__PER_CALLER_AND_HOUR", 1)).await;
    let users = scene.user_ids(0, &scene.ordinary(2)).await;
    let dry = json!({"userId": users[0], "idempotencyKey": "first", "dryRun": true});
    assert_eq!(scene.delete(dry).await["userErrors"], json!([]));
    let first = scene.delete(json!({"userId": users[0], "idempotencyKey": "first"})).await;
    assert_eq!(first["deletion"]["state"], "SCHEDULED", "the dry run left no trace: {first}");
    let second = json!({"userId": users[1], "idempotencyKey": "second"});
    assert_eq!(code(&scene.delete(second.clone()).await), "CAP_REACHED");
    assert_eq!(code(&scene.delete(second.clone()).await), "CAP_REACHED");
    // An hour passes.
    scene.file.change("UPDATE counted_changes SET at = at - 3600000000").await;
    let made = scene.delete(second).await;
    assert_eq!(made["deletion"]["state"], "SCHEDULED", "{made}");
    assert_eq!(scene.calls(ACCOUNT), 2);
}

#[tokio::test]
async fn what_atlassian_refused_is_told_again_and_costs_no_call() {
    let scene = Scene::of(unbraked(60)).await;
    let contact = find(&scene, |person| person.is_billing_contact && person.status == "active");
    let user = scene.user_id(0, &contact).await;
    let input = json!({"userId": user, "idempotencyKey": "once"});
    let refused = scene.delete(input.clone()).await;
    assert_eq!(code(&refused), "UPSTREAM_REFUSED", "{refused}");
    assert_eq!(refused["userErrors"][0]["upstreamCode"], "last-billing-contact");
    assert_eq!(refused["deletion"]["state"], "FAILED");
    assert_eq!(scene.calls(ACCOUNT), 1);
    let again = scene.delete(input).await;
    assert_eq!(again, refused);
    assert_eq!((scene.calls(ACCOUNT), scene.writes(0, &contact, "lifecycle/delete")), (1, 0));
    assert_eq!(scene.record().await, ["REFUSED", "REPLAYED"]);
}

#[tokio::test]
async fn what_a_rule_of_ours_refused_holds_no_key() {
    let setup = unbraked(60);
    let plain = Scene::of(setup.clone()).await;
    let (other, protected) = (plain.ordinary(2).remove(0), plain.ordinary(2).remove(1));
    let setup = setup.with("CHANGES__PROTECTED_ACCOUNTS", format!("[{protected:?}]"));
    let scene = Scene::of(setup).await;
    let of_protected = scene.user_id(0, &protected).await;
    let owned = find(&scene, |person| {
        person.external_owner == Some("externalDirectory.scim") && person.status == "active"
    });
    let input = json!({"userId": scene.user_id(0, &owned).await, "idempotencyKey": "once"});
    assert_eq!(code(&scene.delete(input).await), "IDP_OWNED");
    let protected = json!({"userId": of_protected, "idempotencyKey": "once"});
    assert_eq!(code(&scene.delete(protected).await), "PROTECTED");
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM idempotency_keys").await, 0);
    let other = scene.user_id(0, &other).await;
    let made = scene.delete(json!({"userId": other, "idempotencyKey": "once"})).await;
    assert_eq!(made["deletion"]["state"], "SCHEDULED", "{made}");
}

#[tokio::test]
async fn a_key_is_free_after_a_day() {
    let scene = Scene::of(unbraked(60)).await;
    let users = scene.user_ids(0, &scene.ordinary(2)).await;
    let input = |user: &str| json!({"userId": user, "idempotencyKey": "once"});
    scene.delete(input(&users[0])).await;
    scene.file.change("UPDATE idempotency_keys SET claimed_at = claimed_at - 86390000000").await;
    assert_eq!(code(&scene.delete(input(&users[1])).await), "IDEMPOTENCY_CONFLICT");
    scene.file.change("UPDATE idempotency_keys SET claimed_at = claimed_at - 10000000").await;
    let made = scene.delete(input(&users[1])).await;
    assert_eq!(made["deletion"]["state"], "SCHEDULED", "{made}");
}

#[tokio::test]
async fn a_key_has_1_to_255_characters_of_any_script() {
    let scene = Scene::of(unbraked(60)).await;
    let users = scene.user_ids(0, &scene.ordinary(2)).await;
    for key in ["", "  ", &"x".repeat(256), &"ü".repeat(256)] {
        let refused = scene.delete(json!({"userId": users[0], "idempotencyKey": key})).await;
        assert_eq!(code(&refused), "INVALID_INPUT", "{key:.10}");
    }
    assert_eq!(scene.calls(ACCOUNT), 0);
    for (user, key) in users.iter().zip(["x".repeat(255), "ü".repeat(255)]) {
        let made = scene.delete(json!({"userId": user, "idempotencyKey": key})).await;
        assert_eq!(made["userErrors"], json!([]), "{key:.10}: {made}");
    }
}
