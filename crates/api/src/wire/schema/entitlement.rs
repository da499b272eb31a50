//! Catalogs, resources, packages, requests, assignments, subjects (semantics.md 3 to 7 and 12).

use super::directory::INCOMPATIBLE_GROUP;
use super::environment::ENVIRONMENT;
use super::extension::{EXTENSION, LEGACY};
use super::policy::{POLICY, question_json};
use super::types::{
    ASSIGNMENTS_OF, FLAG, PACKAGES_OF, PRIVILEGE_LEVEL, REQUESTS_OF, ROLE_TYPE, TEXT, TIME, request as t,
};
use super::{fixed, flag, id, keyed, organization::CONNECTED_ORGANIZATION, time};
use crate::wire::json;
use serde_json::Value as Json;
use tenure_domain::attribute::ResourceAttribute;
use tenure_domain::catalog::OriginSystem;
use tenure_domain::policy::Expiration;
use tenure_domain::policy::expiration::WantedSchedule;
use tenure_domain::request::{Answer, Proof};
use tenure_domain::time::from_micros;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, EnumType, Kind, Name, Nav, Property, SearchBy, Version};
use tenure_odata::types::{Member, Operation, Returned, Shape};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;

/// Who made a catalog.
pub static CATALOG_TYPE: EnumType =
    EnumType::older("accessPackageCatalogType", &[(1, "userManaged"), (2, "serviceDefault"), (3, "serviceManaged")]);

/// Whether a catalog's packages can be requested.
pub static CATALOG_STATE: EnumType =
    EnumType::older("accessPackageCatalogState", &[(1, "unpublished"), (2, "published")]);

/// Where a resource comes from; spelt the same in both versions.
pub static ORIGIN_SYSTEM: EnumType =
    EnumType::strings(&[(1, "AadGroup"), (2, "AadApplication"), (3, "SharePointOnline"), (4, "DirectoryRole")]);

/// What a request asks for.
pub static REQUEST_TYPE: EnumType = EnumType::older(
    "accessPackageRequestType",
    &[
        (0, "notSpecified"),
        (1, "userAdd"),
        (2, "userUpdate"),
        (3, "userRemove"),
        (4, "adminAdd"),
        (5, "adminUpdate"),
        (6, "adminRemove"),
        (7, "systemAdd"),
        (8, "systemUpdate"),
        (9, "systemRemove"),
        (10, "onBehalfAdd"),
        (12, "approverRemove"),
    ],
);

/// Where a request stands.
pub static REQUEST_STATE: EnumType = EnumType::older(
    "accessPackageRequestState",
    &[
        (0, "submitted"),
        (1, "pendingApproval"),
        (2, "delivering"),
        (3, "delivered"),
        (4, "deliveryFailed"),
        (5, "denied"),
        (6, "scheduled"),
        (7, "canceled"),
        (8, "partiallyDelivered"),
    ],
);

/// Where an assignment stands.
pub static ASSIGNMENT_STATE: EnumType = EnumType::older(
    "accessPackageAssignmentState",
    &[(0, "delivering"), (1, "partiallyDelivered"), (2, "delivered"), (3, "expired"), (4, "deliveryFailed")],
);

/// What a subject is.
pub(super) static SUBJECT_TYPE: EnumType =
    EnumType::older("accessPackageSubjectType", &[(0, "notSpecified"), (1, "user"), (2, "servicePrincipal")]);

/// Whether the end of its last assignment ends an external account; the same spelling in both versions.
pub(super) static SUBJECT_LIFECYCLE: EnumType = EnumType::named(
    Name::both("accessPackageSubjectLifecycle"),
    &[(0, "notDefined"), (1, "notGoverned"), (2, "governed")],
);

static REFRESH: Operation = Operation::action("refresh");
static CANCEL: Operation = Operation::action("cancel");
static RESUME: Operation = Operation::action("resume").takes(&[
    Member::new("source", TEXT),
    Member::new("type", TEXT),
    Member::new("data", Shape::structure(&t::CALLBACK_DATA)),
]);
static REPROCESS: Operation = Operation::action("reprocess");
static MOVE_TO_CATALOG: Operation =
    Operation::action("moveToCatalog").takes(&[Member::new("catalogId", TEXT.never_null())]).only_in(&[Version::Beta]);
