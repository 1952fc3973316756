//! Parameters, headers and the shape of answers, held against a small schema.

use std::path::Path;

use async_graphql::{Value as Data, parser::parse_query};
use serde_json::{Value, json};

use super::{header::Header, shape::Shape, table::Page, table::Table, types::Types, variables::*};
use crate::auth::Permission;

const SCHEMA: &str = "
    type Query { people(first: Int, after: String): PersonConnection, days: [Day!]!, one: Person, node: Node, old: [Node] }
    type PersonConnection { nodes: [Person!]!, edges: [PersonEdge!]!, pageInfo: PageInfo!, totalCount: Int, facets: [Day!] }
    type PersonEdge { node: Person!, cursor: String! }
    type PageInfo { hasNextPage: Boolean!, endCursor: String }
    interface Node { id: ID! }
    type Person implements Node { id: ID!, name: String, tags: [String!], home: Place, places: [Place!] }
    type Place { city: String, country: Country }
    type Country { code: String }
    type Day { date: String!, cost: Decimal, used: Int }
    scalar Decimal
    enum Word { RED GREEN }
    input Filter { word: Word }
";

fn shape(query: &str) -> Result<Shape, String> {
    let document = parse_query(query).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    Shape::of(&document, &operation.node, &Types::of(SCHEMA)).map_err(|why| why.0)
}

fn header(query: &str) -> String {
    let shape = shape(query).unwrap_or_else(|why| panic!("{query}: {why}"));
    let text = String::from_utf8(Table::new(&shape).unwrap().finish()).unwrap();
    text.trim_end().to_owned()
}

#[test]
fn the_header_follows_from_the_selection() {
    for (query, expected) in [
        ("{ days { date used } }", "date,used"),
        ("{ days { day: date __typename } }", "day,__typename"),
        (
            "{ people { nodes { name tags home { city country { code } } } pageInfo { hasNextPage } } }",
            "name,tags,home_city,home_country_code",
        ),
        (
            "{ people { totalCount edges { cursor node { ...P } } pageInfo { hasNextPage } } } fragment P on Person { id name }",
            "id,name",
        ),
        ("{ old { id ... on Person { name home { city } } } __typename }", "id,name,home_city"),
        ("{ days { date ... { used } date } }", "date,used"),
    ] {
        assert_eq!(header(query), expected, "{query}");
    }
}

#[test]
fn what_is_no_flat_list_says_why() {
    for (query, expected) in [
        ("{ days { date } old { id } }", "it has more than one field at its root"),
        ("{ one { name } }", "`one` is no list, and `name` of it is not either"),
        (
            "{ people { totalCount } }",
            "`people` is no list, and no connection of which `nodes` or `edges` are selected",
        ),
        (
            "{ people { nodes { id } } }",
            "`people` does not tell whether there is more: select `pageInfo { hasNextPage endCursor }`",
        ),
        (
            "{ people { nodes { id } pageInfo { endCursor } } }",
            "`people` does not tell whether there is more: select `pageInfo { hasNextPage endCursor }`",
        ),
        (
            "{ people { nodes { id } edges { node { id } } pageInfo { hasNextPage } } }",
            "`people` selects its rows twice",
        ),
        (
            "{ people { edges { cursor } pageInfo { hasNextPage } } }",
            "`people.edges` does not select its node",
        ),
        (
            "{ people { nodes { id } facets { date } pageInfo { hasNextPage } } }",
            "`people` is no list, and `facets` of it is not either",
        ),
        (
            "{ people { nodes { places { city } } pageInfo { hasNextPage } } }",
            "`places` is a list of objects",
        ),
        (
            "{ people { nodes { home_city: name home { city } } pageInfo { hasNextPage } } }",
            "two columns would be called `home_city`; give one an alias",
        ),
    ] {
        assert_eq!(shape(query).unwrap_err(), expected, "{query}");
    }
}

fn table(query: &str, data: &Value) -> (Result<Page, String>, String) {
    let shape = shape(query).unwrap();
    let mut table = Table::new(&shape).unwrap();
    let page = table.add(&Data::from_json(data.clone()).unwrap()).map_err(|why| why.0);
    (page, String::from_utf8(table.finish()).unwrap())
}

#[test]
fn rows_are_flat_and_safe_and_what_is_not_known_is_empty() {
    let query = "{ people { edges { node { name tags home { city country { code } } } } pageInfo { hasNextPage } } }";
    let data = json!({"people": {"edges": [
        {"node": {"name": "=1+1", "tags": ["a", "b, c"], "home": {"city": "Oslo", "country": {"code": "NO"}}}},
        {"node": {"name": null, "tags": [], "home": null}},
    ], "pageInfo": {"hasNextPage": false}}});
    let (page, text) = table(query, &data);
    assert_eq!(page, Ok(Page::Last));
    let rows = "name,tags,home_city,home_country_code\r\n'=1+1,\"a; b, c\",Oslo,NO\r\n,,,\r\n";
    assert_eq!(text, rows);
    let (_, text) =
        table("{ days { cost used } }", &json!({"days": [{"cost": "-1.50", "used": -2}]}));
    assert_eq!(
        text, "cost,used\r\n-1.50,-2\r\n",
        "amounts are numbers, though the schema writes text"
    );
}

