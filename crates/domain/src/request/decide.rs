//! Asking for access: every guard, then what follows.

use super::answers::{Answer, Questions};
use super::compatible::{Conflicts, conflict};
use super::fulfil::{Delivery, deliver};
use super::proof::{Proof, credentials_fault};
use super::replace::{FailedDelivery, replace};
use super::{Change, Decision, Names, Request, RequestState, RequestType, Save, TimerKey, audit, guest};
use crate::approval::{self, ApprovalStage, Opening, People};
use crate::attribute::AskedAttribute;
use crate::audit::Activity;
use crate::grant::RoleFacts;
use crate::ids::{AssignmentId, Ids, PolicyId, RequestId};
use crate::limits::DESCRIPTION_CHARS_MAX;
use crate::package::Package;
use crate::policy::Policy;
use crate::policy::eligibility::{self, TargetFacts};
use crate::policy::expiration::{Asker, Period, WantedSchedule, period};
use crate::policy::requirements::{Asks, lets_ask};
use crate::refusal::{Code, Guard, GuardName as G, Guards, Refusal, RelatedKind};
use crate::subject::Subject;
use crate::time::Timestamp;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// [`RequestType::UserAdd`] or [`RequestType::AdminAdd`].
    pub kind: RequestType,
    /// The policy, if one was named.
    pub policy: Option<PolicyId>,
    /// The dates, if any were wanted.
    pub wanted: WantedSchedule,
    /// The reason.
    pub justification: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The credentials that were presented and found good.
    pub proofs: Vec<Proof>,
    /// Skip the approval; the caller's right to it was checked.
    pub bypass_approval: bool,
}

/// The person or service principal access is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetState {
    /// What rules look at.
    pub facts: TargetFacts,
    /// The subject row that belongs to it.
    pub subject: Subject,
}

/// Everything a submit may look at, loaded beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about different objects")]
pub struct SubmitFacts {
    /// The package.
    pub package: Package,
    /// The target may know that the package exists (decisions.md J3).
    pub is_visible: bool,
    /// Its catalog is published.
    pub catalog_published: bool,
    /// Its catalog is open to external people.
    pub catalog_external: bool,
    /// Its policies, in their current versions.
    pub policies: Vec<Policy>,
    /// Who gets access.
    pub target: TargetState,
    /// Who asks.
    pub requestor: Option<Subject>,
    /// An open request of the pair that gives access.
    pub open_request: Option<RequestId>,
    /// A live assignment of the pair.
    pub live_assignment: Option<AssignmentId>,
    /// That one, where its delivery failed in full.
    pub failed: Option<FailedDelivery>,
    /// What the target has and the package excludes.
    pub conflicts: Conflicts,
    /// The package's roles and the target's hold on them.
    pub roles: Vec<RoleFacts>,
    /// Who could approve.
    pub people: People,
    /// Direct assignment needs the policy's approval too (decisions.md H9).
    pub enforce_approval: bool,
    /// The attributes that the package's resources ask of the target.
    pub attributes: Vec<AskedAttribute>,
    /// Whether the target asks himself, or his direct manager for him.
    pub asks: Asks,
}

impl SubmitFacts {
    /// The assignment whose place a new one takes.
    fn replaced(&self) -> Option<&FailedDelivery> {
        self.failed.as_ref().filter(|f| f.holds_nothing())
    }

    fn questions<'f>(&'f self, policy: &'f Policy) -> Questions<'f> {
        Questions { policy: &policy.name, asked: &policy.body.questions, attributes: &self.attributes }
    }
}

impl Ask {
    const fn asker(&self) -> Asker {
        match self.kind {
            RequestType::UserAdd => Asker::Person,
            _ => Asker::Administrator,
        }
    }
}

/// Decides a new request for access (behaviour.md b.2). All guards are tested; the refusal lists every one.
pub fn submit(facts: &SubmitFacts, ask: &Ask, now: Timestamp, ids: &mut Ids) -> Result<(RequestId, Decision), Refusal> {
    let (id, mut decision) = made(facts, ask, now, ids)?;
    if !ask.proofs.is_empty() {
        decision.change(Change::Credentials(id, ask.proofs.clone()));
    }
    Ok((id, decision))
}

