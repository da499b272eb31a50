//! Changing what somebody holds: by its holder, by his manager, or by an administrator; the renewal that `userAdd` by a
//! holder is, and the move to another policy that `adminAdd` for one is (behaviour.md b.2, b.5; decisions.md H10).

use super::remove::{AssignmentRef, find};
use super::submit::{SubmitCommand, Submitted, finish, requestor};
use super::target::{self, Named};
use crate::approvals::{people_of, people_rows};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use tenure_domain::assignment::{Assignment, ended};
use tenure_domain::attribute;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{ObjectId, PolicyId};
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::policy::requirements::Asks;
use tenure_domain::refusal::{Code, GuardName, Refusal};
use tenure_domain::request::{self, Answer, Direction, RequestType, SubmitFacts, UpdateAsk, UpdateFacts, Updater};
use tenure_store::rows;
use tenure_store::rows::directory::{application, user};

/// A request that changes an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCommand {
    /// [`RequestType::UserUpdate`] or [`RequestType::AdminUpdate`].
    pub kind: RequestType,
    /// A later end is asked for, whatever else is said.
    pub extends: bool,
    /// The assignment.
    pub assignment: AssignmentRef,
    /// The dates wanted.
    pub wanted: WantedSchedule,
    /// The reason.
    pub justification: Option<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// Skip the approval.
    pub bypass_approval: bool,
    /// Say what would happen, and do nothing.
    pub validate_only: bool,
}

/// Changes an assignment.
pub fn update(ctx: &mut Ctx<'_, '_>, command: &UpdateCommand) -> Result<Submitted, ServiceError> {
    let by_person = command.kind == RequestType::UserUpdate;
    let action = if by_person { Action::RequestAccess } else { Action::AssignDirectly };
    let (pending, found) = find(ctx, action, &command.assignment)?;
    if command.bypass_approval {
        ctx.permit(Action::BypassApproval)?;
    }
    let missing = || command.assignment.not_found();
    let (permit, assignment) = pending.on(found, missing)?;
    let (package, holder) = (assignment.package, ObjectId(assignment.target.0));
    let under = command.assignment.policy.unwrap_or(assignment.policy);
    if by_person && under != assignment.policy {
        let message = "only administrators move an assignment to another policy";
        return Err(Refusal::new(Code::ExtensionNotAllowed, message).into());
    }
    let wanted = (
        (rows::package::get(package), rows::policy::get(under), rows::tenant::settings()),
        (user::get(holder), application::service_principal(holder)),
        user::policy_groups(package, holder),
        rows::request::open(package, assignment.target, Direction::Grant),
        rows::request::open(package, assignment.target, Direction::Remove),
        rows::request::answers(package, assignment.target),
        rows::attribute::of_package(package),
        people_rows(package, ctx.identity_principal(), holder),
    );
    let ((package, policy, settings), (person, service), groups, open, removal, earlier, attributes, people) =
        ctx.fetch(wanted)?;
    let by = if by_person {
        let me = ctx.person()?;
        let is_manager = me.is_some() && person.as_ref().is_some_and(|p| p.manager == me);
        match me {
            Some(me) if me == holder => Updater::Holder,
            Some(_) if is_manager => Updater::Manager,
            // Not his, so not there.
            Some(_) | None => return Err(missing().into()),
        }
    } else {
        Updater::Administrator
    };
    let attributes = person.as_ref().map(|p| attribute::asked(attributes, p)).unwrap_or_default();
    let named = Named::Object { id: holder, by_address: None };
    let target = match target::state(ctx, &named, (person, service, groups), None)? {
        None if !by_person => target::deleted(ctx, assignment.target)?,
        found => found,
    };
    let target = target.ok_or_else(|| Refusal::no_such_object(holder))?;
    let requestor = requestor(ctx, &target.subject)?;
    let of = assignment.package;
    // A policy can be deleted when nothing runs under it any more.
    let is_own = under == assignment.policy;
    let gone = if is_own { ended(assignment.id).by(GuardName::LiveAssignment) } else { no_such_policy(under) };
    let facts = UpdateFacts {
        assignment,
        package: package.ok_or_else(missing)?,
        policy: policy.filter(|p| p.package == of).ok_or(gone)?,
        target,
        requestor,
        open_request: open.or(removal).map(|r| r.id),
        earlier: earlier.unwrap_or_default(),
        attributes,
        people: people_of(people),
        enforce_approval: settings.unwrap_or_default().enforce_approval_on_direct_assignment,
    };
    let ask = UpdateAsk {
        kind: command.kind,
        by,
        extends: command.extends,
        wanted: command.wanted,
        justification: command.justification.clone(),
        answers: command.answers.clone(),
        bypass_approval: command.bypass_approval,
    };
    decide(ctx, &permit, &facts, &ask, command.validate_only)
}

fn no_such_policy(id: PolicyId) -> Refusal {
    Refusal::not_found("assignment policy of this access package", id)
}

/// A holder asks anew for what he holds, with an end: that is an extension, and stays the type of request it was sent as.
pub(super) fn renew(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    (loaded, assignment): (SubmitFacts, Assignment),
    command: &SubmitCommand,
) -> Result<Submitted, ServiceError> {
    let by = if loaded.asks == Asks::ForReport { Updater::Manager } else { Updater::Holder };
    let under = assignment.policy;
    anew(ctx, permit, (loaded, assignment, under), (by, command))
}

/// An administrator assigns what somebody holds under another policy: his assignment comes under that one.
pub(super) fn switch(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    (loaded, assignment): (SubmitFacts, Assignment),
    command: &SubmitCommand,
) -> Result<Submitted, ServiceError> {
    let under = command.policy.unwrap_or(assignment.policy);
    anew(ctx, permit, (loaded, assignment, under), (Updater::Administrator, command))
}

/// What is asked for anew although it is held.
fn anew(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    (loaded, assignment, under): (SubmitFacts, Assignment, PolicyId),
    (by, command): (Updater, &SubmitCommand),
) -> Result<Submitted, ServiceError> {
    let (package, holder) = (assignment.package, assignment.target);
    let wanted = (rows::request::answers(package, holder), rows::request::open(package, holder, Direction::Remove));
    let (earlier, removal) = ctx.fetch(wanted)?;
    let policy = loaded.policies.into_iter().find(|p| p.id == under);
    let facts = UpdateFacts {
        assignment,
        package: loaded.package,
        policy: policy.ok_or_else(|| no_such_policy(under))?,
        target: loaded.target,
        requestor: loaded.requestor,
        open_request: loaded.open_request.or(removal.map(|r| r.id)),
        earlier: earlier.unwrap_or_default(),
        attributes: loaded.attributes,
        people: loaded.people,
        enforce_approval: loaded.enforce_approval,
    };
    let ask = UpdateAsk {
        kind: command.kind,
        by,
        extends: by != Updater::Administrator,
        wanted: command.wanted,
        justification: command.justification.clone(),
        answers: command.answers.clone(),
        bypass_approval: command.bypass_approval,
    };
    decide(ctx, permit, &facts, &ask, command.validate_only)
}

fn decide(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    facts: &UpdateFacts,
    ask: &UpdateAsk,
    validate_only: bool,
) -> Result<Submitted, ServiceError> {
    let (id, decision) = request::update(facts, ask, ctx.now, &mut ctx.ids)?;
    finish(ctx, permit, (id, &decision), validate_only)
}
