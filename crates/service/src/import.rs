//! Files of assignments (decisions.md C8): a file becomes a job at once, and its rows are carried out chunk by chunk, each
//! as a direct assignment by whoever sent the file, with the rights he has at that moment.

use crate::ctx::{Ctx, Identity};
use crate::error::ServiceError;
use crate::requests::{self, SubmitCommand, Submitted, TargetRef};
use serde::{Deserialize, Serialize};
use tenure_domain::authorize::{Action, Capabilities, Permit};
use tenure_domain::directory::guest::Address;
use tenure_domain::ids::{CatalogId, JobId, ObjectId, PackageId, PolicyId};
use tenure_domain::import::{ImportRow, RowState};
use tenure_domain::job::{Chunk, Job, Work};
use tenure_domain::limits::{IMPORT_CHUNK, IMPORT_NAMESAKES_MAX};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::request::{Answer, RequestType};
use tenure_domain::text::fold;
use tenure_store::rows;
use tenure_store::rows::import::{File, Outcome};
use uuid::Uuid;

/// A file that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportCommand {
    /// Its rows.
    pub rows: Vec<ImportRow>,
    /// What its bytes hash to.
    pub digest: String,
    /// Only look at the rows.
    pub dry_run: bool,
}

/// As whom rows are carried out, as it is kept: what the token said. What it is still good for is asked with every chunk.
#[derive(Serialize, Deserialize)]
struct Kept {
    principal: Uuid,
    is_app: bool,
    capabilities: u32,
    epoch: i64,
    client: Option<Uuid>,
}

/// Whether the caller could assign anything at all; asked before a file of his is looked at.
pub fn may_begin(ctx: &mut Ctx<'_, '_>) -> Result<(), ServiceError> {
    ctx.pending(Action::AssignDirectly).map(drop)
}

/// Keeps a file, and leaves it to a job. The same file again, while its job is not done, is that job.
pub fn begin(ctx: &mut Ctx<'_, '_>, command: &ImportCommand) -> Result<JobId, ServiceError> {
    let Identity::Token { principal, is_app, capabilities, epoch, client } = ctx.identity() else {
        return Err(ServiceError::Internal("nobody sent the file".to_owned()));
    };
    let same = rows::import::unfinished(&command.digest, principal.0, command.dry_run);
    let (_, same) = ctx.load_placed(Action::AssignDirectly, same)?;
    if let Some(job) = same {
        return Ok(job);
    }
    let kept = Kept { principal: principal.0, is_app, capabilities: capabilities.bits(), epoch, client };
    let kept = serde_json::to_string(&kept).map_err(|e| ServiceError::Internal(e.to_string()))?;
    let job: JobId = ctx.ids.next(ctx.now);
    let rows: Vec<(Uuid, ImportRow)> = command.rows.iter().map(|row| (ctx.ids.next(ctx.now), row.clone())).collect();
    let file =
        File { job, digest: &command.digest, principal: principal.0, identity: &kept, is_dry_run: command.dry_run };
    // To keep a file gives nobody anything: every row asks for its own permit.
    let permit = Permit::system(Action::AssignDirectly);
    rows::import::insert(ctx.tx, &permit, &file, &rows)?;
    let work = Work::AssignmentImport { dry_run: command.dry_run };
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    // It is about no single package.
    let about = (PackageId(Uuid::nil()), CatalogId(Uuid::nil()));
    rows::job::insert(ctx.tx, &permit, &Job::new(job, work, about.0, about.1, total, ctx.now))?;
    ctx.leaves_work();
    Ok(job)
}

/// Carries out the next rows of a job.
pub(crate) fn chunk(ctx: &mut Ctx<'_, '_>, job: &Job, dry_run: bool) -> Result<Chunk, ServiceError> {
    let wanted = (rows::import::identity(job.id), rows::import::after(job.id, job.done, IMPORT_CHUNK));
    let (kept, rows) = ctx.fetch(wanted)?;
    let mut chunk = Chunk { limit: IMPORT_CHUNK, seen: 0, failed: 0, last: None };
    let Some(kept) = kept else { return Ok(chunk) };
    let kept: Kept = serde_json::from_str(&kept).map_err(|e| ServiceError::Internal(e.to_string()))?;
    let identity = Identity::Token {
        principal: ObjectId(kept.principal),
        is_app: kept.is_app,
        capabilities: Capabilities::from_bits(kept.capabilities),
        epoch: kept.epoch,
        client: kept.client,
    };
    let (before, correlation) = ctx.act_as(identity, job.id.0);
    for (id, row) in rows {
        // What breaks here belongs to a row before: the chunk is done anew.
        ctx.flush()?;
        let mut pair = None;
        let outcome = outcome(carry_out(ctx, (job.id, dry_run), &row, &mut pair))?;
        chunk.seen += 1;
        chunk.failed += i64::from(outcome.state == RowState::Refused);
        rows::import::save(ctx.tx, id, pair, &outcome);
    }
    ctx.flush()?;
    ctx.act_as(before, correlation);
    Ok(chunk)
}

