use serde::Serialize;
use uuid::Uuid;

use super::{
    ChangeError, Changed, Changes, Place, Preview, Result,
    facts::{Facts, Part, Reach},
    findings,
    idempotency::{Answered, Claim, fingerprint},
    record::Announcement,
    refusal::of_blockers,
};
use crate::{
    audit::{Action, EntryId, Outcome},
    domain::{
        AccountId, Actor, BulkDeletionId, Deletion, DeletionScope, DeletionState, Directory,
        DirectoryRemoval, IntegrationId, Refusal, RefusalCode, RemovalOutcome,
    },
    organizations::clock::now,
    store::IdempotencyKey,
};

/// Who is to be deleted, and how.
#[derive(Debug, Clone)]
pub struct DeleteUser {
    /// Who.
    pub account: AccountId,
    /// From where.
    pub scope: DeletionScope,
    /// Why.
    pub reason: Option<String>,
    /// Whether everything is done but the call.
    pub is_dry_run: bool,
    /// What the caller confirmed.
    pub confirmation: Confirmation,
    /// The same key makes the change once.
    pub idempotency_key: Option<String>,
    /// The run that it belongs to.
    pub bulk: Option<BulkDeletionId>,
}

/// What the caller confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing.
    None,
    /// What this token of a preview stands for.
    Token(String),
    /// What an earlier part of the same change took from a token.
    Found(String),
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct DeletionAnswer {
    /// The deletion, where one was announced; for somebody who is scheduled already, that one.
    pub deletion: Option<Deletion>,
    /// What was found before.
    pub preview: Option<Preview>,
}

#[derive(Serialize)]
struct Input<'a> {
    action: &'static str,
    integration: &'a IntegrationId,
    account: &'a AccountId,
    scope: DeletionScope,
    reason: &'a Option<String>,
    is_dry_run: bool,
}

impl Changes {
    /// Deletes a person, or says why not.
    ///
    /// The deletion is announced in the audit log and in the store before Atlassian is asked, and written when it has
    /// answered; a crash between the two is settled by reading the account. With an idempotency key it happens once.
    ///
    /// # Errors
    /// Expected refusals; Atlassian could not be asked before anything was changed; the store could not be written.
    pub async fn delete_user(
        &self,
        place: &Place,
        actor: &Actor,
        request: &DeleteUser,
    ) -> Result<Changed<DeletionAnswer>> {
        let announcement = Announcement {
            action: Action::DeleteUser,
            target: Some(request.account.to_string()),
            reason: request.reason.as_deref(),
            is_dry_run: request.is_dry_run,
            bulk: request.bulk.as_ref().map(ToString::to_string),
        };
        let entry = self.asked(Some(place), actor, announcement).await?;
        let outcome = self.delete_once(place, actor, request, &entry).await;
        self.ended(&entry, &outcome).await;
        outcome
    }

    async fn delete_once(
        &self,
        place: &Place,
        actor: &Actor,
        request: &DeleteUser,
        entry: &EntryId,
    ) -> Result<Changed<DeletionAnswer>> {
        let key = Self::idempotency_key(actor, request.idempotency_key.as_deref())?;
        let Some(key) = key else {
            return self.delete(place, actor, request, (entry, None)).await;
        };
        let input = fingerprint(&Input {
            action: "deleteUser",
            integration: &place.integration.id,
            account: &request.account,
            scope: request.scope,
            reason: &request.reason,
            is_dry_run: request.is_dry_run,
        });
        let _turn = self.inner.keys.lock(&key).await;
        if let Claim::Answered(answered) = self.claim(&key, &input).await? {
            return self.replayed(answered).await;
        }
        let outcome = self.delete(place, actor, request, (entry, Some(&key))).await;
        let answered = |answer: &DeletionAnswer| Answered {
            deletion: answer.deletion.as_ref().map(|deletion| deletion.id.clone()),
            ..Answered::default()
        };
        self.answer(&key, &outcome, answered).await;
        outcome
    }

    async fn replayed(&self, answered: Answered) -> Result<Changed<DeletionAnswer>> {
        let deletion = match &answered.deletion {
            Some(id) => self.deletion(id).await?,
            None => None,
        };
        let answer = DeletionAnswer { deletion, preview: None };
        let changed = Changed::new(answer, Outcome::Replayed);
        Ok(Changed { refusals: answered.refusals, ..changed })
    }

