//! `POST explain`: what would come of a request, without making it (decisions.md M, Q4); and what became of one.

use crate::error::{Failure, related};
use crate::http::{Call, Reply};
use crate::wire::schema::entitlement::REQUEST_TYPE;
use crate::wire::schema::policy::subject_set;
use crate::wire::write::explain::explanation;
use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use tenure_domain::ids::{PackageId, RequestId};
use tenure_domain::policy::{Policy, Stage};
use tenure_odata::edm::Version;
use tenure_service::Cost;
use tenure_service::requests::{self, Approver, Asked, Explained, RoleError, StageApprovers};

/// Answers the question. It is a POST because of its body; it reads only.
pub async fn answer(call: &Call) -> Result<Reply, Failure> {
    let command = explanation(&call.json()?)?;
    let package = command.package;
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| requests::explain(ctx, &command));
    let explained = read.await?;
    Ok(Reply::json(StatusCode::OK, shown(package, &explained).to_string().into_bytes()))
}

fn shown(package: PackageId, explained: &Explained) -> Json {
    let explanation = &explained.explanation;
    let refusal = explanation.refusal.as_ref();
    let stages = explanation.stages.iter().zip(&explained.approvers).enumerate();
    json!({
        "subjectId": explained.subject,
        "accessPackageId": package,
        "requestType": REQUEST_TYPE.word(explained.kind.code()),
        "allowed": refusal.is_none(),
        "refusal": refusal.map(|r| r.code.name()),
        "message": refusal.map(|r| &r.message),
        "guards": explanation.guards,
        "policy": explanation.policy.as_ref().map(policy),
        "candidates": explanation.candidates.iter().map(policy).collect::<Vec<_>>(),
        "startDateTime": explanation.starts_at,
        "endDateTime": explanation.ends_at,
        "stages": stages.map(|(i, (settings, approvers))| stage(i + 1, settings, approvers)).collect::<Vec<_>>(),
        "related": refusal.map(|r| related(&r.related)).unwrap_or_default(),
    })
}

fn policy(policy: &Policy) -> Json {
    json!({ "id": policy.id, "displayName": policy.name })
}

fn stage(number: usize, settings: &Stage, approvers: &StageApprovers) -> Json {
    json!({
        "number": number,
        "durationBeforeAutomaticDenial": settings.effective_window().to_string(),
        "isApproverJustificationRequired": settings.approver_justification,
        "durationBeforeEscalation": settings.escalation_delay.filter(|_| settings.escalation_enabled).map(|d| d.to_string()),
        "approvers": approvers.primary.iter().map(approver).collect::<Vec<_>>(),
        "escalationApprovers": approvers.escalation.iter().map(approver).collect::<Vec<_>>(),
        "asked": approvers.asked.iter().map(asked).collect::<Vec<_>>(),
        "askedLater": approvers.asked_later.iter().map(asked).collect::<Vec<_>>(),
    })
}

/// Somebody who would be asked, by name where the caller may know it.
fn asked(asked: &Asked) -> Json {
    json!({
        "type": if asked.is_group { "group" } else { "user" },
        "id": asked.known.as_ref().map(|(id, _)| id),
        "displayName": asked.known.as_ref().map(|(_, name)| name),
    })
}

/// `GET explain/{}`: what became of a request, and why.
pub async fn told(call: &Call, id: RequestId) -> Result<Reply, Failure> {
    let read = call.app.engine().read(Cost::Small, call.identity, call.id, move |ctx| requests::told(ctx, id));
    let told = read.await?;
    let request = &told.request;
    let error = |e: &RoleError| json!({ "resource": e.resource, "error": e.error });
    let body = json!({
        "requestId": request.id,
        "accessPackageId": request.package,
        "requestType": REQUEST_TYPE.word(request.kind.code()),
        "state": request.state.name(),
        "status": request.state.status(),
        "completedDateTime": request.state.completed_at(),
        "reason": request.reason,
        "message": told.meaning,
        "guards": request.guards,
        "deliveryErrors": told.errors,
        "errors": told.named.iter().map(error).collect::<Vec<_>>(),
    });
    Ok(Reply::json(StatusCode::OK, body.to_string().into_bytes()))
}

/// A set of people by its published type, and the object it names where the caller may know it.
fn approver(approver: &Approver) -> Json {
    let set = subject_set(&approver.set, Version::V1);
    let name = set.get("@odata.type").and_then(Json::as_str).map(tenure_odata::edm::type_name);
    json!({
        "type": name,
        "id": approver.id,
        "managerLevel": set.get("managerLevel"),
        "isFallback": approver.set.is_backup(),
    })
}
