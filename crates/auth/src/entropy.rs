//! Randomness of the operating system.

use aws_lc_rs::rand;
use std::cell::RefCell;
use tenure_domain::ids::Entropy;

/// Bytes fetched at once for what needs few: every request makes an id or two.
const KEPT_BYTES: usize = 1_024;
/// Up to so many bytes come from what was fetched, as many as an id takes; whatever is longer is drawn for it alone.
const FEW_BYTES: usize = 10;

/// Cryptographic randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

/// What was fetched, and how much of it was given away. No byte is given twice.
struct Kept {
    bytes: [u8; KEPT_BYTES],
    used: usize,
}

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { bytes: [0; KEPT_BYTES], used: KEPT_BYTES }) };
}

/// # Panics
/// When the operating system has no randomness to give; going on with guessable ids would be worse.
#[expect(clippy::expect_used, reason = "without randomness no id and no secret can be made")]
fn fetch(bytes: &mut [u8]) {
    rand::fill(bytes).expect("the operating system gives randomness");
}

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        if bytes.len() > FEW_BYTES {
            return fetch(bytes);
        }
        KEPT.with_borrow_mut(|kept| {
            if kept.used + bytes.len() > KEPT_BYTES {
                fetch(&mut kept.bytes);
                kept.used = 0;
            }
            for (to, from) in bytes.iter_mut().zip(kept.bytes.iter_mut().skip(kept.used)) {
                *to = std::mem::take(from);
            }
            kept.used += bytes.len();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_bytes_are_given_twice() {
        let mut seen = HashSet::new();
        for n in 0..KEPT_BYTES {
            // Ten at a time do not divide what is kept.
            let mut bytes = [0; 10];
            SystemEntropy.fill(&mut bytes);
            assert!(seen.insert(bytes), "the draw number {n} came before");
        }
        let (mut long, mut none) = ([0; FEW_BYTES + 1], [0; 0]);
        SystemEntropy.fill(&mut long);
        SystemEntropy.fill(&mut none);
        assert_ne!(long, [0; FEW_BYTES + 1]);
    }
}
