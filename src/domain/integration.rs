use serde::{Deserialize, Serialize};

/// One finding of the connection test: what a credential unlocks, what is missing and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationCheck {
    /// A stable name, such as `organization-key`.
    pub name: String,
    /// The credential that the finding is about.
    pub credential: CredentialKind,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What was found; holds no secret and no e-mail address.
    pub message: String,
    /// What to do, in the admin console's own words.
    pub remedy: Option<String>,
    /// What works once this passes.
    pub unlocks: Vec<String>,
}

impl IntegrationCheck {
    /// The name of the check whether the site belongs to the organization.
    pub const SITE_ORGANIZATION: &str = "site-organization";
}

/// Which of the six fields a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// The organization API key.
    OrganizationApiKey,
    /// The admin's e-mail address and API token.
    ApiToken,
    /// The site's address.
    AdminUrl,
    /// The organization id.
    OrganizationId,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// All is well.
    Passed,
    /// Works, with something missing.
    Warning,
    /// Does not work.
    Failed,
    /// Could not be asked, because an earlier check failed.
    Skipped,
}

/// What the checks amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrationStatus {
    /// Every check passed.
    Connected,
    /// Readable, with something missing.
    Degraded,
    /// The organization cannot be read, or the site is another's.
    Failed,
    /// Never checked.
    Unverified,
}

impl IntegrationStatus {
    /// What a list of checks amounts to. The organization's key and id decide whether anything can be
    /// read at all, and another organization's site would mix its people in; what else is wrong with the site's
    /// credentials only takes features away.
    #[must_use]
    pub fn of(checks: &[IntegrationCheck]) -> Self {
        let essential = |check: &IntegrationCheck| {
            matches!(
                check.credential,
                CredentialKind::OrganizationApiKey | CredentialKind::OrganizationId
            ) || check.name == IntegrationCheck::SITE_ORGANIZATION
        };
        if checks.is_empty() {
            Self::Unverified
        } else if checks.iter().any(|c| c.outcome == CheckOutcome::Failed && essential(c)) {
            Self::Failed
        } else if checks.iter().all(|c| c.outcome == CheckOutcome::Passed) {
            Self::Connected
        } else {
            Self::Degraded
        }
    }
}
