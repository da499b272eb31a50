//! Keys that sign tokens: RSA, 2048 bit (decisions.md K1).

use crate::CryptoError;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

/// The private key.
pub struct SigningKey {
    /// Its id.
    pub id: Uuid,
    pair: RsaKeyPair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

impl SigningKey {
    /// A new key, and its private part to be sealed.
    pub fn generate(id: Uuid) -> Result<(Self, Vec<u8>), CryptoError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| CryptoError("no key could be made"))?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| CryptoError("the key could not be written"))?;
        let private = der.as_ref().to_vec();
        Ok((Self { id, pair }, private))
    }

    /// A key from its private part.
    pub fn from_private(id: Uuid, private: &[u8]) -> Result<Self, CryptoError> {
        let pair = RsaKeyPair::from_pkcs8(private).map_err(|_| CryptoError("the signing key cannot be read"))?;
        Ok(Self { id, pair })
    }

    /// The public part.
    pub fn public(&self) -> PublicKey {
        let key = self.pair.public_key();
        let strip = |bytes: &[u8]| bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
        PublicKey {
            id: self.id,
            n: strip(key.modulus().big_endian_without_leading_zero()),
            e: strip(key.exponent().big_endian_without_leading_zero()),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| CryptoError("signing failed"))?;
        Ok(signature)
    }
}

/// The public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its id.
    pub id: Uuid,
    n: Vec<u8>,
    e: Vec<u8>,
}

impl PublicKey {
    /// As bytes, to be stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = u16::try_from(self.e.len()).unwrap_or(0).to_be_bytes();
        [&length[..], &self.e, &self.n].concat()
    }

    /// From stored bytes.
    pub fn from_bytes(id: Uuid, bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (e, n) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        Some(Self { id, n: n.to_vec(), e: e.to_vec() })
    }

    /// As an entry of the published key set.
    pub fn to_jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id.simple().to_string(),
            "n": URL_SAFE_NO_PAD.encode(&self.n),
            "e": URL_SAFE_NO_PAD.encode(&self.e),
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.n, e: &self.e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}
