//! Durable work: timers, the outbox, and claims on them and on grants (decisions.md I). A claim takes rows under a lease
//! with a random token; every result is written under that token, so that a paused node can do no harm.

use crate::Statement;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::effect::Effect;
use tenure_domain::ids::{AssignmentId, ObjectId, OutboxId, RequestId};
use tenure_domain::limits::{CLAIM_BATCH, LEASE_SECONDS, LEASE_SKEW_SECONDS};
use tenure_domain::request::TimerKey;
use tenure_domain::time::plus_seconds;
use uuid::Uuid;

sql! {
    SET_TIMER(hot): "INSERT INTO timer (subject_kind, subject_id, fire_at) VALUES ($1, $2, $3) ON CONFLICT (subject_kind, subject_id) DO UPDATE SET fire_at = excluded.fire_at, lease_until = NULL, lease_token = NULL";
    CLEAR_TIMER(hot): "DELETE FROM timer WHERE subject_kind = $1 AND subject_id = $2";
    PUSH: "INSERT INTO outbox (id, payload, due_at, attempt, is_parked) VALUES ($1, $2, $3, 0, FALSE)";
    OUTBOX_DONE: "DELETE FROM outbox WHERE id = $1 AND lease_token = $2";
    OUTBOX_RETRY: "UPDATE outbox SET due_at = $3, attempt = attempt + 1, is_parked = $4, last_error = $5, lease_until = NULL, lease_token = NULL WHERE id = $1 AND lease_token = $2";
    OUTBOX_CLAIMED: "SELECT id, payload, attempt FROM outbox WHERE lease_token = $1 ORDER BY due_at, id";
    TIMER_CLAIMED: "SELECT subject_id, subject_kind, fire_at FROM timer WHERE lease_token = $1 ORDER BY fire_at, subject_id";
    TIMER_DONE: "DELETE FROM timer WHERE subject_kind = $1 AND subject_id = $2 AND lease_token = $3";
    NEXT_DUE: "SELECT min(due) FROM (SELECT min(fire_at) AS due FROM timer UNION ALL SELECT min(due_at) FROM outbox WHERE due_at IS NOT NULL UNION ALL SELECT min(due_at) FROM grant_row WHERE due_at IS NOT NULL UNION ALL SELECT min(due_at) FROM job WHERE due_at IS NOT NULL) AS all_due";
    FREE_TIMERS: "UPDATE timer SET lease_until = NULL, lease_token = NULL WHERE lease_token IS NOT NULL";
    FREE_OUTBOX: "UPDATE outbox SET lease_until = NULL, lease_token = NULL WHERE lease_token IS NOT NULL";
    FREE_GRANTS: "UPDATE grant_row SET lease_until = NULL, lease_token = NULL WHERE lease_token IS NOT NULL";
    FREE_JOBS: "UPDATE job SET lease_until = NULL, lease_token = NULL WHERE lease_token IS NOT NULL";
    WAITING: "SELECT (SELECT count(*) FROM (SELECT 1 FROM timer WHERE fire_at <= $1 LIMIT 10000) AS a), (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE due_at <= $1 LIMIT 10000) AS b), (SELECT count(*) FROM (SELECT 1 FROM grant_row WHERE due_at <= $1 LIMIT 10000) AS c), (SELECT count(*) FROM job WHERE due_at <= $1), (SELECT count(*) FROM outbox WHERE is_parked)";
    PARKED: "SELECT count(*) FROM outbox WHERE is_parked";
}

/// What a timer of the store is about. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A request's next deadline.
    Request(RequestId),
    /// An assignment's next deadline.
    Assignment(AssignmentId),
    /// A deleted directory object that is kept until then.
    DeletedObject(ObjectId),
}

impl From<TimerKey> for Subject {
    fn from(key: TimerKey) -> Self {
        match key {
            TimerKey::Request(id) => Self::Request(id),
            TimerKey::Assignment(id) => Self::Assignment(id),
        }
    }
}

impl Subject {
    const fn key(self) -> (i64, Uuid) {
        match self {
            Self::Request(id) => (1, id.0),
            Self::Assignment(id) => (2, id.0),
            Self::DeletedObject(id) => (3, id.0),
        }
    }

    const fn from_key(kind: i64, id: Uuid) -> Option<Self> {
        match kind {
            1 => Some(Self::Request(RequestId(id))),
            2 => Some(Self::Assignment(AssignmentId(id))),
            3 => Some(Self::DeletedObject(ObjectId(id))),
            _ => None,
        }
    }
}

/// Looks at `subject` again at that instant; an earlier wish is forgotten.
pub fn set_timer(tx: &mut Tx<'_>, subject: Subject, at: Timestamp) {
    let (kind, id) = subject.key();
    tx.write(&SET_TIMER, vec![kind.into(), id.into(), at.into()]);
}

/// No need to look at `subject` again.
pub fn clear_timer(tx: &mut Tx<'_>, subject: Subject) {
    let (kind, id) = subject.key();
    tx.write(&CLEAR_TIMER, vec![kind.into(), id.into()]);
}

/// Has an effect happen after the commit.
pub fn push(tx: &mut Tx<'_>, id: OutboxId, effect: &Effect, now: Timestamp) -> Result<(), StoreError> {
    tx.write(&PUSH, vec![id.0.into(), json(effect)?, now.into()]);
    Ok(())
}

