use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::rsa::KeySize;
use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use futures_util::future::join_all;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Issuer, SECRET, caller, claims, encoded, settings, shared_token};
use crate::auth::{
    AuthSettings, KeyAlgorithm, KeySource, RefusalReason::*, Verifier, jwks::RemoteKeys,
};

/// An issuer's key endpoint on loopback.
#[derive(Clone, Default)]
struct Endpoint {
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Endpoint {
    fn with(keys: &[Value]) -> Self {
        let endpoint = Self::default();
        endpoint.serve_keys(keys);
        endpoint
    }

    fn serve_keys(&self, keys: &[Value]) {
        self.answer(StatusCode::OK, json!({ "keys": keys }).to_string());
    }

    fn answer(&self, status: StatusCode, body: String) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn start(&self) -> KeySource {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = |State(this): State<Self>| async move {
            this.asked.fetch_add(1, Ordering::SeqCst);
            this.answer.lock().unwrap().clone().into_response()
        };
        let router = Router::new().route("/jwks", get(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        source(address)
    }
}

fn source(address: SocketAddr) -> KeySource {
    let algorithms = vec![KeyAlgorithm::Rs256, KeyAlgorithm::Es256, KeyAlgorithm::EdDsa];
    KeySource::Jwks { url: format!("http://{address}/jwks").parse().unwrap(), algorithms }
}

/// Asks again whenever a key is unknown, and never because the keys are old.
async fn eager(source: KeySource) -> Verifier {
    let settings = AuthSettings {
        jwks_minimum_interval: Duration::ZERO,
        jwks_refresh_interval: Duration::from_hours(1),
        ..settings(vec![source])
    };
    Verifier::new(settings).await.unwrap()
}

/// Asks once, and then not again for as long as the test runs.
async fn patient(source: KeySource) -> Verifier {
    let settings =
        AuthSettings { jwks_minimum_interval: Duration::from_hours(1), ..settings(vec![source]) };
    Verifier::new(settings).await.unwrap()
}

#[tokio::test]
async fn every_kind_of_key_in_a_set_verifies_its_tokens() {
    let issuers = [Issuer::rsa(), Issuer::elliptic(), Issuer::edwards()];
    let keys = [issuers[0].jwk("r"), issuers[1].jwk("e"), issuers[2].jwk("d")];
    let endpoint = Endpoint::with(&keys);
    let verifier = patient(endpoint.start().await).await;
    for (issuer, key_id) in issuers.iter().zip(["r", "e", "d"]) {
        assert!(caller(&verifier, &issuer.token(key_id, &claims())).await.is_ok());
        let nameless = json!({ "alg": format!("{:?}", issuer.algorithm) }).to_string();
        let nameless = issuer.sign(&nameless, &claims().to_string());
        assert!(caller(&verifier, &nameless).await.is_ok(), "it can be but one key");
    }
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn a_new_key_of_the_issuer_is_found_when_a_token_names_it() {
    let (old, new) = (Issuer::edwards(), Issuer::edwards());
    let endpoint = Endpoint::with(&[old.jwk("old")]);
    let verifier = eager(endpoint.start().await).await;
    let token = old.token("old", &claims());
    assert!(caller(&verifier, &token).await.is_ok());
    assert_eq!(endpoint.asked(), 1);

    endpoint.serve_keys(&[new.jwk("new")]);
    assert!(caller(&verifier, &new.token("new", &claims())).await.is_ok());
    assert_eq!(endpoint.asked(), 2);
    // Verified before, and remembered: a key that the issuer withdrew ends that.
    assert_eq!(caller(&verifier, &token).await, Err(UnknownKey));
}

#[tokio::test]
async fn tokens_with_invented_key_ids_do_not_make_the_gateway_ask_and_ask() {
    let issuer = Issuer::edwards();
    let endpoint = Endpoint::with(&[issuer.jwk("k1")]);
    let verifier = patient(endpoint.start().await).await;
    for number in 0..50 {
        let token = issuer.token(&format!("invented-{number}"), &claims());
        assert_eq!(caller(&verifier, &token).await, Err(UnknownKey));
    }
    assert!(caller(&verifier, &issuer.token("k1", &claims())).await.is_ok());
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn an_algorithm_that_is_not_set_does_not_make_the_gateway_ask() {
    let endpoint = Endpoint::with(&[Issuer::edwards().jwk("k1")]);
    let verifier = eager(endpoint.start().await).await;
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","kid":"x"}"#, r#"{"alg":"ES384"}"#] {
        let token = format!("{}.{}.AAAA", encoded(header), encoded(&claims().to_string()));
        assert_eq!(caller(&verifier, &token).await, Err(AlgorithmNotAllowed));
    }
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn many_who_need_the_keys_at_once_cost_one_question() {
    let issuer = Issuer::edwards();
    let endpoint = Endpoint::with(&[issuer.jwk("k1")]);
    let KeySource::Jwks { url, algorithms } = endpoint.start().await else {
        panic!("the endpoint is a JWKS URL")
    };
    let settings = settings(Vec::new());
    let keys = Arc::new(RemoteKeys::new(url, &algorithms, &settings).unwrap());
    join_all((0..100).map(|_| keys.refresh())).await;
    assert_eq!(endpoint.asked(), 1);
    assert_eq!(keys.current().fitting(Algorithm::EdDSA, Some("k1")).len(), 1);
}

#[tokio::test]
async fn an_issuer_that_fails_leaves_the_keys_that_it_told_before() {
    let issuer = Issuer::rsa();
    let endpoint = Endpoint::with(&[issuer.jwk("k1")]);
    let verifier = eager(endpoint.start().await).await;
    let failures = [
        (StatusCode::INTERNAL_SERVER_ERROR, "<html>oops</html>".to_owned()),
        (StatusCode::FOUND, String::new()),
        (StatusCode::NO_CONTENT, String::new()),
        (StatusCode::OK, "<html>sign in</html>".to_owned()),
        (StatusCode::OK, r#"{"keys": "#.to_owned()),
        (StatusCode::OK, r#"{"keys": {}}"#.to_owned()),
        (StatusCode::OK, r#"{"keys": []}"#.to_owned()),
        (StatusCode::OK, r#"{"keys": [{"kty": "RSA"}, 7, null]}"#.to_owned()),
    ];
    for (number, (status, body)) in failures.into_iter().enumerate() {
        endpoint.answer(status, body);
        let unknown = issuer.token(&format!("unknown-{number}"), &claims());
        assert_eq!(caller(&verifier, &unknown).await, Err(UnknownKey));
        assert!(endpoint.asked() > number + 1);
        let mut fresh = claims();
        fresh["jti"] = json!(number);
        assert!(caller(&verifier, &issuer.token("k1", &fresh)).await.is_ok(), "{status}");
    }
}

#[tokio::test]
async fn a_set_that_is_larger_than_any_honest_one_is_not_read() {
    let issuer = Issuer::edwards();
    let endpoint = Endpoint::default();
    let verifier = eager(endpoint.start().await).await;
    let set = |padding: usize| {
        json!({ "keys": [issuer.jwk("k1")], "padding": "a".repeat(padding) }).to_string()
    };
    endpoint.answer(StatusCode::OK, set(300 * 1024));
    let token = issuer.token("k1", &claims());
    assert_eq!(caller(&verifier, &token).await, Err(KeysUnavailable));
    endpoint.answer(StatusCode::OK, set(100 * 1024));
    assert!(caller(&verifier, &token).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_asked_again_when_a_token_comes() {
    let issuer = Issuer::edwards();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let verifier = eager(source(address)).await;
    let token = issuer.token("k1", &claims());
    assert_eq!(caller(&verifier, &token).await, Err(KeysUnavailable));

    let listener = TcpListener::bind(address).await.unwrap();
    let body = json!({ "keys": [issuer.jwk("k1")] }).to_string();
    let router = Router::new().route("/jwks", get(|| async { body }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    assert!(caller(&verifier, &token).await.is_ok());
}

#[tokio::test]
async fn keys_that_have_become_old_are_asked_for_again_and_nobody_waits() {
    let (old, new) = (Issuer::edwards(), Issuer::edwards());
    let endpoint = Endpoint::with(&[old.jwk("k1")]);
    let settings = AuthSettings {
        jwks_minimum_interval: Duration::ZERO,
        jwks_refresh_interval: Duration::ZERO,
        ..settings(vec![endpoint.start().await])
    };
    let verifier = Verifier::new(settings).await.unwrap();
    endpoint.serve_keys(&[new.jwk("k1")]);
    // The same key id: no token names an unknown key, only age brings the new one.
    let token = new.token("k1", &claims());
    let arrives = async {
        while caller(&verifier, &token).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrives).await.unwrap();
}

#[tokio::test]
async fn keys_that_are_not_for_verifying_here_are_passed_over() {
    let (good, rsa, short) = (Issuer::edwards(), Issuer::rsa(), Issuer::rsa_of(KeySize::Rsa2048));
    let mut encryption = rsa.jwk("encryption");
    encryption["use"] = json!("enc");
    let mut other = rsa.jwk("other");
    other["alg"] = json!("RS512");
    let mut signing_only = rsa.jwk("signing-only");
    signing_only["key_ops"] = json!(["sign"]);
    let mut weak = short.jwk("weak");
    weak["n"] = json!(weak["n"].as_str().unwrap()[..170]);
    let symmetric = json!({ "kty": "oct", "kid": "oct", "alg": "HS256", "k": encoded(SECRET) });
    let curve = json!({ "kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA" });
    let passed_over = [encryption, other, signing_only, weak, symmetric, curve, json!("text")];
    let mut keys = passed_over.to_vec();
    keys.push(good.jwk("good"));
    let endpoint = Endpoint::with(&keys);
    let verifier = patient(endpoint.start().await).await;
    assert!(caller(&verifier, &good.token("good", &claims())).await.is_ok());
    for key_id in ["encryption", "other", "signing-only"] {
        let token = rsa.token(key_id, &claims());
        assert_eq!(caller(&verifier, &token).await, Err(UnknownKey), "{key_id}");
    }
    assert_eq!(caller(&verifier, &short.token("weak", &claims())).await, Err(UnknownKey));
    assert_eq!(caller(&verifier, &shared_token(&claims())).await, Err(AlgorithmNotAllowed));
}

#[tokio::test]
async fn a_token_without_a_key_id_is_refused_where_two_keys_could_be_meant() {
    let (one, two) = (Issuer::edwards(), Issuer::edwards());
    let endpoint = Endpoint::with(&[one.jwk("1"), two.jwk("2")]);
    let verifier = patient(endpoint.start().await).await;
    let nameless = one.sign(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    assert_eq!(caller(&verifier, &nameless).await, Err(UnknownKey));
}
