//! The count of what was asked, for tests and for the curious.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How many requests are kept in detail.
const RECENT: usize = 10_000;
/// How many different bodies are told apart for one route.
const BODIES: usize = 10_000;

/// The status that stands for a connection closed without an answer.
pub(super) const DROPPED: u16 = 0;

#[derive(Default, Clone)]
struct Route {
    count: u64,
    statuses: BTreeMap<u16, u64>,
    bodies: HashMap<[u8; 32], u64>,
}

struct Recent {
    number: u64,
    method: String,
    path: String,
    query: String,
    status: Option<u16>,
}

#[derive(Default)]
struct Counts {
    total: u64,
    /// By method and path template.
    routes: BTreeMap<(String, String), Route>,
    recent: VecDeque<Recent>,
    /// Grows over resets, so that an answer under way does not mark a later request.
    number: u64,
}

/// Every request to Atlassian's addresses since the start or the last reset.
#[derive(Default)]
pub(super) struct Requests(Mutex<Counts>);

/// Names a request that was counted, until its status is known.
pub(super) struct Ticket {
    number: u64,
    route: (String, String),
}

/// What arrives: method, path template, path, query and body.
pub(super) struct Arrival<'a> {
    pub(super) method: &'a str,
    pub(super) route: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

impl Requests {
    // A panic elsewhere leaves counts that are still counts.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn arrived(&self, arrival: &Arrival<'_>) -> Ticket {
        let hash: [u8; 32] = Sha256::digest(arrival.body).into();
        let mut counts = self.counts();
        counts.total += 1;
        counts.number += 1;
        let number = counts.number;
        let key = (arrival.method.to_owned(), arrival.route.to_owned());
        let route = counts.routes.entry(key.clone()).or_default();
        route.count += 1;
        if route.bodies.len() < BODIES || route.bodies.contains_key(&hash) {
            *route.bodies.entry(hash).or_default() += 1;
        }
        if counts.recent.len() == RECENT {
            counts.recent.pop_front();
        }
        counts.recent.push_back(Recent {
            number,
            method: arrival.method.to_owned(),
            path: arrival.path.to_owned(),
            query: arrival.query.to_owned(),
            status: None,
        });
        Ticket { number, route: key }
    }

    pub(super) fn answered(&self, ticket: &Ticket, status: u16) {
        let mut counts = self.counts();
        // After a reset the route may be gone; the answer then belongs to what was forgotten.
        if let Some(recent) =
            counts.recent.iter_mut().rev().find(|recent| recent.number == ticket.number)
        {
            recent.status = Some(status);
            if let Some(route) = counts.routes.get_mut(&ticket.route) {
                *route.statuses.entry(status).or_default() += 1;
            }
        }
    }

    pub(super) fn reset(&self) {
        let mut counts = self.counts();
        let number = counts.number;
        *counts = Counts { number, ..Counts::default() };
    }

    /// The counts as the control endpoint tells them.
    pub(super) fn report(&self, with_bodies: bool, with_detail: bool) -> Value {
        let counts = self.counts();
        let routes: Vec<Value> = counts
            .routes
            .iter()
            .map(|((method, route), counted)| {
                let statuses: BTreeMap<String, u64> = counted
                    .statuses
                    .iter()
                    .map(|(status, count)| (status.to_string(), *count))
                    .collect();
                let mut row = json!({
                    "method": method,
                    "route": route,
                    "count": counted.count,
                    "statuses": statuses,
                });
                if with_bodies {
                    row["bodies"] = bodies(&counted.bodies);
                }
                row
            })
            .collect();
        let mut report = json!({"total": counts.total, "byRoute": routes});
        if with_detail {
            report["requests"] = counts
                .recent
                .iter()
                .map(|recent| {
                    json!({
                        "method": recent.method,
                        "path": recent.path,
                        "query": recent.query,
                        "status": recent.status,
                    })
                })
                .collect();
        }
        report
    }

    pub(super) fn snapshot(&self) -> RequestCounts {
        let counts = self.counts();
        RequestCounts {
            total: counts.total,
            routes: counts.routes.iter().map(|(key, route)| (key.clone(), route.count)).collect(),
        }
    }
}

fn bodies(counted: &HashMap<[u8; 32], u64>) -> Value {
    let mut rows: Vec<(String, u64)> = counted
        .iter()
        .map(|(hash, count)| {
            let mut text = String::with_capacity(64);
            for byte in hash {
                // Writing to a string does not fail.
                let _ = write!(text, "{byte:02x}");
            }
            (text, *count)
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(hash, count)| json!({"sha256": hash, "count": count})).collect()
}

/// How often each route was asked, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    total: u64,
    routes: BTreeMap<(String, String), u64>,
}

impl RequestCounts {
    /// All requests to Atlassian's addresses; those to the control endpoints do not count.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The requests with this method to this path template, for instance `POST` and
    /// `/admin/v2/orgs/{orgId}/directories/{directoryId}/users/search`.
    #[must_use]
    pub fn of(&self, method: &str, route_template: &str) -> u64 {
        let key = (method.to_owned(), route_template.to_owned());
        self.routes.get(&key).copied().unwrap_or_default()
    }

    /// Every route that was asked: method, path template, count.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.routes.iter().map(|((method, route), count)| (method.as_str(), route.as_str(), *count))
    }
}
