//! Trying again: a request that failed, and everything an assignment gives (behaviour.md b.3 #19, b.5; semantics.md 7).

use super::approved::change_assignment;
use super::follow::{HoldingFacts, exchange};
use super::fulfil::{begin, ends_at_state, joined, may_have};
use super::{Change, Decision, Names, Request, RequestState, Save, StartFacts, audit};
use crate::assignment::{Assignment, AssignmentState};
use crate::audit::{Activity, AuditEvent, AuditTarget, TargetKind};
use crate::catalog::RoleKind;
use crate::grant::{Grant, give_again};
use crate::ids::{AssignmentId, Ids, ObjectId};
use crate::limits::REPROCESS_DAYS_MAX;
use crate::refusal::{Code, GuardName, Refusal};
use crate::time::{Timestamp, plus_seconds};

/// What the audit says of a second try.
pub(super) const AGAIN: &str = "reprocessed";

/// Only what has failed, in full or in part, is tried again, and not for ever (decisions.md H14).
pub fn may_reprocess(request: &Request, now: Timestamp) -> Result<(), Refusal> {
    let (RequestState::DeliveryFailed { completed_at, .. } | RequestState::PartiallyDelivered { completed_at, .. }) =
        request.state
    else {
        let message = format!(
            "the request `{}` is {}; only one that is deliveryFailed or partiallyDelivered can be reprocessed",
            request.id,
            request.state.name()
        );
        return Err(Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable));
    };
    if now > plus_seconds(completed_at, REPROCESS_DAYS_MAX * 86_400) {
        let message = format!(
            "the request `{}` ended at {completed_at}; it could be reprocessed for {REPROCESS_DAYS_MAX} days. Make a new one.",
            request.id
        );
        return Err(Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable));
    }
    Ok(())
}

/// Whether a request waits for the answer of a workflow extension. None is called yet, so none waits (behaviour.md g).
pub fn may_resume(request: &Request) -> Result<(), Refusal> {
    let message = format!(
        "the request `{}` is {}; only one that waits for a callback of a workflow extension can be resumed",
        request.id,
        request.state.name()
    );
    Err(Refusal::new(Code::RequestNotWaiting, message))
}

/// Everything the package holds is given, and nothing else.
fn all_again(
    decision: &mut Decision,
    f: &HoldingFacts,
    now: Timestamp,
    ids: &mut Ids,
) -> (AssignmentState, Vec<Grant>) {
    let given = give_again(&f.roles, f.assignment.target, now, ids);
    let grants = given.iter().map(|c| c.grant.clone()).collect();
    (exchange(decision, f, (&f.roles, given), &f.outdated(), now), grants)
}

/// A request whose assignment stands, but lacks some or all of its roles, is delivered again with fresh retries. Scope and
/// what excludes the package are tested again (decisions.md H12); where they forbid it, the request fails again and says so.
pub fn deliver_again(start: &StartFacts, f: &HoldingFacts, now: Timestamp, ids: &mut Ids) -> Decision {
    match may_have(start) {
        Ok(()) => delivered_again(&start.request, f, now, ids),
        Err(refusal) => {
            let mut decision = Decision::default();
            fails_again(&mut decision, &start.request, &refusal, &f.names, now);
            decision
        }
    }
}

fn delivered_again(request: &Request, f: &HoldingFacts, now: Timestamp, ids: &mut Ids) -> Decision {
    let mut decision = Decision::default();
    let mut request = Request { version: request.version + 1, reason: None, ..request.clone() };
    decision.audit.push(audit(Activity::ReadyToFulfill, &request, &f.names).because(AGAIN));
    let (state, grants) = all_again(&mut decision, f, now, ids);
    let assignment = f.assignment.id;
    if state == AssignmentState::Delivering {
        request.state = RequestState::Delivering { assignment };
        decision.change(Change::Request(request, Save::Changed));
    } else {
        let grants: Vec<&Grant> = grants.iter().collect();
        ends_at_state(&mut decision, request, state, (assignment, &grants), (&f.names, f.mails, f.is_new_guest), now);
    }
    decision
}

/// What was there before the second try stays.
fn fails_again(decision: &mut Decision, request: &Request, refusal: &Refusal, names: &Names, now: Timestamp) {
    let state = match &request.state {
        RequestState::PartiallyDelivered { assignment, .. } => {
            RequestState::PartiallyDelivered { assignment: *assignment, completed_at: now }
        }
        RequestState::DeliveryFailed { assignment, .. } => {
            RequestState::DeliveryFailed { assignment: *assignment, completed_at: now }
        }
        state => state.clone(),
    };
    let reason = Some(refusal.code.name().to_owned());
    let request = Request { state, reason, version: request.version + 1, ..request.clone() };
    decision.audit.push(audit(Activity::FailRequest, &request, names).failed().because(refusal.message.clone()));
    decision.change(Change::Request(request, Save::Changed));
}

