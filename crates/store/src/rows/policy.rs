//! Assignment policies: a row, and an immutable version per save.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{PackageId, PolicyId, RequestId, SubjectId};
use tenure_domain::notification::MailsOff;
use tenure_domain::package::Uses;
use tenure_domain::policy::requirements::lets_managers;
use tenure_domain::policy::{Policy, PolicyBody};
use tenure_domain::text::fold;

sql! {
    GET(hot): "SELECT y.id, y.package_id, y.catalog_id, y.name, y.is_enabled, y.current_version, v.body, y.created_at, y.modified_at, y.created_by, y.modified_by, y.keep_pre_existing FROM policy y JOIN policy_version v ON v.policy_id = y.id AND v.version = y.current_version WHERE y.id = $1";
    OF_PACKAGE(hot): "SELECT y.id, y.package_id, y.catalog_id, y.name, y.is_enabled, y.current_version, v.body, y.created_at, y.modified_at, y.created_by, y.modified_by, y.keep_pre_existing FROM policy y JOIN policy_version v ON v.policy_id = y.id AND v.version = y.current_version WHERE y.package_id = $1 ORDER BY y.id";
    VERSION: "SELECT policy_id, body FROM policy_version WHERE policy_id = $1 AND version = $2";
    INSERT: "INSERT INTO policy (id, package_id, catalog_id, name, name_key, scope_kind, is_enabled, is_auto, self_add, current_version, created_at, modified_at, created_by, modified_by, on_behalf) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    UPDATE: "UPDATE policy SET name = $2, name_key = $3, scope_kind = $4, is_enabled = $5, is_auto = $6, self_add = $7, current_version = $8, modified_at = $9, modified_by = $10, on_behalf = $11 WHERE id = $1 AND current_version = $8 - 1";
    INSERT_VERSION: "INSERT INTO policy_version (policy_id, version, body, created_at, created_by) VALUES ($1, $2, $3, $4, $5)";
    DELETE: "DELETE FROM policy WHERE id = $1";
    DELETE_REFS: "DELETE FROM policy_ref WHERE policy_id = $1";
    INSERT_REF: "INSERT INTO policy_ref (policy_id, role, ref_id) VALUES ($1, $2, $3)";
    AUTOMATIC: "SELECT id FROM policy WHERE package_id = $1 AND is_auto AND id <> $2";
    SWITCHES: "SELECT id, keep_pre_existing, remove_out_of_scope FROM policy WHERE id = $1";
    MAILS_OFF: "SELECT id, mails_off FROM policy WHERE id = $1";
    MAILS_OFF_OF_REQUEST(hot): "SELECT y.id, y.mails_off FROM request q JOIN policy y ON y.id = q.policy_id WHERE q.id = $1";
    MAILS_OFF_OF_HOLDER: "SELECT y.id, y.mails_off FROM assignment a JOIN policy y ON y.id = a.policy_id WHERE a.package_id = $1 AND a.target_id = $2 AND a.is_live";
    SET_MAILS_OFF: "UPDATE policy SET mails_off = $2, modified_at = $3, modified_by = $4 WHERE id = $1";
    SET_SWITCHES: "UPDATE policy SET keep_pre_existing = $2, remove_out_of_scope = $3, modified_at = $4, modified_by = $5 WHERE id = $1";
    USES: "SELECT (SELECT count(*) FROM assignment WHERE policy_id = $1 AND is_live), (SELECT count(*) FROM request WHERE policy_id = $1 AND is_open)";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Policy, StoreError> {
    let mut c = Columns::of(row, "policy");
    Ok(Policy {
        id: c.id("id")?,
        package: c.id("package_id")?,
        catalog: c.id("catalog_id")?,
        name: c.text("name")?,
        is_enabled: c.bool("is_enabled")?,
        version: c.int("current_version")?,
        body: c.json("body")?,
        created_at: c.time("created_at")?,
        modified_at: c.time("modified_at")?,
        created_by: c.text("created_by")?,
        modified_by: c.text("modified_by")?,
        keep_pre_existing: c.bool("keep_pre_existing")?,
    })
}

/// A policy in its current version.
pub fn get(id: PolicyId) -> First<Policy> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The policies of a package, in their current versions.
pub fn of_package(package: PackageId) -> Query<Policy> {
    Query::new(&OF_PACKAGE, vec![package.0.into()], decode)
}

/// The settings of a policy in one of its versions.
pub fn version(id: PolicyId, version: i64) -> First<PolicyBody> {
    Query::new(&VERSION, vec![id.0.into(), version.into()], |row| {
        let mut c = Columns::of(row, "policy_version");
        c.id::<PolicyId>("policy_id")?;
        c.json("body")
    })
    .first()
}

/// What holds a policy in place.
pub fn uses(id: PolicyId) -> First<Uses> {
    Query::new(&USES, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "policy");
        Ok(Uses { live_assignments: c.int("assignments")?, open_requests: c.int("requests")? })
    })
    .first()
}

