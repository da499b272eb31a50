//! Ending access: by an administrator, or by its holder.

use super::submit::{Submitted, caller_subject, finish};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::assignment::Assignment;
use tenure_domain::authorize::{Action, Pending};
use tenure_domain::ids::{AssignmentId, ObjectId, PackageId, PolicyId, RequestId, SubjectId};
use tenure_domain::policy::requirements::names_managers;
use tenure_domain::refusal::{Code, GuardName, Refusal};
use tenure_domain::request::{self, Direction, Names, RemovalFacts, RemovalKind, RequestType};
use tenure_store::rows;

/// An assignment as a request names it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AssignmentRef {
    /// By its id; the id of the request that made it is understood too (decisions.md H21).
    pub id: Option<AssignmentId>,
    /// By its package,
    pub package: Option<PackageId>,
    /// its policy,
    pub policy: Option<PolicyId>,
    /// and its holder.
    pub target: Option<ObjectId>,
}

impl AssignmentRef {
    /// The refusal where there is none of that name, or the caller may not know of it.
    pub(super) fn not_found(&self) -> Refusal {
        match self.id {
            Some(id) => Refusal::not_found("assignment", id),
            None => {
                Refusal::new(Code::ResourceNotFound, "there is no live assignment of that access package and target")
            }
        }
    }
}

/// A request that ends access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveCommand {
    /// [`RequestType::AdminRemove`], [`RequestType::UserRemove`] or [`RequestType::ApproverRemove`].
    pub kind: RequestType,
    /// The assignment.
    pub assignment: AssignmentRef,
    /// The reason.
    pub justification: Option<String>,
    /// Say what would happen, and do nothing.
    pub validate_only: bool,
}

/// Ends an assignment, or says what would come of it (behaviour.md b.2).
pub fn remove(ctx: &mut Ctx<'_, '_>, command: &RemoveCommand) -> Result<Submitted, ServiceError> {
    let by_person = command.kind == RequestType::UserRemove;
    let by_approver = command.kind == RequestType::ApproverRemove;
    let action = if by_person || by_approver { Action::RequestAccess } else { Action::AssignDirectly };
    let (pending, found) = find(ctx, action, &command.assignment)?;
    let me = ctx.person()?.map(|id| SubjectId(id.0));
    let missing = || command.assignment.not_found();
    let (permit, assignment) = pending.on(found, missing)?;
    let is_foreign = by_person && Some(assignment.target) != me;
    if is_foreign && !is_manager(ctx, assignment.target)? {
        return Err(missing().into());
    }
    let revocation = if by_approver { Some(revokes(ctx, &assignment, command)?) } else { None };
    let facts = removal_facts(ctx, assignment)?;
    let requestor = ctx.caller()?.principal.object().map(|o| SubjectId(o.0));
    let justification = command.justification.clone();
    let kind = match (revocation, by_person, me) {
        (Some(by_approver), _, _) => by_approver,
        (None, true, Some(requestor)) if is_foreign => RemovalKind::Manager { requestor, justification },
        (None, true, Some(requestor)) => RemovalKind::Holder { requestor, justification },
        _ => RemovalKind::Administrator { requestor, justification },
    };
    match request::remove(&facts, &kind, ctx.now, &mut ctx.ids)? {
        Some((id, mut decision)) => {
            // The holder is known; whoever else asks may be new.
            if !matches!(kind, RemovalKind::Holder { .. }) {
                decision.changes.extend(caller_subject(ctx)?.map(request::Change::Subject));
            }
            finish(ctx, &permit, (id, &decision), command.validate_only)
        }
        None => Err(missing().into()),
    }
}

