//! Refusals and failures as Graph answers: one `match` for the status of every code (decisions.md M).

mod told;

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::{Value as Json, json};
use tenure_domain::Timestamp;
use tenure_domain::refusal::{Code, Refusal, Related, RelatedKind};
use tenure_odata::ErrorKind;
use tenure_service::ServiceError;
use uuid::Uuid;

use self::told::OncePerSecond;
use crate::http::Reply;

/// Seconds after which a client may try again what we could not do.
const RETRY_AFTER_SECONDS: u32 = 2;

/// Under overload thousands are turned away in a second: the log has one line for them.
static TURNED_AWAY: OncePerSecond = OncePerSecond::new();

/// Tells the log that a request was turned away, and why.
pub(crate) fn tell_turned_away(now: Timestamp, request: Uuid, cause: &str) {
    if let Some(since) = TURNED_AWAY.to_tell(now.as_second()) {
        tracing::warn!(id = %request, cause, since, "requests are turned away");
    }
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    code: &'static str,
    message: String,
    target: Option<String>,
}

/// An answer that is an error.
#[derive(Clone, Debug)]
pub struct Failure(Box<Parts>);

/// What the log is told and the client is not.
#[derive(Clone, Debug)]
enum Cause {
    /// A fault of ours.
    Fault(String),
    /// Why the request was turned away.
    TurnedAway(String),
    /// Why it is not known whether it was done.
    Unknown(String),
}

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<Fault>,
    tenure: Option<Json>,
    cause: Option<Cause>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl Failure {
    /// An error without details.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let (message, details, headers) = (message.into(), Vec::new(), Vec::new());
        Self(Box::new(Parts { status, code, message, details, tenure: None, cause: None, headers }))
    }

    /// A body that is not as it should be, with the JSON pointer of the fault.
    pub fn model(target: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let fault = Fault { code: "InvalidModel", message: message.clone(), target: Some(target.to_owned()) };
        Self::new(StatusCode::BAD_REQUEST, "InvalidModel", message).with_details(vec![fault])
    }

    /// Names that a group cannot have, each with its reason.
    pub fn unprocessable(faults: &[tenure_domain::Refusal]) -> Self {
        let details = faults.iter().flat_map(|refusal| {
            let target = refusal.details.first().and_then(|detail| detail.target.as_deref());
            let target = target.map(|target| target.trim_start_matches('/').to_owned());
            std::iter::once(Fault { code: "InvalidValue", message: refusal.message.clone(), target })
        });
        let message = "The names do not satisfy the rules for groups.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "UnprocessableEntity", message).with_details(details.collect())
    }

    /// A path that leads nowhere; clients know the text.
    pub fn unknown_route(path: &str) -> Self {
        let message = format!("No HTTP resource was found that matches the request URI `{path}`");
        Self::new(StatusCode::NOT_FOUND, "UnknownRoute", message)
    }

    /// A method that the path does not have.
    pub fn method_not_allowed(allowed: &str) -> Self {
        let message = format!("this path has the methods {allowed}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message).with(header::ALLOW, allowed)
    }

    /// A query option that cannot be taken, by its name without the dollar sign.
    pub fn option(name: &str, message: &str) -> Self {
        let fault = Fault { code: "InvalidFilter", message: message.to_owned(), target: Some(format!("${name}")) };
        let message = format!("OData query is invalid: ${name}: {message}");
        Self::new(StatusCode::BAD_REQUEST, "InvalidFilter", message).with_details(vec![fault])
    }

    /// What a token of changes has seen is not known any more: everything is to be read again, from `location`.
    pub fn sync_state_not_found(location: &str) -> Self {
        let message = "what this token has seen is not known any more: it is older than seven days, was not made by this \
                       server, or the caller sees more or less than then; read everything again, from the address in \
                       Location";
        Self::new(StatusCode::GONE, "syncStateNotFound", message).with(header::LOCATION, location)
    }

    /// A packed body. Clients that pack by habit send it again as it is when they read this status, and may read the
    /// header first (RFC 9110, 15.5.16).
    pub fn packed() -> Self {
        let message = "the body is packed (Content-Encoding); send it as it is";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
            .with(header::ACCEPT_ENCODING, "identity")
    }

    /// No token, or one that is not good.
    pub fn unauthenticated(message: impl Into<String>, base: &str) -> Self {
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"{base}/common/oauth2/v2.0/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        );
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
            .with(header::WWW_AUTHENTICATE, &challenge)
    }

    /// The same, with the challenge of the address that was asked, where a challenge belongs.
    pub fn challenged(self, base: &str) -> Self {
        if self.0.status != StatusCode::UNAUTHORIZED {
            return self;
        }
        Self::unauthenticated(self.0.message, base)
    }

    /// Nothing was done; it may be tried again.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut failure = Self::new(status, "ServiceUnavailable", message);
        failure.0.tenure = Some(json!({ "refusal": null, "retryAfterSeconds": RETRY_AFTER_SECONDS }));
        failure.with(header::RETRY_AFTER, &RETRY_AFTER_SECONDS.to_string())
    }

    /// Whether it was done is not known. Made again under the id it had, a POST makes one thing (decisions.md E7).
    pub fn unknown(cause: &str) -> Self {
        let message = "whether this was done is not known; send it again with the same client-request-id and with \
                       Retry-Attempt, or look whether it is there";
        let mut failure = Self::new(StatusCode::GATEWAY_TIMEOUT, "GatewayTimeout", message);
        failure.0.cause = Some(Cause::Unknown(cause.to_owned()));
        failure.with(header::RETRY_AFTER, &RETRY_AFTER_SECONDS.to_string())
    }

    /// A fault of ours: the log has the cause, the client an id.
    pub fn internal(cause: &str) -> Self {
        let message = "the server failed; report the request-id of this answer to its operator";
        let mut failure = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message);
        failure.0.cause = Some(Cause::Fault(cause.to_owned()));
        failure
    }

    fn with_details(mut self, details: Vec<Fault>) -> Self {
        self.0.details = details;
        self
    }

    /// With a header.
    pub fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        self.0.headers.extend(HeaderValue::from_str(value).ok().map(|v| (name, v)));
        self
    }

    /// Whether it tells of fields of a body.
    pub fn names_fields(&self) -> bool {
        self.0.details.iter().any(|d| d.target.as_deref().is_some_and(|t| t.starts_with('/')))
    }

    /// The same, with every field where `place` says that it is, in its target and where a message names it.
    pub fn placed(mut self, place: impl Fn(&str) -> String) -> Self {
        let Parts { details, message, .. } = &mut *self.0;
        for fault in details {
            let Some(known) = fault.target.as_deref().filter(|t| t.starts_with('/')) else { continue };
            let written = place(known);
            if written == known {
                continue;
            }
            let is_first = fault.message == *message;
            let name = |path: &str| format!("`{}`", path.rsplit('/').next().unwrap_or_default());
            fault.message = fault.message.replace(&name(known), &name_after(known, &written));
            if is_first {
                message.clone_from(&fault.message);
            }
            fault.target = Some(written);
        }
        self
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The answer. `client_request` is the id the client gave, if any. The log gets the cause of what is not the
    /// client's fault, under the same id.
    pub fn reply(&self, now: Timestamp, request: Uuid, client_request: &str) -> Reply {
        let parts = &*self.0;
        match &parts.cause {
            Some(Cause::Fault(cause)) => tracing::error!(id = %request, cause, "a request failed by a fault of ours"),
            Some(Cause::TurnedAway(cause)) => tell_turned_away(now, request, cause),
            Some(Cause::Unknown(cause)) => {
                tracing::error!(id = %request, cause, "whether a request was done is not known");
            }
            None => {}
        }
        let details: Vec<Json> =
            parts.details.iter().map(|d| json!({ "code": d.code, "message": d.message, "target": d.target })).collect();
        let mut inner = json!({
            "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": request,
            "client-request-id": client_request,
        });
        if let (Some(tenure), Some(inner)) = (&parts.tenure, inner.as_object_mut()) {
            inner.insert("tenure".to_owned(), tenure.clone());
        }
        let body = json!({
            "error": { "code": parts.code, "message": parts.message, "details": details, "innerError": inner }
        });
        let mut reply = Reply::json(parts.status, body.to_string().into_bytes());
        reply.headers.clone_from(&parts.headers);
        reply
    }
}

