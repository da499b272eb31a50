//! Approval: stages, who may decide, what time does (behaviour.md b.4; decisions.md H4 to H8).

use super::letters::Audience;
use super::policy::end;
use super::{Held, Kind, Micros, Model, Stand, Timer};
use std::collections::BTreeSet;
use tenure_domain::Uuid;

/// What a policy says about approval.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ApprovalTerms {
    pub for_add: bool,
    pub for_update: bool,
    pub stages: Vec<StageTerms>,
}

/// One stage of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTerms {
    /// How long approvers have.
    pub window: Micros,
    /// After so long the alternates are asked too.
    pub escalation: Option<Micros>,
    pub wants_reason: bool,
    /// People and groups who decide.
    pub primary: Vec<Approver>,
    /// Asked when none of those can decide.
    pub fallback: Vec<Approver>,
    /// Asked too after the escalation.
    pub alternate: Vec<Approver>,
}

/// An approver as a policy names him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approver {
    Person(Uuid),
    Group(Uuid),
    /// The manager of the one who asks.
    Manager,
    /// The manager of that one.
    Above,
}

impl Approver {
    /// The person or group that is named.
    pub const fn named(&self) -> Option<Uuid> {
        match self {
            Self::Person(id) | Self::Group(id) => Some(*id),
            Self::Manager | Self::Above => None,
        }
    }
}

/// Where a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageStand {
    Coming,
    Open,
    Decided,
    Over,
}

impl StageStand {
    /// The number the database has for it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Coming => 1,
            Self::Open => 2,
            Self::Decided => 3,
            Self::Over => 4,
        }
    }
}

/// A stage of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub id: Option<Uuid>,
    pub stand: StageStand,
    pub opened: Option<Micros>,
    pub reminds: Option<Micros>,
    pub escalates: Option<Micros>,
    pub deadline: Option<Micros>,
    pub is_escalated: bool,
    /// Who decided, and how.
    pub decision: Option<(Uuid, bool)>,
    /// Who was asked first: people and groups.
    pub asked: BTreeSet<Uuid>,
    /// Who was asked later.
    pub asked_later: BTreeSet<Uuid>,
}

impl Stage {
    const fn new() -> Self {
        Self {
            id: None,
            stand: StageStand::Coming,
            opened: None,
            reminds: None,
            escalates: None,
            deadline: None,
            is_escalated: false,
            decision: None,
            asked: BTreeSet::new(),
            asked_later: BTreeSet::new(),
        }
    }

    /// It waits for nobody any more.
    const fn close(&mut self) {
        (self.stand, self.reminds, self.escalates) = (StageStand::Over, None, None);
    }

    pub(super) fn next(&self) -> Option<Micros> {
        [self.reminds, self.escalates, self.deadline].into_iter().flatten().min()
    }
}

/// How a request ends that is not approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    ByPerson,
    ByTime,
    /// Nobody is left who could decide.
    ByNobody,
}

impl Model {
    /// Who asks and who gets access: neither decides.
    pub(super) fn own(&self, request: usize) -> (Uuid, Uuid) {
        let found = &self.requests[request];
        (found.requestor.unwrap_or(found.target), found.target)
    }

    /// Whether a person could decide, were he asked.
    pub(super) fn could(&self, person: Uuid, own: (Uuid, Uuid)) -> bool {
        let may = self.people.get(&person).is_some_and(|p| p.is_there() && p.is_enabled);
        may && person != own.0 && person != own.1
    }

    fn manager_of(&self, person: Uuid) -> Option<Uuid> {
        self.people.get(&person).and_then(|p| p.manager)
    }

    pub(super) fn people_in(&self, group: Uuid) -> impl Iterator<Item = Uuid> {
        let is_there = self.groups.get(&group).is_some_and(super::Group::is_there);
        self.people.keys().copied().filter(move |p| is_there && self.belongs(group, *p))
    }

    pub(super) fn resolved(&self, list: &[Approver], own: (Uuid, Uuid)) -> BTreeSet<Uuid> {
        let is_member = |id: &Uuid| self.people.get(id).is_some_and(|p| p.is_member);
        let manages = |id: &Uuid| is_member(id) && self.could(*id, own);
        let one = |approver: &Approver| match *approver {
            Approver::Person(id) => Some(id).filter(|id| self.could(*id, own)),
            Approver::Group(id) => Some(id).filter(|id| self.people_in(*id).any(|p| self.could(p, own))),
            Approver::Manager => self.manager_of(own.0).filter(manages),
            Approver::Above => self.manager_of(own.0).and_then(|id| self.manager_of(id)).filter(manages),
        };
        list.iter().filter_map(one).collect()
    }

