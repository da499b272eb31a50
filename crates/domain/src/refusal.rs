//! Every "no" the rules can say, with the data that explains it (decisions.md M).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! codes {
    (@text $name:ident) => { stringify!($name) };
    (@text $name:ident $text:literal) => { $text };
    ($($(#[doc = $doc:literal])+ $name:ident $(= $text:literal)?,)+) => {
        /// The stable code of a refusal. Its status is decided where answers are written.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, and what it means.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, concat!($($doc),+))),+];

            /// The code as clients see it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => codes!(@text $name $($text)?),)+ }
            }
        }
    };
}

codes! {
    /// The body does not have the shape it should; every bad field is in the details.
    InvalidModel,
    /// A limit that is about the caller's data.
    LimitExceeded,
    /// The target does not fit the policy.
    NotInPolicyScope,
    /// The policy takes no new requests.
    PolicyDisabled,
    /// Several policies fit and none was named.
    PolicyChoiceRequired,
    /// No policy of the package fits.
    NoApplicablePolicy,
    /// The catalog is not published.
    CatalogUnpublished,
    /// The catalog is not open to external people.
    CatalogNotExternal,
    /// The same person has an open request for the package.
    ExistingOpenRequest,
    /// The person holds the package already.
    ExistingAssignment,
    /// The policy wants a reason.
    JustificationRequired,
    /// An answer is missing or does not fit its question.
    InvalidAnswers,
    /// An attribute that is locked was given another value.
    AttributeLocked,
    /// The policy wants verified credentials that were not presented.
    VerifiedIdRequired,
    /// The wanted dates are not allowed.
    ScheduleNotAllowed,
    /// The policy or the state of the assignment allows no extension.
    ExtensionNotAllowed,
    /// The target holds, or is asking for, something that excludes this package.
    IncompatibleAccess,
    /// Nobody could decide the request.
    NoEligibleApprover,
    /// The target cannot receive access: blocked or deleted.
    TargetNotEligible,
    /// The request has gone too far to be canceled.
    RequestNotCancelable,
    /// The request cannot be tried again: it did not fail, or too long ago.
    RequestNotReprocessable,
    /// The request does not wait for a callback of a workflow extension.
    RequestNotWaiting,
    /// The request is still running.
    RequestNotDeletable,
    /// There is no live assignment to act on.
    AssignmentNotLive,
    /// The job has ended: it cannot be paused or resumed.
    JobEnded,
    /// The catalog has a package of that name.
    DuplicateAccessPackage,
    /// There is a catalog of that name.
    DuplicateCatalog,
    /// The name is taken.
    DuplicateName,
    /// The catalog still holds packages.
    CatalogNotEmpty,
    /// The package has assignments or open requests.
    AccessPackageInUse,
    /// The policy has assignments or open requests.
    PolicyInUse,
    /// Policies, people or requests refer to the connected organization.
    ConnectedOrganizationInUse,
    /// Policies name the workflow extension.
    ExtensionInUse,
    /// A package uses the resource.
    InvalidDeleteResourceHasEntitlements,
    /// The catalog has that resource.
    ResourceAlreadyInCatalog,
    /// That kind of object cannot be a resource.
    ResourceNotSupported,
    /// The source of the resource takes no writes.
    ResourceNotWritable,
    /// A resource of the access package is gone from its origin.
    ResourceMissing,
    /// A built-in object cannot be changed that way.
    BuiltInObject,
    /// The object belongs to an outside source.
    ObjectMasteredElsewhere,
    /// A directory operation that cannot be done as asked.
    RequestBadRequest = "Request_BadRequest",
    /// The caller may not.
    AuthorizationRequestDenied = "Authorization_RequestDenied",
    /// The caller does not own the group or application.
    CallerNotResourceOwner,
    /// The caller is no approver of this stage.
    NotAnApprover,
    /// Nobody decides his own request.
    SelfApproval,
    /// The stage was decided already.
    StageAlreadyDecided,
    /// The entitlement object does not exist, or the caller may not know that it does.
    ResourceNotFound,
    /// The resource has no such role.
    RoleNotFound,
    /// The directory object does not exist, or the caller may not know that it does.
    RequestResourceNotFound = "Request_ResourceNotFound",
    /// A race on a constraint was lost.
    Conflict,
    /// The object is not in the state that the caller expects.
    PreconditionFailed,
}