/// The automatic policy of a package, other than this one.
pub fn automatic(package: PackageId, other_than: PolicyId) -> First<PolicyId> {
    Query::new(&AUTOMATIC, vec![package.0.into(), other_than.0.into()], |row| Columns::of(row, "policy").id("id"))
        .first()
}

/// What a policy says that the published model has no name for (decisions.md Q4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Access that was there before stays when an assignment ends (decisions.md C7).
    pub keep_pre_existing: bool,
    /// Access ends when its holder leaves the policy's scope (behaviour.md o.17).
    pub remove_out_of_scope: bool,
}

/// The switches of a policy.
pub fn switches(id: PolicyId) -> First<Switches> {
    Query::new(&SWITCHES, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "policy");
        c.id::<PolicyId>("id")?;
        let (keep_pre_existing, remove_out_of_scope) = (c.bool("keep_pre_existing")?, c.bool("remove_out_of_scope")?);
        Ok(Switches { keep_pre_existing, remove_out_of_scope })
    })
    .first()
}

/// Sets the switches of a policy.
pub fn set_switches(tx: &mut Tx<'_>, _: &Permit, id: PolicyId, switches: Switches, (by, at): (&str, Timestamp)) {
    let params =
        vec![id.0.into(), switches.keep_pre_existing.into(), switches.remove_out_of_scope.into(), at.into(), by.into()];
    tx.write(&SET_SWITCHES, params).exactly_one("policy");
}

fn mails_off_row(row: &crate::driver::Row<'_>) -> Result<MailsOff, StoreError> {
    let mut c = Columns::of(row, "policy");
    c.id::<PolicyId>("id")?;
    c.json("mails_off")
}

/// The mails that are not sent under a policy.
pub fn mails_off(id: PolicyId) -> First<MailsOff> {
    Query::new(&MAILS_OFF, vec![id.0.into()], mails_off_row).first()
}

/// The mails that are not sent under the policy of a request, whatever version of it the request keeps.
pub fn mails_off_of_request(id: RequestId) -> First<MailsOff> {
    Query::new(&MAILS_OFF_OF_REQUEST, vec![id.0.into()], mails_off_row).first()
}

/// The mails that are not sent under the policy by which somebody holds a package.
pub fn mails_off_of_holder(package: PackageId, target: SubjectId) -> First<MailsOff> {
    Query::new(&MAILS_OFF_OF_HOLDER, vec![package.0.into(), target.0.into()], mails_off_row).first()
}

/// Switches the mails of a policy.
pub fn set_mails_off(
    tx: &mut Tx<'_>,
    _: &Permit,
    id: PolicyId,
    off: &MailsOff,
    (by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    tx.write(&SET_MAILS_OFF, vec![id.0.into(), json(off)?, at.into(), by.into()]).exactly_one("policy");
    Ok(())
}

/// Adds a policy.
pub fn insert(tx: &mut Tx<'_>, permit: &Permit, policy: &Policy) -> Result<(), StoreError> {
    let params = vec![
        policy.id.0.into(),
        policy.package.0.into(),
        policy.catalog.0.into(),
        policy.name.as_str().into(),
        fold(&policy.name).into(),
        policy.body.scope.code().into(),
        policy.is_enabled.into(),
        policy.body.is_automatic().into(),
        policy.body.requestor.self_add.into(),
        policy.version.into(),
        policy.created_at.into(),
        policy.modified_at.into(),
        policy.created_by.as_str().into(),
        policy.modified_by.as_str().into(),
        lets_managers(policy).into(),
    ];
    tx.write(&INSERT, params);
    insert_version(tx, permit, policy)
}

/// Changes a policy; `policy.version` is the number of the new version, one more than that which was read.
pub fn update(tx: &mut Tx<'_>, permit: &Permit, policy: &Policy) -> Result<(), StoreError> {
    let params = vec![
        policy.id.0.into(),
        policy.name.as_str().into(),
        fold(&policy.name).into(),
        policy.body.scope.code().into(),
        policy.is_enabled.into(),
        policy.body.is_automatic().into(),
        policy.body.requestor.self_add.into(),
        policy.version.into(),
        policy.modified_at.into(),
        policy.modified_by.as_str().into(),
        lets_managers(policy).into(),
    ];
    tx.write(&UPDATE, params).exactly_one("policy");
    tx.write(&DELETE_REFS, vec![policy.id.0.into()]);
    insert_version(tx, permit, policy)
}

fn insert_version(tx: &mut Tx<'_>, _: &Permit, policy: &Policy) -> Result<(), StoreError> {
    let params = vec![
        policy.id.0.into(),
        policy.version.into(),
        json(&policy.body)?,
        policy.modified_at.into(),
        policy.modified_by.as_str().into(),
    ];
    tx.write(&INSERT_VERSION, params);
    for (role, id) in policy.body.references() {
        tx.write(&INSERT_REF, vec![policy.id.0.into(), (role as i64).into(), id.into()]);
    }
    Ok(())
}

/// Deletes a policy; its versions stay.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: PolicyId) {
    tx.write(&DELETE_REFS, vec![id.0.into()]);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("policy");
}