    /// Who is asked when a stage opens.
    pub(super) fn first_asked(&self, terms: &StageTerms, own: (Uuid, Uuid)) -> BTreeSet<Uuid> {
        let first = self.resolved(&terms.primary, own);
        if first.is_empty() { self.resolved(&terms.fallback, own) } else { first }
    }

    /// Whether every stage could be decided by somebody.
    pub fn can_be_decided(&self, terms: &ApprovalTerms, requestor: Option<Uuid>, target: Uuid) -> bool {
        let own = (requestor.unwrap_or(target), target);
        terms.stages.iter().all(|stage| !self.first_asked(stage, own).is_empty())
    }

    pub(super) fn stage_terms(&self, request: usize) -> Vec<StageTerms> {
        let found = &self.requests[request];
        let policy = self.policies.get(&found.policy);
        policy.map(|p| p.versions[found.version - 1].approval.stages.clone()).unwrap_or_default()
    }

    /// A request waits for approval.
    pub fn begin_approval(&mut self, request: usize, now: Micros) {
        let count = self.stage_terms(request).len();
        self.requests[request].stages = vec![Stage::new(); count];
        self.open_stage(request, 0, now);
    }

    fn open_stage(&mut self, request: usize, number: usize, now: Micros) {
        let terms = self.stage_terms(request).swap_remove(number);
        let own = self.own(request);
        let asked = self.first_asked(&terms, own);
        if asked.is_empty() {
            self.requests[request].stages[number].stand = StageStand::Over;
            self.deny(request, Denied::ByNobody, now);
            return;
        }
        let escalates = terms.escalation.filter(|_| !self.resolved(&terms.alternate, own).is_empty());
        let stage = &mut self.requests[request].stages[number];
        stage.stand = StageStand::Open;
        stage.opened = Some(now);
        stage.deadline = Some(now + terms.window);
        stage.reminds = Some(now + terms.window / 2);
        stage.escalates = escalates.map(|delay| now + delay);
        stage.asked = asked;
        let next = stage.next();
        self.call_on_first(request, number);
        self.move_request(request, Stand::Pending { stage: number, is_escalated: false }, now);
        if let Some(next) = next {
            self.set_timer(Timer::Request(request), next);
        }
    }

    pub(super) fn deny(&mut self, request: usize, by: Denied, now: Micros) {
        let found = &self.requests[request];
        let kind = if by == Denied::ByTime { "expired" } else { "denied" };
        if let (Kind::UserAdd | Kind::UserUpdate, Some(to)) = (found.kind, found.requestor) {
            self.outbox.push(super::Mail { kind, to, package: found.package });
        }
        self.clear_timer(Timer::Request(request));
        self.move_request(request, Stand::Denied(by), now);
    }

    /// An instant of the open stage was reached, or somebody who was asked may have vanished.
    pub fn stage_due(&mut self, request: usize, number: usize, now: Micros) {
        let is_due = |at: Option<Micros>| at.is_some_and(|at| at <= now);
        let stage = &mut self.requests[request].stages[number];
        if is_due(stage.deadline) {
            stage.close();
            let kind = if number == 0 { "stageExpired" } else { "laterStageExpired" };
            self.write_to(kind, request, number, Audience::All);
            self.deny(request, Denied::ByTime, now);
            return;
        }
        let escalates = is_due(stage.escalates);
        if !self.look_for_others(request, number, escalates, now) {
            self.requests[request].stages[number].close();
            self.deny(request, Denied::ByNobody, now);
            return;
        }
        let stage = &mut self.requests[request].stages[number];
        let next = if is_due(stage.reminds) {
            stage.reminds = None;
            let kind = match (number, stage.escalates.is_some() || stage.is_escalated) {
                (0, false) => "decideReminder",
                (0, true) => "decideBeforeReminder",
                (_, false) => "laterDecideReminder",
                (_, true) => "laterDecideBeforeReminder",
            };
            let next = stage.next();
            self.write_to(kind, request, number, Audience::First);
            next
        } else {
            stage.next()
        };
        self.touched.requests.insert(request);
        if let Some(next) = next {
            self.set_timer(Timer::Request(request), next);
        }
    }

