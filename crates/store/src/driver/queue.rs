//! What waits for a database thread: bounded, in two lanes, fair between callers. Full is an answer, never a longer line
//! (decisions.md E4, K14).

use super::Purpose;
use crate::error::StoreError;
use crate::tx::Tx;
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tenure_domain::limits::BULK_STARVE_MAX;
use uuid::Uuid;

/// How the body of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// Its changes shall be kept.
    Commit,
    /// Its changes shall not be kept; it has its answer.
    RollBack,
}

/// Something to run inside a transaction. May be run several times, and is finished once.
pub trait Job: Send {
    /// What for.
    fn purpose(&self) -> Purpose;
    /// Runs the body.
    fn run(&mut self, tx: &mut Tx<'_>) -> Ran;
    /// Whether nobody waits for the answer any more and running it would change nothing.
    fn is_pointless(&self) -> bool;
    /// Gives the answer: the body's own when the transaction ended as the body wanted, else the failure.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Who waits in which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Somebody waits for the answer.
    Interactive,
    /// Nobody does.
    Bulk,
}

type Waiting = (Option<Uuid>, Box<dyn Job>);

#[derive(Default)]
struct State {
    interactive: VecDeque<Waiting>,
    bulk: VecDeque<Waiting>,
    per_caller: HashMap<Uuid, usize>,
    cycles_without_bulk: u32,
    is_closed: bool,
}

/// A bounded line of jobs.
pub struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    max: usize,
}

impl Queue {
    /// A line that holds at most `max` jobs per lane.
    pub fn new(max: usize) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is only moved between consistent states; a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job. Gives back the one that finds no place: it, when the line is closed, full, or held half by its caller
    /// while others wait; in its stead the last one of a caller who filled the line beyond his half when he was alone.
    pub fn push(&self, lane: Lane, caller: Option<Uuid>, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let mut state = self.lock();
        let held = caller.and_then(|c| state.per_caller.get(&c)).copied().unwrap_or(0);
        let waiting = state.line(lane).len();
        let unfair = held * 2 >= self.max && waiting > held;
        if state.is_closed || unfair {
            return Err(job);
        }
        let displaced = if waiting >= self.max {
            match state.displace(lane, caller, self.max) {
                Some(last) => Some(last),
                None => return Err(job),
            }
        } else {
            None
        };
        if let Some(caller) = caller {
            *state.per_caller.entry(caller).or_default() += 1;
        }
        state.line(lane).push_back((caller, job));
        drop(state);
        self.filled.notify_one();
        displaced.map_or(Ok(()), Err)
    }

    /// How many jobs wait in a lane.
    #[cfg(test)]
    pub fn waiting(&self, lane: Lane) -> usize {
        self.lock().line(lane).len()
    }

    /// Jobs that wait now.
    pub fn len(&self) -> usize {
        let state = self.lock();
        state.interactive.len() + state.bulk.len()
    }

    /// The next job; waits for one. `None` once the line is closed and empty.
    pub fn pop(&self) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        loop {
            match state.take() {
                Some(job) if job.is_pointless() => continue,
                Some(job) => return Some(job),
                None => {}
            }
            if state.is_closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next interactive job, if one waits. Bulk work gets one chunk per cycle, by [`Queue::pop`].
    pub fn pop_more(&self) -> Option<Box<dyn Job>> {
        self.lock().take_interactive()
    }

    /// Takes no more jobs; those that wait are still run.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_all();
    }
}

impl State {
    fn line(&mut self, lane: Lane) -> &mut VecDeque<Waiting> {
        if lane == Lane::Interactive { &mut self.interactive } else { &mut self.bulk }
    }

    /// Takes the last job of a caller other than `caller` who holds more than half of a line of `max`.
    fn displace(&mut self, lane: Lane, caller: Option<Uuid>, max: usize) -> Option<Box<dyn Job>> {
        let greedy = self.per_caller.iter().find(|(who, held)| **held * 2 > max && Some(**who) != caller);
        let greedy = *greedy?.0;
        let line = self.line(lane);
        let last = line.iter().rposition(|(who, _)| *who == Some(greedy))?;
        let waiting = line.remove(last)?;
        Some(self.release(waiting))
    }

    fn take(&mut self) -> Option<Box<dyn Job>> {
        let starved = self.cycles_without_bulk >= BULK_STARVE_MAX;
        if self.interactive.is_empty() || starved {
            self.cycles_without_bulk = 0;
            if let Some(waiting) = self.bulk.pop_front() {
                return Some(self.release(waiting));
            }
        }
        self.cycles_without_bulk = if self.bulk.is_empty() { 0 } else { self.cycles_without_bulk + 1 };
        self.take_interactive()
    }

