//! How a public key of checkpoints is shown, and how somebody says which one he expects.

use super::hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenure_domain::seal::{Hash, Hex, PublicKey};

/// What stands before the key in its standard form (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before a fingerprint.
const FINGERPRINT: &str = "sha256:";

/// The fingerprint of a key: the SHA-256 of its 32 bytes.
pub fn fingerprint(key: &PublicKey) -> String {
    format!("{FINGERPRINT}{}", hash(&key.0))
}

/// The key as PEM.
pub fn pem(key: &PublicKey) -> String {
    let body = STANDARD.encode([&SPKI_PREFIX[..], &key.0].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

/// The key that somebody expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The key itself.
    Key(PublicKey),
    /// Its fingerprint.
    Fingerprint(Hash),
}

impl Pin {
    /// Reads PEM, the 32 bytes in hexadecimal or base64, or a fingerprint.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(fingerprint) = text.strip_prefix(FINGERPRINT) {
            return Hex::parse(fingerprint).map(Self::Fingerprint);
        }
        if let Some(key) = Hex::parse(text) {
            return Some(Self::Key(key));
        }
        let body: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let bytes = STANDARD.decode(body).ok()?;
        Hex::of(bytes.strip_prefix(&SPKI_PREFIX).unwrap_or(&bytes)).map(Self::Key)
    }

    /// Whether `key` is the expected one.
    pub fn fits(&self, key: &PublicKey) -> bool {
        match self {
            Self::Key(expected) => expected == key,
            Self::Fingerprint(expected) => *expected == hash(&key.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CheckpointKey;
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    #[test]
    fn every_form_of_a_key_is_read_back() {
        let Ok((key, _)) = CheckpointKey::generate() else { unreachable!("a key") };
        let public = key.public();
        for text in [pem(&public), public.to_string(), STANDARD.encode(public.0)] {
            assert_eq!(Pin::read(&text), Some(Pin::Key(public)), "{text}");
        }
        let pin = Pin::read(&fingerprint(&public));
        assert!(pin.is_some_and(|p| p.fits(&public) && !p.fits(&Hex([0; 32]))));
        for text in ["", "sha256:00", "no key", &pem(&public)[..60]] {
            assert_eq!(Pin::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_standard_form_is_the_library_s() {
        let Ok(pair) = Ed25519KeyPair::generate() else { unreachable!("a key") };
        let der: Result<PublicKeyX509Der<'_>, _> = pair.public_key().as_der();
        let key = Hex::of(pair.public_key().as_ref()).unwrap_or(Hex([0; 32]));
        let expected = der.map(|d| STANDARD.encode(d.as_ref())).unwrap_or_default();
        assert_eq!(pem(&key).lines().nth(1), Some(expected.as_str()));
    }
}
