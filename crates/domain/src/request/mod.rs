//! Assignment requests: their types, states, and the decisions about them (behaviour.md b).

mod answers;
mod approved;
mod compatible;
mod decide;
mod end;
mod explain;
mod follow;
mod follow_policy;
mod fulfil;
mod guest;
mod hands;
mod notice;
mod proof;
mod remove;
mod replace;
mod reprocess;
mod update;
mod withdraw;

pub use answers::Answer;
pub(crate) use answers::corrected;
pub(crate) use approved::approved;
pub use compatible::{Conflict, Conflicts, Reader, Through};
pub use decide::{Ask, SubmitFacts, TargetState, submit};
pub use explain::{Explanation, explain};
pub use follow::{HoldingFacts, package_moved, role_changed};
pub use follow_policy::{AppliedFacts, policy_applied};
pub use fulfil::{StartFacts, StartOutcome, delivery_progress, start_reached};
pub use guest::Invitation;
pub use hands::{DriftFacts, adopt, repair};
pub use notice::{NoticeFacts, notice};
pub use proof::Proof;
pub use remove::{RemovalFacts, RemovalKind, cancel, close, may_delete, removal_progress, remove, remove_again};
pub use replace::FailedDelivery;
pub use reprocess::{deliver_again, evaluate_again, may_reprocess, may_resume, reapply, role_recorded, update_again};
pub use update::{UpdateAsk, UpdateFacts, Updater, lets_update, may_extend, update};
pub use withdraw::{WithdrawFacts, may_withdraw, withdraw_delivery};

use crate::approval::{ApprovalStage, Opened};
use crate::assignment::Assignment;
use crate::attribute::AttributeChange;
use crate::audit::AuditEvent;
use crate::directory::DirectoryOp;
use crate::effect::Effect;
use crate::grant::{Grant, Link};
use crate::ids::{AssignmentId, CatalogId, PackageId, PolicyId, RequestId, SubjectId};
use crate::organization::Organization;
use crate::policy::expiration::WantedSchedule;
use crate::refusal::Guard;
use crate::subject::Subject;
use crate::time::Timestamp;
use uuid::Uuid;

/// What a request asks for. Numbers are the members of the published enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestType {
    /// A person asks for access.
    UserAdd = 1,
    /// A person changes what he holds: answers, or a later end.
    UserUpdate = 2,
    /// A person gives access back.
    UserRemove = 3,
    /// An administrator assigns.
    AdminAdd = 4,
    /// An administrator changes what somebody holds.
    AdminUpdate = 5,
    /// An administrator removes.
    AdminRemove = 6,
    /// The product removes: the end was reached.
    SystemRemove = 9,
    /// An approver takes back what he approved (decisions.md Q1).
    ApproverRemove = 12,
}

impl RequestType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::UserAdd,
        Self::UserUpdate,
        Self::UserRemove,
        Self::AdminAdd,
        Self::AdminUpdate,
        Self::AdminRemove,
        Self::SystemRemove,
        Self::ApproverRemove,
    ];

    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The type stored as `code`.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.code() == code)
    }

    /// Whether a person asked for himself, or for somebody he manages.
    pub const fn is_by_person(self) -> bool {
        matches!(self, Self::UserAdd | Self::UserUpdate | Self::UserRemove)
    }

    /// Whether access is given or taken: at most one open request per package, target and direction (decisions.md E6).
    pub const fn direction(self) -> Direction {
        match self {
            Self::UserAdd | Self::UserUpdate | Self::AdminAdd | Self::AdminUpdate => Direction::Grant,
            Self::UserRemove | Self::AdminRemove | Self::SystemRemove | Self::ApproverRemove => Direction::Remove,
        }
    }
}

/// Whether a request gives or takes access. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Gives.
    Grant = 1,
    /// Takes.
    Remove = 2,
}

impl Direction {
    /// The stored number.
    pub const fn code(self) -> i64 {
        self as i64
    }
}

/// Who denied a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// An approver.
    Person,
    /// Nobody decided in time (decisions.md H5).
    Timeout,
    /// Nobody is left who could decide.
    Nobody,
}

