//! What would come of a request, without making it (decisions.md M): the same evaluation as at submit.

use super::decide::{Ask, Judged, SubmitFacts, judge, needs_approval};
use crate::approval::Approver;
use crate::policy::{Policy, Stage};
use crate::refusal::{Guard, Refusal, RelatedKind};
use crate::time::Timestamp;

/// What would come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why it would be refused; nothing when it would be made.
    pub refusal: Option<Refusal>,
    /// Every rule that was tested, in the order of evaluation; also those after one that failed. What only a policy can
    /// say is left out where none was chosen.
    pub guards: Vec<Guard>,
    /// The policy it would run under.
    pub policy: Option<Policy>,
    /// The policies to choose from, where several fit and none was named.
    pub candidates: Vec<Policy>,
    /// When access would start; nothing where the dates are not allowed.
    pub starts_at: Option<Timestamp>,
    /// When it would end; nothing where it would not.
    pub ends_at: Option<Timestamp>,
    /// The stages of approval it would go through, in their order.
    pub stages: Vec<Stage>,
    /// Who would be asked first in each of them, as things stand now.
    pub asked: Vec<Vec<Approver>>,
    /// Who would be asked in each of them when nobody answers; empty where it does not escalate.
    pub asked_later: Vec<Vec<Approver>>,
}

/// Explains what [`super::submit`] would decide.
pub fn explain(facts: &SubmitFacts, ask: &Ask, now: Timestamp) -> Explanation {
    let Judged { policy, period, verdict } = judge(facts, ask, now);
    let (refusal, guards) = match verdict {
        Ok((_, _, guards)) => (None, guards),
        Err(refusal) => {
            let guards = refusal.guards.clone();
            (Some(refusal), guards)
        }
    };
    let is_named = |p: &Policy| {
        let related = refusal.iter().flat_map(|r| &r.related);
        related.filter(|r| r.kind == RelatedKind::Policy).any(|r| r.id == p.id.0)
    };
    let candidates =
        if policy.is_none() { facts.policies.iter().filter(|p| is_named(p)).cloned().collect() } else { Vec::new() };
    let stages = policy.filter(|p| needs_approval(facts, ask, p)).map(|p| p.body.approval.stages.clone());
    let stages = stages.unwrap_or_default();
    let later = |stage: &Stage| {
        if stage.escalation_enabled { facts.people.alternates(stage) } else { Vec::new() }
    };
    Explanation {
        guards,
        candidates,
        starts_at: period.map(|p| p.starts_at.unwrap_or(now)),
        ends_at: period.and_then(|p| p.ends_at),
        asked: stages.iter().map(|stage| facts.people.asked(stage)).collect(),
        asked_later: stages.iter().map(later).collect(),
        stages,
        policy: policy.cloned(),
        refusal,
    }
}
