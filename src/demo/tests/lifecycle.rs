use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use super::{
    super::{AccountState, Fault, FaultKind, PersonSummary},
    Asking,
};

const DAY: Duration = Duration::from_hours(24);

/// Somebody whose account may be deleted.
fn ordinary(person: &PersonSummary) -> bool {
    person.status == "active"
        && person.is_managed
        && person.is_email_verified
        && person.external_owner.is_none()
        && person.platform_roles.is_empty()
        && !person.is_billing_contact
}

impl Asking {
    async fn lifecycle(&self, account: &str, action: &str) -> u16 {
        let path = format!("/users/{account}/manage/lifecycle/{action}");
        self.api("POST", &path, None).await.status.as_u16()
    }

    fn state(&self, account: &str) -> AccountState {
        self.simulator.account_state(self.organization, account).unwrap()
    }

    /// The status of a change that may get no answer.
    async fn dared(&self, method: &str, path: &str) -> Option<u16> {
        let path = path.replace("{org}", &self.connection().organization_id);
        let url = format!("{}{path}", self.simulator.api_url());
        let request = self.client.request(method.parse().unwrap(), url);
        let key = &self.connection().organization_api_key;
        let response = request.bearer_auth(key).send().await.ok()?;
        Some(response.status().as_u16())
    }
}

#[tokio::test]
async fn deleting_twice_is_accepted_twice_and_does_not_prolong_the_grace() {
    let asking = Asking::healthy(60).await;
    let account = asking.person(ordinary).account_id;
    assert_eq!(asking.lifecycle(&account, "delete").await, 200);
    let first = asking.state(&account);
    asking.simulator.advance(DAY * 10);
    assert_eq!(asking.lifecycle(&account, "delete").await, 200);
    let second = asking.state(&account);
    assert_eq!((second.state, second.since), ("for_deletion", first.since));
    assert_eq!(second.writes("lifecycle/delete"), 2);
    asking.simulator.advance(DAY * 4);
    let closed = asking.state(&account);
    assert_eq!((closed.state, closed.memberships), ("closed", BTreeMap::new()));
    assert_eq!(asking.lifecycle(&account, "delete").await, 404);
    assert_eq!(asking.lifecycle(&account, "cancel-delete").await, 404);
    assert_eq!(asking.state(&account).writes, second.writes, "refused ones do not count");
}

#[tokio::test]
async fn what_was_never_scheduled_cannot_be_cancelled() {
    let asking = Asking::healthy(60).await;
    let account = asking.person(ordinary).account_id;
    assert_eq!(asking.lifecycle(&account, "cancel-delete").await, 404);
    assert_eq!(asking.state(&account).writes, BTreeMap::new());
}

#[tokio::test]
async fn within_the_grace_only_cancelling_helps_and_it_activates() {
    let asking = Asking::healthy(60).await;
    let account = asking.person(ordinary).account_id;
    assert_eq!(asking.lifecycle(&account, "disable").await, 204);
    assert_eq!(asking.state(&account).state, "deactivated");
    assert_eq!(asking.lifecycle(&account, "delete").await, 200);
    assert_eq!(asking.lifecycle(&account, "enable").await, 409);
    assert_eq!(asking.lifecycle(&account, "disable").await, 409);
    assert_eq!(asking.lifecycle(&account, "cancel-delete").await, 200);
    let state = asking.state(&account);
    assert_eq!((state.state, state.since), ("active", None));
    let once = |change: &str| (change.to_owned(), 1);
    let expected = ["lifecycle/cancel-delete", "lifecycle/delete", "lifecycle/disable"].map(once);
    assert_eq!(state.writes, expected.into());
}

#[tokio::test]
async fn a_queued_removal_and_a_deletion_do_not_disturb_each_other() {
    let asking = Asking::healthy(60).await;
    let account = asking.person(ordinary).account_id;
    let directory = asking.simulator.directory_ids(0).remove(0);
    let path = format!("/admin/v2/orgs/{{org}}/directories/{directory}/users/{account}");
    assert_eq!(asking.api("DELETE", &path, None).await.status, 204);
    assert_eq!(asking.lifecycle(&account, "delete").await, 200);
    // The first removal is still queued.
    assert_eq!(asking.api("DELETE", &path, None).await.status, 204);
    let state = asking.state(&account);
    assert_eq!((state.state, state.memberships[&directory]), ("for_deletion", "active"));
    asking.simulator.advance(Duration::from_secs(6));
    let state = asking.state(&account);
    assert_eq!((state.state, state.memberships.len()), ("for_deletion", 0));
    assert_eq!(asking.api("DELETE", &path, None).await.status, 404);
    assert_eq!(asking.lifecycle(&account, "cancel-delete").await, 200);
    let state = asking.state(&account);
    assert_eq!((state.state, state.memberships.len()), ("active", 0));
    assert_eq!((state.writes("users/remove"), state.writes("lifecycle/delete")), (2, 1));
}

