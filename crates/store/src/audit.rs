//! Audit rows: append-only, chained per writer (decisions.md F1, F4, F5).
//!
//! A writer is one database thread in one process life. Each of its rows carries a hash over the row before it, so that
//! nothing can be changed, dropped or put between without showing. Names of people stand apart, with a salt; the chain
//! covers their digest, so that they can be erased and the chain still verifies.

use crate::error::StoreError;
use crate::sql::sql;
use crate::tx::Tx;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value as Json, json};
use tenure_domain::Timestamp;
use tenure_domain::audit::{AuditEvent, AuditTarget, Category, TargetKind};
use tenure_domain::authorize::{Caller, Principal};
use tenure_domain::ids::{AuditId, Ids};
use tenure_domain::seal::{self, Hash, Hex, Link, SALT_BYTES, Salt, Writer};
use tenure_domain::text::fold;
use tenure_odata::Value;
use uuid::Uuid;

sql! {
    INSERT_WRITER: "INSERT INTO audit_writer (id, started_at, previous_id, previous_sequence, previous_hash, sealed_sequence) VALUES ($1, $2, $3, $4, $5, 0)";
    INSERT(hot): "INSERT INTO audit (id, writer_id, sequence, at, activity, activity_key, category_key, is_entitlement, actor_user, actor_app, correlation, event, personal, salt, digest, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    INSERT_TARGET(hot): "INSERT INTO audit_target (target_id, audit_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
}

/// The end of a writer's chain. Lives in its thread and advances only with commits.
#[derive(Clone, Debug)]
pub struct AuditHead {
    writer: Option<Uuid>,
    /// Whether the writer's own row is committed.
    is_registered: bool,
    sequence: i64,
    hash: Hash,
    previous: Option<Link>,
}

impl AuditHead {
    /// A chain that has not begun.
    pub(crate) const fn new() -> Self {
        Self { writer: None, is_registered: false, sequence: 0, hash: Hex([0; 32]), previous: None }
    }

    /// A chain for reads, which write nothing.
    pub(crate) const fn detached() -> Self {
        Self::new()
    }

    /// What was written is committed.
    pub(crate) fn committed(&mut self) {
        self.is_registered = self.writer.is_some();
    }

    /// A commit failed or its fate is unknown: another writer goes on and names this one's last known row.
    pub(crate) fn next_writer(&self) -> Self {
        let known = self.writer.filter(|_| self.is_registered);
        let known = known.map(|writer| Link { writer, sequence: self.sequence, hash: self.hash });
        Self { previous: known.or(self.previous), ..Self::new() }
    }
}

/// Who does it, when, and under which HTTP request.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// When, by the business clock.
    pub now: Timestamp,
    /// The HTTP request.
    pub correlation: Uuid,
}

/// Writes one audit row.
pub fn append(tx: &mut Tx<'_>, at: Circumstances<'_>, event: &AuditEvent, ids: &mut Ids) -> Result<(), StoreError> {
    let id: AuditId = ids.next(at.now);
    let writer = writer(tx, at.now, ids);
    let correlation = event.correlation.unwrap_or(at.correlation);
    let body = event_json(at, event, correlation).to_string();
    let personal = personal_json(at.caller, event).to_string();
    let salt: Salt = Hex(ids.bytes::<SALT_BYTES>());
    let digest = hash(&seal::covered_by_digest(&salt, &personal));
    let sequence = tx.head.sequence + 1;
    let hash = hash(&seal::covered_by_row((writer, sequence), &tx.head.hash, id.0, &digest, &body));
    (tx.head.sequence, tx.head.hash) = (sequence, hash);
    let (actor_user, actor_app) = match at.caller.principal {
        Principal::User(id) => (Some(id.0), None),
        Principal::App(_) => (None, Uuid::parse_str(&at.caller.rights.principal_name).ok()),
        Principal::System => (None, None),
    };
    let category = event.activity.category();
    tx.write(
        &INSERT,
        vec![
            Value::Id(id.0),
            Value::Id(writer),
            sequence.into(),
            at.now.into(),
            event.activity.name().into(),
            fold(event.activity.name()).into(),
            fold(category.name()).into(),
            (category == Category::EntitlementManagement).into(),
            actor_user.into(),
            actor_app.into(),
            correlation.into(),
            body.into(),
            personal.into(),
            salt.0.to_vec().into(),
            digest.0.to_vec().into(),
            hash.0.to_vec().into(),
        ],
    );
    for target in &event.targets {
        tx.write(&INSERT_TARGET, vec![target.id.into(), Value::Id(id.0)]);
    }
    tx.set_audit_id(id.0);
    Ok(())
}

