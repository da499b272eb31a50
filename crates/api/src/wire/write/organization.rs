//! Connected organizations, subjects and settings as clients write them (semantics.md 9).

use super::{Body, read};
use crate::wire::schema::entitlement::SUBJECT;
use crate::wire::schema::organization as o;
use crate::wire::schema::types::SOCIAL_NETWORK;
use serde_json::Value as Json;
use tenure_domain::Refusal;
use tenure_domain::organization::{IdentitySource, OrganizationState};
use tenure_domain::settings::ExternalUserAction;
use tenure_domain::subject::Lifecycle;
use tenure_service::organizations::{NewOrganization, OrganizationPatch};
use tenure_service::settings::SettingsPatch;

const STATES: [(&str, OrganizationState); 2] =
    [("configured", OrganizationState::Configured), ("proposed", OrganizationState::Proposed)];
const SOURCES: &[&str] = &["identitySources"];
const DURATION: &str = "durationUntilExternalUserDeletedAfterBlocked";
const DAYS: &str = "daysUntilExternalUserDeletedAfterBlocked";
const SECONDS_PER_DAY: i64 = 86_400;

/// An organization to be made.
pub fn new_organization(value: &Json) -> Result<NewOrganization, Refusal> {
    read(value, |b| {
        let organization = NewOrganization {
            name: b.required_text(&["displayName"]).unwrap_or_default(),
            description: b.text(&["description"]),
            sources: b.objects(SOURCES).unwrap_or_default().iter().filter_map(identity_source).collect(),
            state: b.word(&["state"], &STATES).unwrap_or(OrganizationState::Configured),
        };
        b.finish(Some(&o::CONNECTED_ORGANIZATION), &[]);
        Some(organization)
    })
}

/// A change of an organization. Its identity sources are read-only by then.
pub fn organization_patch(value: &Json) -> Result<OrganizationPatch, Refusal> {
    read(value, |b| {
        let patch = OrganizationPatch {
            name: b.patch_text(&["displayName"]),
            description: b.patch_text(&["description"]),
            state: b.word(&["state"], &STATES),
        };
        b.finish(Some(&o::CONNECTED_ORGANIZATION), &[]);
        Some(patch)
    })
}

fn identity_source(b: &Body<'_>) -> Option<IdentitySource> {
    let Some(kind) = b.type_name() else {
        b.fault("@odata.type", "an identity source must say its type, such as #microsoft.graph.domainIdentitySource");
        return None;
    };
    let name = b.text(&["displayName"]);
    let tenant = || {
        let tenant = b.id(&["tenantId"]);
        if !b.has(&["tenantId"]) {
            b.missing(&["tenantId"]);
        }
        tenant
    };
    let source = match kind.to_ascii_lowercase().as_str() {
        "azureactivedirectorytenant" => tenant().map(|tenant| IdentitySource::Tenant { tenant, name }),
        "crosscloudazureactivedirectorytenant" => {
            let (tenant, cloud) = (tenant(), b.required_text(&["cloudInstance"]));
            tenant.zip(cloud).map(|(tenant, cloud)| IdentitySource::OtherCloudTenant { tenant, cloud, name })
        }
        "domainidentitysource" => {
            b.required_text(&["domainName"]).map(|domain| IdentitySource::Domain { domain, name })
        }
        "externaldomainfederation" => {
            let issuer = b.text(&["issuerUri"]);
            b.required_text(&["domainName"]).map(|domain| IdentitySource::Federation { domain, issuer, name })
        }
        "socialidentitysource" => {
            let network = b.declared_word(&["socialIdentitySourceType"], &SOCIAL_NETWORK);
            if !b.has(&["socialIdentitySourceType"]) {
                b.missing(&["socialIdentitySourceType"]);
            }
            network.map(|network| IdentitySource::Social { network, name })
        }
        _ => {
            b.fault("@odata.type", format!("`{kind}` is no identity source that is known here"));
            return None;
        }
    };
    b.finish(None, &[]);
    source
}

/// A change of a subject: its lifecycle.
pub fn subject_patch(value: &Json) -> Result<Option<Lifecycle>, Refusal> {
    let words = Lifecycle::ALL.map(|l| (l.name(), l));
    read(value, |b| {
        let lifecycle = b.word(&["subjectLifecycle"], &words);
        b.finish(Some(&SUBJECT), &[]);
        Some(lifecycle)
    })
}

/// A change of the published settings.
pub fn settings_patch(value: &Json) -> Result<SettingsPatch, Refusal> {
    use ExternalUserAction as A;
    let words = [A::Nothing, A::BlockSignIn, A::BlockSignInAndDelete].map(|a| (a.name(), a));
    read(value, |b| {
        let external_user_action = b.word(&["externalUserLifecycleAction"], &words);
        let duration = b.duration(&[DURATION]).map(|d| d.seconds());
        if duration.is_some_and(|seconds| seconds % SECONDS_PER_DAY != 0) {
            b.fault(DURATION, "external accounts are kept for whole days, such as P30D");
        }
        let (by_duration, by_number) = (duration.map(|s| s / SECONDS_PER_DAY), b.int(&[DAYS]).map(i64::from));
        let external_user_days = super::entitlement::agree(b, DAYS, by_duration, by_number);
        b.finish(Some(&o::SETTINGS), &[]);
        Some(SettingsPatch { external_user_action, external_user_days, ..SettingsPatch::default() })
    })
}

/// A change of our own settings.
pub fn tenant_settings_patch(value: &Json) -> Result<SettingsPatch, Refusal> {
    read(value, |b| {
        let patch = SettingsPatch {
            enforce_approval_on_direct_assignment: b.flag(&["enforceApprovalOnDirectAssignment"]),
            user_administrator_manages_assignments: b.flag(&["userAdministratorManagesAssignments"]),
            route_to_catalog_owners: b.flag(&["routeToCatalogOwners"]),
            show_specific_packages_to_members: b.flag(&["showSpecificPackagesToMembers"]),
            job_threshold: b.patch_int(&["jobThreshold"]).map(i64::from),
            ..SettingsPatch::default()
        };
        b.finish(Some(&o::TENANT_SETTINGS), &[]);
        Some(patch)
    })
}
