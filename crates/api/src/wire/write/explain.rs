//! Questions about what would come of a request, as clients write them.

use super::request::{answers, schedule};
use super::{Body, read};
use serde_json::Value as Json;
use tenure_domain::Refusal;
use tenure_domain::ids::ObjectId;
use tenure_service::requests::ExplainCommand;
use uuid::Uuid;

/// Nobody named, and `me`, is the caller.
fn subject(b: &Body<'_>) -> Option<ObjectId> {
    const NAMES: &[&str] = &["subjectId"];
    let text = b.text(NAMES)?;
    if text.trim().eq_ignore_ascii_case("me") {
        return None;
    }
    let id = Uuid::parse_str(text.trim()).ok();
    if id.is_none() {
        b.fault("subjectId", "`subjectId` must be a GUID, or `me`");
    }
    id.map(ObjectId)
}

/// A question.
pub fn explanation(value: &Json) -> Result<ExplainCommand, Refusal> {
    read(value, |b| {
        let subject = subject(b);
        let package = b.id(&["accessPackageId"]);
        if package.is_none() && b.raw(&["accessPackageId"]).is_none_or(Json::is_null) {
            b.missing(&["accessPackageId"]);
        }
        let policy = b.id(&["policyId", "assignmentPolicyId"]);
        let wanted = b.object(&["schedule"]).map(|s| schedule(&s)).unwrap_or_default();
        let justification = b.text(&["justification"]);
        let answers = answers(b);
        let as_administrator = b.word(&["as"], &[("user", false), ("administrator", true)]).unwrap_or(false);
        b.finish(None, &[]);
        Some(ExplainCommand { subject, package: package?, policy, wanted, justification, answers, as_administrator })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn targets(value: &Json) -> Vec<String> {
        let details = explanation(value).err().into_iter().flat_map(|r| r.details);
        details.filter_map(|d| d.target).collect()
    }

    #[test]
    fn the_caller_is_meant_where_nobody_is_named() {
        let package = "0191f0a4-0000-7000-8000-000000000001";
        for subject in [Json::Null, json!("me"), json!("ME")] {
            let read = explanation(&json!({ "subjectId": subject, "accessPackageId": package }));
            assert_eq!(read.map(|c| (c.subject, c.as_administrator)), Ok((None, false)));
        }
        let read = explanation(&json!({ "subjectId": package, "accessPackageId": package, "as": "administrator" }));
        assert_eq!(read.map(|c| (c.subject.is_some(), c.as_administrator)), Ok((true, true)));
    }

    #[test]
    fn every_fault_is_named() {
        assert_eq!(targets(&json!({})), ["/accessPackageId"]);
        let wrong = json!({ "subjectId": "you", "accessPackageId": "x", "as": "boss", "wish": 1 });
        assert_eq!(targets(&wrong), ["/subjectId", "/accessPackageId", "/as", "/wish"]);
    }
}
