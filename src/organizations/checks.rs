//! The connection test of API.md, section 1: what each credential unlocks, what is missing, and how to mend it.

use std::future::Future;

use jiff::civil::Date;

use super::ErrorKind;
use crate::{
    atlassian::{Client, Error},
    domain::{
        AccountId, ActivityFilter, CheckOutcome, CredentialKind, Credentials, IntegrationCheck,
    },
};

/// Days before its expiry from which on a credential is warned of.
const WARN_DAYS: i32 = 30;

/// Runs every check; those of the organization and those of the site side by side.
pub(super) async fn run(client: &Client, credentials: &Credentials) -> Vec<IntegrationCheck> {
    let (mut checks, site) =
        futures_util::join!(organization_checks(client), site_checks(client, credentials));
    let account = site.own_account.clone();
    let is_readable = checks.iter().all(|check| check.outcome != CheckOutcome::Failed);
    checks.extend(site.checks);
    checks.push(management_check(client, account, is_readable).await);
    checks
}

fn check(
    name: &str,
    credential: CredentialKind,
    outcome: CheckOutcome,
    message: impl Into<String>,
) -> IntegrationCheck {
    IntegrationCheck {
        name: name.to_owned(),
        credential,
        outcome,
        message: message.into(),
        remedy: None,
        unlocks: Vec::new(),
    }
}

/// What a check says and unlocks, and what to do where it does not pass.
struct Said {
    check: IntegrationCheck,
}

impl Said {
    fn new(check: IntegrationCheck) -> Self {
        Self { check }
    }

    fn remedy(mut self, remedy: &str) -> Self {
        self.check.remedy = Some(remedy.to_owned());
        self
    }

    fn unlocks(mut self, what: &[&str]) -> IntegrationCheck {
        self.check.unlocks = what.iter().map(|what| (*what).to_owned()).collect();
        self.check
    }
}

async fn organization_checks(client: &Client) -> Vec<IntegrationCheck> {
    use CheckOutcome::{Failed, Passed, Skipped, Warning};
    use CredentialKind::{OrganizationApiKey as Key, OrganizationId as Id};
    const KEY: &[&str] = &["users", "groups", "products", "roles"];

    let key = "organization-api-key";
    let profile = match client.organization().await {
        Ok(profile) => profile,
        Err(error) => {
            let (credential, name, message, remedy) = match error.kind {
                ErrorKind::NotFound => (
                    Id,
                    "organization-id",
                    "no organization with this id is known to the key".to_owned(),
                    "Copy the Organization ID from the address of Atlassian Administration \
                     (admin.atlassian.com/o/{Organization ID}), or from the page that showed the API key.",
                ),
                ErrorKind::Unauthorized => (
                    Key,
                    key,
                    "the organization API key was not accepted: it is wrong, expired or revoked".to_owned(),
                    "In Atlassian Administration choose Settings > API keys > Create API key, without \
                     scopes, and enter the new key here.",
                ),
                ErrorKind::Forbidden | ErrorKind::InsufficientScope => (
                    Key,
                    key,
                    "the organization API key may not read this organization".to_owned(),
                    "Check that the Organization ID belongs to the organization in which the key was made, \
                     and that the person who made it is still an organization admin.",
                ),
                _ => (Key, key, unreachable(&error), "Try again; see status.atlassian.com."),
            };
            let failed = Said::new(check(name, credential, Failed, message)).remedy(remedy);
            let skipped = |name: &str| {
                check(name, Key, Skipped, "not asked, because the organization cannot be read")
            };
            return vec![
                failed.unlocks(KEY),
                skipped("verified-domains"),
                skipped("directories"),
                skipped("audit-log"),
            ];
        }
    };
    let passed = check(key, Key, Passed, format!("reads the organization \"{}\"", profile.name));
    let events = ActivityFilter::default();
    let (domains, directories, events) = futures_util::join!(
        client.domains(),
        client.directories(),
        client.events(&events, 1, None)
    );
    let domains = match domains {
        Ok(domains) if domains.iter().any(|domain| domain.is_verified) => {
            Said::new(check("verified-domains", Key, Passed, "at least one domain is verified"))
        }
        Ok(_) => Said::new(check(
            "verified-domains",
            Key,
            Warning,
            "no domain is verified, so there are no managed accounts: no account can be deleted",
        ))
        .remedy("In Atlassian Administration choose Directory > Domains and verify your domain, then claim its accounts."),
        Err(error) => refused("verified-domains", Key, "the domains", &error),
    };
    let directories = match directories {
        Ok(directories) => Said::new(check(
            "directories",
            Key,
            Passed,
            format!("{} found", plural(directories.len(), "directory", "directories")),
        )),
        Err(error) => refused("directories", Key, "the directories", &error),
    };
    let events = match events {
        Ok(_) => Said::new(check("audit-log", Key, Passed, "the audit log can be read")),
        Err(error)
            if matches!(
                error.kind,
                ErrorKind::Forbidden | ErrorKind::PlanRequired | ErrorKind::NotFound
            ) =>
        {
            Said::new(check("audit-log", Key, Warning, "the audit log cannot be read"))
                .remedy("The audit log needs Atlassian Guard or an Enterprise plan; a key with scopes also needs read:events:admin.")
        }
        Err(error) => refused("audit-log", Key, "the audit log", &error),
    };
    vec![
        Said::new(passed).unlocks(KEY),
        Said::new(check("organization-id", Id, Passed, "the key belongs to this organization"))
            .unlocks(&[]),
        domains.unlocks(&["managed accounts"]),
        directories.unlocks(&["suspending and removing people"]),
        events.unlocks(&["activity"]),
    ]
}

