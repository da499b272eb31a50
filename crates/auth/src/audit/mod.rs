//! The sealed audit: the key that signs checkpoints, and the check of an export without a database (decisions.md F).

mod key;
mod outside;
mod pin;
mod verify;

pub use key::CheckpointKey;
pub use outside::Lines;
pub use pin::{Pin, fingerprint, pem};
pub use verify::{Fault, Summary, Verifier};

use crate::secret;
use aws_lc_rs::digest::{Context, SHA256};
use tenure_domain::seal::{Hash, Hex};

/// The SHA-256 of any bytes.
pub fn hash(bytes: &[u8]) -> Hash {
    Hex::of(&secret::hash_bytes(bytes)).unwrap_or(Hex([0; 32]))
}

/// The SHA-256 of bytes that come one after the other.
#[derive(Clone)]
pub struct Running(Context);

impl Default for Running {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl Running {
    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all of them.
    pub fn finish(self) -> Hash {
        Hex::of(self.0.finish().as_ref()).unwrap_or(Hex([0; 32]))
    }
}
