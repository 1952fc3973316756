use futures_util::FutureExt;

use crate::{
    auth::Permission,
    domain::{Deletion, DeletionScope, DeletionState, RemovalOutcome},
    feeds::{
        Column, Kind, Table, Value,
        content::{Asked, Failure, Listed, Opened},
        table::Filter,
    },
    organizations::changes::DeletionQuery,
};

pub(super) static TABLE: Table = Table {
    name: "deletions",
    description: "One row a deletion that was asked for through this gateway, the newest first, brought up to date when it is read. \
                  Who was deleted has no name here; `account_id` stays when the person is gone.",
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

/// Rows of the store that are read and brought up to date at once.
const PAGE: u16 = 100;

async fn open(asked: Asked) -> Opened {
    let changes = &asked.feeds.shared.changes;
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let query = DeletionQuery {
            integrations: vec![asked.integration.id.clone()],
            before,
            limit: PAGE,
            ..DeletionQuery::default()
        };
        let page = changes.deletions(&query).await.map_err(Failure::from)?;
        before = page.deletions.last().map(|(number, _)| *number);
        rows.extend(page.deletions.iter().map(|(_, deletion)| values(deletion)));
        if !page.has_more {
            return Ok(Listed::content(rows, None));
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
