//! Changing an assignment that somebody holds: a later end, an earlier one, other answers (behaviour.md b.2, b.5;
//! decisions.md H10, H16). And the notices that an end is near (behaviour.md h, mail 19).

use super::policy::{Life, Policy, Terms, Wanted, WantedEnd, limit};
use super::request::{Ask, Failed, Named, Verdict, Who};
use super::{DAY, Held, Kind, MINUTE, Mail, Micros, Model, Request, Stand, Timer};
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::Uuid;

/// Longest duration anybody may ask for, in days.
const DAYS_MAX: Micros = 3_660;

/// A change that is asked for.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that somebody says, or not")]
pub struct Change {
    pub by: Who,
    /// By an administrator for somebody, or by a person for himself or for a report.
    pub is_direct: bool,
    pub named: Named,
    /// A later end is asked for, whatever else is said.
    pub extends: bool,
    pub wanted: Wanted,
    pub has_reason: bool,
    pub answers: BTreeMap<Uuid, String>,
    pub only_validate: bool,
}

/// A change that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    pub handle: usize,
    /// The policy it is under from then on.
    pub policy: Uuid,
    pub kind: Kind,
    /// The end as the request keeps it.
    pub end: WantedEnd,
    pub answers: BTreeSet<Uuid>,
    pub needs_approval: bool,
}

/// Whether an end lies after another; no end is the latest.
fn is_later(new: Option<Micros>, old: Option<Micros>) -> bool {
    old.is_some_and(|old| new.is_none_or(|new| new > old))
}

/// The end that a wish means now; `old` when nothing is wished.
fn meant(wanted: WantedEnd, old: Option<Micros>, now: Micros) -> Option<Micros> {
    match wanted {
        WantedEnd::Open => old,
        WantedEnd::Never => None,
        WantedEnd::After(minutes) => Some(now + minutes * MINUTE),
        WantedEnd::At(end) => Some(end),
    }
}

/// A person's end: later than the one there is, and within what the policy of this moment gives to access that begins
/// now. Gives it as the request keeps it, or the code of the refusal.
fn later(terms: &Terms, old: Option<Micros>, wanted: WantedEnd, now: Micros) -> Result<WantedEnd, &'static str> {
    if old.is_none_or(|old| old <= now) {
        return Err("ExtensionNotAllowed");
    }
    let kept = match (wanted, terms.life) {
        (WantedEnd::Open, Life::Endless) => WantedEnd::Never,
        (WantedEnd::Open, Life::Days(days)) => WantedEnd::After(i64::from(days) * (DAY / MINUTE)),
        (WantedEnd::Open, Life::Until(end)) => WantedEnd::At(end),
        (said, _) => said,
    };
    let end = meant(kept, None, now);
    if limit(terms.life, now).is_some_and(|limit| end.is_none_or(|end| end > limit)) {
        return Err("ScheduleNotAllowed");
    }
    match wanted {
        _ if is_later(end, old) => Ok(kept),
        // Nothing was wrong with what was wished, because nothing was.
        WantedEnd::Open => Err("ExtensionNotAllowed"),
        _ => Err("ScheduleNotAllowed"),
    }
}

/// An administrator's end: any that lies ahead. A duration counts from the start that is named, else from now.
fn any(wanted: Wanted, now: Micros) -> Result<WantedEnd, &'static str> {
    let kept = match wanted.end {
        WantedEnd::After(minutes) if minutes < 0 || minutes * MINUTE > DAYS_MAX * DAY => {
            return Err("ScheduleNotAllowed");
        }
        WantedEnd::After(minutes) => WantedEnd::At(wanted.start.unwrap_or(now) + minutes * MINUTE),
        said => said,
    };
    if matches!(kept, WantedEnd::At(end) if end <= now) { Err("ScheduleNotAllowed") } else { Ok(kept) }
}

/// Asking for what is held already, as the change that it is.
fn as_change(ask: &Ask, handle: usize) -> Change {
    Change {
        by: ask.by,
        is_direct: ask.is_direct,
        named: Named::Assignment(handle),
        extends: !ask.is_direct,
        wanted: ask.wanted,
        has_reason: ask.has_reason,
        answers: ask.answers.clone(),
        only_validate: ask.only_validate,
    }
}

