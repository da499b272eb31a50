//! Grants and their links to assignments.

use crate::driver::Row;
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::rows::package::decode_role;
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::catalog::RoleKind;
use tenure_domain::grant::{Grant, HeldGrant, Link, Observed, RoleFacts};
use tenure_domain::ids::{AssignmentId, GrantId, ObjectId, PackageId, SubjectId};
use tenure_domain::text::fold;
use uuid::Uuid;

/// The columns of a grant, in the order in which they are read.
macro_rules! grant_columns {
    () => {
        "v.id, v.subject_id, v.resource_id, v.role_id, v.scope_id, v.source_id, v.desired, v.observed, v.pre_existing, \
         v.attempt, v.due_at, v.plan, v.error, v.drift_at"
    };
}

/// The columns of a held grant after the grant's own and before the number of other links.
macro_rules! role_columns {
    () => {
        "l.kind, l.origin_id, r.origin_object, r.name"
    };
}

/// Whether the subject wants the same by another grant: the object is a resource of another catalog, too.
macro_rules! shared {
    () => {
        "EXISTS (SELECT 1 FROM grant_row w JOIN resource wr ON wr.id = w.resource_id JOIN resource_role wl ON wl.id = w.role_id \
         WHERE w.subject_id = v.subject_id AND w.id <> v.id AND w.desired \
         AND wr.origin_object = r.origin_object AND wl.origin_key = l.origin_key)"
    };
}

/// The grants of a subject at an object in one role; the object can be a resource of several catalogs.
macro_rules! at_origin {
    () => {
        "subject_id = $2 AND desired AND observed = 1 AND role_id IN (SELECT l.id FROM resource_role l JOIN resource r \
         ON r.id = l.resource_id WHERE r.origin_object = $1 AND l.origin_key = $3)"
    };
}

