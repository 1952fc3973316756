use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    ChangeSettings, Changes, Place, Result,
    carry_out::{failures, is_over},
};
use crate::{
    atlassian::{self, ErrorKind, UserSearch, users::MAX_ACCOUNT_IDS},
    audit::Outcome,
    domain::{
        AccountId, AccountStatus, Deletion, DeletionId, DeletionScope, DeletionState, Directory,
        DirectoryRemoval, GRACE, IntegrationId, Refusal, RefusalCode, RemovalOutcome, User,
        UserStatus,
    },
    organizations::{clock::now, corrections::Effect},
    store::DeletionQuery,
};

/// So many open deletions of a state, the newest, are asked about for a list by state: ten calls.
const MOST_OPEN: u16 = 100;

/// A page of deletions, newest first.
#[derive(Debug, Clone, Default)]
pub struct DeletionList {
    /// The deletions with their numbers, brought up to date.
    pub deletions: Vec<(i64, Deletion)>,
    /// Whether there may be more.
    pub has_more: bool,
}

impl Changes {
    /// How many deletions there are of that kind.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn count_deletions(&self, query: &DeletionQuery) -> Result<u64> {
        Ok(self.inner.store.count_deletions(query).await?)
    }

    /// A deletion, brought up to date.
    ///
    /// # Errors
    /// The store cannot be read. Where Atlassian cannot be asked, the state is the last that was known.
    pub async fn deletion(&self, id: &DeletionId) -> Result<Option<Deletion>> {
        let Some(deletion) = self.inner.store.deletion(id).await? else { return Ok(None) };
        Ok(self.brought_up_to_date(vec![deletion]).await?.pop())
    }

    /// A deletion as it was last known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_deletion(&self, id: &DeletionId) -> Result<Option<Deletion>> {
        Ok(self.inner.store.deletion(id).await?)
    }

    /// Deletions, newest first, brought up to date. Before those in one state are listed, open ones are asked about: they
    /// may be in it, or no longer.
    ///
    /// # Errors
    /// As [`Self::deletion`].
    pub async fn deletions(&self, query: &DeletionQuery) -> Result<DeletionList> {
        let store = &self.inner.store;
        if query.state.is_some() && query.before.is_none() {
            for state in [DeletionState::Queued, DeletionState::Scheduled] {
                let open = DeletionQuery { state: Some(state), limit: MOST_OPEN, ..query.clone() };
                let open = store.deletions(&open).await?.into_iter().map(|(_, deletion)| deletion);
                self.brought_up_to_date(open.collect()).await?;
            }
        }
        let more = DeletionQuery { limit: query.limit.saturating_add(1), ..query.clone() };
        let mut deletions = store.deletions(&more).await?;
        let has_more = deletions.len() > usize::from(query.limit);
        deletions.truncate(query.limit.into());
        let (numbers, deletions): (Vec<i64>, Vec<Deletion>) = deletions.into_iter().unzip();
        let deletions = self.brought_up_to_date(deletions).await?;
        let mut deletions: Vec<(i64, Deletion)> = numbers.into_iter().zip(deletions).collect();
        // One may just have turned out to be in another state.
        deletions.retain(|(_, deletion)| query.state.is_none_or(|state| deletion.state == state));
        Ok(DeletionList { deletions, has_more })
    }

    /// The deletion of an account that can still become something else, as it was last known.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn pending_deletion(&self, account: &AccountId) -> Result<Option<Deletion>> {
        Ok(self.inner.store.open_deletions_of(account).await?.into_iter().next())
    }

    /// Asks Atlassian about the open ones among them, and writes and tells what changed.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn brought_up_to_date(&self, mut deletions: Vec<Deletion>) -> Result<Vec<Deletion>> {
        let mut by_integration: BTreeMap<IntegrationId, Vec<usize>> = BTreeMap::new();
        for (index, deletion) in deletions.iter().enumerate() {
            let is_due = deletion.state.is_open()
                && deletion.is_outcome_known
                && !self.inner.checked.contains_key(&deletion.id);
            if is_due {
                by_integration.entry(deletion.integration.clone()).or_default().push(index);
            }
        }
        for (integration, indices) in by_integration {
            let Some(place) = self.place(&integration) else { continue };
            let of_accounts = |index: &usize| deletions[*index].scope == DeletionScope::Account;
            let (accounts, removals): (Vec<usize>, Vec<usize>) =
                indices.into_iter().partition(of_accounts);
            for some in accounts.chunks(MAX_ACCOUNT_IDS) {
                let ids = some.iter().map(|index| deletions[*index].account.clone()).collect();
                let Ok(people) = people(&place, ids).await else { continue };
                for index in some {
                    let deletion = &mut deletions[*index];
                    let person = people.iter().find(|user| user.account_id == deletion.account);
                    let next = self.seen_as(&place, deletion, person).await;
                    self.settle_as(&place, deletion, next).await?;
                }
            }
            for index in removals {
                let deletion = deletions[index].clone();
                deletions[index] = self.look_at(&place, deletion).await?;
            }
        }
        Ok(deletions)
    }

    /// Asks Atlassian what became of one deletion, and writes it; where Atlassian cannot be asked, it stays as it is.
    pub(super) async fn look_at(&self, place: &Place, mut deletion: Deletion) -> Result<Deletion> {
        let settings = &self.inner.settings;
        let client = &place.organization.shared.client;
        let account = &deletion.account;
        let is_settled = self.settled_at(&deletion) <= now();
        let next = match deletion.scope {
            DeletionScope::Account => match people(place, vec![account.clone()]).await {
                Ok(people) => Ok(self.seen_as(place, &deletion, people.first()).await),
                Err(error) => Err(error),
            },
            DeletionScope::Organization => client
                .directories_of(account)
                .await
                .map(|left| of_directories(&mut deletion, &left, is_settled, settings, now())),
            DeletionScope::Site => client.find_site_user(account).await.map(|user| {
                let is_there = user.is_some_and(|user| user.is_active);
                of_removal(&deletion, is_there, is_settled, settings, now())
            }),
        };
        match next {
            Ok(next) => self.settle_as(place, &mut deletion, next).await?,
            Err(error) => tracing::warn!(
                deletion.id = %deletion.id, error = %error,
                "What became of deletion {} could not be read", deletion.id
            ),
        }
        Ok(deletion)
    }

    async fn seen_as(
        &self,
        place: &Place,
        deletion: &Deletion,
        person: Option<&User>,
    ) -> Option<DeletionState> {
        let seen = match person {
            Some(user) => Seen::Person(user),
            None if is_closed(place, &deletion.account).await => Seen::Closed,
            None => Seen::Nobody,
        };
        let is_settled = self.settled_at(deletion) <= now();
        of_account(deletion, seen, is_settled, &self.inner.settings, now())
    }

    /// When Atlassian is sure to show what was called for: the call was made before the last that was written of it, or by a
    /// process that ended before this one began.
    pub(super) fn settled_at(&self, deletion: &Deletion) -> Timestamp {
        let called = deletion.changed_at.max(self.inner.opened_at);
        called.saturating_add(self.inner.settings.settle).unwrap_or(Timestamp::MAX)
    }

    async fn settle_as(
        &self,
        place: &Place,
        deletion: &mut Deletion,
        next: Option<DeletionState>,
    ) -> Result<()> {
        self.inner.checked.insert(deletion.id.clone(), ()).await;
        let Some(next) = next else { return Ok(()) };
        let was_known = deletion.is_outcome_known;
        if deletion.state == next && was_known {
            return Ok(());
        }
        deletion.state = next;
        deletion.is_outcome_known = true;
        deletion.changed_at = now();
        if next == DeletionState::Scheduled && deletion.purges_at.is_none() {
            deletion.purges_at = deletion.requested_at.saturating_add(GRACE).ok();
        }
        if next == DeletionState::Failed {
            deletion.failures = failures(&deletion.directories);
            if deletion.failures.is_empty() {
                deletion.failures = vec![not_carried_out()];
            }
        }
        self.keep(deletion).await?;
        if !was_known {
            let is_ours = deletion.requested_at >= self.inner.opened_at;
            let failed_as = if is_ours { Outcome::Failed } else { Outcome::Interrupted };
            self.end_unrecorded(deletion, failed_as).await?;
        }
        self.show(place, deletion, newly_shown(deletion, was_known));
        tracing::info!(
            deletion.id = %deletion.id, deletion.state = <&str>::from(next),
            "Deletion {} is {}", deletion.id, <&str>::from(next)
        );
        Ok(())
    }
}

