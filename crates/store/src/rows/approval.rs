//! Approval: stages of requests, who may decide them, delegates, and who approvers are.

use crate::driver::{Row, Statement, dialect};
use crate::error::StoreError;
use crate::fetch::{Columns, First, Query};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::approval::{ApprovalStage, Approver, Asked, Basis, Opened, Part, StageState, Verdict};
use tenure_domain::authorize::{EntitlementRole, Permit};
use tenure_domain::effect::Audience;
use tenure_domain::ids::{DelegationId, ObjectId, OrganizationId, PackageId, PolicyId, RequestId};
use tenure_domain::limits::{IN_LIST_MAX, MAIL_RECIPIENTS_MAX};
use tenure_domain::policy::PolicyBody;
use uuid::Uuid;

/// A person who may decide: `{u}` is the user, `$1` and `$2` ask or get access.
macro_rules! may {
    ($u:literal) => {
        concat!($u, ".is_enabled AND NOT ", $u, ".is_deleted AND ", $u, ".id <> $1 AND ", $u, ".id <> $2")
    };
}

/// Whether an object is somebody who may decide, or a group with somebody who may.
macro_rules! eligible {
    ($o:literal) => {
        concat!(
            "CASE ", $o, ".kind WHEN 1 THEN EXISTS (SELECT 1 FROM dir_user eu WHERE eu.id = ", $o, ".id AND ", may!("eu"),
            ") WHEN 2 THEN EXISTS (SELECT 1 FROM group_closure ec JOIN group_member em ON em.group_id = ec.descendant_id \
             JOIN dir_user eu ON eu.id = em.member_id WHERE ec.ancestor_id = ", $o, ".id AND ", may!("eu"), ") ELSE FALSE END"
        )
    };
}

/// A person who belongs to a group, directly or through others: `{m}` is he, `{g}` the group. Who belongs to a deleted group
/// is nobody by that.
macro_rules! belongs {
    ($m:literal, $g:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id JOIN dir_group g \
             ON g.id = gc.ancestor_id WHERE gm.member_id = ", $m, " AND gc.ancestor_id = ", $g, " AND NOT g.is_deleted)"
        )
    };
}

/// People behind principals of the table `asked(principal_id, is_group, opened_at)`: themselves, and members of groups.
macro_rules! people {
    () => {
        "people AS (SELECT k.principal_id AS id, k.opened_at FROM asked k UNION SELECT gm.member_id, k.opened_at FROM asked k \
         JOIN dir_group g ON g.id = k.principal_id JOIN group_closure gc ON gc.ancestor_id = g.id JOIN group_member gm \
         ON gm.group_id = gc.descendant_id WHERE k.is_group AND NOT g.is_deleted)"
    };
}

/// Those of them a mail goes to, of ids above `{after}`.
macro_rules! written {
    ($after:literal) => {
        concat!(
            "SELECT u.id, u.upn, u.mail FROM people p JOIN dir_user u ON u.id = p.id WHERE NOT u.is_deleted \
             AND u.is_enabled AND u.id > ",
            $after
        )
    };
}

