use serde::{Deserialize, Serialize};

use super::{
    Changed, Changes, Place, Result, UpstreamAnswer,
    delete::{known, no_such_user},
    facts::Reach,
    findings::judge,
    idempotency::{Answered, Claim, fingerprint},
    record::Announcement,
    refusal::{is_ambiguous, of_blockers, refusals},
};
use crate::{
    atlassian::{Accepted, Client},
    audit::{Action, Outcome},
    domain::{
        AccountId, AccountStatus, Actor, Directory, FindingCode, IntegrationId, MembershipStatus,
        Refusal, RefusalCode, User,
    },
    organizations::{Row, clock::now, corrections::Effect},
};

/// A change of somebody's life cycle that is no deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    /// No access to the organization; roles and groups are kept.
    Suspend,
    /// Gives back what a suspension took.
    Restore,
    /// The managed account is inactive, everywhere at Atlassian.
    Deactivate,
    /// The managed account is active again.
    Reactivate,
}

/// Who, and why.
#[derive(Debug, Clone)]
pub struct LifecycleRequest {
    /// Who.
    pub account: AccountId,
    /// Why.
    pub reason: Option<String>,
    /// Whether everything is done but the call.
    pub is_dry_run: bool,
    /// The same key makes the change once.
    pub idempotency_key: Option<String>,
}

#[derive(Serialize)]
struct Input<'a> {
    action: Lifecycle,
    integration: &'a IntegrationId,
    account: &'a AccountId,
    reason: &'a Option<String>,
    is_dry_run: bool,
}

impl Lifecycle {
    /// As the audit log names it.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::Suspend => Action::SuspendUser,
            Self::Restore => Action::RestoreUser,
            Self::Deactivate => Action::DeactivateUser,
            Self::Reactivate => Action::ReactivateUser,
        }
    }

    fn reach(self) -> Reach {
        match self {
            Self::Suspend | Self::Restore => Reach::Membership,
            Self::Deactivate | Self::Reactivate => Reach::Enablement,
        }
    }

    fn effect(self) -> Effect {
        match self {
            Self::Suspend => Effect::Suspended,
            Self::Restore => Effect::Restored,
            Self::Deactivate => Effect::Deactivated,
            Self::Reactivate => Effect::Activated,
        }
    }

    /// Whether the person is as they are to be afterwards. Of several directories a restored one does not tell of the
    /// others.
    fn shows_in(self, user: &User) -> bool {
        match self {
            Self::Suspend => user.membership_status == MembershipStatus::Suspended,
            Self::Restore => user.membership_status == MembershipStatus::Active,
            Self::Deactivate => user.account_status == AccountStatus::Inactive,
            Self::Reactivate => user.account_status == AccountStatus::Active,
        }
    }

    /// Whether it takes something away, so that the brakes are for it.
    fn takes_away(self) -> bool {
        matches!(self, Self::Suspend | Self::Deactivate)
    }
}

impl Changes {
    /// Suspends, restores, deactivates or reactivates somebody. The answer is the person as they are afterwards; `None`
    /// where they are not told any more.
    ///
    /// # Errors
    /// Expected refusals; Atlassian could not be asked; the store could not be written.
    pub async fn change_lifecycle(
        &self,
        place: &Place,
        actor: &Actor,
        lifecycle: Lifecycle,
        request: &LifecycleRequest,
    ) -> Result<Changed<Option<Row<User>>>> {
        let announcement = Announcement {
            action: lifecycle.action(),
            target: Some(request.account.to_string()),
            reason: request.reason.as_deref(),
            is_dry_run: request.is_dry_run,
            bulk: None,
        };
        let entry = self.asked(Some(place), actor, announcement).await?;
        let outcome = self.change_once(place, actor, lifecycle, request).await;
        self.ended(&entry, &outcome).await;
        outcome
    }

    async fn change_once(
        &self,
        place: &Place,
        actor: &Actor,
        lifecycle: Lifecycle,
        request: &LifecycleRequest,
    ) -> Result<Changed<Option<Row<User>>>> {
        let Some(key) = Self::idempotency_key(actor, request.idempotency_key.as_deref())? else {
            return self.change(place, actor, lifecycle, request).await;
        };
        let input = fingerprint(&Input {
            action: lifecycle,
            integration: &place.integration.id,
            account: &request.account,
            reason: &request.reason,
            is_dry_run: request.is_dry_run,
        });
        let _turn = self.inner.keys.lock(&key).await;
        if let Claim::Answered(answered) = self.claim(&key, &input).await? {
            let user = self.after(place, &request.account).await;
            let changed = Changed::new(user, Outcome::Replayed);
            return Ok(Changed { refusals: answered.refusals, ..changed });
        }
        let outcome = self.change(place, actor, lifecycle, request).await;
        self.answer(&key, &outcome, |_| Answered::default()).await;
        outcome
    }

