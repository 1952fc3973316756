//! The store's file, as somebody sees it who has it.

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// The database file of a gateway, whether it runs or not.
pub(super) struct File(PathBuf);

impl File {
    pub(super) fn of(folder: &Path) -> Self {
        Self(folder.join("headcount.db"))
    }

    async fn open(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(&self.0);
        options.connect().await.expect("the file can be opened")
    }

    /// One number.
    pub(super) async fn number(&self, query: &'static str) -> i64 {
        let mut file = self.open().await;
        let number = sqlx::query_scalar(query).fetch_one(&mut file).await.expect("a number");
        file.close().await.expect("closed");
        number
    }

    /// Does something to it.
    pub(super) async fn change(&self, statements: &'static str) {
        let mut file = self.open().await;
        sqlx::raw_sql(statements).execute(&mut file).await.expect("done");
        file.close().await.expect("closed");
    }
}
