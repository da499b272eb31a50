//! What keeps an object from being deleted, by name: the first few, since a refusal is read by people.

use crate::error::StoreError;
use crate::fetch::{Columns, Query};
use crate::sql::{Sql, sql};
use tenure_domain::ids::{CatalogId, ExtensionId, OrganizationId, PackageId, PolicyId, ResourceId};
use tenure_domain::limits::RELATED_MAX;
use tenure_domain::refusal::{Related, RelatedKind};
use uuid::Uuid;

const ASSIGNMENT: i64 = 1;
const REQUEST: i64 = 2;
const PACKAGE: i64 = 3;
const POLICY: i64 = 4;

sql! {
    PACKAGE_HELD: "SELECT 1, id, (SELECT CASE WHEN o.deleted_at IS NULL THEN o.display_name ELSE o.display_name || ' (deleted)' END FROM directory_object o WHERE o.id = target_id) FROM assignment WHERE package_id = $1 AND is_live UNION ALL SELECT 2, id, (SELECT CASE WHEN o.deleted_at IS NULL THEN o.display_name ELSE o.display_name || ' (deleted)' END FROM directory_object o WHERE o.id = target_id) FROM request WHERE package_id = $1 AND is_open LIMIT $2";
    POLICY_HELD: "SELECT 1, id, (SELECT CASE WHEN o.deleted_at IS NULL THEN o.display_name ELSE o.display_name || ' (deleted)' END FROM directory_object o WHERE o.id = target_id) FROM assignment WHERE policy_id = $1 AND is_live UNION ALL SELECT 2, id, (SELECT CASE WHEN o.deleted_at IS NULL THEN o.display_name ELSE o.display_name || ' (deleted)' END FROM directory_object o WHERE o.id = target_id) FROM request WHERE policy_id = $1 AND is_open LIMIT $2";
    CATALOG_HELD: "SELECT 3, id, name FROM package WHERE catalog_id = $1 ORDER BY name_key LIMIT $2";
    RESOURCE_HELD: "SELECT DISTINCT 3, p.id, p.name FROM package_role z JOIN package p ON p.id = z.package_id WHERE z.resource_id = $1 UNION ALL SELECT 1, ag.assignment_id, NULL FROM grant_row v JOIN assignment_grant ag ON ag.grant_id = v.id AND ag.is_live WHERE v.resource_id = $1 AND NOT EXISTS (SELECT 1 FROM package_role x WHERE x.resource_id = $1) LIMIT $2";
    EXTENSION_HELD: "SELECT 4, y.id, y.name FROM policy y WHERE y.id IN (SELECT f.policy_id FROM policy_ref f WHERE f.ref_id = $1 AND f.role = 4) ORDER BY y.id LIMIT $2";
    ORGANIZATION_HELD: "SELECT 4, y.id, y.name FROM policy y WHERE y.id IN (SELECT f.policy_id FROM policy_ref f WHERE f.ref_id = $1) UNION ALL SELECT 1, a.id, NULL FROM subject j JOIN assignment a ON a.target_id = j.id WHERE j.organization_id = $1 AND a.is_live UNION ALL SELECT 2, r.id, NULL FROM subject j JOIN request r ON r.target_id = j.id WHERE j.organization_id = $1 AND r.is_open LIMIT $2";
}

fn held(sql: &Sql, id: Uuid) -> Query<Related> {
    Query::new(sql, vec![id.into(), i64::from(RELATED_MAX).into()], |row| {
        let mut c = Columns::of(row, "what holds it");
        let kind = match c.int("kind")? {
            ASSIGNMENT => RelatedKind::Assignment,
            REQUEST => RelatedKind::Request,
            PACKAGE => RelatedKind::Package,
            POLICY => RelatedKind::Policy,
            other => return Err(StoreError::Internal(format!("what holds it: the kind {other}"))),
        };
        Ok(Related { kind, id: c.id("id")?, name: c.opt_text("name")? })
    })
}

/// Live assignments and open requests of a package, each with the name of its person; who is deleted, but can be restored,
/// is marked so.
pub fn package(id: PackageId) -> Query<Related> {
    held(&PACKAGE_HELD, id.0)
}

/// Live assignments and open requests under a policy.
pub fn policy(id: PolicyId) -> Query<Related> {
    held(&POLICY_HELD, id.0)
}

/// Packages of a catalog.
pub fn catalog(id: CatalogId) -> Query<Related> {
    held(&CATALOG_HELD, id.0)
}

/// Packages that use a resource; where none does any more, assignments that still do.
pub fn resource(id: ResourceId) -> Query<Related> {
    held(&RESOURCE_HELD, id.0)
}

/// Policies that name a workflow extension.
pub fn extension(id: ExtensionId) -> Query<Related> {
    held(&EXTENSION_HELD, id.0)
}

/// Policies that name a connected organization, and what its people hold or wait for.
pub fn organization(id: OrganizationId) -> Query<Related> {
    held(&ORGANIZATION_HELD, id.0)
}
