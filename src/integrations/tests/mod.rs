mod drafts;
mod hosts;
mod registry;

use secrecy::SecretString;

use super::{CredentialsDraft, DeclaredIntegration, IntegrationDraft};

const EMAIL: &str = "ada.secretive@acme.example";
const TOKEN: &str = "ATATT-token-that-must-not-be-seen";
const KEY: &str = "ATCTT-key-that-must-not-be-seen";

fn credentials(site: &str) -> CredentialsDraft {
    CredentialsDraft {
        admin_email: EMAIL.to_owned(),
        api_token: SecretString::from(TOKEN),
        admin_url: format!("https://{site}.atlassian.net/jira/projects?selected=all"),
        organization_id: "2ac1j7k-j3c8-17bd-9c8k".to_owned(),
        organization_api_key: SecretString::from(KEY),
    }
}

fn draft(site: &str) -> IntegrationDraft {
    IntegrationDraft {
        label: format!(" {site} "),
        credentials: credentials(site),
        api_key_expires_on: None,
        api_token_expires_on: None,
        is_read_only: false,
    }
}

fn declared(id: &str, site: &str) -> DeclaredIntegration {
    DeclaredIntegration { id: id.to_owned(), draft: draft(site) }
}
