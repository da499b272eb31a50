//! Looks at the database past all of the product's code: what has changed since the last look, told by triggers that only
//! a simulated database has, and whether it is what the model says.

mod compare;
mod sound;

use crate::model::{Micros, Model, Timer};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tenure_domain::Uuid;

/// What every change leaves behind. Leases are nobody's business here.
const WATCH: &str = "
CREATE TABLE seen (n INTEGER PRIMARY KEY, kind INTEGER NOT NULL, a BLOB NOT NULL, b BLOB);
CREATE TRIGGER see_request_new AFTER INSERT ON request BEGIN INSERT INTO seen (kind, a) VALUES (1, new.id); END;
CREATE TRIGGER see_request AFTER UPDATE ON request BEGIN INSERT INTO seen (kind, a) VALUES (1, new.id); END;
CREATE TRIGGER see_request_gone AFTER DELETE ON request BEGIN INSERT INTO seen (kind, a) VALUES (1, old.id); END;
CREATE TRIGGER see_assignment_new AFTER INSERT ON assignment BEGIN INSERT INTO seen (kind, a) VALUES (2, new.id); END;
CREATE TRIGGER see_assignment AFTER UPDATE ON assignment BEGIN INSERT INTO seen (kind, a) VALUES (2, new.id); END;
CREATE TRIGGER see_grant_new AFTER INSERT ON grant_row BEGIN INSERT INTO seen (kind, a) VALUES (3, new.id); END;
CREATE TRIGGER see_grant AFTER UPDATE OF desired, observed, pre_existing, attempt, due_at, error, drift_at, plan ON grant_row
    BEGIN INSERT INTO seen (kind, a) VALUES (3, new.id); END;
CREATE TRIGGER see_member AFTER INSERT ON group_member
    BEGIN INSERT INTO seen (kind, a, b) VALUES (4, new.group_id, new.member_id); END;
CREATE TRIGGER see_member_gone AFTER DELETE ON group_member
    BEGIN INSERT INTO seen (kind, a, b) VALUES (4, old.group_id, old.member_id); END;
CREATE TRIGGER see_timer_new AFTER INSERT ON timer
    BEGIN INSERT INTO seen (kind, a, b) VALUES (5, new.subject_id, new.subject_kind); END;
CREATE TRIGGER see_timer AFTER UPDATE OF fire_at ON timer
    BEGIN INSERT INTO seen (kind, a, b) VALUES (5, new.subject_id, new.subject_kind); END;
CREATE TRIGGER see_timer_gone AFTER DELETE ON timer
    BEGIN INSERT INTO seen (kind, a, b) VALUES (5, old.subject_id, old.subject_kind); END;
CREATE TRIGGER see_stage_new AFTER INSERT ON approval_stage
    BEGIN INSERT INTO seen (kind, a) VALUES (1, new.request_id); END;
CREATE TRIGGER see_stage AFTER UPDATE ON approval_stage
    BEGIN INSERT INTO seen (kind, a) VALUES (1, new.request_id); END;
CREATE TRIGGER see_mail AFTER INSERT ON mail BEGIN INSERT INTO seen (kind, a) VALUES (6, new.id); END;
";

/// How long it waits for a lock; only a checkpoint ever holds one.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What has changed since the last look.
#[derive(Default)]
struct Changes {
    requests: BTreeSet<Uuid>,
    assignments: BTreeSet<Uuid>,
    grants: BTreeSet<Uuid>,
    /// Group and member.
    edges: BTreeSet<(Uuid, Uuid)>,
    /// Kind and subject.
    timers: BTreeSet<(i64, Uuid)>,
    mails: BTreeSet<Uuid>,
}

/// A pair of eyes on one database file.
pub struct Eye {
    db: Connection,
    last: i64,
    /// The group behind each resource.
    groups: BTreeMap<Uuid, Uuid>,
}

/// A fault of the database as text.
#[expect(clippy::needless_pass_by_value, reason = "it stands where a function is wanted that takes the error")]
fn text(error: rusqlite::Error) -> String {
    format!("the database could not be read: {error}")
}

