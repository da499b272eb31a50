//! Giving access: at once, at a scheduled start, and as the reconciler reports progress.

use super::compatible::{Conflicts, conflict};
use super::replace::{FailedDelivery, replace};
use super::{Change, Decision, Names, Request, RequestState, RequestType, Save, TimerKey, audit, guest};
use crate::approval;
use crate::assignment::{Assignment, AssignmentState, fold};
use crate::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use crate::catalog::RoleKind;
use crate::effect::{Audience, Effect};
use crate::grant::{Grant, Link, RoleFacts, give};
use crate::ids::{AssignmentId, Ids, ObjectId};
use crate::notification::MailKind;
use crate::policy::PolicyBody;
use crate::policy::eligibility::{External, TargetFacts, in_scope};
use crate::policy::expiration::{Asker, ends};
use crate::refusal::{Code, GuardName, Refusal};
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// What delivering needs besides the request.
pub(super) struct Delivery<'a> {
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub roles: &'a [RoleFacts],
    pub names: &'a Names,
    pub mails: bool,
    pub save: Save,
    /// An assignment of which nothing was delivered, and whose place the new one takes.
    pub replaces: Option<&'a FailedDelivery>,
    /// What is known of the target as somebody from outside.
    pub external: &'a External,
}

/// Makes the assignment and its grants, and takes the request as far as it gets now.
pub(super) fn deliver(decision: &mut Decision, mut request: Request, d: &Delivery<'_>, now: Timestamp, ids: &mut Ids) {
    guest::invite(decision, &request, d.external);
    let id: AssignmentId = ids.next(now);
    if let Some(failed) = d.replaces {
        replace(decision, failed, (&request, d.names), Some((id, d.roles)), now);
    }
    let grants = give(d.roles, request.target, now, ids);
    let state = fold(grants.iter().map(|g| &g.grant));
    let assignment = Assignment {
        id,
        package: request.package,
        policy: request.policy,
        policy_version: request.policy_version,
        catalog: request.catalog,
        target: request.target,
        state,
        starts_at: d.starts_at,
        ends_at: d.ends_at,
        delivered_at: (state == AssignmentState::Delivered).then_some(now),
        ended_at: None,
        request: request.id,
        notices: 0,
        is_extended: false,
        is_ending: false,
        created_at: now,
        version: 1,
    };
    request.state = request_state(state, id, now);
    decision.audit.push(audit(Activity::ReadyToFulfill, &request, d.names));
    decision.audit.extend(result_row(state, &request, d.names).map(|row| name_roles(row, d.roles)));
    tell_end(decision, state, &request, (d.mails, d.external.account.is_some()));
    if d.save == Save::Changed {
        decision.change(Change::ClearTimer(TimerKey::Request(request.id)));
    }
    if let Some(deadline) = assignment.next_deadline(now) {
        decision.change(Change::SetTimer(TimerKey::Assignment(id), deadline));
    }
    super::answers::give_attributes(decision, &request, id);
    decision.change(Change::Request(request, d.save));
    decision.change(Change::Assignment(assignment, Save::New));
    let links: Vec<Link> = grants.iter().map(|g| Link { assignment: id, grant: g.grant.id }).collect();
    decision.grants(grants);
    decision.changes.extend(links.into_iter().map(Change::Link));
}

/// The state of a request that gives access, from the state of its assignment.
fn request_state(state: AssignmentState, assignment: AssignmentId, completed_at: Timestamp) -> RequestState {
    match state {
        AssignmentState::Delivering => RequestState::Delivering { assignment },
        AssignmentState::Delivered | AssignmentState::Expired => RequestState::Delivered { assignment, completed_at },
        AssignmentState::PartiallyDelivered => RequestState::PartiallyDelivered { assignment, completed_at },
        AssignmentState::DeliveryFailed => RequestState::DeliveryFailed { assignment: Some(assignment), completed_at },
    }
}

/// The audit row of a finished delivery.
fn result_row(state: AssignmentState, request: &Request, names: &Names) -> Option<AuditEvent> {
    match state {
        AssignmentState::Delivering | AssignmentState::Expired => None,
        AssignmentState::Delivered => Some(audit(Activity::Fulfill, request, names)),
        AssignmentState::PartiallyDelivered => Some(audit(Activity::PartiallyFulfill, request, names).failed()),
        AssignmentState::DeliveryFailed => Some(audit(Activity::FailRequest, request, names).failed()),
    }
}

/// What other systems said, once each (decisions.md C6).
fn say_why(row: AuditEvent, grants: &[&Grant]) -> AuditEvent {
    let told: BTreeSet<&str> = grants.iter().filter_map(|grant| grant.error.as_deref()).collect();
    if told.is_empty() { row } else { row.because(told.into_iter().collect::<Vec<_>>().join("; ")) }
}

