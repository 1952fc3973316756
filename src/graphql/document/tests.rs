use std::{fmt::Write, time::Instant};

use async_graphql::{Variables, parser::parse_query};

use super::*;

fn verdict(source: &str) -> Result<OperationKind, DocumentError> {
    let limits = Limits::default();
    check(&parse(source, &limits)?, None, &Variables::default(), &limits)
}

fn measure_of(source: &str) -> Measure {
    match verdict(source).expect_err("it is above a limit") {
        DocumentError::TooLarge { measure, .. } => measure,
        other => panic!("refused for another reason: {other}"),
    }
}

/// `count` fragments that each spread the next one `spreads` times.
fn bomb(count: usize, spreads: usize) -> String {
    let mut source = "{ ...f0 }".to_owned();
    for index in 0..count {
        let next =
            if index + 1 == count { "__typename ".into() } else { format!("...f{} ", index + 1) };
        write!(source, " fragment f{index} on Query {{ {} }}", next.repeat(spreads)).unwrap();
    }
    source
}

#[test]
fn a_fragment_bomb_is_refused_before_anybody_notices() {
    for source in [bomb(22, 2), bomb(50, 2), bomb(8, 9)] {
        let document = parse_query(&source).unwrap();
        let start = Instant::now();
        let refusal = check(&document, None, &Variables::default(), &Limits::default());
        // Walked, the smallest of these takes seconds; a busy machine may take milliseconds to measure it.
        assert!(start.elapsed().as_millis() < 100, "took {:?}", start.elapsed());
        assert!(
            matches!(refusal, Err(DocumentError::TooLarge { measure: Measure::Fields, .. })),
            "{refusal:?}"
        );
    }
}

#[test]
fn a_bomb_in_an_operation_that_does_not_run_is_refused_too() {
    let source = format!("query A {{ __typename }} query B {}", bomb(22, 2));
    let limits = Limits::default();
    let document = parse(&source, &limits).unwrap();
    let refusal = check(&document, Some("A"), &Variables::default(), &limits);
    assert!(matches!(refusal, Err(DocumentError::TooLarge { .. })), "{refusal:?}");
}

#[test]
fn aliased_inline_fragments_count_as_what_they_hold() {
    let line = "... { a: __typename ... { b: __typename } } ".repeat(60);
    assert_eq!(measure_of(&format!("{{ {line} }}")), Measure::Aliases);
}

#[test]
fn a_fragment_that_contains_itself_is_refused() {
    let source = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
    assert!(matches!(verdict(source), Err(DocumentError::Cyclic { .. })));
    let unused = "{ __typename } fragment a on Query { ...a }";
    assert!(matches!(verdict(unused), Err(DocumentError::Cyclic { .. })));
}

#[test]
fn a_long_chain_of_nested_fragments_does_not_exhaust_the_stack() {
    let mut source = "{ ...f0 }".to_owned();
    for index in 0..40 {
        let open = "... { ".repeat(50);
        let close = "}".repeat(50);
        write!(source, " fragment f{index} on Query {{ {open} ...f{} {close} }}", index + 1)
            .unwrap();
    }
    assert_eq!(measure_of(&source), Measure::Nesting);
}

#[test]
fn each_measure_has_its_limit() {
    let nested = |levels: usize| format!("{}{}", "{ a ".repeat(levels), "}".repeat(levels));
    assert_eq!(measure_of(&nested(13)), Measure::Depth);
    assert_eq!(measure_of(&nested(61)), Measure::Nesting);
    assert_eq!(
        measure_of(&format!("{{ a(b: {}{}) }}", "[".repeat(70_000 / 2), "]".repeat(29))),
        Measure::Tokens
    );
    assert_eq!(
        measure_of(&format!("{{ a(b: {}{}) }}", "[".repeat(99), "]".repeat(99))),
        Measure::Nesting
    );
    assert_eq!(measure_of(&format!("{{ a }} #{}", "x".repeat(70_000))), Measure::Bytes);
    assert_eq!(measure_of(&format!("{{ {} }}", "a ".repeat(21))), Measure::RootFields);
    assert_eq!(measure_of(&format!("{{ u {{ {} }} }}", "a ".repeat(1_000))), Measure::Fields);
    assert_eq!(measure_of(&format!("{{ u {{ {} }} }}", "a: b ".repeat(101))), Measure::Aliases);
    assert_eq!(
        measure_of(&format!("{{ u {} }}", "@include(if: true) ".repeat(51))),
        Measure::Directives
    );
    let operations: String =
        (0..21).fold(String::new(), |all, index| format!("{all} query q{index} {{ a }}"));
    assert_eq!(measure_of(&operations), Measure::Operations);
}

