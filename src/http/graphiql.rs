//! The page to try queries with: GraphiQL, built from `ui/` and carried by the program, so that it needs no other host.
//!
//! Where `ui/` was not built (no Node.js on the machine that compiled), a plain page stands in and says so. Neither asks
//! for a token: both are static files, and only `/graphql` behind them answers anything.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `npm run build` in `ui/` leaves. A development build reads it from the disk at every request instead.
#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Bundle;

/// A page of three small files that needs no build.
#[derive(RustEmbed)]
#[folder = "src/http/plain"]
struct Plain;

/// Styles may be inline, because Monaco writes each line's place and each theme's colours that way; scripts may not.
/// Monaco's style sheet draws its squiggles from `data:` images.
const GRAPHIQL_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
     style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PLAIN_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; \
     img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// For files that carry a hash of their content in their name.
const FOR_A_YEAR: &str = "public, max-age=31536000, immutable";
/// For files whose name outlives their content: kept, and asked about each time by `ETag`.
const ASK_EACH_TIME: &str = "no-cache";

/// Serves the page at `/` and `/graphiql`, and what it loads under `/assets/`.
pub fn router() -> Router {
    Site::of::<Bundle>().router()
}

/// Whether this build carries GraphiQL; without it [`router`] serves the plain page.
#[must_use]
pub fn is_bundled() -> bool {
    Bundle::get("index.html").is_some()
}

/// One of the two pages: where its files are, what they may do and how long they may be kept.
#[derive(Clone, Copy)]
struct Site {
    file: fn(&str) -> Option<EmbeddedFile>,
    policy: &'static str,
    keep_assets: &'static str,
}

impl Site {
    /// The site of `B`, or the plain one where `B` was not built.
    fn of<B: RustEmbed>() -> Self {
        if B::get("index.html").is_some() {
            Self { file: B::get, policy: GRAPHIQL_POLICY, keep_assets: FOR_A_YEAR }
        } else {
            Self { file: Plain::get, policy: PLAIN_POLICY, keep_assets: ASK_EACH_TIME }
        }
    }

    fn router(self) -> Router {
        Router::new()
            .route("/", get(index))
            .route("/graphiql", get(index))
            .route("/assets/{*path}", get(asset))
            .with_state(self)
    }

    fn serve(self, path: &str, keep: &'static str, request: &HeaderMap) -> Response {
        let Some(file) = (self.file)(path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let tag = tag_of(&file);
        let is_known = request.get(header::IF_NONE_MATCH).is_some_and(|known| names(known, &tag));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let kind = file.metadata.mimetype().to_owned();
            ([(header::CONTENT_TYPE, kind)], Body::from(Bytes::from_owner(file.data)))
                .into_response()
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        for (name, value) in [
            (header::CACHE_CONTROL, keep),
            (header::CONTENT_SECURITY_POLICY, self.policy),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

async fn index(State(site): State<Site>, request: HeaderMap) -> Response {
    site.serve("index.html", ASK_EACH_TIME, &request)
}

async fn asset(State(site): State<Site>, Path(path): Path<String>, request: HeaderMap) -> Response {
    // A development build reads the disk, where `..` would lead out of the assets.
    if path.split('/').any(|part| part == "..") {
        return StatusCode::NOT_FOUND.into_response();
    }
    site.serve(&format!("assets/{path}"), site.keep_assets, &request)
}

/// A strong tag: the file's SHA-256, which the build computed.
fn tag_of(file: &EmbeddedFile) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash()))
}

/// Whether `If-None-Match` names `tag`. Compared weakly, as RFC 9110 13.1.2 has it: a proxy that compresses marks tags weak.
fn names(known: &HeaderValue, tag: &str) -> bool {
    known.to_str().is_ok_and(|known| {
        known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    /// What a machine without Node.js leaves.
    #[derive(RustEmbed)]
    #[folder = "ui/never-built"]
    #[allow_missing = true]
    struct NotBuilt;

    /// The plain page in the place of a bundle: it has the same shape, an index beside a folder of assets.
    fn built() -> Router {
        Site::of::<Plain>().router()
    }

    async fn ask(router: Router, path: &str, tag: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn header_of(response: &Response, name: http::HeaderName) -> &str {
        response.headers()[name].to_str().unwrap()
    }

    #[tokio::test]
    async fn a_build_without_the_bundle_serves_the_page_that_says_what_is_missing() {
        for path in ["/", "/graphiql"] {
            let response = ask(Site::of::<NotBuilt>().router(), path, None).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(header_of(&response, header::CONTENT_TYPE), "text/html");
            assert!(!header_of(&response, header::CONTENT_SECURITY_POLICY).contains("unsafe"));
            let page = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            let page = String::from_utf8(page.to_vec()).unwrap();
            assert!(page.contains("install Node.js 20.19 or later"), "{page}");
        }
    }

    #[tokio::test]
    async fn the_pages_own_files_are_served_with_their_types() {
        for (path, kind) in
            [("/assets/plain.js", "text/javascript"), ("/assets/plain.css", "text/css")]
        {
            let response = ask(Site::of::<NotBuilt>().router(), path, None).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header_of(&response, header::CONTENT_TYPE), kind);
            assert_eq!(header_of(&response, header::CACHE_CONTROL), ASK_EACH_TIME);
        }
    }

    #[tokio::test]
    async fn a_bundles_hashed_files_are_kept_for_a_year_and_its_page_is_not() {
        let asset = ask(built(), "/assets/plain.js", None).await;
        assert_eq!(header_of(&asset, header::CACHE_CONTROL), FOR_A_YEAR);
        let page = ask(built(), "/", None).await;
        assert_eq!(header_of(&page, header::CACHE_CONTROL), ASK_EACH_TIME);
        assert_eq!(header_of(&page, header::CONTENT_SECURITY_POLICY), GRAPHIQL_POLICY);
        assert_eq!(header_of(&page, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    }

    #[tokio::test]
    async fn a_browser_that_has_the_page_is_not_sent_it_again() {
        let first = ask(built(), "/", None).await;
        let tag = header_of(&first, header::ETAG).to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()]
        {
            let again = ask(built(), "/", Some(&known)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(header_of(&again, header::ETAG), tag);
        }
        let stale = ask(built(), "/", Some("\"other\"")).await;
        assert_eq!(stale.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn nothing_outside_the_bundle_is_served() {
        for path in
            ["/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/none.js", "/assets/"]
        {
            let response = ask(built(), path, None).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
