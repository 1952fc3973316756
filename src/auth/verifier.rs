use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use moka::{Expiry, future::Cache};
use sha2::{Digest, Sha256};

use super::{
    AuthSettings, Caller, Error, KeySource, Refusal, RefusalReason, claims, jwks::RemoteKeys,
    keys::Key, unique_json::UniqueJson,
};

/// Larger tokens are refused before anything looks into them.
const LONGEST_TOKEN: usize = 8 * 1024;
/// At some hundred bytes a caller, a few megabytes at most.
const MOST_CACHED: u64 = 10_000;
/// The kinds of JWT that an issuer hands to a caller, in small letters (RFC 9068, section 4). Others, such as logout
/// tokens and proofs of possession, may bear a valid signature of the same key.
const TYPES: [&str; 4] = ["jwt", "application/jwt", "at+jwt", "application/at+jwt"];

/// Makes callers of `Authorization` headers. A token is verified once, and remembered until it ends.
pub struct Verifier {
    settings: AuthSettings,
    fixed: Vec<Key>,
    remote: Vec<Arc<RemoteKeys>>,
    verified: Cache<CacheKey, Verified>,
}

/// A caller, and how long their token was still good for when it was verified.
#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    left: Duration,
}

/// The keys' generation and the token's hash: keys that change make all that was verified before unknown, even what
/// is on its way into the cache just now.
type CacheKey = (u64, [u8; 32]);

impl Verifier {
    /// Reads the keys, and asks issuers for theirs. An issuer that does not answer is logged and asked again later.
    ///
    /// # Errors
    /// A key, an address or their combination is unfit.
    pub async fn new(mut settings: AuthSettings) -> Result<Self, Error> {
        let mut fixed = Vec::new();
        let mut remote = Vec::new();
        for source in std::mem::take(&mut settings.keys) {
            match source {
                KeySource::Hmac { secret, key_id } => fixed.push(Key::shared(&secret, key_id)?),
                KeySource::Pem { algorithm, pem, key_id } => {
                    fixed.push(Key::from_pem(algorithm, &pem, key_id)?);
                }
                KeySource::Jwks { .. } if settings.audience.is_empty() => {
                    return Err(Error::NoAudience);
                }
                KeySource::Jwks { url, algorithms } => {
                    remote.push(Arc::new(RemoteKeys::new(url, &algorithms, &settings)?));
                }
            }
        }
        if fixed.is_empty() && remote.is_empty() {
            return Err(Error::NoKey);
        }
        join_all(remote.iter().map(RemoteKeys::refresh)).await;
        let verified =
            Cache::builder().max_capacity(MOST_CACHED).expire_after(AtTheTokensEnd).build();
        Ok(Self { settings, fixed, remote, verified })
    }

