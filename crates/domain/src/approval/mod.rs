//! Approval: its stages, who may decide one, and what time does to it (behaviour.md b.4; decisions.md H4 to H8).
//!
//! A request that needs approval has a row for each stage of the policy version it was submitted under. One stage is open
//! at a time. Approvers are written down when their stage opens: people and groups as they are named, managers and
//! sponsors as the people they are at that moment. Whether somebody belongs to a group is asked when he decides. When all
//! who were asked have vanished, others are asked in their place.

mod correct;
mod course;
mod decide;
mod people;
mod restart;
mod stand_in;

pub use correct::{CorrectFacts, correct};
pub use course::{DueFacts, due};
pub(crate) use course::{Opening, open, tell_requestor};
pub use decide::{Basis, Decide, DecideFacts, decide};
pub use people::{People, fault};
pub use restart::{RestartFacts, restart};

use crate::ids::{ObjectId, RequestId, StageId};
use crate::policy::Stage;
use crate::time::Timestamp;
use uuid::Uuid;

/// Where a stage stands. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageState {
    /// An earlier stage is open.
    Initializing = 1,
    /// Waits for a decision.
    InProgress = 2,
    /// Was decided.
    Completed = 3,
    /// Nobody decided in time, or the request ended without it.
    Expired = 4,
}

impl StageState {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Initializing, Self::InProgress, Self::Completed, Self::Expired];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The state stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// The published word (decisions.md H6).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initializing => "Initializing",
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Expired => "Expired",
        }
    }
}

/// What was decided. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    NotReviewed = 0,
    /// Yes.
    Approved = 1,
    /// No.
    Denied = 2,
}

impl Verdict {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::NotReviewed, Self::Approved, Self::Denied];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The verdict stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.code() == code)
    }

    /// The published word (decisions.md H6).
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReviewed => "NotReviewed",
            Self::Approved => "Approved",
            Self::Denied => "Denied",
        }
    }
}

/// In what part somebody approves. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// From the beginning of the stage; fallbacks too, when they take the place of a missing manager or sponsor.
    Primary = 1,
    /// After escalation.
    Alternate = 2,
}

impl Part {
    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The part stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        [Self::Primary, Self::Alternate].into_iter().find(|p| p.code() == code)
    }
}

/// A stage of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalStage {
    /// The request.
    pub request: RequestId,
    /// Its number, the first being 1.
    pub number: i64,
    /// Its id.
    pub id: StageId,
    /// Where it stands.
    pub state: StageState,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When approvers are reminded; nothing once they were.
    pub remind_at: Option<Timestamp>,
    /// When alternates are asked; nothing once they were, or if there are none.
    pub escalate_at: Option<Timestamp>,
    /// When it ends without a decision.
    pub deadline_at: Option<Timestamp>,
    /// Alternates were asked.
    pub is_escalated: bool,
    /// What was decided.
    pub verdict: Verdict,
    /// By whom.
    pub decided_by: Option<ObjectId>,
    /// In whose place, if he was a delegate.
    pub decided_for: Option<ObjectId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub justification: Option<String>,
}

impl ApprovalStage {
    /// The rows of a new request, none of them open.
    pub(crate) fn all(request: RequestId, stages: &[Stage], now: Timestamp, ids: &mut crate::ids::Ids) -> Vec<Self> {
        let one = |(number, _)| Self {
            request,
            number,
            id: ids.next(now),
            state: StageState::Initializing,
            opened_at: None,
            remind_at: None,
            escalate_at: None,
            deadline_at: None,
            is_escalated: false,
            verdict: Verdict::NotReviewed,
            decided_by: None,
            decided_for: None,
            decided_at: None,
            justification: None,
        };
        (1_i64..).zip(stages).map(one).collect()
    }

    /// The next instant at which something happens to it, while it is open.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.state != StageState::InProgress {
            return None;
        }
        [self.remind_at, self.escalate_at, self.deadline_at].into_iter().flatten().min()
    }
}

/// Somebody who may decide an open stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approver {
    /// A person or a group.
    pub principal: Uuid,
    /// It is a group: its members may decide, nested ones too.
    pub is_group: bool,
    /// In what part.
    pub part: Part,
}

/// Somebody who was asked in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub approver: Approver,
    /// Whether he, or a member of the group, still could decide.
    pub is_eligible: bool,
}

/// Approvers of a stage of a request, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The request.
    pub request: RequestId,
    /// The stage.
    pub number: i64,
    /// Who.
    pub approvers: Vec<Approver>,
}
