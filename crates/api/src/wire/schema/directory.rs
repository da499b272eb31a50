//! Users, groups, applications, service principals (semantics.md 13). Properties that no rule acts on are kept as
//! attributes and shown under their published names (decisions.md B11).

use super::types::{FLAG, GUID, GUIDS, NATIVE_APIS, NUMBER, TEXT, TEXTS, TIME, directory as t};
use super::{fixed, flag, id, keyed, time};
use crate::wire::json;
use tenure_domain::attribute::is_extension;
use tenure_odata::edm::{
    Codec, Column, EntityType, EnumType, Items, Kind, Name, Nav, Open, Property, Relation, SearchBy, Variant, Version,
};
use tenure_odata::types::{Member, Operation, Primitive, Returned, Shape, Type};
use tenure_odata::{Cells, LIST_SEPARATOR};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;

const ATTRS: &[Column] = &[c::object::ATTRS];

/// Member or guest; spelt with a capital in both versions.
static USER_TYPE: EnumType = EnumType::strings(&[(1, "Member"), (2, "Guest")]);

/// The kind of a principal.
static PRINCIPAL_TYPE: EnumType = EnumType::strings(&[(1, "User"), (2, "Group"), (3, "ServicePrincipal")]);

fn group_types(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let words: Vec<&str> = row
        .cell(0)
        .text()
        .unwrap_or_default()
        .split(LIST_SEPARATOR)
        .filter_map(|word| match word {
            "unified" => Some("Unified"),
            "dynamicmembership" => Some("DynamicMembership"),
            _ => None,
        })
        .collect();
    json::any(out, &words);
}

fn rule_state(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::opt_text(out, row.cell(0).text().map(|_| "On"));
}

/// The names a service principal answers to: its app id, unless it has others.
fn service_principal_names(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let attributes: serde_json::Value =
        row.cell(1).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    match attributes.get("servicePrincipalNames") {
        Some(names) => json::any(out, names),
        None => json::any(out, &[row.cell(0).id().unwrap_or_default()]),
    }
}

const ID: Property = id(Name::both("id"), &[c::object::ID]).required();
const DELETED: Property = time(Name::both("deletedDateTime"), &[c::object::DELETED]);
const NAME: Property = keyed(Name::both("displayName"), &[c::object::NAME], c::object::NAME_KEY).required();
const CREATED: Property = time(Name::both("createdDateTime"), &[c::object::CREATED]).required();

const fn member_of() -> Nav {
    Nav::link(Name::both("memberOf"), &DIRECTORY_OBJECT, link::MEMBER_OF)
}

const fn transitive_member_of() -> Nav {
    Nav::link(Name::both("transitiveMemberOf"), &DIRECTORY_OBJECT, link::TRANSITIVE_MEMBER_OF)
}

const fn owners() -> Nav {
    Nav::link(Name::both("owners"), &DIRECTORY_OBJECT, link::OWNERS)
}

const fn owned() -> Nav {
    Nav::link(Name::both("ownedObjects"), &DIRECTORY_OBJECT, link::OWNED)
}

const fn app_role_assignments() -> Nav {
    Nav::back(Name::both("appRoleAssignments"), &APP_ROLE_ASSIGNMENT, c::app_role_assignment::PRINCIPAL).contained()
}

/// Operations that every directory object has.
const OBJECT_OPERATIONS: &[&Operation] = &[
    &CHECK_MEMBER_GROUPS,
    &CHECK_MEMBER_OBJECTS,
    &GET_MEMBER_GROUPS,
    &GET_MEMBER_OBJECTS,
    &GET_BY_IDS,
    &RESTORE,
    &VALIDATE,
    &EXTENSION_PROPERTIES,
    &DELTA,
];

/// And those of people.
const USER_OPERATIONS: &[&Operation] = &[
    &CHECK_MEMBER_GROUPS,
    &CHECK_MEMBER_OBJECTS,
    &GET_MEMBER_GROUPS,
    &GET_MEMBER_OBJECTS,
    &GET_BY_IDS,
    &RESTORE,
    &VALIDATE,
    &EXTENSION_PROPERTIES,
    &ASSIGN_LICENSE,
    &DELTA,
];

/// And those of groups.
const GROUP_OPERATIONS: &[&Operation] = &[
    &CHECK_MEMBER_GROUPS,
    &CHECK_MEMBER_OBJECTS,
    &GET_MEMBER_GROUPS,
    &GET_MEMBER_OBJECTS,
    &GET_BY_IDS,
    &RESTORE,
    &VALIDATE,
    &VALIDATE_GROUP,
    &EXTENSION_PROPERTIES,
    &ASSIGN_LICENSE,
    &DELTA,
];

const fn of_object(name: &'static str) -> Operation {
    Operation::action(name).bound_to("directoryObject")
}

static CHECK_MEMBER_GROUPS: Operation =
    of_object("checkMemberGroups").takes(&[Member::new("groupIds", TEXTS)]).gives(Returned::Value(TEXTS));
static CHECK_MEMBER_OBJECTS: Operation =
    of_object("checkMemberObjects").takes(&[Member::new("ids", TEXTS)]).gives(Returned::Value(TEXTS));
