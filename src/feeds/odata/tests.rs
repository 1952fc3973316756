use super::{evaluate::wants, filter::parse, session::Token};
use crate::feeds::{
    Error, Position, Row, Value,
    tests::{EVERYTHING, row_of_everything},
};

fn row() -> Row {
    row_of_everything("O'Neill & Søn", Some(7))
}

fn holds(filter: &str) -> bool {
    let expression = parse(&EVERYTHING, filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    wants(&expression, &row())
}

fn refusal(filter: &str) -> String {
    match parse(&EVERYTHING, filter) {
        Err(Error::BadParameter(message)) => message,
        Err(Error::NotImplemented(message)) => format!("501: {message}"),
        Err(other) => panic!("{filter}: {other:?}"),
        Ok(expression) => panic!("{filter}: {expression:?}"),
    }
}

#[test]
fn every_kind_of_value_is_compared_with_its_like() {
    for filter in [
        "text eq 'O''Neill & Søn'",
        "text ne 'o''neill & søn'",
        "integer eq 7",
        "integer gt 6.5 and integer le 7",
        "integer ge -9223372036854775808",
        "decimal eq 12.5",
        "decimal lt 12.500001",
        "float gt 0.2 and float lt 1",
        "boolean",
        "boolean eq true",
        "not (boolean eq false)",
        "instant eq 2026-01-31T10:00:00Z",
        "instant lt 2026-01-31T12:00:00.5+01:00",
        "date ge 2026-01-31 and date lt 2026-02-01",
        "'a' lt text or text lt 'a'",
        "7 eq integer",
    ] {
        assert!(holds(filter), "{filter}");
        assert!(!holds(&format!("not ({filter})")), "{filter}");
    }
}

#[test]
fn texts_are_looked_into_with_their_case_unless_it_is_taken_away() {
    assert!(holds("contains(text,'Neill')"));
    assert!(!holds("contains(text,'neill')"));
    assert!(holds("contains(tolower(text),'neill')"));
    assert!(holds("startswith(text, 'O''')"));
    assert!(holds("endswith(toupper(text),'SØN') eq true"));
    assert!(holds("not startswith(text,'x') and not(contains(text,'y'))"));
}

#[test]
fn null_equals_null_only_and_what_is_not_known_is_not_wanted() {
    assert!(holds("missing eq null"));
    assert!(!holds("missing ne null"));
    assert!(holds("text ne null"));
    assert!(holds("missing ne 'x'"));
    for filter in [
        "missing eq 'x'",
        "missing gt 'a'",
        "missing le 'z'",
        "contains(missing,'x')",
        "not contains(missing,'x')",
        "contains(missing,'x') or null",
        "contains(missing,'x') and true",
    ] {
        assert!(!holds(filter), "{filter}");
    }
    assert!(holds("contains(missing,'x') or true"));
    assert!(holds("not (contains(missing,'x') and false)"));
}

#[test]
fn and_binds_tighter_than_or_and_parentheses_tighter_than_both() {
    assert!(holds("true or true and false"));
    assert!(!holds("(true or true) and false"));
    assert!(holds("not false and true"));
    assert!(holds("((integer eq 7) and (boolean))"));
    assert!(holds("not not boolean"));
}

#[test]
fn what_is_no_filter_is_refused_with_the_reason() {
    for (filter, reason) in [
        ("", "ends where something is missing"),
        ("text", "has text where boolean is needed"),
        ("text eq", "ends where something is missing"),
        ("text eq 'x", "without its closing quote"),
        ("text eq 'x' 'y'", "cannot go on with its piece 4"),
        ("text eq 'x' boolean", "cannot go on with `boolean`"),
        ("(text eq 'x'", "ends where something is missing"),
        ("text eq 'x')", "cannot go on"),
        ("nosuch eq 1", "the table everything has no column `nosuch`"),
        ("text eq 1", "compares text with integer"),
        ("instant gt 2026-01-31", "compares instant with date"),
        ("date eq 2026-02-30", "has no column `2026-02-30`"),
        ("boolean and 1", "has integer where boolean is needed"),
        ("not text", "has text where boolean is needed"),
        ("contains(text)", "takes 2 arguments"),
        ("contains(text,1)", "has integer where text is needed"),
        ("text = 'x'", "a character at 5"),
        ("text eq \"x\"", "a character at 8"),
        ("integer add 1 eq 8", "501: `$filter` has no operator `add`"),
        ("text in ('x')", "501: `$filter` has no operator `in`"),
        ("length(text) gt 1", "501: `$filter` has the functions contains, startswith"),
        ("a/b eq 1", "501: `$filter` has no paths"),
        ("@p eq 1", "501: `$filter` has no paths"),
    ] {
        let message = refusal(filter);
        assert!(message.contains(reason), "{filter}: {message}");
    }
}

#[test]
fn filters_without_end_are_refused_before_they_cost_anything() {
    for opening in ["(", "not ", "contains(", "tolower("] {
        let deep = format!("{}boolean", opening.repeat(1_000));
        assert!(refusal(&deep).contains("nested deeper than 32"), "{opening}");
    }
    let within = format!("{}boolean{}", "(".repeat(32), ")".repeat(32));
    assert!(holds(&within));
    let long = vec!["boolean"; 2_000].join(" or ");
    assert!(refusal(&long).contains("longer than"));
    // Many values side by side are what slicers send.
    assert!(holds(&vec!["integer eq 7"; 800].join(" or ")));
}

#[test]
fn a_token_comes_back_as_it_was_and_nothing_else_is_one() {
    let next = Position { part: 1, thing: 70_000, row: 3 };
    let token = Token { session: [7; 16], next, given: 123_456_789 };
    let text = token.encode();
    assert_eq!(Token::decode(&text), Some(token));
    for other in ["", "x", &text[1..], &format!("{text}A"), "!!!!"] {
        assert_eq!(Token::decode(other), None, "{other}");
    }
}

#[test]
fn a_literal_is_what_odata_says_it_is() {
    // Days, instants and numbers all begin with a digit.
    assert!(holds("2026-01-31 eq date"));
    assert!(holds("1e3 gt integer"));
    assert!(holds("null eq null"));
    assert_eq!(row().len(), EVERYTHING.columns().count());
    assert!(row().contains(&Value::Null));
}
