//! From a request to its answer: found, counted, spoiled where a fault says so, admitted, handled.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, RawPathParams, Request, State},
    http::{Method, request::Parts, uri::PathAndQuery},
    response::Response,
    routing::{MethodFilter, on},
};
use percent_encoding::percent_decode_str;

use super::{
    call::{Call, Caller, Reply},
    control,
    faults::{FaultKind, Target},
    gate::{self, Visitor},
    listener::Peer,
    requests::{Arrival, DROPPED},
    routes::{API, Endpoint, NO_ENDPOINT, NO_PAGE, SITE, WRONG_METHOD},
    spoiled,
    world::World,
};

/// Bodies beyond this are cut off as an edge would.
const LARGEST_BODY: usize = 1 << 20;

/// Which address a request came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Stands for api.atlassian.com.
    Api,
    /// Stands for a site's own host.
    Site { organization: usize, site: usize },
}

/// What handlers of one listener share.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) world: Arc<World>,
    pub(super) place: Place,
}

/// The routes of one listener.
pub(super) fn router(door: Door) -> Router {
    let endpoints: &'static [Endpoint] = match door.place {
        Place::Api => API,
        Place::Site { .. } => SITE,
    };
    let mut router = Router::new();
    for endpoint in endpoints {
        let method = Method::from_bytes(endpoint.method.as_bytes())
            .ok()
            .and_then(|method| MethodFilter::try_from(method).ok())
            .expect("the table names ordinary methods");
        let serve = move |State(door): State<Door>,
                          ConnectInfo(peer): ConnectInfo<Peer>,
                          params: RawPathParams,
                          request: Request| async move {
            let params =
                params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            door.serve(endpoint, params, request, &peer).await
        };
        router = router.route(endpoint.template, on(method, serve));
    }
    if door.place == Place::Api {
        router = router.merge(control::router());
    }
    router.fallback(unknown).method_not_allowed_fallback(wrong_method).with_state(door)
}

async fn unknown(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let endpoint = match door.place {
        Place::Api => &NO_ENDPOINT,
        Place::Site { .. } => &NO_PAGE,
    };
    door.serve(endpoint, Vec::new(), request, &peer).await
}

async fn wrong_method(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let endpoint = match door.place {
        Place::Api => &WRONG_METHOD,
        Place::Site { .. } => &NO_PAGE,
    };
    door.serve(endpoint, Vec::new(), request, &peer).await
}

impl Door {
    async fn serve(
        &self,
        endpoint: &'static Endpoint,
        params: Vec<(String, String)>,
        request: Request,
        peer: &Peer,
    ) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
        let ticket = self.world.requests.arrived(&Arrival {
            method: parts.method.as_str(),
            route: endpoint.template,
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            body: &body,
        });
        let faults = self.faults(endpoint, &params, &parts);
        let (mut before, mut after) = (self.world.latency, Duration::ZERO);
        for fault in &faults {
            match fault {
                FaultKind::Latency { milliseconds } => {
                    before += Duration::from_millis(*milliseconds);
                }
                FaultKind::LateAnswer { milliseconds } => {
                    after += Duration::from_millis(*milliseconds);
                }
                _ => {}
            }
        }
        pause(before).await;
        let is_site = self.place != Place::Api;
        let instead = faults.iter().find_map(|fault| spoiled::instead(fault, is_site));
        let mut reply = match instead {
            Some(reply) => reply,
            None => self.answer(endpoint, &params, &parts, &body),
        };
        for fault in &faults {
            spoiled::change(fault, &mut reply);
        }
        let status = reply.status.as_u16();
        let last = faults.last();
        if matches!(last, Some(FaultKind::DropConnection | FaultKind::DropRequest)) {
            self.world.requests.answered(&ticket, DROPPED);
            peer.cut.now();
            return spoiled::whole(reply);
        }
        // Before the pause: whoever hangs up in it ends this function here.
        self.world.requests.answered(&ticket, status);
        pause(after).await;
        match last {
            Some(FaultKind::Truncated) => spoiled::truncated(reply),
            Some(FaultKind::SlowBody { milliseconds }) => {
                spoiled::slow(reply, Duration::from_millis(*milliseconds))
            }
            _ => spoiled::whole(reply),
        }
    }

    /// The faults of this request, with the one that answers it last.
    fn faults(
        &self,
        endpoint: &Endpoint,
        params: &[(String, String)],
        parts: &Parts,
    ) -> Vec<FaultKind> {
        let organization = match self.place {
            Place::Site { organization, .. } => Some(self.world.ids[organization].as_str()),
            Place::Api => params
                .iter()
                .find(|(name, _)| name == "orgId")
                .map(|(_, id)| id.as_str())
                .or_else(|| self.organization_of_key(parts)),
        };
        let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
        let mut faults = self.world.faults.fall_on(&Target {
            method: parts.method.as_str(),
            route: endpoint.template,
            path: &percent_decode_str(path).decode_utf8_lossy(),
            is_site: self.place != Place::Api,
            organization,
        });
        faults.sort_by_key(|fault| !fault.goes_on());
        faults
    }

    fn organization_of_key(&self, parts: &Parts) -> Option<&str> {
        let value = parts.headers.get("authorization")?.to_str().ok()?;
        let index = *self.world.keys.get(value.strip_prefix("Bearer ")?)?;
        Some(&self.world.ids[index])
    }

    fn answer(
        &self,
        endpoint: &'static Endpoint,
        params: &[(String, String)],
        parts: &Parts,
        body: &Bytes,
    ) -> Reply {
        let now = self.world.clock.now();
        let visitor = Visitor {
            endpoint,
            place: self.place,
            headers: &parts.headers,
            params,
            path: parts.uri.path(),
            now,
        };
        let admitted = match self.world.admit(&visitor) {
            Ok(admitted) => admitted,
            Err(refusal) => return refusal,
        };
        let standing = match self.world.count(&visitor, &admitted, endpoint.method) {
            Ok(standing) => standing,
            Err(refusal) => return refusal,
        };
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let call = Call {
            world: &self.world,
            organization: admitted.organization,
            site: match self.place {
                Place::Api => 0,
                Place::Site { site, .. } => site,
            },
            caller: admitted.caller,
            path: parts.uri.path(),
            params,
            query: &query,
            body,
            now,
        };
        let reply = (endpoint.handle)(&call).unwrap_or_else(|refusal| refusal);
        let reply = call.with_caller(reply);
        match standing {
            Some(standing) => gate::told(reply, endpoint.family, standing),
            None => reply,
        }
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

impl Call<'_> {
    /// Sites say whom they took the caller for.
    fn with_caller(&self, reply: Reply) -> Reply {
        let Caller::Person(person) = self.caller else {
            return reply;
        };
        let account = self.read().person(person).account.to_string();
        reply.with_header("x-aaccountid", &account.replace(':', "%3A"))
    }
}
