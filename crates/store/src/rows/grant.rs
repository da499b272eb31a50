//! Grants and their links to assignments.

use crate::driver::Row;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::rows::package::decode_role;
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::catalog::RoleKind;
use tenure_domain::grant::{Grant, HeldGrant, Link, Observed, RoleFacts};
use tenure_domain::ids::{AssignmentId, GrantId, ObjectId, PackageId, SubjectId};
use uuid::Uuid;

sql! {
    ROLE_FACTS(hot): "SELECT z.role_id, z.scope_id, z.resource_id, l.kind, l.origin_id, r.origin_object, r.source_id, r.is_missing, r.name, CASE WHEN l.kind = 1 THEN EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = r.origin_object AND m.member_id = $2) WHEN l.kind = 2 THEN EXISTS (SELECT 1 FROM object_link k WHERE k.kind = 1 AND k.object_id = r.origin_object AND k.person_id = $2) ELSE EXISTS (SELECT 1 FROM app_role_assignment h WHERE h.sp_id = r.origin_object AND h.principal_id = $2 AND h.app_role_id = l.app_role) END, v.id, v.subject_id, v.resource_id, v.role_id, v.scope_id, v.source_id, v.desired, v.observed, v.pre_existing, v.attempt, v.due_at, v.plan, v.error FROM package_role z JOIN resource r ON r.id = z.resource_id JOIN resource_role l ON l.id = z.role_id LEFT JOIN grant_row v ON v.subject_id = $2 AND v.role_id = z.role_id AND v.scope_id = z.scope_id WHERE z.package_id = $1 ORDER BY z.id";
    HELD(hot): "SELECT v.id, v.subject_id, v.resource_id, v.role_id, v.scope_id, v.source_id, v.desired, v.observed, v.pre_existing, v.attempt, v.due_at, v.plan, v.error, l.kind, l.origin_id, r.origin_object, (SELECT count(*) FROM assignment_grant o WHERE o.grant_id = v.id AND o.is_live AND o.assignment_id <> $1) FROM assignment_grant ag JOIN grant_row v ON v.id = ag.grant_id JOIN resource_role l ON l.id = v.role_id JOIN resource r ON r.id = v.resource_id WHERE ag.assignment_id = $1 AND ag.is_live ORDER BY v.id";
    LINKED: "SELECT v.id, v.subject_id, v.resource_id, v.role_id, v.scope_id, v.source_id, v.desired, v.observed, v.pre_existing, v.attempt, v.due_at, v.plan, v.error FROM assignment_grant ag JOIN grant_row v ON v.id = ag.grant_id WHERE ag.assignment_id = $1 AND ag.is_live = $2 ORDER BY v.id";
    GET: "SELECT v.id, v.subject_id, v.resource_id, v.role_id, v.scope_id, v.source_id, v.desired, v.observed, v.pre_existing, v.attempt, v.due_at, v.plan, v.error FROM grant_row v WHERE v.id = $1 AND v.lease_token = $2";
    WORK: "SELECT v.id, v.subject_id, v.resource_id, v.role_id, v.scope_id, v.source_id, v.desired, v.observed, v.pre_existing, v.attempt, v.due_at, v.plan, v.error, l.kind, l.origin_id, r.origin_object, coalesce(s.kind, ''), coalesce(o.source_key, '') FROM grant_row v JOIN resource_role l ON l.id = v.role_id JOIN resource r ON r.id = v.resource_id LEFT JOIN source s ON s.id = v.source_id LEFT JOIN directory_object o ON o.id = r.origin_object WHERE v.lease_token = $1 ORDER BY v.due_at, v.id";
    INSERT(hot): "INSERT INTO grant_row (id, subject_id, resource_id, role_id, scope_id, source_id, desired, observed, pre_existing, attempt, due_at, plan, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    UPDATE: "UPDATE grant_row SET desired = $2, observed = $3, pre_existing = $4, attempt = $5, due_at = $6, plan = $7, error = $8, lease_until = NULL, lease_token = NULL WHERE id = $1";
    LINK(hot): "INSERT INTO assignment_grant (assignment_id, grant_id, is_live) VALUES ($1, $2, TRUE) ON CONFLICT (assignment_id, grant_id) DO UPDATE SET is_live = TRUE";
    UNLINK: "UPDATE assignment_grant SET is_live = FALSE WHERE assignment_id = $1 AND grant_id = $2";
    MARK_GONE: "UPDATE grant_row SET observed = 2, error = 'TargetGone', due_at = NULL WHERE observed <> 2 AND desired AND resource_id IN (SELECT r.id FROM resource r WHERE r.origin_object = $1)";
    MARK_BACK: "UPDATE grant_row SET observed = 1, error = NULL WHERE observed = 2 AND desired AND resource_id IN (SELECT r.id FROM resource r WHERE r.origin_object = $1)";
    GIVEN_UP: "SELECT count(*) FROM grant_row WHERE due_at IS NULL AND error IS NOT NULL";
}

