//! The last approver said yes: what was asked for happens now, or at its start.

use super::fulfil::{StartFacts, begin, fail, may_start};
use super::{Change, Decision, Request, RequestState, Save, TimerKey, audit};
use crate::audit::Activity;
use crate::ids::Ids;
use crate::policy::expiration::start;
use crate::time::Timestamp;

/// Goes on with a request that was approved. Scope and what excludes the package are tested again (decisions.md H12).
pub(crate) fn approved(
    decision: &mut Decision,
    mut request: Request,
    facts: &StartFacts,
    now: Timestamp,
    ids: &mut Ids,
) {
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
