//! The product's own surface, `/tenure/v1`: what the published API has no name for (decisions.md A4).

use super::types::TEXTS;
use super::{entitlement as em, flag, id, keyed, time};
use crate::wire::json;
use tenure_domain::job::JobState;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, EnumType, Items, Kind, Name, Nav, Property, SearchBy, Version};
use tenure_odata::types::Operation;
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;

/// A delegation of approvals: the caller's own, and those that name him.
pub static DELEGATION: EntityType = EntityType::new(
    "delegation",
    c::delegation::RELATION,
    &[
        id(Name::own("id"), &[c::delegation::ID]).required(),
        id(Name::own("approverId"), &[c::delegation::FROM]).required(),
        id(Name::own("delegateId"), &[c::delegation::TO]).required(),
        time(Name::own("startDateTime"), &[c::delegation::STARTS]).required(),
        time(Name::own("endDateTime"), &[c::delegation::ENDS]),
        time(Name::own("createdDateTime"), &[c::delegation::CREATED]).required(),
    ],
);

/// An access package as somebody browses it (decisions.md H20).
pub static BROWSED: EntityType = EntityType::new(
    "browsedAccessPackage",
    c::browse::RELATION,
    &[
        id(Name::own("id"), &[c::browse::ID]).required(),
        keyed(Name::own("displayName"), &[c::browse::NAME], c::browse::NAME_KEY).required(),
        Property::new(Name::own("description"), Codec::Text, &[c::browse::DESCRIPTION]),
        id(Name::own("catalogId"), &[c::browse::CATALOG]).required(),
    ],
)
.search(SearchBy::Columns(&[c::browse::NAME_KEY]));

/// A kept mail.
pub static MAIL: EntityType = EntityType::new(
    "mail",
    c::mail::RELATION,
    &[
        id(Name::own("id"), &[c::mail::ID]).required(),
        time(Name::own("createdDateTime"), &[c::mail::CREATED]).required(),
        keyed(Name::own("kind"), &[c::mail::KIND], c::mail::KIND_KEY).required(),
        Property::new(Name::own("to"), Codec::Json, &[c::mail::RECIPIENTS])
            .is(TEXTS)
            .with_items(&Items::List(c::mail::RECIPIENTS_LIST)),
        keyed(Name::own("subject"), &[c::mail::SUBJECT], c::mail::SUBJECT_KEY).required(),
        Property::new(Name::own("body"), Codec::Text, &[c::mail::BODY]),
    ],
);

/// Where a job stands.
static JOB_STATE: EnumType = EnumType::strings(&[
    (JobState::Waiting.code(), JobState::Waiting.name()),
    (JobState::Running.code(), JobState::Running.name()),
    (JobState::Completed.code(), JobState::Completed.name()),
    (JobState::Failed.code(), JobState::Failed.name()),
    (JobState::Paused.code(), JobState::Paused.name()),
    (JobState::AwaitingConsent.code(), JobState::AwaitingConsent.name()),
]);

static PAUSE: Operation = Operation::action("pause");
static RESUME: Operation = Operation::action("resume");

/// A number.
const fn number(name: Name, column: &'static [tenure_odata::edm::Column; 1]) -> Property {
    Property::new(name, Codec::Int, column).by(column[0], Kind::Int).required()
}

/// Work that reaches many objects, chunk by chunk (decisions.md C8, Q4).
pub static JOB: EntityType = EntityType::new(
    "job",
    c::job::RELATION,
    &[
        id(Name::own("id"), &[c::job::ID]).required(),
        Property::new(Name::own("kind"), Codec::Text, &[c::job::KIND]),
        Property::new(Name::own("state"), Codec::Enum(&JOB_STATE), &[c::job::STATE])
            .by(c::job::STATE, Kind::Enum(&JOB_STATE))
            .required(),
        number(Name::own("total"), &[c::job::TOTAL]),
        number(Name::own("done"), &[c::job::DONE]),
        number(Name::own("failed"), &[c::job::FAILED]),
        time(Name::own("startedDateTime"), &[c::job::STARTED]),
        Property::new(Name::own("error"), Codec::Text, &[c::job::ERROR]),
        // A file of assignments is about no single package.
        Property::new(Name::own("accessPackageId"), Codec::Custom(id_or_null), &[c::job::SUBJECT])
            .by(c::job::SUBJECT, Kind::Id),
        Property::new(Name::own("catalogId"), Codec::Custom(id_or_null), &[c::job::CATALOG])
            .by(c::job::CATALOG, Kind::Id),
    ],
)
.nav(&[Nav::back(Name::own("rows"), &IMPORT_ROW, c::import_row::JOB).contained()])
.ops(&[&PAUSE, &RESUME]);

