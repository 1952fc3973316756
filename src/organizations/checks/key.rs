//! The organization's key and id.

use super::{LATER, Topic, plural};
use crate::{
    atlassian::{Client, Error, ErrorKind},
    domain::{AccountId, ActivityFilter, CredentialKind, IntegrationCheck},
};

const KEY: Topic = Topic {
    name: "organization-api-key",
    credential: CredentialKind::OrganizationApiKey,
    unlocks: &["users", "groups", "products", "roles"],
};
const ID: Topic = Topic {
    name: "organization-id",
    credential: CredentialKind::OrganizationId,
    unlocks: &["users", "groups", "products", "roles"],
};
const DOMAINS: Topic = Topic {
    name: "verified-domains",
    credential: CredentialKind::OrganizationApiKey,
    unlocks: &["managed accounts"],
};
const DIRECTORIES: Topic = Topic {
    name: "directories",
    credential: CredentialKind::OrganizationApiKey,
    unlocks: &["suspending and removing people"],
};
const AUDIT_LOG: Topic = Topic {
    name: "audit-log",
    credential: CredentialKind::OrganizationApiKey,
    unlocks: &["activity"],
};
const MANAGEMENT: Topic = Topic {
    name: "account-management",
    credential: CredentialKind::OrganizationApiKey,
    unlocks: &["deleting, deactivating and restoring accounts"],
};

const NEW_KEY: &str = "In Atlassian Administration choose Settings > API keys > Create API key, choose \"API key without \
                       scopes\", and enter the new key here.";

/// Whether the organization can be read, and what there is to be read.
pub(super) async fn checks(client: &Client) -> Vec<IntegrationCheck> {
    let profile = match client.organization().await {
        Ok(profile) => profile,
        Err(error) => {
            let skipped = [DOMAINS, DIRECTORIES, AUDIT_LOG]
                .map(|topic| topic.skipped("the organization cannot be read"));
            return [unreadable(&error)].into_iter().chain(skipped).collect();
        }
    };
    let (domains, directories, audit_log) =
        futures_util::join!(domains(client), directories(client), audit_log(client));
    vec![
        KEY.passed(format!("reads the organization \"{}\"", profile.name)),
        ID.passed("the key belongs to this organization"),
        domains,
        directories,
        audit_log,
    ]
}

fn unreadable(error: &Error) -> IntegrationCheck {
    match error.kind {
        ErrorKind::NotFound => ID.failed(
            "no organization with this id is known to the key",
            "Copy the Organization ID from the address of Atlassian Administration \
             (admin.atlassian.com/o/{Organization ID}), or from the page that showed the API key.",
        ),
        ErrorKind::Unauthorized => KEY.failed(
            "the organization API key was not accepted: it is wrong, expired or revoked",
            NEW_KEY,
        ),
        ErrorKind::Forbidden | ErrorKind::InsufficientScope => KEY.failed(
            "the organization API key may not read this organization",
            "Check that the Organization ID belongs to the organization in which the key was made, and that the \
             person who made it is still an organization admin.",
        ),
        _ => KEY.failed(error.to_string(), LATER),
    }
}

async fn domains(client: &Client) -> IntegrationCheck {
    match client.domains().await {
        Ok(domains) if domains.iter().any(|domain| domain.is_verified) => {
            DOMAINS.passed("at least one domain is verified")
        }
        Ok(_) => DOMAINS.warning(
            "no domain is verified, so there are no managed accounts: no account can be deleted",
            "In Atlassian Administration choose Directory > Domains, verify your domain and claim its accounts.",
        ),
        Err(error) => refused(&DOMAINS, "read:domains:admin", &error),
    }
}

async fn directories(client: &Client) -> IntegrationCheck {
    match client.directories().await {
        Ok(found) => {
            let count = plural(found.len(), "directory", "directories");
            DIRECTORIES.passed(format!("{count} found"))
        }
        Err(error) => refused(&DIRECTORIES, "read:directories:admin", &error),
    }
}

async fn audit_log(client: &Client) -> IntegrationCheck {
    match client.events(&ActivityFilter::default(), 1, None).await {
        Ok(_) => AUDIT_LOG.passed("the audit log can be read"),
        Err(error) if is_refusal(&error) => AUDIT_LOG.warning(
            "the audit log cannot be read",
            "The audit log needs Atlassian Guard or an Enterprise plan; a key with scopes also needs \
             read:events:admin.",
        ),
        Err(error) => AUDIT_LOG.warning(error.to_string(), LATER),
    }
}

/// Whether the key was made without scopes: only such a key may delete accounts (AX-719, ID-9051). Asked about
/// the admin's own account.
pub(super) async fn management(client: &Client, account: Option<AccountId>) -> IntegrationCheck {
    let Some(account) = account else {
        return MANAGEMENT.skipped("no account is known to ask about");
    };
    match client.management_permissions(&account).await {
        Ok(_) => MANAGEMENT.passed("the key was made without scopes and may manage accounts"),
        Err(error) if error.kind == ErrorKind::InsufficientScope => MANAGEMENT.warning(
            "the key was made with scopes: it reads, but cannot delete, deactivate or restore accounts",
            NEW_KEY,
        ),
        Err(error) if is_refusal(&error) => MANAGEMENT.warning(
            "the admin's own account is not managed by the organization, so that account management could not be \
             tried",
            "Verify the domain of the admin's e-mail address, or use an admin with a managed account.",
        ),
        Err(error) => MANAGEMENT.warning(error.to_string(), LATER),
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Forbidden | ErrorKind::PlanRequired | ErrorKind::NotFound)
}

fn refused(topic: &Topic, scope: &str, error: &Error) -> IntegrationCheck {
    if is_refusal(error) || error.kind == ErrorKind::InsufficientScope {
        let remedy = format!("Use a key without scopes, or one with the scope {scope}.");
        return topic.warning("the key may not read them", &remedy);
    }
    topic.warning(error.to_string(), LATER)
}
