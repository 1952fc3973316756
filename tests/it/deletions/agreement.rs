//! Random sequences of changes and of passing time: whatever they are, the gateway tells what is true at Atlassian, and a
//! change that it refused changed nothing.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use headcount::demo::{AccountState, PersonSummary};
use proptest::{
    prelude::{Just, Strategy, prop_oneof},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::json;

use super::{Scene, is_ordinary, unbraked};
use crate::support::{Answer, Setup};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Deletes somebody in this scope.
    Delete(usize, &'static str),
    /// Cancels the last deletion of somebody.
    Cancel(usize),
    /// Suspends, restores, deactivates or reactivates somebody.
    Change(usize, &'static str),
    /// Hours pass at Atlassian.
    Hours(u64),
}

/// So many people are changed: four ordinary ones, and one of each kind that is harder.
const PEOPLE: usize = 9;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let person = || 0..PEOPLE;
    let scope = prop_oneof![3 => Just("ACCOUNT"), 2 => Just("ORGANIZATION"), 1 => Just("SITE")];
    let change = prop_oneof![
        Just("suspendUser"),
        Just("restoreUser"),
        Just("deactivateUser"),
        Just("reactivateUser"),
    ];
    let hours = prop_oneof![1_u64..48, 24_u64..400];
    let step = prop_oneof![
        4 => (person(), scope).prop_map(|(person, scope)| Step::Delete(person, scope)),
        3 => person().prop_map(Step::Cancel),
        6 => (person(), change).prop_map(|(person, change)| Step::Change(person, change)),
        2 => hours.prop_map(Step::Hours),
    ];
    proptest::collection::vec(step, 8..24)
}

fn cast(scene: &Scene) -> Vec<String> {
    let ordinary = scene.ordinary();
    let mut cast: Vec<String> = ordinary.iter().take(4).map(|p| p.account_id.clone()).collect();
    let kinds: [fn(&PersonSummary) -> bool; 5] = [
        |p| !p.is_managed && p.status == "active",
        |p| p.status == "deactivated",
        |p| p.status == "suspended",
        |p| p.status == "not_invited" && is_ordinary(p),
        |p| p.external_owner == Some("externalDirectory.scim"),
    ];
    cast.extend(kinds.map(|is| scene.find(0, is).account_id));
    assert_eq!(cast.len(), PEOPLE);
    cast
}

/// The status that a list has of somebody; `None` where no list has them.
fn status(person: &PersonSummary, truth: &AccountState) -> Option<&'static str> {
    let has = |word| truth.memberships.values().any(|membership| *membership == word);
    match truth.state {
        "closed" => None,
        "for_deletion" => Some("FOR_DELETION"),
        "deactivated" => Some("DEACTIVATED"),
        _ if has("active") => Some("ACTIVE"),
        _ if has("suspended") => Some("SUSPENDED"),
        _ => person.is_managed.then_some("NOT_INVITED"),
    }
}

/// One person's deletions, with the state that each has to be in.
type Deletions = BTreeMap<String, &'static str>;

struct Play {
    scene: Scene,
    cast: Vec<String>,
    /// By person, in the order in which they were made.
    last: BTreeMap<usize, String>,
    states: BTreeMap<usize, Deletions>,
    accepted: usize,
}

impl Play {
    async fn begin(setup: Setup) -> Self {
        let scene = Scene::before(setup.start().await).await;
        let cast = cast(&scene);
        Self { scene, cast, last: BTreeMap::new(), states: BTreeMap::new(), accepted: 0 }
    }

