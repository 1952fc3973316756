//! The answer to a removal from a directory or a site is lost.

use std::time::Duration;

use headcount::demo::{Fault, FaultKind, PersonSummary};
use serde_json::{Value, json};

use super::{
    DELETION, DIRECTORY, SITE, is_ordinary,
    scene::{Scene, unbraked},
    until,
};

/// A removal from `scope` of the first person for whom it works, while a fault falls on the call.
struct Removal {
    scene: Scene,
    account: String,
    input: Value,
    route: (&'static str, &'static str),
    change: &'static str,
}

impl Removal {
    async fn from(scope: &'static str) -> Self {
        let scene = Scene::of(unbraked(60).with("ATLASSIAN__REQUEST_TIMEOUT", "400ms")).await;
        let (route, change) = match scope {
            "SITE" => (SITE, "user/remove"),
            _ => (DIRECTORY, "users/remove"),
        };
        // Members of groups use the products, and with them the site.
        let is_member = |person: &PersonSummary| {
            is_ordinary(person) && !person.groups.is_empty() && person.directories.len() == 1
        };
        let mut people = scene.gateway.atlassian.people(0).into_iter().filter(is_member);
        let account = people.next().expect("there is such a person").account_id;
        let user = scene.user_id(0, &account).await;
        let input = json!({"userId": user, "scope": scope, "idempotencyKey": "once"});
        Self { scene, account, input, route, change }
    }

    async fn asked(&self) -> Value {
        self.scene.delete(self.input.clone()).await
    }

    fn spoil(&self, fault: FaultKind) {
        let fault = Fault::new(fault).on(self.route.0, self.route.1).times(1);
        self.scene.gateway.atlassian.add_fault(fault);
        self.scene.gateway.atlassian.reset_requests();
    }

    fn counted(&self) -> (u64, u32) {
        let writes = self.scene.writes(0, &self.account, self.change);
        (self.scene.calls(self.route), writes)
    }

    async fn ends_as(&self, told: &Value, state: &str) {
        let id = json!({"id": told["deletion"]["id"]});
        until(state, async || {
            let deletion = self.scene.ask(DELETION, id.clone()).await;
            (deletion.good("/deletion/state") == state).then_some(())
        })
        .await;
    }

    async fn record_is(&self, expected: &[&str]) {
        until("the record", async || (self.scene.record().await == expected).then_some(())).await;
    }

    /// Time passes until Atlassian shows what it has queued.
    fn pass(&self) {
        self.scene.gateway.atlassian.advance(Duration::from_secs(6));
    }
}

/// The call was carried out; its answer is lost.
async fn found_done(scope: &'static str, fault: FaultKind) {
    let removal = Removal::from(scope).await;
    removal.spoil(fault);
    let told = removal.asked().await;
    removal.pass();
    removal.ends_as(&told, "REMOVED").await;
    removal.record_is(&["SUCCEEDED"]).await;
    let again = removal.asked().await;
    assert_eq!(again["deletion"]["id"], told["deletion"]["id"], "{again}");
    assert_eq!(again["userErrors"], json!([]));
    removal.record_is(&["SUCCEEDED", "REPLAYED"]).await;
    assert_eq!(removal.counted(), (1, 1));
}

/// The call was not carried out.
async fn found_undone(scope: &'static str) {
    let removal = Removal::from(scope).await;
    removal.spoil(FaultKind::DropRequest);
    let told = removal.asked().await;
    assert_eq!(told["deletion"]["state"], "QUEUED", "{told}");
    removal.ends_as(&told, "FAILED").await;
    removal.record_is(&["FAILED"]).await;
    assert_eq!(removal.counted(), (1, 0));
    let again = removal.asked().await;
    assert_eq!(again["userErrors"], json!([]), "the key is free: {again}");
    removal.pass();
    removal.ends_as(&again, "REMOVED").await;
    removal.record_is(&["FAILED", "SUCCEEDED"]).await;
    assert_eq!(removal.counted(), (2, 1));
}

#[tokio::test]
async fn a_removal_from_the_organization_whose_connection_broke_is_found_done() {
    found_done("ORGANIZATION", FaultKind::DropConnection).await;
}

#[tokio::test]
async fn a_removal_from_the_organization_whose_answer_was_a_page_is_found_done() {
    found_done("ORGANIZATION", FaultKind::HtmlAfterwards { status: 502 }).await;
}

#[tokio::test]
async fn a_removal_from_the_organization_whose_answer_came_too_late_is_found_done() {
    found_done("ORGANIZATION", FaultKind::LateAnswer { milliseconds: 5_000 }).await;
}

#[tokio::test]
async fn a_removal_from_the_organization_that_was_lost_is_found_undone() {
    found_undone("ORGANIZATION").await;
}

#[tokio::test]
async fn a_removal_from_the_site_whose_connection_broke_is_found_done() {
    found_done("SITE", FaultKind::DropConnection).await;
}

#[tokio::test]
async fn a_removal_from_the_site_whose_answer_was_a_page_is_found_done() {
    found_done("SITE", FaultKind::HtmlAfterwards { status: 502 }).await;
}

#[tokio::test]
async fn a_removal_from_the_site_whose_answer_came_too_late_is_found_done() {
    found_done("SITE", FaultKind::LateAnswer { milliseconds: 5_000 }).await;
}

#[tokio::test]
async fn a_removal_from_the_site_that_was_lost_is_found_undone() {
    found_undone("SITE").await;
}

/// One of two directories is lost on the way, the other one accepted it.
#[tokio::test]
async fn one_lost_answer_of_two_directories_is_looked_after_and_the_other_stands() {
    for (fault, state, end, writes) in [
        (FaultKind::DropConnection, "REMOVED", "SUCCEEDED", 2),
        (FaultKind::DropRequest, "FAILED", "FAILED", 1),
    ] {
        let scene = Scene::of(unbraked(2_000)).await;
        let atlassian = &scene.gateway.atlassian;
        let person = atlassian.people(1).into_iter().find(|person| {
            person.directories.len() == 2
                && person.status == "active"
                && person.platform_roles.is_empty()
        });
        let account = person.expect("somebody is in two directories").account_id;
        let user = scene.user_id(1, &account).await;
        atlassian.add_fault(Fault::new(fault).on(DIRECTORY.0, DIRECTORY.1).times(1));
        let input = json!({"userId": user, "scope": "ORGANIZATION", "idempotencyKey": "once"});
        let told = scene.delete(input).await;
        atlassian.advance(Duration::from_secs(6));
        let id = json!({"id": told["deletion"]["id"]});
        until(state, async || {
            let deletion = scene.ask(DELETION, id.clone()).await;
            (deletion.good("/deletion/state") == state).then_some(())
        })
        .await;
        until("the record", async || (scene.record().await == [end]).then_some(())).await;
        assert_eq!(scene.calls(DIRECTORY), 2);
        assert_eq!(scene.writes(1, &account, "users/remove"), writes);
    }
}
