use http::{HeaderMap, StatusCode};

use crate::{
    auth::{Caller, PermissionSet},
    http::{
        edge::Edge,
        endpoint::bearer,
        feeds::{problem::Problem, reader::as_bearer},
        observe::Line,
        refusal::code,
    },
    queries::SavedQuery,
};

/// Who asks: a JWT, as a bearer token or as the password of HTTP Basic.
pub(super) async fn caller(
    edge: &Edge,
    headers: &HeaderMap,
    line: &Line,
) -> Result<Caller, Problem> {
    let presented = bearer(headers).map(as_bearer);
    let caller = edge.verifier.caller(presented.as_deref()).await.map_err(|refusal| {
        line.refused_because(&refusal);
        Problem::unauthenticated()
    })?;
    line.called_by(&caller.subject);
    Ok(Caller::clone(&caller))
}

/// Whether the caller has all that the query runs with.
pub(super) fn may_run(caller: &Caller, query: &SavedQuery) -> bool {
    missing(caller, query).is_empty()
}

/// The caller as the query runs: with the permissions that its file names, and no other.
pub(super) fn permitted(caller: Caller, query: &SavedQuery) -> Result<Caller, Problem> {
    let missing = missing(&caller, query);
    if missing.is_empty() {
        return Ok(Caller { permissions: query.permissions, ..caller });
    }
    let words: Vec<&str> = missing.iter().map(crate::auth::Permission::word).collect();
    let detail = format!("the query {} needs the permission {}", query.name, words.join(", "));
    Err(Problem::new(StatusCode::FORBIDDEN, code::FORBIDDEN, detail))
}

fn missing(caller: &Caller, query: &SavedQuery) -> PermissionSet {
    query.permissions.iter().filter(|needed| !caller.may(*needed)).collect()
}
