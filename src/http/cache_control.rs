use std::time::Duration;

use http::{HeaderMap, header};

/// The oldest answer that the caller takes: `Cache-Control` of the request. `None` where it does not say.
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers
        .get_all(header::CACHE_CONTROL)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    directives
        .filter_map(|directive| {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (directive.trim(), None),
            };
            match name.to_ascii_lowercase().as_str() {
                "no-cache" | "no-store" => Some(Duration::ZERO),
                "max-age" => value?.parse().ok().map(Duration::from_secs),
                _ => None,
            }
        })
        .min()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_strictest_directive_counts_and_nonsense_does_not() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(text));
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(max_age(&HeaderMap::new()), None);
        assert_eq!(of("max-age=30"), Some(30));
        assert_eq!(of("Max-Age=\"30\""), Some(30));
        assert_eq!(of("no-cache"), Some(0));
        assert_eq!(of("No-Store, max-age=60"), Some(0));
        assert_eq!(of("max-age=90, max-age=5"), Some(5));
        assert_eq!(of("max-age=-1"), None);
        assert_eq!(of("max-age=soon, only-if-cached"), None);
        assert_eq!(of("max-age=99999999999999999999999"), None);
    }
}
