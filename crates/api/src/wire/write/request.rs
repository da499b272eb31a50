//! Assignment requests as clients write them: the wrapper in both spellings, flat ids and nested objects (semantics.md 7).

use super::entitlement::agree;
use super::{Body, read};
use crate::wire::schema::entitlement as em;
use crate::wire::schema::types::EXTENSION_STAGE;
use serde_json::Value as Json;
use tenure_domain::Refusal;
use tenure_domain::directory::guest::Address;
use tenure_domain::ids::{AssignmentId, ObjectId, PackageId, PolicyId, QuestionId};
use tenure_domain::policy::Expiration;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::request::{Answer, RequestType};
use tenure_service::requests::{AssignmentRef, Presentation, RemoveCommand, SubmitCommand, TargetRef, UpdateCommand};

/// What a POST asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestCommand {
    /// Access for somebody.
    Submit(Box<SubmitCommand>),
    /// Another end of it, or other answers.
    Update(Box<UpdateCommand>),
    /// Its end.
    Remove(RemoveCommand),
}

/// What a type of request means here.
#[derive(Clone, Copy)]
enum Kind {
    Known(RequestType),
    /// The same as an update, and says that a later end is wanted.
    Extend,
    Later,
    Output,
}

const KINDS: [(&str, Kind); 12] = [
    ("userAdd", Kind::Known(RequestType::UserAdd)),
    ("userRemove", Kind::Known(RequestType::UserRemove)),
    ("adminAdd", Kind::Known(RequestType::AdminAdd)),
    ("adminRemove", Kind::Known(RequestType::AdminRemove)),
    ("userUpdate", Kind::Known(RequestType::UserUpdate)),
    ("userExtend", Kind::Extend),
    ("adminUpdate", Kind::Known(RequestType::AdminUpdate)),
    ("onBehalfAdd", Kind::Later),
    ("approverRemove", Kind::Known(RequestType::ApproverRemove)),
    ("systemAdd", Kind::Output),
    ("systemUpdate", Kind::Output),
    ("systemRemove", Kind::Output),
];

/// The type of a request, and whether it says that a later end is wanted.
fn kind(b: &Body<'_>) -> Option<(RequestType, bool)> {
    const NAMES: &[&str] = &["requestType"];
    let Some(kind) = b.word(NAMES, &KINDS) else {
        if !b.has(NAMES) {
            b.missing(NAMES);
        }
        return None;
    };
    match kind {
        Kind::Known(kind) => return Some((kind, false)),
        Kind::Extend => return Some((RequestType::UserUpdate, true)),
        Kind::Later => b.fault(
            "requestType",
            "this release has no such requests yet: use userAdd, userUpdate, userRemove, adminAdd, adminUpdate or adminRemove",
        ),
        Kind::Output => b.fault("requestType", "requests of this type are made by the server only"),
    }
    None
}

/// The assignment that a request is about.
#[derive(Default)]
struct Wrapper {
    id: Option<AssignmentId>,
    package: Option<PackageId>,
    policy: Option<PolicyId>,
    target: Option<ObjectId>,
    email: Option<String>,
    name: Option<String>,
    schedule: Option<WantedSchedule>,
}

fn wrapper(b: &Body<'_>) -> Wrapper {
    let nested = |names: &[&str]| b.object(names);
    let package = nested(&["accessPackage"]);
    let policy = nested(&["assignmentPolicy", "accessPackageAssignmentPolicy"]);
    let target = nested(&["target"]);
    let of_target = target.as_ref().and_then(|t| agree(t, "objectId", t.id(&["objectId"]), t.id(&["id"])));
    let wrapper = Wrapper {
        id: b.id(&["id"]),
        package: agree(b, "accessPackageId", b.id(&["accessPackageId"]), package.and_then(|p| p.id(&["id"]))),
        policy: agree(
            b,
            "assignmentPolicyId",
            b.id(&["assignmentPolicyId", "accessPackageAssignmentPolicyId"]),
            policy.and_then(|p| p.id(&["id"])),
        ),
        target: agree(b, "targetId", b.id(&["targetId"]), of_target),
        email: target.as_ref().and_then(email),
        name: target.and_then(|t| t.text(&["displayName"])),
        schedule: b.object(&["schedule"]).map(|s| schedule(&s)),
    };
    b.finish(Some(&em::ASSIGNMENT), &[]);
    wrapper
}

/// The address of somebody who need not be in the directory.
fn email(target: &Body<'_>) -> Option<String> {
    const NAMES: &[&str] = &["email"];
    let text = target.text(NAMES)?;
    if Address::parse(&text).is_none() {
        target.fault("email", "`email` must be a mail address, such as ada@example.com");
    }
    Some(text)
}

