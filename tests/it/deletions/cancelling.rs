//! Taking a deletion back: within its 14 days, once, and only what can be taken back.

use serde_json::json;
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use super::{Scene, refusal, refused, unbraked};

const DAY: u64 = 24;

#[tokio::test]
async fn on_day_13_it_works_and_on_day_15_it_explains_itself() {
    let scene = Scene::of(30).await;
    let people = scene.ordinary();
    let [one, other] = [0, 1].map(|index: usize| people[index].account_id.as_str());
    let (first, second) = (scene.scheduled(one).await, scene.scheduled(other).await);
    scene.advance(13 * DAY);
    let answer = scene.cancel(&first).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), [""; 0]);
    let deletion = answer.good("/cancelUserDeletion/deletion");
    assert_eq!(deletion["state"], "CANCELLED");
    assert_eq!(deletion["user"]["status"], "ACTIVE");
    assert_eq!(deletion["viewerCanCancel"], false);
    assert_eq!(scene.state(one).state, "active");

    scene.advance(2 * DAY);
    let (answer, calls) = scene.gateway.counted(scene.cancel(&second)).await;
    let told = refusal(&answer, "cancelUserDeletion");
    assert_eq!(told["code"], "GRACE_PERIOD_OVER", "{}", answer.text);
    let message = told["message"].as_str().expect("a text");
    assert!(message.contains("14 days") && message.contains("new account"), "{message}");
    assert_eq!(told["isRetryable"], false);
    assert_eq!(answer.at("/cancelUserDeletion/deletion")["state"], "PURGED");
    let sent = calls.iter().filter(|(_, route, _)| route.contains("cancel-delete")).count();
    assert_eq!(sent, 0, "there is nothing to ask for");
    assert_eq!(scene.state(other).state, "closed");
    assert_eq!(scene.deletion(&second).await["viewerCanCancel"], false);
    let entry = scene.log().await.remove(0);
    assert_eq!(
        (&entry["outcome"], &entry["code"]),
        (&json!("REFUSED"), &json!("GRACE_PERIOD_OVER"))
    );
}

#[tokio::test]
async fn by_our_own_clock_it_is_over_as_well() {
    let scene = Scene::of(12).await;
    let person = scene.ordinary()[0].account_id.clone();
    let deletion = scene.scheduled(&person).await;
    // Fifteen days later, while Atlassian is slow to close the account.
    let path = scene.gateway.folder().join("headcount.db");
    let mut file = SqliteConnectOptions::new().filename(path).connect().await.expect("the file");
    let days = "UPDATE deletions SET purges_at = purges_at - 15 * 86400000000";
    sqlx::raw_sql(days).execute(&mut file).await.expect("it is done");
    let answer = scene.cancel(&deletion).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), ["GRACE_PERIOD_OVER"]);
    assert_eq!(scene.deletion(&deletion).await["viewerCanCancel"], false);
}

#[tokio::test]
async fn what_is_no_scheduled_deletion_is_not_cancelled() {
    let scene = Scene::of(60).await;
    let people = scene.ordinary();
    let mut people = people.iter().filter(|p| !p.visits.is_empty()).map(|p| p.account_id.as_str());
    let mut next = || people.next().expect("one more");
    let twice = next();
    let deletion = scene.scheduled(twice).await;
    assert_eq!(refused(&scene.cancel(&deletion).await, "cancelUserDeletion"), [""; 0]);
    let again = scene.cancel(&deletion).await;
    let told = refusal(&again, "cancelUserDeletion");
    assert_eq!(told["code"], "NOT_SCHEDULED");
    assert_eq!(*again.at("/cancelUserDeletion/deletion/state"), json!("CANCELLED"));
    assert_eq!(scene.state(twice).writes("lifecycle/cancel-delete"), 1);
    for scope in ["ORGANIZATION", "SITE"] {
        let answer = scene.delete(next(), json!({"scope": scope})).await;
        let id = answer.good("/deleteUser/deletion/id").as_str().expect("an id").to_owned();
        let answer = scene.cancel(&id).await;
        let told = refusal(&answer, "cancelUserDeletion");
        assert_eq!(told["code"], "NOT_SCHEDULED");
        let message = told["message"].as_str().expect("a text");
        assert!(message.contains("invite"), "{message}");
    }
    // A second deletion of the same person is another one: the first is not what is cancelled.
    let second = scene.scheduled(twice).await;
    let answer = scene.cancel(&deletion).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), ["NOT_SCHEDULED"]);
    assert_eq!(scene.state(twice).state, "for_deletion");
    assert_eq!(scene.deletion(&second).await["state"], "SCHEDULED");
}

#[tokio::test]
async fn two_who_cancel_at_once_are_told_the_same_and_atlassian_is_asked_once() {
    let scene = Scene::of(12).await;
    let person = scene.ordinary()[0].account_id.clone();
    let deletion = scene.scheduled(&person).await;
    let (one, other) =
        futures_util::future::join(scene.cancel(&deletion), scene.cancel(&deletion)).await;
    let mut codes = [one, other].map(|answer| refused(&answer, "cancelUserDeletion"));
    codes.sort();
    assert_eq!(codes, [vec![], vec!["NOT_SCHEDULED".to_owned()]]);
    assert_eq!(scene.state(&person).writes("lifecycle/cancel-delete"), 1);
}

#[tokio::test]
async fn what_somebody_cancelled_elsewhere_is_told_and_can_be_deleted_again() {
    let setup = unbraked(12).with("CHANGES__SETTLE", "100ms");
    let scene = Scene::before(setup.start().await).await;
    let person = scene.ordinary()[0].account_id.clone();
    let deletion = scene.scheduled(&person).await;
    let atlassian = &scene.gateway.atlassian;
    let url = format!("{}/users/{person}/manage/lifecycle/cancel-delete", atlassian.api_url());
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let key = &atlassian.connections()[0].organization_api_key;
    let request = client.post(url).bearer_auth(key).build().expect("a request");
    let answer = client.execute(request).await.expect("an answer");
    assert!(answer.status().is_success());
    scene.deletion_once_it_is(&deletion, "CANCELLED").await;
    let answer = scene.cancel(&deletion).await;
    assert_eq!(refused(&answer, "cancelUserDeletion"), ["NOT_SCHEDULED"]);
    let second = scene.scheduled(&person).await;
    assert_ne!(second, deletion);
}
