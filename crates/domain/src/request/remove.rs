//! Taking access away: by an administrator, by its holder, or because its end was reached. And withdrawing requests.

use super::fulfil::joined;
use super::reprocess::AGAIN;
use super::{Change, Decision, Names, Request, RequestState, RequestType, Save, TimerKey, audit};
use crate::assignment::{Assignment, AssignmentState, ended};
use crate::attribute::AttributeChange;
use crate::audit::Activity;
use crate::effect::Effect;
use crate::grant::{Grant, HeldGrant, Link, let_go, take, take_again};
use crate::ids::{Ids, ObjectId, RequestId, SubjectId};
use crate::notification::MailKind;
use crate::policy::expiration::WantedSchedule;
use crate::refusal::{Code, Guard, GuardName as G, Guards, Refusal, RelatedKind};
use crate::time::Timestamp;

/// Who ends an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemovalKind {
    /// An administrator or application.
    Administrator { requestor: Option<SubjectId>, justification: Option<String> },
    /// The approver who approved it (decisions.md Q1).
    Approver { requestor: SubjectId, justification: String },
    /// Its holder.
    Holder { requestor: SubjectId, justification: Option<String> },
    /// The manager of its holder (behaviour.md b.2).
    Manager { requestor: SubjectId, justification: Option<String> },
    /// Its end was reached.
    EndReached,
    /// The person was deleted for good: nothing is fulfilled any more (decisions.md B8).
    TargetDeleted,
}

/// What the audit says of an approver who takes back what he approved; the activity is that of an administrator.
const REVOKED: &str = "revoked by an approver";

/// Everything the end of an assignment may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches of the policy")]
pub struct RemovalFacts {
    /// The assignment.
    pub assignment: Assignment,
    /// Its live links; and what it wanted and could not be taken so far.
    pub held: Vec<HeldGrant>,
    /// An open request of the pair that gives access.
    pub open_grant_request: Option<Request>,
    /// An open request of the pair that takes it.
    pub open_removal: Option<RequestId>,
    /// That one still takes what an earlier assignment of the pair has left, and does not end this one.
    pub removes_earlier: bool,
    /// Holders may give access back under its policy.
    pub self_remove: bool,
    /// Who held a role before keeps it under its policy.
    pub keep_pre_existing: bool,
    /// Managers may take it from their reports under its policy.
    pub manager_remove: bool,
    /// The attributes it has given that go with it.
    pub attributes: Vec<String>,
    /// Mails to assignees are sent under its policy.
    pub mails: bool,
    /// For audit and mail.
    pub names: Names,
}

