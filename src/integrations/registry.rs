use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    CredentialsDraft, DeclaredIntegration, Error, Field, HostPolicy, Integration,
    IntegrationChanges, IntegrationDraft, Invalid, Origin,
    declared::{self, Declared},
    drafts,
};
use crate::{
    domain::{Credentials, IntegrationCheck, IntegrationId},
    store::{self, Store, StoredIntegration},
};

/// All integrations. Clones share one list, which is read without I/O; changes go to the store first.
#[derive(Debug, Clone)]
pub struct Integrations {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    hosts: HostPolicy,
    declared: Vec<Declared>,
    list: RwLock<Arc<Vec<Arc<Integration>>>>,
    /// Held over a change and the reading of its result, so that an earlier result cannot replace a later one.
    changing: Mutex<()>,
}

impl Integrations {
    /// Checks the declared integrations and reads the stored ones. A stored one whose organization and site are
    /// declared as well is left out with a warning, and can still be removed.
    ///
    /// # Errors
    /// A declared integration does not fit, two have the same id or place, or the store cannot be read.
    pub async fn open(
        store: Store,
        declared: Vec<DeclaredIntegration>,
        hosts: HostPolicy,
    ) -> Result<Self, Error> {
        let declared = declared::checked(declared, &hosts)?;
        let list = RwLock::default();
        let shared = Shared { store, hosts, declared, list, changing: Mutex::default() };
        let integrations = Self { shared: Arc::new(shared) };
        integrations.reload().await?;
        Ok(integrations)
    }

