use jiff::Timestamp;

use super::{ChangeError, Changed, Changes, Place, Result, refusal::may_be_made};
use crate::{
    audit::{self, Action, Asked, Audit, Ended, EntryId, Outcome},
    domain::{Actor, Refusal},
    organizations::{Error, clock::now},
};

/// Writes a change that was refused before anything was done about it.
///
/// # Errors
/// The audit log cannot be written.
pub async fn refused(
    audit: &Audit,
    asked: &Asked,
    refusal: &str,
    now: Timestamp,
) -> Result<(), audit::Error> {
    let entry = audit.asked(asked, now).await?;
    audit.ended(&entry, &ended(Outcome::Refused, Some(refusal.to_owned())), now).await
}

fn ended(outcome: Outcome, code: Option<String>) -> Ended {
    Ended { code, ..Ended::as_outcome(outcome) }
}

/// What a change says of itself before it is made.
pub(super) struct Announcement<'a> {
    pub(super) action: Action,
    pub(super) target: Option<String>,
    pub(super) reason: Option<&'a str>,
    pub(super) is_dry_run: bool,
    pub(super) bulk: Option<String>,
}

impl Changes {
    /// Writes what is wanted. Nothing is done where this fails.
    pub(super) async fn asked(
        &self,
        place: Option<&Place>,
        actor: &Actor,
        announcement: Announcement<'_>,
    ) -> Result<EntryId> {
        let asked = Asked {
            caller: actor.subject.clone(),
            action: announcement.action,
            integration: place.map(|place| place.integration.id.clone()),
            target: announcement.target,
            reason: announcement.reason.map(str::to_owned),
            request_id: actor.request_id.clone(),
            is_dry_run: announcement.is_dry_run,
            bulk: announcement.bulk,
        };
        Ok(self.inner.audit.asked(&asked, now()).await?)
    }

    /// Writes how it ended. What was done stays done where this fails: the next start writes it.
    pub(super) async fn ended<T>(&self, entry: &EntryId, outcome: &Result<Changed<T>>) {
        let ended = match outcome {
            // Whoever settles the deletion writes how it ended.
            Ok(changed) if changed.ended == Outcome::Pending => return,
            Ok(changed) => {
                let code = changed.refusals.first().map(code);
                let upstream = changed.upstream.clone().unwrap_or_default();
                Ended {
                    upstream_status: upstream.status,
                    upstream_code: upstream.code,
                    ..ended(changed.ended, code)
                }
            }
            Err(ChangeError::Refused(refusals)) => {
                ended(Outcome::Refused, refusals.first().map(code))
            }
            Err(ChangeError::Organization(Error::Upstream(error))) => Ended {
                upstream_status: error.status,
                upstream_code: error.code.clone(),
                // Not known is not failed.
                ..ended(
                    if may_be_made(error) { Outcome::Interrupted } else { Outcome::Failed },
                    None,
                )
            },
            Err(ChangeError::Organization(_) | ChangeError::Internal) => {
                ended(Outcome::Failed, None)
            }
        };
        self.end(entry, &ended).await;
    }

    pub(super) async fn end(&self, entry: &EntryId, ended: &Ended) {
        match self.inner.audit.ended(entry, ended, now()).await {
            Ok(()) | Err(audit::Error::AlreadyEnded) => {}
            Err(error) => {
                tracing::error!(audit.entry = %entry, error = %error, "The end of a change could not be written to the audit log");
            }
        }
    }
}

/// The code as the caller is told it.
pub(super) fn code(refusal: &Refusal) -> String {
    <&str>::from(refusal.code).to_owned()
}
