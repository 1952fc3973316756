use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Changed, Changes, Result};
use crate::{
    audit::Outcome,
    domain::{Actor, BulkDeletionId, DeletionId, Refusal, RefusalCode},
    organizations::clock::now,
    store::{ClaimedKey, IdempotencyKey},
};

/// What is kept of an answer, to be given again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) deletion: Option<DeletionId>,
    pub(super) bulk: Option<BulkDeletionId>,
    pub(super) refusals: Vec<Refusal>,
}

impl Answered {
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("ids and texts")
    }
}

/// Whose turn it is with a key.
pub(super) enum Claim {
    /// The caller's: the change is theirs to make.
    Ours,
    /// The change was made already.
    Answered(Answered),
}

/// Longer keys are refused.
const LONGEST: usize = 255;

impl Changes {
    /// The key as it is kept, checked.
    pub(super) fn idempotency_key(
        actor: &Actor,
        key: Option<&str>,
    ) -> Result<Option<IdempotencyKey>> {
        let Some(key) = key else { return Ok(None) };
        if key.trim().is_empty() || key.chars().count() > LONGEST {
            let message = "`idempotencyKey` takes 1 to 255 characters; a UUID is a good one";
            let refusal = Refusal::new(RefusalCode::InvalidInput, message);
            return Err(refusal.at(&["input", "idempotencyKey"]).into());
        }
        Ok(Some(IdempotencyKey { caller: actor.subject.clone(), key: key.to_owned() }))
    }

    /// Claims a key for an input. Whoever claims one that is on its way must hold its turn, so that they waited for it.
    pub(super) async fn claim(&self, key: &IdempotencyKey, input: &str) -> Result<Claim> {
        // A second time after what an earlier start of the program left behind is settled.
        for _ in 0..2 {
            let claimed = self.inner.store.claim_key(key, input, now()).await?;
            match claimed {
                None => return Ok(Claim::Ours),
                Some(ClaimedKey { input: other, .. }) if other != input => {
                    let message = "the idempotency key was used with another input in the last 24 hours; take a new \
                                   one for another change";
                    let refusal = Refusal::new(RefusalCode::IdempotencyConflict, message);
                    return Err(refusal.at(&["input", "idempotencyKey"]).into());
                }
                Some(ClaimedKey { answer: Some(answer), .. }) => {
                    let answered = serde_json::from_str(&answer).unwrap_or_default();
                    return Ok(Claim::Answered(answered));
                }
                Some(ClaimedKey { deletion, answer: None, .. }) => {
                    self.settle_key(key, deletion).await?;
                }
            }
        }
        let message = "the change that this idempotency key stands for was interrupted and is still being looked into";
        Err(Refusal::new(RefusalCode::IdempotencyConflict, message).retryable().into())
    }

    /// Keeps the answer, or gives the key back where nothing was done that must not be done again. What was done stays done
    /// where this fails: who comes next with the key finds out what it was.
    pub(super) async fn answer<T>(
        &self,
        key: &IdempotencyKey,
        outcome: &Result<Changed<T>>,
        answered: impl Fn(&T) -> Answered,
    ) {
        let store = &self.inner.store;
        let kept = match outcome {
            // Whoever settles the deletion settles its key.
            Ok(changed) if changed.ended == Outcome::Pending => Ok(()),
            Ok(changed) if changed.is_final() => {
                let refusals = changed.refusals.clone();
                let answered = Answered { refusals, ..answered(&changed.value) };
                store.answer_key(key, &answered.text()).await
            }
            Ok(_) | Err(_) => store.release_key(key).await,
        };
        if let Err(error) = kept {
            tracing::error!(error = %error, "The answer for an idempotency key could not be kept");
        }
    }
}

impl<T> Changed<T> {
    /// Whether the same key must lead to the same answer: not where Atlassian was not asked, as after a dry run and a refusal
    /// of ours, nor where the same may work later.
    fn is_final(&self) -> bool {
        let was_asked = match self.ended {
            Outcome::DryRun => false,
            Outcome::Refused => self.upstream.is_some(),
            _ => true,
        };
        was_asked && !self.refusals.iter().any(|refusal| refusal.is_retryable)
    }
}

/// Stands for an input: the same input has the same, another one another.
pub(super) fn fingerprint(input: &impl Serialize) -> String {
    use std::fmt::Write as _;
    let json = serde_json::to_vec(input).expect("inputs are texts and plain enums");
    Sha256::digest(json).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
