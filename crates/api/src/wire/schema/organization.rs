//! Connected organizations, and the settings of the tenant (semantics.md 9).

use super::directory::DIRECTORY_OBJECT;
use super::types::{FLAG, organization as t};
use super::{id, keyed, time};
use crate::wire::json;
use serde_json::{Value as Json, json as j};
use tenure_domain::organization::IdentitySource;
use tenure_domain::settings::TenantSettings;
use tenure_odata::Cells;
use tenure_odata::edm::{Codec, EntityType, EnumType, Items, Kind, Name, Nav, Property, SearchBy, Version};
use tenure_odata::types::{Primitive, Shape};
use tenure_service::view::columns as c;
use tenure_service::view::columns::link;

/// Whether the relationship was decided on.
pub static ORGANIZATION_STATE: EnumType =
    EnumType::named(Name::both("connectedOrganizationState"), &[(0, "configured"), (1, "proposed")]);

/// What becomes of external accounts.
pub static LIFECYCLE_ACTION: EnumType = EnumType::older(
    "accessPackageExternalUserLifecycleAction",
    &[(0, "none"), (1, "blockSignIn"), (2, "blockSignInAndDelete")],
);

fn identity_source(source: &IdentitySource) -> Json {
    let mut shown = match source {
        IdentitySource::Tenant { tenant, .. } => {
            j!({ "@odata.type": "azureActiveDirectoryTenant", "tenantId": tenant })
        }
        IdentitySource::OtherCloudTenant { tenant, cloud, .. } => j!({
            "@odata.type": "crossCloudAzureActiveDirectoryTenant",
            "tenantId": tenant,
            "cloudInstance": cloud,
        }),
        IdentitySource::Domain { domain, .. } => j!({ "@odata.type": "domainIdentitySource", "domainName": domain }),
        IdentitySource::Federation { domain, issuer, .. } => {
            j!({ "@odata.type": "externalDomainFederation", "domainName": domain, "issuerUri": issuer })
        }
        IdentitySource::Social { network, .. } => {
            j!({ "@odata.type": "socialIdentitySource", "socialIdentitySourceType": network })
        }
    };
    if let Some(object) = shown.as_object_mut() {
        let short = object.get("@odata.type").and_then(Json::as_str).unwrap_or_default();
        let full = format!("#microsoft.graph.{short}");
        object.insert("@odata.type".to_owned(), full.into());
        object.insert("displayName".to_owned(), j!(source.name()));
    }
    shown
}

fn identity_sources(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    let all: Vec<IdentitySource> = row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    json::any(out, &all.iter().map(identity_source).collect::<Vec<_>>());
}

/// What a lambda over `identitySources` looks into. Ids of tenants and names of domains never look alike, so that one
/// column holds both.
static IDENTITIES: Items = Items::Rows {
    relation: c::org_identity::RELATION,
    parent: c::org_identity::ORGANIZATION,
    members: &[
        Property::new(Name::both("tenantId"), Codec::Text, &[]).by(c::org_identity::VALUE, Kind::Text).required(),
        Property::new(Name::both("domainName"), Codec::Text, &[]).by(c::org_identity::VALUE, Kind::Text).required(),
    ],
};

