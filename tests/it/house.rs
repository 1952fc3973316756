//! The house: which room may import which, how long a file may be, and what no name may say.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each room, and the rooms that it may import besides itself. Imports only go down.
const ROOMS: [(&str, &[&str]); 18] = [
    ("domain", &[]),
    ("demo", &[]),
    ("telemetry", &[]),
    ("store", &["domain"]),
    ("atlassian", &["domain"]),
    ("auth", &["domain", "store"]),
    ("audit", &["domain", "store"]),
    ("integrations", &["domain", "store"]),
    ("licenses", &["domain"]),
    ("organizations", &["domain", "atlassian", "audit", "integrations", "licenses", "store"]),
    ("graphql", &["domain", "audit", "auth", "integrations", "licenses", "organizations"]),
    ("feeds", &["domain", "auth", "integrations", "organizations", "store"]),
    ("report", &["domain", "integrations", "licenses", "organizations"]),
    ("queries", &["auth", "feeds", "graphql"]),
    ("http", &["auth", "feeds", "graphql", "queries", "report", "telemetry"]),
    (
        "config",
        &[
            "domain",
            "atlassian",
            "auth",
            "feeds",
            "http",
            "integrations",
            "organizations",
            "store",
            "telemetry",
        ],
    ),
    (
        "app",
        &[
            "domain",
            "demo",
            "telemetry",
            "store",
            "atlassian",
            "audit",
            "auth",
            "integrations",
            "organizations",
            "feeds",
            "graphql",
            "queries",
            "report",
            "http",
            "config",
        ],
    ),
    ("main", &["app"]),
];

const LONGEST_FILE: usize = 400;
const BANNED_NAMES: [&str; 4] = ["utils", "util", "helpers", "common"];

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 100, "src is not where this test looks for it");
    found
}

/// The path below `src`, as `room/file.rs`.
fn name(path: &Path) -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    path.strip_prefix(src).expect("a file of src").display().to_string()
}

fn room(path: &Path) -> String {
    let name = name(path);
    let first = name.split('/').next().unwrap_or_default();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms that a file names after `crate::`, alone or in braces.
fn imports(source: &str) -> BTreeSet<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut word = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => word.clear(),
                    ':' if depth == 0 && !word.is_empty() => {
                        found.insert(std::mem::take(&mut word));
                    }
                    letter if depth == 0 && (letter.is_alphanumeric() || letter == '_') => {
                        word.push(letter);
                    }
                    _ => {}
                }
            }
        } else {
            let word: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.insert(word);
        }
    }
    found
}

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for path in sources() {
        let here = room(&path);
        if here == "lib" {
            continue;
        }
        let (_, allowed) = ROOMS
            .iter()
            .find(|(room, _)| *room == here)
            .unwrap_or_else(|| panic!("the room {here} is not in the table of this test"));
        let source = fs::read_to_string(&path).expect("a source file is text");
        for wanted in imports(&source) {
            let is_room = ROOMS.iter().any(|(room, _)| *room == wanted);
            if is_room && wanted != here && !allowed.contains(&wanted.as_str()) {
                wrong.push(format!("{} imports {wanted}", name(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_import_form_is_seen_by_this_test() {
    let source = "use crate::{\n    auth::{Caller, http::X},\n    domain::Page,\n};\nlet x = crate::store::open();\n// crate::demo";
    let seen: Vec<String> = imports(source).into_iter().collect();
    assert_eq!(seen, ["auth", "domain", "store"]);
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let long: Vec<String> = sources()
        .iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(path).expect("a source file is text").lines().count();
            (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", name(path)))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_file_is_named_for_nothing_in_particular() {
    for path in sources() {
        for part in name(&path).trim_end_matches(".rs").split('/') {
            assert!(!BANNED_NAMES.contains(&part), "{}", name(&path));
        }
    }
}

#[test]
fn the_gateway_does_not_know_the_simulator() {
    for path in sources() {
        if matches!(room(&path).as_str(), "demo" | "app" | "lib") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source file is text");
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            assert!(!line.to_lowercase().contains("simulat"), "{}: {line}", name(&path));
        }
    }
}

#[test]
fn only_the_schemas_error_file_makes_the_librarys_errors() {
    for path in sources() {
        let name = name(&path);
        let is_exempt = ["error.rs", "guard.rs", "scalars.rs", "gateway.rs", "completion.rs"]
            .iter()
            .any(|file| name == format!("graphql/{file}"))
            || name.starts_with("graphql/document");
        if room(&path) != "graphql" || is_exempt {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source file is text");
        for banned in ["async_graphql::Error", "async_graphql::Result", "ServerError"] {
            assert!(!source.contains(banned), "{name} names {banned}");
        }
    }
}
