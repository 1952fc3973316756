-- Whether people may only be looked at through the integration.
ALTER TABLE integrations ADD COLUMN is_read_only INTEGER NOT NULL DEFAULT 0;
