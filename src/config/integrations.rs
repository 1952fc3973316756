use std::{collections::HashSet, path::PathBuf};

use jiff::civil::Date;
use secrecy::SecretString;

use super::{problem::Problems, section::section};
use crate::integrations::{CredentialsDraft, DeclaredIntegration, IntegrationDraft};

section! {
    /// One connected organization and site, declared here; others are connected through the API and live in the store.
    IntegrationSection {
        /// A name of yours for it: lower case letters, digits and `-`. It goes into tokens and logs; never reuse it.
        id: String = String::new(), such as "\"acme\"";
        /// What callers see.
        label: String = String::new(), such as "\"Acme Corporation\"";
        /// The e-mail address of the admin whose API token it is.
        admin_email: String = String::new(), such as "\"it-admin@acme.example\"";
        /// The admin's API token. Better in one of the next two than here.
        #[serde(skip_serializing)]
        api_token: Option<SecretString> = None, such as "\"...\"";
        /// A file that holds the API token.
        api_token_file: Option<PathBuf> = None, such as "\"/run/secrets/acme-api-token\"";
        /// The environment's variable that holds the API token.
        api_token_env: Option<String> = None, such as "\"ACME_API_TOKEN\"";
        /// The site's address.
        admin_url: String = String::new(), such as "\"https://acme.atlassian.net\"";
        /// The organization's id, from the address of the admin console.
        organization_id: String = String::new(), such as "\"2b4c5d6e-0000-4000-8000-1a2b3c4d5e6f\"";
        /// The organization API key. Better in one of the next two than here.
        #[serde(skip_serializing)]
        organization_api_key: Option<SecretString> = None, such as "\"...\"";
        /// A file that holds the organization API key.
        organization_api_key_file: Option<PathBuf> = None, such as "\"/run/secrets/acme-api-key\"";
        /// The environment's variable that holds the organization API key.
        organization_api_key_env: Option<String> = None, such as "\"ACME_API_KEY\"";
        /// When the organization API key expires; Atlassian does not tell.
        api_key_expires_on: Option<Date> = None, such as "\"2027-03-31\"";
        /// When the API token expires; Atlassian does not tell.
        api_token_expires_on: Option<Date> = None, such as "\"2027-03-31\"";
        /// Whether people may only be looked at through it: whoever asks, none is deleted, suspended or changed otherwise.
        read_only: bool = false;
    }
}

impl IntegrationSection {
    /// As the room `integrations` takes it.
    #[must_use]
    pub fn declared(&self) -> DeclaredIntegration {
        DeclaredIntegration {
            id: self.id.clone(),
            draft: IntegrationDraft {
                label: self.label.clone(),
                credentials: CredentialsDraft {
                    admin_email: self.admin_email.clone(),
                    api_token: self.api_token.clone().unwrap_or_default(),
                    admin_url: self.admin_url.clone(),
                    organization_id: self.organization_id.clone(),
                    organization_api_key: self.organization_api_key.clone().unwrap_or_default(),
                },
                api_key_expires_on: self.api_key_expires_on,
                api_token_expires_on: self.api_token_expires_on,
                is_read_only: self.read_only,
            },
        }
    }
}

/// The key of a setting of the integration at `index`, named by its id where it has one.
pub(super) fn key(section: &IntegrationSection, index: usize, name: &str) -> String {
    if section.id.is_empty() {
        format!("integrations[{index}].{name}")
    } else {
        format!("integrations[{index}].{name} (of `{}`)", section.id)
    }
}

pub(super) fn refuse_nonsense(sections: &[IntegrationSection], problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, section) in sections.iter().enumerate() {
        if !is_id(&section.id) {
            problems.add(
                format!("integrations[{index}].id"),
                "is missing or holds more than lower case letters, digits and `-`",
                "give it a short name of your own, such as `acme`",
            );
        } else if !seen.insert(&section.id) {
            problems.add(
                format!("integrations[{index}].id"),
                format!("`{}` is there twice", section.id),
                "give every integration an id of its own",
            );
        }
        for (name, text) in [
            ("label", &section.label),
            ("admin_email", &section.admin_email),
            ("admin_url", &section.admin_url),
            ("organization_id", &section.organization_id),
        ] {
            if text.trim().is_empty() {
                problems.add(key(section, index, name), "is missing", "every integration needs it");
            }
        }
        for (name, secret) in [
            ("api_token", &section.api_token),
            ("organization_api_key", &section.organization_api_key),
        ] {
            if secret.is_none() {
                problems.add(
                    key(section, index, name),
                    "is missing",
                    format!("name its file in `{name}_file` or its variable in `{name}_env`"),
                );
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
