//! What an edited policy means for what exists already. Saving it touches neither open requests nor live assignments; an
//! administrator may have them follow, a few at once and many by a job (decisions.md H1, C8).

use crate::approvals::{people_in_stages, people_of_stages};
use crate::ctx::Ctx;
use crate::error::ServiceError;
use crate::policies::target;
use crate::requests::{self, Waiting};
use std::collections::{BTreeMap, BTreeSet};
use tenure_domain::approval::{self, People, RestartFacts};
use tenure_domain::assignment::Assignment;
use tenure_domain::audit::{Activity, AuditEvent, Modified};
use tenure_domain::authorize::{Action, Permit};
use tenure_domain::ids::{JobId, PolicyId, RequestId};
use tenure_domain::job::{Chunk, Job, Work};
use tenure_domain::limits::{BULK_CHUNK, INLINE_HOLDERS_MAX};
use tenure_domain::policy::{Policy, PolicyBody};
use tenure_domain::refusal::Refusal;
use tenure_domain::request::{self, AppliedFacts, Names, Request};
use tenure_store::rows;

/// Live assignments under a policy get the end that its current version gives.
pub fn apply_to_existing(ctx: &mut Ctx<'_, '_>, id: PolicyId) -> Result<JobId, ServiceError> {
    begin(ctx, id, Work::PolicyApplication { policy: id }, "ApplyToExisting")
}

/// The approval of requests that wait under a policy begins anew, by its current version.
pub fn restart_approvals(ctx: &mut Ctx<'_, '_>, id: PolicyId) -> Result<JobId, ServiceError> {
    begin(ctx, id, Work::ApprovalRestart { policy: id }, "RestartApproval")
}

fn begin(ctx: &mut Ctx<'_, '_>, id: PolicyId, work: Work, said: &str) -> Result<JobId, ServiceError> {
    let counts = (rows::assignment::holders_under_count(id), rows::request::waiting_count(id));
    let wanted = (rows::policy::get(id), counts, rows::tenant::settings());
    let (pending, (policy, (holders, waiting), settings)) = ctx.load_placed(Action::WritePolicies, wanted)?;
    let (permit, policy) = pending.on(policy, || Refusal::not_found("assignment policy", id))?;
    let total = if matches!(work, Work::ApprovalRestart { .. }) { waiting } else { holders };
    let total = total.unwrap_or(0);
    let version = Modified::set(said, policy.version.to_string());
    ctx.audit(&AuditEvent::new(Activity::UpdatePolicy, target(&policy).with([version])))?;
    let job = Job::new(ctx.ids.next(ctx.now), work, policy.package, policy.catalog, total, ctx.now);
    let mut job = job.held_above(settings.and_then(|s| s.job_threshold));
    if job.due_at.is_some() && usize::try_from(total).is_ok_and(|n| n <= INLINE_HOLDERS_MAX) {
        // One more than there are: a chunk that is not full is the last.
        let limit = u32::try_from(INLINE_HOLDERS_MAX).unwrap_or(BULK_CHUNK).saturating_add(1);
        let chunk = follow(ctx, &permit, &job, (id, limit))?;
        job = job.after(chunk, ctx.now);
    }
    if job.due_at.is_some() {
        ctx.leaves_work();
    }
    rows::job::insert(ctx.tx, &permit, &job)?;
    Ok(job.id)
}

/// One chunk of a job about a policy: assignments are many and need little, approvals are few and need more.
pub(crate) fn chunk(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    job: &Job,
    policy: PolicyId,
) -> Result<Chunk, ServiceError> {
    let few = u32::try_from(INLINE_HOLDERS_MAX).unwrap_or(BULK_CHUNK);
    let limit = if matches!(job.work, Work::ApprovalRestart { .. }) { few } else { BULK_CHUNK };
    follow(ctx, permit, job, (policy, limit))
}

