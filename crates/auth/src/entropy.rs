//! Randomness of the operating system.

use aws_lc_rs::rand;
use tenure_domain::ids::Entropy;

/// Cryptographic randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the operating system has no randomness to give; going on with guessable ids would be worse.
    #[expect(clippy::expect_used, reason = "without randomness no id and no secret can be made")]
    fn fill(&mut self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("the operating system gives randomness");
    }
}
