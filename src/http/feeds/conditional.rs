use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

/// The encodings that the compression layer has: each makes another representation, with a strong ETag of its own
/// (RFC 9110, 8.8.3.3).
const ENCODINGS: [&str; 2] = ["gzip", "zstd"];

/// Adds the encoding to the ETag of an answer that was compressed on its way out.
pub(in crate::http) async fn name_encoding(mut response: Response) -> Response {
    let headers = response.headers();
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let tag = headers.get(header::ETAG).and_then(|value| value.to_str().ok());
    if let (Some(encoding), Some(tag)) = (encoding, tag)
        && ENCODINGS.contains(&encoding)
        && let Some(plain) = tag.strip_suffix('"')
        && let Ok(named) = HeaderValue::from_str(&format!("{plain}-{encoding}\""))
    {
        response.headers_mut().insert(header::ETAG, named);
    }
    response
}

/// The ETag of an answer that the caller has already, in the encoding in which they have it; `None` where they have another one.
/// `tag` is without quotes and encoding. `If-Modified-Since` is not looked at, which RFC 9110 leaves to the server (13.1.3): rows change
/// without a newer reading, by corrections and as days pass.
pub(in crate::http) fn known_tag(request: &HeaderMap, tag: &str) -> Option<HeaderValue> {
    let quoted = |tag: &str| HeaderValue::from_str(&format!("\"{tag}\"")).ok();
    for value in request.get_all(header::IF_NONE_MATCH) {
        let Ok(value) = value.to_str() else { continue };
        if value.trim() == "*" {
            return quoted(tag);
        }
        // None of ours holds a comma.
        for each in value.split(',') {
            let each = each.trim();
            let opaque = each.strip_prefix("W/").unwrap_or(each).trim_matches('"');
            let is_encoded = ENCODINGS.iter().any(|encoding| {
                opaque
                    .strip_suffix(encoding)
                    .is_some_and(|rest| rest.strip_suffix('-') == Some(tag))
            });
            if opaque == tag || is_encoded {
                return quoted(opaque);
            }
        }
    }
    None
}

/// An instant as HTTP writes it; to the second.
pub(super) fn http_date(instant: Timestamp) -> Option<HeaderValue> {
    let time = std::time::SystemTime::from(instant);
    HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(name: header::HeaderName, value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        let known = known_tag(&headers, "abc-csv");
        known.map(|tag| tag.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_tag_is_known_in_every_encoding_and_answered_in_the_same() {
        for (value, expected) in [
            ("\"abc-csv\"", Some("\"abc-csv\"")),
            ("W/\"abc-csv\"", Some("\"abc-csv\"")),
            ("\"x\", \"abc-csv-gzip\"", Some("\"abc-csv-gzip\"")),
            ("\"abc-csv-zstd\"", Some("\"abc-csv-zstd\"")),
            ("*", Some("\"abc-csv\"")),
            ("\"abc-csv-br\"", None),
            ("\"abc\"", None),
            ("", None),
        ] {
            assert_eq!(asks(header::IF_NONE_MATCH, value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_date_does_not_tell_that_nothing_changed() {
        assert_eq!(asks(header::IF_MODIFIED_SINCE, "Mon, 02 Nov 2026 09:31:00 GMT"), None);
    }
}
