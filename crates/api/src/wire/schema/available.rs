//! Packages as somebody sees them who could ask for them (semantics.md 5): what is in them, by name. Only such a package leads
//! to what is in it here.

use super::approval::IDENTITY;
use super::entitlement::{ORIGIN_SYSTEM, role_scope_id};
use super::types::{FLAG, NUMBER, SUGGESTIONS_BY, TIME};
use super::{fixed, id, keyed, time};
use tenure_odata::edm::{Codec, EntityType, Name, Nav, Property, SearchBy};
use tenure_odata::types::{Member, Operation, Shape, Structure};
use tenure_service::view::columns as c;

/// A package that the signed-in person could ask for.
pub static AVAILABLE: EntityType = EntityType::new(
    "availableAccessPackage",
    c::browse::RELATION,
    &[
        id(Name::both("id"), &[c::browse::ID]).required(),
        keyed(Name::both("displayName"), &[c::browse::NAME], c::browse::NAME_KEY),
        Property::new(Name::both("description"), Codec::Text, &[c::browse::DESCRIPTION]),
    ],
)
.nav(&[Nav::back(Name::both("resourceRoleScopes"), &ROLE_SCOPE, c::browse_role_scope::PACKAGE).contained()])
.search(SearchBy::Columns(&[c::browse::NAME_KEY]));

static REASON: Structure =
    Structure::complex(Name::both("accessPackageSuggestionReason"), &[]).one_of(&[&PEOPLE, &HISTORY]);

static PEOPLE: Structure = Structure::complex(
    Name::both("accessPackageSuggestionRelatedPeopleBased"),
    &[
        Member::new("relatedPeople", Shape::structures(&IDENTITY).never_null()),
        Member::new("relatedPeopleAssignmentCount", NUMBER.never_null()),
    ],
)
.adds_to(&REASON);

static HISTORY: Structure = Structure::complex(
    Name::both("accessPackageSuggestionSelfAssignmentHistoryBased"),
    &[
        Member::new("lastAssignmentDateTime", TIME.never_null()),
        Member::new("pastAssignmentCount", NUMBER.never_null()),
    ],
)
.adds_to(&REASON);

static BY_USER: Operation =
    Operation::selection("filterByCurrentUser", &[Member::new("on", Shape::word(&SUGGESTIONS_BY))]);

/// A package that is suggested to the signed-in person; they are asked for by a function, and are found nowhere else.
pub static SUGGESTION: EntityType = EntityType::new(
    "accessPackageSuggestion",
    c::browse::RELATION,
    &[
        id(Name::both("id"), &[c::browse::ID]).required(),
        fixed(Name::both("reasons"), "[]").is(Shape::structures(&REASON).never_null()),
    ],
)
.nav(&[Nav::one(Name::both("accessPackage"), &AVAILABLE, c::browse::ID)])
.ops(&[&BY_USER]);

/// A role of a resource in it.
pub static ROLE_SCOPE: EntityType = EntityType::new(
    "accessPackageResourceRoleScope",
    c::browse_role_scope::RELATION,
    &[
        Property::new(
            Name::both("id"),
            Codec::Custom(role_scope_id),
            &[c::browse_role_scope::ROLE, c::browse_role_scope::SCOPE],
        ),
        time(Name::both("createdDateTime"), &[c::browse_role_scope::CREATED]).required(),
    ],
)
.nav(&[
    Nav::one(Name::pair("role", "accessPackageResourceRole"), &ROLE, c::browse_role_scope::ROLE).contained(),
    Nav::one(Name::pair("scope", "accessPackageResourceScope"), &SCOPE, c::browse_role_scope::SCOPE).contained(),
]);

static ROLE: EntityType = EntityType::new(
    "accessPackageResourceRole",
    c::browse_role::RELATION,
    &[
        id(Name::both("id"), &[c::browse_role::ID]).required(),
        keyed(Name::both("displayName"), &[c::browse_role::NAME], c::browse_role::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::browse_role::DESCRIPTION]),
        Property::new(Name::both("originId"), Codec::Text, &[c::browse_role::ORIGIN_ID]),
    ],
)
.nav(&[Nav::one(Name::pair("resource", "accessPackageResource"), &RESOURCE, c::browse_role::RESOURCE).contained()]);

static SCOPE: EntityType = EntityType::new(
    "accessPackageResourceScope",
    c::browse_scope::RELATION,
    &[
        id(Name::both("id"), &[c::browse_scope::ID]).required(),
        fixed(Name::both("displayName"), "\"Root\""),
        fixed(Name::both("description"), "\"Root Scope\""),
        Property::new(Name::both("originId"), Codec::Text, &[c::browse_scope::ORIGIN_ID]),
        fixed(Name::both("isRootScope"), "true").is(FLAG),
    ],
)
.nav(&[Nav::one(Name::pair("resource", "accessPackageResource"), &RESOURCE, c::browse_scope::RESOURCE).contained()]);

static RESOURCE: EntityType = EntityType::new(
    "accessPackageResource",
    c::browse_resource::RELATION,
    &[
        id(Name::both("id"), &[c::browse_resource::ID]).required(),
        keyed(Name::both("displayName"), &[c::browse_resource::NAME], c::browse_resource::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::browse_resource::DESCRIPTION]),
        Property::new(Name::both("originSystem"), Codec::Enum(&ORIGIN_SYSTEM), &[c::browse_resource::SYSTEM]),
        Property::new(Name::both("originId"), Codec::Text, &[c::browse_resource::ORIGIN_ID]),
    ],
);
