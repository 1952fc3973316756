//! Every refusal of Atlassian's, ordered at the change itself: what the caller is told, what becomes of the deletion, and
//! what the record says. Kept as tables, one for each change.

use std::{collections::BTreeMap, fmt::Write as _};

use headcount::demo::{Fault, FaultKind, RateLimitForm};
use serde_json::{Value, json};

use super::{CANCEL, Scene, change, delete, unbraked};
use crate::support::Answer;

/// An error of the User management API (API.md, section 2, form E).
fn key(status: u16, key: &str, context: &Value) -> FaultKind {
    status_with(status, &json!({"key": key, "context": context}))
}

fn reason(reason: &str) -> FaultKind {
    let context = json!({"allowed": false, "reason": {"key": reason}});
    key(403, "forbidden.action", &context)
}

/// An error of the Organization API (form A).
fn admin(status: u16, code: &str) -> FaultKind {
    let error = json!({"id": "1", "status": status.to_string(), "code": code, "title": "No", "detail": null});
    status_with(status, &json!({ "errors": [error] }))
}

/// An error of Jira's (form F).
fn jira(status: u16) -> FaultKind {
    status_with(status, &json!({"errorMessages": ["No."], "errors": {}}))
}

fn status_with(status: u16, body: &Value) -> FaultKind {
    let body = Some(body.to_string());
    FaultKind::Status { status, headers: BTreeMap::new(), body, content_type: None }
}

fn empty(status: u16) -> FaultKind {
    FaultKind::Status { status, headers: BTreeMap::new(), body: None, content_type: None }
}

type Case = (&'static str, FaultKind);

/// What the User management API refuses with (API.md, section 6).
fn of_management() -> Vec<Case> {
    let conflict = |code: &str| {
        let link = format!("https://support.atlassian.com/{code}");
        json!({"code": code, "message": format!("Because of {code}."), "link": link})
    };
    let codes = [
        json!({"code": "primary-technical-contact"}),
        conflict("owner-of-sites"),
        conflict("last-billing-contact"),
    ];
    let conflicts = json!({"accountId": "x", "message": "No.", "errorCodes": codes});
    let fields = json!({"fieldViolations": [{"field": "x", "violations": [{"key": "y"}]}]});
    let none = json!({});
    vec![
        ("400 bodyParseFailure", key(400, "bodyParseFailure", &none)),
        ("400 fieldConstraintsViolated", key(400, "fieldConstraintsViolated", &fields)),
        ("401 unauthorized", key(401, "unauthorized", &none)),
        ("403 forbidden", key(403, "forbidden", &none)),
        (
            "403 insufficientScope",
            key(403, "forbidden.insufficientScope", &json!({"message": "x"})),
        ),
        ("403 targetUnverified", key(403, "forbidden.targetUnverified", &none)),
        ("403 administrative", reason("administrative")),
        ("403 notMyself", reason("administrative.notMyself")),
        ("403 SAML", reason("authPolicy.saml")),
        ("403 export control", reason("blocked.exportControl")),
        ("403 SCIM", reason("externalDirectory.scim")),
        ("403 Google", reason("externalDirectory.google")),
        ("403 myselfOnly", reason("myselfOnly")),
        ("403 managedAccount", reason("managedAccount")),
        ("403 of a new kind", reason("moonPhase")),
        ("403 without a reason", key(403, "forbidden.action", &none)),
        ("404 accountNotFound", key(404, "accountNotFound", &none)),
        ("404 notFound", key(404, "notFound", &none)),
        ("409 with three codes", key(409, "conflict.lifecycleErrors", &conflicts)),
        ("409 with none", key(409, "conflict.lifecycleErrors", &none)),
    ]
}

/// What the Organization API refuses with (API.md, section 2).
fn of_organization() -> Vec<Case> {
    vec![
        ("400 syntax", admin(400, "ADMIN-400-19")),
        ("401", status_with(401, &json!({"code": 401, "message": "Unauthorized"}))),
        ("403 not an admin's key", admin(403, "ADMIN-403-3")),
        ("403 without a body", empty(403)),
        ("404 no such user", admin(404, "ADMIN-404-8")),
        ("404 no such organization", admin(404, "ADMIN-404-2")),
        ("404 without a body", empty(404)),
        ("409", admin(409, "ADMIN-409-28")),
    ]
}

/// What Jira refuses with (API.md, section 8).
fn of_jira() -> Vec<Case> {
    vec![
        ("400", jira(400)),
        (
            "401 in plain text",
            FaultKind::Status {
                status: 401,
                headers: BTreeMap::new(),
                body: Some("Basic authentication with passwords is deprecated.".to_owned()),
                content_type: Some("text/plain".to_owned()),
            },
        ),
        ("403 no site admin", jira(403)),
        ("403 captcha", FaultKind::Captcha),
        ("404", jira(404)),
        ("404 page of no site", FaultKind::Html { status: 404 }),
    ]
}

/// What comes from anywhere on the way.
fn of_the_way() -> Vec<Case> {
    let limited =
        FaultKind::RateLimit { retry_after_seconds: Some(1), form: RateLimitForm::Seconds };
    vec![
        ("429 again and again", limited),
        ("500", empty(500)),
        ("502 page", FaultKind::Html { status: 502 }),
        ("503", empty(503)),
        ("no connection", FaultKind::DropRequest),
        ("no answer", FaultKind::Latency { milliseconds: 1_500 }),
    ]
}

/// Lost answers to a change that was carried out.
fn lost() -> Vec<Case> {
    vec![
        ("done, connection lost", FaultKind::DropConnection),
        ("done, 504 page", FaultKind::HtmlAfterwards { status: 504 }),
        ("done, answered late", FaultKind::LateAnswer { milliseconds: 1_500 }),
    ]
}

/// A table of what came of each case.
struct Table<'a> {
    scene: &'a Scene,
    mutation: &'static str,
    /// Method and route of the change.
    change: (&'static str, &'static str),
    text: String,
}

