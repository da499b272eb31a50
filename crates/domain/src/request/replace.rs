//! A delivery that failed in full keeps nobody from asking anew: its assignment holds nothing, and gives way to the new one
//! (behaviour.md b.5; decisions.md Q5).

use super::{Change, Decision, Names, Request, Save, TimerKey, audit};
use crate::assignment::{Assignment, AssignmentState};
use crate::attribute::AttributeChange;
use crate::audit::{Activity, AuditTarget, TargetKind};
use crate::grant::{HeldGrant, Link, Observed, RoleFacts, take};
use crate::ids::{AssignmentId, ObjectId};
use crate::time::Timestamp;

/// A live assignment whose delivery failed, with what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedDelivery {
    /// The assignment.
    pub assignment: Assignment,
    /// What it wants.
    pub held: Vec<HeldGrant>,
    /// The attributes that it has given and that go with it.
    pub attributes: Vec<String>,
}

impl FailedDelivery {
    /// Whether nothing of it is applied or still tried. One that only waits for a deleted object to come back holds what
    /// comes back with it, and one that is being removed holds what could not be taken.
    pub fn holds_nothing(&self) -> bool {
        let a = &self.assignment;
        let is_given_up = |h: &HeldGrant| h.grant.observed == Observed::Absent && !h.grant.is_pending();
        a.state == AssignmentState::DeliveryFailed && !a.is_ending && self.held.iter().all(is_given_up)
    }
}

/// Ends it for `request`. `by` is the assignment that takes its place at once and the roles that one gives: what both give
/// is handed over, the rest is taken.
pub(super) fn replace(
    decision: &mut Decision,
    failed: &FailedDelivery,
    (request, names): (&Request, &Names),
    by: Option<(AssignmentId, &[RoleFacts])>,
    now: Timestamp,
) {
    let old = &failed.assignment;
    for grant in failed.held.iter().map(|h| h.grant.id) {
        decision.change(Change::Unlink(Link { assignment: old.id, grant }));
    }
    let roles = by.map_or(&[][..], |(_, roles)| roles);
    let is_lost = |h: &&HeldGrant| !roles.iter().any(|r| r.role.role == h.grant.role && r.role.scope == h.grant.scope);
    let lost: Vec<HeldGrant> = failed
        .held
        .iter()
        .filter(is_lost)
        .map(|h| HeldGrant { shared: h.shared || roles.iter().any(|r| h.gives_the_same_as(&r.role)), ..h.clone() })
        .collect();
    decision.grants(take(&lost, false, now));
    match by {
        Some((to, _)) => decision.change(Change::Attributes(AttributeChange::Move { from: old.id, to })),
        None if failed.attributes.is_empty() => {}
        None => {
            decision.audit.push(super::answers::attributes_row(request, failed.attributes.iter().cloned()));
            let (user, names) = (ObjectId(old.target.0), failed.attributes.clone());
            decision.change(Change::Attributes(AttributeChange::Take { assignment: old.id, user, names }));
        }
    }
    decision.change(Change::ClearTimer(TimerKey::Assignment(old.id)));
    let ended =
        Assignment { state: AssignmentState::Expired, ended_at: Some(now), version: old.version + 1, ..old.clone() };
    decision.change(Change::Assignment(ended, Save::Changed));
    let row = audit(Activity::RemoveAssignment, request, names).about(AuditTarget::new(
        TargetKind::AccessPackageAssignment,
        old.id,
        None,
    ));
    decision.audit.push(row.because("nothing of it was delivered; a new request takes its place"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::follow::tests::{facts, held};

    #[test]
    fn what_is_there_tried_or_being_removed_is_not_given_up() {
        let failed = |change: fn(&mut FailedDelivery)| {
            let mut one = held(1, 21);
            one.grant.observed = Observed::Absent;
            let mut assignment = facts(Vec::new(), Vec::new()).assignment;
            assignment.state = AssignmentState::DeliveryFailed;
            let mut failed = FailedDelivery { assignment, held: vec![one], attributes: Vec::new() };
            change(&mut failed);
            failed.holds_nothing()
        };
        assert!(failed(|_| {}));
        assert!(!failed(|f| f.assignment.is_ending = true));
        assert!(!failed(|f| f.assignment.state = AssignmentState::PartiallyDelivered));
        for observed in [Observed::Gone, Observed::Present] {
            let change: fn(&mut FailedDelivery) = if observed == Observed::Gone {
                |f| f.held.iter_mut().for_each(|h| h.grant.observed = Observed::Gone)
            } else {
                |f| f.held.iter_mut().for_each(|h| h.grant.observed = Observed::Present)
            };
            assert!(!failed(change));
        }
        assert!(!failed(|f| f.held.iter_mut().for_each(|h| h.grant.due_at = Some(Timestamp::UNIX_EPOCH))));
    }
}