fn made(facts: &SubmitFacts, ask: &Ask, now: Timestamp, ids: &mut Ids) -> Result<(RequestId, Decision), Refusal> {
    let (policy, period, guards) = evaluate(facts, ask, now)?;
    let names = Names {
        target: facts.target.subject.name.clone(),
        package: facts.package.name.clone(),
        policy: policy.name.clone(),
    };
    let request = Request {
        id: ids.next(now),
        kind: ask.kind,
        package: facts.package.id,
        policy: policy.id,
        policy_version: policy.version,
        catalog: facts.package.catalog,
        requestor: facts.requestor.as_ref().map(|r| r.id),
        target: facts.target.subject.id,
        state: RequestState::Scheduled { starts_at: period.starts_at.unwrap_or(now) },
        wanted: ask.wanted,
        stage: None,
        justification: ask.justification.clone(),
        reason: None,
        answers: facts.questions(policy).kept(&ask.answers),
        guards,
        created_at: now,
        version: 1,
    };
    let mut decision = Decision::default();
    let external = &facts.target.facts.external;
    let target = (&facts.target.subject, external);
    let target = guest::subject(&mut decision, target, policy.body.scope, request.id, now, ids);
    decision.change(Change::Subject(target));
    if let Some(requestor) = facts.requestor.as_ref().filter(|r| r.id != facts.target.subject.id) {
        decision.change(Change::Subject(requestor.clone()));
    }
    let asked = if ask.kind == RequestType::UserAdd { Activity::UserRequests } else { Activity::AdministratorAssigns };
    decision.audit.push(audit(asked, &request, &names));
    let id = request.id;
    if let Some(failed) = facts.replaced().filter(|_| waits(facts, ask, policy, period)) {
        replace(&mut decision, failed, (&request, &names), None, now);
    }
    if needs_approval(facts, ask, policy) {
        let stages = &policy.body.approval.stages;
        let rows = ApprovalStage::all(id, stages, now, ids);
        let opening = Opening { stages, people: &facts.people, names: &names };
        for (i, row) in rows.into_iter().enumerate() {
            if i > 0 {
                decision.change(Change::Stage(row, Save::New));
                continue;
            }
            approval::open(&mut decision, request.clone(), row, (Save::New, Save::New), opening, now);
        }
        return Ok((id, decision));
    }
    decision.audit.push(audit(Activity::AutoApprove, &request, &names));
    if let Some(starts_at) = period.starts_at {
        decision.audit.push(audit(Activity::ScheduleStart, &request, &names));
        decision.change(Change::SetTimer(TimerKey::Request(id), starts_at));
        decision.change(Change::Request(request, Save::New));
    } else {
        let delivery = Delivery {
            starts_at: now,
            ends_at: period.ends_at,
            roles: &facts.roles,
            names: &names,
            mails: !policy.body.mails_disabled.unwrap_or(false),
            save: Save::New,
            external,
            replaces: facts.replaced(),
        };
        deliver(&mut decision, request, &delivery, now, ids);
    }
    Ok((id, decision))
}

/// What the rules say of a request, whether or not it is made.
pub(super) struct Judged<'f> {
    /// The policy, where one was chosen.
    pub policy: Option<&'f Policy>,
    /// Start and end, where the dates are allowed.
    pub period: Option<Period>,
    /// What the request will run under, and the guards; or the refusal that carries them.
    pub verdict: Result<(&'f Policy, Period, Vec<Guard>), Refusal>,
}

/// Runs every guard; gives the policy and the period the request will run under.
fn evaluate<'f>(
    facts: &'f SubmitFacts,
    ask: &Ask,
    now: Timestamp,
) -> Result<(&'f Policy, Period, Vec<Guard>), Refusal> {
    judge(facts, ask, now).verdict
}