/// Names in the audit row what was joined.
fn name_roles(row: AuditEvent, roles: &[RoleFacts]) -> AuditEvent {
    roles.iter().fold(row, |row, facts| {
        let role = &facts.role;
        row.about(joined((role.kind, role.origin, &role.resource_name), true))
    })
}

/// The object behind a role, with what was given or taken there.
pub(super) fn joined((role, origin, name): (RoleKind, ObjectId, &str), give: bool) -> AuditTarget {
    let (kind, property) = match role {
        RoleKind::GroupMember => (TargetKind::Group, "Group.Member"),
        RoleKind::GroupOwner => (TargetKind::Group, "Group.Owner"),
        RoleKind::AppRole(_) => (TargetKind::ServicePrincipal, "AppRole"),
        RoleKind::SiteGroup(_) => (TargetKind::Site, "Site.Group"),
        RoleKind::DirectoryRole => (TargetKind::Role, "Role.Member"),
    };
    let role = role.origin_id(origin);
    let modified = if give { Modified::set(property, role) } else { Modified::cleared(property, role) };
    AuditTarget::new(kind, origin, name.to_owned()).with([modified])
}

/// The mails about how a request that gives access ended; none while it is under way. `mails`: the policy sends mails to
/// assignees. `is_new_guest`: the account of the target was made for it.
fn tell_end(decision: &mut Decision, state: AssignmentState, request: &Request, (mails, is_new_guest): (bool, bool)) {
    decision.effects.extend(granted_mail(state, request, mails, is_new_guest));
    if state == AssignmentState::DeliveryFailed {
        approval::tell_requestor(decision, MailKind::Denied, request);
    }
    decision.effects.extend(fulfilled_mail(state, request));
}

/// Mail 18 goes to the person who asked; direct assignments send none (behaviour.md h), but it is also how somebody learns
/// of the account that was made for him (behaviour.md e.2.4).
fn granted_mail(state: AssignmentState, request: &Request, mails: bool, is_new_guest: bool) -> Option<Effect> {
    let asked = request.requestor.filter(|_| request.kind.is_by_person());
    let to = asked.or_else(|| is_new_guest.then_some(request.target))?;
    (state == AssignmentState::Delivered && mails).then_some(Effect::Notify {
        mail: MailKind::AccessGranted,
        to,
        package: request.package,
        request: request.id,
    })
}

/// Mail 7: those who approved hear how it ended. Who decided last has just heard that he approved; he hears of it again
/// only when that did not lead to access, or when he was the only one.
pub(super) fn fulfilled_mail(state: AssignmentState, request: &Request) -> Option<Effect> {
    let stages = request.stage.filter(|_| state != AssignmentState::Delivering)?;
    let is_given = state == AssignmentState::Delivered;
    Some(Effect::NotifyApprovers {
        mail: MailKind::RequestFulfilled,
        request: request.id,
        number: 1,
        last: if is_given { (stages - 1).max(1) } else { stages },
        audience: Audience::Everybody,
        until: None,
        after: None,
    })
}

/// Everything a scheduled start may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartFacts {
    /// The request.
    pub request: Request,
    /// The policy version it runs under.
    pub policy: PolicyBody,
    /// Who gets access; `None` when the object is gone.
    pub target: Option<TargetFacts>,
    /// A live assignment of the pair.
    pub live_assignment: Option<Assignment>,
    /// What the target has by now and the package excludes.
    pub conflicts: Conflicts,
    /// The package's roles and the target's hold on them.
    pub roles: Vec<RoleFacts>,
    /// Mails to assignees are sent under the policy as it is now, like those that follow later.
    pub mails: bool,
    /// For audit and mail.
    pub names: Names,
}

/// What a scheduled start leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// It is not yet time, or the request is no longer waiting.
    Nothing,
    /// Something follows.
    Decided(Decision),
}

/// The start of a scheduled request was reached: scope and separation of duties are tested again, then it is
/// delivered (behaviour.md b.3 #15; decisions.md H12).
pub fn start_reached(facts: &StartFacts, now: Timestamp, ids: &mut Ids) -> StartOutcome {
    let RequestState::Scheduled { starts_at } = facts.request.state else { return StartOutcome::Nothing };
    if starts_at > now {
        return StartOutcome::Nothing;
    }
    let mut decision = Decision::default();
    let mut request = facts.request.clone();
    request.version += 1;
    begin(&mut decision, request, facts, starts_at, now, ids);
    StartOutcome::Decided(decision)
}

/// Delivers a request from `starts_at` on, or says why that can no longer be (decisions.md H12).
pub(super) fn begin(
    decision: &mut Decision,
    mut request: Request,
    facts: &StartFacts,
    starts_at: Timestamp,
    now: Timestamp,
    ids: &mut Ids,
) {
    let asker = if request.kind == RequestType::UserAdd { Asker::Person } else { Asker::Administrator };
    let nothing = External::default();
    match may_start(facts).and_then(|()| ends(&facts.policy, &request.wanted, asker, starts_at)) {
        Ok(ends_at) => {
            request.reason = None;
            let delivery = Delivery {
                starts_at,
                ends_at,
                roles: &facts.roles,
                names: &facts.names,
                mails: facts.mails,
                save: Save::Changed,
                replaces: None,
                external: facts.target.as_ref().map_or(&nothing, |t| &t.external),
            };
            deliver(decision, request, &delivery, now, ids);
        }
        Err(refusal) => fail(decision, request, refusal, &facts.names, now),
    }
}