static REQUIREMENTS: Operation =
    Operation::action("getApplicablePolicyRequirements").gives(Returned::Value(Shape::structures(&t::REQUIREMENTS)));
static PACKAGES_BY_USER: Operation = by_user(&[Member::new("on", Shape::word(&PACKAGES_OF).never_null())]);
static ASSIGNMENTS_BY_USER: Operation = by_user(&[Member::new("on", Shape::word(&ASSIGNMENTS_OF).never_null())]);
static REQUESTS_BY_USER: Operation = by_user(&[Member::new("on", Shape::word(&REQUESTS_OF).never_null())]);

static ADDITIONAL_ACCESS: Operation = Operation::selection(
    "additionalAccess",
    &[Member::new("accessPackageId", TEXT), Member::new("incompatibleAccessPackageId", TEXT)],
);

const fn by_user(parameters: &'static [Member]) -> Operation {
    Operation::selection("filterByCurrentUser", parameters)
}

/// A catalog.
pub static CATALOG: EntityType = EntityType::new(
    "accessPackageCatalog",
    c::catalog::RELATION,
    &[
        id(Name::both("id"), &[c::catalog::ID]).required(),
        keyed(Name::both("displayName"), &[c::catalog::NAME], c::catalog::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::catalog::DESCRIPTION]),
        Property::new(Name::both("catalogType"), Codec::Enum(&CATALOG_TYPE), &[c::catalog::KIND])
            .by(c::catalog::KIND, Kind::Enum(&CATALOG_TYPE))
            .required(),
        Property::new(Name::pair("state", "catalogStatus"), Codec::Enum(&CATALOG_STATE), &[c::catalog::STATE])
            .by(c::catalog::STATE, Kind::Enum(&CATALOG_STATE))
            .required(),
        flag(Name::both("isExternallyVisible"), &[c::catalog::EXTERNAL]),
        time(Name::both("createdDateTime"), &[c::catalog::CREATED]).required(),
        time(Name::both("modifiedDateTime"), &[c::catalog::MODIFIED]).required(),
        Property::new(Name::pair("", "createdBy"), Codec::Text, &[c::catalog::CREATED_BY]),
        Property::new(Name::pair("", "modifiedBy"), Codec::Text, &[c::catalog::MODIFIED_BY]),
        keyed(Name::pair("", "uniqueName"), &[c::catalog::UNIQUE_NAME], c::catalog::UNIQUE_KEY).unique(),
        fixed(Name::pair("", "privilegeLevel"), "\"standard\"").is(Shape::word(&PRIVILEGE_LEVEL).never_null()),
    ],
)
.nav(&[
    Nav::back(Name::both("accessPackages"), &PACKAGE, c::package::CATALOG).contained(),
    Nav::back(Name::pair("resources", "accessPackageResources"), &RESOURCE, c::resource::CATALOG).contained(),
    Nav::back(Name::pair("resourceRoles", "accessPackageResourceRoles"), &RESOURCE_ROLE, c::resource_role::CATALOG)
        .contained(),
    Nav::back(Name::pair("resourceScopes", "accessPackageResourceScopes"), &RESOURCE_SCOPE, c::resource_scope::CATALOG)
        .contained(),
    Nav::back(
        Name::pair("customWorkflowExtensions", "accessPackageCustomWorkflowExtensions"),
        &EXTENSION,
        c::workflow_extension::CATALOG,
    )
    .contained(),
    Nav::back(Name::pair("", "customAccessPackageWorkflowExtensions"), &LEGACY, c::legacy_extension::CATALOG)
        .contained(),
])
.search(SearchBy::Columns(&[c::catalog::NAME_KEY]));