fn decode_grant(c: &mut Columns<'_>) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: c.id("id")?,
        subject: c.id("subject_id")?,
        resource: c.id("resource_id")?,
        role: c.id("role_id")?,
        scope: c.id("scope_id")?,
        source: c.opt_id("source_id")?,
        desired: c.bool("desired")?,
        observed: c.code("observed", Observed::from_code)?,
        pre_existing: c.bool("pre_existing")?,
        attempt: c.int("attempt")?,
        due_at: c.opt_time("due_at")?,
        plan: c.int("plan")?,
        error: c.opt_text("error")?,
    })
}

fn decode(row: &Row<'_>) -> Result<Grant, StoreError> {
    decode_grant(&mut Columns::of(row, "grant_row"))
}

fn decode_role_facts(row: &Row<'_>) -> Result<RoleFacts, StoreError> {
    use tenure_odata::Cells;
    /// Where the grant's columns start.
    const GRANT: usize = 10;
    let mut c = Columns::of(row, "package_role");
    let role = decode_role(&mut c)?;
    let holds_now = c.bool("holds_now")?;
    let grant = if row.cell(GRANT).is_null() { None } else { Some(decode_grant(&mut c)?) };
    Ok(RoleFacts { role, grant, holds_now })
}

/// The roles in a package, with a subject's hold on them.
pub fn role_facts(package: PackageId, subject: SubjectId) -> Query<RoleFacts> {
    Query::new(&ROLE_FACTS, vec![package.0.into(), subject.0.into()], decode_role_facts)
}

/// The grants an assignment wants, and how many other assignments want each.
pub fn held(assignment: AssignmentId) -> Query<HeldGrant> {
    Query::new(&HELD, vec![assignment.0.into()], |row| {
        let mut c = Columns::of(row, "grant_row");
        let grant = decode_grant(&mut c)?;
        let (kind, origin_id) = (c.int("kind")?, c.text("origin_id")?);
        let kind = RoleKind::from_code(kind, &origin_id).ok_or_else(|| c.corrupt("kind"))?;
        Ok(HeldGrant { grant, kind, origin: c.id("origin_object")?, other_links: c.int("count")? })
    })
}

/// The grants an assignment wants, or wanted.
pub fn linked(assignment: AssignmentId, is_live: bool) -> Query<Grant> {
    Query::new(&LINKED, vec![assignment.0.into(), is_live.into()], decode)
}

/// A claimed grant, as long as the claim holds.
pub fn claimed(id: GrantId, lease: Uuid) -> First<Grant> {
    Query::new(&GET, vec![id.0.into(), lease.into()], decode).first()
}

/// A grant to be executed remotely, with what the connector needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The grant.
    pub grant: Grant,
    /// What holding the role means.
    pub kind: RoleKind,
    /// The object that is joined.
    pub origin: ObjectId,
    /// The kind of connector.
    pub source_kind: String,
    /// The object's key in the source.
    pub source_key: String,
}

/// The grants of one claim.
pub fn work(lease: Uuid) -> Query<Work> {
    Query::new(&WORK, vec![lease.into()], |row| {
        let mut c = Columns::of(row, "grant_row");
        let grant = decode_grant(&mut c)?;
        let (kind, origin_id) = (c.int("kind")?, c.text("origin_id")?);
        let kind = RoleKind::from_code(kind, &origin_id).ok_or_else(|| c.corrupt("kind"))?;
        Ok(Work {
            grant,
            kind,
            origin: c.id("origin_object")?,
            source_kind: c.text("source_kind")?,
            source_key: c.text("source_key")?,
        })
    })
}

/// Adds a grant.
pub(crate) fn insert(tx: &mut Tx<'_>, g: &Grant) {
    let params = vec![
        g.id.0.into(),
        g.subject.0.into(),
        g.resource.0.into(),
        g.role.0.into(),
        g.scope.0.into(),
        g.source.into(),
        g.desired.into(),
        g.observed.code().into(),
        g.pre_existing.into(),
        g.attempt.into(),
        g.due_at.into(),
        g.plan.into(),
        g.error.clone().into(),
    ];
    tx.write(&INSERT, params);
}

/// Changes a grant, and ends a claim on it.
pub fn update(tx: &mut Tx<'_>, g: &Grant) {
    let params = vec![
        g.id.0.into(),
        g.desired.into(),
        g.observed.code().into(),
        g.pre_existing.into(),
        g.attempt.into(),
        g.due_at.into(),
        g.plan.into(),
        g.error.clone().into(),
    ];
    tx.write(&UPDATE, params).exactly_one("grant_row");
}

/// An assignment wants a grant.
pub(crate) fn link(tx: &mut Tx<'_>, link: Link) {
    tx.write(&LINK, vec![link.assignment.0.into(), link.grant.0.into()]);
}

/// It wants it no longer.
pub(crate) fn unlink(tx: &mut Tx<'_>, link: Link) {
    tx.write(&UNLINK, vec![link.assignment.0.into(), link.grant.0.into()]);
}

/// The object behind a resource is gone (decisions.md B9), or is back.
pub fn mark_origin(tx: &mut Tx<'_>, origin: ObjectId, is_gone: bool) {
    tx.write(if is_gone { &MARK_GONE } else { &MARK_BACK }, vec![origin.0.into()]);
}

/// How many grants were given up.
pub fn given_up() -> First<i64> {
    Query::new(&GIVEN_UP, Vec::new(), |row| Columns::of(row, "grant_row").int("count")).first()
}
