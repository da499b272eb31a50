//! The projection table: one row per property, a name per version. From it come `$select`, `$filter`, `$orderby`,
//! `$expand`, output, input names and the paths. A new version of a thing is a new name here, never an `if`.

pub mod approval;
pub mod audit;
pub mod available;
pub mod directory;
pub mod entitlement;
pub mod environment;
pub mod export;
pub mod extension;
pub mod invitation;
pub mod organization;
pub mod origin_connector;
pub mod own;
pub mod policy;
pub mod report;
pub mod requirements;
pub mod role;
pub mod site;
pub mod tenant;
pub mod types;

use tenure_odata::edm::{Codec, Column, Container, EntitySet, Name, Property, Schema};

/// A text column that filters compare by its folded twin.
const fn keyed(name: Name, column: &'static [Column], key: Column) -> Property {
    Property::new(name, Codec::Text, column).by(key, tenure_odata::edm::Kind::Text)
}

/// An id column.
const fn id(name: Name, column: &'static [Column; 1]) -> Property {
    Property::new(name, Codec::Id, column).by(column[0], tenure_odata::edm::Kind::Id)
}

/// An instant.
const fn time(name: Name, column: &'static [Column; 1]) -> Property {
    Property::new(name, Codec::Time, column).by(column[0], tenure_odata::edm::Kind::Time)
}

/// Yes or no.
const fn flag(name: Name, column: &'static [Column; 1]) -> Property {
    Property::new(name, Codec::Bool, column).by(column[0], tenure_odata::edm::Kind::Bool).required()
}

/// The same JSON for every row.
const fn fixed(name: Name, json: &'static str) -> Property {
    Property::new(name, Codec::Fixed(json), &[])
}

use approval::APPROVAL;
use audit::DIRECTORY_AUDIT;
use directory::{APPLICATION, DELETED_OBJECT, DIRECTORY_OBJECT, GROUP, OAUTH_GRANT, SERVICE_PRINCIPAL, USER};
use entitlement as em;
use environment::ENVIRONMENT;
use invitation::INVITATION;
use organization::{CONNECTED_ORGANIZATION, SETTINGS, TENANT_SETTINGS};
use own::{BROWSED, DELEGATION, DELIVERY, DRIFT, JOB, MAIL};
use policy::POLICY;
use role::{ROLE_ASSIGNMENT, ROLE_DEFINITION};
use site::{SITE, TENANT_SITE};
use tenant::ORGANIZATION;

/// The schema of all versions.
pub static SCHEMA: Schema = Schema {
    root: Container {
        name: Name::both(""),
        type_name: "",
        has_id: false,
        containers: &[
            Container {
                name: Name::both("identityGovernance"),
                type_name: "identityGovernance",
                has_id: false,
                containers: &[Container {
                    name: Name::both("entitlementManagement"),
                    type_name: "entitlementManagement",
                    has_id: true,
                    containers: &[],
                    sets: ENTITLEMENT_SETS,
                }],
                sets: &[],
            },
            Container {
                name: Name::both("auditLogs"),
                type_name: "auditLogRoot",
                has_id: false,
                containers: &[],
                sets: &[EntitySet::new("directoryAudits", Name::both("directoryAudits"), &DIRECTORY_AUDIT)],
            },
            Container {
                name: Name::both("directory"),
                type_name: "directory",
                has_id: true,
                containers: &[],
                sets: &[EntitySet::new("deletedItems", Name::both("deletedItems"), &DELETED_OBJECT)],
            },
            Container {
                name: Name::both("roleManagement"),
                type_name: "roleManagement",
                has_id: false,
                containers: &[Container {
                    name: Name::both("entitlementManagement"),
                    type_name: "rbacApplication",
                    has_id: true,
                    containers: &[Container {
                        name: Name::pair("", "deletedItems"),
                        type_name: "directoryRoleManagementDeletedItemContainer",
                        has_id: true,
                        containers: &[],
                        sets: &[EntitySet::new(
                            role::NEVER_DELETED,
                            Name::pair("", "roleDefinitions"),
                            &ROLE_DEFINITION,
                        )],
                    }],
                    sets: ROLE_SETS,
                }],
                sets: &[],
            },
            Container {
                name: Name::own("outbox"),
                type_name: "outbox",
                has_id: false,
                containers: &[],
                sets: &[EntitySet::new("mail", Name::own("mail"), &MAIL)],
            },
        ],
        sets: &[
            EntitySet::me("users", Name::both("me"), &USER),
            EntitySet::new("users", Name::both("users"), &USER),
            EntitySet::new("groups", Name::both("groups"), &GROUP),
            EntitySet::new("applications", Name::both("applications"), &APPLICATION),
            EntitySet::new("servicePrincipals", Name::both("servicePrincipals"), &SERVICE_PRINCIPAL),
            EntitySet::new("directoryObjects", Name::both("directoryObjects"), &DIRECTORY_OBJECT),
            EntitySet::new("organization", Name::both("organization"), &ORGANIZATION),
            EntitySet::new("invitations", Name::both("invitations"), &INVITATION),
            EntitySet::new("sites", Name::both("sites"), &SITE),
            EntitySet::new("tenantSites", Name::own("sites"), &TENANT_SITE),
            EntitySet::new("delegations", Name::own("delegations"), &DELEGATION),
            EntitySet::new("oauth2PermissionGrants", Name::both("oauth2PermissionGrants"), &OAUTH_GRANT),
            EntitySet::one("tenantSettings", Name::own("settings"), &TENANT_SETTINGS),
            EntitySet::new("browse", Name::own("browse"), &BROWSED),
            EntitySet::new("jobs", Name::own("jobs"), &JOB),
            EntitySet::new("drift", Name::own("drift"), &DRIFT),
            EntitySet::new("deliveries", Name::own("deliveries"), &DELIVERY),
        ],
    },
    fold: tenure_domain::text::fold,
};