/// Where a request stands, with what is true there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Waits for an approver of the stage of this number, the first being 1. A request that changes an assignment knows
    /// which.
    PendingApproval { stage: i64, is_escalated: bool, assignment: Option<AssignmentId> },
    /// Refused by an approver, or because none decided in time.
    Denied { by: Decider, completed_at: Timestamp },
    /// Waits for its start.
    Scheduled { starts_at: Timestamp },
    /// Access is being given or taken.
    Delivering { assignment: AssignmentId },
    /// Done.
    Delivered { assignment: AssignmentId, completed_at: Timestamp },
    /// Some of it is done and the rest is given up.
    PartiallyDelivered { assignment: AssignmentId, completed_at: Timestamp },
    /// Nothing could be done.
    DeliveryFailed { assignment: Option<AssignmentId>, completed_at: Timestamp },
    /// Withdrawn before it was delivered.
    Canceled { completed_at: Timestamp },
}

impl RequestState {
    /// The stored number; also the member number of the published enum.
    pub const fn code(&self) -> i64 {
        match self {
            Self::PendingApproval { .. } => 1,
            Self::Denied { .. } => 5,
            Self::Delivering { .. } => 2,
            Self::Delivered { .. } => 3,
            Self::DeliveryFailed { .. } => 4,
            Self::Scheduled { .. } => 6,
            Self::Canceled { .. } => 7,
            Self::PartiallyDelivered { .. } => 8,
        }
    }

    /// The status word that goes with it (behaviour.md b.1).
    pub const fn status(&self) -> &'static str {
        match self {
            Self::PendingApproval { is_escalated: false, .. } => "PendingApproval",
            Self::PendingApproval { is_escalated: true, .. } => "PendingApprovalEscalated",
            Self::Denied { by: Decider::Person | Decider::Nobody, .. } => "Denied",
            Self::Denied { by: Decider::Timeout, .. } => "Expired",
            Self::Delivering { .. } => "Delivering",
            Self::Delivered { .. } => "Fulfilled",
            Self::DeliveryFailed { .. } => "DeliveryFailed",
            Self::Scheduled { .. } => "PendingNotBefore",
            Self::Canceled { .. } => "Canceled",
            Self::PartiallyDelivered { .. } => "PartiallyDelivered",
        }
    }

    /// The word for it in messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PendingApproval { .. } => "pendingApproval",
            Self::Denied { .. } => "denied",
            Self::Delivering { .. } => "delivering",
            Self::Delivered { .. } => "delivered",
            Self::DeliveryFailed { .. } => "deliveryFailed",
            Self::Scheduled { .. } => "scheduled",
            Self::Canceled { .. } => "canceled",
            Self::PartiallyDelivered { .. } => "partiallyDelivered",
        }
    }

    /// Whether something is still to come.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::PendingApproval { .. } | Self::Scheduled { .. } | Self::Delivering { .. })
    }

    /// The assignment it has made or ends.
    pub const fn assignment(&self) -> Option<AssignmentId> {
        match self {
            Self::Delivering { assignment }
            | Self::Delivered { assignment, .. }
            | Self::PartiallyDelivered { assignment, .. } => Some(*assignment),
            Self::DeliveryFailed { assignment, .. } | Self::PendingApproval { assignment, .. } => *assignment,
            Self::Scheduled { .. } | Self::Canceled { .. } | Self::Denied { .. } => None,
        }
    }

    /// When it ended.
    pub const fn completed_at(&self) -> Option<Timestamp> {
        match self {
            Self::Delivered { completed_at, .. }
            | Self::PartiallyDelivered { completed_at, .. }
            | Self::DeliveryFailed { completed_at, .. }
            | Self::Denied { completed_at, .. }
            | Self::Canceled { completed_at } => Some(*completed_at),
            Self::PendingApproval { .. } | Self::Scheduled { .. } | Self::Delivering { .. } => None,
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// What it asks for.
    pub kind: RequestType,
    /// The package.
    pub package: PackageId,
    /// The policy it runs under.
    pub policy: PolicyId,
    /// The version of that policy, fixed at submit (decisions.md H1).
    pub policy_version: i64,
    /// The catalog of the package.
    pub catalog: CatalogId,
    /// Who asked; nobody when the product did.
    pub requestor: Option<SubjectId>,
    /// Who gets or loses access.
    pub target: SubjectId,
    /// Where it stands.
    pub state: RequestState,
    /// The dates asked for.
    pub wanted: WantedSchedule,
    /// The approval stage that was opened last; nothing where no approval was needed.
    pub stage: Option<i64>,
    /// The reason given.
    pub justification: Option<String>,
    /// Why it ended as it did, where that is worth saying.
    pub reason: Option<String>,
    /// The answers given.
    pub answers: Vec<Answer>,
    /// The guards that were passed, for later explanation.
    pub guards: Vec<Guard>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Raised with every change.
    pub version: i64,
}

impl Request {
    /// Whether it is about access that was there before, of this assignment.
    pub fn changes(&self, assignment: Option<&Assignment>) -> bool {
        let gives = self.kind.direction() == Direction::Grant;
        self.kind == RequestType::UserUpdate || (gives && assignment.is_some_and(|a| a.request != self.id))
    }
}

/// Whether a change makes a row or changes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// A new row.
    New,
    /// An existing one.
    Changed,
}