/// A resource of a catalog.
pub static RESOURCE: EntityType = EntityType::new(
    "accessPackageResource",
    c::resource::RELATION,
    &[
        id(Name::both("id"), &[c::resource::ID]).required(),
        keyed(Name::both("displayName"), &[c::resource::NAME], c::resource::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::resource::DESCRIPTION]),
        keyed(Name::both("originId"), &[c::resource::ORIGIN_ID], c::resource::ORIGIN_KEY).required(),
        Property::new(Name::both("originSystem"), Codec::Enum(&ORIGIN_SYSTEM), &[c::resource::SYSTEM])
            .by(c::resource::SYSTEM, Kind::Enum(&ORIGIN_SYSTEM))
            .required(),
        time(Name::pair("createdDateTime", "addedOn"), &[c::resource::CREATED]).required(),
        time(Name::pair("modifiedDateTime", ""), &[c::resource::MODIFIED]).required(),
        Property::new(Name::pair("", "addedBy"), Codec::Text, &[c::resource::ADDED_BY]),
        keyed(Name::pair("", "resourceType"), &[c::resource::KIND], c::resource::KIND_KEY).required(),
        fixed(Name::pair("", "isPendingOnboarding"), "false").is(FLAG),
        Property::new(Name::pair("", "url"), Codec::Custom(address), &[c::resource::SYSTEM, c::resource::ORIGIN_ID]),
        Property::new(Name::both("attributes"), Codec::Custom(attributes), &[c::resource::ATTRIBUTES])
            .is(Shape::structures(&t::RESOURCE_ATTRIBUTE)),
    ],
)
.nav(&[
    Nav::back(Name::pair("roles", "accessPackageResourceRoles"), &RESOURCE_ROLE, c::resource_role::RESOURCE)
        .contained(),
    Nav::back(Name::pair("scopes", "accessPackageResourceScopes"), &RESOURCE_SCOPE, c::resource_scope::RESOURCE)
        .contained(),
    Nav::one(Name::pair("environment", "accessPackageResourceEnvironment"), &ENVIRONMENT, c::resource::ENVIRONMENT),
])
.ops(&[&REFRESH])
.search(SearchBy::Columns(&[c::resource::NAME_KEY]));

/// The address of what has one: a site.
fn address(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::opt_text(
        out,
        row.cell(1).text().filter(|_| row.cell(0).int() == Some(OriginSystem::SharePointOnline.code())),
    );
}

/// A role of a resource.
pub static RESOURCE_ROLE: EntityType = EntityType::new(
    "accessPackageResourceRole",
    c::resource_role::RELATION,
    &[
        id(Name::both("id"), &[c::resource_role::ID]).required(),
        keyed(Name::both("displayName"), &[c::resource_role::NAME], c::resource_role::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::resource_role::DESCRIPTION]),
        keyed(Name::both("originId"), &[c::resource_role::ORIGIN_ID], c::resource_role::ORIGIN_KEY).required(),
        Property::new(Name::both("originSystem"), Codec::Enum(&ORIGIN_SYSTEM), &[c::role_resource::SYSTEM])
            .by(c::role_resource::SYSTEM, Kind::Enum(&ORIGIN_SYSTEM))
            .required(),
        fixed(Name::both("type"), "null").is(Shape::word(&ROLE_TYPE)),
    ],
)
.nav(&[Nav::one(Name::pair("resource", "accessPackageResource"), &RESOURCE, c::resource_role::RESOURCE).contained()]);

/// A scope of a resource: the root.
pub static RESOURCE_SCOPE: EntityType = EntityType::new(
    "accessPackageResourceScope",
    c::resource_scope::RELATION,
    &[
        id(Name::both("id"), &[c::resource_scope::ID]).required(),
        fixed(Name::both("displayName"), "\"Root\""),
        fixed(Name::both("description"), "\"Root Scope\""),
        keyed(Name::both("originId"), &[c::resource_scope::ORIGIN_ID], c::resource_scope::ORIGIN_KEY).required(),
        Property::new(Name::both("originSystem"), Codec::Enum(&ORIGIN_SYSTEM), &[c::scope_resource::SYSTEM])
            .by(c::scope_resource::SYSTEM, Kind::Enum(&ORIGIN_SYSTEM))
            .required(),
        fixed(Name::both("isRootScope"), "true").is(FLAG),
        fixed(Name::pair("", "roleOriginId"), "null"),
        Property::new(
            Name::pair("", "url"),
            Codec::Custom(address),
            &[c::scope_resource::SYSTEM, c::resource_scope::ORIGIN_ID],
        ),
    ],
)
.nav(&[Nav::one(Name::pair("resource", "accessPackageResource"), &RESOURCE, c::resource_scope::RESOURCE).contained()]);

