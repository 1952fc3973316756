use std::time::Duration;

use super::{Changes, Result, idempotency::Answered, record::code};
use crate::{
    audit::{Ended, EntryId, Outcome},
    domain::{AccountId, Deletion, DeletionId, DeletionState},
    organizations::clock::now,
    store::IdempotencyKey,
};

/// The longest time before Atlassian is asked again what became of something, and the shortest.
const AGAIN: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(1));

impl Changes {
    /// Settles what an earlier start of the program left behind: deletions whose outcome nobody wrote, changes in the audit
    /// log without an end, idempotency keys without an answer; and goes on with unfinished runs. The account tells what
    /// became of its deletion; nothing is deleted twice. Returns when the store is in order; Atlassian is asked behind it.
    ///
    /// # Errors
    /// The store or the audit log cannot be read or written.
    pub async fn reconcile(&self) -> Result<()> {
        let store = &self.inner.store;
        self.end_unfinished().await?;
        for (key, deletion) in store.unanswered_keys().await? {
            let Some(id) = deletion else {
                // Nothing was announced, so nothing was done.
                store.release_key(&key).await?;
                continue;
            };
            if let Some(deletion) = store.deletion(&id.into()).await?
                && deletion.is_outcome_known
            {
                self.end_unrecorded(&deletion, failed_as(&deletion)).await?;
            }
        }
        for deletion in store.interrupted_deletions().await? {
            let changes = self.clone();
            tokio::spawn(async move { changes.settle_until_known(deletion).await });
        }
        for bulk in store.unfinished_bulk_deletions().await? {
            self.run(bulk);
        }
        Ok(())
    }

    /// Ends the entries of the audit log that nobody ended, but for those of deletions that are still to be looked at.
    async fn end_unfinished(&self) -> Result<()> {
        let store = &self.inner.store;
        let unfinished = self.inner.audit.unfinished().await?;
        let entries: Vec<String> = unfinished.iter().map(|entry| entry.id.to_string()).collect();
        let deletions = store.deletions_of_entries(&entries).await?;
        for (entry, id) in unfinished.iter().zip(&entries) {
            match deletions.iter().find(|deletion| deletion.audit_entry == *id) {
                Some(deletion) if deletion.is_outcome_known => {
                    self.end_unrecorded(deletion, failed_as(deletion)).await?;
                }
                Some(_) => {}
                // A run has the id of its entry: it was begun, and goes on.
                None if store.bulk_deletion(&id.as_str().into()).await?.is_some() => {
                    self.end(&entry.id, &Ended::as_outcome(Outcome::Succeeded)).await;
                }
                None => self.end(&entry.id, &Ended::as_outcome(Outcome::Interrupted)).await,
            }
        }
        Ok(())
    }

    /// Settles what is interrupted about one account, before something new is done to it.
    pub(super) async fn settle_account(&self, account: &AccountId) -> Result<()> {
        for deletion in self.inner.store.open_deletions_of(account).await? {
            if deletion.is_outcome_known {
                // Somebody may have cancelled it elsewhere meanwhile.
                self.brought_up_to_date(vec![deletion]).await?;
            } else {
                self.settle(deletion).await?;
            }
        }
        Ok(())
    }

    /// Settles the change that a key was claimed for and never answered.
    pub(super) async fn settle_key(
        &self,
        key: &IdempotencyKey,
        deletion: Option<DeletionId>,
    ) -> Result<()> {
        let store = &self.inner.store;
        let Some(id) = deletion else { return Ok(store.release_key(key).await?) };
        if let Some(deletion) = store.deletion(&id).await? {
            let _turn = self.inner.accounts.lock(&deletion.account).await;
            let deletion = self.settle(deletion).await?;
            if deletion.is_outcome_known {
                // Its outcome was written, and then the answer could not be.
                self.end_unrecorded(&deletion, failed_as(&deletion)).await?;
            }
        }
        Ok(())
    }

    /// Asks until it is known what became of it, and answers with that; with what was known where the integration is gone.
    pub(super) async fn settle_until_known(&self, deletion: Deletion) -> Deletion {
        let (longest, shortest) = AGAIN;
        let again = (self.inner.settings.settle / 3).clamp(shortest, longest);
        loop {
            let turn = self.inner.accounts.lock(&deletion.account).await;
            match self.settle(deletion.clone()).await {
                Ok(settled)
                    if settled.is_outcome_known || self.place(&settled.integration).is_none() =>
                {
                    return settled;
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(
                    deletion.id = %deletion.id, error = %error,
                    "What became of deletion {} is not known yet", deletion.id
                ),
            }
            drop(turn);
            tokio::time::sleep(again).await;
        }
    }

    /// Asks what became of an interrupted deletion, at once and once more when Atlassian is sure to show it.
    pub(super) async fn settle(&self, deletion: Deletion) -> Result<Deletion> {
        // It may have been settled while its turn was waited for.
        let deletion = self.inner.store.deletion(&deletion.id).await?.unwrap_or(deletion);
        if deletion.is_outcome_known {
            return Ok(deletion);
        }
        let Some(place) = self.place(&deletion.integration) else {
            return self.given_up(deletion).await;
        };
        let deletion = self.look_at(&place, deletion).await?;
        if deletion.is_outcome_known {
            return Ok(deletion);
        }
        let left = self.settled_at(&deletion).duration_since(now());
        tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
        self.look_at(&place, deletion).await
    }

    /// The integration is gone, so that nobody can be asked. The deletion stays as it is, because neither is known: that it
    /// was carried out, and that it was not. Where the integration comes back, the start after that looks again.
    async fn given_up(&self, deletion: Deletion) -> Result<Deletion> {
        tracing::warn!(
            deletion.id = %deletion.id, integration.id = %deletion.integration,
            "What became of deletion {} cannot be found out: its integration is gone", deletion.id
        );
        if let Ok(entry) = deletion.audit_entry.parse::<EntryId>() {
            self.end(&entry, &Ended::as_outcome(Outcome::Interrupted)).await;
        }
        self.inner.store.release_keys_of(&deletion.id).await?;
        Ok(deletion)
    }

    /// Ends the entry in the audit log and the idempotency key of a deletion whose outcome is known, where they have no end.
    pub(super) async fn end_unrecorded(
        &self,
        deletion: &Deletion,
        failed_as: Outcome,
    ) -> Result<()> {
        let store = &self.inner.store;
        let is_failed = deletion.state == DeletionState::Failed;
        let outcome = if is_failed { failed_as } else { Outcome::Succeeded };
        if let Ok(entry) = deletion.audit_entry.parse::<EntryId>() {
            let code = deletion.failures.first().map(code);
            self.end(&entry, &Ended { code, ..Ended::as_outcome(outcome) }).await;
        }
        if is_failed && is_to_be_tried_again(deletion) {
            return Ok(store.release_keys_of(&deletion.id).await?);
        }
        let answered = Answered {
            deletion: Some(deletion.id.clone()),
            refusals: deletion.failures.clone(),
            ..Answered::default()
        };
        Ok(store.answer_keys_of(&deletion.id, &answered.text()).await?)
    }
}

/// How a failed deletion ended, of which Atlassian's answer was written.
fn failed_as(deletion: &Deletion) -> Outcome {
    if is_to_be_tried_again(deletion) { Outcome::Failed } else { Outcome::Refused }
}

/// Whether the same may work later.
pub(super) fn is_to_be_tried_again(deletion: &Deletion) -> bool {
    deletion.failures.iter().any(|failure| failure.is_retryable)
}
