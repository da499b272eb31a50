//! The sealed audit in the database: checkpoints, what they do not name yet, an export's reads, and erasure
//! (decisions.md F).
//!
//! A checkpoint has a number, which is the key of its row: of two nodes that make the next one at once, one does, and the
//! chain of checkpoints never forks. The lease only saves the others the trouble.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use serde_json::Value as Json;
use tenure_domain::Timestamp;
use tenure_domain::audit::{Activity, Category};
use tenure_domain::ids::ObjectId;
use tenure_domain::limits::{ERASE_ROWS, EXPORT_ROWS, LEASE_SKEW_SECONDS, SEAL_HEADS_MAX, SEAL_LEASE_SECONDS};
use tenure_domain::seal::{Checkpoint, Hash, Hex, Link, Salt, Writer};
use tenure_domain::text::fold;
use tenure_domain::time::plus_seconds;
use tenure_odata::Value;
use uuid::Uuid;

/// The job row of the one sealer.
const SEALER: Uuid = Uuid::from_u128(1);

sql! {
    LEASE: "INSERT INTO job (id, kind, input, cursor, total, done, failed, state, due_at, lease_until, lease_token) VALUES ($1, 'sealAudit', '{}', NULL, 0, 0, 0, 0, NULL, $2, $3) ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until, lease_token = excluded.lease_token WHERE job.lease_token IS NULL OR job.lease_token = excluded.lease_token OR job.lease_until < $4";
    LEASED: "SELECT lease_token FROM job WHERE id = $1";
    RELEASE: "UPDATE job SET lease_until = NULL, lease_token = NULL WHERE id = $1 AND lease_token = $2";
    /// Per writer one look at the end of an index, whatever the size of the table.
    HAS_UNSEALED: "SELECT w.id FROM audit_writer w WHERE (SELECT max(a.sequence) FROM audit a WHERE a.writer_id = w.id) > w.sealed_sequence LIMIT 1";
    /// One statement, so that all heads are of one moment.
    MOVED_HEADS: "SELECT w.id, (SELECT a.sequence FROM audit a WHERE a.writer_id = w.id ORDER BY a.sequence DESC LIMIT 1) AS sequence, (SELECT a.hash FROM audit a WHERE a.writer_id = w.id ORDER BY a.sequence DESC LIMIT 1) AS hash FROM audit_writer w WHERE (SELECT max(a.sequence) FROM audit a WHERE a.writer_id = w.id) > w.sealed_sequence ORDER BY w.id LIMIT $1";
    LAST_CHECKPOINT: "SELECT n, at, previous_hash, heads, signature FROM audit_checkpoint ORDER BY n DESC LIMIT 1";
    CHECKPOINTS: "SELECT n, at, previous_hash, heads, signature FROM audit_checkpoint WHERE n > $1 ORDER BY n LIMIT $2";
    INSERT_CHECKPOINT: "INSERT INTO audit_checkpoint (n, at, previous_hash, heads, signature) VALUES ($1, $2, $3, $4, $5)";
    SET_SEALED: "UPDATE audit_writer SET sealed_sequence = $2 WHERE id = $1 AND sealed_sequence < $2";
    WRITERS: "SELECT id, started_at, previous_id, previous_sequence, previous_hash, sealed_sequence FROM audit_writer WHERE id > $1 ORDER BY id LIMIT $2";
    /// Writers that only rows know: theirs was removed.
    STRAY_WRITERS: "SELECT DISTINCT a.writer_id FROM audit a WHERE NOT EXISTS (SELECT 1 FROM audit_writer w WHERE w.id = a.writer_id) ORDER BY a.writer_id LIMIT $1";
    ROWS: "SELECT id, sequence, event, personal, salt, digest, hash, at, activity, activity_key, category_key, is_entitlement, actor_user, actor_app, correlation FROM audit WHERE writer_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
    TARGETS: "SELECT a.id, a.sequence, t.target_id FROM audit a JOIN audit_target t ON t.audit_id = a.id WHERE a.writer_id = $1 AND a.sequence > $2 AND a.sequence <= $3 ORDER BY a.sequence, t.target_id";
    ERASABLE: "SELECT a.id FROM audit a WHERE a.personal IS NOT NULL AND (a.actor_user = $1 OR (a.activity <> $3 AND a.id IN (SELECT t.audit_id FROM audit_target t WHERE t.target_id = $1))) ORDER BY a.id LIMIT $2";
    ERASE: "UPDATE audit SET personal = NULL, salt = NULL WHERE id = $1 AND personal IS NOT NULL";
}

