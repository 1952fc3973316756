use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;

use super::{
    error::{Conflict, Error, ErrorKind},
    rate::RateHeaders,
};

/// How many conflicts of one answer are kept.
const MAX_CONFLICTS: usize = 10;
/// How many characters of a conflict's message, and of its link, are kept.
const LONGEST_TEXT: usize = 500;
/// What stands for an e-mail address in a conflict's message.
const HIDDEN: &str = "[hidden]";

/// What an error body says that a program can act on. Its free text is not kept, because it may hold names and addresses,
/// but for the messages of conflicts: they tell an admin what to do first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Problem {
    code: Option<String>,
    reason: Option<String>,
    conflicts: Vec<Conflict>,
}

/// The error that an answer other than 2xx stands for.
pub(super) fn refusal(
    operation: &'static str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    rate: &RateHeaders,
) -> Error {
    let mut problem = if may_be_json(headers) { Problem::of(body) } else { Problem::default() };
    if status == StatusCode::TOO_MANY_REQUESTS
        && let Some(reason) = text(headers, "ratelimit-reason").and_then(tidy)
    {
        problem.code = Some(reason);
    }
    let kind = kind(status, headers, problem.code.as_deref());
    let wait = if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable) {
        rate.wait
    } else {
        None
    };
    Error::new(kind, operation)
        .with_status(status.as_u16())
        .with_code(problem.code)
        .with_reason(problem.reason)
        .with_conflicts(problem.conflicts)
        .on_page(is_html(headers))
        .with_retry_after(wait)
}

/// Whether the content type says HTML, whatever the status: a page from the edge, not an answer.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|kind| kind.contains("html"))
}

fn kind(status: StatusCode, headers: &HeaderMap, code: Option<&str>) -> ErrorKind {
    match (status.as_u16(), code) {
        (401 | 403, _) if wants_captcha(headers) => ErrorKind::CaptchaRequired,
        (401, _) => ErrorKind::Unauthorized,
        (402, _) => ErrorKind::PlanRequired,
        (403, Some("forbidden.insufficientScope")) => ErrorKind::InsufficientScope,
        (403, _) => ErrorKind::Forbidden,
        (404 | 410, _) => ErrorKind::NotFound,
        (400, Some("ADMIN-400-1")) => ErrorKind::InvalidCursor,
        (408, _) => ErrorKind::Timeout,
        (409, _) => ErrorKind::Conflict,
        (429, _) => ErrorKind::RateLimited,
        (400..=499, _) => ErrorKind::BadRequest,
        (500..=599, _) => ErrorKind::Unavailable,
        _ => ErrorKind::InvalidResponse,
    }
}

/// Seraph is the login of Jira and Confluence: after many bad passwords it denies even good ones.
fn wants_captcha(headers: &HeaderMap) -> bool {
    let says = |name, word| {
        text(headers, name).is_some_and(|value| value.to_ascii_uppercase().contains(word))
    };
    says("x-seraph-loginreason", "AUTHENTICATION_DENIED")
        || says("x-authentication-denied-reason", "CAPTCHA")
}

fn may_be_json(headers: &HeaderMap) -> bool {
    content_type(headers).is_none_or(|kind| kind.contains("json"))
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE)?.to_str().ok().map(str::to_ascii_lowercase)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Problem {
    /// Reads the forms of API.md, section 2, in the order given there.
    fn of(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        if let Some(first) = value["errors"].as_array().and_then(|errors| errors.first()) {
            return Self { code: word(&first["code"]), ..Self::default() };
        }
        if value["key"].is_string() {
            let context = &value["context"];
            return Self {
                code: word(&value["key"]),
                reason: reason(context),
                conflicts: conflicts(context),
            };
        }
        if value["errorMessages"].is_array() {
            return Self::default();
        }
        // Form D has a text here, form B a number that repeats the status; Confluence and the rest have none.
        // SCIM's word for the same thing is `scimType`.
        let code = word(&value["code"]).or_else(|| word(&value["scimType"]));
        Self { code, ..Self::default() }
    }
}

/// Why the User management API forbids: one reason, or the first code of a conflict.
fn reason(context: &Value) -> Option<String> {
    word(&context["reason"]["key"])
        .or_else(|| word(&context["reason"]))
        .or_else(|| word(&context["errorCodes"][0]["code"]))
}

/// Everything that stands in the way of a change to an account.
fn conflicts(context: &Value) -> Vec<Conflict> {
    let entries = context["errorCodes"].as_array().map_or(&[][..], Vec::as_slice);
    let conflict = |entry: &Value| Conflict {
        code: word(&entry["code"]).unwrap_or_else(|| "unknown".to_owned()),
        message: entry["message"].as_str().and_then(sentence),
        link: entry["link"].as_str().and_then(link),
    };
    entries.iter().take(MAX_CONFLICTS).map(conflict).collect()
}

/// Upstream's sentence as one line, without the addresses in it.
fn sentence(text: &str) -> Option<String> {
    let text = text.replace(char::is_control, " ");
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| if word.contains('@') { HIDDEN } else { word })
        .collect();
    let sentence: String = words.join(" ").chars().take(LONGEST_TEXT).collect();
    (!sentence.is_empty()).then_some(sentence)
}

/// An address that a person may be sent to. One with an `@` in it may hold an e-mail address, or pose as another host.
fn link(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https")?;
    let link = url.to_string();
    let has_at = link.contains('@') || link.to_ascii_lowercase().contains("%40");
    (!has_at && link.len() <= LONGEST_TEXT).then_some(link)
}

fn word(value: &Value) -> Option<String> {
    value.as_str().and_then(tidy)
}

/// A code goes to callers, so it must look like one: anything else might carry a name or an address.
fn tidy(code: &str) -> Option<String> {
    let is_code_like = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!code.is_empty() && code.len() <= 64 && code.chars().all(is_code_like))
        .then(|| code.to_owned())
}
