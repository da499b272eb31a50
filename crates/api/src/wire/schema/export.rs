//! What a table of assignments or requests shows beside what the published list does (behaviour.md i.1): the same rows, read
//! by the same right, with what stands around them. Nothing here has a path of its own.

use super::approval::result;
use super::entitlement::{
    ASSIGNMENT_STATE, REQUEST_STATE, REQUEST_TYPE, SUBJECT_LIFECYCLE, SUBJECT_TYPE, subject_name,
};
use super::{id, keyed, time};
use tenure_odata::edm::{Codec, EntityType, Kind, Name, Nav, Property};
use tenure_service::view::columns as c;

/// A property that is only shown.
const fn shown(name: Name, codec: Codec, columns: &'static [tenure_odata::edm::Column]) -> Property {
    Property::new(name, codec, columns)
}

/// A connected organization by its name.
static ORGANIZATION: EntityType = EntityType::new(
    "namedOrganization",
    c::organization::RELATION,
    &[
        id(Name::own("id"), &[c::organization::ID]).required(),
        keyed(Name::own("displayName"), &[c::organization::NAME], c::organization::NAME_KEY).required(),
    ],
);

/// A person, or an application.
static SUBJECT: EntityType = EntityType::new(
    "namedSubject",
    c::subject::RELATION,
    &[
        id(Name::own("id"), &[c::subject::ID]).required(),
        shown(Name::own("displayName"), Codec::Custom(subject_name), &[c::subject::NAME, c::subject_object::DELETED]),
        shown(Name::own("principalName"), Codec::Text, &[c::subject::PRINCIPAL_NAME]),
        shown(Name::own("email"), Codec::Text, &[c::subject::EMAIL]),
        shown(Name::own("subjectType"), Codec::Enum(&SUBJECT_TYPE), &[c::subject::KIND]),
        shown(Name::own("subjectLifecycle"), Codec::Enum(&SUBJECT_LIFECYCLE), &[c::subject::LIFECYCLE]),
    ],
)
.nav(&[Nav::one(Name::own("connectedOrganization"), &ORGANIZATION, c::subject::ORGANIZATION)]);

/// An access package by its name.
pub static PACKAGE: EntityType = EntityType::new(
    "namedAccessPackage",
    c::package::RELATION,
    &[
        id(Name::own("id"), &[c::package::ID]).required(),
        keyed(Name::own("displayName"), &[c::package::NAME], c::package::NAME_KEY).required(),
    ],
);

/// A policy by its name.
pub static POLICY: EntityType = EntityType::new(
    "namedPolicy",
    c::policy::RELATION,
    &[
        id(Name::own("id"), &[c::policy::ID]).required(),
        keyed(Name::own("displayName"), &[c::policy::NAME], c::policy::NAME_KEY).required(),
    ],
);

/// The request an assignment comes from.
static ORIGIN: EntityType =
    EntityType::new("originalRequest", c::request::RELATION, &[id(Name::own("id"), &[c::request::ID]).required()])
        .nav(&[Nav::one(Name::own("requestor"), &SUBJECT, c::request::REQUESTOR)]);

/// A stage of an approval, and what came of it.
static STAGE: EntityType = EntityType::new(
    "decidedStage",
    c::approval_stage::RELATION,
    &[
        id(Name::own("id"), &[c::approval_stage::ID]).required(),
        shown(Name::own("number"), Codec::Int, &[c::approval_stage::NUMBER])
            .by(c::approval_stage::NUMBER, Kind::Int)
            .required(),
        shown(Name::own("reviewResult"), Codec::Custom(result), &[c::approval_stage::DECISION]),
        shown(Name::own("reviewedBy"), Codec::Text, &[c::stage_reviewer::NAME]),
        shown(Name::own("reviewedDateTime"), Codec::Time, &[c::approval_stage::AT]),
    ],
);

/// An assignment.
pub static ASSIGNMENT: EntityType = EntityType::new(
    "exportedAssignment",
    c::assignment::RELATION,
    &[
        id(Name::own("id"), &[c::assignment::ID]).required(),
        shown(Name::own("state"), Codec::Enum(&ASSIGNMENT_STATE), &[c::assignment::STATE]),
        shown(Name::own("status"), Codec::Text, &[c::assignment::STATUS]),
        time(Name::own("startDateTime"), &[c::assignment::STARTS]).required(),
        time(Name::own("endDateTime"), &[c::assignment::ENDS]),
        time(Name::own("deliveredDateTime"), &[c::assignment::DELIVERED]),
    ],
)
.nav(&[
    Nav::one(Name::own("target"), &SUBJECT, c::assignment::TARGET),
    Nav::one(Name::own("policy"), &POLICY, c::assignment::POLICY),
    Nav::one(Name::own("accessPackage"), &PACKAGE, c::assignment::PACKAGE),
    Nav::one(Name::own("request"), &ORIGIN, c::assignment::REQUEST),
]);

/// What is read around an assignment.
pub const AROUND_ASSIGNMENT: &str =
    "$expand=target($expand=connectedOrganization),policy,accessPackage,request($expand=requestor)";

/// A request.
pub static REQUEST: EntityType = EntityType::new(
    "exportedRequest",
    c::request::RELATION,
    &[
        id(Name::own("id"), &[c::request::ID]).required(),
        shown(Name::own("requestType"), Codec::Enum(&REQUEST_TYPE), &[c::request::KIND]),
        shown(Name::own("state"), Codec::Enum(&REQUEST_STATE), &[c::request::STATE]),
        shown(Name::own("status"), Codec::Text, &[c::request::STATUS]),
        time(Name::own("createdDateTime"), &[c::request::CREATED]).required(),
        time(Name::own("completedDateTime"), &[c::request::COMPLETED]),
    ],
)
.nav(&[
    Nav::one(Name::own("requestor"), &SUBJECT, c::request::REQUESTOR),
    Nav::one(Name::own("target"), &SUBJECT, c::request::TARGET),
    Nav::one(Name::own("policy"), &POLICY, c::request::POLICY),
    Nav::one(Name::own("accessPackage"), &PACKAGE, c::request::PACKAGE),
    Nav::back(Name::own("stages"), &STAGE, c::approval_stage::REQUEST),
]);

/// What is read around a request.
pub const AROUND_REQUEST: &str = "$expand=requestor,target,policy,accessPackage,stages($orderby=number)";