/// An approver takes back what he approved, and says why (decisions.md Q1).
fn revokes(
    ctx: &mut Ctx<'_, '_>,
    assignment: &Assignment,
    command: &RemoveCommand,
) -> Result<RemovalKind, ServiceError> {
    let not_his = || {
        let message = "the caller has not approved this assignment";
        Refusal::new(Code::NotAnApprover, message).by(GuardName::IsApprover)
    };
    let me = ctx.person()?.ok_or_else(not_his)?;
    ctx.fetch(rows::approval::approved_by(assignment.id.0, me))?.ok_or_else(not_his)?;
    let reason = command.justification.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let Some(reason) = reason else {
        let message = "an approver who takes access back says why";
        let refusal = Refusal::new(Code::JustificationRequired, message).by(GuardName::Justification);
        return Err(refusal.detail("/justification", "missing").into());
    };
    Ok(RemovalKind::Approver { requestor: SubjectId(me.0), justification: reason.to_owned() })
}

/// Whether the caller is the direct manager of a person (behaviour.md b.2).
pub(super) fn is_manager(ctx: &mut Ctx<'_, '_>, person: SubjectId) -> Result<bool, ServiceError> {
    let manager = ctx.fetch(rows::directory::user::get(ObjectId(person.0)))?.and_then(|p| p.manager);
    Ok(manager.is_some() && manager == ctx.person()?)
}

/// What is permitted, and the assignment, in one round trip.
pub(super) fn find(
    ctx: &mut Ctx<'_, '_>,
    action: Action,
    named: &AssignmentRef,
) -> Result<(Pending, Option<Assignment>), ServiceError> {
    if let Some(id) = named.id {
        let wanted = (rows::assignment::get(id), rows::assignment::of_request(RequestId(id.0)));
        let (pending, (assignment, of_request)) = ctx.load_placed(action, wanted)?;
        return Ok((pending, assignment.or(of_request)));
    }
    let target = match named.target {
        Some(target) => Some(target),
        None => ctx.identity_person(),
    };
    let (Some(package), Some(target)) = (named.package, target) else {
        ctx.pending(action)?;
        let message = "assignment/id is required, or assignment/accessPackageId with assignment/targetId";
        return Err(Refusal::new(Code::InvalidModel, message).detail("/assignment/id", "missing").into());
    };
    let (pending, live) = ctx.load_placed(action, rows::assignment::live(package, SubjectId(target.0)))?;
    Ok((pending, live.filter(|a| named.policy.is_none_or(|p| p == a.policy))))
}

/// Everything the end of an assignment looks at.
pub(crate) fn removal_facts(ctx: &mut Ctx<'_, '_>, assignment: Assignment) -> Result<RemovalFacts, ServiceError> {
    let (mut held, left, grant_side, removal, policy, package, target, attributes) = ctx.fetch((
        rows::grant::held(assignment.id),
        // What could not be taken earlier, with a role of the package or by a removal, is still to be taken.
        rows::grant::left_behind(assignment.id),
        rows::request::open(assignment.package, assignment.target, Direction::Grant),
        rows::request::open(assignment.package, assignment.target, Direction::Remove),
        rows::policy::get(assignment.policy),
        rows::package::get(assignment.package),
        rows::subject::name(assignment.target),
        rows::attribute::ending(assignment.id, assignment.target),
    ))?;
    held.extend(left);
    Ok(RemovalFacts {
        held,
        open_grant_request: grant_side,
        removes_earlier: removal.as_ref().is_some_and(|r| r.state.assignment() != Some(assignment.id)),
        open_removal: removal.map(|r| r.id),
        self_remove: policy.as_ref().is_some_and(|p| p.body.requestor.self_remove),
        keep_pre_existing: policy.as_ref().is_some_and(|p| p.keep_pre_existing),
        manager_remove: policy.as_ref().is_some_and(|p| p.body.requestor.on_behalf_remove && names_managers(p)),
        attributes,
        mails: !policy.as_ref().is_some_and(|p| p.body.mails_disabled.unwrap_or(false)),
        names: Names {
            target: target.unwrap_or_default(),
            package: package.map(|p| p.name).unwrap_or_default(),
            policy: policy.map(|p| p.name).unwrap_or_default(),
        },
        assignment,
    })
}
