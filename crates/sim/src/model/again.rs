//! Trying again what failed, and what was taken by hand (behaviour.md b.3 #19, b.5; decisions.md H14, Q4).

use super::request::{Verdict, Who};
use super::{DAY, Held, Micros, Model, Seen, Stand};
use tenure_domain::Uuid;

/// How long after its end a request can be tried again.
const REPROCESS: Micros = 14 * DAY;

impl Model {
    /// Tries a request again that failed, in full or in part; or says why not.
    pub fn reprocess(&mut self, by: Who, request: usize, now: Micros) -> Verdict {
        if let Some(verdict) = self.administrator(by) {
            return verdict;
        }
        let found = self.requests[request].clone();
        if found.is_erased {
            return Verdict::refused("ResourceNotFound");
        }
        let failed = matches!(found.stand, Stand::Failed | Stand::Partial);
        if !failed || found.completed.is_none_or(|at| now > at + REPROCESS) {
            return Verdict::refused("RequestNotReprocessable");
        }
        let is_open = |takes: bool| self.open.contains_key(&(found.package, found.target, takes));
        if is_open(false) || is_open(true) {
            return Verdict::refused("ExistingOpenRequest");
        }
        let Some(handle) = found.assignment else {
            self.move_request(request, Stand::Delivering, now);
            self.start_from(request, now, now);
            return Verdict::Done;
        };
        if found.kind.takes() {
            self.take_again(request, handle, now);
            return Verdict::Done;
        }
        let assignment = &self.assignments[handle];
        // What has ended, or is to end, is given no more.
        if !assignment.is_live() || assignment.is_ending {
            return Verdict::refused("RequestNotReprocessable");
        }
        if assignment.request != request {
            // It was to change what it did not make: whether it still may is asked again.
            self.change_if_it_may(request, now);
            return Verdict::Done;
        }
        if self.may_still_have(request).is_some() {
            self.fails_again(request, now);
            return Verdict::Done;
        }
        self.deliver_again(request, handle, now);
        Verdict::Done
    }

    /// Why a request may not go on giving what it has made (decisions.md H12).
    fn may_still_have(&self, request: usize) -> Option<Verdict> {
        let found = &self.requests[request];
        let refused = |code, guard| Some(Verdict::Refused(code, vec![guard]));
        if !self.people.get(&found.target).is_some_and(super::Person::is_there) {
            Some(Verdict::refused("TargetNotEligible"))
        } else if !self.fits_as_asked(request) {
            refused("NotInPolicyScope", "policyScope")
        } else if !self.conflicts(found.package, found.target, false).is_empty() {
            refused("IncompatibleAccess", "compatibleAccess")
        } else {
            None
        }
    }

    /// It stands where it stood, and says that it has failed once more.
    fn fails_again(&mut self, request: usize, now: Micros) {
        let found = &mut self.requests[request];
        found.completed = Some(now);
        found.said.push("Failed access package assignment request");
        self.touched.requests.insert(request);
    }

    fn deliver_again(&mut self, request: usize, handle: usize, now: Micros) {
        self.give_all_again(handle, now);
        self.move_request(request, Stand::Delivering, now);
        self.progress(handle, self.mails_of(self.assignments[handle].policy), now);
    }

    /// A removal that left something behind is tried again.
    fn take_again(&mut self, request: usize, handle: usize, now: Micros) {
        let person = self.assignments[handle].target;
        let mut is_pending = false;
        for group in self.left_behind(handle) {
            if let Some(grant) = self.grants.get_mut(&(person, group)).filter(|g| !g.is_worked_on()) {
                grant.plan(now);
                self.touched.grants.insert((person, group));
                is_pending = true;
            }
        }
        let is_live = self.assignments[handle].is_live();
        if is_pending {
            self.assignments[handle].removal = Some(request);
            self.move_request(request, Stand::Delivering, now);
            if is_live {
                self.move_assignment(handle, Held::Delivering);
            } else {
                self.retried.insert(handle);
            }
        } else if is_live {
            self.assignments[handle].removal = Some(request);
            self.removed(handle, self.mails_of(self.assignments[handle].policy), now);
        } else {
            self.move_request(request, Stand::Delivered, now);
        }
    }

