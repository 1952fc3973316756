use std::sync::Arc;

use futures_util::{FutureExt, future::join_all};
use jiff::{Timestamp, ToSpan};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use super::{EMAIL, KEY, TOKEN, credentials, declared, draft};
use crate::{
    domain::{CheckOutcome, CredentialKind, IntegrationCheck, IntegrationId, IntegrationStatus},
    integrations::{
        DeclaredIntegration, Error, Field, HostPolicy, IntegrationChanges, Integrations,
        InvalidReason, Origin,
    },
    store::{Keyring, Store, StoreSettings},
};

struct House {
    folder: TempDir,
    key: SecretString,
}

impl House {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), key: Keyring::generate() }
    }

    async fn try_open(&self, declared: Vec<DeclaredIntegration>) -> Result<Integrations, Error> {
        let settings = StoreSettings { path: self.folder.path().join("headcount.db") };
        let keys = Keyring::new(self.key.clone(), Vec::new()).unwrap();
        let store = Store::open(&settings, keys).await.unwrap();
        Integrations::open(store, declared, HostPolicy::default()).await
    }

    async fn open(&self, declared: Vec<DeclaredIntegration>) -> Integrations {
        self.try_open(declared).await.unwrap()
    }
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn labels(integrations: &Integrations) -> Vec<String> {
    integrations.all().iter().map(|integration| integration.label.clone()).collect()
}

fn check(outcome: CheckOutcome) -> IntegrationCheck {
    IntegrationCheck {
        name: "organization-key".to_owned(),
        credential: CredentialKind::OrganizationApiKey,
        outcome,
        message: "checked".to_owned(),
        remedy: None,
        unlocks: Vec::new(),
    }
}

fn renamed(label: &str) -> IntegrationChanges {
    IntegrationChanges { label: Some(label.to_owned()), ..IntegrationChanges::default() }
}

#[tokio::test]
async fn declared_ones_come_first_and_then_the_stored_ones_in_order() {
    let house = House::new();
    let integrations = house.open(vec![declared("z", "z"), declared("b", "b")]).await;
    integrations.create(draft("y"), now()).await.unwrap();
    integrations.create(draft("a"), now() + 1.second()).await.unwrap();
    assert_eq!(labels(&integrations), ["z", "b", "y", "a"]);

    let again = house.open(vec![declared("z", "z"), declared("b", "b")]).await;
    assert_eq!(labels(&again), ["z", "b", "y", "a"]);
    let all = again.all();
    assert_eq!(all[0].origin, Origin::Declared);
    assert_eq!(all[0].id, IntegrationId::from("z"));
    assert_eq!(all[2].origin, Origin::Stored);
    assert_eq!(all[2].id, integrations.all()[2].id);
}

#[tokio::test]
async fn a_new_integration_is_found_at_once_and_is_unverified() {
    let house = House::new();
    let integrations = house.open(Vec::new()).await;
    let made = integrations.create(draft("acme"), now()).await.unwrap();
    let found = integrations.find(&made.id).unwrap();
    assert!(Arc::ptr_eq(&made, &found));
    assert_eq!(found.status(), IntegrationStatus::Unverified);
    assert_eq!(found.credentials.admin_url.as_str(), "https://acme.atlassian.net/");
    assert_eq!(found.created_at, now());
    assert_eq!(found.version, 1);
    assert!(integrations.find(&"another".into()).is_none());
}

#[tokio::test]
async fn new_credentials_get_a_new_version_and_lose_the_checks() {
    let house = House::new();
    let integrations = house.open(Vec::new()).await;
    let id = integrations.create(draft("acme"), now()).await.unwrap().id.clone();
    let passed = vec![check(CheckOutcome::Passed)];
    let checked = integrations.record_checks(&id, 1, passed.clone(), now()).await.unwrap();
    assert_eq!(checked.status(), IntegrationStatus::Connected);
    assert_eq!(checked.last_validated_at, Some(now()));

    let same = IntegrationChanges { credentials: Some(credentials("acme")), ..renamed("Acme") };
    let same = integrations.update(&id, same, now()).await.unwrap();
    assert_eq!((same.version, same.label.as_str()), (1, "Acme"));
    assert_eq!(same.checks, passed);

    let mut rotated = credentials("acme");
    rotated.api_token = SecretString::from("another");
    let rotated = IntegrationChanges { credentials: Some(rotated), ..Default::default() };
    let rotated = integrations.update(&id, rotated, now()).await.unwrap();
    assert_eq!(rotated.version, 2);
    assert_eq!(rotated.credentials.api_token.expose_secret(), "another");
    assert_eq!(rotated.status(), IntegrationStatus::Unverified);
    assert_eq!(rotated.last_validated_at, None);

    let late = integrations.record_checks(&id, 1, passed, now()).await.unwrap();
    assert_eq!(late.status(), IntegrationStatus::Unverified, "that was about the old credentials");
}

