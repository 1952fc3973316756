mod keys;
mod snapshots;

use std::path::Path;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use url::Url;

use super::{Error, Keyring, Store, StoreSettings, StoredIntegration};
use crate::domain::{CheckOutcome, CredentialKind, Credentials, IntegrationCheck, OrganizationId};

const EMAIL: &str = "ada.secretive@acme.example";
const TOKEN: &str = "ATATT-token-that-must-not-be-seen";
const KEY: &str = "ATCTT-key-that-must-not-be-seen";

fn settings(folder: &TempDir) -> StoreSettings {
    StoreSettings { path: folder.path().join("data/deep/headcount.db") }
}

fn ring(current: &SecretString, previous: &[&SecretString]) -> Keyring {
    let previous = previous.iter().copied().cloned().collect();
    Keyring::new(current.clone(), previous).unwrap()
}

fn integration(id: &str, site: &str) -> StoredIntegration {
    let now: Timestamp = "2026-11-22T10:00:00.123456Z".parse().unwrap();
    StoredIntegration {
        id: id.into(),
        label: "Acme".to_owned(),
        credentials: Credentials {
            admin_email: EMAIL.to_owned(),
            api_token: TOKEN.into(),
            admin_url: Url::parse(site).unwrap(),
            organization_id: OrganizationId::from("org-1"),
            organization_api_key: KEY.into(),
        },
        api_key_expires_on: Some("2027-01-31".parse().unwrap()),
        api_token_expires_on: None,
        is_read_only: true,
        credentials_version: 3,
        created_at: now,
        updated_at: now,
        last_validated_at: Some(now),
        checks: vec![IntegrationCheck {
            name: "organization-key".to_owned(),
            credential: CredentialKind::OrganizationApiKey,
            outcome: CheckOutcome::Warning,
            message: "scoped".to_owned(),
            remedy: None,
            unlocks: vec!["deletion".to_owned()],
        }],
    }
}

async fn opened(folder: &TempDir, keys: Keyring) -> Store {
    Store::open(&settings(folder), keys).await.unwrap()
}

async fn refused(folder: &TempDir, keys: Keyring) -> Error {
    Store::open(&settings(folder), keys).await.unwrap_err()
}

async fn run(store: &Store, statement: &'static str) {
    sqlx::query(statement).execute(&store.pool).await.unwrap();
}

#[tokio::test]
async fn an_integration_comes_back_as_it_was_after_a_restart() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let written = integration("a", "https://acme.atlassian.net/");
    let store = opened(&folder, ring(&key, &[])).await;
    store.insert_integration(&written).await.unwrap();
    store.close().await;

    let read = opened(&folder, ring(&key, &[])).await.integrations().await.unwrap();
    let [read] = read.as_slice() else { panic!("one integration was written") };
    assert_eq!(read.id, written.id);
    assert_eq!(read.label, written.label);
    assert_eq!(read.credentials.admin_email, EMAIL);
    assert_eq!(read.credentials.api_token.expose_secret(), TOKEN);
    assert_eq!(read.credentials.organization_api_key.expose_secret(), KEY);
    assert_eq!(read.credentials.admin_url, written.credentials.admin_url);
    assert_eq!(read.credentials.organization_id, written.credentials.organization_id);
    assert_eq!(read.api_key_expires_on, written.api_key_expires_on);
    assert_eq!(read.api_token_expires_on, None);
    assert!(read.is_read_only);
    assert_eq!(read.credentials_version, 3);
    assert_eq!(read.created_at, written.created_at);
    assert_eq!(read.last_validated_at, written.last_validated_at);
    assert_eq!(read.checks, written.checks);
}

#[tokio::test]
async fn no_file_of_the_store_holds_a_secret_or_an_address_in_clear() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let store = opened(&folder, ring(&key, &[])).await;
    store.insert_integration(&integration("a", "https://acme.atlassian.net/")).await.unwrap();
    let files = || std::fs::read_dir(folder.path().join("data/deep")).unwrap();
    assert!(files().count() >= 2, "the write-ahead log is there too while the store is open");
    let all: Vec<u8> =
        files().flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("https://acme.atlassian.net/"), "the search finds what is in clear");
    for secret in [EMAIL, TOKEN, KEY, key.expose_secret()] {
        assert!(!holds(secret));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_this_user_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let path = settings(&folder).path;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let _store = opened(&folder, ring(&key, &[])).await;
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    for file in files {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn the_same_organization_and_site_are_kept_once() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let store = opened(&folder, ring(&key, &[])).await;
    store.insert_integration(&integration("a", "https://a.atlassian.net/")).await.unwrap();
    let again = store.insert_integration(&integration("b", "https://a.atlassian.net/")).await;
    assert!(matches!(again, Err(Error::Duplicate)));
    assert!(
        !store.update_integration(&integration("b", "https://b.atlassian.net/")).await.unwrap()
    );
    assert!(store.delete_integration(&"a".into()).await.unwrap());
    assert!(!store.delete_integration(&"a".into()).await.unwrap());
}

#[tokio::test]
async fn two_processes_may_hold_the_store_open() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let serving = opened(&folder, ring(&key, &[])).await;
    let command = opened(&folder, ring(&key, &[])).await;
    command.insert_integration(&integration("a", "https://a.atlassian.net/")).await.unwrap();
    assert_eq!(serving.integrations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let store = opened(&folder, ring(&key, &[])).await;
    run(
        &store,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .await;
    store.close().await;
    assert!(matches!(refused(&folder, ring(&key, &[])).await, Error::Migration(_)));
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file_is_named() {
    let folder = TempDir::new().unwrap();
    let under_a_file = folder.path().join("file/headcount.db");
    std::fs::write(folder.path().join("file"), "").unwrap();
    for path in [folder.path().to_owned(), under_a_file] {
        let keys = ring(&Keyring::generate(), &[]);
        let error = Store::open(&StoreSettings { path: path.clone() }, keys).await.unwrap_err();
        assert!(matches!(&error, Error::File { path: told, .. } if *told == path), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let path = settings(&folder).path;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "this is somebody's letter, and no database at all".repeat(100);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(refused(&folder, ring(&key, &[])).await, Error::Database(_)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn the_ping_tells_whether_the_store_answers() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let store = opened(&folder, ring(&key, &[])).await;
    store.ping().await.unwrap();
    store.close().await;
    assert!(store.ping().await.is_err());
}

#[tokio::test]
async fn nothing_that_is_printed_shows_a_key_or_a_secret() {
    let (folder, key) = (TempDir::new().unwrap(), Keyring::generate());
    let store = opened(&folder, ring(&key, &[])).await;
    let integration = integration("a", "https://a.atlassian.net/");
    let printed = format!("{store:?} {integration:?} {:?}", ring(&key, &[&key]));
    for secret in [EMAIL, TOKEN, KEY, key.expose_secret()] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(Path::new(&settings(&folder).path).exists());
}
