//! What a preview finds about each kind of person, what it asks, and that what could not be read is said.

use std::time::{Duration, Instant};

use headcount::demo::{Fault, FaultKind, PersonSummary};
use serde_json::json;

use super::{PREVIEW, Scene, is_ordinary, unbraked};
use crate::support::{Answer, READ, code, now};

/// Codes of blockers and warnings, each once; a token is there where nothing blocks, and only there.
#[track_caller]
pub(super) fn findings(answer: &Answer) -> (Vec<String>, Vec<String>) {
    let preview = answer.good("/deletionPreview");
    let codes = |list: &str| {
        let mut codes = crate::support::texts(&preview[list], "code");
        codes.sort();
        codes.dedup();
        codes
    };
    let (blockers, warnings) = (codes("blockers"), codes("warnings"));
    assert_eq!(preview["allowed"], json!(blockers.is_empty()), "{preview}");
    assert_eq!(preview["confirmationToken"].is_string(), blockers.is_empty(), "{preview}");
    (blockers, warnings)
}

fn was_active(person: &PersonSummary, days: i64) -> bool {
    let since = now() - jiff::SignedDuration::from_hours(24 * days);
    person.last_active.is_some_and(|at| at > since)
}

type Is = fn(&PersonSummary) -> bool;
/// Blockers and warnings.
type Found = (&'static [&'static str], &'static [&'static str]);

#[tokio::test]
async fn each_kind_of_person_is_found_out_in_each_scope() {
    let scene = Scene::of(60).await;
    let scopes = ["ACCOUNT", "ORGANIZATION", "SITE"];
    let cases: [(&str, Is, [Found; 3]); 8] = [
        ("unmanaged", |p| !p.is_managed, [(&["NOT_MANAGED"], &[]), (&[], &[]), (&[], &[])]),
        (
            "of a SCIM directory",
            |p| p.external_owner == Some("externalDirectory.scim"),
            [(&["IDP_OWNED"], &[]), (&[], &["IDP_OWNED"]), (&[], &["IDP_OWNED"])],
        ),
        (
            "of Google",
            |p| p.external_owner == Some("externalDirectory.google"),
            [(&["IDP_OWNED"], &[]), (&[], &["IDP_OWNED"]), (&[], &["IDP_OWNED"])],
        ),
        (
            "of an address that was never verified",
            |p| p.is_managed && !p.is_email_verified,
            [(&["NOT_PERMITTED"], &[]), (&[], &[]), (&[], &[])],
        ),
        (
            "to be deleted",
            |p| p.status == "for_deletion",
            [
                (&["ALREADY_SCHEDULED"], &[]),
                (&["ALREADY_SCHEDULED"], &[]),
                (&["ALREADY_SCHEDULED"], &[]),
            ],
        ),
        (
            "a program",
            |p| p.is_service_account && p.last_token_use.is_some(),
            [(&[], &["SERVICE_ACCOUNT"]), (&[], &[]), (&[], &[])],
        ),
        ("deactivated", |p| p.status == "deactivated" && is_ordinary(p), [(&[], &[]); 3]),
        ("in no directory", |p| p.status == "not_invited" && is_ordinary(p), [(&[], &[]); 3]),
    ];
    for (name, is, expected) in cases {
        let person = scene.find(0, is);
        for (scope, (blockers, warnings)) in scopes.into_iter().zip(expected) {
            let found = findings(&scene.preview(&person.account_id, scope).await);
            let mut warnings: Vec<&str> = warnings.to_vec();
            // Nothing is told any more of the use of an account that waits for its deletion.
            if was_active(&person, 30) && person.status != "for_deletion" {
                warnings.insert(0, "ACTIVE_RECENTLY");
            }
            assert_eq!(found.0, *blockers, "{name}, {scope}");
            assert_eq!(found.1, warnings, "{name}, {scope}");
        }
    }
    let met = |is_active: bool| {
        let person = scene
            .find(0, |p| p.status == "active" && is_ordinary(p) && was_active(p, 30) == is_active);
        person.account_id
    };
    let warnings = findings(&scene.preview(&met(true), "ACCOUNT").await).1;
    assert!(warnings.contains(&"ACTIVE_RECENTLY".to_owned()), "{warnings:?}");
    let warnings = findings(&scene.preview(&met(false), "ACCOUNT").await).1;
    assert!(!warnings.contains(&"ACTIVE_RECENTLY".to_owned()), "{warnings:?}");
}