static GET_MEMBER_GROUPS: Operation =
    of_object("getMemberGroups").takes(&[Member::new("securityEnabledOnly", FLAG)]).gives(Returned::Value(TEXTS));
static GET_MEMBER_OBJECTS: Operation =
    of_object("getMemberObjects").takes(&[Member::new("securityEnabledOnly", FLAG)]).gives(Returned::Value(TEXTS));
static GET_BY_IDS: Operation = of_object("getByIds")
    .on_many()
    .takes(&[Member::new("ids", TEXTS), Member::new("types", Shape { nullable: true, ..TEXTS })])
    .gives(Returned::Bound { many: true, nullable: false });
static VALIDATE: Operation = of_object("validateProperties").on_many().takes(&[
    Member::new("entityType", TEXT),
    Member::new("displayName", TEXT),
    Member::new("mailNickname", TEXT),
    Member::new("onBehalfOfUserId", GUID),
]);
static VALIDATE_GROUP: Operation = Operation::action("validateProperties").takes(&[
    Member::new("displayName", TEXT),
    Member::new("mailNickname", TEXT),
    Member::new("onBehalfOfUserId", GUID),
]);
static EXTENSION_PROPERTIES: Operation = of_object("getAvailableExtensionProperties")
    .on_many()
    .takes(&[Member::new("isSyncedFromOnPremises", FLAG)])
    .gives(Returned::Value(Shape::structures(&t::EXTENSION_PROPERTY)))
    .only_in(&[Version::V1]);
static ASSIGN_LICENSE: Operation = Operation::action("assignLicense")
    .takes(&[
        Member::new("addLicenses", Shape::structures(&t::ASSIGNED_LICENSE).never_null()),
        Member::new("removeLicenses", GUIDS.never_null()),
    ])
    .gives(Returned::Bound { many: false, nullable: true });
static RESTORE: Operation = of_object("restore").gives(Returned::Bound { many: false, nullable: true });

/// What changed since the last round; each type has its own.
static DELTA: Operation = Operation::selection("delta", &[]).only_in(&[Version::V1, Version::Beta]);

static ADD_PASSWORD: Operation = Operation::action("addPassword")
    .takes(&[Member::new("passwordCredential", Shape::structure(&t::PASSWORD_CREDENTIAL))])
    .gives(Returned::Value(Shape::structure(&t::PASSWORD_CREDENTIAL)));
static REMOVE_PASSWORD: Operation =
    Operation::action("removePassword").takes(&[Member::new("keyId", GUID.never_null())]);

/// Derived types of a directory object.
static KINDS: [Variant; 4] = [
    Variant { code: 1, entity: &USER },
    Variant { code: 2, entity: &GROUP },
    Variant { code: 3, entity: &SERVICE_PRINCIPAL },
    Variant { code: 4, entity: &APPLICATION },
];

/// A directory object of any kind.
pub static DIRECTORY_OBJECT: EntityType = EntityType::new(
    "directoryObject",
    c::object::RELATION,
    &[ID, DELETED.on_request(), NAME.on_request().of_derived()],
)
.nav(&[member_of().of_derived(), transitive_member_of().of_derived()])
.ops(OBJECT_OPERATIONS)
.variants(c::object::KIND, &KINDS)
.says_type()
.search(SearchBy::Terms);

/// A deleted directory object of any kind.
pub static DELETED_OBJECT: EntityType =
    EntityType::new("directoryObject", Relation("deleted_object"), &[ID, DELETED, NAME.on_request().of_derived()])
        .ops(&[&RESTORE])
        .variants(c::object::KIND, &DELETED_KINDS)
        .says_type()
        .search(SearchBy::Terms);

/// Derived types of a deleted object: the same properties, from the rows of deleted objects.
static DELETED_KINDS: [Variant; 4] = [
    Variant { code: 1, entity: &DELETED_USER },
    Variant { code: 2, entity: &DELETED_GROUP },
    Variant { code: 3, entity: &DELETED_SERVICE_PRINCIPAL },
    Variant { code: 4, entity: &DELETED_APPLICATION },
];

const fn deleted(name: &'static str, properties: &'static [Property]) -> EntityType {
    EntityType::new(name, Relation("deleted_object"), properties)
        .adds_to(&DIRECTORY_OBJECT)
        .says_type()
        .search(SearchBy::Terms)
}

static DELETED_USER: EntityType = deleted("user", &USER_PROPERTIES);
static DELETED_GROUP: EntityType = deleted("group", &GROUP_PROPERTIES);
static DELETED_SERVICE_PRINCIPAL: EntityType = deleted("servicePrincipal", &SERVICE_PRINCIPAL_PROPERTIES);
static DELETED_APPLICATION: EntityType = deleted("application", &APPLICATION_PROPERTIES);

