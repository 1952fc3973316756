use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::Date};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{DeclaredIntegration, Error, HostPolicy, Integration, Invalid, Origin, drafts};
use crate::{
    domain::{Credentials, IntegrationId},
    store::{DeclaredState, Store},
};

/// A declared integration whose fields fit.
#[derive(Debug)]
pub(super) struct Declared {
    id: IntegrationId,
    label: String,
    credentials: Arc<Credentials>,
    api_key_expires_on: Option<Date>,
    api_token_expires_on: Option<Date>,
    is_read_only: bool,
}

/// Checks what the configuration file declares. An expiry day that is past stays: the program must still start on
/// the day after, and the connection test will say what is wrong.
pub(super) fn checked(
    declared: Vec<DeclaredIntegration>,
    hosts: &HostPolicy,
) -> Result<Vec<Declared>, Error> {
    let mut seen = HashMap::new();
    let mut ids = HashSet::new();
    declared
        .into_iter()
        .map(|declared| {
            let declared = Declared::checked(declared, hosts)?;
            let place = (
                declared.credentials.organization_id.clone(),
                declared.credentials.admin_url.clone(),
            );
            if !ids.insert(declared.id.clone()) {
                return Err(Error::Duplicate { existing: declared.id });
            }
            match seen.insert(place, declared.id.clone()) {
                Some(existing) => Err(Error::Duplicate { existing }),
                None => Ok(declared),
            }
        })
        .collect()
}

/// What the store remembers of the declared integrations. One that is new, or whose credentials changed since the
/// last start, is remembered anew, with a later version and no checks.
pub(super) async fn remembered(
    store: &Store,
    declared: &[Declared],
) -> Result<Vec<Integration>, Error> {
    let states = store.declared_states().await?;
    let mut states: HashMap<_, _> =
        states.into_iter().map(|state| (state.id.clone(), state)).collect();
    let mut integrations = Vec::with_capacity(declared.len());
    for declared in declared {
        let fingerprint = fingerprint(&declared.credentials);
        let state = match states.remove(&declared.id) {
            Some(state) if state.fingerprint.expose_secret() == fingerprint.expose_secret() => {
                state
            }
            earlier => {
                let state = DeclaredState {
                    id: declared.id.clone(),
                    fingerprint,
                    credentials_version: earlier.as_ref().map_or(1, |e| e.credentials_version + 1),
                    created_at: earlier.map_or_else(first_seen, |e| e.created_at),
                    last_validated_at: None,
                    checks: Vec::new(),
                };
                store.put_declared_state(&state).await?;
                state
            }
        };
        integrations.push(declared.with(state));
    }
    Ok(integrations)
}

/// The state that an integration of the file has come to.
pub(super) fn state_of(integration: &Integration) -> DeclaredState {
    DeclaredState {
        id: integration.id.clone(),
        fingerprint: fingerprint(&integration.credentials),
        credentials_version: integration.version,
        created_at: integration.created_at,
        last_validated_at: integration.last_validated_at,
        checks: integration.checks.clone(),
    }
}

impl Declared {
    fn checked(declared: DeclaredIntegration, hosts: &HostPolicy) -> Result<Self, Invalid> {
        let DeclaredIntegration { id, draft } = declared;
        let id = drafts::declared_id(&id)?;
        let named = |invalid: Invalid| Invalid {
            message: format!("the declared integration {id}: {}", invalid.message),
            ..invalid
        };
        Ok(Self {
            id: IntegrationId::from(id),
            label: drafts::label(&draft.label).map_err(named)?,
            credentials: drafts::credentials(&draft.credentials, hosts).map_err(named)?.into(),
            api_key_expires_on: draft.api_key_expires_on,
            api_token_expires_on: draft.api_token_expires_on,
            is_read_only: draft.is_read_only,
        })
    }

    fn with(&self, state: DeclaredState) -> Integration {
        Integration {
            id: self.id.clone(),
            label: self.label.clone(),
            credentials: Arc::clone(&self.credentials),
            origin: Origin::Declared,
            api_key_expires_on: self.api_key_expires_on,
            api_token_expires_on: self.api_token_expires_on,
            is_read_only: self.is_read_only,
            created_at: state.created_at,
            last_validated_at: state.last_validated_at,
            checks: state.checks,
            version: state.credentials_version,
        }
    }
}

/// Tells one set of credentials from another. The store seals it: a bare hash of a weak secret could be guessed.
fn fingerprint(credentials: &Credentials) -> SecretString {
    let mut hash = Sha256::new();
    for part in [
        credentials.admin_email.as_str(),
        credentials.api_token.expose_secret(),
        credentials.admin_url.as_str(),
        credentials.organization_id.as_str(),
        credentials.organization_api_key.expose_secret(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    STANDARD.encode(hash.finalize()).into()
}

/// Whether two sets of credentials are the same.
pub(super) fn is_same(one: &Credentials, other: &Credentials) -> bool {
    fingerprint(one).expose_secret() == fingerprint(other).expose_secret()
}

/// No caller's clock is at hand when the program starts.
#[expect(clippy::disallowed_methods, reason = "the one place of this room that asks the clock")]
fn first_seen() -> Timestamp {
    Timestamp::now()
}
