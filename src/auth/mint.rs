use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{
    AuthSettings, Error, IntegrationScope, KeySource, Permission, PermissionSet, claims, keys::Key,
};
use crate::domain::IntegrationId;

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// Who it is for.
    pub subject: String,
    /// What they may do.
    pub permissions: PermissionSet,
    /// Which integrations they may see.
    pub integrations: IntegrationScope,
    /// How long it is good for; whole seconds.
    pub lifetime: Duration,
}

/// Makes a token that a verifier with the same settings takes: signed with the first shared secret among them, for
/// the issuer and the first audience.
///
/// # Errors
/// There is no shared secret, or the settings would refuse the token.
pub fn mint(
    settings: &AuthSettings,
    request: &MintRequest,
    now: Timestamp,
) -> Result<String, Error> {
    let shared = settings.keys.iter().find_map(|source| match source {
        KeySource::Hmac { secret, key_id } => Some((secret, key_id)),
        KeySource::Pem { .. } | KeySource::Jwks { .. } => None,
    });
    let (secret, key_id) = shared.ok_or(Error::NoSharedSecret)?;
    Key::shared(secret, None)?;
    if !claims::is_fit_subject(&request.subject) {
        return Err(Error::Unmintable("the subject is empty, too long or has control characters"));
    }
    if settings.max_token_lifetime.is_some_and(|longest| request.lifetime > longest) {
        return Err(Error::Unmintable("it would live longer than the settings allow"));
    }
    let claims = claims_of(settings, request, now)?;
    let header = Header { kid: key_id.clone(), ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&header, &claims, &key)
        .map_err(|_| Error::Unmintable("it could not be signed"))
}

fn claims_of(
    settings: &AuthSettings,
    request: &MintRequest,
    now: Timestamp,
) -> Result<Map<String, Value>, Error> {
    let issued = now.as_second();
    let expires = i64::try_from(request.lifetime.as_secs())
        .ok()
        .and_then(|lifetime| issued.checked_add(lifetime))
        .filter(|second| Timestamp::from_second(*second).is_ok())
        .ok_or(Error::Unmintable("it would end after the year 9999"))?;
    let words: Vec<_> = request.permissions.iter().map(Permission::word).collect();
    let integrations = match &request.integrations {
        IntegrationScope::All => json!("*"),
        IntegrationScope::Only(ids) => ids.iter().map(IntegrationId::as_str).collect(),
    };
    let mut claims = Map::from_iter([
        ("sub".to_owned(), json!(request.subject)),
        ("iat".to_owned(), json!(issued)),
        ("nbf".to_owned(), json!(issued)),
        ("exp".to_owned(), json!(expires)),
        (settings.permissions_claim.clone(), json!(words.join(" "))),
        (settings.integrations_claim.clone(), integrations),
    ]);
    if let Some(issuer) = &settings.issuer {
        claims.insert("iss".to_owned(), json!(issuer));
    }
    if let Some(audience) = settings.audience.first() {
        claims.insert("aud".to_owned(), json!(audience));
    }
    Ok(claims)
}