sql! {
    ROLE_FACTS(hot): concat!("SELECT z.role_id, z.scope_id, z.resource_id, l.kind, l.origin_id, r.origin_object, r.source_id, r.is_missing, r.name, CASE WHEN l.kind = 1 THEN EXISTS (SELECT 1 FROM group_member m WHERE m.group_id = r.origin_object AND m.member_id = $2) WHEN l.kind = 2 THEN EXISTS (SELECT 1 FROM object_link k WHERE k.kind = 1 AND k.object_id = r.origin_object AND k.person_id = $2) WHEN l.kind = 4 THEN EXISTS (SELECT 1 FROM site_group sg JOIN site_member sm ON sm.group_id = sg.id WHERE sg.site_id = r.origin_object AND sg.number_key = l.origin_key AND sm.principal_id = $2) WHEN l.kind = 5 THEN EXISTS (SELECT 1 FROM role_assignment ra WHERE ra.provider = 1 AND ra.role_id = r.origin_object AND ra.principal_id = $2 AND ra.scope_kind = 0) ELSE EXISTS (SELECT 1 FROM app_role_assignment h WHERE h.sp_id = r.origin_object AND h.principal_id = $2 AND h.app_role_id = l.app_role) END, EXISTS (SELECT 1 FROM grant_row w JOIN resource wr ON wr.id = w.resource_id JOIN resource_role wl ON wl.id = w.role_id WHERE w.subject_id = $2 AND w.role_id <> z.role_id AND w.observed = 1 AND NOT w.pre_existing AND wr.origin_object = r.origin_object AND wl.origin_key = l.origin_key), ", grant_columns!(), " FROM package_role z JOIN resource r ON r.id = z.resource_id JOIN resource_role l ON l.id = z.role_id LEFT JOIN grant_row v ON v.subject_id = $2 AND v.role_id = z.role_id AND v.scope_id = z.scope_id WHERE z.package_id = $1 ORDER BY z.id");
    HELD(hot): concat!("SELECT ", grant_columns!(), ", ", role_columns!(), ", (SELECT count(*) FROM assignment_grant o WHERE o.grant_id = v.id AND o.is_live AND o.assignment_id <> $1), ", shared!(), " FROM assignment_grant ag JOIN grant_row v ON v.id = ag.grant_id JOIN resource_role l ON l.id = v.role_id JOIN resource r ON r.id = v.resource_id WHERE ag.assignment_id = $1 AND ag.is_live ORDER BY v.id");
    LEFT_BEHIND: concat!("SELECT ", grant_columns!(), ", ", role_columns!(), ", 0, ", shared!(), " FROM assignment_grant ag JOIN grant_row v ON v.id = ag.grant_id JOIN resource_role l ON l.id = v.role_id JOIN resource r ON r.id = v.resource_id WHERE ag.assignment_id = $1 AND NOT ag.is_live AND NOT v.desired AND v.observed = 1 ORDER BY v.id");
    DRIFTED: concat!("SELECT ", grant_columns!(), ", ", role_columns!(), ", 0, ", shared!(), " FROM grant_row v JOIN resource_role l ON l.id = v.role_id JOIN resource r ON r.id = v.resource_id WHERE v.id = $1 AND v.drift_at IS NOT NULL AND v.observed = 1");
    LINKED: concat!("SELECT ", grant_columns!(), " FROM assignment_grant ag JOIN grant_row v ON v.id = ag.grant_id WHERE ag.assignment_id = $1 AND ag.is_live = $2 ORDER BY v.id");
    GET: concat!("SELECT ", grant_columns!(), " FROM grant_row v WHERE v.id = $1 AND v.lease_token = $2");
    WORK: concat!("SELECT ", grant_columns!(), ", ", role_columns!(), ", coalesce(s.kind, ''), coalesce(o.source_key, ''), r.is_missing, ", shared!(), ", coalesce(p.display_name, '') FROM grant_row v JOIN resource_role l ON l.id = v.role_id JOIN resource r ON r.id = v.resource_id LEFT JOIN source s ON s.id = v.source_id LEFT JOIN directory_object o ON o.id = r.origin_object LEFT JOIN directory_object p ON p.id = v.subject_id WHERE v.lease_token = $1 ORDER BY v.due_at, v.id");
    INSERT(hot): "INSERT INTO grant_row (id, subject_id, resource_id, role_id, scope_id, source_id, desired, observed, pre_existing, attempt, due_at, plan, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    UPDATE: "UPDATE grant_row SET desired = $2, observed = $3, pre_existing = $4, attempt = $5, due_at = $6, plan = $7, error = $8, drift_at = $9, lease_until = NULL, lease_token = NULL WHERE id = $1";
    LINK(hot): "INSERT INTO assignment_grant (assignment_id, grant_id, is_live) VALUES ($1, $2, TRUE) ON CONFLICT (assignment_id, grant_id) DO UPDATE SET is_live = TRUE";
    UNLINK: "UPDATE assignment_grant SET is_live = FALSE WHERE assignment_id = $1 AND grant_id = $2";
    DRIFT: concat!("UPDATE grant_row SET drift_at = $4 WHERE drift_at IS NULL AND ", at_origin!());
    DRIFT_OVER: concat!("UPDATE grant_row SET drift_at = NULL WHERE drift_at IS NOT NULL AND ", at_origin!());
    // What is due is left to the reconciler, which sees that the object is gone and brings requests to their end.
    MARK_GONE: "UPDATE grant_row SET observed = 2, error = 'TargetGone' WHERE observed <> 2 AND desired AND due_at IS NULL AND resource_id IN (SELECT r.id FROM resource r WHERE r.origin_object = $1)";
    // Memberships were kept with the object; who was to join it while it was gone has none.
    MARK_BACK: "UPDATE grant_row SET observed = CASE WHEN drift_at IS NOT NULL OR EXISTS (SELECT 1 FROM group_member m JOIN resource_role l ON l.id = grant_row.role_id WHERE l.kind = 1 AND m.group_id = $1 AND m.member_id = grant_row.subject_id) OR EXISTS (SELECT 1 FROM object_link k JOIN resource_role l ON l.id = grant_row.role_id WHERE l.kind = 2 AND k.kind = 1 AND k.object_id = $1 AND k.person_id = grant_row.subject_id) OR EXISTS (SELECT 1 FROM app_role_assignment h JOIN resource_role l ON l.id = grant_row.role_id WHERE l.kind = 3 AND h.sp_id = $1 AND h.principal_id = grant_row.subject_id AND h.app_role_id = l.app_role) THEN 1 ELSE 0 END WHERE observed = 2 AND desired AND resource_id IN (SELECT r.id FROM resource r WHERE r.origin_object = $1)";
    BACK_IS_RIGHT: "UPDATE grant_row SET error = NULL WHERE observed = 1 AND error = 'TargetGone' AND resource_id IN (SELECT r.id FROM resource r WHERE r.origin_object = $1)";
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
        drift_at: c.opt_time("drift_at")?,
    })
}

