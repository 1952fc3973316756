use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{TestGateway, clock::now};

/// What a good token of this gateway says.
pub(crate) fn claims() -> Value {
    let issued = now().as_second();
    json!({
        "sub": "mallory",
        "iat": issued,
        "nbf": issued,
        "exp": issued + 3_600,
        "scope": "directory:read activity:read licenses:read integrations:manage",
        "integrations": "*",
    })
}

/// The claims with these members changed; null takes one away.
pub(crate) fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let members = claims.as_object_mut().expect("claims are an object");
    members.retain(|_, value| !value.is_null());
    claims
}

/// A token signed with a secret.
pub(crate) fn signed(header: &Header, claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(header, claims, &key).expect("a token")
}

/// Every kind of bad token, by name. All but the first are signed with the gateway's own secret, or claim to be.
pub(crate) fn bad_tokens() -> Vec<(&'static str, String)> {
    let secret = TestGateway::SECRET;
    let plain = Header::new(Algorithm::HS256);
    let good = signed(&plain, &claims(), secret);
    let parts: Vec<&str> = good.split('.').collect();
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |changes: Value| signed(&plain, &claims_with(&changes), secret);
    let unsigned = |algorithm: &str| {
        format!("{}.{}.", encode(&json!({"alg": algorithm, "typ": "JWT"})), parts[1])
    };
    let header = |change: fn(&mut Header)| {
        let mut header = plain.clone();
        change(&mut header);
        signed(&header, &claims(), secret)
    };
    let now = now().as_second();
    vec![
        (
            "another secret",
            signed(&plain, &claims(), "another secret of more than thirty-two bytes"),
        ),
        ("garbage", "garbage".to_owned()),
        ("empty", String::new()),
        ("three empty parts", "..".to_owned()),
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("HS512 with the same secret", header(|header| header.alg = Algorithm::HS512)),
        ("claims RS256", format!("{}.{}.{}", encode(&json!({"alg": "RS256"})), parts[1], parts[2])),
        ("claims exchanged", {
            let claims = claims_with(&json!({"sub": "root"}));
            format!("{}.{}.{}", parts[0], encode(&claims), parts[2])
        }),
        ("critical header", {
            let header = json!({"alg": "HS256", "crit": ["exp"], "exp": 1});
            format!("{}.{}.{}", encode(&header), parts[1], parts[2])
        }),
        ("expired", with(json!({"exp": now - 3_600, "iat": now - 7_200, "nbf": now - 7_200}))),
        ("never expires", with(json!({"exp": null}))),
        ("not yet", with(json!({"nbf": now + 3_600}))),
        ("issued tomorrow", with(json!({"iat": now + 86_400}))),
        ("for another audience", with(json!({"aud": "somebody-else"}))),
        ("no subject", with(json!({"sub": null}))),
        ("empty subject", with(json!({"sub": ""}))),
        ("huge", with(json!({"filler": "x".repeat(40_000)}))),
    ]
}