    async fn change(
        &self,
        place: &Place,
        actor: &Actor,
        lifecycle: Lifecycle,
        request: &LifecycleRequest,
    ) -> Result<Changed<Option<Row<User>>>> {
        self.refuse_read_only(place)?;
        self.check_reason(request.reason.as_deref())?;
        let _turn = self.inner.accounts.lock(&request.account).await;
        self.settle_account(&request.account).await?;
        let reach = lifecycle.reach();
        let Some((facts, _turn_of_admins)) = self.facts(place, &request.account, reach).await?
        else {
            return Err(no_such_user());
        };
        let now = now();
        let mut found = judge(&facts, reach, (place, actor), &self.inner.settings, now);
        if !lifecycle.takes_away() {
            // Giving back what was taken harms neither admins nor protected people.
            found.blockers.retain(|finding| !is_about_loss(finding.code));
        }
        if !found.blockers.is_empty() {
            let refusals = of_blockers(&found.blockers);
            let changed = Changed::new(Some(facts.row), Outcome::Refused);
            return Ok(Changed { refusals, ..changed });
        }
        let directories = known(facts.directories.as_ref())?.unwrap_or_default();
        if reach == Reach::Membership && directories.is_empty() {
            let message = "the person is in no directory of the organization";
            return Err(Refusal::new(RefusalCode::NotFound, message).into());
        }
        if lifecycle.takes_away() {
            self.brake(place, actor, request.is_dry_run).await?;
        }
        if request.is_dry_run {
            return Ok(Changed::new(Some(facts.row), Outcome::DryRun));
        }
        let client = &place.organization.shared.client;
        let outcome = make(client, lifecycle, request, &directories).await;
        self.made(place, lifecycle, request, outcome).await
    }

    async fn brake(&self, place: &Place, actor: &Actor, is_dry_run: bool) -> Result<()> {
        let (caps, now) = (self.caps(place).await?, now());
        if is_dry_run {
            return self.refuse_beyond(caps, place, actor, now).await;
        }
        let cap = |counted| caps.reached(counted);
        let (store, integration) = (&self.inner.store, &place.integration.id);
        let reached = store.count_change(&actor.subject, integration, now, cap).await?;
        reached.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    async fn made(
        &self,
        place: &Place,
        lifecycle: Lifecycle,
        request: &LifecycleRequest,
        outcome: crate::atlassian::Result<Option<Accepted>>,
    ) -> Result<Changed<Option<Row<User>>>> {
        let organization = place.organization.shared.client.organization_id();
        // After a failure too, but without saying what changed: a time-out may hide that it went through.
        let effect = outcome.is_ok().then(|| lifecycle.effect());
        self.inner.organizations.show(organization, &request.account, effect, now());
        let user = self.after(place, &request.account).await;
        match outcome {
            Ok(accepted) => {
                let changed = Changed::new(user, Outcome::Succeeded);
                Ok(Changed { upstream: accepted.map(Into::into), ..changed })
            }
            // The answer was lost, and the person tells.
            Err(error)
                if is_ambiguous(&error)
                    && user.as_ref().is_some_and(|row| lifecycle.shows_in(&row.item)) =>
            {
                let effect = Some(lifecycle.effect());
                self.inner.organizations.show(organization, &request.account, effect, now());
                Ok(Changed::new(user, Outcome::Succeeded))
            }
            Err(error) => {
                let Some(refusals) = refusals(&error) else { return Err(error.into()) };
                let upstream = Some(UpstreamAnswer::from(&error));
                Ok(Changed { refusals, upstream, ..Changed::new(user, Outcome::Refused) })
            }
        }
    }

    /// The person as they are now; what cannot be read is left out of the answer, the change is made.
    async fn after(&self, place: &Place, account: &AccountId) -> Option<Row<User>> {
        let organization = place.organization.fresh();
        let wanted = crate::atlassian::Expand::default();
        let rows = organization.users_by_id(std::slice::from_ref(account), wanted).await;
        rows.ok()?.into_iter().flatten().next()
    }
}

/// One call, or one for each directory; the first failure ends it. What Atlassian answered to the last.
async fn make(
    client: &Client,
    lifecycle: Lifecycle,
    request: &LifecycleRequest,
    directories: &[Directory],
) -> crate::atlassian::Result<Option<Accepted>> {
    let account = &request.account;
    match lifecycle {
        Lifecycle::Deactivate => client.deactivate_account(account).await.map(Some),
        Lifecycle::Reactivate => client.reactivate_account(account).await.map(Some),
        Lifecycle::Suspend | Lifecycle::Restore => {
            let mut last = None;
            for directory in directories {
                last = Some(if lifecycle == Lifecycle::Suspend {
                    client.suspend_user(&directory.id, account).await?
                } else {
                    client.restore_user(&directory.id, account).await?
                });
            }
            Ok(last)
        }
    }
}

fn is_about_loss(code: FindingCode) -> bool {
    matches!(code, FindingCode::LastAdmin | FindingCode::SelfAccount | FindingCode::Protected)
}