/// What a place is called by somebody who knows of another: what it does not share with it.
fn name_after(known: &str, written: &str) -> String {
    let shared = known.split('/').zip(written.split('/')).take_while(|(a, b)| a == b).count();
    format!("`{}`", written.split('/').skip(shared).collect::<Vec<_>>().join("/"))
}

/// The status of a refusal.
const fn status(code: Code) -> StatusCode {
    match code {
        Code::AuthorizationRequestDenied | Code::CallerNotResourceOwner | Code::NotAnApprover | Code::SelfApproval => {
            StatusCode::FORBIDDEN
        }
        Code::ResourceNotFound | Code::RoleNotFound | Code::RequestResourceNotFound => StatusCode::NOT_FOUND,
        Code::Conflict | Code::StageAlreadyDecided | Code::JobEnded => StatusCode::CONFLICT,
        Code::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Code::InvalidModel
        | Code::LimitExceeded
        | Code::NotInPolicyScope
        | Code::PolicyDisabled
        | Code::PolicyChoiceRequired
        | Code::NoApplicablePolicy
        | Code::CatalogUnpublished
        | Code::CatalogNotExternal
        | Code::ExistingOpenRequest
        | Code::ExistingAssignment
        | Code::JustificationRequired
        | Code::InvalidAnswers
        | Code::ScheduleNotAllowed
        | Code::NoEligibleApprover
        | Code::TargetNotEligible
        | Code::RequestNotCancelable
        | Code::RequestNotDeletable
        | Code::AssignmentNotLive
        | Code::DuplicateAccessPackage
        | Code::DuplicateCatalog
        | Code::DuplicateName
        | Code::CatalogNotEmpty
        | Code::AccessPackageInUse
        | Code::PolicyInUse
        | Code::AttributeLocked
        | Code::VerifiedIdRequired
        | Code::ExtensionNotAllowed
        | Code::IncompatibleAccess
        | Code::RequestNotReprocessable
        | Code::RequestNotWaiting
        | Code::ConnectedOrganizationInUse
        | Code::ExtensionInUse
        | Code::InvalidDeleteResourceHasEntitlements
        | Code::ResourceAlreadyInCatalog
        | Code::ResourceNotSupported
        | Code::ResourceNotWritable
        | Code::ResourceMissing
        | Code::BuiltInObject
        | Code::ObjectMasteredElsewhere
        | Code::RequestBadRequest => StatusCode::BAD_REQUEST,
    }
}

