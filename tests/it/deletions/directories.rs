//! People of several directories: one call each, and the outcome of each is told.

use std::{collections::BTreeMap, time::Duration};

use headcount::demo::{Fault, FaultKind, PersonSummary};
use serde_json::{Value, json};

use super::{Scene, delete, refused, unbraked};

/// Somebody of the second organization who is in both of its directories.
fn in_both(scene: &Scene) -> Vec<PersonSummary> {
    let people = scene.gateway.atlassian.people(1).into_iter();
    let is = |p: &PersonSummary| {
        p.directories.len() == 2 && p.status == "active" && p.platform_roles.is_empty()
    };
    people.filter(is).collect()
}

fn refusing(directory: &str) -> Fault {
    let error =
        json!({"id": "1", "status": "403", "code": "ADMIN-403-3", "title": "No", "detail": null});
    let body = Some(json!({ "errors": [error] }).to_string());
    let kind =
        FaultKind::Status { status: 403, headers: BTreeMap::new(), body, content_type: None };
    Fault::new(kind).on("DELETE", directory)
}

fn outcomes(deletion: &Value) -> BTreeMap<String, String> {
    let list = deletion["directories"].as_array().expect("a list");
    let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
    list.iter().map(|row| (text(row, "id"), text(row, "outcome"))).collect()
}

#[tokio::test]
async fn each_directory_is_asked_and_told() {
    let setup = unbraked(1_000).with("CHANGES__SETTLE", "1s");
    let scene = Scene::before(setup.start().await).await;
    let people = in_both(&scene);
    assert!(people.len() > 3, "{}", people.len());
    let remove = async |person: &PersonSummary| {
        let id = scene.id_in(1, &person.account_id);
        let input = json!({"scope": "ORGANIZATION"});
        let asked = async { delete(&scene.admin(), id, input).await };
        scene.gateway.counted(asked).await
    };
    let left = |person: &PersonSummary| {
        let state = scene.state_in(1, &person.account_id);
        state.memberships.into_keys().collect::<Vec<String>>()
    };
    let told = |pairs: [(&String, &str); 2]| {
        let owned = pairs.map(|(id, outcome)| (id.clone(), outcome.to_owned()));
        BTreeMap::from(owned)
    };

    let both = &people[0];
    let (answer, calls) = remove(both).await;
    let deletion = answer.good("/deleteUser/deletion");
    let [first, second] = [&both.directories[0], &both.directories[1]];
    assert_eq!(deletion["state"], "QUEUED");
    assert_eq!(outcomes(deletion), told([(first, "ACCEPTED"), (second, "ACCEPTED")]));
    let sent = calls.iter().filter(|(method, ..)| *method == "DELETE").map(|(.., count)| count);
    assert_eq!(sent.sum::<u64>(), 2, "one call each");
    scene.gateway.atlassian.advance(Duration::from_secs(6));
    assert_eq!(left(both), [""; 0]);
    let id = deletion["id"].as_str().expect("an id");
    scene.deletion_once_it_is(id, "REMOVED").await;

    // One of the two refuses: the other is left all the same, and both are told.
    for (person, refuses) in [(&people[1], 0), (&people[2], 1)] {
        let refusing_one = &person.directories[refuses];
        let other = &person.directories[1 - refuses];
        scene.gateway.atlassian.add_fault(refusing(refusing_one));
        let (answer, _) = remove(person).await;
        scene.gateway.atlassian.clear_faults();
        assert_eq!(refused(&answer, "deleteUser"), ["UPSTREAM_REFUSED"], "{}", answer.text);
        let deletion = answer.good("/deleteUser/deletion");
        assert_eq!(deletion["state"], "FAILED");
        assert_eq!(outcomes(deletion), told([(refusing_one, "REFUSED"), (other, "ACCEPTED")]));
        let message = answer.at("/deleteUser/userErrors/0/message").as_str().expect("a text");
        assert!(message.starts_with("directory "), "{message}");
        scene.gateway.atlassian.advance(Duration::from_secs(6));
        assert_eq!(left(person), std::slice::from_ref(refusing_one));
        // Asked again, only what is left is asked for.
        let (answer, calls) = remove(person).await;
        assert_eq!(answer.good("/deleteUser/deletion")["state"], "QUEUED");
        let sent = calls.iter().filter(|(method, ..)| *method == "DELETE");
        assert_eq!(sent.map(|(.., count)| count).sum::<u64>(), 1);
    }

    // The answer of one is lost: what became of it is read.
    let person = &people[3];
    let lost = Fault::new(FaultKind::DropConnection).on("DELETE", &person.directories[1]);
    scene.gateway.atlassian.add_fault(lost.times(1));
    let (answer, _) = remove(person).await;
    let deletion = answer.good("/deleteUser/deletion");
    assert_eq!(deletion["state"], "QUEUED", "{}", answer.text);
    scene.gateway.atlassian.advance(Duration::from_secs(6));
    let id = deletion["id"].as_str().expect("an id");
    scene.deletion_once_it_is(id, "REMOVED").await;
    assert_eq!(left(person), [""; 0]);
    assert_eq!(scene.state_in(1, &person.account_id).writes("users/remove"), 2, "none twice");
}

#[tokio::test]
async fn a_removal_that_never_reached_atlassian_fails_and_says_so() {
    let setup = unbraked(30).impatient().with("CHANGES__SETTLE", "300ms");
    let scene = Scene::before(setup.start().await).await;
    let person = scene.ordinary()[0].account_id.clone();
    let lost = Fault::new(FaultKind::DropRequest).on("DELETE", "/users/{accountId}");
    scene.gateway.atlassian.add_fault(lost.times(1));
    let answer = scene.delete(&person, json!({"scope": "ORGANIZATION"})).await;
    let deletion = answer.good("/deleteUser/deletion");
    assert_eq!(deletion["state"], "QUEUED", "{}", answer.text);
    assert_eq!(deletion["directories"][0]["outcome"], "UNKNOWN");
    let id = deletion["id"].as_str().expect("an id");
    let failed = scene.deletion_once_it_is(id, "FAILED").await;
    assert_eq!(failed["directories"][0]["outcome"], "REFUSED");
    assert_eq!(failed["failures"][0]["isRetryable"], true);
    assert_eq!(scene.writes(&person), 0);
    let entry = scene.log().await.remove(0);
    assert_ne!(entry["outcome"], "SUCCEEDED", "nothing was done: {entry}");
}