/// A rule that is tested when access is asked for, in the order of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GuardName {
    /// The catalog is published.
    CatalogPublished,
    /// The catalog is open to external people.
    CatalogExternal,
    /// The requestor may see the package.
    PackageVisible,
    /// The policy takes requests.
    PolicyEnabled,
    /// The policy lets people ask for themselves.
    SelfAddAllowed,
    /// The requestor asks for himself, or may ask for the target.
    OnBehalfAllowed,
    /// The target is in the policy's scope.
    PolicyScope,
    /// The target may sign in.
    SignInAllowed,
    /// The target has no open request for the package.
    NoOpenRequest,
    /// The target has no live assignment of the package.
    NoLiveAssignment,
    /// There is a live assignment to change.
    LiveAssignment,
    /// The policy lets holders change what they hold.
    SelfUpdateAllowed,
    /// Nothing that excludes this package is held or asked for.
    CompatibleAccess,
    /// The wanted dates are allowed.
    Schedule,
    /// A reason is given where one is wanted.
    Justification,
    /// The required questions are answered.
    Answers,
    /// The attributes that resources ask for are there and not locked.
    Attributes,
    /// The credentials the policy wants were presented.
    VerifiedId,
    /// Somebody can approve, or nobody has to.
    ApproverAvailable,
    /// No resource of the package is gone from its origin.
    ResourcesHealthy,
    /// The policy lets holders give access back.
    SelfRemoveAllowed,
    /// The address is somebody's, or of a domain that is not our own.
    TargetKnown,
    /// Who decides has not made the request, and it is not for him.
    NotOwnRequest,
    /// Who decides, or takes back, is or was an approver of it.
    IsApprover,
    /// The stage waits for a decision.
    StageOpen,
    /// The request has not gone too far to be canceled.
    RequestCancelable,
    /// The request has failed, and not too long ago.
    RequestReprocessable,
    /// The request has ended and holds nothing.
    RequestDeletable,
}

/// The outcome of one guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Which rule.
    pub guard: GuardName,
    /// Whether it passed.
    pub passed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

/// What kind of object a refusal points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelatedKind {
    /// An assignment request.
    Request,
    /// An assignment.
    Assignment,
    /// An assignment policy.
    Policy,
    /// An access package.
    Package,
    /// A group.
    Group,
    /// A connected organization.
    Organization,
}

/// An object that explains a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Its kind.
    pub kind: RelatedKind,
    /// Its id.
    pub id: Uuid,
    /// Its name, where the caller may know it.
    pub name: Option<String>,
}

/// One fault of a request body or query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The code of the fault.
    pub code: Code,
    /// What is wrong and what would be right.
    pub message: String,
    /// A JSON pointer, a query option or a property.
    pub target: Option<String>,
}

/// A "no" of the rules. Not an error of ours; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct Refusal {
    /// Its code.
    pub code: Code,
    /// What was refused and what to do.
    pub message: String,
    /// Single faults, where there are several.
    pub details: Vec<Detail>,
    /// All guards in evaluation order, so that a client sees every cause at once.
    pub guards: Vec<Guard>,
    /// The objects that stand in the way.
    pub related: Vec<Related>,
}

impl Refusal {
    /// A refusal without further data.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), guards: Vec::new(), related: Vec::new() }
    }

    /// Names the one check that refuses, where no others go with it.
    pub fn by(mut self, guard: GuardName) -> Self {
        let message = Some(self.message.clone());
        self.guards.push(Guard { guard, passed: false, message });
        self
    }

    /// Adds an object that stands in the way.
    pub fn related(mut self, kind: RelatedKind, id: impl Into<Uuid>, name: Option<String>) -> Self {
        self.related.push(Related { kind, id: id.into(), name });
        self
    }

    /// Adds the objects that stand in the way.
    pub fn because_of(mut self, related: Vec<Related>) -> Self {
        self.related.extend(related);
        self
    }

    /// Adds a single fault.
    pub fn detail(mut self, target: impl Into<String>, message: impl Into<String>) -> Self {
        self.details.push(Detail { code: self.code, message: message.into(), target: Some(target.into()) });
        self
    }

    /// A missing entitlement object.
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Code::ResourceNotFound, format!("the {what} `{id}` was not found"))
    }

    /// A missing directory object; the text is one that official clients know.
    pub fn no_such_object(id: impl std::fmt::Display) -> Self {
        Self::new(
            Code::RequestResourceNotFound,
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present."),
        )
    }
}