impl Model {
    /// What comes of a change that is asked for.
    pub fn may_change(&self, change: &Change, now: Micros) -> Result<Passed, Verdict> {
        let turned_away = if change.is_direct { self.administrator(change.by) } else { self.caller(change.by) };
        if let Some(verdict) = turned_away {
            return Err(verdict);
        }
        let Some(handle) = self.find(change.named) else { return Err(Verdict::refused("ResourceNotFound")) };
        let target = self.assignments[handle].target;
        let is_there = self.people.get(&target).is_some_and(super::Person::is_there);
        let is_own = change.by.person() == Some(target);
        if !(change.is_direct || is_own || self.manages(change.by, target)) {
            return Err(Verdict::refused("ResourceNotFound"));
        }
        // An administrator can change what somebody holds who is deleted and may be restored (decisions.md B8).
        if !is_there && !change.is_direct {
            return Err(Verdict::refused("Request_ResourceNotFound"));
        }
        let assignment = &self.assignments[handle];
        if self.packages.get(&assignment.package).is_none_or(|p| p.is_deleted) {
            return Err(Verdict::refused("ResourceNotFound"));
        }
        if self.policies.get(&assignment.policy).is_none_or(|p| p.is_deleted) {
            return Err(Verdict::refused("AssignmentNotLive"));
        }
        let kind = if change.is_direct { Kind::AdminUpdate } else { Kind::UserUpdate };
        self.change_guards((handle, self.assignments[handle].policy), change, (kind, false), now)
    }

    /// Whether an administrator assigns what somebody holds already, under another policy of the package: that moves his
    /// assignment there (behaviour.md b.5).
    pub fn switches(&self, ask: &Ask) -> Option<(usize, Uuid)> {
        let handle = self.live.get(&(ask.package, ask.target)).copied().filter(|_| ask.is_direct)?;
        let assignment = &self.assignments[handle];
        let named = ask.policy.filter(|named| *named != assignment.policy && !assignment.is_ending)?;
        self.policies_of(ask.package).any(|(id, _)| id == named).then_some((handle, named))
    }

    /// What comes of that.
    pub fn may_switch(&self, ask: &Ask, to: (usize, Uuid), now: Micros) -> Result<Passed, Verdict> {
        self.change_guards(to, &as_change(ask, to.0), (Kind::AdminAdd, ask.bypasses), now)
    }

    /// Whether asking for what one holds already is asking for a later end of it: an end is wished, and its policy lets
    /// holders extend (decisions.md H10).
    pub fn renews(&self, ask: &Ask) -> Option<usize> {
        let handle = self.live.get(&(ask.package, ask.target)).copied().filter(|_| !ask.is_direct)?;
        let policy = self.assignments[handle].policy;
        let is_under_it = ask.policy.is_none_or(|named| named == policy);
        let lets = self.policies.get(&policy).is_some_and(Policy::lets_change);
        (ask.wanted.end != WantedEnd::Open && is_under_it && lets).then_some(handle)
    }

    /// What comes of that.
    pub fn may_renew(&self, ask: &Ask, handle: usize, now: Micros) -> Result<Passed, Verdict> {
        let under = self.assignments[handle].policy;
        self.change_guards((handle, under), &as_change(ask, handle), (Kind::UserAdd, false), now)
    }

    fn change_guards(
        &self,
        (handle, under): (usize, Uuid),
        change: &Change,
        (kind, bypasses): (Kind, bool),
        now: Micros,
    ) -> Result<Passed, Verdict> {
        let assignment = &self.assignments[handle];
        let Some(policy) = self.policies.get(&under) else { return Err(Verdict::Unknown) };
        let (terms, target, by_person) = (policy.current(), assignment.target, !change.is_direct);
        let switches = under != assignment.policy;
        let mut failed = Failed::default();
        let is_open = |takes: bool| self.open.contains_key(&(assignment.package, target, takes));
        let is_free = !is_open(false) && !is_open(true);
        // Of a removal under way the open request tells.
        let is_left_over = assignment.is_ending && is_free;
        let holds = assignment.is_live() && !(by_person && assignment.held == Held::Failed) && !is_left_over;
        failed.note("liveAssignment", holds, "AssignmentNotLive");
        if switches {
            failed.note("policyEnabled", policy.is_enabled, "PolicyDisabled");
            failed.note("policyScope", self.fits(terms, target), "NotInPolicyScope");
        } else if by_person {
            failed.note("policyEnabled", policy.is_enabled, "PolicyDisabled");
            if change.by.person() == Some(target) {
                failed.note("selfUpdateAllowed", policy.lets_change(), "ExtensionNotAllowed");
            } else {
                failed.note("onBehalfAllowed", terms.for_reports, "PolicyDisabled");
            }
            failed.note("policyScope", self.fits(terms, target), "NotInPolicyScope");
            let is_enabled = self.people.get(&target).is_some_and(|p| p.is_enabled);
            failed.note("signInAllowed", is_enabled, "TargetNotEligible");
        }
        failed.note("noOpenRequest", is_free, "ExistingOpenRequest");
        let end = self.wished((handle, switches), change, (kind, terms), now);
        failed.note("schedule", end.is_ok(), end.err().unwrap_or_default());
        failed.note("justification", !by_person || !terms.wants_reason || change.has_reason, "JustificationRequired");
        let mut answers = self.answered_before(assignment.package, target);
        answers.retain(|question| terms.question == Some(*question));
        answers.extend(change.answers.keys());
        let are_asked = answers.iter().all(|question| terms.question == Some(*question));
        let is_answered = terms.question.is_none_or(|question| answers.contains(&question));
        failed.note("answers", are_asked && is_answered, "InvalidAnswers");
        let approval = &terms.approval;
        let is_asked = if by_person { approval.for_update } else { switches && approval.for_add };
        let needs_approval = is_asked && !bypasses;
        let is_decidable = !needs_approval || self.can_be_decided(&terms.approval, change.by.person(), target);
        failed.note("approverAvailable", is_decidable, "NoEligibleApprover");
        match (failed.verdict(), end) {
            (None, Ok(end)) => Ok(Passed { handle, policy: under, kind, end, answers, needs_approval }),
            (verdict, _) => Err(verdict.unwrap_or(Verdict::Unknown)),
        }
    }

