//! The program itself, as people and scripts run it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::SECRET;

const MASTER_KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

fn headcount(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
    command.stdout(Stdio::piped());
    command
}

/// With what every gateway needs, and a store in the folder.
fn configured(arguments: &[&str], folder: &TempDir) -> Command {
    let mut command = headcount(arguments);
    command
        .env("HEADCOUNT__AUTH__SECRET", SECRET)
        .env("HEADCOUNT__STORE__MASTER_KEY", MASTER_KEY)
        .env("HEADCOUNT__STORE__PATH", folder.path().join("headcount.db"));
    command
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A command that runs on until it is told to stop.
struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The first line of its output, which is JSON.
    fn description(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Ends it as Ctrl-C does, and answers whether it ended well and what else it said.
    fn stopped(mut self) -> (bool, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().success(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test failed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks without a client library: the program's own answer, byte for byte.
fn ask(url: &str, token: &str, query: &str) -> Value {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let body = serde_json::json!({ "query": query }).to_string();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value}"))
}

#[test]
fn the_demonstration_is_one_line_of_json_and_a_gateway_with_three_callers() {
    let arguments = ["demo", "--json", "--listen", "127.0.0.1:0", "--people", "20"];
    let mut demo = Running::start(headcount(&arguments));
    let told = demo.description();
    let url = text(&told, "/graphql");
    assert!(text(&told, "/graphiql").starts_with("http://127.0.0.1:"));
    assert!(text(&told, "/subscriptions").starts_with("ws://127.0.0.1:"));
    assert!(text(&told, "/upstream").starts_with("http://127.0.0.1:"));
    let integrations = told["integrations"].as_array().unwrap();
    assert_eq!(integrations.len(), 2);
    let query = "{ viewer { permissions integrations { id label siteUrl organizationId } } }";
    let viewer = |name: &str| {
        let answer = ask(url, text(&told, &format!("/tokens/{name}")), query);
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"]["viewer"].clone()
    };
    let (reader, admin, limited) = (viewer("reader"), viewer("admin"), viewer("limited"));
    assert_eq!(reader["permissions"].as_array().unwrap().len(), 3);
    assert_eq!(admin["permissions"].as_array().unwrap().len(), 7);
    assert_eq!(admin["integrations"], told["integrations"]);
    assert_eq!(limited["permissions"], admin["permissions"]);
    assert_eq!(limited["integrations"].as_array().unwrap(), &integrations[..1]);
    let (is_well, rest) = demo.stopped();
    assert!(is_well);
    assert_eq!(rest, "", "nothing but the line goes to standard output");
}

#[test]
fn the_lines_that_the_demonstration_prints_work_when_pasted() {
    let mut demo =
        Running::start(headcount(&["demo", "--listen", "127.0.0.1:0", "--people", "20"]));
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.starts_with("Stop with")) {
        let mut line = String::new();
        assert_ne!(demo.lines.read_line(&mut line).unwrap(), 0, "{lines:?}");
        lines.push(line);
    }
    let curls: Vec<_> = lines.iter().filter(|line| line.trim().starts_with("curl ")).collect();
    assert_eq!(curls.len(), 3);
    for curl in curls {
        let output = Command::new("sh").args(["-c", curl]).output().unwrap();
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert!(answer.get("errors").is_none(), "{answer}");
        assert!(answer["data"].is_object(), "{answer}");
    }
}

#[test]
fn a_folder_that_is_used_again_keeps_its_integrations_and_its_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("kept").display().to_string();
    let run = || {
        let arguments =
            ["demo", "--json", "--listen", "127.0.0.1:0", "--people", "10", "--data", &data];
        let mut demo = Running::start(headcount(&arguments));
        let told = demo.description();
        let answer =
            ask(text(&told, "/graphql"), text(&told, "/tokens/reader"), "{ users { totalCount } }");
        assert!(answer["data"]["users"]["totalCount"].as_u64().unwrap() > 0, "{answer}");
        (told["integrations"][0]["id"].clone(), demo.stopped())
    };
    let (first, _) = run();
    let (second, _) = run();
    assert_eq!(first, second);
}

#[test]
fn settings_that_do_not_fit_end_the_start_with_the_key_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headcount.toml");
    std::fs::write(&file, "[http]\nlissen = \"127.0.0.1:0\"\n").unwrap();
    let file = file.display().to_string();
    let unknown = configured(&["serve", "--config", &file], &folder).output().unwrap();
    assert!(!unknown.status.success());
    assert!(err(&unknown).contains("http.lissen: is unknown in"), "{}", err(&unknown));
    let bare = headcount(&["serve"]).output().unwrap();
    assert!(!bare.status.success());
    for key in ["auth.secret: is missing", "store.master_key: is missing", "remedy: "] {
        assert!(err(&bare).contains(key), "{}", err(&bare));
    }
    let absent = headcount(&["serve", "--config", "/nowhere.toml"]).output().unwrap();
    assert!(err(&absent).contains("/nowhere.toml: is not a file"), "{}", err(&absent));
}

