//! The schema as callers see it: the file in the repository, its descriptions, and its guards.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{TestGateway, code};

const INTROSPECTION: &str = "query {
  __schema {
    types {
      name kind description
      fields(includeDeprecated: true) {
        name description type { ...ty } args { name description type { ...ty } }
      }
      inputFields { name description type { ...ty } }
      enumValues { name description }
    }
  }
}
fragment ty on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

#[test]
fn the_file_in_the_repository_is_the_schema() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let kept = std::fs::read_to_string(file).expect("schema.graphql is in the repository");
    assert!(
        kept.trim_end() == headcount::graphql::sdl().trim_end(),
        "schema.graphql is not what the code has; run `cargo run -- schema > schema.graphql` and put a line for each \
         change into CHANGELOG.md"
    );
}

/// What GraphQL itself describes.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// The types of the schema by name, but for GraphQL's own.
async fn types(gateway: &TestGateway) -> HashMap<String, Value> {
    let answer = gateway.ask(&[], INTROSPECTION).await;
    let types = answer.list("/__schema/types").iter();
    let named = types.map(|ty| (ty["name"].as_str().expect("a name").to_owned(), ty.clone()));
    named
        .filter(|(name, _)| !name.starts_with("__") && !BUILT_IN.contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn everything_in_the_schema_is_described() {
    let gateway = TestGateway::start(10).await;
    let types = types(&gateway).await;
    assert!(types.len() > 40, "introspection tells of {} types", types.len());
    let mut bare = Vec::new();
    for (name, ty) in &types {
        let mut look = |path: String, thing: &Value| {
            if thing["description"].as_str().unwrap_or_default().trim().is_empty() {
                bare.push(path);
            }
        };
        look(name.clone(), ty);
        for group in ["fields", "inputFields", "enumValues"] {
            for member in ty[group].as_array().into_iter().flatten() {
                let path = format!("{name}.{}", member["name"].as_str().unwrap_or_default());
                for argument in member["args"].as_array().into_iter().flatten() {
                    look(format!("{path}({})", argument["name"]), argument);
                }
                look(path, member);
            }
        }
    }
    assert!(bare.is_empty(), "without a description: {bare:?}");
}

/// The least value that an argument of this type takes; `None` where it may be left out.
fn least(ty: &Value, types: &HashMap<String, Value>) -> Option<String> {
    if ty["kind"] != json!("NON_NULL") {
        return None;
    }
    let inner = &ty["ofType"];
    if inner["kind"] == json!("LIST") {
        return Some("[]".to_owned());
    }
    let name = inner["name"].as_str().expect("a named type");
    let Some(fields) = types.get(name).and_then(|ty| ty["inputFields"].as_array()) else {
        return Some("\"x\"".to_owned());
    };
    let members = fields.iter().filter_map(|field| {
        let value = least(&field["type"], types)?;
        Some(format!("{}: {value}", field["name"].as_str().expect("a name")))
    });
    Some(format!("{{{}}}", members.collect::<Vec<_>>().join(", ")))
}

/// Whether it is the payload of a change.
fn has_user_errors(ty: &Value, types: &HashMap<String, Value>) -> bool {
    let payload = ty["ofType"]["name"].as_str().and_then(|name| types.get(name));
    let mut fields = payload.and_then(|ty| ty["fields"].as_array()).into_iter().flatten();
    fields.any(|field| field["name"] == "userErrors")
}

/// Whether the innermost type has fields of its own, so that something of it must be selected.
fn is_composite(ty: &Value) -> bool {
    match ty["kind"].as_str() {
        Some("NON_NULL" | "LIST") => is_composite(&ty["ofType"]),
        kind => matches!(kind, Some("OBJECT" | "INTERFACE" | "UNION")),
    }
}

#[tokio::test]
async fn every_root_field_refuses_a_caller_without_permissions_and_asks_nobody() {
    let gateway = TestGateway::start(10).await;
    let types = types(&gateway).await;
    let mut asked = 0;
    for (root, operation) in [("Query", "query"), ("Mutation", "mutation")] {
        for field in types[root]["fields"].as_array().expect("the root has fields") {
            let name = field["name"].as_str().expect("a name");
            // Who asks may always know who they are.
            if name == "viewer" {
                continue;
            }
            let arguments = field["args"].as_array().into_iter().flatten().filter_map(|argument| {
                let value = least(&argument["type"], &types)?;
                Some(format!("{}: {value}", argument["name"].as_str().expect("a name")))
            });
            let arguments = arguments.collect::<Vec<_>>().join(", ");
            let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
            let selection = match () {
                () if has_user_errors(&field["type"], &types) => " { userErrors { code } }",
                () if is_composite(&field["type"]) => " { __typename }",
                () => "",
            };
            let query = format!("{operation} {{ {name}{arguments}{selection} }}");
            let (answer, requests) = gateway.counted(gateway.ask(&[], &query)).await;
            // A change of people is refused in its payload, everything else as the field's error.
            let refused = answer.body["data"][name]["userErrors"][0]["code"].as_str();
            let codes: Vec<&str> = answer.errors().iter().map(code).chain(refused).collect();
            assert_eq!(codes, ["FORBIDDEN"], "{query}");
            assert_eq!(requests.total(), 0, "{query}");
            asked += 1;
        }
    }
    assert!(asked >= 15, "only {asked} root fields were found");
}
