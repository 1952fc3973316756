use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::upstream::{Step, Upstream, answer, answer_with};
use crate::atlassian::{Client, ErrorKind, Transport, TransportSettings, UserSearch};

const PROFILE: &str = r#"{"data":{"id":"o-1","attributes":{"name":"North"}}}"#;

fn limited(retry_after: &str) -> Step {
    answer_with(429, &[("retry-after", retry_after)], r#"{"code":429,"message":"m"}"#)
}

#[tokio::test]
async fn after_429_the_call_goes_out_again() {
    let upstream = Upstream::start([limited("0"), answer(200, PROFILE)]).await;
    assert_eq!(upstream.client().organization().await.expect("a profile").name, "North");
    assert_eq!(upstream.count(), 2);
}

#[tokio::test]
async fn a_search_is_a_read_and_goes_out_again() {
    let later = answer_with(503, &[("retry-after", "0")], "");
    let upstream = Upstream::start([later, answer(200, r#"{"data":[]}"#)]).await;
    upstream.client().search_users(&UserSearch::default()).await.expect("a page");
    let received = upstream.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn dropped_and_cut_off_answers_are_asked_for_again() {
    let broken =
        [Step::Drop, Step::CutOff(r#"{"data":{"id""#), answer(200, r#"{"data":{"id":"o-1","#)];
    let upstream = Upstream::start(broken.into_iter().chain([answer(200, PROFILE)])).await;
    assert_eq!(upstream.client().organization().await.expect("a profile").name, "North");
    assert_eq!(upstream.count(), 4);
}

#[tokio::test]
async fn an_answer_that_is_always_cut_off_is_an_error_and_never_an_empty_list() {
    let cut = || Step::CutOff(r#"{"data":[]}"#);
    let upstream = Upstream::start([cut(), cut()]).await;
    let settings = TransportSettings { max_attempts: 2, ..upstream.settings() };
    let error = upstream.client_with(settings).domains().await.expect_err("it is cut off");
    assert_eq!(error.kind, ErrorKind::Connection);
    assert_eq!(upstream.count(), 2);
}

#[tokio::test]
async fn a_refused_credential_is_sent_once() {
    let upstream = Upstream::start([answer(401, "")]).await;
    let error = upstream.client().organization().await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn attempts_are_bounded() {
    let later = || answer_with(503, &[("retry-after", "0")], "");
    let upstream = Upstream::start((0..9).map(|_| later())).await;
    let error = upstream.client().organization().await.expect_err("unavailable");
    assert_eq!((error.kind, error.status), (ErrorKind::Unavailable, Some(503)));
    assert_eq!(upstream.count(), 4);
}

#[tokio::test]
async fn a_wait_beyond_the_budget_is_told_at_once_and_holds_for_others() {
    let upstream = Upstream::start([limited("120")]).await;
    let transport = Transport::new(upstream.settings()).expect("a transport");
    let client = Client::new(&transport, upstream.credentials().into());
    let another = Client::new(&transport, upstream.credentials().into());
    let started = Instant::now();
    let error = client.organization().await.expect_err("limited");
    assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, Some(429)));
    let error = another.domains().await.expect_err("kept back");
    assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, None));
    let wait = error.retry_after.expect("a wait");
    assert!(wait > Duration::from_secs(110) && wait <= Duration::from_mins(2), "{wait:?}");
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(upstream.count(), 1, "the other was not sent");
}

#[tokio::test]
async fn a_limit_of_one_family_leaves_the_others_alone() {
    let upstream = Upstream::start([
        limited("120"),
        answer(200, PROFILE),
        answer(200, r#"{"accountId":"a"}"#),
    ])
    .await;
    let client = upstream.client();
    client.last_active(&"a".into()).await.expect_err("limited");
    client.organization().await.expect("another family");
    client.myself().await.expect("another family");
}

#[tokio::test]
async fn an_exhausted_budget_is_waited_for_before_it_is_refused() {
    #[expect(clippy::disallowed_methods, reason = "the reset must lie ahead of the real clock")]
    let soon = jiff::Timestamp::now() + Duration::from_mins(5);
    let headers = [
        ("x-ratelimit-limit", "200"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", &soon.to_string()),
    ];
    let upstream = Upstream::start([answer_with(200, &headers, PROFILE)]).await;
    let client = upstream.client();
    assert_eq!(client.budget(), None);
    client.organization().await.expect("a profile");
    let budget = client.budget().expect("a budget");
    assert_eq!((budget.limit, budget.remaining), (Some(200), Some(0)));
    assert_eq!(budget.resets_at, Some(soon));
    let error = client.organization().await.expect_err("nothing is left");
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(upstream.count(), 1);
}

#[tokio::test]
async fn a_body_that_never_ends_runs_into_the_time_limit() {
    let upstream = Upstream::start([Step::Stall(r#"{"data":"#)]).await;
    let settings = TransportSettings {
        read_timeout: Duration::from_millis(100),
        max_attempts: 1,
        ..upstream.settings()
    };
    let error = upstream.client_with(settings).organization().await.expect_err("too slow");
    assert_eq!(error.kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn the_time_budget_bounds_everything_together() {
    let stalls = (0..9).map(|_| Step::Stall("{"));
    let upstream = Upstream::start(stalls).await;
    let settings = TransportSettings {
        request_timeout: Duration::from_millis(100),
        time_budget: Duration::from_millis(500),
        max_attempts: 9,
        ..upstream.settings()
    };
    let started = Instant::now();
    let error = upstream.client_with(settings).organization().await.expect_err("too slow");
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(upstream.count() < 4, "{}", upstream.count());
}

#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let huge = format!(r#"{{"data":{{"id":"{}"}}}}"#, "x".repeat(200_000));
    let upstream = Upstream::start([answer(200, &huge)]).await;
    let settings = TransportSettings { largest_response: 100_000, ..upstream.settings() };
    let error = upstream.client_with(settings).organization().await.expect_err("too large");
    assert_eq!(error.kind, ErrorKind::InvalidResponse);
    assert_eq!(upstream.count(), 1, "it would be as large again");
}

fn compressed(base64: &str) -> Step {
    Step::Answer {
        status: 200,
        headers: vec![("content-encoding", "gzip".to_owned())],
        body: BASE64_STANDARD.decode(base64).expect("base64"),
    }
}

#[tokio::test]
async fn the_bound_counts_what_comes_out_of_a_compressed_answer() {
    const PROFILE: &str = "H4sIAAAAAAACA6tWSkksSVSyqlbKTFGyUsrXNVTSUUosKSnKTCotSS0GSeQl5qYCpfzyi0oylGprawEBb2CsMwAAAA==";
    // Three hundred thousand times the same letter.
    const BOMB: &str = concat!(
        "H4sIAAAAAAACA+3BsQkAIBAEsF1ujN9G+MbeQhB3dw9JctJjjdTJ7FQ2AAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB8JPc++zbPjfKTBAA="
    );
    let upstream = Upstream::start([compressed(PROFILE), compressed(BOMB)]).await;
    let settings = TransportSettings { largest_response: 100_000, ..upstream.settings() };
    let client = upstream.client_with(settings);
    assert_eq!(client.organization().await.expect("a profile").name, "North");
    let error = client.organization().await.expect_err("too large");
    assert_eq!(error.kind, ErrorKind::InvalidResponse);
    assert!(
        upstream.received()[0].header("accept-encoding").is_some_and(|all| all.contains("gzip"))
    );
}

#[tokio::test]
async fn a_redirect_is_followed_on_its_own_origin_only() {
    let to = |address: &str| answer_with(302, &[("location", address)], "");
    let upstream = Upstream::start([to("ORIGIN/elsewhere"), answer(200, PROFILE)]).await;
    upstream.client().organization().await.expect("a profile");
    assert_eq!(upstream.received()[1].target, "/elsewhere");

    let stranger = Upstream::start([]).await;
    let upstream = Upstream::start([to(stranger.url.as_str())]).await;
    let error = upstream.client().organization().await.expect_err("another host");
    assert_eq!(error.kind, ErrorKind::ForeignHost);
    assert_eq!((upstream.count(), stranger.count()), (1, 0));
}

#[tokio::test]
async fn nobody_there_is_a_connection_error() {
    let upstream = Upstream::start([]).await;
    let settings = TransportSettings { max_attempts: 1, ..upstream.settings() };
    let client = upstream.client_with(settings);
    drop(upstream);
    // The listener goes with its task, which ends at its next turn.
    tokio::task::yield_now().await;
    let error = client.organization().await.expect_err("nobody there");
    assert_eq!(error.kind, ErrorKind::Connection);
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_allowed() {
    let upstream = Upstream::start((0..5).map(|_| Step::Stall("{"))).await;
    let settings = TransportSettings { concurrency: 2, ..upstream.settings() };
    let client = upstream.client_with(settings);
    let calls = futures_util::future::join_all((0..5).map(|_| client.organization()));
    let answers = tokio::time::timeout(Duration::from_millis(300), calls).await;
    assert!(answers.is_err(), "no answer ends: {answers:?}");
    assert_eq!(upstream.count(), 2);
}

#[test]
fn a_call_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let settings = TransportSettings::default();
    let transport = Transport::new(settings).expect("a transport");
    let credentials = crate::domain::Credentials {
        admin_email: String::new(),
        api_token: String::new().into(),
        admin_url: "https://north.example".parse().expect("a URL"),
        organization_id: "o-1".into(),
        organization_api_key: String::new().into(),
    };
    let client = Client::new(&transport, credentials.into());
    is_send(client.products());
    is_send(client.user_role_assignments(&"a".into()));
    is_send(client.search_users(&UserSearch::default()));
}
