//! The site's address and the API token.

use super::{LATER, Topic};
use crate::{
    atlassian::{Client, Error, ErrorKind, ServerInfo},
    domain::{AccountId, CheckOutcome, CredentialKind, Credentials, IntegrationCheck},
};

const SITE: Topic = Topic {
    name: "admin-url",
    credential: CredentialKind::AdminUrl,
    unlocks: &["seats of the Jira products"],
};
const OWNER: Topic = Topic {
    name: IntegrationCheck::SITE_ORGANIZATION,
    credential: CredentialKind::AdminUrl,
    unlocks: &[],
};
const TOKEN: Topic = Topic {
    name: "api-token",
    credential: CredentialKind::ApiToken,
    unlocks: &["seats of the Jira products"],
};
const PERMISSIONS: Topic = Topic {
    name: "jira-permissions",
    credential: CredentialKind::ApiToken,
    unlocks: &["seats of the Jira products"],
};

/// What the checks of the site found.
pub(super) struct Site {
    pub(super) checks: Vec<IntegrationCheck>,
    /// Whose token it is; `None` where the site did not tell.
    pub(super) own_account: Option<AccountId>,
}

/// Whether the site answers, belongs to the organization, and accepts the token; and what the token may do.
pub(super) async fn checks(client: &Client, credentials: &Credentials) -> Site {
    let site = address(client.server_info().await);
    if site.outcome == CheckOutcome::Failed {
        let skipped =
            [OWNER, TOKEN, PERMISSIONS].map(|topic| topic.skipped("the site does not answer"));
        let checks = [site].into_iter().chain(skipped).collect();
        return Site { checks, own_account: None };
    }
    let (owner, myself) = futures_util::join!(owner(client, credentials), client.myself());
    let (token, own_account) = match myself {
        Ok(myself) => (TOKEN.passed("the API token is accepted"), Some(myself.account_id)),
        Err(error) => (token_refused(&error), None),
    };
    let permissions = match own_account {
        Some(_) => permissions(client).await,
        None => PERMISSIONS.skipped("the token is not accepted"),
    };
    Site { checks: vec![site, owner, token, permissions], own_account }
}

fn address(info: Result<ServerInfo, Error>) -> IntegrationCheck {
    const COPY: &str =
        "Open Jira in a browser and copy the address, such as https://acme.atlassian.net.";
    match info {
        Ok(info) => {
            let kind = info.deployment_type.as_deref();
            if kind.is_none_or(|kind| kind.eq_ignore_ascii_case("cloud")) {
                SITE.passed("a Jira Cloud site answers")
            } else {
                SITE.failed("the site is not Jira Cloud", COPY)
            }
        }
        Err(error) if error.kind == ErrorKind::NotFound => {
            SITE.failed("there is no Jira site at this address", COPY)
        }
        Err(error) => SITE.failed(error.to_string(), COPY),
    }
}

async fn owner(client: &Client, credentials: &Credentials) -> IntegrationCheck {
    match client.site_organization().await {
        Ok(Some(owner)) if owner == credentials.organization_id => {
            OWNER.passed("the site belongs to the organization")
        }
        Ok(Some(_)) => OWNER.failed(
            "the site belongs to another organization, whose data would be mixed into this one",
            "Enter the Admin URL of a site of this organization, or the Organization ID and key of the site's own \
             organization.",
        ),
        Ok(None) | Err(_) => OWNER.warning(
            "Atlassian did not tell which organization the site belongs to",
            "Compare the site with Atlassian Administration > Apps > Sites.",
        ),
    }
}

fn token_refused(error: &Error) -> IntegrationCheck {
    match error.kind {
        ErrorKind::CaptchaRequired => TOKEN.failed(
            "the site wants a CAPTCHA after too many bad logins",
            "Log in to the site once in a browser as the admin, then test again.",
        ),
        ErrorKind::Unauthorized => TOKEN.failed(
            "the API token was not accepted: it is expired or revoked, or the admin e-mail is not its owner's",
            "As the admin open id.atlassian.com > Security > Create and manage API tokens, create a token without \
             scopes and enter it here.",
        ),
        _ => TOKEN.failed(error.to_string(), LATER),
    }
}

async fn permissions(client: &Client) -> IntegrationCheck {
    match client.my_permissions().await {
        Ok(mine) if mine.administer && mine.browse_users => {
            PERMISSIONS.passed("the admin has Administer Jira")
        }
        Ok(mine) if mine.administer => PERMISSIONS.warning(
            "the admin lacks Browse users and groups",
            "In Jira choose Settings > System > Global permissions and grant it to the admin.",
        ),
        Ok(_) => PERMISSIONS.warning(
            "the admin lacks Administer Jira, so seat counts cannot be read",
            "In Jira choose Settings > System > Global permissions and grant Administer Jira to the admin, or use the \
             token of a Jira admin.",
        ),
        Err(error) => PERMISSIONS.warning(error.to_string(), LATER),
    }
}
