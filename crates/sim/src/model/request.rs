//! Asking, removing, withdrawing and deleting: what is refused, and why (behaviour.md b.2, decisions.md J and M).

use super::policy::{Asks, NoChoice, Wanted, end};
use super::{Kind, Micros, Model, Request, Stand, Timer};
use std::collections::BTreeMap;
use tenure_domain::Uuid;

/// How a use case ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Accepted.
    Done,
    /// Refused with a code, and with the names of all guards that failed; with none, what is told besides the code does
    /// not matter.
    Refused(&'static str, Vec<&'static str>),
    /// The caller is not who the token says, any more.
    Unknown,
}

impl Verdict {
    /// A refusal of which only the code matters.
    pub const fn refused(code: &'static str) -> Self {
        Self::Refused(code, Vec::new())
    }

    /// Whether what was foretold and what came are the same.
    pub fn agrees(&self, came: &Self) -> bool {
        match (self, came) {
            (Self::Refused(code, guards), Self::Refused(other, all)) => {
                code == other && (guards.is_empty() || guards == all)
            }
            _ => self == came,
        }
    }
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Person(Uuid),
    System,
}

impl Who {
    /// The person, if it is one.
    pub const fn person(self) -> Option<Uuid> {
        match self {
            Self::Person(id) => Some(id),
            Self::System => None,
        }
    }
}

/// A request for access.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that somebody says, or not")]
pub struct Ask {
    pub by: Who,
    /// By an administrator for somebody, or by a person for himself.
    pub is_direct: bool,
    pub target: Uuid,
    pub package: Uuid,
    pub policy: Option<Uuid>,
    pub wanted: Wanted,
    pub has_reason: bool,
    pub answers: BTreeMap<Uuid, String>,
    /// An administrator passes the approval over (decisions.md H9).
    pub bypasses: bool,
    pub only_validate: bool,
}

/// What comes of a request that passed.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is one for new access.
    New(Passed),
    /// It is one for a change of what is held: a later end, or another policy.
    Change(super::change::Passed),
}

/// What a request that passed will run under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    pub policy: Uuid,
    pub version: usize,
    pub start: Option<Micros>,
    pub end: Option<Micros>,
    pub needs_approval: bool,
}

/// An assignment as a removal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its handle.
    Assignment(usize),
    /// By package and holder.
    Pair(Uuid, Uuid),
}

/// Failed guards in their order, and the code of the first.
#[derive(Default)]
pub(super) struct Failed {
    code: Option<&'static str>,
    guards: Vec<&'static str>,
}

impl Failed {
    pub(super) fn note(&mut self, guard: &'static str, passed: bool, code: &'static str) {
        if !passed {
            self.code.get_or_insert(code);
            self.guards.push(guard);
        }
    }

    pub(super) fn verdict(self) -> Option<Verdict> {
        self.code.map(|code| Verdict::Refused(code, self.guards))
    }
}

impl Model {
    /// Nothing when somebody may act at all, else how he is turned away.
    pub fn caller(&self, who: Who) -> Option<Verdict> {
        let Who::Person(id) = who else { return None };
        let acts = self.people.get(&id).is_some_and(|p| p.is_there() && p.is_enabled);
        (!acts).then_some(Verdict::Unknown)
    }

    /// Whether somebody administers.
    pub fn administers(&self, who: Who) -> bool {
        who.person().is_none_or(|id| self.people.get(&id).is_some_and(|p| p.is_administrator))
    }

    /// Nothing when somebody administers, else how he is turned away.
    pub fn administrator(&self, who: Who) -> Option<Verdict> {
        let denied = || (!self.administers(who)).then(|| Verdict::refused("Authorization_RequestDenied"));
        self.caller(who).or_else(denied)
    }

