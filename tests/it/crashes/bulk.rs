//! Many in one run: one result a person, under the same rules as a single deletion.

use headcount::{auth::IntegrationScope, demo::PersonSummary, domain::IntegrationId};
use serde_json::{Value, json};

use super::{
    ACCOUNT, DELETE_MANY, RUN, is_ordinary,
    scene::{Scene, unbraked},
    until,
};
use crate::support::EVERYTHING;

const PREVIEW: &str = "query($id: ID!) { deletionPreview(userId: $id) { confirmationToken } }";

/// Begins a run and waits for its end; all that was seen of its progress on the way, the end last.
async fn run(scene: &Scene, input: Value) -> Vec<Value> {
    let begun = scene.ask(DELETE_MANY, json!({"input": input})).await;
    assert_eq!(begun.good("/deleteUsers/userErrors"), &json!([]), "{}", begun.text);
    let id = json!({"id": begun.good("/deleteUsers/bulkDeletion/id")});
    let mut seen: Vec<Value> = Vec::new();
    until("the end of the run", async || {
        let run = scene.ask(RUN, id.clone()).await.good("/node").clone();
        seen.push(run);
        seen.last()?["finishedAt"].is_string().then_some(())
    })
    .await;
    seen
}

async fn results(scene: &Scene, input: Value) -> Vec<Value> {
    let end = run(scene, input).await.pop().expect("it ended");
    end["results"].as_array().expect("results").clone()
}

fn code(result: &Value) -> &str {
    result["userErrors"][0]["code"].as_str().unwrap_or("")
}

async fn refusal(scene: &Scene, input: Value) -> Value {
    let answer = scene.ask(DELETE_MANY, json!({"input": input})).await;
    assert!(answer.good("/deleteUsers/bulkDeletion").is_null(), "{}", answer.text);
    answer.good("/deleteUsers/userErrors/0").clone()
}

#[tokio::test]
async fn fifty_people_have_a_result_each_in_their_order_and_the_refused_are_told() {
    let scene = Scene::of(unbraked(300)).await;
    let people = scene.gateway.atlassian.people(0);
    let one = |is: &dyn Fn(&PersonSummary) -> bool| {
        let found = people.iter().find(|person| is(person) && person.status == "active");
        found.expect("there is such a person").account_id.clone()
    };
    let refused = [
        (one(&|person| !person.is_managed), "NOT_MANAGED"),
        (one(&|person| person.external_owner == Some("externalDirectory.scim")), "IDP_OWNED"),
        (one(&|person| person.is_billing_contact), "UPSTREAM_REFUSED"),
        (people[0].account_id.clone(), "SELF"),
    ];
    let mut accounts = scene.ordinary(50 - refused.len());
    // Not all at one end.
    for (index, (account, _)) in refused.iter().enumerate() {
        accounts.insert(index * 10, account.clone());
    }
    let users = scene.user_ids(0, &accounts).await;
    scene.gateway.atlassian.reset_requests();
    let seen = run(&scene, json!({"userIds": users, "reason": "left"})).await;
    let done: Vec<u64> = seen.iter().map(|run| run["done"].as_u64().expect("a number")).collect();
    assert!(done.is_sorted(), "{done:?}");
    let end = seen.last().expect("it ended");
    assert_eq!((&end["total"], &end["done"], &end["failed"]), (&json!(50), &json!(50), &json!(4)));
    let results = end["results"].as_array().expect("results");
    for ((result, account), user) in results.iter().zip(&accounts).zip(&users) {
        assert_eq!(result["userId"], **user);
        match refused.iter().find(|(known, _)| known == account) {
            Some((_, expected)) => assert_eq!(code(result), *expected, "{result}"),
            None => assert_eq!(result["deletion"]["state"], "SCHEDULED", "{result}"),
        }
        let writes = u32::from(code(result).is_empty());
        assert_eq!(scene.writes(0, account, "lifecycle/delete"), writes);
    }
    // The billing contact's refusal is Atlassian's own.
    assert_eq!(scene.calls(ACCOUNT), 47);
}

