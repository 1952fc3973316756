use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use super::{
    connection::{Listed, Numbered},
    error::Result,
    filters::AuditFilter,
    id::ObjectId,
    integration::Integration,
    request::Request,
    scalars::DateTime,
};
use crate::{
    audit::{self, Entry, EntryId},
    auth::IntegrationScope,
};

/// A change that somebody asked this program for.
#[derive(Clone)]
pub struct AuditEntry {
    entry: Arc<Entry>,
    /// `None` where there is none, where it is gone, and where it is hidden from the caller.
    integration: Option<Integration>,
}

impl AuditEntry {
    fn new(request: &Request, entry: Entry) -> Self {
        let integration = entry.integration().and_then(|id| request.find(&id));
        Self { entry: Arc::new(entry), integration }
    }
}

/// A change that somebody asked this program for, written down before it was done; refused ones too.
#[Object]
impl AuditEntry {
    /// Opaque; entries are kept for good.
    pub(super) async fn id(&self) -> ID {
        ObjectId::AuditEntry(self.entry.id.clone()).encode()
    }

    /// When it was asked for.
    async fn at(&self) -> DateTime {
        DateTime(self.entry.at)
    }

    /// When it ended; null where it has not.
    async fn ended_at(&self) -> Option<DateTime> {
        self.entry.ended_at.map(DateTime)
    }

    /// Who asked: the subject of the token.
    async fn caller(&self) -> &str {
        &self.entry.asked.caller
    }

    /// What was asked for: the name of the mutation, such as `deleteUser`.
    async fn action(&self) -> &str {
        self.entry.asked.action.word()
    }

    /// The integration that was to be changed, or that came of it; null where there is none, or where it is gone.
    async fn integration(&self) -> Option<&Integration> {
        self.integration.as_ref()
    }

    /// What was to be changed, such as an account id.
    async fn target(&self) -> Option<&str> {
        self.entry.target()
    }

    /// `PENDING` until it ends; then `SUCCEEDED`, `REFUSED` (not begun), `FAILED` (tried in vain), `REPLAYED` (done before under the
    /// same idempotency key), `DRY_RUN`, or `INTERRUPTED` (the process ended in the middle, or no answer came: it may have been
    /// made).
    async fn outcome(&self) -> &str {
        self.entry.outcome().word()
    }

    /// Why it was refused or failed: a `UserErrorCode`, or the code of an error.
    async fn code(&self) -> Option<&str> {
        self.entry.ended.as_ref()?.code.as_deref()
    }

    /// The HTTP status that Atlassian answered with.
    async fn upstream_status(&self) -> Option<u16> {
        self.entry.ended.as_ref()?.upstream_status
    }

    /// Atlassian's own code.
    async fn upstream_code(&self) -> Option<&str> {
        self.entry.ended.as_ref()?.upstream_code.as_deref()
    }

    /// Why it was asked for, in the caller's words.
    async fn reason(&self) -> Option<&str> {
        self.entry.asked.reason.as_deref()
    }

    /// Whether everything was to be done but the change.
    async fn is_dry_run(&self) -> bool {
        self.entry.asked.is_dry_run
    }

    /// The request that asked: the same as in its `x-request-id`, its errors and the log.
    async fn request_id(&self) -> &str {
        &self.entry.asked.request_id
    }
}

/// A page of the record of changes; `page` is its `first` and `after`.
pub(super) async fn page(
    ctx: &Context<'_>,
    filter: Option<AuditFilter>,
    page: (Option<i32>, Option<String>),
) -> Result<Listed<AuditEntry>> {
    let request = Request::of(ctx);
    let filter = filter.unwrap_or_default();
    let about = ("auditLog", format!("{filter:?}"));
    let rows = Numbered::new(page.0, page.1.as_deref(), about)?;
    let filter = seen_by(&request.caller.integrations, filter.into_audit()?);
    let (entries, has_more) = request.audit.page(&filter, rows.first(), rows.after()).await?;
    let entries = entries.into_iter().map(|(row, entry)| (row, AuditEntry::new(request, entry)));
    let listed = rows.listed(entries, has_more);
    if !ctx.look_ahead().field("totalCount").exists() {
        return Ok(listed);
    }
    Ok(listed.with_total(Some(request.audit.count(&filter).await?)))
}

/// The entry of that id; what the caller may not see does not exist.
pub(super) async fn find(request: &Request, id: &EntryId) -> Result<Option<AuditEntry>> {
    let Some(entry) = request.audit.find(id).await? else { return Ok(None) };
    let scope = &request.caller.integrations;
    let is_seen = entry.integration().map_or(scope.is_all(), |id| scope.contains(&id));
    Ok(is_seen.then(|| AuditEntry::new(request, entry)))
}

/// The part of what was asked for that the caller may see. Who may not see every integration does not see what
/// belongs to none.
fn seen_by(scope: &IntegrationScope, filter: audit::AuditFilter) -> audit::AuditFilter {
    let integrations = match (scope, filter.integrations) {
        (IntegrationScope::All, wanted) => wanted,
        (IntegrationScope::Only(mine), None) => Some(mine.iter().cloned().collect()),
        (IntegrationScope::Only(_), Some(wanted)) => {
            Some(wanted.into_iter().filter(|id| scope.contains(id)).collect())
        }
    };
    audit::AuditFilter { integrations, ..filter }
}