/// The writer of this thread; its first row of a process life registers it.
fn writer(tx: &mut Tx<'_>, now: Timestamp, ids: &mut Ids) -> Uuid {
    if let Some(writer) = tx.head.writer {
        return writer;
    }
    let id: Uuid = ids.next(now);
    let row = Writer { writer: id, started_at: now.as_microsecond(), previous: tx.head.previous, sealed: 0 };
    (tx.head.writer, tx.head.hash) = (Some(id), hash(&seal::covered_by_writer(&row)));
    tx.write(
        &INSERT_WRITER,
        vec![
            id.into(),
            now.into(),
            row.previous.map(|p| p.writer).into(),
            row.previous.map(|p| p.sequence).into(),
            row.previous.map(|p| p.hash.0.to_vec()).into(),
        ],
    );
    id
}

fn hash(bytes: &[u8]) -> Hash {
    Hex::of(digest(&SHA256, bytes).as_ref()).unwrap_or(Hex([0; 32]))
}

/// The canonical event: keys are sorted, names of people are left out.
fn event_json(at: Circumstances<'_>, event: &AuditEvent, correlation: Uuid) -> Json {
    let actor = match at.caller.principal {
        Principal::User(id) => json!({ "kind": "user", "id": id.0 }),
        Principal::App(id) => {
            json!({ "kind": "app", "id": id.0, "appId": at.caller.rights.principal_name, "name": at.caller.rights.name })
        }
        Principal::System => json!({ "kind": "system", "name": at.caller.rights.name }),
    };
    let targets: Vec<Json> = event.targets.iter().map(target_json).collect();
    json!({
        "activity": event.activity.name(),
        "actor": actor,
        "at": at.now.as_microsecond(),
        "category": event.activity.category().name(),
        "correlation": correlation,
        "details": event.details,
        "operation": event.activity.operation(),
        "reason": event.reason,
        "request": at.correlation,
        "service": event.activity.category().service(),
        "succeeded": event.succeeded,
        "targets": targets,
    })
}

const fn is_person(target: &AuditTarget) -> bool {
    matches!(target.kind, TargetKind::User)
}

fn target_json(target: &AuditTarget) -> Json {
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(target.id));
    object.insert("kind".to_owned(), json!(target.kind));
    if is_person(target) {
        let names: Vec<&str> = target.modified.iter().map(|m| m.property.as_str()).collect();
        object.insert("changed".to_owned(), json!(names));
    } else {
        object.insert("modified".to_owned(), json!(target.modified));
        object.insert("name".to_owned(), json!(target.name));
    }
    Json::Object(object)
}

/// What can be erased: the caller's name, and names and values of people who are targets, by position.
fn personal_json(caller: &Caller, event: &AuditEvent) -> Json {
    let mut people = Map::new();
    for (i, target) in event.targets.iter().enumerate().filter(|(_, t)| is_person(t)) {
        people.insert(i.to_string(), json!({ "name": target.name, "modified": target.modified }));
    }
    let actor = match caller.principal {
        Principal::User(_) => json!({ "name": caller.rights.name, "upn": caller.rights.principal_name }),
        Principal::App(_) | Principal::System => Json::Null,
    };
    json!({ "actor": actor, "targets": people })
}