fn id(row: &Row<'_>, i: usize) -> rusqlite::Result<Uuid> {
    let bytes: Vec<u8> = row.get(i)?;
    Uuid::from_slice(&bytes)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Blob, Box::new(e)))
}

fn opt_id(row: &Row<'_>, i: usize) -> rusqlite::Result<Option<Uuid>> {
    let bytes: Option<Vec<u8>> = row.get(i)?;
    Ok(bytes.and_then(|b| Uuid::from_slice(&b).ok()))
}

impl Eye {
    /// Opens them. On the first life of a database `is_new`, they set up what they are told by; on later ones they forget
    /// what was told before.
    pub fn open(file: &Path, is_new: bool) -> Result<Self, String> {
        let db = Connection::open(file).map_err(text)?;
        db.busy_timeout(LOCK_WAIT).map_err(text)?;
        db.pragma_update(None, "synchronous", "OFF").map_err(text)?;
        let prepare = if is_new { WATCH } else { "DELETE FROM seen" };
        db.execute_batch(prepare).map_err(text)?;
        db.set_prepared_statement_cache_capacity(64);
        let mut eye = Self { db, last: 0, groups: BTreeMap::new() };
        eye.know_resources()?;
        Ok(eye)
    }

    /// Learns which groups stand behind which resources.
    pub fn know_resources(&mut self) -> Result<(), String> {
        let rows = self.rows("SELECT id, origin_object FROM resource", &[], |r| Ok((id(r, 0)?, id(r, 1)?)))?;
        self.groups = rows.into_iter().collect();
        Ok(())
    }

    fn begin(&self) -> Result<(), String> {
        self.db.prepare_cached("BEGIN").and_then(|mut s| s.execute([])).map(|_| ()).map_err(text)
    }

    fn end(&self) -> Result<(), String> {
        self.db.prepare_cached("COMMIT").and_then(|mut s| s.execute([])).map(|_| ()).map_err(text)
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, String> {
        let mut statement = self.db.prepare_cached(sql).map_err(text)?;
        let rows = statement.query_map(params, read).map_err(text)?;
        rows.collect::<rusqlite::Result<_>>().map_err(text)
    }

    fn row<T>(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, String> {
        self.db.prepare_cached(sql).map_err(text)?.query_row(params, read).optional().map_err(text)
    }

    /// When a timer of the database fires, if it is set.
    pub fn timer(&self, timer: Timer, model: &Model) -> Result<Option<Micros>, String> {
        let Some((kind, id)) = key(timer, model) else { return Ok(None) };
        let sql = "SELECT fire_at FROM timer WHERE subject_kind = ?1 AND subject_id = ?2";
        self.row(sql, &[&kind, &id.as_bytes().as_slice()], |r| r.get(0))
    }

    fn changes(&mut self) -> Result<Changes, String> {
        let sql = "SELECT n, kind, a, b FROM seen WHERE n > ?1 ORDER BY n";
        let mut changes = Changes::default();
        let mut last = self.last;
        self.rows(sql, &[&self.last], |r| {
            last = r.get(0)?;
            let (kind, a): (i64, Uuid) = (r.get(1)?, id(r, 2)?);
            match kind {
                1 => drop(changes.requests.insert(a)),
                2 => drop(changes.assignments.insert(a)),
                3 => drop(changes.grants.insert(a)),
                4 => drop(changes.edges.insert((a, id(r, 3)?))),
                5 => drop(changes.timers.insert((r.get(3)?, a))),
                _ => drop(changes.mails.insert(a)),
            }
            Ok(())
        })?;
        self.last = last;
        Ok(changes)
    }
}

/// What a timer is called in the database; nothing when the database's id is not known yet.
fn key(timer: Timer, model: &Model) -> Option<(i64, Uuid)> {
    let kind = match timer {
        Timer::Request(_) => 1,
        Timer::Assignment(_) => 2,
        Timer::Deleted(_) => 3,
    };
    model.id_of(timer).map(|id| (kind, id))
}
