use async_graphql::{Request, Variables};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::refusal::Refusal;

/// The parameters of a GraphQL request over HTTP, of whatever type they came. Others are ignored, as the draft asks.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(default)]
    query: Value,
    #[serde(default)]
    operation_name: Value,
    #[serde(default)]
    variables: Value,
    #[serde(default)]
    extensions: Value,
}

/// The request in a body.
pub(super) fn of_body(body: &[u8]) -> Result<Request, Refusal> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => return Err(bad("the body is empty")),
        Some(b'[') => return Err(bad("batches are not accepted: send one request at a time")),
        Some(b'{') => {}
        Some(_) => return Err(bad("the body is not a JSON object")),
    }
    let parameters: Parameters = serde_json::from_slice(body).map_err(|error| {
        let what = if error.is_data() { "holds a parameter twice" } else { "is not JSON" };
        bad(format!("the body {what} (line {}, column {})", error.line(), error.column()))
    })?;
    request(parameters)
}

/// The request in a URL's query.
pub(super) fn of_url(query: Option<&str>) -> Result<Request, Refusal> {
    let mut parameters = Parameters::default();
    let mut seen = Vec::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let slot = match name.as_ref() {
            "query" => &mut parameters.query,
            "operationName" => &mut parameters.operation_name,
            "variables" => &mut parameters.variables,
            "extensions" => &mut parameters.extensions,
            _ => continue,
        };
        if seen.contains(&name) {
            return Err(bad(format!("`{name}` is given twice")));
        }
        let is_json = matches!(name.as_ref(), "variables" | "extensions");
        *slot = if value.is_empty() && name != "query" {
            Value::Null
        } else if is_json {
            serde_json::from_str(&value).map_err(|_| bad(format!("`{name}` is not JSON")))?
        } else {
            Value::String(value.into_owned())
        };
        seen.push(name);
    }
    request(parameters)
}

/// The request in a value that is JSON already: a message of a WebSocket.
pub(super) fn of_value(value: Value) -> Result<Request, Refusal> {
    let parameters =
        serde_json::from_value(value).map_err(|_| bad("the parameters are not a JSON object"))?;
    request(parameters)
}

fn request(parameters: Parameters) -> Result<Request, Refusal> {
    let query = match parameters.query {
        Value::String(query) => query,
        Value::Null => return Err(bad("`query` is missing")),
        _ => return Err(bad("`query` is not a string")),
    };
    let mut request = Request::new(query);
    request.operation_name = match parameters.operation_name {
        Value::Null => None,
        Value::String(name) if name.is_empty() => None,
        Value::String(name) => Some(name),
        _ => return Err(bad("`operationName` is not a string")),
    };
    request.variables =
        Variables::from_json(Value::Object(object(parameters.variables, "variables")?));
    for (name, value) in object(parameters.extensions, "extensions")? {
        if let Ok(value) = async_graphql::Value::from_json(value) {
            request.extensions.insert(name, value);
        }
    }
    Ok(request)
}

fn object(value: Value, name: &str) -> Result<Map<String, Value>, Refusal> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(members) => Ok(members),
        _ => Err(bad(format!("`{name}` is not an object"))),
    }
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::BadRequest(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<Request, Refusal>) -> String {
        result.err().map(|refusal| refusal.message()).expect("it is refused")
    }

    #[test]
    fn a_body_that_is_no_request_is_refused_with_the_reason() {
        for (body, expected) in [
            ("", "the body is empty"),
            ("  \n", "the body is empty"),
            ("[]", "batches are not accepted: send one request at a time"),
            ("[{\"query\":\"{a}\"}]", "batches are not accepted: send one request at a time"),
            ("7", "the body is not a JSON object"),
            ("{\"query\":", "the body is not JSON (line 1, column 9)"),
            ("{\"query\":\"{a}\"} x", "the body is not JSON (line 1, column 17)"),
            ("{}", "`query` is missing"),
            ("{\"qeury\":\"{a}\"}", "`query` is missing"),
            ("{\"query\":null}", "`query` is missing"),
            ("{\"query\":7}", "`query` is not a string"),
            (
                "{\"query\":\"{a}\",\"query\":\"{b}\"}",
                "the body holds a parameter twice (line 1, column 22)",
            ),
            ("{\"query\":\"{a}\",\"operationName\":7}", "`operationName` is not a string"),
            ("{\"query\":\"{a}\",\"variables\":[7]}", "`variables` is not an object"),
            ("{\"query\":\"{a}\",\"extensions\":\"x\"}", "`extensions` is not an object"),
        ] {
            assert_eq!(message(of_body(body.as_bytes())), expected, "{body}");
        }
        assert!(message(of_body(b"{\"query\":\"\xff\"}")).starts_with("the body is not JSON"));
        let nested = format!("{{\"query\":\"{{a}}\",\"variables\":{}", "{\"a\":".repeat(200));
        assert!(message(of_body(nested.as_bytes())).starts_with("the body is not JSON"));
    }

    #[test]
    fn nulls_and_unknown_parameters_are_as_if_they_were_not_there() {
        let body = br#"{"query":"{a}","operationName":null,"variables":null,"extensions":null,"more":[1]}"#;
        let request = of_body(body).ok().unwrap();
        assert_eq!(request.query, "{a}");
        assert_eq!(request.operation_name, None);
        assert!(request.variables.is_empty() && request.extensions.is_empty());
    }

    #[test]
    fn a_url_holds_the_same_parameters() {
        let url = "query=%7Ba%7D&operationName=&variables=%7B%22x%22%3A1%7D&extensions=";
        let request = of_url(Some(url)).ok().unwrap();
        assert_eq!(request.query, "{a}");
        assert_eq!(request.operation_name, None);
        assert_eq!(request.variables.len(), 1);
        assert_eq!(message(of_url(None)), "`query` is missing");
        assert_eq!(message(of_url(Some("query=a&query=b"))), "`query` is given twice");
        assert_eq!(message(of_url(Some("query=a&variables=x"))), "`variables` is not JSON");
        assert_eq!(message(of_url(Some("query=a&variables=[1]"))), "`variables` is not an object");
    }
}