#[tokio::test]
async fn expiry_days_can_be_set_kept_and_forgotten() {
    let house = House::new();
    let integrations = house.open(Vec::new()).await;
    let id = integrations.create(draft("acme"), now()).await.unwrap().id.clone();
    let day = "2027-01-31".parse().unwrap();
    let set = IntegrationChanges { api_key_expires_on: Some(Some(day)), ..Default::default() };
    integrations.update(&id, set, now()).await.unwrap();
    let kept = integrations.update(&id, renamed("Acme"), now()).await.unwrap();
    assert_eq!(kept.api_key_expires_on, Some(day));
    let forget = IntegrationChanges { api_key_expires_on: Some(None), ..Default::default() };
    assert_eq!(integrations.update(&id, forget, now()).await.unwrap().api_key_expires_on, None);

    let past = Some(Some("2020-01-01".parse().unwrap()));
    let past = IntegrationChanges { api_token_expires_on: past, ..Default::default() };
    let Err(Error::Invalid(invalid)) = integrations.update(&id, past, now()).await else {
        panic!("the day is past")
    };
    assert_eq!(invalid.field, Field::ApiTokenExpiresOn);
    assert_eq!(invalid.reason, InvalidReason::Expired);
}

#[tokio::test]
async fn one_organization_and_site_are_connected_once() {
    let house = House::new();
    let integrations = house.open(vec![declared("acme", "acme")]).await;
    let again = integrations.create(draft("acme"), now()).await;
    assert!(matches!(again, Err(Error::Duplicate { existing }) if existing == "acme".into()));

    let other = integrations.create(draft("other"), now()).await.unwrap();
    let onto = IntegrationChanges { credentials: Some(credentials("acme")), ..Default::default() };
    let onto = integrations.update(&other.id, onto, now()).await;
    assert!(matches!(onto, Err(Error::Duplicate { .. })));
    assert_eq!(integrations.find(&other.id).unwrap().version, 1);
}

#[tokio::test]
async fn of_many_who_connect_the_same_at_once_one_succeeds() {
    let house = House::new();
    let integrations = house.open(Vec::new()).await;
    let attempts = (0..8).map(|_| integrations.create(draft("acme"), now()));
    let outcomes = join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let is_duplicate = |o: &Result<_, _>| matches!(o, Err(Error::Duplicate { .. }));
    assert_eq!(outcomes.iter().filter(|outcome| is_duplicate(outcome)).count(), 7);
    assert_eq!(integrations.all().len(), 1);
}

#[tokio::test]
async fn a_declared_integration_is_changed_in_the_file_alone() {
    let house = House::new();
    let integrations = house.open(vec![declared("acme", "acme")]).await;
    let id = IntegrationId::from("acme");
    let updated = integrations.update(&id, renamed("Other"), now()).await;
    assert!(matches!(updated, Err(Error::Declared)));
    assert!(matches!(integrations.remove(&id).await, Err(Error::Declared)));
    let nobody = IntegrationId::from("nobody");
    assert!(matches!(integrations.remove(&nobody).await, Err(Error::NotFound)));
    let updated = integrations.update(&nobody, renamed("Other"), now()).await;
    assert!(matches!(updated, Err(Error::NotFound)));
    let checked = integrations.record_checks(&nobody, 1, Vec::new(), now()).await;
    assert!(matches!(checked, Err(Error::NotFound)));
}

