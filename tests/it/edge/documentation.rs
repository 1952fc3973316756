use std::fs;

use headcount::feeds;

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_error_code_is_explained() {
    let explained = read("docs/errors.md");
    let sources =
        ["src/graphql/error.rs", "src/graphql/document/error.rs", "src/http/refusal.rs"].map(read);
    let codes: Vec<_> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.trim().strip_prefix("pub const "))
        .filter_map(|line| line.split_once(": &str = ").map(|(name, _)| name))
        .collect();
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert!(explained.contains(&format!("| `{code}` |")), "{code} is not in docs/errors.md");
    }
}

#[test]
fn every_counter_is_explained() {
    let explained = read("docs/logging.md");
    let sources = [
        "src/atlassian/transport.rs",
        "src/atlassian/wire.rs",
        "src/feeds/gauges.rs",
        "src/http/observe.rs",
    ]
    .map(read);
    let names: Vec<_> = sources
        .iter()
        .flat_map(|source| source.split('"'))
        .filter(|text| text.starts_with("headcount_"))
        .collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        assert!(explained.contains(&format!("| `{name}` |")), "{name} is not in docs/logging.md");
    }
}

#[test]
fn every_table_of_the_feeds_is_described_with_its_columns() {
    let described = read("docs/feeds.md");
    let (_, tables) = described.split_once("needs it.\n\n").unwrap();
    let expected = feeds::markdown();
    assert_eq!(
        tables.trim_end(),
        expected.trim_end(),
        "docs/feeds.md has to end with:\n{expected}"
    );
}
