//! The two reports about a person (behaviour.md i.1): which packages he has or can ask for, and which roles of resources he
//! has by them. Their rows are read by the rights of the lists they come from.

use super::entitlement::{ASSIGNMENT_STATE, ORIGIN_SYSTEM, grant_status};
use super::export::{PACKAGE, POLICY};
use super::{id, keyed, time};
use tenure_odata::edm::{Codec, EntityType, Kind, Name, Nav, Property, SearchBy};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;

/// A resource as it is called.
static RESOURCE: EntityType = EntityType::new(
    "namedResource",
    c::resource::RELATION,
    &[
        id(Name::own("id"), &[c::resource::ID]).required(),
        keyed(Name::own("displayName"), &[c::resource::NAME], c::resource::NAME_KEY).required(),
    ],
);

/// A role of a resource.
static ROLE: EntityType = EntityType::new(
    "namedRole",
    c::resource_role::RELATION,
    &[
        id(Name::own("id"), &[c::resource_role::ID]).required(),
        keyed(Name::own("displayName"), &[c::resource_role::NAME], c::resource_role::NAME_KEY).required(),
    ],
);

/// A role in a package.
static PACKAGE_ROLE: EntityType = EntityType::new(
    "namedPackageRole",
    c::package_role::RELATION,
    &[id(Name::own("id"), &[c::package_role::ID]).required()],
)
.nav(&[
    Nav::one(Name::own("role"), &ROLE, c::package_role::ROLE),
    Nav::one(Name::own("resource"), &RESOURCE, c::package_role::RESOURCE),
]);

/// A package with what is in it.
macro_rules! package {
    ($name:literal) => {
        EntityType::new(
            $name,
            c::package::RELATION,
            &[
                id(Name::own("id"), &[c::package::ID]).required(),
                keyed(Name::own("displayName"), &[c::package::NAME], c::package::NAME_KEY).required(),
                Property::new(Name::own("description"), Codec::Text, &[c::package::DESCRIPTION]),
                id(Name::own("catalogId"), &[c::package::CATALOG]).required(),
            ],
        )
        .nav(&[
            Nav::back(Name::own("policies"), &POLICY, c::policy::PACKAGE),
            Nav::back(Name::own("resourceRoles"), &PACKAGE_ROLE, c::package_role::PACKAGE),
        ])
        .search(SearchBy::Columns(&[c::package::NAME_KEY]))
    };
}

/// The package of an assignment.
static HELD: EntityType = package!("heldAccessPackage");
/// A package that somebody can ask for.
pub static REQUESTABLE: EntityType = package!("requestableAccessPackage");

/// What is shown of it.
pub const OF_REQUESTABLE: &str = "policies,resourceRoles($expand=role,resource)";

/// An assignment that a person has.
pub static ASSIGNED: EntityType = EntityType::new(
    "assignedAccessPackage",
    c::assignment::RELATION,
    &[
        id(Name::own("id"), &[c::assignment::ID]).required(),
        id(Name::own("accessPackageId"), &[c::assignment::PACKAGE]).required(),
        Property::new(Name::own("state"), Codec::Enum(&ASSIGNMENT_STATE), &[c::assignment::STATE])
            .by(c::assignment::STATE, Kind::Enum(&ASSIGNMENT_STATE))
            .required(),
        time(Name::own("startDateTime"), &[c::assignment::STARTS]).required(),
        time(Name::own("endDateTime"), &[c::assignment::ENDS]),
    ],
)
.nav(&[
    Nav::one(Name::own("accessPackage"), &HELD, c::assignment::PACKAGE),
    Nav::one(Name::own("policy"), &POLICY, c::assignment::POLICY),
]);

/// What is shown of it.
pub const OF_ASSIGNED: &str = "accessPackage($expand=resourceRoles($expand=role,resource)),policy";

/// An assignment that gives a role.
static GIVING: EntityType = EntityType::new(
    "givingAssignment",
    c::assignment::RELATION,
    &[
        id(Name::own("id"), &[c::assignment::ID]).required(),
        time(Name::own("startDateTime"), &[c::assignment::STARTS]).required(),
        time(Name::own("endDateTime"), &[c::assignment::ENDS]),
    ],
)
.nav(&[
    Nav::one(Name::own("accessPackage"), &PACKAGE, c::assignment::PACKAGE),
    Nav::one(Name::own("policy"), &POLICY, c::assignment::POLICY),
]);

/// A role of a resource that a person has, or shall have.
pub static RESOURCE_ASSIGNMENT: EntityType = EntityType::new(
    "resourceAssignment",
    c::grant::RELATION,
    &[
        id(Name::own("id"), &[c::grant::ID]).required(),
        id(Name::own("resourceId"), &[c::grant::RESOURCE]).required(),
        keyed(Name::own("resourceDisplayName"), &[c::grant_resource::NAME], c::grant_resource::NAME_KEY).required(),
        Property::new(Name::own("resourceOriginId"), Codec::Text, &[c::grant_resource::ORIGIN_ID]),
        Property::new(Name::own("resourceOriginSystem"), Codec::Enum(&ORIGIN_SYSTEM), &[c::grant_resource::SYSTEM]),
        id(Name::own("roleId"), &[c::grant::ROLE]).required(),
        keyed(Name::own("roleDisplayName"), &[c::grant_role::NAME], c::grant_role::NAME_KEY).required(),
        Property::new(
            Name::own("status"),
            Codec::Custom(grant_status),
            &[c::grant::DESIRED, c::grant::OBSERVED, c::grant::ERROR],
        ),
    ],
)
.nav(&[Nav::link(Name::own("assignments"), &GIVING, link::GRANT_ASSIGNMENTS)]);

/// What is shown of it.
pub const OF_RESOURCE_ASSIGNMENT: &str = "assignments($expand=accessPackage,policy)";
