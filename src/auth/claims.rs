use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    AuthSettings, Caller, IntegrationScope, Permission, PermissionSet, RefusalReason,
    unique_json::UniqueJson,
};
use crate::domain::IntegrationId;

/// It stands in the record of changes and in logs: long enough for any issuer's, short enough for a line.
const LONGEST_SUBJECT: usize = 255;

/// Makes a caller of claims whose signature was verified. Depends on nothing but its arguments.
pub(super) fn caller(
    UniqueJson(claims): &UniqueJson,
    settings: &AuthSettings,
    now: Timestamp,
) -> Result<Caller, RefusalReason> {
    let claims = claims.as_object().ok_or(RefusalReason::Malformed)?;
    let expires_at = check_time(claims, settings, now)?;
    check_issuer(claims, settings)?;
    check_audience(claims, settings)?;
    Ok(Caller {
        subject: subject(claims)?,
        permissions: permissions(find(claims, &settings.permissions_claim)),
        integrations: integrations(claims, settings),
        expires_at: Some(expires_at),
    })
}

/// For how long a token that was good once is good still, the leeway included; `None` where it has ended.
pub(super) fn time_left(
    caller: &Caller,
    settings: &AuthSettings,
    now: Timestamp,
) -> Option<Duration> {
    let end = caller.expires_at?.as_second().saturating_add(seconds(settings.leeway));
    let left = u64::try_from(end.saturating_sub(now.as_second())).ok()?;
    (left > 0).then(|| Duration::from_secs(left))
}

/// Whether a text may be a token's subject.
pub(super) fn is_fit_subject(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST_SUBJECT && !text.chars().any(char::is_control)
}

fn check_time(
    claims: &Map<String, Value>,
    settings: &AuthSettings,
    now: Timestamp,
) -> Result<Timestamp, RefusalReason> {
    let leeway = seconds(settings.leeway);
    let second = now.as_second();
    let expires = numeric_date(claims, "exp")?.ok_or(RefusalReason::MissingClaim("exp"))?;
    if expires.saturating_add(leeway) <= second {
        return Err(RefusalReason::Expired);
    }
    let latest = second.saturating_add(leeway);
    if numeric_date(claims, "nbf")?.is_some_and(|not_before| not_before > latest) {
        return Err(RefusalReason::NotYetValid);
    }
    let issued = numeric_date(claims, "iat")?;
    if issued.is_some_and(|issued| issued > latest) {
        return Err(RefusalReason::IssuedInFuture);
    }
    if let Some(longest) = settings.max_token_lifetime {
        let issued = issued.ok_or(RefusalReason::MissingClaim("iat"))?;
        if expires.saturating_sub(issued) > seconds(longest) {
            return Err(RefusalReason::LifetimeTooLong);
        }
    }
    Timestamp::from_second(expires).map_err(|_| RefusalReason::MalformedClaim("exp"))
}

fn check_issuer(claims: &Map<String, Value>, settings: &AuthSettings) -> Result<(), RefusalReason> {
    let Some(issuer) = &settings.issuer else {
        return Ok(());
    };
    match claims.get("iss") {
        None => Err(RefusalReason::MissingClaim("iss")),
        Some(given) if given == issuer.as_str() => Ok(()),
        Some(_) => Err(RefusalReason::WrongIssuer),
    }
}

fn check_audience(
    claims: &Map<String, Value>,
    settings: &AuthSettings,
) -> Result<(), RefusalReason> {
    let is_ours = |value: &Value| settings.audience.iter().any(|ours| value == ours.as_str());
    match claims.get("aud") {
        None if settings.audience.is_empty() => Ok(()),
        None => Err(RefusalReason::MissingClaim("aud")),
        Some(Value::Array(values)) if values.iter().any(is_ours) => Ok(()),
        Some(value) if is_ours(value) => Ok(()),
        Some(_) => Err(RefusalReason::WrongAudience),
    }
}

fn subject(claims: &Map<String, Value>) -> Result<String, RefusalReason> {
    let subject = claims.get("sub").ok_or(RefusalReason::MissingClaim("sub"))?;
    let subject = subject.as_str().filter(|text| is_fit_subject(text));
    subject.map(str::to_owned).ok_or(RefusalReason::MalformedClaim("sub"))
}

fn permissions(claim: Option<&Value>) -> PermissionSet {
    words(claim).filter_map(Permission::from_word).collect()
}

/// A claim of another type gives nothing: only a claim that is not there falls back to the default.
fn integrations(claims: &Map<String, Value>, settings: &AuthSettings) -> IntegrationScope {
    let claim = find(claims, &settings.integrations_claim);
    if claim.is_none() && settings.integrations_default_all || words(claim).any(|id| id == "*") {
        return IntegrationScope::All;
    }
    IntegrationScope::Only(words(claim).map(IntegrationId::from).collect())
}

/// The words of a text with spaces between them, or of a list of texts.
fn words(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let (text, list) = match claim {
        Some(Value::String(text)) => (text.as_str(), [].as_slice()),
        Some(Value::Array(list)) => ("", list.as_slice()),
        _ => ("", [].as_slice()),
    };
    text.split_ascii_whitespace().chain(list.iter().filter_map(Value::as_str))
}

/// A claim by its whole name, which may be a URL with dots in it, or else by its path.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, part| value.get(part))
    })
}

/// Seconds since 1970, with or without a fraction (RFC 7519, section 2).
fn numeric_date(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<i64>, RefusalReason> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    #[expect(clippy::cast_possible_truncation, reason = "the value is below 2^53, and whole")]
    let whole = |value: f64| (value.abs() < 9e15).then(|| value.floor() as i64);
    value
        .as_i64()
        .or_else(|| value.as_f64().and_then(whole))
        .map(Some)
        .ok_or(RefusalReason::MalformedClaim(name))
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
