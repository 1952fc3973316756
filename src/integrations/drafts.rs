use jiff::{Timestamp, civil::Date, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};

use super::{Field, HostPolicy, Invalid, InvalidReason};
use crate::domain::{Credentials, OrganizationId};

const LONGEST_LABEL: usize = 100;
/// RFC 3696, erratum 1690, allows 254; 320 is the sum of its parts' limits.
const LONGEST_EMAIL: usize = 320;
const LONGEST_ORGANIZATION_ID: usize = 100;
/// Atlassian's own are about 200 characters; their length is not promised (API.md, section 1).
const LONGEST_SECRET: usize = 4096;

/// The five credentials as somebody typed or pasted them. `Debug` shows none of them.
#[derive(Clone)]
pub struct CredentialsDraft {
    /// The admin's e-mail address.
    pub admin_email: String,
    /// The admin's API token.
    pub api_token: SecretString,
    /// Any address of the site, as the browser shows it.
    pub admin_url: String,
    /// The organization id of the admin console.
    pub organization_id: String,
    /// The organization API key.
    pub organization_api_key: SecretString,
}

impl std::fmt::Debug for CredentialsDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address too stays out: people paste addresses with a password in them.
        f.debug_struct("CredentialsDraft").finish_non_exhaustive()
    }
}

/// An integration that somebody asks to be made.
#[derive(Debug)]
pub struct IntegrationDraft {
    /// The name that people will read.
    pub label: String,
    /// The five credentials.
    pub credentials: CredentialsDraft,
    /// The day on which the organization API key ends.
    pub api_key_expires_on: Option<Date>,
    /// The day on which the API token ends.
    pub api_token_expires_on: Option<Date>,
    /// Whether people may only be looked at through it.
    pub is_read_only: bool,
}

/// What is to change of an integration; `None` leaves a member as it is.
#[derive(Debug, Default)]
pub struct IntegrationChanges {
    /// A new name.
    pub label: Option<String>,
    /// New credentials, all five.
    pub credentials: Option<CredentialsDraft>,
    /// A new last day of the key; `Some(None)` forgets it.
    pub api_key_expires_on: Option<Option<Date>>,
    /// A new last day of the token; `Some(None)` forgets it.
    pub api_token_expires_on: Option<Option<Date>>,
    /// Whether people may only be looked at through it.
    pub is_read_only: Option<bool>,
}

/// An integration that the configuration file declares.
#[derive(Debug)]
pub struct DeclaredIntegration {
    /// Its id: 1 to 64 small letters, digits and hyphens. Callers' tokens may name it.
    pub id: String,
    /// The rest.
    pub draft: IntegrationDraft,
}

/// Makes credentials of what was pasted; space around each field is dropped.
pub(super) fn credentials(
    draft: &CredentialsDraft,
    hosts: &HostPolicy,
) -> Result<Credentials, Invalid> {
    Ok(Credentials {
        admin_email: email(&draft.admin_email)?,
        api_token: secret(Field::ApiToken, "API token", &draft.api_token)?,
        admin_url: hosts.site(&draft.admin_url)?,
        organization_id: organization_id(&draft.organization_id)?,
        organization_api_key: secret(
            Field::OrganizationApiKey,
            "organization API key",
            &draft.organization_api_key,
        )?,
    })
}

/// The label without space around it.
pub(super) fn label(text: &str) -> Result<String, Invalid> {
    let text = bounded(Field::Label, "label", text, LONGEST_LABEL)?;
    if text.chars().any(is_invisible) {
        return Err(Invalid::new(
            Field::Label,
            InvalidReason::Malformed,
            "the label has a control character, a line break or a mark that turns the direction \
             of writing; use letters that can be seen",
        ));
    }
    Ok(text.to_owned())
}

/// A day that is not past. A key is good on its last day, wherever the admin is: one day of grace.
pub(super) fn expiry(
    field: Field,
    date: Option<Date>,
    now: Timestamp,
) -> Result<Option<Date>, Invalid> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let is_past = |date: Date| date < today.yesterday().unwrap_or(today);
    if date.is_some_and(is_past) {
        return Err(Invalid::new(
            field,
            InvalidReason::Expired,
            "this day is past: make a new one in the admin console, and give its last day",
        ));
    }
    Ok(date)
}

/// The id of a declared integration.
pub(super) fn declared_id(text: &str) -> Result<&str, Invalid> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // A stored integration's id is a UUID; a declared one that looks alike could hide it.
    let is_uuid = uuid::Uuid::try_parse(text).is_ok();
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) && !is_uuid {
        return Ok(text);
    }
    Err(Invalid::new(
        Field::Id,
        InvalidReason::Malformed,
        "the id of a declared integration is 1 to 64 small letters, digits and hyphens, and not a UUID",
    ))
}

fn email(text: &str) -> Result<String, Invalid> {
    let text = bounded(Field::AdminEmail, "admin's e-mail address", text, LONGEST_EMAIL)?;
    // The colon ends the user name in Basic authentication.
    let is_stray = |c: char| c.is_whitespace() || is_invisible(c) || r#":;,<>()[]"\"#.contains(c);
    let has_shape = text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !local.contains('@') && !domain.is_empty()
    });
    if !has_shape || text.contains(is_stray) {
        return Err(Invalid::new(
            Field::AdminEmail,
            InvalidReason::Malformed,
            "the admin's e-mail address is not of the form name@example.com",
        ));
    }
    Ok(text.to_owned())
}

fn organization_id(text: &str) -> Result<OrganizationId, Invalid> {
    let field = Field::OrganizationId;
    let text = bounded(field, "organization id", text, LONGEST_ORGANIZATION_ID)?;
    // It becomes a segment of a path: no slash, no dot, nothing to encode.
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        return Err(Invalid::new(
            field,
            InvalidReason::Malformed,
            "the organization id has letters, digits, hyphens and underscores only; it stands in \
             the admin console's address after /o/",
        ));
    }
    Ok(OrganizationId::from(text))
}

fn secret(field: Field, name: &str, secret: &SecretString) -> Result<SecretString, Invalid> {
    let text = bounded(field, name, secret.expose_secret(), LONGEST_SECRET)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!(
            "the {name} has a space, a line break or a character outside ASCII in it; paste it \
             alone, as the admin console showed it"
        );
        return Err(Invalid::new(field, InvalidReason::Malformed, message));
    }
    Ok(text.into())
}

fn bounded<'a>(
    field: Field,
    name: &str,
    text: &'a str,
    longest: usize,
) -> Result<&'a str, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        let message = format!("the {name} is empty");
        return Err(Invalid::new(field, InvalidReason::Empty, message));
    }
    if text.chars().nth(longest).is_some() {
        let message = format!("the {name} is longer than {longest} characters");
        return Err(Invalid::new(field, InvalidReason::TooLong, message));
    }
    Ok(text)
}

/// Control characters, and the marks that reorder or hide what stands around them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