/// What a timer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKey {
    /// The next deadline of a request.
    Request(RequestId),
    /// The next deadline of an assignment.
    Assignment(AssignmentId),
}

/// One thing a decision changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A subject is known from now on, or has another name.
    Subject(Subject),
    /// A request.
    Request(Request, Save),
    /// An assignment.
    Assignment(Assignment, Save),
    /// A grant.
    Grant(Grant, Save),
    /// An assignment wants a grant.
    Link(Link),
    /// It wants it no longer.
    Unlink(Link),
    /// A membership of the embedded directory.
    Directory(DirectoryOp),
    /// Attributes of a person that the resources of a package ask for.
    Attributes(AttributeChange),
    /// Look again at that instant.
    SetTimer(TimerKey, Timestamp),
    /// No need to look again.
    ClearTimer(TimerKey),
    /// A stage of an approval.
    Stage(ApprovalStage, Save),
    /// Who may decide a stage from now on.
    Approvers(Opened),
    /// Nobody may decide the request's open stage any more.
    CloseApprovers(RequestId),
    /// The approval of a request begins anew: its stages, and who may decide them, go.
    ForgetApproval(RequestId),
    /// A row and all that hangs on it goes.
    DeleteRequest(RequestId),
    /// An organization is proposed.
    Organization(Organization),
    /// A guest account is made.
    Guest(Invitation),
    /// A request was made with these credentials.
    Credentials(RequestId, Vec<Proof>),
}

/// Everything that follows from one command, to be stored in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    /// Rows.
    pub changes: Vec<Change>,
    /// What the outside hears after the commit.
    pub effects: Vec<Effect>,
    /// What happened, in order.
    pub audit: Vec<AuditEvent>,
}

impl Decision {
    /// Whether nothing follows.
    pub const fn is_nothing(&self) -> bool {
        self.changes.is_empty() && self.effects.is_empty() && self.audit.is_empty()
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Stores what became of grants, with the directory changes that go with them.
    fn grants(&mut self, changes: Vec<crate::grant::GrantChange>) {
        for change in changes {
            let save = if change.is_new { Save::New } else { Save::Changed };
            self.changes.push(Change::Grant(change.grant, save));
            self.changes.extend(change.apply.map(Change::Directory));
        }
    }
}

/// Names that audit rows and mails show; ids alone tell a reader little.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Names {
    /// The target.
    pub target: String,
    /// The package.
    pub package: String,
    /// The policy.
    pub policy: String,
}

/// The objects every audit row of a request names (decisions.md Q8).
fn audit_targets(request: &Request, names: &Names, assignment: Option<AssignmentId>) -> Vec<crate::audit::AuditTarget> {
    use crate::audit::{AuditTarget, TargetKind as K};
    let mut all = vec![
        AuditTarget::new(K::AccessPackageAssignmentRequest, request.id.0, None),
        AuditTarget::new(K::AccessPackage, request.package.0, names.package.clone()),
        AuditTarget::new(K::User, request.target.0, names.target.clone()),
        AuditTarget::new(K::AccessPackageAssignmentPolicy, request.policy.0, names.policy.clone()),
        AuditTarget::new(K::AccessPackageCatalog, request.catalog.0, None),
    ];
    if let Some(id) = assignment {
        all.push(AuditTarget::new(K::AccessPackageAssignment, Uuid::from(id), None));
    }
    all
}

/// An audit row about a request.
pub(crate) fn audit(activity: crate::audit::Activity, request: &Request, names: &Names) -> AuditEvent {
    AuditEvent {
        activity,
        succeeded: true,
        reason: None,
        targets: audit_targets(request, names, request.state.assignment()),
        details: Vec::new(),
        correlation: Some(request.id.0),
    }
}
