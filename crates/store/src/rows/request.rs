//! Assignment requests.

use crate::error::StoreError;
use crate::fetch::{Columns, First, Query, json};
use crate::sql::sql;
use crate::tx::Tx;
use tenure_domain::ids::{AssignmentId, PackageId, RequestId, SubjectId};
use tenure_domain::refusal::{Code, Refusal};
use tenure_domain::request::{Answer, Decider, Direction, Proof, Request, RequestState, RequestType};

sql! {
    GET(hot): "SELECT id, kind, package_id, policy_id, policy_version, catalog_id, requestor_id, target_id, assignment_id, state, starts_at, schedule, justification, answers, explain, completed_at, created_at, version, status, stage, reason FROM request WHERE id = $1";
    OPEN(hot): "SELECT id, kind, package_id, policy_id, policy_version, catalog_id, requestor_id, target_id, assignment_id, state, starts_at, schedule, justification, answers, explain, completed_at, created_at, version, status, stage, reason FROM request WHERE package_id = $1 AND target_id = $2 AND direction = $3 AND is_open";
    BY_ASSIGNMENT: "SELECT id, kind, package_id, policy_id, policy_version, catalog_id, requestor_id, target_id, assignment_id, state, starts_at, schedule, justification, answers, explain, completed_at, created_at, version, status, stage, reason FROM request WHERE assignment_id = $1 AND is_open";
    /// Few: one of a package and direction.
    OPEN_OF_TARGET: "SELECT id, kind, package_id, policy_id, policy_version, catalog_id, requestor_id, target_id, assignment_id, state, starts_at, schedule, justification, answers, explain, completed_at, created_at, version, status, stage, reason FROM request WHERE target_id = $1 AND is_open ORDER BY id";
    ANSWERS: "SELECT id, answers FROM request WHERE target_id = $1 AND package_id = $2 AND direction = 1 AND state IN (2, 3, 8) ORDER BY id DESC LIMIT 1";
    LAST_ANSWERS: "SELECT id, answers FROM request WHERE target_id = $1 AND package_id = $2 AND direction = 1 ORDER BY id DESC LIMIT 1";
    INSERT(hot): "INSERT INTO request (id, kind, direction, package_id, policy_id, policy_version, catalog_id, requestor_id, target_id, assignment_id, state, status, is_open, starts_at, schedule, justification, answers, explain, completed_at, created_at, version, stage, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
    UPDATE: "UPDATE request SET assignment_id = coalesce($2, assignment_id), state = $3, status = $4, is_open = $5, starts_at = $6, completed_at = $7, version = $8, stage = coalesce($9, stage), reason = $10, answers = $11, schedule = $12 WHERE id = $1 AND version = $8 - 1";
    PROVE: "UPDATE request SET credentials = $2 WHERE id = $1";
    DELETE: "DELETE FROM request WHERE id = $1";
}

fn state(c: &mut Columns<'_>) -> Result<Stored, StoreError> {
    Ok(Stored { assignment: c.opt_id("assignment_id")?, code: c.int("state")?, starts_at: c.opt_time("starts_at")? })
}

/// What a state is stored as, without what stands further back in the row.
struct Stored {
    assignment: Option<AssignmentId>,
    code: i64,
    starts_at: Option<tenure_domain::Timestamp>,
}

/// What stands there.
struct Rest {
    completed_at: Option<tenure_domain::Timestamp>,
    status: String,
    stage: Option<i64>,
}

impl Stored {
    fn state(&self, rest: &Rest) -> Option<RequestState> {
        let escalated = RequestState::PendingApproval { stage: 1, is_escalated: true, assignment: None };
        Some(match (self.code, self.assignment, rest.completed_at) {
            (1, assignment, _) => RequestState::PendingApproval {
                stage: rest.stage?,
                is_escalated: rest.status == escalated.status(),
                assignment,
            },
            (5, _, Some(completed_at)) => {
                let expired = RequestState::Denied { by: Decider::Timeout, completed_at };
                let by = if rest.status == expired.status() { Decider::Timeout } else { Decider::Person };
                RequestState::Denied { by, completed_at }
            }
            (2, Some(assignment), _) => RequestState::Delivering { assignment },
            (3, Some(assignment), Some(completed_at)) => RequestState::Delivered { assignment, completed_at },
            (4, assignment, Some(completed_at)) => RequestState::DeliveryFailed { assignment, completed_at },
            (6, _, _) => RequestState::Scheduled { starts_at: self.starts_at? },
            (7, _, Some(completed_at)) => RequestState::Canceled { completed_at },
            (8, Some(assignment), Some(completed_at)) => RequestState::PartiallyDelivered { assignment, completed_at },
            _ => return None,
        })
    }
}

