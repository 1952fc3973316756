use async_graphql::SimpleObject;

use super::enums::UserErrorCode;
use crate::{
    domain::{self, CredentialKind},
    integrations::{Invalid, InvalidReason},
};

/// An expected refusal. Authentication, validation and Atlassian's failures are top-level errors instead.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserError {
    /// Stable, for programs.
    code: UserErrorCode,
    /// For people: what is wrong and what to do.
    message: String,
    /// Which part of the input it is about.
    path: Option<Vec<String>>,
    /// Whether the same may work later.
    is_retryable: bool,
    /// Atlassian's own code or reason, where Atlassian refused.
    upstream_code: Option<String>,
    /// Atlassian's page about it.
    link: Option<String>,
}

impl From<domain::Refusal> for UserError {
    fn from(refusal: domain::Refusal) -> Self {
        Self {
            code: refusal.code.into(),
            message: refusal.message,
            path: (!refusal.path.is_empty()).then_some(refusal.path),
            is_retryable: refusal.is_retryable,
            upstream_code: refusal.upstream_code,
            link: refusal.link,
        }
    }
}

impl UserError {
    pub(super) fn new(code: UserErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: None,
            is_retryable: false,
            upstream_code: None,
            link: None,
        }
    }

    pub(super) fn word(&self) -> &'static str {
        self.code.into()
    }

    pub(super) fn at(mut self, path: &[&str]) -> Self {
        self.path = Some(path.iter().map(|part| (*part).to_owned()).collect());
        self
    }

    pub(super) fn invalid(invalid: &Invalid) -> Self {
        let code = match invalid.reason {
            InvalidReason::HostNotAllowed => UserErrorCode::HostNotAllowed,
            _ => UserErrorCode::InvalidInput,
        };
        Self::new(code, invalid.message.clone()).at(invalid.field.path())
    }

    pub(super) fn failed(check: &domain::IntegrationCheck) -> Self {
        let remedy = check.remedy.as_deref().map(|remedy| format!(". {remedy}"));
        let message = format!("{}{}", check.message, remedy.unwrap_or_default());
        let field = match check.credential {
            CredentialKind::OrganizationApiKey => "organizationApiKey",
            CredentialKind::ApiToken => "apiToken",
            CredentialKind::AdminUrl => "adminUrl",
            CredentialKind::OrganizationId => "organizationId",
        };
        Self::new(UserErrorCode::InvalidCredentials, message).at(&["input", "credentials", field])
    }
}
