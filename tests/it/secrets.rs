//! Secrets and addresses stay where they belong: not in the store's file, not in an answer, not in the log.

use std::{path::Path, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use headcount::demo::{Connection, Fault, FaultKind};
use serde_json::json;

use crate::support::{Answer, EVERYTHING, READ, Setup, TestGateway, bad_tokens, credentials, logs};

const LIST: &str = "{ integrations { totalCount nodes { id label status } } }";

#[tokio::test]
async fn integrations_survive_a_restart_and_no_secret_stands_in_their_file() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let setup = || Setup { folder: Some(folder.path().to_owned()), ..Setup::of(12) };
    let gateway = Setup { is_tested: true, ..setup() }.start().await;
    let atlassian = Arc::clone(&gateway.atlassian);
    let before = gateway.caller(EVERYTHING).ask(LIST).await.good("/integrations").clone();
    assert_eq!(before["totalCount"], 2);
    gateway.stop().await;
    assert_no_secret_in(folder.path(), atlassian.connections());

    let gateway = Setup { is_connected: false, ..setup() }.start_before(&atlassian).await;
    let after = gateway.caller(EVERYTHING).ask(LIST).await.good("/integrations").clone();
    assert_eq!(after, before, "ids, labels and what the checks found");
    let answer = gateway.ask(READ, "{ users(first: 5) { nodes { accountId } } }").await;
    assert_eq!(answer.list("/users/nodes").len(), 5, "and the secrets can still be used");
    assert_no_secret_in(gateway.folder(), atlassian.connections());
}

fn assert_no_secret_in(folder: &Path, connections: &[Connection]) {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        let content = std::fs::read(&path).expect("a file");
        bytes += content.len();
        for connection in connections {
            for secret in [&connection.api_token, &connection.organization_api_key] {
                let found = content.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "a secret stands in {}", path.display());
            }
        }
    }
    assert!(bytes > 1_000, "the store is there");
}

/// Everything that has to do with secrets and addresses, done well and badly.
async fn everything(gateway: &TestGateway, email: &str) -> Vec<Answer> {
    const TEST: &str = "mutation($input: IntegrationCredentialsInput!) {
        testIntegration(input: $input) { status checks { message remedy } } }";
    const CREATE: &str =
        "mutation($input: CreateIntegrationInput!) { createIntegration(input: $input) {
        integration { label checks { message } } userErrors { message } } }";
    let input =
        |one: &Connection| json!({"input": {"label": "x", "credentials": credentials(one)}});
    let admin = gateway.caller(EVERYTHING);
    let connection = gateway.atlassian.connections()[0].clone();
    let inline = format!(
        "mutation {{ testIntegration(input: {{adminEmail: {:?}, apiToken: {:?}, adminUrl: \"https://x\",
            organizationId: \"o\", organizationApiKey: {:?}}}) {{ status }} }}",
        connection.admin_email, connection.api_token, connection.organization_api_key
    );
    let search = format!("{{ users(filter: {{search: {email:?}}}) {{ nodes {{ name }} }} }}");
    let mut answers = vec![
        admin.ask_with(TEST, json!({"input": credentials(&connection)})).await,
        admin.ask_with(CREATE, input(&connection)).await,
        admin.ask_with(CREATE, input(&gateway.atlassian.limited_connections()[1])).await,
        admin.ask(&format!("{{ usersByEmail(email: {email:?}) {{ name email }} }}")).await,
        admin.ask(&search).await,
        admin.ask(&format!("query Find($x: {email}) {{ viewer {{ subject }} }}")).await,
        admin.ask(&inline).await,
    ];
    for kind in [
        FaultKind::Html { status: 502 },
        FaultKind::Malformed,
        FaultKind::BearerChallenge,
        FaultKind::DropConnection,
    ] {
        let gateway = Setup::of(0).impatient().start_before(&gateway.atlassian).await;
        gateway.atlassian.add_fault(Fault::new(kind));
        let filter = format!("{{emails: [{email:?}]}}");
        let query =
            format!("{{ users(filter: {filter}) {{ nodes {{ name }} }} products {{ name }} }}");
        answers.push(gateway.ask(READ, &query).await);
        let admin = gateway.caller(EVERYTHING);
        answers.push(admin.ask_with(TEST, json!({"input": credentials(&connection)})).await);
        gateway.atlassian.clear_faults();
    }
    answers
}

#[tokio::test]
async fn no_secret_and_no_address_comes_out_in_an_answer_or_a_log() {
    logs::listen();
    let gateway = Setup { is_tested: true, ..Setup::of(20) }.impatient().start().await;
    let atlassian = &gateway.atlassian;
    let email = atlassian.people(0).swap_remove(1).email.expect("an address");
    let mut answers = everything(&gateway, &email).await;
    let mut tokens = bad_tokens();
    tokens.retain(|(_, token)| token.len() > 20);
    for (_, token) in &tokens {
        answers.push(gateway.with_token(token).ask("{ viewer { subject } }").await);
    }
    let log = logs::logged();
    assert!(log.lines().count() > 50, "the log was heard:\n{log}");

    let changes: Vec<&str> = log.lines().filter(|line| line.contains("audit.entry")).collect();
    assert!(changes.len() > 5, "each change is a line when it has ended");
    for part in ["\"INFO\"", "testIntegration", "\"outcome\":\"SUCCEEDED\"", "request.id"] {
        assert!(changes.iter().any(|line| line.contains(part)), "{part}: {changes:?}");
    }

    let basic =
        |one: &Connection| BASE64_STANDARD.encode(format!("{}:{}", one.admin_email, one.api_token));
    let all = atlassian.connections().iter().chain(atlassian.limited_connections());
    let mut secrets: Vec<String> = all
        .flat_map(|one| [one.api_token.clone(), one.organization_api_key.clone(), basic(one)])
        .collect();
    secrets.extend(tokens.into_iter().map(|(_, token)| token));
    secrets.push(TestGateway::SECRET.to_owned());
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "a secret is in the log: {line:?}");
        let answer = answers.iter().find(|answer| answer.text.contains(secret));
        assert!(answer.is_none(), "a secret is in an answer: {answer:?}");
    }
    let addresses = (0..2).flat_map(|index| atlassian.people(index));
    for address in addresses.filter_map(|person| person.email) {
        let line = log.lines().find(|line| line.contains(&address));
        assert!(line.is_none(), "an address is in the log: {line:?}");
        let in_error = |answer: &&Answer| answer.body["errors"].to_string().contains(&address);
        let answer = answers.iter().find(in_error);
        assert!(answer.is_none(), "an address is in an error: {answer:?}");
    }
}
