//! What assignment policies hold inside (semantics.md 6 and 12).

use super::directory::PUBLISHED;
use super::request::SCHEDULE;
use super::{DURATION, EXTENSION_STAGE, FLAG, NUMBER, REVIEW_OUTCOME, TEXT, TEXTS, TIME, VISIBILITY};
use tenure_odata::edm::{Name, Version};
use tenure_odata::types::{Member, Shape, Structure, Type};

const SETS: Shape = Shape::structures(&SUBJECT_SET);

/// People that a policy names.
pub static SUBJECT_SET: Structure =
    Structure::complex(Name::pair("subjectSet", "userSet"), &[Member::named(Name::pair("", "isBackup"), FLAG)]).one_of(
        &[
            &ATTRIBUTE_RULE_MEMBERS,
            &CONNECTED_ORGANIZATION_MEMBERS,
            &EXTERNAL_SPONSORS,
            &GROUP_MEMBERS,
            &INTERNAL_SPONSORS,
            &REQUESTOR_MANAGER,
            &SINGLE_SERVICE_PRINCIPAL,
            &SINGLE_USER,
            &TARGET_AGENT_SPONSORS,
            &TARGET_APPLICATION_OWNERS,
            &TARGET_MANAGER,
            &TARGET_USER_SPONSORS,
        ],
    );

macro_rules! subject_sets {
    ($($declared:ident = $name:literal { $($member:expr,)* })+) => {$(
        #[doc = concat!("`", $name, "`")]
        static $declared: Structure =
            Structure::complex(Name::both($name), &[$($member),*]).adds_to(&SUBJECT_SET);
    )+};
}

/// The id of what a set names; the newer version calls every one `id`.
const fn named(older: &'static str) -> Member {
    Member::named(Name::pair(older, "id"), TEXT)
}

const DESCRIPTION: Member = Member::new("description", TEXT);
const LEVEL: Member = Member::new("managerLevel", NUMBER);

subject_sets! {
    ATTRIBUTE_RULE_MEMBERS = "attributeRuleMembers" { DESCRIPTION, Member::new("membershipRule", TEXT), }
    CONNECTED_ORGANIZATION_MEMBERS = "connectedOrganizationMembers" { named("connectedOrganizationId"), DESCRIPTION, }
    EXTERNAL_SPONSORS = "externalSponsors" {}
    GROUP_MEMBERS = "groupMembers" { named("groupId"), DESCRIPTION, }
    INTERNAL_SPONSORS = "internalSponsors" {}
    REQUESTOR_MANAGER = "requestorManager" { LEVEL, }
    SINGLE_SERVICE_PRINCIPAL = "singleServicePrincipal" { named("servicePrincipalId"), DESCRIPTION, }
    SINGLE_USER = "singleUser" { named("userId"), DESCRIPTION, }
    TARGET_AGENT_SPONSORS = "targetAgentIdentitySponsorsOrOwners" {}
    TARGET_APPLICATION_OWNERS = "targetApplicationOwners" {}
    TARGET_MANAGER = "targetManager" { LEVEL, }
    TARGET_USER_SPONSORS = "targetUserSponsors" {}
}

/// Who may ask.
pub static REQUESTOR_SETTINGS: Structure = Structure::complex(
    Name::pair("accessPackageAssignmentRequestorSettings", "requestorSettings"),
    &[
        Member::named(Name::pair("enableTargetsToSelfAddAccess", ""), FLAG),
        Member::named(Name::pair("enableTargetsToSelfUpdateAccess", ""), FLAG),
        Member::named(Name::pair("enableTargetsToSelfRemoveAccess", ""), FLAG),
        Member::named(Name::pair("allowCustomAssignmentSchedule", ""), FLAG),
        Member::named(Name::pair("enableOnBehalfRequestorsToAddAccess", ""), FLAG),
        Member::named(Name::pair("enableOnBehalfRequestorsToUpdateAccess", ""), FLAG),
        Member::named(Name::pair("enableOnBehalfRequestorsToRemoveAccess", ""), FLAG),
        Member::named(Name::pair("onBehalfRequestors", ""), SETS),
        Member::named(Name::pair("", "scopeType"), TEXT),
        Member::named(Name::pair("", "acceptRequests"), FLAG),
        Member::named(Name::pair("", "allowedRequestors"), SETS),
    ],
);