fn decode(row: &crate::driver::Row<'_>) -> Result<Request, StoreError> {
    let mut c = Columns::of(row, "request");
    let id = c.id("id")?;
    let kind = c.code("kind", RequestType::from_code)?;
    let package = c.id("package_id")?;
    let policy = c.id("policy_id")?;
    let policy_version = c.int("policy_version")?;
    let catalog = c.id("catalog_id")?;
    let requestor = c.opt_id("requestor_id")?;
    let target = c.id("target_id")?;
    let stored = state(&mut c)?;
    let wanted = c.json("schedule")?;
    let justification = c.opt_text("justification")?;
    let answers = c.json("answers")?;
    let guards = c.json("explain")?;
    let completed_at = c.opt_time("completed_at")?;
    let created_at = c.time("created_at")?;
    let version = c.int("version")?;
    let rest = Rest { completed_at, status: c.text("status")?, stage: c.opt_int("stage")? };
    let reason = c.opt_text("reason")?;
    Ok(Request {
        id,
        kind,
        package,
        policy,
        policy_version,
        catalog,
        requestor,
        target,
        state: stored.state(&rest).ok_or_else(|| c.corrupt("state"))?,
        wanted,
        stage: rest.stage,
        justification,
        reason,
        answers,
        guards,
        created_at,
        version,
    })
}

/// A request.
pub fn get(id: RequestId) -> First<Request> {
    Query::new(&GET, vec![id.0.into()], decode).first()
}

/// The open request of a pair in one direction.
pub fn open(package: PackageId, target: SubjectId, direction: Direction) -> First<Request> {
    Query::new(&OPEN, vec![package.0.into(), target.0.into(), direction.code().into()], decode).first()
}

/// The answers of the last request by which a pair was given access, or had it changed.
pub fn answers(package: PackageId, target: SubjectId) -> First<Vec<Answer>> {
    Query::new(&ANSWERS, vec![target.0.into(), package.0.into()], decode_answers).first()
}

/// The answers of the last request of a pair, whatever came of it: who asks again is offered them (behaviour.md p.5).
pub fn last_answers(package: PackageId, target: SubjectId) -> First<Vec<Answer>> {
    Query::new(&LAST_ANSWERS, vec![target.0.into(), package.0.into()], decode_answers).first()
}

fn decode_answers(row: &crate::driver::Row<'_>) -> Result<Vec<Answer>, StoreError> {
    let mut c = Columns::of(row, "request");
    c.id::<RequestId>("id")?;
    c.json("answers")
}

/// The open requests that deliver or end an assignment.
pub fn open_of_assignment(assignment: AssignmentId) -> Query<Request> {
    Query::new(&BY_ASSIGNMENT, vec![assignment.0.into()], decode)
}

/// The open requests for somebody.
pub fn open_of_target(target: SubjectId) -> Query<Request> {
    Query::new(&OPEN_OF_TARGET, vec![target.0.into()], decode)
}

const fn starts_at(state: &RequestState) -> Option<tenure_domain::Timestamp> {
    match state {
        RequestState::Scheduled { starts_at } => Some(*starts_at),
        _ => None,
    }
}

/// Adds a request.
pub(crate) fn insert(tx: &mut Tx<'_>, request: &Request) -> Result<(), StoreError> {
    let params = vec![
        request.id.0.into(),
        request.kind.code().into(),
        request.kind.direction().code().into(),
        request.package.0.into(),
        request.policy.0.into(),
        request.policy_version.into(),
        request.catalog.0.into(),
        request.requestor.map(|r| r.0).into(),
        request.target.0.into(),
        request.state.assignment().map(|a| a.0).into(),
        request.state.code().into(),
        request.state.status().into(),
        request.state.is_open().into(),
        starts_at(&request.state).into(),
        json(&request.wanted)?,
        request.justification.clone().into(),
        json(&request.answers)?,
        json(&request.guards)?,
        request.state.completed_at().into(),
        request.created_at.into(),
        request.version.into(),
        request.stage.into(),
        request.reason.clone().into(),
    ];
    tx.write(&INSERT, params).on_constraint("uq_open_request", open_already);
    Ok(())
}

fn open_already() -> Refusal {
    Refusal::new(Code::ExistingOpenRequest, "there is an open request for this access package and target")
}

/// Changes a request; `request.version` is one more than that which was read.
pub(crate) fn update(tx: &mut Tx<'_>, request: &Request) -> Result<(), StoreError> {
    let params = vec![
        request.id.0.into(),
        request.state.assignment().map(|a| a.0).into(),
        request.state.code().into(),
        request.state.status().into(),
        request.state.is_open().into(),
        starts_at(&request.state).into(),
        request.state.completed_at().into(),
        request.version.into(),
        request.stage.into(),
        request.reason.clone().into(),
        json(&request.answers)?,
        json(&request.wanted)?,
    ];
    tx.write(&UPDATE, params).exactly_one("request").on_constraint("uq_open_request", open_already);
    Ok(())
}

/// Keeps the credentials that a request was made with.
pub(crate) fn prove(tx: &mut Tx<'_>, id: RequestId, proofs: &[Proof]) -> Result<(), StoreError> {
    tx.write(&PROVE, vec![id.0.into(), json(&proofs)?]).exactly_one("request");
    Ok(())
}

/// Deletes a request.
pub(crate) fn delete(tx: &mut Tx<'_>, id: RequestId) {
    super::approval::delete(tx, id);
    tx.write(&DELETE, vec![id.0.into()]).exactly_one("request");
}
