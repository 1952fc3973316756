use serde::{Deserialize, Serialize};

/// Who wants something changed, as the record of changes and the rules about oneself need to know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The token's `sub`.
    pub subject: String,
    /// The id of the request, so that the record of changes leads to its log lines.
    pub request_id: String,
}

/// Something about a person that speaks against a change, or that whoever decides should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// For programs.
    pub code: FindingCode,
    /// For people: what it is and what to do about it.
    pub message: String,
}

impl Finding {
    /// A finding in words.
    #[must_use]
    pub fn new(code: FindingCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What was found about a person before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FindingCode {
    /// The organization does not manage the account.
    NotManaged,
    /// The organization would be left without an admin.
    LastAdmin,
    /// The caller, or the admin whose credentials the integration uses.
    SelfAccount,
    /// On the operator's list of people who are never touched.
    Protected,
    /// An identity provider owns the account.
    IdpOwned,
    /// The organization key may not do it, or Atlassian could not say whether it may.
    NotPermitted,
    /// The account waits for its deletion already.
    AlreadyScheduled,
    /// Was active a short while ago.
    ActiveRecently,
    /// Looks like a program's account.
    ServiceAccount,
    /// The integration has no site of this organization.
    NoSuchSite,
}

/// An expected refusal of a change, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For programs.
    pub code: RefusalCode,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// Which part of the input it is about; empty where it is about none.
    pub path: Vec<String>,
    /// Whether the same may work later.
    pub is_retryable: bool,
    /// Atlassian's own code or reason, where Atlassian refused.
    pub upstream_code: Option<String>,
    /// Atlassian's page about it.
    pub link: Option<String>,
}

impl Refusal {
    /// A refusal that stays one.
    #[must_use]
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: Vec::new(),
            is_retryable: false,
            upstream_code: None,
            link: None,
        }
    }

    /// Says which part of the input it is about.
    #[must_use]
    pub fn at(mut self, path: &[&str]) -> Self {
        self.path = path.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// Says that the same may work later.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.is_retryable = true;
        self
    }

    /// Gives Atlassian's own code.
    #[must_use]
    pub fn of_upstream(mut self, code: Option<&str>) -> Self {
        self.upstream_code = code.map(str::to_owned);
        self
    }
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum RefusalCode {
    /// There is no such thing, or the caller may not see it.
    NotFound,
    /// The caller lacks the permission.
    Forbidden,
    /// The organization does not manage the account.
    NotManaged,
    /// The organization would be left without an admin.
    LastAdmin,
    /// The caller, or the integration's own admin.
    #[strum(serialize = "SELF")]
    SelfAccount,
    /// On the list of people who are never touched.
    Protected,
    /// An identity provider owns the account.
    IdpOwned,
    /// The account waits for its deletion already.
    AlreadyScheduled,
    /// There is nothing to cancel.
    NotScheduled,
    /// The fourteen days are over.
    GracePeriodOver,
    /// What the caller confirmed is no longer so.
    StaleConfirmation,
    /// The operator wants a confirmation.
    ConfirmationRequired,
    /// The idempotency key was used for something else.
    IdempotencyConflict,
    /// A brake of the operator's.
    CapReached,
    /// Changes are switched off.
    ReadOnly,
    /// A value is wrong.
    InvalidInput,
    /// Atlassian refused.
    UpstreamRefused,
}

impl From<FindingCode> for RefusalCode {
    /// As what a finding refuses a change.
    fn from(code: FindingCode) -> Self {
        match code {
            FindingCode::NotManaged => Self::NotManaged,
            FindingCode::LastAdmin => Self::LastAdmin,
            FindingCode::SelfAccount => Self::SelfAccount,
            FindingCode::Protected => Self::Protected,
            FindingCode::IdpOwned => Self::IdpOwned,
            FindingCode::AlreadyScheduled => Self::AlreadyScheduled,
            FindingCode::NotPermitted
            | FindingCode::ActiveRecently
            | FindingCode::ServiceAccount
            | FindingCode::NoSuchSite => Self::UpstreamRefused,
        }
    }
}
