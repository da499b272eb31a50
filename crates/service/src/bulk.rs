//! Changes that reach everybody who holds a package (decisions.md C8). A few are reached in the transaction of the change,
//! more by a job, chunk by chunk; both do the same, and both leave a job that tells how far it came. Where the tenant has
//! a threshold, a change that would reach more people than that reaches nobody until somebody resumes its job.

use crate::ctx::{Ctx, Identity};
use crate::edits;
use crate::error::ServiceError;
use crate::import;
use std::collections::BTreeSet;
use tenure_domain::Timestamp;
use tenure_domain::assignment::Assignment;
use tenure_domain::audit::{Activity, AuditEvent, AuditTarget, Modified, TargetKind};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{JobId, ObjectId, PackageId, PolicyId};
use tenure_domain::job::{Chunk, Job, Work, chunk_size};
use tenure_domain::limits::INLINE_HOLDERS_MAX;
use tenure_domain::package::Package;
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{self, Direction, HoldingFacts, Names, RequestState};
use tenure_store::rows;
use uuid::Uuid;

/// Has everybody who holds `package` follow a change that was just made.
pub(crate) fn reach(ctx: &mut Ctx<'_, '_>, permit: &Permit, package: &Package, work: Work) -> Result<(), ServiceError> {
    let most = u32::try_from(INLINE_HOLDERS_MAX).unwrap_or(u32::MAX);
    let limit = most.saturating_add(1);
    let wanted = (
        rows::assignment::holders_count(package.id),
        rows::assignment::holders(package.id, None, limit),
        rows::tenant::settings(),
    );
    let (total, first, settings) = ctx.fetch(wanted)?;
    if first.is_empty() {
        return Ok(());
    }
    let id = ctx.ids.next(ctx.now);
    let job = Job::new(id, work, package.id, package.catalog, total.unwrap_or(0), ctx.now);
    let mut job = job.held_above(settings.and_then(|s| s.job_threshold));
    if job.due_at.is_some() && first.len() <= INLINE_HOLDERS_MAX {
        let chunk = follow(ctx, permit, work, first, limit)?;
        job = job.after(chunk, ctx.now);
    }
    if job.due_at.is_some() {
        ctx.leaves_work();
    }
    Ok(rows::job::insert(ctx.tx, permit, &job)?)
}

/// One chunk of the job that was claimed under `lease`. Nothing, when the claim is over.
pub fn run(ctx: &mut Ctx<'_, '_>, lease: Uuid) -> Result<(), ServiceError> {
    let Some(job) = ctx.fetch(rows::job::claimed(lease))? else { return Ok(()) };
    let permit = Permit::system(Action::AdministerAssignments);
    let chunk = match job.work {
        Work::PolicyApplication { policy } | Work::ApprovalRestart { policy } => {
            edits::chunk(ctx, &permit, &job, policy)?
        }
        Work::AssignmentImport { dry_run } => import::chunk(ctx, &job, dry_run)?,
        Work::RoleChange { .. } | Work::PackageMove => {
            let roles = ctx.fetch(rows::package::roles(job.package))?.len();
            let limit = chunk_size(roles);
            let holders = ctx.fetch(rows::assignment::holders(job.package, job.cursor, limit))?;
            follow(ctx, &permit, job.work, holders, limit)?
        }
    };
    let job = job.after(chunk, ctx.now);
    if job.due_at.is_some() {
        ctx.leaves_work();
    }
    rows::job::update(ctx.tx, &job, lease);
    Ok(())
}

/// A chunk failed and left nothing: the job says why, and when it is tried again.
pub fn failed(ctx: &mut Ctx<'_, '_>, lease: Uuid, error: &str) -> Result<(), ServiceError> {
    if let Some(job) = ctx.fetch(rows::job::claimed(lease))? {
        rows::job::update(ctx.tx, &job.after_failure(error.to_owned(), ctx.now), lease);
    }
    Ok(())
}

/// Pauses a job: the chunk that is being done either is committed already or finds that its claim is over, and none is
/// begun after it. Does nothing to one that is paused, or waits for consent; one that has ended is refused.
pub fn pause(ctx: &mut Ctx<'_, '_>, id: JobId) -> Result<(), ServiceError> {
    switch(ctx, id, |job, _| job.paused())
}

/// Resumes a job that is paused, where it stands, or lets one begin that waits for consent. Does nothing to one that is
/// going on; one that has ended is refused.
pub fn resume(ctx: &mut Ctx<'_, '_>, id: JobId) -> Result<(), ServiceError> {
    switch(ctx, id, Job::resumed)
}

