//! What directory objects hold inside (semantics.md 13; public documentation for what no rule acts on).

use super::{BYTES, FLAG, GUID, GUIDS, NUMBER, TEXT, TEXTS, TIME, WEAK_ALGORITHMS};
use tenure_odata::edm::{Name, Version};
use tenure_odata::types::{Member, Shape, Structure};

/// Plain structures of both versions.
macro_rules! structures {
    ($($declared:ident = $name:literal { $($member:literal: $shape:expr,)* })+) => {$(
        #[doc = concat!("`", $name, "`")]
        pub static $declared: Structure =
            Structure::complex(Name::both($name), &[$(Member::new($member, $shape)),*]);
    )+};
}

structures! {
    ADD_IN = "addIn" { "id": GUID, "properties": Shape::structures(&KEY_VALUE).never_null(), "type": TEXT.never_null(), }
    KEY_VALUE = "keyValue" { "key": TEXT, "value": TEXT, }
    APP_ROLE = "appRole" {
        "allowedMemberTypes": TEXTS, "description": TEXT, "displayName": TEXT, "id": GUID.never_null(),
        "isEnabled": FLAG.never_null(), "origin": TEXT, "value": TEXT,
    }
    API = "apiApplication" {
        "acceptMappedClaims": FLAG, "knownClientApplications": GUIDS,
        "oauth2PermissionScopes": Shape::structures(&PERMISSION_SCOPE).never_null(),
        "preAuthorizedApplications": Shape::structures(&PRE_AUTHORIZED), "requestedAccessTokenVersion": NUMBER,
    }
    PERMISSION_SCOPE = "permissionScope" {
        "adminConsentDescription": TEXT, "adminConsentDisplayName": TEXT, "id": GUID.never_null(),
        "isEnabled": FLAG.never_null(), "origin": TEXT, "type": TEXT, "userConsentDescription": TEXT,
        "userConsentDisplayName": TEXT, "value": TEXT,
    }
    EXTENSION_PROPERTY = "extensionProperty" {
        "appDisplayName": TEXT, "dataType": TEXT, "isSyncedFromOnPremises": FLAG, "name": TEXT, "targetObjects": TEXTS,
    }
    ASSIGNED_LABEL = "assignedLabel" { "displayName": TEXT, "labelId": TEXT, }
    ASSIGNED_LICENSE = "assignedLicense" { "disabledPlans": GUIDS.never_null(), "skuId": GUID, }
    ASSIGNED_PLAN = "assignedPlan" {
        "assignedDateTime": TIME, "capabilityStatus": TEXT, "service": TEXT, "servicePlanId": GUID,
    }
    PROVISIONED_PLAN = "provisionedPlan" { "capabilityStatus": TEXT, "provisioningStatus": TEXT, "service": TEXT, }
    AUTHENTICATION_BEHAVIORS = "authenticationBehaviors" {
        "blockAzureADGraphAccess": FLAG, "removeUnverifiedEmailClaim": FLAG, "requireClientServicePrincipal": FLAG,
    }
    CERTIFICATION = "certification" {
        "certificationDetailsUrl": TEXT, "certificationExpirationDateTime": TIME, "isCertifiedByMicrosoft": FLAG,
        "isPublisherAttested": FLAG, "lastCertificationDateTime": TIME,
    }
    EMPLOYEE_ORG_DATA = "employeeOrgData" { "costCenter": TEXT, "division": TEXT, }
    EXTENSION_ATTRIBUTES = "onPremisesExtensionAttributes" {
        "extensionAttribute1": TEXT, "extensionAttribute2": TEXT, "extensionAttribute3": TEXT,
        "extensionAttribute4": TEXT, "extensionAttribute5": TEXT, "extensionAttribute6": TEXT,
        "extensionAttribute7": TEXT, "extensionAttribute8": TEXT, "extensionAttribute9": TEXT,
        "extensionAttribute10": TEXT, "extensionAttribute11": TEXT, "extensionAttribute12": TEXT,
        "extensionAttribute13": TEXT, "extensionAttribute14": TEXT, "extensionAttribute15": TEXT,
    }
    PROVISIONING_ERROR = "onPremisesProvisioningError" {
        "category": TEXT, "occurredDateTime": TIME, "propertyCausingError": TEXT, "value": TEXT,
    }
    IMPLICIT_GRANT = "implicitGrantSettings" { "enableAccessTokenIssuance": FLAG, "enableIdTokenIssuance": FLAG, }
    INFORMATIONAL_URL = "informationalUrl" {
        "logoUrl": TEXT, "marketingUrl": TEXT, "privacyStatementUrl": TEXT, "supportUrl": TEXT,
        "termsOfServiceUrl": TEXT,
    }
    KEY_CREDENTIAL = "keyCredential" {
        "customKeyIdentifier": BYTES, "displayName": TEXT, "endDateTime": TIME, "key": BYTES, "keyId": GUID,
        "startDateTime": TIME, "type": TEXT, "usage": TEXT,
    }
    PASSWORD_CREDENTIAL = "passwordCredential" {
        "customKeyIdentifier": BYTES, "displayName": TEXT, "endDateTime": TIME, "hint": TEXT, "keyId": GUID,
        "secretText": TEXT, "startDateTime": TIME,
    }
    LICENSE_STATE = "licenseAssignmentState" {
        "assignedByGroup": TEXT, "disabledPlans": GUIDS.never_null(), "error": TEXT, "lastUpdatedDateTime": TIME,
        "skuId": GUID, "state": TEXT,
    }
    LICENSE_PROCESSING = "licenseProcessingState" { "state": TEXT, }
    IDENTITY = "objectIdentity" { "issuer": TEXT, "issuerAssignedId": TEXT, "signInType": TEXT, }
    OPTIONAL_CLAIM = "optionalClaim" {
        "additionalProperties": TEXTS, "essential": FLAG.never_null(), "name": TEXT.never_null(), "source": TEXT,
    }
    OPTIONAL_CLAIMS = "optionalClaims" {
        "accessToken": Shape::structures(&OPTIONAL_CLAIM), "idToken": Shape::structures(&OPTIONAL_CLAIM),
        "saml2Token": Shape::structures(&OPTIONAL_CLAIM),
    }
    PARENTAL_CONTROL = "parentalControlSettings" { "countriesBlockedForMinors": TEXTS, "legalAgeGroupRule": TEXT, }
    PASSWORD_PROFILE = "passwordProfile" {
        "forceChangePasswordNextSignIn": FLAG, "forceChangePasswordNextSignInWithMfa": FLAG, "password": TEXT,
    }
    PUBLIC_CLIENT = "publicClientApplication" { "redirectUris": TEXTS, }
    REDIRECT_URI = "redirectUriSettings" { "index": NUMBER, "uri": TEXT, }
    REQUEST_SIGNATURE = "requestSignatureVerification" {
        "allowedWeakAlgorithms": Shape::word(&WEAK_ALGORITHMS), "isSignedRequestRequired": FLAG.never_null(),
    }
    REQUIRED_ACCESS = "requiredResourceAccess" {
        "resourceAccess": Shape::structures(&RESOURCE_ACCESS).never_null(), "resourceAppId": TEXT.never_null(),
    }
    RESOURCE_ACCESS = "resourceAccess" { "id": GUID.never_null(), "type": TEXT, }
    RESOURCE_PERMISSION = "resourceSpecificPermission" {
        "description": TEXT, "displayName": TEXT, "id": GUID.never_null(), "isEnabled": FLAG.never_null(),
        "value": TEXT,
    }
    SAML_SETTINGS = "samlSingleSignOnSettings" { "relayState": TEXT, }
    LOCK_CONFIGURATION = "servicePrincipalLockConfiguration" {
        "allProperties": FLAG, "credentialsWithUsageSign": FLAG, "credentialsWithUsageVerify": FLAG,
        "isEnabled": FLAG.never_null(), "tokenEncryptionKeyId": FLAG,
    }
    SPA = "spaApplication" { "redirectUris": TEXTS, }
    VERIFIED_DOMAIN = "verifiedDomain" {
        "capabilities": TEXT, "isDefault": FLAG, "isInitial": FLAG, "name": TEXT, "type": TEXT,
    }
    VERIFIED_PUBLISHER = "verifiedPublisher" {
        "addedDateTime": TIME, "displayName": TEXT, "verifiedPublisherId": TEXT,
    }
    WINDOWS = "windowsApplication" { "packageSid": TEXT, "redirectUris": TEXTS, }
    WRITEBACK = "groupWritebackConfiguration" { "isEnabled": FLAG, "onPremisesGroupType": TEXT, }
}

