//! Access packages and the resource roles in them.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::catalog::RoleKind;
use tenure_domain::ids::{CatalogId, PackageId, RoleId, ScopeId, SubjectId};
use tenure_domain::package::{Package, PackageRole, Uses};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use uuid::Uuid;

sql! {
    NAMED: "SELECT id, catalog_id FROM package WHERE name_key = $1 ORDER BY id LIMIT $2";
    GET(hot): "SELECT p.id, p.catalog_id, p.name, p.description, p.unique_name, p.is_hidden, p.scopes_visible, p.created_at, p.modified_at, p.created_by, p.modified_by, p.version FROM package p WHERE p.id = $1";
    CATALOG_FLAGS(hot): "SELECT c.id, c.state, c.is_external FROM package p JOIN catalog c ON c.id = p.catalog_id WHERE p.id = $1";
    RELATED(hot): "SELECT 1 WHERE EXISTS (SELECT 1 FROM assignment a WHERE a.target_id = $2 AND a.package_id = $1) OR EXISTS (SELECT 1 FROM request q WHERE q.target_id = $2 AND q.package_id = $1) OR $1 IN (SELECT q.package_id FROM request q WHERE q.requestor_id = $2)";
    INSERT: "INSERT INTO package (id, catalog_id, name, name_key, description, unique_name, unique_key, is_hidden, scopes_visible, created_at, modified_at, created_by, modified_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)";
    UPDATE: "UPDATE package SET name = $3, name_key = $4, description = $5, unique_name = $6, unique_key = $7, is_hidden = $8, scopes_visible = $9, modified_at = $10, modified_by = $11, version = version + 1 WHERE id = $1 AND version = $2";
    DELETE: "DELETE FROM package WHERE id = $1";
    DELETE_ROLES: "DELETE FROM package_role WHERE package_id = $1";
    USES: "SELECT (SELECT count(*) FROM assignment WHERE package_id = $1 AND is_live), (SELECT count(*) FROM request WHERE package_id = $1 AND is_open)";
    ROLES(hot): "SELECT z.role_id, z.scope_id, z.resource_id, l.kind, l.origin_id, r.origin_object, r.source_id, r.is_missing, r.name FROM package_role z JOIN resource_role l ON l.id = z.role_id JOIN resource r ON r.id = z.resource_id WHERE z.package_id = $1 ORDER BY z.id";
    INSERT_ROLE: "INSERT INTO package_role (id, package_id, role_id, scope_id, resource_id, catalog_id, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DELETE_ROLE: "DELETE FROM package_role WHERE package_id = $1 AND role_id = $2 AND scope_id = $3";
    ROLE_ROW: "SELECT z.id FROM package_role z WHERE z.package_id = $1 AND z.role_id = $2 AND z.scope_id = $3";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Package, StoreError> {
    let mut c = Columns::of(row, "package");
    Ok(Package {
        id: c.id("id")?,
        catalog: c.id("catalog_id")?,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        unique_name: c.opt_text("unique_name")?,
        is_hidden: c.bool("is_hidden")?,
        scopes_visible: c.bool("scopes_visible")?,
        created_at: c.time("created_at")?,
        modified_at: c.time("modified_at")?,
        created_by: c.text("created_by")?,
        modified_by: c.text("modified_by")?,
        version: c.int("version")?,
    })
}

/// A package.
pub fn get(id: PackageId) -> First<Package> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// Whether the catalog of a package is published, and open to external people.
pub fn catalog_flags(id: PackageId) -> First<(bool, bool)> {
    Query::new(&CATALOG_FLAGS, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "catalog");
        c.id::<CatalogId>("id")?;
        Ok((c.int("state")? == crate::rows::catalog::PUBLISHED, c.bool("is_external")?))
    })
    .first()
}

/// Whether a person holds or held a package, or asked for it.
pub fn related(id: PackageId, person: SubjectId) -> First<i64> {
    Query::new(&RELATED, vec![id.0.into(), person.0.into()], |row| Columns::of(row, "package").int("one")).first()
}

/// What holds a package in place.
pub fn uses(id: PackageId) -> First<Uses> {
    Query::new(&USES, vec![id.0.into()], |row| {
        let mut c = Columns::of(row, "package");
        Ok(Uses { live_assignments: c.int("assignments")?, open_requests: c.int("requests")? })
    })
    .first()
}

pub(super) fn duplicate(name: &str) -> impl Fn() -> Refusal + Send + use<> {
    let message = format!("the catalog has an access package named `{name}` already");
    move || Refusal::new(Code::DuplicateAccessPackage, message.clone()).detail("/displayName", "not unique")
}

