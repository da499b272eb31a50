//! Verified credentials (behaviour.md c.6): what a requestor presents is data until somebody vouches for it.

use serde_json::{Map, Value};
use tenure_domain::Timestamp;
use tenure_domain::request::Proof;

/// A credential as a requestor presents it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Presentation {
    /// Who issued it, as the requestor says.
    pub authority: Option<String>,
    /// Its types.
    pub kinds: Vec<String>,
    /// What it says.
    pub claims: Map<String, Value>,
}

/// Vouches for credentials; the engine is given one when it is made. It is asked inside a transaction and must not wait for
/// another system.
pub trait Verifier: Send + Sync {
    /// Those of the presented credentials that are good at `now`, as they are to be believed.
    fn verify(&self, presented: &[Presentation], now: Timestamp) -> Vec<Proof>;
}

/// Nobody vouches: a request under a policy that wants credentials is refused with `VerifiedIdRequired`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVerifier;

impl Verifier for NoVerifier {
    fn verify(&self, _: &[Presentation], _: Timestamp) -> Vec<Proof> {
        Vec::new()
    }
}
