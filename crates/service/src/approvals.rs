//! Approval of requests: deciding a stage, delegating, and what time does to an open one (behaviour.md b.4; semantics.md 8).

use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::requests;
use tenure_domain::Timestamp;
use tenure_domain::approval::{
    self, ApprovalStage, Basis, CorrectFacts, Decide, DecideFacts, DueFacts, People, StageState,
};
use tenure_domain::attribute;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::effect::Effect;
use tenure_domain::ids::{DelegationId, ObjectId, OrganizationId, PackageId, RequestId, StageId};
use tenure_domain::policy::{PolicyBody, SubjectSet};
use tenure_domain::refusal::{Code, GuardName, Refusal};
use tenure_domain::request::{Answer, Decision, Request, RequestState};
use tenure_domain::subject::Subject;
use tenure_store::rows::approval::{Delegation, Relative, RelativeKind};
use tenure_store::{First, Query, rows};
use uuid::Uuid;

/// Where those who could approve requests for a package are read, before it is known under which policy.
pub fn people_rows(
    package: PackageId,
    requestor: Option<ObjectId>,
    target: ObjectId,
) -> (Query<Relative>, Query<(Uuid, bool)>) {
    people_rows_of(package, requestor, (target, None))
}

/// The same for a target who may be no subject yet, with the organization he belongs to.
pub(crate) fn people_rows_of(
    package: PackageId,
    requestor: Option<ObjectId>,
    (target, organization): (ObjectId, Option<OrganizationId>),
) -> (Query<Relative>, Query<(Uuid, bool)>) {
    let requestor = requestor.unwrap_or(target).0;
    (
        rows::approval::relatives(package, (requestor, target.0), organization),
        rows::approval::named_of_package(package, requestor, target.0),
    )
}

/// Where those are read who could approve in stages that are known.
pub(crate) type StagePeople = (Query<Relative>, Vec<Query<(Uuid, bool)>>);

/// The same for stages that are known.
pub(crate) fn people_of_stages(policy: &PolicyBody, request: &Request) -> StagePeople {
    let target = request.target.0;
    let requestor = request.requestor.map_or(target, |r| r.0);
    let stages = &policy.approval.stages;
    let sets = stages.iter().flat_map(|stage| stage.primary.iter().chain(&stage.escalation));
    let named: Vec<Uuid> = sets.filter_map(SubjectSet::reference).collect();
    let relatives = rows::approval::relatives(request.package, (requestor, target), None);
    (relatives, rows::approval::named_of(&named, requestor, target))
}

/// Those people, from their rows.
pub fn people_of((relatives, named): (Vec<Relative>, Vec<(Uuid, bool)>)) -> People {
    let mut people = People { eligible: named.into_iter().collect(), ..People::default() };
    // Who could not decide as what he is, is not there: that the policy names him elsewhere makes him no manager
    // (behaviour.md b.4).
    for relative in relatives.into_iter().filter(|relative| relative.is_eligible) {
        match relative.kind {
            RelativeKind::RequestorManager(level) => {
                people.requestor_managers.insert(level, relative.id);
            }
            RelativeKind::TargetManager(level) => {
                people.target_managers.insert(level, relative.id);
            }
            RelativeKind::TargetSponsor => people.target_sponsors.push(relative.id),
            RelativeKind::InternalSponsor => people.internal_sponsors.push(relative.id),
            RelativeKind::ExternalSponsor => people.external_sponsors.push(relative.id),
            RelativeKind::CatalogOwner => people.owners.push(relative.id),
        }
        people.eligible.insert(relative.id, relative.is_group);
    }
    people
}

/// The same from the rows of [`people_of_stages`].
pub(crate) fn people_in_stages((relatives, named): (Vec<Relative>, Vec<Vec<(Uuid, bool)>>)) -> People {
    people_of((relatives, named.concat()))
}

/// A decision about a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideCommand {
    /// The request that is decided; its approval has the same id.
    pub request: RequestId,
    /// The stage.
    pub stage: StageId,
    /// Yes or no.
    pub approves: bool,
    /// Why.
    pub justification: Option<String>,
}

