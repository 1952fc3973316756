use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Changed, Changes, Place, Result, UpstreamAnswer,
    carry_out::is_over,
    idempotency::{Answered, Claim, fingerprint},
    record::Announcement,
    refusal::{is_ambiguous, refusals},
};
use crate::{
    audit::{Action, Outcome},
    domain::{Actor, Deletion, DeletionId, DeletionScope, DeletionState, Refusal, RefusalCode},
    organizations::{clock::now, corrections::Effect},
};

#[derive(Serialize)]
struct Input<'a> {
    action: &'static str,
    deletion: &'a DeletionId,
    reason: Option<&'a str>,
}

impl Changes {
    /// Takes a scheduled deletion back, within its grace; the account is active again.
    ///
    /// # Errors
    /// Expected refusals; Atlassian could not be asked; the store could not be written.
    pub async fn cancel_deletion(
        &self,
        place: &Place,
        actor: &Actor,
        deletion: &Deletion,
        (reason, idempotency_key): (Option<&str>, Option<&str>),
    ) -> Result<Changed<Deletion>> {
        let announcement = Announcement {
            action: Action::CancelUserDeletion,
            target: Some(deletion.account.to_string()),
            reason,
            is_dry_run: false,
            bulk: None,
        };
        let entry = self.asked(Some(place), actor, announcement).await?;
        let outcome = self.cancel_once(place, actor, deletion, (reason, idempotency_key)).await;
        self.ended(&entry, &outcome).await;
        outcome
    }

    async fn cancel_once(
        &self,
        place: &Place,
        actor: &Actor,
        deletion: &Deletion,
        (reason, key): (Option<&str>, Option<&str>),
    ) -> Result<Changed<Deletion>> {
        let Some(key) = Self::idempotency_key(actor, key)? else {
            return self.cancel(place, deletion, reason).await;
        };
        let input =
            fingerprint(&Input { action: "cancelUserDeletion", deletion: &deletion.id, reason });
        let _turn = self.inner.keys.lock(&key).await;
        if let Claim::Answered(answered) = self.claim(&key, &input).await? {
            let current = self.deletion(&deletion.id).await?;
            let changed =
                Changed::new(current.unwrap_or_else(|| deletion.clone()), Outcome::Replayed);
            return Ok(Changed { refusals: answered.refusals, ..changed });
        }
        let outcome = self.cancel(place, deletion, reason).await;
        let answered = |deletion: &Deletion| Answered {
            deletion: Some(deletion.id.clone()),
            ..Answered::default()
        };
        self.answer(&key, &outcome, answered).await;
        outcome
    }

    async fn cancel(
        &self,
        place: &Place,
        deletion: &Deletion,
        reason: Option<&str>,
    ) -> Result<Changed<Deletion>> {
        self.refuse_read_only(place)?;
        self.check_reason(reason)?;
        let _turn = self.inner.accounts.lock(&deletion.account).await;
        self.settle_account(&deletion.account).await?;
        let stored = self.inner.store.deletion(&deletion.id).await?;
        let mut deletion = stored.unwrap_or_else(|| deletion.clone());
        if let Some(refusal) = not_to_be_cancelled(&deletion) {
            return Ok(refused(deletion, vec![refusal]));
        }
        let client = &place.organization.shared.client;
        let error = match client.cancel_account_deletion(&deletion.account).await {
            Ok(accepted) => {
                self.show(place, &deletion, Some(Effect::Activated));
                deletion.state = DeletionState::Cancelled;
                deletion.changed_at = now();
                self.keep(&deletion).await?;
                tracing::info!(deletion.id = %deletion.id, "Deletion {} is CANCELLED", deletion.id);
                let changed = Changed::new(deletion, Outcome::Succeeded);
                return Ok(Changed { upstream: Some(accepted.into()), ..changed });
            }
            Err(error) => error,
        };
        // After a failure too: a time-out may hide that it went through, and a 404 says that there is nothing to cancel.
        self.show(place, &deletion, None);
        self.inner.checked.invalidate(&deletion.id).await;
        let seen = if is_ambiguous(&error) {
            self.look_at_when_shown(place, deletion).await?
        } else {
            self.look_at(place, deletion).await?
        };
        if seen.state == DeletionState::Cancelled && is_ambiguous(&error) {
            return Ok(Changed::new(seen, Outcome::Succeeded));
        }
        let why = not_to_be_cancelled(&seen).map(|refusal| vec![refusal]);
        match why.or_else(|| refusals(&error)) {
            Some(refusals) => {
                let changed = refused(seen, refusals);
                Ok(Changed { upstream: Some(UpstreamAnswer::from(&error)), ..changed })
            }
            None => Err(error.into()),
        }
    }
}

impl Changes {
    /// Asks what became of a scheduled deletion, and once more when Atlassian is sure to show it: until then an active
    /// account may be one whose deletion does not show yet.
    async fn look_at_when_shown(&self, place: &Place, deletion: Deletion) -> Result<Deletion> {
        let settle = self.inner.settings.settle;
        let shown_at = deletion.changed_at.saturating_add(settle).unwrap_or(Timestamp::MAX);
        let seen = self.look_at(place, deletion).await?;
        let left = Duration::try_from(shown_at.duration_since(now())).unwrap_or_default();
        if seen.state != DeletionState::Scheduled || left.is_zero() {
            return Ok(seen);
        }
        tokio::time::sleep(left).await;
        self.look_at(place, seen).await
    }
}

fn refused(deletion: Deletion, refusals: Vec<Refusal>) -> Changed<Deletion> {
    Changed { refusals, ..Changed::new(deletion, Outcome::Refused) }
}

/// Why there is nothing that can be cancelled.
fn not_to_be_cancelled(deletion: &Deletion) -> Option<Refusal> {
    let not_scheduled = |message: &str| Some(Refusal::new(RefusalCode::NotScheduled, message));
    match deletion.state {
        DeletionState::Scheduled if is_over(deletion, now()) => Some(over(deletion)),
        DeletionState::Scheduled => None,
        DeletionState::Purged => Some(over(deletion)),
        DeletionState::Cancelled => {
            not_scheduled("the deletion was cancelled already; the account is active")
        }
        DeletionState::Failed => {
            not_scheduled("the deletion failed, so there is nothing to cancel")
        }
        DeletionState::Queued if deletion.scope == DeletionScope::Account => not_scheduled(
            "whether Atlassian scheduled the deletion is not known yet; ask again in a minute",
        )
        .map(Refusal::retryable),
        DeletionState::Queued | DeletionState::Removed | DeletionState::AlreadyGone => {
            not_scheduled(
                "a removal has no grace and cannot be cancelled; invite the person again to bring them back",
            )
        }
    }
}

fn over(deletion: &Deletion) -> Refusal {
    let end = deletion.purges_at.unwrap_or(deletion.changed_at).min(now()).strftime("%F");
    Refusal::new(
        RefusalCode::GracePeriodOver,
        format!(
            "the 14 days of grace ended on {end} and the account is deleted for good; the person needs a new account \
             and a new invitation"
        ),
    )
}
