//! Who is never touched: oneself, the integration's admin, the last admin, and whom the operator protects; and that the
//! site is the organization's own.

use std::sync::Arc;

use headcount::demo::{Fault, FaultKind, Options, PersonSummary, Simulator};
use serde_json::json;

use super::{PREVIEW, Scene, delete, is_ordinary, preview::findings, refused, unbraked};
use crate::support::now;

const ADMIN: &str = "atlassian/org-admin";

fn is_admin(person: &PersonSummary) -> bool {
    person.platform_roles.contains(&ADMIN) && person.status == "active"
}

/// Makes somebody an organization admin, as it is done in Atlassian Administration.
async fn promote(scene: &Scene, account: &str) {
    let atlassian = &scene.gateway.atlassian;
    let connection = &atlassian.connections()[0];
    let (api, id) = (atlassian.api_url(), &connection.organization_id);
    let url = format!("{api}/admin/v1/orgs/{id}/users/{account}/role-assignments/assign");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let body = json!({"role": ADMIN}).to_string();
    let mut request = client.post(url).bearer_auth(&connection.organization_api_key).body(body);
    request = request.header("content-type", "application/json");
    let request = request.build().expect("a request");
    let answer = client.execute(request).await.expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
    // It shows after some seconds.
    scene.advance(1);
}

/// The active admins but for the integration's own, who is none any more: the last one and, where wanted, another.
async fn admins(scene: &Scene, count: usize) -> Vec<String> {
    let own = scene.gateway.atlassian.people(0)[0].account_id.clone();
    let ordinary = scene.ordinary();
    let new = ordinary.iter().take(count.saturating_sub(1));
    for person in new {
        promote(scene, &person.account_id).await;
    }
    let people = scene.gateway.atlassian.people(0).into_iter();
    let admins = people.filter(|p| is_admin(p) && p.account_id != own);
    let mut admins: Vec<String> = admins.map(|p| p.account_id).collect();
    let others = admins.split_off(count);
    for admin in others.iter().chain([&own]) {
        scene.gateway.atlassian.take_platform_roles(0, admin);
    }
    admins
}

#[tokio::test]
async fn nobody_deletes_themselves_nor_the_integrations_admin() {
    let scene = Scene::of(30).await;
    let own = scene.gateway.atlassian.people(0)[0].clone();
    let person = scene.ordinary()[0].clone();
    let email = person.email.clone().expect("an address").to_uppercase();
    for scope in ["ACCOUNT", "ORGANIZATION", "SITE"] {
        let found = findings(&scene.preview(&own.account_id, scope).await).0;
        assert_eq!(found, ["SELF"], "{scope}");
        for subject in [&person.account_id, &email] {
            let variables = json!({"id": scene.id(&person.account_id), "scope": scope});
            let caller = scene.named(subject);
            let found = findings(&caller.ask_with(PREVIEW, variables).await).0;
            assert_eq!(found, ["SELF"], "{scope}");
            let id = scene.id(&person.account_id);
            let answer = delete(&caller, id, json!({"scope": scope})).await;
            assert_eq!(refused(&answer, "deleteUser"), ["SELF"]);
        }
        let answer = scene.delete(&own.account_id, json!({"scope": scope})).await;
        assert!(refused(&answer, "deleteUser").contains(&"SELF".to_owned()), "{}", answer.text);
    }
    for mutation in ["suspendUser", "deactivateUser"] {
        let answer = scene.change(mutation, &own.account_id).await;
        assert!(refused(&answer, mutation).contains(&"SELF".to_owned()), "{}", answer.text);
        let oneself = scene.named(&person.account_id);
        let answer = super::change(&oneself, mutation, scene.id(&person.account_id)).await;
        assert_eq!(refused(&answer, mutation), ["SELF"]);
    }
    assert_eq!((scene.writes(&own.account_id), scene.writes(&person.account_id)), (0, 0));
}

#[tokio::test]
async fn the_last_admin_stays() {
    let scene = Scene::of(30).await;
    let last = admins(&scene, 1).await.remove(0);
    for scope in ["ACCOUNT", "ORGANIZATION", "SITE"] {
        assert_eq!(findings(&scene.preview(&last, scope).await).0, ["LAST_ADMIN"], "{scope}");
        let answer = scene.delete(&last, json!({"scope": scope})).await;
        assert_eq!(refused(&answer, "deleteUser"), ["LAST_ADMIN"]);
    }
    for mutation in ["suspendUser", "deactivateUser"] {
        assert_eq!(refused(&scene.change(mutation, &last).await, mutation), ["LAST_ADMIN"]);
    }
    assert_eq!(scene.writes(&last), 0);
}

#[tokio::test]
async fn one_of_two_admins_may_go_and_the_other_stays_while_atlassian_still_shows_both() {
    let scene = Scene::of(30).await;
    let [first, second] = admins(&scene, 2).await.try_into().expect("two of them");
    assert_eq!(findings(&scene.preview(&first, "ORGANIZATION").await).0, [""; 0]);
    assert_eq!(findings(&scene.preview(&second, "ORGANIZATION").await).0, [""; 0]);
    let answer = scene.delete(&first, json!({"scope": "ORGANIZATION"})).await;
    assert_eq!(refused(&answer, "deleteUser"), [""; 0]);
    let shown = scene.gateway.atlassian.people(0).into_iter().filter(is_admin).count();
    assert_eq!(shown, 2, "the removal is queued");
    let answer = scene.delete(&second, json!({"scope": "ORGANIZATION"})).await;
    assert_eq!(refused(&answer, "deleteUser"), ["LAST_ADMIN"], "{}", answer.text);
    assert_eq!(scene.writes(&second), 0);
}

