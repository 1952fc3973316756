use jiff::Timestamp;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::{EMAIL, TOKEN, integration, opened, refused, ring, run};
use crate::store::{DeclaredState, Error, Keyring};

#[tokio::test]
async fn a_wrong_master_key_is_told_with_both_ids() {
    let (folder, key, other) = (TempDir::new().unwrap(), Keyring::generate(), Keyring::generate());
    opened(&folder, ring(&key, &[])).await.close().await;
    let error = refused(&folder, ring(&other, &[])).await;
    let (right, wrong) = (ring(&key, &[]), ring(&other, &[]));
    let message = error.to_string();
    assert!(matches!(error, Error::WrongKey { .. }));
    assert!(message.contains(&right.current_id().to_string()), "{message}");
    assert!(message.contains(&wrong.current_id().to_string()), "{message}");
    assert!(!message.contains(key.expose_secret()) && !message.contains(other.expose_secret()));
}

#[tokio::test]
async fn everything_is_sealed_anew_when_the_key_before_is_given_too() {
    let (folder, old, new) = (TempDir::new().unwrap(), Keyring::generate(), Keyring::generate());
    let store = opened(&folder, ring(&old, &[])).await;
    store.insert_integration(&integration("a", "https://a.atlassian.net/")).await.unwrap();
    store.insert_integration(&integration("b", "https://b.atlassian.net/")).await.unwrap();
    store.put_declared_state(&state("c")).await.unwrap();
    store.close().await;

    opened(&folder, ring(&new, &[&old])).await.close().await;

    let store = opened(&folder, ring(&new, &[])).await;
    let read = store.integrations().await.unwrap();
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|row| row.credentials.api_token.expose_secret() == TOKEN));
    let states = store.declared_states().await.unwrap();
    assert_eq!(states[0].fingerprint.expose_secret(), "fingerprint");
    store.close().await;
    assert!(matches!(refused(&folder, ring(&old, &[])).await, Error::WrongKey { .. }));
}

#[tokio::test]
async fn a_secret_is_made_once_and_outlives_the_master_key() {
    let (folder, old, new) = (TempDir::new().unwrap(), Keyring::generate(), Keyring::generate());
    let store = opened(&folder, ring(&old, &[])).await;
    let asked = futures_util::future::join_all((0..8).map(|_| store.secret("one"))).await;
    let one = asked[0].as_ref().unwrap().expose_secret().to_owned();
    assert_eq!(one.len(), 44, "32 bytes in base64");
    assert!(asked.iter().all(|secret| secret.as_ref().unwrap().expose_secret() == one));
    assert_ne!(store.secret("another").await.unwrap().expose_secret(), one);
    store.close().await;
    let store = opened(&folder, ring(&new, &[&old])).await;
    assert_eq!(store.secret("one").await.unwrap().expose_secret(), one);
}

#[tokio::test]
async fn a_rotation_that_meets_a_damaged_value_changes_nothing() {
    let (folder, old, new) = (TempDir::new().unwrap(), Keyring::generate(), Keyring::generate());
    let store = opened(&folder, ring(&old, &[])).await;
    store.insert_integration(&integration("a", "https://a.atlassian.net/")).await.unwrap();
    store.insert_integration(&integration("b", "https://b.atlassian.net/")).await.unwrap();
    run(&store, "UPDATE integrations SET sealed_api_token = 'AAAA' WHERE id = 'b'").await;
    store.close().await;

    let error = refused(&folder, ring(&new, &[&old])).await;
    assert!(matches!(error, Error::Damaged { column: "sealed_api_token", .. }), "{error}");

    let store = opened(&folder, ring(&old, &[])).await;
    store.delete_integration(&"b".into()).await.unwrap();
    assert_eq!(store.integrations().await.unwrap()[0].credentials.admin_email, EMAIL);
}

#[tokio::test]
async fn a_sealed_value_opens_only_where_it_was_written() {
    let moves = [
        "UPDATE integrations SET sealed_api_token = \
         (SELECT o.sealed_api_token FROM integrations o WHERE o.id = 'b') WHERE id = 'a'",
        "UPDATE integrations SET sealed_api_token = sealed_organization_api_key WHERE id = 'a'",
        "UPDATE integrations SET sealed_admin_email = \
         substr(sealed_admin_email, 5) || substr(sealed_admin_email, 1, 4) WHERE id = 'a'",
        "UPDATE integrations SET sealed_admin_email = '' WHERE id = 'a'",
    ];
    for statement in moves {
        let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
        let store = opened(&folder, ring(&key, &[])).await;
        store.insert_integration(&integration("a", "https://a.atlassian.net/")).await.unwrap();
        store.insert_integration(&integration("b", "https://b.atlassian.net/")).await.unwrap();
        run(&store, statement).await;
        let error = store.integrations().await.unwrap_err();
        assert!(matches!(&error, Error::Damaged { row, .. } if row == "a"), "{statement}: {error}");
    }
}

#[test]
fn one_key_has_one_id_however_it_is_written() {
    let spellings = [
        "+/+/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=",
        "+/+/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw",
        "-_-_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=",
        " fbffbf000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c\n",
        "FBFFBF000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C",
    ];
    let ids =
        spellings.map(|key| Keyring::new(key.into(), Vec::new()).unwrap().current_id().clone());
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let other = Keyring::new(Keyring::generate(), Vec::new()).unwrap();
    assert_ne!(*other.current_id(), ids[0]);
}

#[test]
fn a_key_that_is_not_32_bytes_is_refused_by_its_place_and_not_repeated() {
    let wrong = ["", "correct horse battery staple", "AAAA", &"ab".repeat(31), &"ab".repeat(33)];
    for key in wrong {
        let first = Keyring::new(key.into(), Vec::new()).unwrap_err();
        assert!(matches!(&first, Error::MalformedKey { which } if which == "master key"));
        let previous = vec![Keyring::generate(), key.into()];
        let second = Keyring::new(Keyring::generate(), previous).unwrap_err().to_string();
        assert!(second.contains("previous master key 2"), "{second}");
        assert!(key.is_empty() || !second.contains(key), "{second}");
    }
}

fn state(id: &str) -> DeclaredState {
    DeclaredState {
        id: id.into(),
        fingerprint: "fingerprint".into(),
        credentials_version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        last_validated_at: None,
        checks: Vec::new(),
    }
}
