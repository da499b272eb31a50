//! Trying again what failed, and withdrawing what is under way (semantics.md 7; decisions.md H13, H14).

use super::{Waiting, names, start_facts};
use crate::bulk::holding_facts;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::assignment::Assignment;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{AssignmentId, RequestId};
use tenure_domain::refusal::{Code, GuardName, Refusal, RelatedKind};
use tenure_domain::request::{self, Decision, Direction, HoldingFacts, Request, WithdrawFacts};
use tenure_store::{Query, rows};

/// Tries a request again that failed, in full or in part.
pub fn reprocess(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (pending, request) = ctx.load_placed(Action::AdministerAssignments, rows::request::get(id))?;
    let (permit, request) = pending.on(request, || Refusal::not_found("assignment request", id))?;
    request::may_reprocess(&request, ctx.now)?;
    let direction = request.kind.direction();
    let open = ctx.fetch(rows::request::open(request.package, request.target, direction))?;
    if let Some(open) = open {
        let message = format!("there is an open request `{}` for this access package and target", open.id);
        let refusal = Refusal::new(Code::ExistingOpenRequest, message).by(GuardName::NoOpenRequest);
        return Err(refusal.related(RelatedKind::Request, open.id, None).into());
    }
    let assignment = match request.state.assignment() {
        Some(id) => ctx.fetch(rows::assignment::get(id))?,
        None => None,
    };
    let decision = match (direction, assignment) {
        (Direction::Grant, Some(assignment)) => deliver_again(ctx, &request, assignment)?,
        (Direction::Grant, None) => {
            let (policy, subject) =
                ctx.fetch((rows::approval::policy_of(request.id), rows::subject::of_request(request.id)))?;
            let policy = policy.ok_or_else(|| {
                let message = "the policy of the request is gone; make a new request";
                Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable)
            })?;
            let (facts, _) = start_facts(ctx, (request, policy, Waiting::new(subject)), None::<Query<Request>>)?;
            request::evaluate_again(&facts, ctx.now, &mut ctx.ids)
        }
        (Direction::Remove, Some(assignment)) => {
            let left = ctx.fetch(rows::grant::left_behind(assignment.id))?;
            let names = names(ctx, &request)?;
            request::remove_again(&request, &assignment, &left, &names, ctx.now)
        }
        (Direction::Remove, None) => return Err(ended(&request).into()),
    };
    ctx.apply(&permit, &decision)
}

fn ended(request: &Request) -> Refusal {
    let message = format!("the assignment of the request `{}` has ended; make a new request", request.id);
    Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable)
}

fn deliver_again(ctx: &mut Ctx<'_, '_>, request: &Request, assignment: Assignment) -> Result<Decision, ServiceError> {
    if !assignment.state.is_live() {
        return Err(ended(request).into());
    }
    let facts = facts(ctx, assignment)?;
    Ok(request::deliver_again(request, &facts, ctx.now, &mut ctx.ids))
}

fn facts(ctx: &mut Ctx<'_, '_>, assignment: Assignment) -> Result<HoldingFacts, ServiceError> {
    let facts = holding_facts(ctx, vec![assignment])?.into_iter().next();
    facts.ok_or_else(|| ServiceError::Internal("no facts of an assignment".to_owned()))
}

/// Gives all roles of an assignment again.
pub fn reprocess_assignment(ctx: &mut Ctx<'_, '_>, id: AssignmentId) -> Result<(), ServiceError> {
    let (pending, assignment) = ctx.load_placed(Action::AdministerAssignments, rows::assignment::get(id))?;
    let (permit, assignment) = pending.on(assignment, || Refusal::not_found("assignment", id))?;
    let facts = facts(ctx, assignment)?;
    let decision = request::reapply(&facts, ctx.now, &mut ctx.ids)?;
    ctx.apply(&permit, &decision)
}

/// Withdraws a request whose delivery has begun or failed.
pub(super) fn withdraw(ctx: &mut Ctx<'_, '_>, request: Request, permit: &Permit) -> Result<(), ServiceError> {
    let assignment = match request.state.assignment() {
        Some(id) => ctx.fetch(rows::assignment::get(id))?,
        None => None,
    };
    let of = |a: &Assignment| (rows::grant::held(a.id), rows::attribute::ending(a.id, a.target));
    let (of_assignment, policy) = ctx.fetch((assignment.as_ref().map(of), rows::policy::get(request.policy)))?;
    let (held, attributes) = of_assignment.unwrap_or_default();
    let facts = WithdrawFacts {
        names: names(ctx, &request)?,
        request,
        assignment,
        held,
        attributes,
        keep_pre_existing: policy.is_some_and(|p| p.keep_pre_existing),
    };
    ctx.apply(permit, &request::withdraw_delivery(&facts, ctx.now))
}
