-- One row: which master key the sealed columns are written with, and a value that only this key opens.
CREATE TABLE master_key (
    id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    sealed_check TEXT NOT NULL
);

-- Integrations that were made through the API. Instants are microseconds since 1970, dates ISO 8601, checks JSON.
CREATE TABLE integrations (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    admin_url TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed_admin_email TEXT NOT NULL,
    sealed_api_token TEXT NOT NULL,
    sealed_organization_api_key TEXT NOT NULL,
    api_key_expires_on TEXT,
    api_token_expires_on TEXT,
    credentials_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_validated_at BIGINT,
    checks TEXT NOT NULL,
    UNIQUE (organization_id, admin_url)
);

-- What is remembered of integrations that the configuration file declares: never their credentials, only a sealed
-- fingerprint that tells whether they changed since the last start.
CREATE TABLE declared_integrations (
    id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    sealed_fingerprint TEXT NOT NULL,
    credentials_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_validated_at BIGINT,
    checks TEXT NOT NULL
);