/// Runs every guard, also those after one that failed.
pub(super) fn judge<'f>(facts: &'f SubmitFacts, ask: &Ask, now: Timestamp) -> Judged<'f> {
    let by_person = ask.kind == RequestType::UserAdd;
    let mut guards = Guards::default();
    catalog_guards(facts, by_person, &mut guards);
    let may_ask = |p: &Policy| p.is_enabled && (!by_person || lets_ask(p, facts.asks));
    let chosen = eligibility::choose(&facts.policies, ask.policy, &facts.target.facts, may_ask);
    let policy = match (chosen, only_one(facts, ask)) {
        (Ok(policy), _) | (Err(_), Some(policy)) => policy,
        (Err(refusal), None) => {
            guards.record(G::PolicyScope, Some(refusal.clone()));
            pair_guards(facts, &mut guards);
            guards.record(G::ResourcesHealthy, missing_resource(facts));
            let refusal = guards.finish().err().unwrap_or(refusal);
            return Judged { policy: None, period: None, verdict: Err(refusal) };
        }
    };
    let hidden = if by_person {
        let narrower = eligibility::narrower(&facts.policies, policy, &facts.target.facts, may_ask);
        eligibility::hidden_by(policy, &narrower)
    } else {
        None
    };
    policy_guards(facts, policy, (by_person, hidden), &mut guards);
    pair_guards(facts, &mut guards);
    let wanted = period(&policy.body, &ask.wanted, ask.asker(), now);
    guards.record(G::Schedule, wanted.as_ref().err().cloned());
    let wants_reason = by_person && policy.body.approval.requestor_justification;
    guards.record(G::Justification, reason_fault(ask.justification.as_deref(), wants_reason));
    guards.record(G::Answers, facts.questions(policy).fault(&ask.answers));
    guards.record(G::Attributes, facts.questions(policy).attributes_fault(&ask.answers));
    guards.record(G::VerifiedId, credentials_fault(ask, policy, by_person));
    guards.record(G::ApproverAvailable, approval_fault(facts, ask, policy));
    guards.record(G::ResourcesHealthy, missing_resource(facts));
    let period = wanted.as_ref().ok().copied();
    let verdict = guards.finish().and_then(|all| Ok((policy, wanted?, all)));
    Judged { policy: Some(policy), period, verdict }
}

/// Where no policy was named and none can be asked under, the only one whose scope has the target says why.
fn only_one<'f>(facts: &'f SubmitFacts, ask: &Ask) -> Option<&'f Policy> {
    let is_own = |p: &&Policy| p.body.is_self_service() || ask.kind != RequestType::UserAdd;
    let mut all = facts.policies.iter().filter(is_own).filter(|p| eligibility::in_scope(&p.body, &facts.target.facts));
    let first = all.next().filter(|_| ask.policy.is_none());
    first.filter(|_| all.next().is_none())
}

/// A resource of the package that is gone from its origin (decisions.md B9); its name is for administrators.
fn missing_resource(facts: &SubmitFacts) -> Option<Refusal> {
    let gone = facts.roles.iter().find(|r| r.role.is_missing)?;
    let what = if facts.conflicts.is_for_administrator() {
        format!("the resource `{}` of the access package", gone.role.resource_name)
    } else {
        "a resource of the access package".to_owned()
    };
    let message =
        format!("{what} is gone from its origin: it is restored there, or taken out of the access package, first");
    Some(Refusal::new(Code::ResourceMissing, message))
}

/// Whether the catalog is published is asked of people only: an administrator assigns in any (semantics.md 3).
fn catalog_guards(facts: &SubmitFacts, by_person: bool, guards: &mut Guards) {
    if by_person {
        guards.check(G::CatalogPublished, facts.catalog_published, || {
            Refusal::new(Code::CatalogUnpublished, "the catalog of the access package is not published")
        });
    }
    guards.check(G::CatalogExternal, facts.catalog_external || !facts.target.facts.is_external(), || {
        Refusal::new(Code::CatalogNotExternal, "the catalog of the access package is not open to external people")
    });
    if by_person {
        guards.check(G::PackageVisible, facts.is_visible, || {
            let message = "the target cannot see the access package: no policy of it includes him, and he never had to do with it";
            Refusal::new(Code::ResourceNotFound, message)
        });
    }
}