/// A request that failed before there was an assignment is decided again, from now on. It may fail again.
pub fn evaluate_again(facts: &StartFacts, now: Timestamp, ids: &mut Ids) -> Decision {
    let mut decision = Decision::default();
    let request = Request { version: facts.request.version + 1, ..facts.request.clone() };
    begin(&mut decision, request, facts, now, now, ids);
    decision
}

/// A change of an assignment that failed after its approval is carried out now, if it can be: the assignment lives, and its
/// holder is in scope (behaviour.md b.3 #19, #20).
pub fn update_again(facts: &StartFacts, assignment: AssignmentId, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    let request = Request { version: facts.request.version + 1, reason: None, ..facts.request.clone() };
    decision.audit.push(audit(Activity::ReadyToFulfill, &request, &facts.names).because(AGAIN));
    change_assignment(&mut decision, request, (facts, assignment), now);
    decision
}

/// All roles of an assignment are given again: what was taken away by hand comes back (behaviour.md b.5). `unfinished` is the
/// request that has made it, where that ended without giving everything: it is delivered again, and ends anew, unless scope or
/// what excludes the package forbid that by now.
pub fn reapply(
    f: &HoldingFacts,
    unfinished: Option<&StartFacts>,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<Decision, Refusal> {
    let assignment = &f.assignment;
    if assignment.is_ending {
        let message = format!(
            "the assignment `{}` is being removed, or its removal was given up; reprocess the removal or remove it again",
            assignment.id
        );
        return Err(Refusal::new(Code::AssignmentNotLive, message).by(GuardName::LiveAssignment));
    }
    if !matches!(assignment.state, AssignmentState::Delivered | AssignmentState::PartiallyDelivered) {
        let message = format!(
            "the assignment `{}` is {}; only one that is delivered or partiallyDelivered can be reprocessed",
            assignment.id,
            assignment.state.name()
        );
        return Err(Refusal::new(Code::AssignmentNotLive, message).by(GuardName::LiveAssignment));
    }
    if let Some(start) = unfinished {
        may_have(start)?;
        return Ok(delivered_again(&start.request, f, now, ids));
    }
    let mut decision = Decision::default();
    decision.audit.push(f.row(Activity::ReadyToFulfill).because(AGAIN));
    all_again(&mut decision, f, now, ids);
    Ok(decision)
}

/// What an outside directory said about one role, for the audit: that it was given or taken, or that it was given up.
/// Nothing as long as it is tried.
pub fn role_recorded(
    grant: &Grant,
    role: (RoleKind, ObjectId, &str),
    subject: &str,
    assignments: &[Assignment],
) -> Option<AuditEvent> {
    if grant.due_at.is_some() {
        return None;
    }
    let activity = if grant.desired { Activity::FulfillRole } else { Activity::RemoveRole };
    let user = AuditTarget::new(TargetKind::User, grant.subject.0, subject.to_owned());
    let event = AuditEvent::new(activity, user).about(joined(role, grant.desired));
    let event = assignments.iter().fold(event, |event, a| {
        event.about(AuditTarget::new(TargetKind::AccessPackageAssignment, a.id, None)).about(AuditTarget::new(
            TargetKind::AccessPackage,
            a.package,
            None,
        ))
    });
    Some(match &grant.error {
        Some(error) => event.failed().because(error.clone()),
        None => event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CatalogId, PackageId, PolicyId, RequestId, SubjectId};
    use crate::policy::expiration::WantedSchedule;
    use crate::request::RequestType;
    use uuid::Uuid;

    fn request(state: RequestState) -> Request {
        Request {
            id: RequestId(Uuid::nil()),
            kind: RequestType::AdminAdd,
            package: PackageId(Uuid::nil()),
            policy: PolicyId(Uuid::nil()),
            policy_version: 1,
            catalog: CatalogId(Uuid::nil()),
            requestor: None,
            target: SubjectId(Uuid::nil()),
            state,
            wanted: WantedSchedule::default(),
            justification: None,
            reason: None,
            stage: None,
            answers: Vec::new(),
            guards: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            version: 1,
        }
    }

    #[test]
    fn a_request_is_tried_again_for_fourteen_days_and_only_when_it_failed() {
        let completed_at = Timestamp::UNIX_EPOCH;
        let assignment = AssignmentId(Uuid::nil());
        let last = plus_seconds(completed_at, REPROCESS_DAYS_MAX * 86_400);
        let failed = [
            RequestState::DeliveryFailed { assignment: None, completed_at },
            RequestState::PartiallyDelivered { assignment, completed_at },
        ];
        for state in failed {
            let request = request(state);
            assert!(may_reprocess(&request, last).is_ok());
            let late = may_reprocess(&request, plus_seconds(last, 1)).err().map(|r| r.code);
            assert_eq!(late, Some(Code::RequestNotReprocessable));
        }
        for state in [RequestState::Delivered { assignment, completed_at }, RequestState::Delivering { assignment }] {
            let refused = may_reprocess(&request(state), completed_at).err();
            assert_eq!(refused.map(|r| r.code), Some(Code::RequestNotReprocessable));
        }
    }
}
