//! What happens without anybody asking: timers that fire, effects that are due, grants that are executed remotely. The
//! job runner calls these; each asks again what is true instead of assuming it, so that late, early and twice are the
//! same harmless thing.

use crate::ctx::Ctx;
use crate::directory;
use crate::error::ServiceError;
use crate::requests;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::RoleKind;
use tenure_domain::effect::Effect;
use tenure_domain::grant::{Grant, Observed, Outcome, record};
use tenure_domain::ids::{AssignmentId, MailId, ObjectId, OutboxId, RequestId};
use tenure_domain::notification::MailKind;
use tenure_domain::request::{
    self, Direction, Names, RemovalKind, Request, RequestState, StartFacts, StartOutcome, delivery_progress,
    removal_progress,
};
use tenure_store::queue::{self, OutboxRow, Subject, Timer};
use tenure_store::rows;
use tenure_store::rows::grant::Work;
use tenure_store::rows::mail::Mail;
use uuid::Uuid;

/// Work of the product itself needs no caller's permission.
fn permit() -> Permit {
    Permit::system(Action::AdministerAssignments)
}

/// A timer fired.
pub fn fire(ctx: &mut Ctx<'_, '_>, timer: Timer, lease: Uuid) -> Result<(), ServiceError> {
    // The row goes first: what follows may set the same timer anew.
    queue::timer_done(ctx.tx, timer.subject, lease);
    match timer.subject {
        Subject::Request(id) => start(ctx, id),
        Subject::Assignment(id) => end(ctx, id),
        Subject::DeletedObject(id) => directory::deleted::delete_for_good_by_timer(ctx, id),
    }
}

fn start(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let (request, subject) = ctx.fetch((rows::request::get(id), rows::subject::of_request(id)))?;
    let Some(request) = request else { return Ok(()) };
    let waiting = requests::Waiting::new(subject);
    let target = ObjectId(request.target.0);
    let (policy, person, service, groups, live, roles, names, outside) = ctx.fetch((
        rows::policy::version(request.policy, request.policy_version),
        rows::directory::user::get(target),
        rows::directory::application::service_principal(target),
        rows::directory::user::policy_groups(request.package, target),
        rows::assignment::live(request.package, request.target),
        rows::grant::role_facts(request.package, request.target),
        requests::name_rows(&request),
        waiting.wanted(),
    ))?;
    let names = requests::named(names);
    let Some(policy) = policy else { return Ok(()) };
    let target = waiting.facts(ctx, (person, service, groups), outside)?;
    let facts = StartFacts { request, policy, target, live_assignment: live.map(|a| a.id), roles, names };
    match request::start_reached(&facts, ctx.now, &mut ctx.ids) {
        StartOutcome::Nothing => Ok(()),
        StartOutcome::Decided(decision) => ctx.apply(&permit(), &decision),
    }
}

fn end(ctx: &mut Ctx<'_, '_>, id: AssignmentId) -> Result<(), ServiceError> {
    let Some(assignment) = ctx.fetch(rows::assignment::get(id))? else { return Ok(()) };
    let facts = requests::removal_facts(ctx, assignment)?;
    match request::remove(&facts, &RemovalKind::EndReached, ctx.now, &mut ctx.ids)? {
        Some((_, decision)) => ctx.apply(&permit(), &decision),
        None => Ok(()),
    }
}

/// An effect is due: mails are rendered and kept. Keeping one twice is keeping it once.
pub fn perform(ctx: &mut Ctx<'_, '_>, row: &OutboxRow, lease: Uuid) -> Result<(), ServiceError> {
    match &row.effect {
        Effect::Notify { mail, to, package, .. } => {
            let (person, package) =
                ctx.fetch((rows::directory::user::get(ObjectId(to.0)), rows::package::get(*package)))?;
            // Nobody to write to, or nothing to write about: the mail has lost its point.
            if let (Some(person), Some(package)) = (person, package) {
                let mail = mail_row(row.id, *mail, &person.name, person.address(), &package.name, ctx.now);
                rows::mail::insert(ctx.tx, &mail)?;
            }
        }
    }
    queue::outbox_done(ctx.tx, row.id, lease);
    Ok(())
}