#[test]
fn a_list_of_many_values_in_the_variables_is_refused() {
    let limits = Limits::default();
    let variables = Variables::from_json(serde_json::json!({ "emails": vec!["x"; 10_000] }));
    let document = parse("{ a }", &limits).unwrap();
    let refusal = check(&document, None, &variables, &limits);
    assert!(matches!(
        refusal,
        Err(DocumentError::TooLarge { measure: Measure::VariableValues, .. })
    ));
}

#[test]
fn introspection_has_a_depth_of_its_own_and_no_explosion() {
    let of_type = format!("{}{}", "ofType { name ".repeat(9), "}".repeat(9));
    let standard = format!(
        "{{ __schema {{ types {{ ...Full }} directives {{ args {{ ...Input }} }} }} }}
         fragment Full on __Type {{ fields {{ args {{ ...Input }} type {{ ...Ref }} }} inputFields {{ ...Input }}
           interfaces {{ ...Ref }} possibleTypes {{ ...Ref }} }}
         fragment Input on __InputValue {{ name type {{ ...Ref }} }}
         fragment Ref on __Type {{ kind {of_type} }}"
    );
    assert_eq!(verdict(&standard), Ok(OperationKind::Query));
    let explosion =
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(measure_of(explosion), Measure::IntrospectionLists);
}

#[test]
fn the_operation_is_found_by_its_name() {
    let limits = Limits::default();
    let document = parse("query A { a } mutation B { b }", &limits).unwrap();
    let kind = |name| check(&document, name, &Variables::default(), &limits);
    assert_eq!(kind(Some("A")), Ok(OperationKind::Query));
    assert_eq!(kind(Some("B")), Ok(OperationKind::Mutation));
    assert_eq!(kind(Some("C")), Err(DocumentError::NoSuchOperation));
    assert_eq!(kind(None), Err(DocumentError::OperationNameMissing));
}

#[test]
fn a_glance_at_the_text_tells_the_operation() {
    let glance = |source, name| operation(source, name).map(|found| (found.kind, found.name));
    let named = |kind, name: &str| Some((kind, Some(name.to_owned())));
    assert_eq!(glance("{ a(b: {c: 1}) { d } }", None), Some((OperationKind::Query, None)));
    assert_eq!(
        glance("# mutation\n query Q($a: In = {b: 1}) @d(a: {b: 2}) { a }", None),
        named(OperationKind::Query, "Q")
    );
    assert_eq!(
        glance("fragment mutation on T { a } mutation M { b }", None),
        named(OperationKind::Mutation, "M")
    );
    assert_eq!(
        glance("query A { mutation } mutation B { b }", Some("B")),
        named(OperationKind::Mutation, "B")
    );
    assert_eq!(glance("query A { a }", Some("B")), None);
    assert_eq!(glance("mutation { a }", None), Some((OperationKind::Mutation, None)));
    assert_eq!(
        glance("\"\"\"{\"\"\" \"\\\"{\" subscription S { a }", None),
        named(OperationKind::Subscription, "S")
    );
    assert_eq!(glance("", None), None);
}

#[test]
fn a_syntax_error_tells_the_place_and_not_the_text() {
    let error = verdict("{ users(filter: {search: \"secret-word\"}) { nodes { id } ").unwrap_err();
    assert_eq!(error.code(), code::GRAPHQL_PARSE_FAILED);
    assert!(!error.to_string().contains("secret-word"), "{error}");
    assert!(!error.positions().is_empty());
    let server = ServerError::from(error);
    assert!(server.message.len() < 240, "{}", server.message);
}

#[test]
fn of_a_thousand_validation_errors_twenty_are_told() {
    let errors = vec![ServerError::new("x".repeat(5_000), None); 1_000];
    let tidy = tidied(errors);
    assert_eq!(tidy.len(), 20);
    assert!(tidy.iter().all(|error| error.message.len() <= 304));
}
