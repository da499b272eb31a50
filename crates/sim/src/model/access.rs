//! Giving and taking: grants are shared by the assignments that want them, the embedded directory follows at once, one
//! outside when its connector says so (decisions.md C).

use super::time::next_look;
use super::{Assignment, Grant, HOUR, Held, Kind, MINUTE, Mail, Micros, Model, Request, Seen, Stand, Timer};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

/// After each failed try the next one waits so long; the tenth is the last (decisions.md C6).
const WAITS: [Micros; 9] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, HOUR, HOUR, HOUR, HOUR];

/// What a connector answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    Transient,
    Permanent,
    Gone,
}

impl Grant {
    pub(super) fn settle(&mut self, seen: Seen) {
        (self.seen, self.attempt, self.due, self.has_error, self.is_drifted) = (seen, 0, None, false, false);
    }

    /// It is tried from now on; what was gone may be back.
    pub(super) fn plan(&mut self, now: Micros) {
        (self.attempt, self.due, self.has_error, self.is_drifted) = (0, Some(now), false, false);
        self.plans += 1;
        if self.seen == Seen::Gone {
            self.seen = Seen::Absent;
        }
    }

    /// Whether wish and sight agree.
    pub fn is_settled(&self) -> bool {
        match self.seen {
            Seen::Present => self.is_wanted,
            Seen::Absent => !self.is_wanted,
            Seen::Gone => true,
        }
    }

    /// Whether nothing can have been given: of what became of earlier tries nobody is sure.
    const fn was_never_tried(&self) -> bool {
        matches!(self.seen, Seen::Absent) && self.due.is_none() && self.attempt == 0 && self.plans <= 1
    }

    pub(super) fn is_worked_on(&self) -> bool {
        !self.is_settled() && self.due.is_some()
    }
}

impl Model {
    pub(super) fn is_outside(&self, group: Uuid) -> bool {
        self.groups.get(&group).is_some_and(|g| g.outside.is_some())
    }

    pub(super) fn give(&mut self, person: Uuid, group: Uuid, now: Micros) {
        let holds = self.is_member(group, person);
        let is_missing = self.groups.get(&group).is_none_or(|g| !g.is_there());
        let is_outside = self.is_outside(group);
        let new = Grant {
            is_wanted: false,
            seen: Seen::Absent,
            was_before: holds,
            attempt: 0,
            due: None,
            has_error: false,
            is_drifted: false,
            plans: 0,
        };
        let grant = self.grants.entry((person, group)).or_insert(new);
        if !grant.is_wanted && grant.seen != Seen::Present {
            grant.was_before = holds;
        }
        // Taking it was under way: whether it is still there nobody can know before it was given again.
        if !grant.is_wanted && grant.due.is_some() {
            grant.seen = Seen::Absent;
        }
        grant.is_wanted = true;
        if is_missing {
            (grant.seen, grant.due, grant.has_error) = (Seen::Gone, None, true);
        } else if !is_outside {
            grant.settle(Seen::Present);
            if !holds {
                self.join(group, person);
            }
        } else if grant.seen != Seen::Present || grant.is_drifted {
            grant.plan(now);
        }
        self.touched.grants.insert((person, group));
    }

    /// Takes what no other assignment wants; who held it before keeps it, if the policy of the one that ends last `keeps`
    /// what was there (decisions.md C7).
    pub(super) fn take(&mut self, person: Uuid, group: Uuid, keeps: bool, now: Micros) {
        let is_wanted = self.live.values().map(|h| &self.assignments[*h]);
        if is_wanted.into_iter().any(|a| a.target == person && a.links.get(&group) == Some(&true)) {
            return;
        }
        let is_outside = self.is_outside(group);
        let Some(grant) = self.grants.get_mut(&(person, group)) else { return };
        grant.is_wanted = false;
        self.touched.grants.insert((person, group));
        if keeps && grant.was_before {
            grant.settle(Seen::Absent);
            self.by_hand.insert((group, person));
        } else if !is_outside {
            grant.settle(Seen::Absent);
            self.leave(group, person);
        } else if grant.was_never_tried() {
            grant.settle(Seen::Absent);
        } else {
            // A try whose answer did not come may have succeeded, and what is gone may come back: it counts as held until
            // it was taken.
            grant.seen = Seen::Present;
            grant.plan(now);
        }
    }