/// What is noted about a row. What is no answer of the rules ends the chunk.
fn outcome(done: Result<Submitted, ServiceError>) -> Result<Outcome, ServiceError> {
    let plain = |state| Outcome { state, request: None, code: None, message: None };
    let said = |state, code: &str, message: String| Outcome {
        code: Some(code.to_owned()),
        message: Some(message),
        ..plain(state)
    };
    Ok(match done {
        Ok(Submitted::Made(id)) => Outcome { request: Some(id), ..plain(RowState::Made) },
        Ok(Submitted::Valid(_)) => plain(RowState::Valid),
        Err(ServiceError::Refused(r)) => {
            let is_there = matches!(r.code, Code::ExistingAssignment | Code::ExistingOpenRequest);
            said(if is_there { RowState::Unchanged } else { RowState::Refused }, r.code.name(), r.message)
        }
        Err(ServiceError::Unauthenticated(message)) => said(RowState::Refused, "InvalidAuthenticationToken", message),
        Err(error) => return Err(error),
    })
}

/// Does what a row asks for. `pair` is set once it is known whom and what it names.
fn carry_out(
    ctx: &mut Ctx<'_, '_>,
    (job, dry_run): (JobId, bool),
    row: &ImportRow,
    pair: &mut Option<String>,
) -> Result<Submitted, ServiceError> {
    let (package, target) = named(ctx, row)?;
    let whom = match &target {
        TargetRef::Object(id) => id.0.to_string(),
        TargetRef::Email { address, .. } => fold(address),
        TargetRef::Caller => String::new(),
    };
    let key = format!("{}/{whom}", package.0);
    let policies = row.policy.is_some().then(|| rows::policy::of_package(package));
    let (before, policies) = ctx.fetch((rows::import::named_before(job, &key), policies))?;
    if let Some(line) = before {
        let message = format!("line {line} names the same access package and target");
        return Err(Refusal::new(Code::InvalidModel, message).into());
    }
    *pair = Some(key);
    let policy = match (&row.policy, policies) {
        (Some(name), Some(policies)) => {
            let all: Vec<(PolicyId, String)> = policies.into_iter().map(|p| (p.id, p.name)).collect();
            Some(one_policy(name, &all)?)
        }
        _ => None,
    };
    let answer =
        |(question, value): &(_, String)| Answer { question: *question, value: value.clone(), ..Answer::default() };
    let command = SubmitCommand {
        kind: RequestType::AdminAdd,
        package,
        policy,
        target,
        wanted: row.wanted,
        justification: row.justification.clone(),
        answers: row.answers.iter().map(answer).collect(),
        credentials: Vec::new(),
        bypass_approval: false,
        validate_only: dry_run,
    };
    requests::submit(ctx, &command)
}

fn ambiguous(name: &str, what: &str) -> ServiceError {
    let message = format!("`{name}` is the name of several {what}: write the id instead");
    Refusal::new(Code::InvalidModel, message).into()
}

/// The package and the target that a row names. What the caller does not see is not there.
fn named(ctx: &mut Ctx<'_, '_>, row: &ImportRow) -> Result<(PackageId, TargetRef), ServiceError> {
    let (package, object) = (Uuid::parse_str(&row.package).ok(), Uuid::parse_str(&row.target).ok());
    let packages = package.is_none().then(|| rows::package::named(&row.package, IMPORT_NAMESAKES_MAX));
    let people = object.is_none().then(|| rows::directory::user::known_as(&row.target));
    let (_, (packages, people)) = ctx.load_placed(Action::AssignDirectly, (packages, people))?;
    let sight = ctx.sight()?;
    let package = match package {
        Some(id) => PackageId(id),
        None => {
            let found = packages.unwrap_or_default();
            let is_cut = u32::try_from(found.len()).is_ok_and(|n| n >= IMPORT_NAMESAKES_MAX);
            let mut seen = found.into_iter().filter(|(_, catalog)| sight.sees(*catalog)).map(|(id, _)| id);
            match (seen.next(), seen.next()) {
                (Some(id), None) if !is_cut => id,
                (None, _) if !is_cut => return Err(Refusal::not_found("access package", &row.package).into()),
                _ => return Err(ambiguous(&row.package, "access packages")),
            }
        }
    };
    let target = match (object, people.unwrap_or_default().as_slice()) {
        (Some(id), _) => TargetRef::Object(ObjectId(id)),
        (None, [id]) => TargetRef::Object(*id),
        (None, []) if Address::parse(&row.target).is_some() => {
            TargetRef::Email { address: row.target.clone(), name: row.name.clone() }
        }
        (None, []) => return Err(Refusal::no_such_object(&row.target).into()),
        (None, _) => return Err(ambiguous(&row.target, "people")),
    };
    Ok((package, target))
}

/// The policy of a package that a row names.
fn one_policy(name: &str, all: &[(PolicyId, String)]) -> Result<PolicyId, ServiceError> {
    if let Ok(id) = Uuid::parse_str(name) {
        return Ok(PolicyId(id));
    }
    let mut found = all.iter().filter(|(_, known)| fold(known) == fold(name)).map(|(id, _)| *id);
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Refusal::not_found("assignment policy of this access package", name).into()),
        (Some(_), Some(_)) => Err(ambiguous(name, "policies of this access package")),
    }
}
