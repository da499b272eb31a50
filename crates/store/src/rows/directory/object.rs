//! What all directory objects have: name, attributes, soft delete, search terms.

use super::change;
use crate::driver::Statement;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::text::{fold, search_terms};
use uuid::Uuid;

sql! {
    HEAD(hot): "SELECT o.id, o.kind, o.display_name, o.source_id, o.deleted_at, o.version FROM directory_object o WHERE o.id = $1";
    INSERT: "INSERT INTO directory_object (id, kind, display_name, display_key, source_id, source_key, created_at, changed_at, deleted_at, attrs, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, NULL, $8, 1)";
    UPDATE: "UPDATE directory_object SET display_name = $3, display_key = $4, attrs = $5, changed_at = $6, version = version + 1 WHERE id = $1 AND version = $2";
    SET_DELETED: "UPDATE directory_object SET deleted_at = $2, changed_at = $3, version = version + 1 WHERE id = $1";
    DELETE: "DELETE FROM directory_object WHERE id = $1";
    INSERT_TERM: "INSERT INTO search_term (term, object_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    DELETE_TERMS: "DELETE FROM search_term WHERE object_id = $1";
    INSERT_SOURCE: "INSERT INTO source (id, kind, name, config, can_write) VALUES ($1, $2, $3, $4, $5)";
    SET_SOURCE: "UPDATE directory_object SET source_id = $2, source_key = $3 WHERE id = $1";
    SOURCE_WRITABLE: "SELECT can_write FROM source WHERE id = $1";
}

/// The head of a directory object, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Display name.
    pub name: String,
    /// The outside directory it comes from.
    pub source: Option<Uuid>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Raised with every change.
    pub version: i64,
}

/// The head of an object, deleted or not.
pub fn head(id: ObjectId) -> First<Head> {
    Query::new(&HEAD, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "directory_object");
        Ok(Head {
            id: c.id("id")?,
            kind: c.code("kind", ObjectKind::from_code)?,
            name: c.text("display_name")?,
            source: c.opt_id("source_id")?,
            deleted_at: c.opt_time("deleted_at")?,
            version: c.int("version")?,
        })
    })
    .first()
}

/// What objects of these ids are, of those that exist and are not deleted; at most [`tenure_domain::limits::IN_LIST_MAX`] ids.
pub fn kinds(ids: &[Uuid]) -> Query<(Uuid, ObjectKind)> {
    let places: Vec<String> = (1..=ids.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT o.id, o.kind FROM directory_object o WHERE o.id IN ({}) AND o.deleted_at IS NULL",
        places.join(", ")
    );
    let params = ids.iter().map(|id| (*id).into()).collect();
    Query::of(Statement::new(sql, params), |row| {
        let mut c = Columns::of(row, "directory_object");
        Ok((c.id("id")?, c.code("kind", ObjectKind::from_code)?))
    })
}

/// What objects of these ids are called; at most [`tenure_domain::limits::IN_LIST_MAX`] ids.
pub fn names(ids: &[Uuid]) -> Query<(Uuid, String)> {
    let places: Vec<String> = (1..=ids.len()).map(|n| format!("${n}")).collect();
    let sql = format!("SELECT o.id, o.display_name FROM directory_object o WHERE o.id IN ({})", places.join(", "));
    let params = ids.iter().map(|id| (*id).into()).collect();
    Query::of(Statement::new(sql, params), |row| {
        let mut c = Columns::of(row, "directory_object");
        Ok((c.id("id")?, c.text("display_name")?))
    })
}

/// The common part of an object that is written.
pub(super) struct Common<'a> {
    pub id: ObjectId,
    pub kind: ObjectKind,
    pub name: &'a str,
    pub attributes: &'a Attributes,
    /// Texts whose words can be searched.
    pub searchable: &'a [&'a str],
}

fn attrs(attributes: &Attributes) -> Result<tenure_odata::Value, StoreError> {
    crate::fetch::json(&attributes.0)
}

pub(super) fn insert(tx: &mut Tx<'_>, o: &Common<'_>, created_at: Timestamp) -> Result<(), StoreError> {
    let params = vec![
        o.id.0.into(),
        o.kind.code().into(),
        o.name.into(),
        fold(o.name).into(),
        None::<Uuid>.into(),
        None::<String>.into(),
        created_at.into(),
        attrs(o.attributes)?,
    ];
    tx.write(&INSERT, params);
    change::note(tx, o.id, false, created_at);
    terms(tx, o);
    Ok(())
}

pub(super) fn update(tx: &mut Tx<'_>, o: &Common<'_>, version: i64, now: Timestamp) -> Result<(), StoreError> {
    let params =
        vec![o.id.0.into(), version.into(), o.name.into(), fold(o.name).into(), attrs(o.attributes)?, now.into()];
    tx.write(&UPDATE, params).exactly_one("directory_object");
    change::note(tx, o.id, false, now);
    tx.write(&DELETE_TERMS, vec![o.id.0.into()]);
    terms(tx, o);
    Ok(())
}

fn terms(tx: &mut Tx<'_>, o: &Common<'_>) {
    let mut words: Vec<String> = o.searchable.iter().chain([&o.name]).flat_map(|text| search_terms(text)).collect();
    words.sort();
    words.dedup();
    for word in words {
        tx.write(&INSERT_TERM, vec![word.into(), o.id.0.into()]);
    }
}

/// Marks an object as deleted, or as back.
pub(super) fn set_deleted(tx: &mut Tx<'_>, id: ObjectId, deleted_at: Option<Timestamp>, now: Timestamp) {
    tx.write(&SET_DELETED, vec![id.0.into(), deleted_at.into(), now.into()]).exactly_one("directory_object");
    change::note(tx, id, false, now);
    change::note_member_of(tx, id, deleted_at.is_some(), now);
}

pub(super) fn delete(tx: &mut Tx<'_>, id: ObjectId, now: Timestamp) {
    change::note(tx, id, true, now);
    tx.write(&DELETE_TERMS, vec![id.0.into()]);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("directory_object");
}

/// An outside directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: Uuid,
    /// The kind of connector that speaks to it.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it takes writes.
    pub can_write: bool,
}

/// Adds an outside directory.
pub fn insert_source(tx: &mut Tx<'_>, source: &Source) {
    let params = vec![
        source.id.into(),
        source.kind.as_str().into(),
        source.name.as_str().into(),
        "{}".into(),
        source.can_write.into(),
    ];
    tx.write(&INSERT_SOURCE, params);
}

/// An object comes from an outside directory, where it has this key.
pub fn set_source(tx: &mut Tx<'_>, id: ObjectId, source: Uuid, key: &str) {
    tx.write(&SET_SOURCE, vec![id.0.into(), source.into(), key.into()]).exactly_one("directory_object");
}

/// Whether an outside directory takes writes.
pub fn source_writable(id: Uuid) -> First<bool> {
    Query::new(&SOURCE_WRITABLE, vec![id.into()], |row| Columns::of(row, "source").bool("can_write")).first()
}