    async fn delete(
        &self,
        place: &Place,
        actor: &Actor,
        request: &DeleteUser,
        (entry, key): (&EntryId, Option<&IdempotencyKey>),
    ) -> Result<Changed<DeletionAnswer>> {
        self.refuse_read_only(place)?;
        self.check_reason(request.reason.as_deref())?;
        let _turn = self.inner.accounts.lock(&request.account).await;
        self.settle_account(&request.account).await?;
        let reach = Reach::Deletion(request.scope);
        let Some((facts, _turn_of_admins)) = self.facts(place, &request.account, reach).await?
        else {
            return Err(no_such_user());
        };
        let preview = self.preview_of(&facts, (place, actor), request.scope).await?;
        if !preview.is_allowed() {
            let refusals = of_blockers(&preview.findings.blockers);
            let deletion = self.pending_deletion(&request.account).await?;
            let answer = DeletionAnswer { deletion, preview: Some(preview) };
            return Ok(Changed { refusals, ..Changed::new(answer, Outcome::Refused) });
        }
        self.check_confirmation((place, actor), request, &facts, &preview)?;
        let caps = self.caps(place).await?;
        let now = now();
        if request.is_dry_run {
            self.refuse_beyond(caps, place, actor, now).await?;
            let answer = DeletionAnswer { deletion: None, preview: Some(preview) };
            return Ok(Changed::new(answer, Outcome::DryRun));
        }
        // Not known is not none.
        let directories = known(facts.directories.as_ref())?.unwrap_or_default();
        let deletion = announced((place, actor), request, entry, directories);
        let cap = |counted| caps.reached(counted);
        if let Some(refusal) = self.inner.store.announce_deletion(&deletion, key, cap).await? {
            return Err(refusal.into());
        }
        let mut changed = match self.carry_out(place, deletion.clone(), &preview).await {
            // The call may be made, and what came of it could not be written: the account will tell.
            Err(ChangeError::Internal) => self.settled_later(deletion),
            outcome => outcome?,
        };
        changed.value.preview = Some(preview);
        Ok(changed)
    }

    fn check_confirmation(
        &self,
        (place, actor): (&Place, &Actor),
        request: &DeleteUser,
        facts: &Facts,
        preview: &Preview,
    ) -> Result<()> {
        let found = findings::fingerprint(facts, request.scope, &preview.findings);
        let stale = |message: &str| {
            let refusal = Refusal::new(RefusalCode::StaleConfirmation, message);
            Err(refusal.at(&["input", "confirmationToken"]).into())
        };
        let confirmed = match &request.confirmation {
            Confirmation::None if self.inner.settings.needs_confirmation => {
                let message = "a confirmation is compulsory here (changes.needs_confirmation): ask deletionPreview and \
                               give its confirmationToken";
                let refusal = Refusal::new(RefusalCode::ConfirmationRequired, message);
                return Err(refusal.at(&["input", "confirmationToken"]).into());
            }
            Confirmation::None => return Ok(()),
            Confirmation::Found(confirmed) => confirmed.clone(),
            Confirmation::Token(token) => {
                let Some(confirmed) = self.inner.confirmations.read(token, now()) else {
                    return stale(
                        "the confirmation has ended or is none of this gateway; ask deletionPreview again",
                    );
                };
                let is_same = confirmed.caller == actor.subject
                    && confirmed.integration == place.integration.id
                    && confirmed.account == request.account
                    && confirmed.scope == request.scope;
                if !is_same {
                    return stale(
                        "the confirmation is another caller's, or for another person or scope; ask deletionPreview \
                         for this one",
                    );
                }
                confirmed.found
            }
        };
        if confirmed == found {
            return Ok(());
        }
        stale(
            "what was found has changed since the confirmation; ask deletionPreview again and look at it",
        )
    }
}

pub(super) fn no_such_user() -> ChangeError {
    let message = "the organization does not know this account";
    Refusal::new(RefusalCode::NotFound, message).at(&["input", "userId"]).into()
}

fn announced(
    (place, actor): (&Place, &Actor),
    request: &DeleteUser,
    entry: &EntryId,
    directories: Vec<Directory>,
) -> Deletion {
    let now = now();
    let pending = |directory: Directory| DirectoryRemoval {
        directory: directory.id,
        name: directory.name,
        outcome: RemovalOutcome::Pending,
        refusal: None,
    };
    Deletion {
        id: Uuid::now_v7().to_string().into(),
        integration: place.integration.id.clone(),
        account: request.account.clone(),
        scope: request.scope,
        state: DeletionState::Queued,
        is_outcome_known: false,
        requested_by: actor.subject.clone(),
        request_id: actor.request_id.clone(),
        reason: request.reason.clone(),
        requested_at: now,
        purges_at: None,
        changed_at: now,
        directories: directories.into_iter().map(pending).collect(),
        failures: Vec::new(),
        bulk: request.bulk.clone(),
        audit_entry: entry.to_string(),
    }
}

/// Whether a part that a change depends on was read.
pub(super) fn known<T: Clone>(part: Option<&Part<T>>) -> Result<Option<T>> {
    part.map(|part| part.clone().map_err(Into::into)).transpose()
}
