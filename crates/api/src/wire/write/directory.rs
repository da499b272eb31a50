//! Directory objects as clients write them. What no rule acts on is kept as it came (decisions.md B11).

use super::shape::fit;
use super::{Body, read};
use crate::wire::schema::directory as d;
use serde_json::Value as Json;
use tenure_domain::directory::Attributes;
use tenure_domain::directory::application::AppRole;
use tenure_domain::directory::user::UserKind;
use tenure_domain::ids::ObjectId;
use tenure_domain::{Patch, Refusal, Timestamp};
use tenure_odata::edm::{Codec, EntityType};
use tenure_service::directory::applications::{
    ApplicationPatch, NewAppRoleAssignment, NewApplication, NewServicePrincipal, ServicePrincipalPatch,
};
use tenure_service::directory::groups::{GroupPatch, NewGroup};
use tenure_service::directory::users::{NewUser, UserPatch};
use uuid::Uuid;

/// Bytes of all attributes of one object that nothing acts on.
const ATTRIBUTES_BYTES_MAX: usize = 64 << 10;

/// Attributes that others decide: the server, a license system, an outside directory.
const READ_ONLY: [&str; 29] = [
    "assignedLicenses",
    "assignedPlans",
    "creationType",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "imAddresses",
    "isManagementRestricted",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "licenseAssignmentStates",
    "licenseProcessingState",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesProvisioningErrors",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "passwordCredentials",
    "provisionedPlans",
    "proxyAddresses",
    "publisherDomain",
    "refreshTokensValidFromDateTime",
    "renewedDateTime",
    "securityIdentifier",
    "signInSessionsValidFromDateTime",
    "verifiedPublisher",
];

/// Everything of a type that is kept as it came.
fn attributes(b: &Body<'_>, entity: &EntityType) -> Attributes {
    let mut kept = Attributes::default();
    for property in entity.properties {
        let (Codec::Attribute(name) | Codec::AttributeList(name) | Codec::AttributeFlag(name)) = property.codec else {
            continue;
        };
        let names: Vec<&str> = property.name.spellings().collect();
        let Some(value) = b.raw(&names) else { continue };
        if READ_ONLY.contains(&name) {
            continue;
        }
        match fit(property.shape(), value) {
            Ok(fitting) => {
                kept.0.insert(name.to_owned(), fitting);
            }
            Err(misfit) => b.fault_below(name, &misfit.at, format!("`{name}{}` {}", misfit.at, misfit.wanted)),
        }
    }
    // Members that the type has beside the declared ones are texts.
    for (name, value) in entity.open.map(|open| b.members(open.takes)).unwrap_or_default() {
        if value.is_string() || value.is_null() {
            kept.0.insert(name.to_owned(), value.clone());
        } else {
            b.fault(name, format!("`{name}` must be a text"));
        }
    }
    if Json::Object(kept.0.clone()).to_string().len() > ATTRIBUTES_BYTES_MAX {
        b.fault("", format!("the properties of one object have at most {ATTRIBUTES_BYTES_MAX} bytes"));
    }
    kept
}

/// Attributes of something new: null says nothing there.
fn new_attributes(b: &Body<'_>, entity: &EntityType) -> Attributes {
    let mut kept = attributes(b, entity);
    kept.0.retain(|_, value| !value.is_null());
    kept
}

/// A password as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenPassword {
    /// Its text.
    pub text: String,
    /// It must be replaced at the next sign-in.
    pub must_change: bool,
}

fn password(b: &Body<'_>) -> Option<GivenPassword> {
    let profile = b.object(&["passwordProfile"])?;
    let force = profile.flag(&["forceChangePasswordNextSignIn"]).unwrap_or(false);
    let with_mfa = profile.flag(&["forceChangePasswordNextSignInWithMfa"]).unwrap_or(false);
    let text = profile.required_text(&["password"]);
    profile.finish(None, &[]);
    Some(GivenPassword { text: text?, must_change: force || with_mfa })
}

const USER_TYPES: [(&str, UserKind); 2] = [("Member", UserKind::Member), ("Guest", UserKind::Guest)];
const USER_MORE: [&str; 3] = ["passwordProfile", "manager@odata.bind", "employeeOrgData"];