impl<'a> Table<'a> {
    fn new(scene: &'a Scene, mutation: &'static str, change: (&'static str, &'static str)) -> Self {
        Self { scene, mutation, change, text: String::new() }
    }

    /// Orders a fault at the change, asks, and writes down what is told.
    async fn row(&mut self, (name, fault): Case, asked: impl Future<Output = Answer>) -> Answer {
        let gateway = &self.scene.gateway;
        let (method, route) = self.change;
        gateway.atlassian.add_fault(Fault::new(fault).on(method, route));
        let (answer, calls) = gateway.counted(asked).await;
        gateway.atlassian.clear_faults();
        let is_change = |(of, asked, _): &(&str, &str, u64)| *of == method && asked.contains(route);
        let sent: u64 = calls.iter().filter(is_change).map(|(_, _, count)| count).sum();
        let _ = writeln!(self.text, "{name}: {sent} sent");
        for error in answer.errors() {
            let extensions = &error["extensions"];
            let _ = writeln!(
                self.text,
                "    error {} retryable={}: {}",
                extensions["code"], extensions["retryable"], error["message"]
            );
        }
        let payload = &answer.body["data"][self.mutation];
        for error in payload["userErrors"].as_array().into_iter().flatten() {
            let _ = writeln!(
                self.text,
                "    {} retryable={} upstream={} link={}\n        {}",
                error["code"],
                error["isRetryable"],
                error["upstreamCode"],
                error["link"],
                error["message"]
            );
        }
        if let Some(state) = payload["deletion"]["state"].as_str() {
            let _ = writeln!(self.text, "    deletion {state}");
        }
        let entry = self.scene.log().await.remove(0);
        assert_eq!(entry["action"], self.mutation, "{entry}");
        let _ = writeln!(
            self.text,
            "    record {} {} {} {}",
            entry["outcome"], entry["code"], entry["upstreamStatus"], entry["upstreamCode"]
        );
        answer
    }

    fn told(&self) -> String {
        self.text.replace('"', "")
    }
}

/// A gateway that gives up soon.
async fn scene() -> Scene {
    Scene::before(unbraked(60).impatient().start().await).await
}

/// Deletes people in vain: the same one after a refusal, another where what became of them is still looked into.
async fn deletions(
    scope: &str,
    change: (&'static str, &'static str),
    refusals: Vec<Case>,
) -> String {
    let scene = scene().await;
    let mut table = Table::new(&scene, "deleteUser", change);
    let people = scene.ordinary();
    let mut people = people.iter().filter(|p| !p.visits.is_empty()).map(|p| p.account_id.as_str());
    let mut next = || people.next().expect("one more");
    let refused = next();
    let cases = refusals.into_iter().map(|case| (refused, case)).collect::<Vec<_>>();
    let lost_on_the_way = of_the_way().into_iter().map(|case| (next(), case)).collect::<Vec<_>>();
    for (person, case) in [cases, lost_on_the_way].concat() {
        let asked = scene.delete(person, json!({"scope": scope}));
        table.row(case, asked).await;
        let state = scene.state(person);
        assert_eq!((state.state, scene.writes(person)), ("active", 0), "nothing was carried out");
    }
    for case in lost() {
        let person = next();
        table.row(case, scene.delete(person, json!({"scope": scope}))).await;
        assert_eq!(scene.writes(person), 1, "carried out once");
    }
    table.told()
}

