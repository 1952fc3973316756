use std::sync::Arc;

use super::{
    Organization, Result,
    listing::{Position, Rows, UpstreamPosition, walk},
};
use crate::domain::{ActivityEvent, ActivityFilter, Fetched, Page};

/// Which audit events, how many and after which.
#[derive(Debug, Clone)]
pub struct EventsRequest {
    /// Which events.
    pub filter: ActivityFilter,
    /// How many, 1 to 100.
    pub first: u16,
    /// Where to go on.
    pub after: Option<Position>,
}

/// A page of audit events, newest first.
pub type EventsPage = Rows<ActivityEvent>;

/// What a page of events is kept by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EventsKey {
    filter: ActivityFilter,
    limit: u16,
    cursor: Option<String>,
}

impl Organization {
    /// A page of audit events: one upstream call, of which Atlassian allows ten a minute.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked; the organization's plan has no audit log; the cursor is
    /// foreign or expired.
    pub async fn events(&self, request: &EventsRequest) -> Result<EventsPage> {
        let ask = |at: UpstreamPosition| async move {
            let (limit, cursor) = (at.limit, at.cursor);
            let key = EventsKey { filter: request.filter.clone(), limit, cursor };
            let ask = async {
                let cursor = key.cursor.as_deref();
                let page = self.shared.client.events(&key.filter, key.limit, cursor).await?;
                Ok(Page { items: page.items.into_iter().map(Arc::new).collect(), next: page.next })
            };
            let weigh = |page: &Page<Arc<ActivityEvent>>| 64 + page.items.len() * 700;
            let cache = &self.shared.caches.events;
            let fetched = cache.get_or_ask(&self.demand, self.key(key.clone()), weigh, ask).await?;
            Ok(self.note(fetched))
        };
        walk(request.after.as_ref(), request.first, 1, ask).await
    }

    /// One audit event by its id. One upstream call, of which Atlassian allows ten a minute.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked; the organization's plan has no audit log.
    pub async fn event(&self, id: &str) -> Result<Fetched<Option<ActivityEvent>>> {
        let ask = async { Ok(self.shared.client.event(id).await?) };
        let cache = &self.shared.caches.event;
        let key = self.key(id.to_owned());
        Ok(self.note(cache.get_or_ask(&self.demand, key, |_| 700, ask).await?))
    }
}