/// Who approves.
pub static APPROVAL_SETTINGS: Structure = Structure::complex(
    Name::pair("accessPackageAssignmentApprovalSettings", "approvalSettings"),
    &[
        Member::named(Name::pair("isApprovalRequiredForAdd", "isApprovalRequired"), FLAG),
        Member::named(Name::pair("isApprovalRequiredForUpdate", "isApprovalRequiredForExtension"), FLAG),
        Member::new("isRequestorJustificationRequired", FLAG),
        Member::named(Name::pair("", "approvalMode"), TEXT),
        Member::named(Name::pair("stages", "approvalStages"), Shape::structures(&APPROVAL_STAGE)),
    ],
);

/// One stage of an approval.
pub static APPROVAL_STAGE: Structure = Structure::complex(
    Name::pair("accessPackageApprovalStage", "approvalStage"),
    &[
        Member::named(Name::pair("durationBeforeAutomaticDenial", ""), DURATION),
        Member::named(Name::pair("", "approvalStageTimeOutInDays"), NUMBER),
        Member::new("isApproverJustificationRequired", FLAG),
        Member::new("isEscalationEnabled", FLAG),
        Member::named(Name::pair("durationBeforeEscalation", ""), DURATION),
        Member::named(Name::pair("", "escalationTimeInMinutes"), NUMBER),
        Member::new("primaryApprovers", SETS),
        Member::named(Name::pair("fallbackPrimaryApprovers", ""), SETS),
        Member::new("escalationApprovers", SETS),
        Member::named(Name::pair("fallbackEscalationApprovers", ""), SETS),
        Member::new("approverInformationVisibility", Shape::word(&VISIBILITY).never_null()),
    ],
)
.or(&[&DYNAMIC_STAGE]);

/// A stage whose approvers an extension names.
static DYNAMIC_STAGE: Structure = Structure::complex(
    Name::both("accessPackageDynamicApprovalStage"),
    &[Member::new("customExtension", Shape::structure(&EXTENSION))],
)
.adds_to(&APPROVAL_STAGE);

/// Reviews of a policy's assignments.
pub static REVIEW_SETTINGS: Structure = Structure::complex(
    Name::pair("accessPackageAssignmentReviewSettings", "assignmentReviewSettings"),
    &[
        Member::new("isEnabled", FLAG),
        Member::named(Name::pair("expirationBehavior", "accessReviewTimeoutBehavior"), Shape::word(&REVIEW_OUTCOME)),
        Member::named(Name::pair("isRecommendationEnabled", "isAccessRecommendationEnabled"), FLAG),
        Member::named(Name::pair("isReviewerJustificationRequired", "isApprovalJustificationRequired"), FLAG),
        Member::named(Name::pair("isSelfReview", ""), FLAG),
        Member::named(Name::pair("schedule", ""), Shape::structure(&SCHEDULE)),
        Member::named(Name::pair("primaryReviewers", "reviewers"), SETS),
        Member::named(Name::pair("fallbackReviewers", ""), SETS),
        Member::named(Name::pair("", "recurrenceType"), TEXT),
        Member::named(Name::pair("", "reviewerType"), TEXT),
        Member::named(Name::pair("", "startDateTime"), TIME),
        Member::named(Name::pair("", "durationInDays"), NUMBER),
        Member::named(Name::pair("", "isAgenticExperienceEnabled"), FLAG),
    ],
);

/// Assignment by rule.
pub static AUTOMATIC_SETTINGS: Structure = Structure::complex(
    Name::pair("accessPackageAutomaticRequestSettings", ""),
    &[
        Member::new("requestAccessForAllowedTargets", FLAG),
        Member::new("removeAccessWhenTargetLeavesAllowedTargets", FLAG),
        Member::new("gracePeriodBeforeAccessRemoval", DURATION),
    ],
);

/// Mails.
pub static NOTIFICATION_SETTINGS: Structure = Structure::complex(
    Name::both("accessPackageNotificationSettings"),
    &[Member::new("isAssignmentNotificationDisabled", FLAG.never_null())],
);

/// Proofs that a requestor must present.
pub static CREDENTIAL_SETTINGS: Structure = Structure::complex(
    Name::pair("", "verifiableCredentialSettings"),
    &[Member::new("credentialTypes", Shape::structures(&CREDENTIAL_TYPE))],
);

static CREDENTIAL_TYPE: Structure = Structure::complex(
    Name::pair("", "verifiableCredentialType"),
    &[Member::new("credentialType", TEXT), Member::new("issuers", Shape { nullable: true, ..TEXTS })],
);