    /// All integrations: the declared ones in the file's order, then the stored ones in the order of their making.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Arc<Integration>>> {
        Arc::clone(&self.shared.list.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The integration of that id.
    #[must_use]
    pub fn find(&self, id: &IntegrationId) -> Option<Arc<Integration>> {
        self.all().iter().find(|integration| integration.id == *id).cloned()
    }

    /// Makes credentials of what was pasted, for a test that saves nothing.
    ///
    /// # Errors
    /// Names the first field that does not fit.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the pasted secrets are taken over, so that no copy outlives the call"
    )]
    pub fn normalize(&self, draft: CredentialsDraft) -> Result<Credentials, Invalid> {
        drafts::credentials(&draft, &self.shared.hosts)
    }

    /// Reads the store again, for changes that another process made.
    ///
    /// # Errors
    /// The store cannot be read; the list stays as it was.
    pub async fn reload(&self) -> Result<(), Error> {
        let _changing = self.shared.changing.lock().await;
        for (stored, declared) in self.read().await? {
            tracing::warn!(
                integration.id = %stored,
                "Left out integration {stored}: {declared} of the configuration file has the same \
                 organization and site. Remove one of them"
            );
        }
        Ok(())
    }

    /// Makes an integration.
    ///
    /// # Errors
    /// A field does not fit, the organization and site are connected already, or the store cannot be written.
    pub async fn create(
        &self,
        draft: IntegrationDraft,
        now: Timestamp,
    ) -> Result<Arc<Integration>, Error> {
        let row = StoredIntegration {
            id: IntegrationId::from(Uuid::new_v4().to_string()),
            label: drafts::label(&draft.label)?,
            credentials: self.normalize(draft.credentials)?,
            api_key_expires_on: drafts::expiry(
                Field::ApiKeyExpiresOn,
                draft.api_key_expires_on,
                now,
            )?,
            api_token_expires_on: drafts::expiry(
                Field::ApiTokenExpiresOn,
                draft.api_token_expires_on,
                now,
            )?,
            is_read_only: draft.is_read_only,
            credentials_version: 1,
            created_at: now,
            updated_at: now,
            last_validated_at: None,
            checks: Vec::new(),
        };
        let this = self.clone();
        to_the_end(async move {
            let _changing = this.shared.changing.lock().await;
            this.read().await?;
            this.check_place(&row)?;
            let inserted = this.shared.store.insert_integration(&row).await;
            this.concluded(inserted, &row.id).await
        })
        .await
    }

    /// Changes an integration. New credentials get the next version and no checks; the same ones again change nothing.
    ///
    /// # Errors
    /// As for [`Self::create`]; also when there is no such integration, or the file declares it.
    pub async fn update(
        &self,
        id: &IntegrationId,
        changes: IntegrationChanges,
        now: Timestamp,
    ) -> Result<Arc<Integration>, Error> {
        let (this, id) = (self.clone(), id.clone());
        to_the_end(async move {
            let _changing = this.shared.changing.lock().await;
            this.read().await?;
            let mut row = row_of(&*this.stored(&id)?, now);
            this.apply(changes, &mut row, now)?;
            this.check_place(&row)?;
            let updated = this.shared.store.update_integration(&row).await;
            this.concluded(updated.map(drop), &id).await
        })
        .await
    }

    /// Takes an integration out, with its secrets, and answers what it was.
    ///
    /// # Errors
    /// There is no such integration, or the file declares it.
    pub async fn remove(&self, id: &IntegrationId) -> Result<Arc<Integration>, Error> {
        let (this, id) = (self.clone(), id.clone());
        to_the_end(async move {
            let _changing = this.shared.changing.lock().await;
            if this.find(&id).is_some_and(|found| found.origin == Origin::Declared) {
                return Err(Error::Declared);
            }
            // Asked of the store, not of the list, which leaves out those that a declared one stands for.
            let rows = this.shared.store.integrations().await?;
            let row = rows.into_iter().find(|row| row.id == id).ok_or(Error::NotFound)?;
            this.shared.store.delete_integration(&id).await?;
            this.read().await?;
            Ok(Arc::new(Integration::from(row)))
        })
        .await
    }

    /// Keeps what a test of the credentials of that version found. Findings about credentials that were replaced
    /// meanwhile are dropped, and the integration is answered as it is.
    ///
    /// # Errors
    /// There is no such integration, or the store cannot be written.
    pub async fn record_checks(
        &self,
        id: &IntegrationId,
        version: u64,
        checks: Vec<IntegrationCheck>,
        now: Timestamp,
    ) -> Result<Arc<Integration>, Error> {
        let (this, id) = (self.clone(), id.clone());
        to_the_end(async move {
            let _changing = this.shared.changing.lock().await;
            this.read().await?;
            let found = this.find(&id).ok_or(Error::NotFound)?;
            if found.version != version {
                return Ok(found);
            }
            let checked =
                Integration { checks, last_validated_at: Some(now), ..Integration::clone(&found) };
            let store = &this.shared.store;
            let written = match checked.origin {
                Origin::Declared => store.put_declared_state(&declared::state_of(&checked)).await,
                Origin::Stored => store.update_integration(&row_of(&checked, now)).await.map(drop),
            };
            this.concluded(written, &id).await
        })
        .await
    }

    fn stored(&self, id: &IntegrationId) -> Result<Arc<Integration>, Error> {
        let found = self.find(id).ok_or(Error::NotFound)?;
        if found.origin == Origin::Declared {
            return Err(Error::Declared);
        }
        Ok(found)
    }

    fn apply(
        &self,
        changes: IntegrationChanges,
        row: &mut StoredIntegration,
        now: Timestamp,
    ) -> Result<(), Invalid> {
        if let Some(label) = changes.label {
            row.label = drafts::label(&label)?;
        }
        if let Some(credentials) = changes.credentials {
            let credentials = self.normalize(credentials)?;
            if !declared::is_same(&credentials, &row.credentials) {
                row.credentials = credentials;
                row.credentials_version += 1;
                row.last_validated_at = None;
                row.checks = Vec::new();
            }
        }
        if let Some(is_read_only) = changes.is_read_only {
            row.is_read_only = is_read_only;
        }
        if let Some(date) = changes.api_key_expires_on {
            row.api_key_expires_on = drafts::expiry(Field::ApiKeyExpiresOn, date, now)?;
        }
        if let Some(date) = changes.api_token_expires_on {
            row.api_token_expires_on = drafts::expiry(Field::ApiTokenExpiresOn, date, now)?;
        }
        Ok(())
    }

    fn check_place(&self, row: &StoredIntegration) -> Result<(), Error> {
        let all = self.all();
        let other =
            |other: &&Arc<Integration>| other.id != row.id && other.is_same_place(&row.credentials);
        match all.iter().find(other) {
            Some(existing) => Err(Error::Duplicate { existing: existing.id.clone() }),
            None => Ok(()),
        }
    }

    /// Reads the list after a change, whatever became of it, and answers the integration as it is.
    async fn concluded(
        &self,
        change: Result<(), store::Error>,
        id: &IntegrationId,
    ) -> Result<Arc<Integration>, Error> {
        self.read().await?;
        change?;
        self.find(id).ok_or(Error::NotFound)
    }

    /// Reads everything and puts it in the place of the list. Called with `changing` held. Answers which stored
    /// integrations were left out, each with the declared one that stands for it.
    async fn read(&self) -> Result<Vec<(IntegrationId, IntegrationId)>, Error> {
        let mut list = declared::remembered(&self.shared.store, &self.shared.declared).await?;
        let mut left_out = Vec::new();
        for row in self.shared.store.integrations().await? {
            let twin = list.iter().find(|other| {
                other.origin == Origin::Declared && other.is_same_place(&row.credentials)
            });
            match twin {
                Some(twin) => left_out.push((row.id, twin.id.clone())),
                None => list.push(Integration::from(row)),
            }
        }
        let list = Arc::new(list.into_iter().map(Arc::new).collect());
        *self.shared.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        Ok(left_out)
    }
}

fn row_of(integration: &Integration, now: Timestamp) -> StoredIntegration {
    StoredIntegration {
        id: integration.id.clone(),
        label: integration.label.clone(),
        credentials: Credentials::clone(&integration.credentials),
        api_key_expires_on: integration.api_key_expires_on,
        api_token_expires_on: integration.api_token_expires_on,
        is_read_only: integration.is_read_only,
        credentials_version: integration.version,
        created_at: integration.created_at,
        updated_at: now,
        last_validated_at: integration.last_validated_at,
        checks: integration.checks.clone(),
    }
}

/// Runs a change to its end even if the caller goes away in the middle, so that the list cannot miss what the store
/// has taken.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match tokio::spawn(change).await {
        Ok(outcome) => outcome,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}