    /// The caller that an `Authorization` header stands for.
    ///
    /// # Errors
    /// Whatever is wrong, the caller gets one answer; the reason is for the log.
    pub async fn caller(&self, authorization: Option<&str>) -> Result<Arc<Caller>, Refusal> {
        let token = bearer_token(authorization)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place of this room that asks the clock"
        )]
        let now = Timestamp::now();
        self.caller_at(token, now).await.map_err(Refusal::from)
    }

    pub(super) async fn caller_at(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Caller>, RefusalReason> {
        for remote in &self.remote {
            remote.refresh_when_due();
        }
        let key: CacheKey = (self.generation(), Sha256::digest(token).into());
        if let Some(Verified { caller, .. }) = self.verified.get(&key).await {
            let is_good = claims::time_left(&caller, &self.settings, now).is_some();
            return if is_good { Ok(caller) } else { Err(RefusalReason::Expired) };
        }
        let claims = self.verified_claims(token).await?;
        let caller = Arc::new(claims::caller(&claims, &self.settings, now)?);
        if let Some(left) = claims::time_left(&caller, &self.settings, now) {
            let verified = Verified { caller: Arc::clone(&caller), left };
            self.verified.insert(key, verified).await;
        }
        Ok(caller)
    }

    fn generation(&self) -> u64 {
        self.remote.iter().map(|remote| remote.current().generation).sum()
    }

    async fn verified_claims(&self, token: &str) -> Result<UniqueJson, RefusalReason> {
        let header = Header::of(token)?;
        let remotes: Vec<_> =
            self.remote.iter().filter(|r| r.algorithms.contains(&header.algorithm)).collect();
        let fits = |key: &&Key| {
            key.algorithm == header.algorithm
                && (header.key_id.is_none() || key.id.is_none() || key.id == header.key_id)
        };
        if remotes.is_empty() && !self.fixed.iter().any(|key| key.algorithm == header.algorithm) {
            return Err(RefusalReason::AlgorithmNotAllowed);
        }
        let mut refused = RefusalReason::UnknownKey;
        for key in self.fixed.iter().filter(fits) {
            match key.verify(token) {
                Err(RefusalReason::BadSignature) => refused = RefusalReason::BadSignature,
                decided => return decided,
            }
        }
        for remote in remotes {
            match verified_by(remote, &header, token).await {
                Err(RefusalReason::UnknownKey) => {}
                Err(reason @ (RefusalReason::BadSignature | RefusalReason::KeysUnavailable)) => {
                    refused = reason;
                }
                decided => return decided,
            }
        }
        Err(refused)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// An issuer that does not know the key any more, or not yet, is asked again first.
async fn verified_by(
    remote: &Arc<RemoteKeys>,
    header: &Header,
    token: &str,
) -> Result<UniqueJson, RefusalReason> {
    let mut set = remote.current();
    if set.fitting(header.algorithm, header.key_id.as_deref()).is_empty() {
        remote.refresh().await;
        set = remote.current();
    }
    if set.generation == 0 {
        return Err(RefusalReason::KeysUnavailable);
    }
    let mut refused = RefusalReason::UnknownKey;
    for key in set.fitting(header.algorithm, header.key_id.as_deref()) {
        match key.verify(token) {
            Err(RefusalReason::BadSignature) => refused = RefusalReason::BadSignature,
            decided => return decided,
        }
    }
    Err(refused)
}

fn bearer_token(authorization: Option<&str>) -> Result<&str, RefusalReason> {
    let header = authorization.ok_or(RefusalReason::Missing)?;
    if header.len() > LONGEST_TOKEN {
        return Err(RefusalReason::TooLong);
    }
    let (scheme, token) = header.split_once(' ').ok_or(RefusalReason::NotBearer)?;
    let token = token.trim_matches(' ');
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(is_token) {
        return Err(RefusalReason::NotBearer);
    }
    Ok(token)
}

/// What is looked at in a token's header. Keys and addresses of keys in it (`jwk`, `jku`, `x5u`, `x5c`) are not.
struct Header {
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl Header {
    fn of(token: &str) -> Result<Self, RefusalReason> {
        let encoded = token.split('.').next().unwrap_or_default();
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| RefusalReason::Malformed)?;
        let UniqueJson(header) =
            serde_json::from_slice(&json).map_err(|_| RefusalReason::Malformed)?;
        if header.get("crit").is_some() {
            return Err(RefusalReason::CriticalHeader);
        }
        let text = |name| match header.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(RefusalReason::Malformed),
        };
        if text("typ")?.is_some_and(|typ| !TYPES.contains(&typ.to_ascii_lowercase().as_str())) {
            return Err(RefusalReason::WrongType);
        }
        let algorithm = text("alg")?.ok_or(RefusalReason::Malformed)?;
        Ok(Self {
            algorithm: Algorithm::from_str(algorithm)
                .map_err(|_| RefusalReason::AlgorithmNotAllowed)?,
            key_id: text("kid")?.map(str::to_owned),
        })
    }
}

/// Frees the room of a token that has ended. Whether it has is decided at every look-up, by the same rule as ever.
struct AtTheTokensEnd;

impl Expiry<CacheKey, Verified> for AtTheTokensEnd {
    fn expire_after_create(&self, _: &CacheKey, token: &Verified, _: Instant) -> Option<Duration> {
        Some(token.left)
    }
}
