//! Changes that stand in the record of changes before anything is done, and how they ended.

use async_graphql::ID;
use futures_util::future::BoxFuture;

use super::{
    error::{ApiError, Result},
    id::ObjectId,
    request::Request,
    user_error::UserError,
};
use crate::{
    audit::{self, Asked, Ended},
    domain::IntegrationId,
    organizations,
};

/// What was wanted, or the expected refusals.
pub(super) type Outcome<T> = std::result::Result<T, Vec<UserError>>;

/// Does the work once it stands in the record that it was asked for, and writes down how it ended. What the record
/// cannot take is not done. The check of the permission belongs into `work`, so that what is refused is recorded too.
pub(super) fn recorded<'a, T: Send + 'a>(
    request: &'a Request,
    asked: Asked,
    work: impl Future<Output = Result<Outcome<T>>> + Send + 'a,
) -> BoxFuture<'a, Result<Outcome<T>>> {
    recorded_as(request, asked, work, |_| Ended::as_outcome(audit::Outcome::Succeeded))
}

/// The same for work whose value tells how it ended. Boxed, because the work of a change is large.
pub(super) fn recorded_as<'a, T: Send + 'a>(
    request: &'a Request,
    asked: Asked,
    work: impl Future<Output = Result<Outcome<T>>> + Send + 'a,
    ended: impl FnOnce(&T) -> Ended + Send + 'a,
) -> BoxFuture<'a, Result<Outcome<T>>> {
    Box::pin(async move {
        let entry = request.audit.asked(&asked, request.demand.now).await?;
        let outcome = work.await;
        let ended = match &outcome {
            Ok(Ok(value)) => ended(value),
            Ok(Err(errors)) => refused(errors.first().map(UserError::word)),
            Err(error) => failed(error),
        };
        let now = request.organizations.demand(None).now;
        if let Err(error) = request.audit.ended(&entry, &ended, now).await {
            // The answer stays: what was done is done, and the record still tells that it was asked for.
            tracing::error!(
                audit.entry = %entry, %error,
                "The end of the change {entry} could not be written down"
            );
        }
        outcome
    })
}

/// The integration that an id names, for the record: also one that is gone or hidden from the caller, but nothing that
/// cannot be an integration's id, since whoever sends it chooses what stands in the record.
pub(super) fn named(id: &ID) -> Option<IntegrationId> {
    let Ok(ObjectId::Integration(id)) = ObjectId::decode(id) else { return None };
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    ((1..=64).contains(&id.as_str().len()) && id.as_str().bytes().all(fits)).then_some(id)
}

fn refused(code: Option<&str>) -> Ended {
    let code = code.map(str::to_owned);
    Ended { code, ..Ended::as_outcome(audit::Outcome::Refused) }
}

fn failed(error: &ApiError) -> Ended {
    match error {
        ApiError::Organization(_, cause) => {
            let upstream = match cause {
                organizations::Error::Upstream(upstream) => Some(upstream),
                _ => None,
            };
            Ended {
                code: Some(error.code().to_owned()),
                upstream_status: upstream.and_then(|upstream| upstream.status),
                upstream_code: upstream.and_then(|upstream| upstream.code.clone()),
                ..Ended::as_outcome(audit::Outcome::Failed)
            }
        }
        ApiError::Internal => Ended {
            code: Some(error.code().to_owned()),
            ..Ended::as_outcome(audit::Outcome::Failed)
        },
        _ => refused(Some(error.code())),
    }
}