#[test]
fn a_token_is_minted_with_what_was_asked_for_and_nothing_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let mint = |permission: &str| {
        let arguments =
            ["token", "--subject", "ada", "--permission", permission, "--integration", "*"];
        configured(&arguments, &folder).output().unwrap()
    };
    let token = mint("directory:read");
    assert!(token.status.success(), "{}", err(&token));
    assert_eq!(out(&token).trim().split('.').count(), 3);
    let unknown = mint("everything");
    assert!(!unknown.status.success());
    assert!(err(&unknown).contains("directory:read, activity:read"), "{}", err(&unknown));
}

#[test]
fn schema_and_settings_are_printed_without_any_settings() {
    let schema = headcount(&["schema"]).output().unwrap();
    assert!(out(&schema).contains("type Query"), "{}", err(&schema));
    let settings = headcount(&["settings"]).output().unwrap();
    assert!(out(&settings).contains("[http]"), "{}", err(&settings));
}

/// The simulator, and the environment by which a gateway speaks to it.
struct Simulated {
    simulator: Running,
    told: Value,
    folder: TempDir,
}

impl Simulated {
    fn start() -> Self {
        let arguments = ["simulator", "--listen", "127.0.0.1:0", "--people", "10"];
        let mut simulator = Running::start(headcount(&arguments));
        let told = simulator.description();
        Self { simulator, told, folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = configured(arguments, &self.folder);
        let origins = [text(&self.told, "/organizations/0/adminUrl")];
        command
            .env("HEADCOUNT__ATLASSIAN__API_URL", text(&self.told, "/api"))
            .env("HEADCOUNT__ATLASSIAN__ALLOWED_ORIGINS", format!("{origins:?}"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Connects the first organization, with its secrets on standard input.
    fn add(&self, api_key: &str) -> Output {
        let of = |name: &str| text(&self.told, &format!("/organizations/0/{name}"));
        let arguments = [
            "integration",
            "add",
            "--label",
            "Acme",
            "--admin-email",
            of("adminEmail"),
            "--admin-url",
            of("adminUrl"),
            "--organization-id",
            of("organizationId"),
        ];
        let mut child = self.command(&arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{}\n{api_key}", of("apiToken")).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    }
}

#[test]
fn integrations_are_added_listed_checked_and_removed_without_a_client() {
    let simulated = Simulated::start();
    let key = text(&simulated.told, "/organizations/0/organizationApiKey");
    let added = simulated.add(key);
    assert!(added.status.success(), "{}{}", out(&added), err(&added));
    let id = out(&added)
        .lines()
        .next()
        .and_then(|line| line.split(" as ").nth(1))
        .unwrap()
        .trim_end_matches('.')
        .to_owned();

    let listed = out(&simulated.run(&["integration", "list"]));
    assert!(listed.contains(&id) && listed.contains("CONNECTED"), "{listed}");
    let checked = simulated.run(&["check"]);
    assert!(checked.status.success(), "{}", out(&checked));
    assert!(out(&checked).contains("passed"), "{}", out(&checked));
    assert!(simulated.run(&["integration", "test", &id]).status.success());
    for output in [&added, &checked] {
        assert!(!out(output).contains(key) && !err(output).contains(key), "the key was printed");
    }
    let again = simulated.add(key);
    assert!(err(&again).contains("connected already"), "{}", err(&again));

    let removed = simulated.run(&["integration", "remove", &id]);
    assert!(removed.status.success(), "{}", err(&removed));
    assert_eq!(out(&simulated.run(&["integration", "list"])), "");
    let gone = simulated.run(&["integration", "remove", &id]);
    assert!(err(&gone).contains("no such integration"), "{}", err(&gone));
}

#[test]
fn feed_tokens_are_made_listed_and_revoked_without_a_client() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let arguments = [&["feed-token"], arguments].concat();
        configured(&arguments, &folder).output().unwrap()
    };
    let tables = ["--table", "users", "--table", "product_access"];
    let create =
        [&["create", "--name", "Power BI", "--expires-in", "720h", "--in-url"], &tables[..]];
    let made = run(&create.concat());
    assert!(made.status.success(), "{}", err(&made));
    let secret = out(&made).trim().to_owned();
    assert!(secret.starts_with("headcount_feed_") && !err(&made).contains(&secret), "{secret}");

    let listed = out(&run(&["list"]));
    let [id, "active", rest @ ..] = &listed.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{listed}")
    };
    assert_eq!(rest[2..], ["product_access,users", "*", "in-url", "Power", "BI"], "{listed}");
    assert!(run(&["revoke", id]).status.success());
    assert!(out(&run(&["list"])).contains("  revoked  "));
    let gone = run(&["revoke", "nosuch"]);
    assert!(!gone.status.success() && err(&gone).contains("no feed token `nosuch`"));
    for (arguments, expected) in [
        (["--name", "x", "--table", "nosuch"], "there is no such table; there are: "),
        (["--name", "x", "--query", "nosuch"], "there is no such saved query; there are: none"),
        (["--name", " ", "--table", "users"], "1 to 100 characters"),
    ] {
        let refused = run(&[&["create"], &arguments[..]].concat());
        assert!(!refused.status.success() && err(&refused).contains(expected), "{}", err(&refused));
    }
    let record = out(&configured(&["audit", "export"], &folder).output().unwrap());
    let rows: Vec<Value> = record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |name: &str| rows.iter().filter_map(|row| row[name].as_str()).collect::<Vec<_>>();
    let refusals = ["createFeedToken"; 3];
    assert_eq!(told("action"), [&["createFeedToken", "revokeFeedToken"], &refusals[..]].concat());
    assert_eq!(told("outcome"), ["SUCCEEDED", "SUCCEEDED", "REFUSED", "REFUSED", "REFUSED"]);
    assert!(!record.contains(&secret));
}

#[test]
fn the_record_of_changes_is_verified_and_exported_and_a_changed_row_is_named() {
    let simulated = Simulated::start();
    let key = text(&simulated.told, "/organizations/0/organizationApiKey");
    assert!(simulated.add(key).status.success());
    let verified = simulated.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
    let told = out(&verified);
    let head = told.lines().find_map(|line| line.strip_prefix("Head: ")).unwrap();
    assert!(told.contains("2 rows, all as they were written.") && head.starts_with("2:"), "{told}");
    assert!(!simulated.add(key).status.success(), "it is connected already");
    let noted = |head: &str| simulated.run(&["audit", "verify", "--head", head]).status.code();
    assert_eq!(noted(head), Some(0), "more rows came, and the head is among them");
    assert_eq!(noted(&head.replace("2:", "3:")), Some(1));

    let path = simulated.folder.path().join("record.ndjson");
    let exported = simulated.run(&["audit", "export", "--out", path.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", err(&exported));
    let file = std::fs::read_to_string(path).unwrap();
    assert_eq!(out(&simulated.run(&["audit", "export"])), file);
    let rows: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = rows.iter().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(actions, ["createIntegration", "createIntegration"]);
    let outcomes: Vec<&str> = rows.iter().filter_map(|row| row["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["SUCCEEDED", "REFUSED"]);

    tamper(
        &simulated,
        "DROP TRIGGER audit_rows_do_not_change;
        UPDATE audit SET caller = 'nobody' WHERE sequence = 3",
    );
    let verified = simulated.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", err(&verified));
    assert!(out(&verified).contains("Row 3 of the record"), "{}", out(&verified));
    tamper(&simulated, "DELETE FROM secrets WHERE id = 'audit head'");
    let verified = simulated.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(err(&verified).contains("the store is damaged"), "{}", err(&verified));
}

/// Does what somebody could who has the file.
fn tamper(simulated: &Simulated, statements: &'static str) {
    use sqlx::{ConnectOptions, Connection};

    let path = simulated.folder.path().join("headcount.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut file = options.connect().await.unwrap();
        sqlx::raw_sql(statements).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
    });
}

#[test]
fn a_key_that_opens_nothing_fails_the_check() {
    let simulated = Simulated::start();
    let added = simulated.add("ATCTT3xFfGN0-not-a-key");
    assert_eq!(added.status.code(), Some(1), "{}", err(&added));
    assert!(out(&added).contains("FAILED") && out(&added).contains("remedy: "), "{}", out(&added));
    assert_eq!(simulated.run(&["check"]).status.code(), Some(1));
    assert!(simulated.simulator.stopped().0);
}

#[test]
fn the_health_check_tells_a_gateway_that_lives_from_one_that_does_not() {
    let arguments = ["demo", "--json", "--listen", "127.0.0.1:0", "--people", "10"];
    let mut demo = Running::start(headcount(&arguments));
    let told = demo.description();
    let address =
        text(&told, "/graphql").trim_start_matches("http://").trim_end_matches("/graphql");
    let folder = tempfile::tempdir().unwrap();
    let check = || {
        let mut command = configured(&["healthcheck"], &folder);
        command.env("HEADCOUNT__HTTP__LISTEN", address).output().unwrap()
    };
    assert!(check().status.success());
    demo.stopped();
    let dead = check();
    assert!(!dead.status.success());
    assert!(err(&dead).contains("does not listen"), "{}", err(&dead));
}
