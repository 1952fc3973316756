use std::{fmt, sync::Arc};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, Payload},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Error;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The short name of a master key: a hash of it, which tells keys apart and nothing else about them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn named(id: &str) -> Self {
        Self(id.into())
    }

    fn of(key: &[u8; KEY_BYTES]) -> Self {
        let hash = Sha256::new().chain_update(b"headcount master key id\0").chain_update(key);
        let start =
            u64::from_be_bytes(hash.finalize()[..8].try_into().expect("8 bytes are 8 bytes"));
        Self(format!("{:012x}", start >> 16).into())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// Where a sealed value stands. It is sealed together with the value, so that a value copied to another row,
/// column or table does not open there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub table: &'static str,
    pub column: &'static str,
    pub row: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        format!("headcount\0{}\0{}\0{}", self.table, self.column, self.row).into_bytes()
    }

    pub(super) fn damaged(&self) -> Error {
        Error::Damaged { table: self.table, column: self.column, row: self.row.to_owned() }
    }
}

/// The master keys: the one that everything is sealed with, and those it may have been sealed with before.
#[derive(Clone)]
pub struct Keyring {
    current: Arc<MasterKey>,
    previous: Arc<[MasterKey]>,
}

struct MasterKey {
    id: KeyId,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl Keyring {
    /// Takes the master key, and earlier ones that the store may still be written with.
    ///
    /// A key is 32 bytes in base64 (either alphabet, with or without padding) or in hexadecimal. A pass phrase is
    /// refused: it would have to be stretched, and then be as hard to keep as a key.
    ///
    /// # Errors
    /// [`Error::MalformedKey`] says which key is at fault.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the keyring takes the secrets over, so that no copy outlives the call"
    )]
    pub fn new(current: SecretString, previous: Vec<SecretString>) -> Result<Self, Error> {
        let malformed = |which: String| move || Error::MalformedKey { which };
        let current = MasterKey::parse(&current).ok_or_else(malformed("master key".to_owned()))?;
        let previous = previous
            .iter()
            .enumerate()
            .map(|(index, key)| {
                let which = format!("previous master key {}", index + 1);
                MasterKey::parse(key).ok_or_else(malformed(which))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { current: Arc::new(current), previous })
    }

    /// Makes a fresh master key in base64, from the operating system's random source.
    #[must_use]
    pub fn generate() -> SecretString {
        let bytes = Zeroizing::new(<[u8; KEY_BYTES]>::generate());
        general_purpose::STANDARD.encode(bytes.as_slice()).into()
    }

    /// The id of the key that values are sealed with.
    #[must_use]
    pub fn current_id(&self) -> &KeyId {
        &self.current.id
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        self.key(id).is_some()
    }

    /// Seals a value under the current key: base64 of a random nonce and the ciphertext.
    pub(super) fn seal(&self, place: Place<'_>, value: &str) -> String {
        let nonce = XNonce::generate();
        let payload = Payload { msg: value.as_bytes(), aad: &place.associated_data() };
        let sealed = self
            .current
            .cipher()
            .encrypt(&nonce, payload)
            .expect("the cipher refuses only values of hundreds of gigabytes");
        general_purpose::STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a value that was sealed at this place with the key of that id.
    pub(super) fn open(
        &self,
        place: Place<'_>,
        key_id: &str,
        sealed: &str,
    ) -> Result<SecretString, Error> {
        let key = self.key(key_id).ok_or_else(|| Error::WrongKey {
            written_with: KeyId::named(key_id),
            given: self.current.id.clone(),
        })?;
        key.open(place, sealed).ok_or_else(|| place.damaged())
    }

    fn key(&self, id: &str) -> Option<&MasterKey> {
        std::iter::once(&*self.current).chain(&*self.previous).find(|key| key.id.as_str() == id)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("current", &self.current.id).finish_non_exhaustive()
    }
}

impl MasterKey {
    fn parse(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret().trim();
        let decoded = Zeroizing::new(hexadecimal(text).or_else(|| base64(text))?);
        let bytes = Zeroizing::new(<[u8; KEY_BYTES]>::try_from(decoded.as_slice()).ok()?);
        Some(Self { id: KeyId::of(&bytes), bytes })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new_from_slice(self.bytes.as_slice()).expect("the key has 32 bytes")
    }

    fn open(&self, place: Place<'_>, sealed: &str) -> Option<SecretString> {
        let bytes = general_purpose::STANDARD.decode(sealed).ok()?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        let opened = self.cipher().decrypt(&nonce, payload).ok()?;
        String::from_utf8(opened).ok().map(SecretString::from)
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..KEY_BYTES).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let with = |alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok();
    with(&alphabet::STANDARD).or_else(|| with(&alphabet::URL_SAFE))
}
