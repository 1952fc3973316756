use std::{fs, path::PathBuf, time::Duration};

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
const MASTER_KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// What the settings need at the least, and more.
fn environment(more: &[(&str, &str)]) -> Vec<(String, String)> {
    [("HEADCOUNT__AUTH__SECRET", SECRET), ("HEADCOUNT__STORE__MASTER_KEY", MASTER_KEY)]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn load(file: &str, more: &[(&str, &str)]) -> Result<Settings, Problems> {
    let files = Files::new();
    let path = files.write("headcount.toml", file);
    Settings::load(Sources { file: Some(&path), environment: &environment(more), listen: None })
}

fn loaded(file: &str, more: &[(&str, &str)]) -> Settings {
    load(file, more).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The one problem, as a person sees it.
fn problem(file: &str, more: &[(&str, &str)]) -> String {
    let problems = load(file, more).err().expect("it is refused");
    assert_eq!(problems.iter().count(), 1, "{problems}");
    let text = problems.to_string();
    assert!(!text.contains("hush"), "a value was repeated: {text}");
    text
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let files = Files::new();
    let path = files.write(
        "headcount.toml",
        "[http]\nlisten = \"127.0.0.1:1\"\nquery_timeout = \"3m\"\n[log]\nformat = \"text\"\n",
    );
    let environment = environment(&[("HEADCOUNT__HTTP__LISTEN", "127.0.0.1:2")]);
    let sources = Sources { file: Some(&path), environment: &environment, listen: None };
    let settings = Settings::load(sources).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(settings.http.listen.port(), 2);
    assert_eq!(settings.http.query_timeout, Duration::from_mins(3));
    assert_eq!(settings.log.format, LogFormat::Text);
    let listen = Some(([127, 0, 0, 1], 3).into());
    let settings = Settings::load(Sources { listen, ..sources }).ok().unwrap();
    assert_eq!(settings.http.listen.port(), 3);
}

#[test]
fn a_secret_of_digits_is_a_text_and_lists_and_numbers_are_read() {
    let digits = "0123456789012345678901234567890123456789";
    let settings = loaded(
        "",
        &[
            ("HEADCOUNT__AUTH__PREVIOUS_SECRET", digits),
            ("HEADCOUNT__HTTP__CONCURRENT_REQUESTS", "7"),
            ("HEADCOUNT__HTTP__GRAPHIQL", "false"),
            ("HEADCOUNT__HTTP__CORS_ORIGINS", "[\"https://a.example\", \"https://b.example\"]"),
            ("HEADCOUNT__CACHE__USERS", "1h 30m"),
        ],
    );
    assert_eq!(settings.auth.previous_secret.unwrap().expose_secret(), digits);
    assert_eq!(settings.http.concurrent_requests, 7);
    assert!(!settings.http.graphiql);
    assert_eq!(settings.http.cors_origins.len(), 2);
    assert_eq!(settings.cache.users, Duration::from_mins(90));
}

#[test]
fn an_unknown_key_is_refused_with_its_name_and_the_known_ones() {
    let typo = problem("[http]\nlissen = \"hush\"\n", &[]);
    assert!(typo.contains("http.lissen: is unknown in"), "{typo}");
    assert!(typo.contains("listen, "), "{typo}");
    let variable = problem("", &[("HEADCOUNT__HTTP__LISSEN", "hush")]);
    assert!(variable.contains("http.lissen: is unknown in the environment"), "{variable}");
    let section = problem("[htpp]\nlisten = \"hush\"\n", &[]);
    assert!(section.contains("htpp: is unknown"), "{section}");
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_without_repeating_it() {
    for (file, key) in [
        ("[http]\nbody_limit_bytes = \"hush\"\n", "http.body_limit_bytes: is a text where"),
        ("[http]\nquery_timeout = 15\n", "http.query_timeout: is a number where"),
        (
            "[http]\nquery_timeout = \"hush\"\n",
            "http.query_timeout: has a value that it cannot have",
        ),
        ("[http]\nlisten = \"hush\"\n", "http.listen: has a value that it cannot have"),
        ("[http]\nmetrics = \"hush\"\n", "http.metrics: is not a word it can be"),
        ("[auth]\nalgorithm = \"none\"\n", "auth.algorithm: is not a word it can be"),
        ("[http\nlisten = \"hush\"\n", "the settings: cannot be read"),
    ] {
        let text = problem(file, &[]);
        assert!(text.contains(key), "{text}");
        assert!(text.contains("remedy: "), "{text}");
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let file = "[http]\nsockets = 0\n[cache]\nfloor = \"10m\"\nusers = \"1m\"\n[auth]\nalgorithm = \"RS256\"\n";
    let text = load(file, &[]).err().unwrap().to_string();
    for key in ["http.sockets", "cache.users", "auth.secret", "auth.public_key"] {
        assert!(text.contains(&format!("\n  {key}: ")), "{key} in {text}");
    }
}

#[test]
fn what_is_missing_is_asked_for_with_how_to_make_it() {
    let text = Settings::load(Sources::default()).err().unwrap().to_string();
    assert!(text.contains("auth.secret: is missing"), "{text}");
    assert!(text.contains("store.master_key: is missing"), "{text}");
    assert!(text.contains("openssl rand"), "{text}");
}

#[test]
fn combinations_that_cannot_work_are_refused() {
    for (file, key) in [
        ("[auth]\njwks_url = \"https://issuer.example/keys\"\n", "auth.algorithm: is HS256"),
        ("[cache]\nscan_wait = \"2m\"\n", "cache.scan_wait: is not below"),
        ("[atlassian]\ntime_budget = \"1s\"\n", "atlassian.time_budget: is below"),
        ("[http]\ncors_origins = [\"*\"]\n", "http.cors_origins: `*` is not a web origin"),
        ("[http]\ncors_origins = [\"https://a.example/path\"]\n", "http.cors_origins: "),
    ] {
        let text = problem(file, &[]);
        assert!(text.contains(key), "{text}");
    }
    let plain = Files::new();
    let path = plain.write(
        "headcount.toml",
        "[auth]\nalgorithm = \"ES256\"\njwks_url = \"http://issuer.example/keys\"\n",
    );
    let environment = vec![("HEADCOUNT__STORE__MASTER_KEY".to_owned(), MASTER_KEY.to_owned())];
    let sources = Sources { file: Some(&path), environment: &environment, listen: None };
    let text = Settings::load(sources).err().unwrap().to_string();
    assert!(text.contains("auth.jwks_url: is not https"), "{text}");
    assert!(text.contains("auth.audience: is missing"), "{text}");
}

#[test]
fn a_price_list_that_cannot_be_right_is_refused_with_its_key_and_a_remedy() {
    let price =
        |more: &str| format!("[[prices]]\nproduct = \"confluence\"\ncurrency = \"USD\"\n{more}");
    for (file, key) in [
        (price(""), "prices[0].seat_price (of `confluence`): is missing"),
        (price("seat_price = 6.05"), "prices.0.seat_price: is a number where"),
        (price("seat_price = \"six\""), "prices.0.seat_price: has a value that it cannot have"),
        (price("seat_price = \"-1\""), "is below zero"),
        (
            price("seat_price = \"1\"\ndiscount_percent = \"101\""),
            "discount_percent (of `confluence`)",
        ),
        (price("seat_price = \"1\"\nbilling_day = 32"), "billing_day (of `confluence`): is no day"),
        (
            price("seat_price = \"1\"\nrenews_on = \"2027-01-01\""),
            "is for billing = \"annual\" only",
        ),
        (price("seat_price = \"1\"\nbilling = \"weekly\""), "prices.0.billing: is not a word"),
        (price("tiers = [{ price = \"1\" }]"), "tier_prices (of `confluence`): is missing"),
        (
            price(
                "tier_prices = \"flat\"\ntiers = [{ up_to = 9, price = \"1\" }, { up_to = 9, price = \"2\" }]",
            ),
            "tiers (of `confluence`): have edges that do not rise",
        ),
        (
            price(
                "tier_prices = \"flat\"\ntiers = [{ price = \"1\" }, { up_to = 9, price = \"2\" }]",
            ),
            "tiers (of `confluence`): have edges that do not rise",
        ),
        (
            format!("{}\n{}", price("seat_price = \"1\""), price("seat_price = \"2\"")),
            "prices[1].product (of `confluence`): has a price for the same",
        ),
        (
            "[[prices]]\nproduct = \"loom\"\nseat_price = \"1\"\n".to_owned(),
            "currency (of `loom`): is no currency",
        ),
        ("[licenses]\nrobot_emails = [\"a*b*\"]\n".to_owned(), "licenses.robot_emails: holds"),
        ("[licenses]\nsnapshot_at = \"25:00\"\n".to_owned(), "licenses.snapshot_at: has a value"),
    ] {
        let text = problem(&file, &[]);
        assert!(text.contains(key), "{key} in {text}");
    }
    let list =
        loaded(&price("site = \"https://Acme.atlassian.net/wiki\"\nseat_price = \"6.05\""), &[]);
    let price = &list.organizations().licenses.prices.0[0];
    assert_eq!(price.site.as_deref(), Some("acme.atlassian.net"));
    assert_eq!(price.rate, crate::domain::Rate::PerSeat("6.05".parse().unwrap()));
}

#[test]
fn secrets_come_from_files_without_the_newline_at_their_end() {
    let files = Files::new();
    let secret = files.write("secret", "from-a-file-and-long-enough-for-hs256\n");
    let token = files.write("token", "the-token\r\n");
    let file = format!(
        "[auth]\nprevious_secret_file = {secret:?}\n\
         [[integrations]]\nid = \"acme\"\nlabel = \"Acme\"\nadmin_email = \"it@acme.example\"\n\
         admin_url = \"https://acme.atlassian.net\"\norganization_id = \"o-1\"\n\
         api_token_file = {token:?}\norganization_api_key_env = \"ACME_KEY\"\n"
    );
    let settings = loaded(&file, &[("ACME_KEY", "the-key")]);
    let previous = settings.auth.previous_secret.unwrap();
    assert_eq!(previous.expose_secret(), "from-a-file-and-long-enough-for-hs256");
    let credentials = settings.integrations[0].declared().draft.credentials;
    assert_eq!(credentials.api_token.expose_secret(), "the-token");
    assert_eq!(credentials.organization_api_key.expose_secret(), "the-key");
}

#[test]
fn a_secret_that_is_given_twice_or_not_to_be_had_is_refused() {
    let files = Files::new();
    let empty = files.write("empty", "\n");
    for (file, key) in [
        (
            format!("[auth]\nsecret_file = {empty:?}\n"),
            "auth.secret: is given by value and also by",
        ),
        (format!("[auth]\nprevious_secret_file = {empty:?}\n"), "auth.previous_secret: "),
        (
            "[auth]\nprevious_secret_file = \"/nowhere/secret\"\n".to_owned(),
            "cannot be read: entity not found",
        ),
    ] {
        let text = problem(&file, &[]);
        assert!(text.contains(key), "{text}");
    }
}

#[test]
fn an_integration_that_lacks_something_is_named() {
    let file = "[[integrations]]\nid = \"acme\"\nlabel = \"Acme\"\nadmin_email = \"it@acme.example\"\n\
                admin_url = \"https://acme.atlassian.net\"\norganization_id = \"o-1\"\n\
                api_token_env = \"NOT_SET\"\norganization_api_key = \"hush\"\n\
                [[integrations]]\nid = \"acme\"\nlabel = \"\"\nadmin_email = \"a\"\nadmin_url = \"b\"\n\
                organization_id = \"c\"\napi_token = \"hush\"\norganization_api_key = \"hush\"\n";
    let text = load(file, &[]).err().unwrap().to_string();
    for expected in [
        "integrations[0].api_token (of `acme`): the environment's variable `NOT_SET` is not set",
        "integrations[1].id: `acme` is there twice",
        "integrations[1].label (of `acme`): is missing",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn secrets_in_the_file_itself_are_found() {
    let files = Files::new();
    let path = files.write(
        "headcount.toml",
        "[auth]\nsecret = \"x\"\n[store]\nmaster_key_file = \"y\"\n[[integrations]]\napi_token = \"z\"\n",
    );
    assert_eq!(Settings::secrets_in(&path), ["auth.secret", "integrations[0].api_token"]);
}

#[test]
fn the_default_file_in_the_documentation_is_the_programs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/headcount.toml");
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == default_file(), "run `cargo run -- settings > docs/headcount.toml`");
}

#[test]
fn the_default_file_is_what_the_program_does_without_one() {
    let file = default_file();
    let (sections, _) = file.split_once("# [[prices]]").unwrap();
    let lines: Vec<&str> = sections
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line))
        .filter(|line| !line.contains("\"...\"") && !line.contains("-----BEGIN"))
        .filter(|line| !line.contains("_file = ") && !line.contains("jwks_url"))
        .collect();
    let settings = loaded(&lines.join("\n"), &[]);
    assert_eq!(settings.http.listen, HttpSection::default().listen);
    assert_eq!(settings.cache.settings(), CacheSection::default().settings());
    assert!(lines.iter().filter(|line| is_setting(line)).count() > 50, "{lines:?}");
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}