/// A connected organization.
pub static CONNECTED_ORGANIZATION: EntityType = EntityType::new(
    "connectedOrganization",
    c::organization::RELATION,
    &[
        id(Name::both("id"), &[c::organization::ID]).required(),
        keyed(Name::both("displayName"), &[c::organization::NAME], c::organization::NAME_KEY).required(),
        Property::new(Name::both("description"), Codec::Text, &[c::organization::DESCRIPTION]),
        time(Name::both("createdDateTime"), &[c::organization::CREATED]).required(),
        time(Name::both("modifiedDateTime"), &[c::organization::MODIFIED]).required(),
        Property::new(Name::pair("", "createdBy"), Codec::Text, &[c::organization::CREATED_BY]),
        Property::new(Name::pair("", "modifiedBy"), Codec::Text, &[c::organization::MODIFIED_BY]),
        Property::new(Name::both("identitySources"), Codec::Custom(identity_sources), &[c::organization::SOURCES])
            .is(Shape::structures(&t::IDENTITY_SOURCE))
            .with_items(&IDENTITIES),
        Property::new(Name::both("state"), Codec::Enum(&ORGANIZATION_STATE), &[c::organization::STATE])
            .by(c::organization::STATE, Kind::Enum(&ORGANIZATION_STATE))
            .required(),
    ],
)
.nav(&[
    Nav::link(Name::both("internalSponsors"), &DIRECTORY_OBJECT, link::INTERNAL_SPONSORS).contained(),
    Nav::link(Name::both("externalSponsors"), &DIRECTORY_OBJECT, link::EXTERNAL_SPONSORS).contained(),
])
.search(SearchBy::Columns(&[c::organization::NAME_KEY]));

fn settings(row: &dyn Cells) -> TenantSettings {
    row.cell(0).text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default()
}

fn action(row: &dyn Cells, version: Version, out: &mut Vec<u8>) {
    json::word(out, settings(row).external_user_action.name(), LIFECYCLE_ACTION.is_capital(version));
}

fn days(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::int(out, settings(row).external_user_days);
}

fn duration(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::text(out, &format!("P{}D", settings(row).external_user_days));
}

/// The one object has a word for its id.
const SINGLETON: Property = Property::new(Name::both("id"), Codec::Fixed("\"singleton\""), &[c::settings::ID]);

const SETTINGS_COLUMN: &[tenure_odata::edm::Column; 1] = &[c::settings::SETTINGS];

/// The settings of the tenant, as they are published.
pub static SETTINGS: EntityType = EntityType::new(
    "entitlementManagementSettings",
    c::settings::RELATION,
    &[
        SINGLETON,
        Property::new(Name::both("externalUserLifecycleAction"), Codec::Custom(action), SETTINGS_COLUMN)
            .is(Shape::word(&LIFECYCLE_ACTION)),
        Property::new(
            Name::pair("durationUntilExternalUserDeletedAfterBlocked", ""),
            Codec::Custom(duration),
            SETTINGS_COLUMN,
        )
        .is(Shape::primitive(Primitive::Duration)),
        Property::new(Name::pair("", "daysUntilExternalUserDeletedAfterBlocked"), Codec::Custom(days), SETTINGS_COLUMN)
            .is(Shape::primitive(Primitive::Int32)),
    ],
);

/// A switch of the tenant.
macro_rules! switches {
    ($($write:ident = $field:ident;)+) => {$(
        fn $write(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
            json::bool(out, settings(row).$field);
        }
    )+};
}

switches! {
    enforce_approval = enforce_approval_on_direct_assignment;
    user_administrator = user_administrator_manages_assignments;
    route_to_owners = route_to_catalog_owners;
    show_specific = show_specific_packages_to_members;
}

fn job_threshold(row: &dyn Cells, _: Version, out: &mut Vec<u8>) {
    json::any(out, &settings(row).job_threshold);
}

const fn switch(name: &'static str, write: tenure_odata::edm::WriteJson) -> Property {
    Property::new(Name::own(name), Codec::Custom(write), SETTINGS_COLUMN).is(FLAG).never_null()
}

/// The settings that the published API has no name for (decisions.md Q4).
pub static TENANT_SETTINGS: EntityType = EntityType::new(
    "tenantSettings",
    c::settings::RELATION,
    &[
        Property::new(Name::own("id"), Codec::Fixed("\"singleton\""), &[c::settings::ID]),
        switch("enforceApprovalOnDirectAssignment", enforce_approval),
        switch("userAdministratorManagesAssignments", user_administrator),
        switch("routeToCatalogOwners", route_to_owners),
        switch("showSpecificPackagesToMembers", show_specific),
        Property::new(Name::own("jobThreshold"), Codec::Custom(job_threshold), SETTINGS_COLUMN)
            .is(Shape::primitive(Primitive::Int32)),
    ],
);
