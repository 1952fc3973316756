use http::{HeaderMap, HeaderValue, header};
use mime::Mime;

/// The two forms of one whole answer (GraphQL over HTTP, "Media types"). They differ in their status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`: 200 for whatever was a well-formed request.
    Json,
    /// `application/graphql-response+json`: the status tells how it went.
    GraphqlResponse,
}

impl MediaType {
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    fn essence(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::GraphqlResponse => "application/graphql-response+json",
        }
    }
}

/// Server-sent events, the form of many answers, one after the other.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// What `Accept` takes; at least one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    whole: Option<MediaType>,
    stream: Stream,
}

/// How much events are liked, beside one whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Not,
    Also,
    Rather,
}

impl Accepted {
    const JSON: Self = Self { whole: Some(MediaType::Json), stream: Stream::Not };

    /// The form of one whole answer, which refusals have for everybody: plain JSON for who wants events alone.
    pub(super) fn whole(self) -> MediaType {
        self.whole.unwrap_or(MediaType::Json)
    }

    /// Whether to answer with events. Who takes both gets them for what has more than one answer.
    pub(super) fn is_stream(self, is_subscription: bool) -> bool {
        match self.stream {
            Stream::Not => false,
            Stream::Also => is_subscription,
            Stream::Rather => true,
        }
    }
}

/// What `Accept` takes, `None` where it takes nothing that is offered. Without `Accept`, and for a caller without a
/// preference, plain JSON: what such a caller reads need not know GraphQL's own media type.
pub(super) fn accepted(headers: &HeaderMap) -> Option<Accepted> {
    let mut ranges = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        ranges.extend(text.split(',').map(str::trim).filter(|text| !text.is_empty()));
    }
    if ranges.is_empty() {
        return Some(Accepted::JSON);
    }
    let ranges: Vec<Range> = ranges.into_iter().filter_map(Range::parse).collect();
    let whole = whole(&ranges);
    // By its name only: who takes anything did not ask for an answer that does not end.
    let stream = liking(EVENT_STREAM, &ranges).filter(|it| it.precision == Precision::Exact);
    let stream = match (whole, stream) {
        (None, None) => return None,
        (Some(_), None) => Stream::Not,
        (Some((_, whole)), Some(stream)) if stream.quality <= whole.quality => Stream::Also,
        (_, Some(_)) => Stream::Rather,
    };
    Some(Accepted { whole: whole.map(|(kind, _)| kind), stream })
}

/// The form of a whole answer that is liked best.
fn whole(ranges: &[Range]) -> Option<(MediaType, Liking)> {
    let json = liking(MediaType::Json.essence(), ranges);
    let graphql = liking(MediaType::GraphqlResponse.essence(), ranges);
    match (json, graphql) {
        (None, None) => None,
        (Some(json), None) => Some((MediaType::Json, json)),
        (None, Some(graphql)) => Some((MediaType::GraphqlResponse, graphql)),
        // Named as loudly as JSON, the better type wins; by a wildcard alone it does not.
        (Some(json), Some(graphql)) => Some(
            if graphql.quality > json.quality
                || (graphql.quality == json.quality && graphql.precision == Precision::Exact)
            {
                (MediaType::GraphqlResponse, graphql)
            } else {
                (MediaType::Json, json)
            },
        ),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Anything,
    Application,
    Exact,
}

/// How much a caller likes a type: by the most precise of the ranges that hold it (RFC 9110, 12.5.1).
#[derive(Clone, Copy)]
struct Liking {
    precision: Precision,
    /// In thousandths.
    quality: u16,
}

fn liking(essence: &str, ranges: &[Range]) -> Option<Liking> {
    let mut best: Option<Liking> = None;
    for range in ranges {
        let Some(precision) = range.precision(essence) else {
            continue;
        };
        if best.is_none_or(|best| (precision, range.quality) > (best.precision, best.quality)) {
            best = Some(Liking { precision, quality: range.quality });
        }
    }
    best.filter(|best| best.quality > 0)
}

struct Range {
    essence: String,
    quality: u16,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let essence = parts.next()?.to_ascii_lowercase();
        let mut quality = 1000;
        for part in parts {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => quality = thousandths(value)?,
                "charset" if !value.eq_ignore_ascii_case("utf-8") => return None,
                _ => {}
            }
        }
        Some(Self { essence, quality })
    }

    fn precision(&self, essence: &str) -> Option<Precision> {
        match self.essence.as_str() {
            "*/*" => Some(Precision::Anything),
            "application/*" if essence.starts_with("application/") => Some(Precision::Application),
            own if own == essence => Some(Precision::Exact),
            _ => None,
        }
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    if !(0.0..=1.0).contains(&quality) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and 1000"
    )]
    let thousandths = (quality * 1000.0).round() as u16;
    Some(thousandths)
}

