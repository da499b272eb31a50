//! Groups.

use super::object::{self, Common};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::directory::group::Group;
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::ObjectId;
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use tenure_odata::{Value, list_column};

sql! {
    GET(hot): "SELECT g.id, o.display_name, g.nickname, g.unique_name, g.is_security, g.is_mail, g.is_unified, g.is_dynamic, g.is_role_assignable, g.rule, o.attrs, o.created_at, o.source_id, o.version FROM dir_group g JOIN directory_object o ON o.id = g.id WHERE g.id = $1 AND NOT g.is_deleted";
    DELETED: "SELECT g.id, o.display_name, g.nickname, g.unique_name, g.is_security, g.is_mail, g.is_unified, g.is_dynamic, g.is_role_assignable, g.rule, o.attrs, o.created_at, o.source_id, o.version FROM dir_group g JOIN directory_object o ON o.id = g.id WHERE g.id = $1 AND g.is_deleted";
    INSERT: "INSERT INTO dir_group (id, nickname, nickname_key, unique_name, unique_key, is_security, is_mail, is_unified, is_dynamic, is_role_assignable, types_list, rule, is_deleted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, FALSE)";
    UPDATE: "UPDATE dir_group SET nickname = $2, nickname_key = $3, unique_name = $4, unique_key = $5, is_security = $6, is_mail = $7, is_unified = $8, is_dynamic = $9, is_role_assignable = $10, types_list = $11, rule = $12 WHERE id = $1";
    SET_DELETED: "UPDATE dir_group SET is_deleted = $2 WHERE id = $1";
    DELETE: "DELETE FROM dir_group WHERE id = $1";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Group, StoreError> {
    let mut c = Columns::of(row, "dir_group");
    Ok(Group {
        id: c.id("id")?,
        name: c.text("display_name")?,
        nickname: c.text("nickname")?,
        unique_name: c.opt_text("unique_name")?,
        is_security: c.bool("is_security")?,
        is_mail: c.bool("is_mail")?,
        is_unified: c.bool("is_unified")?,
        is_dynamic: c.bool("is_dynamic")?,
        is_role_assignable: c.bool("is_role_assignable")?,
        rule: c.opt_text("rule")?,
        attributes: Attributes(c.json("attrs")?),
        created_at: c.time("created_at")?,
        source: c.opt_id("source_id")?,
        version: c.int("version")?,
    })
}

/// A group that is not deleted.
pub fn get(id: ObjectId) -> First<Group> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// A group that is deleted but kept.
pub fn deleted(id: ObjectId) -> First<Group> {
    Query::new(&DELETED, vec![id.0.into()], decode).first()
}

fn params(group: &Group) -> Vec<Value> {
    let types = [(group.is_unified, "unified"), (group.is_dynamic, "dynamicmembership")];
    vec![
        group.id.0.into(),
        group.nickname.as_str().into(),
        fold(&group.nickname).into(),
        group.unique_name.clone().into(),
        group.unique_name.as_deref().map(fold).into(),
        group.is_security.into(),
        group.is_mail.into(),
        group.is_unified.into(),
        group.is_dynamic.into(),
        group.is_role_assignable.into(),
        list_column(types.into_iter().filter(|(is, _)| *is).map(|(_, name)| name)).into(),
        group.rule.clone().into(),
    ]
}

fn duplicate() -> Refusal {
    Refusal::new(Code::RequestBadRequest, "Another object with the same value for property uniqueName already exists.")
        .detail("/uniqueName", "not unique")
}

fn common<'a>(group: &'a Group, searchable: &'a [&'a str]) -> Common<'a> {
    Common { id: group.id, kind: ObjectKind::Group, name: &group.name, attributes: &group.attributes, searchable }
}

/// Adds a group; its place in the closure is written by `member::insert_group`.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, group: &Group) -> Result<(), StoreError> {
    object::insert(tx, &common(group, &[&group.nickname]), group.created_at)?;
    tx.write(&INSERT, params(group)).on_constraint("uq_group_unique_name", duplicate);
    super::member::insert_group(tx, group.id);
    Ok(())
}

/// Changes a group that was read at `group.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, group: &Group, now: Timestamp) -> Result<(), StoreError> {
    object::update(tx, &common(group, &[&group.nickname]), group.version, now)?;
    tx.write(&UPDATE, params(group)).exactly_one("dir_group").on_constraint("uq_group_unique_name", duplicate);
    Ok(())
}

/// Deletes a group, to be kept for a while.
pub fn soft_delete(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    object::set_deleted(tx, id, Some(now), now);
    tx.write(&SET_DELETED, vec![id.0.into(), true.into()]).exactly_one("dir_group");
}

/// Brings a deleted group back.
pub fn restore(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    object::set_deleted(tx, id, None, now);
    super::change::note_members(tx, id, now);
    tx.write(&SET_DELETED, vec![id.0.into(), false.into()])
        .exactly_one("dir_group")
        .on_constraint("uq_group_unique_name", duplicate);
}

/// Deletes a group for good; memberships are removed by their own room.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    crate::rows::incompatibility::forget_group(tx, id);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("dir_group");
    object::delete(tx, id, now);
}