const fn related_type(kind: RelatedKind) -> &'static str {
    match kind {
        RelatedKind::Request => "accessPackageAssignmentRequest",
        RelatedKind::Assignment => "accessPackageAssignment",
        RelatedKind::Policy => "accessPackageAssignmentPolicy",
        RelatedKind::Package => "accessPackage",
        RelatedKind::Group => "group",
        RelatedKind::Organization => "connectedOrganization",
    }
}

/// The objects that stand in the way, as clients see them.
pub(crate) fn related(all: &[Related]) -> Vec<Json> {
    all.iter().map(|r| json!({ "type": related_type(r.kind), "id": r.id, "displayName": r.name })).collect()
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let tenure = json!({
            "refusal": refusal.code.name(),
            "guards": refusal.guards,
            "related": related(&refusal.related),
            "retryAfterSeconds": null,
        });
        let details = refusal.details.into_iter();
        Self(Box::new(Parts {
            status: status(refusal.code),
            code: refusal.code.name(),
            message: refusal.message,
            details: details.map(|d| Fault { code: d.code.name(), message: d.message, target: d.target }).collect(),
            tenure: Some(tenure),
            cause: None,
            headers: Vec::new(),
        }))
    }
}

impl From<tenure_odata::Error> for Failure {
    fn from(error: tenure_odata::Error) -> Self {
        let (status, code) = match error.kind {
            ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "InvalidFilter"),
            ErrorKind::Limit => (StatusCode::BAD_REQUEST, "LimitExceeded"),
            ErrorKind::NextLink => (StatusCode::BAD_REQUEST, "InvalidNextLink"),
            ErrorKind::NotFound => return Self::new(StatusCode::NOT_FOUND, "UnknownRoute", error.message),
        };
        let at = error.position.map_or_else(String::new, |p| format!(" at position {p}"));
        let fault = Fault { code, message: format!("{}{at}", error.message), target: Some(error.option.to_owned()) };
        let message =
            if code == "InvalidFilter" { format!("OData query is invalid: {}", error.message) } else { error.message };
        Self::new(status, code, message).with_details(vec![fault])
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(refusal) => (*refusal).into(),
            // The address for the challenge is added where it is known.
            ServiceError::Unauthenticated(why) => Self::unauthenticated(why, ""),
            ServiceError::Unavailable(why) => {
                let message = "the server cannot take this request now; nothing was done, try again";
                let mut failure = Self::unavailable(message);
                failure.0.cause = Some(Cause::TurnedAway(why));
                failure
            }
            ServiceError::Unknown(cause) => Self::unknown(&cause),
            ServiceError::TooExpensive => {
                let message = "the query takes too long; filter by a property with an index, such as id, displayName, \
                               accessPackage/id or state with accessPackage/id";
                Self::new(StatusCode::BAD_REQUEST, "QueryTooExpensive", message)
            }
            ServiceError::Internal(cause) => Self::internal(&cause),
        }
    }
}

#[cfg(test)]
mod page;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_three_fields_clients_read() {
        let reply =
            Failure::model("/displayName", "displayName is required").reply(Timestamp::UNIX_EPOCH, Uuid::nil(), "mine");
        let body: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert_eq!(body["error"]["innerError"]["date"], "1970-01-01T00:00:00");
        assert_eq!(body["error"]["innerError"]["client-request-id"], "mine");
        assert_eq!(body["error"]["details"][0]["target"], "/displayName");
    }

    #[test]
    fn fields_are_named_where_they_are_written() {
        let failure = Failure::model("/catalogId", "`catalogId` is required").placed(|_| "/catalog/id".to_owned());
        assert_eq!(failure.message(), "`catalog/id` is required");
        let details = &failure.0.details;
        assert_eq!(details.first().map(|d| d.message.as_str()), Some("`catalog/id` is required"));
        assert_eq!(details.first().and_then(|d| d.target.as_deref()), Some("/catalog/id"));
        let other = Failure::model("If-Match", "another state");
        assert!(!other.names_fields());
        assert_eq!(
            other.placed(|_| "x".to_owned()).0.details.first().and_then(|d| d.target.as_deref()),
            Some("If-Match")
        );
    }

    #[test]
    fn a_refusal_keeps_its_explanation() {
        let refusal = Refusal::new(Code::ExistingAssignment, "x").related(RelatedKind::Assignment, Uuid::nil(), None);
        let failure = Failure::from(refusal);
        assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
        assert_eq!(failure.0.tenure.map(|t| t["related"][0]["type"].clone()), Some(json!("accessPackageAssignment")));
    }
}
