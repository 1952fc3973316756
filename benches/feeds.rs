//! What a feed of a million rows takes, measured on the program itself, in memory and in time:
//!
//! ```text
//! cargo bench --bench feeds
//! ```
//!
//! `cargo bench --bench feeds --profile dev` measures the build that is there already. Memory is compared with what the process
//! held before the feed, and with the same feed of a few rows; time with that of CSV. It makes up hundreds of thousands of
//! people, takes minutes, and fails where streaming needs more memory than it may.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// People of the larger organization: with the smaller one they have about a million product accesses.
const PEOPLE: usize = 310_000;
/// What streaming may add to a process that holds the people already, in MiB.
const MOST_MIB: u64 = 96;
/// A parameter of the feed that leaves a few of its rows.
const FEW: &str = "?product=statuspage";

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

/// What an operator would set.
fn environment(told: &Value, folder: &Path, listen: SocketAddr) -> Vec<(String, String)> {
    let organizations = told["organizations"].as_array().expect("organizations");
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
        ("HTTP__LISTEN", listen.to_string()),
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

fn token(environment: &[(String, String)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
    command.args(["token", "--subject", "measurement", "--integration", "*"]);
    command.args(["--permission", "licenses:read"]);
    let output = command.envs(environment.iter().cloned()).output().expect("it runs");
    String::from_utf8(output.stdout).expect("a token").trim().to_owned()
}

fn tell(line: &str) {
    writeln!(io::stdout(), "{line}").expect("standard output");
}

/// The gateway, as a tool sees it.
struct Gateway {
    process: Running,
    listen: SocketAddr,
    token: String,
    client: reqwest::Client,
}

/// What one feed took.
struct Taken {
    lines: usize,
    bytes: usize,
    elapsed: Duration,
    before: u64,
    most: u64,
}

impl Gateway {
    fn start(told: &Value, folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let listen = free.expect("a free port");
        let environment = environment(told, folder, listen);
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
        let token = token(&environment);
        command.arg("serve").envs(environment).stderr(Stdio::null());
        Self {
            process: Running(command.spawn().expect("it starts")),
            listen,
            token,
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
        }
    }

    async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        let request = self.client.get(format!("http://{}{path}", self.listen));
        let request = request.bearer_auth(&self.token).header("accept-encoding", "identity");
        self.client.execute(request.build()?).await
    }

    /// Waits until everybody is read; how many rows the feed has.
    async fn rows(&self) -> usize {
        loop {
            match self.get("/odata/v4/product_access/$count").await {
                Ok(answer) if answer.status() == 200 => {
                    let count = answer.text().await.expect("a number");
                    return count.parse().expect("a number");
                }
                _ => tokio::time::sleep(Duration::from_secs(2)).await,
            }
        }
    }

    async fn feed(&self, file: &str) -> Taken {
        reset(&self.process);
        let before = peak(&self.process);
        let began = Instant::now();
        let mut answer = self.get(&format!("/feeds/{file}")).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let (mut bytes, mut lines) = (0, 0);
        while let Some(chunk) = answer.chunk().await.expect("the whole feed") {
            bytes += chunk.len();
            lines += chunk.split(|byte| *byte == b'\n').count() - 1;
        }
        let (elapsed, most) = (began.elapsed(), peak(&self.process));
        Taken { lines, bytes, elapsed, before, most }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_simulator, told) = simulator();
    let gateway = Gateway::start(&told, folder.path());
    let rows = gateway.rows().await;
    tell(&format!(
        "{rows} rows of product_access; {} MiB at most while people were read",
        peak(&gateway.process)
    ));
    assert!(rows >= 1_000_000, "{rows}");
    let few = gateway.feed(&format!("product_access.csv{FEW}")).await;
    tell(&format!(
        "{} of them as CSV: {} MiB before, {} MiB at most",
        few.lines - 1,
        few.before,
        few.most
    ));
    let mut csv = None;
    for format in ["csv", "ndjson", "json", "parquet"] {
        let taken = gateway.feed(&format!("product_access.{format}")).await;
        let baseline = *csv.get_or_insert(taken.elapsed);
        tell(&format!(
            "{format:7}: {} MiB sent; {} MiB before, {} MiB at most (+{}); {:.2} times the time of CSV",
            taken.bytes >> 20,
            taken.before,
            taken.most,
            taken.most - taken.before,
            taken.elapsed.as_secs_f64() / baseline.as_secs_f64(),
        ));
        assert!(format == "parquet" || taken.lines >= rows, "{}", taken.lines);
        assert!(taken.most - taken.before <= MOST_MIB, "{format} took too much");
    }
}
