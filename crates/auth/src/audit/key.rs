//! The key that signs checkpoints: Ed25519, apart from the keys that sign tokens (decisions.md F3).

use crate::CryptoError;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use tenure_domain::Uuid;
use tenure_domain::seal::{Checkpoint, Hex, PublicKey, Signature, covered_by_checkpoint};

/// The private key.
pub struct CheckpointKey(Ed25519KeyPair);

impl std::fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CheckpointKey({})", self.public())
    }
}

impl CheckpointKey {
    /// A new key, and its private part to be sealed.
    pub fn generate() -> Result<(Self, Vec<u8>), CryptoError> {
        let unmade = CryptoError("no checkpoint key could be made");
        let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| unmade)?;
        let private = private.as_ref().to_vec();
        Ok((Self::from_private(&private)?, private))
    }

    /// A key from its private part.
    pub fn from_private(private: &[u8]) -> Result<Self, CryptoError> {
        Ed25519KeyPair::from_pkcs8(private).map(Self).map_err(|_| CryptoError("the checkpoint key cannot be read"))
    }

    /// The public part.
    pub fn public(&self) -> PublicKey {
        Hex::of(self.0.public_key().as_ref()).unwrap_or(Hex([0; 32]))
    }

    /// Signs a checkpoint of this tenant.
    pub fn sign(&self, tenant: Uuid, checkpoint: &mut Checkpoint) -> Result<(), CryptoError> {
        let failed = || CryptoError("signing a checkpoint failed");
        let signature = self.0.try_sign(&covered_by_checkpoint(tenant, checkpoint)).map_err(|_| failed())?;
        let signature: Option<Signature> = Hex::of(signature.as_ref());
        checkpoint.signature = signature.ok_or_else(failed)?;
        Ok(())
    }
}