#[tokio::test]
async fn a_person_may_leave_one_directory_of_two() {
    let asking = Asking::awkward(400).await;
    let person = asking.person(|person| {
        person.directories.len() == 2
            && person.status == "active"
            && person.platform_roles.is_empty()
    });
    let [kept, left] = &person.directories[..] else { panic!("there are two") };
    let path = format!("/admin/v2/orgs/{{org}}/directories/{left}/users/{}", person.account_id);
    assert_eq!(asking.api("DELETE", &path, None).await.status, 204);
    asking.simulator.advance(Duration::from_secs(6));
    let state = asking.state(&person.account_id);
    assert_eq!(state.memberships.keys().collect::<Vec<_>>(), [kept]);
    let path = format!("/admin/v2/orgs/{{org}}/directories?accountId={}", person.account_id);
    let told = asking.get(&path).await;
    assert_eq!(told.body["data"][0]["directoryId"], json!(kept));
}

#[tokio::test]
async fn a_change_is_lost_before_or_after_it_was_made_as_ordered() {
    let asking = Asking::healthy(60).await;
    for (kind, answer, times) in [
        (FaultKind::DropRequest, None, 0),
        (FaultKind::DropConnection, None, 1),
        (FaultKind::Html { status: 504 }, Some(504), 0),
        (FaultKind::HtmlAfterwards { status: 504 }, Some(504), 1),
    ] {
        let account = asking
            .person(|person| ordinary(person) && asking.state(&person.account_id).writes.is_empty())
            .account_id;
        let path = format!("/users/{account}/manage/lifecycle/delete");
        // Only this person's: the next call of somebody else is left alone.
        asking.simulator.add_fault(Fault::new(kind.clone()).on("POST", &account).times(1));
        assert_eq!(asking.dared("POST", &path).await, answer, "{kind:?}");
        assert_eq!(asking.state(&account).writes("lifecycle/delete"), times, "{kind:?}");
        assert_eq!(asking.dared("POST", &path).await, Some(200), "{kind:?}");
    }
    let report = asking.get("/_simulator/requests").await.body;
    assert_eq!(report["byRoute"][0]["statuses"], json!({"0": 2, "200": 4, "504": 2}));
}

#[tokio::test]
async fn a_change_may_be_made_before_its_answer_is_due() {
    let asking = Asking::healthy(60).await;
    let account = asking.person(ordinary).account_id;
    let late = FaultKind::LateAnswer { milliseconds: 60_000 };
    asking.simulator.add_fault(Fault::new(late).on("POST", "lifecycle/delete"));
    let path = format!("/users/{account}/manage/lifecycle/delete");
    let call = tokio::time::timeout(Duration::from_millis(500), asking.dared("POST", &path));
    assert!(call.await.is_err(), "the caller gives up");
    assert_eq!(asking.state(&account).state, "for_deletion");
}

#[tokio::test]
async fn rules_one_after_another_are_a_script_of_answers() {
    let asking = Asking::healthy(60).await;
    let account = asking.person(ordinary).account_id;
    let status = |status| FaultKind::Status {
        status,
        headers: BTreeMap::new(),
        body: Some(r#"{"key":"accountNotFound"}"#.to_owned()),
        content_type: None,
    };
    let on = |kind| Fault::new(kind).on("POST", "lifecycle/delete").times(1);
    asking.simulator.add_fault(on(status(404)));
    asking.simulator.add_fault(on(FaultKind::DropRequest));
    // The second that comes through of those after.
    asking.simulator.add_fault(on(status(503)).after(1));
    let mut told = Vec::new();
    for _ in 0..5 {
        let path = format!("/users/{account}/manage/lifecycle/delete");
        told.push(asking.dared("POST", &path).await);
    }
    assert_eq!(told, [Some(404), None, Some(200), Some(503), Some(200)]);
    assert_eq!(asking.state(&account).writes("lifecycle/delete"), 2);
}

#[tokio::test]
async fn every_kind_of_person_that_a_deletion_meets_can_be_found() {
    let asking = Asking::healthy(60).await;
    let people = asking.simulator.people(0);
    let is_there = |is: fn(&PersonSummary) -> bool| people.iter().any(is);
    assert!(is_there(ordinary));
    assert!(is_there(|person| person.external_owner == Some("externalDirectory.scim")));
    assert!(is_there(|person| person.external_owner == Some("externalDirectory.google")));
    assert!(is_there(|person| person.is_billing_contact));
    assert!(is_there(|person| !person.is_managed));
    assert!(is_there(|person| person.is_managed && !person.is_email_verified));
    assert!(is_there(|person| person.is_service_account && person.last_token_use.is_some()));
    assert!(is_there(|person| person.status == "for_deletion"));
    let admins = |person: &&PersonSummary| person.platform_roles.contains(&"atlassian/org-admin");
    assert_eq!(people.iter().filter(admins).count(), 2);
    let unverified = people.iter().find(|person| !person.is_email_verified).unwrap();
    let path = format!("/users/{}/manage/lifecycle/delete", unverified.account_id);
    let told = asking.api("POST", &path, None).await;
    assert_eq!(
        (told.status.as_u16(), &told.body["key"]),
        (403, &json!("forbidden.targetUnverified"))
    );
    let scoped = asking.simulator.connections()[1].organization_api_key.clone();
    let told = asking.api_with(&scoped, "POST", &path, None).await;
    assert_eq!(
        (told.status.as_u16(), &told.body["key"]),
        (403, &json!("forbidden.insufficientScope"))
    );
}