    /// What the grants of an assignment add up to (decisions.md Q5).
    pub fn sum(&self, handle: usize) -> Held {
        let assignment = &self.assignments[handle];
        let (mut worked_on, mut held, mut missing) = (0, 0, 0);
        for group in assignment.links.iter().filter(|(_, live)| **live).map(|(group, _)| *group) {
            match self.grants.get(&(assignment.target, group)) {
                Some(grant) if grant.is_worked_on() => worked_on += 1,
                Some(grant) if grant.seen == Seen::Present => held += 1,
                _ => missing += 1,
            }
        }
        match (worked_on, held, missing) {
            (1.., _, _) => Held::Delivering,
            (0, _, 0) => Held::Delivered,
            (0, 0, _) => Held::Failed,
            _ => Held::Partial,
        }
    }

    /// Makes the assignment of a request and takes both as far as they get.
    pub fn deliver(&mut self, request: usize, (starts, ends): (Micros, Option<Micros>), mails: bool, now: Micros) {
        let asked = self.requests[request].clone();
        let handle = self.assignments.len();
        let groups: Vec<Uuid> =
            self.packages.get(&asked.package).map(|p| p.groups.iter().copied().collect()).unwrap_or_default();
        for group in &groups {
            self.give(asked.target, *group, now);
        }
        self.assignments.push(Assignment {
            id: None,
            package: asked.package,
            policy: asked.policy,
            version: asked.version,
            target: asked.target,
            request,
            held: Held::Delivering,
            starts,
            ends,
            delivered: None,
            ended: None,
            links: groups.iter().map(|g| (*g, true)).collect(),
            removal: None,
            is_ending: false,
            told: Vec::new(),
        });
        self.live.insert((asked.package, asked.target), handle);
        self.had.insert((asked.package, asked.target));
        self.requests[request].assignment = Some(handle);
        self.clear_timer(Timer::Request(request));
        if let Some(ends) = ends {
            self.set_timer(Timer::Assignment(handle), next_look(ends, now));
        }
        self.progress(handle, mails, now);
    }

    /// An assignment follows its grants.
    pub(super) fn follow(&mut self, handle: usize, now: Micros) -> Held {
        let held = self.sum(handle);
        self.move_assignment(handle, held);
        let assignment = &mut self.assignments[handle];
        if held == Held::Delivered && assignment.delivered.is_none() {
            assignment.delivered = Some(now);
        }
        held
    }

    /// An assignment follows its grants, and its request follows it.
    pub(super) fn progress(&mut self, handle: usize, mails: bool, now: Micros) {
        let held = self.follow(handle, now);
        let assignment = &self.assignments[handle];
        let request = assignment.request;
        let asked = &self.requests[request];
        if asked.is_erased || !asked.stand.is_open() && !matches!(asked.stand, Stand::Scheduled { .. }) {
            return;
        }
        let stand = match held {
            Held::Delivering => Stand::Delivering,
            Held::Delivered | Held::Expired => Stand::Delivered,
            Held::Partial => Stand::Partial,
            Held::Failed => Stand::Failed,
        };
        self.move_request(request, stand, now);
        self.tell_end(request, held, mails);
    }