/// The id of a resource role in a package is made of both ids.
pub(super) fn role_scope_id(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let (role, scope) = (row.cell(0).id().unwrap_or_default(), row.cell(1).id().unwrap_or_default());
    json::text(out, &format!("{role}_{scope}"));
}

/// A resource role in a package.
pub static ROLE_SCOPE: EntityType = EntityType::new(
    "accessPackageResourceRoleScope",
    c::package_role::RELATION,
    &[
        Property::new(Name::both("id"), Codec::Custom(role_scope_id), &[c::package_role::ROLE, c::package_role::SCOPE]),
        time(Name::both("createdDateTime"), &[c::package_role::CREATED]).required(),
        Property::new(Name::pair("", "createdBy"), Codec::Text, &[c::package_role::CREATED_BY]),
        Property::new(Name::pair("", "modifiedBy"), Codec::Text, &[c::package_role::CREATED_BY]),
        Property::new(Name::pair("", "modifiedDateTime"), Codec::Time, &[c::package_role::CREATED]),
    ],
)
.nav(&[
    Nav::one(Name::pair("role", "accessPackageResourceRole"), &RESOURCE_ROLE, c::package_role::ROLE).contained(),
    Nav::one(Name::pair("scope", "accessPackageResourceScope"), &RESOURCE_SCOPE, c::package_role::SCOPE).contained(),
]);

/// A request to add or remove a resource: done when it is made.
pub static RESOURCE_REQUEST: EntityType = EntityType::new(
    "accessPackageResourceRequest",
    c::resource_request::RELATION,
    &[
        id(Name::both("id"), &[c::resource_request::ID]).required(),
        Property::new(Name::both("requestType"), Codec::Enum(&REQUEST_TYPE), &[c::resource_request::KIND])
            .by(c::resource_request::KIND, Kind::Enum(&REQUEST_TYPE))
            .required(),
        fixed(Name::pair("state", ""), "\"delivered\"").is(Shape::word(&REQUEST_STATE)),
        fixed(Name::pair("", "requestState"), "\"Delivered\""),
        fixed(Name::pair("", "requestStatus"), "\"Fulfilled\""),
        time(Name::pair("createdDateTime", ""), &[c::resource_request::CREATED]).required(),
        id(Name::pair("", "catalogId"), &[c::resource_request::CATALOG]).required(),
        Property::new(Name::pair("", "justification"), Codec::Text, &[c::resource_request::JUSTIFICATION]),
        fixed(Name::pair("", "executeImmediately"), "true").is(FLAG),
        fixed(Name::pair("", "isValidationOnly"), "false").is(FLAG),
        fixed(Name::pair("", "expirationDateTime"), "null").is(TIME),
    ],
)
.nav(&[
    Nav::one(Name::pair("resource", "accessPackageResource"), &RESOURCE, c::resource_request::RESOURCE)
        .contained_in(&[Version::V1]),
    Nav::one(Name::pair("catalog", ""), &CATALOG, c::resource_request::CATALOG).contained(),
    Nav::one(Name::pair("", "requestor"), &SUBJECT, c::resource_request::REQUESTOR).contained(),
]);