sql! {
    STAGES(hot): "SELECT request_id, number, id, state, opened_at, remind_at, escalate_at, deadline_at, is_escalated, decision, decided_by, decided_for, decided_at, justification FROM approval_stage WHERE request_id = $1 ORDER BY number";
    INSERT: "INSERT INTO approval_stage (request_id, number, id, state, opened_at, remind_at, escalate_at, deadline_at, is_escalated, decision, decided_by, decided_for, decided_at, justification) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    UPDATE: "UPDATE approval_stage SET state = $3, opened_at = $4, remind_at = $5, escalate_at = $6, deadline_at = $7, is_escalated = $8, decision = $9, decided_by = $10, decided_for = $11, decided_at = $12, justification = $13 WHERE request_id = $1 AND number = $2 AND decision = 0";
    DELETE: "DELETE FROM approval_stage WHERE request_id = $1";
    OPEN: "INSERT INTO stage_approver (request_id, number, principal_id, part, is_group, is_open) VALUES ($1, $2, $3, $4, $5, TRUE) ON CONFLICT DO NOTHING";
    CLOSE: "UPDATE stage_approver SET is_open = FALSE WHERE request_id = $1 AND is_open";
    DELETE_APPROVERS: "DELETE FROM stage_approver WHERE request_id = $1";
    /// Why a person may decide stages of a request: by himself (or through a group), or as the delegate of somebody who may.
    /// A delegate decides what was assigned after he was named, and names no delegate in turn (behaviour.md b.4). Who is
    /// blocked or deleted has nobody decide for him.
    BASES(hot): concat!("SELECT a.number, NULL AS delegator FROM stage_approver a WHERE a.request_id = $1 AND (a.principal_id = $2 OR (a.is_group AND ", belongs!("$2", "a.principal_id"), ")) UNION SELECT a.number, d.from_id FROM delegation d JOIN dir_user f ON f.id = d.from_id JOIN stage_approver a ON a.request_id = $1 JOIN approval_stage s ON s.request_id = a.request_id AND s.number = a.number WHERE d.to_id = $2 AND d.starts_at <= $3 AND (d.ends_at IS NULL OR d.ends_at > $3) AND s.opened_at >= d.created_at AND f.is_enabled AND NOT f.is_deleted AND (a.principal_id = d.from_id OR (a.is_group AND ", belongs!("d.from_id", "a.principal_id"), "))");
    /// Managers of requestor and target with their levels, the target's sponsors and those of his organization (which is
    /// that of his subject, has exactly the domain of his address, is the tenant he signs in at, or is `$5`, known of
    /// somebody who is no subject yet), and the owners of the package's catalog; each with whether he could decide.
    RELATIVES(hot): concat!("WITH RECURSIVE up(who, level, id) AS (SELECT 1, 1, u.manager_id FROM dir_user u WHERE u.id = $1 AND u.manager_id IS NOT NULL UNION ALL SELECT 2, 1, u.manager_id FROM dir_user u WHERE u.id = $2 AND u.manager_id IS NOT NULL UNION ALL SELECT up.who, up.level + 1, u.manager_id FROM up JOIN dir_user u ON u.id = up.id WHERE u.manager_id IS NOT NULL AND up.level < 4) SELECT up.who, up.level, up.id, CASE WHEN m.user_type = 1 AND m.mail_key IS NOT NULL AND ", may!("m"), " THEN TRUE ELSE FALSE END, FALSE FROM up CROSS JOIN dir_user m WHERE m.id = up.id UNION ALL SELECT 3, 0, k.person_id, ", eligible!("o"), ", CASE WHEN o.kind = 2 THEN TRUE ELSE FALSE END FROM object_link k JOIN directory_object o ON o.id = k.person_id WHERE k.kind = 2 AND k.object_id = $2 AND o.deleted_at IS NULL UNION ALL SELECT k.kind + 1, 0, k.person_id, ", eligible!("o"), ", CASE WHEN o.kind = 2 THEN TRUE ELSE FALSE END FROM object_link k JOIN directory_object o ON o.id = k.person_id WHERE k.kind IN (3, 4) AND o.deleted_at IS NULL AND k.object_id IN (SELECT j.organization_id FROM subject j WHERE j.id = $2 UNION SELECT i.organization_id FROM dir_user t JOIN org_identity i ON i.value_key = t.home_key AND i.kind IN (3, 4) WHERE t.id = $2 AND t.user_type = 2 UNION SELECT i.organization_id FROM identity_link l CROSS JOIN dir_user lt CROSS JOIN org_identity i WHERE l.user_id = $2 AND lt.id = l.user_id AND lt.user_type = 2 AND i.kind IN (1, 2) AND lower(l.issuer) || '/' LIKE '%/' || i.value_key || '/%' UNION SELECT f.id FROM organization f WHERE f.id = $5) UNION ALL SELECT 6, 0, ra.principal_id, ", eligible!("o"), ", CASE WHEN o.kind = 2 THEN TRUE ELSE FALSE END FROM package p CROSS JOIN role_assignment ra CROSS JOIN directory_object o WHERE p.id = $3 AND ra.provider = 2 AND ra.scope_kind = 1 AND ra.scope_id = p.catalog_id AND ra.role_id = $4 AND o.id = ra.principal_id AND o.deleted_at IS NULL");
    /// People and groups that policies of a package name as approvers.
    NAMED_OF_PACKAGE(hot): concat!("SELECT o.id, CASE WHEN o.kind = 2 THEN TRUE ELSE FALSE END FROM policy y JOIN policy_ref pf ON pf.policy_id = y.id AND pf.role = 2 JOIN directory_object o ON o.id = pf.ref_id WHERE y.package_id = $3 AND o.deleted_at IS NULL AND ", eligible!("o"));
    POLICY_OF(hot): "SELECT q.policy_id, v.body FROM request q JOIN policy_version v ON v.policy_id = q.policy_id AND v.version = q.policy_version WHERE q.id = $1";
    /// People behind those who were asked in stages `$2` to `$3`, and their delegates who may decide that now. Nobody is
    /// asked in the place of somebody whose own request it is.
    RECIPIENTS: concat!("WITH asked AS (SELECT a.principal_id, a.is_group, s.opened_at FROM stage_approver a JOIN approval_stage s ON s.request_id = a.request_id AND s.number = a.number WHERE a.request_id = $1 AND a.number >= $2 AND a.number <= $3 AND ($4 = 0 OR a.part = $4)), ", people!(), " ", written!("$6"), " UNION SELECT u.id, u.upn, u.mail FROM people p JOIN dir_user f ON f.id = p.id JOIN request q ON q.id = $1 JOIN delegation d ON d.from_id = p.id JOIN dir_user u ON u.id = d.to_id WHERE f.is_enabled AND NOT f.is_deleted AND q.target_id <> p.id AND (q.requestor_id IS NULL OR q.requestor_id <> p.id) AND d.starts_at <= $5 AND (d.ends_at IS NULL OR d.ends_at > $5) AND p.opened_at >= d.created_at AND NOT u.is_deleted AND u.is_enabled AND u.id > $6 ORDER BY 1 LIMIT $7");
    /// Those who were asked in a stage, and whether they still could decide.
    ASKED: concat!("SELECT a.principal_id, a.is_group, a.part, CASE WHEN o.id IS NULL OR o.deleted_at IS NOT NULL THEN FALSE ELSE ", eligible!("o"), " END FROM stage_approver a LEFT JOIN directory_object o ON o.id = a.principal_id WHERE a.request_id = $3 AND a.number = $4 ORDER BY a.part, a.principal_id");
    /// Requests that wait for a person, or for a group he belongs to, are looked at now.
    LOOK_AT_HIS: "UPDATE timer SET fire_at = $2, lease_until = NULL, lease_token = NULL WHERE subject_kind = 1 AND fire_at > $2 AND subject_id IN (SELECT a.request_id FROM stage_approver a WHERE a.principal_id = $1 AND a.is_open UNION SELECT a.request_id FROM group_member gm JOIN group_closure gc ON gc.descendant_id = gm.group_id JOIN stage_approver a ON a.principal_id = gc.ancestor_id WHERE gm.member_id = $1 AND a.is_open)";
    /// Those that wait for a group, or for one it belongs to.
    LOOK_AT_ITS: "UPDATE timer SET fire_at = $2, lease_until = NULL, lease_token = NULL WHERE subject_kind = 1 AND fire_at > $2 AND subject_id IN (SELECT a.request_id FROM group_closure gc JOIN stage_approver a ON a.principal_id = gc.ancestor_id WHERE gc.descendant_id = $1 AND a.is_open)";
    /// A stage that a person has decided, or had decided in his place, on the way to an assignment or to a change of it.
    APPROVED_BY(hot): "SELECT s.number FROM assignment a JOIN request r ON r.assignment_id = a.id JOIN approval_stage s ON s.request_id = r.id WHERE a.id = $1 AND (r.id = a.request_id OR (r.direction = 1 AND r.state = 3)) AND (s.decided_by = $2 OR s.decided_for = $2) AND s.decision = 1";
    DELEGATION: "SELECT id, from_id, to_id, starts_at, ends_at, created_at FROM delegation WHERE id = $1";
    DELEGATION_FROM: "SELECT id, from_id, to_id, starts_at, ends_at, created_at FROM delegation WHERE from_id = $1";
    PUT_DELEGATION: "INSERT INTO delegation (id, from_id, to_id, starts_at, ends_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    DELETE_DELEGATION: "DELETE FROM delegation WHERE id = $1";
    FORGET_DELEGATIONS: "DELETE FROM delegation WHERE from_id = $1 OR to_id = $1";
}

