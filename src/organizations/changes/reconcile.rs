use std::time::Duration;

use jiff::Timestamp;

use super::{Changes, Result, current::not_carried_out, idempotency::Answered};
use crate::{
    audit::{Ended, EntryId, Outcome},
    domain::{AccountId, Deletion, DeletionState},
    organizations::clock::now,
    store::IdempotencyKey,
};

/// How long to wait before Atlassian is asked again what became of something.
const AGAIN: Duration = Duration::from_secs(10);

impl Changes {
    /// Settles what an earlier start of the program left behind: deletions whose outcome nobody wrote, changes in the audit
    /// log without an end, idempotency keys without an answer; and goes on with unfinished runs. The account tells what
    /// became of its deletion; nothing is deleted twice. Returns when the store is in order; Atlassian is asked behind it.
    ///
    /// # Errors
    /// The store or the audit log cannot be read or written.
    pub async fn reconcile(&self) -> Result<()> {
        let store = &self.inner.store;
        let interrupted = store.interrupted_deletions().await?;
        let of_deletion = |entry: &EntryId| {
            let entry = entry.to_string();
            interrupted.iter().any(|deletion| deletion.audit_entry == entry)
        };
        for entry in self.inner.audit.unfinished().await? {
            if !of_deletion(&entry.id) {
                self.end(&entry.id, &ended(Outcome::Interrupted)).await;
            }
        }
        for (key, deletion) in store.unanswered_keys().await? {
            if deletion.is_none() {
                // Nothing was announced, so nothing was done.
                store.release_key(&key).await?;
            }
        }
        for deletion in interrupted {
            let changes = self.clone();
            tokio::spawn(async move { changes.settle_until_known(deletion).await });
        }
        for bulk in store.unfinished_bulk_deletions().await? {
            self.run(bulk);
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
    pub(super) async fn settle_key(&self, key: &IdempotencyKey) -> Result<()> {
        let store = &self.inner.store;
        let unanswered = store.unanswered_keys().await?;
        let deletion = unanswered.into_iter().find(|(of, _)| of == key).and_then(|(_, id)| id);
        let Some(id) = deletion else { return Ok(store.release_key(key).await?) };
        if let Some(deletion) = store.deletion(&id.into()).await? {
            let _turn = self.inner.accounts.lock(&deletion.account).await;
            self.settle(deletion).await?;
        }
        Ok(())
    }

    /// In the background: asks until it is known what became of it.
    pub(super) async fn settle_until_known(&self, deletion: Deletion) {
        loop {
            let turn = self.inner.accounts.lock(&deletion.account).await;
            match self.settle(deletion.clone()).await {
                Ok(deletion) if !deletion.is_outcome_known => {}
                Ok(_) => return,
                Err(error) => tracing::warn!(
                    deletion.id = %deletion.id, error = %error,
                    "What became of deletion {} is not known yet", deletion.id
                ),
            }
            drop(turn);
            tokio::time::sleep(AGAIN).await;
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
        let settle = self.inner.settings.settle;
        let settled_at = deletion.requested_at.saturating_add(settle).unwrap_or(Timestamp::MAX);
        let left = Duration::try_from(settled_at.duration_since(now())).unwrap_or_default();
        tokio::time::sleep(left).await;
        self.look_at(&place, deletion).await
    }

    /// The integration is gone: nobody can be asked any more.
    async fn given_up(&self, mut deletion: Deletion) -> Result<Deletion> {
        deletion.state = DeletionState::Failed;
        deletion.is_outcome_known = true;
        deletion.changed_at = now();
        deletion.failures = vec![not_carried_out()];
        self.keep(&deletion).await?;
        self.end_interrupted(&deletion).await?;
        Ok(deletion)
    }

    /// Ends the entry in the audit log and the idempotency key of a deletion whose outcome was not known.
    pub(super) async fn end_interrupted(&self, deletion: &Deletion) -> Result<()> {
        let store = &self.inner.store;
        let did_happen = deletion.state != DeletionState::Failed;
        let outcome = if did_happen { Outcome::Succeeded } else { Outcome::Interrupted };
        if let Ok(entry) = deletion.audit_entry.parse::<EntryId>() {
            self.end(&entry, &ended(outcome)).await;
        }
        if did_happen {
            let answered = Answered { deletion: Some(deletion.id.clone()), ..Answered::default() };
            Ok(store.answer_keys_of(&deletion.id, &answered.text()).await?)
        } else {
            Ok(store.release_keys_of(&deletion.id).await?)
        }
    }
}

fn ended(outcome: Outcome) -> Ended {
    Ended { outcome, code: None, upstream_status: None, upstream_code: None, target: None }
}