    /// Ends a live assignment; gives the request that does it.
    pub fn remove(&mut self, handle: usize, kind: Kind, requestor: Option<Uuid>, now: Micros) -> usize {
        let old = self.assignments[handle].clone();
        if let Some(open) = self.open.get(&(old.package, old.target, false)).copied() {
            self.move_request(open, Stand::Canceled, now);
            self.clear_timer(Timer::Request(open));
        }
        self.clear_timer(Timer::Assignment(handle));
        let keeps = self.keeps(old.policy);
        let mut wanted: Vec<Uuid> = old.links.iter().filter(|(_, live)| **live).map(|(g, _)| *g).collect();
        // What could not be taken earlier is still to be taken.
        wanted.extend(self.left_behind(handle));
        for group in &wanted {
            self.assignments[handle].links.insert(*group, false);
        }
        for group in &wanted {
            self.take(old.target, *group, keeps, now);
        }
        let is_worked_on =
            |g: &Uuid| self.grants.get(&(old.target, *g)).is_some_and(|grant| !grant.is_wanted && grant.is_worked_on());
        let pending = wanted.iter().any(is_worked_on);
        let request = self.begin_removal(handle, kind, requestor, now);
        if pending {
            self.move_assignment(handle, Held::Delivering);
        } else {
            self.removed(handle, self.mails_of(old.policy), now);
        }
        request
    }

    /// Writes the request that removes an assignment; gives it.
    fn begin_removal(&mut self, handle: usize, kind: Kind, requestor: Option<Uuid>, now: Micros) -> usize {
        let old = &self.assignments[handle];
        let request = Request {
            id: None,
            kind,
            package: old.package,
            policy: old.policy,
            version: old.version,
            requestor,
            target: old.target,
            stand: Stand::Delivering,
            assignment: Some(handle),
            wanted: super::policy::Wanted::default(),
            answers: BTreeSet::new(),
            created: now,
            completed: None,
            said: Vec::new(),
            moved: false,
            is_erased: false,
            stages: Vec::new(),
        };
        let request = self.add_request(request);
        self.assignments[handle].removal = Some(request);
        self.assignments[handle].is_ending = true;
        request
    }

    /// What an assignment wants no more and could not be taken so far.
    pub(super) fn left_behind(&self, handle: usize) -> Vec<Uuid> {
        let assignment = &self.assignments[handle];
        let is_left = |group: &Uuid| {
            self.grants.get(&(assignment.target, *group)).is_some_and(|g| !g.is_wanted && g.seen == Seen::Present)
        };
        assignment.links.iter().filter(|(group, live)| !**live && is_left(group)).map(|(group, _)| *group).collect()
    }

    /// Whether an assignment is one of which nothing was delivered or is still tried: it keeps nobody from asking anew
    /// (behaviour.md b.5).
    pub fn holds_nothing(&self, handle: usize) -> bool {
        let assignment = &self.assignments[handle];
        let is_given_up = |group: &Uuid| {
            let grant = self.grants.get(&(assignment.target, *group));
            grant.is_some_and(|g| g.seen == Seen::Absent && !g.is_worked_on())
        };
        let mut wanted = assignment.links.iter().filter(|(_, live)| **live).map(|(group, _)| group);
        assignment.held == Held::Failed && !assignment.is_ending && wanted.all(is_given_up)
    }

    /// An assignment of which nothing was delivered gives way to a request; what it wanted and `stays` is not taken, because
    /// the assignment that takes its place gives it.
    pub(super) fn give_way(&mut self, handle: usize, request: usize, stays: &BTreeSet<Uuid>, now: Micros) {
        let target = self.assignments[handle].target;
        let wanted: Vec<Uuid> =
            self.assignments[handle].links.iter().filter(|(_, live)| **live).map(|(g, _)| *g).collect();
        for group in &wanted {
            self.assignments[handle].links.insert(*group, false);
        }
        for group in wanted.iter().filter(|group| !stays.contains(group)) {
            self.take(target, *group, false, now);
        }
        self.clear_timer(Timer::Assignment(handle));
        self.move_assignment(handle, Held::Expired);
        self.assignments[handle].ended = Some(now);
        self.requests[request].said.push(super::REMOVED);
    }

    /// Everything was taken.
    pub(super) fn removed(&mut self, handle: usize, mails: bool, now: Micros) {
        self.move_assignment(handle, Held::Expired);
        let assignment = &mut self.assignments[handle];
        assignment.ended = Some(now);
        let (target, package) = (assignment.target, assignment.package);
        if let Some(request) = assignment.removal.take() {
            self.move_request(request, Stand::Delivered, now);
        }
        if mails {
            self.outbox.push(Mail { kind: "accessEnded", to: target, package });
        }
    }

