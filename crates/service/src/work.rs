//! What happens without anybody asking: timers that fire, effects that are due, grants that are executed remotely. The
//! job runner calls these; each asks again what is true instead of assuming it, so that late, early and twice are the
//! same harmless thing.

use crate::approvals;
use crate::ctx::Ctx;
use crate::directory;
use crate::error::ServiceError;
use crate::letters::letter;
use crate::requests;
use tenure_domain::assignment::Assignment;
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::catalog::RoleKind;
use tenure_domain::directory::user::UserKind;
use tenure_domain::grant::{Grant, Observed, Outcome, record};
use tenure_domain::ids::{AssignmentId, MailId, ObjectId, RequestId};
use tenure_domain::policy::PolicyBody;
use tenure_domain::policy::eligibility::TargetFacts;
use tenure_domain::request::{
    self, Direction, Names, NoticeFacts, RemovalKind, Request, RequestState, StartOutcome, delivery_progress,
    removal_progress, role_recorded,
};
use tenure_domain::subject::SubjectKind;
use tenure_store::queue::{self, OutboxRow, Subject, Timer};
use tenure_store::rows::grant::Work;
use tenure_store::rows::mail::Mail;
use tenure_store::{Query, rows};
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
        Subject::Request(id) => next(ctx, id),
        Subject::Assignment(id) => end(ctx, id),
        Subject::DeletedObject(id) => directory::deleted::delete_for_good_by_timer(ctx, id),
    }
}

/// The next deadline of a request: its start, or an instant of the approval stage that is open.
fn next(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let wanted = (rows::request::get(id), rows::approval::policy_of(id), rows::subject::of_request(id));
    let (request, policy, subject) = ctx.fetch(wanted)?;
    let (Some(request), Some(policy)) = (request, policy) else { return Ok(()) };
    match request.state {
        RequestState::PendingApproval { .. } => approvals::due(ctx, request, &policy),
        _ => start(ctx, request, policy, requests::Waiting::new(subject)),
    }
}

fn start(
    ctx: &mut Ctx<'_, '_>,
    request: Request,
    policy: PolicyBody,
    waiting: requests::Waiting,
) -> Result<(), ServiceError> {
    match started(ctx, request, policy, waiting)? {
        StartOutcome::Nothing => Ok(()),
        StartOutcome::Decided(decision) => ctx.apply(&permit(), &decision),
    }
}

fn started(
    ctx: &mut Ctx<'_, '_>,
    request: Request,
    policy: PolicyBody,
    waiting: requests::Waiting,
) -> Result<StartOutcome, ServiceError> {
    let (facts, _) = requests::start_facts(ctx, (request, policy, waiting), None::<Query<Grant>>)?;
    Ok(request::start_reached(&facts, ctx.now, &mut ctx.ids))
}

/// Begins what a request was to begin now, as its timer would have, without the mails: for a past that is told after the
/// fact. Nothing happens to a request that waits for something else.
pub fn start_back_then(ctx: &mut Ctx<'_, '_>, id: RequestId) -> Result<(), ServiceError> {
    let wanted = (rows::request::get(id), rows::approval::policy_of(id), rows::subject::of_request(id));
    let (Some(request), Some(policy), subject) = ctx.fetch(wanted)? else { return Ok(()) };
    let StartOutcome::Decided(mut decision) = started(ctx, request, policy, requests::Waiting::new(subject))? else {
        return Ok(());
    };
    decision.effects.clear();
    decision.changes.push(request::Change::ClearTimer(request::TimerKey::Request(id)));
    ctx.apply(&permit(), &decision)
}

fn end(ctx: &mut Ctx<'_, '_>, id: AssignmentId) -> Result<(), ServiceError> {
    let Some(assignment) = ctx.fetch(rows::assignment::get(id))? else { return Ok(()) };
    if assignment.ends_at.is_some_and(|end| end > ctx.now) {
        return notify(ctx, assignment);
    }
    let facts = requests::removal_facts(ctx, assignment)?;
    match request::remove(&facts, &RemovalKind::EndReached, ctx.now, &mut ctx.ids)? {
        Some((_, decision)) => ctx.apply(&permit(), &decision),
        None => Ok(()),
    }
}

/// Looks at a live assignment as if its timers had fired in their time, without the mails: for a past that is told
/// after the fact.
pub fn catch_up(ctx: &mut Ctx<'_, '_>, assignment: Assignment) -> Result<(), ServiceError> {
    let mut decision = near_end(ctx, assignment)?;
    decision.effects.clear();
    if decision.is_nothing() { Ok(()) } else { ctx.apply(&permit(), &decision) }
}

/// The end is near: a notice is due, or was.
fn notify(ctx: &mut Ctx<'_, '_>, assignment: Assignment) -> Result<(), ServiceError> {
    let decision = near_end(ctx, assignment)?;
    if decision.is_nothing() { Ok(()) } else { ctx.apply(&permit(), &decision) }
}