/// Dates that are wanted.
pub fn schedule(b: &Body<'_>) -> WantedSchedule {
    let start = b.time(&["startDateTime"]);
    let nested = b.object(&["expiration"]).map_or(Expiration::NotSpecified, |e| expiration(&e));
    // The older shape has its end beside the start.
    let stop = b.time(&["stopDateTime"]);
    let end = match (nested, stop) {
        (Expiration::NotSpecified, Some(stop)) => Expiration::At(stop),
        (end, _) => end,
    };
    if b.raw(&["recurrence"]).is_some_and(|r| !r.is_null()) {
        b.fault("recurrence", "access does not recur; leave `recurrence` out");
    }
    b.finish(None, &["createdDateTime"]);
    WantedSchedule { start, end }
}

/// An expiration pattern; the type may be left out where what is given says it.
pub fn expiration(b: &Body<'_>) -> Expiration {
    #[derive(Clone, Copy, PartialEq)]
    enum Type {
        Unsaid,
        Never,
        After,
        At,
    }
    let words = [
        ("notSpecified", Type::Unsaid),
        ("noExpiration", Type::Never),
        ("afterDuration", Type::After),
        ("afterDateTime", Type::At),
    ];
    let kind = b.word(&["type"], &words);
    let duration = b.duration(&["duration"]);
    let end = b.time(&["endDateTime"]);
    b.finish(None, &[]);
    match (kind, duration, end) {
        (Some(Type::Never), _, _) => Expiration::Never,
        (Some(Type::After), Some(duration), _) | (None, Some(duration), None) => Expiration::After(duration),
        (Some(Type::After), None, _) => {
            b.missing(&["duration"]);
            Expiration::NotSpecified
        }
        (Some(Type::At), _, Some(end)) | (None, None, Some(end)) => Expiration::At(end),
        (Some(Type::At), _, None) => {
            b.missing(&["endDateTime"]);
            Expiration::NotSpecified
        }
        (Some(Type::Unsaid) | None, _, _) => Expiration::NotSpecified,
    }
}

/// Answers to the questions of a policy.
pub fn answers(b: &Body<'_>) -> Vec<Answer> {
    let one = |a: &Body<'_>| {
        let question = a.object(&["answeredQuestion"]).and_then(|q| q.id::<QuestionId>(&["id"]));
        if question.is_none() {
            a.missing(&["answeredQuestion"]);
        }
        let value = a.text(&["value"]);
        let display = a.raw(&["displayValue"]).and_then(|d| d.as_str().or_else(|| d.get("defaultText")?.as_str()));
        a.finish(None, &[]);
        let display = display.map(ToOwned::to_owned);
        Some(Answer { question: question?, value: value.unwrap_or_default(), display, ..Answer::default() })
    };
    b.objects(&["answers"]).unwrap_or_default().iter().filter_map(one).collect()
}

/// Credentials that a requestor presents.
fn credentials(b: &Body<'_>) -> Vec<Presentation> {
    let one = |c: &Body<'_>| {
        let claims = c.raw(&["claims"]).and_then(Json::as_object).cloned().unwrap_or_default();
        let made =
            Presentation { authority: c.text(&["authority"]), kinds: c.texts(&["type"]).unwrap_or_default(), claims };
        c.finish(None, &[]);
        made
    };
    b.objects(&["verifiedCredentialsData"]).unwrap_or_default().iter().map(one).collect()
}

/// A request.
pub fn assignment_request(value: &Json) -> Result<RequestCommand, Refusal> {
    read(value, |b| {
        let kind = kind(b);
        let inner = b.object(&["assignment", "accessPackageAssignment"]);
        let wrapped = inner.as_ref().map(wrapper).unwrap_or_default();
        // Some samples put the package beside the wrapper instead of into it.
        let beside = b.object(&["accessPackage"]).and_then(|p| p.id(&["id"]));
        let package =
            agree(b, "accessPackage", wrapped.package, agree(b, "accessPackageId", b.id(&["accessPackageId"]), beside));
        let outer = b.object(&["schedule"]).map(|s| schedule(&s));
        let justification = b.text(&["justification"]);
        let answers = answers(b);
        let credentials = credentials(b);
        let validate_only = b.flag(&["isValidationOnly"]).unwrap_or(false);
        let parameters = b.object(&["parameters"]);
        let bypass_approval = parameters.is_some_and(|p| p.flag(&["bypassApproval"]).unwrap_or(false));
        b.finish(Some(&em::REQUEST), &[]);
        let (kind, extends) = kind?;
        if matches!(kind, RequestType::UserRemove | RequestType::AdminRemove | RequestType::ApproverRemove) {
            let assignment = AssignmentRef { id: wrapped.id, package, policy: wrapped.policy, target: wrapped.target };
            return Some(RequestCommand::Remove(RemoveCommand { kind, assignment, justification, validate_only }));
        }
        let wanted = wanted(outer, wrapped.schedule);
        if matches!(kind, RequestType::UserUpdate | RequestType::AdminUpdate) {
            let assignment = AssignmentRef { id: wrapped.id, package, policy: wrapped.policy, target: wrapped.target };
            return Some(RequestCommand::Update(Box::new(UpdateCommand {
                kind,
                extends,
                assignment,
                wanted,
                justification,
                answers,
                bypass_approval,
                validate_only,
            })));
        }
        if package.is_none() {
            match &inner {
                Some(inner) => inner.missing(&["accessPackageId"]),
                None => b.fault_below("assignment", "/accessPackageId", "`accessPackageId` is required"),
            }
        }
        let target = match (wrapped.target, wrapped.email) {
            (Some(id), _) => TargetRef::Object(id),
            (None, Some(address)) => TargetRef::Email { address, name: wrapped.name },
            (None, None) => TargetRef::Caller,
        };
        let policy = wrapped.policy;
        Some(RequestCommand::Submit(Box::new(SubmitCommand {
            kind,
            package: package?,
            policy,
            target,
            wanted,
            justification,
            answers,
            credentials,
            bypass_approval,
            validate_only,
        })))
    })
}

