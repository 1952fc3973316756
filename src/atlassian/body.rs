use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::error::{Error, ErrorKind, Result};

/// How many members of one answer may be left out before it counts as unreadable.
const MAX_REPAIRS: usize = 1_000;

/// Reads an answer. A member of a row that does not fit is left out, and with it the row only if it has no id.
///
/// # Errors
/// `InvalidResponse`, naming the place: a body that is cut off (worth asking again) or no JSON, a page without its
/// list or with unreadable links, a list of which no row fits. So a damaged answer is never an empty list.
pub(super) fn read<T: DeserializeOwned>(operation: &'static str, body: &[u8]) -> Result<T> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(error) if error.is_data() => repair(operation, body),
        Err(error) => {
            let place = format!("line {} column {}", error.line(), error.column());
            Err(Error::new(ErrorKind::InvalidResponse, operation)
                .at(&place)
                .with_cause(error)
                .passing())
        }
    }
}

fn repair<T: DeserializeOwned>(operation: &'static str, body: &[u8]) -> Result<T> {
    let unreadable = |place: &str| Error::new(ErrorKind::InvalidResponse, operation).at(place);
    let mut document: Value = serde_json::from_slice(body)
        .map_err(|error| unreadable("the first line").with_cause(error))?;
    for repairs in 0..MAX_REPAIRS {
        let error = match serde_path_to_error::deserialize::<_, T>(&document) {
            Ok(value) => {
                report(operation, repairs);
                return Ok(value);
            }
            Err(error) => error,
        };
        let place = error.path().to_string();
        let path: Vec<Segment> = error.path().iter().cloned().collect();
        if !may_leave_out(&path) || !leave_out(&mut document, &path) {
            return Err(unreadable(&place).with_cause(error.into_inner()));
        }
    }
    Err(unreadable(&format!("more than {MAX_REPAIRS} places")))
}

fn report(operation: &'static str, repairs: usize) {
    if repairs > 0 {
        metrics::counter!("headcount_upstream_malformed_values_total", "operation" => operation)
            .increment(repairs as u64);
        tracing::warn!(operation, repairs, "Left {repairs} malformed values out of an answer");
    }
}

/// Whether what lies at the path may be missing: rows and what is in them. A list itself and the links that say where
/// it goes on may not, or a damaged page would pass for a short or a last one.
fn may_leave_out(path: &[Segment]) -> bool {
    match path {
        [] | [Segment::Map { .. }] => false,
        [Segment::Map { key }, ..] => key != "links" && key != "meta",
        _ => true,
    }
}

/// Removes what lies at the path; `false` where it cannot be found or is the only row of a list.
fn leave_out(document: &mut Value, path: &[Segment]) -> bool {
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    let mut at = document;
    for segment in parents {
        let child = match segment {
            Segment::Map { key } => at.get_mut(key),
            Segment::Seq { index } => at.get_mut(index),
            _ => None,
        };
        let Some(child) = child else {
            return false;
        };
        at = child;
    }
    match (last, at) {
        (Segment::Map { key }, Value::Object(members)) => members.remove(key).is_some(),
        (Segment::Seq { index }, Value::Array(items)) if *index < items.len() => {
            let is_row = path.len() <= 2;
            if is_row && items.len() == 1 {
                return false;
            }
            items.remove(*index);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::atlassian::wire::WirePage;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        id: String,
        name: Option<String>,
        tags: Option<Vec<u8>>,
    }

    fn page(body: &str) -> Result<WirePage<Row>> {
        read("rows", body.as_bytes())
    }

    #[test]
    fn a_malformed_member_costs_only_itself() {
        let page = page(
            r#"{"data":[{"id":"a","name":7,"tags":[1,"x",3]},{"id":"b","name":"Bo"}],"links":{}}"#,
        )
        .expect("the rows can be read");
        assert_eq!(page.data[0], Row { id: "a".into(), name: None, tags: Some(vec![1, 3]) });
        assert_eq!(page.data[1].name.as_deref(), Some("Bo"));
    }

    #[test]
    fn a_row_without_its_id_costs_only_itself() {
        let page = page(r#"{"data":[{"name":"Al"},{"id":"b"}]}"#).expect("one row can be read");
        assert_eq!(page.data.len(), 1);
        assert_eq!(page.data[0].id, "b");
    }

    #[test]
    fn a_list_of_which_nothing_fits_is_an_error_and_not_empty() {
        let error = page(r#"{"data":[{"name":"Al"},{"name":"Bo"}]}"#).expect_err("no row fits");
        assert_eq!(error.kind, ErrorKind::InvalidResponse);
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("data[0]"), "{error}");
    }

    #[test]
    fn a_body_that_is_cut_off_is_worth_asking_again() {
        let error = page(r#"{"data":[{"id":"a","na"#).expect_err("it is cut off");
        assert_eq!(error.kind, ErrorKind::InvalidResponse);
        assert!(error.is_retryable());
        assert!(error.to_string().contains("line 1 column"), "{error}");
    }

    #[test]
    fn wherever_a_body_is_cut_off_it_is_an_error() {
        let whole = r#"{"data":[{"id":"a","name":"Bö"},{"id":"b"}],"links":{"next":"c"}}"#;
        assert_eq!(page(whole).expect("it is whole").data.len(), 2);
        for end in 0..whole.len() {
            let cut = &whole.as_bytes()[..end];
            let error = read::<WirePage<Row>>("rows", cut).expect_err("it is cut off");
            assert!(error.is_retryable(), "at {end}");
        }
    }

    #[test]
    fn an_empty_body_is_an_error() {
        assert!(page("").expect_err("there is nothing").is_retryable());
    }

    #[test]
    fn damaged_lists_and_links_are_errors() {
        for body in [
            r#"{"data":null}"#,
            r#"{"data":{}}"#,
            r#"{"links":{}}"#,
            r#"{"data":[{"id":"a"}],"links":{"next":5}}"#,
            r#"{"data":[{"id":"a"}],"links":7}"#,
            r#"{"errors":[]}"#,
            "[]",
            "null",
        ] {
            let error = page(body).expect_err(body);
            assert_eq!(error.kind, ErrorKind::InvalidResponse, "{body}");
        }
    }
}
