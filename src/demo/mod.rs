//! A simulated Atlassian, reached only over HTTP: it speaks JSON and shares no type with the client
//! it answers.
//!
//! It has two organizations, generated from a seed: a healthy one, and one whose key has scopes,
//! whose people are in two directories and whose seats are unlimited or unknown. One listener
//! stands for `https://api.atlassian.com` (`/admin/…`, `/users/…`), and one for every Jira site
//! (`/rest/api/3/…`, `/_edge/tenant_info`, `/gateway/api/graphql`).
//!
//! # Time
//!
//! Simulated time runs with real time and can be moved. It ends the 14 days of grace of a deletion,
//! lets queued removals (5 s), role changes (20 s) and new groups (2 s) become visible, and fills
//! the rate limits again. `X-RateLimit-Reset` is told in real time, since that is how it is read.
//!
//! # Control endpoints
//!
//! On the API listener, without credential, for callers on the same machine, and not counted:
//!
//! | Request | Body or query | Answer |
//! |---|---|---|
//! | `GET /_simulator/organizations` | | [`Simulator::description`] |
//! | `GET /_simulator/requests` | `?bodies=hash`, `?detail=true` | below |
//! | `DELETE /_simulator/requests` | | 204, counts from nothing again |
//! | `GET /_simulator/faults` | | `{"faults":[…]}` |
//! | `POST /_simulator/faults` | `{"faults":[…]}`, added to those in force | `{"faults":[…]}` |
//! | `DELETE /_simulator/faults` | | 204 |
//! | `GET /_simulator/clock` | | `{"now":"2026-11-22T09:14:03.551Z"}` |
//! | `POST /_simulator/clock` | `{"advanceSeconds":N}` or `{"now":"2026-12-06T00:00:00Z"}` | as GET |
//! | `GET /_simulator/limits` | | [`Limits`] |
//! | `POST /_simulator/limits` | members of [`Limits`]; those left out get their defaults | [`Limits`] |
//!
//! Requests are told as
//!
//! ```json
//! {"total": 3,
//!  "byRoute": [{"method": "POST",
//!               "route": "/admin/v2/orgs/{orgId}/directories/{directoryId}/users/search",
//!               "count": 3, "statuses": {"200": 2, "503": 1},
//!               "bodies": [{"sha256": "9f86…", "count": 3}]}],
//!  "requests": [{"method": "POST", "path": "/admin/v2/orgs/…", "query": "", "status": 200}]}
//! ```
//!
//! with `bodies` (of the request bodies) and `requests` (the last 10,000, in order, `status` null
//! while under way) only where asked for. The status of a dropped connection is `0`, the routes of
//! what no endpoint has are `(unknown)` and `(wrong method)`.
//!
//! A fault is, with every condition but `kind` free to be left out:
//!
//! ```json
//! {"method": "POST", "route": "users/search", "site": false, "organization": "…id…",
//!  "times": 3, "after": 1, "probability": 0.5, "kind": {"type": "status", "status": 503}}
//! ```
//!
//! `route` is a template, or a part of the template or of the path and query (decoded, so an account id will do). The
//! first rule that answers a request is the only one that counts it, so that rules of one `times` each, one after
//! another, are a script of answers. Kinds:
//!
//! | `kind` | Effect |
//! |---|---|
//! | `{"type":"status","status":503,"headers":{…},"body":"…","contentType":"text/html"}` | that answer |
//! | `{"type":"rateLimit","retryAfterSeconds":2,"form":"seconds"}` | 429; forms `seconds`, `httpDate`, `reset`, `resetWithoutSeconds`, `bare` |
//! | `{"type":"latency","milliseconds":500}` | the real answer, late |
//! | `{"type":"truncated"}` | half of the real body, then the connection breaks |
//! | `{"type":"slowBody","milliseconds":200}` | the real body in eight pieces, a pause before each |
//! | `{"type":"dropConnection"}` | carried out, and no byte of an answer |
//! | `{"type":"dropRequest"}` | not carried out, and no byte of an answer |
//! | `{"type":"lateAnswer","milliseconds":500}` | carried out at once, the real answer late |
//! | `{"type":"html","status":502}` | a page of the edge, not carried out |
//! | `{"type":"htmlAfterwards","status":504}` | carried out, and a page of the edge |
//! | `{"type":"malformed"}` | 200 with JSON that breaks off |
//! | `{"type":"emptyBody"}` | 200 with nothing |
//! | `{"type":"bearerChallenge"}` | 401 with `WWW-Authenticate: Bearer` |
//! | `{"type":"captcha"}` | 403 with `X-Seraph-LoginReason: AUTHENTICATION_DENIED` |
//! | `{"type":"redirect","location":"…"}` | 302 |
//! | `{"type":"replace","from":"\"active\"","to":"\"dormant\""}` | the real body with one text replaced |
//! | `{"type":"next","value":"…"}` | the real body with this as `links.next` |
//!
//! # Files
//!
//! `server` takes a request from its route (`routes`) past the `gate` to its handler: `users_v2`,
//! `user_v2`, `groups_v2`, `groups_write`, `workspaces`, `invite`, `organization_v1`, `roles_v1`,
//! `audit`, `user_management`, `lifecycle`, `jira`, `jira_users`, `jira_groups`, `site`. They read and change `organization`
//! (with `person`, `profile`, `access`, `role`, `changes`), which `generate` makes.

mod access;
mod account;
mod arguments;
mod audit;
mod call;
mod changes;
mod clock;
mod connection;
mod control;
mod error;
mod faults;
mod gate;
mod generate;
mod groups_v2;
mod groups_write;
mod invite;
mod jira;
mod jira_groups;
mod jira_users;
mod lifecycle;
mod limits;
mod listener;
mod organization;
mod organization_v1;
mod page;
mod person;
mod profile;
mod requests;
mod role;
mod roles_v1;
mod routes;
mod server;
mod simulator;
mod site;
mod spoiled;
#[cfg(test)]
mod tests;
mod user_management;
mod user_row;
mod user_v2;
mod users_filter;
mod users_v2;
mod workspaces;
mod world;

pub use self::{
    account::AccountState,
    connection::{Connection, PersonSummary},
    faults::{Fault, FaultKind, RateLimitForm},
    limits::Limits,
    requests::RequestCounts,
    simulator::{Options, Simulator},
};