    async fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Hours(hours) => self.scene.advance(hours),
            Step::Delete(person, scope) => {
                let answer = self.tried(person, "deleteUser", async |scene, account| {
                    scene.delete(account, json!({"scope": scope})).await
                });
                if let Some(answer) = answer.await? {
                    let deletion = answer.at("/deleteUser/deletion");
                    let id = deletion["id"].as_str().ok_or("no deletion")?.to_owned();
                    let end = match deletion["state"].as_str() {
                        Some("SCHEDULED") => "SCHEDULED",
                        Some("QUEUED" | "REMOVED") => "REMOVED",
                        Some("ALREADY_GONE") => "ALREADY_GONE",
                        other => return Err(format!("a deletion is {other:?}")),
                    };
                    self.last.insert(person, id.clone());
                    self.states.entry(person).or_default().insert(id, end);
                }
                // Atlassian queues a removal for some seconds.
                self.scene.gateway.atlassian.advance(Duration::from_secs(6));
            }
            Step::Cancel(person) => {
                let Some(id) = self.last.get(&person).cloned() else { return Ok(()) };
                let answer = self
                    .tried(person, "cancelUserDeletion", async |scene, _| scene.cancel(&id).await);
                if answer.await?.is_some() {
                    self.states.entry(person).or_default().insert(id, "CANCELLED");
                }
            }
            Step::Change(person, mutation) => {
                self.tried(person, mutation, async |scene, account| {
                    scene.change(mutation, account).await
                })
                .await?;
            }
        }
        self.agrees().await
    }

    /// A change; `None` where it was refused, and then nothing was changed.
    async fn tried(
        &mut self,
        person: usize,
        mutation: &str,
        change: impl AsyncFnOnce(&Scene, &str) -> Answer,
    ) -> Result<Option<Answer>, String> {
        let account = &self.cast[person];
        let before = self.scene.state(account);
        let answer = change(&self.scene, account).await;
        if !answer.errors().is_empty() {
            return Err(format!("there is an error: {}", answer.text));
        }
        if answer.at(&format!("/{mutation}/userErrors")) != &json!([]) {
            let after = self.scene.state(account);
            let is_same = before == after;
            return if is_same {
                Ok(None)
            } else {
                Err(format!("refused, and {before:?} became {after:?}"))
            };
        }
        self.accepted += 1;
        Ok(Some(answer))
    }

    /// Everybody of the cast as the gateway tells them and as they are.
    async fn agrees(&self) -> Result<(), String> {
        let query = "query($in: [ID!], $accounts: [String!]) { users(first: 50, integrations: $in,
            filter: {accountIds: $accounts}) { nodes { accountId status groups { nodes { groupId } } } } }";
        let variables = json!({"in": [self.scene.gateway.integration(0)], "accounts": self.cast});
        let answer = self.scene.admin().ask_with(query, variables).await;
        let rows = answer.list("/users/nodes");
        let people = self.scene.gateway.atlassian.people(0);
        for account in &self.cast {
            let truth = self.scene.state(account);
            let person = people.iter().find(|p| p.account_id == *account).ok_or("nobody")?;
            let row = rows.iter().find(|row| row["accountId"] == account.as_str());
            let told = row.and_then(|row| row["status"].as_str());
            let expected = status(person, &truth);
            if told != expected {
                return Err(format!(
                    "{account} is told as {told:?}, and is {expected:?}: {truth:?}"
                ));
            }
            let Some(row) = row else { continue };
            let mut groups = crate::support::texts(&row["groups"]["nodes"], "groupId");
            groups.sort();
            let keeps = matches!(truth.state, "active" | "deactivated");
            let mut own = if keeps { person.groups.clone() } else { Vec::new() };
            own.sort();
            if groups != own {
                return Err(format!("{account} is told in {groups:?}, and is in {own:?}"));
            }
        }
        Ok(())
    }

    /// Every deletion is told in the state that the account is in.
    async fn ends(&self) -> Result<(), String> {
        for (person, deletions) in &self.states {
            let truth = self.scene.state(&self.cast[*person]);
            for (id, state) in deletions {
                let expected = match (*state, truth.state) {
                    ("SCHEDULED", "closed") => "PURGED",
                    ("SCHEDULED", "for_deletion") => "SCHEDULED",
                    ("SCHEDULED", other) => return Err(format!("scheduled, and {other}")),
                    (state, _) => state,
                };
                self.scene.deletion_once_it_is(id, expected).await;
            }
        }
        Ok(())
    }
}

async fn played(setup: Setup, steps: &[Step]) -> Result<usize, String> {
    let mut play = Play::begin(setup).await;
    play.agrees().await?;
    for (number, step) in steps.iter().enumerate() {
        let outcome = play.step(*step).await;
        outcome.map_err(|error| format!("after {:?}: {error}", &steps[..=number]))?;
    }
    play.ends().await?;
    Ok(play.accepted)
}

/// The same sequences each time, so that a failure can be looked at again.
fn hold(cases: u32, setup: impl Fn() -> Setup) {
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let accepted = AtomicUsize::new(0);
    let outcome = TestRunner::new_with_rng(config, random).run(&steps(), |steps| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let done = runtime.block_on(played(setup(), &steps)).map_err(TestCaseError::fail)?;
        accepted.fetch_add(done, Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let accepted = accepted.into_inner();
    assert!(accepted > 2 * cases as usize, "only {accepted} changes were accepted");
}

#[test]
fn gateway_and_atlassian_agree_while_what_was_changed_is_still_corrected() {
    hold(6, || unbraked(24));
}

#[test]
fn gateway_and_atlassian_agree_when_nothing_is_corrected_any_more() {
    hold(4, || unbraked(24).with("CHANGES__SETTLE", "1ms"));
}
