//! What requests, assignments and resources hold inside (semantics.md 3 to 7).

use super::policy::QUESTION;
use super::{
    CALLOUT_STATUS, DAY, DAY_OF_WEEK, DURATION, EXPIRATION_TYPE, EXTENSION_STAGE, FLAG, HANDLER_STATUS, NUMBER,
    RECURRENCE_PATTERN_TYPE, RECURRENCE_RANGE_TYPE, TEXT, TEXTS, TIME, WEEK_INDEX,
};
use tenure_odata::edm::Name;
use tenure_odata::types::{Member, Shape, Structure, Type};

/// From when to when.
pub static SCHEDULE: Structure = Structure::complex(
    Name::pair("entitlementManagementSchedule", "requestSchedule"),
    &[
        Member::new("startDateTime", TIME),
        Member::new("recurrence", Shape::structure(&RECURRENCE)),
        Member::new("expiration", Shape::structure(&EXPIRATION)),
    ],
);

/// Until when.
pub static EXPIRATION: Structure = Structure::complex(
    Name::both("expirationPattern"),
    &[
        Member::new("endDateTime", TIME),
        Member::new("duration", DURATION),
        Member::new("type", Shape::word(&EXPIRATION_TYPE)),
    ],
);

pub(super) static RECURRENCE: Structure = Structure::complex(
    Name::both("patternedRecurrence"),
    &[
        Member::new("pattern", Shape::structure(&RECURRENCE_PATTERN)),
        Member::new("range", Shape::structure(&RECURRENCE_RANGE)),
    ],
);

static RECURRENCE_PATTERN: Structure = Structure::complex(
    Name::both("recurrencePattern"),
    &[
        Member::new("type", Shape::word(&RECURRENCE_PATTERN_TYPE)),
        Member::new("interval", NUMBER.never_null()),
        Member::new("month", NUMBER.never_null()),
        Member::new("dayOfMonth", NUMBER.never_null()),
        Member::new("daysOfWeek", Shape::many(Type::Enum(&DAY_OF_WEEK))),
        Member::new("firstDayOfWeek", Shape::word(&DAY_OF_WEEK)),
        Member::new("index", Shape::word(&WEEK_INDEX)),
    ],
);

static RECURRENCE_RANGE: Structure = Structure::complex(
    Name::both("recurrenceRange"),
    &[
        Member::new("type", Shape::word(&RECURRENCE_RANGE_TYPE)),
        Member::new("startDate", DAY),
        Member::new("endDate", DAY),
        Member::new("numberOfOccurrences", NUMBER.never_null()),
        Member::new("recurrenceTimeZone", TEXT),
    ],
);

/// An answer to a question.
pub static ANSWER: Structure = Structure::complex(
    Name::both("accessPackageAnswer"),
    &[Member::new("displayValue", TEXT), Member::new("answeredQuestion", Shape::structure(&QUESTION))],
)
.one_of(&[&ANSWER_STRING]);

static ANSWER_STRING: Structure =
    Structure::complex(Name::both("accessPackageAnswerString"), &[Member::new("value", TEXT)]).adds_to(&ANSWER);

/// What a policy wants of somebody who asks.
pub static REQUIREMENTS: Structure = Structure::complex(
    Name::both("accessPackageAssignmentRequestRequirements"),
    &[
        Member::new("policyId", TEXT),
        Member::new("policyDisplayName", TEXT),
        Member::new("policyDescription", TEXT),
        Member::named(Name::pair("isApprovalRequiredForAdd", "isApprovalRequired"), FLAG),
        Member::named(Name::pair("isApprovalRequiredForUpdate", "isApprovalRequiredForExtension"), FLAG),
        Member::new("isRequestorJustificationRequired", FLAG),
        Member::named(Name::pair("allowCustomAssignmentSchedule", "isCustomAssignmentScheduleAllowed"), FLAG),
        Member::new("questions", Shape::structures(&QUESTION)),
        Member::named(Name::pair("", "existingAnswers"), Shape::structures(&ANSWER)),
        Member::new("schedule", Shape::structure(&SCHEDULE)),
        Member::named(Name::pair("", "verifiableCredentialRequirementStatus"), Shape::structure(&CREDENTIAL_STATUS)),
    ],
);

/// Where the proofs that a policy wants stand.
static CREDENTIAL_STATUS: Structure = Structure::complex(Name::pair("", "verifiableCredentialRequirementStatus"), &[])
    .one_of(&[&CREDENTIAL_REQUIRED, &CREDENTIAL_RETRIEVED, &CREDENTIAL_VERIFIED]);

static CREDENTIAL_REQUIRED: Structure = Structure::complex(
    Name::pair("", "verifiableCredentialRequired"),
    &[Member::new("expiryDateTime", TIME.never_null()), Member::new("url", TEXT)],
)
.adds_to(&CREDENTIAL_STATUS);

