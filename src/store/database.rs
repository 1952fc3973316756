use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqlStr, Sqlite, SqlitePool, SqliteTransaction,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Error, Keyring};

/// Where the store is.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The `SQLite` file; it and its folder are created where absent, readable by this user only.
    pub path: PathBuf,
}

/// The open store. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) pool: SqlitePool,
    pub(super) keys: Arc<Keyring>,
}

/// The tables' history, oldest first. A released file is never changed: its checksum is in every store.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "integrations", include_str!("migrations/0001_integrations.sql")),
    (2, "audit", include_str!("migrations/0002_audit.sql")),
    (3, "read only", include_str!("migrations/0003_read_only.sql")),
    (4, "deletions", include_str!("migrations/0004_deletions.sql")),
    (6, "license snapshots", include_str!("migrations/0006_license_snapshots.sql")),
    (7, "feed tokens", include_str!("migrations/0007_feed_tokens.sql")),
];

/// Reads happen at start and after a change only, and `SQLite` writes one at a time: few connections are plenty.
const CONNECTIONS: u32 = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the store: creates the file, brings its tables up to date, and checks the master key. Where the
    /// store is written with a previous key, everything is sealed anew under the current one, or nothing is.
    ///
    /// # Errors
    /// The file cannot be created, belongs to a later version, or is written with a key that was not given.
    pub async fn open(settings: &StoreSettings, keys: Keyring) -> Result<Self, Error> {
        prepare_file(&settings.path)
            .map_err(|cause| Error::File { path: settings.path.clone(), cause: cause.into() })?;
        let options = SqliteConnectOptions::new()
            .filename(&settings.path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An audit line must survive a power cut that comes right after the deletion it announced.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            // A removed integration's sealed secrets leave the file too.
            .pragma("secure_delete", "on")
            .disable_statement_logging();
        let pool =
            SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        migrator().run(&pool).await?;
        let store = Self { pool, keys: Arc::new(keys) };
        store.check_master_key().await?;
        Ok(store)
    }

    /// Asks the database for one constant, for the health check.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query_scalar::<Sqlite, i64>("SELECT 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Closes the file, so that another process finds everything in it. Later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Begins a transaction that writes. It takes the write lock at once: one that reads first and then writes
    /// could be refused half-way, whatever the busy time-out.
    pub(super) async fn begin_write(&self) -> Result<SqliteTransaction<'static>, Error> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(version, description.into(), kind, SqlStr::from_static(sql), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Creates the file and its folder before `SQLite` would, which asks for wider rights. `SQLite` gives the files
/// beside it (`-wal`, `-shm`) the same rights as the file itself.
fn prepare_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