/// An access package.
pub static PACKAGE: EntityType = EntityType::new(
    "accessPackage",
    c::package::RELATION,
    &[
        id(Name::both("id"), &[c::package::ID]).required(),
        keyed(Name::both("displayName"), &[c::package::NAME], c::package::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::package::DESCRIPTION]),
        flag(Name::both("isHidden"), &[c::package::HIDDEN]),
        time(Name::both("createdDateTime"), &[c::package::CREATED]).required(),
        time(Name::both("modifiedDateTime"), &[c::package::MODIFIED]).required(),
        id(Name::pair("", "catalogId"), &[c::package::CATALOG]).required(),
        flag(Name::pair("", "isRoleScopesVisible"), &[c::package::SCOPES_VISIBLE]),
        Property::new(Name::pair("", "createdBy"), Codec::Text, &[c::package::CREATED_BY]),
        Property::new(Name::pair("", "modifiedBy"), Codec::Text, &[c::package::MODIFIED_BY]),
        keyed(Name::pair("", "uniqueName"), &[c::package::UNIQUE_NAME], c::package::UNIQUE_KEY).unique(),
    ],
)
.nav(&[
    Nav::one(Name::pair("catalog", "accessPackageCatalog"), &CATALOG, c::package::CATALOG),
    Nav::back(Name::pair("assignmentPolicies", "accessPackageAssignmentPolicies"), &POLICY, c::policy::PACKAGE)
        .contained(),
    Nav::back(
        Name::pair("resourceRoleScopes", "accessPackageResourceRoleScopes"),
        &ROLE_SCOPE,
        c::package_role::PACKAGE,
    )
    .contained(),
    Nav::link(Name::both("incompatibleAccessPackages"), &PACKAGE, link::INCOMPATIBLE_PACKAGES),
    Nav::link(Name::both("accessPackagesIncompatibleWith"), &PACKAGE, link::INCOMPATIBLE_WITH),
    Nav::link(Name::both("incompatibleGroups"), &INCOMPATIBLE_GROUP, link::INCOMPATIBLE_GROUPS).contained(),
])
.ops(&[&PACKAGES_BY_USER, &MOVE_TO_CATALOG, &REQUIREMENTS])
.search(SearchBy::Columns(&[c::package::NAME_KEY]));

/// The name of a subject; of somebody who was deleted, and can be restored, with a mark (decisions.md B8).
pub(super) fn subject_name(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let name = row.cell(0).text().unwrap_or_default();
    if row.cell(1).is_null() { json::text(out, name) } else { json::text(out, &format!("{name} (deleted)")) }
}

/// A subject.
pub static SUBJECT: EntityType = EntityType::new(
    "accessPackageSubject",
    c::subject::RELATION,
    &[
        id(Name::both("id"), &[c::subject::ID]).required(),
        id(Name::both("objectId"), &[c::subject::OBJECT]).unique(),
        Property::new(
            Name::both("displayName"),
            Codec::Custom(subject_name),
            &[c::subject::NAME, c::subject_object::DELETED],
        )
        .by(c::subject::NAME_KEY, Kind::Text)
        .required(),
        keyed(Name::both("email"), &[c::subject::EMAIL], c::subject::EMAIL_KEY),
        Property::new(Name::both("principalName"), Codec::Text, &[c::subject::PRINCIPAL_NAME]),
        Property::new(Name::pair("subjectType", "type"), Codec::Enum(&SUBJECT_TYPE), &[c::subject::KIND])
            .by(c::subject::KIND, Kind::Enum(&SUBJECT_TYPE))
            .required(),
        Property::new(Name::both("subjectLifecycle"), Codec::Enum(&SUBJECT_LIFECYCLE), &[c::subject::LIFECYCLE])
            .by(c::subject::LIFECYCLE, Kind::Enum(&SUBJECT_LIFECYCLE))
            .required()
            .never_null(),
        fixed(Name::both("onPremisesSecurityIdentifier"), "null"),
        fixed(Name::pair("", "altSecId"), "null"),
        time(Name::pair("", "cleanupScheduledDateTime"), &[c::subject::CLEANUP]),
        id(Name::pair("", "connectedOrganizationId"), &[c::subject::ORGANIZATION]),
    ],
)
.nav(&[Nav::one(Name::both("connectedOrganization"), &CONNECTED_ORGANIZATION, c::subject::ORGANIZATION)])
.search(SearchBy::Columns(&[c::subject::NAME_KEY]));