/// What became of the person, where nobody was shown it yet: rows of scans are not read anew.
fn newly_shown(deletion: &Deletion, was_known: bool) -> Option<Effect> {
    match (deletion.state, deletion.scope) {
        (DeletionState::Cancelled, _) => Some(Effect::Activated),
        (DeletionState::Scheduled, _) if !was_known => Some(Effect::ScheduledForDeletion),
        (DeletionState::Removed, DeletionScope::Organization) if !was_known => {
            Some(Effect::Removed)
        }
        _ => None,
    }
}

pub(super) fn not_carried_out() -> Refusal {
    let message = "Atlassian did not carry it out; the person is there as before, and it can be asked for again";
    Refusal::new(RefusalCode::UpstreamRefused, message).retryable()
}

/// The people as Atlassian has them at this moment, uncorrected.
async fn people(place: &Place, accounts: Vec<AccountId>) -> atlassian::Result<Vec<User>> {
    let search = UserSearch {
        limit: MAX_ACCOUNT_IDS.try_into().ok(),
        account_ids: accounts,
        ..UserSearch::default()
    };
    Ok(place.organization.shared.client.search_users(&search).await?.items)
}

/// Whether an account that no list has is gone for good, and not only on its way out: then nobody can manage it.
async fn is_closed(place: &Place, account: &AccountId) -> bool {
    let asked = place.organization.shared.client.management_permissions(account).await;
    asked.is_err_and(|error| error.kind == ErrorKind::NotFound)
}

