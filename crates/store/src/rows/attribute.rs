//! Attributes that resources ask for, and which assignments have written some to their holders.

use super::directory::user;
use crate::error::StoreError;
use crate::fetch::{Columns, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::attribute::{AttributeChange, GivenAttribute, ResourceAttribute};
use tenure_domain::authorize::Permit;
use tenure_domain::directory::Attributes;
use tenure_domain::ids::{AssignmentId, ObjectId, PackageId, ResourceId, SubjectId};

sql! {
    OF_PACKAGE(hot): "SELECT r.id, r.attributes FROM resource r WHERE r.id IN (SELECT z.resource_id FROM package_role z WHERE z.package_id = $1) AND CAST(r.attributes AS TEXT) <> '[]' ORDER BY r.id";
    SET: "UPDATE resource SET attributes = $2, modified_at = $3 WHERE id = $1";
    /// Those that go with an assignment: not persistent, and wanted by no other live assignment of its holder.
    ENDING(hot): "SELECT b.assignment_id, b.name FROM assignment_attribute b WHERE b.assignment_id = $1 AND NOT b.is_persistent AND NOT EXISTS (SELECT 1 FROM assignment a JOIN assignment_attribute o ON o.assignment_id = a.id AND o.name = b.name WHERE a.target_id = $2 AND a.is_live AND a.id <> $1) ORDER BY b.name";
    OURS: "SELECT DISTINCT b.name FROM assignment a JOIN assignment_attribute b ON b.assignment_id = a.id WHERE a.target_id = $1 AND a.is_live";
    INSERT: "INSERT INTO assignment_attribute (assignment_id, name, is_persistent, value) VALUES ($1, $2, $3, $4) ON CONFLICT (assignment_id, name) DO NOTHING";
    /// What one assignment writes over another's counts as written by both: the last of them empties it.
    WRITTEN_ANEW: "UPDATE assignment_attribute SET value = $3 WHERE name = $2 AND assignment_id IN (SELECT a.id FROM assignment a WHERE a.target_id = $1 AND a.is_live)";
    VALUES: "SELECT name, value FROM assignment_attribute WHERE assignment_id = $1 ORDER BY name";
    MOVE: "UPDATE assignment_attribute SET assignment_id = $2 WHERE assignment_id = $1";
    DELETE: "DELETE FROM assignment_attribute WHERE assignment_id = $1";
}

/// What the resources of a package ask for, by resource.
pub fn of_package(package: PackageId) -> Query<Vec<ResourceAttribute>> {
    Query::new(&OF_PACKAGE, vec![package.0.into()], |row| {
        let mut c = Columns::of(row, "resource");
        c.id::<ResourceId>("id")?;
        c.json("attributes")
    })
}

/// Sets what a resource asks for.
pub fn set(
    tx: &mut Tx<'_>,
    _: &Permit,
    id: ResourceId,
    all: &[ResourceAttribute],
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.write(&SET, vec![id.0.into(), json(&all)?, now.into()]).exactly_one("resource");
    Ok(())
}

/// The attributes that are emptied when an assignment ends.
pub fn ending(assignment: AssignmentId, holder: SubjectId) -> Query<String> {
    Query::new(&ENDING, vec![assignment.0.into(), holder.0.into()], |row| {
        let mut c = Columns::of(row, "assignment_attribute");
        c.id::<AssignmentId>("assignment_id")?;
        c.text("name")
    })
}

fn ours(holder: ObjectId) -> Query<String> {
    Query::new(&OURS, vec![holder.0.into()], |row| Columns::of(row, "assignment_attribute").text("name"))
}

/// Writes a change to its person. The person is read again, because nothing else of him is changed here; that is a round
/// trip more, for packages that ask for attributes.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    permit: &Permit,
    change: &AttributeChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    match change {
        AttributeChange::Give { assignment, user, values } => give(tx, permit, (*assignment, *user), values, now),
        AttributeChange::Move { from, to } => {
            tx.write(&MOVE, vec![from.0.into(), to.0.into()]);
            Ok(())
        }
        AttributeChange::Take { assignment, user, names } => take(tx, permit, (*assignment, *user), names, now),
    }
}

/// Empties what stands as it was written; what somebody wrote over it is his.
fn take(
    tx: &mut Tx<'_>,
    permit: &Permit,
    (assignment, holder): (AssignmentId, ObjectId),
    names: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (person, written) = tx.fetch((user::get(holder), values(assignment)))?;
    tx.write(&DELETE, vec![assignment.0.into()]);
    let Some(mut person) = person.filter(|p| p.source.is_none()) else { return Ok(()) };
    let stands = |(name, value): &&(String, String)| {
        names.contains(name) && person.attributes.text(name).map(str::trim) == Some(value.trim())
    };
    let change: Attributes =
        Attributes(written.iter().filter(stands).map(|(name, _)| (name.clone(), serde_json::Value::Null)).collect());
    if change.0.is_empty() {
        return Ok(());
    }
    person.attributes.merge(&change);
    user::update(tx, permit, &person, now)
}

fn values(assignment: AssignmentId) -> Query<(String, String)> {
    Query::new(&VALUES, vec![assignment.0.into()], |row| {
        let mut c = Columns::of(row, "assignment_attribute");
        Ok((c.text("name")?, c.text("value")?))
    })
}

fn give(
    tx: &mut Tx<'_>,
    permit: &Permit,
    (assignment, holder): (AssignmentId, ObjectId),
    given: &[GivenAttribute],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (person, ours) = tx.fetch((user::get(holder), ours(holder)))?;
    let Some(mut person) = person.filter(|p| p.source.is_none()) else { return Ok(()) };
    let current = |v: &GivenAttribute| person.attributes.text(&v.name).map(ToOwned::to_owned);
    let is_written = |v: &GivenAttribute| v.replaces(current(v).as_deref());
    // A value that was there before any assignment wrote it is the person's own and stays.
    let is_kept = |v: &GivenAttribute| ours.contains(&v.name) && current(v).as_deref() == Some(v.value.as_str());
    for v in given.iter().filter(|v| is_written(v) || is_kept(v)) {
        let (name, value) = (v.name.as_str(), v.value.as_str());
        if is_written(v) {
            tx.write(&WRITTEN_ANEW, vec![holder.0.into(), name.into(), value.into()]);
        }
        tx.write(&INSERT, vec![assignment.0.into(), name.into(), v.is_persistent.into(), value.into()]);
    }
    let written = given.iter().filter(|v| is_written(v)).map(|v| (v.name.clone(), v.value.clone().into()));
    let change = Attributes(written.collect());
    if change.0.is_empty() {
        return Ok(());
    }
    person.attributes.merge(&change);
    user::update(tx, permit, &person, now)
}