/// `hidden` says which narrower policy takes the place of this one.
fn policy_guards(
    facts: &SubmitFacts,
    policy: &Policy,
    (by_person, hidden): (bool, Option<Refusal>),
    guards: &mut Guards,
) {
    guards.check(G::PolicyEnabled, policy.is_enabled, || {
        Refusal::new(Code::PolicyDisabled, format!("the policy `{}` takes no new requests", policy.name))
    });
    if by_person && facts.asks == Asks::ForReport {
        guards.check(G::OnBehalfAllowed, lets_ask(policy, Asks::ForReport), || {
            let message = format!("the policy `{}` does not let managers ask for their reports", policy.name);
            Refusal::new(Code::PolicyDisabled, message)
        });
    } else if by_person {
        guards.check(G::SelfAddAllowed, lets_ask(policy, Asks::Himself), || {
            let message = format!("the policy `{}` is for assignment by administrators only", policy.name);
            Refusal::new(Code::PolicyDisabled, message)
        });
    }
    let outside = (!eligibility::in_scope(&policy.body, &facts.target.facts)).then(|| {
        let message =
            "You don't meet policy requirements to request this entitlement. The policy does not include the target.";
        Refusal::new(Code::NotInPolicyScope, message)
    });
    guards.record(G::PolicyScope, outside.or(hidden));
    // Who is blocked cannot ask, nor be named by an address; an administrator who names the account knows what he does
    // (behaviour.md e.2.7).
    if by_person || facts.target.facts.external.by_address {
        guards.check(G::SignInAllowed, facts.target.facts.is_enabled, || {
            Refusal::new(Code::TargetNotEligible, "the account of the target is blocked from signing in")
        });
    }
}

fn pair_guards(facts: &SubmitFacts, guards: &mut Guards) {
    guards.record(
        G::NoOpenRequest,
        facts.open_request.map(|id| {
            let message = format!("there is an open request `{id}` for this access package and target");
            Refusal::new(Code::ExistingOpenRequest, message).related(RelatedKind::Request, id, None)
        }),
    );
    guards.record(
        G::NoLiveAssignment,
        facts.live_assignment.filter(|_| facts.replaced().is_none()).map(|id| {
            let message = match &facts.failed {
                Some(failed) if failed.assignment.is_ending => format!(
                    "the target still holds this access package by assignment `{id}`, whose removal failed; an administrator can remove it again"
                ),
                Some(_) => format!(
                    "the target has this access package by assignment `{id}`, and nothing of it is there now; an administrator can reprocess or remove it"
                ),
                None => format!("the target holds this access package already, by assignment `{id}`"),
            };
            Refusal::new(Code::ExistingAssignment, message).related(RelatedKind::Assignment, id, None)
        }),
    );
    guards.record(G::CompatibleAccess, conflict(&facts.conflicts));
}

/// What is wrong with a reason; `wanted` says whether there must be one.
pub(super) fn reason_fault(reason: Option<&str>, wanted: bool) -> Option<Refusal> {
    let given = reason.map_or("", str::trim);
    if given.chars().count() > DESCRIPTION_CHARS_MAX {
        let message = format!("the justification has more than {DESCRIPTION_CHARS_MAX} characters");
        return Some(Refusal::new(Code::LimitExceeded, message));
    }
    (wanted && given.is_empty()).then(|| {
        Refusal::new(Code::JustificationRequired, "the policy wants a justification")
            .detail("/justification", "missing")
    })
}

/// Whether access is not given at once: somebody must approve first, or its start lies ahead.
const fn waits(facts: &SubmitFacts, ask: &Ask, policy: &Policy, period: Period) -> bool {
    needs_approval(facts, ask, policy) || period.starts_at.is_some()
}

/// Whether somebody must approve first.
pub(super) const fn needs_approval(facts: &SubmitFacts, ask: &Ask, policy: &Policy) -> bool {
    let asked = matches!(ask.kind, RequestType::UserAdd) || facts.enforce_approval;
    policy.body.approval.required_for_add && asked && !ask.bypass_approval
}

fn approval_fault(facts: &SubmitFacts, ask: &Ask, policy: &Policy) -> Option<Refusal> {
    if !needs_approval(facts, ask, policy) {
        return None;
    }
    approval::fault(&policy.body.approval.stages, &facts.people)
}