fn duplicate_unique() -> Refusal {
    Refusal::new(Code::DuplicateName, "the uniqueName is taken").detail("/uniqueName", "not unique")
}

/// Adds a package.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, package: &Package) {
    let params = vec![
        package.id.0.into(),
        package.catalog.0.into(),
        package.name.as_str().into(),
        fold(&package.name).into(),
        package.description.clone().into(),
        package.unique_name.clone().into(),
        package.unique_name.as_deref().map(fold).into(),
        package.is_hidden.into(),
        package.scopes_visible.into(),
        package.created_at.into(),
        package.modified_at.into(),
        package.created_by.as_str().into(),
        package.modified_by.as_str().into(),
    ];
    tx.write(&INSERT, params)
        .on_constraint("uq_package_name", duplicate(&package.name))
        .on_constraint("uq_package_unique_name", duplicate_unique);
}

/// Changes a package that was read at `package.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, package: &Package) {
    let params = vec![
        package.id.0.into(),
        package.version.into(),
        package.name.as_str().into(),
        fold(&package.name).into(),
        package.description.clone().into(),
        package.unique_name.clone().into(),
        package.unique_name.as_deref().map(fold).into(),
        package.is_hidden.into(),
        package.scopes_visible.into(),
        package.modified_at.into(),
        package.modified_by.as_str().into(),
    ];
    tx.write(&UPDATE, params)
        .exactly_one("package")
        .on_constraint("uq_package_name", duplicate(&package.name))
        .on_constraint("uq_package_unique_name", duplicate_unique);
}

/// Deletes a package and what is in it; its policies are deleted by their own room.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: PackageId) {
    tx.write(&DELETE_ROLES, vec![id.0.into()]);
    super::incompatibility::forget_package(tx, id);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("package");
}

/// Reads a [`PackageRole`] from nine columns.
pub(crate) fn decode_role(c: &mut Columns<'_>) -> Result<PackageRole, StoreError> {
    let (role, scope, resource) = (c.id("role_id")?, c.id("scope_id")?, c.id("resource_id")?);
    let (kind, origin_id) = (c.int("kind")?, c.text("origin_id")?);
    let kind = RoleKind::from_code(kind, &origin_id).ok_or_else(|| c.corrupt("kind"))?;
    Ok(PackageRole {
        role,
        scope,
        resource,
        kind,
        origin: c.id("origin_object")?,
        source: c.opt_id("source_id")?,
        is_missing: c.bool("is_missing")?,
        resource_name: c.text("name")?,
    })
}

/// The resource roles in a package.
pub fn roles(id: PackageId) -> Query<PackageRole> {
    Query::new(&ROLES, vec![id.0.into()], |row| decode_role(&mut Columns::of(row, "package_role")))
}

/// Puts a resource role into a package.
pub fn insert_role(
    tx: &mut Tx<'_>,
    _: &Permit,
    id: Uuid,
    package: PackageId,
    catalog: CatalogId,
    role: &PackageRole,
    by: (&str, Timestamp),
) {
    let params = vec![
        id.into(),
        package.0.into(),
        role.role.0.into(),
        role.scope.0.into(),
        role.resource.0.into(),
        catalog.0.into(),
        by.1.into(),
        by.0.into(),
    ];
    tx.write(&INSERT_ROLE, params).on_constraint("pk_package_role", || {
        Refusal::new(Code::DuplicateName, "the access package holds this resource role already")
    });
}

/// Takes a resource role out of a package.
pub fn delete_role(tx: &mut Tx<'_>, _: &Permit, package: PackageId, role: RoleId, scope: ScopeId) {
    tx.write(&DELETE_ROLE, vec![package.0.into(), role.0.into(), scope.0.into()]).exactly_one("package_role");
}

/// The row of a resource role in a package.
pub fn role_row(package: PackageId, role: RoleId, scope: ScopeId) -> First<Uuid> {
    let params = vec![package.0.into(), role.0.into(), scope.0.into()];
    Query::new(&ROLE_ROW, params, |row| Columns::of(row, "package_role").id("id")).first()
}

/// The first so many packages of that name, and their catalogs.
pub fn named(name: &str, limit: u32) -> Query<(PackageId, CatalogId)> {
    Query::new(&NAMED, vec![fold(name).into(), limit.into()], |row| {
        let mut c = Columns::of(row, "package");
        Ok((c.id("id")?, c.id("catalog_id")?))
    })
}
