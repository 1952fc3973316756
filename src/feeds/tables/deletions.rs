use futures_util::FutureExt;

use crate::{
    auth::Permission,
    domain::{Deletion, DeletionScope, DeletionState, RemovalOutcome},
    feeds::{
        Column, Kind, Table, Value,
        content::{Asked, Failure, Listed, Opened},
        table::Filter,
    },
    store::DeletionQuery,
};

pub(super) static TABLE: Table = Table {
    name: "deletions",
    description: "One row a deletion that was asked for through this gateway, the newest first, brought up to date when it is read: \
                  of those that are still open, what Atlassian does not tell within `feeds.wait` stands as it was last known. Who was deleted has no name here; `account_id` stays when the person is gone.",
    permission: Permission::ReadDirectory,
    cost: "no reading of people, and one request for ten deletions that are still open; one for each open removal",
    own_columns: &COLUMNS,
    filters: &[Filter::by("account_id"), Filter::by("scope"), Filter::by("state")],
    dated_by: Some("requested_at"),
    counts_days: false,
    open: |asked| open(asked).boxed(),
};

const COLUMNS: [Column; 15] = [
    Column::text("deletion_id", "The deletion; later ones have greater ids").key(),
    Column::text("account_id", "The Atlassian account"),
    Column::text(
        "scope",
        "What is deleted: the account, or its membership of organization or site",
    )
    .one_of(&["account", "organization", "site"]),
    Column::text("state", "How far it is").one_of(&[
        "scheduled",
        "cancelled",
        "queued",
        "removed",
        "already_gone",
        "purged",
        "failed",
    ]),
    Column::new(
        "is_outcome_known",
        Kind::Boolean,
        "Whether it is known what became of the call; `false` after an interruption, until Atlassian tells",
    ),
    Column::text("requested_by", "Who asked: the token's subject").personal(),
    Column::text("reason", "Why, in the words of whoever asked").personal(),
    Column::new("requested_at", Kind::Instant, "When it was asked for"),
    Column::new(
        "purges_at",
        Kind::Instant,
        "When the account is gone for good; until then it can be cancelled; null for removals",
    )
    .nullable(),
    Column::new("changed_at", Kind::Instant, "When the state last changed"),
    Column::new("completed_at", Kind::Instant, "When it came to its end; null before").nullable(),
    Column::text("failure_codes", "Why it failed: codes, separated by `, `").nullable(),
    Column::new(
        "directories",
        Kind::Integer,
        "Directories that the person is removed from; null but for `organization`",
    )
    .nullable(),
    Column::new("directories_failed", Kind::Integer, "Of those, refused or of unknown outcome")
        .nullable(),
    Column::text("bulk_deletion_id", "The run that it belongs to").nullable(),
];

/// Rows of the store that are read at once.
const PAGE: u16 = 500;
/// Deletions that Atlassian is asked about in one go, the newest first.
const AT_ONCE: usize = 100;

async fn open(asked: Asked) -> Opened {
    let open = within(&asked, |deletion| deletion.state.is_open()).await?;
    if !open.is_empty() {
        let changes = asked.feeds.shared.changes.clone();
        let asking = |_| async move {
            for some in open.chunks(AT_ONCE) {
                changes.brought_up_to_date(some.to_vec()).await?;
            }
            Ok(())
        };
        let turns = &asked.feeds.shared.deletion_turns;
        // What is not told in time stands as it was last known, as where Atlassian cannot be asked at all: so many may be open
        // that some would have to be asked about again before the last of them has been.
        if let Ok(outcome) = turns.take(&asked.integration.id, asked.feeds.wait(), asking).await {
            outcome?;
        }
    }
    let rows = within(&asked, |_| true).await?;
    Ok(Listed::content(rows.iter().map(values).collect(), None))
}

/// The deletions of the range as they were last known, the newest first.
async fn within(asked: &Asked, is_wanted: fn(&Deletion) -> bool) -> Result<Vec<Deletion>, Failure> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let query = DeletionQuery {
            integrations: vec![asked.integration.id.clone()],
            before,
            limit: PAGE,
            ..DeletionQuery::default()
        };
        let page = asked.feeds.shared.store.deletions(&query).await?;
        before = page.last().map(|(number, _)| *number);
        let is_last = page.len() < usize::from(PAGE)
            || page.iter().all(|(_, deletion)| asked.range.begins_after(deletion.requested_at));
        let of_range = page.into_iter().map(|(_, deletion)| deletion);
        found.extend(of_range.filter(|one| asked.range.holds(one.requested_at) && is_wanted(one)));
        if is_last {
            return Ok(found);
        }
    }
}

fn values(deletion: &Deletion) -> [Value; COLUMNS.len()] {
    let codes: Vec<&str> = deletion.failures.iter().map(|refusal| refusal.code.into()).collect();
    let is_of_directories = deletion.scope == DeletionScope::Organization;
    let failed = deletion.directories.iter().filter(|removal| {
        matches!(removal.outcome, RemovalOutcome::Refused | RemovalOutcome::Unknown)
    });
    let ended = (!deletion.state.is_open()).then_some(deletion.changed_at);
    [
        deletion.id.as_str().into(),
        deletion.account.as_str().into(),
        scope_word(deletion.scope).into(),
        state_word(deletion.state).into(),
        deletion.is_outcome_known.into(),
        deletion.requested_by.as_str().into(),
        deletion.reason.clone().into(),
        deletion.requested_at.into(),
        deletion.purges_at.into(),
        deletion.changed_at.into(),
        ended.into(),
        Some(codes.join(", ")).filter(|codes| !codes.is_empty()).into(),
        is_of_directories.then_some(deletion.directories.len()).into(),
        is_of_directories.then(|| failed.count()).into(),
        deletion.bulk.as_ref().map(|run| run.as_str().to_owned()).into(),
    ]
}

fn scope_word(scope: DeletionScope) -> &'static str {
    match scope {
        DeletionScope::Account => "account",
        DeletionScope::Organization => "organization",
        DeletionScope::Site => "site",
    }
}

fn state_word(state: DeletionState) -> &'static str {
    match state {
        DeletionState::Scheduled => "scheduled",
        DeletionState::Cancelled => "cancelled",
        DeletionState::Queued => "queued",
        DeletionState::Removed => "removed",
        DeletionState::AlreadyGone => "already_gone",
        DeletionState::Purged => "purged",
        DeletionState::Failed => "failed",
    }
}