#[tokio::test]
async fn everybody_beyond_the_cap_is_told_so_and_stays() {
    let scene = Scene::of(unbraked(60).with("CHANGES__PER_CALLER_AND_HOUR", 2)).await;
    let accounts = scene.ordinary(4);
    let users = scene.user_ids(0, &accounts).await;
    let results = results(&scene, json!({"userIds": users})).await;
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert_eq!(codes, ["", "", "CAP_REACHED", "CAP_REACHED"]);
    let writes = |account: &String| scene.writes(0, account, "lifecycle/delete");
    assert_eq!(accounts.iter().map(writes).collect::<Vec<_>>(), [1, 1, 0, 0]);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_refused_and_changes_nothing() {
    let scene = Scene::of(unbraked(60)).await;
    let mut accounts = scene.ordinary(2);
    accounts.push(scene.gateway.atlassian.people(0)[0].account_id.clone());
    let users = scene.user_ids(0, &accounts).await;
    let results = results(&scene, json!({"userIds": users, "dryRun": true})).await;
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert_eq!(codes, ["", "", "SELF"]);
    assert!(results.iter().all(|result| result["deletion"].is_null()));
    assert_eq!(scene.calls(ACCOUNT), 0);
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM deletions").await, 0);
    assert_eq!(scene.record().await, ["SUCCEEDED", "DRY_RUN", "DRY_RUN", "REFUSED"]);
}

#[tokio::test]
async fn each_confirmation_is_for_one_person_and_one_caller() {
    let scene = Scene::of(unbraked(60).with("CHANGES__NEEDS_CONFIRMATION", true)).await;
    let accounts = scene.ordinary(4);
    let users = scene.user_ids(0, &accounts).await;
    let token = async |subject: &str, user: &str| {
        let preview = scene.ask_as(subject, PREVIEW, json!({"id": user})).await;
        preview.good("/deletionPreview/confirmationToken").clone()
    };
    let good = token("ada", &users[0]).await;
    let of_another_person = token("ada", &users[0]).await;
    let of_another_caller = token("grace", &users[2]).await;
    let wrong_number = json!({"userIds": users, "confirmationTokens": [good]});
    let refused = refusal(&scene, wrong_number).await;
    assert_eq!(refused["code"], "INVALID_INPUT");
    assert_eq!(refused["path"], json!(["input", "confirmationTokens"]));
    let tokens = json!([good, of_another_person, of_another_caller, "none"]);
    let told = results(&scene, json!({"userIds": users, "confirmationTokens": tokens})).await;
    let codes: Vec<&str> = told.iter().map(code).collect();
    assert_eq!(codes, ["", "STALE_CONFIRMATION", "STALE_CONFIRMATION", "STALE_CONFIRMATION"]);
    assert_eq!(scene.calls(ACCOUNT), 1);
    let told = results(&scene, json!({"userIds": users[1..2]})).await;
    assert_eq!(code(&told[0]), "CONFIRMATION_REQUIRED");
    assert_eq!(scene.calls(ACCOUNT), 1);
}

#[tokio::test]
async fn a_list_that_makes_no_sense_begins_nothing() {
    let scene = Scene::of(unbraked(300)).await;
    let users = scene.user_ids(0, &scene.ordinary(51)).await;
    for (list, expected) in [
        (json!(users), "INVALID_INPUT"),
        (json!([]), "INVALID_INPUT"),
        (json!([users[0], users[1], users[0]]), "INVALID_INPUT"),
        (json!([users[0], "v1_none"]), "NOT_FOUND"),
    ] {
        assert_eq!(refusal(&scene, json!({"userIds": list})).await["code"], expected);
    }
    assert_eq!(scene.file.number("SELECT COUNT(*) FROM bulk_deletions").await, 0);
    assert_eq!(scene.record().await, ["REFUSED"; 4]);
}

#[tokio::test]
async fn a_run_is_shown_only_to_those_who_may_see_all_its_people() {
    let scene = Scene::of(unbraked(60)).await;
    let mut users = scene.user_ids(0, &scene.ordinary(1)).await;
    let of_the_other = scene.gateway.atlassian.people(1).into_iter().find(is_ordinary);
    let of_the_other = of_the_other.expect("there is such a person").account_id;
    users.push(scene.user_id(1, &of_the_other).await);
    let begun = scene.ask(DELETE_MANY, json!({"input": {"userIds": users, "dryRun": true}})).await;
    let id = json!({"id": begun.good("/deleteUsers/bulkDeletion/id")});
    assert_eq!(scene.ask(RUN, id.clone()).await.good("/node/total"), &json!(2));
    for index in 0..2 {
        let limited = scene.gateway.limited_to(index).ask_with(RUN, id.clone()).await;
        assert!(limited.good("/node").is_null(), "{}", limited.text);
    }
    let nowhere = IntegrationScope::Only(std::iter::once(IntegrationId::from("none")).collect());
    let nowhere = scene.gateway.token(EVERYTHING, nowhere);
    let told = scene.gateway.with_token(&nowhere).ask_with(RUN, id).await;
    assert!(told.good("/node").is_null(), "{}", told.text);
}
