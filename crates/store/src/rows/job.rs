//! Jobs: work in chunks, with how far it came.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{JobId, PackageId, SubjectId};
use tenure_domain::job::{Job, JobState};
use tenure_domain::limits::JOB_KEEP_DAYS;
use tenure_domain::time::plus_seconds;
use uuid::Uuid;

sql! {
    INSERT: "INSERT INTO job (id, kind, input, cursor, total, done, failed, state, due_at, subject_id, catalog_id, started_at, error, attempt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    GET: "SELECT id, input, subject_id, catalog_id, cursor, total, done, failed, state, attempt, due_at, started_at, error FROM job WHERE id = $1 AND subject_id IS NOT NULL";
    CLAIMED: "SELECT id, input, subject_id, catalog_id, cursor, total, done, failed, state, attempt, due_at, started_at, error FROM job WHERE lease_token = $1";
    UPDATE: "UPDATE job SET cursor = $3, total = $4, done = $5, failed = $6, state = $7, due_at = $8, started_at = $9, error = $10, attempt = $11, lease_until = NULL, lease_token = NULL WHERE id = $1 AND lease_token = $2";
    SWITCH: "UPDATE job SET state = $3, due_at = $4, attempt = $5, lease_until = NULL, lease_token = NULL WHERE id = $1 AND state = $2";
    FORGET_OLD: "DELETE FROM job WHERE state IN (3, 4) AND started_at <= $1";
    OPEN: "SELECT id FROM job WHERE subject_id = $1 AND state NOT IN (3, 4) LIMIT 1";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Job, StoreError> {
    let mut c = Columns::of(row, "job");
    let (id, work, package, catalog) = (c.id("id")?, c.json("input")?, c.id("subject_id")?, c.id("catalog_id")?);
    let cursor = match c.opt_text("cursor")? {
        None => None,
        Some(text) => Some(SubjectId(Uuid::parse_str(&text).map_err(|_| c.corrupt("cursor"))?)),
    };
    Ok(Job {
        id,
        work,
        package,
        catalog,
        cursor,
        total: c.int("total")?,
        done: c.int("done")?,
        failed: c.int("failed")?,
        state: c.code("state", JobState::from_code)?,
        attempt: c.int("attempt")?,
        due_at: c.opt_time("due_at")?,
        started_at: c.opt_time("started_at")?,
        error: c.opt_text("error")?,
    })
}

/// The job `id`. Rows of the table that are leases are no jobs.
pub fn get(id: JobId) -> First<Job> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The job of one claim, as long as the claim holds.
pub fn claimed(lease: Uuid) -> First<Job> {
    Query::new(&CLAIMED, vec![lease.into()], decode).first()
}

/// A job about a package that has not ended, be it paused or not begun.
pub fn open(package: PackageId) -> First<JobId> {
    Query::new(&OPEN, vec![package.0.into()], |row| Columns::of(row, "job").id("id")).first()
}

/// Forgets jobs that have ended and began so long ago that nobody asks for them any more.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp) {
    super::import::forget_old(tx, now);
    tx.write(&FORGET_OLD, vec![plus_seconds(now, -JOB_KEEP_DAYS * 86_400).into()]);
}

fn cursor(job: &Job) -> Option<String> {
    job.cursor.map(|c| c.0.hyphenated().to_string())
}

/// Adds a job.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, job: &Job) -> Result<(), StoreError> {
    let params = vec![
        job.id.0.into(),
        job.work.kind().into(),
        json(&job.work)?,
        cursor(job).into(),
        job.total.into(),
        job.done.into(),
        job.failed.into(),
        job.state.code().into(),
        job.due_at.into(),
        job.package.0.into(),
        job.catalog.0.into(),
        job.started_at.into(),
        job.error.clone().into(),
        job.attempt.into(),
    ];
    tx.write(&INSERT, params);
    Ok(())
}

/// A job is paused or resumed: `old` becomes `new`. It stands where it stands, and whoever holds a claim on it holds it no
/// more: what he is doing finds no row to write to.
pub fn switch(tx: &mut Tx<'_>, _: &Permit, old: &Job, new: &Job) {
    let params =
        vec![old.id.0.into(), old.state.code().into(), new.state.code().into(), new.due_at.into(), new.attempt.into()];
    tx.write(&SWITCH, params).exactly_one("job");
}

/// A job has come further, or failed. Only under the claim, which ends with it.
pub fn update(tx: &mut Tx<'_>, job: &Job, lease: Uuid) {
    let params = vec![
        job.id.0.into(),
        lease.into(),
        cursor(job).into(),
        job.total.into(),
        job.done.into(),
        job.failed.into(),
        job.state.code().into(),
        job.due_at.into(),
        job.started_at.into(),
        job.error.clone().into(),
        job.attempt.into(),
    ];
    tx.write(&UPDATE, params).exactly_one("job");
}