/// Who may do what a job does, where it does it, says whether it goes on.
fn switch(
    ctx: &mut Ctx<'_, '_>,
    id: JobId,
    to: impl Fn(&Job, Timestamp) -> Result<Option<Job>, Refusal>,
) -> Result<(), ServiceError> {
    let (found, sender) = ctx.fetch((rows::job::get(id), rows::import::sender(id)))?;
    // Nobody is told by another refusal that a job of a package is there: both its actions ask for the same roles.
    let action = found.as_ref().map_or(Action::WritePackages, |job| job.work.action());
    let pending = ctx.pending(action)?;
    let is_own = matches!(ctx.identity(), Identity::Token { principal, .. } if sender == Some(principal.0));
    let (permit, old) = match found {
        // Whoever sends a file stops it too; each of its rows asks for its own permit.
        Some(job) if is_own => (Permit::system(action), job),
        found => pending.on(found, || Refusal::not_found("job", id))?,
    };
    let Some(new) = to(&old, ctx.now)? else { return Ok(()) };
    rows::job::switch(ctx.tx, &permit, &old, &new);
    if new.due_at.is_some() {
        ctx.leaves_work();
    }
    let state = Modified::change("JobState", Some(old.state.name().to_owned()), Some(new.state.name().to_owned()));
    let job = AuditTarget::new(TargetKind::Other, old.id, old.work.kind().to_owned());
    if matches!(old.work, Work::AssignmentImport { .. }) {
        return ctx.audit(&AuditEvent::new(Activity::AdministratorUpdates, job.with(state)));
    }
    // The package may be gone by now: what nobody holds can be deleted while a job about it is paused.
    let package = ctx.fetch(rows::package::get(old.package))?.map(|package| package.name);
    let package = AuditTarget::new(TargetKind::AccessPackage, old.package, package);
    ctx.audit(&AuditEvent::new(Activity::UpdatePackage, package.with(state)).about(job))
}

/// Removes jobs that have ended and that nobody looks at any more.
pub fn clean_up(ctx: &mut Ctx<'_, '_>) {
    rows::job::forget_old(ctx.tx, ctx.now);
}

fn follow(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    work: Work,
    holders: Vec<Assignment>,
    limit: u32,
) -> Result<Chunk, ServiceError> {
    let mut chunk = Chunk { limit, seen: 0, failed: 0, last: holders.last().map(|a| a.target) };
    for facts in holding_facts(ctx, holders)? {
        let decision = match work {
            Work::RoleChange { role, scope } => request::role_changed(&facts, (role, scope), ctx.now, &mut ctx.ids),
            Work::PackageMove => request::package_moved(&facts, ctx.now, &mut ctx.ids),
            // An edited policy is followed in its own way, and a file is nobody's change.
            Work::PolicyApplication { .. } | Work::ApprovalRestart { .. } | Work::AssignmentImport { .. } => {
                request::Decision::default()
            }
        };
        chunk.seen += 1;
        chunk.failed += i64::from(decision.audit.iter().any(|event| !event.succeeded));
        if !decision.is_nothing() {
            ctx.apply(permit, &decision)?;
        }
    }
    Ok(chunk)
}

/// What live assignments want and what their packages hold, for all of them in one round trip.
pub(crate) fn holding_facts(
    ctx: &mut Ctx<'_, '_>,
    assignments: Vec<Assignment>,
) -> Result<Vec<HoldingFacts>, ServiceError> {
    let packages: BTreeSet<PackageId> = assignments.iter().map(|a| a.package).collect();
    let policies: BTreeSet<PolicyId> = assignments.iter().map(|a| a.policy).collect();
    let each = assignments.iter().map(|a| {
        (
            rows::grant::role_facts(a.package, a.target),
            rows::grant::held(a.id),
            rows::request::open_of_assignment(a.id),
            rows::directory::object::head(ObjectId(a.target.0)),
            rows::subject::invited_at(a.target),
        )
    });
    let (found, packages, policies) = ctx.fetch((
        each.collect::<Vec<_>>(),
        packages.into_iter().map(rows::package::get).collect::<Vec<_>>(),
        policies.into_iter().map(rows::policy::get).collect::<Vec<_>>(),
    ))?;
    let facts = assignments.into_iter().zip(found).map(|(assignment, (roles, held, open, target, invited))| {
        let package = packages.iter().flatten().find(|p| p.id == assignment.package);
        let policy = policies.iter().flatten().find(|p| p.id == assignment.policy);
        let delivers = |r: &request::Request| {
            r.kind.direction() == Direction::Grant && matches!(r.state, RequestState::Delivering { .. })
        };
        HoldingFacts {
            delivering: open.into_iter().find(delivers),
            roles,
            held,
            keep_pre_existing: policy.is_some_and(|p| p.keep_pre_existing),
            mails: !policy.is_some_and(|p| p.body.mails_disabled.unwrap_or(false)),
            is_new_guest: assignment.came_with_account(invited),
            names: Names {
                target: target.map(|t| t.name).unwrap_or_default(),
                package: package.map(|p| p.name.clone()).unwrap_or_default(),
                policy: policy.map(|p| p.name.clone()).unwrap_or_default(),
            },
            assignment,
        }
    });
    Ok(facts.collect())
}
