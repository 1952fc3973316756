use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::{from_fn, map_response},
    response::Response,
    routing::{any, get},
};
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::NotForContentType},
    cors::{AllowOrigin, CorsLayer},
};

use super::{
    edge::{Edge, Parts},
    endpoint, feeds, graphiql, health,
    observe::observe,
    queries, report,
    request_id::X_REQUEST_ID,
    socket,
};

/// Everything that is served, ready to be served.
pub struct Site {
    pub(super) router: Router,
    pub(super) edge: Arc<Edge>,
}

impl Site {
    /// Puts routes and layers around the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let edge = Arc::new(Edge::new(parts));
        let graphql = Router::new()
            .route("/graphql", any(endpoint::graphql))
            .layer(map_response(varying))
            .route("/graphql/ws", any(socket::upgrade));
        let mut router = Router::new()
            .merge(graphql)
            .merge(feeds::router())
            .merge(report::router())
            .merge(queries::router())
            .route("/healthz", get(health::live))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(health::metrics))
            .with_state(Arc::clone(&edge));
        if edge.settings.graphiql {
            router = router.merge(graphiql::router());
        }
        let mut router = router
            .fallback(health::not_found)
            .method_not_allowed_fallback(health::method_not_allowed)
            .layer(compression())
            .layer(map_response(feeds::conditional::name_encoding));
        if !edge.settings.cors_origins.is_empty() {
            router = router.layer(cors(&edge.settings.cors_origins));
        }
        // The outermost, so that the log sees what the others do.
        let router = router.layer(from_fn(observe));
        Self { router, edge }
    }

    /// The routes with their layers, for a test that needs no socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }
}

fn compression() -> CompressionLayer<impl Predicate> {
    // It is compressed within.
    let parquet = NotForContentType::const_new("application/vnd.apache.parquet");
    let predicate = DefaultPredicate::new().and(parquet);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(predicate)
}

/// What an answer depends on besides its address.
async fn varying(mut response: Response) -> Response {
    for name in ["Accept", "Authorization"] {
        response.headers_mut().append(header::VARY, HeaderValue::from_static(name));
    }
    response
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CACHE_CONTROL,
            header::CONTENT_TYPE,
            X_REQUEST_ID,
        ])
        .expose_headers([header::AGE, header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_hours(1))
}
