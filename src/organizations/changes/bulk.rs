use serde::Serialize;

use super::{
    ChangeError, ChangeEvent, Changed, Changes, Confirmation, DeleteUser, Result,
    idempotency::{Answered, Claim, fingerprint},
    reconcile::is_to_be_tried_again,
    record::Announcement,
};
use crate::{
    audit::{Action, EntryId, Outcome},
    domain::{
        AccountId, Actor, BulkDeletion, BulkDeletionId, BulkDeletionItem, DeletionScope,
        IntegrationId, Refusal, RefusalCode,
    },
    organizations::clock::now,
    store::IdempotencyKey,
};

/// Many people who are to be deleted in one run.
#[derive(Debug, Clone)]
pub struct BulkRequest {
    /// Who, with the integration through which each is known.
    pub people: Vec<(IntegrationId, AccountId)>,
    /// From where.
    pub scope: DeletionScope,
    /// Why.
    pub reason: Option<String>,
    /// Confirmation tokens, one a person, in the order of the people; empty for none.
    pub confirmation_tokens: Vec<String>,
    /// Whether everything is done but the calls.
    pub is_dry_run: bool,
    /// The same key makes one run.
    pub idempotency_key: Option<String>,
}

#[derive(Serialize)]
struct Input<'a> {
    action: &'static str,
    people: &'a [(IntegrationId, AccountId)],
    scope: DeletionScope,
    reason: &'a Option<String>,
    is_dry_run: bool,
}

impl Changes {
    /// Begins a run: one person after the other, paced by the limiter, each under the same rules as a single deletion. It
    /// goes on behind the answer, and after a restart.
    ///
    /// # Errors
    /// Expected refusals; the store could not be written.
    pub async fn delete_users(
        &self,
        actor: &Actor,
        request: &BulkRequest,
    ) -> Result<Changed<BulkDeletion>> {
        let announcement = Announcement {
            action: Action::DeleteUsers,
            target: None,
            reason: request.reason.as_deref(),
            is_dry_run: request.is_dry_run,
            bulk: None,
        };
        let entry = self.asked(None, actor, announcement).await?;
        let outcome = self.begin_once(actor, request, &entry).await;
        self.ended(&entry, &outcome).await;
        outcome
    }

    async fn begin_once(
        &self,
        actor: &Actor,
        request: &BulkRequest,
        entry: &EntryId,
    ) -> Result<Changed<BulkDeletion>> {
        let Some(key) = Self::idempotency_key(actor, request.idempotency_key.as_deref())? else {
            return self.begin(actor, request, (entry, None)).await;
        };
        let input = fingerprint(&Input {
            action: "deleteUsers",
            people: &request.people,
            scope: request.scope,
            reason: &request.reason,
            is_dry_run: request.is_dry_run,
        });
        let _turn = self.inner.keys.lock(&key).await;
        if let Claim::Answered(answered) = self.claim(&key, &input).await? {
            let id = answered.bulk.ok_or(ChangeError::Internal)?;
            let bulk = self.bulk_deletion(&id).await?.ok_or(ChangeError::Internal)?;
            return Ok(Changed::new(bulk, Outcome::Replayed));
        }
        let outcome = self.begin(actor, request, (entry, Some(&key))).await;
        if outcome.is_err() {
            self.inner.store.release_key(&key).await?;
        }
        outcome
    }

    async fn begin(
        &self,
        actor: &Actor,
        request: &BulkRequest,
        (entry, key): (&EntryId, Option<&IdempotencyKey>),
    ) -> Result<Changed<BulkDeletion>> {
        self.check_reason(request.reason.as_deref())?;
        let tokens = &request.confirmation_tokens;
        if !tokens.is_empty() && tokens.len() != request.people.len() {
            let message = "`confirmationTokens` has to have one token a person, in the order of `userIds`, or none";
            let refusal = Refusal::new(RefusalCode::InvalidInput, message);
            return Err(refusal.at(&["input", "confirmationTokens"]).into());
        }
        let now = now();
        let item = |(index, (integration, account)): (usize, &(IntegrationId, AccountId))| {
            let confirmed =
                tokens.get(index).map(|token| self.confirmed(actor, token, request.scope));
            let (confirmed, refusals) = match confirmed {
                Some(Some((of, found))) if of == (integration.clone(), account.clone()) => {
                    (Some(found), Vec::new())
                }
                None => (None, Vec::new()),
                Some(_) => (None, vec![stale()]),
            };
            BulkDeletionItem {
                integration: integration.clone(),
                account: account.clone(),
                confirmed,
                deletion: None,
                is_done: !refusals.is_empty(),
                refusals,
            }
        };
        let bulk = BulkDeletion {
            // By which the next start knows that the change in the audit log was made.
            id: entry.to_string().into(),
            requested_by: actor.clone(),
            scope: request.scope,
            reason: request.reason.clone(),
            is_dry_run: request.is_dry_run,
            requested_at: now,
            finished_at: None,
            items: request.people.iter().enumerate().map(item).collect(),
        };
        let answered = Answered { bulk: Some(bulk.id.clone()), ..Answered::default() };
        self.inner.store.insert_bulk_deletion(&bulk, key, &answered.text()).await?;
        self.run(bulk.id.clone());
        Ok(Changed::new(bulk, Outcome::Succeeded))
    }