/// What the checks of the site found.
struct Site {
    checks: Vec<IntegrationCheck>,
    own_account: Option<AccountId>,
}

async fn site_checks(client: &Client, credentials: &Credentials) -> Site {
    use CheckOutcome::{Failed, Passed, Skipped, Warning};
    use CredentialKind::{AdminUrl, ApiToken};
    const TOKEN: &[&str] = &["seats of the Jira products"];

    let site = match client.server_info().await {
        Ok(info)
            if info.deployment_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("cloud")) =>
        {
            Said::new(check("admin-url", AdminUrl, Passed, "a Jira Cloud site answers")).unlocks(TOKEN)
        }
        Ok(_) => Said::new(check("admin-url", AdminUrl, Failed, "the site is not Jira Cloud"))
            .remedy("Enter the address of a Cloud site, such as https://acme.atlassian.net.")
            .unlocks(TOKEN),
        Err(error) => {
            let message = match error.kind {
                ErrorKind::NotFound => "there is no Jira site at this address".to_owned(),
                _ => unreachable(&error),
            };
            let failed = Said::new(check("admin-url", AdminUrl, Failed, message))
                .remedy("Open Jira in a browser and copy the address, such as https://acme.atlassian.net.")
                .unlocks(TOKEN);
            let skipped = |name: &str, credential| {
                check(name, credential, Skipped, "not asked, because the site does not answer")
            };
            let checks = vec![
                failed,
                skipped("site-organization", AdminUrl),
                skipped("api-token", ApiToken),
                skipped("jira-permissions", ApiToken),
            ];
            return Site { checks, own_account: None };
        }
    };
    let (owner, myself) = futures_util::join!(client.site_organization(), client.myself());
    let owner = match owner {
        Ok(Some(owner)) if owner == credentials.organization_id => Said::new(check(
            "site-organization",
            AdminUrl,
            Passed,
            "the site belongs to the organization",
        )),
        Ok(Some(_)) => Said::new(check(
            "site-organization",
            AdminUrl,
            Failed,
            "the site belongs to another organization, whose data would be mixed into this one",
        ))
        .remedy("Enter the Admin URL of a site of this organization, or the Organization ID and key of the site's own organization."),
        Ok(None) | Err(_) => Said::new(check(
            "site-organization",
            AdminUrl,
            Warning,
            "Atlassian did not tell which organization the site belongs to",
        ))
        .remedy("Compare the site with Atlassian Administration > Apps > Sites."),
    };
    let owner = owner.unlocks(&[]);
    let (token, own_account) = match myself {
        Ok(myself) => {
            let passed = check("api-token", ApiToken, Passed, "the API token is accepted");
            (Said::new(passed).unlocks(TOKEN), Some(myself.account_id))
        }
        Err(error) => {
            let said = match error.kind {
                ErrorKind::CaptchaRequired => Said::new(check(
                    "api-token",
                    ApiToken,
                    Failed,
                    "the site wants a CAPTCHA after too many bad logins",
                ))
                .remedy("Log in to the site once in a browser as the admin, then test again."),
                ErrorKind::Unauthorized => Said::new(check(
                    "api-token",
                    ApiToken,
                    Failed,
                    "the API token was not accepted: it is expired or revoked, or the admin e-mail is not its owner's",
                ))
                .remedy("As the admin open id.atlassian.com > Security > Create and manage API tokens, create a token without scopes and enter it here."),
                _ => Said::new(check("api-token", ApiToken, Failed, unreachable(&error))),
            };
            (said.unlocks(TOKEN), None)
        }
    };
    let permissions = if own_account.is_some() {
        permissions_check(client.my_permissions()).await
    } else {
        check("jira-permissions", ApiToken, Skipped, "not asked, because the token is not accepted")
    };
    Site { checks: vec![site, owner, token, permissions], own_account }
}