fn decode(row: &Row<'_>) -> Result<ApprovalStage, StoreError> {
    let mut c = Columns::of(row, "approval_stage");
    Ok(ApprovalStage {
        request: c.id("request_id")?,
        number: c.int("number")?,
        id: c.id("id")?,
        state: c.code("state", StageState::from_code)?,
        opened_at: c.opt_time("opened_at")?,
        remind_at: c.opt_time("remind_at")?,
        escalate_at: c.opt_time("escalate_at")?,
        deadline_at: c.opt_time("deadline_at")?,
        is_escalated: c.bool("is_escalated")?,
        verdict: c.code("decision", Verdict::from_code)?,
        decided_by: c.opt_id("decided_by")?,
        decided_for: c.opt_id("decided_for")?,
        decided_at: c.opt_time("decided_at")?,
        justification: c.opt_text("justification")?,
    })
}

/// The stages of a request, in order.
pub fn stages(request: RequestId) -> Query<ApprovalStage> {
    Query::new(&STAGES, vec![request.0.into()], decode)
}

/// Adds a stage.
pub(crate) fn insert(tx: &mut Tx<'_>, s: &ApprovalStage) {
    let params = vec![
        s.request.0.into(),
        s.number.into(),
        s.id.0.into(),
        s.state.code().into(),
        s.opened_at.into(),
        s.remind_at.into(),
        s.escalate_at.into(),
        s.deadline_at.into(),
        s.is_escalated.into(),
        s.verdict.code().into(),
        s.decided_by.map(|id| id.0).into(),
        s.decided_for.map(|id| id.0).into(),
        s.decided_at.into(),
        s.justification.clone().into(),
    ];
    tx.write(&INSERT, params);
}