    fn confirmed(
        &self,
        actor: &Actor,
        token: &str,
        scope: DeletionScope,
    ) -> Option<((IntegrationId, AccountId), String)> {
        let confirmed = self.inner.confirmations.read(token, now())?;
        let is_same = confirmed.caller == actor.subject && confirmed.scope == scope;
        is_same.then_some(((confirmed.integration, confirmed.account), confirmed.found))
    }

    /// A run, with what became of everybody so far.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn bulk_deletion(&self, id: &BulkDeletionId) -> Result<Option<BulkDeletion>> {
        Ok(self.inner.store.bulk_deletion(id).await?)
    }

    /// Goes on with a run in the background.
    pub(super) fn run(&self, id: BulkDeletionId) {
        let changes = self.clone();
        // Its own name, so that the compiler sees an end: a deletion of a run does not begin another run.
        let work: futures_util::future::BoxFuture<'static, ()> = Box::pin(async move {
            if let Err(error) = Box::pin(changes.run_to_the_end(&id)).await {
                tracing::error!(bulk_deletion.id = %id, error = %error, "A run of deletions stopped; the next start goes on with it");
            }
        });
        tokio::spawn(work);
    }

    async fn run_to_the_end(&self, id: &BulkDeletionId) -> Result<()> {
        let Some(bulk) = self.bulk_deletion(id).await? else { return Ok(()) };
        for (position, item) in bulk.items.iter().enumerate() {
            if item.is_done {
                continue;
            }
            let item = Box::pin(self.run_one(&bulk, item.clone())).await?;
            self.inner.store.update_bulk_item(id, position, &item).await?;
            self.tell(ChangeEvent::Bulk(id.clone()));
        }
        self.inner.store.finish_bulk_deletion(id, now()).await?;
        self.tell(ChangeEvent::Bulk(id.clone()));
        tracing::info!(bulk_deletion.id = %id, people = bulk.items.len(), "Finished a run of deletions");
        Ok(())
    }

    async fn run_one(
        &self,
        bulk: &BulkDeletion,
        mut item: BulkDeletionItem,
    ) -> Result<BulkDeletionItem> {
        item.is_done = true;
        let Some(place) = self.place(&item.integration) else {
            item.refusals = vec![Refusal::new(RefusalCode::NotFound, "the integration is gone")];
            return Ok(item);
        };
        // Announced before a restart: what became of it is read, and only what did not happen is done again.
        if let Some(id) = &item.deletion
            && let Some(deletion) = self.inner.store.deletion(id).await?
        {
            let deletion = self.settle_until_known(deletion).await;
            if !is_to_be_tried_again(&deletion) {
                item.refusals = deletion.failures;
                return Ok(item);
            }
        }
        let request = DeleteUser {
            account: item.account.clone(),
            scope: bulk.scope,
            reason: bulk.reason.clone(),
            is_dry_run: bulk.is_dry_run,
            confirmation: item.confirmed.clone().map_or(Confirmation::None, Confirmation::Found),
            idempotency_key: None,
            bulk: Some(bulk.id.clone()),
        };
        match self.delete_user(&place, &bulk.requested_by, &request).await {
            Ok(changed) => {
                let deletion = changed.value.deletion;
                item.deletion = deletion.as_ref().map(|deletion| deletion.id.clone());
                item.refusals = match deletion.filter(|_| changed.ended == Outcome::Pending) {
                    Some(deletion) => self.settle_until_known(deletion).await.failures,
                    None => changed.refusals,
                };
            }
            Err(ChangeError::Refused(refusals)) => item.refusals = refusals,
            Err(ChangeError::Organization(error)) => {
                let refusal = Refusal::new(RefusalCode::UpstreamRefused, error.to_string());
                let is_retryable = error.is_retryable();
                item.refusals = vec![if is_retryable { refusal.retryable() } else { refusal }];
            }
            Err(ChangeError::Internal) => return Err(ChangeError::Internal),
        }
        Ok(item)
    }
}

fn stale() -> Refusal {
    let message = "the confirmation has ended, is another caller's, or for another person or scope; ask deletionPreview \
                   again for this person";
    Refusal::new(RefusalCode::StaleConfirmation, message).at(&["input", "confirmationTokens"])
}
