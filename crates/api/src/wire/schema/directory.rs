//! Users, groups, applications, service principals (semantics.md 13). Properties that no rule acts on are kept as
//! attributes and shown under their published names (decisions.md B11).

use super::{fixed, flag, id, keyed, time};
use crate::wire::json;
use tenure_odata::edm::{
    Codec, Column, EntityType, EnumType, Items, Kind, Name, Nav, Property, Relation, SearchBy, Variant, Version,
};
use tenure_odata::{Cells, LIST_SEPARATOR};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;

const ATTRS: &[Column] = &[c::object::ATTRS];

/// Member or guest; spelt with a capital in both versions.
static USER_TYPE: EnumType =
    EnumType { name: "userType", members: &[(1, "Member"), (2, "Guest")], beta_capital: false };

/// The kind of a principal.
static PRINCIPAL_TYPE: EnumType = EnumType {
    name: "principalType",
    members: &[(1, "User"), (2, "Group"), (3, "ServicePrincipal")],
    beta_capital: false,
};

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
    Nav::back(Name::both("appRoleAssignments"), &APP_ROLE_ASSIGNMENT, c::app_role_assignment::PRINCIPAL)
}

/// Actions that every directory object has.
const OBJECT_OPERATIONS: &[&str] =
    &["checkMemberGroups", "checkMemberObjects", "getMemberGroups", "getMemberObjects", "getByIds", "restore"];

/// Derived types of a directory object.
static KINDS: [Variant; 4] = [
    Variant { code: 1, entity: &USER },
    Variant { code: 2, entity: &GROUP },
    Variant { code: 3, entity: &SERVICE_PRINCIPAL },
    Variant { code: 4, entity: &APPLICATION },
];

/// A directory object of any kind.
pub static DIRECTORY_OBJECT: EntityType =
    EntityType::new("directoryObject", c::object::RELATION, &[ID, DELETED.on_request(), NAME.on_request()])
        .nav(&[member_of(), transitive_member_of()])
        .ops(OBJECT_OPERATIONS)
        .variants(c::object::KIND, &KINDS)
        .says_type()
        .search(SearchBy::Terms);

