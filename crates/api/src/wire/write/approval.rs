//! Decisions of approvers as clients write them; input takes the verbs and the results (decisions.md H6).

use super::{read, request};
use crate::wire::schema::{approval as schema, own};
use serde_json::Value as Json;
use tenure_domain::Refusal;
use tenure_domain::request::Answer;
use tenure_service::approvals::NewDelegation;

/// What an approver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageDecision {
    /// Yes or no.
    pub approves: bool,
    /// Why.
    pub justification: Option<String>,
}

const VERDICTS: [(&str, bool); 4] = [("Approve", true), ("Approved", true), ("Deny", false), ("Denied", false)];

/// The body of a decision.
pub fn decision(value: &Json) -> Result<StageDecision, Refusal> {
    const NAMES: &[&str] = &["reviewResult"];
    read(value, |b| {
        let approves = b.word(NAMES, &VERDICTS);
        if !b.has(NAMES) {
            b.missing(NAMES);
        }
        let justification = b.text(&["justification"]);
        b.finish(Some(&schema::STAGE), &[]);
        Some(StageDecision { approves: approves?, justification })
    })
}

/// The answers that an approver corrects, in the shape in which a request gives them.
pub fn corrections(value: &Json) -> Result<Vec<Answer>, Refusal> {
    read(value, |b| {
        let answers = request::answers(b);
        if !b.has(&["answers"]) {
            b.missing(&["answers"]);
        }
        b.finish(None, &["id"]);
        Some(answers)
    })
}

/// The body of a delegation.
pub fn delegation(value: &Json) -> Result<NewDelegation, Refusal> {
    read(value, |b| {
        let to = b.id(&["delegateId"]);
        if to.is_none() {
            b.missing(&["delegateId"]);
        }
        let (starts_at, ends_at) = (b.time(&["startDateTime"]), b.time(&["endDateTime"]));
        b.finish(Some(&own::DELEGATION), &[]);
        Some(NewDelegation { to: to?, starts_at, ends_at })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn verbs_and_results_are_understood_in_any_case() {
        let read = |word: &str| decision(&json!({ "reviewResult": word })).ok().map(|d| d.approves);
        assert_eq!(read("Approve"), Some(true));
        assert_eq!(read("approved"), Some(true));
        assert_eq!(read("DENY"), Some(false));
        assert_eq!(read("maybe"), None);
        assert!(decision(&json!({})).is_err());
    }
}
