//! The real program in a process of its own, which can be killed, before a simulator and on a store that outlive it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount::demo::{Options, Simulator};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle, time::timeout};

use super::{DELETE, file::File, is_ordinary, token};
use crate::support::{TestGateway, now, toml};

const MASTER_KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Atlassian and a folder: what is left when the program is killed.
pub(super) struct Scene {
    pub(super) atlassian: Simulator,
    pub(super) file: File,
    folder: TempDir,
}

impl Scene {
    pub(super) async fn of(people: usize) -> Self {
        let options = Options { people, ..Options::starting_at(now()) };
        let atlassian = Simulator::start(options).await.expect("the simulator starts");
        let folder = TempDir::new().expect("a folder");
        let scene = Self { atlassian, file: File::of(folder.path()), folder };
        scene.declare(&[0, 1]);
        scene
    }

    /// Writes the configuration file, with these of the two organizations in it.
    pub(super) fn declare(&self, organizations: &[usize]) {
        let connections = self.atlassian.connections();
        let declared = organizations.iter().map(|index| {
            let id = ["acme", "globex"][*index];
            toml(id, &connections[*index])
        });
        let path = self.folder.path().join("headcount.toml");
        std::fs::write(path, declared.collect::<String>()).expect("the folder can be written");
    }

    /// Accounts of the first organization that may be deleted.
    pub(super) fn ordinary(&self, number: usize) -> Vec<String> {
        let people = self.atlassian.people(0).into_iter().filter(is_ordinary);
        let found: Vec<String> = people.map(|person| person.account_id).take(number).collect();
        assert_eq!(found.len(), number, "the organization is too small");
        found
    }

    /// How often a change was carried out for an account.
    pub(super) fn writes(&self, organization: usize, account: &str, change: &str) -> u32 {
        let state = self.atlassian.account_state(organization, account);
        state.expect("the account exists").writes(change)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let atlassian = &self.atlassian;
        let origins: Vec<String> = (0..2).flat_map(|index| atlassian.site_urls(index)).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
        command.args(arguments).arg("--config").arg(self.folder.path().join("headcount.toml"));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs([
            ("HEADCOUNT__AUTH__SECRET", TestGateway::SECRET),
            ("HEADCOUNT__STORE__MASTER_KEY", MASTER_KEY),
            ("HEADCOUNT__ATLASSIAN__API_URL", atlassian.api_url()),
            ("HEADCOUNT__ATLASSIAN__ALLOWED_ORIGINS", &format!("{origins:?}")),
            ("HEADCOUNT__ATLASSIAN__MAX_ATTEMPTS", "1"),
            ("HEADCOUNT__CHANGES__SETTLE", "1s"),
            ("HEADCOUNT__CHANGES__PERCENT_PER_DAY", "100"),
        ]);
        command.env("HEADCOUNT__STORE__PATH", self.folder.path().join("headcount.db"));
        command
    }

    /// Starts the program, and waits until it listens.
    pub(super) async fn run(&self) -> Program {
        let command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        Program::start(command).await
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {output:?}{error}");
        output
    }

    /// What the record says of changes of people, oldest first: what was wanted, and how it ended. Fails where a row is not
    /// as it was written.
    pub(super) fn record(&self) -> Vec<(String, String)> {
        self.output(&["audit", "verify"]);
        let lines = self.output(&["audit", "export"]).stdout;
        let lines = String::from_utf8(lines).expect("text");
        let rows: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let asked = rows.iter().filter(|row| row["kind"] == "asked");
        asked
            .map(|asked| {
                let is_its_end =
                    |row: &&Value| row["kind"] == "ended" && row["entry"] == asked["entry"];
                let end = rows.iter().find(is_its_end);
                let end = end.map_or("PENDING".to_owned(), |row| text(row, "outcome"));
                (text(asked, "action"), end)
            })
            .collect()
    }

    /// The record, as one deletion after the other ended.
    #[track_caller]
    pub(super) fn expect_record(&self, ends: &[&str]) {
        let record = self.record();
        let expected: Vec<_> =
            ends.iter().map(|end| ("deleteUser".to_owned(), (*end).to_owned())).collect();
        assert_eq!(record, expected);
    }
}

/// The program while it runs.
pub(super) struct Program {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    address: String,
    client: reqwest::Client,
}

impl Program {
    async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let lines = BufReader::new(child.stderr.take().expect("it is piped"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (tell, told) = oneshot::channel();
        let (mut tell, kept) = (Some(tell), Arc::clone(&log));
        // Reads on to the end, so that the program never waits for somebody to read.
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("Listening on http://")
                    && let Some(tell) = tell.take()
                {
                    let address = rest.split('"').next().unwrap_or_default().trim().to_owned();
                    // A test that waits no more has failed already.
                    let _ = tell.send(address);
                }
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        let address = timeout(Duration::from_secs(30), told).await;
        let Ok(Ok(address)) = address else {
            drop(child.kill());
            panic!("it does not listen: {:?}", log.lock());
        };
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { child, log, address, client }
    }

    /// Ends it as a power cut does: nothing of it runs on.
    pub(super) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn request(&self, query: &str, variables: &Value) -> reqwest::Request {
        let url = format!("http://{}/graphql", self.address).parse().expect("a URL");
        let mut request = reqwest::Request::new(Method::POST, url);
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", token("ada"));
        headers.insert("authorization", bearer.parse().expect("a header's value"));
        headers.insert("content-type", "application/json".parse().expect("a header's value"));
        let body = json!({"query": query, "variables": variables}).to_string();
        *request.body_mut() = Some(body.into());
        request
    }

    /// The data of an answer without errors.
    pub(super) async fn ask(&self, query: &str, variables: Value) -> Value {
        let request = self.request(query, &variables);
        let response = self.client.execute(request).await.expect("an answer");
        let text = response.text().await.expect("a whole answer");
        let body: Value = serde_json::from_str(&text).expect("JSON");
        let log = self.log.lock().expect("nobody panics with it");
        assert!(body.get("errors").is_none(), "{body}\n{}", log.join("\n"));
        body["data"].clone()
    }

    /// Asks, and does not wait for the answer; tells whether one came when the program is gone.
    pub(super) fn ask_behind(&self, query: &str, variables: &Value) -> JoinHandle<bool> {
        let (client, request) = (self.client.clone(), self.request(query, variables));
        tokio::spawn(async move { client.execute(request).await.is_ok() })
    }

    /// Sends a request, and never reads the answer.
    pub(super) async fn send_only(&self, query: &str, variables: &Value) -> TcpStream {
        use tokio::io::AsyncWriteExt;

        let body = json!({"query": query, "variables": variables}).to_string();
        let (address, token) = (&self.address, token("ada"));
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("it reads");
        stream
    }

    /// What callers know the person by.
    pub(super) async fn user_id(&self, account: &str) -> String {
        let query = "query($account: String!) { users(filter: {accountIds: [$account]}) {
            nodes { id } } }";
        let answer = self.ask(query, json!({"account": account})).await;
        answer["users"]["nodes"][0]["id"].as_str().expect("the person is known").to_owned()
    }

    /// Asks for a deletion.
    pub(super) async fn delete(&self, wish: &Value) -> Value {
        self.ask(DELETE, wish.clone()).await["deleteUser"].clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already, unless a test failed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