/// Takes or keeps the sealer's lease, if nobody else has it.
pub fn take_lease(tx: &mut Tx<'_>, wall: Timestamp, node: Uuid) {
    let (until, free) = (plus_seconds(wall, SEAL_LEASE_SECONDS), plus_seconds(wall, -LEASE_SKEW_SECONDS));
    tx.write(&LEASE, vec![SEALER.into(), until.into(), node.into(), free.into()]);
}

/// Who has the lease.
pub fn leased() -> First<Option<Uuid>> {
    Query::new(&LEASED, vec![SEALER.into()], |row| Columns::of(row, "job").opt_id("lease_token")).first()
}

/// Gives the lease back.
pub fn release_lease(tx: &mut Tx<'_>, node: Uuid) {
    tx.write(&RELEASE, vec![SEALER.into(), node.into()]);
}

/// A writer with rows that no checkpoint names, if there is one.
pub fn has_unsealed() -> First<Uuid> {
    Query::new(&HAS_UNSEALED, Vec::new(), |row| Columns::of(row, "audit_writer").id("id")).first()
}

/// The heads that moved since the last checkpoint, by writer, all of one moment.
pub fn moved_heads() -> Query<Link> {
    Query::new(&MOVED_HEADS, vec![SEAL_HEADS_MAX.into()], |row| {
        let mut c = Columns::of(row, "audit");
        Ok(Link { writer: c.id("writer_id")?, sequence: c.int("sequence")?, hash: hex(&mut c, "hash")? })
    })
}

fn hex<const N: usize>(c: &mut Columns<'_>, column: &'static str) -> Result<Hex<N>, StoreError> {
    let bytes = c.bytes(column)?;
    Hex::of(&bytes).ok_or_else(|| c.corrupt(column))
}

fn checkpoint(row: &crate::driver::Row<'_>) -> Result<Checkpoint, StoreError> {
    let mut c = Columns::of(row, "audit_checkpoint");
    Ok(Checkpoint {
        checkpoint: c.int("n")?,
        at: c.int("at")?,
        previous: hex(&mut c, "previous_hash")?,
        heads: c.json("heads")?,
        signature: hex(&mut c, "signature")?,
    })
}

/// The newest checkpoint.
pub fn last_checkpoint() -> First<Checkpoint> {
    Query::new(&LAST_CHECKPOINT, Vec::new(), checkpoint).first()
}

/// Checkpoints after the one of this number, oldest first, a page of them.
pub fn checkpoints_after(n: i64) -> Query<Checkpoint> {
    Query::new(&CHECKPOINTS, vec![n.into(), EXPORT_ROWS.into()], checkpoint)
}

/// Keeps a checkpoint. Fails when the number is taken, or a head has been named by another one meanwhile.
pub fn insert_checkpoint(tx: &mut Tx<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let params = vec![
        checkpoint.checkpoint.into(),
        checkpoint.at.into(),
        checkpoint.previous.0.to_vec().into(),
        crate::fetch::json(&checkpoint.heads)?,
        checkpoint.signature.0.to_vec().into(),
    ];
    tx.write(&INSERT_CHECKPOINT, params);
    for head in &checkpoint.heads {
        tx.write(&SET_SEALED, vec![head.writer.into(), head.sequence.into()]).exactly_one("audit_writer");
    }
    Ok(())
}

/// Writers after the one of this id, a page of them.
pub fn writers_after(id: Uuid) -> Query<Writer> {
    Query::new(&WRITERS, vec![id.into(), EXPORT_ROWS.into()], |row| {
        let mut c = Columns::of(row, "audit_writer");
        let (writer, started_at) = (c.id("id")?, c.int("started_at")?);
        let (previous, sequence) = (c.opt_id("previous_id")?, c.opt_int("previous_sequence")?);
        let hash = c.opt_bytes("previous_hash")?.map(|b| Hex::of(&b).ok_or_else(|| c.corrupt("previous_hash")));
        let previous = match (previous, sequence, hash.transpose()?) {
            (Some(writer), Some(sequence), Some(hash)) => Some(Link { writer, sequence, hash }),
            (None, None, None) => None,
            _ => return Err(c.corrupt("previous_id")),
        };
        Ok(Writer { writer, started_at, previous, sealed: c.int("sealed_sequence")? })
    })
}

/// Writers whose row is gone, though they have rows.
pub fn stray_writers() -> Query<Uuid> {
    Query::new(&STRAY_WRITERS, vec![EXPORT_ROWS.into()], |row| Columns::of(row, "audit").id("writer_id"))
}

/// An audit row as it is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: Uuid,
    /// Its number in the chain of its writer.
    pub sequence: i64,
    /// The text of the event.
    pub event: String,
    /// The text of what can be erased.
    pub personal: Option<String>,
    /// The salt of its digest.
    pub salt: Option<Salt>,
    /// The digest.
    pub digest: Hash,
    /// The hash.
    pub hash: Hash,
    columns: Derived,
}