    fn take_interactive(&mut self) -> Option<Box<dyn Job>> {
        let waiting = self.interactive.pop_front()?;
        Some(self.release(waiting))
    }

    fn release(&mut self, (caller, job): Waiting) -> Box<dyn Job> {
        if let Some(caller) = caller
            && let Some(held) = self.per_caller.get_mut(&caller)
        {
            *held -= 1;
            if *held == 0 {
                self.per_caller.remove(&caller);
            }
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// The number of a job whose caller has left.
    const GONE: u32 = 1_000;

    struct Numbered(u32, Arc<AtomicU32>);

    impl Job for Numbered {
        fn purpose(&self) -> Purpose {
            Purpose::UseCase
        }
        fn run(&mut self, _: &mut Tx<'_>) -> Ran {
            Ran::Commit
        }
        fn is_pointless(&self) -> bool {
            self.0 == GONE
        }
        fn finish(self: Box<Self>, _: Result<(), StoreError>) {
            self.1.store(self.0, Ordering::SeqCst);
        }
    }

    fn number(job: Option<Box<dyn Job>>, seen: &Arc<AtomicU32>) -> Option<u32> {
        job.map(|j| {
            j.finish(Ok(()));
            seen.load(Ordering::SeqCst)
        })
    }

    #[test]
    fn a_full_line_refuses_and_a_closed_one_drains() {
        let seen = Arc::new(AtomicU32::new(0));
        let queue = Queue::new(2);
        let push = |n| queue.push(Lane::Interactive, None, Box::new(Numbered(n, seen.clone()))).is_ok();
        assert!(push(1) && push(2) && !push(3));
        queue.close();
        assert_eq!(number(queue.pop(), &seen), Some(1));
        assert_eq!(number(queue.pop(), &seen), Some(2));
        assert!(queue.pop().is_none());
        assert!(!push(4));
    }

    #[test]
    fn one_caller_holds_at_most_half_while_others_wait() {
        let seen = Arc::new(AtomicU32::new(0));
        let queue = Queue::new(4);
        let push = |who: u128| {
            let job = Box::new(Numbered(0, seen.clone()));
            queue.push(Lane::Interactive, Some(Uuid::from_u128(who)), job).is_ok()
        };
        assert!(push(1) && push(1) && push(2));
        assert!(!push(1), "the third of one caller is refused while another waits");
        assert!(push(2));
    }

    #[test]
    fn who_filled_the_line_alone_makes_room_for_others() {
        let seen = Arc::new(AtomicU32::new(0));
        let queue = Queue::new(4);
        let push = |who: u128, n| {
            let job = Box::new(Numbered(n, seen.clone()));
            number(queue.push(Lane::Interactive, Some(Uuid::from_u128(who)), job).err(), &seen)
        };
        assert_eq!([1, 2, 3, 4].map(|n| push(1, n)), [None; 4], "alone one may fill the line");
        assert_eq!(push(1, 5), Some(5), "and no more than that");
        assert_eq!(push(2, 6), Some(4), "another takes the place of the last");
        assert_eq!(push(1, 7), Some(7), "now others wait");
        assert_eq!(push(3, 8), Some(3));
        assert_eq!(push(3, 9), Some(9), "nobody holds more than half any more");
        assert_eq!(queue.waiting(Lane::Interactive), 4);
        let order: Vec<u32> = (0..4).filter_map(|_| number(queue.pop(), &seen)).collect();
        assert_eq!(order, [1, 2, 6, 8]);
    }

    #[test]
    fn a_read_that_nobody_waits_for_is_passed_over() {
        let seen = Arc::new(AtomicU32::new(0));
        let queue = Queue::new(4);
        for n in [GONE, 1, GONE] {
            assert!(queue.push(Lane::Interactive, None, Box::new(Numbered(n, seen.clone()))).is_ok());
        }
        queue.close();
        assert_eq!(number(queue.pop(), &seen), Some(1));
        assert!(queue.pop().is_none());
    }

    #[test]
    fn bulk_waits_but_does_not_starve() {
        let seen = Arc::new(AtomicU32::new(0));
        let queue = Queue::new(100);
        let job = |n| -> Box<dyn Job> { Box::new(Numbered(n, seen.clone())) };
        assert!(queue.push(Lane::Bulk, None, job(99)).is_ok());
        for n in 0..20 {
            assert!(queue.push(Lane::Interactive, None, job(n)).is_ok());
        }
        let order: Vec<u32> = (0..10).filter_map(|_| number(queue.pop(), &seen)).collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7, 99, 8]);
    }
}
