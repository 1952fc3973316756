//! Faults to order: rules that spoil the answers to chosen requests.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// One rule. Every condition left out holds always; the first rule in order that answers a request
/// wins, while latencies and replacements of all matching rules add up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The HTTP method, in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A path template, or a part of the template or of the path and query themselves, decoded: an account id will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// True for requests to sites only, false for those to the API listener only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<bool>,
    /// The id of an organization: its paths, its key, its sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// How many requests it spoils; without end where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many matching requests pass before it begins.
    #[serde(default)]
    pub after: u32,
    /// From 0 to 1, by a seeded source; always where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What happens.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault of this kind for every request, until cleared.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            method: None,
            route: None,
            site: None,
            organization: None,
            times: None,
            after: 0,
            probability: None,
            kind,
        }
    }

    /// Only for this method and a route that is or contains this.
    #[must_use]
    pub fn on(mut self, method: &str, route: &str) -> Self {
        self.method = Some(method.to_owned());
        self.route = Some(route.to_owned());
        self
    }

    /// Only for requests of the organization with this id.
    #[must_use]
    pub fn of(mut self, organization: &str) -> Self {
        self.organization = Some(organization.to_owned());
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after so many matching requests.
    #[must_use]
    pub fn after(mut self, after: u32) -> Self {
        self.after = after;
        self
    }
}

/// What happens to a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum FaultKind {
    /// This status with these headers and this body, JSON unless said otherwise.
    Status {
        /// The HTTP status.
        status: u16,
        /// Header names and values.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body; none where absent.
        #[serde(default)]
        body: Option<String>,
        /// The content type of the body.
        #[serde(default)]
        content_type: Option<String>,
    },
    /// 429, with the wait told in one of several forms.
    RateLimit {
        /// How long to wait; 2 where absent.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
        /// How the wait is told.
        #[serde(default)]
        form: RateLimitForm,
    },
    /// The real answer, late.
    Latency {
        /// How late.
        milliseconds: u64,
    },
    /// The headers of the real answer and half of its body; then the connection closes.
    Truncated,
    /// The real answer in eight pieces with a pause before each.
    SlowBody {
        /// The pause.
        milliseconds: u64,
    },
    /// The request is carried out, and the connection closes without a byte of an answer.
    DropConnection,
    /// The connection closes without a byte of an answer, and the request is not carried out.
    DropRequest,
    /// The request is carried out at once and answered late.
    LateAnswer {
        /// How late.
        milliseconds: u64,
    },
    /// The request is carried out, and a page of the edge is the answer.
    HtmlAfterwards {
        /// The HTTP status, 502 or 504 usually.
        status: u16,
    },
    /// A page of the edge instead of JSON; the request is not carried out.
    Html {
        /// The HTTP status, 502 or 504 usually.
        status: u16,
    },
    /// 200 with JSON that breaks off, though the connection does not.
    Malformed,
    /// 200 without a body.
    EmptyBody,
    /// 401 with a `WWW-Authenticate: Bearer` challenge.
    BearerChallenge,
    /// Basic credentials refused until a CAPTCHA is solved: 403 with `AUTHENTICATION_DENIED`.
    Captcha,
    /// 302 to another address.
    Redirect {
        /// The address.
        location: String,
    },
    /// The real answer with every occurrence of one text in its body replaced: unknown enum
    /// values, nulls, hosts, other fraction digits.
    Replace {
        /// What is replaced.
        from: String,
        /// By what.
        to: String,
    },
    /// The real answer with this as `links.next` (and `meta.next`, where there is one): a cursor
    /// that repeats, or an address of somebody else.
    Next {
        /// The new value.
        value: String,
    },
}

/// How a 429 tells the wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RateLimitForm {
    /// `Retry-After` in seconds.
    #[default]
    Seconds,
    /// `Retry-After` as an HTTP date.
    HttpDate,
    /// Only `X-RateLimit-Reset`, with seconds.
    Reset,
    /// Only `X-RateLimit-Reset`, without seconds, so at a full minute.
    ResetWithoutSeconds,
    /// Nothing: an empty body and a meaningless limit, as the outermost edge answers.
    Bare,
}

struct Rule {
    fault: Fault,
    matched: u32,
    fired: u32,
}

