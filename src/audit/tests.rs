use std::collections::BTreeSet;

use futures_util::{StreamExt, future::join_all};
use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::{Action, Asked, Audit, AuditFilter, Broken, Ended, Error, Outcome};
use crate::store::{self, Keyring, Store, StoreSettings};

/// The record in a folder of its own.
struct Kept {
    folder: TempDir,
    key: SecretString,
}

impl Kept {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), key: Keyring::generate() }
    }

    async fn store(&self, key: &SecretString, previous: &[&SecretString]) -> Store {
        let path = self.folder.path().join("headcount.db");
        let previous = previous.iter().copied().cloned().collect();
        let keys = Keyring::new(key.clone(), previous).unwrap();
        Store::open(&StoreSettings { path }, keys).await.unwrap()
    }

    async fn audit(&self) -> Audit {
        Audit::open(self.store(&self.key, &[]).await).await.unwrap()
    }

    /// Somebody who has the file, and no key.
    async fn intruder(&self) -> SqliteConnection {
        let path = self.folder.path().join("headcount.db");
        let mut file = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        for trigger in ["do_not_change", "stay", "are_not_replaced"] {
            run(&mut file, &format!("DROP TRIGGER audit_rows_{trigger}")).await;
        }
        file
    }

    async fn broken(&self) -> Option<Broken> {
        self.audit().await.verify().await.unwrap().broken
    }
}

async fn run(file: &mut SqliteConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(file).await.unwrap();
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_microsecond(1_790_000_000_000_000 + second * 1_000_000).unwrap()
}

fn asked(action: Action, integration: Option<&str>) -> Asked {
    Asked {
        caller: "ada".to_owned(),
        action,
        integration: integration.map(Into::into),
        target: Some("557058:1".to_owned()),
        reason: Some("left the company".to_owned()),
        request_id: "request-1".to_owned(),
        is_dry_run: false,
        bulk: Some("bulk-1".to_owned()),
    }
}

fn refused() -> Ended {
    Ended {
        outcome: Outcome::Failed,
        code: Some("UPSTREAM_REFUSED".to_owned()),
        upstream_status: Some(409),
        upstream_code: Some("conflict".to_owned()),
        target: Some("557058:1".to_owned()),
    }
}

/// Four changes that ended: eight rows.
async fn filled() -> Kept {
    let kept = Kept::new();
    let audit = kept.audit().await;
    for second in 0..4 {
        let entry =
            audit.asked(&asked(Action::DeleteUser, Some("acme")), at(second)).await.unwrap();
        audit.ended(&entry, &refused(), at(second + 1)).await.unwrap();
    }
    let found = audit.verify().await.unwrap();
    assert_eq!((found.rows, found.broken), (8, None));
    assert!(found.head.starts_with("8:"), "{}", found.head);
    kept
}

#[tokio::test]
async fn what_was_written_comes_back_as_it_was() {
    let kept = Kept::new();
    let asked = Asked { is_dry_run: true, ..asked(Action::SuspendUser, Some("acme")) };
    let entry = kept.audit().await.asked(&asked, at(1)).await.unwrap();
    let audit = kept.audit().await;
    let found = audit.find(&entry).await.unwrap().unwrap();
    assert_eq!((&found.asked, found.at, found.outcome()), (&asked, at(1), Outcome::Pending));
    assert_eq!(audit.unfinished().await.unwrap(), [found]);
    audit.ended(&entry, &refused(), at(2)).await.unwrap();
    let found = audit.find(&entry).await.unwrap().unwrap();
    assert_eq!((found.ended, found.ended_at), (Some(refused()), Some(at(2))));
    assert_eq!(audit.unfinished().await.unwrap(), []);
}

