use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{
    Error, Feed, FeedReader, FeedSettings, Result, Selection, Table, Unavailable, Value,
    content::{Asked, Failure},
    feed::Part,
    odata::Sessions,
    roles::KeptRoles,
    selection::INACTIVE_FOR_DAYS,
    turns::Turns,
};
use crate::{
    domain::IntegrationId,
    integrations::Integration,
    organizations::{Organizations, changes::Changes},
    store::Store,
};

/// All feeds of the gateway. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) organizations: Organizations,
    /// Knows what was deleted through this program.
    pub(super) changes: Changes,
    pub(super) settings: FeedSettings,
    pub(super) roles: KeptRoles,
    pub(super) sessions: Sessions,
    /// Where deletions are as they were last known.
    pub(super) store: Store,
    /// Of reading groups.
    pub(super) group_turns: Turns,
    /// Of asking what became of deletions.
    pub(super) deletion_turns: Turns,
}

impl Feeds {
    /// Feeds over what is connected.
    #[must_use]
    pub fn new(
        organizations: Organizations,
        changes: Changes,
        store: Store,
        settings: FeedSettings,
    ) -> Self {
        let shared = Shared {
            sessions: Sessions::new(settings.paging_idle),
            roles: KeptRoles::default(),
            group_turns: Turns::default(),
            deletion_turns: Turns::default(),
            organizations,
            changes,
            settings,
            store,
        };
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
        let among: Arc<[Arc<Integration>]> = self.wanted(reader, &selection)?.into();
        // A caller's `no-cache` has no say: a scan that is asked for anew with each try would never be served.
        let demand = self.shared.organizations.demand(None);
        let open = |integration: &Arc<Integration>| {
            (table.open)(Asked {
                feeds: self.clone(),
                organization: self.shared.organizations.organization(integration, demand),
                integration: Arc::clone(integration),
                among: Arc::clone(&among),
                demand,
                range: selection.range,
                inactive_for_days: selection.inactive_for_days.unwrap_or(INACTIVE_FOR_DAYS),
            })
        };
        let outcomes = join_all(among.iter().map(open)).await;
        let mut parts = Vec::with_capacity(outcomes.len());
        let mut unavailable = Vec::new();
        for (integration, outcome) in among.iter().zip(outcomes) {
            match outcome {
                Ok(content) => parts.push(Part { common: common(integration), content }),
                Err(Failure::Organization(error)) => {
                    unavailable.push(Unavailable { integration: integration.id.clone(), error });
                }
                Err(Failure::Internal(cause)) => return Err(Error::Internal(cause)),
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
