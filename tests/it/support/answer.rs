use http::HeaderMap;
use serde_json::Value;

/// What came back over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as it came.
    pub(crate) text: String,
    /// The body as JSON; null where it is none.
    pub(crate) body: Value,
}

impl Answer {
    /// The value at a JSON pointer below `data`; panics with the whole answer where there is none.
    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        let found = self.body["data"].pointer(pointer);
        found.unwrap_or_else(|| panic!("nothing at {pointer} of {}", self.text))
    }

    /// The same, of an answer that has no error.
    #[track_caller]
    pub(crate) fn good(&self, pointer: &str) -> &Value {
        assert!(self.body.get("errors").is_none(), "there are errors: {}", self.text);
        self.at(pointer)
    }

    /// The list at a pointer of an answer without error.
    #[track_caller]
    pub(crate) fn list(&self, pointer: &str) -> &Vec<Value> {
        let value = self.good(pointer);
        value.as_array().unwrap_or_else(|| panic!("no list at {pointer} but {value}"))
    }

    /// The texts of one member of each row of the list at a pointer.
    #[track_caller]
    pub(crate) fn texts(&self, pointer: &str, member: &str) -> Vec<String> {
        texts(self.at(pointer), member)
    }

    /// The errors; empty where there are none.
    pub(crate) fn errors(&self) -> &[Value] {
        self.body["errors"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The code of each error.
    pub(crate) fn codes(&self) -> Vec<&str> {
        self.errors().iter().map(code).collect()
    }

    /// A header's text; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The code of an error.
pub(crate) fn code(error: &Value) -> &str {
    error["extensions"]["code"].as_str().unwrap_or("(no code)")
}

/// The texts of one member of each row of a list.
#[track_caller]
pub(crate) fn texts(list: &Value, member: &str) -> Vec<String> {
    let rows = list.as_array().unwrap_or_else(|| panic!("no list but {list}"));
    let text = |row: &Value| {
        let text = row[member].as_str();
        text.unwrap_or_else(|| panic!("no text `{member}` in {row}")).to_owned()
    };
    rows.iter().map(text).collect()
}