/// An expiration pattern.
fn expiration(out: &mut Vec<u8>, end: &Expiration) {
    let (kind, duration, at) = match end {
        Expiration::NotSpecified => ("notSpecified", None, None),
        Expiration::Never => ("noExpiration", None, None),
        Expiration::After(duration) => ("afterDuration", Some(duration.to_string()), None),
        Expiration::At(at) => ("afterDateTime", None, Some(*at)),
    };
    out.extend(b"{\"endDateTime\":");
    json::opt_time(out, at);
    out.extend(b",\"duration\":");
    json::opt_text(out, duration.as_deref());
    out.extend(b",\"type\":");
    json::text(out, kind);
    out.push(b'}');
}

fn schedule(out: &mut Vec<u8>, start: Option<jiff::Timestamp>, end: &Expiration) {
    out.extend(b"{\"startDateTime\":");
    json::opt_time(out, start);
    out.extend(b",\"recurrence\":null,\"expiration\":");
    expiration(out, end);
    out.push(b'}');
}

/// The dates a request asked for.
fn request_schedule(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let wanted: WantedSchedule = row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    schedule(out, wanted.start, &wanted.end);
}

/// The dates of an assignment: start and end are instants by then.
fn assignment_schedule(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let end = row.cell(1).int().map_or(Expiration::Never, |at| Expiration::At(from_micros(at)));
    schedule(out, row.cell(0).int().map(from_micros), &end);
}

/// An answer, with the question as it was when it was answered.
pub fn answer_json(a: &Answer, version: Version) -> Json {
    let question = match &a.asked {
        Some(question) => question_json(question, version),
        None => {
            let kind = if a.is_choice { "MultipleChoice" } else { "TextInput" };
            let kind = format!("#microsoft.graph.accessPackage{kind}Question");
            serde_json::json!({ "@odata.type": kind, "id": a.question })
        }
    };
    serde_json::json!({
        "@odata.type": "#microsoft.graph.accessPackageAnswerString",
        "value": a.value,
        "displayValue": a.display.as_ref().unwrap_or(&a.value),
        "answeredQuestion": question,
    })
}

fn answers(row: &dyn Cells, version: Version, out: &mut Vec<u8>) {
    let answers: Vec<Answer> = row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    json::any(out, &answers.iter().map(|a| answer_json(a, version)).collect::<Vec<_>>());
}

/// The credentials that a request was made with.
fn credentials(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let text = row.cell(0).text().filter(|t| *t != "[]");
    let all: Vec<Proof> = text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let shown = |p: &Proof| serde_json::json!({ "authority": p.issuer, "type": p.kinds, "claims": p.claims });
    json::any(out, &all.iter().map(shown).collect::<Vec<_>>());
}

/// The beginning of a request and its end, with the reason of that. What approvers did stands in its approval.
fn history(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let one = |action: &str, at: Option<i64>, detail: Option<&str>| {
        serde_json::json!({ "action": action, "actionDateTime": at.map(from_micros), "detail": detail,
            "scheduledDateTime": null, "userDisplayName": null, "userPrincipalName": null })
    };
    let mut all = vec![one("Accepted", row.cell(0).int(), None)];
    if let Some(at) = row.cell(1).int() {
        all.push(one(row.cell(2).text().unwrap_or_default(), Some(at), row.cell(3).text()));
    }
    json::any(out, &all);
}

/// What a resource asks requestors for.
fn attributes(row: &dyn Cells, version: Version, out: &mut Vec<u8>) {
    let text = row.cell(0).text().filter(|t| *t != "[]");
    let all: Vec<ResourceAttribute> = text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let shown = |a: &ResourceAttribute| {
        let destination = serde_json::json!({
            "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore",
        });
        let source = serde_json::json!({
            "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
            "question": question_json(&a.question, version),
        });
        let (editable, persists) = (a.is_editable, a.is_persistent);
        if version == Version::Beta {
            return serde_json::json!({
                "id": a.question.id, "attributeName": a.name, "isEditable": editable,
                "isPersistedOnAssignmentRemoval": persists, "attributeDestination": destination, "attributeSource": source,
            });
        }
        serde_json::json!({
            "name": a.name, "isEditable": editable, "isPersistedOnAssignmentRemoval": persists,
            "destination": destination, "source": source,
        })
    };
    json::any(out, &all.iter().map(shown).collect::<Vec<_>>());
}

