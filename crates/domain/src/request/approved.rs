//! The last approver said yes: what was asked for happens now, or at its start.

use super::fulfil::{StartFacts, begin, fail, may_start};
use super::update::apply_update;
use super::{Change, Decision, Request, RequestState, Save, TimerKey, audit};
use crate::assignment::{Assignment, ended};
use crate::audit::Activity;
use crate::effect::Effect;
use crate::ids::{AssignmentId, Ids};
use crate::notification::MailKind;
use crate::policy::eligibility::in_scope;
use crate::policy::expiration::start;
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;

/// Goes on with a request that was approved. Scope and what excludes the package are tested again (decisions.md H12).
pub(crate) fn approved(
    decision: &mut Decision,
    mut request: Request,
    facts: &StartFacts,
    now: Timestamp,
    ids: &mut Ids,
) {
    if let Some(id) = request.state.assignment() {
        change_assignment(decision, request, (facts, id), now);
        return;
    }
    let Some(starts_at) = start(&request.wanted, now) else {
        begin(decision, request, facts, now, now, ids);
        return;
    };
    if let Err(refusal) = may_start(facts) {
        fail(decision, request, refusal, &facts.names, now);
        return;
    }
    request.state = RequestState::Scheduled { starts_at };
    decision.audit.push(audit(Activity::ScheduleStart, &request, &facts.names));
    decision.change(Change::SetTimer(TimerKey::Request(request.id), starts_at));
    decision.change(Change::Request(request, Save::Changed));
}

/// Mail 18: who asked for a change hears that it was approved and made.
fn changed_mail(request: &Request, mails: bool) -> Option<Effect> {
    // Administrators are told nothing of what they have done (behaviour.md h).
    let asked = request.requestor.filter(|_| mails && request.kind.is_by_person());
    let (mail, package, request) = (MailKind::AccessGranted, request.package, request.id);
    asked.map(|to| Effect::Notify { mail, to, package, request })
}

/// What was asked for of an assignment that stands happens now, or cannot.
pub(super) fn change_assignment(
    decision: &mut Decision,
    request: Request,
    (facts, id): (&StartFacts, AssignmentId),
    now: Timestamp,
) {
    match may_change(facts, id) {
        Ok(assignment) => {
            decision.effects.extend(changed_mail(&request, facts.mails));
            apply_update(decision, request, assignment, (&facts.names, Save::Changed), now);
        }
        Err(refusal) => fail(decision, request, refusal, &facts.names, now),
    }
}

/// The assignment that an approved request changes, if it still can: it lives, and its holder is still in scope.
fn may_change(facts: &StartFacts, id: AssignmentId) -> Result<&Assignment, Refusal> {
    let lives = facts.live_assignment.as_ref().filter(|a| a.id == id && !a.is_ending);
    let assignment = lives.ok_or_else(|| ended(id))?;
    if !facts.target.as_ref().is_some_and(|target| in_scope(&facts.policy, target)) {
        return Err(Refusal::new(Code::NotInPolicyScope, "the target is no longer in the policy's scope"));
    }
    Ok(assignment)
}