/// Decides a stage. Only people do (decisions.md J4).
pub fn decide(ctx: &mut Ctx<'_, '_>, command: &DecideCommand) -> Result<(), ServiceError> {
    let wanted = approval_rows(command.request, ctx.identity_person(), ctx.now);
    let (permit, found) = ctx.load(Action::RequestAccess, wanted)?;
    let Some(me) = ctx.person()? else {
        let refusal = Refusal::new(Code::NotAnApprover, "people approve, applications do not");
        return Err(refusal.by(GuardName::IsApprover).into());
    };
    let decision = decided(ctx, me, command, found)?;
    ctx.apply(&permit, &decision)
}

/// Decides a stage as `by` did at that time, without the mails: for a past that is told after the fact.
pub fn decide_back_then(ctx: &mut Ctx<'_, '_>, by: ObjectId, command: &DecideCommand) -> Result<(), ServiceError> {
    let found = ctx.fetch(approval_rows(command.request, Some(by), ctx.now))?;
    let mut decision = decided(ctx, by, command, found)?;
    decision.effects.clear();
    ctx.apply(&Permit::system(Action::RequestAccess), &decision)
}

/// Where a request that waits for approval is read, and why that person may decide it.
type ApprovalRows = (First<Request>, Query<ApprovalStage>, First<PolicyBody>, First<Subject>, Option<Query<Basis>>);
/// What was read there.
type FoundApproval = (Option<Request>, Vec<ApprovalStage>, Option<PolicyBody>, Option<Subject>, Option<Vec<Basis>>);

fn approval_rows(id: RequestId, by: Option<ObjectId>, now: Timestamp) -> ApprovalRows {
    (
        rows::request::get(id),
        rows::approval::stages(id),
        rows::approval::policy_of(id),
        rows::subject::of_request(id),
        by.map(|by| rows::approval::bases(id, by, now)),
    )
}

fn decided(
    ctx: &mut Ctx<'_, '_>,
    by: ObjectId,
    command: &DecideCommand,
    (request, rows, policy, subject, bases): FoundApproval,
) -> Result<Decision, ServiceError> {
    let (Some(request), Some(policy), false) = (request, policy, rows.is_empty()) else {
        return Err(Refusal::not_found("approval", command.request).into());
    };
    let people = people_of_stages(&policy, &request);
    let (start, people) = requests::start_facts(ctx, (request, policy, requests::Waiting::new(subject)), people)?;
    let people = people_in_stages(people);
    let facts = DecideFacts { rows, bases: bases.unwrap_or_default(), people, start };
    let command =
        Decide { stage: command.stage, by, approves: command.approves, justification: command.justification.clone() };
    Ok(approval::decide(&facts, &command, ctx.now, &mut ctx.ids)?)
}

/// Replaces answers of a request whose stage waits for the caller's decision (behaviour.md b.4).
pub fn correct(ctx: &mut Ctx<'_, '_>, id: RequestId, answers: &[Answer]) -> Result<(), ServiceError> {
    let now = ctx.now;
    let bases = ctx.identity_person().map(|me| rows::approval::bases(id, me, now));
    let wanted = (rows::request::get(id), rows::approval::stages(id), rows::approval::policy_of(id), bases);
    let (permit, (request, rows, policy, bases)) = ctx.load(Action::RequestAccess, wanted)?;
    let Some(me) = ctx.person()? else {
        let refusal = Refusal::new(Code::NotAnApprover, "people approve, applications do not");
        return Err(refusal.by(GuardName::IsApprover).into());
    };
    let (Some(request), Some(policy), false) = (request, policy, rows.is_empty()) else {
        return Err(Refusal::not_found("approval", id).into());
    };
    let (person, attributes, names) = ctx.fetch((
        rows::directory::user::get(ObjectId(request.target.0)),
        rows::attribute::of_package(request.package),
        requests::name_rows(&request),
    ))?;
    let attributes = person.map(|person| attribute::asked(attributes, &person)).unwrap_or_default();
    let bases = bases.unwrap_or_default();
    let facts = CorrectFacts { rows, bases, request, policy, attributes, names: requests::named(names) };
    let decision = approval::correct(&facts, me, answers, now)?;
    ctx.apply(&permit, &decision)
}

