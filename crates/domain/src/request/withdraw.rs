//! Withdrawing a request whose delivery has begun or failed: only administrators do that (decisions.md H13).

use super::remove::withdraw;
use super::{Change, Decision, Direction, Names, Request, RequestState, Save, TimerKey};
use crate::assignment::{Assignment, AssignmentState};
use crate::attribute::AttributeChange;
use crate::grant::{HeldGrant, Link, take};
use crate::ids::ObjectId;
use crate::time::Timestamp;

/// Everything it may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawFacts {
    /// The request.
    pub request: Request,
    /// The assignment it has made, if it came that far.
    pub assignment: Option<Assignment>,
    /// What that wants.
    pub held: Vec<HeldGrant>,
    /// Who held a role before keeps it under its policy.
    pub keep_pre_existing: bool,
    /// The attributes that the assignment has given and that go with it.
    pub attributes: Vec<String>,
    /// For the audit.
    pub names: Names,
}

/// Whether the request is one that an administrator withdraws this way: it gives access, and is delivering or failed.
pub fn may_withdraw(request: &Request) -> bool {
    let underway = matches!(request.state, RequestState::Delivering { .. } | RequestState::DeliveryFailed { .. });
    request.kind.direction() == Direction::Grant && underway
}

/// The links go and the assignment has ended; what was given already is taken away again, as fast as the systems outside
/// allow.
pub fn withdraw_delivery(f: &WithdrawFacts, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    withdraw(&mut decision, &f.request, &f.names, now);
    // A request that changes an assignment has not made it; one that is being removed is left to its removal.
    let own = f.assignment.as_ref().filter(|a| a.request == f.request.id && a.state.is_live() && !a.is_ending);
    let Some(assignment) = own else { return decision };
    for link in f.held.iter().map(|h| Link { assignment: assignment.id, grant: h.grant.id }) {
        decision.change(Change::Unlink(link));
    }
    if !f.attributes.is_empty() {
        decision.audit.push(super::answers::attributes_row(&f.request, f.attributes.iter().cloned()));
        decision.change(Change::Attributes(AttributeChange::Take {
            assignment: assignment.id,
            user: ObjectId(assignment.target.0),
            names: f.attributes.clone(),
        }));
    }
    decision.grants(take(&f.held, f.keep_pre_existing, now));
    decision.change(Change::ClearTimer(TimerKey::Assignment(assignment.id)));
    let ended = Assignment {
        state: AssignmentState::Expired,
        ended_at: Some(now),
        version: assignment.version + 1,
        ..assignment.clone()
    };
    decision.change(Change::Assignment(ended, Save::Changed));
    decision
}