    /// An administrator withdraws a request whose delivery has begun or failed: the assignment it made has ended, and what
    /// was given is taken again. Nobody is told (decisions.md H13).
    pub fn withdraw(&mut self, request: usize, now: Micros) {
        self.move_request(request, Stand::Canceled, now);
        self.clear_timer(Timer::Request(request));
        let made = self.requests[request].assignment.filter(|h| self.assignments[*h].request == request);
        // What is being taken already is left to that.
        let lives = |h: &usize| self.assignments[*h].is_live() && !self.assignments[*h].is_ending;
        let Some(handle) = made.filter(lives) else { return };
        self.clear_timer(Timer::Assignment(handle));
        let target = self.assignments[handle].target;
        let keeps = self.keeps(self.requests[request].policy);
        let wanted: Vec<Uuid> =
            self.assignments[handle].links.iter().filter(|(_, live)| **live).map(|(g, _)| *g).collect();
        for group in &wanted {
            self.assignments[handle].links.insert(*group, false);
        }
        for group in wanted {
            self.take(target, group, keeps, now);
        }
        self.move_assignment(handle, Held::Expired);
        self.assignments[handle].ended = Some(now);
    }

    /// A person is deleted for good: nothing is fulfilled any more, and nobody is told (decisions.md B8).
    pub fn end_all_of(&mut self, person: Uuid, now: Micros) {
        let open: Vec<usize> = self.open.iter().filter(|((_, t, _), _)| *t == person).map(|(_, r)| *r).collect();
        for request in open {
            self.move_request(request, Stand::Canceled, now);
            self.clear_timer(Timer::Request(request));
            if let Some(handle) = self.requests[request].assignment.filter(|_| self.requests[request].kind.takes()) {
                self.assignments[handle].removal = None;
                self.retried.remove(&handle);
            }
        }
        let live: Vec<usize> = self.live.iter().filter(|((_, t), _)| *t == person).map(|(_, h)| *h).collect();
        for handle in live {
            let old = self.assignments[handle].clone();
            self.clear_timer(Timer::Assignment(handle));
            let mut wanted: Vec<Uuid> = old.links.iter().filter(|(_, live)| **live).map(|(g, _)| *g).collect();
            wanted.extend(self.left_behind(handle));
            for group in &wanted {
                self.assignments[handle].links.insert(*group, false);
                let others = self.live.values().map(|h| &self.assignments[*h]);
                if others.into_iter().any(|a| a.target == person && a.links.get(group) == Some(&true)) {
                    continue;
                }
                if let Some(grant) = self.grants.get_mut(&(person, *group)) {
                    grant.is_wanted = false;
                    grant.settle(Seen::Absent);
                    self.touched.grants.insert((person, *group));
                }
            }
            self.begin_removal(handle, Kind::SystemRemove, None, now);
            self.removed(handle, false, now);
        }
    }

    /// A package gives one more group: everybody who holds it gets it, but who is about to lose it.
    pub fn add_role(&mut self, package: Uuid, group: Uuid, now: Micros) {
        if let Some(found) = self.packages.get_mut(&package) {
            found.groups.insert(group);
        }
        for handle in self.live_of(package) {
            if self.assignments[handle].is_ending {
                continue;
            }
            self.give(self.assignments[handle].target, group, now);
            self.assignments[handle].links.insert(group, true);
            self.follow(handle, now);
        }
    }

    /// A package gives a group no longer.
    pub fn remove_role(&mut self, package: Uuid, group: Uuid, now: Micros) {
        if let Some(found) = self.packages.get_mut(&package) {
            found.groups.remove(&group);
        }
        for handle in self.live_of(package) {
            if self.assignments[handle].is_ending {
                continue;
            }
            if self.assignments[handle].links.get(&group) == Some(&true) {
                self.assignments[handle].links.insert(group, false);
                let keeps = self.keeps(self.assignments[handle].policy);
                self.take(self.assignments[handle].target, group, keeps, now);
            }
            self.follow(handle, now);
        }
    }

