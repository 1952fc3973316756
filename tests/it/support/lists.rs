use serde_json::{Value, json};

use super::{Answer, Caller};

/// A page of a connection, read out.
pub(crate) struct Page {
    pub(crate) nodes: Vec<Value>,
    pub(crate) cursors: Vec<String>,
    pub(crate) end: Option<String>,
    pub(crate) has_next: bool,
}

impl Page {
    /// The page of a connection that selects `edges { cursor node { … } } pageInfo { hasNextPage endCursor }`.
    #[track_caller]
    pub(crate) fn of(answer: &Answer, pointer: &str) -> Self {
        let connection = answer.good(pointer);
        let edges = connection["edges"].as_array().expect("a connection has edges");
        let info = &connection["pageInfo"];
        Self {
            nodes: edges.iter().map(|edge| edge["node"].clone()).collect(),
            cursors: super::answer::texts(&connection["edges"], "cursor"),
            end: info["endCursor"].as_str().map(str::to_owned),
            has_next: info["hasNextPage"].as_bool().expect("pageInfo tells whether there is more"),
        }
    }
}

/// Every page of a list, one after the other. The query takes `$first` and `$after`.
pub(crate) async fn walk(
    caller: &Caller<'_>,
    query: &str,
    pointer: &str,
    first: usize,
) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    loop {
        assert!(pages.len() < 1_000, "the list does not end");
        let after = pages.last().and_then(|page| page.end.clone());
        let answer = caller.ask_with(query, json!({"first": first, "after": after})).await;
        let page = Page::of(&answer, pointer);
        let is_last = !page.has_next;
        pages.push(page);
        if is_last {
            return pages;
        }
    }
}