#[tokio::test]
async fn a_key_with_scopes_deletes_no_account_and_says_how_to_get_another() {
    let scene = Scene::of(60).await;
    let person = scene.find(1, |p| is_ordinary(p) && p.status == "active").account_id;
    let of = async |scope: &str| {
        let variables = json!({"id": scene.id_in(1, &person), "scope": scope});
        scene.admin().ask_with(PREVIEW, variables).await
    };
    let answer = of("ACCOUNT").await;
    assert_eq!(findings(&answer).0, ["NOT_PERMITTED"]);
    let message = answer.at("/deletionPreview/blockers/0/message").as_str().expect("a text");
    assert!(message.contains("without scopes") && message.contains("updateIntegration"));
    assert_eq!(findings(&of("ORGANIZATION").await).0, [""; 0]);
}

#[tokio::test]
async fn a_preview_says_what_would_get_free_and_when_it_is_final() {
    let scene = Scene::of(60).await;
    let sees_all = |p: &PersonSummary| p.visits.len() > 1 && is_ordinary(p) && p.status == "active";
    let person = scene.find(0, sees_all).account_id;
    let account = scene.preview(&person, "ACCOUNT").await;
    let products = account.texts("/deletionPreview/productsLost", "key");
    assert!(products.iter().any(|key| key.starts_with("jira")), "{products:?}");
    assert!(products.contains(&"confluence".to_owned()), "{products:?}");
    let purges_at = account.at("/deletionPreview/purgesAt").as_str().expect("an instant");
    let left = purges_at.parse::<jiff::Timestamp>().expect("an instant").duration_since(now());
    assert_eq!(left.as_hours(), 14 * 24 - 1, "14 days but for the moment that the answer took");
    let organization = scene.preview(&person, "ORGANIZATION").await;
    assert_eq!(organization.texts("/deletionPreview/productsLost", "key"), products);
    assert!(organization.at("/deletionPreview/purgesAt").is_null());
    let site = scene.preview(&person, "SITE").await;
    let lost = site.texts("/deletionPreview/productsLost", "key");
    assert!(!lost.is_empty() && lost.iter().all(|key| key.starts_with("jira")), "{lost:?}");
    assert!(site.at("/deletionPreview/purgesAt").is_null());

    let unknown = scene.gateway.integration(0);
    let nobody = scene.admin().ask_with(PREVIEW, json!({"id": unknown})).await;
    assert!(nobody.good("/deletionPreview").is_null(), "an integration is nobody");
}