/// A person to be made, and the password.
pub fn new_user(value: &Json) -> Result<(NewUser, Option<GivenPassword>), Refusal> {
    read(value, |b| {
        let password = password(b);
        if password.is_none() && !b.has(&["passwordProfile"]) {
            b.missing(&["passwordProfile"]);
        }
        let is_enabled = b.flag(&["accountEnabled"]);
        if is_enabled.is_none() && !b.has(&["accountEnabled"]) {
            b.missing(&["accountEnabled"]);
        }
        let user = NewUser {
            id: None,
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            principal_name: b.required_text(&["userPrincipalName"]).unwrap_or_default(),
            mail: b.text(&["mail"]),
            nickname: b.required_text(&["mailNickname"]),
            kind: b.word(&["userType"], &USER_TYPES).unwrap_or(UserKind::Member),
            is_enabled: is_enabled.unwrap_or(true),
            password: None,
            manager: b.bound::<ObjectId>("manager").first().copied(),
            attributes: new_attributes(b, &d::USER),
        };
        b.finish(Some(&d::USER), &USER_MORE);
        Some((user, password))
    })
}

/// A change of a person, and the new password.
pub fn user_patch(value: &Json) -> Result<(UserPatch, Option<GivenPassword>), Refusal> {
    read(value, |b| {
        let patch = UserPatch {
            name: b.patch_text(&["displayName"]),
            principal_name: b.patch_text(&["userPrincipalName"]),
            mail: b.patch_text(&["mail"]),
            nickname: b.patch_text(&["mailNickname"]),
            kind: b.word(&["userType"], &USER_TYPES).map_or(Patch::Absent, Patch::Value),
            is_enabled: b.patch_flag(&["accountEnabled"]),
            password: None,
            attributes: attributes(b, &d::USER),
        };
        let password = password(b);
        b.finish(Some(&d::USER), &USER_MORE);
        Some((patch, password))
    })
}

/// A group to be made.
pub fn new_group(value: &Json) -> Result<NewGroup, Refusal> {
    read(value, |b| {
        let kinds = b.texts(&["groupTypes"]).unwrap_or_default();
        let has = |word: &str| kinds.iter().any(|k| k.eq_ignore_ascii_case(word));
        if let Some(unknown) = kinds.iter().find(|k| !is_group_type(k)) {
            b.fault("groupTypes", format!("`{unknown}` is neither Unified nor DynamicMembership"));
        }
        let required = |name: &'static str| {
            let given = b.flag(&[name]);
            if given.is_none() && !b.has(&[name]) {
                b.missing(&[name]);
            }
            given.unwrap_or(false)
        };
        let group = NewGroup {
            id: None,
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            nickname: b.required_text(&["mailNickname"]).unwrap_or_default(),
            unique_name: b.text(&["uniqueName"]),
            is_security: required("securityEnabled"),
            is_mail: required("mailEnabled"),
            is_unified: has("Unified"),
            is_dynamic: has("DynamicMembership"),
            is_role_assignable: b.flag(&["isAssignableToRole"]).unwrap_or(false),
            rule: b.text(&["membershipRule"]).filter(|r| !r.trim().is_empty()),
            attributes: new_attributes(b, &d::GROUP),
            owners: b.bound("owners"),
            members: b.bound("members"),
        };
        b.finish(Some(&d::GROUP), &[]);
        Some(group)
    })
}

fn is_group_type(word: &str) -> bool {
    ["Unified", "DynamicMembership"].iter().any(|k| k.eq_ignore_ascii_case(word))
}

/// A change of a group.
pub fn group_patch(value: &Json) -> Result<GroupPatch, Refusal> {
    read(value, |b| {
        let patch = GroupPatch {
            name: b.patch_text(&["displayName"]),
            nickname: b.patch_text(&["mailNickname"]),
            unique_name: b.patch_text(&["uniqueName"]),
            is_security: b.patch_flag(&["securityEnabled"]),
            is_mail: b.patch_flag(&["mailEnabled"]),
            rule: b.patch_text(&["membershipRule"]),
            attributes: attributes(b, &d::GROUP),
            owners: b.bound("owners"),
            members: b.bound("members"),
        };
        b.finish(Some(&d::GROUP), &[]);
        Some(patch)
    })
}

