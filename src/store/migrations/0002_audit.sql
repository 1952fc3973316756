-- What this program made up for itself and must know again after a restart, each under a name.
CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    sealed_value TEXT NOT NULL
) STRICT;

-- The record of changes: a row when somebody asks for a change, another when it has ended. `at` is microseconds since 1970.
-- The hash covers the sequence, the previous row's hash and every column between them.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    caller TEXT,
    action TEXT,
    integration_id TEXT,
    target TEXT,
    reason TEXT,
    request_id TEXT,
    is_dry_run INTEGER,
    bulk TEXT,
    outcome TEXT,
    code TEXT,
    upstream_status INTEGER,
    upstream_code TEXT,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (entry, kind)
) STRICT;

-- Against mistakes, not against whoever can write the file: the hashes are for that.
CREATE TRIGGER audit_rows_do_not_change BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'a row of the record of changes does not change');
END;

CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'a row of the record of changes stays');
END;

-- `INSERT OR REPLACE` deletes without telling the trigger above.
CREATE TRIGGER audit_rows_are_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (
    SELECT 1 FROM audit WHERE sequence = NEW.sequence OR (entry = NEW.entry AND kind = NEW.kind)
)
BEGIN
    SELECT RAISE(ABORT, 'a row of the record of changes is not replaced');
END;
