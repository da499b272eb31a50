//! Approval: stages, who may decide, what time does (behaviour.md b.4; decisions.md H4 to H8). A request that needs it
//! carries one of these; nothing here looks at a database.

use super::{DAY, Micros};
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
    /// After so long the alternates are asked too; only where the window is at least four days.
    pub escalation: Option<Micros>,
    pub wants_reason: bool,
    /// People and groups who decide.
    pub primary: Vec<Approver>,
    /// Asked when the primaries cannot be found.
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
}

impl Approver {
    /// The person or group that is named.
    pub const fn named(&self) -> Option<Uuid> {
        match self {
            Self::Person(id) | Self::Group(id) => Some(*id),
            Self::Manager => None,
        }
    }
}

/// What somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Deny,
}

/// What a decision or the time leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing that shows.
    Nothing,
    /// Half of the window has passed: those who can decide are reminded.
    Remind,
    /// The alternates are asked, too.
    Escalate,
    /// The next stage has begun.
    Next(usize),
    /// The last stage approved.
    Approved,
    /// An approver said no.
    Denied,
    /// Nobody said anything in time.
    TimedOut,
}

/// Why a decision does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Not {
    /// 409: the stage was decided, or its time is over.
    Decided,
    /// 403: he is none of its approvers.
    Approver,
    /// 403: it is his own request.
    Own,
    /// 400: a reason is wanted.
    Reason,
}

impl Not {
    /// The code of the refusal.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decided => "StageAlreadyDecided",
            Self::Approver => "NotAnApprover",
            Self::Own => "SelfApproval",
            Self::Reason => "JustificationRequired",
        }
    }
}

/// The approval of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    stages: Vec<StageTerms>,
    /// The stage that is open, the first being 0.
    pub stage: usize,
    opened: Micros,
    pub is_escalated: bool,
    is_reminded: bool,
    pub is_over: bool,
}

impl Approval {
    /// Begins with the first stage.
    pub const fn open(stages: Vec<StageTerms>, now: Micros) -> Self {
        Self { stages, stage: 0, opened: now, is_escalated: false, is_reminded: false, is_over: false }
    }

    fn terms(&self) -> Option<&StageTerms> {
        self.stages.get(self.stage).filter(|_| !self.is_over)
    }

    /// When the open stage ends.
    pub fn deadline(&self) -> Option<Micros> {
        self.terms().map(|t| self.opened + t.window)
    }

    fn reminds(&self) -> Option<Micros> {
        self.terms().filter(|_| !self.is_reminded).map(|t| self.opened + t.window / 2)
    }

    fn escalates(&self) -> Option<Micros> {
        let terms = self.terms().filter(|t| !self.is_escalated && t.window >= 4 * DAY)?;
        terms.escalation.map(|delay| self.opened + delay)
    }

    /// When somebody must look at it again.
    pub fn next(&self) -> Option<Micros> {
        [self.reminds(), self.escalates(), self.deadline()].into_iter().flatten().min()
    }

    /// What the time leads to, one thing at a time; called until it is nothing.
    pub fn pass(&mut self, now: Micros) -> Step {
        let is_due = |at: Option<Micros>| at.is_some_and(|at| at <= now);
        if is_due(self.deadline()) {
            self.is_over = true;
            return Step::TimedOut;
        }
        if is_due(self.escalates()) {
            self.is_escalated = true;
            return Step::Escalate;
        }
        if is_due(self.reminds()) {
            self.is_reminded = true;
            return Step::Remind;
        }
        Step::Nothing
    }

    /// Whether somebody is an approver of the open stage. `is` says whether a named approver means him: by membership of
    /// this moment, and with the manager of this request.
    pub fn may_decide(&self, is: impl Fn(&Approver) -> bool, primaries_exist: bool) -> bool {
        let Some(terms) = self.terms() else { return false };
        let named = if primaries_exist { &terms.primary } else { &terms.fallback };
        named.iter().any(&is) || self.is_escalated && terms.alternate.iter().any(&is)
    }

    /// Somebody decides the stage `stage`.
    pub fn decide(
        &mut self,
        stage: usize,
        (decision, has_reason): (Decision, bool),
        (is_own, may_decide): (bool, bool),
        now: Micros,
    ) -> Result<Step, Not> {
        if self.is_over || stage != self.stage || self.deadline().is_none_or(|end| end <= now) {
            return Err(Not::Decided);
        }
        if is_own {
            return Err(Not::Own);
        }
        if !may_decide {
            return Err(Not::Approver);
        }
        if self.terms().is_some_and(|t| t.wants_reason && !has_reason) {
            return Err(Not::Reason);
        }
        if decision == Decision::Deny {
            self.is_over = true;
            return Ok(Step::Denied);
        }
        if self.stage + 1 == self.stages.len() {
            self.is_over = true;
            return Ok(Step::Approved);
        }
        *self = Self::open(std::mem::take(&mut self.stages), now).at(self.stage + 1);
        Ok(Step::Next(self.stage))
    }

    const fn at(mut self, stage: usize) -> Self {
        self.stage = stage;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(window: Micros, escalation: Option<Micros>) -> StageTerms {
        let (primary, fallback, alternate) = (vec![Approver::Manager], vec![], vec![Approver::Person(Uuid::nil())]);
        StageTerms { window, escalation, wants_reason: false, primary, fallback, alternate }
    }

    const YES: (Decision, bool) = (Decision::Approve, false);
    const MAY: (bool, bool) = (false, true);

    #[test]
    fn an_approval_goes_from_stage_to_stage() {
        let mut approval = Approval::open(vec![stage(5 * DAY, None); 2], 0);
        assert_eq!(approval.decide(0, YES, MAY, DAY), Ok(Step::Next(1)));
        assert_eq!(approval.decide(0, YES, MAY, DAY), Err(Not::Decided));
        assert_eq!(approval.deadline(), Some(6 * DAY));
        assert_eq!(approval.decide(1, YES, MAY, DAY), Ok(Step::Approved));
        assert_eq!(approval.decide(1, YES, MAY, DAY), Err(Not::Decided));
    }

    #[test]
    fn one_no_ends_it_and_nobody_decides_his_own() {
        let mut approval = Approval::open(vec![stage(5 * DAY, None); 3], 0);
        assert_eq!(approval.decide(0, YES, (true, true), 1), Err(Not::Own));
        assert_eq!(approval.decide(0, YES, (false, false), 1), Err(Not::Approver));
        assert_eq!(approval.decide(0, (Decision::Deny, false), MAY, 1), Ok(Step::Denied));
        assert!(approval.is_over && approval.next().is_none());
    }

    #[test]
    fn time_reminds_escalates_and_ends() {
        let mut approval = Approval::open(vec![stage(5 * DAY, Some(2 * DAY))], 0);
        assert_eq!(approval.next(), Some(2 * DAY));
        assert_eq!(approval.pass(2 * DAY), Step::Escalate);
        assert!(approval.may_decide(|a| *a == Approver::Manager, true), "primaries keep their right");
        assert!(approval.may_decide(|a| matches!(a, Approver::Person(_)), true));
        assert_eq!(approval.pass(2 * DAY), Step::Nothing);
        assert_eq!(approval.pass(5 * DAY / 2), Step::Remind);
        assert_eq!(approval.pass(5 * DAY), Step::TimedOut);
        assert_eq!(approval.pass(50 * DAY), Step::Nothing);
    }

    #[test]
    fn a_short_window_never_escalates() {
        assert_eq!(Approval::open(vec![stage(3 * DAY, Some(DAY))], 0).next(), Some(3 * DAY / 2));
    }
}