/// A text in some language.
static LOCALIZED_TEXT: Structure = Structure::complex(
    Name::both("accessPackageLocalizedText"),
    &[
        Member::named(Name::pair("languageCode", ""), TEXT.never_null()),
        Member::named(Name::pair("", "languageCode"), TEXT),
        Member::new("text", TEXT),
    ],
);

/// A text with its translations, in the newer version.
static LOCALIZED_CONTENT: Structure = Structure::complex(
    Name::pair("", "accessPackageLocalizedContent"),
    &[Member::new("defaultText", TEXT), Member::new("localizedTexts", Shape::structures(&LOCALIZED_TEXT))],
);

const LOCALIZATIONS: Member = Member::named(Name::pair("localizations", ""), Shape::structures(&LOCALIZED_TEXT));

/// A question to requestors.
pub static QUESTION: Structure = Structure::complex(
    Name::both("accessPackageQuestion"),
    &[
        Member::new("id", TEXT),
        Member::new("isRequired", FLAG),
        Member::new("isAnswerEditable", FLAG),
        Member::new("sequence", NUMBER),
        Member::new("text", TEXT.in_beta(Type::Structure(&LOCALIZED_CONTENT))),
        LOCALIZATIONS,
    ],
)
.entity_in(&[Version::V1])
.one_of(&[&CHOICE_QUESTION, &TEXT_QUESTION]);

static TEXT_QUESTION: Structure = Structure::complex(
    Name::both("accessPackageTextInputQuestion"),
    &[Member::new("isSingleLineQuestion", FLAG), Member::new("regexPattern", TEXT)],
)
.entity_in(&[Version::V1])
.adds_to(&QUESTION);

static CHOICE_QUESTION: Structure = Structure::complex(
    Name::both("accessPackageMultipleChoiceQuestion"),
    &[
        Member::named(Name::pair("isMultipleSelectionAllowed", "allowsMultipleSelection"), FLAG),
        Member::new("choices", Shape::structures(&CHOICE)),
    ],
)
.entity_in(&[Version::V1])
.adds_to(&QUESTION);

static CHOICE: Structure = Structure::complex(
    Name::both("accessPackageAnswerChoice"),
    &[
        Member::new("actualValue", TEXT),
        Member::named(Name::pair("text", ""), TEXT),
        LOCALIZATIONS,
        Member::named(Name::pair("", "displayValue"), Shape::structure(&LOCALIZED_CONTENT)),
    ],
);

/// A moment at which an extension is called.
pub static STAGE_SETTING: Structure = Structure::complex(
    Name::both("customExtensionStageSetting"),
    &[
        Member::new("id", TEXT),
        Member::new("stage", Shape::word(&EXTENSION_STAGE).never_null()),
        Member::new("customExtension", Shape::structure(&EXTENSION)),
    ],
)
.entity_in(PUBLISHED);

/// The same in the newer version's older form; none are kept.
pub static EXTENSION_HANDLER: Structure = Structure::complex(
    Name::pair("", "customExtensionHandler"),
    &[
        Member::new("id", TEXT),
        Member::new("stage", Shape::word(&EXTENSION_STAGE)),
        Member::new("customExtension", Shape::structure(&CATALOG_EXTENSION)),
    ],
)
.entity_in(&[Version::Beta]);

/// A call to a system outside, as far as policies name it.
pub static EXTENSION: Structure = Structure::complex(Name::both("customCalloutExtension"), &[Member::new("id", TEXT)])
    .entity_in(PUBLISHED)
    .one_of(&[&REQUEST_EXTENSION, &ASSIGNMENT_EXTENSION, &CATALOG_EXTENSION]);

static REQUEST_EXTENSION: Structure =
    Structure::complex(Name::both("accessPackageAssignmentRequestWorkflowExtension"), &[])
        .entity_in(PUBLISHED)
        .adds_to(&EXTENSION);

static ASSIGNMENT_EXTENSION: Structure =
    Structure::complex(Name::both("accessPackageAssignmentWorkflowExtension"), &[])
        .entity_in(PUBLISHED)
        .adds_to(&EXTENSION);

static CATALOG_EXTENSION: Structure = Structure::complex(Name::pair("", "customAccessPackageWorkflowExtension"), &[])
    .entity_in(&[Version::Beta])
    .adds_to(&EXTENSION);
