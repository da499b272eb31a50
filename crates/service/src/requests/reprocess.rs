//! Trying again what failed, and withdrawing what is under way (semantics.md 7; decisions.md H13, H14).

use super::{Waiting, names, start_facts};
use crate::bulk::holding_facts;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::assignment::Assignment;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{AssignmentId, RequestId};
use tenure_domain::refusal::{Code, GuardName, Refusal, RelatedKind};
use tenure_domain::request::{self, Direction, HoldingFacts, Request, StartFacts, WithdrawFacts};
use tenure_store::{Query, rows};

/// Tries a request again that failed, in full or in part.
pub fn reprocess(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (pending, request) = ctx.load_placed(Action::AdministerAssignments, rows::request::get(id))?;
    let (permit, request) = pending.on(request, || Refusal::not_found("assignment request", id))?;
    request::may_reprocess(&request, ctx.now)?;
    let direction = request.kind.direction();
    let open = |direction| rows::request::open(request.package, request.target, direction);
    let (open, removal) = ctx.fetch((open(direction), open(Direction::Remove)))?;
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
        (Direction::Grant, Some(assignment)) if removal.is_some() || !assignment.state.is_live() => {
            return Err(ended(&request).into());
        }
        (Direction::Grant, Some(assignment)) if assignment.request != request.id => {
            let facts = facts_again(ctx, request)?;
            request::change_again(&facts, assignment.id, ctx.now)
        }
        (Direction::Grant, Some(assignment)) => {
            let facts = facts(ctx, assignment)?;
            request::deliver_again(&request, &facts, ctx.now, &mut ctx.ids)
        }
        (Direction::Grant, None) => {
            let facts = facts_again(ctx, request)?;
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
    let message = format!("the assignment of the request `{}` has ended, or ends; make a new request", request.id);
    Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable)
}

/// What is looked at when a request is decided once more.
fn facts_again(ctx: &mut Ctx<'_, '_>, request: Request) -> Result<StartFacts, ServiceError> {
    let (policy, subject) =
        ctx.fetch((rows::approval::policy_of(request.id), rows::subject::of_request(request.id)))?;
    let policy = policy.ok_or_else(|| {
        let message = "the policy of the request is gone; make a new request";
        Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable)
    })?;
    Ok(start_facts(ctx, (request, policy, Waiting::new(subject)), None::<Query<Request>>)?.0)
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
    let assignment = request.state.assignment().map(rows::assignment::get);
    let removal = rows::request::open(request.package, request.target, Direction::Remove);
    let (assignment, removal) = ctx.fetch((assignment, removal))?;
    // What is being taken already is left to the request that takes it.
    let assignment = assignment.flatten().filter(|_| removal.is_none());
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