fn mail_row(
    id: OutboxId,
    kind: MailKind,
    person: &str,
    address: &str,
    package: &str,
    now: tenure_domain::Timestamp,
) -> Mail {
    Mail {
        id: MailId(id.0),
        kind: kind.name().to_owned(),
        to: vec![address.to_owned()],
        subject: kind.subject(package),
        body: kind.body(person, package),
        created_at: now,
    }
}

/// A remote operation came back. The grant moves on if the claim still holds, and with it every assignment that wants it.
pub fn record_grant(ctx: &mut Ctx<'_, '_>, work: &Work, lease: Uuid, outcome: &Outcome) -> Result<(), ServiceError> {
    let Some(grant) = ctx.fetch(rows::grant::claimed(work.grant.id, lease))? else { return Ok(()) };
    let next = record(&grant, outcome, ctx.now);
    rows::grant::update(ctx.tx, &next);
    if *outcome == Outcome::Done {
        mirror(ctx, work, &next);
    }
    settle_assignments(ctx, &next)
}

/// The local edge follows what the other side confirmed (decisions.md C3).
fn mirror(ctx: &mut Ctx<'_, '_>, work: &Work, grant: &Grant) {
    if work.kind == RoleKind::GroupMember {
        let is_member = grant.observed == Observed::Present;
        let member = ObjectId(grant.subject.0);
        rows::directory::member::mirror(ctx.tx, work.origin, member, is_member, ctx.now, &mut ctx.ids);
    }
}

/// A grant of the embedded directory that did not fit into its transaction.
pub fn apply_grant(ctx: &mut Ctx<'_, '_>, work: &Work, lease: Uuid) -> Result<(), ServiceError> {
    let Some(grant) = ctx.fetch(rows::grant::claimed(work.grant.id, lease))? else { return Ok(()) };
    let op = tenure_domain::directory::DirectoryOp {
        origin: work.origin,
        role: work.kind,
        principal: ObjectId(grant.subject.0),
        give: grant.desired,
    };
    let decision = request::Decision { changes: vec![request::Change::Directory(op)], ..request::Decision::default() };
    ctx.apply(&permit(), &decision)?;
    let next = record(&grant, &Outcome::Done, ctx.now);
    rows::grant::update(ctx.tx, &next);
    settle_assignments(ctx, &next)
}

fn settle_assignments(ctx: &mut Ctx<'_, '_>, grant: &Grant) -> Result<(), ServiceError> {
    for assignment in ctx.fetch(rows::assignment::of_grant(grant.id))? {
        let (wanted, unwanted, open, policy) = ctx.fetch((
            rows::grant::linked(assignment.id, true),
            rows::grant::linked(assignment.id, false),
            rows::request::open_of_assignment(assignment.id),
            rows::policy::get(assignment.policy),
        ))?;
        let mails = !policy.as_ref().is_some_and(|p| p.body.mails_disabled.unwrap_or(false));
        let removal = open.iter().find(|r| r.kind.direction() == Direction::Remove);
        let decision = if let Some(removal) = removal {
            let names = requests::names(ctx, removal)?;
            removal_progress(removal, &assignment, &unwanted, mails, &names, ctx.now)
        } else {
            let request = delivering_request(ctx, &open, assignment.request)?;
            let Some(request) = request else { continue };
            let names: Names = requests::names(ctx, &request)?;
            delivery_progress(&request, &assignment, &wanted, &names, mails, ctx.now)
        };
        ctx.apply(&permit(), &decision)?;
    }
    Ok(())
}

/// The request that made an assignment: open while it is delivered for the first time.
fn delivering_request(ctx: &mut Ctx<'_, '_>, open: &[Request], id: RequestId) -> Result<Option<Request>, ServiceError> {
    match open.iter().find(|r| matches!(r.state, RequestState::Delivering { .. })) {
        Some(request) => Ok(Some(request.clone())),
        None => Ok(ctx.fetch(rows::request::get(id))?),
    }
}