/// Decides the end of an assignment. An end that is reached twice, early or late is nothing. An assignment whose removal was
/// given up can be removed once more.
pub fn remove(
    facts: &RemovalFacts,
    kind: &RemovalKind,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<Option<(RequestId, Decision)>, Refusal> {
    let assignment = &facts.assignment;
    let by_product = matches!(kind, RemovalKind::EndReached | RemovalKind::TargetDeleted);
    let is_ending = facts.open_removal.is_some() && !facts.removes_earlier;
    if by_product && (is_ending || !assignment.state.is_live()) {
        return Ok(None);
    }
    if *kind == RemovalKind::EndReached && (assignment.is_ending || assignment.ends_at.is_none_or(|end| end > now)) {
        return Ok(None);
    }
    let guards = may_remove(facts, kind)?;
    let mut decision = Decision::default();
    if let Some(open) = &facts.open_grant_request {
        withdraw(&mut decision, open, &facts.names, now);
    }
    let held = if *kind == RemovalKind::TargetDeleted {
        let_go(&facts.held)
    } else {
        take(&facts.held, facts.keep_pre_existing, now)
    };
    let pending = held.iter().any(|c| c.grant.is_pending());
    let mut ended = assignment.clone();
    ended.version += 1;
    ended.is_ending = true;
    ended.state = if pending { AssignmentState::Delivering } else { AssignmentState::Expired };
    ended.ended_at = (!pending).then_some(now);
    let request = Request { guards, ..removal_request(assignment, kind, pending, now, ids) };
    let row = audit(asked(kind), &request, &facts.names);
    let is_revoked = matches!(kind, RemovalKind::Approver { .. });
    decision.audit.push(if is_revoked { row.because(REVOKED) } else { row });
    decision.change(Change::ClearTimer(TimerKey::Assignment(assignment.id)));
    for link in facts.held.iter().map(|h| Link { assignment: assignment.id, grant: h.grant.id }) {
        decision.change(Change::Unlink(link));
    }
    if *kind != RemovalKind::TargetDeleted && !facts.attributes.is_empty() {
        decision.audit.push(super::answers::attributes_row(&request, facts.attributes.iter().cloned()));
        decision.change(Change::Attributes(AttributeChange::Take {
            assignment: assignment.id,
            user: ObjectId(assignment.target.0),
            names: facts.attributes.clone(),
        }));
    }
    decision.grants(held);
    if !pending {
        finish(&mut decision, &request, facts.mails && *kind != RemovalKind::TargetDeleted, &facts.names);
    }
    let id = request.id;
    decision.change(Change::Request(request, Save::New));
    decision.change(Change::Assignment(ended, Save::Changed));
    Ok(Some((id, decision)))
}

/// Runs every guard.
fn may_remove(facts: &RemovalFacts, kind: &RemovalKind) -> Result<Vec<Guard>, Refusal> {
    let assignment = &facts.assignment;
    let by_product = matches!(kind, RemovalKind::EndReached | RemovalKind::TargetDeleted);
    let mut guards = Guards::default();
    guards.check(G::LiveAssignment, assignment.state.is_live(), || ended(assignment.id));
    guards.record(
        G::NoOpenRequest,
        // What the product ends by itself meets the constraint at worst, and is tried again; people are told.
        facts.open_removal.filter(|_| !by_product).map(|id| {
            let message = format!("the assignment is being removed already, by request `{id}`");
            Refusal::new(Code::ExistingOpenRequest, message).related(RelatedKind::Request, id, None)
        }),
    );
    if matches!(kind, RemovalKind::Holder { .. }) {
        guards.check(G::SelfRemoveAllowed, facts.self_remove, || {
            let message = "the policy does not let holders give this access back; ask an administrator";
            Refusal::new(Code::PolicyDisabled, message)
        });
    }
    if matches!(kind, RemovalKind::Manager { .. }) {
        guards.check(G::OnBehalfAllowed, facts.manager_remove, || {
            let message = "the policy does not let managers take this access from their reports; ask an administrator";
            Refusal::new(Code::PolicyDisabled, message)
        });
    }
    guards.finish()
}

fn removal_request(a: &Assignment, kind: &RemovalKind, pending: bool, now: Timestamp, ids: &mut Ids) -> Request {
    let (request_type, requestor, justification) = match kind {
        RemovalKind::Administrator { requestor, justification } => {
            (RequestType::AdminRemove, *requestor, justification.clone())
        }
        RemovalKind::Approver { requestor, justification } => {
            (RequestType::ApproverRemove, Some(*requestor), Some(justification.clone()))
        }
        RemovalKind::Holder { requestor, justification } | RemovalKind::Manager { requestor, justification } => {
            (RequestType::UserRemove, Some(*requestor), justification.clone())
        }
        RemovalKind::EndReached | RemovalKind::TargetDeleted => (RequestType::SystemRemove, None, None),
    };
    Request {
        id: ids.next(now),
        kind: request_type,
        package: a.package,
        policy: a.policy,
        policy_version: a.policy_version,
        catalog: a.catalog,
        requestor,
        target: a.target,
        state: if pending {
            RequestState::Delivering { assignment: a.id }
        } else {
            RequestState::Delivered { assignment: a.id, completed_at: now }
        },
        wanted: WantedSchedule::default(),
        stage: None,
        justification,
        reason: None,
        answers: Vec::new(),
        guards: Vec::new(),
        created_at: now,
        version: 1,
    }
}

const fn asked(kind: &RemovalKind) -> Activity {
    match kind {
        RemovalKind::Administrator { .. } | RemovalKind::Approver { .. } => Activity::AdministratorRemoves,
        RemovalKind::Holder { .. } | RemovalKind::Manager { .. } => Activity::UserRequestsRemoval,
        RemovalKind::EndReached => Activity::SystemRemoves,
        RemovalKind::TargetDeleted => Activity::DeleteForDeletedUser,
    }
}

/// Access is gone: audit row, and mail 20 where an assignment ended by it.
fn finish(decision: &mut Decision, request: &Request, mails: bool, names: &Names) {
    decision.audit.push(audit(Activity::RemoveAssignment, request, names));
    if mails {
        decision.effects.push(Effect::Notify {
            mail: MailKind::AccessEnded,
            to: request.target,
            package: request.package,
            request: request.id,
        });
    }
}

/// Remote grants of a removal were recorded: done when nothing is pending. What could not be taken keeps the assignment
/// alive, in the state that its removal has, until it is tried again or removed once more: nobody has access without an
/// assignment, and nobody is told that it ended (decisions.md C6, Q5).
pub fn removal_progress(
    request: &Request,
    assignment: &Assignment,
    grants: &[Grant],
    mails: bool,
    names: &Names,
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    if !request.state.is_open() || grants.iter().any(|g| !g.desired && g.is_pending()) {
        return decision;
    }
    let unwanted = || grants.iter().filter(|g| !g.desired);
    let left = unwanted().any(|g| !g.is_settled());
    let all_left = left && unwanted().all(|g| !g.is_settled());
    let mut request = request.clone();
    request.version += 1;
    request.state = match (left, all_left) {
        (true, true) => RequestState::DeliveryFailed { assignment: Some(assignment.id), completed_at: now },
        (true, false) => RequestState::PartiallyDelivered { assignment: assignment.id, completed_at: now },
        (false, _) => RequestState::Delivered { assignment: assignment.id, completed_at: now },
    };
    let state = match (left, all_left) {
        (true, true) => AssignmentState::DeliveryFailed,
        (true, false) => AssignmentState::PartiallyDelivered,
        (false, _) => AssignmentState::Expired,
    };
    stands_at(&mut decision, assignment, state, now);
    if !left {
        finish(&mut decision, &request, mails && assignment.state.is_live(), names);
    }
    if left {
        let told = unwanted().filter_map(|g| g.error.clone()).collect::<std::collections::BTreeSet<_>>();
        let why = told.into_iter().collect::<Vec<_>>().join("; ");
        decision.audit.push(audit(Activity::FailRequest, &request, names).failed().because(why));
    }
    decision.change(Change::Request(request, Save::Changed));
    decision
}

/// A live assignment that is being removed has come to `state`.
fn stands_at(decision: &mut Decision, assignment: &Assignment, state: AssignmentState, now: Timestamp) {
    if assignment.state.is_live() && assignment.state != state {
        let ended_at = if state.is_live() { None } else { Some(now) };
        let version = assignment.version + 1;
        decision
            .change(Change::Assignment(Assignment { state, ended_at, version, ..assignment.clone() }, Save::Changed));
    }
}

/// A removal that left something behind is tried again.
pub fn remove_again(
    request: &Request,
    assignment: &Assignment,
    left: &[HeldGrant],
    (names, mails): (&Names, bool),
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    let mut request = Request { version: request.version + 1, reason: None, ..request.clone() };
    decision.audit.push(audit(Activity::ReadyToFulfill, &request, names).because(AGAIN));
    let taken = take_again(left, now);
    for change in taken.iter().filter(|c| c.apply.is_some()) {
        if let Some(h) = left.iter().find(|h| h.grant.id == change.grant.id) {
            let row = audit(Activity::RemoveRole, &request, names);
            decision.audit.push(row.about(joined((h.kind, h.origin, h.resource_name.as_str()), false)));
        }
    }
    let pending = taken.iter().any(|c| c.grant.is_pending());
    request.state = if pending {
        RequestState::Delivering { assignment: assignment.id }
    } else {
        RequestState::Delivered { assignment: assignment.id, completed_at: now }
    };
    let state = if pending { AssignmentState::Delivering } else { AssignmentState::Expired };
    stands_at(&mut decision, assignment, state, now);
    if !pending {
        finish(&mut decision, &request, mails && assignment.state.is_live(), names);
    }
    decision.grants(taken);
    decision.change(Change::Request(request, Save::Changed));
    decision
}

pub(super) fn withdraw(decision: &mut Decision, open: &Request, names: &Names, now: Timestamp) {
    let mut request = open.clone();
    request.version += 1;
    request.state = RequestState::Canceled { completed_at: now };
    let row = audit(Activity::CancelRequest, &request, names);
    decision.audit.push(match &request.reason {
        Some(reason) => row.because(reason.clone()),
        None => row,
    });
    decision.change(Change::ClearTimer(TimerKey::Request(request.id)));
    if matches!(open.state, RequestState::PendingApproval { .. }) {
        decision.change(Change::CloseApprovers(request.id));
    }
    decision.change(Change::Request(request, Save::Changed));
}

/// Withdraws a request that waits for approval or for its start (decisions.md H13).
pub fn cancel(request: &Request, names: &Names, now: Timestamp) -> Result<Decision, Refusal> {
    match request.state {
        RequestState::PendingApproval { .. } | RequestState::Scheduled { .. } => {
            let mut decision = Decision::default();
            withdraw(&mut decision, request, names, now);
            Ok(decision)
        }
        RequestState::Delivering { .. }
        | RequestState::Delivered { .. }
        | RequestState::PartiallyDelivered { .. }
        | RequestState::DeliveryFailed { .. }
        | RequestState::Denied { .. }
        | RequestState::Canceled { .. } => {
            let message =
                format!("the request `{}` is {} and can no longer be canceled", request.id, request.state.name());
            Err(Refusal::new(Code::RequestNotCancelable, message).by(G::RequestCancelable))
        }
    }
}

/// An open request is closed, because whom it is for was deleted for good (behaviour.md b.5; decisions.md B8).
pub fn close(request: &Request, names: &Names, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    if request.state.is_open() {
        let reason = Some("the target was deleted for good".to_owned());
        withdraw(&mut decision, &Request { reason, ..request.clone() }, names, now);
    }
    decision
}

/// A finished request can be deleted, unless a live assignment hangs on it (semantics.md 7).
pub fn may_delete(request: &Request, assignment_is_live: bool, names: &Names) -> Result<Decision, Refusal> {
    if request.state.is_open() || assignment_is_live {
        let why = if assignment_is_live { "its assignment is live" } else { "it has not ended" };
        let message = format!("the request `{}` is {}: {why}", request.id, request.state.name());
        return Err(Refusal::new(Code::RequestNotDeletable, message).by(G::RequestDeletable));
    }
    let mut decision = Decision::default();
    decision.audit.push(audit(Activity::DeleteRequest, request, names));
    decision.change(Change::DeleteRequest(request.id));
    Ok(decision)
}