async fn permissions_check(
    ask: impl Future<Output = Result<crate::atlassian::MyPermissions, Error>>,
) -> IntegrationCheck {
    use CheckOutcome::{Passed, Warning};
    let (name, token) = ("jira-permissions", CredentialKind::ApiToken);
    let said = match ask.await {
        Ok(mine) if mine.administer && mine.browse_users => {
            Said::new(check(name, token, Passed, "the admin has Administer Jira"))
        }
        Ok(mine) if mine.administer => {
            Said::new(check(name, token, Warning, "the admin lacks Browse users and groups"))
                .remedy("In Jira choose Settings > System > Global permissions and grant Browse users and groups to the admin.")
        }
        Ok(_) => Said::new(check(
            name,
            token,
            Warning,
            "the admin lacks Administer Jira, so seat counts cannot be read",
        ))
        .remedy("In Jira choose Settings > System > Global permissions and grant Administer Jira to the admin, or use the token of a Jira admin."),
        Err(error) => refused(name, token, "the admin's permissions", &error),
    };
    said.unlocks(&["seats of the Jira products"])
}

/// Whether the key was made without scopes: only such a key may delete accounts (AX-719, ID-9051).
async fn management_check(
    client: &Client,
    account: Option<AccountId>,
    is_readable: bool,
) -> IntegrationCheck {
    use CheckOutcome::{Passed, Skipped, Warning};
    let (name, key) = ("account-management", CredentialKind::OrganizationApiKey);
    let Some(account) = account.filter(|_| is_readable) else {
        return check(name, key, Skipped, "not asked, because no account is known to ask about");
    };
    let said = match client.management_permissions(&account).await {
        Ok(_) => {
            Said::new(check(name, key, Passed, "the key was made without scopes and may manage accounts"))
        }
        Err(error) if error.kind == ErrorKind::InsufficientScope => Said::new(check(
            name,
            key,
            Warning,
            "the key was made with scopes: it reads, but cannot delete, deactivate or restore accounts",
        ))
        .remedy("In Atlassian Administration choose Settings > API keys > Create API key and choose \"API key without scopes\"."),
        Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => {
            Said::new(check(
                name,
                key,
                Warning,
                "the admin's own account is not managed by the organization, so that account management could not be tried",
            ))
            .remedy("Verify the domain of the admin's e-mail address, or use an admin with a managed account.")
        }
        Err(error) => refused(name, key, "account management", &error),
    };
    said.unlocks(&["deleting, deactivating and restoring accounts"])
}

/// What the expiry dates that the admin entered say on a given day.
#[must_use]
pub fn expiry(
    api_key: Option<Date>,
    api_token: Option<Date>,
    today: Date,
) -> Vec<IntegrationCheck> {
    let one = |name: &str, credential, what: &str, expires: Option<Date>| {
        let expires = expires?;
        let days = today.until(expires).map(|span| span.get_days()).ok()?;
        let (outcome, message) = if days < 0 {
            (CheckOutcome::Failed, format!("{what} expired on {expires}"))
        } else if days <= WARN_DAYS {
            let left = plural(usize::try_from(days).unwrap_or(0), "day", "days");
            (CheckOutcome::Warning, format!("{what} expires on {expires}, in {left}"))
        } else {
            (CheckOutcome::Passed, format!("{what} is good until {expires}"))
        };
        let said = Said::new(check(name, credential, outcome, message));
        let said = if outcome == CheckOutcome::Passed {
            said
        } else {
            said.remedy("Make a new one before that day and enter it with its expiry date.")
        };
        Some(said.unlocks(&[]))
    };
    let key = one(
        "organization-api-key-expiry",
        CredentialKind::OrganizationApiKey,
        "the organization API key",
        api_key,
    );
    let token = one("api-token-expiry", CredentialKind::ApiToken, "the API token", api_token);
    key.into_iter().chain(token).collect()
}

fn refused(name: &str, credential: CredentialKind, what: &str, error: &Error) -> Said {
    let message = format!("{what} could not be read: {}", unreachable(error));
    Said::new(check(name, credential, CheckOutcome::Warning, message))
}

/// The error in words for an admin; the error's own text holds no secret.
fn unreachable(error: &Error) -> String {
    error.to_string()
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_credential_is_warned_of_a_month_before_it_expires() {
        let today = date(2026, 11, 22);
        let outcome = |expires| expiry(Some(expires), None, today)[0].outcome;
        assert_eq!(outcome(date(2026, 11, 21)), CheckOutcome::Failed);
        assert_eq!(outcome(date(2026, 11, 22)), CheckOutcome::Warning);
        assert_eq!(outcome(date(2026, 12, 22)), CheckOutcome::Warning);
        assert_eq!(outcome(date(2026, 12, 23)), CheckOutcome::Passed);
        assert!(expiry(None, None, today).is_empty());
    }
}
