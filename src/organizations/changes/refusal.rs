use super::findings::denial;
use crate::{
    atlassian::{Error, ErrorKind},
    domain::{Finding, Refusal, RefusalCode},
};

/// What a refusal of Atlassian's means for the caller; `None` for what is a failure and no refusal.
pub(super) fn refusals(error: &Error) -> Option<Vec<Refusal>> {
    let upstream = error.reason().or(error.code.as_deref());
    let one = |code, message: String| Some(vec![Refusal::new(code, message).of_upstream(upstream)]);
    match error.kind {
        ErrorKind::InsufficientScope => one(
            RefusalCode::UpstreamRefused,
            "the organization API key was made with scopes, and Atlassian takes only a key without scopes for this: \
             create one in Atlassian Administration > Organization settings > API keys and enter it with \
             updateIntegration"
                .to_owned(),
        ),
        ErrorKind::Conflict if !error.conflicts().is_empty() => {
            Some(error.conflicts().iter().map(conflict).collect())
        }
        ErrorKind::Conflict => one(
            RefusalCode::UpstreamRefused,
            "Atlassian says that the account's present state does not allow it".to_owned(),
        ),
        ErrorKind::Forbidden => match error.code.as_deref() {
            Some("forbidden.action") => {
                let (code, message) = denial(error.reason());
                one(code.into(), message)
            }
            Some("forbidden.targetUnverified") => one(
                RefusalCode::UpstreamRefused,
                "the person never verified the e-mail address of the account; until then Atlassian lets nobody manage \
                 it"
                .to_owned(),
            ),
            Some("forbidden") => one(
                RefusalCode::NotManaged,
                "the organization does not manage this account, or the key may not: it can be suspended, or removed with \
                 the scopes ORGANIZATION and SITE"
                    .to_owned(),
            ),
            _ => one(
                RefusalCode::UpstreamRefused,
                "Atlassian does not let the integration's credentials do this: on a site the admin must be in the \
                 site-admins group, in an organization the key must be an organization admin's"
                    .to_owned(),
            ),
        },
        ErrorKind::NotFound if error.is_absence() => {
            one(RefusalCode::NotFound, "Atlassian does not know the account here any more".to_owned())
        }
        ErrorKind::NotFound => one(
            RefusalCode::UpstreamRefused,
            "Atlassian does not know the integration's organization or site; check its Admin URL and its organization \
             id with validateIntegration"
                .to_owned(),
        ),
        ErrorKind::BadRequest => {
            one(RefusalCode::UpstreamRefused, "Atlassian cannot do this for the account".to_owned())
        }
        ErrorKind::PlanRequired => one(
            RefusalCode::UpstreamRefused,
            "the organization's plan does not have what this needs".to_owned(),
        ),
        _ => None,
    }
}

fn conflict(conflict: &crate::atlassian::Conflict) -> Refusal {
    let message =
        conflict.message.as_deref().unwrap_or("the account's present state does not allow it");
    let mut refusal =
        Refusal::new(RefusalCode::UpstreamRefused, format!("Atlassian says: {message}"))
            .of_upstream(Some(&conflict.code));
    refusal.link.clone_from(&conflict.link);
    refusal
}

/// The calls that change something.
const CHANGES: [&str; 8] = [
    "lifecycle/delete",
    "lifecycle/cancel-delete",
    "lifecycle/disable",
    "lifecycle/enable",
    "users/suspend",
    "users/restore",
    "users/remove",
    "user/remove",
];

/// Whether an error leaves open that a change was made.
pub(super) fn may_be_made(error: &Error) -> bool {
    CHANGES.contains(&error.operation) && is_ambiguous(error)
}

/// Whether the call may have been carried out although it failed.
pub(super) fn is_ambiguous(error: &Error) -> bool {
    match error.kind {
        ErrorKind::Unavailable
        | ErrorKind::Timeout
        | ErrorKind::Connection
        | ErrorKind::InvalidResponse
        | ErrorKind::ForeignHost => true,
        ErrorKind::Unauthorized
        | ErrorKind::CaptchaRequired
        | ErrorKind::Forbidden
        | ErrorKind::InsufficientScope
        | ErrorKind::PlanRequired
        | ErrorKind::NotFound
        | ErrorKind::InvalidCursor
        | ErrorKind::BadRequest
        | ErrorKind::Conflict
        | ErrorKind::RateLimited
        | ErrorKind::RepeatedCursor => false,
    }
}

/// Findings that stand in the way, as refusals.
pub(super) fn of_blockers(blockers: &[Finding]) -> Vec<Refusal> {
    let refusal = |finding: &Finding| Refusal::new(finding.code.into(), finding.message.clone());
    blockers.iter().map(refusal).collect()
}
