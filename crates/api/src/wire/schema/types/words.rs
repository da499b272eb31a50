//! Enumerations. Those that rules know stand beside their meaning, so that reading, writing and declaring them is one
//! table.

use tenure_domain::policy::{ApproverVisibility, ExtensionStage, ReviewOutcome};
use tenure_odata::edm::{EnumType, Name};

/// Words with what they mean to the rules, and the published type of them.
macro_rules! words {
    ($($(#[$doc:meta])* $table:ident: $meaning:ty, $declared:ident = $name:expr; {
        $($code:literal $word:literal => $value:expr,)+
    })+) => {$(
        $(#[$doc])*
        pub const $table: [(&str, $meaning); [$($code),+].len()] = [$(($word, $value)),+];
        #[doc = concat!("The published type of [`", stringify!($table), "`].")]
        pub static $declared: EnumType = EnumType::named($name, &[$(($code, $word)),+]);
    )+};
}

words! {
    /// Words of what happens to those nobody reviewed.
    REVIEW_OUTCOMES: ReviewOutcome,
    REVIEW_OUTCOME = Name::pair("accessReviewExpirationBehavior", "accessReviewTimeoutBehavior"); {
        0 "keepAccess" => ReviewOutcome::Keep,
        1 "removeAccess" => ReviewOutcome::Remove,
        2 "acceptAccessRecommendation" => ReviewOutcome::Recommendation,
    }
    /// Words of whether requestors see who approves.
    VISIBILITIES: ApproverVisibility, VISIBILITY = Name::both("approverInformationVisibility"); {
        0 "default" => ApproverVisibility::Default,
        1 "notVisible" => ApproverVisibility::NotVisible,
        2 "visible" => ApproverVisibility::Visible,
    }
    /// Words of the moments at which extensions are called.
    EXTENSION_STAGES: ExtensionStage, EXTENSION_STAGE = Name::both("accessPackageCustomExtensionStage"); {
        1 "assignmentRequestCreated" => ExtensionStage::RequestCreated,
        2 "assignmentRequestApproved" => ExtensionStage::RequestApproved,
        3 "assignmentRequestGranted" => ExtensionStage::RequestGranted,
        4 "assignmentRequestRemoved" => ExtensionStage::RequestRemoved,
        5 "assignmentFourteenDaysBeforeExpiration" => ExtensionStage::FourteenDaysBeforeExpiration,
        6 "assignmentOneDayBeforeExpiration" => ExtensionStage::OneDayBeforeExpiration,
    }
}

macro_rules! enums {
    ($($(#[$doc:meta])* $declared:ident = $name:expr; $($code:literal $word:literal,)+;)+) => {$(
        $(#[$doc])*
        pub static $declared: EnumType = EnumType::named($name, &[$(($code, $word)),+]);
    )+};
}

enums! {
    /// How an expiration is given.
    EXPIRATION_TYPE = Name::both("expirationPatternType");
        0 "notSpecified", 1 "noExpiration", 2 "afterDateTime", 3 "afterDuration",;
    /// How something repeats.
    RECURRENCE_PATTERN_TYPE = Name::both("recurrencePatternType");
        0 "daily", 1 "weekly", 2 "absoluteMonthly", 3 "relativeMonthly", 4 "absoluteYearly", 5 "relativeYearly",;
    /// Until when something repeats.
    RECURRENCE_RANGE_TYPE = Name::both("recurrenceRangeType"); 0 "endDate", 1 "noEnd", 2 "numbered",;
    /// Which week of a month.
    WEEK_INDEX = Name::both("weekIndex"); 0 "first", 1 "second", 2 "third", 3 "fourth", 4 "last",;
    /// Days of the week.
    DAY_OF_WEEK = Name::both("dayOfWeek");
        0 "sunday", 1 "monday", 2 "tuesday", 3 "wednesday", 4 "thursday", 5 "friday", 6 "saturday",;
    /// Whether what happened succeeded.
    OPERATION_RESULT = Name::both("operationResult"); 0 "success", 1 "failure",;
    /// What kind of group an audit row is about; never told.
    GROUP_TYPE = Name::both("groupType"); 0 "unifiedGroups", 1 "azureAD",;
    /// What kind of role a resource role is; never told.
    ROLE_TYPE = Name::both("roleType"); 0 "active", 1 "eligible", 2 "application", 3 "delegated",;
    /// How much a catalog's resources allow.
    PRIVILEGE_LEVEL = Name::pair("", "privilegeLevel"); 0 "standard", 1 "privileged",;
    /// Where a call to an extension stands; none are made.
    CALLOUT_STATUS = Name::both("customExtensionCalloutInstanceStatus");
        1 "calloutSent", 2 "callbackReceived", 3 "calloutFailed", 4 "callbackTimedOut", 5 "waitingForCallback",;
    /// The same of the newer version's older kind of extension.
    HANDLER_STATUS = Name::pair("", "accessPackageCustomExtensionHandlerStatus"); 1 "requestSent", 2 "requestReceived",;
    /// Which packages `filterByCurrentUser` gives.
    PACKAGES_OF = Name::both("accessPackageFilterByCurrentUserOptions"); 1 "allowedRequestor",;
    /// Which approvals.
    APPROVALS_OF = Name::both("approvalFilterByCurrentUserOptions"); 0 "target", 1 "createdBy", 2 "approver",;
    /// Which assignments.
    ASSIGNMENTS_OF = Name::both("accessPackageAssignmentFilterByCurrentUserOptions");
        1 "target", 2 "createdBy", 100 "targetManager", 101 "targetAgentIdentitySponsorOrOwner",;
    /// Which requests.
    REQUESTS_OF = Name::both("accessPackageAssignmentRequestFilterByCurrentUserOptions");
        1 "target", 2 "createdBy", 3 "approver", 100 "targetOrRequestor", 101 "targetManager", 102 "requestForOthers",
        103 "targetAgentIdentitySponsorOrOwner",;
    /// What suggestions are made from; both may be named.
    SUGGESTIONS_BY = Name::both("accessPackageSuggestionFilterByCurrentUserOptions");
        1 "relatedPeopleAssignments", 2 "assignmentHistory",;
    /// Which schedules of roles.
    ROLE_SCHEDULES_OF = Name::both("roleAssignmentScheduleFilterByCurrentUserOptions"); 1 "principal",;
    /// Which of their instances.
    ROLE_INSTANCES_OF = Name::both("roleAssignmentScheduleInstanceFilterByCurrentUserOptions"); 1 "principal",;
    /// Which requests for schedules of roles.
    ROLE_REQUESTS_OF = Name::both("roleAssignmentScheduleRequestFilterByCurrentUserOptions");
        1 "principal", 2 "createdBy", 3 "approver",;
    /// Which schedules of eligibility.
    ELIGIBILITIES_OF = Name::both("roleEligibilityScheduleFilterByCurrentUserOptions"); 1 "principal",;
    /// Which of their instances.
    ELIGIBILITY_INSTANCES_OF = Name::both("roleEligibilityScheduleInstanceFilterByCurrentUserOptions");
        1 "principal",;
    /// Which requests for eligibility.
    ELIGIBILITY_REQUESTS_OF = Name::both("roleEligibilityScheduleRequestFilterByCurrentUserOptions");
        1 "principal", 2 "createdBy", 3 "approver",;
    /// What a request for a schedule of a role asks for.
    ROLE_SCHEDULE_ACTIONS = Name::pair("unifiedRoleScheduleRequestActions", "");
        1 "adminAssign", 2 "adminUpdate", 3 "adminRemove", 4 "selfActivate", 5 "selfDeactivate", 6 "adminExtend",
        7 "adminRenew", 8 "selfExtend", 9 "selfRenew",;
    /// Social networks whose accounts stand for people.
    SOCIAL_NETWORK = Name::both("socialIdentitySourceType"); 1 "facebook",;
    /// Hash functions that are no longer good enough.
    WEAK_ALGORITHMS = Name::both("weakAlgorithms"); 1 "rsaSha1",;
    /// Which programming interfaces for signing in an application may use.
    NATIVE_APIS = Name::both("nativeAuthenticationApisEnabled"); 0 "none", 1 "all",;
}