fn decode(row: &Row<'_>) -> Result<Grant, StoreError> {
    decode_grant(&mut Columns::of(row, "grant_row"))
}

fn decode_role_facts(row: &Row<'_>) -> Result<RoleFacts, StoreError> {
    use tenure_odata::Cells;
    /// Where the grant's columns start.
    const GRANT: usize = 11;
    let mut c = Columns::of(row, "package_role");
    let role = decode_role(&mut c)?;
    let (holds_now, ours) = (c.bool("holds_now")?, c.bool("ours")?);
    let grant = if row.cell(GRANT).is_null() { None } else { Some(decode_grant(&mut c)?) };
    Ok(RoleFacts { role, grant, holds_now, ours })
}

/// The roles in a package, with a subject's hold on them.
pub fn role_facts(package: PackageId, subject: SubjectId) -> Query<RoleFacts> {
    Query::new(&ROLE_FACTS, vec![package.0.into(), subject.0.into()], decode_role_facts)
}

/// What a role is, and of which object.
fn decode_role_of(c: &mut Columns<'_>) -> Result<(RoleKind, ObjectId, String), StoreError> {
    let (kind, origin_id) = (c.int("kind")?, c.text("origin_id")?);
    let kind = RoleKind::from_code(kind, &origin_id).ok_or_else(|| c.corrupt("kind"))?;
    Ok((kind, c.id("origin_object")?, c.text("name")?))
}

fn decode_held(row: &Row<'_>) -> Result<HeldGrant, StoreError> {
    let mut c = Columns::of(row, "grant_row");
    let grant = decode_grant(&mut c)?;
    let (kind, origin, resource_name) = decode_role_of(&mut c)?;
    Ok(HeldGrant { grant, kind, origin, other_links: c.int("count")?, shared: c.bool("shared")?, resource_name })
}

/// The grants an assignment wants, and how many other assignments want each.
pub fn held(assignment: AssignmentId) -> Query<HeldGrant> {
    Query::new(&HELD, vec![assignment.0.into()], decode_held)
}

/// What an assignment wanted, nobody wants any more, and is still there.
pub fn left_behind(assignment: AssignmentId) -> Query<HeldGrant> {
    Query::new(&LEFT_BEHIND, vec![assignment.0.into()], decode_held)
}

/// A grant that somebody has undone by hand.
pub fn drifted(id: GrantId) -> First<HeldGrant> {
    Query::new(&DRIFTED, vec![id.0.into()], decode_held).first()
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
    /// The resource, by name.
    pub resource_name: String,
    /// The kind of connector.
    pub source_kind: String,
    /// The object's key in the source.
    pub source_key: String,
    /// The object no longer exists here.
    pub is_missing: bool,
    /// The subject wants the same by another grant.
    pub shared: bool,
    /// The subject, by name.
    pub subject_name: String,
}

/// The grants of one claim.
pub fn work(lease: Uuid) -> Query<Work> {
    Query::new(&WORK, vec![lease.into()], |row| {
        let mut c = Columns::of(row, "grant_row");
        let grant = decode_grant(&mut c)?;
        let (kind, origin, resource_name) = decode_role_of(&mut c)?;
        Ok(Work {
            grant,
            kind,
            origin,
            resource_name,
            source_kind: c.text("source_kind")?,
            source_key: c.text("source_key")?,
            is_missing: c.bool("is_missing")?,
            shared: c.bool("shared")?,
            subject_name: c.text("display_name")?,
        })
    })
}

/// Somebody took a role away by hand: the grants that want it have drifted. Or he gave it, and they have not any more.
pub fn by_hand(tx: &mut Tx<'_>, (origin, role): (ObjectId, RoleKind), subject: ObjectId, taken: Option<Timestamp>) {
    let mut params = vec![origin.0.into(), subject.0.into(), fold(&role.origin_id(origin)).into()];
    if let Some(at) = taken {
        params.push(at.into());
        tx.write(&DRIFT, params);
    } else {
        tx.write(&DRIFT_OVER, params);
    }
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
        g.drift_at.into(),
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
    for sql in if is_gone { &[&MARK_GONE][..] } else { &[&MARK_BACK, &BACK_IS_RIGHT][..] } {
        tx.write(sql, vec![origin.0.into()]);
    }
}

/// How many grants were given up.
pub fn given_up() -> First<i64> {
    Query::new(&GIVEN_UP, Vec::new(), |row| Columns::of(row, "grant_row").int("count")).first()
}
