//! Who may come in: credentials, the organization of the path, and rate limits.

use axum::http::{HeaderMap, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};

use super::{
    call::{Caller, Reply},
    clock, error,
    limits::{Budget, Standing, Subject},
    organization::{ADMIN, LIMITED},
    routes::{Endpoint, Family},
    server::Place,
    spoiled,
    world::World,
};

/// Whom a request comes from and which organization it is for.
pub(super) struct Admitted {
    pub(super) organization: usize,
    pub(super) caller: Caller,
}

/// A request as the gate looks at it.
pub(super) struct Visitor<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) place: Place,
    pub(super) headers: &'a HeaderMap,
    pub(super) params: &'a [(String, String)],
    pub(super) path: &'a str,
    pub(super) now: Timestamp,
}

impl World {
    /// Looks at the credentials, and at the organization that the path names.
    pub(super) fn admit(&self, visitor: &Visitor<'_>) -> Result<Admitted, Reply> {
        match visitor.place {
            Place::Api => self.admit_key(visitor),
            Place::Site { organization, site } => {
                let caller = self.admit_person(visitor, organization, site)?;
                Ok(Admitted { organization, caller })
            }
        }
    }

    fn admit_key(&self, visitor: &Visitor<'_>) -> Result<Admitted, Reply> {
        let family = visitor.endpoint.family;
        let key = visitor
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let Some(organization) = key.and_then(|key| self.keys.get(key.trim()).copied()) else {
            return Err(match family {
                Family::UserManagement => error::key(401, "unauthorized"),
                Family::V2 => error::list(
                    401,
                    "ADMIN-401-2",
                    "Unauthorized",
                    &"The API key is missing, expired or revoked.",
                ),
                _ => error::proxy(401, "Unauthorized"),
            });
        };
        let named = visitor.params.iter().find(|(name, _)| name == "orgId");
        if let Some((_, id)) = named
            && *id != self.ids[organization]
        {
            return Err(self.foreign(visitor, id));
        }
        if family == Family::UserManagement {
            let organization = self.read(organization, visitor.now);
            if organization.character.has_scoped_key() {
                let context = serde_json::json!({"message": "Insufficient scope for this action"});
                return Err(error::key_with(403, "forbidden.insufficientScope", &context));
            }
        }
        Ok(Admitted { organization, caller: Caller::Key })
    }

    /// The answer to a key that names an organization which is not its own.
    fn foreign(&self, visitor: &Visitor<'_>, id: &str) -> Reply {
        let exists = self.ids.iter().any(|known| known == id);
        let template = visitor.endpoint.template;
        match visitor.endpoint.family {
            Family::Workspaces if exists => error::bare(
                403,
                "ADMIN-403-3",
                "Forbidden",
                &"The caller may not manage this organization.",
            ),
            Family::Workspaces => error::bare(
                404,
                "ADMIN-404-2",
                "Organization not found",
                &"No organization has this id.",
            ),
            _ if !exists || template.ends_with("{orgId}") || template.ends_with("/directories") => {
                error::no_organization()
            }
            _ if template.contains("/domains") || template.ends_with("v1/orgs/{orgId}/users") => {
                error::no_permission(visitor.path, visitor.now)
            }
            _ => error::may_not_manage(),
        }
    }