/// The dates wanted: beside the assignment, else inside it.
fn wanted(outer: Option<WantedSchedule>, inner: Option<WantedSchedule>) -> WantedSchedule {
    let (outer, inner) = (outer.unwrap_or_default(), inner.unwrap_or_default());
    let end = if outer.end == Expiration::NotSpecified { inner.end } else { outer.end };
    WantedSchedule { start: outer.start.or(inner.start), end }
}

/// What a workflow extension answers with (semantics.md 7). No request waits for one yet, so it is only read.
pub fn callback(value: &Json) -> Result<(), Refusal> {
    read(value, |b| {
        b.required_text(&["source"]);
        b.required_text(&["type"]);
        match b.object(&["data"]) {
            Some(data) => {
                if !data.has(&["stage"]) {
                    data.missing(&["stage"]);
                }
                data.declared_word(&["stage"], &EXTENSION_STAGE);
                if !data.has(&["customExtensionStageInstanceId"]) {
                    data.missing(&["customExtensionStageInstanceId"]);
                }
                data.text(&["customExtensionStageInstanceId"]);
                data.text(&["customExtensionStageInstanceDetail"]);
                data.text(&["state"]);
                data.finish(None, &[]);
            }
            None if !b.has(&["data"]) => b.missing(&["data"]),
            None => {}
        }
        b.finish(None, &[]);
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn submit(value: &Json) -> Option<SubmitCommand> {
        match assignment_request(value) {
            Ok(RequestCommand::Submit(command)) => Some(*command),
            _ => None,
        }
    }

    #[test]
    fn flat_and_nested_ids_are_one() {
        let (package, policy, person) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let flat = json!({ "requestType": "adminAdd",
            "assignment": { "targetId": person, "assignmentPolicyId": policy, "accessPackageId": package } });
        let nested = json!({ "RequestType": "AdminAdd", "accessPackageAssignment": {
            "target": { "objectId": person }, "assignmentPolicy": { "id": policy }, "accessPackage": { "id": package } } });
        assert!(submit(&flat).is_some());
        assert_eq!(submit(&flat), submit(&nested));
    }

    #[test]
    fn dates_are_read_beside_and_inside_the_assignment() {
        let package = Uuid::from_u128(1);
        let body = json!({ "requestType": "userAdd",
            "assignment": { "accessPackageId": package, "schedule": { "startDateTime": "2026-03-01T00:00:00Z", "stopDateTime": null } },
            "schedule": { "expiration": { "type": "afterDuration", "duration": "P10D" }, "recurrence": null } });
        let wanted = submit(&body).map(|c| c.wanted);
        assert_eq!(wanted.and_then(|w| w.start).map(|t| t.to_string()).as_deref(), Some("2026-03-01T00:00:00Z"));
        assert!(matches!(wanted.map(|w| w.end), Some(Expiration::After(_))));
    }

    #[test]
    fn types_that_cannot_be_asked_for_are_refused_clearly() {
        let message =
            |kind: &str| assignment_request(&json!({ "requestType": kind, "assignment": {} })).err().map(|r| r.message);
        assert!(message("systemRemove").is_some_and(|m| m.contains("server only")));
        assert!(message("onBehalfAdd").is_some_and(|m| m.contains("this release")));
        assert!(message("nonsense").is_some_and(|m| m.contains("must be one of")));
    }

    #[test]
    fn an_extension_is_an_update_that_says_so() {
        let body = |kind: &str| json!({ "requestType": kind, "assignment": { "id": Uuid::from_u128(9) } });
        let update = |kind: &str| match assignment_request(&body(kind)) {
            Ok(RequestCommand::Update(u)) => Some((u.kind, u.extends)),
            _ => None,
        };
        assert_eq!(update("UserExtend"), Some((RequestType::UserUpdate, true)));
        assert_eq!(update("userUpdate"), Some((RequestType::UserUpdate, false)));
        assert_eq!(update("AdminUpdate"), Some((RequestType::AdminUpdate, false)));
    }

    #[test]
    fn a_removal_needs_no_package() {
        let id = Uuid::from_u128(9);
        let command =
            assignment_request(&json!({ "requestType": "AdminRemove", "accessPackageAssignment": { "id": id } }));
        assert!(matches!(command, Ok(RequestCommand::Remove(r)) if r.assignment.id == Some(AssignmentId(id))));
    }
}