fn follow(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    job: &Job,
    (id, limit): (PolicyId, u32),
) -> Result<Chunk, ServiceError> {
    if matches!(job.work, Work::ApprovalRestart { .. }) {
        restart(ctx, permit, job, (id, limit))
    } else {
        apply(ctx, permit, job, (id, limit))
    }
}

fn apply(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    job: &Job,
    (id, limit): (PolicyId, u32),
) -> Result<Chunk, ServiceError> {
    let wanted = (
        rows::policy::get(id),
        rows::package::get(job.package),
        rows::assignment::holders_under((job.package, id), job.cursor, limit),
    );
    let (policy, package, assignments) = ctx.fetch(wanted)?;
    let mut chunk = Chunk { limit, seen: 0, failed: 0, last: assignments.last().map(|a| a.target) };
    let Some(policy) = policy else { return Ok(chunk) };
    let package = package.map(|p| p.name).unwrap_or_default();
    let (versions, targets) = versions_and_names(ctx, id, &assignments)?;
    for (assignment, target) in assignments.into_iter().zip(targets) {
        chunk.seen += 1;
        let Some(was) = versions.get(&assignment.policy_version) else { continue };
        let names = Names { target: target.unwrap_or_default(), package: package.clone(), policy: policy.name.clone() };
        let decision = request::policy_applied(&AppliedFacts { assignment, was, policy: &policy, names }, ctx.now);
        if !decision.is_nothing() {
            ctx.apply(permit, &decision)?;
        }
    }
    // Access that would have ended already ends now.
    ctx.leaves_work();
    Ok(chunk)
}

type VersionsAndNames = (BTreeMap<i64, PolicyBody>, Vec<Option<String>>);

/// The versions of a policy that govern those assignments, and the names of their holders.
fn versions_and_names(
    ctx: &mut Ctx<'_, '_>,
    id: PolicyId,
    assignments: &[Assignment],
) -> Result<VersionsAndNames, ServiceError> {
    let versions: BTreeSet<i64> = assignments.iter().map(|a| a.policy_version).collect();
    let (bodies, targets) = ctx.fetch((
        versions.iter().map(|version| rows::policy::version(id, *version)).collect::<Vec<_>>(),
        assignments.iter().map(|a| rows::subject::name(a.target)).collect::<Vec<_>>(),
    ))?;
    let known = versions.into_iter().zip(bodies).filter_map(|(version, body)| Some((version, body?)));
    Ok((known.collect(), targets))
}

fn restart(
    ctx: &mut Ctx<'_, '_>,
    permit: &Permit,
    job: &Job,
    (id, limit): (PolicyId, u32),
) -> Result<Chunk, ServiceError> {
    let wanted =
        (rows::policy::get(id), rows::tenant::settings(), rows::request::waiting((job.package, id), job.cursor, limit));
    let (policy, settings, requests) = ctx.fetch(wanted)?;
    let mut chunk = Chunk { limit, seen: 0, failed: 0, last: requests.last().map(|r| r.target) };
    let Some(policy) = policy else { return Ok(chunk) };
    let route_to_owners = settings.is_some_and(|s| s.route_to_catalog_owners);
    for request in requests {
        let decision = restarted(ctx, &policy, request, route_to_owners)?;
        chunk.seen += 1;
        chunk.failed += i64::from(decision.audit.iter().any(|event| !event.succeeded));
        ctx.apply(permit, &decision)?;
    }
    Ok(chunk)
}

fn restarted(
    ctx: &mut Ctx<'_, '_>,
    policy: &Policy,
    request: Request,
    route_to_owners: bool,
) -> Result<request::Decision, ServiceError> {
    let id: RequestId = request.id;
    let subject = ctx.fetch(rows::subject::of_request(id))?;
    let people = people_of_stages(&policy.body, &request);
    let waiting = Waiting::new(subject);
    let (start, people) = requests::start_facts(ctx, (request, policy.body.clone(), waiting), people)?;
    let people = People { route_to_owners, ..people_in_stages(people) };
    Ok(approval::restart(&RestartFacts { version: policy.version, people, start }, ctx.now, &mut ctx.ids))
}