/// Applications that need no consent of people; each version has its own word for the permissions.
pub static PRE_AUTHORIZED: Structure = Structure::complex(
    Name::both("preAuthorizedApplication"),
    &[
        Member::named(Name::pair("appId", ""), TEXT),
        Member::named(Name::pair("", "appId"), TEXT.never_null()),
        Member::named(Name::pair("delegatedPermissionIds", "permissionIds"), TEXTS),
    ],
);

/// How an application that is a site signs people in.
pub static WEB: Structure = Structure::complex(
    Name::both("webApplication"),
    &[
        Member::new("homePageUrl", TEXT),
        Member::new("implicitGrantSettings", Shape::structure(&IMPLICIT_GRANT)),
        Member::new("logoutUrl", TEXT),
        Member::named(Name::pair("", "oauth2AllowImplicitFlow"), FLAG),
        Member::new("redirectUris", TEXTS),
        Member::new("redirectUriSettings", Shape::structures(&REDIRECT_URI).never_null()),
    ],
);

/// Attributes that a tenant has made up itself.
pub static SECURITY_ATTRIBUTES: Structure = Structure::complex(Name::both("customSecurityAttributeValue"), &[]).open();

/// Both published versions.
pub const PUBLISHED: &[Version] = &[Version::V1, Version::Beta];
