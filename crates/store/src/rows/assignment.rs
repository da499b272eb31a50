//! Assignments.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::assignment::{Assignment, AssignmentState};
use tenure_domain::ids::{AssignmentId, CatalogId, GrantId, ObjectId, PackageId, RequestId, SubjectId};
use tenure_domain::refusal::{Code, Refusal};

sql! {
    GET(hot): "SELECT id, package_id, policy_id, policy_version, catalog_id, target_id, request_id, state, starts_at, ends_at, delivered_at, ended_at, created_at, version, notices, is_extended, is_ending FROM assignment WHERE id = $1";
    OF_REQUEST(hot): "SELECT id, package_id, policy_id, policy_version, catalog_id, target_id, request_id, state, starts_at, ends_at, delivered_at, ended_at, created_at, version, notices, is_extended, is_ending FROM assignment WHERE id = (SELECT q.assignment_id FROM request q WHERE q.id = $1)";
    LIVE(hot): "SELECT id, package_id, policy_id, policy_version, catalog_id, target_id, request_id, state, starts_at, ends_at, delivered_at, ended_at, created_at, version, notices, is_extended, is_ending FROM assignment WHERE package_id = $1 AND target_id = $2 AND is_live";
    // Whoever is losing it gets nothing more.
    HOLDERS: "SELECT a.id, a.package_id, a.policy_id, a.policy_version, a.catalog_id, a.target_id, a.request_id, a.state, a.starts_at, a.ends_at, a.delivered_at, a.ended_at, a.created_at, a.version, a.notices, a.is_extended, a.is_ending FROM assignment a WHERE a.package_id = $1 AND a.is_live AND a.target_id > $2 AND NOT a.is_ending ORDER BY a.target_id LIMIT $3";
    HOLDERS_COUNT: "SELECT count(*) FROM assignment WHERE package_id = $1 AND is_live AND NOT is_ending";
    LIVE_OF_TARGET: "SELECT id, package_id, policy_id, policy_version, catalog_id, target_id, request_id, state, starts_at, ends_at, delivered_at, ended_at, created_at, version, notices, is_extended, is_ending FROM assignment WHERE target_id = $1 AND is_live ORDER BY id";
    OF_GRANT: "SELECT a.id, a.package_id, a.policy_id, a.policy_version, a.catalog_id, a.target_id, a.request_id, a.state, a.starts_at, a.ends_at, a.delivered_at, a.ended_at, a.created_at, a.version, a.notices, a.is_extended, a.is_ending FROM assignment_grant ag JOIN assignment a ON a.id = ag.assignment_id WHERE ag.grant_id = $1 AND (a.is_live OR EXISTS (SELECT 1 FROM request q WHERE q.assignment_id = a.id AND q.direction = 2 AND q.is_open)) ORDER BY a.id";
    INSERT(hot): "INSERT INTO assignment (id, package_id, policy_id, policy_version, catalog_id, target_id, request_id, state, status, is_live, starts_at, ends_at, delivered_at, ended_at, created_at, version, notices, is_extended, is_ending) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    UPDATE: "UPDATE assignment SET state = $2, status = $3, is_live = $4, starts_at = $5, ends_at = $6, delivered_at = $7, ended_at = $8, version = $9, policy_version = $10, notices = $11, is_extended = $12, is_ending = $13, policy_id = $14 WHERE id = $1 AND version = $9 - 1";
    CATALOGS_OF: "SELECT DISTINCT catalog_id FROM assignment WHERE target_id = $1 ORDER BY catalog_id";
    WANTED_BY: "SELECT a.id, a.package_id, a.policy_id, a.policy_version, a.catalog_id, a.target_id, a.request_id, a.state, a.starts_at, a.ends_at, a.delivered_at, a.ended_at, a.created_at, a.version, a.notices, a.is_extended, a.is_ending FROM assignment_grant ag JOIN assignment a ON a.id = ag.assignment_id WHERE ag.grant_id = $1 AND ag.is_live AND a.is_live ORDER BY a.id";
    // The fold over the grants, for all at once: delivered, partially delivered, or failed. What is being delivered or
    // removed is brought to its end by the reconciler.
    STAND_AT: "UPDATE assignment SET state = n.state, status = CASE n.state WHEN 2 THEN $2 WHEN 1 THEN $3 ELSE $4 END, delivered_at = CASE WHEN n.state = 2 THEN coalesce(assignment.delivered_at, $5) ELSE assignment.delivered_at END, version = assignment.version + 1 FROM (SELECT ag.assignment_id AS id, CASE WHEN min(CASE WHEN v.observed = 1 THEN 1 ELSE 0 END) = 1 THEN 2 WHEN max(CASE WHEN v.observed = 1 THEN 1 ELSE 0 END) = 1 THEN 1 ELSE 4 END AS state FROM assignment_grant ag JOIN grant_row v ON v.id = ag.grant_id WHERE ag.is_live AND ag.assignment_id IN (SELECT g.assignment_id FROM resource r JOIN grant_row w ON w.resource_id = r.id JOIN assignment_grant g ON g.grant_id = w.id AND g.is_live WHERE r.origin_object = $1) GROUP BY ag.assignment_id) n WHERE assignment.id = n.id AND assignment.is_live AND NOT assignment.is_ending AND assignment.state IN (1, 2, 4) AND assignment.state <> n.state";
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Assignment, StoreError> {
    let mut c = Columns::of(row, "assignment");
    Ok(Assignment {
        id: c.id("id")?,
        package: c.id("package_id")?,
        policy: c.id("policy_id")?,
        policy_version: c.int("policy_version")?,
        catalog: c.id("catalog_id")?,
        target: c.id("target_id")?,
        request: c.id("request_id")?,
        state: c.code("state", AssignmentState::from_code)?,
        starts_at: c.time("starts_at")?,
        ends_at: c.opt_time("ends_at")?,
        delivered_at: c.opt_time("delivered_at")?,
        ended_at: c.opt_time("ended_at")?,
        created_at: c.time("created_at")?,
        version: c.int("version")?,
        notices: c.int("notices")?,
        is_extended: c.bool("is_extended")?,
        is_ending: c.bool("is_ending")?,
    })
}

/// An assignment.
pub fn get(id: AssignmentId) -> First<Assignment> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The assignment that a request has made or ends.
pub fn of_request(id: RequestId) -> First<Assignment> {
    Query::new(&OF_REQUEST, vec![id.0.into()], decode).first()
}

/// The live assignment of a pair.
pub fn live(package: PackageId, target: SubjectId) -> First<Assignment> {
    Query::new(&LIVE, vec![package.0.into(), target.0.into()], decode).first()
}

/// The first so many live assignments of a package after that holder, without those that are being removed.
pub fn holders(package: PackageId, after: Option<SubjectId>, limit: u32) -> Query<Assignment> {
    let after = after.map_or(uuid::Uuid::nil(), |s| s.0);
    Query::new(&HOLDERS, vec![package.0.into(), after.into(), limit.into()], decode)
}

/// How many live assignments a package has, without those that are being removed.
pub fn holders_count(package: PackageId) -> First<i64> {
    Query::new(&HOLDERS_COUNT, vec![package.0.into()], |row| Columns::of(row, "assignment").int("count")).first()
}

/// The live assignments of a subject.
pub fn live_of_target(target: SubjectId) -> Query<Assignment> {
    Query::new(&LIVE_OF_TARGET, vec![target.0.into()], decode)
}

/// The catalogs in which a subject has or had assignments.
pub fn catalogs_of(target: SubjectId) -> Query<CatalogId> {
    Query::new(&CATALOGS_OF, vec![target.0.into()], |row| Columns::of(row, "assignment").id("catalog_id"))
}

/// The live assignments that are or were linked to a grant, and those whose removal is not over.
pub fn of_grant(grant: GrantId) -> Query<Assignment> {
    Query::new(&OF_GRANT, vec![grant.0.into()], decode)
}

/// The live assignments that want a grant.
pub fn wanted_by(grant: GrantId) -> Query<Assignment> {
    Query::new(&WANTED_BY, vec![grant.0.into()], decode)
}

/// Adds an assignment.
pub(crate) fn insert(tx: &mut Tx<'_>, a: &Assignment) {
    let params = vec![
        a.id.0.into(),
        a.package.0.into(),
        a.policy.0.into(),
        a.policy_version.into(),
        a.catalog.0.into(),
        a.target.0.into(),
        a.request.0.into(),
        a.state.code().into(),
        a.status().into(),
        a.state.is_live().into(),
        a.starts_at.into(),
        a.ends_at.into(),
        a.delivered_at.into(),
        a.ended_at.into(),
        a.created_at.into(),
        a.version.into(),
        a.notices.into(),
        a.is_extended.into(),
        a.is_ending.into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_live_assignment", || {
        Refusal::new(Code::ExistingAssignment, "the target holds this access package already")
    });
}

/// Changes an assignment; `version` is one more than that which was read.
pub(crate) fn update(tx: &mut Tx<'_>, a: &Assignment) {
    let params = vec![
        a.id.0.into(),
        a.state.code().into(),
        a.status().into(),
        a.state.is_live().into(),
        a.starts_at.into(),
        a.ends_at.into(),
        a.delivered_at.into(),
        a.ended_at.into(),
        a.version.into(),
        a.policy_version.into(),
        a.notices.into(),
        a.is_extended.into(),
        a.is_ending.into(),
        a.policy.0.into(),
    ];
    tx.write(&UPDATE, params).exactly_one("assignment");
}

/// An object behind resources is gone, or is back: live assignments stand where their grants are now (decisions.md B9,
/// Q5).
pub fn stand_at_grants(tx: &mut Tx<'_>, origin: ObjectId, now: Timestamp) {
    use AssignmentState as S;
    let status = |state: S| state.status().into();
    let (delivered, partly, failed) = (S::Delivered, S::PartiallyDelivered, S::DeliveryFailed);
    tx.write(&STAND_AT, vec![origin.0.into(), status(delivered), status(partly), status(failed), now.into()]);
}
