use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
        SelectionSet, TypeCondition,
    },
};

use super::DocumentError;

/// The document with every subscription's field at its root. The library follows only what stands there: to a field within a
/// fragment it would listen never, to several fields with answers that hold one each.
///
/// # Errors
/// A subscription to more than one field, to one of introspection, or with a directive at its root.
pub fn with_bare_root(document: &ExecutableDocument) -> Result<ExecutableDocument, DocumentError> {
    let mut bare = document.clone();
    let mut root = Root { document, spread: Vec::new() };
    let operations: Vec<&mut Positioned<OperationDefinition>> = match &mut bare.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        if operation.node.ty == OperationType::Subscription {
            let selection = &mut operation.node.selection_set.node;
            *selection = root.bare(selection)?;
        }
    }
    let spread = root.spread;
    // The library refuses fragments that nobody uses.
    bare.fragments.retain(|name, _| !spread.contains(name));
    Ok(bare)
}

struct Root<'a> {
    document: &'a ExecutableDocument,
    spread: Vec<Name>,
}

impl Root<'_> {
    fn bare(&mut self, selection: &SelectionSet) -> Result<SelectionSet, DocumentError> {
        let mut items = Vec::new();
        self.gather(&mut items, selection)?;
        let is_one = match items.as_slice() {
            [Positioned { node: Selection::Field(field), .. }] => {
                !field.node.name.node.starts_with("__")
            }
            // A fragment that is not there or does not fit: the library says so.
            items => items.iter().any(|item| !matches!(item.node, Selection::Field(_))),
        };
        if is_one { Ok(SelectionSet { items }) } else { Err(DocumentError::SubscriptionRoot) }
    }

    fn gather(
        &mut self,
        items: &mut Vec<Positioned<Selection>>,
        selection: &SelectionSet,
    ) -> Result<(), DocumentError> {
        for item in &selection.items {
            if !item.node.directives().is_empty() {
                return Err(DocumentError::SubscriptionRoot);
            }
            let inside = match &item.node {
                Selection::Field(_) => None,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let fits = condition.is_none_or(|condition| is_root(&condition.node));
                    fits.then_some(&fragment.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let found = self.document.fragments.get(name);
                    let found = found.filter(|found| is_root(&found.node.type_condition.node));
                    self.spread.extend(found.is_some().then(|| name.clone()));
                    found.map(|found| &found.node.selection_set)
                }
            };
            match inside {
                Some(inside) => self.gather(items, &inside.node)?,
                None => items.push(item.clone()),
            }
        }
        Ok(())
    }
}

fn is_root(condition: &TypeCondition) -> bool {
    condition.on.node == "Subscription"
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn root(source: &str) -> Result<(Vec<String>, usize), DocumentError> {
        let bare = with_bare_root(&parse_query(source).unwrap())?;
        let (_, operation) = bare.operations.iter().next().unwrap();
        let items = operation.node.selection_set.node.items.iter();
        let names = items.map(|item| match &item.node {
            Selection::Field(field) => field.node.name.node.to_string(),
            _ => "a fragment".to_owned(),
        });
        Ok((names.collect(), bare.fragments.len()))
    }

    #[test]
    fn fields_come_out_of_their_fragments() {
        let source = "subscription { ...A } fragment A on Subscription { ... { ...B } }
            fragment B on Subscription { changed { ...C } } fragment C on Deletion { id }";
        assert_eq!(root(source), Ok((vec!["changed".to_owned()], 1)));
        assert_eq!(root("{ a b @skip(if: true) }"), Ok((vec!["a".to_owned(), "b".to_owned()], 0)));
    }

    #[test]
    fn what_does_not_fit_is_left_to_the_library() {
        for source in [
            "subscription { ... on Query { changed } }",
            "subscription { ...Nobody }",
            "subscription { ...F } fragment F on Query { changed }",
        ] {
            assert_eq!(root(source).unwrap().0, ["a fragment"], "{source}");
        }
    }

    #[test]
    fn several_fields_conditions_and_introspection_are_refused() {
        for source in [
            "subscription { a b }",
            "subscription { a: changed { id } b: changed { id } }",
            "subscription { changed @include(if: false) }",
            "subscription { ... @skip(if: true) { changed } }",
            "subscription { __typename }",
            "query Q { a } subscription S { ...F changed } fragment F on Subscription { changed }",
        ] {
            assert_eq!(root(source), Err(DocumentError::SubscriptionRoot), "{source}");
        }
    }
}
