//! How much memory a feed takes, measured on the program itself. Not part of every run, since it makes up hundreds of thousands
//! of people: `cargo test --test it feeds::memory -- --ignored --nocapture`

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use headcount::{
    auth::{AuthSettings, IntegrationScope, KeySource, MintRequest, Permission, mint},
    config::{Settings, Sources},
};
use serde_json::Value;

use crate::support::now;

/// People of the larger organization: with the smaller one they have about a million product accesses.
const PEOPLE: usize = 310_000;
/// What streaming may add to a process that holds the people already, in MiB.
const MOST_MIB: u64 = 96;

const SECRET: &str = "a secret of this measurement that is long enough";
const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The greatest resident size since it was last reset, in MiB.
fn peak(process: &Running) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.0.id())).expect("procfs");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak");
    let kib = line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
    kib.expect("a number") / 1024
}

fn reset(process: &Running) {
    fs::write(format!("/proc/{}/clear_refs", process.0.id()), "5").expect("procfs");
}

fn simulator() -> (Running, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
    let people = PEOPLE.to_string();
    command.args(["simulator", "--listen", "127.0.0.1:0", "--people", &people]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    lines.read_line(&mut line).expect("its first line");
    (Running(child), serde_json::from_str(&line).expect("a line of JSON"))
}

/// What an operator would set, for a gateway on a free port.
fn environment(told: &Value, folder: &std::path::Path) -> Vec<(String, String)> {
    let organizations = told["organizations"].as_array().expect("organizations");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let declared: Vec<String> = organizations
        .iter()
        .enumerate()
        .map(|(number, one)| {
            format!(
                "{{id=\"o{number}\",label={},admin_email={},api_token={},admin_url={},organization_id={},organization_api_key={}}}",
                one["label"], one["adminEmail"], one["apiToken"], one["adminUrl"],
                one["organizationId"], one["organizationApiKey"],
            )
        })
        .collect();
    let origins: Vec<&str> =
        organizations.iter().filter_map(|one| one["adminUrl"].as_str()).collect();
    let settings = [
        ("HTTP__LISTEN", free.expect("a free port").to_string()),
        ("AUTH__SECRET", SECRET.to_owned()),
        ("STORE__MASTER_KEY", MASTER_KEY.to_owned()),
        ("STORE__PATH", folder.join("headcount.db").display().to_string()),
        ("ATLASSIAN__API_URL", told["api"].as_str().expect("an address").to_owned()),
        ("ATLASSIAN__ALLOWED_ORIGINS", format!("{origins:?}")),
        ("INTEGRATIONS", format!("[{}]", declared.join(","))),
        ("CACHE__SCAN", "2h".to_owned()),
        ("CACHE__CAPACITY_BYTES", "1000000000".to_owned()),
        ("FEEDS__WAIT", "20s".to_owned()),
    ];
    settings.into_iter().map(|(key, value)| (format!("HEADCOUNT__{key}"), value)).collect()
}

fn token(settings: &AuthSettings) -> String {
    assert!(matches!(settings.keys[0], KeySource::Hmac { .. }));
    let request = MintRequest {
        subject: "measurement".to_owned(),
        permissions: Permission::ALL.iter().copied().collect(),
        integrations: IntegrationScope::All,
        lifetime: Duration::from_hours(2),
    };
    mint(settings, &request, now()).expect("a token")
}

fn tell(line: &str) {
    writeln!(io::stderr(), "{line}").expect("standard error");
}

#[tokio::test]
#[ignore = "takes minutes; it measures, and runs when somebody wants the figure"]
async fn a_million_rows_stream_in_memory_that_does_not_grow_with_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_simulator, told) = simulator();
    let environment = environment(&told, folder.path());
    let settings = Settings::load(Sources { environment: &environment, ..Sources::default() });
    let settings = settings.unwrap_or_else(|problems| panic!("{problems}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
    command.arg("serve").envs(environment).stderr(Stdio::null());
    let gateway = Running(command.spawn().expect("it starts"));
    let token = token(&settings.auth.settings());
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = |path: &str| {
        let url = format!("http://{}{path}", settings.http.listen);
        let request = client.get(url).bearer_auth(&token).header("accept-encoding", "identity");
        client.execute(request.build().expect("a request"))
    };

    let count = loop {
        match get("/odata/v4/product_access/$count").await {
            Ok(answer) if answer.status() == 200 => break answer.text().await.expect("a number"),
            Ok(answer) => tell(&answer.text().await.expect("a text")),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    let rows: usize = count.parse().expect("a number");
    tell(&format!("{rows} rows; {} MiB at most while people were read", peak(&gateway)));
    assert!(rows >= 1_000_000, "{rows}");
    for format in ["csv", "ndjson", "json", "parquet"] {
        reset(&gateway);
        let before = peak(&gateway);
        let began = std::time::Instant::now();
        let answer = get(&format!("/feeds/product_access.{format}")).await;
        let mut answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        let (mut bytes, mut lines) = (0, 0);
        while let Some(chunk) = answer.chunk().await.expect("the whole feed") {
            bytes += chunk.len();
            lines += chunk.split(|byte| *byte == b'\n').count() - 1;
        }
        let after = peak(&gateway);
        tell(&format!(
            "{format}: {} MiB in {:.1} s; {before} MiB before, {after} MiB at most",
            bytes >> 20,
            began.elapsed().as_secs_f64(),
        ));
        assert!(format == "parquet" || lines >= rows, "{lines}");
        assert!(after - before <= MOST_MIB, "{format}: {before} -> {after} MiB");
    }
}
