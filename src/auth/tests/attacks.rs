use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::{
    Issuer, SECRET, caller, claims, encoded, now, pem, settings, shared, shared_token, signed,
    verifier,
};
use crate::auth::{Error, KeyAlgorithm, KeySource, Permission, RefusalReason::*, Verifier};

#[tokio::test]
async fn a_good_token_of_every_kind_of_key_is_taken() {
    for issuer in [Issuer::rsa(), Issuer::elliptic(), Issuer::edwards()] {
        let verifier = verifier(vec![issuer.source(Some("k1"))]).await;
        let caller = caller(&verifier, &issuer.token("k1", &claims())).await.unwrap();
        assert_eq!(caller.subject, "ada");
        assert!(caller.may(Permission::ReadDirectory) && caller.may(Permission::DeleteUsers));
        assert!(!caller.may(Permission::ManageIntegrations));
        assert!(caller.may_see(&"acme".into()) && !caller.may_see(&"other".into()));
    }
    let verifier = verifier(vec![shared()]).await;
    assert!(caller(&verifier, &shared_token(&claims())).await.is_ok());
}

#[tokio::test]
async fn the_algorithm_is_never_the_tokens_choice() {
    let (rsa, elliptic) = (Issuer::rsa(), Issuer::elliptic());
    let verifier = verifier(vec![rsa.source(None)]).await;
    let claims = claims().to_string();

    for none in ["none", "None", "NONE", "nOnE", "", "HS257"] {
        let header = json!({ "alg": none }).to_string();
        for signature in ["", "AAAA"] {
            let token = format!("{}.{}.{signature}", encoded(&header), encoded(&claims));
            assert_eq!(caller(&verifier, &token).await, Err(AlgorithmNotAllowed), "{none:?}");
        }
    }
    // The classic: the public key as a shared secret.
    for public in [rsa.public_pem.as_str(), rsa.public_pem.trim()] {
        let secret = EncodingKey::from_secret(public.as_bytes());
        let token = signed(r#"{"alg":"HS256"}"#, &claims, &secret, Algorithm::HS256);
        assert_eq!(caller(&verifier, &token).await, Err(AlgorithmNotAllowed));
    }
    let token = elliptic.sign(r#"{"alg":"ES256"}"#, &claims);
    assert_eq!(caller(&verifier, &token).await, Err(AlgorithmNotAllowed));
    // The right key with an algorithm that was not set for it.
    for (name, algorithm) in [("RS512", Algorithm::RS512), ("PS256", Algorithm::PS256)] {
        let header = json!({ "alg": name }).to_string();
        let token = signed(&header, &claims, &rsa.signing, algorithm);
        assert_eq!(caller(&verifier, &token).await, Err(AlgorithmNotAllowed));
    }
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let hmac = super::verifier(vec![shared()]).await;
    let token = signed(r#"{"alg":"HS512"}"#, &claims, &secret, Algorithm::HS512);
    assert_eq!(caller(&hmac, &token).await, Err(AlgorithmNotAllowed));
}

#[tokio::test]
async fn with_both_kinds_of_key_set_neither_stands_in_for_the_other() {
    let rsa = Issuer::rsa();
    let verifier = verifier(vec![rsa.source(Some("k1")), shared()]).await;
    let public = EncodingKey::from_secret(rsa.public_pem.as_bytes());
    let header = r#"{"alg":"HS256","kid":"k1"}"#;
    let token = signed(header, &claims().to_string(), &public, Algorithm::HS256);
    assert_eq!(caller(&verifier, &token).await, Err(BadSignature));
    assert!(caller(&verifier, &rsa.token("k1", &claims())).await.is_ok());
    assert!(caller(&verifier, &shared_token(&claims())).await.is_ok());
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_looked_at() {
    let (ours, theirs) = (Issuer::rsa(), Issuer::rsa());
    let verifier = verifier(vec![ours.source(None)]).await;
    let headers = [
        json!({ "alg": "RS256", "jwk": theirs.jwk("k1") }),
        json!({ "alg": "RS256", "jku": "http://127.0.0.1:1/jwks.json" }),
        json!({ "alg": "RS256", "x5u": "http://127.0.0.1:1/cert.pem" }),
        json!({ "alg": "RS256", "x5c": ["MIIB"] }),
        json!({ "alg": "RS256", "kid": "http://127.0.0.1:1/jwks.json" }),
    ];
    for header in headers {
        let header = header.to_string();
        let forged = theirs.sign(&header, &claims().to_string());
        assert_eq!(caller(&verifier, &forged).await, Err(BadSignature), "{header}");
        let honest = ours.sign(&header, &claims().to_string());
        assert!(caller(&verifier, &honest).await.is_ok(), "{header}");
    }
}

#[tokio::test]
async fn a_key_id_finds_its_key_and_no_other() {
    let (one, two) = (Issuer::edwards(), Issuer::edwards());
    let verifier = verifier(vec![one.source(Some("1")), two.source(Some("2"))]).await;
    assert!(caller(&verifier, &one.token("1", &claims())).await.is_ok());
    assert!(caller(&verifier, &two.token("2", &claims())).await.is_ok());
    assert_eq!(caller(&verifier, &one.token("2", &claims())).await, Err(BadSignature));
    let injected = [
        "3",
        "",
        "1 ",
        "1\0",
        "../../../../dev/null",
        "/dev/null",
        "' OR '1'='1",
        "1;2",
        "*",
        "$(id)",
        "https://evil.example/key",
    ];
    for key_id in injected {
        let token = one.token(key_id, &claims());
        assert_eq!(caller(&verifier, &token).await, Err(UnknownKey), "{key_id:?}");
    }
    let nameless = two.sign(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    assert!(caller(&verifier, &nameless).await.is_ok(), "each key that was set is tried");
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let issuer = Issuer::edwards();
    let verifier = verifier(vec![issuer.source(None)]).await;
    let token = issuer.token("k1", &claims());
    assert!(caller(&verifier, &token).await.is_ok());
    let parts: Vec<_> = token.split('.').collect();
    let mut richer = claims();
    richer["scope"] = json!("users:delete integrations:manage");
    let richer = encoded(&richer.to_string());
    let header = encoded(r#"{"alg":"EdDSA","typ":"JWT","kid":"k2"}"#);
    let other = issuer.token("k1", &json!({ "sub": "eve" }));
    let other_signature = other.rsplit('.').next().unwrap();
    for changed in [
        format!("{}.{richer}.{}", parts[0], parts[2]),
        format!("{header}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{other_signature}", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..40]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}AA", parts[0], parts[1], parts[2]),
    ] {
        let refused = caller(&verifier, &changed).await.expect_err(&changed);
        assert!(matches!(refused, BadSignature | Malformed), "{changed}: {refused}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anything_is_verified() {
    let verifier = verifier(vec![shared()]).await;
    let huge = format!("Bearer {}", "a".repeat(8 * 1024));
    let good = shared_token(&claims());
    let (head, two, lower) =
        (good.replace('.', ""), good.replacen('.', "", 1), format!("bearer {good}"));
    let (three, five) = (format!("Bearer {good}.e30"), format!("Bearer {good}.e30.e30"));
    let (head, two) = (format!("Bearer {head}"), format!("Bearer {two}"));
    let padded = format!("Bearer {good}=");
    let twice = format!("Bearer {good}, Bearer {good}");
    let cases = [
        (None, Missing),
        (Some(""), NotBearer),
        (Some("Bearer"), NotBearer),
        (Some("Bearer "), NotBearer),
        (Some("Basic YWRhOnNlY3JldA=="), NotBearer),
        (Some(good.as_str()), NotBearer),
        (Some(&padded), NotBearer),
        (Some(&twice), NotBearer),
        (Some("Bearer a.b.c\0"), NotBearer),
        (Some("Bearer \u{e4}.b.c"), NotBearer),
        (Some(&huge), TooLong),
        (Some("Bearer a"), Malformed),
        (Some("Bearer ..."), Malformed),
        (Some("Bearer .."), Malformed),
        (Some(&head), Malformed),
        (Some(&two), Malformed),
        (Some(&three), Malformed),
        (Some(&five), Malformed),
    ];
    for (header, reason) in cases {
        let refusal = verifier.caller(header).await.expect_err("it is no token");
        assert_eq!(refusal.reason, reason, "{header:?}");
        let told = refusal.to_string();
        assert!(!told.contains("YWRh") && !told.contains("eyJ"), "{told}");
    }
    assert!(verifier.caller(Some(&lower)).await.is_ok(), "the scheme's case does not matter");
}

#[tokio::test]
async fn headers_that_ask_for_more_or_for_another_use_are_refused() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let verifier = verifier(vec![shared()]).await;
    let cases = [
        (r#"{"alg":"HS256","crit":["exp"]}"#, Some(CriticalHeader)),
        (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, Some(CriticalHeader)),
        (r#"{"alg":"HS256","crit":[]}"#, Some(CriticalHeader)),
        (r#"{"alg":"HS256","crit":null}"#, Some(CriticalHeader)),
        (r#"{"alg":"HS256","alg":"none"}"#, Some(Malformed)),
        (r#"{"alg":"none","alg":"HS256"}"#, Some(Malformed)),
        (r#"{"alg":["HS256"]}"#, Some(Malformed)),
        (r#"{"alg":"HS256","kid":{"$ne":1}}"#, Some(Malformed)),
        (r#"{"alg":"HS256","kid":1}"#, Some(Malformed)),
        (r#"{"typ":"JWT"}"#, Some(Malformed)),
        (r#""HS256""#, Some(Malformed)),
        ("[]", Some(Malformed)),
        ("null", Some(Malformed)),
        ("", Some(Malformed)),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, Some(WrongType)),
        (r#"{"alg":"HS256","typ":"dpop+jwt"}"#, Some(WrongType)),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, None),
        (r#"{"alg":"HS256","typ":"application/at+JWT"}"#, None),
        (r#"{"alg":"HS256"}"#, None),
    ];
    for (header, reason) in cases {
        let token = signed(header, &claims().to_string(), &key, Algorithm::HS256);
        assert_eq!(caller(&verifier, &token).await.err(), reason, "{header}");
    }
}

#[tokio::test]
async fn a_member_that_stands_twice_makes_a_token_malformed() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let verifier = verifier(vec![shared()]).await;
    let good = claims().to_string();
    let body = &good[1..good.len() - 1];
    for claims in [
        format!(r#"{{{body},"scope":"integrations:manage"}}"#),
        format!(r#"{{"scope":"",{body}}}"#),
        format!(r#"{{{body},"exp":99999999999}}"#),
        format!(r#"{{{body},"\u0073ub":"eve"}}"#),
        format!(r#"{{{body},"realm_access":{{"roles":[],"roles":["users:delete"]}}}}"#),
        format!("{{{body}}} trailing"),
        format!("{{{body}"),
        format!(r#"{{{body},"deep":{}{}}}"#, "[".repeat(1000), "]".repeat(1000)),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        "\u{0}".to_owned(),
    ] {
        let token = signed(r#"{"alg":"HS256"}"#, &claims, &key, Algorithm::HS256);
        assert_eq!(caller(&verifier, &token).await.err(), Some(Malformed), "{claims}");
    }
}

#[tokio::test]
async fn a_token_that_was_verified_before_still_ends_in_time() {
    let issuer = Issuer::edwards();
    let verifier = verifier(vec![issuer.source(None)]).await;
    let token = issuer.token("k1", &claims());
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
    let end = now() + 600;
    let first = verifier.caller_at(&token, at(now())).await.unwrap();
    let again = verifier.caller_at(&token, at(end + 59)).await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again), "remembered, and within the leeway");
    assert_eq!(verifier.caller_at(&token, at(end + 61)).await, Err(Expired));
}

#[tokio::test]
async fn unfit_keys_and_combinations_stop_the_start_with_a_reason() {
    let rsa = Issuer::rsa();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let p384: PublicKeyX509Der<'_> = p384.public_key().as_der().unwrap();
    let of = |algorithm, pem: &str| KeySource::Pem { algorithm, pem: pem.to_owned(), key_id: None };
    let jwks = |url: &str, algorithms: &[KeyAlgorithm]| KeySource::Jwks {
        url: url.parse().unwrap(),
        algorithms: algorithms.to_vec(),
    };
    let secret = |secret: &str| KeySource::Hmac { secret: secret.into(), key_id: None };
    let rs256 = [KeyAlgorithm::Rs256];
    let cases: Vec<(Vec<KeySource>, &str)> = vec![
        (vec![], "no key to verify tokens with"),
        (vec![secret("short")], "has 5 bytes and needs at least 32"),
        (vec![shared(), secret(&"a".repeat(31))], "has 31 bytes"),
        (vec![of(KeyAlgorithm::Rs256, "")], "cannot be read"),
        (vec![of(KeyAlgorithm::Es256, &rsa.public_pem)], "cannot be read"),
        (vec![of(KeyAlgorithm::EdDsa, &rsa.public_pem)], "cannot be read"),
        (vec![of(KeyAlgorithm::Es256, &pem("PUBLIC KEY", p384.as_ref()))], "must be P-256"),
        (vec![of(KeyAlgorithm::Rs256, &pem("PRIVATE KEY", b"x"))], "private key"),
        (vec![jwks("http://login.acme.example/jwks", &rs256)], "must be https"),
        (vec![jwks("https://a:b@login.acme.example/jwks", &rs256)], "must be https"),
        (vec![jwks("file:///etc/passwd", &rs256)], "must be https"),
        (vec![jwks("https://login.acme.example/jwks", &[])], "at least one algorithm"),
    ];
    for (keys, reason) in cases {
        let error = Verifier::new(settings(keys)).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let mut open = settings(vec![jwks("https://login.acme.example/jwks", &rs256)]);
    open.audience = Vec::new();
    assert!(matches!(Verifier::new(open).await, Err(Error::NoAudience)));
}

#[test]
fn nothing_that_is_printed_shows_a_secret() {
    let printed = format!("{:?} {:?}", settings(vec![shared()]), Error::WeakSecret { bytes: 3 });
    assert!(!printed.contains(SECRET), "{printed}");
}