    /// What comes of a request for access.
    pub fn ask(&self, ask: &Ask, now: Micros) -> Result<Outcome, Verdict> {
        let turned_away = if ask.is_direct { self.administrator(ask.by) } else { self.caller(ask.by) };
        if let Some(verdict) = turned_away {
            return Err(verdict);
        }
        let asks = match ask.by {
            _ if ask.is_direct => Asks::Administrator,
            Who::Person(me) if me == ask.target => Asks::Himself,
            _ if self.manages(ask.by, ask.target) => Asks::ForReport,
            _ => return Err(Verdict::refused("TargetNotEligible")),
        };
        if !self.people.get(&ask.target).is_some_and(super::Person::is_there) {
            return Err(Verdict::refused("Request_ResourceNotFound"));
        }
        if !self.sees(ask) {
            return Err(Verdict::refused("ResourceNotFound"));
        }
        if self.gives_way(ask).is_some() {
            return self.guards(ask, asks, now).map(Outcome::New);
        }
        match (self.renews(ask), self.switches(ask)) {
            (Some(handle), _) => self.may_renew(ask, handle, now).map(Outcome::Change),
            (None, Some(to)) => self.may_switch(ask, to, now).map(Outcome::Change),
            (None, None) => self.guards(ask, asks, now).map(Outcome::New),
        }
    }

    /// The assignment that keeps nobody from asking anew, because nothing of it was delivered.
    fn gives_way(&self, ask: &Ask) -> Option<usize> {
        self.live.get(&(ask.package, ask.target)).copied().filter(|handle| self.holds_nothing(*handle))
    }

    /// Whether somebody is the manager of a person who is there.
    pub fn manages(&self, who: Who, person: Uuid) -> bool {
        let found = self.people.get(&person).filter(|p| p.is_there());
        who.person().is_some() && found.is_some_and(|p| p.manager == who.person())
    }

    /// Whether the one who asks may know of the package: administrators of all, people of those they could get under some
    /// policy, and of those they had to do with.
    fn sees(&self, ask: &Ask) -> bool {
        let (package, person) = (ask.package, ask.target);
        if self.packages.get(&package).is_none_or(|p| p.is_deleted) {
            return false;
        }
        let offers = |p: &super::policy::Policy| {
            p.current().scope != super::policy::Scope::Nobody && self.fits(p.current(), person)
        };
        let about =
            |r: &Request| !r.is_erased && r.package == package && (r.target == person || r.requestor == Some(person));
        // What takes longest to find out comes last.
        ask.is_direct
            || self.had.contains(&(package, person))
            || self.policies_of(package).any(|(_, p)| offers(p))
            || self.requests.iter().any(about)
    }

    fn guards(&self, ask: &Ask, asks: Asks, now: Micros) -> Result<Passed, Verdict> {
        let by_person = !ask.is_direct;
        let mut failed = Failed::default();
        let catalog = self.packages.get(&ask.package).and_then(|p| self.catalogs.get(&p.catalog));
        let is_member = self.people.get(&ask.target).is_some_and(|p| p.is_member);
        failed.note("catalogPublished", !by_person || catalog.is_some_and(|c| c.is_published), "CatalogUnpublished");
        let is_open = is_member || catalog.is_some_and(|c| c.is_external);
        failed.note("catalogExternal", is_open, "CatalogNotExternal");
        let (id, policy) = match self.choose(ask.package, ask.policy, ask.target, asks) {
            Ok(chosen) => chosen,
            Err(why) => {
                let code = match why {
                    NoChoice::NotOfPackage => "ResourceNotFound",
                    NoChoice::NoneAtAll => "NoApplicablePolicy",
                    NoChoice::NoneFits => "NotInPolicyScope",
                    NoChoice::SeveralFit => "PolicyChoiceRequired",
                };
                failed.note("policyScope", false, code);
                self.pair_guards(ask, &mut failed);
                return Err(failed.verdict().unwrap_or(Verdict::refused(code)));
            }
        };
        let terms = policy.current();
        failed.note("policyEnabled", policy.is_enabled, "PolicyDisabled");
        let guard = if asks == Asks::ForReport { "onBehalfAllowed" } else { "selfAddAllowed" };
        failed.note(guard, policy.lets(asks), "PolicyDisabled");
        // A narrower policy hides a wider one, even if that is named (behaviour.md c.2).
        let is_hidden = by_person && self.is_hidden(ask.package, terms, ask.target, asks);
        let fits = self.fits(terms, ask.target) && !is_hidden;
        failed.note("policyScope", fits, "NotInPolicyScope");
        // An administrator who names a blocked account knows what he does.
        let is_enabled = self.people.get(&ask.target).is_some_and(|p| p.is_enabled);
        failed.note("signInAllowed", !by_person || is_enabled, "TargetNotEligible");
        self.pair_guards(ask, &mut failed);
        let start = ask.wanted.start(now);
        let chooses = start.is_some() || ask.wanted.end != super::policy::WantedEnd::Open;
        let may_choose = !by_person || !chooses || terms.own_dates;
        let end = end(terms.life, ask.wanted.end, by_person, start.unwrap_or(now));
        failed.note("schedule", may_choose && end.is_some(), "ScheduleNotAllowed");
        failed.note("justification", !by_person || !terms.wants_reason || ask.has_reason, "JustificationRequired");
        let is_asked = |q: &Uuid| terms.question == Some(*q);
        let is_answered = terms.question.is_none_or(|q| ask.answers.contains_key(&q));
        failed.note("answers", is_answered && ask.answers.keys().all(is_asked), "InvalidAnswers");
        let needs_approval = terms.approval.for_add && !ask.bypasses;
        let is_decidable = !needs_approval || self.can_be_decided(&terms.approval, ask.by.person(), ask.target);
        failed.note("approverAvailable", is_decidable, "NoEligibleApprover");
        match failed.verdict() {
            Some(verdict) => Err(verdict),
            None => Ok(Passed { policy: id, version: policy.version(), start, end: end.flatten(), needs_approval }),
        }
    }

