//! Roles of entitlement management and who holds them: the provider `entitlementManagement` of `roleManagement`
//! (semantics.md 11).

use super::directory::DIRECTORY_OBJECT;
use super::types::{
    ELIGIBILITIES_OF, ELIGIBILITY_INSTANCES_OF, ELIGIBILITY_REQUESTS_OF, FLAG, ROLE_INSTANCES_OF, ROLE_REQUESTS_OF,
    ROLE_SCHEDULE_ACTIONS, ROLE_SCHEDULES_OF, TEXT, TEXTS, TIME, role as t,
};
use super::{fixed, flag, id, keyed, time};
use crate::wire::json;
use tenure_domain::authorize::Scope;
use tenure_domain::ids::CatalogId;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, Kind, Name, Nav, Property, Version};
use tenure_odata::types::{EnumType, Member, Operation, Primitive, Returned, Shape, Type};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;
use uuid::Uuid;

fn permissions(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let actions: Vec<String> = row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    json::any(out, &serde_json::json!([{ "allowedResourceActions": actions, "condition": null }]));
}

/// A built-in role.
pub static ROLE_DEFINITION: EntityType = EntityType::new(
    "unifiedRoleDefinition",
    c::role_definition::RELATION,
    &[
        id(Name::both("id"), &[c::role_definition::ID]).required(),
        keyed(Name::both("displayName"), &[c::role_definition::NAME], c::role_definition::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::role_definition::NAME]),
        flag(Name::both("isBuiltIn"), &[c::role_definition::BUILT_IN]),
        fixed(Name::both("isEnabled"), "true").is(FLAG),
        fixed(Name::both("resourceScopes"), "[\"/\"]").is(TEXTS),
        Property::new(Name::both("templateId"), Codec::Id, &[c::role_definition::ID]),
        fixed(Name::both("version"), "\"1.0\""),
        Property::new(Name::both("rolePermissions"), Codec::Custom(permissions), &[c::role_definition::ACTIONS])
            .is(Shape::structures(&t::PERMISSION).never_null()),
    ],
)
.nav(&[Nav::link(Name::both("inheritsPermissionsFrom"), &ROLE_DEFINITION, link::INHERITED_ROLES).contained()])
.ops(&[&HOLDERS, &RESTORE]);

const NEWER: &[Version] = &[Version::Beta];

/// Who has been given a role.
static HOLDERS: Operation = Operation {
    is_function: true,
    ..Operation::action("assignedPrincipals")
        .only_in(NEWER)
        .takes(&[
            Member::new("transitive", FLAG),
            Member::new("directoryScopeType", TEXT),
            Member::new("directoryScopeId", TEXT),
        ])
        .gives(Returned::Others(&DIRECTORY_OBJECT))
};
static RESTORE: Operation =
    Operation::action("restore").only_in(NEWER).gives(Returned::Bound { many: false, nullable: true });

fn scope(kind: Option<i64>, id: Option<Uuid>) -> Scope {
    match (kind, id) {
        (Some(1), Some(id)) => Scope::Catalog(CatalogId(id)),
        _ => Scope::Tenant,
    }
}

fn held_for(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, &scope(row.cell(0).int(), row.cell(1).id()).to_string());
}

/// A role that somebody holds.
pub static ROLE_ASSIGNMENT: EntityType = EntityType::new(
    "unifiedRoleAssignment",
    c::role_assignment::RELATION,
    &[ID, PRINCIPAL, ROLE, HELD_FOR, NOWHERE_ELSE, fixed(Name::both("condition"), "null")],
)
.nav(OF_A_ROLE);

/// Where a role that is held leads to.
const OF_A_ROLE: &[Nav] = &[
    Nav::one(Name::both("principal"), &DIRECTORY_OBJECT, c::role_assignment::PRINCIPAL),
    Nav::one(Name::both("roleDefinition"), &ROLE_DEFINITION, c::role_assignment::ROLE),
    Nav::one(Name::both("appScope"), &APP_SCOPE, c::role_assignment::SCOPE).contained(),
];

