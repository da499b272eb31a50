//! Roles of entitlement management: who holds which where (behaviour.md d.1, semantics.md 11). Those of the directory lie
//! in the same table and are written with the identities.

use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::authorize::{EntitlementRole, Held, Permit, Placed, Scope};
use tenure_domain::ids::{CatalogId, ObjectId, RoleAssignmentId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::text::fold;
use tenure_odata::Value;
use uuid::Uuid;

sql! {
    GET: "SELECT id, role_id, principal_id, scope_kind, scope_id FROM role_assignment WHERE id = $1 AND provider = 2";
    SAME: "SELECT id, role_id, principal_id, scope_kind, scope_id FROM role_assignment WHERE provider = 2 AND role_id = $1 AND principal_id = $2 AND scope_kind = $3 AND scope_id = $4";
    INSERT: "INSERT INTO role_assignment (id, provider, role_id, principal_id, scope_kind, scope_id, scope_key, created_at) VALUES ($1, 2, $2, $3, $4, $5, $6, $7)";
    DELETE: "DELETE FROM role_assignment WHERE id = $1 AND provider = 2";
    OF_CATALOG: "SELECT id, role_id, principal_id, scope_kind, scope_id FROM role_assignment WHERE provider = 2 AND scope_kind = 1 AND scope_id = $1 ORDER BY id";
    DELETE_OF_CATALOG: "DELETE FROM role_assignment WHERE provider = 2 AND scope_kind = 1 AND scope_id = $1";
}

/// Whose roles. Numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The directory's.
    Directory = 1,
    /// Those of entitlement management.
    Entitlement = 2,
}

/// A role that was given to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its id.
    pub id: RoleAssignmentId,
    /// The role.
    pub role: EntitlementRole,
    /// Who holds it: a person, a group or a service principal.
    pub principal: ObjectId,
    /// Where.
    pub scope: Scope,
}

impl Placed for RoleAssignment {
    fn place(&self) -> Scope {
        self.scope
    }
}

/// A scope as two columns: its kind, and the id of the catalog.
fn columns(scope: Scope) -> (Value, Value) {
    match scope {
        Scope::Tenant => (Value::Int(0), Uuid::nil().into()),
        Scope::Catalog(id) => (Value::Int(1), id.0.into()),
    }
}

fn scope(kind: i64, id: Option<Uuid>) -> Option<Scope> {
    match (kind, id) {
        (0, _) => Some(Scope::Tenant),
        (1, Some(id)) => Some(Scope::Catalog(CatalogId(id))),
        _ => None,
    }
}

/// The role that a row of the rights says; `None` for one that this release does not know.
pub(super) fn held(role: Uuid, kind: i64, id: Option<Uuid>) -> Option<Held> {
    Some(Held { role: EntitlementRole::from_id(role)?, scope: scope(kind, id)? })
}

fn decode(row: &crate::driver::Row<'_>) -> Result<RoleAssignment, crate::StoreError> {
    let mut c = Columns::of(row, "role_assignment");
    let (id, role, principal): (_, Uuid, _) = (c.id("id")?, c.id("role_id")?, c.id("principal_id")?);
    let (kind, place) = (c.int("scope_kind")?, c.opt_id("scope_id")?);
    let held = held(role, kind, place).ok_or_else(|| c.corrupt("role_id"))?;
    Ok(RoleAssignment { id, role: held.role, principal, scope: held.scope })
}

/// One assignment.
pub fn get(id: RoleAssignmentId) -> First<RoleAssignment> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The assignment of a role to a principal in a scope.
pub fn same(role: Uuid, principal: ObjectId, scope: Scope) -> First<RoleAssignment> {
    let (kind, place) = columns(scope);
    Query::new(&SAME, vec![role.into(), principal.0.into(), kind, place], decode).first()
}

/// Who holds which role for a catalog.
pub fn of_catalog(id: CatalogId) -> Query<RoleAssignment> {
    Query::new(&OF_CATALOG, vec![id.0.into()], decode)
}

/// The refusal of an assignment that is there already; the text is that of the published API for role assignments.
pub fn conflicting() -> Refusal {
    let message = "A conflicting object with one or more of the specified property values is present in the directory.";
    Refusal::new(Code::RequestBadRequest, message)
}

/// Gives a role.
pub fn insert(tx: &mut Tx<'_>, _: &Permit, assignment: &RoleAssignment, now: Timestamp) {
    let (kind, place) = columns(assignment.scope);
    let params = vec![
        assignment.id.0.into(),
        assignment.role.id().into(),
        assignment.principal.0.into(),
        kind,
        place,
        fold(&assignment.scope.to_string()).into(),
        now.into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_role_assignment", conflicting);
}

/// Takes a role away.
pub fn delete(tx: &mut Tx<'_>, _: &Permit, id: RoleAssignmentId) {
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("role_assignment");
}

/// Takes all roles of a catalog away: it is deleted.
pub(super) fn delete_of_catalog(tx: &mut Tx<'_>, id: CatalogId) {
    tx.write(&DELETE_OF_CATALOG, vec![id.0.into()]);
}
