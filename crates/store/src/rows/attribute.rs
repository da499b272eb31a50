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
    INSERT: "INSERT INTO assignment_attribute (assignment_id, name, is_persistent) VALUES ($1, $2, $3) ON CONFLICT (assignment_id, name) DO NOTHING";
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
        AttributeChange::Take { assignment, user, names } => {
            let values = names.iter().map(|name| (name.clone(), serde_json::Value::Null));
            let change = Attributes(values.collect());
            merge(tx, permit, *user, &change, now)?;
            tx.write(&DELETE, vec![assignment.0.into()]);
            Ok(())
        }
    }
}

fn give(
    tx: &mut Tx<'_>,
    permit: &Permit,
    (assignment, holder): (AssignmentId, ObjectId),
    values: &[GivenAttribute],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (person, ours) = tx.fetch((user::get(holder), ours(holder)))?;
    let Some(person) = person.filter(|p| p.source.is_none()) else { return Ok(()) };
    let is_changed = |v: &&GivenAttribute| person.attributes.text(&v.name) != Some(v.value.as_str());
    // A value that was there before any assignment wrote it is the person's own and stays.
    for value in values.iter().filter(|v| is_changed(v) || ours.contains(&v.name)) {
        tx.write(&INSERT, vec![assignment.0.into(), value.name.as_str().into(), value.is_persistent.into()]);
    }
    let changed = values.iter().filter(is_changed).map(|v| (v.name.clone(), v.value.clone().into()));
    let change = Attributes(changed.collect());
    if change.0.is_empty() {
        return Ok(());
    }
    let mut person = person;
    person.attributes.merge(&change);
    user::update(tx, permit, &person, now)
}

fn merge(
    tx: &mut Tx<'_>,
    permit: &Permit,
    holder: ObjectId,
    change: &Attributes,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(mut person) = tx.fetch(user::get(holder))?.filter(|p| p.source.is_none()) else { return Ok(()) };
    person.attributes.merge(change);
    user::update(tx, permit, &person, now)
}