/// An assignment request.
pub static REQUEST: EntityType = EntityType::new(
    "accessPackageAssignmentRequest",
    c::request::RELATION,
    &[
        id(Name::both("id"), &[c::request::ID]).required(),
        Property::new(Name::both("requestType"), Codec::Enum(&REQUEST_TYPE), &[c::request::KIND])
            .by(c::request::KIND, Kind::Enum(&REQUEST_TYPE))
            .required(),
        Property::new(Name::pair("state", "requestState"), Codec::Enum(&REQUEST_STATE), &[c::request::STATE])
            .by(c::request::STATE, Kind::Enum(&REQUEST_STATE))
            .required(),
        Property::new(Name::pair("status", "requestStatus"), Codec::Text, &[c::request::STATUS]),
        time(Name::both("createdDateTime"), &[c::request::CREATED]).required(),
        time(Name::pair("completedDateTime", "completedDate"), &[c::request::COMPLETED]),
        Property::new(Name::both("schedule"), Codec::Custom(request_schedule), &[c::request::SCHEDULE])
            .is(Shape::structure(&t::SCHEDULE)),
        Property::new(Name::both("justification"), Codec::Text, &[c::request::JUSTIFICATION]),
        Property::new(Name::both("answers"), Codec::Custom(answers), &[c::request::ANSWERS])
            .is(Shape::structures(&t::ANSWER)),
        fixed(Name::both("customExtensionCalloutInstances"), "[]").is(Shape::structures(&t::CALLOUT)),
        fixed(Name::pair("", "customExtensionHandlerInstances"), "[]").is(Shape::structures(&t::HANDLER_CALL)),
        Property::new(
            Name::pair("", "verifiedCredentialsData"),
            Codec::Custom(credentials),
            &[c::request::CREDENTIALS],
        )
        .is(Shape::structures(&t::PRESENTED_CREDENTIAL)),
        Property::new(
            Name::pair("", "history"),
            Codec::Custom(history),
            &[c::request::CREATED, c::request::COMPLETED, c::request::STATUS, c::request::REASON],
        )
        .is(Shape::structures(&t::ACTIVITY))
        .on_request(),
        fixed(Name::pair("", "isValidationOnly"), "false").is(FLAG),
        fixed(Name::pair("", "expirationDateTime"), "null").is(TIME),
    ],
)
.nav(&[
    Nav::one(Name::both("accessPackage"), &PACKAGE, c::request::PACKAGE),
    Nav::one(Name::both("requestor"), &SUBJECT, c::request::REQUESTOR).contained_in(&[Version::Beta]),
    Nav::one(Name::pair("assignment", "accessPackageAssignment"), &ASSIGNMENT, c::request::ASSIGNMENT)
        .contained_in(&[Version::Beta])
        .beyond(&[
            Nav::one(Name::both("accessPackage"), &PACKAGE, c::request::PACKAGE),
            Nav::one(Name::pair("assignmentPolicy", "accessPackageAssignmentPolicy"), &POLICY, c::request::POLICY),
            Nav::one(Name::both("target"), &SUBJECT, c::request::TARGET),
        ]),
])
.ops(&[&REQUESTS_BY_USER, &CANCEL, &REPROCESS, &RESUME]);

/// Members a filter can address below `schedule`.
static ASSIGNMENT_SCHEDULE: [Property; 2] = [
    time(Name::both("startDateTime"), &[c::assignment::STARTS]).required(),
    Property::new(Name::both("expiration"), Codec::Json, &[])
        .with_members(&[time(Name::both("endDateTime"), &[c::assignment::ENDS])]),
];