struct Rules {
    rules: Vec<Rule>,
    random: ChaCha8Rng,
}

/// The rules in force.
pub(super) struct Faults(Mutex<Rules>);

/// What a rule is held against.
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    pub(super) route: &'a str,
    /// Path and query, decoded.
    pub(super) path: &'a str,
    pub(super) is_site: bool,
    pub(super) organization: Option<&'a str>,
}

impl Faults {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(Rules { rules: Vec::new(), random: ChaCha8Rng::seed_from_u64(seed) }))
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, fault: Fault) {
        self.rules().rules.push(Rule { fault, matched: 0, fired: 0 });
    }

    pub(super) fn clear(&self) {
        self.rules().rules.clear();
    }

    pub(super) fn all(&self) -> Vec<Fault> {
        let rules = self.rules();
        rules.rules.iter().map(|rule| rule.fault.clone()).collect()
    }

    /// The kinds that fall on this request, in order; counts them as used.
    pub(super) fn fall_on(&self, target: &Target<'_>) -> Vec<FaultKind> {
        let mut rules = self.rules();
        let Rules { rules, random } = &mut *rules;
        let mut kinds = Vec::new();
        let mut is_answered = false;
        for rule in rules.iter_mut() {
            let goes_on = rule.fault.kind.goes_on();
            if (is_answered && !goes_on) || !rule.fault.matches(target) {
                continue;
            }
            rule.matched += 1;
            if rule.matched <= rule.fault.after
                || rule.fault.times.is_some_and(|times| rule.fired >= times)
            {
                continue;
            }
            if let Some(probability) = rule.fault.probability
                && !random.random_bool(probability.clamp(0.0, 1.0))
            {
                continue;
            }
            rule.fired += 1;
            is_answered |= !goes_on;
            kinds.push(rule.fault.kind.clone());
        }
        kinds
    }
}

impl FaultKind {
    /// Whether other rules may still apply to the same request.
    pub(super) fn goes_on(&self) -> bool {
        matches!(
            self,
            Self::Latency { .. }
                | Self::LateAnswer { .. }
                | Self::Replace { .. }
                | Self::Next { .. }
        )
    }
}

impl Fault {
    fn matches(&self, target: &Target<'_>) -> bool {
        let method = self.method.as_deref();
        let route = self.route.as_deref();
        method.is_none_or(|method| method.eq_ignore_ascii_case(target.method))
            && route.is_none_or(|route| target.route.contains(route) || target.path.contains(route))
            && self.site.is_none_or(|site| site == target.is_site)
            && (self.organization.is_none() || self.organization.as_deref() == target.organization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target<'_> = Target {
        method: "GET",
        route: "/admin/v1/orgs/{orgId}",
        path: "/admin/v1/orgs/1",
        is_site: false,
        organization: Some("1"),
    };

    #[test]
    fn a_rule_lets_some_pass_spoils_some_and_is_over() {
        let faults = Faults::seeded(1);
        faults.add(Fault::new(FaultKind::Malformed).on("GET", "/v1/orgs").after(1).times(2));
        let fired: Vec<usize> = (0..5).map(|_| faults.fall_on(&TARGET).len()).collect();
        assert_eq!(fired, [0, 1, 1, 0, 0]);
    }

    #[test]
    fn the_first_answer_wins_and_latency_adds_to_it() {
        let faults = Faults::seeded(1);
        faults.add(Fault::new(FaultKind::Latency { milliseconds: 5 }));
        faults.add(Fault::new(FaultKind::Malformed));
        faults.add(Fault::new(FaultKind::DropConnection));
        let kinds = faults.fall_on(&TARGET);
        assert!(matches!(kinds[..], [FaultKind::Latency { .. }, FaultKind::Malformed]));
    }

    #[test]
    fn rules_read_as_the_control_api_documents_them() {
        let json = r#"{"route":"users/search","times":3,
            "kind":{"type":"rateLimit","retryAfterSeconds":2,"form":"httpDate"}}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert!(matches!(
            fault.kind,
            FaultKind::RateLimit { retry_after_seconds: Some(2), form: RateLimitForm::HttpDate }
        ));
        let unknown = r#"{"kind":{"type":"malformed"},"rout":"x"}"#;
        assert!(serde_json::from_str::<Fault>(unknown).is_err());
    }
}
