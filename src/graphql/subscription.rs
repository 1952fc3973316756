use std::{pin::Pin, sync::Arc};

use async_graphql::{Context, ID, Subscription};
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::{broadcast::error::RecvError, oneshot},
    time::{MissedTickBehavior, interval},
};

use super::{
    bulk_deletion::{self, BulkDeletion},
    deletion::Deletion,
    error::{ApiError, Result},
    guard::DIRECTORY,
    id::ObjectId,
    request::Request,
};
use crate::{
    domain::{self, DeletionState, IntegrationId},
    organizations::changes::{ChangeEvent, Changes, DeletionQuery},
};

/// Everything that can be followed.
#[derive(Default)]
pub struct Subscriptions;

type Events<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// Open deletions that are brought up to date for one follower each time.
const MOST_OPEN: u16 = 100;

/// Everything that can be followed, over a WebSocket (graphql-transport-ws) or as server-sent events.
#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// Every deletion whose state changes, from now on: those made through this gateway at once, what happens at Atlassian
    /// within half a minute or what the operator set.
    #[graphql(guard = "DIRECTORY")]
    #[expect(clippy::unused_async, reason = "the library wants every resolver to be asynchronous")]
    async fn deletion_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these integrations.")] integrations: Option<Vec<ID>>,
    ) -> Result<Events<Deletion>> {
        let request = Arc::clone(Request::of(ctx));
        let chosen: Vec<IntegrationId> = request
            .chosen(integrations.as_deref())?
            .iter()
            .map(|integration| integration.integration_id().clone())
            .collect();
        let changed = changes_of(request.changes.clone(), chosen);
        let deletion = move |row: Arc<domain::Deletion>| {
            std::future::ready(Deletion::now(&request, domain::Deletion::clone(&row)))
        };
        Ok(changed.filter_map(deletion).boxed())
    }

    /// A run of deletions: as it is, and again each time that a person was done with, until all are.
    #[graphql(guard = "DIRECTORY")]
    async fn bulk_deletion_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The run's id.")] id: ID,
    ) -> Result<Events<BulkDeletion>> {
        let request = Arc::clone(Request::of(ctx));
        let ObjectId::BulkDeletion(id) = ObjectId::decode(&id)? else {
            return Err(ApiError::NotFound("run of deletions"));
        };
        // Before the first look, so that nothing happens between the two unseen.
        let events = request.changes.events();
        if bulk_deletion::find(&request, &id).await?.is_none() {
            return Err(ApiError::NotFound("run of deletions"));
        }
        let steps = stream::unfold((events, id, true), |(mut events, id, is_first)| async move {
            if !is_first {
                wait_for(&mut events, &id).await?;
            }
            Some((id.clone(), (events, id, false)))
        });
        let looked = steps.then(move |id| {
            let request = Arc::clone(&request);
            async move { bulk_deletion::find(&request, &id).await.ok().flatten() }
        });
        Ok(until_finished(looked.boxed()))
    }
}

/// Waits for news of a run; who fell behind looks again at once. `None` where the gateway stops.
async fn wait_for(
    events: &mut tokio::sync::broadcast::Receiver<ChangeEvent>,
    id: &domain::BulkDeletionId,
) -> Option<()> {
    loop {
        match events.recv().await {
            Ok(ChangeEvent::Bulk(of)) if of == *id => return Some(()),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return Some(()),
            Err(RecvError::Closed) => return None,
        }
    }
}

/// Ends behind the first that is finished.
fn until_finished(runs: Events<Option<BulkDeletion>>) -> Events<BulkDeletion> {
    let runs = stream::unfold(Some(runs), |runs| async move {
        let mut runs = runs?;
        let run = runs.next().await.flatten()?;
        let rest = (!run.is_finished()).then_some(runs);
        Some((run, rest))
    });
    runs.boxed()
}

/// The deletions of these integrations that change. While somebody listens, Atlassian is asked about the open ones.
fn changes_of(
    changes: Changes,
    integrations: Vec<IntegrationId>,
) -> impl Stream<Item = Arc<domain::Deletion>> {
    let events = changes.events();
    let following = keep_looking(changes, integrations.clone());
    stream::unfold((events, integrations, following), |state| async move {
        let (mut events, integrations, following) = state;
        loop {
            match events.recv().await {
                Ok(ChangeEvent::Deletion(deletion))
                    if integrations.contains(&deletion.integration) =>
                {
                    return Some((deletion, (events, integrations, following)));
                }
                // Who fell behind has missed some; the next look at the list tells.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

/// Looks at the open deletions again and again, until the sender is dropped. In a task of its own: what is slow there holds up
/// no news, and what a look finds is written and told to everybody although this follower has gone.
fn keep_looking(changes: Changes, integrations: Vec<IntegrationId>) -> oneshot::Sender<()> {
    let (following, mut gone) = oneshot::channel();
    let mut ticks = interval(changes.watch_interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = &mut gone => break,
                _ = ticks.tick() => {}
            }
            look_at_open(&changes, &integrations).await;
        }
    });
    following
}

/// What it finds comes back as events.
async fn look_at_open(changes: &Changes, integrations: &[IntegrationId]) {
    for state in [DeletionState::Queued, DeletionState::Scheduled] {
        let query = DeletionQuery {
            state: Some(state),
            integrations: integrations.to_vec(),
            before: None,
            limit: MOST_OPEN,
        };
        if let Err(error) = changes.deletions(&query).await {
            tracing::warn!(error = %error, "Open deletions could not be brought up to date");
        }
    }
}
