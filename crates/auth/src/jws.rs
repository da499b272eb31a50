//! Signed tokens in the compact form (RFC 7515 section 3.1), taken apart. What is in them is up to who reads them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

/// Characters of a token at most.
pub(crate) const TOKEN_CHARS_MAX: usize = 16 << 10;
/// Seconds a clock may differ.
pub(crate) const SKEW_SECONDS: i64 = 60;

/// The bytes of a part.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The parts of a token. Nothing is verified.
pub(crate) struct Jws<'t> {
    /// What is signed.
    pub message: &'t [u8],
    header: &'t str,
    body: &'t str,
    signature: &'t str,
}

impl<'t> Jws<'t> {
    /// Nothing when it has not the form of one, or is too long.
    pub fn parse(token: &'t str) -> Option<Self> {
        if token.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, body) = message.split_once('.')?;
        Some(Self { message: message.as_bytes(), header, body, signature })
    }

    /// How it says that it is signed.
    pub fn header<H: DeserializeOwned>(&self) -> Option<H> {
        serde_json::from_slice(&bytes(self.header)?).ok()
    }

    /// What it claims; to be believed when the signature is good.
    pub fn claims<C: DeserializeOwned>(&self) -> Option<C> {
        serde_json::from_slice(&bytes(self.body)?).ok()
    }

    /// The signature.
    pub fn signature(&self) -> Option<Vec<u8>> {
        bytes(self.signature)
    }
}
