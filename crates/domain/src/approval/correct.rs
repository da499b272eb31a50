//! Answers that an approver corrects before he decides (behaviour.md b.4, c.5): those to questions that say so.

use super::decide::{Basis, may_decide};
use super::{ApprovalStage, StageState};
use crate::attribute::AskedAttribute;
use crate::audit::{Activity, Modified};
use crate::ids::ObjectId;
use crate::policy::PolicyBody;
use crate::refusal::{Code, GuardName as G, Guards, Refusal};
use crate::request::{Answer, Change, Decision, Names, Request, Save, audit, corrected};
use crate::time::Timestamp;

/// Everything a correction may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectFacts {
    /// All stages of the request, in order.
    pub rows: Vec<ApprovalStage>,
    /// Why the person may decide stages; empty when he may not.
    pub bases: Vec<Basis>,
    /// The request.
    pub request: Request,
    /// The policy version it runs under.
    pub policy: PolicyBody,
    /// What the resources of the package ask of the target, with what the directory says now.
    pub attributes: Vec<AskedAttribute>,
    /// For the audit.
    pub names: Names,
}

/// Replaces answers of a request whose stage waits for the decision of `by`. The audit says which answers were replaced,
/// and not what they say (decisions.md K12). Answers that are as they were change nothing.
pub fn correct(facts: &CorrectFacts, by: ObjectId, given: &[Answer], now: Timestamp) -> Result<Decision, Refusal> {
    let row = stage_of(facts).ok_or_else(|| Refusal::not_found("approval", facts.request.id))?;
    let mut guards = Guards::default();
    may_decide(&facts.request, &facts.bases, row, by, (&mut guards, now))?;
    if given.is_empty() {
        let message = "give the answers that shall be replaced";
        return Err(Refusal::new(Code::InvalidModel, message).detail("/answers", "missing"));
    }
    let corrected = corrected(&facts.policy.questions, &facts.attributes, &facts.request.answers, given);
    guards.require(G::Answers, corrected.as_ref().err().cloned())?;
    let (answers, changed) = corrected?;
    let mut decision = Decision::default();
    if changed.is_empty() {
        return Ok(decision);
    }
    let request = Request { answers, version: facts.request.version + 1, ..facts.request.clone() };
    let mut event = audit(Activity::UpdateAnswers, &request, &facts.names);
    if let Some(target) = event.targets.first_mut() {
        let name = |id| Modified { property: format!("Answers/{id}"), old: None, new: None };
        target.modified.extend(changed.into_iter().map(name));
    }
    decision.audit.push(event);
    decision.change(Change::Request(request, Save::Changed));
    Ok(decision)
}

/// The stage by which somebody may have a right: the open one, if it is his; else the last that was, so that he hears that
/// it is over.
fn stage_of(facts: &CorrectFacts) -> Option<&ApprovalStage> {
    let his = |row: &&ApprovalStage| facts.bases.iter().any(|basis| basis.number == row.number);
    let open = facts.rows.iter().find(|row| row.state == StageState::InProgress);
    open.filter(his).or_else(|| facts.rows.iter().rev().find(his)).or(open).or(facts.rows.first())
}