    /// Gives everything a package holds once more: what was taken here by hand comes back, and what is thought to be there
    /// outside is asked for again. What the package holds no more goes.
    fn give_all_again(&mut self, handle: usize, now: Micros) {
        let assignment = &self.assignments[handle];
        let (person, policy) = (assignment.target, assignment.policy);
        let groups: Vec<Uuid> =
            self.packages.get(&assignment.package).map(|p| p.groups.iter().copied().collect()).unwrap_or_default();
        let outdated: Vec<Uuid> = assignment
            .links
            .iter()
            .filter(|(group, live)| **live && !groups.contains(group))
            .map(|(group, _)| *group)
            .collect();
        for group in groups {
            self.give(person, group, now);
            let is_there = self.groups.get(&group).is_some_and(super::Group::is_there);
            let is_outside = self.is_outside(group) && is_there;
            if let Some(grant) = self.grants.get_mut(&(person, group)).filter(|g| is_outside && g.due.is_none()) {
                grant.plan(now);
            }
            self.assignments[handle].links.insert(group, true);
        }
        let keeps = self.policies.get(&policy).is_some_and(|p| p.keeps);
        for group in outdated {
            self.assignments[handle].links.insert(group, false);
            self.take(person, group, keeps, now);
        }
    }

    /// Gives all of an assignment again; or says why not.
    pub fn reapply(&mut self, by: Who, handle: usize, now: Micros) -> Verdict {
        if let Some(verdict) = self.administrator(by) {
            return verdict;
        }
        let assignment = &self.assignments[handle];
        if assignment.is_ending || !matches!(assignment.held, Held::Delivered | Held::Partial) {
            return Verdict::refused("AssignmentNotLive");
        }
        // The request that gave only a part is fulfilled by that, unless something else is asked for.
        let made_by = assignment.request;
        let is_partial = self.requests[made_by].stand == Stand::Partial && !self.requests[made_by].is_erased;
        if is_partial && !self.open.contains_key(&(assignment.package, assignment.target, false)) {
            if let Some(verdict) = self.may_still_have(made_by) {
                return verdict;
            }
            self.deliver_again(made_by, handle, now);
            return Verdict::Done;
        }
        self.give_all_again(handle, now);
        self.follow(handle, now);
        Verdict::Done
    }

    /// Whether there is something to repair, or to accept.
    fn drifted(&self, by: Who, key: (Uuid, Uuid)) -> Result<Vec<usize>, Verdict> {
        if let Some(verdict) = self.administrator(by) {
            return Err(verdict);
        }
        let is_drifted = self.grants.get(&key).is_some_and(|g| g.is_drifted && g.seen == Seen::Present);
        let wanted_by: Vec<usize> =
            self.holders_of(key.1).into_iter().filter(|h| self.assignments[*h].target == key.0).collect();
        if is_drifted && !wanted_by.is_empty() { Ok(wanted_by) } else { Err(Verdict::refused("ResourceNotFound")) }
    }

    /// What was taken by hand is given back.
    pub fn repair(&mut self, by: Who, (person, group): (Uuid, Uuid)) -> Verdict {
        if let Err(verdict) = self.drifted(by, (person, group)) {
            return verdict;
        }
        if let Some(grant) = self.grants.get_mut(&(person, group)) {
            grant.settle(Seen::Present);
        }
        self.touched.grants.insert((person, group));
        self.join(group, person);
        Verdict::Done
    }

    /// What was taken by hand stays away: nobody wants it any more.
    pub fn adopt(&mut self, by: Who, (person, group): (Uuid, Uuid), now: Micros) -> Verdict {
        let wanted_by = match self.drifted(by, (person, group)) {
            Ok(wanted_by) => wanted_by,
            Err(verdict) => return verdict,
        };
        if let Some(grant) = self.grants.get_mut(&(person, group)) {
            grant.is_wanted = false;
            grant.settle(Seen::Absent);
        }
        self.touched.grants.insert((person, group));
        for handle in wanted_by {
            self.assignments[handle].links.insert(group, false);
            self.adopted.insert((handle, group));
            self.follow(handle, now);
        }
        Verdict::Done
    }
}
