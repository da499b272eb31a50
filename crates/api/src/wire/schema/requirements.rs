//! What a policy wants of somebody who asks: one value, two shapes (semantics.md 5).

use super::entitlement::answer_json;
use super::policy::{expiration_json, question_json};
use serde_json::{Value as Json, json};
use tenure_domain::Timestamp;
use tenure_domain::policy::Expiration;
use tenure_odata::edm::Version;
use tenure_service::requests::{Requirement, Requirements};

/// Names and values that both versions have.
fn common(requirement: &Requirement, version: Version) -> Json {
    let policy = &requirement.policy;
    let approval = &policy.body.approval;
    json!({
        "policyId": policy.id,
        "policyDisplayName": policy.name,
        "policyDescription": policy.body.description,
        "isRequestorJustificationRequired": approval.requestor_justification,
        "questions": requirement.questions.iter().map(|q| question_json(q, version)).collect::<Vec<_>>(),
        "schedule": { "startDateTime": null, "recurrence": null, "expiration": end(policy.body.expiration) },
    })
}

/// Access that a policy does not limit does not end.
fn end(expiration: Expiration) -> Json {
    expiration_json(&if expiration == Expiration::NotSpecified { Expiration::Never } else { expiration })
}

/// A requirement as a version writes it; `now` is the present.
pub fn shown(requirement: &Requirement, all: &Requirements, version: Version, now: Timestamp) -> Json {
    let body = &requirement.policy.body;
    let own = if version == Version::Beta {
        let wanted = body.credentials.as_ref().is_some_and(|c| !c.is_empty());
        // Nobody asks a wallet for them yet, so that there is no address to go to.
        let status = wanted.then(|| {
            json!({
                "@odata.type": "#microsoft.graph.verifiableCredentialRequired",
                "expiryDateTime": now,
                "url": null,
            })
        });
        json!({
            "isApprovalRequired": body.approval.required_for_add,
            "isApprovalRequiredForExtension": body.approval.required_for_update,
            "isCustomAssignmentScheduleAllowed": body.requestor.custom_schedule,
            "existingAnswers": existing(requirement, all, version),
            "verifiableCredentialRequirementStatus": status,
        })
    } else {
        json!({
            "isApprovalRequiredForAdd": body.approval.required_for_add,
            "isApprovalRequiredForUpdate": body.approval.required_for_update,
            "allowCustomAssignmentSchedule": body.requestor.custom_schedule,
        })
    };
    let mut shown = common(requirement, version);
    if let (Some(shown), Json::Object(own)) = (shown.as_object_mut(), own) {
        shown.extend(own);
    }
    shown
}

/// Earlier answers to what is asked now.
fn existing(requirement: &Requirement, all: &Requirements, version: Version) -> Vec<Json> {
    let is_asked = |id| requirement.questions.iter().any(|q| q.id == id);
    all.existing.iter().filter(|a| is_asked(a.question)).map(|a| answer_json(a, version)).collect()
}