/// An assignment.
pub static ASSIGNMENT: EntityType = EntityType::new(
    "accessPackageAssignment",
    c::assignment::RELATION,
    &[
        id(Name::both("id"), &[c::assignment::ID]).required(),
        Property::new(Name::pair("state", "assignmentState"), Codec::Enum(&ASSIGNMENT_STATE), &[c::assignment::STATE])
            .by(c::assignment::STATE, Kind::Enum(&ASSIGNMENT_STATE))
            .required(),
        Property::new(Name::pair("status", "assignmentStatus"), Codec::Text, &[c::assignment::STATUS]),
        Property::new(
            Name::both("schedule"),
            Codec::Custom(assignment_schedule),
            &[c::assignment::STARTS, c::assignment::ENDS],
        )
        .is(Shape::structure(&t::SCHEDULE))
        .with_members(&ASSIGNMENT_SCHEDULE),
        time(Name::both("expiredDateTime"), &[c::assignment::ENDED]),
        fixed(Name::both("customExtensionCalloutInstances"), "[]").is(Shape::structures(&t::CALLOUT)),
        id(Name::pair("", "accessPackageId"), &[c::assignment::PACKAGE]).required(),
        id(Name::pair("", "assignmentPolicyId"), &[c::assignment::POLICY]).required(),
        id(Name::pair("", "catalogId"), &[c::assignment::CATALOG]).required(),
        id(Name::pair("", "targetId"), &[c::assignment::TARGET]).required(),
        Property::new(Name::pair("", "isExtended"), Codec::Bool, &[c::assignment::EXTENDED]).is(FLAG),
    ],
)
.nav(&[
    Nav::one(Name::both("accessPackage"), &PACKAGE, c::assignment::PACKAGE).contained_in(&[Version::Beta]),
    Nav::one(Name::pair("assignmentPolicy", "accessPackageAssignmentPolicy"), &POLICY, c::assignment::POLICY)
        .contained_in(&[Version::Beta]),
    Nav::one(Name::both("target"), &SUBJECT, c::assignment::TARGET).contained_in(&[Version::Beta]),
    Nav::back(Name::pair("", "accessPackageAssignmentRequests"), &REQUEST, c::request::ASSIGNMENT).contained(),
    Nav::link(
        Name::pair("", "accessPackageAssignmentResourceRoles"),
        &ASSIGNMENT_RESOURCE_ROLE,
        link::ASSIGNMENT_GRANTS,
    )
    .contained(),
])
.ops(&[&ASSIGNMENTS_BY_USER, &ADDITIONAL_ACCESS, &REPROCESS]);

/// Fulfilled, on its way, or failed.
pub(super) fn grant_status(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let desired = row.cell(0).bool().unwrap_or(false);
    let held = row.cell(1).int() == Some(1);
    let failed = !row.cell(2).is_null();
    json::text(
        out,
        match (desired == held, failed) {
            (true, _) => "Fulfilled",
            (false, true) => "DeliveryFailed",
            (false, false) => "PendingFulfillment",
        },
    );
}

/// A resource role that assignments give to a subject.
pub static ASSIGNMENT_RESOURCE_ROLE: EntityType = EntityType::new(
    "accessPackageAssignmentResourceRole",
    c::grant::RELATION,
    &[
        id(Name::pair("", "id"), &[c::grant::ID]).required(),
        keyed(Name::pair("", "originId"), &[c::grant_role::ORIGIN_ID], c::grant_role::ORIGIN_KEY).required(),
        Property::new(Name::pair("", "originSystem"), Codec::Enum(&ORIGIN_SYSTEM), &[c::grant_resource::SYSTEM])
            .by(c::grant_resource::SYSTEM, Kind::Enum(&ORIGIN_SYSTEM))
            .required(),
        Property::new(
            Name::pair("", "status"),
            Codec::Custom(grant_status),
            &[c::grant::DESIRED, c::grant::OBSERVED, c::grant::ERROR],
        ),
    ],
)
.nav(&[
    Nav::link(Name::pair("", "accessPackageAssignments"), &ASSIGNMENT, link::GRANT_ASSIGNMENTS).contained(),
    Nav::one(Name::pair("", "accessPackageResourceRole"), &RESOURCE_ROLE, c::grant::ROLE).contained(),
    Nav::one(Name::pair("", "accessPackageResourceScope"), &RESOURCE_SCOPE, c::grant::SCOPE).contained(),
    Nav::one(Name::pair("", "accessPackageSubject"), &SUBJECT, c::grant::SUBJECT).contained(),
]);