    /// What the one who would get access has, or asks for, already.
    fn pair_guards(&self, ask: &Ask, failed: &mut Failed) {
        let (package, target) = (ask.package, ask.target);
        failed.note("noOpenRequest", !self.open.contains_key(&(package, target, false)), "ExistingOpenRequest");
        let is_held = self.live.contains_key(&(package, target)) && self.gives_way(ask).is_none();
        failed.note("noLiveAssignment", !is_held, "ExistingAssignment");
        let is_free = self.conflicts(package, target, true).is_empty();
        failed.note("compatibleAccess", is_free, "IncompatibleAccess");
    }

    /// Takes up a request that passed; gives its handle.
    pub fn submitted(&mut self, ask: &Ask, passed: Passed, id: Option<Uuid>, now: Micros) -> usize {
        let gives_way = self.gives_way(ask);
        let request = self.add_request(Request {
            id,
            kind: if ask.is_direct { Kind::AdminAdd } else { Kind::UserAdd },
            package: ask.package,
            policy: passed.policy,
            version: passed.version,
            requestor: ask.by.person(),
            target: ask.target,
            stand: Stand::Scheduled { starts: passed.start.unwrap_or(now) },
            assignment: None,
            wanted: ask.wanted,
            answers: ask.answers.keys().copied().collect(),
            created: now,
            completed: None,
            said: Vec::new(),
            moved: false,
            is_erased: false,
            stages: Vec::new(),
        });
        if let Some(old) = gives_way {
            let waits = passed.needs_approval || passed.start.is_some();
            let given = self.packages.get(&ask.package).filter(|_| !waits).map(|p| p.groups.clone());
            self.give_way(old, request, &given.unwrap_or_default(), now);
        }
        match passed.start {
            _ if passed.needs_approval => self.begin_approval(request, now),
            Some(start) => self.set_timer(Timer::Request(request), start),
            None => self.deliver(request, (now, passed.end), self.mails_of(passed.policy), now),
        }
        request
    }

    /// The assignment that is named.
    pub fn find(&self, named: Named) -> Option<usize> {
        match named {
            Named::Assignment(handle) => Some(handle),
            Named::Pair(package, target) => self.live.get(&(package, target)).copied(),
        }
    }