fn near_end(ctx: &mut Ctx<'_, '_>, assignment: Assignment) -> Result<request::Decision, ServiceError> {
    let holder = ObjectId(assignment.target.0);
    let (policy, person, groups, removal) = ctx.fetch((
        rows::policy::get(assignment.policy),
        rows::directory::user::get(holder),
        rows::directory::user::policy_groups(assignment.package, holder),
        rows::request::open(assignment.package, assignment.target, Direction::Remove),
    ))?;
    let external = person.as_ref().map(|p| requests::external_of(ctx, p)).transpose()?.unwrap_or_default();
    let target = person.map(|p| TargetFacts {
        id: holder.0,
        kind: SubjectKind::User,
        is_member: p.kind == UserKind::Member,
        is_enabled: p.is_enabled,
        groups: groups.into_iter().collect(),
        external,
    });
    let facts = NoticeFacts { assignment, policy, target, is_removed: removal.is_some() };
    Ok(request::notice(&facts, ctx.now))
}

/// An effect is due: mails are rendered and kept. Keeping one twice is keeping it once.
pub fn perform(ctx: &mut Ctx<'_, '_>, row: &OutboxRow, lease: Uuid) -> Result<(), ServiceError> {
    // Nobody to write to, or nothing to write about: the mail has lost its point.
    if let Some(letter) = letter(ctx, &row.effect)? {
        if !letter.to.is_empty() {
            let mail = Mail {
                id: MailId(row.id.0),
                kind: letter.kind.name().to_owned(),
                to: letter.to,
                subject: letter.kind.subject(&letter.facts),
                body: letter.kind.body(&letter.facts),
                created_at: ctx.now,
            };
            rows::mail::insert(ctx.tx, &mail)?;
        }
        if let Some(rest) = letter.rest {
            let id = ctx.ids.next(ctx.now);
            queue::push(ctx.tx, id, &rest, ctx.now)?;
            ctx.leaves_work();
        }
    }
    queue::outbox_done(ctx.tx, row.id, lease);
    Ok(())
}

/// A remote operation came back. The grant moves on if the claim still holds, and with it every assignment that wants it.
pub fn record_grant(ctx: &mut Ctx<'_, '_>, work: &Work, lease: Uuid, outcome: &Outcome) -> Result<(), ServiceError> {
    let Some(grant) = ctx.fetch(rows::grant::claimed(work.grant.id, lease))? else { return Ok(()) };
    let next = record(&grant, outcome, ctx.now);
    rows::grant::update(ctx.tx, &next);
    if matches!(outcome, Outcome::Done | Outcome::TargetGone) && !is_kept(work, &next) {
        mirror(ctx, work, &next);
    }
    settle_assignments(ctx, work, &next)
}

/// Whether what shall go stays, because the subject wants the same by another grant.
fn is_kept(work: &Work, grant: &Grant) -> bool {
    work.shared && !grant.desired
}

/// What can be said of a due grant without asking the system outside (decisions.md B9): the object to be joined is gone,
/// or what shall go is wanted by another grant.
pub fn foregone(work: &Work) -> Option<Outcome> {
    if is_kept(work, &work.grant) {
        return Some(Outcome::Done);
    }
    // What is gone for good has no name any more by which it could be asked about.
    (work.is_missing && (work.grant.desired || work.source_key.is_empty())).then_some(Outcome::TargetGone)
}

/// The local edge follows what the other side confirmed (decisions.md C3); nobody is a member of what is gone.
fn mirror(ctx: &mut Ctx<'_, '_>, work: &Work, grant: &Grant) {
    if work.kind == RoleKind::GroupMember {
        let is_member = grant.observed == Observed::Present;
        let member = ObjectId(grant.subject.0);
        rows::directory::member::mirror(ctx.tx, work.origin, member, is_member, ctx.now);
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
    settle_assignments(ctx, work, &next)
}

fn settle_assignments(ctx: &mut Ctx<'_, '_>, work: &Work, grant: &Grant) -> Result<(), ServiceError> {
    let assignments = ctx.fetch(rows::assignment::of_grant(grant.id))?;
    let role = (work.kind, work.origin, work.resource_name.as_str());
    if let Some(event) = role_recorded(grant, role, &work.subject_name, &assignments) {
        ctx.audit(&event)?;
    }
    for assignment in assignments {
        let (wanted, unwanted, open, policy, invited) = ctx.fetch((
            rows::grant::linked(assignment.id, true),
            rows::grant::linked(assignment.id, false),
            rows::request::open_of_assignment(assignment.id),
            rows::policy::get(assignment.policy),
            rows::subject::invited_at(assignment.target),
        ))?;
        let mails = !policy.as_ref().is_some_and(|p| p.body.mails_disabled.unwrap_or(false));
        let removal = open.iter().find(|r| r.kind.direction() == Direction::Remove);
        if removal.is_none() && assignment.is_ending {
            continue;
        }
        let decision = if let Some(removal) = removal {
            let names = requests::names(ctx, removal)?;
            removal_progress(removal, &assignment, &unwanted, mails, &names, ctx.now)
        } else {
            let request = delivering_request(ctx, &open, assignment.request)?;
            let Some(request) = request else { continue };
            let names: Names = requests::names(ctx, &request)?;
            let is_new_guest = assignment.came_with_account(invited);
            delivery_progress(&request, &assignment, &wanted, &names, (mails, is_new_guest), ctx.now)
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
