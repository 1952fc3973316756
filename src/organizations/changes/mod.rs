//! Changes at Atlassian: deletions with their preview, cancellation and watch, and the life cycle of accounts.
//!
//! `facts` reads what a decision needs and `findings` judges it; `delete` announces and `carry_out` calls; `current` brings
//! open deletions up to date, `reconcile` settles what a crash interrupted, `bulk` runs many. Every change is written to the
//! audit log before Atlassian is asked (`record`), and brakes (`brakes`) stand before all of them.

mod brakes;
mod bulk;
mod cancel;
mod carry_out;
mod confirmation;
mod current;
mod delete;
mod facts;
mod findings;
mod idempotency;
mod lifecycle;
mod locks;
mod preview;
mod reconcile;
mod record;
mod refusal;
mod settings;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::broadcast;

pub use self::{
    bulk::BulkRequest,
    current::DeletionList,
    delete::{Confirmation, DeleteUser, DeletionAnswer},
    findings::Findings,
    lifecycle::{Lifecycle, LifecycleRequest},
    preview::Preview,
    record::refused,
    settings::{ChangeSettings, Protected},
};
use self::{confirmation::Confirmations, locks::Locks};
use super::{Error, Organization, Organizations, clock::now};
pub use crate::store::DeletionQuery;
use crate::{
    audit::{self, Audit},
    domain::{
        AccountId, BulkDeletionId, Deletion, DeletionId, IntegrationId, OrganizationId, Refusal,
    },
    integrations::Integration,
    store::{self, IdempotencyKey, Store},
};

/// Where a change is made: the integration, and the organization behind it.
#[derive(Clone)]
pub struct Place {
    /// The integration.
    pub integration: Arc<Integration>,
    /// Its organization.
    pub organization: Organization,
}

/// What came of a change that was not refused on the way.
#[derive(Debug, Clone)]
pub struct Changed<T> {
    /// What was changed.
    pub value: T,
    /// What Atlassian refused, and parts that failed.
    pub refusals: Vec<Refusal>,
    ended: audit::Outcome,
    upstream: Option<UpstreamAnswer>,
}

/// What Atlassian answered to the call that made the change.
#[derive(Debug, Clone, Default)]
struct UpstreamAnswer {
    status: Option<u16>,
    code: Option<String>,
}

impl From<crate::atlassian::Accepted> for UpstreamAnswer {
    fn from(accepted: crate::atlassian::Accepted) -> Self {
        Self { status: Some(accepted.status), code: None }
    }
}

impl From<&crate::atlassian::Error> for UpstreamAnswer {
    fn from(error: &crate::atlassian::Error) -> Self {
        Self { status: error.status, code: error.code.clone() }
    }
}

impl<T> Changed<T> {
    fn new(value: T, ended: audit::Outcome) -> Self {
        Self { value, refusals: Vec::new(), ended, upstream: None }
    }
}

/// Why a change was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChangeError {
    /// Expected refusals, for the caller to do something about.
    #[error("the change was refused")]
    Refused(Vec<Refusal>),
    /// Atlassian could not be asked.
    #[error(transparent)]
    Organization(#[from] Error),
    /// The store or the audit log could not be written; the log knows why.
    #[error("the change could not be recorded, so it was not made")]
    Internal,
}

impl From<store::Error> for ChangeError {
    fn from(error: store::Error) -> Self {
        tracing::error!(error = %error, "A change could not be kept in the store");
        Self::Internal
    }
}

impl From<audit::Error> for ChangeError {
    fn from(error: audit::Error) -> Self {
        tracing::error!(error = %error, "A change could not be written to the audit log");
        Self::Internal
    }
}

impl From<crate::atlassian::Error> for ChangeError {
    fn from(error: crate::atlassian::Error) -> Self {
        Self::Organization(error.into())
    }
}

impl From<Refusal> for ChangeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

/// The result of a change, and of what leads to it.
pub type Result<T, E = ChangeError> = std::result::Result<T, E>;

/// Something that a screen may want to follow.
#[derive(Debug, Clone)]
pub enum ChangeEvent {
    /// A deletion has another state.
    Deletion(Arc<Deletion>),
    /// Another person of a run was done with, or the run is finished.
    Bulk(BulkDeletionId),
}

/// Makes changes, and knows of those that were made. Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    inner: Arc<Inner>,
}

struct Inner {
    organizations: Organizations,
    store: Store,
    audit: Audit,
    settings: ChangeSettings,
    confirmations: Confirmations,
    accounts: Locks<AccountId>,
    /// For changes of admins: one at a time, so that two of them do not each rely on the other to stay.
    admins: Locks<OrganizationId>,
    keys: Locks<IdempotencyKey>,
    events: broadcast::Sender<ChangeEvent>,
    /// What was announced earlier was announced by a process that has ended.
    opened_at: Timestamp,
    /// Deletions that were brought up to date a moment ago.
    checked: moka::future::Cache<DeletionId, ()>,
}

/// Events that a slow follower may fall behind before it misses some.
const EVENTS: usize = 256;
/// Within this time a deletion is not asked for again.
const CHECKED_FOR: Duration = Duration::from_secs(1);

impl Changes {
    /// Opens the way to change things. Call [`Self::reconcile`] next.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn open(
        organizations: Organizations,
        store: Store,
        audit: Audit,
        settings: ChangeSettings,
    ) -> std::result::Result<Self, store::Error> {
        let secret = store.secret("confirmation").await?;
        let confirmations = Confirmations::new(&secret, settings.confirmation_lifetime);
        let checked = moka::future::Cache::builder().time_to_live(CHECKED_FOR).build();
        let (events, _) = broadcast::channel(EVENTS);
        Ok(Self {
            inner: Arc::new(Inner {
                organizations,
                store,
                audit,
                settings,
                confirmations,
                accounts: Locks::default(),
                admins: Locks::default(),
                keys: Locks::default(),
                events,
                opened_at: now(),
                checked,
            }),
        })
    }

    /// What happens from this moment on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<ChangeEvent> {
        self.inner.events.subscribe()
    }

    /// How often who follows deletions wants them brought up to date.
    #[must_use]
    pub fn watch_interval(&self) -> Duration {
        self.inner.settings.watch_interval
    }

    fn tell(&self, event: ChangeEvent) {
        // Nobody may be listening.
        let _ = self.inner.events.send(event);
    }

    /// Writes what became of a deletion, and tells everybody who follows.
    async fn keep(&self, deletion: &Deletion) -> Result<()> {
        self.inner.store.update_deletion(deletion).await?;
        self.tell(ChangeEvent::Deletion(Arc::new(deletion.clone())));
        Ok(())
    }

    /// The place of an integration; `None` where it is gone.
    fn place(&self, integration: &IntegrationId) -> Option<Place> {
        let organizations = &self.inner.organizations;
        let integration = organizations.integrations().find(integration)?;
        let organization = organizations.organization(&integration, organizations.demand(None));
        Some(Place { integration, organization })
    }
}
