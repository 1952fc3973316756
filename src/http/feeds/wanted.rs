use std::borrow::Cow;

use http::{HeaderMap, header};

use super::problem::Problem;
use crate::feeds::odata::Metadata;

/// The form of an OData answer that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) metadata: Metadata,
    pub(super) numbers_as_text: bool,
    /// JSON is not among what is accepted: good for the metadata document and for plain numbers.
    pub(super) is_xml: bool,
}

impl Wanted {
    /// `$format` counts before `Accept`. Where full metadata are asked for, minimal ones are given and named in the answer: rows
    /// have no address of their own that full ones could tell.
    pub(super) fn of(
        headers: &HeaderMap,
        parameters: &[(Cow<'_, str>, Cow<'_, str>)],
    ) -> Result<Self, Problem> {
        let most = headers.get("odata-maxversion").and_then(|version| version.to_str().ok());
        if most.is_some_and(|most| !most.trim().starts_with("4.")) {
            return Err(Problem::bad_request("this service speaks OData 4.0"));
        }
        let format = parameters.iter().find(|(name, _)| name == "$format");
        let asked = match format {
            Some((_, format)) => vec![format.as_ref()],
            None => headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .collect(),
        };
        let asked: Vec<String> =
            asked.into_iter().map(plain).filter(|kind| !kind.is_empty()).collect();
        let usual = Self { metadata: Metadata::Minimal, numbers_as_text: false, is_xml: false };
        if asked.is_empty() {
            return Ok(usual);
        }
        let Some(best) = asked.iter().find(|kind| is_json(kind)) else {
            if asked
                .iter()
                .any(|kind| essence(kind).contains("xml") || essence(kind) == "text/plain")
            {
                return Ok(Self { is_xml: true, ..usual });
            }
            return Err(Problem::not_acceptable("answers are application/json"));
        };
        Ok(Self {
            metadata: if best.contains("odata.metadata=none") {
                Metadata::None
            } else {
                Metadata::Minimal
            },
            numbers_as_text: best.contains("ieee754compatible=true"),
            is_xml: false,
        })
    }

    pub(super) fn media_type(self) -> &'static str {
        match (self.metadata, self.numbers_as_text) {
            (Metadata::Minimal, false) => "application/json;odata.metadata=minimal;charset=utf-8",
            (Metadata::Minimal, true) => {
                "application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8"
            }
            (Metadata::None, false) => "application/json;odata.metadata=none;charset=utf-8",
            (Metadata::None, true) => {
                "application/json;odata.metadata=none;IEEE754Compatible=true;charset=utf-8"
            }
        }
    }
}

fn plain(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    kind.chars().filter(|letter| !letter.is_whitespace()).collect()
}

fn essence(kind: &str) -> &str {
    kind.split(';').next().unwrap_or_default()
}

fn is_json(kind: &str) -> bool {
    matches!(essence(kind), "json" | "application/json" | "application/*" | "*/*")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(accept: &str, format: Option<&str>) -> Option<(Metadata, bool)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        let parameters: Vec<_> =
            format.map(|format| ("$format".into(), format.into())).into_iter().collect();
        let wanted = Wanted::of(&headers, &parameters).ok()?;
        Some((wanted.metadata, wanted.numbers_as_text))
    }

    #[test]
    fn the_first_json_that_is_accepted_decides_and_the_parameter_before_it() {
        let power_query = "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,\
                           application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7";
        for (accept, format, expected) in [
            ("", None, Some((Metadata::Minimal, false))),
            ("*/*", None, Some((Metadata::Minimal, false))),
            (power_query, None, Some((Metadata::Minimal, false))),
            ("application/json; odata.metadata=none", None, Some((Metadata::None, false))),
            ("application/json;odata.metadata=full", None, Some((Metadata::Minimal, false))),
            ("application/json;IEEE754Compatible=true", None, Some((Metadata::Minimal, true))),
            ("application/xml", None, Some((Metadata::Minimal, false))),
            ("text/html", None, None),
            ("text/html", Some("json"), Some((Metadata::Minimal, false))),
            ("*/*", Some("application/json;odata.metadata=none"), Some((Metadata::None, false))),
            ("*/*", Some("atom"), None),
        ] {
            assert_eq!(of(accept, format), expected, "{accept} {format:?}");
        }
    }

    #[test]
    fn a_reader_of_an_older_odata_is_told() {
        let mut headers = HeaderMap::new();
        headers.insert("odata-maxversion", HeaderValue::from_static("3.0"));
        assert!(Wanted::of(&headers, &[]).is_err());
        headers.insert("odata-maxversion", HeaderValue::from_static("4.01"));
        assert!(Wanted::of(&headers, &[]).is_ok());
    }
}