#[tokio::test]
async fn a_preview_costs_two_to_five_calls_side_by_side() {
    let scene = Scene::of(60).await;
    let person = scene.ordinary()[0].account_id.clone();
    let admin = scene
        .find(0, |p| p.status == "active" && p.platform_roles.contains(&"atlassian/org-admin"));
    for scope in ["ACCOUNT", "ORGANIZATION", "SITE"] {
        let (_, calls) = scene.gateway.counted(scene.preview(&person, scope)).await;
        assert!((2..=5).contains(&calls.total()), "{scope}: {calls:?}");
    }
    let (_, calls) = scene.gateway.counted(scene.preview(&admin.account_id, "ACCOUNT")).await;
    assert!((2..=5).contains(&calls.total()), "{calls:?}");
    let writes = calls.iter().filter(|(method, route, _)| {
        !matches!(*method, "GET") && !route.contains("search") && !route.contains("graphql")
    });
    assert_eq!(writes.count(), 0, "a preview changes nothing");

    let late = FaultKind::Latency { milliseconds: 500 };
    scene.gateway.atlassian.add_fault(Fault::new(late));
    let began = Instant::now();
    let (answer, calls) = scene.gateway.counted(scene.preview(&person, "ACCOUNT")).await;
    findings(&answer);
    assert!(calls.total() >= 3, "{calls:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "one after the other: {calls:?}");
}

#[tokio::test]
async fn what_could_not_be_read_is_said_and_never_passed_over() {
    const MANAGE: &str = "/users/{account_id}/manage";
    const TOKENS: &str = "/users/{account_id}/manage/api-tokens";
    let setup = unbraked(60).impatient();
    let scene = Scene::before(setup.start().await).await;
    let quiet = scene.find(0, |p| is_ordinary(p) && p.status == "active" && !was_active(p, 31));
    let hidden = scene.find(0, |p| p.is_email_hidden && p.status == "active");
    let admin = scene.find(0, |p| {
        p.account_id != scene.gateway.atlassian.people(0)[0].account_id
            && p.platform_roles.contains(&"atlassian/org-admin")
    });
    // Whose the integration's token is stays as it is, so only the first question about it can fail.
    let whose = Fault::new(FaultKind::Html { status: 503 }).on("GET", "/rest/api/3/myself");
    scene.gateway.atlassian.add_fault(whose);
    let found = findings(&scene.preview(&hidden.account_id, "ORGANIZATION").await).1;
    assert!(found.contains(&"SELF".to_owned()), "who hides the address may be the admin");
    scene.gateway.atlassian.clear_faults();
    let site = "/gateway/api/graphql";
    let cases = [
        (&quiet, "ACCOUNT", ("GET", MANAGE), (vec![], "NOT_PERMITTED")),
        (&quiet, "ACCOUNT", ("GET", TOKENS), (vec![], "SERVICE_ACCOUNT")),
        (
            &quiet,
            "ORGANIZATION",
            ("GET", "/v2/orgs/{orgId}/directories"),
            (vec![], "NOT_PERMITTED"),
        ),
        (&quiet, "SITE", ("POST", site), (vec![], "NO_SUCH_SITE")),
        (&admin, "ORGANIZATION", ("POST", "users/search"), (vec!["LAST_ADMIN"], "")),
    ];
    let faults = [
        FaultKind::Html { status: 503 },
        FaultKind::Latency { milliseconds: 1_500 },
        FaultKind::Malformed,
    ];
    for fault in faults {
        for (person, scope, (method, route), (blockers, warning)) in &cases {
            // The first search is for the person, without whom there is nothing to tell.
            let passed = u32::from(*route == "users/search");
            let fault_here = Fault::new(fault.clone()).on(method, route).after(passed);
            scene.gateway.atlassian.add_fault(fault_here);
            let (answer, calls) =
                scene.gateway.counted(scene.preview(&person.account_id, scope)).await;
            let was_asked =
                calls.iter().any(|(of, asked, _)| of == *method && asked.contains(route));
            scene.gateway.atlassian.clear_faults();
            let case = format!("{scope} without {route} ({fault:?})");
            assert!(was_asked, "{case}: {calls:?}");
            let found = findings(&answer);
            assert_eq!(found.0, *blockers, "{case}");
            assert!(warning.is_empty() || found.1.contains(&(*warning).to_owned()), "{case}");
            let told =
                answer.text.contains("could not be read") || answer.text.contains("not tell");
            assert!(told, "{case}: {}", answer.text);
        }
    }
    let gone = Fault::new(FaultKind::Html { status: 503 }).on("POST", "users/search");
    scene.gateway.atlassian.add_fault(gone);
    let answer = scene.preview(&quiet.account_id, "ACCOUNT").await;
    assert_eq!(answer.errors().iter().map(code).collect::<Vec<_>>(), ["UPSTREAM_UNAVAILABLE"]);
    assert!(answer.at("/deletionPreview").is_null(), "without the person there is no preview");
}

#[tokio::test]
async fn a_preview_may_be_read_by_readers_and_nobody_else() {
    let scene = Scene::of(12).await;
    let person = scene.ordinary()[0].account_id.clone();
    let variables = json!({"id": scene.id(&person)});
    let answer = scene.gateway.caller(READ).ask_with(PREVIEW, variables.clone()).await;
    assert!(findings(&answer).0.is_empty());
    let (answer, calls) = {
        let nobody = scene.gateway.caller(&[headcount::auth::Permission::DeleteUsers]);
        let asked = async { nobody.ask_with(PREVIEW, variables).await };
        scene.gateway.counted(asked).await
    };
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(calls.total(), 0);
}

#[tokio::test]
async fn the_seats_that_get_free_are_told_to_those_who_may_read_licences() {
    const SEATS: &str = "query($id: ID!) { deletionPreview(userId: $id) {
        allowed productsLost { id } seatsFreed { product { id } used } } }";
    let scene = Scene::of(30).await;
    let has_visited = |person: &&PersonSummary| !person.visits.is_empty();
    let people = scene.ordinary();
    let person = people.iter().find(has_visited).expect("somebody uses something");
    let variables = json!({"id": scene.id(&person.account_id)});
    let answer = scene.gateway.caller(READ).ask_with(SEATS, variables.clone()).await;
    let lost = answer.list("/deletionPreview/productsLost");
    let freed = answer.list("/deletionPreview/seatsFreed");
    assert!(!freed.is_empty(), "{}", answer.text);
    for seat in freed {
        assert!(lost.iter().any(|product| product["id"] == seat["product"]["id"]), "{seat}");
        assert!(seat["used"].as_u64().is_some_and(|used| used > 0), "{seat}");
    }
    let directory = scene.gateway.caller(&[headcount::auth::Permission::ReadDirectory]);
    let answer = directory.ask_with(SEATS, variables).await;
    assert_eq!(answer.codes(), ["FORBIDDEN"]);
    assert_eq!(answer.at("/deletionPreview/seatsFreed"), &json!([]));
    assert_eq!(answer.at("/deletionPreview/allowed"), true, "the preview is told all the same");
}
