use std::sync::Arc;

use futures_util::FutureExt;

use super::{
    Error, Organization, Result,
    listing::{Position, Rows, UpstreamPosition, merge, walk},
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

/// Actions that one question may name: each costs a call of the ten that Atlassian allows a minute.
const MOST_ACTIONS: usize = 5;

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
        let filter = &request.filter;
        let after = request.after.as_ref();
        let each = |at: UpstreamPosition| {
            let actions = filter.actions.get(at.search).into_iter().cloned().collect();
            self.events_page(ActivityFilter { actions, ..filter.clone() }, at)
        };
        // Atlassian filters by one action at a time; the lists of several are read together.
        match filter.actions.len() {
            0 | 1 => walk(after, request.first, 1, each).await,
            few @ 2..=MOST_ACTIONS => {
                merge(after, request.first, few, |event| event.occurred_at, each).await
            }
            many => Err(Error::BadRequest(format!(
                "`actions` has {many} values; it takes at most {MOST_ACTIONS}, because Atlassian is asked once \
                 for each and allows ten calls a minute"
            ))),
        }
    }

    async fn events_page(
        &self,
        filter: ActivityFilter,
        at: UpstreamPosition,
    ) -> Result<Fetched<Page<Arc<ActivityEvent>>>> {
        let key = EventsKey { filter, limit: at.limit, cursor: at.cursor };
        let ask = async {
            let cursor = key.cursor.as_deref();
            let page = self.shared.client.events(&key.filter, key.limit, cursor).await?;
            Ok(Page { items: page.items.into_iter().map(Arc::new).collect(), next: page.next })
        }
        .boxed();
        let weigh = |page: &Page<Arc<ActivityEvent>>| 64 + page.items.len() * 700;
        let cache = &self.shared.caches.events;
        let fetched = cache.get_or_ask(&self.demand, self.key(key.clone()), weigh, ask).await?;
        Ok(self.note(fetched))
    }

    /// One audit event by its id. One upstream call, of which Atlassian allows ten a minute.
    ///
    /// # Errors
    /// Atlassian refused or could not be asked; the organization's plan has no audit log.
    pub async fn event(&self, id: &str) -> Result<Fetched<Option<ActivityEvent>>> {
        let ask = async { Ok(self.shared.client.event(id).await?) }.boxed();
        let cache = &self.shared.caches.event;
        let key = self.key(id.to_owned());
        Ok(self.note(cache.get_or_ask(&self.demand, key, |_| 700, ask).await?))
    }
}