static CREDENTIAL_RETRIEVED: Structure = Structure::complex(
    Name::pair("", "verifiableCredentialRetrieved"),
    &[Member::new("expiryDateTime", TIME.never_null())],
)
.adds_to(&CREDENTIAL_STATUS);

static CREDENTIAL_VERIFIED: Structure =
    Structure::complex(Name::pair("", "verifiableCredentialVerified"), &[]).adds_to(&CREDENTIAL_STATUS);

/// A call to an extension; none are made.
pub static CALLOUT: Structure = Structure::complex(
    Name::both("customExtensionCalloutInstance"),
    &[
        Member::new("customExtensionId", TEXT),
        Member::new("detail", TEXT),
        Member::new("externalCorrelationId", TEXT),
        Member::new("id", TEXT),
        Member::new("status", Shape::word(&CALLOUT_STATUS)),
    ],
);

/// The same in the newer version's older form; none are made.
pub static HANDLER_CALL: Structure = Structure::complex(
    Name::pair("", "customExtensionHandlerInstance"),
    &[
        Member::new("customExtensionId", TEXT),
        Member::new("externalCorrelationId", TEXT),
        Member::new("stage", Shape::word(&EXTENSION_STAGE)),
        Member::new("status", Shape::word(&HANDLER_STATUS)),
    ],
);

/// Where an environment is reached.
pub static CONNECTION: Structure = Structure::complex(Name::both("connectionInfo"), &[Member::new("url", TEXT)]);

/// Proof that a requestor presented; none are kept.
pub static PRESENTED_CREDENTIAL: Structure = Structure::complex(
    Name::pair("", "verifiedCredentialData"),
    &[
        Member::new("authority", TEXT),
        Member::new("claims", Shape::structure(&CREDENTIAL_CLAIMS)),
        Member::new("type", Shape { nullable: true, ..TEXTS }),
    ],
);

static CREDENTIAL_CLAIMS: Structure = Structure::complex(Name::pair("", "verifiedCredentialClaims"), &[]).open();

/// What happened to a request.
pub static ACTIVITY: Structure = Structure::complex(
    Name::pair("", "requestActivity"),
    &[
        Member::new("action", TEXT),
        Member::new("actionDateTime", TIME),
        Member::new("detail", TEXT),
        Member::new("scheduledDateTime", TIME),
        Member::new("userDisplayName", TEXT),
        Member::new("userPrincipalName", TEXT),
    ],
);

/// An attribute that a requestor is asked for.
pub static RESOURCE_ATTRIBUTE: Structure = Structure::complex(
    Name::both("accessPackageResourceAttribute"),
    &[
        Member::named(Name::pair("name", "attributeName"), TEXT),
        Member::named(Name::pair("", "id"), TEXT),
        Member::new("isEditable", FLAG),
        Member::new("isPersistedOnAssignmentRemoval", FLAG),
        Member::named(Name::pair("destination", "attributeDestination"), Shape::structure(&ATTRIBUTE_DESTINATION)),
        Member::named(Name::pair("source", "attributeSource"), Shape::structure(&ATTRIBUTE_SOURCE)),
    ],
);

static ATTRIBUTE_DESTINATION: Structure =
    Structure::complex(Name::both("accessPackageResourceAttributeDestination"), &[]).one_of(&[&ATTRIBUTE_STORE]);

static ATTRIBUTE_STORE: Structure =
    Structure::complex(Name::both("accessPackageUserDirectoryAttributeStore"), &[]).adds_to(&ATTRIBUTE_DESTINATION);

static ATTRIBUTE_SOURCE: Structure =
    Structure::complex(Name::both("accessPackageResourceAttributeSource"), &[]).one_of(&[&ATTRIBUTE_QUESTION]);

static ATTRIBUTE_QUESTION: Structure = Structure::complex(
    Name::both("accessPackageResourceAttributeQuestion"),
    &[Member::new("question", Shape::structure(&QUESTION))],
)
.adds_to(&ATTRIBUTE_SOURCE);

/// What a workflow extension answers with.
pub static CALLBACK_DATA: Structure =
    Structure::complex(Name::both("customExtensionData"), &[]).one_of(&[&REQUEST_CALLBACK]);

static REQUEST_CALLBACK: Structure = Structure::complex(
    Name::both("accessPackageAssignmentRequestCallbackData"),
    &[
        Member::new("customExtensionStageInstanceDetail", TEXT),
        Member::new("customExtensionStageInstanceId", TEXT),
        Member::new("stage", Shape::word(&EXTENSION_STAGE)),
        Member::new("state", TEXT),
    ],
)
.adds_to(&CALLBACK_DATA);