/// Changes a stage that is not decided yet.
pub(crate) fn update(tx: &mut Tx<'_>, s: &ApprovalStage) {
    let params = vec![
        s.request.0.into(),
        s.number.into(),
        s.state.code().into(),
        s.opened_at.into(),
        s.remind_at.into(),
        s.escalate_at.into(),
        s.deadline_at.into(),
        s.is_escalated.into(),
        s.verdict.code().into(),
        s.decided_by.map(|id| id.0).into(),
        s.decided_for.map(|id| id.0).into(),
        s.decided_at.into(),
        s.justification.clone().into(),
    ];
    tx.write(&UPDATE, params).exactly_one("approval_stage");
}

/// Writes down who may decide a stage from now on.
pub(crate) fn open(tx: &mut Tx<'_>, opened: &Opened) {
    for approver in &opened.approvers {
        let params = vec![
            opened.request.0.into(),
            opened.number.into(),
            approver.principal.into(),
            approver.part.code().into(),
            approver.is_group.into(),
        ];
        tx.write(&OPEN, params);
    }
}

/// Nobody may decide the open stage of a request any more.
pub(crate) fn close(tx: &mut Tx<'_>, request: RequestId) {
    tx.write(&CLOSE, vec![request.0.into()]);
}

/// Deletes what hangs on a request.
pub(crate) fn delete(tx: &mut Tx<'_>, request: RequestId) {
    for sql in [&DELETE_APPROVERS, &DELETE] {
        tx.write(sql, vec![request.0.into()]);
    }
}

/// Why a person may, or could, decide stages of a request.
pub fn bases(request: RequestId, person: ObjectId, now: Timestamp) -> Query<Basis> {
    Query::new(&BASES, vec![request.0.into(), person.0.into(), now.into()], |row| {
        let mut c = Columns::of(row, "stage_approver");
        Ok(Basis { number: c.int("number")?, delegator: c.opt_id("delegator")? })
    })
}

/// A manager or sponsor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relative {
    /// What he is to whom.
    pub kind: RelativeKind,
    /// Who.
    pub id: Uuid,
    /// Whether he could decide.
    pub is_eligible: bool,
    /// Whether it is a group.
    pub is_group: bool,
}

/// What somebody is to requestor or target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelativeKind {
    /// A manager of the requestor, so many levels up.
    RequestorManager(i64),
    /// A manager of the target, so many levels up.
    TargetManager(i64),
    /// A sponsor of the target.
    TargetSponsor,
    /// A sponsor on our side of the target's organization.
    InternalSponsor,
    /// A sponsor on its own side.
    ExternalSponsor,
    /// An owner of the package's catalog.
    CatalogOwner,
}

