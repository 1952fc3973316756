//! The connection test of API.md, section 1: what each credential unlocks, what is missing, and how to mend it.

mod expiry;
mod key;
mod site;

pub use self::expiry::expiry;
use crate::{
    atlassian::Client,
    domain::{CheckOutcome, CredentialKind, Credentials, IntegrationCheck},
};

/// Runs every check; those of the organization and those of the site side by side.
pub(super) async fn run(client: &Client, credentials: &Credentials) -> Vec<IntegrationCheck> {
    let (organization, site) =
        futures_util::join!(key::checks(client), site::checks(client, credentials));
    let is_readable = organization.iter().all(|check| check.outcome != CheckOutcome::Failed);
    let account = site.own_account.filter(|_| is_readable);
    let management = key::management(client, account).await;
    organization.into_iter().chain(site.checks).chain([management]).collect()
}

/// What a check is about.
struct Topic {
    name: &'static str,
    credential: CredentialKind,
    unlocks: &'static [&'static str],
}

impl Topic {
    fn passed(&self, message: impl Into<String>) -> IntegrationCheck {
        self.check(CheckOutcome::Passed, message.into(), None)
    }

    fn warning(&self, message: impl Into<String>, remedy: &str) -> IntegrationCheck {
        self.check(CheckOutcome::Warning, message.into(), Some(remedy))
    }

    fn failed(&self, message: impl Into<String>, remedy: &str) -> IntegrationCheck {
        self.check(CheckOutcome::Failed, message.into(), Some(remedy))
    }

    fn skipped(&self, why: &str) -> IntegrationCheck {
        self.check(CheckOutcome::Skipped, format!("not asked, because {why}"), None)
    }

    fn check(
        &self,
        outcome: CheckOutcome,
        message: String,
        remedy: Option<&str>,
    ) -> IntegrationCheck {
        IntegrationCheck {
            name: self.name.to_owned(),
            credential: self.credential,
            outcome,
            message,
            remedy: remedy.map(str::to_owned),
            unlocks: self.unlocks.iter().map(|what| (*what).to_owned()).collect(),
        }
    }
}

/// What to do where Atlassian could not be asked.
const LATER: &str = "Try again in a few minutes; status.atlassian.com tells of outages.";

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
