//! What happens to very many at once is told once.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Tells of something once in a second at most, and then how often it was since.
pub struct OncePerSecond {
    last: AtomicI64,
    since: AtomicU64,
}

impl OncePerSecond {
    /// Nothing happened yet.
    pub const fn new() -> Self {
        Self { last: AtomicI64::new(i64::MIN), since: AtomicU64::new(0) }
    }

    /// It happened, in this second: how often since it was told last, if it is to be told now.
    pub fn to_tell(&self, second: i64) -> Option<u64> {
        self.since.fetch_add(1, Ordering::Relaxed);
        (self.last.swap(second, Ordering::Relaxed) != second).then(|| self.since.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_in_a_second_are_told_as_one_and_counted() {
        let told = OncePerSecond::new();
        assert_eq!(told.to_tell(1), Some(1), "the first is told at once");
        assert_eq!([told.to_tell(1), told.to_tell(1)], [None, None]);
        assert_eq!(told.to_tell(2), Some(3));
        assert_eq!(told.to_tell(2), None);
    }
}
