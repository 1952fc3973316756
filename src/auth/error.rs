use std::sync::Arc;

use super::KeyAlgorithm;

/// Why tokens cannot be verified, or made, with these settings.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No key at all: nobody could ever come in.
    #[error(
        "no key to verify tokens with is set; give a shared secret, a public key or a JWKS URL"
    )]
    NoKey,
    /// A shared secret that could be guessed.
    #[error(
        "the shared secret has {bytes} bytes and needs at least 32; `openssl rand -base64 48` makes one"
    )]
    WeakSecret {
        /// How many it has.
        bytes: usize,
    },
    /// A PEM text that is not a public key of its algorithm.
    #[error("the {algorithm} key is not a public key in PEM that fits {algorithm}: {rule}")]
    UnfitKey {
        /// What the key should be for.
        algorithm: KeyAlgorithm,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A JWKS address that must not be asked.
    #[error("the JWKS URL must be https, or http on loopback, and hold no user name or password")]
    UnfitUrl,
    /// No algorithm is allowed for the keys of an address.
    #[error("the JWKS URL needs at least one algorithm out of RS256, ES256 and EdDSA")]
    NoAlgorithm,
    /// Keys of an issuer that signs for others too, and nothing to tell its tokens apart by.
    #[error("a JWKS URL needs an audience: its issuer signs tokens for other services too")]
    NoAudience,
    /// The HTTP client cannot be made.
    #[error("the client for JWKS URLs cannot be made: {0}")]
    Client(Arc<reqwest::Error>),
    /// A token is asked for, and there is nothing to sign it with.
    #[error("tokens can be made only with a shared secret, and none is set")]
    NoSharedSecret,
    /// What is asked of a token cannot be put in one.
    #[error("the token cannot be made: {0}")]
    Unmintable(&'static str),
}

/// A request without a caller. Every refusal gets the same answer; the reason is for the log only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What was wrong. It repeats nothing of the token.
    pub reason: RefusalReason,
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self { reason }
    }
}

/// What was wrong with a request's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RefusalReason {
    /// No `Authorization` header.
    #[error("no token was sent")]
    Missing,
    /// Another scheme than `Bearer`, or more than a token after it.
    #[error("the Authorization header is not a bearer token")]
    NotBearer,
    /// Longer than 8 KiB.
    #[error("the token is longer than 8 KiB")]
    TooLong,
    /// Not three parts of base64 with JSON in them, or a member twice.
    #[error("the token is malformed")]
    Malformed,
    /// Another kind of JWT, such as a logout token.
    #[error("the token's typ is not that of an access token")]
    WrongType,
    /// The header has `crit`, and no extension is known here.
    #[error("the token demands extensions that are not known")]
    CriticalHeader,
    /// No key is set for the algorithm that the header names; `none` is among them.
    #[error("the token's algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// No key fits the header's `kid`.
    #[error("no key fits the token's kid")]
    UnknownKey,
    /// The issuer's keys could not be fetched yet.
    #[error("the issuer's keys could not be fetched yet")]
    KeysUnavailable,
    /// No fitting key verifies it.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` is to come.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// `exp` is too long after `iat`.
    #[error("the token lives longer than allowed")]
    LifetimeTooLong,
    /// `iss` is not the one that is set.
    #[error("the token's issuer is another one")]
    WrongIssuer,
    /// `aud` has none of those that are set.
    #[error("the token is for another audience")]
    WrongAudience,
    /// A claim that is needed is not there.
    #[error("the token has no {0}")]
    MissingClaim(&'static str),
    /// A claim is not of its type.
    #[error("the token's {0} is malformed")]
    MalformedClaim(&'static str),
    /// No feed token has this secret.
    #[error("the feed token is none of this gateway's")]
    UnknownFeedToken,
    /// The feed token's time is over.
    #[error("the feed token has expired")]
    FeedTokenExpired,
    /// Somebody ended the feed token.
    #[error("the feed token was revoked")]
    FeedTokenRevoked,
    /// The feed token stands in an address, where it is not accepted.
    #[error("the feed token is not accepted in an address")]
    NotInUrl,
    /// The feed tokens cannot be read.
    #[error("the feed tokens cannot be read")]
    TokensUnavailable,
}