const ID: Property = id(Name::both("id"), &[c::role_assignment::ID]).required();
const PRINCIPAL: Property = id(Name::both("principalId"), &[c::role_assignment::PRINCIPAL]).required();
const ROLE: Property = id(Name::both("roleDefinitionId"), &[c::role_assignment::ROLE]).required();
const HELD_FOR: Property = Property::new(
    Name::both("appScopeId"),
    Codec::Custom(held_for),
    &[c::role_assignment::SCOPE_KIND, c::role_assignment::SCOPE],
)
.by(c::role_assignment::SCOPE_KEY, Kind::Text);
const NOWHERE_ELSE: Property = fixed(Name::both("directoryScopeId"), "null");
const DIRECTLY: Property = fixed(Name::both("memberType"), "\"Direct\"");
const ASSIGNED: Property = fixed(Name::both("assignmentType"), "\"Assigned\"");
const CREATED: Property = time(Name::both("createdDateTime"), &[c::role_assignment::CREATED]);
const PROVISIONED: Property = fixed(Name::both("status"), "\"Provisioned\"");
const NEVER_MODIFIED: Property = fixed(Name::both("modifiedDateTime"), "null").is(TIME);
const NO_REQUEST: Property = fixed(Name::both("createdUsing"), "null");
const SCHEDULE: Property =
    Property::new(Name::both("scheduleInfo"), Codec::Custom(since), &[c::role_assignment::CREATED])
        .is(Shape::structure(&t::SCHEDULE));
const START: Property = time(Name::both("startDateTime"), &[c::role_assignment::CREATED]);
const NO_END: Property = fixed(Name::both("endDateTime"), "null").is(TIME);

/// From when it was given, without an end.
fn since(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    out.extend(b"{\"startDateTime\":");
    json::time_cell(out, row.cell(0));
    out.extend(
        b",\"recurrence\":null,\"expiration\":{\"type\":\"noExpiration\",\"endDateTime\":null,\"duration\":null}}",
    );
}

/// A part of a list for the caller.
const fn by_user(on: &'static [Member]) -> Operation {
    Operation::selection("filterByCurrentUser", on)
}

/// Its word.
const fn on(words: &'static EnumType) -> Member {
    Member::new("on", Shape::word(words).never_null())
}

static SCHEDULES_BY_USER: Operation = by_user(&[on(&ROLE_SCHEDULES_OF)]);
static INSTANCES_BY_USER: Operation = by_user(&[on(&ROLE_INSTANCES_OF)]);
static REQUESTS_BY_USER: Operation = by_user(&[on(&ROLE_REQUESTS_OF)]);
static ELIGIBILITIES_BY_USER: Operation = by_user(&[on(&ELIGIBILITIES_OF)]);
static ELIGIBILITY_INSTANCES_BY_USER: Operation = by_user(&[on(&ELIGIBILITY_INSTANCES_OF)]);
static ELIGIBILITY_REQUESTS_BY_USER: Operation = by_user(&[on(&ELIGIBILITY_REQUESTS_OF)]);
static CANCEL: Operation = Operation::action("cancel");
static UPDATE: Operation = Operation::action("updateRequest").only_in(&[Version::V1]);

/// When a role is held: each that was given is held from then on, until it is taken.
pub static ROLE_SCHEDULE: EntityType = EntityType::new(
    "unifiedRoleAssignmentSchedule",
    c::role_assignment::RELATION,
    &[
        ID,
        PRINCIPAL,
        ROLE,
        HELD_FOR,
        NOWHERE_ELSE,
        CREATED,
        NEVER_MODIFIED,
        NO_REQUEST,
        PROVISIONED,
        ASSIGNED,
        DIRECTLY,
        SCHEDULE,
    ],
)
.nav(OF_A_ROLE)
.ops(&[&SCHEDULES_BY_USER]);

/// That a role is held now.
pub static ROLE_INSTANCE: EntityType = EntityType::new(
    "unifiedRoleAssignmentScheduleInstance",
    c::role_assignment::RELATION,
    &[
        ID,
        PRINCIPAL,
        ROLE,
        HELD_FOR,
        NOWHERE_ELSE,
        START,
        NO_END,
        ASSIGNED,
        DIRECTLY,
        Property::new(Name::both("roleAssignmentOriginId"), Codec::Id, &[c::role_assignment::ID]),
        Property::new(Name::both("roleAssignmentScheduleId"), Codec::Id, &[c::role_assignment::ID]),
    ],
)
.nav(OF_A_ROLE)
.ops(&[&INSTANCES_BY_USER]);

