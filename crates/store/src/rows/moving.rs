//! Moving a package to another catalog: the catalog of everything that belongs to it is rewritten at once, so that what
//! people of a catalog may see is never stale (decisions.md D5, D6).

use super::package::duplicate;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::authorize::Permit;
use tenure_domain::ids::{CatalogId, PackageId, ResourceId, RoleId, ScopeId};
use tenure_domain::package::Package;
use uuid::Uuid;

sql! {
    ROLES: "SELECT z.id, r.name, tr.id, tl.id, tk.id FROM package_role z JOIN resource r ON r.id = z.resource_id JOIN resource_role l ON l.id = z.role_id JOIN resource_scope k ON k.id = z.scope_id LEFT JOIN resource tr ON tr.catalog_id = $2 AND tr.origin_system = r.origin_system AND tr.origin_key = r.origin_key LEFT JOIN resource_role tl ON tl.resource_id = tr.id AND tl.origin_key = l.origin_key LEFT JOIN resource_scope tk ON tk.resource_id = tr.id AND tk.origin_key = k.origin_key WHERE z.package_id = $1 ORDER BY z.id";
    ROWS: "SELECT (SELECT count(*) FROM assignment WHERE package_id = $1) + (SELECT count(*) FROM request WHERE package_id = $1) + (SELECT count(*) FROM policy WHERE package_id = $1) + (SELECT count(*) FROM package_role WHERE package_id = $1) + 1";
    MOVE_PACKAGE: "UPDATE package SET catalog_id = $3, modified_at = $4, modified_by = $5, version = version + 1 WHERE id = $1 AND version = $2";
    MOVE_ROLE: "UPDATE package_role SET catalog_id = $2, resource_id = $3, role_id = $4, scope_id = $5 WHERE id = $1";
    MOVE_POLICIES: "UPDATE policy SET catalog_id = $2 WHERE package_id = $1";
    MOVE_REQUESTS: "UPDATE request SET catalog_id = $2, version = version + 1 WHERE package_id = $1";
    MOVE_ASSIGNMENTS: "UPDATE assignment SET catalog_id = $2, version = version + 1 WHERE package_id = $1";
}

/// A resource role of a package, and the same one in another catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// The row.
    pub row: Uuid,
    /// The resource, by name.
    pub resource_name: String,
    /// Resource, role and scope of the other catalog that stand for the same; nothing when one of them is not there.
    pub there: Option<(ResourceId, RoleId, ScopeId)>,
}

/// The resource roles of a package, and what they are in another catalog.
pub fn roles(package: PackageId, to: CatalogId) -> Query<Moving> {
    Query::new(&ROLES, vec![package.0.into(), to.0.into()], |row| {
        let mut c = Columns::of(row, "package_role");
        let (id, resource_name) = (c.id("id")?, c.text("name")?);
        let (resource, role, scope) = (c.opt_id("resource_id")?, c.opt_id("role_id")?, c.opt_id("scope_id")?);
        let there = resource.zip(role).zip(scope).map(|((resource, role), scope)| (resource, role, scope));
        Ok(Moving { row: id, resource_name, there })
    })
}

/// How many rows a move of a package rewrites.
pub fn rows(package: PackageId) -> First<i64> {
    Query::new(&ROWS, vec![package.0.into()], |row| Columns::of(row, "package").int("count")).first()
}

/// Moves a package that was read at `package.version` to `package.catalog`.
pub fn move_package(tx: &mut Tx<'_>, _: &Permit, package: &Package, roles: &[Moving]) {
    let (id, to) = (package.id.0, package.catalog.0);
    let params = vec![
        id.into(),
        package.version.into(),
        to.into(),
        package.modified_at.into(),
        package.modified_by.as_str().into(),
    ];
    tx.write(&MOVE_PACKAGE, params).exactly_one("package").on_constraint("uq_package_name", duplicate(&package.name));
    for (row, (resource, role, scope)) in roles.iter().filter_map(|r| Some((r.row, r.there?))) {
        let params = vec![row.into(), to.into(), resource.0.into(), role.0.into(), scope.0.into()];
        tx.write(&MOVE_ROLE, params).exactly_one("package_role");
    }
    for sql in [&MOVE_POLICIES, &MOVE_REQUESTS, &MOVE_ASSIGNMENTS] {
        tx.write(sql, vec![id.into(), to.into()]);
    }
}
