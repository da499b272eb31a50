//! Secrets at rest: sealed with a data key, which itself is sealed with the master key (decisions.md K11). What a secret
//! is for is part of the seal, so that a sealed text moved elsewhere does not open.

use crate::CryptoError;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use tenure_domain::ids::Entropy;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Seals and opens.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault with this key.
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Seals `plain` for `purpose`.
    pub fn seal(&self, purpose: &str, plain: &[u8], entropy: &mut dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let sealed = self.0.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| CryptoError("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for `purpose` under the same key.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let wrong = CryptoError("the master key does not fit this database");
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(|| wrong.clone())?;
        let payload = Payload { msg: body, aad: purpose.as_bytes() };
        self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_domain::ids::SeededEntropy;

    #[test]
    fn only_the_same_key_and_purpose_open() {
        let mut entropy = SeededEntropy::new(4);
        let vault = Vault::new(&[7; KEY_BYTES]);
        let sealed = vault.seal("signing_key", b"secret", &mut entropy).unwrap_or_default();
        assert_eq!(vault.open("signing_key", &sealed), Ok(b"secret".to_vec()));
        assert!(vault.open("other", &sealed).is_err());
        assert!(Vault::new(&[8; KEY_BYTES]).open("signing_key", &sealed).is_err());
        assert!(vault.open("signing_key", b"short").is_err());
    }
}