/// When a role could be activated: there is nothing to be activated in entitlement management, and none of these.
pub static ELIGIBILITY: EntityType = EntityType::new(
    "unifiedRoleEligibilitySchedule",
    c::role_assignment::RELATION,
    &[
        ID,
        PRINCIPAL,
        ROLE,
        HELD_FOR,
        NOWHERE_ELSE,
        CREATED,
        NEVER_MODIFIED,
        NO_REQUEST,
        PROVISIONED,
        DIRECTLY,
        SCHEDULE,
    ],
)
.nav(OF_A_ROLE)
.ops(&[&ELIGIBILITIES_BY_USER]);

/// That a role could be activated now: there are none.
pub static ELIGIBILITY_INSTANCE: EntityType = EntityType::new(
    "unifiedRoleEligibilityScheduleInstance",
    c::role_assignment::RELATION,
    &[
        ID,
        PRINCIPAL,
        ROLE,
        HELD_FOR,
        NOWHERE_ELSE,
        START,
        NO_END,
        DIRECTLY,
        Property::new(Name::both("roleEligibilityScheduleId"), Codec::Id, &[c::role_assignment::ID]),
    ],
)
.nav(OF_A_ROLE)
.ops(&[&ELIGIBILITY_INSTANCES_BY_USER]);

/// What requests for schedules say; roles of entitlement management are given and taken at once, and there are none.
const OF_A_REQUEST: [Property; 16] = [
    ID,
    PRINCIPAL,
    ROLE,
    HELD_FOR,
    NOWHERE_ELSE,
    CREATED,
    SCHEDULE,
    fixed(Name::both("status"), "\"Provisioned\"").never_null(),
    fixed(Name::both("action"), "\"adminAssign\"")
        .is(Shape::word(&ROLE_SCHEDULE_ACTIONS).in_beta(Type::Primitive(Primitive::String))),
    fixed(Name::both("isValidationOnly"), "false").is(FLAG),
    fixed(Name::both("justification"), "null"),
    Property::new(Name::both("targetScheduleId"), Codec::Id, &[c::role_assignment::ID]),
    fixed(Name::both("ticketInfo"), "null").is(Shape::structure(&t::TICKET)),
    fixed(Name::both("approvalId"), "null"),
    fixed(Name::both("completedDateTime"), "null").is(TIME),
    fixed(Name::both("customData"), "null"),
];

/// A request for a schedule of a role: there are none.
pub static ROLE_REQUEST: EntityType =
    EntityType::new("unifiedRoleAssignmentScheduleRequest", c::role_assignment::RELATION, &OF_A_REQUEST)
        .nav(OF_A_ROLE)
        .ops(&[&REQUESTS_BY_USER, &CANCEL, &UPDATE]);

/// A request for eligibility: there are none.
pub static ELIGIBILITY_REQUEST: EntityType =
    EntityType::new("unifiedRoleEligibilityScheduleRequest", c::role_assignment::RELATION, &OF_A_REQUEST)
        .nav(OF_A_ROLE)
        .ops(&[&ELIGIBILITY_REQUESTS_BY_USER, &CANCEL]);

/// Sets in which there is nothing: roles of entitlement management are given at once, by whoever may, and not activated.
pub const EMPTY: [&str; 6] = [
    "suggestions",
    "roleAssignmentScheduleRequests",
    "roleEligibilitySchedules",
    "roleEligibilityScheduleInstances",
    "roleEligibilityScheduleRequests",
    "roleAssignmentApprovals",
];
/// The same among what was deleted: built-in roles are not.
pub const NEVER_DELETED: &str = "deletedRoleDefinitions";

fn path(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, &scope(Some(1), row.cell(0).id()).to_string());
}

/// The catalog that a role is held for.
pub static APP_SCOPE: EntityType = EntityType::new(
    "appScope",
    c::app_scope::RELATION,
    &[
        Property::new(Name::both("id"), Codec::Custom(path), &[c::app_scope::ID]),
        Property::new(Name::both("displayName"), Codec::Text, &[c::app_scope::NAME]),
        fixed(Name::both("type"), "\"AccessPackageCatalog\""),
    ],
);