/// The request cannot be delivered.
pub(super) fn fail(decision: &mut Decision, mut request: Request, refusal: Refusal, names: &Names, now: Timestamp) {
    request.state = RequestState::DeliveryFailed { assignment: None, completed_at: now };
    request.reason = Some(refusal.code.name().to_owned());
    let row = audit(Activity::FailRequest, &request, names).failed().because(refusal.message);
    decision.audit.push(row);
    tell_end(decision, AssignmentState::DeliveryFailed, &request, (false, false));
    decision.change(Change::ClearTimer(TimerKey::Request(request.id)));
    decision.change(Change::Request(request, Save::Changed));
}

/// Whether a request may be delivered: its target is there, has it not yet, is in scope, and has nothing that excludes it
/// (decisions.md H12).
pub(super) fn may_start(facts: &StartFacts) -> Result<(), Refusal> {
    if let (Some(id), Some(_)) = (facts.live_assignment.as_ref().map(|a| a.id), &facts.target) {
        let message = format!("the target holds the package by assignment `{id}`");
        return Err(Refusal::new(Code::ExistingAssignment, message));
    }
    may_have(facts)
}

/// The same of what a request has made already.
pub(super) fn may_have(facts: &StartFacts) -> Result<(), Refusal> {
    let Some(target) = &facts.target else {
        return Err(Refusal::new(Code::TargetNotEligible, "the target no longer exists"));
    };
    if !in_scope(&facts.policy, target) {
        let refusal = Refusal::new(Code::NotInPolicyScope, "the target is no longer in the policy's scope");
        return Err(refusal.by(GuardName::PolicyScope));
    }
    guest::may_invite(&target.external)?;
    conflict(&facts.conflicts).map_or(Ok(()), |refusal| Err(refusal.by(GuardName::CompatibleAccess)))
}

/// An assignment, the request that made it, and its grants, after the reconciler has recorded something. `mails`: its policy
/// sends mails to assignees; `is_new_guest`: the account of its holder was made for it.
pub fn delivery_progress(
    request: &Request,
    assignment: &Assignment,
    grants: &[Grant],
    names: &Names,
    (mails, is_new_guest): (bool, bool),
    now: Timestamp,
) -> Decision {
    let mut decision = Decision::default();
    if assignment.state.is_live() {
        let standing = Standing { assignment, request: Some(request), names, mails, is_new_guest };
        stands(&mut decision, &standing, &grants.iter().collect::<Vec<_>>(), now);
    }
    decision
}

/// A live assignment whose grants have changed.
pub(super) struct Standing<'a> {
    pub assignment: &'a Assignment,
    /// The request that is delivering it; one that has ended is left as it is.
    pub request: Option<&'a Request>,
    pub names: &'a Names,
    pub mails: bool,
    /// The account of its holder was made for it.
    pub is_new_guest: bool,
}

/// Brings an assignment, and the request that is delivering it, to where its grants are; gives that state.
pub(super) fn stands(
    decision: &mut Decision,
    standing: &Standing<'_>,
    grants: &[&Grant],
    now: Timestamp,
) -> AssignmentState {
    let Standing { assignment, request, names, mails, is_new_guest } = standing;
    let state = fold(grants.iter().copied());
    if state != assignment.state {
        let mut changed = Assignment { state, version: assignment.version + 1, ..(*assignment).clone() };
        if state == AssignmentState::Delivered {
            changed.delivered_at = changed.delivered_at.or(Some(now));
        }
        decision.change(Change::Assignment(changed, Save::Changed));
    }
    let delivering = request.filter(|r| matches!(r.state, RequestState::Delivering { .. }));
    if let Some(request) = delivering.filter(|_| state != AssignmentState::Delivering) {
        let mut request = request.clone();
        request.version += 1;
        ends_at_state(decision, request, state, (assignment.id, grants), (names, *mails, *is_new_guest), now);
    }
    state
}

/// A request that gives access has got as far as its assignment.
pub(super) fn ends_at_state(
    decision: &mut Decision,
    mut request: Request,
    state: AssignmentState,
    (assignment, grants): (AssignmentId, &[&Grant]),
    (names, mails, is_new_guest): (&Names, bool, bool),
    now: Timestamp,
) {
    request.state = request_state(state, assignment, now);
    let row = result_row(state, &request, names);
    decision.audit.extend(row.map(|row| if row.succeeded { row } else { say_why(row, grants) }));
    tell_end(decision, state, &request, (mails, is_new_guest));
    decision.change(Change::Request(request, Save::Changed));
}