#[tokio::test]
async fn a_change_ends_once_and_only_if_it_was_asked_for() {
    let kept = Kept::new();
    let audit = kept.audit().await;
    let entry = audit.asked(&asked(Action::Refresh, None), at(1)).await.unwrap();
    let pending = audit.ended(&entry, &Ended::as_outcome(Outcome::Pending), at(2)).await;
    assert!(matches!(pending, Err(Error::NotAnEnd)));
    let end = Ended::as_outcome(Outcome::Succeeded);
    let ends = join_all((0..8).map(|_| audit.ended(&entry, &end, at(2)))).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "of several at once, one");
    assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(Error::AlreadyEnded))));
    let unknown = "01a2024a-f70f-75f3-81ae-158447eba970".parse().unwrap();
    assert!(matches!(audit.ended(&unknown, &end, at(2)).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn fifty_at_once_make_one_chain_without_a_gap() {
    let kept = Kept::new();
    let (one, other) = (kept.audit().await, kept.audit().await);
    let each = (0..50).map(async |number| {
        let audit = if number % 2 == 0 { &one } else { &other };
        let entry = audit.asked(&asked(Action::DeleteUser, None), at(number)).await.unwrap();
        audit.ended(&entry, &refused(), at(number)).await.unwrap();
        entry
    });
    let entries: BTreeSet<String> = join_all(each).await.iter().map(ToString::to_string).collect();
    assert_eq!(entries.len(), 50);
    let found = one.verify().await.unwrap();
    assert_eq!((found.rows, found.broken), (100, None));
}

#[tokio::test]
async fn the_file_refuses_to_change_or_lose_a_row() {
    let kept = filled().await;
    let path = kept.folder.path().join("headcount.db");
    let mut file = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    for statement in [
        "UPDATE audit SET caller = 'bob' WHERE sequence = 1",
        "DELETE FROM audit WHERE sequence = 1",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 1",
    ] {
        let refused = sqlx::query(statement).execute(&mut file).await;
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(kept.broken().await, None);
}

/// Changes to every column of that row: other values, nothing where something was, something where nothing was.
async fn changes(file: &mut SqliteConnection, row: i64) -> Vec<String> {
    let columns: Vec<(String, String, bool)> =
        sqlx::query_as("SELECT name, type, \"notnull\" OR pk FROM pragma_table_info('audit')")
            .fetch_all(file)
            .await
            .unwrap();
    assert_eq!(columns.len(), 18, "a new column must be in the hash too");
    let mut changes = Vec::new();
    for (column, kind, is_needed) in columns {
        let value = if kind == "INTEGER" { "1000" } else { "'x'" };
        let other = if kind == "INTEGER" { "+ 1000" } else { "|| ' '" };
        let is_in_row = format!("sequence = {row} AND {column} IS");
        changes.push(format!("SET {column} = {column} {other} WHERE {is_in_row} NOT NULL"));
        changes.push(format!("SET {column} = {value} WHERE {is_in_row} NULL"));
        if !is_needed {
            changes.push(format!("SET {column} = NULL WHERE {is_in_row} NOT NULL"));
        }
    }
    changes
}

#[tokio::test]
async fn a_change_of_any_column_of_a_row_is_found_in_that_row() {
    let kept = filled().await;
    let audit = kept.audit().await;
    let mut file = kept.intruder().await;
    run(&mut file, "CREATE TABLE copy AS SELECT * FROM audit").await;
    let mut seen = 0;
    for row in [3, 4] {
        for change in changes(&mut file, row).await {
            let statement = AssertSqlSafe(format!("UPDATE audit {change}"));
            if sqlx::query(statement).execute(&mut file).await.unwrap().rows_affected() == 0 {
                continue;
            }
            let broken = audit.verify().await.unwrap().broken;
            assert_eq!(broken.map(|broken| broken.sequence), Some(row), "{change}");
            run(&mut file, "DELETE FROM audit").await;
            run(&mut file, "INSERT INTO audit SELECT * FROM copy").await;
            assert_eq!(audit.verify().await.unwrap().broken, None, "{change} is undone");
            seen += 1;
        }
    }
    assert_eq!(seen, 18 * 2 + 8 + 5, "each column of both rows, and each that could be emptied");
}

#[tokio::test]
async fn rows_that_are_taken_away_put_in_or_exchanged_are_found() {
    let row = "INSERT INTO audit SELECT sequence + 1000, 'copy', kind, at, caller, action, integration_id, target, \
         reason, request_id, is_dry_run, bulk, outcome, code, upstream_status, upstream_code, previous_hash, hash \
         FROM audit WHERE sequence = 2";
    let cases: [(&[&str], i64, &str); 7] = [
        (&["DELETE FROM audit WHERE sequence = 1"], 1, "missing"),
        (&["DELETE FROM audit WHERE sequence = 5"], 5, "missing"),
        (&["DELETE FROM audit WHERE sequence = 8"], 8, "all that came after"),
        (&["DELETE FROM audit WHERE sequence > 2"], 3, "all that came after"),
        (&["DELETE FROM audit"], 1, "all that came after"),
        (
            &[
                "UPDATE audit SET sequence = 99 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 5",
                "UPDATE audit SET sequence = 5 WHERE sequence = 99",
            ],
            3,
            "not as it was written",
        ),
        (&[row], 1002, "put in from outside"),
    ];
    for (statements, sequence, what) in cases {
        let kept = filled().await;
        let mut file = kept.intruder().await;
        for statement in statements {
            run(&mut file, statement).await;
        }
        let broken = kept.broken().await.unwrap();
        assert_eq!(broken.sequence, sequence, "{statements:?}: {broken:?}");
        assert!(broken.what.contains(what), "{statements:?}: {broken:?}");
    }
}

#[tokio::test]
async fn what_was_cut_off_stays_missing_when_more_is_written() {
    let kept = filled().await;
    let mut file = kept.intruder().await;
    run(&mut file, "DELETE FROM audit WHERE sequence > 6").await;
    let audit = kept.audit().await;
    audit.asked(&asked(Action::Refresh, None), at(9)).await.unwrap();
    assert_eq!(kept.broken().await.unwrap().sequence, 7);
}

#[tokio::test]
async fn a_chain_without_its_head_or_with_another_ones_is_damaged() {
    for statement in [
        "DELETE FROM secrets WHERE id = 'audit head'",
        "UPDATE secrets SET sealed_value = (SELECT sealed_value FROM secrets WHERE id = 'audit') \
         WHERE id = 'audit head'",
        "UPDATE secrets SET sealed_value = '' WHERE id = 'audit'",
    ] {
        let kept = filled().await;
        run(&mut kept.intruder().await, statement).await;
        let opened = Audit::open(kept.store(&kept.key, &[]).await).await;
        let damaged = matches!(opened, Err(Error::Store(store::Error::Damaged { .. })));
        assert!(damaged, "{statement}");
    }
}

#[tokio::test]
async fn the_chain_stays_good_under_a_new_master_key() {
    let kept = filled().await;
    let new = Keyring::generate();
    for previous in [&[&kept.key][..], &[]] {
        let audit = Audit::open(kept.store(&new, previous).await).await.unwrap();
        audit.asked(&asked(Action::Refresh, None), at(9)).await.unwrap();
        assert_eq!(audit.verify().await.unwrap().broken, None);
    }
}

#[tokio::test]
async fn a_page_has_the_newest_that_fit_and_tells_whether_more_follow() {
    let kept = Kept::new();
    let audit = kept.audit().await;
    for second in 0..6 {
        let integration = ["acme", "other"][usize::from(second % 2 == 1)];
        let action = if second < 4 { Action::DeleteUser } else { Action::SuspendUser };
        audit.asked(&asked(action, Some(integration)), at(second)).await.unwrap();
    }
    let created = audit.asked(&asked(Action::CreateIntegration, None), at(6)).await.unwrap();
    let end = Ended { target: Some("acme".to_owned()), ..Ended::as_outcome(Outcome::Succeeded) };
    audit.ended(&created, &end, at(7)).await.unwrap();
    audit.asked(&asked(Action::CreateIntegration, None), at(8)).await.unwrap();

    let seconds = async |filter: AuditFilter| {
        let (page, has_more) = audit.page(&filter, 100, None).await.unwrap();
        assert_eq!(audit.count(&filter).await.unwrap(), page.len() as u64);
        assert!(!has_more);
        page.iter().map(|(_, entry)| entry.at.duration_since(at(0)).as_secs()).collect::<Vec<_>>()
    };
    let all = AuditFilter::default();
    assert_eq!(seconds(all.clone()).await, [8, 6, 5, 4, 3, 2, 1, 0]);
    let between = AuditFilter { from: Some(at(2)), to: Some(at(5)), ..all.clone() };
    assert_eq!(seconds(between).await, [4, 3, 2]);
    let of_acme = AuditFilter { integrations: Some(vec!["acme".into()]), ..all.clone() };
    assert_eq!(seconds(of_acme).await, [6, 4, 2, 0], "its making belongs to it too");
    let of_none = AuditFilter { integrations: Some(Vec::new()), ..all.clone() };
    assert_eq!(seconds(of_none).await, Vec::<i64>::new());
    let suspended = AuditFilter { actions: vec![Action::SuspendUser], ..all.clone() };
    assert_eq!(seconds(suspended).await, [5, 4]);
    let others = AuditFilter { caller: Some("bob".to_owned()), ..all.clone() };
    assert_eq!(seconds(others).await, Vec::<i64>::new());

    let (mut walked, mut after) = (0, None);
    loop {
        let (page, has_more) = audit.page(&all, 3, after).await.unwrap();
        walked += page.len();
        after = page.last().map(|(position, _)| *position);
        if !has_more {
            break;
        }
    }
    assert_eq!(walked, 8);
}

#[tokio::test]
async fn everything_is_given_out_in_order_with_its_chain_and_a_bad_row_hides_no_other() {
    let kept = filled().await;
    let audit = kept.audit().await;
    let rows: Vec<_> = audit.export().map(Result::unwrap).collect().await;
    assert_eq!(rows.len(), 8);
    for (number, row) in (1..).zip(&rows) {
        assert_eq!(row["sequence"], number);
    }
    assert!(rows.windows(2).all(|pair| pair[0]["hash"] == pair[1]["previousHash"]));
    assert_eq!(rows[0]["caller"], "ada");
    assert_eq!(rows[0]["at"], at(0).to_string());
    assert_eq!((&rows[1]["outcome"], &rows[1]["upstreamStatus"]), (&"FAILED".into(), &409.into()));
    let mut file = kept.intruder().await;
    run(&mut file, "UPDATE audit SET at = 9223372036854775807 WHERE sequence = 3").await;
    let rows: Vec<_> = audit.export().collect().await;
    assert!(matches!(rows[2], Err(Error::Unreadable { sequence: 3 })));
    assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 7);
}

#[test]
fn every_action_has_the_name_of_its_mutation() {
    for action in Action::ALL {
        assert_eq!(Action::from_word(action.word()), Some(*action));
    }
    assert_eq!(Action::CancelUserDeletion.word(), "cancelUserDeletion");
    assert_eq!(Outcome::DryRun.word(), "DRY_RUN");
    assert_eq!(Outcome::from_word("SUCCEEDED"), Some(Outcome::Succeeded));
}