/// Managers of requestor and target, sponsors of the target and of his organization, and owners of the catalog.
/// `organization` is that of somebody who is no subject yet.
pub fn relatives(
    package: PackageId,
    (requestor, target): (Uuid, Uuid),
    organization: Option<OrganizationId>,
) -> Query<Relative> {
    let owner = EntitlementRole::CatalogOwner.id();
    let organization = organization.map(|o| o.0).into();
    let params = vec![requestor.into(), target.into(), package.0.into(), owner.into(), organization];
    Query::new(&RELATIVES, params, |row| {
        let mut c = Columns::of(row, "dir_user");
        let (who, level) = (c.int("who")?, c.int("level")?);
        let kind = match who {
            1 => RelativeKind::RequestorManager(level),
            2 => RelativeKind::TargetManager(level),
            3 => RelativeKind::TargetSponsor,
            4 => RelativeKind::InternalSponsor,
            5 => RelativeKind::ExternalSponsor,
            _ => RelativeKind::CatalogOwner,
        };
        Ok(Relative { kind, id: c.id("id")?, is_eligible: c.bool("is_eligible")?, is_group: c.bool("is_group")? })
    })
}

fn named(row: &Row<'_>) -> Result<(Uuid, bool), StoreError> {
    let mut c = Columns::of(row, "directory_object");
    Ok((c.id("id")?, c.bool("is_group")?))
}

/// Those who could decide among the people and groups that policies of a package name as approvers; with whether it is a
/// group.
pub fn named_of_package(package: PackageId, requestor: Uuid, target: Uuid) -> Query<(Uuid, bool)> {
    Query::new(&NAMED_OF_PACKAGE, vec![requestor.into(), target.into(), package.0.into()], named)
}

/// The same among given people and groups.
pub fn named_of(ids: &[Uuid], requestor: Uuid, target: Uuid) -> Vec<Query<(Uuid, bool)>> {
    const ONE_OF: &str = concat!(
        "SELECT o.id, CASE WHEN o.kind = 2 THEN TRUE ELSE FALSE END FROM directory_object o WHERE o.deleted_at IS NULL AND ",
        eligible!("o"),
        " AND o.id IN "
    );
    let chunk = |ids: &[Uuid]| {
        let list = dialect::in_list(3, ids.len());
        let params = [requestor, target].iter().chain(ids).map(|id| (*id).into()).collect();
        Query::of(Statement::new(format!("{ONE_OF}{list}"), params), named)
    };
    ids.chunks(IN_LIST_MAX).map(chunk).collect()
}

/// The policy version a request runs under.
pub fn policy_of(request: RequestId) -> First<PolicyBody> {
    Query::new(&POLICY_OF, vec![request.0.into()], |row| {
        let mut c = Columns::of(row, "policy_version");
        c.id::<PolicyId>("policy_id")?;
        c.json("body")
    })
    .first()
}

/// Somebody a mail goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub id: Uuid,
    /// The address.
    pub address: String,
}

fn recipient(row: &Row<'_>) -> Result<Recipient, StoreError> {
    let mut c = Columns::of(row, "stage_approver");
    let (id, principal_name) = (c.id("id")?, c.text("upn")?);
    Ok(Recipient { id, address: c.opt_text("mail")?.unwrap_or(principal_name) })
}

/// One more than a mail goes to: whether there are more of them shows.
fn one_mail_and_one() -> i64 {
    i64::from(MAIL_RECIPIENTS_MAX) + 1
}

/// Approvers of stages `first` to `last`, members of groups and delegates among them, in the order of their ids and with
/// ids above `after`; at most one more than [`MAIL_RECIPIENTS_MAX`].
pub fn recipients(
    request: RequestId,
    (first, last): (i64, i64),
    audience: Audience,
    now: Timestamp,
    after: Uuid,
) -> Query<Recipient> {
    let part = match audience {
        Audience::Primary => Part::Primary.code(),
        Audience::Alternates => Part::Alternate.code(),
        Audience::Everybody => 0,
    };
    let params = vec![
        request.0.into(),
        first.into(),
        last.into(),
        part.into(),
        now.into(),
        after.into(),
        one_mail_and_one().into(),
    ];
    Query::new(&RECIPIENTS, params, recipient)
}