/// Collects the outcome of every guard; the first that failed names the refusal.
#[derive(Debug, Default)]
pub struct Guards {
    all: Vec<Guard>,
    first: Option<Refusal>,
}

impl Guards {
    /// Records one guard; `refusal` is only built when it failed.
    pub fn check(&mut self, guard: GuardName, passed: bool, refusal: impl FnOnce() -> Refusal) {
        self.record(guard, if passed { None } else { Some(refusal()) });
    }

    /// Records one guard by its refusal, `None` meaning that it passed.
    pub fn record(&mut self, guard: GuardName, refusal: Option<Refusal>) {
        let message = refusal.as_ref().map(|r| r.message.clone());
        self.all.push(Guard { guard, passed: refusal.is_none(), message });
        match (&mut self.first, refusal) {
            (first @ None, refusal) => *first = refusal,
            // Every cause is listed, and so is what every cause points at.
            (Some(first), Some(other)) => first.related.extend(other.related),
            (Some(_), None) => {}
        }
    }

    /// Records one guard without which the next cannot be tested, by its refusal.
    pub fn require(&mut self, guard: GuardName, refusal: Option<Refusal>) -> Result<(), Refusal> {
        self.record(guard, refusal);
        if self.first.is_none() { Ok(()) } else { std::mem::take(self).finish().map(drop) }
    }

    /// The guards when all passed, else the refusal that carries them.
    pub fn finish(self) -> Result<Vec<Guard>, Refusal> {
        match self.first {
            None => Ok(self.all),
            Some(refusal) => Err(Refusal { guards: self.all, ..refusal }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failed_guard_names_the_refusal_and_all_are_listed() {
        let mut guards = Guards::default();
        guards.check(GuardName::CatalogPublished, true, || Refusal::new(Code::CatalogUnpublished, "no"));
        guards.check(GuardName::PolicyEnabled, false, || Refusal::new(Code::PolicyDisabled, "off"));
        guards.check(GuardName::PolicyScope, false, || Refusal::new(Code::NotInPolicyScope, "out"));
        let refusal = guards.finish().err();
        assert_eq!(refusal.as_ref().map(|r| r.code), Some(Code::PolicyDisabled));
        let passed: Vec<bool> = refusal.iter().flat_map(|r| r.guards.iter().map(|g| g.passed)).collect();
        assert_eq!(passed, [true, false, false]);
    }

    #[test]
    fn what_stands_in_the_way_is_listed_for_every_guard_that_failed() {
        let mut guards = Guards::default();
        let failed = |code, kind| Some(Refusal::new(code, "no").related(kind, Uuid::nil(), None));
        guards.record(GuardName::NoOpenRequest, failed(Code::ExistingOpenRequest, RelatedKind::Request));
        guards.record(GuardName::NoLiveAssignment, None);
        guards.record(GuardName::CompatibleAccess, failed(Code::IncompatibleAccess, RelatedKind::Package));
        let refusal = guards.finish().err();
        assert_eq!(refusal.as_ref().map(|r| r.code), Some(Code::ExistingOpenRequest));
        let kinds: Vec<RelatedKind> = refusal.iter().flat_map(|r| r.related.iter().map(|r| r.kind)).collect();
        assert_eq!(kinds, [RelatedKind::Request, RelatedKind::Package]);
    }

    #[test]
    fn a_check_that_later_ones_build_on_ends_the_list() {
        let mut guards = Guards::default();
        assert_eq!(guards.require(GuardName::NotOwnRequest, None), Ok(()));
        let refusal = guards.require(GuardName::IsApprover, Some(Refusal::new(Code::NotAnApprover, "no"))).err();
        let listed: Vec<(GuardName, bool)> =
            refusal.iter().flat_map(|r| r.guards.iter().map(|g| (g.guard, g.passed))).collect();
        assert_eq!(listed, [(GuardName::NotOwnRequest, true), (GuardName::IsApprover, false)]);
    }

    #[test]
    fn codes_are_the_published_words() {
        assert_eq!(Code::RequestResourceNotFound.name(), "Request_ResourceNotFound");
        assert_eq!(Code::ExistingAssignment.name(), "ExistingAssignment");
    }
}
