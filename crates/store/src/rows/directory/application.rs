//! Applications, service principals, app roles and who holds them.

use super::object::{self, Common};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::directory::application::{AppRoleAssignment, Application, ServicePrincipal};
use tenure_domain::directory::{Attributes, ObjectKind};
use tenure_domain::ids::{AppRoleAssignmentId, ObjectId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use tenure_odata::Value;
use uuid::Uuid;

sql! {
    GET: "SELECT x.id, x.app_id, o.display_name, x.unique_name, x.is_public, x.roles, o.attrs, o.created_at, o.version FROM application x JOIN directory_object o ON o.id = x.id WHERE x.id = $1 AND NOT x.is_deleted";
    BY_APP_ID: "SELECT x.id, x.app_id, o.display_name, x.unique_name, x.is_public, x.roles, o.attrs, o.created_at, o.version FROM application x JOIN directory_object o ON o.id = x.id WHERE x.app_id = $1 AND NOT x.is_deleted";
    DELETED: "SELECT x.id, x.app_id, o.display_name, x.unique_name, x.is_public, x.roles, o.attrs, o.created_at, o.version FROM application x JOIN directory_object o ON o.id = x.id WHERE x.id = $1 AND x.is_deleted";
    INSERT: "INSERT INTO application (id, app_id, unique_name, unique_key, is_public, roles, is_deleted) VALUES ($1, $2, $3, $4, $5, $6, FALSE)";
    UPDATE: "UPDATE application SET unique_name = $2, unique_key = $3, is_public = $4, roles = $5 WHERE id = $1";
    SET_DELETED: "UPDATE application SET is_deleted = $2 WHERE id = $1";
    DELETE: "DELETE FROM application WHERE id = $1";
    SP(hot): "SELECT s.id, s.app_id, o.display_name, s.is_enabled, s.roles, o.attrs, o.created_at, o.version FROM service_principal s JOIN directory_object o ON o.id = s.id WHERE s.id = $1 AND NOT s.is_deleted";
    SP_BY_APP_ID(hot): "SELECT s.id, s.app_id, o.display_name, s.is_enabled, s.roles, o.attrs, o.created_at, o.version FROM service_principal s JOIN directory_object o ON o.id = s.id WHERE s.app_id = $1 AND NOT s.is_deleted";
    SP_DELETED: "SELECT s.id, s.app_id, o.display_name, s.is_enabled, s.roles, o.attrs, o.created_at, o.version FROM service_principal s JOIN directory_object o ON o.id = s.id WHERE s.id = $1 AND s.is_deleted";
    INSERT_SP: "INSERT INTO service_principal (id, app_id, is_enabled, roles, is_deleted) VALUES ($1, $2, $3, $4, FALSE)";
    UPDATE_SP: "UPDATE service_principal SET is_enabled = $2, roles = $3 WHERE id = $1";
    SET_SP_DELETED: "UPDATE service_principal SET is_deleted = $2 WHERE id = $1";
    DELETE_SP: "DELETE FROM service_principal WHERE id = $1";
    INSERT_ROLE: "INSERT INTO app_role (sp_id, id, value, name, description, is_enabled) VALUES ($1, $2, $3, $4, $5, $6)";
    DELETE_ROLES: "DELETE FROM app_role WHERE sp_id = $1";
    ASSIGNMENT: "SELECT id, sp_id, app_role_id, principal_id, created_at FROM app_role_assignment WHERE id = $1";
    INSERT_ASSIGNMENT: "INSERT INTO app_role_assignment (id, sp_id, app_role_id, principal_id, created_at) VALUES ($1, $2, $3, $4, $5)";
    ENSURE_ASSIGNMENT: "INSERT INTO app_role_assignment (id, sp_id, app_role_id, principal_id, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    DELETE_ASSIGNMENT: "DELETE FROM app_role_assignment WHERE id = $1";
    DELETE_ASSIGNMENT_OF: "DELETE FROM app_role_assignment WHERE sp_id = $1 AND app_role_id = $2 AND principal_id = $3";
    DELETE_ALL_ASSIGNMENTS: "DELETE FROM app_role_assignment WHERE sp_id = $1 OR principal_id = $1";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Application, StoreError> {
    let mut c = Columns::of(row, "application");
    Ok(Application {
        id: c.id("id")?,
        app_id: c.id("app_id")?,
        name: c.text("display_name")?,
        unique_name: c.opt_text("unique_name")?,
        is_public_client: c.bool("is_public")?,
        roles: c.json("roles")?,
        attributes: Attributes(c.json("attrs")?),
        created_at: c.time("created_at")?,
        version: c.int("version")?,
    })
}

/// An application that is not deleted.
pub fn get(id: ObjectId) -> First<Application> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// An application by the id clients sign in with.
pub fn by_app_id(app_id: Uuid) -> First<Application> {
    Query::new(&BY_APP_ID, vec![app_id.into()], decode).first()
}

/// An application that is deleted but kept.
pub fn deleted(id: ObjectId) -> First<Application> {
    Query::new(&DELETED, vec![id.0.into()], decode).first()
}

fn duplicate() -> Refusal {
    Refusal::new(Code::RequestBadRequest, "Another object with the same value for property uniqueName already exists.")
        .detail("/uniqueName", "not unique")
}

fn common<'a>(id: ObjectId, kind: ObjectKind, name: &'a str, attributes: &'a Attributes) -> Common<'a> {
    Common { id, kind, name, attributes, searchable: &[] }
}

/// Adds an application.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, app: &Application) -> Result<(), StoreError> {
    object::insert(tx, &common(app.id, ObjectKind::Application, &app.name, &app.attributes), app.created_at)?;
    let params: Vec<Value> = vec![
        app.id.0.into(),
        app.app_id.into(),
        app.unique_name.clone().into(),
        app.unique_name.as_deref().map(fold).into(),
        app.is_public_client.into(),
        json(&app.roles)?,
    ];
    tx.write(&INSERT, params).on_constraint("uq_application_unique_name", duplicate);
    Ok(())
}

/// Changes an application that was read at `app.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, app: &Application, now: Timestamp) -> Result<(), StoreError> {
    object::update(tx, &common(app.id, ObjectKind::Application, &app.name, &app.attributes), app.version, now)?;
    let params = vec![
        app.id.0.into(),
        app.unique_name.clone().into(),
        app.unique_name.as_deref().map(fold).into(),
        app.is_public_client.into(),
        json(&app.roles)?,
    ];
    tx.write(&UPDATE, params).exactly_one("application").on_constraint("uq_application_unique_name", duplicate);
    Ok(())
}