/// Whether a body is JSON in UTF-8, uncompressed. Nothing else is executed: what a web page can send without asking
/// first (text, forms, multipart) must not reach the schema.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else {
        return false;
    };
    let Some(kind) = kind.to_str().ok().and_then(|text| text.parse::<Mime>().ok()) else {
        return false;
    };
    let is_plain = headers
        .get(header::CONTENT_ENCODING)
        .is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let is_utf8 = kind.get_param(mime::CHARSET).is_none_or(|charset| charset == mime::UTF_8);
    kind.essence_str() == "application/json" && is_utf8 && is_plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Option<Accepted> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(text).unwrap());
        accepted(&headers)
    }

    #[test]
    fn the_best_liked_type_wins_and_plain_json_where_nothing_is_said() {
        use MediaType::{GraphqlResponse, Json};
        assert_eq!(accepted(&HeaderMap::new()), Some(Accepted::JSON));
        for (text, expected) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("application/json; charset=UTF-8", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            ("Application/GraphQL-Response+JSON;charset=\"utf-8\"", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json;q=0.9", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json;q=0.9", Some(Json)),
            ("application/graphql-response+json, */*;q=0.1", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0, */*", Some(Json)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("text/html, */*;q=0.8", Some(Json)),
            ("text/html", None),
            ("application/json;charset=utf-16", None),
            ("application/json;q=0", None),
            ("application/json;q=7", None),
            (";;;", None),
        ] {
            let accepted = accept(text);
            assert_eq!(accepted.map(Accepted::whole), expected, "{text:?}");
            assert!(accepted.is_none_or(|it| !it.is_stream(true)), "{text:?}");
        }
    }

    #[test]
    fn events_are_for_who_names_them_and_for_queries_where_they_are_liked_best() {
        // For a query, for a subscription.
        for (text, expected) in [
            ("text/event-stream", (true, true)),
            ("text/event-stream;charset=utf-8", (true, true)),
            ("application/json;q=0.9, text/event-stream", (true, true)),
            ("application/json, text/event-stream", (false, true)),
            ("application/graphql-response+json, text/event-stream;q=0.5", (false, true)),
            ("text/event-stream, */*;q=0.1", (true, true)),
            ("text/event-stream;q=0, */*", (false, false)),
            ("text/*, */*;q=0.1", (false, false)),
        ] {
            let accepted = accept(text).unwrap();
            assert_eq!((accepted.is_stream(false), accepted.is_stream(true)), expected, "{text:?}");
        }
        assert_eq!(accept("text/event-stream").unwrap().whole(), MediaType::Json);
        assert_eq!(accept("text/event-stream;q=0"), None);
        assert_eq!(accept("text/*"), None);
    }

    #[test]
    fn only_plain_json_in_utf_8_is_json() {
        let is = |kinds: &[&str]| {
            let mut headers = HeaderMap::new();
            for kind in kinds {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
            }
            is_json(&headers)
        };
        assert!(is(&["application/json"]));
        assert!(is(&["application/json; charset=utf-8"]));
        assert!(is(&["Application/JSON;charset=\"UTF-8\""]));
        for kinds in [
            &[][..],
            &["text/plain"],
            &["application/x-www-form-urlencoded"],
            &["multipart/form-data; boundary=x"],
            &["application/graphql"],
            &["application/json; charset=utf-16"],
            &["application/json", "text/plain"],
            &["application/jsonp"],
            &[""],
        ] {
            assert!(!is(kinds), "{kinds:?}");
        }
        let mut packed = HeaderMap::new();
        packed.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        packed.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!is_json(&packed));
    }
}