    /// The assignment that a removal means, or how it is refused.
    pub fn may_remove(&self, by: Who, is_direct: bool, named: Named) -> Result<usize, Verdict> {
        let turned_away = if is_direct { self.administrator(by) } else { self.caller(by) };
        if let Some(verdict) = turned_away {
            return Err(verdict);
        }
        let found = self.find(named);
        let is_own = |h: &usize| Some(self.assignments[*h].target) == by.person();
        let may = |h: &usize| is_direct || is_own(h) || self.manages(by, self.assignments[*h].target);
        let Some(handle) = found.filter(may) else { return Err(Verdict::refused("ResourceNotFound")) };
        let assignment = &self.assignments[handle];
        if !assignment.is_live() {
            return Err(Verdict::refused("AssignmentNotLive"));
        }
        if self.is_taken_from(handle) {
            return Err(Verdict::refused("ExistingOpenRequest"));
        }
        let terms = self.policies.get(&assignment.policy).map(super::policy::Policy::current);
        let lets = terms.is_some_and(|t| if is_own(&handle) { t.self_remove } else { t.for_reports });
        if !is_direct && !lets {
            return Err(Verdict::refused("PolicyDisabled"));
        }
        Ok(handle)
    }

    /// Whether an open request takes something of the package from a holder: this assignment, or what an earlier one left.
    pub(super) fn is_taken_from(&self, handle: usize) -> bool {
        let assignment = &self.assignments[handle];
        self.open.contains_key(&(assignment.package, assignment.target, true))
    }

    /// The assignment that an approver takes back, or how he is refused (decisions.md Q1).
    pub fn may_revoke(&self, by: Uuid, handle: usize, has_reason: bool) -> Result<usize, Verdict> {
        if let Some(verdict) = self.caller(Who::Person(by)) {
            return Err(verdict);
        }
        let assignment = &self.assignments[handle];
        // Who approved that it was given, or a change of it that was made.
        let counts = |(n, r): &(usize, &Request)| {
            let led_to_it = *n == assignment.request || !r.kind.takes() && r.stand == Stand::Delivered;
            r.assignment == Some(handle) && !r.is_erased && led_to_it
        };
        let approves = |r: &Request| r.stages.iter().any(|s| s.decision == Some((by, true)));
        let approved = self.requests.iter().enumerate().filter(counts).any(|(_, r)| approves(r));
        let code = match () {
            () if !approved => "NotAnApprover",
            () if !has_reason => "JustificationRequired",
            () if !assignment.is_live() => "AssignmentNotLive",
            () if self.is_taken_from(handle) => "ExistingOpenRequest",
            () => return Ok(handle),
        };
        Err(Verdict::refused(code))
    }

    /// Withdraws a request, or says why not.
    pub fn cancel(&mut self, by: Who, request: usize, now: Micros) -> Verdict {
        if let Some(verdict) = self.caller(by) {
            return verdict;
        }
        let found = &self.requests[request];
        let is_own = by.person().is_some_and(|me| found.requestor == Some(me) || found.target == me);
        if found.is_erased || !(self.administers(by) || is_own) {
            return Verdict::refused("ResourceNotFound");
        }
        match found.stand {
            Stand::Scheduled { .. } | Stand::Pending { .. } => {
                self.move_request(request, Stand::Canceled, now);
                self.clear_timer(Timer::Request(request));
                Verdict::Done
            }
            Stand::Delivering | Stand::Failed if self.administers(by) && !found.kind.takes() => {
                self.withdraw(request, now);
                Verdict::Done
            }
            _ => Verdict::refused("RequestNotCancelable"),
        }
    }

    /// Deletes a finished request, or says why not.
    pub fn erase_request(&mut self, by: Who, request: usize) -> Verdict {
        if let Some(verdict) = self.administrator(by) {
            return verdict;
        }
        let found = &self.requests[request];
        if found.is_erased {
            return Verdict::refused("ResourceNotFound");
        }
        let made_live =
            found.assignment.is_some_and(|h| self.assignments[h].is_live() && self.assignments[h].request == request);
        if found.stand.is_open() || made_live && found.stand != Stand::Canceled {
            return Verdict::refused("RequestNotDeletable");
        }
        self.requests[request].is_erased = true;
        self.touched.requests.insert(request);
        Verdict::Done
    }
}
