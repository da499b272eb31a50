//! The decision of an approver.

use super::course::{Opening, deny, open, tell, tell_requestor};
use super::{ApprovalStage, People, StageState, Verdict};
use crate::audit::{Activity, Modified};
use crate::effect::Audience;
use crate::ids::{Ids, ObjectId, StageId};
use crate::limits::DESCRIPTION_CHARS_MAX;
use crate::notification::MailKind;
use crate::refusal::{Code, GuardName as G, Guards, Refusal};
use crate::request::{Change, Decider, Decision, Request, RequestState, Save, StartFacts, approved, audit};
use crate::time::Timestamp;

/// Why somebody may decide a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The stage.
    pub number: i64,
    /// The approver in whose place he may; nobody when he is one himself.
    pub delegator: Option<ObjectId>,
}

/// What is decided, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decide {
    /// The stage.
    pub stage: StageId,
    /// Who decides.
    pub by: ObjectId,
    /// Yes or no.
    pub approves: bool,
    /// Why.
    pub justification: Option<String>,
}

/// Everything a decision may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideFacts {
    /// All stages of the request, in order.
    pub rows: Vec<ApprovalStage>,
    /// Why the person may decide; empty when he may not.
    pub bases: Vec<Basis>,
    /// Who is who now, for the stage that may follow.
    pub people: People,
    /// What delivering needs, should this be the last stage.
    pub start: StartFacts,
}

/// Decides a stage (behaviour.md b.4): the first decision counts, a denial ends everything, the last approval delivers.
pub fn decide(facts: &DecideFacts, command: &Decide, now: Timestamp, ids: &mut Ids) -> Result<Decision, Refusal> {
    let row = facts
        .rows
        .iter()
        .find(|row| row.id == command.stage)
        .ok_or_else(|| Refusal::not_found("approval stage", command.stage))?;
    let mut guards = Guards::default();
    let basis = may_decide(&facts.start.request, &facts.bases, row, command.by, (&mut guards, now))?;
    let justification = reason(facts, row, command);
    guards.require(G::Justification, justification.as_ref().err().cloned())?;
    let justification = justification?;
    let mut row = row.clone();
    row.state = StageState::Completed;
    row.verdict = if command.approves { Verdict::Approved } else { Verdict::Denied };
    row.decided_by = Some(command.by);
    row.decided_for = basis.delegator;
    row.decided_at = Some(now);
    row.justification = justification;
    row.remind_at = None;
    row.escalate_at = None;
    let mut request = facts.start.request.clone();
    request.version += 1;
    let names = &facts.start.names;
    let mut decision = Decision::default();
    if basis.delegator.is_some() {
        tell_requestor(&mut decision, MailKind::DecidedByDelegate, &request);
    }
    if !command.approves {
        request.reason.clone_from(&row.justification);
        decision.change(Change::Stage(row, Save::Changed));
        deny(&mut decision, request, Decider::Person, Save::Changed, names, now);
        return Ok(decision);
    }
    let next = facts.rows.iter().find(|other| other.number == row.number + 1).cloned();
    let said = row.justification.clone().map(|text| Modified::set("Justification", text));
    let activity = if next.is_some() { Activity::ApproveStage } else { Activity::Approve };
    let mut event = audit(activity, &request, names);
    if let (Some(first), Some(said)) = (event.targets.first_mut(), said) {
        first.modified.push(said);
    }
    decision.audit.push(event);
    if row.number > 1 {
        tell(&mut decision, MailKind::LaterStageApproved, &row, Audience::Everybody);
    } else if next.is_some() {
        tell(&mut decision, MailKind::StageApproved, &row, Audience::Everybody);
    }
    decision.change(Change::Stage(row, Save::Changed));
    decision.change(Change::CloseApprovers(request.id));
    match next {
        Some(next) => {
            let opening = Opening { stages: &facts.start.policy.approval.stages, people: &facts.people, names };
            open(&mut decision, request, next, (Save::Changed, Save::Changed), opening, now);
        }
        None => approved(&mut decision, request, &facts.start, now, ids),
    }
    Ok(decision)
}

/// Whether the person may decide the stage, and why. That it was decided already is said to approvers only.
pub(super) fn may_decide(
    request: &Request,
    bases: &[Basis],
    row: &ApprovalStage,
    by: ObjectId,
    (guards, now): (&mut Guards, Timestamp),
) -> Result<Basis, Refusal> {
    let own = |id: ObjectId| request.target.0 == id.0 || request.requestor.is_some_and(|r| r.0 == id.0);
    let is_own =
        own(by).then(|| Refusal::new(Code::SelfApproval, "nobody decides a request that he made or that is for him"));
    guards.require(G::NotOwnRequest, is_own)?;
    let counts = |basis: &&Basis| basis.number == row.number && !basis.delegator.is_some_and(own);
    let bases = bases.iter().filter(counts);
    // A right of his own goes before that of somebody else.
    let basis = bases
        .min_by_key(|basis| basis.delegator.is_some())
        .copied()
        .ok_or_else(|| Refusal::new(Code::NotAnApprover, "the caller is not an approver of this stage"));
    guards.require(G::IsApprover, basis.as_ref().err().cloned())?;
    let basis = basis?;
    guards.require(G::StageOpen, closed(row, &request.state, now))?;
    Ok(basis)
}

/// Why a stage waits for no decision.
fn closed(row: &ApprovalStage, state: &RequestState, now: Timestamp) -> Option<Refusal> {
    let decided = |message: String| Some(Refusal::new(Code::StageAlreadyDecided, message));
    let over = || decided("the time to decide this stage has passed".to_owned());
    match (row.state, state) {
        // Nobody has looked since: that it is too late does not depend on that.
        (StageState::InProgress, _) if row.deadline_at.is_some_and(|end| end <= now) => over(),
        (StageState::InProgress, RequestState::PendingApproval { stage, .. }) if *stage == row.number => None,
        (StageState::Completed, _) => {
            let by = row.decided_by.map(|by| format!(" by `{by}`")).unwrap_or_default();
            decided(format!("the stage was decided already{by}: {}", row.verdict.name()))
        }
        (StageState::Expired, _) => over(),
        (StageState::Initializing | StageState::InProgress, state) => {
            decided(format!("the stage waits for no decision: the request is {}", state.name()))
        }
    }
}

fn reason(facts: &DecideFacts, row: &ApprovalStage, command: &Decide) -> Result<Option<String>, Refusal> {
    let given = command.justification.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if given.is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS_MAX) {
        let message = format!("the justification has more than {DESCRIPTION_CHARS_MAX} characters");
        return Err(Refusal::new(Code::LimitExceeded, message).detail("/justification", "too long"));
    }
    let stages = &facts.start.policy.approval.stages;
    let settings = usize::try_from(row.number - 1).ok().and_then(|i| stages.get(i));
    if given.is_none() && settings.is_some_and(|stage| stage.approver_justification) {
        let message = "the policy wants approvers to give a justification";
        return Err(Refusal::new(Code::JustificationRequired, message).detail("/justification", "missing"));
    }
    Ok(given.map(ToOwned::to_owned))
}