#[tokio::test]
async fn refusals_of_an_accounts_deletion() {
    let told = deletions("ACCOUNT", ("POST", "lifecycle/delete"), of_management()).await;
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn refusals_of_a_removal_from_the_organization() {
    let change = ("DELETE", "/users/{accountId}");
    let told = deletions("ORGANIZATION", change, of_organization()).await;
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn refusals_of_a_removal_from_the_site() {
    let told = deletions("SITE", ("DELETE", "/rest/api/3/user"), of_jira()).await;
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn refusals_of_a_cancellation() {
    // A cancellation whose answer is lost is looked at when Atlassian is sure to show it.
    let setup = unbraked(60).impatient().with("CHANGES__SETTLE", "500ms");
    let scene = Scene::before(setup.start().await).await;
    let mut table = Table::new(&scene, "cancelUserDeletion", ("POST", "cancel-delete"));
    let people = scene.ordinary();
    let mut people = people.iter().map(|p| p.account_id.clone());
    let person = people.next().expect("somebody");
    let deletion = scene.scheduled(&person).await;
    for case in [of_management(), of_the_way()].concat() {
        table.row(case, scene.cancel(&deletion)).await;
        assert_eq!(scene.state(&person).state, "for_deletion", "nothing was carried out");
    }
    for case in lost() {
        let person = people.next().expect("one more");
        let deletion = scene.scheduled(&person).await;
        table.row(case, scene.cancel(&deletion)).await;
        assert_eq!(scene.state(&person).state, "active");
    }
    insta::assert_snapshot!(table.told());
}

#[tokio::test]
async fn refusals_of_the_other_changes() {
    let scene = scene().await;
    let people = scene.ordinary();
    let mut people = people.iter().map(|p| p.account_id.clone());
    let mut told = String::new();
    let changes = [
        ("suspendUser", "suspend", None),
        ("restoreUser", "restore", Some("suspendUser")),
        ("deactivateUser", "lifecycle/disable", None),
        ("reactivateUser", "lifecycle/enable", Some("deactivateUser")),
    ];
    for (mutation, route, before) in changes {
        let person = people.next().expect("somebody");
        if let Some(before) = before {
            scene.change(before, &person).await;
        }
        let done = scene.writes(&person);
        let mut table = Table::new(&scene, mutation, ("POST", route));
        let is_of_account = route.starts_with("lifecycle");
        let refusals = if is_of_account { of_management() } else { of_organization() };
        for case in [refusals, of_the_way()].concat() {
            table.row(case, scene.change(mutation, &person)).await;
            assert_eq!(scene.writes(&person), done, "nothing was carried out");
        }
        for case in lost() {
            let person = people.next().expect("one more");
            if let Some(before) = before {
                scene.change(before, &person).await;
            }
            let done = scene.writes(&person);
            table.row(case, scene.change(mutation, &person)).await;
            assert_eq!(scene.writes(&person), done + 1, "carried out once");
        }
        let _ = writeln!(told, "# {mutation}\n{}", table.told());
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn people_whom_atlassian_itself_refuses_are_refused_before_it_is_asked_to() {
    let scene = scene().await;
    let refused = async |is: fn(&headcount::demo::PersonSummary) -> bool,
                         mutation: &'static str| {
        let account = scene.find(0, is).account_id;
        let id = scene.id(&account);
        let admin = scene.admin();
        let answer = match mutation {
            "deleteUser" => delete(&admin, id, json!({})).await,
            _ => change(&admin, mutation, id).await,
        };
        (super::refused(&answer, mutation), scene.writes(&account))
    };
    for mutation in ["deleteUser", "deactivateUser", "reactivateUser"] {
        for (is, code) in [
            ((|p| !p.is_managed) as fn(&headcount::demo::PersonSummary) -> bool, "NOT_MANAGED"),
            (|p| p.external_owner == Some("externalDirectory.scim"), "IDP_OWNED"),
            (|p| p.external_owner == Some("externalDirectory.google"), "IDP_OWNED"),
            (|p| p.is_managed && !p.is_email_verified, "UPSTREAM_REFUSED"),
        ] {
            assert_eq!(refused(is, mutation).await, (vec![code.to_owned()], 0), "{mutation}");
        }
    }
    for mutation in ["deleteUser", "suspendUser", "restoreUser", "deactivateUser", "reactivateUser"]
    {
        let found = refused(|p| p.status == "for_deletion", mutation).await;
        assert_eq!(found, (vec!["ALREADY_SCHEDULED".to_owned()], 0), "{mutation}");
    }
    let found = refused(|p| p.is_billing_contact, "deleteUser").await;
    assert_eq!(found.0, ["UPSTREAM_REFUSED", "UPSTREAM_REFUSED"], "nobody can tell before");
    let nowhere = |p: &headcount::demo::PersonSummary| {
        p.is_managed && p.directories.is_empty() && p.status == "not_invited"
    };
    for mutation in ["suspendUser", "restoreUser"] {
        assert_eq!(refused(nowhere, mutation).await, (vec!["NOT_FOUND".to_owned()], 0));
    }
    let unknown = CANCEL;
    let answer = scene.admin().ask_with(unknown, json!({"input": {"deletionId": "v1_x"}})).await;
    assert_eq!(super::refused(&answer, "cancelUserDeletion"), ["NOT_FOUND"]);
}
