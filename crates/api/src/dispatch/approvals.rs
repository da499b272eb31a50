//! Writes to approvals, and naming delegates.

use super::Target;
use super::changes::{Made, create, keyed, remove, write};
use super::key::label;
use crate::error::Failure;
use crate::http::{Call, Reply};
use crate::wire::schema::{approval as schema, own};
use crate::wire::write::approval;
use tenure_domain::ids::{DelegationId, RequestId, StageId};
use tenure_domain::refusal::Refusal;
use tenure_service::approvals::{self, DecideCommand};
use uuid::Uuid;

/// `PATCH accessPackageAssignmentApprovals/{}/stages/{}`
pub async fn decide(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let decision = approval::decision(&call.json()?)?;
    let missing = |what: &str, i: usize| Refusal::not_found(what, label(&target.key(i)));
    let id = |i: usize| Uuid::parse_str(&label(&target.key(i))).ok();
    let request = RequestId(id(0).ok_or_else(|| missing(schema::APPROVAL.name, 0))?);
    let stage = StageId(id(1).ok_or_else(|| missing(schema::STAGE.name, 1))?);
    let command = DecideCommand { request, stage, approves: decision.approves, justification: decision.justification };
    write(call, move |ctx| approvals::decide(ctx, &command)).await?;
    Ok(Reply::no_content())
}

/// `POST delegations`
pub async fn delegate(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let new = approval::delegation(&call.json()?)?;
    create(call, Made::of(call, target), move |ctx| approvals::delegate(ctx, &new).map(|id| id.to_string())).await
}

/// `DELETE delegations/{}`
pub async fn end_delegation(call: &Call, target: &Target) -> Result<Reply, Failure> {
    let run = keyed(call, target, &own::DELEGATION, |ctx, id| approvals::end_delegation(ctx, DelegationId(id)));
    remove(call, run).await
}
