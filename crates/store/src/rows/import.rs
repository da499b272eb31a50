//! Files of assignments: who sent them, their rows, and what came of each.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{JobId, RequestId};
use tenure_domain::import::{ImportRow, RowState};
use tenure_domain::limits::JOB_KEEP_DAYS;
use tenure_domain::time::plus_seconds;
use uuid::Uuid;

sql! {
    INSERT_FILE: "INSERT INTO import_file (job_id, digest, principal_id, identity, is_dry_run) VALUES ($1, $2, $3, $4, $5)";
    INSERT_ROW: "INSERT INTO import_row (id, job_id, number, line, package, target, input, state) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
    IDENTITY: "SELECT job_id, identity FROM import_file WHERE job_id = $1";
    SENDER: "SELECT principal_id FROM import_file WHERE job_id = $1";
    UNFINISHED: "SELECT f.job_id FROM import_file f JOIN job j ON j.id = f.job_id WHERE f.digest = $1 AND f.principal_id = $2 AND f.is_dry_run = $3 AND j.state NOT IN (3, 4) LIMIT 1";
    AFTER: "SELECT id, input FROM import_row WHERE job_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    NAMED_BEFORE: "SELECT id, line FROM import_row WHERE job_id = $1 AND pair_key = $2 LIMIT 1";
    SAVE: "UPDATE import_row SET pair_key = $2, state = $3, request_id = $4, code = $5, message = $6 WHERE id = $1";
    FORGET_ROWS: "DELETE FROM import_row WHERE job_id IN (SELECT id FROM job WHERE state IN (3, 4) AND started_at <= $1)";
    FORGET_FILES: "DELETE FROM import_file WHERE job_id IN (SELECT id FROM job WHERE state IN (3, 4) AND started_at <= $1)";
}

/// A file, as it is kept beside its job.
pub struct File<'f> {
    /// The job that carries it out.
    pub job: JobId,
    /// What its bytes hash to.
    pub digest: &'f str,
    /// Who sent it.
    pub principal: Uuid,
    /// As whom its rows are carried out, as JSON.
    pub identity: &'f str,
    /// Its rows are only looked at.
    pub is_dry_run: bool,
}

/// Keeps a file with its rows, each under an id that is larger than that of the row before.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, file: &File<'_>, rows: &[(Uuid, ImportRow)]) -> Result<(), StoreError> {
    let params = vec![
        file.job.0.into(),
        file.digest.into(),
        file.principal.into(),
        file.identity.into(),
        file.is_dry_run.into(),
    ];
    tx.write(&INSERT_FILE, params);
    for (number, (id, row)) in (1_i64..).zip(rows) {
        let params = vec![
            (*id).into(),
            file.job.0.into(),
            number.into(),
            row.line.into(),
            row.package.as_str().into(),
            row.target.as_str().into(),
            json(row)?,
        ];
        tx.write(&INSERT_ROW, params);
    }
    Ok(())
}

/// As whom the rows of a job are carried out.
pub fn identity(job: JobId) -> First<String> {
    let decode = |row: &crate::driver::Row<'_>| {
        let mut c = Columns::of(row, "import_file");
        c.id::<Uuid>("job_id")?;
        c.text("identity")
    };
    Query::new(&IDENTITY, vec![job.0.into()], decode).first()
}

/// Who sent the file that a job carries out.
pub fn sender(job: JobId) -> First<Uuid> {
    Query::new(&SENDER, vec![job.0.into()], |row| Columns::of(row, "import_file").id("principal_id")).first()
}

/// A job of the same file by the same caller that has not ended.
pub fn unfinished(digest: &str, principal: Uuid, is_dry_run: bool) -> First<JobId> {
    let params = vec![digest.into(), principal.into(), is_dry_run.into()];
    Query::new(&UNFINISHED, params, |row| Columns::of(row, "import_file").id("job_id")).first()
}

/// The first so many rows of a job after that number.
pub fn after(job: JobId, number: i64, limit: u32) -> Query<(Uuid, ImportRow)> {
    Query::new(&AFTER, vec![job.0.into(), number.into(), limit.into()], |row| {
        let mut c = Columns::of(row, "import_row");
        Ok((c.id("id")?, c.json("input")?))
    })
}

/// The line of an earlier row of a job that names the same package and target.
pub fn named_before(job: JobId, pair: &str) -> First<i64> {
    Query::new(&NAMED_BEFORE, vec![job.0.into(), pair.into()], |row| {
        let mut c = Columns::of(row, "import_row");
        c.id::<Uuid>("id")?;
        c.int("line")
    })
    .first()
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub state: RowState,
    /// The request that was made.
    pub request: Option<RequestId>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// What the refusal says.
    pub message: Option<String>,
}

/// Keeps what came of a row, and which package and target it named, if that was found out.
pub fn save(tx: &mut Tx<'_>, row: Uuid, pair: Option<String>, outcome: &Outcome) {
    let params = vec![
        row.into(),
        pair.into(),
        outcome.state.code().into(),
        outcome.request.map(|r| r.0).into(),
        outcome.code.clone().into(),
        outcome.message.clone().into(),
    ];
    tx.write(&SAVE, params).exactly_one("import_row");
}

/// Forgets files whose jobs are forgotten now.
pub(super) fn forget_old(tx: &mut Tx<'_>, now: Timestamp) {
    let before = plus_seconds(now, -JOB_KEEP_DAYS * 86_400);
    tx.write(&FORGET_ROWS, vec![before.into()]);
    tx.write(&FORGET_FILES, vec![before.into()]);
}
