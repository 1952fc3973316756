use jiff::Timestamp;

use super::{
    ChangeError, Changed, Changes, DeletionAnswer, Place, Preview, Result, UpstreamAnswer,
    refusal::{is_ambiguous, refusals},
};
use crate::{
    atlassian::{Accepted, Error, Removal},
    audit::Outcome,
    domain::{
        Deletion, DeletionScope, DeletionState, DirectoryRemoval, GRACE, Refusal, RefusalCode,
        RemovalOutcome,
    },
    organizations::{clock::now, corrections::Effect},
};

impl Changes {
    /// Makes the call of an announced deletion, once, and writes what came of it.
    pub(super) async fn carry_out(
        &self,
        place: &Place,
        deletion: Deletion,
        preview: &Preview,
    ) -> Result<Changed<DeletionAnswer>> {
        match deletion.scope {
            DeletionScope::Account => self.delete_account(place, deletion).await,
            DeletionScope::Organization => self.remove_from_directories(place, deletion).await,
            DeletionScope::Site => self.remove_from_site(place, deletion, preview).await,
        }
    }

    async fn delete_account(
        &self,
        place: &Place,
        mut deletion: Deletion,
    ) -> Result<Changed<DeletionAnswer>> {
        let client = &place.organization.shared.client;
        match client.delete_account(&deletion.account).await {
            Ok(accepted) => {
                deletion.state = DeletionState::Scheduled;
                deletion.purges_at = now().saturating_add(GRACE).ok();
                let effect = Effect::ScheduledForDeletion;
                self.succeeded(place, deletion, effect, Some(accepted)).await
            }
            Err(error) => self.went_wrong(place, deletion, error).await,
        }
    }

    async fn remove_from_site(
        &self,
        place: &Place,
        mut deletion: Deletion,
        preview: &Preview,
    ) -> Result<Changed<DeletionAnswer>> {
        let client = &place.organization.shared.client;
        match client.remove_site_user(&deletion.account).await {
            Ok(removal) => {
                let accepted = match removal {
                    Removal::Accepted(accepted) => Some(accepted),
                    Removal::AlreadyGone => None,
                };
                deletion.state = match accepted {
                    Some(_) => DeletionState::Removed,
                    None => DeletionState::AlreadyGone,
                };
                let effect = Effect::LostProducts(preview.taken.clone().unwrap_or_default());
                self.succeeded(place, deletion, effect, accepted).await
            }
            Err(error) => self.went_wrong(place, deletion, error).await,
        }
    }

    async fn remove_from_directories(
        &self,
        place: &Place,
        mut deletion: Deletion,
    ) -> Result<Changed<DeletionAnswer>> {
        let client = &place.organization.shared.client;
        let (mut last, mut unclear): (Option<Error>, Option<Error>) = (None, None);
        let mut accepted = None;
        for index in 0..deletion.directories.len() {
            let removal = &mut deletion.directories[index];
            // What made Atlassian refuse every call will make it refuse the next one too.
            if last.as_ref().is_some_and(|error| refusals(error).is_none() && !is_ambiguous(error))
            {
                break;
            }
            match client.remove_user(&removal.directory, &deletion.account).await {
                Ok(Removal::Accepted(answer)) => {
                    removal.outcome = RemovalOutcome::Accepted;
                    accepted = Some(answer);
                }
                Ok(Removal::AlreadyGone) => removal.outcome = RemovalOutcome::AlreadyGone,
                Err(error) => {
                    note(removal, &error);
                    if is_ambiguous(&error) {
                        unclear = Some(error.clone());
                    }
                    last = Some(error);
                }
            }
            deletion.changed_at = now();
            // One directory's outcome is not lost with the next one's.
            self.inner.store.update_deletion(&deletion).await?;
        }
        if let Some(error) = unclear {
            return self.unclear(place, deletion, &error).await;
        }
        deletion.state = state_of(&deletion.directories);
        deletion.failures = failures(&deletion.directories);
        if deletion.state == DeletionState::Failed {
            let nothing_done =
                !deletion.directories.iter().any(|one| one.outcome == RemovalOutcome::Accepted);
            return match last {
                Some(error) if nothing_done => self.went_wrong(place, deletion, error).await,
                _ => self.failed(place, deletion, last.as_ref()).await,
            };
        }
        self.succeeded(place, deletion, Effect::Removed, accepted).await
    }