/// A deleted directory object of any kind.
pub static DELETED_OBJECT: EntityType =
    EntityType::new("directoryObject", Relation("deleted_object"), &[ID, DELETED, NAME.on_request()])
        .ops(&["restore"])
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
    EntityType::new(name, Relation("deleted_object"), properties).says_type().search(SearchBy::Terms)
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
        fixed(Name::both("passwordProfile"), "null").on_request(),
        Property::new(Name::both("ageGroup"), Codec::Attribute("ageGroup"), ATTRS).on_request(),
        Property::new(Name::both("assignedLicenses"), Codec::AttributeList("assignedLicenses"), ATTRS).on_request(),
        Property::new(Name::both("assignedPlans"), Codec::AttributeList("assignedPlans"), ATTRS).on_request(),
        Property::new(Name::both("city"), Codec::Attribute("city"), ATTRS).by(c::user::CITY_KEY, Kind::Text).on_request(),
        Property::new(Name::both("companyName"), Codec::Attribute("companyName"), ATTRS).by(c::user::COMPANY_KEY, Kind::Text).on_request(),
        Property::new(Name::both("consentProvidedForMinor"), Codec::Attribute("consentProvidedForMinor"), ATTRS).on_request(),
        Property::new(Name::both("country"), Codec::Attribute("country"), ATTRS).by(c::user::COUNTRY_KEY, Kind::Text).on_request(),
        Property::new(Name::both("creationType"), Codec::Attribute("creationType"), ATTRS).on_request(),
        Property::new(Name::both("department"), Codec::Attribute("department"), ATTRS).by(c::user::DEPARTMENT_KEY, Kind::Text).on_request(),
        Property::new(Name::both("employeeHireDate"), Codec::Attribute("employeeHireDate"), ATTRS).on_request(),
        Property::new(Name::both("employeeId"), Codec::Attribute("employeeId"), ATTRS).by(c::user::EMPLOYEE_ID_KEY, Kind::Text).on_request(),
        Property::new(Name::both("employeeLeaveDateTime"), Codec::Attribute("employeeLeaveDateTime"), ATTRS).on_request(),
        Property::new(Name::both("employeeOrgData"), Codec::Attribute("employeeOrgData"), ATTRS).on_request(),
        Property::new(Name::both("employeeType"), Codec::Attribute("employeeType"), ATTRS).by(c::user::EMPLOYEE_TYPE_KEY, Kind::Text).on_request(),
        Property::new(Name::both("externalUserState"), Codec::Attribute("externalUserState"), ATTRS).on_request(),
        Property::new(Name::both("externalUserStateChangeDateTime"), Codec::Attribute("externalUserStateChangeDateTime"), ATTRS).on_request(),
        Property::new(Name::both("faxNumber"), Codec::Attribute("faxNumber"), ATTRS).on_request(),
        Property::new(Name::both("identities"), Codec::AttributeList("identities"), ATTRS).on_request(),
        Property::new(Name::both("imAddresses"), Codec::AttributeList("imAddresses"), ATTRS).on_request(),
        Property::new(Name::both("isManagementRestricted"), Codec::Attribute("isManagementRestricted"), ATTRS).on_request(),
        Property::new(Name::both("isResourceAccount"), Codec::Attribute("isResourceAccount"), ATTRS).on_request(),
        Property::new(Name::both("lastPasswordChangeDateTime"), Codec::Attribute("lastPasswordChangeDateTime"), ATTRS).on_request(),
        Property::new(Name::both("legalAgeGroupClassification"), Codec::Attribute("legalAgeGroupClassification"), ATTRS).on_request(),
        Property::new(Name::both("licenseAssignmentStates"), Codec::AttributeList("licenseAssignmentStates"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesDistinguishedName"), Codec::Attribute("onPremisesDistinguishedName"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesDomainName"), Codec::Attribute("onPremisesDomainName"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesExtensionAttributes"), Codec::Attribute("onPremisesExtensionAttributes"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesImmutableId"), Codec::Attribute("onPremisesImmutableId"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesLastSyncDateTime"), Codec::Attribute("onPremisesLastSyncDateTime"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesProvisioningErrors"), Codec::AttributeList("onPremisesProvisioningErrors"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesSamAccountName"), Codec::Attribute("onPremisesSamAccountName"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesSecurityIdentifier"), Codec::Attribute("onPremisesSecurityIdentifier"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesSyncEnabled"), Codec::Attribute("onPremisesSyncEnabled"), ATTRS).on_request(),
        Property::new(Name::both("onPremisesUserPrincipalName"), Codec::Attribute("onPremisesUserPrincipalName"), ATTRS).on_request(),
        Property::new(Name::both("otherMails"), Codec::AttributeList("otherMails"), ATTRS).on_request(),
        Property::new(Name::both("passwordPolicies"), Codec::Attribute("passwordPolicies"), ATTRS).on_request(),
        Property::new(Name::both("postalCode"), Codec::Attribute("postalCode"), ATTRS).on_request(),
        Property::new(Name::both("preferredDataLocation"), Codec::Attribute("preferredDataLocation"), ATTRS).on_request(),
        Property::new(Name::both("provisionedPlans"), Codec::AttributeList("provisionedPlans"), ATTRS).on_request(),
        Property::new(Name::both("proxyAddresses"), Codec::AttributeList("proxyAddresses"), ATTRS).on_request(),
        Property::new(Name::both("refreshTokensValidFromDateTime"), Codec::Attribute("refreshTokensValidFromDateTime"), ATTRS).on_request(),
        Property::new(Name::both("securityIdentifier"), Codec::Attribute("securityIdentifier"), ATTRS).on_request(),
        Property::new(Name::both("showInAddressList"), Codec::Attribute("showInAddressList"), ATTRS).on_request(),
        Property::new(Name::both("signInSessionsValidFromDateTime"), Codec::Attribute("signInSessionsValidFromDateTime"), ATTRS).on_request(),
        Property::new(Name::both("state"), Codec::Attribute("state"), ATTRS).by(c::user::STATE_KEY, Kind::Text).on_request(),
        Property::new(Name::both("streetAddress"), Codec::Attribute("streetAddress"), ATTRS).on_request(),
        Property::new(Name::both("usageLocation"), Codec::Attribute("usageLocation"), ATTRS).by(c::user::USAGE_LOCATION_KEY, Kind::Text).on_request(),
        Property::new(Name::both("aboutMe"), Codec::Attribute("aboutMe"), ATTRS).on_request(),
        Property::new(Name::both("birthday"), Codec::Attribute("birthday"), ATTRS).on_request(),
        Property::new(Name::both("hireDate"), Codec::Attribute("hireDate"), ATTRS).on_request(),
        Property::new(Name::both("interests"), Codec::AttributeList("interests"), ATTRS).on_request(),
        Property::new(Name::both("mySite"), Codec::Attribute("mySite"), ATTRS).on_request(),
        Property::new(Name::both("pastProjects"), Codec::AttributeList("pastProjects"), ATTRS).on_request(),
        Property::new(Name::both("preferredName"), Codec::Attribute("preferredName"), ATTRS).on_request(),
        Property::new(Name::both("responsibilities"), Codec::AttributeList("responsibilities"), ATTRS).on_request(),
        Property::new(Name::both("schools"), Codec::AttributeList("schools"), ATTRS).on_request(),
        Property::new(Name::both("skills"), Codec::AttributeList("skills"), ATTRS).on_request(),
];

/// A person.
pub static USER: EntityType = EntityType::new("user", c::user::RELATION, &USER_PROPERTIES)
    .nav(&[
        member_of(),
        transitive_member_of(),
        Nav::one(Name::both("manager"), &DIRECTORY_OBJECT, c::user::MANAGER),
        Nav::back(Name::both("directReports"), &USER, c::user::MANAGER),
        Nav::link(Name::both("sponsors"), &DIRECTORY_OBJECT, link::SPONSORS),
        owned(),
        app_role_assignments(),
        Nav::back(Name::both("oauth2PermissionGrants"), &OAUTH_GRANT, c::oauth_grant::PRINCIPAL),
    ])
    .ops(OBJECT_OPERATIONS)
    .search(SearchBy::Terms);

#[rustfmt::skip]
static GROUP_PROPERTIES: [Property; 46] = [
        ID,
        DELETED,
        NAME,
        CREATED,
        Property::new(Name::both("groupTypes"), Codec::Custom(group_types), &[c::group::TYPES]).with_items(&Items::List(c::group::TYPES)),
        flag(Name::both("isAssignableToRole"), &[c::group::ROLE_ASSIGNABLE]),
        flag(Name::both("mailEnabled"), &[c::group::MAIL]),
        keyed(Name::both("mailNickname"), &[c::group::NICKNAME], c::group::NICKNAME_KEY).required(),
        Property::new(Name::both("membershipRule"), Codec::Text, &[c::group::RULE]),
        Property::new(Name::both("membershipRuleProcessingState"), Codec::Custom(rule_state), &[c::group::RULE]),
        flag(Name::both("securityEnabled"), &[c::group::SECURITY]),
        keyed(Name::both("uniqueName"), &[c::group::UNIQUE_NAME], c::group::UNIQUE_KEY).unique(),
        Property::new(Name::both("classification"), Codec::Attribute("classification"), ATTRS),
        Property::new(Name::both("description"), Codec::Attribute("description"), ATTRS),
        Property::new(Name::both("expirationDateTime"), Codec::Attribute("expirationDateTime"), ATTRS),
        Property::new(Name::both("isManagementRestricted"), Codec::Attribute("isManagementRestricted"), ATTRS),
        Property::new(Name::both("mail"), Codec::Attribute("mail"), ATTRS),
        Property::new(Name::both("onPremisesDomainName"), Codec::Attribute("onPremisesDomainName"), ATTRS),
        Property::new(Name::both("onPremisesLastSyncDateTime"), Codec::Attribute("onPremisesLastSyncDateTime"), ATTRS),
        Property::new(Name::both("onPremisesNetBiosName"), Codec::Attribute("onPremisesNetBiosName"), ATTRS),
        Property::new(Name::both("onPremisesProvisioningErrors"), Codec::AttributeList("onPremisesProvisioningErrors"), ATTRS),
        Property::new(Name::both("onPremisesSamAccountName"), Codec::Attribute("onPremisesSamAccountName"), ATTRS),
        Property::new(Name::both("onPremisesSecurityIdentifier"), Codec::Attribute("onPremisesSecurityIdentifier"), ATTRS),
        Property::new(Name::both("onPremisesSyncEnabled"), Codec::Attribute("onPremisesSyncEnabled"), ATTRS),
        Property::new(Name::both("preferredDataLocation"), Codec::Attribute("preferredDataLocation"), ATTRS),
        Property::new(Name::both("preferredLanguage"), Codec::Attribute("preferredLanguage"), ATTRS),
        Property::new(Name::both("proxyAddresses"), Codec::AttributeList("proxyAddresses"), ATTRS),
        Property::new(Name::both("renewedDateTime"), Codec::Attribute("renewedDateTime"), ATTRS),
        Property::new(Name::both("resourceBehaviorOptions"), Codec::AttributeList("resourceBehaviorOptions"), ATTRS),
        Property::new(Name::both("resourceProvisioningOptions"), Codec::AttributeList("resourceProvisioningOptions"), ATTRS),
        Property::new(Name::both("securityIdentifier"), Codec::Attribute("securityIdentifier"), ATTRS),
        Property::new(Name::both("theme"), Codec::Attribute("theme"), ATTRS),
        Property::new(Name::both("visibility"), Codec::Attribute("visibility"), ATTRS),
        Property::new(Name::both("creationOptions"), Codec::AttributeList("creationOptions"), ATTRS),
        Property::new(Name::both("allowExternalSenders"), Codec::Attribute("allowExternalSenders"), ATTRS).on_request(),
        Property::new(Name::both("assignedLabels"), Codec::AttributeList("assignedLabels"), ATTRS).on_request(),
        Property::new(Name::both("assignedLicenses"), Codec::AttributeList("assignedLicenses"), ATTRS).on_request(),
        Property::new(Name::both("autoSubscribeNewMembers"), Codec::Attribute("autoSubscribeNewMembers"), ATTRS).on_request(),
        Property::new(Name::both("hasMembersWithLicenseErrors"), Codec::Attribute("hasMembersWithLicenseErrors"), ATTRS).on_request(),
        Property::new(Name::both("hideFromAddressLists"), Codec::Attribute("hideFromAddressLists"), ATTRS).on_request(),
        Property::new(Name::both("hideFromOutlookClients"), Codec::Attribute("hideFromOutlookClients"), ATTRS).on_request(),
        Property::new(Name::both("isArchived"), Codec::Attribute("isArchived"), ATTRS).on_request(),
        Property::new(Name::both("isSubscribedByMail"), Codec::Attribute("isSubscribedByMail"), ATTRS).on_request(),
        Property::new(Name::both("licenseProcessingState"), Codec::Attribute("licenseProcessingState"), ATTRS).on_request(),
        Property::new(Name::both("unseenCount"), Codec::Attribute("unseenCount"), ATTRS).on_request(),
        Property::new(Name::both("writebackConfiguration"), Codec::Attribute("writebackConfiguration"), ATTRS).on_request(),
];

/// A group.
pub static GROUP: EntityType = EntityType::new("group", c::group::RELATION, &GROUP_PROPERTIES)
    .nav(&[
        Nav::link(Name::both("members"), &DIRECTORY_OBJECT, link::MEMBERS),
        Nav::link(Name::both("transitiveMembers"), &DIRECTORY_OBJECT, link::TRANSITIVE_MEMBERS),
        owners(),
        member_of(),
        transitive_member_of(),
        app_role_assignments(),
    ])
    .ops(OBJECT_OPERATIONS)
    .search(SearchBy::Terms);

#[rustfmt::skip]
static APPLICATION_PROPERTIES: [Property; 41] = [
        ID,
        DELETED,
        id(Name::both("appId"), &[c::application::APP_ID]).required().unique(),
        NAME,
        CREATED,
        Property::new(Name::both("appRoles"), Codec::Json, &[c::application::ROLES]),
        Property::new(Name::both("isFallbackPublicClient"), Codec::Bool, &[c::application::PUBLIC]).by(c::application::PUBLIC, Kind::Bool),
        keyed(Name::both("uniqueName"), &[c::application::UNIQUE_NAME], c::application::UNIQUE_KEY).unique(),
        Property::new(Name::both("addIns"), Codec::AttributeList("addIns"), ATTRS),
        Property::new(Name::both("api"), Codec::Attribute("api"), ATTRS),
        Property::new(Name::both("applicationTemplateId"), Codec::Attribute("applicationTemplateId"), ATTRS),
        Property::new(Name::both("certification"), Codec::Attribute("certification"), ATTRS),
        Property::new(Name::both("defaultRedirectUri"), Codec::Attribute("defaultRedirectUri"), ATTRS),
        Property::new(Name::both("description"), Codec::Attribute("description"), ATTRS),
        Property::new(Name::both("disabledByMicrosoftStatus"), Codec::Attribute("disabledByMicrosoftStatus"), ATTRS),
        Property::new(Name::both("groupMembershipClaims"), Codec::Attribute("groupMembershipClaims"), ATTRS),
        Property::new(Name::both("identifierUris"), Codec::AttributeList("identifierUris"), ATTRS),
        Property::new(Name::both("info"), Codec::Attribute("info"), ATTRS),
        Property::new(Name::both("isDeviceOnlyAuthSupported"), Codec::Attribute("isDeviceOnlyAuthSupported"), ATTRS),
        Property::new(Name::both("keyCredentials"), Codec::AttributeList("keyCredentials"), ATTRS),
        Property::new(Name::both("notes"), Codec::Attribute("notes"), ATTRS),
        Property::new(Name::both("oauth2RequirePostResponse"), Codec::Attribute("oauth2RequirePostResponse"), ATTRS),
        Property::new(Name::both("optionalClaims"), Codec::Attribute("optionalClaims"), ATTRS),
        Property::new(Name::both("parentalControlSettings"), Codec::Attribute("parentalControlSettings"), ATTRS),
        Property::new(Name::both("passwordCredentials"), Codec::AttributeList("passwordCredentials"), ATTRS),
        Property::new(Name::both("publicClient"), Codec::Attribute("publicClient"), ATTRS),
        Property::new(Name::both("publisherDomain"), Codec::Attribute("publisherDomain"), ATTRS),
        Property::new(Name::both("requestSignatureVerification"), Codec::Attribute("requestSignatureVerification"), ATTRS),
        Property::new(Name::both("requiredResourceAccess"), Codec::AttributeList("requiredResourceAccess"), ATTRS),
        Property::new(Name::both("samlMetadataUrl"), Codec::Attribute("samlMetadataUrl"), ATTRS),
        Property::new(Name::both("serviceManagementReference"), Codec::Attribute("serviceManagementReference"), ATTRS),
        Property::new(Name::both("signInAudience"), Codec::Attribute("signInAudience"), ATTRS),
        Property::new(Name::both("spa"), Codec::Attribute("spa"), ATTRS),
        Property::new(Name::both("tags"), Codec::AttributeList("tags"), ATTRS),
        Property::new(Name::both("tokenEncryptionKeyId"), Codec::Attribute("tokenEncryptionKeyId"), ATTRS),
        Property::new(Name::both("verifiedPublisher"), Codec::Attribute("verifiedPublisher"), ATTRS),
        Property::new(Name::both("web"), Codec::Attribute("web"), ATTRS),
        Property::new(Name::both("windows"), Codec::Attribute("windows"), ATTRS),
        Property::new(Name::both("nativeAuthenticationApisEnabled"), Codec::Attribute("nativeAuthenticationApisEnabled"), ATTRS),
        Property::new(Name::both("servicePrincipalLockConfiguration"), Codec::Attribute("servicePrincipalLockConfiguration"), ATTRS),
        Property::new(Name::both("authenticationBehaviors"), Codec::Attribute("authenticationBehaviors"), ATTRS),
];

/// An application.
pub static APPLICATION: EntityType = EntityType::new("application", c::application::RELATION, &APPLICATION_PROPERTIES)
    .nav(&[owners()])
    .ops(&[
        "addPassword",
        "removePassword",
        "checkMemberGroups",
        "getMemberGroups",
        "getMemberObjects",
        "getByIds",
        "restore",
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
        Property::new(Name::both("appRoles"), Codec::Json, &[c::service_principal::ROLES]),
        Property::new(Name::both("servicePrincipalNames"), Codec::Custom(service_principal_names), &[c::service_principal::APP_ID, c::object::ATTRS]),
        Property::new(Name::both("addIns"), Codec::AttributeList("addIns"), ATTRS),
        Property::new(Name::both("alternativeNames"), Codec::AttributeList("alternativeNames"), ATTRS),
        Property::new(Name::both("appDescription"), Codec::Attribute("appDescription"), ATTRS),
        Property::new(Name::both("appOwnerOrganizationId"), Codec::Attribute("appOwnerOrganizationId"), ATTRS),
        Property::new(Name::both("appRoleAssignmentRequired"), Codec::Attribute("appRoleAssignmentRequired"), ATTRS),
        Property::new(Name::both("applicationTemplateId"), Codec::Attribute("applicationTemplateId"), ATTRS),
        Property::new(Name::both("description"), Codec::Attribute("description"), ATTRS),
        Property::new(Name::both("disabledByMicrosoftStatus"), Codec::Attribute("disabledByMicrosoftStatus"), ATTRS),
        Property::new(Name::both("homepage"), Codec::Attribute("homepage"), ATTRS),
        Property::new(Name::both("info"), Codec::Attribute("info"), ATTRS),
        Property::new(Name::both("keyCredentials"), Codec::AttributeList("keyCredentials"), ATTRS),
        Property::new(Name::both("loginUrl"), Codec::Attribute("loginUrl"), ATTRS),
        Property::new(Name::both("logoutUrl"), Codec::Attribute("logoutUrl"), ATTRS),
        Property::new(Name::both("notes"), Codec::Attribute("notes"), ATTRS),
        Property::new(Name::both("notificationEmailAddresses"), Codec::AttributeList("notificationEmailAddresses"), ATTRS),
        Property::new(Name::both("oauth2PermissionScopes"), Codec::AttributeList("oauth2PermissionScopes"), ATTRS),
        Property::new(Name::both("passwordCredentials"), Codec::AttributeList("passwordCredentials"), ATTRS),
        Property::new(Name::both("preferredSingleSignOnMode"), Codec::Attribute("preferredSingleSignOnMode"), ATTRS),
        Property::new(Name::both("preferredTokenSigningKeyThumbprint"), Codec::Attribute("preferredTokenSigningKeyThumbprint"), ATTRS),
        Property::new(Name::both("replyUrls"), Codec::AttributeList("replyUrls"), ATTRS),
        Property::new(Name::both("resourceSpecificApplicationPermissions"), Codec::AttributeList("resourceSpecificApplicationPermissions"), ATTRS),
        Property::new(Name::both("samlMetadataUrl"), Codec::Attribute("samlMetadataUrl"), ATTRS),
        Property::new(Name::both("samlSingleSignOnSettings"), Codec::Attribute("samlSingleSignOnSettings"), ATTRS),
        fixed(Name::both("servicePrincipalType"), "\"Application\""),
        Property::new(Name::both("signInAudience"), Codec::Attribute("signInAudience"), ATTRS),
        Property::new(Name::both("tags"), Codec::AttributeList("tags"), ATTRS),
        Property::new(Name::both("tokenEncryptionKeyId"), Codec::Attribute("tokenEncryptionKeyId"), ATTRS),
        Property::new(Name::both("verifiedPublisher"), Codec::Attribute("verifiedPublisher"), ATTRS),
        Property::new(Name::both("customSecurityAttributes"), Codec::Attribute("customSecurityAttributes"), ATTRS),
];

/// A service principal.
pub static SERVICE_PRINCIPAL: EntityType =
    EntityType::new("servicePrincipal", c::service_principal::RELATION, &SERVICE_PRINCIPAL_PROPERTIES)
        .nav(&[
            member_of(),
            transitive_member_of(),
            owners(),
            owned(),
            app_role_assignments(),
            Nav::back(Name::both("appRoleAssignedTo"), &APP_ROLE_ASSIGNMENT, c::app_role_assignment::RESOURCE),
            Nav::back(Name::both("oauth2PermissionGrants"), &OAUTH_GRANT, c::oauth_grant::CLIENT),
        ])
        .ops(&[
            "addPassword",
            "removePassword",
            "checkMemberGroups",
            "checkMemberObjects",
            "getMemberGroups",
            "getMemberObjects",
            "getByIds",
            "restore",
        ])
        .search(SearchBy::Terms);

/// A principal holding an app role.
pub static APP_ROLE_ASSIGNMENT: EntityType = EntityType::new(
    "appRoleAssignment",
    c::app_role_assignment::RELATION,
    &[
        id(Name::both("id"), &[c::app_role_assignment::ID]).required(),
        fixed(Name::both("deletedDateTime"), "null"),
        id(Name::both("appRoleId"), &[c::app_role_assignment::ROLE]).required(),
        time(Name::pair("createdDateTime", "creationTimestamp"), &[c::app_role_assignment::CREATED]).required(),
        keyed(Name::both("principalDisplayName"), &[c::app_role_principal::NAME], c::app_role_principal::NAME_KEY)
            .required(),
        id(Name::both("principalId"), &[c::app_role_assignment::PRINCIPAL]).required(),
        Property::new(Name::both("principalType"), Codec::Enum(&PRINCIPAL_TYPE), &[c::app_role_principal::KIND])
            .by(c::app_role_principal::KIND, Kind::Enum(&PRINCIPAL_TYPE)),
        Property::new(Name::both("resourceDisplayName"), Codec::Text, &[c::app_role_resource::NAME]),
        id(Name::both("resourceId"), &[c::app_role_assignment::RESOURCE]).required(),
    ],
);

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
        id(Name::both("clientId"), &[c::oauth_grant::CLIENT]).required(),
        Property::new(Name::both("consentType"), Codec::Custom(consent_type), &[c::oauth_grant::PRINCIPAL]),
        id(Name::both("principalId"), &[c::oauth_grant::PRINCIPAL]),
        id(Name::both("resourceId"), &[c::oauth_grant::RESOURCE]).required(),
        Property::new(Name::both("scope"), Codec::Text, &[c::oauth_grant::SCOPES]),
    ],
);
