-- Deletions that were asked for, announced before Atlassian is. Instants are microseconds since 1970.
CREATE TABLE deletions (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    integration_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    is_outcome_known BOOLEAN NOT NULL,
    requested_by TEXT NOT NULL,
    request_id TEXT NOT NULL,
    reason TEXT,
    requested_at BIGINT NOT NULL,
    purges_at BIGINT,
    changed_at BIGINT NOT NULL,
    directories TEXT NOT NULL,
    failures TEXT NOT NULL,
    bulk_id TEXT,
    audit_entry TEXT NOT NULL
);
CREATE INDEX deletions_by_account ON deletions (account_id, sequence);
CREATE INDEX deletions_by_state ON deletions (state, sequence);

-- Idempotency keys of the last 24 hours. `answer` is null while the change is on its way.
CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    input TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    deletion_id TEXT,
    answer TEXT,
    PRIMARY KEY (caller, idempotency_key)
);

-- Changes that the caps count, of the last day.
CREATE TABLE counted_changes (
    id TEXT PRIMARY KEY,
    caller TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX counted_changes_by_instant ON counted_changes (at);

-- Runs of many deletions, and their people in the order that was asked for.
CREATE TABLE bulk_deletions (
    id TEXT PRIMARY KEY,
    requested_by TEXT NOT NULL,
    request_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    reason TEXT,
    is_dry_run BOOLEAN NOT NULL,
    requested_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE TABLE bulk_deletion_items (
    bulk_id TEXT NOT NULL REFERENCES bulk_deletions (id),
    position BIGINT NOT NULL,
    integration_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    confirmed TEXT,
    deletion_id TEXT,
    refusals TEXT NOT NULL,
    is_done BOOLEAN NOT NULL,
    PRIMARY KEY (bulk_id, position)
);
