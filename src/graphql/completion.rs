use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Response, Value,
    indexmap::IndexMap,
    parser::{
        parse_schema,
        types::{
            BaseType, ExecutableDocument, OperationType, Selection, SelectionSet, Type, TypeKind,
            TypeSystemDefinition,
        },
    },
};

/// What the library leaves undone in an answer (specification, sections 6.4.4 and 7.2.2): it leaves a field that failed
/// out instead of making it null, makes an object null of which every field failed, lets no failure reach the next
/// field that may be null, and gives the members in the order in which they were ready.
pub(super) struct Completion {
    /// The type of each field, by the type that it is of.
    fields: HashMap<(Name, Name), Type>,
}

/// What is selected of an object: by its key in the answer, in the order of the document.
type Plan<'a> = IndexMap<Name, Member<'a>>;

struct Member<'a> {
    /// `None` for the fields of introspection.
    ty: Option<&'a Type>,
    inside: Plan<'a>,
}

impl Completion {
    /// Completes answers of the schema that this SDL describes.
    pub(super) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the schema's own text is a schema");
        let mut fields = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let of = definition.node.name.node;
            let described = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            for field in described {
                fields.insert((of.clone(), field.node.name.node), field.node.ty.node);
            }
        }
        Self { fields }
    }

    /// Completes the answer to the operation of this name. The errors must be all that there were.
    pub(super) fn complete(
        &self,
        response: &mut Response,
        document: &ExecutableDocument,
        operation_name: Option<&str>,
    ) {
        let mut operations = document.operations.iter();
        let chosen = operations
            .find(|(name, _)| operation_name.is_none() || name.map(Name::as_str) == operation_name);
        let Some((_, operation)) = chosen else { return };
        let root = match operation.node.ty {
            OperationType::Query => Name::new("Query"),
            OperationType::Mutation => Name::new("Mutation"),
            OperationType::Subscription => Name::new("Subscription"),
        };
        let mut plan = Plan::new();
        self.add(&mut plan, document, &root, &operation.node.selection_set.node);
        let object = Type { base: BaseType::Named(root), nullable: true };
        let failed = response.errors.iter().filter(|error| !error.path.is_empty());
        let failed: Vec<&[PathSegment]> = failed.map(|error| error.path.as_slice()).collect();
        for path in &failed {
            put_null(&mut response.data, path);
        }
        // Only once all are there: what has become null must not be filled again.
        for path in &failed {
            pass_on(&mut response.data, &object, path, &plan);
        }
        order(&mut response.data, &plan);
    }

    /// Adds the fields of a selection on a type, fragments spread. What is selected twice is merged.
    fn add<'a>(
        &'a self,
        plan: &mut Plan<'a>,
        document: &'a ExecutableDocument,
        of: &Name,
        selection: &'a SelectionSet,
    ) {
        for one in &selection.items {
            match &one.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let ty = self.fields.get(&(of.clone(), field.name.node.clone()));
                    let member = plan
                        .entry(field.response_key().node.clone())
                        .or_insert_with(|| Member { ty, inside: Plan::new() });
                    let inside = ty.map_or_else(|| Name::new(""), named_type);
                    self.add(&mut member.inside, document, &inside, &field.selection_set.node);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(of, |condition| &condition.node.on.node);
                    self.add(plan, document, on, &fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name) {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.add(plan, document, on, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

/// Puts null where a field failed and is not there.
fn put_null(value: &mut Value, path: &[PathSegment]) {
    match (path, value) {
        ([PathSegment::Index(index), rest @ ..], Value::List(items)) => {
            if let Some(item) = items.get_mut(*index) {
                put_null(item, rest);
            }
        }
        ([PathSegment::Field(key), rest @ ..], value) => {
            // A field inside it failed, so it was there.
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            let Value::Object(members) = value else { return };
            put_null(members.entry(Name::new(key)).or_insert(Value::Null), rest);
        }
        _ => {}
    }
}

/// Makes null what holds a null that it may not hold; whether the value itself has become such a null.
fn pass_on(value: &mut Value, ty: &Type, path: &[PathSegment], plan: &Plan<'_>) -> bool {
    let is_lost = match (path, &mut *value) {
        ([PathSegment::Index(index), rest @ ..], Value::List(items)) => {
            let BaseType::List(inner) = &ty.base else { return false };
            items.get_mut(*index).is_some_and(|item| pass_on(item, inner, rest, plan))
        }
        ([PathSegment::Field(key), rest @ ..], Value::Object(members)) => {
            let Some(member) = plan.get(key.as_str()) else { return false };
            let (Some(inner), Some(found)) = (member.ty, members.get_mut(key.as_str())) else {
                return false;
            };
            pass_on(found, inner, rest, &member.inside)
        }
        _ => false,
    };
    if is_lost {
        *value = Value::Null;
    }
    *value == Value::Null && !ty.nullable
}

/// Puts the members of objects in the order of the selection.
fn order(value: &mut Value, plan: &Plan<'_>) {
    match value {
        Value::List(items) => {
            for item in items {
                order(item, plan);
            }
        }
        // A scalar may be an object too; nothing is selected of it.
        Value::Object(members) if !plan.is_empty() => {
            let mut ordered = IndexMap::with_capacity(members.len());
            for (key, member) in plan {
                if let Some(mut found) = members.swap_remove(key) {
                    order(&mut found, &member.inside);
                    ordered.insert(key.clone(), found);
                }
            }
            ordered.extend(members.drain(..));
            *members = ordered;
        }
        _ => {}
    }
}

fn named_type(ty: &Type) -> Name {
    match &ty.base {
        BaseType::Named(name) => name.clone(),
        BaseType::List(inner) => named_type(inner),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{ServerError, parser::parse_query};
    use serde_json::{Value as Json, json};

    use super::*;

    const SDL: &str = "
        type Query { people: [Person!]! person: Person viewer: Viewer! node: Node }
        type Subscription { changed: Person! }
        interface Node { id: ID! }
        type Person implements Node { id: ID! name: String! groups: [String!] friend: Person }
        type Viewer { name: String! }";

    /// The answer `data` to `query`, in which the fields at these paths failed.
    fn completed(query: &str, data: Json, failed: &[Json]) -> String {
        let document = parse_query(query).unwrap();
        let mut response = Response::new(Value::from_json(data).unwrap());
        for path in failed {
            let mut error = ServerError::new("it failed", None);
            let segment = |one: &Json| match one.as_u64() {
                Some(index) => PathSegment::Index(usize::try_from(index).unwrap()),
                None => PathSegment::Field(one.as_str().unwrap().to_owned()),
            };
            error.path = path.as_array().unwrap().iter().map(segment).collect();
            response.errors.push(error);
        }
        Completion::of(SDL).complete(&mut response, &document, None);
        serde_json::to_string(&response.data).unwrap()
    }

    #[test]
    fn a_field_that_failed_is_null() {
        let query = "{ people { id g: groups } }";
        let data = json!({"people": [{"id": 1, "g": []}, {"id": 2}]});
        let answer = completed(query, data, &[json!(["people", 1, "g"])]);
        assert_eq!(answer, r#"{"people":[{"id":1,"g":[]},{"id":2,"g":null}]}"#);
    }

    #[test]
    fn an_object_of_which_every_field_failed_is_there() {
        let failed = [json!(["person", "groups"]), json!(["person", "friend"])];
        let answer = completed("{ person { groups friend { id } } }", json!(null), &failed);
        assert_eq!(answer, r#"{"person":{"groups":null,"friend":null}}"#);
    }

    #[test]
    fn a_failure_of_what_may_not_be_null_reaches_the_next_that_may() {
        let query = "{ person { friend { name friend { id } } groups } }";
        let data = json!({"person": {"friend": {"name": "b"}, "groups": []}});
        let answer = completed(query, data, &[json!(["person", "friend", "friend", "id"])]);
        assert_eq!(answer, r#"{"person":{"friend":{"name":"b","friend":null},"groups":[]}}"#);

        let data = json!({"people": [{"id": 1}], "person": null});
        let failed = [json!(["people", 0, "name"])];
        assert_eq!(completed("{ people { id name } person { id } }", data, &failed), "null");
    }

    #[test]
    fn an_error_beside_a_value_leaves_it_there() {
        let data = json!({"people": [{"id": 1}], "viewer": {"name": "a"}});
        let answer = completed("{ people { id } viewer { name } }", data, &[json!(["people"])]);
        assert_eq!(answer, r#"{"people":[{"id":1}],"viewer":{"name":"a"}}"#);
    }

    #[test]
    fn members_stand_in_the_order_of_the_selection() {
        let query = "{ node { ...Named id } person { id ... { groups } id } viewer { name } }
            fragment Named on Person { name friend { id name } }";
        let data = json!({
            "viewer": {"name": "a"},
            "person": {"groups": [], "id": 1},
            "node": {"id": 2, "friend": {"name": "c", "id": 3}, "name": "b"},
        });
        assert_eq!(
            completed(query, data, &[]),
            r#"{"node":{"name":"b","friend":{"id":3,"name":"c"},"id":2},"person":{"id":1,"groups":[]},"viewer":{"name":"a"}}"#
        );
    }

    #[test]
    fn an_answer_of_a_subscription_is_completed_like_any_other() {
        let query = "subscription { now: changed { name ...F id } } fragment F on Person { groups friend { id } }";
        let data = json!({"now": {"id": 1, "friend": {"id": 2}, "name": "a"}});
        assert_eq!(
            completed(query, data, &[json!(["now", "groups"])]),
            r#"{"now":{"name":"a","groups":null,"friend":{"id":2},"id":1}}"#
        );
        let nameless = json!({"now": {"id": 1, "friend": {"id": 2}, "groups": []}});
        assert_eq!(completed(query, nameless, &[json!(["now", "name"])]), "null");
        // Where there is nothing to follow.
        assert_eq!(completed(query, json!(null), &[json!(["now"])]), "null");
    }

    #[test]
    fn a_failure_inside_a_fragment_is_found() {
        let query = "{ node { id ... on Person { groups } } }";
        let data = json!({"node": {"id": 2}});
        let answer = completed(query, data, &[json!(["node", "groups"])]);
        assert_eq!(answer, r#"{"node":{"id":2,"groups":null}}"#);
    }
}