    async fn succeeded(
        &self,
        place: &Place,
        mut deletion: Deletion,
        effect: Effect,
        accepted: Option<Accepted>,
    ) -> Result<Changed<DeletionAnswer>> {
        self.show(place, &deletion, Some(effect));
        deletion.is_outcome_known = true;
        deletion.changed_at = now();
        self.keep(&deletion).await?;
        tracing::info!(
            integration.id = %deletion.integration, account.id = %deletion.account,
            deletion.id = %deletion.id, deletion.state = <&str>::from(deletion.state),
            "Deletion {} is {}", deletion.id, <&str>::from(deletion.state)
        );
        let answer = DeletionAnswer { deletion: Some(deletion), preview: None };
        let changed = Changed::new(answer, Outcome::Succeeded);
        Ok(Changed { upstream: accepted.map(Into::into), ..changed })
    }

    /// The call failed: a refusal, a failure before anything happened, or one that may hide a success.
    async fn went_wrong(
        &self,
        place: &Place,
        mut deletion: Deletion,
        error: Error,
    ) -> Result<Changed<DeletionAnswer>> {
        if is_ambiguous(&error) {
            return self.unclear(place, deletion, &error).await;
        }
        if let Some(refusals) = refusals(&error) {
            deletion.failures = refusals;
            return self.failed(place, deletion, Some(&error)).await;
        }
        deletion.failures = vec![passing_failure(&error)];
        self.failed(place, deletion, Some(&error)).await?;
        Err(ChangeError::from(error))
    }

    /// Whether it was carried out is not known: asks at once, and goes on asking behind the answer.
    async fn unclear(
        &self,
        place: &Place,
        mut deletion: Deletion,
        error: &Error,
    ) -> Result<Changed<DeletionAnswer>> {
        // After a failure too: a time-out may hide a deletion that went through.
        self.show(place, &deletion, None);
        tracing::warn!(
            deletion.id = %deletion.id, error = %error,
            "Whether deletion {} was carried out is not known; the account will tell", deletion.id
        );
        // The time that Atlassian may take to show it begins with the call and not with the announcement.
        deletion.changed_at = now();
        self.inner.store.update_deletion(&deletion).await?;
        let deletion = self.look_at(place, deletion).await?;
        let outcome = match deletion.state {
            _ if !deletion.is_outcome_known => return Ok(self.settled_later(deletion)),
            DeletionState::Failed => Outcome::Failed,
            _ => Outcome::Succeeded,
        };
        let refusals = deletion.failures.clone();
        let answer = DeletionAnswer { deletion: Some(deletion), preview: None };
        let changed = Changed::new(answer, outcome);
        Ok(Changed { refusals, upstream: Some(error.into()), ..changed })
    }

    /// Goes on asking what became of a deletion behind the answer, which tells it as it is.
    pub(super) fn settled_later(&self, deletion: Deletion) -> Changed<DeletionAnswer> {
        let (changes, again) = (self.clone(), deletion.clone());
        tokio::spawn(async move { changes.settle_until_known(again).await });
        let answer = DeletionAnswer { deletion: Some(deletion), preview: None };
        Changed::new(answer, Outcome::Pending)
    }