#[test]
fn the_end_of_a_page_says_how_to_go_on() {
    let further =
        json!({"people": {"nodes": [], "pageInfo": {"hasNextPage": true, "endCursor": "c"}}});
    let after = "query($from: String) { people(after: $from) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    let next = Page::Next { variable: "from".into(), cursor: "c".into() };
    assert_eq!(table(after, &further).0, Ok(next));
    let fixed = "{ people(after: \"x\") { nodes { id } pageInfo { hasNextPage endCursor } } }";
    assert_eq!(table(fixed, &further).0, Ok(Page::Cut));
    let blind =
        "query($from: String) { people(after: $from) { nodes { id } pageInfo { hasNextPage } } }";
    assert_eq!(table(blind, &further).0, Ok(Page::Cut));
    let (page, _) = table(after, &json!({"people": null}));
    assert_eq!(page, Err("`people` is null: it is not known".to_owned()));
}

fn given(parameters: &[(&str, &str)]) -> Result<Value, String> {
    let query = "query($i: Int!, $f: Float, $b: Boolean, $s: String, $d: Decimal, $w: Word, $ws: [Word!], $o: Filter,
        $m: [[Int!]], $n: Int! = 3) { days { date } }";
    let document = parse_query(query).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let types = Types::of(SCHEMA);
    let definitions = operation.node.variable_definitions.iter();
    let known: Vec<Variable> = definitions.map(|one| Variable::of(&one.node, &types)).collect();
    assert_eq!(Value::Object(samples(&known)), json!({"i": 1}));
    let parameters: Vec<(String, String)> =
        parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    variables(&known, &parameters).map(Value::Object).map_err(|error| error.0)
}

#[test]
fn parameters_become_values_of_their_types() {
    let all = [
        ("i", "-7"),
        ("f", "1.5"),
        ("b", "true"),
        ("s", "12"),
        ("d", "0.10"),
        ("w", "RED"),
        ("ws", "RED"),
        ("ws", "GREEN"),
        ("o", "{\"word\":\"RED\"}"),
        ("m", "[1,2]"),
    ];
    assert_eq!(
        given(&all),
        Ok(
            json!({"i": -7, "f": 1.5, "b": true, "s": "12", "d": "0.10", "w": "RED", "ws": ["RED", "GREEN"],
            "o": {"word": "RED"}, "m": [[1, 2]]})
        )
    );
    assert_eq!(
        given(&[("i", "1")]),
        Ok(json!({"i": 1})),
        "what is not given is not null but absent"
    );
    for (name, value, expected) in [
        ("i", "1.5", "`i` has to be a whole number"),
        ("i", "2147483648", "`i` has to be a whole number"),
        ("f", "NaN", "`f` has to be a number"),
        ("b", "1", "`b` has to be `true` or `false`"),
        ("w", "BLUE", "`w` has to be one of RED, GREEN"),
        ("ws", "BLUE", "`ws` has to be one of RED, GREEN"),
        ("o", "[]", "`o` has to be an object, as JSON"),
        ("m", "1", "`m` has to be a list within a list, as JSON"),
        ("x\u{7}y", "1", "the query has no variable `xy`; it has i, f, b, s, d, w, ws, o, m, n"),
    ] {
        let parameters =
            if name == "i" { vec![(name, value)] } else { vec![("i", "1"), (name, value)] };
        assert_eq!(given(&parameters), Err(expected.to_owned()), "{name}={value}");
    }
    assert_eq!(given(&[]), Err("`i` is missing; it is of the type Int!".to_owned()));
}

#[test]
fn comments_before_the_query_tell_what_it_is_and_needs() {
    let of = |source: &str| Header::of(source, Path::new("a.graphql"));
    let found = of(
        "# One.\n#\n# permissions: directory:read,licenses:read\n\n# Two.\nquery { x } # permissions: audit:read\n",
    );
    let found = found.unwrap();
    assert_eq!(found.description, "One. Two.");
    let expected = [Permission::ReadDirectory, Permission::ReadLicenses];
    assert_eq!(found.permissions.iter().collect::<Vec<_>>(), expected);
    let late = of("query { x }\n# permissions: directory:read").unwrap_err();
    assert_eq!(late.place, Some((1, 1)), "{late}");
    let wrong = of("# permissions: READ_DIRECTORY\n{ x }").unwrap_err();
    assert!(wrong.reason.starts_with("`READ_DIRECTORY` is no permission"), "{wrong}");
}
