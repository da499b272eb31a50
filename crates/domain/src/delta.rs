//! What a reader of changes has seen (decisions.md B13, ADR 17): the rules by which the next round gives every change
//! once, however transactions overlapped.
//!
//! Every change has a *stamp*: on the server database the number of the transaction that wrote it, on the embedded one,
//! which has one writer, its place in the order of writes. Transactions get their numbers when they begin to write, and
//! become visible when they commit, in another order. A snapshot has therefore not seen "all up to a stamp", but all up
//! to the largest stamp that it sees, without those that were still open then.

use crate::limits::{DELTA_LIFE_DAYS, DELTA_OPEN_MAX};
use crate::time::{Timestamp, plus_seconds};

/// What no stamp is below.
const NOTHING: i64 = -1;

/// A change, so that it can be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The transaction.
    pub stamp: i64,
    /// Its place among all changes.
    pub place: i64,
    /// Which stream it belongs to.
    pub stream: i64,
    /// When it was written; tells it from another one at the same place, after a backup was restored.
    pub at: Timestamp,
}

/// What a snapshot of the database has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// When it was taken.
    pub at: Timestamp,
    /// Nothing above it was seen.
    pub seen_to: i64,
    /// Stamps not above it whose transactions were open, in order: they were not seen either.
    pub late: Vec<i64>,
    /// The newest change that it saw.
    pub newest: Option<Mark>,
}

impl Horizon {
    /// What a snapshot sees whose newest change is `newest` while the transactions `open` were open: in order, and if
    /// there are more than [`DELTA_OPEN_MAX`], at least one more than so many. Then less counts as seen than was: what
    /// is above the first one that is not remembered waits for the next round.
    pub fn of(at: Timestamp, newest: Option<Mark>, open: &[i64]) -> Self {
        let newest_stamp = newest.map_or(NOTHING, |mark| mark.stamp);
        let seen_to = match open.get(DELTA_OPEN_MAX) {
            Some(first_forgotten) => newest_stamp.min(first_forgotten.saturating_sub(1)),
            None => newest_stamp,
        };
        let late = open.iter().take(DELTA_OPEN_MAX).copied().filter(|stamp| *stamp <= seen_to).collect();
        Self { at, seen_to, late, newest }
    }

    /// Whether a change with this stamp was seen, if it was there at all.
    pub fn saw(&self, stamp: i64) -> bool {
        stamp <= self.seen_to && !self.late.contains(&stamp)
    }

    /// No stamp below it is unseen.
    pub fn first_unseen(&self) -> i64 {
        self.late.first().copied().unwrap_or(self.seen_to.saturating_add(1))
    }

    /// Whether changes that it has not seen may have been removed meanwhile.
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        plus_seconds(self.at, DELTA_LIFE_DAYS * 86_400) < now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    const fn mark(stamp: i64) -> Mark {
        Mark { stamp, place: stamp, stream: 1, at: NOW }
    }

    #[test]
    fn all_up_to_the_newest_is_seen_but_for_what_was_open() {
        let horizon = Horizon::of(NOW, Some(mark(9)), &[4, 7, 12]);
        assert_eq!((horizon.seen_to, horizon.late.as_slice()), (9, &[4, 7][..]));
        let seen: Vec<i64> = (0..14).filter(|stamp| horizon.saw(*stamp)).collect();
        assert_eq!(seen, [0, 1, 2, 3, 5, 6, 8, 9]);
        assert_eq!(horizon.first_unseen(), 4);
        assert_eq!(Horizon::of(NOW, Some(mark(9)), &[]).first_unseen(), 10);
    }

    #[test]
    fn who_saw_nothing_has_everything_before_him() {
        let horizon = Horizon::of(NOW, None, &[3]);
        assert!(!(0..20).any(|stamp| horizon.saw(stamp)));
        assert_eq!((horizon.first_unseen(), horizon.late.len()), (0, 0));
    }

    #[test]
    fn so_many_open_transactions_are_remembered_and_beyond_them_nothing_is_seen() {
        let open = |n: usize| (0..n).map(|i| 2 * i64::try_from(i).unwrap_or(0)).collect::<Vec<i64>>();
        let most = Horizon::of(NOW, Some(mark(1_000)), &open(DELTA_OPEN_MAX));
        assert_eq!((most.seen_to, most.late.len()), (1_000, DELTA_OPEN_MAX));
        let more = Horizon::of(NOW, Some(mark(1_000)), &open(DELTA_OPEN_MAX + 1));
        let first_forgotten = 2 * i64::try_from(DELTA_OPEN_MAX).unwrap_or(0);
        assert_eq!((more.seen_to, more.late.len()), (first_forgotten - 1, DELTA_OPEN_MAX));
        assert!(!more.saw(first_forgotten) && more.saw(first_forgotten - 1));
    }

    #[test]
    fn a_horizon_is_good_for_seven_days() {
        let horizon = Horizon::of(NOW, None, &[]);
        let end = plus_seconds(NOW, DELTA_LIFE_DAYS * 86_400);
        assert!(!horizon.is_too_old(end));
        assert!(horizon.is_too_old(plus_seconds(end, 1)));
    }

    /// Transactions begin, write under their number and commit in any order; a reader looks in between. Every round gives
    /// what the look before had not seen: in the end everything was given, and nothing twice.
    #[test]
    fn whatever_the_order_of_commits_every_change_is_given_once() {
        for seed in 0..2_000_u64 {
            let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut roll = |n: u64| {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                dice % n
            };
            let (mut next, mut open, mut committed) = (0_i64, Vec::<i64>::new(), BTreeSet::<i64>::new());
            let (mut given, mut last) = (Vec::<i64>::new(), Horizon::of(NOW, None, &[]));
            for step in 0..60 {
                match roll(3) {
                    0 => {
                        open.push(next);
                        next += 1;
                    }
                    1 if !open.is_empty() => {
                        let which = usize::try_from(roll(open.len() as u64)).unwrap_or(0);
                        committed.insert(open.remove(which));
                    }
                    _ => {}
                }
                if roll(4) == 0 || step == 59 {
                    let newest = committed.last().copied().map(mark);
                    let now = Horizon::of(NOW, newest, &open);
                    given.extend(committed.iter().filter(|stamp| now.saw(**stamp) && !last.saw(**stamp)));
                    last = now;
                }
            }
            given.sort_unstable();
            assert_eq!(given, committed.into_iter().collect::<Vec<i64>>(), "seed {seed}");
        }
    }
}