/// An instant of an open stage was reached, or somebody who was asked in it may have vanished.
pub(crate) fn due(ctx: &mut Ctx<'_, '_>, request: Request, policy: &PolicyBody) -> Result<(), ServiceError> {
    let RequestState::PendingApproval { stage: number, .. } = request.state else { return Ok(()) };
    let (relatives, named) = people_of_stages(policy, &request);
    let requestor = request.requestor.unwrap_or(request.target).0;
    let (stages, relatives, named, asked, names) = ctx.fetch((
        rows::approval::stages(request.id),
        relatives,
        named,
        rows::approval::asked((request.id, number), requestor, request.target.0),
        requests::name_rows(&request),
    ))?;
    let Some(stage) = stages.into_iter().find(|s| s.state == StageState::InProgress) else { return Ok(()) };
    let facts = DueFacts {
        request,
        stage,
        asked,
        stages: policy.approval.stages.clone(),
        people: people_in_stages((relatives, named)),
        names: requests::named(names),
    };
    let decision = approval::due(&facts, ctx.now, &mut ctx.ids);
    ctx.apply(&Permit::system(Action::AdministerAssignments), &decision)
}

/// A delegate to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelegation {
    /// The delegate.
    pub to: ObjectId,
    /// From when; now, when nothing is said.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
}

/// Names a delegate for the caller's approvals: one at a time, for all approvals that are assigned from now on
/// (behaviour.md b.4).
pub fn delegate(ctx: &mut Ctx<'_, '_>, new: &NewDelegation) -> Result<DelegationId, ServiceError> {
    let me = ctx.identity_person();
    let wanted = (me.map(rows::approval::delegation_from), rows::directory::user::get(new.to));
    let (permit, (old, delegate)) = ctx.load(Action::RequestAccess, wanted)?;
    let Some(me) = ctx.person()? else {
        return Err(Refusal::new(Code::NotAnApprover, "people approve, applications do not").into());
    };
    let fault = |message: &str, at: &str| Err(Refusal::new(Code::InvalidModel, message).detail(at, message).into());
    if new.to == me {
        return fault("nobody is his own delegate", "/delegateId");
    }
    let Some(delegate) = delegate.filter(|d| d.is_enabled) else {
        return fault("the delegate must be a person of the directory who may sign in", "/delegateId");
    };
    let starts_at = new.starts_at.unwrap_or(ctx.now).max(ctx.now);
    if new.ends_at.is_some_and(|end| end <= starts_at) {
        return fault("the delegation would end before it starts", "/endDateTime");
    }
    let replaced = old.flatten();
    if let Some(old) = &replaced {
        rows::approval::delete_delegation(ctx.tx, &permit, old.id);
    }
    let id = ctx.ids.next(ctx.now);
    let row = Delegation { id, from: me, to: new.to, starts_at, ends_at: new.ends_at, created_at: ctx.now };
    rows::approval::insert_delegation(ctx.tx, &permit, &row);
    let effect = Effect::NotifyDelegate { from: me.0, to: new.to.0 };
    let target = AuditTarget::new(TargetKind::User, new.to, delegate.name);
    let event = AuditEvent::new(Activity::DelegateApprovals, target.with(changes(replaced.as_ref(), &row)));
    let decision = Decision { effects: vec![effect], audit: vec![event], ..Decision::default() };
    ctx.apply(&permit, &decision)?;
    Ok(id)
}

/// What a delegation says, and what the one said whose place it takes.
fn changes(old: Option<&Delegation>, new: &Delegation) -> impl Iterator<Item = Modified> {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let modified = [
        Modified::change("Delegate", old.map(|d| d.to.to_string()), Some(new.to.to_string())),
        Modified::change("StartDateTime", text(old.map(|d| d.starts_at)), text(Some(new.starts_at))),
        Modified::change("EndDateTime", text(old.and_then(|d| d.ends_at)), text(new.ends_at)),
    ];
    modified.into_iter().flatten()
}

/// Takes the caller's delegation back.
pub fn end_delegation(ctx: &mut Ctx<'_, '_>, id: DelegationId) -> Result<(), ServiceError> {
    let (permit, found) = ctx.load(Action::RequestAccess, rows::approval::delegation(id))?;
    let me = ctx.person()?;
    let found = found.filter(|d| Some(d.from) == me).ok_or_else(|| Refusal::not_found("delegation", id))?;
    rows::approval::delete_delegation(ctx.tx, &permit, found.id);
    let target = AuditTarget::new(TargetKind::User, found.to, None);
    let gone = target.with([Modified::cleared("Delegate", found.to.to_string())]);
    ctx.audit(&AuditEvent::new(Activity::DelegateApprovals, gone))
}
