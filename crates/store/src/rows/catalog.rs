//! Catalogs, their resources, the roles and scopes of those, and resource requests.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::Permit;
use tenure_domain::catalog::{Catalog, CatalogKind, OriginSystem, Resource, ResourceRole, ResourceScope, RoleKind};
use tenure_domain::ids::{CatalogId, ObjectId, ResourceId, ResourceRequestId, RoleId, ScopeId, SubjectId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;

sql! {
    GET(hot): "SELECT id, name, description, unique_name, kind, state, is_external, created_at, modified_at, created_by, modified_by, version FROM catalog WHERE id = $1";
    BY_KIND: "SELECT id, name, description, unique_name, kind, state, is_external, created_at, modified_at, created_by, modified_by, version FROM catalog WHERE kind = $1";
    INSERT: "INSERT INTO catalog (id, name, name_key, description, unique_name, unique_key, kind, state, is_external, created_at, modified_at, created_by, modified_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)";
    UPDATE: "UPDATE catalog SET name = $3, name_key = $4, description = $5, unique_name = $6, unique_key = $7, state = $8, is_external = $9, modified_at = $10, modified_by = $11, version = version + 1 WHERE id = $1 AND version = $2";
    DELETE: "DELETE FROM catalog WHERE id = $1";
    PACKAGES: "SELECT count(*) FROM package WHERE catalog_id = $1";
    RESOURCE: "SELECT id, catalog_id, origin_system, origin_object, origin_id, environment_id, source_id, kind, name, description, added_by, created_at FROM resource WHERE id = $1";
    RESOURCE_BY_ORIGIN(hot): "SELECT id, catalog_id, origin_system, origin_object, origin_id, environment_id, source_id, kind, name, description, added_by, created_at FROM resource WHERE catalog_id = $1 AND origin_system = $2 AND origin_key = $3";
    INSERT_RESOURCE: "INSERT INTO resource (id, catalog_id, origin_system, origin_object, origin_id, origin_key, source_id, kind, kind_key, name, name_key, description, is_missing, added_by, created_at, modified_at, environment_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, FALSE, $13, $14, $14, $15)";
    UPDATE_RESOURCE: "UPDATE resource SET name = $2, name_key = $3, description = $4, kind = $5, kind_key = $6, modified_at = $7 WHERE id = $1";
    OF_ORIGIN: "SELECT id, catalog_id, origin_system, origin_object, origin_id, environment_id, source_id, kind, name, description, added_by, created_at FROM resource WHERE origin_object = $1 ORDER BY id";
    SET_MISSING: "UPDATE resource SET is_missing = $2 WHERE origin_object = $1";
    DELETE_RESOURCE: "DELETE FROM resource WHERE id = $1";
    DELETE_RESOURCE_ROLES: "DELETE FROM resource_role WHERE resource_id = $1";
    DELETE_RESOURCE_SCOPES: "DELETE FROM resource_scope WHERE resource_id = $1";
    RESOURCE_USES: "SELECT (SELECT count(*) FROM package_role WHERE resource_id = $1) + (SELECT count(*) FROM grant_row WHERE resource_id = $1 AND (desired OR due_at IS NOT NULL OR observed = 1))";
    CATALOG_RESOURCES: "SELECT id, catalog_id, origin_system, origin_object, origin_id, environment_id, source_id, kind, name, description, added_by, created_at FROM resource WHERE catalog_id = $1 ORDER BY id";
    ROLES: "SELECT id, resource_id, kind, origin_id, name, description FROM resource_role WHERE resource_id = $1 ORDER BY id";
    SCOPES: "SELECT id, resource_id FROM resource_scope WHERE resource_id = $1 ORDER BY id";
    INSERT_ROLE: "INSERT INTO resource_role (id, resource_id, catalog_id, kind, app_role, origin_id, origin_key, name, name_key, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    UPDATE_ROLE: "UPDATE resource_role SET name = $2, name_key = $3, description = $4 WHERE id = $1";
    INSERT_SCOPE: "INSERT INTO resource_scope (id, resource_id, catalog_id, origin_id, origin_key) VALUES ($1, $2, $3, $4, $5)";
    INSERT_REQUEST: "INSERT INTO resource_request (id, kind, catalog_id, resource_id, requestor_id, justification, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DELETE_REQUESTS: "DELETE FROM resource_request WHERE catalog_id = $1";
}

/// The stored number of a published catalog's state; an unpublished one has the other (the published enum's members).
pub(crate) const PUBLISHED: i64 = 2;
const UNPUBLISHED: i64 = 1;

const fn state(is_published: bool) -> i64 {
    if is_published { PUBLISHED } else { UNPUBLISHED }
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Catalog, StoreError> {
    let mut c = Columns::of(row, "catalog");
    Ok(Catalog {
        id: c.id("id")?,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        unique_name: c.opt_text("unique_name")?,
        kind: c.code("kind", CatalogKind::from_code)?,
        is_published: c.int("state")? == PUBLISHED,
        is_external: c.bool("is_external")?,
        created_at: c.time("created_at")?,
        modified_at: c.time("modified_at")?,
        created_by: c.text("created_by")?,
        modified_by: c.text("modified_by")?,
        version: c.int("version")?,
    })
}

/// A catalog.
pub fn get(id: CatalogId) -> First<Catalog> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The built-in catalog.
pub fn general() -> First<Catalog> {
    Query::new(&BY_KIND, vec![CatalogKind::ServiceDefault.code().into()], decode).first()
}

/// How many packages a catalog holds.
pub fn packages(id: CatalogId) -> First<i64> {
    Query::new(&PACKAGES, vec![id.0.into()], |row| Columns::of(row, "package").int("count")).first()
}

fn duplicate(name: &str) -> impl Fn() -> Refusal + Send + use<> {
    let message = format!("there is a catalog named `{name}` already");
    move || Refusal::new(Code::DuplicateCatalog, message.clone()).detail("/displayName", "not unique")
}

fn duplicate_unique() -> Refusal {
    Refusal::new(Code::DuplicateName, "the uniqueName is taken").detail("/uniqueName", "not unique")
}

/// Adds a catalog.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, catalog: &Catalog) {
    let params = vec![
        catalog.id.0.into(),
        catalog.name.as_str().into(),
        fold(&catalog.name).into(),
        catalog.description.clone().into(),
        catalog.unique_name.clone().into(),
        catalog.unique_name.as_deref().map(fold).into(),
        catalog.kind.code().into(),
        state(catalog.is_published).into(),
        catalog.is_external.into(),
        catalog.created_at.into(),
        catalog.modified_at.into(),
        catalog.created_by.as_str().into(),
        catalog.modified_by.as_str().into(),
    ];
    tx.write(&INSERT, params)
        .on_constraint("uq_catalog_name", duplicate(&catalog.name))
        .on_constraint("uq_catalog_unique_name", duplicate_unique);
}

/// Changes a catalog that was read at `catalog.version`.
pub fn update(tx: &mut Tx<'_>, _: &Permit, catalog: &Catalog) {
    let params = vec![
        catalog.id.0.into(),
        catalog.version.into(),
        catalog.name.as_str().into(),
        fold(&catalog.name).into(),
        catalog.description.clone().into(),
        catalog.unique_name.clone().into(),
        catalog.unique_name.as_deref().map(fold).into(),
        state(catalog.is_published).into(),
        catalog.is_external.into(),
        catalog.modified_at.into(),
        catalog.modified_by.as_str().into(),
    ];
    tx.write(&UPDATE, params)
        .exactly_one("catalog")
        .on_constraint("uq_catalog_name", duplicate(&catalog.name))
        .on_constraint("uq_catalog_unique_name", duplicate_unique);
}

/// Deletes a catalog with its resources, their requests, and the roles held for it.
pub fn delete(tx: &mut Tx<'_>, permit: &Permit, id: CatalogId, resources: &[ResourceId]) {
    for resource in resources {
        delete_resource(tx, permit, *resource);
    }
    tx.write(&DELETE_REQUESTS, vec![id.0.into()]);
    super::role::delete_of_catalog(tx, id);
    super::extension::delete_of_catalog(tx, id);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("catalog");
}

fn decode_resource(row: &crate::driver::Row<'_>) -> Result<Resource, StoreError> {
    let mut c = Columns::of(row, "resource");
    Ok(Resource {
        id: c.id("id")?,
        catalog: c.id("catalog_id")?,
        system: c.code("origin_system", OriginSystem::from_code)?,
        origin: c.id("origin_object")?,
        origin_id: c.text("origin_id")?,
        environment: c.opt_id("environment_id")?,
        source: c.opt_id("source_id")?,
        kind: c.text("kind")?,
        name: c.text("name")?,
        description: c.opt_text("description")?,
        added_by: c.text("added_by")?,
        created_at: c.time("created_at")?,
    })
}

/// A resource.
pub fn resource(id: ResourceId) -> First<Resource> {
    Query::new(&RESOURCE, vec![id.0.into()], decode_resource).first()
}

/// The resource of a catalog that stands for the object that its system calls `origin`.
pub fn resource_by_origin(catalog: CatalogId, system: OriginSystem, origin: &str) -> First<Resource> {
    let params = vec![catalog.0.into(), system.code().into(), fold(origin).into()];
    Query::new(&RESOURCE_BY_ORIGIN, params, decode_resource).first()
}

/// The resources that stand for an object, one for each catalog at most.
pub fn of_origin(origin: ObjectId) -> Query<Resource> {
    Query::new(&OF_ORIGIN, vec![origin.0.into()], decode_resource)
}

/// All resources of a catalog.
pub fn resources(catalog: CatalogId) -> Query<Resource> {
    Query::new(&CATALOG_RESOURCES, vec![catalog.0.into()], decode_resource)
}

/// How often packages use a resource.
pub fn resource_uses(id: ResourceId) -> First<i64> {
    Query::new(&RESOURCE_USES, vec![id.0.into()], |row| Columns::of(row, "package_role").int("count")).first()
}

/// Adds a resource.
pub fn insert_resource(tx: &mut Tx<'_>, _: &Permit, resource: &Resource) {
    let params = vec![
        resource.id.0.into(),
        resource.catalog.0.into(),
        resource.system.code().into(),
        resource.origin.0.into(),
        resource.origin_id.as_str().into(),
        fold(&resource.origin_id).into(),
        resource.source.into(),
        resource.kind.as_str().into(),
        fold(&resource.kind).into(),
        resource.name.as_str().into(),
        fold(&resource.name).into(),
        resource.description.clone().into(),
        resource.added_by.as_str().into(),
        resource.created_at.into(),
        resource.environment.into(),
    ];
    let message = format!("the catalog has the resource `{}` already", resource.name);
    tx.write(&INSERT_RESOURCE, params)
        .on_constraint("uq_resource_origin", move || Refusal::new(Code::ResourceAlreadyInCatalog, message.clone()));
}

/// Brings the copied names of a resource up to date.
pub fn update_resource(tx: &mut Tx<'_>, _: &Permit, resource: &Resource, now: Timestamp) {
    let params = vec![
        resource.id.0.into(),
        resource.name.as_str().into(),
        fold(&resource.name).into(),
        resource.description.clone().into(),
        resource.kind.as_str().into(),
        fold(&resource.kind).into(),
        now.into(),
    ];
    tx.write(&UPDATE_RESOURCE, params).exactly_one("resource");
}

/// The object behind resources is gone, or is back (decisions.md B9).
pub fn set_missing(tx: &mut Tx<'_>, origin: ObjectId, is_missing: bool) {
    tx.write(&SET_MISSING, vec![origin.0.into(), is_missing.into()]);
}

/// Deletes a resource with its roles and scopes.
pub fn delete_resource(tx: &mut Tx<'_>, _: &Permit, id: ResourceId) {
    for sql in [&DELETE_RESOURCE_ROLES, &DELETE_RESOURCE_SCOPES, &DELETE_RESOURCE] {
        tx.write(sql, vec![id.0.into()]);
    }
}

/// A role as it is stored, with its origin id.
pub type StoredRole = (ResourceRole, String);

/// The roles of a resource.
pub fn roles(resource: ResourceId) -> Query<StoredRole> {
    Query::new(&ROLES, vec![resource.0.into()], |row| {
        let mut c = Columns::of(row, "resource_role");
        let (id, resource, kind) = (c.id("id")?, c.id("resource_id")?, c.int("kind")?);
        let origin = c.text("origin_id")?;
        let kind = RoleKind::from_code(kind, &origin).ok_or_else(|| c.corrupt("kind"))?;
        Ok((
            ResourceRole { id, resource, kind, name: c.text("name")?, description: c.opt_text("description")? },
            origin,
        ))
    })
}

/// The scopes of a resource.
pub fn scopes(resource: ResourceId) -> Query<ResourceScope> {
    Query::new(&SCOPES, vec![resource.0.into()], |row| {
        let mut c = Columns::of(row, "resource_scope");
        Ok(ResourceScope { id: c.id("id")?, resource: c.id("resource_id")? })
    })
}

/// Adds a role.
pub fn insert_role(tx: &mut Tx<'_>, _: &Permit, catalog: CatalogId, role: &ResourceRole, origin: ObjectId) {
    let origin_id = role.kind.origin_id(origin);
    let params = vec![
        role.id.0.into(),
        role.resource.0.into(),
        catalog.0.into(),
        role.kind.code().into(),
        role.kind.app_role().into(),
        origin_id.as_str().into(),
        fold(&origin_id).into(),
        role.name.as_str().into(),
        fold(&role.name).into(),
        role.description.clone().into(),
    ];
    tx.write(&INSERT_ROLE, params);
}

/// Brings the copied names of a role up to date.
pub fn update_role(tx: &mut Tx<'_>, _: &Permit, id: RoleId, name: &str, description: Option<&str>) {
    tx.write(&UPDATE_ROLE, vec![id.0.into(), name.into(), fold(name).into(), description.into()])
        .exactly_one("resource_role");
}

/// Adds the root scope.
pub fn insert_scope(tx: &mut Tx<'_>, _: &Permit, catalog: CatalogId, id: ScopeId, resource: &Resource) {
    let origin = resource.origin_id.as_str();
    let params = vec![id.0.into(), resource.id.0.into(), catalog.0.into(), origin.into(), fold(origin).into()];
    tx.write(&INSERT_SCOPE, params);
}

/// What a resource request asks for. Numbers are the members of the published enum of request types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceRequestKind {
    /// Add the resource.
    AdminAdd = 4,
    /// Change it.
    AdminUpdate = 5,
    /// Remove it.
    AdminRemove = 6,
}

/// A request to add or remove a resource; it is done when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRequest {
    /// Its id.
    pub id: ResourceRequestId,
    /// What it asks for.
    pub kind: ResourceRequestKind,
    /// The catalog.
    pub catalog: CatalogId,
    /// The resource.
    pub resource: ResourceId,
    /// Who asked.
    pub requestor: Option<SubjectId>,
    /// Why.
    pub justification: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Adds a resource request.
pub fn insert_request(tx: &mut Tx<'_>, _: &Permit, request: &ResourceRequest) {
    let params = vec![
        request.id.0.into(),
        (request.kind as i64).into(),
        request.catalog.0.into(),
        request.resource.0.into(),
        request.requestor.map(|r| r.0).into(),
        request.justification.clone().into(),
        request.created_at.into(),
    ];
    tx.write(&INSERT_REQUEST, params);
}