/// Columns by which rows are found; all of them follow from the event.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Derived {
    at: i64,
    activity: String,
    activity_key: String,
    category_key: String,
    is_entitlement: bool,
    actor_user: Option<Uuid>,
    actor_app: Option<Uuid>,
    correlation: Uuid,
}

impl Derived {
    /// What the columns must say about an event.
    fn of(event: &Json) -> Option<Self> {
        let text = |name: &str| event.get(name)?.as_str();
        let actor = event.get("actor")?;
        let id_of = |kind: &str, member: &str| {
            let is = actor.get("kind").and_then(Json::as_str) == Some(kind);
            actor.get(member).and_then(Json::as_str).filter(|_| is).and_then(|t| Uuid::parse_str(t).ok())
        };
        let category = text("category")?;
        Some(Self {
            at: event.get("at")?.as_i64()?,
            activity: text("activity")?.to_owned(),
            activity_key: fold(text("activity")?),
            category_key: fold(category),
            is_entitlement: category == Category::EntitlementManagement.name(),
            actor_user: id_of("user", "id"),
            actor_app: id_of("app", "appId"),
            correlation: Uuid::parse_str(text("correlation")?).ok()?,
        })
    }

    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let compared = [
            ("at", self.at == other.at),
            ("activity", self.activity == other.activity),
            ("activity_key", self.activity_key == other.activity_key),
            ("category_key", self.category_key == other.category_key),
            ("is_entitlement", self.is_entitlement == other.is_entitlement),
            ("actor_user", self.actor_user == other.actor_user),
            ("actor_app", self.actor_app == other.actor_app),
            ("correlation", self.correlation == other.correlation),
        ];
        compared.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect()
    }
}

impl Row {
    /// Columns that say something else than the event, given the ids that the row can be found by.
    pub fn differs(&self, targets: &[Uuid]) -> Vec<&'static str> {
        let Ok(event) = serde_json::from_str::<Json>(&self.event) else { return vec!["event"] };
        let Some(derived) = Derived::of(&event) else { return vec!["event"] };
        let mut differs = self.columns.differences(&derived);
        let id = |target: &Json| target.get("id")?.as_str().and_then(|t| Uuid::parse_str(t).ok());
        let mut expected: Vec<Uuid> =
            event.get("targets").and_then(Json::as_array).into_iter().flatten().filter_map(id).collect();
        expected.sort_unstable();
        expected.dedup();
        if expected != targets {
            differs.push("audit_target");
        }
        differs
    }
}

/// Rows of a writer after the one of this number, a page of them.
pub fn rows_after(writer: Uuid, sequence: i64) -> Query<Row> {
    Query::new(&ROWS, vec![writer.into(), sequence.into(), EXPORT_ROWS.into()], |row| {
        let mut c = Columns::of(row, "audit");
        Ok(Row {
            id: c.id("id")?,
            sequence: c.int("sequence")?,
            event: c.text("event")?,
            personal: c.opt_text("personal")?,
            salt: c.opt_bytes("salt")?.map(|b| Hex::of(&b).ok_or_else(|| c.corrupt("salt"))).transpose()?,
            digest: hex(&mut c, "digest")?,
            hash: hex(&mut c, "hash")?,
            columns: Derived {
                at: c.int("at")?,
                activity: c.text("activity")?,
                activity_key: c.text("activity_key")?,
                category_key: c.text("category_key")?,
                is_entitlement: c.bool("is_entitlement")?,
                actor_user: c.opt_id("actor_user")?,
                actor_app: c.opt_id("actor_app")?,
                correlation: c.id("correlation")?,
            },
        })
    })
}

/// What the rows between two numbers can be found by: number and id, in this order.
pub fn targets_between(writer: Uuid, after: i64, to: i64) -> Query<(i64, Uuid)> {
    Query::new(&TARGETS, vec![writer.into(), after.into(), to.into()], |row| {
        let mut c = Columns::of(row, "audit_target");
        let _: Uuid = c.id("id")?;
        Ok((c.int("sequence")?, c.id("target_id")?))
    })
}

/// Rows that hold names of people and are about this person or done by him: as many as one erasure takes. Erasures are
/// about him, but do not name him.
pub fn erasable(person: ObjectId) -> Query<Uuid> {
    let erasure = Activity::ErasePersonal.name();
    Query::new(&ERASABLE, vec![person.0.into(), ERASE_ROWS.into(), erasure.into()], |row| {
        Columns::of(row, "audit").id("id")
    })
}

/// Empties the names of people of one row.
pub fn erase(tx: &mut Tx<'_>, row: Uuid) {
    tx.write(&ERASE, vec![Value::Id(row)]).exactly_one("audit");
}