    /// Whether who held a role before keeps it under a policy.
    fn keeps(&self, policy: Uuid) -> bool {
        self.policies.get(&policy).is_some_and(|p| p.keeps)
    }

    fn live_of(&self, package: Uuid) -> Vec<usize> {
        self.live.iter().filter(|((p, _), _)| *p == package).map(|(_, h)| *h).collect()
    }

    /// A connector was asked and what it answered was recorded. The error says why it should not have been asked.
    pub fn answered(
        &mut self,
        (group, person): (Uuid, Uuid),
        gives: bool,
        answer: Answer,
        now: Micros,
    ) -> Result<(), String> {
        let what = if gives { "give" } else { "take" };
        let asked = format!("a connector was asked to {what} group {group} for {person}");
        let Some(grant) = self.grants.get_mut(&(person, group)) else {
            return Err(format!("{asked}, of which nothing is known"));
        };
        match grant.due {
            None => return Err(format!("{asked}, but nothing was due: {grant:?}")),
            Some(due) if due > now => return Err(format!("{asked} too early: {grant:?}, it is {now}")),
            Some(_) if grant.is_wanted != gives => {
                return Err(format!("{asked}, but the opposite is wanted: {grant:?}"));
            }
            Some(_) => {}
        }
        match answer {
            Answer::Done => grant.settle(if gives { Seen::Present } else { Seen::Absent }),
            // What shall go from an object that is gone has gone with it.
            Answer::Gone if !gives => grant.settle(Seen::Absent),
            Answer::Gone => (grant.seen, grant.due, grant.has_error) = (Seen::Gone, None, true),
            Answer::Permanent => (grant.due, grant.has_error) = (None, true),
            Answer::Transient => {
                grant.due = WAITS.get(grant.attempt).map(|wait| now + wait);
                grant.attempt += 1;
                grant.has_error = true;
            }
        }
        self.touched.grants.insert((person, group));
        match answer {
            Answer::Done if gives && self.people.get(&person).is_some_and(|p| !p.is_gone) => self.join(group, person),
            Answer::Done | Answer::Gone => self.leave(group, person),
            Answer::Transient | Answer::Permanent => {}
        }
        self.settle_all((person, group), now);
        Ok(())
    }

    /// Every live assignment that wants or wanted a grant moves on.
    fn settle_all(&mut self, (person, group): (Uuid, Uuid), now: Micros) {
        let linked: Vec<usize> = self
            .live
            .values()
            .chain(&self.retried)
            .copied()
            .filter(|h| self.assignments[*h].target == person && self.assignments[*h].links.contains_key(&group))
            .collect();
        for handle in linked {
            let mails = self.mails_of(self.assignments[handle].policy);
            if self.assignments[handle].removal.is_none() {
                // A removal that was given up waits for somebody to try it again.
                if !self.assignments[handle].is_ending && self.sum(handle) != self.assignments[handle].held {
                    self.progress(handle, mails, now);
                }
                continue;
            }
            let unwanted = self.assignments[handle].links.iter().filter(|(_, live)| !**live);
            let grants: Vec<Grant> = unwanted
                .filter_map(|(g, _)| self.grants.get(&(person, *g)))
                .filter(|grant| !grant.is_wanted)
                .copied()
                .collect();
            if grants.iter().any(Grant::is_worked_on) {
                continue;
            }
            let settled = grants.iter().filter(|grant| grant.is_settled()).count();
            let stand = match settled {
                n if n == grants.len() => Stand::Delivered,
                0 => Stand::Failed,
                _ => Stand::Partial,
            };
            let is_live = self.assignments[handle].is_live();
            if is_live && stand == Stand::Delivered {
                self.removed(handle, mails, now);
            } else if let Some(request) = self.assignments[handle].removal.take() {
                self.retried.remove(&handle);
                self.move_request(request, stand, now);
                if is_live {
                    self.move_assignment(handle, if stand == Stand::Failed { Held::Failed } else { Held::Partial });
                }
            }
        }
    }
}