/// An id; the one that nothing has is none.
fn id_or_null(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    match row.cell(0).id().filter(|id| !id.is_nil()) {
        Some(id) => json::text(out, &id.to_string()),
        None => out.extend(b"null"),
    }
}

/// What came of a row of a file.
static ROW_STATE: EnumType =
    EnumType::strings(&[(0, "waiting"), (1, "made"), (2, "valid"), (3, "unchanged"), (4, "refused")]);

/// A row of a file of assignments, and what came of it.
static IMPORT_ROW: EntityType = EntityType::new(
    "importRow",
    c::import_row::RELATION,
    &[
        id(Name::own("id"), &[c::import_row::ID]).required(),
        number(Name::own("number"), &[c::import_row::NUMBER]),
        number(Name::own("line"), &[c::import_row::LINE]),
        Property::new(Name::own("accessPackage"), Codec::Text, &[c::import_row::PACKAGE]),
        Property::new(Name::own("target"), Codec::Text, &[c::import_row::TARGET]),
        Property::new(Name::own("state"), Codec::Enum(&ROW_STATE), &[c::import_row::STATE])
            .by(c::import_row::STATE, Kind::Enum(&ROW_STATE))
            .required(),
        id(Name::own("requestId"), &[c::import_row::REQUEST]),
        Property::new(Name::own("code"), Codec::Text, &[c::import_row::CODE]),
        Property::new(Name::own("message"), Codec::Text, &[c::import_row::MESSAGE]),
    ],
);

static REPAIR: Operation = Operation::action("repair");
static ADOPT: Operation = Operation::action("adopt");

/// The properties of a grant: who, what and which role, and those that are given.
macro_rules! of_grant {
    ($grant:ident, $($more:expr),+ $(,)?) => {
        &[
            id(Name::own("id"), &[c::$grant::ID]).required(),
            id(Name::own("subjectId"), &[c::$grant::SUBJECT]).required(),
            keyed(Name::own("subjectDisplayName"), &[c::delivery_subject::NAME], c::delivery_subject::NAME_KEY),
            id(Name::own("resourceId"), &[c::$grant::RESOURCE]).required(),
            keyed(Name::own("resourceDisplayName"), &[c::delivery_resource::NAME], c::delivery_resource::NAME_KEY),
            keyed(Name::own("originId"), &[c::delivery_resource::ORIGIN], c::delivery_resource::ORIGIN_KEY).required(),
            id(Name::own("catalogId"), &[c::delivery_resource::CATALOG]).required(),
            id(Name::own("roleId"), &[c::$grant::ROLE]).required(),
            keyed(Name::own("roleDisplayName"), &[c::delivery_role::NAME], c::delivery_role::NAME_KEY),
            $($more),+
        ]
    };
}

/// An assignment that wants a grant.
static WANTING: EntityType = EntityType::new(
    "wantingAssignment",
    c::assignment::RELATION,
    &[
        id(Name::own("id"), &[c::assignment::ID]).required(),
        id(Name::own("accessPackageId"), &[c::assignment::PACKAGE]).required(),
        id(Name::own("assignmentPolicyId"), &[c::assignment::POLICY]).required(),
        Property::new(Name::own("state"), Codec::Enum(&em::ASSIGNMENT_STATE), &[c::assignment::STATE])
            .by(c::assignment::STATE, Kind::Enum(&em::ASSIGNMENT_STATE))
            .required(),
    ],
);

/// A role that was given and then taken away by hand (decisions.md Q4).
pub static DRIFT: EntityType = EntityType::new(
    "drift",
    c::drift::RELATION,
    of_grant!(drift, time(Name::own("sinceDateTime"), &[c::drift::SINCE]).required()),
)
.nav(&[Nav::link(Name::own("assignments"), &WANTING, link::GRANT_ASSIGNMENTS).contained()])
.ops(&[&REPAIR, &ADOPT]);

/// A role that is being given or taken, or could not be: with the last error, and when it is tried next (decisions.md C6).
pub static DELIVERY: EntityType = EntityType::new(
    "delivery",
    c::delivery::RELATION,
    of_grant!(
        delivery,
        flag(Name::own("isWanted"), &[c::delivery::DESIRED]),
        number(Name::own("failedTries"), &[c::delivery::ATTEMPT]),
        time(Name::own("nextTryDateTime"), &[c::delivery::DUE]),
        Property::new(Name::own("error"), Codec::Text, &[c::delivery::ERROR]),
    ),
)
.nav(&[Nav::link(Name::own("assignments"), &WANTING, link::GRANT_ASSIGNMENTS).contained()]);
