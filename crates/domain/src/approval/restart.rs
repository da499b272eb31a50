//! The approval of a request begins anew under the current version of its policy, when an administrator says so
//! (behaviour.md o.10; decisions.md H1).

use super::course::{Opening, open};
use super::{ApprovalStage, People, fault};
use crate::audit::Activity;
use crate::ids::Ids;
use crate::request::{Change, Decision, Request, RequestState, Save, StartFacts, TimerKey, approved, audit};
use crate::time::Timestamp;

/// Everything it may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartFacts {
    /// The current version of the policy.
    pub version: i64,
    /// Who is who now.
    pub people: People,
    /// What delivering needs, should nobody have to approve any more; with the policy as it is now.
    pub start: StartFacts,
}

/// Begins the approval anew: the policy version of the request is the current one, what was decided counts no more, and the
/// approvers of today are asked. Where the policy wants no approval any more, the request goes on. A request that nobody
/// could decide stays as it is, and the audit says why (decisions.md H7).
pub fn restart(f: &RestartFacts, now: Timestamp, ids: &mut Ids) -> Decision {
    let mut decision = Decision::default();
    let (policy, names) = (&f.start.policy, &f.start.names);
    let RequestState::PendingApproval { assignment, .. } = f.start.request.state else { return decision };
    let approval = &policy.approval;
    let is_needed = if assignment.is_some() { approval.required_for_update } else { approval.required_for_add };
    if let Some(refusal) = fault(&approval.stages, &f.people).filter(|_| is_needed) {
        decision.audit.push(audit(Activity::CreateApproval, &f.start.request, names).failed().because(refusal.message));
        return decision;
    }
    let old = &f.start.request;
    let request = Request { policy_version: f.version, stage: None, version: old.version + 1, ..old.clone() };
    decision.change(Change::ForgetApproval(request.id));
    decision.change(Change::ClearTimer(TimerKey::Request(request.id)));
    if !is_needed {
        decision.audit.push(audit(Activity::AutoApprove, &request, names));
        approved(&mut decision, request, &f.start, now, ids);
        return decision;
    }
    let opening = Opening { stages: &approval.stages, people: &f.people, names };
    for (i, row) in ApprovalStage::all(request.id, &approval.stages, now, ids).into_iter().enumerate() {
        if i == 0 {
            open(&mut decision, request.clone(), row, (Save::Changed, Save::New), opening, now);
        } else {
            decision.change(Change::Stage(row, Save::New));
        }
    }
    decision
}
