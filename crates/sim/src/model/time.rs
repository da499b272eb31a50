//! What happens because time has passed (decisions.md I).

use super::{DAY, Kind, Micros, Model, Stand, Timer};

/// When an assignment is looked at again: so many days before its end, when holders who can extend are told, and then at
/// its end (behaviour.md h, mail 19).
pub fn next_look(ends: Micros, now: Micros) -> Micros {
    let notices = [14, 1].into_iter().map(|days| ends - days * DAY);
    notices.into_iter().find(|at| *at > now).unwrap_or(ends)
}

impl Model {
    /// The timers that are due at `now`, in the order of their instants; within one instant by the id they have in the
    /// database.
    pub fn due(&self, now: Micros) -> Vec<(Micros, Timer)> {
        let mut due: Vec<(Micros, Timer)> =
            self.timers.iter().filter(|(_, at)| **at <= now).map(|(timer, at)| (*at, *timer)).collect();
        due.sort_by_key(|(at, timer)| (*at, self.id_of(*timer)));
        due
    }

    /// The id of what a timer is about, if it is known already.
    pub fn id_of(&self, timer: Timer) -> Option<tenure_domain::Uuid> {
        match timer {
            Timer::Request(handle) => self.requests.get(handle).and_then(|r| r.id),
            Timer::Assignment(handle) => self.assignments.get(handle).and_then(|a| a.id),
            Timer::Deleted(id) => Some(id),
        }
    }

    /// A timer fires.
    pub fn fire(&mut self, timer: Timer, now: Micros) {
        self.clear_timer(timer);
        match timer {
            Timer::Request(handle) => self.start(handle, now),
            Timer::Assignment(handle) => self.end(handle, now),
            Timer::Deleted(id) => self.delete_for_good(id, now),
        }
    }

    /// The start of a request was reached, or an instant of its approval (behaviour.md b.3 #8, #9, #12, #15).
    fn start(&mut self, handle: usize, now: Micros) {
        let starts = match self.requests[handle].stand {
            Stand::Scheduled { starts } => starts,
            Stand::Pending { stage, .. } => return self.stage_due(handle, stage, now),
            _ => return,
        };
        self.start_from(handle, starts, now);
    }

    /// The end of an assignment was reached.
    fn end(&mut self, handle: usize, now: Micros) {
        let assignment = &self.assignments[handle];
        let is_over = assignment.ends.is_some_and(|ends| ends <= now);
        if !assignment.is_live() {
            return;
        }
        match assignment.ends {
            Some(_) if is_over && assignment.removal.is_none() => {
                self.remove(handle, Kind::SystemRemove, None, now);
            }
            Some(ends) if !is_over => {
                self.notice(handle, ends, now);
                self.set_timer(Timer::Assignment(handle), next_look(ends, now));
            }
            _ => {}
        }
    }
}
