//! A stand-in for the GraphiQL page.

/// Serves nothing.
pub fn router() -> axum::Router {
    axum::Router::new()
}