/// Deletes an application, to be kept for a while, or brings it back.
pub fn set_deleted(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, is_deleted: bool, now: Timestamp) {
    object::set_deleted(tx, id, is_deleted.then_some(now), now);
    tx.write(&SET_DELETED, vec![id.0.into(), is_deleted.into()]).exactly_one("application");
}

/// Deletes an application for good.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("application");
    object::delete(tx, id, now);
}

fn decode_sp(row: &crate::driver::Row<'_>) -> Result<ServicePrincipal, StoreError> {
    let mut c = Columns::of(row, "service_principal");
    Ok(ServicePrincipal {
        id: c.id("id")?,
        app_id: c.id("app_id")?,
        name: c.text("display_name")?,
        is_enabled: c.bool("is_enabled")?,
        roles: c.json("roles")?,
        attributes: Attributes(c.json("attrs")?),
        created_at: c.time("created_at")?,
        version: c.int("version")?,
    })
}

/// A service principal that is not deleted.
pub fn service_principal(id: ObjectId) -> First<ServicePrincipal> {
    Query::new(&SP, vec![id.0.into()], decode_sp).first()
}

/// A service principal by the id clients sign in with.
pub fn service_principal_by_app_id(app_id: Uuid) -> First<ServicePrincipal> {
    Query::new(&SP_BY_APP_ID, vec![app_id.into()], decode_sp).first()
}

/// A service principal that is deleted but kept.
pub fn deleted_service_principal(id: ObjectId) -> First<ServicePrincipal> {
    Query::new(&SP_DELETED, vec![id.0.into()], decode_sp).first()
}

fn taken() -> Refusal {
    Refusal::new(
        Code::RequestBadRequest,
        "The service principal cannot be created, updated, or restored because the service principal name is already in use.",
    )
}

/// Adds a service principal with its app roles.
pub fn insert_service_principal(tx: &mut Tx<'_>, _: &Permit, sp: &ServicePrincipal) -> Result<(), StoreError> {
    object::insert(tx, &common(sp.id, ObjectKind::ServicePrincipal, &sp.name, &sp.attributes), sp.created_at)?;
    let params: Vec<Value> = vec![sp.id.0.into(), sp.app_id.into(), sp.is_enabled.into(), json(&sp.roles)?];
    tx.write(&INSERT_SP, params).on_constraint("uq_service_principal_app_id", taken);
    insert_roles(tx, sp);
    Ok(())
}

