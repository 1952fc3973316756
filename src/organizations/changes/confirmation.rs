use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::{AccountId, DeletionScope, IntegrationId};

/// Makes and reads confirmation tokens: what a caller was shown about a deletion, signed by this store.
pub(super) struct Confirmations {
    signing: EncodingKey,
    reading: DecodingKey,
    lifetime: Duration,
}

/// What a confirmation is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Confirmed {
    /// Who was shown it.
    #[serde(rename = "sub")]
    pub(super) caller: String,
    /// Through which integration.
    pub(super) integration: IntegrationId,
    /// Who is to be deleted.
    pub(super) account: AccountId,
    /// From where.
    pub(super) scope: DeletionScope,
    /// What was found; see [`fingerprint`](super::findings::fingerprint).
    pub(super) found: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(flatten)]
    confirmed: Confirmed,
    exp: i64,
}

impl Confirmations {
    pub(super) fn new(secret: &SecretString, lifetime: Duration) -> Self {
        let secret = secret.expose_secret().as_bytes();
        Self {
            signing: EncodingKey::from_secret(secret),
            reading: DecodingKey::from_secret(secret),
            lifetime,
        }
    }

    pub(super) fn token(&self, confirmed: Confirmed, now: Timestamp) -> String {
        let end = now.saturating_add(self.lifetime).unwrap_or(Timestamp::MAX);
        let claims = Claims { confirmed, exp: end.as_second() };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("texts are signed with a secret that is there")
    }

    /// What a token confirms; `None` for one that is not ours or has ended.
    pub(super) fn read(&self, token: &str, now: Timestamp) -> Option<Confirmed> {
        let mut validation = Validation::new(Algorithm::HS256);
        // By the instant of the request, as every other rule.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &self.reading, &validation).ok()?.claims;
        (claims.exp > now.as_second()).then_some(claims.confirmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirmed() -> Confirmed {
        Confirmed {
            caller: "somebody".to_owned(),
            integration: "acme".into(),
            account: "557058:1".into(),
            scope: DeletionScope::Account,
            found: "nothing".to_owned(),
        }
    }

    fn confirmations(secret: &str) -> Confirmations {
        Confirmations::new(&secret.into(), Duration::from_mins(10))
    }

    #[test]
    fn a_token_tells_what_was_confirmed_until_it_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let ours = confirmations("a secret");
        let token = ours.token(confirmed(), now);
        assert_eq!(ours.read(&token, now), Some(confirmed()));
        let later = |seconds| Timestamp::from_second(seconds).expect("an instant");
        assert_eq!(ours.read(&token, later(599)), Some(confirmed()));
        assert_eq!(ours.read(&token, later(600)), None);
    }

    #[test]
    fn a_token_of_another_store_or_one_that_was_changed_confirms_nothing() {
        let now = Timestamp::UNIX_EPOCH;
        let token = confirmations("a secret").token(confirmed(), now);
        assert_eq!(confirmations("another").read(&token, now), None);
        let mut changed = token.clone().into_bytes();
        let place = token.find('.').expect("three parts") + 5;
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("text");
        assert_eq!(confirmations("a secret").read(&changed, now), None);
        assert_eq!(confirmations("a secret").read("", now), None);
    }
}
