-- The licence figures of one day, a row a product instance. Dates are ISO 8601, instants microseconds since 1970, money
-- decimals as text, since a number would not be exact. A null is "was not known".
CREATE TABLE license_snapshots (
    date TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    product_key TEXT NOT NULL,
    site_url TEXT,
    is_sandbox BOOLEAN NOT NULL,
    inactive_for_days BIGINT NOT NULL,
    purchased BIGINT,
    purchased_source TEXT NOT NULL,
    used BIGINT,
    active BIGINT,
    inactive BIGINT,
    never_used BIGINT,
    unknown BIGINT,
    needed BIGINT,
    reclaimable BIGINT,
    robots BIGINT,
    protected BIGINT,
    newcomers BIGINT,
    monthly_cost TEXT,
    monthly_waste TEXT,
    currency TEXT,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (date, integration_id, resource_id)
);