#[tokio::test]
async fn admins_who_are_taken_out_at_the_same_time_leave_one() {
    let scene = Scene::of(60).await;
    let all = admins(&scene, 4).await;
    let out = all.iter().map(|account| scene.change("deactivateUser", account));
    let answers = futures_util::future::join_all(out).await;
    let left = scene.gateway.atlassian.people(0).into_iter().filter(is_admin).count();
    assert_eq!(left, 1, "{:?}", answers.iter().map(|answer| &answer.text).collect::<Vec<_>>());
}

#[tokio::test]
async fn protected_people_are_touched_by_no_change_that_takes_something_away() {
    let options = Options { people: 60, seed: 1, ..Options::starting_at(now()) };
    let atlassian = Arc::new(Simulator::start(options).await.expect("the simulator starts"));
    let people = atlassian.people(0);
    let ordinary: Vec<&PersonSummary> = people
        .iter()
        .filter(|p| p.status == "active" && is_ordinary(p) && !p.is_email_hidden)
        .collect();
    let (by_id, by_email, free) = (ordinary[0], ordinary[1], ordinary[2]);
    let group = |person: &PersonSummary| {
        let own = person.groups.iter().find(|group| !free.groups.contains(group));
        own.cloned()
    };
    let (by_group, group) =
        ordinary[3..].iter().find_map(|p| Some((*p, group(p)?))).expect("somebody of a group");
    let (by_name, named) = ordinary[3..]
        .iter()
        .filter(|p| p.account_id != by_group.account_id && !p.groups.contains(&group))
        .find_map(|p| Some((*p, p.groups.iter().find(|g| !free.groups.contains(g))?.clone())))
        .expect("somebody of another group");
    let groups = atlassian.groups(0);
    let name = groups.iter().find(|(id, _)| *id == named).expect("it has a name").1.to_uppercase();
    let email = |p: &PersonSummary| p.email.clone().expect("an address");
    let by_domain = people
        .iter()
        .find(|p| !p.is_managed && p.status == "active" && !p.is_email_hidden)
        .expect("somebody of another company");
    let domain = email(by_domain).split_once('@').expect("an address").1.to_uppercase();
    let setup = unbraked(60)
        .with("CHANGES__PROTECTED_ACCOUNTS", format!("[{:?}]", by_id.account_id))
        .with("CHANGES__PROTECTED_EMAILS", format!("[{:?}]", email(by_email).to_uppercase()))
        .with("CHANGES__PROTECTED_DOMAINS", format!("[\"@{domain}\"]"))
        .with("CHANGES__PROTECTED_GROUPS", format!("[{group:?}, {name:?}]"));
    let scene = Scene::before(setup.start_before(&atlassian).await).await;
    for person in [by_id, by_email, by_group, by_name, by_domain] {
        for scope in ["ORGANIZATION", "SITE"] {
            let found = findings(&scene.preview(&person.account_id, scope).await).0;
            assert_eq!(found, ["PROTECTED"], "{person:?}");
            let answer = scene.delete(&person.account_id, json!({"scope": scope})).await;
            assert_eq!(refused(&answer, "deleteUser"), ["PROTECTED"]);
        }
        let answer = scene.change("suspendUser", &person.account_id).await;
        assert_eq!(refused(&answer, "suspendUser"), ["PROTECTED"]);
        let answer = scene.change("restoreUser", &person.account_id).await;
        assert_eq!(refused(&answer, "restoreUser"), [""; 0], "giving back harms nobody");
    }
    assert_eq!(findings(&scene.preview(&free.account_id, "ORGANIZATION").await).0, [""; 0]);
    let hidden = scene.find(0, |p| p.is_email_hidden && p.is_managed && p.status == "active");
    let is_free = !hidden.groups.iter().any(|one| *one == group || *one == named);
    if is_free {
        let found = findings(&scene.preview(&hidden.account_id, "ORGANIZATION").await);
        assert!(found.1.contains(&"PROTECTED".to_owned()), "who hides the address may be one");
    }
}

#[tokio::test]
async fn a_site_that_is_not_the_organizations_is_left_alone() {
    let scene = Scene::of(30).await;
    let person = scene.ordinary()[0].account_id.clone();
    let connections = scene.gateway.atlassian.connections();
    let [own, other] = [0, 1].map(|index: usize| connections[index].organization_id.clone());
    let site = "/gateway/api/graphql";
    let another = FaultKind::Replace { from: own, to: other };
    scene.gateway.atlassian.add_fault(Fault::new(another).on("POST", site));
    assert_eq!(findings(&scene.preview(&person, "SITE").await).0, ["NO_SUCH_SITE"]);
    assert_eq!(findings(&scene.preview(&person, "ACCOUNT").await).0, [""; 0]);
    let answer = scene.delete(&person, json!({"scope": "SITE"})).await;
    assert_eq!(refused(&answer, "deleteUser"), ["UPSTREAM_REFUSED"]);
    scene.gateway.atlassian.clear_faults();
    // The edge's page for a site that does not exist.
    scene.gateway.atlassian.add_fault(Fault::new(FaultKind::Html { status: 404 }).on("POST", site));
    let found = findings(&scene.preview(&person, "SITE").await);
    let told = [found.0, found.1].concat();
    assert!(told.contains(&"NO_SUCH_SITE".to_owned()), "{told:?}");
    assert_eq!(scene.writes(&person), 0);
}
