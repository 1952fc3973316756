use http::StatusCode;

use crate::{
    auth::{Caller, FeedToken, IntegrationScope, Permission, PermissionSet},
    http::{
        feeds::{problem::Problem, reader::Presented},
        refusal::code,
    },
    queries::SavedQuery,
};

/// Whether they may run the query: a caller who has all that it runs with, or a tool whose feed token was made for it.
pub(super) fn may_run(presented: &Presented, query: &SavedQuery) -> bool {
    match presented {
        Presented::Caller(caller) => missing(caller, query).is_empty(),
        Presented::Token(token) => {
            token.queries.contains(&query.name) && shows_enough(token, query)
        }
    }
}

/// The schema has no mask: what may show people is for tokens that show personal data. The file may have come to do so since
/// the token was made.
fn shows_enough(token: &FeedToken, query: &SavedQuery) -> bool {
    token.shows_personal_data || !query.permissions.iter().any(Permission::shows_people)
}

/// The caller as the query runs: with the permissions that its file names, and no other.
pub(super) fn permitted(presented: &Presented, query: &SavedQuery) -> Result<Caller, Problem> {
    let (name, permissions) = (&query.name, query.permissions);
    let refused = |detail: String| Problem::new(StatusCode::FORBIDDEN, code::FORBIDDEN, detail);
    match presented {
        Presented::Caller(caller) => {
            let missing = missing(caller, query);
            if missing.is_empty() {
                return Ok(Caller { permissions, ..Caller::clone(caller) });
            }
            let words: Vec<&str> = missing.iter().map(Permission::word).collect();
            let words = words.join(", ");
            Err(refused(format!("the query {name} needs the permission {words}")))
        }
        Presented::Token(token) if !token.queries.contains(name) => {
            Err(refused(format!("this feed token was not made for the query {name}")))
        }
        Presented::Token(token) if !shows_enough(token, query) => Err(refused(format!(
            "the query {name} runs with permissions that show people, and this feed token was made without personal data"
        ))),
        Presented::Token(token) => Ok(Caller {
            subject: presented.reader().subject,
            permissions,
            integrations: IntegrationScope::of(token.integrations.clone()),
            expires_at: Some(token.expires_at),
        }),
    }
}

fn missing(caller: &Caller, query: &SavedQuery) -> PermissionSet {
    query.permissions.iter().filter(|needed| !caller.may(*needed)).collect()
}