/// Changes a service principal that was read at `sp.version`, with its app roles.
pub fn update_service_principal(
    tx: &mut Tx<'_>,
    _: &Permit,
    sp: &ServicePrincipal,
    now: Timestamp,
) -> Result<(), StoreError> {
    let head = common(sp.id, ObjectKind::ServicePrincipal, &sp.name, &sp.attributes);
    object::update(tx, &head, sp.version, now)?;
    tx.write(&UPDATE_SP, vec![sp.id.0.into(), sp.is_enabled.into(), json(&sp.roles)?]).exactly_one("service_principal");
    tx.write(&DELETE_ROLES, vec![sp.id.0.into()]);
    insert_roles(tx, sp);
    Ok(())
}

fn insert_roles(tx: &mut Tx<'_>, sp: &ServicePrincipal) {
    for role in &sp.roles {
        let params = vec![
            sp.id.0.into(),
            role.id.into(),
            role.value.clone().into(),
            role.display_name.clone().unwrap_or_default().into(),
            role.description.clone().into(),
            role.is_enabled.into(),
        ];
        tx.write(&INSERT_ROLE, params);
    }
}

/// Deletes a service principal, to be kept for a while, or brings it back.
pub fn set_service_principal_deleted(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, is_deleted: bool, now: Timestamp) {
    object::set_deleted(tx, id, is_deleted.then_some(now), now);
    tx.write(&SET_SP_DELETED, vec![id.0.into(), is_deleted.into()])
        .exactly_one("service_principal")
        .on_constraint("uq_service_principal_app_id", taken);
}

/// Deletes a service principal for good.
pub fn delete_service_principal(tx: &mut Tx<'_>, _: &Permit, id: ObjectId, now: Timestamp) {
    tx.write(&DELETE_ROLES, vec![id.0.into()]);
    tx.write(&DELETE_SP, vec![id.0.into()]).exactly_one("service_principal");
    object::delete(tx, id, now);
}

/// An app role assignment.
pub fn assignment(id: AppRoleAssignmentId) -> First<AppRoleAssignment> {
    Query::new(&ASSIGNMENT, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "app_role_assignment");
        Ok(AppRoleAssignment {
            id: c.id("id")?,
            resource: c.id("sp_id")?,
            role: c.id("app_role_id")?,
            principal: c.id("principal_id")?,
            created_at: c.time("created_at")?,
        })
    })
    .first()
}

fn assignment_params(a: &AppRoleAssignment) -> Vec<Value> {
    vec![a.id.0.into(), a.resource.0.into(), a.role.into(), a.principal.0.into(), a.created_at.into()]
}

/// Gives a principal an app role.
pub fn insert_assignment(tx: &mut Tx<'_>, _: &Permit, assignment: &AppRoleAssignment) {
    tx.write(&INSERT_ASSIGNMENT, assignment_params(assignment)).on_constraint("uq_app_role_assignment", || {
        Refusal::new(Code::RequestBadRequest, "Permission being assigned already exists on the object")
    });
}

/// Makes sure that a principal has an app role; for fulfilment.
pub(crate) fn ensure_assignment(tx: &mut Tx<'_>, assignment: &AppRoleAssignment) {
    tx.write(&ENSURE_ASSIGNMENT, assignment_params(assignment));
}

/// Takes an app role away.
pub fn delete_assignment(tx: &mut Tx<'_>, _: &Permit, id: AppRoleAssignmentId) {
    tx.write(&DELETE_ASSIGNMENT, vec![id.0.into()]).exactly_one("app_role_assignment");
}

/// Makes sure that a principal has not got an app role; for fulfilment.
pub(crate) fn remove_assignment_of(tx: &mut Tx<'_>, sp: ObjectId, role: Uuid, principal: ObjectId) {
    tx.write(&DELETE_ASSIGNMENT_OF, vec![sp.0.into(), role.into(), principal.0.into()]);
}

/// Removes every app role assignment of or at an object that is deleted for good.
pub fn forget_assignments(tx: &mut Tx<'_>, _: &Permit, object: ObjectId) {
    tx.write(&DELETE_ALL_ASSIGNMENTS, vec![object.0.into()]);
}
