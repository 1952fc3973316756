use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{
    Error, Feed, FeedReader, FeedSettings, Result, Selection, Table, Unavailable, Value,
    content::Asked, feed::Part, odata::Sessions, roles::KeptRoles,
};
use crate::{domain::IntegrationId, integrations::Integration, organizations::Organizations};

/// All feeds of the gateway. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) organizations: Organizations,
    pub(super) settings: FeedSettings,
    pub(super) roles: KeptRoles,
    pub(super) sessions: Sessions,
}

impl Feeds {
    /// Feeds over what is connected.
    #[must_use]
    pub fn new(organizations: Organizations, settings: FeedSettings) -> Self {
        let sessions = Sessions::new(settings.paging_idle);
        let shared = Shared { organizations, settings, roles: KeptRoles::default(), sessions };
        Self { shared: Arc::new(shared) }
    }

    /// How they are served.
    #[must_use]
    pub fn settings(&self) -> &FeedSettings {
        &self.shared.settings
    }

    pub(super) fn wait(&self) -> Duration {
        self.shared.settings.wait
    }

    /// Reads what a table's rows are made from, of every integration that the reader may see and asks for.
    ///
    /// # Errors
    /// The reader may not read the table; an integration is unknown; an organization cannot be read, or not yet.
    pub async fn open(
        &self,
        reader: &FeedReader,
        table: &'static Table,
        selection: Selection,
    ) -> Result<Feed> {
        reader.demand(table)?;
        let integrations = self.wanted(reader, &selection)?;
        // A caller's `no-cache` has no say: a scan that is asked for anew with each try would never be served.
        let demand = self.shared.organizations.demand(None);
        let open = |integration: Arc<Integration>| async move {
            let asked = Asked {
                feeds: self.clone(),
                organization: self.shared.organizations.organization(&integration, demand),
                integration: Arc::clone(&integration),
            };
            match (table.open)(asked).await {
                Ok(content) => Ok(Part { common: common(&integration), content }),
                Err(error) => Err(Unavailable { integration: integration.id.clone(), error }),
            }
        };
        let outcomes = join_all(integrations.into_iter().map(open)).await;
        let mut parts = Vec::with_capacity(outcomes.len());
        let mut unavailable = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(part) => parts.push(part),
                Err(left_out) => unavailable.push(left_out),
            }
        }
        // What is still being read will be there soon, and is waited for in any case.
        let may_leave_out = selection.is_partial
            && !unavailable.iter().any(|left_out| left_out.progress().is_some());
        if !unavailable.is_empty() && !may_leave_out {
            return Err(Error::Unavailable(unavailable));
        }
        let is_masked = !reader.may_see_personal;
        Ok(Feed { table, unavailable, selection, is_masked, parts })
    }

    /// The instant of a request, by the clock of the organizations.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.organizations.demand(None).now
    }

    /// In the order of their ids, which is that of the rows.
    fn wanted(&self, reader: &FeedReader, selection: &Selection) -> Result<Vec<Arc<Integration>>> {
        let all = self.shared.organizations.integrations().all();
        let mut visible: Vec<Arc<Integration>> =
            all.iter().filter(|one| reader.integrations.contains(&one.id)).cloned().collect();
        visible.sort_by(|a, b| a.id.cmp(&b.id));
        if selection.integrations.is_empty() {
            return Ok(visible);
        }
        let is_known = |id: &IntegrationId| visible.iter().any(|one| one.id == *id);
        if !selection.integrations.iter().all(is_known) {
            return Err(Error::UnknownIntegration);
        }
        visible.retain(|one| selection.integrations.contains(&one.id));
        Ok(visible)
    }
}

fn common(integration: &Integration) -> [Value; 3] {
    [
        integration.id.as_str().into(),
        integration.credentials.organization_id.as_str().into(),
        integration.label.as_str().into(),
    ]
}