/// How an account shows.
#[derive(Clone, Copy)]
enum Seen<'a> {
    /// In the lists.
    Person(&'a User),
    /// In no list, and known to those who manage accounts.
    Nobody,
    /// In no list, and known to nobody.
    Closed,
}

fn has_passed(since: Timestamp, time: Duration, now: Timestamp) -> bool {
    since.saturating_add(time).is_ok_and(|end| end <= now)
}

/// What the account's state makes of its deletion; `None` where nothing new is known.
fn of_account(
    deletion: &Deletion,
    seen: Seen<'_>,
    is_settled: bool,
    settings: &ChangeSettings,
    now: Timestamp,
) -> Option<DeletionState> {
    let (is_scheduled, is_closed, is_active) = match seen {
        Seen::Person(user) => (
            user.status == UserStatus::ForDeletion,
            user.account_status == AccountStatus::Closed,
            user.account_status == AccountStatus::Active,
        ),
        // Who is on the way out may have left the lists (API.md, section 6).
        Seen::Nobody => (true, is_over(deletion, now), false),
        Seen::Closed => (false, true, false),
    };
    match deletion.state {
        _ if is_closed => Some(DeletionState::Purged),
        DeletionState::Queued if is_scheduled => Some(DeletionState::Scheduled),
        DeletionState::Queued => is_settled.then_some(DeletionState::Failed),
        // What was asked for a moment ago may not show yet.
        DeletionState::Scheduled if is_active => {
            has_passed(deletion.changed_at, settings.settle, now)
                .then_some(DeletionState::Cancelled)
        }
        _ => None,
    }
}

fn of_removal(
    deletion: &Deletion,
    is_there: bool,
    is_settled: bool,
    settings: &ChangeSettings,
    now: Timestamp,
) -> Option<DeletionState> {
    let is_over = if deletion.is_outcome_known {
        has_passed(deletion.requested_at, settings.removal_deadline, now)
    } else {
        is_settled
    };
    match (is_there, is_over) {
        (false, _) => Some(DeletionState::Removed),
        (true, true) => Some(DeletionState::Failed),
        (true, false) => None,
    }
}

/// Goes through the directories: where the person is no more, the removal was carried out.
fn of_directories(
    deletion: &mut Deletion,
    left: &[Directory],
    is_settled: bool,
    settings: &ChangeSettings,
    now: Timestamp,
) -> Option<DeletionState> {
    let is_left = |removal: &DirectoryRemoval| left.iter().any(|one| one.id == removal.directory);
    for removal in &mut deletion.directories {
        let is_unclear =
            matches!(removal.outcome, RemovalOutcome::Pending | RemovalOutcome::Unknown);
        if is_unclear && !is_left(removal) {
            removal.outcome = RemovalOutcome::Accepted;
            removal.refusal = None;
        } else if is_unclear && is_settled {
            removal.outcome = RemovalOutcome::Refused;
            removal.refusal = Some(not_carried_out());
        } else if is_unclear {
            return None;
        }
    }
    let mut outcomes = deletion.directories.iter().map(|removal| removal.outcome);
    if outcomes.any(|outcome| outcome == RemovalOutcome::Refused) {
        return Some(DeletionState::Failed);
    }
    let is_there = deletion.directories.iter().any(is_left);
    if is_there && !deletion.is_outcome_known {
        // Every directory accepted it before the program ended, and has it on its way.
        return Some(DeletionState::Queued);
    }
    of_removal(deletion, is_there, is_settled, settings, now)
}