    fn wished(
        &self,
        (handle, switches): (usize, bool),
        change: &Change,
        (kind, terms): (Kind, &Terms),
        now: Micros,
    ) -> Result<WantedEnd, &'static str> {
        let assignment = &self.assignments[handle];
        if change.wanted.start(now).is_some_and(|start| start != assignment.starts) {
            return Err("ScheduleNotAllowed");
        }
        if change.is_direct {
            return match terms.life {
                // Who comes under another policy gets the end that it gives to access that begins now.
                _ if !switches || change.wanted.end != WantedEnd::Open => any(change.wanted, now),
                Life::Endless => Ok(WantedEnd::Never),
                Life::Days(days) => Ok(WantedEnd::After(i64::from(days) * (DAY / MINUTE))),
                Life::Until(end) => any(Wanted { start: None, end: WantedEnd::At(end) }, now),
            };
        }
        if change.wanted.end != WantedEnd::Open && kind != Kind::UserAdd && !terms.own_dates {
            return Err("ScheduleNotAllowed");
        }
        let extends = change.extends || change.wanted.end != WantedEnd::Open || change.answers.is_empty();
        if extends { later(terms, assignment.ends, change.wanted.end, now) } else { Ok(WantedEnd::Open) }
    }

    /// The questions that the last request about a package has answered.
    fn answered_before(&self, package: Uuid, target: Uuid) -> BTreeSet<Uuid> {
        let counts = |r: &&Request| {
            let is_of_pair = (r.package, r.target, r.kind.takes()) == (package, target, false);
            is_of_pair && !r.is_erased && matches!(r.stand, Stand::Delivering | Stand::Delivered | Stand::Partial)
        };
        self.requests.iter().rev().find(counts).map(|r| r.answers.clone()).unwrap_or_default()
    }

    /// Takes up a change that passed; gives its handle.
    pub fn changed(&mut self, by: Who, wanted: Wanted, passed: Passed, id: Option<Uuid>, now: Micros) -> usize {
        let assignment = &self.assignments[passed.handle];
        let request = self.add_request(Request {
            id,
            kind: passed.kind,
            package: assignment.package,
            policy: passed.policy,
            version: self.policies.get(&passed.policy).map_or(0, Policy::version),
            requestor: by.person(),
            target: assignment.target,
            stand: Stand::Delivering,
            assignment: Some(passed.handle),
            wanted: Wanted { start: wanted.start, end: passed.end },
            answers: passed.answers,
            created: now,
            completed: None,
            said: Vec::new(),
            moved: false,
            is_erased: false,
            stages: Vec::new(),
        });
        if passed.needs_approval {
            self.begin_approval(request, now);
        } else {
            self.apply_change(request, now);
        }
        request
    }

    /// The change happens: an administrator's end counts as it is, that of a person if it is still a later one.
    pub fn apply_change(&mut self, request: usize, now: Micros) {
        let asked = self.requests[request].clone();
        let Some(handle) = asked.assignment else { return };
        let old = self.assignments[handle].ends;
        let new = meant(asked.wanted.end, old, now);
        let switches = asked.policy != self.assignments[handle].policy;
        let moves = switches || if asked.kind == Kind::AdminUpdate { new != old } else { is_later(new, old) };
        if moves {
            let assignment = &mut self.assignments[handle];
            (assignment.ends, assignment.policy, assignment.version) = (new, asked.policy, asked.version);
            assignment.told.clear();
            self.touched.assignments.insert(handle);
            match new {
                Some(ends) => self.set_timer(Timer::Assignment(handle), super::time::next_look(ends, now)),
                None => self.clear_timer(Timer::Assignment(handle)),
            }
        }
        self.clear_timer(Timer::Request(request));
        self.tell_approvers(request, asked.stages.len(), true);
        self.requests[request].moved = moves;
        self.move_request(request, Stand::Delivered, now);
    }

    /// A change that was approved happens if it still may; who asked for it hears what came of it.
    pub(super) fn change_if_it_may(&mut self, request: usize, now: Micros) {
        if !self.may_still_change(request) {
            self.fail(request, now);
            return;
        }
        let asked = &self.requests[request];
        let is_by_person = matches!(asked.kind, Kind::UserAdd | Kind::UserUpdate);
        if let Some(to) = asked.requestor.filter(|_| is_by_person && self.mails_of(asked.policy)) {
            self.outbox.push(Mail { kind: "accessGranted", to, package: asked.package });
        }
        self.apply_change(request, now);
    }

    /// Whether an approved change still can happen: what it changes lives, and its holder fits.
    pub fn may_still_change(&self, request: usize) -> bool {
        let asked = &self.requests[request];
        let lives = asked.assignment.is_some_and(|h| self.assignments[h].is_live() && !self.assignments[h].is_ending);
        let is_there = self.people.get(&asked.target).is_some_and(super::Person::is_there);
        lives && is_there && self.fits_as_asked(request)
    }

    /// The end of an assignment is near: its holder hears of it, once, if he could extend it now.
    pub fn notice(&mut self, handle: usize, ends: Micros, now: Micros) {
        let assignment = &self.assignments[handle];
        let (target, package) = (assignment.target, assignment.package);
        let is_due = |days: &i64| ends - days * DAY <= now && ends - days * DAY > assignment.starts;
        let due = [1, 14].into_iter().find(is_due).filter(|days| !assignment.told.contains(days));
        let holds = matches!(assignment.held, Held::Delivered | Held::Partial) && assignment.removal.is_none();
        let could = self.policies.get(&assignment.policy).is_some_and(|policy| {
            let gains = is_later(limit(policy.current().life, now), Some(ends));
            policy.is_enabled
                && policy.lets_change()
                && !policy.current().mails_off
                && gains
                && self.fits(policy.current(), target)
        });
        let is_there = self.people.get(&target).is_some_and(|p| p.is_there() && p.is_enabled);
        if let Some(days) = due.filter(|_| holds && could && is_there) {
            self.assignments[handle].told.push(days);
            self.touched.assignments.insert(handle);
            self.outbox.push(Mail { kind: "extendAccess", to: target, package });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(life: Life) -> Terms {
        Terms { life, ..Terms::open() }
    }

    #[test]
    fn a_person_moves_an_end_further_and_stays_inside_the_policy() {
        let (thirty, old) = (terms(Life::Days(30)), Some(20 * DAY));
        let later = |terms: &Terms, wanted, now| later(terms, old, wanted, now);
        assert_eq!(later(&thirty, WantedEnd::Open, 5 * DAY), Ok(WantedEnd::After(30 * 24 * 60)));
        assert_eq!(later(&thirty, WantedEnd::At(35 * DAY), 5 * DAY), Ok(WantedEnd::At(35 * DAY)));
        assert_eq!(later(&thirty, WantedEnd::At(36 * DAY), 5 * DAY), Err("ScheduleNotAllowed"));
        assert_eq!(later(&thirty, WantedEnd::At(19 * DAY), 5 * DAY), Err("ScheduleNotAllowed"), "not later");
        assert_eq!(later(&thirty, WantedEnd::Never, 5 * DAY), Err("ScheduleNotAllowed"));
        assert_eq!(later(&terms(Life::Until(20 * DAY)), WantedEnd::Open, 5 * DAY), Err("ExtensionNotAllowed"));
        assert_eq!(later(&thirty, WantedEnd::Open, 20 * DAY), Err("ExtensionNotAllowed"), "it has ended");
    }

    #[test]
    fn an_administrator_sets_any_end_that_lies_ahead() {
        let wanted = |start, end| Wanted { start, end };
        assert_eq!(any(wanted(None, WantedEnd::After(60)), DAY), Ok(WantedEnd::At(DAY + 60 * MINUTE)));
        assert_eq!(
            any(wanted(Some(0), WantedEnd::After(60)), DAY),
            Err("ScheduleNotAllowed"),
            "counted from its start"
        );
        assert_eq!(any(wanted(None, WantedEnd::Never), DAY), Ok(WantedEnd::Never));
        assert_eq!(any(wanted(None, WantedEnd::At(DAY)), DAY), Err("ScheduleNotAllowed"));
    }
}