    /// Whether somebody was asked about a stage: by himself, or as one of a group at this moment.
    pub fn was_asked(&self, request: usize, number: usize, person: Uuid) -> bool {
        let Some(stage) = self.requests[request].stages.get(number) else { return false };
        let groups = self.groups_of(person);
        let is_there = |id: &Uuid| self.groups.get(id).is_some_and(super::Group::is_there);
        stage.asked.union(&stage.asked_later).any(|asked| *asked == person || groups.contains(asked) && is_there(asked))
    }

    /// Why somebody cannot decide a stage now; nothing when he can.
    pub fn may_decide(
        &self,
        (request, number): (usize, usize),
        person: Uuid,
        has_reason: bool,
        now: Micros,
    ) -> Option<&'static str> {
        let found = &self.requests[request];
        let stage = found.stages.get(number).filter(|_| !found.is_erased);
        let Some(stage) = stage else { return Some("ResourceNotFound") };
        let own = self.own(request);
        if person == own.0 || person == own.1 {
            return Some("SelfApproval");
        }
        if !self.was_asked(request, number, person) {
            return Some("NotAnApprover");
        }
        let is_open = matches!(found.stand, Stand::Pending { stage, .. } if stage == number);
        if !is_open || stage.stand != StageStand::Open || stage.deadline.is_some_and(|end| end <= now) {
            return Some("StageAlreadyDecided");
        }
        let wants_reason = self.stage_terms(request)[number].wants_reason;
        (wants_reason && !has_reason).then_some("JustificationRequired")
    }

    /// Somebody decides the open stage.
    pub fn decide(&mut self, (request, number): (usize, usize), person: Uuid, approves: bool, now: Micros) {
        let stage = &mut self.requests[request].stages[number];
        stage.decision = Some((person, approves));
        (stage.stand, stage.reminds, stage.escalates) = (StageStand::Decided, None, None);
        if !approves {
            self.deny(request, Denied::ByPerson, now);
            return;
        }
        let is_last = number + 1 == self.requests[request].stages.len();
        if number > 0 {
            self.write_to("laterStageApproved", request, number, Audience::All);
        } else if !is_last {
            self.write_to("stageApproved", request, number, Audience::All);
        }
        if is_last {
            self.approved(request, now);
        } else {
            self.open_stage(request, number + 1, now);
        }
    }

    /// The last stage approved: access begins now, or at its start; whether it may is asked again.
    fn approved(&mut self, request: usize, now: Micros) {
        if self.requests[request].assignment.is_some() {
            self.change_if_it_may(request, now);
            return;
        }
        match self.requests[request].wanted.start(now) {
            None => self.start_from(request, now, now),
            Some(starts) if self.may_start(request) => {
                self.move_request(request, Stand::Scheduled { starts }, now);
                self.set_timer(Timer::Request(request), starts);
            }
            Some(_) => self.fail(request, now),
        }
    }

    /// Whether access may begin: the target is there and fits, holds nothing of it and nothing that excludes it.
    pub fn may_start(&self, request: usize) -> bool {
        let found = &self.requests[request];
        let (package, target) = (found.package, found.target);
        let fits = self.fits_as_asked(request);
        let is_there = self.people.get(&target).is_some_and(super::Person::is_there);
        let is_free = !self.live.contains_key(&(package, target));
        is_there && fits && is_free && self.conflicts(package, target, false).is_empty()
    }

    /// Whether the target of a request is whom its policy was for when it was asked for (decisions.md H1).
    pub(super) fn fits_as_asked(&self, request: usize) -> bool {
        let found = &self.requests[request];
        let then = self.policies.get(&found.policy).map(|p| &p.versions[found.version - 1]);
        then.is_some_and(|terms| self.fits(terms, found.target))
    }

    /// Access begins, or cannot.
    pub fn start_from(&mut self, request: usize, starts: Micros, now: Micros) {
        let found = &self.requests[request];
        let Some(policy) = self.policies.get(&found.policy) else { return };
        // When access ends was settled when it was asked for (decisions.md H1).
        let then = &policy.versions[found.version - 1];
        let ends = end(then.life, found.wanted.end, found.kind == Kind::UserAdd, starts);
        let mails = self.mails_of(found.policy);
        match ends {
            Some(ends) if self.may_start(request) => self.deliver(request, (starts, ends), mails, now),
            _ => self.fail(request, now),
        }
    }

    pub(super) fn fail(&mut self, request: usize, now: Micros) {
        self.clear_timer(Timer::Request(request));
        self.move_request(request, Stand::Failed, now);
        self.tell_end(request, Held::Failed, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::{Policy, Terms, Wanted};
    use crate::model::{DAY, Person, Request};

    const fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn person(manager: Option<Uuid>) -> Person {
        Person {
            name: String::new(),
            address: String::new(),
            is_member: true,
            is_enabled: true,
            is_administrator: false,
            deleted: None,
            is_gone: false,
            manager,
        }
    }

    /// Person 1 asks; 2 is his manager; 3 and 4 are others. The request has so many stages of five days.
    fn waiting(stages: usize, escalation: Option<Micros>) -> Model {
        let stage = StageTerms {
            window: 5 * DAY,
            escalation,
            wants_reason: false,
            primary: vec![Approver::Manager],
            fallback: vec![Approver::Person(id(3))],
            alternate: vec![Approver::Person(id(4))],
        };
        let terms = Terms {
            approval: ApprovalTerms { for_add: true, for_update: false, stages: vec![stage; stages] },
            ..Terms::open()
        };
        let mut model = Model::default();
        for n in 1..=4 {
            model.people.insert(id(n), person((n == 1).then(|| id(2))));
        }
        let policy =
            Policy { package: id(7), is_enabled: true, keeps: false, versions: vec![terms], is_deleted: false };
        model.policies.insert(id(8), policy);
        model.add_request(Request {
            id: None,
            kind: Kind::UserAdd,
            package: id(7),
            policy: id(8),
            version: 1,
            requestor: Some(id(1)),
            target: id(1),
            stand: Stand::Scheduled { starts: 0 },
            assignment: None,
            wanted: Wanted::default(),
            answers: BTreeSet::new(),
            created: 0,
            completed: None,
            said: Vec::new(),
            moved: false,
            is_erased: false,
            stages: Vec::new(),
        });
        model.begin_approval(0, 0);
        model
    }

    #[test]
    fn an_approval_goes_from_stage_to_stage_and_each_is_decided_once() {
        let mut model = waiting(2, None);
        assert_eq!(model.may_decide((0, 0), id(2), false, DAY), None);
        model.decide((0, 0), id(2), true, DAY);
        assert_eq!(model.may_decide((0, 0), id(2), false, DAY), Some("StageAlreadyDecided"));
        assert_eq!(model.timers.get(&Timer::Request(0)), Some(&(DAY + 5 * DAY / 2)));
        model.decide((0, 1), id(2), true, 2 * DAY);
        assert_eq!(model.requests[0].stand, Stand::Delivered);
    }

    #[test]
    fn one_no_ends_it_and_nobody_decides_his_own() {
        let mut model = waiting(3, None);
        assert_eq!(model.may_decide((0, 0), id(1), false, 1), Some("SelfApproval"));
        assert_eq!(model.may_decide((0, 0), id(3), false, 1), Some("NotAnApprover"), "a fallback is not asked");
        model.decide((0, 0), id(2), false, 1);
        assert_eq!(model.requests[0].stand, Stand::Denied(Denied::ByPerson));
        assert!(model.timers.is_empty());
    }

    #[test]
    fn time_reminds_escalates_and_ends() {
        let mut model = waiting(1, Some(2 * DAY));
        assert_eq!(model.timers.get(&Timer::Request(0)), Some(&(2 * DAY)));
        assert_eq!(model.may_decide((0, 0), id(4), false, DAY), Some("NotAnApprover"));
        model.stage_due(0, 0, 2 * DAY);
        assert_eq!(model.may_decide((0, 0), id(4), false, 2 * DAY), None);
        assert_eq!(model.may_decide((0, 0), id(2), false, 2 * DAY), None, "the first keep their right");
        model.stage_due(0, 0, 5 * DAY / 2);
        assert_eq!(model.timers.get(&Timer::Request(0)), Some(&(5 * DAY)));
        model.stage_due(0, 0, 5 * DAY);
        assert_eq!(model.requests[0].stand, Stand::Denied(Denied::ByTime));
        let kinds: Vec<&str> = model.letters.iter().map(|l| l.kind).collect();
        assert_eq!(kinds, ["decideBefore", "forwarded", "decideBeforeReminder", "stageExpired"]);
    }

    #[test]
    fn the_fallback_is_asked_when_there_is_no_manager_who_could() {
        let mut model = waiting(2, None);
        model.people.entry(id(2)).and_modify(|p| p.is_enabled = false);
        model.decide((0, 0), id(2), true, DAY);
        assert_eq!(model.may_decide((0, 1), id(3), false, DAY), None);
        model.people.entry(id(3)).and_modify(|p| p.is_enabled = false);
        let terms = model.policies[&id(8)].current().approval.clone();
        assert!(!model.can_be_decided(&terms, Some(id(1)), id(1)));
    }
}
