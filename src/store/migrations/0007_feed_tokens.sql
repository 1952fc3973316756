-- Static secrets for tools that pull tables. Of the secret only its SHA-256 is kept. `integrations` is null for all of them.
-- Instants are microseconds since 1970.
CREATE TABLE feed_tokens (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    tables TEXT NOT NULL,
    queries TEXT NOT NULL,
    integrations TEXT,
    shows_personal_data BOOLEAN NOT NULL,
    is_accepted_in_url BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