#[rustfmt::skip]
static USER_PROPERTIES: [Property; 74] = [
        ID,
        NAME,
        keyed(Name::both("userPrincipalName"), &[c::user::UPN], c::user::UPN_KEY).unique(),
        keyed(Name::both("mail"), &[c::user::MAIL], c::user::MAIL_KEY),
        Property::new(Name::both("businessPhones"), Codec::AttributeList("businessPhones"), ATTRS),
        Property::new(Name::both("givenName"), Codec::Attribute("givenName"), ATTRS).by(c::user::GIVEN_NAME_KEY, Kind::Text),
        Property::new(Name::both("jobTitle"), Codec::Attribute("jobTitle"), ATTRS).by(c::user::JOB_TITLE_KEY, Kind::Text),
        Property::new(Name::both("mobilePhone"), Codec::Attribute("mobilePhone"), ATTRS),
        Property::new(Name::both("officeLocation"), Codec::Attribute("officeLocation"), ATTRS).by(c::user::OFFICE_KEY, Kind::Text),
        Property::new(Name::both("preferredLanguage"), Codec::Attribute("preferredLanguage"), ATTRS),
        Property::new(Name::both("surname"), Codec::Attribute("surname"), ATTRS).by(c::user::SURNAME_KEY, Kind::Text),
        DELETED.on_request(),
        CREATED.on_request(),
        flag(Name::both("accountEnabled"), &[c::user::ENABLED]).on_request(),
        keyed(Name::both("mailNickname"), &[c::user::NICKNAME], c::user::NICKNAME_KEY).on_request(),
        Property::new(Name::both("userType"), Codec::Enum(&USER_TYPE), &[c::user::TYPE]).by(c::user::TYPE, Kind::Enum(&USER_TYPE)).on_request(),
        fixed(Name::both("passwordProfile"), "null").is(Shape::structure(&t::PASSWORD_PROFILE)).on_request(),
        Property::new(Name::both("ageGroup"), Codec::Attribute("ageGroup"), ATTRS).on_request(),
        Property::new(Name::both("assignedLicenses"), Codec::AttributeList("assignedLicenses"), ATTRS).is(Shape::structures(&t::ASSIGNED_LICENSE).never_null()).on_request(),
        Property::new(Name::both("assignedPlans"), Codec::AttributeList("assignedPlans"), ATTRS).is(Shape::structures(&t::ASSIGNED_PLAN).never_null()).on_request(),
        Property::new(Name::both("city"), Codec::Attribute("city"), ATTRS).by(c::user::CITY_KEY, Kind::Text).on_request(),
        Property::new(Name::both("companyName"), Codec::Attribute("companyName"), ATTRS).by(c::user::COMPANY_KEY, Kind::Text).on_request(),
        Property::new(Name::both("consentProvidedForMinor"), Codec::Attribute("consentProvidedForMinor"), ATTRS).on_request(),
        Property::new(Name::both("country"), Codec::Attribute("country"), ATTRS).by(c::user::COUNTRY_KEY, Kind::Text).on_request(),
        Property::new(Name::both("creationType"), Codec::Attribute("creationType"), ATTRS).on_request(),
        Property::new(Name::both("department"), Codec::Attribute("department"), ATTRS).by(c::user::DEPARTMENT_KEY, Kind::Text).on_request(),
        Property::new(Name::both("employeeHireDate"), Codec::Attribute("employeeHireDate"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("employeeId"), Codec::Attribute("employeeId"), ATTRS).by(c::user::EMPLOYEE_ID_KEY, Kind::Text).on_request(),
        Property::new(Name::both("employeeLeaveDateTime"), Codec::Attribute("employeeLeaveDateTime"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("employeeOrgData"), Codec::Attribute("employeeOrgData"), ATTRS).is(Shape::structure(&t::EMPLOYEE_ORG_DATA)).on_request(),
        Property::new(Name::both("employeeType"), Codec::Attribute("employeeType"), ATTRS).by(c::user::EMPLOYEE_TYPE_KEY, Kind::Text).on_request(),
        Property::new(Name::both("externalUserState"), Codec::Attribute("externalUserState"), ATTRS).on_request(),
        Property::new(Name::both("externalUserStateChangeDateTime"), Codec::Attribute("externalUserStateChangeDateTime"), ATTRS).is(TIME.in_beta(Type::Primitive(Primitive::String))).on_request(),
        Property::new(Name::both("faxNumber"), Codec::Attribute("faxNumber"), ATTRS).on_request(),
        Property::new(Name::both("identities"), Codec::AttributeList("identities"), ATTRS).is(Shape::structures(&t::IDENTITY)).on_request(),
        Property::new(Name::both("imAddresses"), Codec::AttributeList("imAddresses"), ATTRS).is(Shape { nullable: true, ..TEXTS }).on_request(),
        Property::new(Name::both("isManagementRestricted"), Codec::Attribute("isManagementRestricted"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("isResourceAccount"), Codec::Attribute("isResourceAccount"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("lastPasswordChangeDateTime"), Codec::Attribute("lastPasswordChangeDateTime"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("legalAgeGroupClassification"), Codec::Attribute("legalAgeGroupClassification"), ATTRS).on_request(),
        Property::new(Name::both("licenseAssignmentStates"), Codec::AttributeList("licenseAssignmentStates"), ATTRS).is(Shape::structures(&t::LICENSE_STATE)).on_request(),
        Property::new(Name::both("onPremisesDistinguishedName"), Codec::Attribute("onPremisesDistinguishedName"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesDomainName"), Codec::Attribute("onPremisesDomainName"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesExtensionAttributes"), Codec::Attribute("onPremisesExtensionAttributes"), ATTRS).is(Shape::structure(&t::EXTENSION_ATTRIBUTES)).on_request(),
        Property::new(Name::both("onPremisesImmutableId"), Codec::Attribute("onPremisesImmutableId"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesLastSyncDateTime"), Codec::Attribute("onPremisesLastSyncDateTime"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("onPremisesProvisioningErrors"), Codec::AttributeList("onPremisesProvisioningErrors"), ATTRS).is(Shape::structures(&t::PROVISIONING_ERROR)).on_request(),
        Property::new(Name::both("onPremisesSamAccountName"), Codec::Attribute("onPremisesSamAccountName"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesSecurityIdentifier"), Codec::Attribute("onPremisesSecurityIdentifier"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesSyncEnabled"), Codec::Attribute("onPremisesSyncEnabled"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("onPremisesUserPrincipalName"), Codec::Attribute("onPremisesUserPrincipalName"), ATTRS).on_request(),
        Property::new(Name::both("otherMails"), Codec::AttributeList("otherMails"), ATTRS).on_request(),
        Property::new(Name::both("passwordPolicies"), Codec::Attribute("passwordPolicies"), ATTRS).on_request(),
        Property::new(Name::both("postalCode"), Codec::Attribute("postalCode"), ATTRS).on_request(),
        Property::new(Name::both("preferredDataLocation"), Codec::Attribute("preferredDataLocation"), ATTRS).on_request(),
        Property::new(Name::both("provisionedPlans"), Codec::AttributeList("provisionedPlans"), ATTRS).is(Shape::structures(&t::PROVISIONED_PLAN).never_null()).on_request(),
        Property::new(Name::both("proxyAddresses"), Codec::AttributeList("proxyAddresses"), ATTRS).on_request(),
        Property::new(Name::pair("", "refreshTokensValidFromDateTime"), Codec::Attribute("refreshTokensValidFromDateTime"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("securityIdentifier"), Codec::Attribute("securityIdentifier"), ATTRS).on_request(),
        Property::new(Name::both("showInAddressList"), Codec::Attribute("showInAddressList"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("signInSessionsValidFromDateTime"), Codec::Attribute("signInSessionsValidFromDateTime"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("state"), Codec::Attribute("state"), ATTRS).by(c::user::STATE_KEY, Kind::Text).on_request(),
        Property::new(Name::both("streetAddress"), Codec::Attribute("streetAddress"), ATTRS).on_request(),
        Property::new(Name::both("usageLocation"), Codec::Attribute("usageLocation"), ATTRS).by(c::user::USAGE_LOCATION_KEY, Kind::Text).on_request(),
        Property::new(Name::both("aboutMe"), Codec::Attribute("aboutMe"), ATTRS).on_request(),
        Property::new(Name::both("birthday"), Codec::Attribute("birthday"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("hireDate"), Codec::Attribute("hireDate"), ATTRS).is(TIME).on_request(),
        Property::new(Name::both("interests"), Codec::AttributeList("interests"), ATTRS).is(Shape { nullable: true, ..TEXTS }).on_request(),
        Property::new(Name::both("mySite"), Codec::Attribute("mySite"), ATTRS).on_request(),
        Property::new(Name::both("pastProjects"), Codec::AttributeList("pastProjects"), ATTRS).is(Shape { nullable: true, ..TEXTS }).on_request(),
        Property::new(Name::both("preferredName"), Codec::Attribute("preferredName"), ATTRS).on_request(),
        Property::new(Name::both("responsibilities"), Codec::AttributeList("responsibilities"), ATTRS).is(Shape { nullable: true, ..TEXTS }).on_request(),
        Property::new(Name::both("schools"), Codec::AttributeList("schools"), ATTRS).is(Shape { nullable: true, ..TEXTS }).on_request(),
        Property::new(Name::both("skills"), Codec::AttributeList("skills"), ATTRS).is(Shape { nullable: true, ..TEXTS }).on_request(),
];

/// Where filters find schema extensions.
static EXTENSION_VALUES: Items = Items::Rows {
    relation: c::extension_value::RELATION,
    parent: c::extension_value::OBJECT,
    members: &[
        Property::new(Name::both("name"), Codec::Text, &[]).by(c::extension_value::NAME_KEY, Kind::Text).required(),
        Property::new(Name::both("value"), Codec::Text, &[]).by(c::extension_value::VALUE_KEY, Kind::Text).required(),
    ],
};

/// Schema extensions of people: `extension_<application id>_<name>`.
static EXTENSIONS: Open = Open { takes: is_extension, column: c::object::ATTRS, items: &EXTENSION_VALUES };

/// A person.
pub static USER: EntityType = EntityType::new("user", c::user::RELATION, &USER_PROPERTIES)
    .adds_to(&DIRECTORY_OBJECT)
    .nav(&[
        member_of(),
        transitive_member_of(),
        Nav::one(Name::both("manager"), &DIRECTORY_OBJECT, c::user::MANAGER),
        Nav::back(Name::both("directReports"), &DIRECTORY_OBJECT, c::user::MANAGER),
        Nav::link(Name::both("sponsors"), &DIRECTORY_OBJECT, link::SPONSORS),
        owned(),
        app_role_assignments(),
        Nav::back(Name::both("oauth2PermissionGrants"), &OAUTH_GRANT, c::oauth_grant::PRINCIPAL),
    ])
    .ops(USER_OPERATIONS)
    .open(&EXTENSIONS)
    .search(SearchBy::Terms);

#[rustfmt::skip]
static GROUP_PROPERTIES: [Property; 46] = [
        ID,
        DELETED,
        NAME,
        CREATED,
        Property::new(Name::both("groupTypes"), Codec::Custom(group_types), &[c::group::TYPES]).is(TEXTS).with_items(&Items::List(c::group::TYPES)),
        flag(Name::both("isAssignableToRole"), &[c::group::ROLE_ASSIGNABLE]),
        flag(Name::both("mailEnabled"), &[c::group::MAIL]),
        keyed(Name::both("mailNickname"), &[c::group::NICKNAME], c::group::NICKNAME_KEY).required(),
        Property::new(Name::both("membershipRule"), Codec::Text, &[c::group::RULE]),
        Property::new(Name::both("membershipRuleProcessingState"), Codec::Custom(rule_state), &[c::group::RULE]),
        flag(Name::both("securityEnabled"), &[c::group::SECURITY]),
        keyed(Name::both("uniqueName"), &[c::group::UNIQUE_NAME], c::group::UNIQUE_KEY).unique(),
        Property::new(Name::both("classification"), Codec::Attribute("classification"), ATTRS),
        Property::new(Name::both("description"), Codec::Attribute("description"), ATTRS),
        Property::new(Name::both("expirationDateTime"), Codec::Attribute("expirationDateTime"), ATTRS).is(TIME),
        Property::new(Name::both("isManagementRestricted"), Codec::Attribute("isManagementRestricted"), ATTRS).is(FLAG),
        Property::new(Name::both("mail"), Codec::Attribute("mail"), ATTRS),
        Property::new(Name::both("onPremisesDomainName"), Codec::Attribute("onPremisesDomainName"), ATTRS),
        Property::new(Name::both("onPremisesLastSyncDateTime"), Codec::Attribute("onPremisesLastSyncDateTime"), ATTRS).is(TIME),
        Property::new(Name::both("onPremisesNetBiosName"), Codec::Attribute("onPremisesNetBiosName"), ATTRS),
        Property::new(Name::both("onPremisesProvisioningErrors"), Codec::AttributeList("onPremisesProvisioningErrors"), ATTRS).is(Shape::structures(&t::PROVISIONING_ERROR)),
        Property::new(Name::both("onPremisesSamAccountName"), Codec::Attribute("onPremisesSamAccountName"), ATTRS),
        Property::new(Name::both("onPremisesSecurityIdentifier"), Codec::Attribute("onPremisesSecurityIdentifier"), ATTRS),
        Property::new(Name::both("onPremisesSyncEnabled"), Codec::Attribute("onPremisesSyncEnabled"), ATTRS).is(FLAG),
        Property::new(Name::both("preferredDataLocation"), Codec::Attribute("preferredDataLocation"), ATTRS),
        Property::new(Name::both("preferredLanguage"), Codec::Attribute("preferredLanguage"), ATTRS),
        Property::new(Name::both("proxyAddresses"), Codec::AttributeList("proxyAddresses"), ATTRS),
        Property::new(Name::both("renewedDateTime"), Codec::Attribute("renewedDateTime"), ATTRS).is(TIME),
        Property::new(Name::both("resourceBehaviorOptions"), Codec::AttributeList("resourceBehaviorOptions"), ATTRS),
        Property::new(Name::both("resourceProvisioningOptions"), Codec::AttributeList("resourceProvisioningOptions"), ATTRS),
        Property::new(Name::both("securityIdentifier"), Codec::Attribute("securityIdentifier"), ATTRS),
        Property::new(Name::both("theme"), Codec::Attribute("theme"), ATTRS),
        Property::new(Name::both("visibility"), Codec::Attribute("visibility"), ATTRS),
        Property::new(Name::both("creationOptions"), Codec::AttributeList("creationOptions"), ATTRS),
        Property::new(Name::both("allowExternalSenders"), Codec::Attribute("allowExternalSenders"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("assignedLabels"), Codec::AttributeList("assignedLabels"), ATTRS).is(Shape::structures(&t::ASSIGNED_LABEL)).on_request(),
        Property::new(Name::both("assignedLicenses"), Codec::AttributeList("assignedLicenses"), ATTRS).is(Shape::structures(&t::ASSIGNED_LICENSE).never_null()).on_request(),
        Property::new(Name::both("autoSubscribeNewMembers"), Codec::Attribute("autoSubscribeNewMembers"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("hasMembersWithLicenseErrors"), Codec::Attribute("hasMembersWithLicenseErrors"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("hideFromAddressLists"), Codec::Attribute("hideFromAddressLists"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("hideFromOutlookClients"), Codec::Attribute("hideFromOutlookClients"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("isArchived"), Codec::Attribute("isArchived"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("isSubscribedByMail"), Codec::Attribute("isSubscribedByMail"), ATTRS).is(FLAG).on_request(),
        Property::new(Name::both("licenseProcessingState"), Codec::Attribute("licenseProcessingState"), ATTRS).is(Shape::structure(&t::LICENSE_PROCESSING)).on_request(),
        Property::new(Name::both("unseenCount"), Codec::Attribute("unseenCount"), ATTRS).is(NUMBER).on_request(),
        Property::new(Name::pair("", "writebackConfiguration"), Codec::Attribute("writebackConfiguration"), ATTRS).is(Shape::structure(&t::WRITEBACK)).on_request(),
];

/// A group.
pub static GROUP: EntityType = EntityType::new("group", c::group::RELATION, &GROUP_PROPERTIES)
    .adds_to(&DIRECTORY_OBJECT)
    .nav(&[
        Nav::link(Name::both("members"), &DIRECTORY_OBJECT, link::MEMBERS),
        Nav::link(Name::both("transitiveMembers"), &DIRECTORY_OBJECT, link::TRANSITIVE_MEMBERS),
        owners(),
        member_of(),
        transitive_member_of(),
        app_role_assignments(),
    ])
    .ops(GROUP_OPERATIONS)
    .search(SearchBy::Terms);

/// A group as a part of a package that is incompatible with it: the same properties, for whoever reads the package.
pub static INCOMPATIBLE_GROUP: EntityType =
    EntityType::new("group", c::incompatible_group::RELATION, &GROUP_PROPERTIES)
        .adds_to(&DIRECTORY_OBJECT)
        .search(SearchBy::Terms);

#[rustfmt::skip]
static APPLICATION_PROPERTIES: [Property; 41] = [
        ID,
        DELETED,
        id(Name::both("appId"), &[c::application::APP_ID]).required().unique(),
        NAME,
        CREATED,
        Property::new(Name::both("appRoles"), Codec::Json, &[c::application::ROLES]).is(Shape::structures(&t::APP_ROLE).never_null()),
        Property::new(Name::both("isFallbackPublicClient"), Codec::Bool, &[c::application::PUBLIC]).by(c::application::PUBLIC, Kind::Bool),
        keyed(Name::both("uniqueName"), &[c::application::UNIQUE_NAME], c::application::UNIQUE_KEY).unique(),
        Property::new(Name::both("addIns"), Codec::AttributeList("addIns"), ATTRS).is(Shape::structures(&t::ADD_IN).never_null()),
        Property::new(Name::both("api"), Codec::Attribute("api"), ATTRS).is(Shape::structure(&t::API)),
        Property::new(Name::both("applicationTemplateId"), Codec::Attribute("applicationTemplateId"), ATTRS),
        Property::new(Name::both("certification"), Codec::Attribute("certification"), ATTRS).is(Shape::structure(&t::CERTIFICATION)),
        Property::new(Name::both("defaultRedirectUri"), Codec::Attribute("defaultRedirectUri"), ATTRS),
        Property::new(Name::both("description"), Codec::Attribute("description"), ATTRS),
        Property::new(Name::both("disabledByMicrosoftStatus"), Codec::Attribute("disabledByMicrosoftStatus"), ATTRS),
        Property::new(Name::both("groupMembershipClaims"), Codec::Attribute("groupMembershipClaims"), ATTRS),
        Property::new(Name::both("identifierUris"), Codec::AttributeList("identifierUris"), ATTRS),
        Property::new(Name::both("info"), Codec::Attribute("info"), ATTRS).is(Shape::structure(&t::INFORMATIONAL_URL)),
        Property::new(Name::both("isDeviceOnlyAuthSupported"), Codec::Attribute("isDeviceOnlyAuthSupported"), ATTRS).is(FLAG),
        Property::new(Name::both("keyCredentials"), Codec::AttributeList("keyCredentials"), ATTRS).is(Shape::structures(&t::KEY_CREDENTIAL).never_null()),
        Property::new(Name::both("notes"), Codec::Attribute("notes"), ATTRS),
        Property::new(Name::both("oauth2RequirePostResponse"), Codec::Attribute("oauth2RequirePostResponse"), ATTRS).is(FLAG),
        Property::new(Name::both("optionalClaims"), Codec::Attribute("optionalClaims"), ATTRS).is(Shape::structure(&t::OPTIONAL_CLAIMS)),
        Property::new(Name::both("parentalControlSettings"), Codec::Attribute("parentalControlSettings"), ATTRS).is(Shape::structure(&t::PARENTAL_CONTROL)),
        Property::new(Name::both("passwordCredentials"), Codec::AttributeList("passwordCredentials"), ATTRS).is(Shape::structures(&t::PASSWORD_CREDENTIAL).never_null()),
        Property::new(Name::both("publicClient"), Codec::Attribute("publicClient"), ATTRS).is(Shape::structure(&t::PUBLIC_CLIENT)),
        Property::new(Name::both("publisherDomain"), Codec::Attribute("publisherDomain"), ATTRS),
        Property::new(Name::both("requestSignatureVerification"), Codec::Attribute("requestSignatureVerification"), ATTRS).is(Shape::structure(&t::REQUEST_SIGNATURE)),
        Property::new(Name::both("requiredResourceAccess"), Codec::AttributeList("requiredResourceAccess"), ATTRS).is(Shape::structures(&t::REQUIRED_ACCESS).never_null()),
        Property::new(Name::both("samlMetadataUrl"), Codec::Attribute("samlMetadataUrl"), ATTRS),
        Property::new(Name::both("serviceManagementReference"), Codec::Attribute("serviceManagementReference"), ATTRS),
        Property::new(Name::both("signInAudience"), Codec::Attribute("signInAudience"), ATTRS),
        Property::new(Name::both("spa"), Codec::Attribute("spa"), ATTRS).is(Shape::structure(&t::SPA)),
        Property::new(Name::both("tags"), Codec::AttributeList("tags"), ATTRS),
        Property::new(Name::both("tokenEncryptionKeyId"), Codec::Attribute("tokenEncryptionKeyId"), ATTRS).is(GUID),
        Property::new(Name::both("verifiedPublisher"), Codec::Attribute("verifiedPublisher"), ATTRS).is(Shape::structure(&t::VERIFIED_PUBLISHER)),
        Property::new(Name::both("web"), Codec::Attribute("web"), ATTRS).is(Shape::structure(&t::WEB)),
        Property::new(Name::pair("", "windows"), Codec::Attribute("windows"), ATTRS).is(Shape::structure(&t::WINDOWS)),
        Property::new(Name::both("nativeAuthenticationApisEnabled"), Codec::Attribute("nativeAuthenticationApisEnabled"), ATTRS).is(Shape::word(&NATIVE_APIS)),
        Property::new(Name::both("servicePrincipalLockConfiguration"), Codec::Attribute("servicePrincipalLockConfiguration"), ATTRS).is(Shape::structure(&t::LOCK_CONFIGURATION)),
        Property::new(Name::both("authenticationBehaviors"), Codec::Attribute("authenticationBehaviors"), ATTRS).is(Shape::structure(&t::AUTHENTICATION_BEHAVIORS)),
];

/// An application.
pub static APPLICATION: EntityType = EntityType::new("application", c::application::RELATION, &APPLICATION_PROPERTIES)
    .adds_to(&DIRECTORY_OBJECT)
    .nav(&[owners()])
    .ops(&[
        &ADD_PASSWORD,
        &REMOVE_PASSWORD,
        &CHECK_MEMBER_GROUPS,
        &GET_MEMBER_GROUPS,
        &GET_MEMBER_OBJECTS,
        &GET_BY_IDS,
        &RESTORE,
        &VALIDATE,
        &EXTENSION_PROPERTIES,
        &DELTA,
    ])
    .search(SearchBy::Terms);

#[rustfmt::skip]
static SERVICE_PRINCIPAL_PROPERTIES: [Property; 37] = [
        ID,
        DELETED,
        flag(Name::both("accountEnabled"), &[c::service_principal::ENABLED]),
        id(Name::both("appId"), &[c::service_principal::APP_ID]).required().unique(),
        NAME,
        Property::new(Name::both("appDisplayName"), Codec::Text, &[c::object::NAME]),
        Property::new(Name::both("appRoles"), Codec::Json, &[c::service_principal::ROLES]).is(Shape::structures(&t::APP_ROLE).never_null()),
        Property::new(Name::both("servicePrincipalNames"), Codec::Custom(service_principal_names), &[c::service_principal::APP_ID, c::object::ATTRS]).is(TEXTS),
        Property::new(Name::both("addIns"), Codec::AttributeList("addIns"), ATTRS).is(Shape::structures(&t::ADD_IN).never_null()),
        Property::new(Name::both("alternativeNames"), Codec::AttributeList("alternativeNames"), ATTRS),
        Property::new(Name::both("appDescription"), Codec::Attribute("appDescription"), ATTRS),
        Property::new(Name::both("appOwnerOrganizationId"), Codec::Attribute("appOwnerOrganizationId"), ATTRS).is(GUID),
        Property::new(Name::both("appRoleAssignmentRequired"), Codec::AttributeFlag("appRoleAssignmentRequired"), ATTRS),
        Property::new(Name::both("applicationTemplateId"), Codec::Attribute("applicationTemplateId"), ATTRS),
        Property::new(Name::both("description"), Codec::Attribute("description"), ATTRS),
        Property::new(Name::both("disabledByMicrosoftStatus"), Codec::Attribute("disabledByMicrosoftStatus"), ATTRS),
        Property::new(Name::both("homepage"), Codec::Attribute("homepage"), ATTRS),
        Property::new(Name::both("info"), Codec::Attribute("info"), ATTRS).is(Shape::structure(&t::INFORMATIONAL_URL)),
        Property::new(Name::both("keyCredentials"), Codec::AttributeList("keyCredentials"), ATTRS).is(Shape::structures(&t::KEY_CREDENTIAL).never_null()),
        Property::new(Name::both("loginUrl"), Codec::Attribute("loginUrl"), ATTRS),
        Property::new(Name::both("logoutUrl"), Codec::Attribute("logoutUrl"), ATTRS),
        Property::new(Name::both("notes"), Codec::Attribute("notes"), ATTRS),
        Property::new(Name::both("notificationEmailAddresses"), Codec::AttributeList("notificationEmailAddresses"), ATTRS),
        Property::new(Name::pair("oauth2PermissionScopes", "publishedPermissionScopes"), Codec::AttributeList("oauth2PermissionScopes"), ATTRS).is(Shape::structures(&t::PERMISSION_SCOPE).never_null()),
        Property::new(Name::both("passwordCredentials"), Codec::AttributeList("passwordCredentials"), ATTRS).is(Shape::structures(&t::PASSWORD_CREDENTIAL).never_null()),
        Property::new(Name::both("preferredSingleSignOnMode"), Codec::Attribute("preferredSingleSignOnMode"), ATTRS),
        Property::new(Name::both("preferredTokenSigningKeyThumbprint"), Codec::Attribute("preferredTokenSigningKeyThumbprint"), ATTRS),
        Property::new(Name::both("replyUrls"), Codec::AttributeList("replyUrls"), ATTRS),
        Property::new(Name::both("resourceSpecificApplicationPermissions"), Codec::AttributeList("resourceSpecificApplicationPermissions"), ATTRS).is(Shape::structures(&t::RESOURCE_PERMISSION).never_null()),
        Property::new(Name::both("samlMetadataUrl"), Codec::Attribute("samlMetadataUrl"), ATTRS),
        Property::new(Name::both("samlSingleSignOnSettings"), Codec::Attribute("samlSingleSignOnSettings"), ATTRS).is(Shape::structure(&t::SAML_SETTINGS)),
        fixed(Name::both("servicePrincipalType"), "\"Application\""),
        Property::new(Name::both("signInAudience"), Codec::Attribute("signInAudience"), ATTRS),
        Property::new(Name::both("tags"), Codec::AttributeList("tags"), ATTRS),
        Property::new(Name::both("tokenEncryptionKeyId"), Codec::Attribute("tokenEncryptionKeyId"), ATTRS).is(GUID),
        Property::new(Name::both("verifiedPublisher"), Codec::Attribute("verifiedPublisher"), ATTRS).is(Shape::structure(&t::VERIFIED_PUBLISHER)),
        Property::new(Name::both("customSecurityAttributes"), Codec::Attribute("customSecurityAttributes"), ATTRS).is(Shape::structure(&t::SECURITY_ATTRIBUTES)),
];

/// A service principal.
pub static SERVICE_PRINCIPAL: EntityType =
    EntityType::new("servicePrincipal", c::service_principal::RELATION, &SERVICE_PRINCIPAL_PROPERTIES)
        .adds_to(&DIRECTORY_OBJECT)
        .nav(&[
            member_of(),
            transitive_member_of(),
            owners(),
            owned(),
            app_role_assignments(),
            Nav::back(Name::both("appRoleAssignedTo"), &APP_ROLE_ASSIGNMENT, c::app_role_assignment::RESOURCE)
                .contained(),
            Nav::back(Name::both("oauth2PermissionGrants"), &OAUTH_GRANT, c::oauth_grant::CLIENT),
        ])
        .ops(&[
            &ADD_PASSWORD,
            &REMOVE_PASSWORD,
            &CHECK_MEMBER_GROUPS,
            &CHECK_MEMBER_OBJECTS,
            &GET_MEMBER_GROUPS,
            &GET_MEMBER_OBJECTS,
            &GET_BY_IDS,
            &RESTORE,
            &VALIDATE,
            &EXTENSION_PROPERTIES,
            &DELTA,
        ])
        .search(SearchBy::Terms);

/// A principal holding an app role.
pub static APP_ROLE_ASSIGNMENT: EntityType = EntityType::new(
    "appRoleAssignment",
    c::app_role_assignment::RELATION,
    &[
        id(Name::both("id"), &[c::app_role_assignment::ID]).required(),
        fixed(Name::both("deletedDateTime"), "null").is(TIME),
        id(Name::both("appRoleId"), &[c::app_role_assignment::ROLE]).required().is(GUID.never_null()),
        time(Name::pair("createdDateTime", "creationTimestamp"), &[c::app_role_assignment::CREATED]).required(),
        keyed(Name::both("principalDisplayName"), &[c::app_role_principal::NAME], c::app_role_principal::NAME_KEY)
            .required(),
        id(Name::both("principalId"), &[c::app_role_assignment::PRINCIPAL]).required().is(GUID),
        Property::new(Name::both("principalType"), Codec::Enum(&PRINCIPAL_TYPE), &[c::app_role_principal::KIND])
            .by(c::app_role_principal::KIND, Kind::Enum(&PRINCIPAL_TYPE)),
        Property::new(Name::both("resourceDisplayName"), Codec::Text, &[c::app_role_resource::NAME]),
        id(Name::both("resourceId"), &[c::app_role_assignment::RESOURCE]).required().is(GUID),
    ],
)
.adds_to(&DIRECTORY_OBJECT);

/// Consent for everybody, or by one person.
fn consent_type(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, if row.cell(0).is_null() { "AllPrincipals" } else { "Principal" });
}

/// What a client may do for people.
pub static OAUTH_GRANT: EntityType = EntityType::new(
    "oAuth2PermissionGrant",
    c::oauth_grant::RELATION,
    &[
        id(Name::both("id"), &[c::oauth_grant::ID]).required(),
        id(Name::both("clientId"), &[c::oauth_grant::CLIENT]).required().never_null(),
        Property::new(Name::both("consentType"), Codec::Custom(consent_type), &[c::oauth_grant::PRINCIPAL]),
        id(Name::both("principalId"), &[c::oauth_grant::PRINCIPAL]),
        id(Name::both("resourceId"), &[c::oauth_grant::RESOURCE]).required().never_null(),
        Property::new(Name::both("scope"), Codec::Text, &[c::oauth_grant::SCOPES]),
    ],
);