    async fn failed(
        &self,
        place: &Place,
        mut deletion: Deletion,
        error: Option<&Error>,
    ) -> Result<Changed<DeletionAnswer>> {
        self.show(place, &deletion, None);
        deletion.state = DeletionState::Failed;
        deletion.is_outcome_known = true;
        deletion.changed_at = now();
        self.keep(&deletion).await?;
        let refusals = deletion.failures.clone();
        let answer = DeletionAnswer { deletion: Some(deletion), preview: None };
        let changed = Changed::new(answer, Outcome::Refused);
        Ok(Changed { refusals, upstream: error.map(UpstreamAnswer::from), ..changed })
    }

    /// Lets everybody see the change at once; without an effect, forgets what was read.
    pub(super) fn show(&self, place: &Place, deletion: &Deletion, effect: Option<Effect>) {
        let organization = place.organization.shared.client.organization_id();
        let organizations = &self.inner.organizations;
        organizations.show(organization, &deletion.account, effect, now());
    }
}

fn note(removal: &mut DirectoryRemoval, error: &Error) {
    removal.outcome =
        if is_ambiguous(error) { RemovalOutcome::Unknown } else { RemovalOutcome::Refused };
    let refusal = refusals(error).and_then(|refusals| refusals.into_iter().next());
    removal.refusal = Some(refusal.unwrap_or_else(|| passing_failure(error)));
}

fn passing_failure(error: &Error) -> Refusal {
    let refusal = Refusal::new(RefusalCode::UpstreamRefused, error.to_string());
    let refusal = refusal.of_upstream(error.code.as_deref());
    if error.is_retryable() { refusal.retryable() } else { refusal }
}

/// What the outcomes in the directories amount to.
fn state_of(directories: &[DirectoryRemoval]) -> DeletionState {
    let has = |outcome| directories.iter().any(|one| one.outcome == outcome);
    if has(RemovalOutcome::Refused) || has(RemovalOutcome::Pending) {
        DeletionState::Failed
    } else if has(RemovalOutcome::Accepted) || has(RemovalOutcome::Unknown) {
        DeletionState::Queued
    } else {
        DeletionState::AlreadyGone
    }
}

/// What failed, each with its directory's name.
pub(super) fn failures(directories: &[DirectoryRemoval]) -> Vec<Refusal> {
    let failed = directories
        .iter()
        .filter(|one| matches!(one.outcome, RemovalOutcome::Refused | RemovalOutcome::Pending));
    failed
        .map(|one| {
            let refusal = one.refusal.clone().unwrap_or_else(|| {
                let message = "was not asked, because the call before it failed";
                Refusal::new(RefusalCode::UpstreamRefused, message).retryable()
            });
            Refusal { message: format!("directory {}: {}", one.name, refusal.message), ..refusal }
        })
        .collect()
}

/// Whether the grace of a scheduled deletion is over.
pub(super) fn is_over(deletion: &Deletion, now: Timestamp) -> bool {
    deletion.purges_at.is_some_and(|end| end <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removals(outcomes: &[RemovalOutcome]) -> Vec<DirectoryRemoval> {
        let removal = |outcome: &RemovalOutcome| DirectoryRemoval {
            directory: "a".into(),
            name: "A".to_owned(),
            outcome: *outcome,
            refusal: None,
        };
        outcomes.iter().map(removal).collect()
    }

    #[test]
    fn one_refusal_makes_the_whole_a_failure() {
        use RemovalOutcome::{Accepted, AlreadyGone, Pending, Refused, Unknown};
        for (outcomes, state) in [
            (&[Accepted, Accepted][..], DeletionState::Queued),
            (&[Accepted, AlreadyGone], DeletionState::Queued),
            (&[Unknown, AlreadyGone], DeletionState::Queued),
            (&[AlreadyGone, AlreadyGone], DeletionState::AlreadyGone),
            (&[], DeletionState::AlreadyGone),
            (&[Accepted, Refused], DeletionState::Failed),
            (&[Accepted, Pending], DeletionState::Failed),
        ] {
            assert_eq!(state_of(&removals(outcomes)), state, "{outcomes:?}");
        }
    }
}