/// What there is about roles of entitlement management.
static ROLE_SETS: &[EntitySet] = &[
    EntitySet::new("roleDefinitions", Name::both("roleDefinitions"), &ROLE_DEFINITION),
    EntitySet::new("roleAssignments", Name::both("roleAssignments"), &ROLE_ASSIGNMENT),
    EntitySet::new("roleAssignmentSchedules", Name::both("roleAssignmentSchedules"), &role::ROLE_SCHEDULE),
    EntitySet::new(
        "roleAssignmentScheduleInstances",
        Name::both("roleAssignmentScheduleInstances"),
        &role::ROLE_INSTANCE,
    ),
    EntitySet::new("roleAssignmentScheduleRequests", Name::both("roleAssignmentScheduleRequests"), &role::ROLE_REQUEST),
    EntitySet::new("roleEligibilitySchedules", Name::both("roleEligibilitySchedules"), &role::ELIGIBILITY),
    EntitySet::new(
        "roleEligibilityScheduleInstances",
        Name::both("roleEligibilityScheduleInstances"),
        &role::ELIGIBILITY_INSTANCE,
    ),
    EntitySet::new(
        "roleEligibilityScheduleRequests",
        Name::both("roleEligibilityScheduleRequests"),
        &role::ELIGIBILITY_REQUEST,
    ),
    EntitySet::new("roleAssignmentApprovals", Name::pair("", "roleAssignmentApprovals"), &APPROVAL),
    EntitySet::function("roleSchedules", Name::pair("", "roleSchedules"), &role::ROLE_SCHEDULE),
    EntitySet::function("roleScheduleInstances", Name::pair("", "roleScheduleInstances"), &role::ROLE_INSTANCE),
];

/// What is in entitlement management.
pub static ENTITLEMENT_SETS: &[EntitySet] = &[
    EntitySet::new("approvals", Name::both("accessPackageAssignmentApprovals"), &APPROVAL),
    EntitySet::new("catalogs", Name::pair("catalogs", "accessPackageCatalogs"), &em::CATALOG),
    EntitySet::new("resources", Name::pair("resources", "accessPackageResources"), &em::RESOURCE),
    EntitySet::new(
        "resourceEnvironments",
        Name::pair("resourceEnvironments", "accessPackageResourceEnvironments"),
        &ENVIRONMENT,
    ),
    EntitySet::new(
        "resourceRequests",
        Name::pair("resourceRequests", "accessPackageResourceRequests"),
        &em::RESOURCE_REQUEST,
    ),
    EntitySet::new(
        "resourceRoleScopes",
        Name::pair("resourceRoleScopes", "accessPackageResourceRoleScopes"),
        &em::ROLE_SCOPE,
    ),
    EntitySet::new("accessPackages", Name::both("accessPackages"), &em::PACKAGE),
    EntitySet::new("assignmentPolicies", Name::pair("assignmentPolicies", "accessPackageAssignmentPolicies"), &POLICY),
    EntitySet::new("assignmentRequests", Name::both("assignmentRequests"), &em::REQUEST),
    // The newer version serves its requests under the long name too.
    EntitySet::new("assignmentRequests", Name::pair("", "accessPackageAssignmentRequests"), &em::REQUEST),
    EntitySet::new("assignments", Name::pair("assignments", "accessPackageAssignments"), &em::ASSIGNMENT),
    // One page of the older version uses this name for the same set (semantics.md 7).
    EntitySet::alias("assignments", Name::pair("accessPackageAssignments", ""), &em::ASSIGNMENT),
    EntitySet::new(
        "assignmentResourceRoles",
        Name::pair("", "accessPackageAssignmentResourceRoles"),
        &em::ASSIGNMENT_RESOURCE_ROLE,
    ),
    EntitySet::new("subjects", Name::both("subjects"), &em::SUBJECT),
    EntitySet::new("connectedOrganizations", Name::both("connectedOrganizations"), &CONNECTED_ORGANIZATION),
    EntitySet::one("settings", Name::both("settings"), &SETTINGS),
    EntitySet::new("suggestions", Name::both("accessPackageSuggestions"), &available::SUGGESTION),
    EntitySet::new("availablePackages", Name::both("availableAccessPackages"), &available::AVAILABLE),
    EntitySet::new(
        "originConnectors",
        Name::both("externalOriginResourceConnectors"),
        &origin_connector::ORIGIN_CONNECTOR,
    ),
];
