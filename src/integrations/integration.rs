use std::sync::Arc;

use jiff::{Timestamp, civil::Date};

use crate::{
    domain::{Credentials, IntegrationCheck, IntegrationId, IntegrationStatus},
    store::StoredIntegration,
};

/// One connected organization and site.
#[derive(Debug, Clone)]
pub struct Integration {
    /// The id: the file's word for a declared one, random for a stored one.
    pub id: IntegrationId,
    /// The name that people read.
    pub label: String,
    /// What it speaks to Atlassian with.
    pub credentials: Arc<Credentials>,
    /// Where it is kept.
    pub origin: Origin,
    /// The day on which the organization API key ends, as the admin told it.
    pub api_key_expires_on: Option<Date>,
    /// The day on which the API token ends, as the admin told it.
    pub api_token_expires_on: Option<Date>,
    /// Whether people may only be looked at through it: no change reaches Atlassian.
    pub is_read_only: bool,
    /// When it was made; for a declared one, when it was first seen in the file.
    pub created_at: Timestamp,
    /// When its credentials were last tested; `None` again after they changed.
    pub last_validated_at: Option<Timestamp>,
    /// What that test found.
    pub checks: Vec<IntegrationCheck>,
    /// Grows whenever the credentials change, across restarts too. With the id it names one set of credentials.
    pub version: u64,
}

/// Where an integration is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// In the configuration file; the API cannot change it.
    Declared,
    /// In the store; made through the API.
    Stored,
}

impl Integration {
    /// What the last test amounts to.
    #[must_use]
    pub fn status(&self) -> IntegrationStatus {
        IntegrationStatus::of(&self.checks)
    }

    /// Whether the other one speaks for the same organization and site.
    pub(super) fn is_same_place(&self, other: &Credentials) -> bool {
        self.credentials.organization_id == other.organization_id
            && self.credentials.admin_url == other.admin_url
    }
}

impl From<StoredIntegration> for Integration {
    fn from(row: StoredIntegration) -> Self {
        Self {
            id: row.id,
            label: row.label,
            credentials: Arc::new(row.credentials),
            origin: Origin::Stored,
            api_key_expires_on: row.api_key_expires_on,
            api_token_expires_on: row.api_token_expires_on,
            is_read_only: row.is_read_only,
            created_at: row.created_at,
            last_validated_at: row.last_validated_at,
            checks: row.checks,
            version: row.credentials_version,
        }
    }
}