fn app_roles(b: &Body<'_>) -> Option<Vec<AppRole>> {
    let one = |r: &Body<'_>| {
        let id = r.id::<Uuid>(&["id"]);
        if id.is_none() && !r.has(&["id"]) {
            r.missing(&["id"]);
        }
        let role = AppRole {
            id: id.unwrap_or_default(),
            display_name: r.text(&["displayName"]),
            description: r.text(&["description"]),
            value: r.text(&["value"]),
            allowed_member_types: r.texts(&["allowedMemberTypes"]).unwrap_or_default(),
            is_enabled: r.flag(&["isEnabled"]).unwrap_or(true),
        };
        r.finish(None, &["origin"]);
        role
    };
    b.objects(&["appRoles"]).map(|all| all.iter().map(one).collect())
}

/// An application to be made.
pub fn new_application(value: &Json) -> Result<NewApplication, Refusal> {
    read(value, |b| {
        let app = NewApplication {
            app_id: None,
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            unique_name: b.text(&["uniqueName"]),
            is_public_client: b.flag(&["isFallbackPublicClient"]).unwrap_or(false),
            roles: app_roles(b).unwrap_or_default(),
            attributes: new_attributes(b, &d::APPLICATION),
            owners: b.bound("owners"),
        };
        b.finish(Some(&d::APPLICATION), &[]);
        Some(app)
    })
}

/// A change of an application.
pub fn application_patch(value: &Json) -> Result<ApplicationPatch, Refusal> {
    read(value, |b| {
        let patch = ApplicationPatch {
            name: b.patch_text(&["displayName"]),
            unique_name: b.patch_text(&["uniqueName"]),
            is_public_client: b.patch_flag(&["isFallbackPublicClient"]),
            roles: app_roles(b).map_or(Patch::Absent, Patch::Value),
            attributes: attributes(b, &d::APPLICATION),
        };
        b.finish(Some(&d::APPLICATION), &[]);
        Some(patch)
    })
}

/// A service principal to be made.
pub fn new_service_principal(value: &Json) -> Result<NewServicePrincipal, Refusal> {
    read(value, |b| {
        let app_id = b.id(&["appId"]);
        if app_id.is_none() && !b.has(&["appId"]) {
            b.missing(&["appId"]);
        }
        let is_enabled = b.flag(&["accountEnabled"]).unwrap_or(true);
        let attributes = new_attributes(b, &d::SERVICE_PRINCIPAL);
        b.finish(Some(&d::SERVICE_PRINCIPAL), &[]);
        Some(NewServicePrincipal { app_id: app_id?, is_enabled, attributes })
    })
}

/// A change of a service principal.
pub fn service_principal_patch(value: &Json) -> Result<ServicePrincipalPatch, Refusal> {
    read(value, |b| {
        let patch = ServicePrincipalPatch {
            name: b.patch_text(&["displayName"]),
            is_enabled: b.patch_flag(&["accountEnabled"]),
            attributes: attributes(b, &d::SERVICE_PRINCIPAL),
        };
        b.finish(Some(&d::SERVICE_PRINCIPAL), &[]);
        Some(patch)
    })
}

/// An app role to be given.
pub fn app_role_assignment(value: &Json) -> Result<NewAppRoleAssignment, Refusal> {
    read(value, |b| {
        let required = |name: &'static str| {
            let id = b.id::<Uuid>(&[name]);
            if id.is_none() && !b.has(&[name]) {
                b.missing(&[name]);
            }
            id
        };
        let (resource, role, principal) = (required("resourceId"), required("appRoleId"), required("principalId"));
        b.finish(Some(&d::APP_ROLE_ASSIGNMENT), &[]);
        Some(NewAppRoleAssignment { resource: ObjectId(resource?), role: role?, principal: ObjectId(principal?) })
    })
}