/// A queue whose rows can be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Timers.
    Timers,
    /// The outbox.
    Outbox,
    /// Grants that are executed remotely or did not fit into their transaction.
    Grants,
    /// Jobs. One at a time: each claim does one chunk, and the next one of the same job has its turn after the others.
    Jobs,
}

/// When a claim is made: due by the business clock, leased by the wall clock (decisions.md I1).
#[derive(Clone, Copy, Debug)]
pub struct ClaimTimes {
    /// Rows due up to this business instant.
    pub due: Timestamp,
    /// The wall clock.
    pub wall: Timestamp,
}

/// Leases due rows to `token`. They are then read by [`claimed_timers`], [`claimed_outbox`], `rows::grant::work` or
/// `rows::job::claimed`.
pub fn claim(tx: &mut Tx<'_>, queue: Queue, times: ClaimTimes, token: Uuid) {
    let (table, key, due, limit) = match queue {
        Queue::Timers => ("timer", "subject_kind, subject_id", "fire_at", CLAIM_BATCH),
        Queue::Outbox => ("outbox", "id", "due_at", CLAIM_BATCH),
        Queue::Grants => ("grant_row", "id", "due_at", CLAIM_BATCH),
        Queue::Jobs => ("job", "id", "due_at", 1),
    };
    // The limit is no parameter: a planner that does not know how few rows are wanted would read the whole queue.
    let sql = format!(
        "UPDATE {table} SET lease_until = $1, lease_token = $2 WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {due} <= $3 \
         AND {due} IS NOT NULL AND (lease_until IS NULL OR lease_until < $4) ORDER BY {due} LIMIT {limit}{})",
        tx.dialect().skip_locked()
    );
    let params = vec![
        plus_seconds(times.wall, LEASE_SECONDS).into(),
        token.into(),
        times.due.into(),
        plus_seconds(times.wall, -LEASE_SKEW_SECONDS).into(),
    ];
    tx.write_text(Statement::new(sql, params));
}

/// Ends every lease. Only for the one process of a database, when it starts: whoever held them is gone.
pub fn free_leases(tx: &mut Tx<'_>) {
    for sql in [&FREE_TIMERS, &FREE_OUTBOX, &FREE_GRANTS, &FREE_JOBS] {
        tx.write(sql, Vec::new());
    }
}

/// A fired timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// What it is about.
    pub subject: Subject,
    /// When it was due.
    pub fire_at: Timestamp,
}

/// The timers of one claim, in the order of their instants.
pub fn claimed_timers(token: Uuid) -> Query<Timer> {
    Query::new(&TIMER_CLAIMED, vec![token.into()], |row| {
        let mut c = Columns::of(row, "timer");
        let (id, kind) = (c.id("subject_id")?, c.int("subject_kind")?);
        let subject = Subject::from_key(kind, id).ok_or_else(|| c.corrupt("subject_kind"))?;
        Ok(Timer { subject, fire_at: c.time("fire_at")? })
    })
}

/// A timer has done its work. One that was set again meanwhile stays.
pub fn timer_done(tx: &mut Tx<'_>, subject: Subject, token: Uuid) {
    let (kind, id) = subject.key();
    tx.write(&TIMER_DONE, vec![kind.into(), id.into(), token.into()]);
}

/// An effect that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: OutboxId,
    /// What shall happen.
    pub effect: Effect,
    /// How often it was tried.
    pub attempt: i64,
}

/// The effects of one claim.
pub fn claimed_outbox(token: Uuid) -> Query<OutboxRow> {
    Query::new(&OUTBOX_CLAIMED, vec![token.into()], |row| {
        let mut c = Columns::of(row, "outbox");
        Ok(OutboxRow { id: c.id("id")?, effect: c.json("payload")?, attempt: c.int("attempt")? })
    })
}

/// An effect has happened.
pub fn outbox_done(tx: &mut Tx<'_>, id: OutboxId, token: Uuid) {
    tx.write(&OUTBOX_DONE, vec![id.0.into(), token.into()]);
}

/// An effect has not happened; it is tried again at `due_at`, or parked when that is nothing.
pub fn outbox_failed(tx: &mut Tx<'_>, id: OutboxId, token: Uuid, due_at: Option<Timestamp>, error: &str) {
    tx.write(&OUTBOX_RETRY, vec![id.0.into(), token.into(), due_at.into(), due_at.is_none().into(), error.into()]);
}

/// The instant at which the next thing is due.
pub fn next_due() -> First<Option<Timestamp>> {
    Query::new(&NEXT_DUE, Vec::new(), |row| Columns::of(row, "queue").opt_time("due")).first()
}

/// How much is due, counted up to ten thousand each, and how much was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Timers that are due.
    pub timers: i64,
    /// Effects that are due.
    pub effects: i64,
    /// Grants that are due.
    pub grants: i64,
    /// Jobs that are due.
    pub jobs: i64,
    /// Effects that were given up.
    pub parked: i64,
}

/// What waits at the business instant `now`.
pub fn waiting(now: Timestamp) -> First<Waiting> {
    Query::new(&WAITING, vec![now.into()], |row| {
        let mut c = Columns::of(row, "queue");
        Ok(Waiting {
            timers: c.int("timers")?,
            effects: c.int("effects")?,
            grants: c.int("grants")?,
            jobs: c.int("jobs")?,
            parked: c.int("parked")?,
        })
    })
    .first()
}

/// How many effects were given up.
pub fn parked() -> First<i64> {
    Query::new(&PARKED, Vec::new(), |row| Columns::of(row, "outbox").int("count")).first()
}
