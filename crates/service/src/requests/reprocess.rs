//! Trying again what failed, and withdrawing what is under way (semantics.md 7; decisions.md H13, H14).

use super::{Waiting, names, start_facts};
use crate::bulk::holding_facts;
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::assignment::Assignment;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{AssignmentId, RequestId};
use tenure_domain::refusal::{Code, GuardName, Refusal, RelatedKind};
use tenure_domain::request::{self, Direction, HoldingFacts, Request, RequestState, StartFacts, WithdrawFacts};
use tenure_store::{Query, rows};

/// Tries a request again that failed, in full or in part.
pub fn reprocess(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (pending, request) = ctx.load_placed(Action::AdministerAssignments, rows::request::get(id))?;
    let (permit, request) = pending.on(request, || Refusal::not_found("assignment request", id))?;
    request::may_reprocess(&request, ctx.now)?;
    let direction = request.kind.direction();
    let open = |direction| rows::request::open(request.package, request.target, direction);
    let assignment = request.state.assignment().map(rows::assignment::get);
    let (gives, takes, assignment) = ctx.fetch((open(Direction::Grant), open(Direction::Remove), assignment))?;
    nothing_under_way(direction, gives.as_ref(), takes.as_ref())?;
    let decision = match (direction, assignment.flatten()) {
        (Direction::Grant, Some(assignment)) if !assignment.state.is_live() || assignment.is_ending => {
            return Err(ended(&request).into());
        }
        (Direction::Grant, Some(assignment)) if assignment.request != request.id => {
            let facts = facts_of_start(ctx, request)?;
            request::update_again(&facts, assignment.id, ctx.now)
        }
        (Direction::Grant, Some(assignment)) => {
            let start = facts_of_start(ctx, request)?;
            let facts = facts(ctx, assignment)?;
            request::deliver_again(&start, &facts, ctx.now, &mut ctx.ids)
        }
        (Direction::Grant, None) => {
            let facts = facts_of_start(ctx, request)?;
            request::evaluate_again(&facts, ctx.now, &mut ctx.ids)
        }
        (Direction::Remove, Some(assignment)) => {
            let (left, policy) =
                ctx.fetch((rows::grant::left_behind(assignment.id), rows::policy::get(assignment.policy)))?;
            let names = names(ctx, &request)?;
            let mails = !policy.is_some_and(|p| p.body.mails_disabled.unwrap_or(false));
            request::remove_again(&request, &assignment, &left, (&names, mails), ctx.now)
        }
        (Direction::Remove, None) => return Err(ended(&request).into()),
    };
    ctx.apply(&permit, &decision)
}

/// Nothing is tried again while another request of the pair is open: what one gives the other would take.
fn nothing_under_way(direction: Direction, gives: Option<&Request>, takes: Option<&Request>) -> Result<(), Refusal> {
    let (open, what) = match (direction, gives, takes) {
        (Direction::Grant, _, Some(takes)) => (takes, "the access is being removed by the open request"),
        (Direction::Remove, Some(gives), _) => {
            (gives, "cancel first, or wait for, the open request that gives access,")
        }
        (_, Some(open), _) | (_, _, Some(open)) => {
            (open, "for this access package and target there is an open request")
        }
        (_, None, None) => return Ok(()),
    };
    let refusal = Refusal::new(Code::ExistingOpenRequest, format!("{what} `{}`", open.id)).by(GuardName::NoOpenRequest);
    Err(refusal.related(RelatedKind::Request, open.id, None))
}

/// What a request looks at that is decided once more under the policy version of its submit.
fn facts_of_start(ctx: &mut Ctx<'_, '_>, request: Request) -> Result<StartFacts, ServiceError> {
    let (policy, subject) =
        ctx.fetch((rows::approval::policy_of(request.id), rows::subject::of_request(request.id)))?;
    let policy = policy.ok_or_else(|| {
        let message = "the policy of the request is gone; make a new request";
        Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable)
    })?;
    let (facts, _) = start_facts(ctx, (request, policy, Waiting::new(subject)), None::<Query<Request>>)?;
    Ok(facts)
}

fn ended(request: &Request) -> Refusal {
    let message =
        format!("the assignment of the request `{}` has ended, or is being removed; make a new request", request.id);
    Refusal::new(Code::RequestNotReprocessable, message).by(GuardName::RequestReprocessable)
}

fn facts(ctx: &mut Ctx<'_, '_>, assignment: Assignment) -> Result<HoldingFacts, ServiceError> {
    let facts = holding_facts(ctx, vec![assignment])?.into_iter().next();
    facts.ok_or_else(|| ServiceError::Internal("no facts of an assignment".to_owned()))
}

/// Goes on with a request that waits for a workflow extension.
pub fn resume(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (pending, request) = ctx.load_placed(Action::AdministerAssignments, rows::request::get(id))?;
    let (_, request) = pending.on(request, || Refusal::not_found("assignment request", id))?;
    Ok(request::may_resume(&request)?)
}

/// Gives all roles of an assignment again.
pub fn reprocess_assignment(ctx: &mut Ctx<'_, '_>, id: AssignmentId) -> Result<(), ServiceError> {
    let (pending, assignment) = ctx.load_placed(Action::AdministerAssignments, rows::assignment::get(id))?;
    let (permit, assignment) = pending.on(assignment, || Refusal::not_found("assignment", id))?;
    let (made_by, open) = ctx.fetch((
        rows::request::get(assignment.request),
        rows::request::open(assignment.package, assignment.target, Direction::Grant),
    ))?;
    // The request that gave only part of it is fulfilled now, unless another one of the pair is open.
    let is_partial = |r: &Request| matches!(r.state, RequestState::PartiallyDelivered { .. }) && open.is_none();
    let unfinished = made_by.filter(is_partial).map(|r| facts_of_start(ctx, r)).transpose()?;
    let facts = facts(ctx, assignment)?;
    let decision = request::reapply(&facts, unfinished.as_ref(), ctx.now, &mut ctx.ids)?;
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