    fn admit_person(
        &self,
        visitor: &Visitor<'_>,
        organization: usize,
        site: usize,
    ) -> Result<Caller, Reply> {
        let Some(credentials) = visitor.headers.get(header::AUTHORIZATION) else {
            return match visitor.endpoint.family {
                Family::Open => Ok(Caller::Anonymous),
                _ => Err(error::jira(
                    401,
                    "You are not authenticated. Authentication required to perform this operation.",
                )),
            };
        };
        let decoded = credentials
            .to_str()
            .ok()
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|value| STANDARD.decode(value.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let login = decoded.as_deref().and_then(|pair| pair.split_once(':'));
        let Some((email, token)) = login else {
            return Err(self.refused(visitor, organization, site));
        };
        if self.is_locked_out(email, visitor.now) {
            return Err(spoiled::captcha());
        }
        let person = self.person_of(organization, email, token, visitor.now);
        self.logged_in(email, person.is_some(), visitor.now);
        person.map(Caller::Person).ok_or_else(|| self.refused(visitor, organization, site))
    }

    fn person_of(
        &self,
        organization: usize,
        email: &str,
        token: &str,
        now: Timestamp,
    ) -> Option<u32> {
        let organization = self.read(organization, now);
        let person = organization.find_by_email(email)?;
        let is_right = match person {
            ADMIN => token == organization.admin_token,
            LIMITED => token == organization.limited_token,
            _ => false,
        };
        let is_active = organization.person(person).is_account_active();
        (is_right && is_active).then_some(person)
    }

    fn refused(&self, visitor: &Visitor<'_>, organization: usize, site: usize) -> Reply {
        let organization = self.read(organization, visitor.now);
        let realm = organization.sites[site].url.replace(':', "%3A");
        Reply::text(
            StatusCode::UNAUTHORIZED,
            "text/plain;charset=UTF-8",
            "Client must be authenticated to access this resource.",
        )
        .with_header("x-seraph-loginreason", "AUTHENTICATED_FAILED")
        .with_header("www-authenticate", &format!("OAuth realm=\"{}\"", realm.replace('/', "%2F")))
    }

    /// Counts the request against its budget; what is left, or the refusal.
    pub(super) fn count(
        &self,
        visitor: &Visitor<'_>,
        admitted: &Admitted,
        method: &str,
    ) -> Result<Option<Standing>, Reply> {
        let budget = visitor.endpoint.budget;
        let site = match visitor.place {
            Place::Api => None,
            Place::Site { site, .. } => Some(site),
        };
        let route = match budget {
            Budget::None => return Ok(None),
            Budget::Jira | Budget::Events => format!("{method} {}", visitor.endpoint.template),
            _ => String::new(),
        };
        let subject = Subject { organization: admitted.organization, site, budget, route };
        let is_write = matches!(method, "PUT" | "DELETE");
        let standing = self.counters.count(subject, is_write, visitor.now);
        if standing.is_over {
            Err(too_many(visitor.endpoint.family, standing))
        } else {
            Ok(Some(standing))
        }
    }
}

fn too_many(family: Family, standing: Standing) -> Reply {
    let wait = standing.resets_in.as_secs().max(0) + 1;
    let reply = match family {
        Family::UserManagement => {
            Reply::text(StatusCode::TOO_MANY_REQUESTS, "application/json;charset=UTF-8", "")
                .with_header("retry-after", &wait.to_string())
        }
        Family::Jira | Family::Open => error::jira(429, "Rate limit exceeded.")
            .with_header("retry-after", &wait.to_string())
            .with_header("ratelimit-reason", "jira-burst-based"),
        Family::V2 => error::list(429, "ADMIN-429-1", "Rate limit exceeded", &"Slow down."),
        Family::V1 | Family::Workspaces => error::proxy(429, "Too Many Requests"),
    };
    told(reply, family, standing)
}

/// Adds the headers that tell where the caller stands.
pub(super) fn told(reply: Reply, family: Family, standing: Standing) -> Reply {
    if family == Family::UserManagement {
        return reply;
    }
    let reply = reply
        .with_header("x-ratelimit-limit", &standing.limit.to_string())
        .with_header("x-ratelimit-remaining", &standing.remaining.to_string());
    // The window ends in simulated time; the header says so in real time, by which it is read.
    let end = clock::real_now()
        .saturating_add(standing.resets_in.max(SignedDuration::ZERO))
        .unwrap_or(Timestamp::MAX);
    let is_jira = matches!(family, Family::Jira | Family::Open);
    if is_jira && !standing.is_over {
        return if standing.remaining * 5 < standing.limit {
            reply.with_header("x-ratelimit-nearlimit", "true")
        } else {
            reply
        };
    }
    reply.with_header("x-ratelimit-reset", &clock::text(end, 0))
}