/// The name and end of a new client secret.
pub fn password_credential(value: &Json) -> Result<(Option<String>, Option<Timestamp>), Refusal> {
    if value.is_null() {
        return Ok((None, None));
    }
    read(value, |b| {
        let given = b.object(&["passwordCredential"]).map(|c| {
            let given = (c.text(&["displayName"]), c.time(&["endDateTime"]));
            c.finish(None, &["startDateTime", "keyId", "hint", "secretText", "customKeyIdentifier"]);
            given
        });
        b.finish(None, &[]);
        Some(given.unwrap_or_default())
    })
}

/// The id of a client secret.
pub fn key_id(value: &Json) -> Result<Uuid, Refusal> {
    read(value, |b| {
        let id = b.id(&["keyId"]);
        if id.is_none() && !b.has(&["keyId"]) {
            b.missing(&["keyId"]);
        }
        b.finish(None, &[]);
        id
    })
}

/// The object behind `{"@odata.id": "…"}`.
pub fn reference(value: &Json) -> Result<ObjectId, Refusal> {
    read(value, |b| {
        let text = b.required_text(&["@odata.id"]);
        let id = text.as_deref().and_then(super::last_id);
        if let (Some(text), None) = (&text, id) {
            b.fault("@odata.id", format!("`{text}` does not end with the id of an object"));
        }
        b.finish(None, &[]);
        id.map(ObjectId)
    })
}

/// Ids in a member of a body, so many at most.
pub fn ids(value: &Json, names: &[&str], max: usize) -> Result<(Vec<Uuid>, Vec<String>), Refusal> {
    read(value, |b| {
        let name = names.first().copied().unwrap_or_default();
        let texts = b.texts(names);
        if texts.is_none() && !b.has(names) {
            b.missing(names);
        }
        let texts = texts.unwrap_or_default();
        if texts.len() > max {
            b.fault(name, format!("`{name}` holds at most {max} ids"));
        }
        let mut ids = Vec::with_capacity(texts.len());
        for text in &texts {
            match Uuid::parse_str(text.trim()) {
                Ok(id) => ids.push(id),
                Err(_) => b.fault(name, format!("`{text}` is not a GUID")),
            }
        }
        let types = b.texts(&["types"]).unwrap_or_default();
        b.finish(None, &[]);
        Some((ids, types))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn user() -> Json {
        json!({ "accountEnabled": true, "displayName": "Ada", "mailNickname": "ada", "userPrincipalName": "ada@contoso.example",
                "passwordProfile": { "password": "Contoso1234", "forceChangePasswordNextSignIn": true } })
    }

    #[test]
    fn a_person_needs_five_properties() {
        let made = new_user(&user()).ok();
        assert_eq!(made.and_then(|(_, p)| p).map(|p| p.must_change), Some(true));
        let faults = new_user(&json!({})).err().map(|r| r.details.len());
        assert_eq!(faults, Some(5));
    }

    #[test]
    fn known_attributes_are_kept_and_unknown_ones_named() {
        let mut body = user();
        body["department"] = json!("Sales");
        body["proxyAddresses"] = json!(["x"]);
        body["createdDateTime"] = json!("2026-01-01T00:00:00Z");
        let kept = new_user(&body).map(|(u, _)| u.attributes.0.keys().cloned().collect::<Vec<_>>());
        assert_eq!(kept, Ok(vec!["department".to_owned()]));
        body["departement"] = json!("Sales");
        body["givenName"] = json!(5);
        let targets: Vec<_> =
            new_user(&body).err().into_iter().flat_map(|r| r.details).filter_map(|d| d.target).collect();
        assert_eq!(targets, ["/givenName", "/departement"]);
    }

    #[test]
    fn groups_bind_members_and_owners() {
        let id = Uuid::from_u128(4);
        let body = json!({ "displayName": "g", "mailNickname": "g", "securityEnabled": true, "mailEnabled": false,
            "groupTypes": [], "resourceBehaviorOptions": [], "expirationDateTime": null,
            "owners@odata.bind": [format!("https://localhost/beta/directoryObjects/{id}")] });
        assert_eq!(new_group(&body).map(|g| g.owners), Ok(vec![ObjectId(id)]));
        let wrong = json!({ "members@odata.bind": ["https://localhost/users/ada"] });
        assert!(group_patch(&wrong).is_err());
    }
}