#[tokio::test]
async fn what_is_known_of_a_declared_one_outlives_a_restart_unless_its_credentials_change() {
    let house = House::new();
    let id = IntegrationId::from("acme");
    let integrations = house.open(vec![declared("acme", "acme")]).await;
    let first =
        integrations.record_checks(&id, 1, vec![check(CheckOutcome::Passed)], now()).await.unwrap();

    let same = house.open(vec![declared("acme", "acme")]).await.find(&id).unwrap();
    assert_eq!((same.version, same.created_at), (1, first.created_at));
    assert_eq!(same.last_validated_at, Some(now()));
    assert_eq!(same.status(), IntegrationStatus::Connected);

    let mut changed = declared("acme", "acme");
    changed.draft.credentials.organization_api_key = SecretString::from("another");
    let changed = house.open(vec![changed]).await.find(&id).unwrap();
    assert_eq!((changed.version, changed.created_at), (2, first.created_at));
    assert_eq!(changed.status(), IntegrationStatus::Unverified);
}

#[tokio::test]
async fn a_removed_integration_is_gone_with_its_secrets() {
    let house = House::new();
    let integrations = house.open(Vec::new()).await;
    let made = integrations.create(draft("acme"), now()).await.unwrap();
    let removed = integrations.remove(&made.id).await.unwrap();
    assert_eq!(removed.label, "acme");
    assert!(integrations.all().is_empty());
    assert!(matches!(integrations.remove(&made.id).await, Err(Error::NotFound)));
    assert!(house.open(Vec::new()).await.all().is_empty());
}

#[tokio::test]
async fn a_stored_one_that_is_declared_later_is_left_out_and_can_be_removed() {
    let house = House::new();
    let stored = house.open(Vec::new()).await.create(draft("acme"), now()).await.unwrap();
    let integrations = house.open(vec![declared("acme", "acme")]).await;
    assert_eq!(integrations.all().len(), 1);
    assert!(integrations.find(&stored.id).is_none());
    assert_eq!(integrations.remove(&stored.id).await.unwrap().id, stored.id);
}

#[tokio::test]
async fn what_another_process_adds_is_there_after_a_reload() {
    let house = House::new();
    let serving = house.open(Vec::new()).await;
    let made = house.open(Vec::new()).await.create(draft("acme"), now()).await.unwrap();
    assert!(serving.find(&made.id).is_none());
    serving.reload().await.unwrap();
    assert!(serving.find(&made.id).is_some());
}

#[tokio::test]
async fn a_change_ends_even_if_nobody_waits_for_it() {
    let house = House::new();
    let integrations = house.open(Vec::new()).await;
    let mut change = Box::pin(integrations.create(draft("acme"), now()));
    assert!((&mut change).now_or_never().is_none());
    drop(change);
    let appears = async {
        while integrations.all().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), appears).await.unwrap();
}

#[tokio::test]
async fn a_configuration_that_contradicts_itself_is_refused() {
    let house = House::new();
    let same_id = house.try_open(vec![declared("a", "x"), declared("a", "y")]).await;
    assert!(matches!(same_id, Err(Error::Duplicate { existing }) if existing == "a".into()));
    let same_place = house.try_open(vec![declared("a", "x"), declared("b", "x")]).await;
    assert!(matches!(same_place, Err(Error::Duplicate { existing }) if existing == "a".into()));
    let mut bad = declared("acme", "acme");
    bad.draft.credentials.admin_url = "http://10.0.0.1/".to_owned();
    let message = house.try_open(vec![bad]).await.unwrap_err().to_string();
    assert!(message.starts_with("the declared integration acme: "), "{message}");
}

#[tokio::test]
async fn a_declared_key_that_has_expired_does_not_stop_the_start() {
    let mut old = declared("acme", "acme");
    old.draft.api_key_expires_on = Some("2020-01-01".parse().unwrap());
    let house = House::new();
    assert_eq!(house.open(vec![old]).await.all().len(), 1);
}

#[tokio::test]
async fn nothing_that_is_printed_shows_a_credential() {
    let house = House::new();
    let integrations = house.open(vec![declared("acme", "acme")]).await;
    let made = integrations.create(draft("other"), now()).await.unwrap();
    let again = integrations.create(draft("other"), now()).await.unwrap_err();
    let printed = format!("{integrations:?} {made:?} {again:?} {:?}", draft("third"));
    for secret in [EMAIL, TOKEN, KEY] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
