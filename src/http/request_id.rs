use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it, in and out.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What names a request in the log, in every error and in the answer's `x-request-id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's own, where it is short and of harmless characters; otherwise a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        headers
            .get(X_REQUEST_ID)
            .filter(|value| is_harmless(value.as_bytes()))
            .map_or_else(Self::new, |value| Self(value.clone()))
    }

    pub(super) fn new() -> Self {
        let id = Uuid::now_v7().to_string();
        Self(HeaderValue::from_str(&id).expect("a UUID is plain ASCII"))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().expect("only harmless ASCII becomes a request id")
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_harmless(id: &[u8]) -> bool {
    (8..=128).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let id = |text: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(text).unwrap());
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(id(b"build-42.retry_1"), "build-42.retry_1");
        for bad in
            [&b"short"[..], b"", b"has spaces in it", b"<script>alert(1)</script>", &[0xff; 12]]
        {
            assert_eq!(id(bad).len(), 36, "{bad:?}");
        }
        assert_eq!(id("x".repeat(129).as_bytes()).len(), 36);
        assert_ne!(RequestId::new(), RequestId::new());
    }
}