/// The same for people and groups who were not asked.
pub fn recipients_of(ids: &[Uuid], after: Uuid) -> Vec<Query<Recipient>> {
    const THEIRS: &str = concat!(people!(), " ", written!("$1"), " ORDER BY 1 LIMIT $2");
    let chunk = |ids: &[Uuid]| {
        let list = dialect::in_list(3, ids.len());
        let asked = format!(
            "WITH asked AS (SELECT o.id AS principal_id, CASE WHEN o.kind = 2 THEN TRUE ELSE FALSE END AS is_group, \
             o.created_at AS opened_at FROM directory_object o WHERE o.id IN {list}), {THEIRS}"
        );
        let mut params = vec![after.into(), one_mail_and_one().into()];
        params.extend(ids.iter().map(|id| (*id).into()));
        Query::of(Statement::new(asked, params), recipient)
    };
    ids.chunks(IN_LIST_MAX).map(chunk).collect()
}

/// Those who were asked in a stage of a request, and whether they still could decide.
pub fn asked((request, number): (RequestId, i64), requestor: Uuid, target: Uuid) -> Query<Asked> {
    let params = vec![requestor.into(), target.into(), request.0.into(), number.into()];
    Query::new(&ASKED, params, |row| {
        let mut c = Columns::of(row, "stage_approver");
        let (principal, is_group) = (c.id("principal_id")?, c.bool("is_group")?);
        let approver = Approver { principal, is_group, part: c.code("part", Part::from_code)? };
        Ok(Asked { approver, is_eligible: c.bool("is_eligible")? })
    })
}

/// A person can decide nothing any more: what waits for him, or for a group he belongs to, is looked at now.
pub fn look_at_his(tx: &mut Tx<'_>, _: &Permit, person: ObjectId, now: Timestamp) {
    tx.write(&LOOK_AT_HIS, vec![person.0.into(), now.into()]);
}

/// A group has lost members, or is gone: what waits for it, or for one it belongs to, is looked at now.
pub fn look_at_its(tx: &mut Tx<'_>, _: &Permit, group: ObjectId, now: Timestamp) {
    tx.write(&LOOK_AT_ITS, vec![group.0.into(), now.into()]);
}

/// The number of a stage that a person has approved on the way to an assignment, or to a change of it that was made.
pub fn approved_by(assignment: Uuid, person: ObjectId) -> First<i64> {
    Query::new(&APPROVED_BY, vec![assignment.into(), person.0.into()], |row| {
        Columns::of(row, "approval_stage").int("number")
    })
    .first()
}

/// A delegation of approvals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// Whose approvals.
    pub from: ObjectId,
    /// The delegate.
    pub to: ObjectId,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when, if it ends by itself.
    pub ends_at: Option<Timestamp>,
    /// When it was made: what was assigned before stays with the approver alone.
    pub created_at: Timestamp,
}

fn decode_delegation(row: &Row<'_>) -> Result<Delegation, StoreError> {
    let mut c = Columns::of(row, "delegation");
    Ok(Delegation {
        id: c.id("id")?,
        from: c.id("from_id")?,
        to: c.id("to_id")?,
        starts_at: c.time("starts_at")?,
        ends_at: c.opt_time("ends_at")?,
        created_at: c.time("created_at")?,
    })
}

/// A delegation.
pub fn delegation(id: DelegationId) -> First<Delegation> {
    Query::new(&DELEGATION, vec![id.0.into()], decode_delegation).first()
}

/// The delegation of a person's approvals; there is at most one.
pub fn delegation_from(person: ObjectId) -> First<Delegation> {
    Query::new(&DELEGATION_FROM, vec![person.0.into()], decode_delegation).first()
}

/// Adds a delegation.
pub fn insert_delegation(tx: &mut Tx<'_>, _: &Permit, d: &Delegation) {
    let params =
        vec![d.id.0.into(), d.from.0.into(), d.to.0.into(), d.starts_at.into(), d.ends_at.into(), d.created_at.into()];
    tx.write(&PUT_DELEGATION, params);
}

/// Ends a delegation.
pub fn delete_delegation(tx: &mut Tx<'_>, _: &Permit, id: DelegationId) {
    tx.write(&DELETE_DELEGATION, vec![id.0.into()]);
}

/// A person is deleted for good: he delegates nothing and decides for nobody.
pub fn forget(tx: &mut Tx<'_>, _: &Permit, person: ObjectId) {
    tx.write(&FORGET_DELEGATIONS, vec![person.0.into()]);
}
