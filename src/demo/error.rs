//! The bodies of refusals, in the forms in which the API families give them.

use std::fmt::Display;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{call::Reply, clock};

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn application(code: u16, name: &str, title: &str, detail: &dyn Display) -> Value {
    json!({
        "id": Uuid::new_v4(),
        "status": code.to_string(),
        "code": name,
        "title": title,
        "detail": detail.to_string(),
    })
}

/// `{"errors":[…]}`: most of the Organization API.
pub(super) fn list(code: u16, name: &str, title: &str, detail: &dyn Display) -> Reply {
    let body = json!({"errors": [application(code, name, title, detail)]});
    Reply::json(status(code), &body)
}

/// One object of the list form without its wrapper: workspaces.
pub(super) fn bare(code: u16, name: &str, title: &str, detail: &dyn Display) -> Reply {
    Reply::json(status(code), &application(code, name, title, detail))
}

/// `{"code":401,"message":…}`: the edge in front of the Organization API.
pub(super) fn proxy(code: u16, message: &str) -> Reply {
    Reply::json(status(code), &json!({"code": code, "message": message}))
}

/// The 403 of domains, also met on v1 users.
pub(super) fn no_permission(path: &str, now: Timestamp) -> Reply {
    let time = clock::text(now, 3);
    let body = json!({
        "timestamp": format!("{}+00:00", time.trim_end_matches('Z')),
        "path": format!("/api{path}"),
        "status": 403,
        "error": "Forbidden",
        "message": "User has no permission to access resource.",
        "requestId": Uuid::new_v4().simple().to_string()[..14],
    });
    Reply::json(StatusCode::FORBIDDEN, &body)
}

/// `{"key":…}`: the User management API.
pub(super) fn key(code: u16, key: &str) -> Reply {
    Reply::json(status(code), &json!({"key": key}))
}

/// `{"key":…,"context":…}`: the User management API where there is more to say.
pub(super) fn key_with(code: u16, key: &str, context: &Value) -> Reply {
    Reply::json(status(code), &json!({"key": key, "context": context}))
}

/// `{"errorMessages":[…],"errors":{}}`: Jira.
pub(super) fn jira(code: u16, message: &str) -> Reply {
    let body = json!({"errorMessages": [message], "errors": {}});
    Reply::json(status(code), &body)
}

/// The answer to a cursor that does not belong where it was sent.
pub(super) fn cursor() -> Reply {
    list(400, "ADMIN-400-1", "Invalid page cursor", &"The cursor could not be decoded.")
}

/// The answer to a value that the document does not allow.
pub(super) fn invalid(detail: &dyn Display) -> Reply {
    list(400, "ADMIN-400-24", "Invalid request body", detail)
}

/// The answer for an organization that does not exist, or is not the key's.
pub(super) fn no_organization() -> Reply {
    list(404, "ADMIN-404-2", "Organization not found", &"No organization has this id.")
}

/// The answer for a person whom the organization does not know.
pub(super) fn no_user() -> Reply {
    list(404, "ADMIN-404-8", "User not found", &"No such user in this organization.")
}

/// The answer where the key may not do this.
pub(super) fn may_not_manage() -> Reply {
    list(403, "ADMIN-403-3", "Forbidden", &"The caller may not manage this organization.")
}
